/* SPDX-License-Identifier: Apache-2.0 */
/* pull.h: images of a registry: taken in, and asked about. */
#ifndef IMAGES_PULL_H
#define IMAGES_PULL_H

#include "images/found.h"
#include "images/policy.h"
#include "images/remote.h"

struct pull_options {
	struct load_options load;
	struct remote_options remote;
	const struct image_policy *policy; /* what may come in; NULL: everything */
	struct image_platform platform; /* for which an image is chosen; normal */
	bool platform_given;		/* and not this machine's own */
};

struct pull_result {
	char id[DIGEST_HEX + 1];
	bool fetched; /* something came: it was not here, or another one */
	char platform[PLATFORM_MAX]; /* of an image that is not for the one wanted, and there is no choice; "": it is */
};

/**
 * image_pull() - See that a name means what it means at its registry now
 *
 * As load: all or nothing, and a killed pull leaves work for store_sweep() only. Where nothing has changed, it costs one
 * question; by a digest that is here, none.
 *
 * Return: 0, or -errno with @e filled (-ENOENT: no endpoint has it)
 */
int image_pull(const struct store *s, const struct image_ref *ref, const struct pull_options *o, struct pull_result *ret,
	       struct err *e);

/* All tags of a repository, in the registry's order; @ref's own does not matter. Return: 0, or -errno with @e filled */
int image_tags(const struct store *s, const struct image_ref *ref, const struct remote_options *o, struct arena *arena,
	       struct strv *ret, struct err *e);

/**
 * image_search() - Which repositories of a registry have to do with some words, in its own order
 * @host:	"docker.io"
 * @ret:	Texts owned by @arena
 *
 * Return: 0, or -errno with @e filled; few registries offer it
 */
int image_search(const struct store *s, const char *host, const char *words, const struct remote_options *o,
		 struct arena *arena, struct found *ret, struct err *e);

/**
 * image_manifest() - A manifest or an index at its registry, as JSON to be looked at
 * @worker:	Path of the paene-worker program
 * @ret:	Text to be freed by the caller; ASCII
 *
 * Return: 0, or -errno with @e filled
 */
int image_manifest(const struct store *s, const struct image_ref *ref, const struct remote_options *o, const char *worker,
		   char **ret, struct err *e);

/* The same of an image that is here. */
int image_own_manifest(const struct store *s, const struct image *image, const char *worker, char **ret, struct err *e);

#endif
