/* SPDX-License-Identifier: Apache-2.0 */
/* registry_settings.h: where settings, credentials and certificates for registries lie, by this command's environment. */
#ifndef CLI_REGISTRY_SETTINGS_H
#define CLI_REGISTRY_SETTINGS_H

#include "base/arena.h"
#include "images/registries.h"
#include "images/session.h"

struct registry_settings {
	struct registry_files files;
	struct session_settings session;
};

/**
 * registry_settings() - Look where things are; nothing is opened
 * @fetcher:	Path of the paene-fetch program
 * @authfile:	As --authfile has it; NULL: not given
 * @a:		Owns the paths
 *
 * Return: 0, or -errno with @e filled
 */
int registry_settings(const char *fetcher, const char *authfile, struct arena *a, struct registry_settings *ret,
		      struct err *e);

#endif
