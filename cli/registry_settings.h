/* SPDX-License-Identifier: Apache-2.0 */
/* registry_settings.h: where settings, credentials and certificates for registries lie, by this command's environment. */
#ifndef CLI_REGISTRY_SETTINGS_H
#define CLI_REGISTRY_SETTINGS_H

#include "base/arena.h"
#include "images/auth.h"
#include "images/proxy.h"
#include "images/registries.h"

struct registry_settings {
	const char *files[2]; /* for registries_read() */
	size_t n_files;
	struct auth_files auth;
	const char *certificates[3]; /* for auth_host_files() */
	size_t n_certificates;
};

/**
 * registry_settings() - Look where things are; nothing is opened
 * @authfile:	As --authfile has it; NULL: not given
 * @a:		Owns the paths
 *
 * Return: 0, or -errno with @e filled
 */
int registry_settings(const char *authfile, struct arena *a, struct registry_settings *ret, struct err *e);

#endif
