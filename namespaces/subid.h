/* SPDX-License-Identifier: Apache-2.0 */
/* subid.h: who may use which ids: /etc/subuid and /etc/subgid (subuid(5)), /etc/passwd, and the calling user's own. */
#ifndef NAMESPACES_SUBID_H
#define NAMESPACES_SUBID_H

#include "base/err.h"
#include "spec/spec.h"

#define SUBID_UID_FILE "/etc/subuid"
#define SUBID_GID_FILE "/etc/subgid"

/* "NAME:START:COUNT"; the name may be a number. */
struct subid_entry {
	const char *name; /* into the text, no zero after it */
	size_t name_len;
	uint32_t start, count;
};

/**
 * subid_next() - The next entry of a subuid file's text; lines of another form are passed over. Pure
 * @text:	Moves behind what was read
 *
 * Return: false at the end
 */
bool subid_next(const char **text, struct subid_entry *ret);

/* The same for the name and the ids of /etc/passwd: @ret->start is the uid, @ret->count the gid. */
bool subid_next_user(const char **text, struct subid_entry *ret);

/* A whole such file, to be freed by the caller; "" where there is none. Return: 0, or -errno with @e filled. */
int subid_read_file(const char *path, char **ret, struct err *e);

/* A user's name in /etc/passwd, in @arena; the number as text where there is none. NULL: there is no memory. */
char *subid_user_name(struct arena *arena, uint32_t uid);

/**
 * idmap_own() - The calling user's own sub-ids, for containers without root
 * @ret_uids:	Maps 0 to the user, 1… to the sub-ids; in @arena
 *
 * From the files, or from getsubids(1) where these do not name the user. Without any, 0 alone is mapped.
 *
 * Return: 0, or -errno with @e filled
 */
int idmap_own(struct arena *arena, struct spec_id_maps *ret_uids, struct spec_id_maps *ret_gids, struct err *e);

#endif
