// SPDX-License-Identifier: Apache-2.0
#include "cli/conf_files.h"

#include <stdlib.h>

const char *conf_folder(const char *variable)
{
	const char *value = getenv(variable);

	return value && *value == '/' ? value : NULL;
}

int conf_own(struct arena *a, const char *name, char **ret, struct err *e)
{
	const char *home = conf_folder("HOME"), *config = conf_folder("XDG_CONFIG_HOME");

	*ret = NULL;
	if (config)
		*ret = arena_printf(a, "%s/paene/%s", config, name);
	else if (home)
		*ret = arena_printf(a, "%s/.config/paene/%s", home, name);
	return (config || home) && !*ret ? err_nomem(e) : 0;
}

int conf_files(struct arena *a, struct strv *ret, struct err *e)
{
	char *only = getenv("PAENE_CONF"), *own = NULL;
	int r = only ? 0 : conf_own(a, "paene.conf", &own, e);

	if (r == 0)
		r = strv_push(a, ret, only ? only : (char *)SETTINGS_FILE) < 0 ? err_nomem(e) : 0;
	if (r == 0 && own)
		r = strv_push(a, ret, own) < 0 ? err_nomem(e) : 0;
	return r;
}

int conf_read_all(struct arena *a, struct conf *ret, struct err *e)
{
	struct strv files = { 0 };
	int r = conf_files(a, &files, e);

	for (size_t i = 0; i < files.n && r >= 0; i++)
		r = conf_read(a, files.v[i], ret, e);
	return r < 0 ? r : 0;
}
