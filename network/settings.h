/* SPDX-License-Identifier: Apache-2.0 */
/* settings.h: a network's settings file. */
#ifndef NETWORK_SETTINGS_H
#define NETWORK_SETTINGS_H

#include "network/network.h"

/**
 * settings_parse() - Check and read the text of a settings file; pure
 *
 * Return: 0, or -errno with @e filled
 */
int settings_parse(const char *name, const char *text, size_t len, struct net_network *ret, struct err *e);

/* Read a network's settings; nothing is made. Return: 0, or -errno with @e filled (-ENOENT: no such network) */
int settings_read(int networks, const char *name, struct net_network *ret, struct err *e);

#endif
