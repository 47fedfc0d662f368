/* SPDX-License-Identifier: Apache-2.0 */
/* wiring.h: a run on its networks: what it leases, what it is told of them, and how it is given back. */
#ifndef RUNTIME_WIRING_H
#define RUNTIME_WIRING_H

#include "runtime/engine.h"

struct cni_plan;

struct wiring {
	struct arena *arena;	/* what the rest points to */
	struct net_plan *plans; /* in the order of the settings: eth0 is the first's */
	size_t n;
	struct cni_plan *cni; /* those that plugins make */
	size_t n_cni;
	struct net_hold hold;
};

/* On networks of ours? Others have none, or somebody else's. */
bool wiring_is_wanted(const struct settings *s);

/**
 * wiring_visit() - Do something in the network namespace that bridges are in: ours as root, for a user one of theirs
 *
 * Return: what @f returns, or -errno with @e filled
 */
int wiring_visit(const struct engine *g, int (*f)(void *arg, struct err *e), void *arg, struct err *e);

/* Is there such a network, of ours or of plugins? Return: 0, or -errno with @e filled (-ENOENT) */
int wiring_find(const struct engine *g, const char *network, struct err *e);

/**
 * wiring_take() - All networks of a container: found, addresses leased; published ports go to the first that can have some
 * @hostname:	Its second name there; NULL: none
 * @a:		What the wiring points to
 *
 * Return: 0, or -errno with @e filled; what was leased by then is the caller's to give back
 */
int wiring_take(const struct engine *g, const struct settings *s, const char *hostname, struct arena *a,
		struct wiring *ret, struct err *e);

/* Return: 0, or -errno with @e filled; what was attached by then is the caller's to give back */
int wiring_attach(const struct engine *g, struct wiring *w, int netns, struct err *e);

/**
 * wiring_join() - Put a container that runs on one more network
 * @index:	Of its interface
 * @netns:	Of the container
 * @run:	Where it is noted
 *
 * Return: 0, or -errno with @e filled; what was taken by then is the caller's to give back
 */
int wiring_join(const struct engine *g, struct settings *s, const struct network_wish *wish, unsigned index,
		const char *hostname, int netns, struct run_record *run, struct err *e);

/* For the record of the run: where it is, and which ports are published. Return: 0, or -ENOMEM with @e filled */
int wiring_record(const struct wiring *w, struct run_record *rec, struct err *e);

/**
 * wiring_release() - Give one network back: link, rules, names, addresses
 * @netns:	Of the container where it goes on without the network; -1: it has ended
 * @run:	Which addresses those are; where it says nothing all leases are looked through
 *
 * A network that is not there any more is fine. Return: 0, or -errno with @e filled
 */
int wiring_release(const struct engine *g, const char *id, const char *network, int netns, const struct run_record *run,
		   bool ended, struct err *e);

#endif
