/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits.h: the limits of a container of the engine. Its config.json holds what was asked for by name, settings.json its
 * class; what runs has both. A change, be it the first one, is read from options, and merged into what is there.
 */
#ifndef RUNTIME_LIMITS_H
#define RUNTIME_LIMITS_H

#include "runtime/engine.h"
#include "runtime/limit_options.h"

/* What options ask for. */
struct limit_change {
	struct spec_resources set;  /* what to write, as cgroup_set() has it */
	struct spec_map lifted;	    /* the kernel's own values for what is limited no longer: written where the file is there */
	bool pids;		    /* something was said about processes, be it that there is no limit */
	uint32_t class;		    /* enum sched_class; CLASS_NONE: nothing was said */
};

/**
 * limits_read() - Read the options, and check each
 * @a:		Owns what is in @ret
 *
 * Paths become the numbers of whole disks. A limit of 0, or -1, is lifted.
 *
 * Return: 0, or -errno with @e filled: it names the option
 */
int limits_read(const struct limit_options *o, struct arena *a, struct limit_change *ret, struct err *e);

/**
 * limits_merge() - Put a change into what a container has
 * @c:		Gets what must be written together with it: memory with swap
 * @a:		Owns what is new in @all; what is in @c must live as long
 * @all:	linux.resources of the configuration
 * @s:		class and pids_default
 *
 * Return: 0, or -errno with @e filled where old and new do not go together
 */
int limits_merge(struct limit_change *c, struct arena *a, struct spec_resources *all, struct settings *s, struct err *e);

/* Are the controllers there that these limits need? Return: 0, or -ENOENT and others with @e filled */
int limits_available(const struct settings *s, const struct spec_resources *all, struct err *e);

/* Set a key, the last one counts. Return: 0, or -ENOMEM with @e filled */
int limits_put(struct arena *a, struct spec_map *m, const char *key, const char *value, struct err *e);
void limits_drop(struct spec_map *m, const char *key);

#endif
