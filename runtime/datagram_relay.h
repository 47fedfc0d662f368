/* SPDX-License-Identifier: Apache-2.0 */
/*
 * datagram_relay.h: what comes to published UDP ports is passed on to a container, and what it answers.
 *
 * Theory of operation. UDP has no connections, so who sends from one address and port has a conversation: a socket of its own that
 * calls the container, whose answers go back there, from the address that was called. The list of them has the latest first; what
 * was silent for long ends when something else comes, and where there are too many the one that was silent for longest.
 */
#ifndef RUNTIME_DATAGRAM_RELAY_H
#define RUNTIME_DATAGRAM_RELAY_H

#include "network/network.h"

struct datagram_relay {
	struct net_addr to;
	int netns;  /* to be called from; borrowed; -1: ours */
	int events; /* an epoll set of conversations with something to pass back; -1: none yet */
	struct talk *first, *last;
	size_t n;
};

void datagram_relay_begin(struct datagram_relay *d, struct net_addr to, int netns);

/* Something has come to a socket of ours, for this port of the container's. What cannot be passed on is lost, as UDP has it. */
void datagram_relay_take(struct datagram_relay *d, int fd, uint16_t port);

/* Pass one answer back. */
void datagram_relay_answer(struct datagram_relay *d);

void datagram_relay_end(struct datagram_relay *d);

#endif
