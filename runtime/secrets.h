/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secrets.h: small pieces of data that containers get and nobody else is shown: DATA/secrets/NAME, a file of JSON, mode 0600.
 *
 * A container's settings.json names its secrets; what they are is read at each start, and goes into a file of its own in the
 * container's memory (a tmpfs) or into its environment: it is in no file of the container's, in no image that is made of it.
 */
#ifndef RUNTIME_SECRETS_H
#define RUNTIME_SECRETS_H

#include "runtime/engine.h"

#define SECRET_MAX	 512000 /* bytes, as with podman */
#define SECRET_ID_LENGTH 25
#define SECRET_DRIVER	 "file" /* the only one */
#define SECRET_FOLDER	 "/run/secrets" /* in a container: where a target that is not absolute lies */

struct secret {
	struct arena arena;
	char *id, *name, *created, *updated;
	struct spec_map labels;
	char *base64; /* what it is */
};
void secret_free(struct secret *s);
#define auto_secret __attribute__((cleanup(secret_free)))

/**
 * secret_create() - Keep one
 * @s:		name and labels set by the caller; the rest is filled in, in its arena
 * @replace:	One of this name may be there: it goes, and the new one has its time of creation
 *
 * Return: 0, or -errno with @e filled (-EEXIST; -EINVAL: the name, or that it is empty; -EFBIG)
 */
int secret_create(const struct engine *g, struct secret *s, const void *data, size_t n, bool replace, struct err *e);

/* By its name, its id, or the first digits of that. Return: 0, or -ENOENT and others with @e filled */
int secret_load(const struct engine *g, const char *name, struct secret *ret, struct err *e);

/* What it is. @ret: in @a, with a zero after it. Return: 0, or -errno with @e filled */
int secret_data(const struct secret *s, struct arena *a, char **ret, size_t *ret_n, struct err *e);

/* Each one, by name. @f's result other than 0 ends the walk. */
int secret_each(const struct engine *g, int (*f)(const struct secret *s, void *arg, struct err *e), void *arg, struct err *e);

/* Return: 0, or -ENOENT and others with @e filled */
int secret_remove(const struct engine *g, const char *name, struct err *e);

/**
 * secret_use_parse() - "NAME[,type=mount|env,target=TARGET,uid=ID,gid=ID,mode=OCTAL]"
 * @ret:	Strings in @a
 *
 * Return: 0, or -EINVAL and -ENOMEM with @e filled
 */
int secret_use_parse(struct arena *a, const char *word, struct secret_use *ret, struct err *e);

/**
 * secrets_add() - Put a container's secrets into the configuration of one run, which is written nowhere
 *
 * Return: 0, or -errno with @e filled (-ENOENT: one of them has been removed)
 */
int secrets_add(const struct engine *g, const struct settings *s, struct spec *spec, struct err *e);

/* The same for a further process of a container that runs: those that are variables. One that has been removed meanwhile is none. */
int secrets_add_env(const struct engine *g, const struct settings *s, struct spec *spec, struct err *e);

#endif
