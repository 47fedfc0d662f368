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
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/timestamp.h"
#include "runtime/health.h"
#include "runtime/monitor.h"
#include "runtime/relay.h"

#define STATUS_UNKNOWN 255

static int fd_word(const struct monitor_words *w, enum monitor_word which)
{
	struct err e;
	int64_t fd;

	return monitor_number(w, which, &fd, &e) < 0 ? -1 : (int)fd;
}

/* Fds that are closed by now, or of use here alone. */
static void forget_fds(struct monitor_words *w)
{
	static const enum monitor_word here[] = { MONITOR_IN, MONITOR_OUT, MONITOR_ERR, MONITOR_CONSOLE, MONITOR_LISTEN, MONITOR_VIEWER };

	for (size_t i = 0; i < ARRAY_SIZE(here); i++)
		snprintf(w->text[here[i]], MONITOR_WORD_MAX, "-1");
}

/* The journal is not for a program this small: `paene` writes it, for as long as that takes. */
static void tell_oom(void *arg)
{
	struct monitor_words *w = arg;
	struct err e;
	pid_t child = fork();

	if (child == 0) {
		forget_fds(w);
		(void)monitor_exec(fd_word(w, MONITOR_PROGRAM), "paene", MONITOR_OOM_VERB, w, NULL, 0, &e);
		_exit(EXIT_FAILURE);
	}
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}

static int64_t number_word(const struct monitor_words *w, enum monitor_word which)
{
	struct err e;
	int64_t n;

	return monitor_number(w, which, &n, &e) < 0 ? 0 : n;
}

/* Checks of its health: `paene` does one at a time; when it is done, the next one is waited for. */
struct health {
	struct relay_timer timer; /* its fd is the check that is under way */
	const struct monitor_words *words;
};

static void wait_for_next(struct health *h, bool startup)
{
	int64_t ms = number_word(h->words, startup ? MONITOR_STARTUP_MS : MONITOR_HEALTH_MS);

	h->timer.at_us = ms > 0 ? clock_us() + ms * 1000 : 0;
}

static void begin_check(struct health *h)
{
	struct err e;
	pid_t child = fork();

	h->timer.at_us = 0;
	if (child == 0) {
		struct monitor_words w = *h->words;

		monitor_forget_fds(&w);
		(void)monitor_exec(fd_word(&w, MONITOR_PROGRAM), "paene", MONITOR_HEALTH_VERB, &w, NULL, 0, &e);
		_exit(EXIT_FAILURE);
	}
	if (child > 0)
		h->timer.fd = pidfd_open(child, 0);
	if (h->timer.fd < 0)
		wait_for_next(h, false);
}

static void on_health(struct relay_timer *t)
{
	struct health *h = (struct health *)t;
	struct err e;

	if (t->fd < 0) {
		begin_check(h);
		return;
	}
	int verdict = proc_wait(t->fd, &e);

	fd_close(&t->fd);
	wait_for_next(h, verdict == VERDICT_STARTUP);
}

int main(int argc, char **argv)
{
	struct monitor_words w;
	struct err e;
	struct log log = { .fd = -1 };
	struct net_addr ports_to = { .family = AF_INET };

	if (monitor_words(argc - 1, argv + 1, &w, &e) < 0) {
		fprintf(stderr, "paene-monitor: %s; paene starts this program, people do not\n", e.text);
		return EXIT_FAILURE;
	}
	(void)prctl(PR_SET_NAME, "paene-monitor", 0, 0, 0);
	const struct log_config kept = {
		.driver = (uint32_t)number_word(&w, MONITOR_LOG_DRIVER),
		.max_bytes = (uint64_t)number_word(&w, MONITOR_LOG_BYTES),
		.files = (unsigned)number_word(&w, MONITOR_LOG_FILES),
		.id = w.text[MONITOR_ID],
		.name = w.text[MONITOR_NAME],
		.image = w.text[MONITOR_IMAGE],
		.tag = w.text[MONITOR_TAG],
	};
	struct health health = { .timer = { .fd = -1, .f = on_health }, .words = &w };
	bool passes = kept.driver == LOG_PASSTHROUGH;

	(void)log_open_as(fd_word(&w, MONITOR_DIR), &kept, &log, &e); /* without a log it is still waited for */
	wait_for_next(&health, number_word(&w, MONITOR_STARTUP_MS) > 0);
	const struct relay_viewers viewers = { fd_word(&w, MONITOR_LISTEN), fd_word(&w, MONITOR_VIEWER) };
	struct relay relay = {
		.pidfd = fd_word(&w, MONITOR_PIDFD),
		.console = fd_word(&w, MONITOR_CONSOLE),
		.pipes = { fd_word(&w, MONITOR_IN), fd_word(&w, MONITOR_OUT), fd_word(&w, MONITOR_ERR) },
		.in = -1,
		.out = passes ? STDOUT_FILENO : -1,
		.err = passes ? STDERR_FILENO : -1,
		.log = &log,
		.oom = fd_word(&w, MONITOR_OOM),
		.on_oom_arg = &w,
		.root = fd_word(&w, MONITOR_ROOT),
		.viewers = passes ? NULL : &viewers,
		.timer = health.timer.at_us ? &health.timer : NULL,
		.kill_at_us = number_word(&w, MONITOR_KILL_US),
		.ports = fd_word(&w, MONITOR_PORTS),
		.ports_netns = fd_word(&w, MONITOR_PORTS_NETNS),
		.ports_to = inet_pton(AF_INET, w.text[MONITOR_PORTS_TO], ports_to.bytes) == 1 ? &ports_to : NULL,
	};

	ports_to.prefix = (uint8_t)number_word(&w, MONITOR_PORTS_PREFIX);
	relay.served = relay.root >= 0;
	relay.on_oom = relay.oom >= 0 ? tell_oom : NULL;
	relay_block_signals();
	int status = relay_run(&relay, &e);

	log_close(&log);
	forget_fds(&w);
	snprintf(w.text[MONITOR_STATUS], MONITOR_WORD_MAX, "%d", status < 0 ? STATUS_UNKNOWN : status);
	snprintf(w.text[MONITOR_ROOT_LOST], MONITOR_WORD_MAX, "%d", relay.root_lost);
	snprintf(w.text[MONITOR_OOM_KILLS], MONITOR_WORD_MAX, "%" PRIu64, relay.oom_kills);
	(void)monitor_exec(fd_word(&w, MONITOR_PROGRAM), "paene", MONITOR_VERB, &w, NULL, 0, &e);
	return EXIT_FAILURE; /* the next command settles what this one could not */
}
