/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auth.h: who we are to a registry: the auth files that docker and podman keep, read and written as they do, and their
 * credential helpers.
 *
 * Looked for in this order, as containers-auth.json(5) has it: --authfile or $REGISTRY_AUTH_FILE alone; else
 * ${XDG_RUNTIME_DIR}/containers/auth.json (root: /run/containers/0/auth.json), ~/.config/containers/auth.json,
 * ~/.docker/config.json. Within a file the longest key that is a prefix of host/repository wins.
 */
#ifndef IMAGES_AUTH_H
#define IMAGES_AUTH_H

#include "images/fetch.h"

struct auth {
	char user[256];		/* "": anonymous; FETCH_IDENTITY_USER: an identity token */
	char password[FETCH_SECRET_MAX];
};
void auth_forget(struct auth *a); /* overwrites it */
#define auto_auth __attribute__((cleanup(auth_forget)))

struct auth_files {
	const char *path; /* the only one; NULL: those above */
	const char *home, *runtime_dir; /* of the user; NULL where there is none */
	bool root;
};

/* Return: 0 (@ret may be anonymous), or -errno with @e filled (a file or a helper is broken: which, why) */
int auth_find(const struct auth_files *files, const char *host, const char *repository, struct auth *ret, struct err *e);

/* Keep or forget credentials: in the file that `podman login` would write, mode 0600, by rename; or in its helper. */
int auth_store(const struct auth_files *files, const char *host, const struct auth *auth, struct err *e);
int auth_remove(const struct auth_files *files, const char *host, bool *ret_found, struct err *e);

/* PEM files for a host in /etc/paene/certs.d, /etc/containers/certs.d, /etc/docker/certs.d: fds; -1 where there is none. */
struct host_files {
	int ca, certificate, key;
};
int auth_host_files(const char *const *folders, size_t n, const char *host, struct host_files *ret, struct err *e);

#endif
