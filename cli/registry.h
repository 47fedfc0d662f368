/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registry.h: what the verbs have in common that speak with registries: their options, settings and credentials, names as people
 * write them, and the pull itself.
 */
#ifndef CLI_REGISTRY_H
#define CLI_REGISTRY_H

#include "cli/layer_limits.h"
#include "cli/registry_settings.h"
#include "cli/verbs.h"
#include "images/pull.h"

struct registry_options {
	const char *authfile, *creds, *retry;
	bool no_content_trust; /* docker's, which nobody here has */
	enum switch_state tls_verify;
};

/* clang-format off */
#define REGISTRY_ROWS(type, member) \
	OPT_STRING(type, member.authfile, "authfile", 0, "FILE", "credentials; default: $REGISTRY_AUTH_FILE, or podman's and docker's"), \
	OPT_STRING(type, member.creds, "creds", 0, "NAME[:PASSWORD]", "credentials for this command alone"), \
	OPT_SWITCH(type, member.tls_verify, "tls-verify", 0, "=false: this registry may have any certificate, or no TLS"), \
	OPT_FLAG(type, member.no_content_trust, "disable-content-trust", 0, NULL), \
	OPT_STRING(type, member.retry, "retry", 0, "N", "try again so often after a failure that may pass; default: 5")

struct platform_options {
	const char *platform, *os, *arch, *variant;
};
#define PLATFORM_ROWS(type, member) \
	OPT_STRING(type, member.platform, "platform", 0, "OS/ARCH[/VARIANT]", "an image for another machine: linux/arm64"), \
	OPT_STRING(type, member.arch, "arch", 0, "ARCH", "the same in parts: arm64"), \
	OPT_STRING(type, member.os, "os", 0, "OS", "… linux"), \
	OPT_STRING(type, member.variant, "variant", 0, "VARIANT", "… v7")
/* clang-format on */

/* All that asking a registry needs. */
struct registry {
	struct registry_settings settings;
	struct registries *registries;
	struct auth auth; /* of --creds */
	struct remote_options remote;
};
void registry_close(struct registry *r);
#define auto_registry __attribute__((cleanup(registry_close)))
#define NO_REGISTRY { .registries = NULL }

/* Read what there is to read. Return: 0, or -errno with @e filled; registry_close() is fine after both */
int registry_open(const struct call *c, const struct engine *g, const struct registry_options *o, struct registry *ret,
		  struct err *e);

/**
 * registry_name() - An image's name as it is at a registry
 * @text:	"docker://" before it is fine; other transports of podman's are refused
 * @ret:	What is left of @text
 *
 * Return: 0, or -EINVAL with @e filled
 */
int registry_name(const char *text, const char **ret, struct err *e);

/* Does a name as it was written have a tag or a digest? */
bool registry_has_tag(const char *name);

/**
 * registry_choose() - What a name that is short may mean: by the settings, or by asking on the terminal
 * @ret:	Owned by the call's arena
 *
 * Return: 0, or -errno with @e filled
 */
int registry_choose(const struct call *c, const struct registry *r, const char *name, const char **ret, struct err *e);

/* The policy for what comes in; NULL: there is none. Return: 0, or -errno with @e filled; image_policy_free() is the caller's */
int registry_policy(struct image_policy **ret, struct err *e);

struct pull_request {
	struct registry_options registry;
	struct platform_options platform;
	struct layer_limits limits;
	bool quiet;
};

/* Understand the platform. Return: whether one was given, or -EINVAL with @e filled */
int platform_read(const struct platform_options *o, struct image_platform *ret, struct err *e);

/**
 * registry_pull() - Pull one image, with its progress on standard error
 * @name:	Whole, as registry_choose() gives it
 *
 * Return: 0, or -errno with @e filled
 */
int registry_pull(const struct call *c, const struct engine *g, const struct registry *r, const char *name,
		  const struct pull_request *how, struct pull_result *ret, struct err *e);

#endif
