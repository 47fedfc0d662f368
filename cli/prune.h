/* SPDX-License-Identifier: Apache-2.0 */
/* prune.h: what nobody uses goes: the verbs called prune of each kind of thing, and of all of them. */
#ifndef CLI_PRUNE_H
#define CLI_PRUNE_H

#include "cli/args.h"
#include "runtime/engine.h"

struct pruning {
	const struct call *call;
	const struct engine *g;
	const struct strv *filters; /* as written: KEY=VALUE */
	const char *heading;	    /* printed above the first that goes; NULL: none */
	bool silent;		    /* nothing is printed but errors */
	int status;		    /* 1: one could not be removed, and it was said why */
};

/* One has gone. */
void pruning_gone(struct pruning *p, const char *name);
/* One could not be removed, though nobody uses it. */
void pruning_failed(struct pruning *p, const struct err *e);

/* Those of one kind that nobody uses and the filters fit. Return: 0, or -errno with @e filled */
int prune_containers(struct pruning *p, struct err *e);
int prune_pods(struct pruning *p, struct err *e); /* in which nothing runs */
int prune_networks(struct pruning *p, struct err *e); /* not the default one */
int prune_volumes(struct pruning *p, struct err *e);
/* @all: those with a name, too */
int prune_images(struct pruning *p, bool all, struct err *e);

#endif
