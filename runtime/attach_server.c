// SPDX-License-Identifier: Apache-2.0
/* Part of paene-monitor: small, and few pages. */
#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/fd.h"
#include "runtime/attach.h"

#define LAST_WORDS_MS 5000 /* for somebody who does not read */

/* Wait for what @v is to be asked for now. */
static void ask(struct attach_server *s, struct attach_viewer *v, bool input)
{
	unsigned wanted = (input ? EPOLLIN : 0) | (v->behind ? EPOLLOUT : 0);
	struct epoll_event ev = { .events = wanted, .data = { .ptr = v } };

	if (wanted != v->asked && epoll_ctl(s->events, EPOLL_CTL_MOD, v->fd, &ev) == 0)
		v->asked = wanted;
}

static void drop(struct attach_viewer *v)
{
	fd_close(&v->fd);
	v->behind = 0;
}

static void let_in(struct attach_server *s, int fd)
{
	for (size_t i = 0; i < ATTACH_MAX; i++) {
		struct attach_viewer *v = &s->viewers[i];
		struct epoll_event ev = { .events = EPOLLIN, .data = { .ptr = v } };

		if (v->fd >= 0)
			continue;
		if (epoll_ctl(s->events, EPOLL_CTL_ADD, fd, &ev) == 0) {
			*v = (struct attach_viewer){ .fd = fd, .asked = EPOLLIN };
			return;
		}
		break;
	}
	close(fd); /* no more have room */
}

void attach_serve(struct attach_server *s, int listen, int first)
{
	struct epoll_event ev = { .events = EPOLLIN };

	s->listen = listen;
	s->events = listen >= 0 || first >= 0 ? epoll_create1(EPOLL_CLOEXEC) : -1;
	for (size_t i = 0; i < ATTACH_MAX; i++)
		s->viewers[i].fd = -1;
	if (s->events < 0)
		return;
	if (listen >= 0)
		(void)epoll_ctl(s->events, EPOLL_CTL_ADD, listen, &ev); /* without it nobody else attaches */
	if (first >= 0)
		let_in(s, first);
}

static void receive(struct attach_viewer *v, struct attach_input *in)
{
	uint8_t kind;
	struct iovec parts[] = { { &kind, 1 }, { in->buf, ATTACH_DATA_MAX } };
	struct msghdr m = { .msg_iov = parts, .msg_iovlen = ARRAY_SIZE(parts) };
	ssize_t n = recvmsg(v->fd, &m, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(v);
		return;
	}
	if (kind == ATTACH_INPUT)
		in->used = (size_t)n - 1;
	in->end |= kind == ATTACH_END;
	if (kind == ATTACH_SIZE && (size_t)n == 1 + sizeof(struct winsize) && in->console >= 0)
		(void)ioctl(in->console, TIOCSWINSZ, in->buf);
}

void attach_step(struct attach_server *s, struct attach_input *in)
{
	struct epoll_event ev[ATTACH_MAX + 1];
	int n = epoll_wait(s->events, ev, ARRAY_SIZE(ev), 0);

	for (int i = 0; i < n; i++) {
		struct attach_viewer *v = ev[i].data.ptr;

		if (!v) {
			int fd = accept4(s->listen, NULL, NULL, SOCK_CLOEXEC);

			if (fd >= 0)
				let_in(s, fd);
		} else if (in && !in->used && (ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) {
			receive(v, in);
		} else if (!in && (ev[i].events & EPOLLHUP)) { /* epoll tells it again and again */
			drop(v);
		}
	}
	for (size_t i = 0; i < ATTACH_MAX; i++)
		if (s->viewers[i].fd >= 0)
			ask(s, &s->viewers[i], in && !in->used);
}

bool attach_retry(struct attach_server *s, enum attach_kind stream, const char *data, size_t len)
{
	uint8_t kind = (uint8_t)stream;
	struct iovec parts[] = { { &kind, 1 }, { (void *)data, len } };
	const struct msghdr m = { .msg_iov = parts, .msg_iovlen = ARRAY_SIZE(parts) };
	bool all = true;

	for (size_t i = 0; i < ATTACH_MAX; i++) {
		struct attach_viewer *v = &s->viewers[i];

		if (v->fd < 0 || !(v->behind & BIT(stream)))
			continue;
		if (sendmsg(v->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
			v->behind &= ~BIT(stream);
		else if (errno != EAGAIN && errno != EINTR)
			drop(v);
		if (v->behind & BIT(stream))
			all = false;
		if (v->fd >= 0)
			ask(s, v, v->asked & EPOLLIN);
	}
	return all;
}

bool attach_send(struct attach_server *s, enum attach_kind stream, const char *data, size_t len)
{
	for (size_t i = 0; i < ATTACH_MAX; i++)
		if (s->viewers[i].fd >= 0)
			s->viewers[i].behind |= BIT(stream);
	return attach_retry(s, stream, data, len);
}

void attach_finish(struct attach_server *s, int status)
{
	const int32_t value = status;

	if (s->events < 0)
		return;
	s->listen = -1;
	for (size_t i = 0; i < ATTACH_MAX; i++) {
		struct pollfd p = { .fd = s->viewers[i].fd, .events = POLLOUT };

		if (p.fd >= 0 && poll(&p, 1, LAST_WORDS_MS) > 0)
			s->viewers[i].behind |= BIT(ATTACH_STATUS);
	}
	(void)attach_retry(s, ATTACH_STATUS, (const char *)&value, sizeof(value));
	for (size_t i = 0; i < ATTACH_MAX; i++)
		drop(&s->viewers[i]);
	fd_close(&s->events);
}
