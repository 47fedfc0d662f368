// SPDX-License-Identifier: Apache-2.0
#include "runtime/engine_exec.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/seal.h"
#include "base/timestamp.h"
#include "runtime/exec.h"
#include "runtime/relay.h"

int engine_exec_filter(const struct engine *g, const struct settings *settings, const struct spec *s, struct seccomp_plan *ret,
		       struct err *e)
{
	if (settings->seccomp != SECCOMP_UNCONFINED)
		return seccomp_from_profile((enum seccomp_profile)settings->seccomp, s->process.capabilities.bounding.v,
					    settings->abi32, g->seccomp, ret, e);
	return s->linux_.seccomp.given ? seccomp_from_spec(&s->linux_.seccomp, g->seccomp, ret, e) : 0;
}

int engine_exec_seal(const struct engine *g, const struct settings *settings, char **argv, struct err *e)
{
	return settings->private_userns && !g->rootless ? 0 : proc_seal(argv, e);
}

/* Return: false at the end of the pipe */
static bool read_some(int fd, char *buf, size_t size, size_t *used)
{
	char rest[4096];
	bool full = *used + 1 >= size;
	ssize_t n = read(fd, full ? rest : buf + *used, full ? sizeof(rest) : size - 1 - *used);

	if (n > 0 && !full)
		*used += (size_t)n;
	return n > 0 || (n < 0 && errno == EINTR);
}

/* Until the process has ended: others may hold the pipe open. Return: 0, or -ETIMEDOUT */
static int read_until_end(const struct exec_result *x, int out, int timeout_ms, char *buf, size_t size)
{
	int64_t end_us = clock_us() + timeout_ms * INT64_C(1000);
	struct pollfd p[] = { { .fd = out, .events = POLLIN }, { .fd = x->pidfd, .events = POLLIN } };
	size_t used = 0;
	bool ended = false;

	for (;;) {
		int64_t left_ms = timeout_ms < 0 ? -1 : MAX((end_us - clock_us() + 999) / 1000, INT64_C(0));
		int n = poll(p, ARRAY_SIZE(p), ended ? 0 : (int)left_ms);

		if (n == 0 && !ended) {
			(void)pidfd_send_signal(x->pidfd, SIGKILL, NULL, 0);
			buf[used] = '\0';
			return -ETIMEDOUT;
		}
		if (n > 0 && p[0].revents && !read_some(out, buf, size, &used))
			p[0].fd = -1;
		if (ended && (n == 0 || p[0].fd < 0))
			break;
		ended |= n > 0 && p[1].revents;
		p[1].fd = ended ? -1 : x->pidfd;
	}
	buf[used] = '\0';
	return 0;
}

static int read_here(const struct engine *g, const struct settings *settings, struct spec *s, char *const *command,
		     int timeout_ms, char *buf, size_t size, struct err *e)
{
	auto_seccomp_plan struct seccomp_plan filter = { 0 };
	auto_relay struct relay_ends ends = { { -1, -1, -1 }, { -1, -1, -1 } };
	auto_exec_result struct exec_result x = { .pidfd = -1, .console = -1 };
	auto_state struct state state = { 0 };
	int r = engine_exec_filter(g, settings, s, &filter, e);

	*buf = '\0';
	s->process.args = (struct strv){ 0 };
	for (; *command && r >= 0; command++)
		if (strv_add(&s->arena, &s->process.args, *command) < 0)
			r = err_nomem(e);
	s->process.terminal = false;
	if (r >= 0)
		r = relay_pipes(false, &ends, e);
	if (r >= 0)
		r = state_load(g->states, settings->id, &state, e);
	if (r < 0)
		return r;
	const struct exec_request q = {
		.state = &state,
		.spec = s,
		.process = &s->process,
		.seccomp = &filter,
		.stdio = { -1, ends.child[1], ends.child[1] },
	};

	r = container_exec(&q, &x, e);
	if (r < 0)
		return r;
	for (int i = 0; i < 3; i++)
		fd_close(&ends.child[i]);
	int late = read_until_end(&x, ends.ours[1], timeout_ms, buf, size);

	r = proc_wait(x.pidfd, e);
	return late < 0 ? err_say(e, ETIMEDOUT, "it was not done in %d ms", timeout_ms) : r;
}

int engine_exec_read(const struct engine *g, const struct settings *settings, struct spec *s, char *const *command,
		     int timeout_ms, char *buf, size_t size, struct err *e)
{
	struct {
		int r;
		struct err e;
	} answer = { 0 };
	int ends[2];

	if (!g->rootless)
		return read_here(g, settings, s, command, timeout_ms, buf, size, e);
	/* who has entered a container of a user's cannot come back, and could start no other container from there */
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	auto_fd int reader = ends[0], writer = ends[1];
	pid_t pid = fork();

	if (pid < 0)
		return err_set(e, errno, "make a process");
	if (pid == 0) {
		answer.r = read_here(g, settings, s, command, timeout_ms, buf, size, &answer.e);
		_exit(fd_write_all(writer, &answer, sizeof(answer)) < 0 || fd_write_all(writer, buf, size) < 0);
	}
	fd_close(&writer);
	bool answered = fd_read_all(reader, &answer, sizeof(answer)) == sizeof(answer) &&
			fd_read_all(reader, buf, size) == (ssize_t)size;

	(void)waitpid(pid, NULL, 0); /* it has said all that there is to say */
	if (!answered)
		return err_say(e, EIO, "the process that was to run it has ended");
	*e = answer.e;
	return answer.r;
}
