/* SPDX-License-Identifier: Apache-2.0 */
/* policy_rules.h: a policy as it was written, and which of its scopes is for a name. Internal to policy.c. */
#ifndef IMAGES_POLICY_RULES_H
#define IMAGES_POLICY_RULES_H

#include "images/images.h"

enum requirement_type {
	REQUIRE_NOTHING, /* insecureAcceptAnything */
	REQUIRE_REJECT,
	REQUIRE_GPG,
	REQUIRE_SIGSTORE,
	REQUIRE_DIGESTS,
	REQUIREMENT_COUNT,
};

/* Which name a signature must be for. */
enum identity_type {
	IDENTITY_EXACT_OR_DIGEST, /* matchRepoDigestOrExact, where nothing is said */
	IDENTITY_EXACT,
	IDENTITY_REPOSITORY,
	IDENTITY_THIS_REFERENCE, /* exactReference */
	IDENTITY_THIS_REPOSITORY,
	IDENTITY_REMAP, /* not understood here */
	IDENTITY_COUNT,
};

struct identity {
	uint32_t type;
	char *reference, *repository;
};

struct requirement {
	uint32_t type;
	struct strv keys; /* PEM; never empty for sigstore, unless `foreign` */
	struct identity identity;
	struct strv digests; /* "sha256:HEX" */
	const char *foreign; /* why it cannot be fulfilled here; NULL: it can */
};

struct requirements {
	struct requirement *v;
	size_t n; /* 1 or more */
};

struct policy_scope {
	char *name;
	struct requirements list;
};

struct policy_scopes {
	struct policy_scope *v;
	size_t n;
};

enum policy_transport {
	TRANSPORT_DOCKER,
	TRANSPORT_DOCKER_ARCHIVE,
	TRANSPORT_OCI_ARCHIVE,
	TRANSPORT_OCI,
	TRANSPORT_COUNT, /* those that concern us */
};

struct image_policy {
	struct arena arena; /* owns everything, and this */
	const char *path;
	struct requirements fallback;
	struct policy_scopes transports[TRANSPORT_COUNT];
};

/* The requirements for a name, and the scope that they stand under, for messages. */
const struct requirements *policy_for_name(const struct image_policy *p, const struct image_ref *ref, const char **ret_scope);

/* The same for what has no name that counts: the transport's "", or the default. */
const struct requirements *policy_for_transport(const struct image_policy *p, enum policy_transport t);

/* Is a signature for @signed_name, as cosign writes it, one for @ref? Return: false where it is for another image */
bool policy_identity_fits(const struct identity *i, const struct image_ref *ref, const char *signed_name);

#endif
