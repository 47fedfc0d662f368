// SPDX-License-Identifier: Apache-2.0
#include "runtime/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/pty.h"
#include "base/timestamp.h"
#include "cgroups/cgroups.h"
#include "runtime/port_relay.h"

#define BUFFER_SIZE 16384
#define SPLICE_SIZE (1 << 20)
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

void relay_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGWINCH);
	for (size_t i = 0; i < ARRAY_SIZE(passed); i++)
		sigaddset(set, passed[i]);
}

void relay_block_signals(void)
{
	sigset_t set;

	relay_signals(&set);
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
	bool splices; /* the kernel moves its bytes, for nobody has to see them */
	bool blocked; /* then: the sink is waited for, not the source */
	struct attach_server *viewers; /* who gets it instead of a sink; NULL: there is a sink, or nobody */
	struct detach_keys *keys; /* of what is typed; NULL: none */
	bool keys_typed;
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

static void show_channel(struct channel *c, bool again)
{
	enum attach_kind kind = c->stream == LOG_STDERR ? ATTACH_STDERR : ATTACH_STDOUT;

	if ((again ? attach_retry : attach_send)(c->viewers, kind, c->buf, c->used))
		c->sent = c->used;
}

/* Without copying. What the two ends can't do so, or what fails, is left to read and write. Return: false at the end */
static bool splice_channel(struct channel *c)
{
	ssize_t n = splice(c->from, NULL, c->to, NULL, SPLICE_SIZE, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);

	if (n < 0 && errno == EAGAIN)
		c->blocked = !c->blocked; /* the one of the two that was not waited for is not ready */
	else if (n < 0 && errno != EINTR)
		c->splices = c->blocked = false;
	return n != 0;
}

/* Keys that the container does not get. Return: as read(2) */
static ssize_t read_keys(struct channel *c)
{
	char typed[sizeof(c->buf) - DETACH_KEYS_MAX];
	ssize_t n = read(c->from, typed, sizeof(typed));
	size_t used = 0;

	if (n <= 0)
		return n;
	c->keys_typed = detach_keys_pass(c->keys, typed, (size_t)n, c->buf, &used);
	if (used == 0)
		errno = EAGAIN;
	return used ? (ssize_t)used : -1;
}

/* Return: false at the end of the source */
static bool fill_channel(struct channel *c, struct log *log)
{
	ssize_t n = c->keys ? read_keys(c) : read(c->from, c->buf, sizeof(c->buf));

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
	c->used = c->to >= 0 || c->viewers ? (size_t)n : 0;
	c->sent = 0;
	if (c->viewers)
		show_channel(c, false);
	return true;
}

static void pass_signal(struct relay *r, int fd)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	int s = (int)info.ssi_signo;

	if (s == SIGCONT && r->raw && r->console >= 0)
		tty_raw_again(r->in);
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
	POLL_VIEWERS,
	POLL_TIMER,
	POLL_CHANNELS,
};

struct loop {
	struct relay *r;
	struct channel in, out, err;
	struct port_relay ports;
	struct attach_server viewers;
	struct attach_input typed; /* by them: its bytes are @in's */
	bool held; /* they are not read from */
	int signals;
	bool ended;
};

