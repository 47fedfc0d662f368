// SPDX-License-Identifier: Apache-2.0
#include "runtime/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/pty.h"
#include "cgroups/cgroups.h"
#include "runtime/port_relay.h"

#define BUFFER_SIZE 16384
#define DYING_MS    1000
#define WRITE_SIZE  4096 /* PIPE_BUF: what poll calls writable takes this much without blocking */

int relay_pipes(bool input, struct relay_ends *ret, struct err *e)
{
	struct relay_ends ends = { { -1, -1, -1 }, { -1, -1, -1 } };

	for (int i = input ? 0 : 1; i < 3; i++) {
		int fds[2];

		if (pipe2(fds, O_CLOEXEC) < 0) {
			relay_close(&ends);
			return err_set(e, errno, "make a pipe");
		}
		ends.child[i] = fds[i == 0 ? 0 : 1];
		ends.ours[i] = fds[i == 0 ? 1 : 0];
	}
	*ret = ends;
	return 0;
}

void relay_close(struct relay_ends *ends)
{
	for (int i = 0; i < 3; i++) {
		fd_close(&ends->child[i]);
		fd_close(&ends->ours[i]);
	}
}

static const int passed[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCONT };

static void wanted_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGWINCH);
	for (size_t i = 0; i < ARRAY_SIZE(passed); i++)
		sigaddset(set, passed[i]);
}

void relay_block_signals(void)
{
	sigset_t set;

	wanted_signals(&set);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN); /* a reader that went away is an error code, not our end */
}

/* One direction: bytes read from a source and not yet taken by the sink. */
struct channel {
	int from, to;	  /* -1: closed; no sink: read and logged only */
	bool close_to;	  /* the sink is the container's input: its end is passed on by closing */
	bool logged, terminal;
	int lost; /* errno of the first bytes that were */
	enum log_stream stream;
	size_t used, sent;
	char buf[BUFFER_SIZE];
};

static bool pending(const struct channel *c)
{
	return c->used > c->sent;
}

static void flush_channel(struct channel *c)
{
	ssize_t n = write(c->to, c->buf + c->sent, MIN(c->used - c->sent, (size_t)WRITE_SIZE));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n < 0) { /* go on reading, so that the container does not hang */
		c->lost = errno == EPIPE ? 0 : errno;
		c->to = -1;
		c->sent = c->used;
		return;
	}
	c->sent += (size_t)n;
}

/* Return: false at the end of the source */
static bool fill_channel(struct channel *c, struct log *log)
{
	ssize_t n = read(c->from, c->buf, sizeof(c->buf));

	/* The kernel looks whether the other side has gone after it has looked for bytes: what came between is there on a second look. */
	if (n < 0 && c->terminal && errno == EIO)
		n = read(c->from, c->buf, sizeof(c->buf));
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n < 0 && !(c->terminal && errno == EIO)) /* its last user has gone */
		c->lost = errno;
	if (n <= 0)
		return false;
	if (c->logged && log)
		log_write(log, c->stream, c->buf, (size_t)n);
	c->used = c->to >= 0 ? (size_t)n : 0;
	c->sent = 0;
	return true;
}

static void pass_signal(struct relay *r, int fd)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	int s = (int)info.ssi_signo;

	if (s == SIGWINCH) {
		if (r->console >= 0 && r->in >= 0)
			tty_copy_size(r->in, r->console);
	} else if (r->pass_signals) {
		r->signalled |= s == SIGTERM || s == SIGINT || s == SIGQUIT || s == SIGHUP;
		(void)pidfd_send_signal(r->pidfd, s, NULL, 0); /* it may just have ended */
	}
}

/* Several may have been killed since the last look. */
static void look_for_oom(struct relay *r)
{
	uint64_t kills = 0;

	if (!r->on_oom)
		return;
	if (cgroup_oom_kills(r->oom, &kills) < 0) {
		r->on_oom = NULL; /* the cgroup has gone: poll() would not wait any more */
	} else if (kills > r->oom_kills) {
		r->oom_kills = kills;
		r->on_oom(r->on_oom_arg);
	}
}

/*
 * Every file of the container fails from now on. But where it is about to end, its mounts have gone before it, and the program with
 * them: so it is given a moment.
 */
static void lose_root(struct relay *r)
{
	struct pollfd end = { .fd = r->pidfd, .events = POLLIN };

	r->served = false;
	if (poll(&end, 1, DYING_MS) > 0)
		return;
	r->root_lost = true;
	(void)pidfd_send_signal(r->pidfd, SIGKILL, NULL, 0);
}

/* What is always polled; the channels come after it. */
enum {
	POLL_END,
	POLL_SIGNALS,
	POLL_OOM,
	POLL_ROOT,
	POLL_DOOR,
	POLL_FLOWS,
	POLL_CHANNELS,
};

struct loop {
	struct relay *r;
	struct channel in, out, err;
	struct port_relay ports;
	int signals;
	bool ended;
};

