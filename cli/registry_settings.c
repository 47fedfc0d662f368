// SPDX-License-Identifier: Apache-2.0
#include "cli/registry_settings.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/conf_files.h"
#include "runtime/rootless.h"

#define PODMAN_REGISTRIES "/etc/containers/registries.conf"

/* The file may be named from where we stand. */
static int take_authfile(const char *given, struct arena *a, struct registry_settings *ret, struct err *e)
{
	const char *variable = getenv("REGISTRY_AUTH_FILE"), *path = given ? given : variable;
	char here[PATH_MAX];

	if (!path || !*path)
		return given ? err_say(e, EINVAL, "--authfile needs the name of a file") : 0;
	if (*path == '/') {
		ret->session.auth.path = path;
		return 0;
	}
	if (!getcwd(here, sizeof(here)))
		return err_set(e, errno, "find the current folder");
	ret->session.auth.path = arena_printf(a, "%s/%s", here, path);
	return ret->session.auth.path ? 0 : err_nomem(e);
}

/* As podman looks for them: a user's file stands in place of the system's, and files in folders are added to either. */
static int take_podman(struct arena *a, struct registry_files *f, struct err *e)
{
	const char *variable = getenv("CONTAINERS_REGISTRIES_CONF"), *home = conf_folder("HOME");

	f->folders[f->n_folders++] = PODMAN_REGISTRIES ".d";
	if (home && rootless_is()) {
		char *file = arena_printf(a, "%s/.config/containers/registries.conf", home);
		char *folder = arena_printf(a, "%s/.config/containers/registries.conf.d", home);

		if (!file || !folder)
			return err_nomem(e);
		f->podman[f->n_podman++] = file;
		f->folders[f->n_folders++] = folder;
	}
	if (variable && *variable)
		f->podman[0] = variable;
	else
		f->podman[f->n_podman] = PODMAN_REGISTRIES;
	f->n_podman = variable && *variable ? 1 : f->n_podman + 1;
	return 0;
}

int registry_settings(const char *fetcher, const char *authfile, struct arena *a, struct registry_settings *ret,
		      struct err *e)
{
	char *own;
	int r = conf_own(a, "registries.json", &own, e);

	if (r < 0)
		return r;
	*ret = (struct registry_settings){
		.session = {
			.fetcher = fetcher,
			.auth = { .home = conf_folder("HOME"), .runtime_dir = conf_folder("XDG_RUNTIME_DIR"),
				  .config_dir = conf_folder("XDG_CONFIG_HOME"),
				  .docker_dir = conf_folder("DOCKER_CONFIG"), .root = !rootless_is(), .environment = environ },
			.certificates = { "/etc/paene/certs.d", "/etc/containers/certs.d", "/etc/docker/certs.d" },
			.n_certificates = 3,
			.retries = FETCH_RETRIES,
		},
	};
	struct registry_files *f = &ret->files;

	if (own)
		f->own[f->n_own++] = own;
	f->own[f->n_own++] = "/etc/paene/registries.json";
	r = take_podman(a, f, e);
	return r < 0 ? r : take_authfile(authfile, a, ret, e);
}
