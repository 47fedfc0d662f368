/* SPDX-License-Identifier: Apache-2.0 */
/* tc.h: queueing disciplines that make links slow and unreliable, by rtnetlink. */
#ifndef NETWORK_TC_H
#define NETWORK_TC_H

#include "network/nl.h"
#include "network/shape.h"

/**
 * tc_shape() - Shape both ends of a container's link, or take back what shaped them
 * @rt:		In the host's namespace
 * @outside:	The host's end, which sends what the container receives; "": there is none
 * @inside:	The container's end
 * @netns:	Where that is; the calling thread enters it and leaves it again
 * @shape:	An empty one: none
 *
 * Return: 0, or -errno with @e filled; then one end may be shaped, and the other not
 */
int tc_shape(struct nl *rt, const char *outside, const char *inside, int netns, const struct net_shape *shape, struct err *e);

/* How jitter is distributed normally: numbers in 1/8192 of it, each as likely as the others, as netem reads them. */
#define TC_NORMAL_SIZE 4096
void tc_normal(int16_t ret[TC_NORMAL_SIZE]);

#endif
