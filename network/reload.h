/* SPDX-License-Identifier: Apache-2.0 */
/* reload.h: what somebody flushed, made again from what the networks' folders say. */
#ifndef NETWORK_RELOAD_H
#define NETWORK_RELOAD_H

#include "network/nl.h"

/**
 * reload_all() - Add every network, and the ports of every container that is in one, to our table
 *
 * A container that joins meanwhile adds its own; one that leaves does not come back.
 *
 * Return: 0, or -errno with @e filled
 */
int reload_all(int networks, struct nl *nf, struct err *e);

#endif
