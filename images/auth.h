/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auth.h: who we are to a registry: the auth files that docker and podman keep, read and written as they do, and their
 * credential helpers.
 *
 * Looked for in this order, as containers-auth.json(5) has it: --authfile or $REGISTRY_AUTH_FILE alone; else
 * $XDG_RUNTIME_DIR/containers/auth.json (without it, for root: /run/containers/0/auth.json),
 * $XDG_CONFIG_HOME/containers/auth.json (~/.config), $DOCKER_CONFIG/config.json (~/.docker). In a file the helper that it names for a host (credHelpers) goes first, then the one for all
 * (credsStore), then what it holds itself; the longest key that is a host or the beginning of host/repository, in whole words,
 * wins.
 *
 * No secret gets into a command line, an environment or an error. What a helper answers is read here and not behind walls: it
 * is the user's own program.
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
	const char *config_dir, *docker_dir; /* the same; NULL: the usual ones in home */
	bool root;
	char *const *environment; /* for helpers, which are found by its PATH; ends with NULL; NULL: none can be run */
};

/* Return: 0 (@ret may be anonymous), or -errno with @e filled (a file or a helper is broken: which, why) */
int auth_find(const struct auth_files *files, const char *host, const char *repository, struct auth *ret, struct err *e);

/* "HOST" or "HOST/REPOSITORY", as keys of auth files are; "https://HOST/" too. Return: 0, or -EINVAL with @e filled */
#define AUTH_KEY_MAX 520
int auth_key(const char *text, char ret[AUTH_KEY_MAX], struct err *e);

/**
 * auth_store() - Keep credentials in the file that `podman login` would write, mode 0600, by rename; or in its helper
 * @key:	From auth_key()
 *
 * Return: 0, or -errno with @e filled
 */
int auth_store(const struct auth_files *files, const char *key, const struct auth *auth, struct err *e);

/**
 * auth_remove() - Forget them there
 * @key:	From auth_key(); NULL: all that the file and its helpers hold
 * @ret_found:	Was there anything?
 *
 * Return: 0, or -errno with @e filled
 */
int auth_remove(const struct auth_files *files, const char *key, bool *ret_found, struct err *e);

/* Where auth_store() writes, for messages. Return: 0, or -errno with @e filled: there is no such place */
int auth_path(const struct auth_files *files, char *ret, size_t size, struct err *e);

/* PEM files for a host in /etc/paene/certs.d, /etc/containers/certs.d, /etc/docker/certs.d: fds; -1 where there is none. */
struct host_files {
	int ca, certificate, key;
};
#define HOST_FILES_NONE { -1, -1, -1 }
void host_files_close(struct host_files *f);
#define auto_host_files __attribute__((cleanup(host_files_close)))

/**
 * auth_host_files() - What is to be trusted and shown where a host is spoken with
 * @folders:	certs.d, the first one that has a folder HOST counts: in it the first *.crt, and NAME.cert with NAME.key
 *
 * Return: 0, or -errno with @e filled (a certificate without its key, or a key without its certificate)
 */
int auth_host_files(const char *const *folders, size_t n, const char *host, struct host_files *ret, struct err *e);

#endif
