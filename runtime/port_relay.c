// SPDX-License-Identifier: Apache-2.0
#include "runtime/port_relay.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "network/network.h"
#include "runtime/port_caller.h"

#define FLOWS_MAX   256
#define STEPS_MAX   16 /* of connections, before others have their turn */
#define LAST_STEPS  1024
#define CHUNK_BYTES 65536

enum side { CLIENT, CONTAINER, SIDES };

/* From one side to the other. */
struct way {
	int pipe[2];   /* holds bytes that are under way; -1: none are */
	uint32_t held; /* how many */
	bool ended;    /* no more will come */
	bool told;     /* and the other side knows */
};

struct flow {
	int fds[SIDES];
	struct way ways[SIDES]; /* by where they come from */
	uint32_t asked[SIDES];	/* what epoll is asked for; 0: not in the set */
	bool connecting;
	struct flow *next, **at;
};

void port_relay_begin(struct port_relay *p, int set, struct net_addr to, int netns)
{
	*p = (struct port_relay){ .set = set, .flows = -1, .spare = { -1, -1 } };
	datagram_relay_begin(&p->datagrams, to, netns);
}

int port_relay_door(const struct port_relay *p)
{
	return p->paused || p->n >= FLOWS_MAX ? -1 : p->set;
}

static void close_pipe(int fds[2])
{
	fd_close(&fds[0]);
	fd_close(&fds[1]);
}

