/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auth_helper.h: programs that keep credentials: docker-credential-NAME (docker's credential helpers protocol: a word on the
 * command line, the rest on standard input, the answer on standard output). Internal to auth.c.
 */
#ifndef IMAGES_AUTH_HELPER_H
#define IMAGES_AUTH_HELPER_H

#include "images/auth.h"

/* @server: what it is kept under. Return: 1, 0 where the helper has nothing, or -errno with @e filled */
int auth_helper_get(const char *name, char *const *environment, const char *server, struct auth *ret, struct err *e);
int auth_helper_erase(const char *name, char *const *environment, const char *server, struct err *e);

/* Return: 0, or -errno with @e filled */
int auth_helper_store(const char *name, char *const *environment, const char *server, const struct auth *auth, struct err *e);

/* What it says to `get`. Nothing of it gets into an error. Return: 1, 0 where that is nothing, or -errno with @e filled */
int auth_helper_answer(const char *text, struct auth *ret, struct err *e);

#endif
