/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registries.h: what the administrator and the user have settled about registries: mirrors, insecure and blocked hosts, where
 * short names are looked for. Read from /etc/paene/registries.json and from the user's own $XDG_CONFIG_HOME/paene/registries.json,
 * which goes before it; neither needs to be there. A key that is not known is an error: a mistyped one must not go unnoticed.
 *
 * {"search": [HOST…], "aliases": {NAME: "HOST/NAME"}, "registries": [{"host": HOST, "prefix": NAME, "mirrors": [{"host": HOST,
 * "prefix": NAME, "insecure": false, "digest_only": false}], "insecure": false, "blocked": false}]}
 *
 * Of each thing that is asked, the first file counts that says something: a list to search, an alias, an entry for a name (in one
 * file that with the longest prefix). After ours come podman's (containers-registries.conf(5)), which count as one file: what ours
 * say of a name, or of short names, is not asked there.
 */
#ifndef IMAGES_REGISTRIES_H
#define IMAGES_REGISTRIES_H

#include "images/fetch.h"
#include "images/images.h"

struct registries; /* owned texts; opaque */

/* Paths, none of which need be there. */
struct registry_files {
	const char *own[2]; /* ours: the first goes before the other */
	const char *podman[2]; /* podman's: the first that is there */
	const char *folders[2]; /* with more of its files */
	size_t n_own, n_podman, n_folders;
};

/* Read the settings. Return: 0, or -errno with @e filled (path, place) */
int registries_read(const struct registry_files *files, struct registries **ret, struct err *e);
void registries_free(struct registries *r);

/* One place where a repository can be had. */
struct endpoint {
	char url[300];		 /* for struct fetch_session */
	char host[256];		 /* whose credentials and certificates apply: "docker.io", "mirror.example:5000" */
	char repository[256];	 /* there; a mirror may keep it under a prefix of its own */
	bool any_certificate, mirror;
};
#define ENDPOINTS_MAX 16

/**
 * registries_endpoints() - Where to ask for an image: its mirrors in their order, then its own registry
 * @push:	Only its own registry
 * @by_digest:	What is asked for has a digest: mirrors that are set for digests only count too
 *
 * "docker.io" is reached at registry-1.docker.io. Plain HTTP only for a host that the settings name as insecure, and for none
 * other: not for localhost either. @plain_asked: the command's --tls-verify=false, which allows it for this one host. Such a host
 * stands there twice, over TLS with any certificate, then without TLS.
 *
 * Return: how many (1 or more), or -errno with @e filled (-EPERM: the settings block this registry)
 */
int registries_endpoints(const struct registries *r, const struct image_ref *ref, bool push, bool by_digest,
			 bool plain_asked, struct endpoint ret[ENDPOINTS_MAX], struct err *e);

/**
 * registries_candidates() - What a short name may mean: an alias of the settings alone, or the name in each registry of the
 * search list; a name with a host means itself
 *
 * Return: how many are in @ret (owned by @arena), 1 or more, in their order; or -errno with @e filled
 */
int registries_candidates(const struct registries *r, const char *name, struct arena *arena, struct strv *ret, struct err *e);

#endif
