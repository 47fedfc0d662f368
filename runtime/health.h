/* SPDX-License-Identifier: Apache-2.0 */
/*
 * health.h: is a container well? A command in it says so, by its exit status.
 *
 * Theory of operation. Who looks after a container has a timer; when it rings, `paene` checks once, in a process of its own, and
 * writes what it has found to health.json in the container's folder. That file begins anew with each run. What follows from being
 * unhealthy is done by the one who has found it out.
 */
#ifndef RUNTIME_HEALTH_H
#define RUNTIME_HEALTH_H

#include "runtime/engine.h"

#define HEALTH_LOG_MAX	  5   /* checks that are remembered */
#define HEALTH_OUTPUT_MAX 500 /* bytes of what each has written */

struct health_result {
	char *start, *end, *output;
	int32_t exit_code; /* -1: it was not done in time, or could not be started */
};
struct health_results {
	struct health_result *v; /* the newest is the last */
	size_t n;
};

struct health_record {
	struct arena arena;
	uint32_t status; /* enum health_status */
	uint32_t failing_streak;
	uint32_t startup_successes;
	bool started; /* the startup check is over, or there is none */
	struct health_results log;
};
void health_record_free(struct health_record *h);
#define auto_health_record __attribute__((cleanup(health_record_free)))

/* Return: 1 with @ret filled, 0 where nothing was written, or -errno with @e filled */
int health_read(int dir, struct health_record *ret, struct err *e);

/* The status alone; HEALTH_NONE where it cannot be read. */
enum health_status health_status_of(int dir);

/* A run begins: it is starting. Return: 0, or -errno with @e filled */
int health_begin(int dir, const struct settings *s, struct err *e);

enum health_verdict { VERDICT_WELL, VERDICT_UNWELL, VERDICT_STARTUP /* well or not: the startup check goes on */ };

/**
 * health_check() - Check once, write down what was found, and do what follows from it
 * @argv:	The whole command line: where the container's root might write to this program, it is begun anew with it first
 *
 * Return: enum health_verdict, or -errno with @e filled (-ESRCH: it does not run; -EINVAL: nothing says how to check it)
 */
int health_check(const struct engine *g, const char *id, char **argv, struct err *e);

/* Milliseconds until the next check; 0: never. @startup: of the startup check */
int64_t health_interval_ms(const struct health_settings *h, bool startup);

#endif