/* Do what poll found. */
static void step_channel(struct channel *c, struct relay *r, short from_events, short to_events)
{
	if (pending(c)) {
		if (c->viewers)
			show_channel(c, true);
		else if (to_events && c->to >= 0)
			flush_channel(c);
		return;
	}
	if (c->from < 0 || !(from_events || (c->blocked && to_events)))
		return;
	if (!(c->splices ? splice_channel(c) : fill_channel(c, r->log))) {
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

static bool waits(const struct channel *c)
{
	return pending(c) || (c->from >= 0 && c->blocked);
}

/* Once it has ended, take what is there and do not wait for others who hold the pipe open. */
static int patience_ms(const struct loop *l)
{
	const struct relay_timer *t = l->r->timer;
	int64_t now = clock_us(), next = l->ports.paused ? now + PORT_RELAY_PAUSE_MS * INT64_C(1000) : INT64_MAX;

	if (l->ended && !waits(&l->out) && !waits(&l->err))
		return 0;
	if (t && t->at_us)
		next = MIN(next, t->at_us);
	if (l->r->kill_at_us)
		next = MIN(next, l->r->kill_at_us);
	return next == INT64_MAX ? -1 : (int)MIN(MAX((next - now + 999) / 1000, INT64_C(0)), (int64_t)INT_MAX);
}

/* What is due, whether poll(2) has found something or not. */
static void look_at_clock(struct loop *l, bool timer_fd)
{
	struct relay *r = l->r;
	int64_t now = r->timer || r->kill_at_us ? clock_us() : 0;

	if (r->timer && !l->ended && (timer_fd || (r->timer->at_us && now >= r->timer->at_us)))
		r->timer->f(r->timer);
	if (r->kill_at_us && now >= r->kill_at_us) {
		r->kill_at_us = 0;
		(void)pidfd_send_signal(r->pidfd, SIGKILL, NULL, 0); /* it may just have ended */
	}
}

/* What those who are attached type goes the way of all input. */
static void look_at_viewers(struct loop *l)
{
	struct channel *in = &l->in;

	l->held = pending(in);
	if (l->held) { /* nobody is read from until that is passed on */
		attach_step(&l->viewers, NULL);
		return;
	}
	l->typed.used = 0;
	attach_step(&l->viewers, &l->typed);
	in->used = in->to >= 0 ? l->typed.used : 0;
	in->sent = 0;
	l->held = pending(in);
	if (l->typed.end && !pending(in) && l->r->console < 0) {
		fd_close(&l->r->pipes[0]);
		in->to = -1;
	}
}

static int loop(struct loop *l, struct err *e)
{
	struct channel *channels[] = { &l->in, &l->out, &l->err };

	while (more_to_do(l) && (!l->in.keys_typed || pending(&l->in))) {
		struct pollfd p[POLL_CHANNELS + 2 * ARRAY_SIZE(channels)] = {
			[POLL_END] = { .fd = l->ended ? -1 : l->r->pidfd, .events = POLLIN },
			[POLL_SIGNALS] = { .fd = l->signals, .events = POLLIN },
			[POLL_OOM] = { .fd = l->r->on_oom ? l->r->oom : -1, .events = POLLPRI },
			[POLL_ROOT] = { .fd = l->r->served ? l->r->root : -1 },
			[POLL_DOOR] = { .fd = port_relay_door(&l->ports), .events = POLLIN },
			[POLL_FLOWS] = { .fd = l->ports.flows, .events = POLLIN },
			[POLL_VIEWERS] = { .fd = l->viewers.events, .events = POLLIN },
			[POLL_TIMER] = { .fd = l->r->timer && !l->ended ? l->r->timer->fd : -1, .events = POLLIN },
		};

		for (size_t i = 0; i < ARRAY_SIZE(channels); i++) {
			const struct channel *c = channels[i];

			p[POLL_CHANNELS + 2 * i] = (struct pollfd){ .fd = waits(c) ? -1 : c->from, .events = POLLIN };
			p[POLL_CHANNELS + 2 * i + 1] = (struct pollfd){ .fd = waits(c) ? c->to : -1, .events = POLLOUT };
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
		if (n >= 0)
			look_at_clock(l, p[POLL_TIMER].revents);
		if (n > 0 && p[POLL_SIGNALS].revents)
			pass_signal(l->r, l->signals);
		if (n > 0 && p[POLL_OOM].revents)
			look_for_oom(l->r);
		if (n > 0 && p[POLL_ROOT].revents)
			lose_root(l->r);
		for (size_t i = 0; n > 0 && i < ARRAY_SIZE(channels); i++)
			step_channel(channels[i], l->r, p[POLL_CHANNELS + 2 * i].revents,
				     p[POLL_CHANNELS + 2 * i + 1].revents);
		if ((n > 0 && p[POLL_VIEWERS].revents) || (l->held && !pending(&l->in)))
			look_at_viewers(l);
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
	relay_signals(&set);
	auto_fd int signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);

	if (signals < 0)
		return err_set(e, errno, "take signals");
	l.signals = signals;
	attach_serve(&l.viewers, r->viewers ? r->viewers->listen : -1, r->viewers ? r->viewers->first : -1);
	l.typed = (struct attach_input){ .buf = l.in.buf, .console = r->console };
	if (l.viewers.events >= 0)
		l.out.viewers = l.err.viewers = &l.viewers;
	l.in.splices = !tty && !r->raw;
	l.out.splices = l.err.splices = !tty && !l.out.viewers && !(r->log && r->log->fd >= 0);
	port_relay_begin(&l.ports, r->ports_to ? r->ports : -1, r->ports_to ? *r->ports_to : (struct net_addr){ 0 }, r->ports_netns);
	bool raw = r->raw && tty && tty_raw(r->in, &saved, e) == 0;

	l.in.keys = raw ? r->keys : NULL;
	if (raw)
		tty_copy_size(r->in, r->console);
	int n = loop(&l, e);

	port_relay_end(&l.ports);
	look_for_oom(r); /* the kernel may take its time to tell */
	if (raw)
		tty_restore(r->in, &saved);
	r->detached = l.in.keys_typed;
	if (n < 0 || r->detached)
		return n;
	n = proc_wait(r->pidfd, e);
	r->root_lost &= n == 128 + SIGKILL;
	attach_finish(&l.viewers, n);
	r->lost = l.out.lost ? l.out.lost : l.err.lost;
	return n == 0 && r->lost ? err_set(e, r->lost, "pass on the container's output") : n;
}
