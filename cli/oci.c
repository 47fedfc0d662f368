// SPDX-License-Identifier: Apache-2.0
#include "cli/oci.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "runtime/relay.h"
#include "runtime/state.h"
#include "spec/spec.h"

#define DEFAULT_ROOT  "/run/paene-oci"
#define SECCOMP_CACHE ".seccomp" /* in the folder of states, where no id begins with a dot */

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

bool oci_maps_us(const struct spec *s)
{
	const struct spec_id_maps *maps = &s->linux_.uid_mappings;
	uid_t us = geteuid();

	for (size_t i = 0; i < maps->n; i++)
		if (us >= maps->v[i].host_id && us - maps->v[i].host_id < maps->v[i].size)
			return true;
	return us != 0;
}

int oci_open_cache(int root)
{
	(void)mkdirat(root, SECCOMP_CACHE, 0700); /* without the folder a filter is compiled anew */
	return openat(root, SECCOMP_CACHE, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int oci_wait(int pidfd, int console, struct err *e)
{
	bool terminal = console >= 0;
	struct relay relay = {
		.pidfd = pidfd,
		.console = console,
		.pipes = { -1, -1, -1 },
		.in = terminal ? STDIN_FILENO : -1,
		.out = terminal ? STDOUT_FILENO : -1,
		.err = -1,
		.raw = terminal && isatty(STDIN_FILENO),
		.pass_signals = true,
	};

	return relay_run(&relay, e);
}

int oci_names(const struct call *c, const char *arguments, struct strv *ret, struct err *e)
{
	auto_fd int root = str_after(arguments, "ID") ? oci_open_root(c, e) : -1;

	return root < 0 ? 0 : state_list(root, c->arena, ret, e);
}
