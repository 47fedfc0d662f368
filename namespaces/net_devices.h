/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_devices.h: network devices that a configuration wants moved into the container's network namespace (config-linux.md
 * "Network Devices"): a few messages of rtnetlink(7), written by hand, so that no library is needed for them.
 */
#ifndef NAMESPACES_NET_DEVICES_H
#define NAMESPACES_NET_DEVICES_H

#include "base/err.h"
#include "spec/spec.h"

/* Is this possible here, and are the names some? Pure but for looking who we are. Return: 0, or -errno with @e filled */
int net_devices_check(const struct spec_linux *l, struct err *e);

/**
 * net_devices_move() - Move them out of the caller's network namespace
 * @netns:	fd of the namespace where they go
 *
 * A device goes down, moves, with its new name, in one step, gets its addresses back (those that somebody set for good and that
 * hold beyond its link: the kernel drops them all), and comes up. Those that have moved when a later one fails are given back by
 * the kernel when the namespace ends: real ones; it removes virtual ones.
 *
 * Return: 0, or -errno with @e filled
 */
int net_devices_move(const struct spec_net_devices *d, int netns, struct err *e);

#endif
