/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h: a container's output as lines with time and stream, in the form that Kubernetes uses:
 * "2026-11-22T01:02:03.000000004Z stdout F text"; P instead of F where the line goes on. A file that has reached its limit
 * becomes log.1, so that a container writes at most twice the limit.
 */
#ifndef RUNTIME_LOG_H
#define RUNTIME_LOG_H

#include <stdio.h>
#include <sys/types.h>

#include "base/err.h"

#define LOG_FILE      "log"
#define LOG_OLD_FILE  "log.1"
#define LOG_MAX_BYTES (10 << 20)

enum log_stream {
	LOG_STDOUT,
	LOG_STDERR,
	LOG_STREAM_COUNT,
};

struct log {
	int dir; /* borrowed: the container's folder */
	int fd;	 /* owned; -1: nothing is kept */
	uint64_t bytes, max_bytes;
};

/* Open for appending. Return: 0, or -errno with @e filled. */
int log_open(int dir, uint64_t max_bytes, struct log *ret, struct err *e);

/* Add output as it came. A full disk loses lines, not the container: best effort. */
void log_write(struct log *l, enum log_stream stream, const char *data, size_t len);
void log_close(struct log *l);

struct log_query {
	bool timestamps, follow;
	uint64_t tail;	    /* lines; UINT64_MAX: all */
	int64_t since_s, until_s; /* seconds since the epoch; 0: no bound */
	int (*running)(void *arg); /* follow ends when this says 0 */
	void *arg;
};

/**
 * log_read() - Print what was logged
 * @out, @err:	Where the two streams go
 *
 * Return: 0, or -errno with @e filled
 */
int log_read(int dir, const struct log_query *q, FILE *out, FILE *err, struct err *e);

#endif
