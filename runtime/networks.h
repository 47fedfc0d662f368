/* SPDX-License-Identifier: Apache-2.0 */
/* networks.h: networks and the containers that are on them, whether these run or not. */
#ifndef RUNTIME_NETWORKS_H
#define RUNTIME_NETWORKS_H

#include "runtime/engine.h"

/* network_create(), but for names that mean something else in --network. Return: 0, or -errno with @e filled */
int engine_network_create(const struct engine *g, struct net_network *n, const struct spec_map *labels, struct err *e);

/* Each container that is to be on a network. @f's result other than 0 ends the walk, and is returned. */
int engine_network_users(const struct engine *g, const char *network,
			 int (*f)(const struct container *c, const struct network_wish *wish, void *arg, struct err *e),
			 void *arg, struct err *e);

/**
 * engine_network_remove() - Remove a network that no container is on
 * @force:	Those that are on it are removed with it
 *
 * Return: 0, or -errno with @e filled (-ENOENT; -EBUSY: said which container is on it)
 */
int engine_network_remove(const struct engine *g, const char *network, bool force, struct err *e);

/**
 * engine_network_connect() - Put a container on one more network, at once where it runs, and at each start
 * @wish:	Which, and what it would like there
 *
 * Return: 0, or -errno with @e filled (-EEXIST: it is on it; -EINVAL: it has no network of its own)
 */
int engine_network_connect(const struct engine *g, const char *id, const struct network_wish *wish, struct err *e);

/**
 * engine_network_disconnect() - Take a container off a network
 *
 * Return: 0, or -errno with @e filled (-ENOENT: it is not on it)
 */
int engine_network_disconnect(const struct engine *g, const char *id, const char *network, struct err *e);

/* What engine_network_shape() is to change. */
struct network_shaping {
	const char *network;	/* NULL: each that it is on */
	struct strv to;		/* rules for these; none: the rule for all others */
	struct spec_map values; /* as net_shape_set() has them */
	bool clear;		/* first take these rules away, or without @to all of them */
};

/**
 * engine_network_shape() - Make a container's links slow or unreliable, at once where it runs, and at each start
 *
 * What the kernel refuses changes nothing. Return: 0, or -errno with @e filled (-ENOENT: it is not on that network)
 */
int engine_network_shape(const struct engine *g, const char *id, const struct network_shaping *want, struct err *e);

/**
 * engine_network_egress() - Change whom a container may send to, at once where it runs, and for each start
 * @words:	As net_egress_parse() reads them: all that is to hold from now on
 *
 * Return: 0, or -errno with @e filled; then it may hold on some of its networks
 */
int engine_network_egress(const struct engine *g, const char *id, const struct strv *words, struct err *e);

/* What they have counted, on all of its networks together. */
void engine_network_egress_count(const struct engine *g, const struct container *c, struct net_egress_counters *ret);

/* network_reload(); for a user also the way out, where somebody has ended that. Return: 0, or -errno with @e filled */
int engine_network_reload(const struct engine *g, struct err *e);

#endif
