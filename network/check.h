/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.h: do files and kernel agree on who has what? Leases and records without a container, links, elements and bridges without
 * a record, and what of a container's somebody has taken away. It can be mended, too.
 *
 * Others go on working meanwhile: what is on its way in or out for a moment is looked at twice.
 */
#ifndef NETWORK_CHECK_H
#define NETWORK_CHECK_H

#include "network/network.h"

struct net_finding {
	const char *what; /* "lease", "record", "link", "bridge", "rules", "element", "network" */
	const char *name; /* of it */
	const char *text; /* what is wrong */
	bool mended;
};

struct net_check_options {
	bool repair;
	/* Whether a container runs, or is about to: its things are its own. */
	bool (*runs)(const char *id, void *arg);
	/* Told of each finding as it comes. */
	void (*tell)(const struct net_finding *f, void *arg);
	void *arg; /* of both */
};

struct net_check_result {
	size_t networks; /* that were looked at */
	size_t found, mended;
};

/* Return: 0, whatever was found; or -errno with @e filled where it could not be looked at, or not be mended */
int network_check(int networks, const struct net_check_options *o, struct net_check_result *ret, struct err *e);

#endif
