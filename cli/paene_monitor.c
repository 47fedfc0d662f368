// SPDX-License-Identifier: Apache-2.0
/*
 * paene-monitor: waits by a detached container, keeps its log, and calls `paene` back when it has ended. Started by `paene` only;
 * runtime/monitor.h has the theory. It is linked statically and touches few pages, for there is one for each container.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "runtime/monitor.h"
#include "runtime/relay.h"

#define STATUS_UNKNOWN 255

static int fd_word(const struct monitor_words *w, enum monitor_word which)
{
	struct err e;
	int64_t fd;

	return monitor_number(w, which, &fd, &e) < 0 ? -1 : (int)fd;
}

/* The journal is not for a program this small: `paene` writes it, for as long as that takes. */
static void tell_oom(void *arg)
{
	const struct monitor_words *w = arg;
	struct err e;
	pid_t child = fork();

	if (child == 0) {
		(void)monitor_exec(fd_word(w, MONITOR_PROGRAM), "paene", MONITOR_OOM_VERB, w, NULL, 0, &e);
		_exit(EXIT_FAILURE);
	}
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}

int main(int argc, char **argv)
{
	struct monitor_words w;
	struct err e;
	struct log log = { .fd = -1 };
	struct in_addr ports_to;

	if (monitor_words(argc - 1, argv + 1, &w, &e) < 0) {
		fprintf(stderr, "paene-monitor: %s; paene starts this program, people do not\n", e.text);
		return EXIT_FAILURE;
	}
	(void)prctl(PR_SET_NAME, "paene-monitor", 0, 0, 0);
	(void)log_open(fd_word(&w, MONITOR_DIR), LOG_MAX_BYTES, &log, &e); /* without a log it is still waited for */
	struct relay relay = {
		.pidfd = fd_word(&w, MONITOR_PIDFD),
		.console = fd_word(&w, MONITOR_CONSOLE),
		.pipes = { -1, fd_word(&w, MONITOR_OUT), fd_word(&w, MONITOR_ERR) },
		.in = -1,
		.out = -1,
		.err = -1,
		.log = &log,
		.oom = fd_word(&w, MONITOR_OOM),
		.on_oom_arg = &w,
		.root = fd_word(&w, MONITOR_ROOT),
		.ports = fd_word(&w, MONITOR_PORTS),
		.ports_to = inet_pton(AF_INET, w.text[MONITOR_PORTS_TO], &ports_to) == 1 ? &ports_to : NULL,
	};

	relay.served = relay.root >= 0;
	relay.on_oom = relay.oom >= 0 ? tell_oom : NULL;
	relay_block_signals();
	int status = relay_run(&relay, &e);

	log_close(&log);
	snprintf(w.text[MONITOR_STATUS], MONITOR_WORD_MAX, "%d", status < 0 ? STATUS_UNKNOWN : status);
	snprintf(w.text[MONITOR_ROOT_LOST], MONITOR_WORD_MAX, "%d", relay.root_lost);
	snprintf(w.text[MONITOR_OOM_KILLS], MONITOR_WORD_MAX, "%" PRIu64, relay.oom_kills);
	(void)monitor_exec(fd_word(&w, MONITOR_PROGRAM), "paene", MONITOR_VERB, &w, NULL, 0, &e);
	return EXIT_FAILURE; /* the next command settles what this one could not */
}
