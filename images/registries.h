/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registries.h: what the administrator and the user have settled about registries: mirrors, insecure hosts, where short names
 * are looked for, and which images may run. Read from /etc/paene/registries.json, then from the user's own
 * $XDG_CONFIG_HOME/paene/registries.json, which goes before it; neither needs to be there.
 */
#ifndef IMAGES_REGISTRIES_H
#define IMAGES_REGISTRIES_H

#include "images/fetch.h"
#include "images/images.h"

struct registries; /* owned texts; opaque */

/* Read the settings. @files: paths, first wins; one that is missing is fine. Return: 0, or -errno with @e filled (path and place) */
int registries_read(const char *const *files, size_t n, struct registries **ret, struct err *e);
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
 * other: not for localhost either. @plain_asked: the command's --tls-verify=false, which allows it for this one host.
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
