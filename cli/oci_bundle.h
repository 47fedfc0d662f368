/* SPDX-License-Identifier: Apache-2.0 */
/* oci_bundle.h: from a bundle's folder to a request to make its container: what `create` and `run` have in common. */
#ifndef CLI_OCI_BUNDLE_H
#define CLI_OCI_BUNDLE_H

#include <limits.h>

#include "cli/args.h"
#include "runtime/create.h"

struct bundle_options {
	const char *bundle, *pid_file, *console_socket, *pidfd_socket, *preserve_fds;
	bool no_pivot, no_new_keyring;
};

/* Their rows; @type has them as its member `bundle`. */
/* clang-format off */
#define BUNDLE_ROWS(type) \
	OPT_STRING(type, bundle.bundle, "bundle", 'b', "DIR", "the bundle's folder; default: the current one"), \
	OPT_STRING(type, bundle.pid_file, "pid-file", 0, "FILE", "write the pid of the first process there"), \
	OPT_STRING(type, bundle.console_socket, "console-socket", 0, "SOCKET", \
		   "send the terminal to who listens on this socket"), \
	OPT_STRING(type, bundle.pidfd_socket, "pidfd-socket", 0, "SOCKET", \
		   "send a pidfd of the first process to who listens on this socket"), \
	OPT_STRING(type, bundle.preserve_fds, "preserve-fds", 0, "N", "hand on N descriptors, from 3 on"), \
	OPT_FLAG(type, bundle.no_pivot, "no-pivot", 0, "enter the root without pivot_root: for a root on a ramdisk"), \
	OPT_FLAG(type, bundle.no_new_keyring, "no-new-keyring", 0, "keep the caller's session keyring")
/* clang-format on */

struct bundle {
	struct spec spec;
	char *config; /* the text of the configuration */
	char path[PATH_MAX];
	int root;	   /* folder of states */
	int seccomp_cache; /* folder of compiled filters, -1: none */
	int seal;	   /* for the plan, -1: none */
	struct debug debug;
	struct create_request request;
};

/**
 * bundle_open() - Read a bundle's configuration and fill in what to ask for
 * @id:		The container's id
 * @ret:	To be freed with bundle_close(), after a failure too; must not be moved: the request points into it
 *
 * Return: 0, or -errno with @e filled
 */
int bundle_open(const struct call *c, const struct bundle_options *o, const char *id, struct bundle *ret, struct err *e);
void bundle_close(struct bundle *b);
#define auto_bundle __attribute__((cleanup(bundle_close)))
#define BUNDLE_NONE { .root = -1, .seccomp_cache = -1, .seal = -1 }

#endif