/* @reset: as one side has ended, so does the other: at once. */
static void end_flow(struct port_relay *p, struct flow *f, bool reset)
{
	const struct linger at_once = { .l_onoff = 1 };

	for (enum side i = 0; i < SIDES; i++) {
		if (reset)
			(void)setsockopt(f->fds[i], SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		fd_close(&f->fds[i]); /* and out of the epoll set */
		close_pipe(f->ways[i].pipe);
	}
	*f->at = f->next;
	if (f->next)
		f->next->at = f->at;
	p->n--;
	free(f);
}

/* ---- bytes ---- */

static bool take_pipe(struct port_relay *p, struct way *w)
{
	if (p->spare[0] < 0)
		return pipe2(w->pipe, O_CLOEXEC | O_NONBLOCK) == 0;
	w->pipe[0] = fd_take(&p->spare[0]);
	w->pipe[1] = fd_take(&p->spare[1]);
	return true;
}

static void leave_pipe(struct port_relay *p, struct way *w)
{
	if (p->spare[0] >= 0) {
		close_pipe(w->pipe);
		return;
	}
	p->spare[0] = fd_take(&w->pipe[0]);
	p->spare[1] = fd_take(&w->pipe[1]);
}

/* Return: false where the connection is broken, or cannot be served */
static bool fill(struct port_relay *p, struct way *w, int from)
{
	if (!take_pipe(p, w))
		return false;
	ssize_t n = splice(from, NULL, w->pipe[1], NULL, CHUNK_BYTES, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	bool broken = n < 0 && errno != EAGAIN;

	if (n > 0)
		w->held = (uint32_t)n;
	else
		leave_pipe(p, w);
	w->ended = n == 0;
	return !broken;
}

static bool empty(struct port_relay *p, struct way *w, int to)
{
	ssize_t n = splice(w->pipe[0], NULL, to, NULL, w->held, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	if (n < 0)
		return errno == EAGAIN;
	w->held -= (uint32_t)n;
	if (!w->held)
		leave_pipe(p, w);
	return true;
}

/* Once in, once out. Return: as fill() */
static bool pass(struct port_relay *p, struct flow *f, enum side from)
{
	struct way *w = &f->ways[from];
	int to = f->fds[!from];

	if (!w->held && !w->ended && !fill(p, w, f->fds[from]))
		return false;
	if (w->held && !empty(p, w, to))
		return false;
	if (w->ended && !w->held && !w->told) {
		w->told = true;
		return shutdown(to, SHUT_WR) == 0;
	}
	return true;
}

/* ---- what epoll is asked for ---- */

static uint32_t wanted(const struct flow *f, enum side i)
{
	const struct way *out = &f->ways[i], *in = &f->ways[!i];

	if (f->connecting)
		return i == CONTAINER ? EPOLLOUT : 0;
	return (!out->held && !out->ended ? (uint32_t)EPOLLIN : 0) | (in->held ? (uint32_t)EPOLLOUT : 0);
}

static bool ask(struct port_relay *p, struct flow *f)
{
	for (enum side i = 0; i < SIDES; i++) {
		struct epoll_event event = { .events = wanted(f, i), .data.ptr = f };
		int how = !f->asked[i] ? EPOLL_CTL_ADD : event.events ? EPOLL_CTL_MOD : EPOLL_CTL_DEL;

		if (event.events == f->asked[i])
			continue;
		if (epoll_ctl(p->flows, how, f->fds[i], &event) < 0)
			return false;
		f->asked[i] = event.events;
	}
	return true;
}

static bool is_connected(struct flow *f)
{
	int error = 0;
	socklen_t len = sizeof(error);

	f->connecting = false;
	return getsockopt(f->fds[CONTAINER], SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0;
}

static void serve(struct port_relay *p, struct flow *f)
{
	bool good = f->connecting ? is_connected(f) : pass(p, f, CLIENT) && pass(p, f, CONTAINER);
	bool done = f->ways[CLIENT].told && f->ways[CONTAINER].told;

	if (!good || done || !ask(p, f))
		end_flow(p, f, !good || !done);
}

/* One of those that have something to do. Those that go on having it take turns. */
static bool serve_next(struct port_relay *p)
{
	struct epoll_event event;

	if (p->flows < 0 || epoll_wait(p->flows, &event, 1, 0) != 1)
		return false;
	if (event.data.ptr)
		serve(p, event.data.ptr);
	else
		datagram_relay_answer(&p->datagrams);
	return true;
}

/* ---- new ones ---- */

/* Each write at once; and a port that is free again although its connections linger. */
static void set_options(int fd)
{
	int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
}

static void add_flow(struct port_relay *p, int client, const union caller_name *name, uint16_t port)
{
	const struct port_callee callee = { p->datagrams.netns, p->datagrams.to, port, SOCK_STREAM };
	struct flow *f = calloc(1, sizeof(*f));

	if (!f) {
		close(client);
		return;
	}
	*f = (struct flow){
		.fds = { client, port_call(&callee, name) },
		.ways = { { .pipe = { -1, -1 } }, { .pipe = { -1, -1 } } },
		.connecting = true,
		.next = p->first,
		.at = &p->first,
	};
	if (f->next)
		f->next->at = &f->next;
	p->first = f;
	p->n++;
	set_options(client);
	if (f->fds[CONTAINER] >= 0)
		set_options(f->fds[CONTAINER]);
	if (f->fds[CONTAINER] < 0 || !ask(p, f))
		end_flow(p, f, true);
}

/* Return: false where there cannot be one now */
static bool open_flows(struct port_relay *p)
{
	if (p->flows < 0)
		p->flows = epoll_create1(EPOLL_CLOEXEC);
	return p->flows >= 0;
}

static bool open_datagrams(struct port_relay *p)
{
	struct epoll_event event = { .events = EPOLLIN }; /* and no data: so it is none of the flows */
	int *set = &p->datagrams.events;

	if (*set >= 0)
		return true;
	*set = epoll_create1(EPOLL_CLOEXEC);
	if (*set >= 0 && epoll_ctl(p->flows, EPOLL_CTL_ADD, *set, &event) < 0)
		fd_close(set);
	return *set >= 0;
}

/* Who has gone again before it was let in is nobody's trouble. */
static void let_in(struct port_relay *p)
{
	union caller_name name;
	socklen_t len = sizeof(name);
	struct epoll_event event;

	p->paused = !open_flows(p);
	if (p->paused || epoll_wait(p->set, &event, 1, 0) != 1)
		return;
	int fd = NET_RELAY_FD(event.data.u64);
	uint16_t port = NET_RELAY_PORT(event.data.u64);

	if (event.data.u64 & NET_RELAY_UDP) {
		p->paused = !open_datagrams(p);
		if (!p->paused)
			datagram_relay_take(&p->datagrams, fd, port);
		return;
	}
	int client = accept4(fd, &name.any, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (client >= 0)
		add_flow(p, client, &name, port);
	else
		p->paused = errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS;
}

void port_relay_step(struct port_relay *p, bool door, bool flows)
{
	p->paused = false;
	if (door)
		let_in(p);
	for (int i = 0; flows && i < STEPS_MAX && serve_next(p); i++)
		;
}

void port_relay_end(struct port_relay *p)
{
	for (int i = 0; i < LAST_STEPS && serve_next(p); i++)
		;
	while (p->first)
		end_flow(p, p->first, false);
	datagram_relay_end(&p->datagrams);
	close_pipe(p->spare);
	fd_close(&p->flows);
}
