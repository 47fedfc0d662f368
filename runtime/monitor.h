/* SPDX-License-Identifier: Apache-2.0 */
/*
 * monitor.h: from the command that started a container to the small program that waits for its end, and back.
 *
 * Theory of operation. The process that stands by a detached container is its parent for as long as it lives, and one process
 * in three guises: `paene` starts the container, then executes `paene-monitor`, a program of a few pages that relays output to
 * the log and waits; when the container has ended, that executes `paene` again, which writes down how, gives everything back,
 * and starts it anew where the restart policy says so. An exec keeps the pid, the children, and the fds that are told here.
 */
#ifndef RUNTIME_MONITOR_H
#define RUNTIME_MONITOR_H

#include "base/err.h"

/* What is handed from guise to guise, as words of a command line. Fds are numbers of inherited fds, -1: none. */
enum monitor_word {
	MONITOR_PROGRAM,   /* fd of the `paene` program to come back to */
	MONITOR_DATA,	   /* paths of the engine's folders */
	MONITOR_RUN,
	MONITOR_ID,
	MONITOR_NAME,	   /* for its log */
	MONITOR_IMAGE,
	MONITOR_TAG,
	MONITOR_PORTS_TO,  /* the container's address, for MONITOR_PORTS; "": there are none */
	MONITOR_WATCH,	   /* fd: the monitor lock */
	MONITOR_DIR,	   /* fd: the container's folder, for the log */
	MONITOR_PIDFD,
	MONITOR_CONSOLE,
	MONITOR_IN,
	MONITOR_OUT,
	MONITOR_ERR,
	MONITOR_OOM,	   /* fd: cgroup_oom_open() of its cgroup */
	MONITOR_ROOT,	   /* fd: end of file says that what serves its root has ended */
	MONITOR_PORTS,	   /* fd: port_relay.h's set */
	MONITOR_PORTS_NETNS, /* fd: the namespace that the container is called from */
	MONITOR_PORTS_PREFIX, /* of the container's subnet there */
	MONITOR_ROOT_LOST, /* 1: it was killed for that */
	MONITOR_OOM_KILLS, /* how many were seen */
	MONITOR_LISTEN,	   /* fds: for attach.h */
	MONITOR_VIEWER,
	MONITOR_LOG_DRIVER, /* struct log_config */
	MONITOR_LOG_BYTES,
	MONITOR_LOG_FILES,
	MONITOR_HEALTH_MS,  /* between two checks; 0: there are none */
	MONITOR_STARTUP_MS, /* the same of the startup check */
	MONITOR_KILL_US,    /* on the monotonic clock; 0: never */
	MONITOR_RESTARTS,  /* counters of the restart policy */
	MONITOR_BACKOFF_MS,
	MONITOR_BEGAN_S,   /* on the monotonic clock */
	MONITOR_STATUS,	   /* back to `paene`: the exit status */
	MONITOR_WORDS,
};
#define MONITOR_WORD_MAX 256

struct monitor_words {
	char text[MONITOR_WORDS][MONITOR_WORD_MAX];
};

/* How paene-monitor calls `paene`: for good, and for a moment in a child of its own, to tell that memory has run out */
#define MONITOR_VERB	 "--after-exit"
#define MONITOR_OOM_VERB "--tell-oom"
#define MONITOR_HEALTH_VERB "--check-health"

/**
 * monitor_exec() - Become another guise
 * @program:	Fd of the program to execute
 * @name:	Its argv[0]
 * @verb:	A first word before the others, or NULL
 * @hold:	Fds that nobody uses and that stay open too: sockets that hold the published ports
 *
 * The fds among the words stay open over the exec, all others are closed.
 *
 * Return: only on failure, -errno with @e filled
 */
int monitor_exec(int program, const char *name, const char *verb, const struct monitor_words *w, const int *hold,
		 size_t n_hold, struct err *e);

/* No fd but the program's is to be kept any more: for a child that is no guise. */
void monitor_forget_fds(struct monitor_words *w);

/* Read the words back from argv. Return: 0, or -EINVAL with @e filled. */
int monitor_words(int argc, char **argv, struct monitor_words *ret, struct err *e);

/* One word as a number. Return: 0, or -EINVAL with @e filled. */
int monitor_number(const struct monitor_words *w, enum monitor_word which, int64_t *ret, struct err *e);

#endif
