/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rootless.h: paene for users: each has one user namespace, of which they are root, and in which all their commands and
 * containers are; with a network namespace that all their bridges are in. See README.md, "Without root".
 */
#ifndef RUNTIME_ROOTLESS_H
#define RUNTIME_ROOTLESS_H

#include <limits.h>

#include "base/err.h"
#include "spec/spec.h"

/* Set by whoever has entered it, to the user's id outside; for those that are started from in there. */
#define ROOTLESS_ENV "PAENE_USER_NAMESPACE"

/* A folder in that of what a reboot may clear, and files in it: what leads out of the network namespace (user_network.h) */
#define ROOTLESS_UPLINK	       "uplink"
#define ROOTLESS_UPLINK_LINK   "netns"
#define ROOTLESS_UPLINK_RECORD "pasta"

/* Are we such a user, or already root of their namespace? Where we are root this costs no system call. */
bool rootless_is(void);

/**
 * rootless_folders() - Where a user's data lie, and what a reboot may clear
 * @data:	$XDG_DATA_HOME/paene, else ~/.local/share/paene
 * @run:	$XDG_RUNTIME_DIR/paene, else /run/user/UID/paene, else /tmp/paene-UID
 *
 * Return: 0, or 1 where it is the last one, which survives no clearing of /tmp; -ENOENT with @e filled: there is no HOME
 */
int rootless_folders(char data[PATH_MAX], char run[PATH_MAX], struct err *e);

/**
 * rootless_enter() - Become root of the user's namespace, in a mount namespace of our own; whoever comes first makes it
 * @run:	Folder where it is on record; it must be the user's, and nobody else's
 * @keeper:	The program that keeps it: it does nothing
 *
 * Return: 1; 0 where we were in it already, with the mounts of whoever has started us; or -errno with @e filled, and what to do
 *	   about it
 */
int rootless_enter(int run, const char *keeper, struct err *e);

/**
 * rootless_network() - The network namespace that is kept with the user's own: theirs, with whatever they made in it
 * @run:	As of rootless_enter()
 *
 * Return: its fd, owned by the caller, or -errno with @e filled
 */
int rootless_network(int run, struct err *e);

/* What the user is called outside, in @a; their number where they have no name. NULL: there is no memory. */
char *rootless_user_name(struct arena *a);

/* Has the user no subordinate ids? */
bool rootless_has_one_id(void);

/* All ids that we have, each as itself: for a container's own user namespace. Return: 0, or -errno with @e filled */
int rootless_ids(struct arena *a, struct spec_id_maps *ret_uids, struct spec_id_maps *ret_gids, struct err *e);

/**
 * rootless_keep_ids() - The same, but for the user, who is somebody else inside
 * @at:		Uid and gid inside; not set: those that the user has outside, filled in
 * @ret:	Of uids, of gids
 *
 * Return: 0, or -errno with @e filled
 */
int rootless_keep_ids(struct arena *a, struct opt_u32 at[2], struct spec_id_maps *const ret[2], struct err *e);

/* The subordinate ids alone, from 0 on. Return: 0, or -EINVAL and others with @e filled */
int rootless_other_ids(struct arena *a, struct spec_id_maps *const ret[2], struct err *e);

#endif
