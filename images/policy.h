/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy.h: which images may come here and run, as containers-policy.json(5) writes it down, of which are understood:
 *
 *	insecureAcceptAnything	yes
 *	reject			no
 *	sigstoreSigned		where cosign's signature with one of these keys (ECDSA P-256) lies in the registry
 *	digests			where its digest is one of "digests": ["sha256:HEX", …] (this type is ours alone)
 *
 * A rule of another type (signedBy: GnuPG; keyless signatures: fulcio, rekor, pki) can be there: the images that it is for are
 * refused, and the reason is given.
 *
 * Of all scopes of the transport "docker" that fit a name the longest one counts, then the transport's "", then "default". All
 * requirements of a scope must hold. Without a policy everything is allowed.
 *
 * What was found out when an image was pulled is kept in images/trust/MANIFEST, for the time when it is to run.
 */
#ifndef IMAGES_POLICY_H
#define IMAGES_POLICY_H

#include "images/images.h"

/*
 * The first one that is there counts for what comes in: who has settled with podman which images may come means us, too. For
 * what runs, only ours does: podman asks its own when it copies images, and not when it runs them.
 */
#define POLICY_FILE	   "/etc/paene/policy.json"
#define POLICY_PODMAN_FILE "/etc/containers/policy.json"

struct image_policy; /* NULL: there is none */

/* @files: the first that is there. Return: 0, or -errno with @e filled (path and place) */
int image_policy_read(const char *const *files, size_t n, struct image_policy **ret, struct err *e);
void image_policy_free(struct image_policy *p);

/* One way of proving where an image comes from. */
struct policy_proof {
	char *name;	  /* "docker.io/library/debian" */
	char *index;	  /* sha256 hex of the index that led to it; NULL: none did */
	struct strv keys; /* PEM of those that its signatures were checked with */
};

/* Where signatures are looked for: the registry's own, for the policy to ask. */
struct signatures;

/**
 * policy_allows_pull() - Is there any sense in asking for this?
 *
 * Before anything is fetched: a scope that rejects, or that asks for what cannot be had here, is known by the name alone.
 *
 * Return: 0, or -EPERM with @e filled
 */
int policy_allows_pull(const struct image_policy *p, const struct image_ref *ref, struct err *e);

/**
 * policy_check_pull() - May this image be unpacked?
 * @manifest:	sha256 hex of its manifest
 * @index:	That of the index which led there; NULL: none did
 * @from:	Asked for signatures, if one is needed
 * @ret:	Gets what policy_keep() wants, once the image is in the store; its texts are owned by @arena
 *
 * Return: 1 where there is something to keep, 0 where there is not, or -errno with @e filled (-EPERM: it may not)
 */
int policy_check_pull(const struct image_policy *p, const struct image_ref *ref, const char *manifest, const char *index,
		      struct signatures *from, struct arena *arena, struct policy_proof *ret, struct err *e);

/* Keep a proof beside others of the same image. Return: 0, or -errno with @e filled */
int policy_keep(const struct store *s, const char *manifest, const struct policy_proof *proof, struct err *e);

/* Forget them: the image has been removed. Best effort: they say nothing wrong. */
void policy_forget(const struct store *s, const char *manifest);

/* May archives be loaded? @folder: an OCI layout. Return: 0, or -EPERM with @e filled */
int policy_check_load(const struct image_policy *p, bool folder, struct err *e);

/**
 * policy_check_run() - May a container of this image be made?
 * @files:	Of the policy; where none is there, this is all that it costs
 * @name:	As the image was asked for: by an id, any of its names will do
 *
 * Return: 0, or -errno with @e filled (-EPERM: it may not)
 */
int policy_check_run(const char *const *files, size_t n, const struct store *s, const char *name, const struct image *image,
		     struct err *e);

#endif
