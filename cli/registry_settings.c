// SPDX-License-Identifier: Apache-2.0
#include "cli/registry_settings.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/conf_files.h"
#include "runtime/rootless.h"

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
	if (own)
		ret->files[ret->n_files++] = own;
	ret->files[ret->n_files++] = "/etc/paene/registries.json";
	return take_authfile(authfile, a, ret, e);
}
