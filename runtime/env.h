/* SPDX-License-Identifier: Apache-2.0 */
/* env.h: variables and other words as users give them: on a command line, and in files with one in a line. */
#ifndef RUNTIME_ENV_H
#define RUNTIME_ENV_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* "NAME=VALUE"; "NAME" has our own value, and where there is none is nothing. Return: 0, or -EINVAL and -ENOMEM with @e filled */
int env_set(struct arena *a, struct strv *env, const char *word, struct err *e);

/* Those of files, then those of words. Return: 0, or -errno with @e filled */
int env_add(struct arena *a, struct strv *env, const struct strv *files, const struct strv *words, struct err *e);

/* The lines of a file, but for empty ones and remarks (#), are added to @ret. Return: 0, or -errno with @e filled */
int env_read_lines(struct arena *a, const char *path, struct strv *ret, struct err *e);

#endif
