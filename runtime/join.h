/* SPDX-License-Identifier: Apache-2.0 */
/*
 * join.h: namespaces of other containers: a run in them, who is in whose, and that none is removed that others need.
 *
 * Namespaces belong to a user namespace. So whoever joins a container's joins its user namespace, too, and has its ids: their
 * range is held by both (namespaces/idrange.h), whichever ends first.
 */
#ifndef RUNTIME_JOIN_H
#define RUNTIME_JOIN_H

#include "runtime/engine.h"

struct run;

#define SHM_TARGET   "/dev/shm"
#define SHM_OF_OTHER "shm of another container" /* config.json's source for it where the ipc namespace is joined */

/* Whose namespaces it joins: ids, each once. */
#define JOIN_TARGETS_MAX 4
size_t join_targets(const struct settings *s, const char *ret[JOIN_TARGETS_MAX]);

/**
 * join_take() - Open the namespaces that a run is to join, and hold its part of the ids
 *
 * Return: 0, or -errno with @e filled (-ESRCH: one of those containers does not run)
 */
int join_take(struct run *r, struct err *e);

/* The host name of whose uts namespace it has, as it was when that one was started. NULL: it has its own */
char *join_hostname(struct run *r);

/* A new container is about to depend on others: note it with each of them. Return: 0, or -errno with @e filled */
int join_note(const struct engine *g, const struct settings *s, struct err *e);

/**
 * join_dependents() - The containers that join namespaces of one
 * @dir:	Its folder
 * @ret:	Ids, in @a
 *
 * Return: 0, or -errno with @e filled
 */
int join_dependents(const struct engine *g, int dir, const char *id, struct arena *a, struct strv *ret, struct err *e);

/* Start those, in the background, whose namespaces it joins and that do not run. Return: 0, or -errno with @e filled */
int join_start_targets(const struct engine *g, const struct settings *s, struct err *e);

#endif
