// SPDX-License-Identifier: Apache-2.0
#include "runtime/attach.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/pty.h"
#include "runtime/relay.h"

struct look {
	struct attach_view *v;
	bool more_input, done;
	int status;
	size_t used; /* of out: a message that waits to be sent; 0: none */
	char out[1 + ATTACH_DATA_MAX + DETACH_KEYS_MAX];
	char in[1 + ATTACH_DATA_MAX];
};

static void put_message(struct look *l, enum attach_kind kind, const void *data, size_t len)
{
	l->out[0] = (char)kind;
	memcpy(l->out + 1, data, len);
	l->used = 1 + len;
}

static void tell_size(struct look *l)
{
	struct winsize size;

	if (!l->used && ioctl(l->v->in, TIOCGWINSZ, &size) == 0)
		put_message(l, ATTACH_SIZE, &size, sizeof(size));
}

static void take_input(struct look *l)
{
	struct attach_view *v = l->v;
	char typed[ATTACH_DATA_MAX - DETACH_KEYS_MAX];
	ssize_t n = read(v->in, typed, sizeof(typed));
	size_t passed = 0;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		l->more_input = false;
		if (!v->raw)
			put_message(l, ATTACH_END, "", 0);
		return;
	}
	v->detached = v->raw && detach_keys_pass(&v->keys, typed, (size_t)n, l->out + 1, &passed);
	if (!v->raw)
		put_message(l, ATTACH_INPUT, typed, (size_t)n);
	else if (passed)
		l->used = 1 + passed;
	l->out[0] = l->used ? ATTACH_INPUT : 0;
}

static void send_message(struct look *l)
{
	if (!l->used)
		return;
	if (send(l->v->sock, l->out, l->used, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 || (errno != EAGAIN && errno != EINTR))
		l->used = 0; /* where it has ended, the other direction says so */
}

static int show(int fd, const char *data, size_t len)
{
	int r = fd < 0 ? 0 : fd_write_all(fd, data, len);

	return r == -EPIPE ? 0 : r;
}

static int take_message(struct look *l, struct err *e)
{
	const struct attach_view *v = l->v;
	ssize_t n = recv(v->sock, l->in, sizeof(l->in), MSG_DONTWAIT);
	int32_t status;

	if (n < 0 && (errno == EINTR || errno == EAGAIN || errno == ECONNRESET)) /* reset: what it had sent is still there */
		return 0;
	if (n <= 0)
		return err_say(e, ENODATA, "whoever looks after the container has gone, or lets nobody else attach");
	if (l->in[0] == ATTACH_STATUS && (size_t)n == 1 + sizeof(status)) {
		memcpy(&status, l->in + 1, sizeof(status));
		l->status = status;
		l->done = true;
		return 0;
	}
	int r = show(l->in[0] == ATTACH_STDERR ? v->err : v->out, l->in + 1, (size_t)n - 1);

	return r < 0 ? err_set(e, -r, "pass on the container's output") : 0;
}

static void take_signal(struct look *l, int fd)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	int s = (int)info.ssi_signo;

	if (l->v->raw && s == SIGCONT)
		tty_raw_again(l->v->in);
	if (l->v->raw && (s == SIGWINCH || s == SIGCONT))
		tell_size(l);
	if (s == SIGWINCH || (s == SIGCONT && !l->v->pass_signals))
		return;
	if (l->v->pass_signals) {
		l->v->signalled |= s == SIGTERM || s == SIGINT || s == SIGQUIT || s == SIGHUP;
		(void)pidfd_send_signal(l->v->pidfd, s, NULL, 0); /* it may just have ended */
	} else {
		l->v->detached = true; /* it is for us: the container goes on */
	}
}

static int loop(struct look *l, int signals, struct err *e)
{
	const struct attach_view *v = l->v;
	int r = 0;

	if (v->raw)
		tell_size(l);
	while (r >= 0 && !l->done && (!v->detached || l->used)) {
		bool reads = l->more_input && !l->used && !v->detached;
		struct pollfd p[] = {
			{ .fd = v->sock, .events = (short)(POLLIN | (l->used ? POLLOUT : 0)) },
			{ .fd = signals, .events = POLLIN },
			{ .fd = reads ? v->in : -1, .events = POLLIN },
		};

		if (poll(p, ARRAY_SIZE(p), -1) < 0) {
			if (errno != EINTR)
				return err_set(e, errno, "wait for the container's output");
			continue;
		}
		if (p[1].revents)
			take_signal(l, signals);
		if (p[2].revents && !l->used)
			take_input(l);
		if (p[0].revents & POLLOUT || (l->used && p[2].revents))
			send_message(l);
		if (p[0].revents & (POLLIN | POLLHUP | POLLERR))
			r = take_message(l, e);
	}
	return r < 0 ? r : v->detached ? 0 : l->status;
}

int attach_look(struct attach_view *v, struct err *e)
{
	struct look l = { .v = v, .more_input = v->in >= 0 };
	struct termios saved;
	sigset_t set;

	relay_signals(&set);
	auto_fd int signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);

	if (signals < 0)
		return err_set(e, errno, "take signals");
	v->raw = v->raw && tty_raw(v->in, &saved, e) == 0;
	bool raw = v->raw;
	int r = loop(&l, signals, e);

	if (raw)
		tty_restore(v->in, &saved);
	return r;
}
