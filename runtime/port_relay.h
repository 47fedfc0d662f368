/* SPDX-License-Identifier: Apache-2.0 */
/*
 * port_relay.h: what comes to a published TCP port by ::1 of the host is passed on to the container, for the kernel routes no
 * packet of ::1 to anybody. Of a user's container it is all that comes, UDP too: its bridge is in another network namespace.
 *
 * Theory of operation. Whoever stands by the container polls two fds: `set`, the epoll set of sockets that listen (struct
 * net_hold), and `flows`, one of connections, made with the first of them. Bytes go from socket to pipe to socket and are never
 * seen here; a connection waits in the kernel's queue where FLOWS_MAX are open. What a side is asked for follows from what is
 * under way: to be read while nothing is, to be written while something is. A side that is asked for nothing is not in `flows`,
 * so that its end, which epoll tells unasked, wakes nobody. An end of one direction is passed on as such, a reset as a reset.
 */
#ifndef RUNTIME_PORT_RELAY_H
#define RUNTIME_PORT_RELAY_H

#include <stdbool.h>

#include "runtime/datagram_relay.h"

struct port_relay {
	int set; /* borrowed; -1: there is nothing to do */
	int flows;    /* -1: none yet */
	int spare[2]; /* an empty pipe; -1: none */
	struct flow *first;
	size_t n;
	struct datagram_relay datagrams; /* its set is in @flows */
	bool paused; /* out of fds or memory: nobody is let in until the next look */
};

#define PORT_RELAY_PAUSE_MS 200

/* @set: -1: nothing is passed on. @netns: where the container is called from; borrowed; -1: ours */
void port_relay_begin(struct port_relay *p, int set, struct net_addr to, int netns);

/* Which of @set is to be polled now: itself, or -1 where nobody else is let in. */
int port_relay_door(const struct port_relay *p);

/* After poll(2): @door, @flows: it found something there. */
void port_relay_step(struct port_relay *p, bool door, bool flows);

/* The container has ended: what it has sent is passed on, and all is closed. */
void port_relay_end(struct port_relay *p);

#endif
