/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refs.h: which name means which image: refs/HOST/NAME/TAG, each a file of one line, "sha256:HEX", HEX being the
 * manifest's digest; a second one of the same form names the index that led to it at the registry. In NAME every "/" is a "%",
 * which no reference can hold; a name by digest has the file name "sha256:HEX", which no tag can have.
 */
#ifndef IMAGES_REFS_H
#define IMAGES_REFS_H

#include "images/work.h"

/* Which manifest a name means. Return: 0, or -ENOENT and others with @e filled */
int ref_read(const struct store *s, const struct image_ref *ref, char ret_manifest[DIGEST_HEX + 1], struct err *e);

/* The index that led to it; "": none is known. Return: 0, or -errno with @e filled */
int ref_read_index(const struct store *s, const struct image_ref *ref, char ret_index[DIGEST_HEX + 1], struct err *e);

/**
 * ref_publish() - Make a name mean an image, durably and in one step
 * @work:	Where the file is written first
 * @manifest:	Held by the caller (store_hold() of its record), so that it cannot go meanwhile
 * @index:	The one that led to it, at the registry; NULL: none did
 * @ret_moved:	Whether the name meant another image before
 *
 * Return: 0, or -errno with @e filled
 */
int ref_publish(const struct work *work, const struct image_ref *ref, const char *manifest, const char *index,
		bool *ret_moved, struct err *e);

/* Take a name away, durably, and folders that it leaves empty. Return: 0, or -ENOENT and others with @e filled */
int ref_remove(const struct store *s, const struct image_ref *ref, struct err *e);

/* Remove the empty folders that commands killed in the middle of a change have left. Best effort. */
void ref_prune(const struct store *s);

/* Tell of each file below refs/ that is no name of an image. Return: 0, @f's result, or -errno with @e filled */
int ref_strays(const struct store *s, int (*f)(const char *path, void *arg, struct err *e), void *arg, struct err *e);

struct ref_entry {
	char *name;	/* normal text */
	char *manifest; /* hex */
};
struct ref_list {
	struct arena arena;
	struct ref_entry *v; /* sorted by manifest, then by name */
	size_t n, room;
};

/* Every name there is. To be freed with arena_free(&ret->arena). Return: 0, or -errno with @e filled */
int ref_list(const struct store *s, struct ref_list *ret, struct err *e);

/* The names of one image: a part of the sorted list, *ret_n of them; NULL where there are none. */
const struct ref_entry *ref_list_of(const struct ref_list *list, const char *manifest, size_t *ret_n);

#endif
