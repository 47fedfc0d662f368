// SPDX-License-Identifier: Apache-2.0
#include "cli/registry_settings.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

/* Of a variable that holds a folder; one that is empty or relative is as good as none (XDG base directories). */
static const char *folder(const char *name)
{
	const char *value = getenv(name);

	return value && *value == '/' ? value : NULL;
}

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
	const char *home = folder("HOME"), *config = folder("XDG_CONFIG_HOME");
	char *own = NULL;

	if (config)
		own = arena_printf(a, "%s/paene/registries.json", config);
	else if (home)
		own = arena_printf(a, "%s/.config/paene/registries.json", home);
	if ((config || home) && !own)
		return err_nomem(e);
	*ret = (struct registry_settings){
		.session = {
			.fetcher = fetcher,
			.auth = { .home = home, .runtime_dir = folder("XDG_RUNTIME_DIR"), .config_dir = config,
				  .docker_dir = folder("DOCKER_CONFIG"), .root = geteuid() == 0, .environment = environ },
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
