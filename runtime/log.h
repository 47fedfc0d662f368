/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h: a container's output as lines with time and stream. In files: as Kubernetes has it,
 * "2026-11-22T01:02:03.000000004Z stdout F text", P instead of F where the line goes on; or as docker's json-file,
 * {"log":"text\n","stream":"stdout","time":"…"}. A file that has reached its limit becomes log.1, that log.2, …, so that a
 * container writes at most so many times the limit. Or to systemd's journal.
 */
#ifndef RUNTIME_LOG_H
#define RUNTIME_LOG_H

#include <stdio.h>
#include <sys/types.h>

#include "base/err.h"

#define LOG_FILE      "log"
#define LOG_OLD_FILE  "log.1"
#define LOG_NAME_MAX  24
#define LOG_MAX_BYTES (10 << 20)
#define LOG_FILES     2
#define LOG_FILES_MAX 100

enum log_driver {
	LOG_K8S_FILE,
	LOG_JSON_FILE,
	LOG_JOURNALD,
	LOG_NONE,
	LOG_PASSTHROUGH, /* the command's own standard streams */
	LOG_DRIVER_COUNT,
};
extern const char *const log_driver_names[LOG_DRIVER_COUNT];

enum log_stream {
	LOG_STDOUT,
	LOG_STDERR,
	LOG_STREAM_COUNT,
};
extern const char *const log_stream_names[LOG_STREAM_COUNT];

struct log_config {
	uint32_t driver; /* enum log_driver */
	uint64_t max_bytes; /* 0: no limit */
	unsigned files;	    /* how many there are at most; 0: LOG_FILES */
	const char *id, *name, *image, *tag; /* for the journal; tag NULL or "": the name */
};

struct log {
	int dir; /* borrowed: the container's folder */
	int fd;	 /* owned; -1: nothing is kept */
	uint64_t bytes;
	struct log_config config; /* borrows its strings */
};

/* Open for appending. Return: 0, or -errno with @e filled. */
int log_open(int dir, uint64_t max_bytes, struct log *ret, struct err *e);

int log_open_as(int dir, const struct log_config *config, struct log *ret, struct err *e);

/* How many files there are at most, and what they are called: the newest is 0. */
static inline unsigned log_files(const struct log_config *c)
{
	return c->files ? c->files : LOG_FILES;
}
const char *log_file_name(unsigned n, char buf[LOG_NAME_MAX]);

/* Add output as it came. A full disk loses lines, not the container: best effort. */
void log_write(struct log *l, enum log_stream stream, const char *data, size_t len);
void log_close(struct log *l);

struct log_query {
	uint32_t driver;    /* enum log_driver: the form of the files */
	unsigned files;	    /* as of struct log_config */
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
