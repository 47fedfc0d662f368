/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auth_file.h: one auth file: {"auths": {KEY: {"auth": BASE64}}, "credHelpers": {KEY: NAME}, "credsStore": NAME}. What else is
 * in it stays there. Internal to auth.c.
 */
#ifndef IMAGES_AUTH_FILE_H
#define IMAGES_AUTH_FILE_H

#include <jansson.h>

#include "images/auth.h"
#include "spec/decode.h"

struct auth_entry {
	char *key;
	char *auth, *identity_token;
	char *user, *password; /* some programs write them plainly */
};

struct auth_file {
	struct arena arena;
	json_t *whole; /* all of it; NULL: there is no such file */
	struct {
		struct auth_entry *v;
		size_t n;
	} entries;
	struct spec_map helpers;
	char *store;
};
void auth_file_close(struct auth_file *f);
#define auto_auth_file __attribute__((cleanup(auth_file_close)))

/* Nothing of the text gets into an error. Return: 1, 0 where there is no such file, or -errno with @e filled */
int auth_file_read(const char *path, struct auth_file *ret, struct err *e);

/**
 * auth_file_find() - The entry for a host or a repository
 * @host:	As in names of images; the keys that docker has for docker.io count as that
 * @repository:	NULL: of the host alone
 *
 * Return: the entry, or NULL
 */
const struct auth_entry *auth_file_find(const struct auth_file *f, const char *host, const char *repository);

/* What an entry says; an empty one is anonymous. Return: 0, or -EINVAL with @e filled */
int auth_entry_read(const struct auth_entry *entry, struct auth *ret, struct err *e);

/* Is it the key of docker.io, or of this host, in one of the forms that there have been? */
bool auth_key_is(const char *key, const char *of);

/* A helper's name for exactly this key, else the one for all; NULL: none. */
const char *auth_file_helper(const struct auth_file *f, const char *key);

/*
 * Changes to a file, under a lock of its folder: @change gets all of it, an empty object where it was not there. It is
 * written where @change returns more than 0. Return: @change's result, or -errno with @e filled
 */
int auth_file_change(const char *path, int (*change)(json_t *whole, void *arg, struct err *e), void *arg, struct err *e);

#endif
