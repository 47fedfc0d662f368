/* SPDX-License-Identifier: Apache-2.0 */
/* cni_plan.h: a container on a network that plugins make, "cni:NAME": what they are told, and what they have answered. */
#ifndef RUNTIME_CNI_PLAN_H
#define RUNTIME_CNI_PLAN_H

#include "network/cni.h"
#include "runtime/engine.h"

struct cni_plan {
	const char *network; /* with "cni:" */
	unsigned index;	     /* of its interface */
	struct cni_request request;
	struct cni_result result; /* once it is attached */
};

static inline bool cni_is_meant(const char *network)
{
	return str_after(network, NETWORK_CNI) != NULL;
}

/* Where configurations and plugins are: $NETCONFPATH and $CNI_PATH, as with cnitool; else the usual places. */
struct cni_places cni_plan_places(void);

/* Is there such a network? Return: 0, or -errno with @e filled */
int cni_plan_find(const char *network, struct err *e);

/* What the plugins are told, but for ports; it points into @s, @wish and @a. Return: 0, or -errno with @e filled */
int cni_plan_make(const struct engine *g, const struct settings *s, const struct network_wish *wish, unsigned index,
		  const char *hostname, struct arena *a, struct cni_plan *ret, struct err *e);

/* Return: 0, or -errno with @e filled and nothing left */
int cni_plan_attach(const struct engine *g, struct cni_plan *p, int netns, struct arena *a, struct net_hold *ret_hold,
		    struct err *e);

/* Return: 0, or -errno with @e filled */
int cni_plan_release(const struct engine *g, const char *id, const char *network, struct err *e);

/**
 * cni_plan_collect() - Have plugins remove what they have of a network but what containers of ours have there
 * @network:	With "cni:" or without
 *
 * Return: 0, or -errno with @e filled
 */
int cni_plan_collect(const struct engine *g, const char *network, struct err *e);

#endif
