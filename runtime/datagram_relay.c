// SPDX-License-Identifier: Apache-2.0
#include "runtime/datagram_relay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/timestamp.h"
#include "runtime/port_caller.h"

#define TALKS_MAX    256
#define SILENCE_US   (INT64_C(180) * 1000000)
#define DATAGRAM_MAX 65536
#define CONTROL_MAX  CMSG_SPACE(sizeof(struct in6_pktinfo))

struct talk {
	int caller;   /* connected to the container */
	int listener; /* that it came to; not ours */
	union caller_name client;
	socklen_t client_len;
	char called[CONTROL_MAX]; /* which of our addresses: as sendmsg(2) wants it */
	size_t called_len;
	int64_t last_us;
	struct talk *next, *before;
};

void datagram_relay_begin(struct datagram_relay *d, struct net_addr to, int netns)
{
	*d = (struct datagram_relay){ .to = to, .netns = netns, .events = -1 };
}

static void unlink_talk(struct datagram_relay *d, struct talk *t)
{
	*(t->before ? &t->before->next : &d->first) = t->next;
	*(t->next ? &t->next->before : &d->last) = t->before;
}

static void put_first(struct datagram_relay *d, struct talk *t)
{
	t->before = NULL;
	t->next = d->first;
	*(t->next ? &t->next->before : &d->last) = t;
	d->first = t;
}

static void end_talk(struct datagram_relay *d, struct talk *t)
{
	unlink_talk(d, t);
	close(t->caller); /* and out of the epoll set */
	free(t);
	d->n--;
}

/* What says where a datagram was sent to becomes what says where the answer comes from: the link is whichever leads there. */
static void turn_around(struct msghdr *m)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);

	if (c && c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo *info = (struct in_pktinfo *)CMSG_DATA(c);

		info->ipi_spec_dst = info->ipi_addr;
		info->ipi_ifindex = 0;
	}
}

static struct talk *find(const struct datagram_relay *d, int listener, const struct msghdr *m)
{
	for (struct talk *t = d->first; t; t = t->next)
		if (t->listener == listener && t->client_len == m->msg_namelen && !memcmp(&t->client, m->msg_name, m->msg_namelen) &&
		    t->called_len == m->msg_controllen && !memcmp(t->called, m->msg_control, m->msg_controllen))
			return t;
	return NULL;
}

static void clear_old(struct datagram_relay *d, int64_t now)
{
	while (d->last && (d->n >= TALKS_MAX || now - d->last->last_us > SILENCE_US))
		end_talk(d, d->last);
}

static struct talk *begin(struct datagram_relay *d, int listener, uint16_t port, const struct msghdr *m)
{
	struct talk *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	memcpy(&t->client, m->msg_name, m->msg_namelen);
	memcpy(t->called, m->msg_control, m->msg_controllen);
	t->client_len = m->msg_namelen;
	t->called_len = m->msg_controllen;
	t->listener = listener;
	t->caller = port_call(&(struct port_callee){ d->netns, d->to, port, SOCK_DGRAM }, &t->client);
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = t };

	if (t->caller < 0 || epoll_ctl(d->events, EPOLL_CTL_ADD, t->caller, &event) < 0) {
		fd_close(&t->caller);
		free(t);
		return NULL;
	}
	put_first(d, t);
	d->n++;
	return t;
}

void datagram_relay_take(struct datagram_relay *d, int fd, uint16_t port)
{
	char bytes[DATAGRAM_MAX];
	_Alignas(struct cmsghdr) char called[CONTROL_MAX] = { 0 };
	union caller_name client = { .v6 = { 0 } };
	struct iovec v = { bytes, sizeof(bytes) };
	struct msghdr m = { .msg_name = &client, .msg_namelen = sizeof(client), .msg_iov = &v, .msg_iovlen = 1,
			    .msg_control = called, .msg_controllen = sizeof(called) };
	ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT);
	int64_t now = clock_us();

	if (n < 0)
		return;
	turn_around(&m);
	struct talk *t = find(d, fd, &m);

	if (!t) {
		clear_old(d, now);
		t = begin(d, fd, port, &m);
	}
	if (!t)
		return;
	t->last_us = now;
	unlink_talk(d, t);
	put_first(d, t);
	(void)send(t->caller, bytes, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void datagram_relay_answer(struct datagram_relay *d)
{
	char bytes[DATAGRAM_MAX];
	struct epoll_event event;

	if (epoll_wait(d->events, &event, 1, 0) != 1)
		return;
	struct talk *t = event.data.ptr;
	ssize_t n = recv(t->caller, bytes, sizeof(bytes), MSG_DONTWAIT);
	struct iovec v = { bytes, n < 0 ? 0 : (size_t)n };
	const struct msghdr m = { .msg_name = &t->client, .msg_namelen = t->client_len, .msg_iov = &v, .msg_iovlen = 1,
				  .msg_control = t->called, .msg_controllen = t->called_len };

	if (n < 0) /* nobody in there has this port: the error has been taken from the socket by this */
		return;
	t->last_us = clock_us();
	(void)sendmsg(t->listener, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void datagram_relay_end(struct datagram_relay *d)
{
	while (d->first)
		end_talk(d, d->first);
	fd_close(&d->events);
}