/* Do what poll found. */
static void step_channel(struct channel *c, struct relay *r, short from_events, short to_events)
{
	if (pending(c)) {
		if (to_events && c->to >= 0)
			flush_channel(c);
		return;
	}
	if (c->from >= 0 && from_events && !fill_channel(c, r->log)) {
		c->from = -1;
		if (c->close_to && c->to >= 0 && r->console < 0) {
			fd_close(&r->pipes[0]);
			c->to = -1;
		}
	}
}

static bool more_to_do(const struct loop *l)
{
	if (!l->ended)
		return true;
	return pending(&l->out) || pending(&l->err) || l->out.from >= 0 || l->err.from >= 0;
}

/* Once it has ended, take what is there and do not wait for others who hold the pipe open. */
static int patience_ms(const struct loop *l)
{
	if (l->ended && !pending(&l->out) && !pending(&l->err))
		return 0;
	return l->ports.paused ? PORT_RELAY_PAUSE_MS : -1;
}

static int loop(struct loop *l, struct err *e)
{
	struct channel *channels[] = { &l->in, &l->out, &l->err };

	while (more_to_do(l)) {
		struct pollfd p[POLL_CHANNELS + 2 * ARRAY_SIZE(channels)] = {
			[POLL_END] = { .fd = l->ended ? -1 : l->r->pidfd, .events = POLLIN },
			[POLL_SIGNALS] = { .fd = l->signals, .events = POLLIN },
			[POLL_OOM] = { .fd = l->r->on_oom ? l->r->oom : -1, .events = POLLPRI },
			[POLL_ROOT] = { .fd = l->r->served ? l->r->root : -1 },
			[POLL_DOOR] = { .fd = port_relay_door(&l->ports), .events = POLLIN },
			[POLL_FLOWS] = { .fd = l->ports.flows, .events = POLLIN },
		};

		for (size_t i = 0; i < ARRAY_SIZE(channels); i++) {
			const struct channel *c = channels[i];

			p[POLL_CHANNELS + 2 * i] = (struct pollfd){ .fd = pending(c) ? -1 : c->from, .events = POLLIN };
			p[POLL_CHANNELS + 2 * i + 1] = (struct pollfd){ .fd = pending(c) ? c->to : -1, .events = POLLOUT };
		}
		int n = poll(p, ARRAY_SIZE(p), patience_ms(l));

		if (n < 0 && errno != EINTR)
			return err_set(e, errno, "wait for the container's output");
		if (n == 0 && l->ended)
			return 0;
		if (n >= 0)
			port_relay_step(&l->ports, p[POLL_DOOR].revents, p[POLL_FLOWS].revents);
		if (n > 0 && p[POLL_END].revents) {
			l->ended = true;
			l->in.from = -1;
		}
		if (n > 0 && p[POLL_SIGNALS].revents)
			pass_signal(l->r, l->signals);
		if (n > 0 && p[POLL_OOM].revents)
			look_for_oom(l->r);
		if (n > 0 && p[POLL_ROOT].revents)
			lose_root(l->r);
		for (size_t i = 0; n > 0 && i < ARRAY_SIZE(channels); i++)
			step_channel(channels[i], l->r, p[POLL_CHANNELS + 2 * i].revents,
				     p[POLL_CHANNELS + 2 * i + 1].revents);
	}
	return 0;
}

int relay_run(struct relay *r, struct err *e)
{
	bool tty = r->console >= 0;
	struct loop l = {
		.r = r,
		.in = { .from = r->in, .to = tty ? r->console : r->pipes[0], .close_to = true },
		.out = { .from = tty ? r->console : r->pipes[1], .to = r->out, .logged = true, .terminal = tty },
		.err = { .from = tty ? -1 : r->pipes[2], .to = r->err, .logged = true, .stream = LOG_STDERR },
	};
	struct termios saved;
	sigset_t set;

	if (l.in.to < 0)
		l.in.from = -1;
	wanted_signals(&set);
	auto_fd int signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);

	if (signals < 0)
		return err_set(e, errno, "take signals");
	l.signals = signals;
	port_relay_begin(&l.ports, r->ports_to ? r->ports : -1, r->ports_to ? *r->ports_to : (struct in_addr){ 0 });
	bool raw = r->raw && tty && tty_raw(r->in, &saved, e) == 0;

	if (raw)
		tty_copy_size(r->in, r->console);
	int n = loop(&l, e);

	port_relay_end(&l.ports);
	look_for_oom(r); /* the kernel may take its time to tell */
	if (raw)
		tty_restore(r->in, &saved);
	if (n < 0)
		return n;
	n = proc_wait(r->pidfd, e);
	r->root_lost &= n == 128 + SIGKILL;
	r->lost = l.out.lost ? l.out.lost : l.err.lost;
	return n == 0 && r->lost ? err_set(e, r->lost, "pass on the container's output") : n;
}
