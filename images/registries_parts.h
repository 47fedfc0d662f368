/* SPDX-License-Identifier: Apache-2.0 */
/* registries_parts.h: settings of registries as one file, or podman's files together, have them. */
#ifndef IMAGES_REGISTRIES_PARTS_H
#define IMAGES_REGISTRIES_PARTS_H

#include "images/registries.h"

#define REGISTRY_SETTINGS_MAX (1 << 20) /* bytes of a file */
#define REGISTRY_MIRRORS_MAX  7		/* each can be two endpoints, and so can the registry itself */
#define REGISTRY_ANY_BELOW    "*."	/* before a host: whatever ends with the rest */

struct mirror {
	char *host, *prefix;
	bool insecure, digest_only, tag_only;
};

struct registry {
	char *host, *prefix; /* prefix: of repositories, in whole words between slashes; NULL: all of them */
	struct {
		struct mirror *v;
		size_t n;
	} mirrors;
	bool insecure, blocked;
	struct mirror *instead; /* where it is had; NULL: at its host */
	const char *path;	/* of the file that says so, where its settings are of several */
};

struct settings {
	const char *path;
	struct strv search; /* v is NULL where there is no list; an empty one is a list */
	struct spec_map aliases;
	struct {
		struct registry *v;
		size_t n;
	} registries;
};

/* A small file of settings. Return: 1, 0 where there is none, or -errno with @e filled. @ret: freed by the caller */
int registries_file(const char *path, char **ret, size_t *ret_len, struct err *e);

/**
 * podman_registries_read() - containers-registries.conf(5), version 2: the first of @files that is there, then all of *.conf in
 * @folders, in the order of their names, which go before it. What is there and is not known here is passed over: it is podman's
 *
 * Return: 1, 0 where there is none, or -errno with @e filled
 */
int podman_registries_read(const struct registry_files *files, struct arena *a, struct settings *ret, struct err *e);

#endif
