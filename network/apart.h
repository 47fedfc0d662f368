/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apart.h: containers that are called by a program of this network namespace for somebody else, and see that one's address.
 *
 * Theory of operation. The program's sockets have an address that is not this namespace's (IP_TRANSPARENT). What a container answers
 * goes to that address, and would be forwarded: so what belongs to such a socket gets a mark, and what has the mark is routed to this
 * namespace itself, wherever it is sent to.
 */
#ifndef NETWORK_APART_H
#define NETWORK_APART_H

#include "base/err.h"

/* Where it is so already nothing changes. Return: 0, or -errno with @e filled */
int apart_prepare(struct err *e);

#endif
