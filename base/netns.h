/* SPDX-License-Identifier: Apache-2.0 */
/* netns.h: a visit to another network namespace. What is opened there (a socket, procfs's net) stays of it. */
#ifndef BASE_NETNS_H
#define BASE_NETNS_H

#include "base/err.h"

/**
 * netns_visit() - Do something in another network namespace
 * @netns:	Its fd
 * @f:		What; the calling thread is there meanwhile
 *
 * Return: what @f returns, or -errno with @e filled
 */
int netns_visit(int netns, int (*f)(const void *arg, struct err *e), const void *arg, struct err *e);

/**
 * netns_call() - The same for whoever could not come back: a child that has our memory and fds goes there, and we wait for it
 *
 * Who is root of a user namespace may enter the network namespaces that belong to it, and not the machine's own.
 *
 * Return: what @f returns, or -errno with @e filled
 */
int netns_call(int netns, int (*f)(void *arg, struct err *e), void *arg, struct err *e);

#endif
