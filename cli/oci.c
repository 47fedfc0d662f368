// SPDX-License-Identifier: Apache-2.0
#include "cli/oci.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "runtime/state.h"

#define DEFAULT_ROOT "/run/paene-oci"

/*
 * In a user namespace we are root in name only (podman without root starts us so): then /run is not ours to write, and the
 * user's own folder is the place.
 */
static const char *default_root(struct arena *a)
{
	const char *own = getenv("XDG_RUNTIME_DIR");

	if (own && *own && (geteuid() != 0 || access("/run", W_OK) < 0))
		return arena_printf(a, "%s/paene-oci", own);
	return DEFAULT_ROOT;
}

int oci_open_root(const struct call *c, struct err *e)
{
	const struct oci_globals *g = c->globals;
	const char *path = g->root ? g->root : default_root(c->arena);

	return path ? state_root(path, e) : err_nomem(e);
}

int oci_names(const struct call *c, const char *arguments, struct strv *ret, struct err *e)
{
	auto_fd int root = str_after(arguments, "ID") ? oci_open_root(c, e) : -1;

	return root < 0 ? 0 : state_list(root, c->arena, ret, e);
}
