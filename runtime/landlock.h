/* SPDX-License-Identifier: Apache-2.0 */
/*
 * landlock.h: a second wall behind the mounts (Documentation/userspace-api/landlock.rst): a process can write, make and remove
 * nothing but below what its configuration mounts so that it can be written, and speaks to no abstract socket that another made. It
 * holds for what comes into its sight later, too: a mount that is writable by mistake, a folder that somebody hands over as an fd.
 */
#ifndef RUNTIME_LANDLOCK_H
#define RUNTIME_LANDLOCK_H

#include "base/err.h"
#include "spec/spec.h"

#define LANDLOCK_ANNOTATION "org.paene.landlock" /* "true" or "false" */

/* Whether a configuration asks for it. */
bool landlock_wanted(const struct spec *s);

/* What this kernel knows of it: its ABI's version, 0: nothing. */
int landlock_abi(void);

/**
 * landlock_check() - Is what is asked for in order?
 *
 * Return: 0, or -EINVAL with @e filled (the annotation is neither true nor false, no_new_privs is missing)
 */
int landlock_check(const struct spec *s, struct err *e);

/**
 * landlock_enter() - Where it is asked for: the calling process, what it executes, and their children
 *
 * In the container's root, with no_new_privs set. A kernel without Landlock is none that refuses: the mounts are the first wall.
 *
 * Return: 0, or -errno with @e filled
 */
int landlock_enter(const struct spec *s, struct err *e);

#endif
