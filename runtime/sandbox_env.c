// SPDX-License-Identifier: Apache-2.0
/* What a sandbox is told: the caller's environment, without what looks like a secret or leads to one. */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/sandbox_parts.h"

/* Capitals do not matter. The last ones name places that a sandbox does not have. */
static const char *const secrets[] = {
	"*TOKEN*", "*SECRET*", "*PASSWORD*", "*PASSWD*", "*PASSPHRASE*", "*CREDENTIAL*", "*KEY*", "*COOKIE*", "*_AUTH*", "*_PAT",
	"*DATABASE_URL*", "*CONNECTION_STRING*", "AWS_*", "AZURE_*", "GCP_*", "GOOGLE_*", "VAULT_*", "KUBECONFIG", "DOCKER_*", "GPG_*",
	"SSH_*", "SUDO_*", "DBUS_*", "XDG_RUNTIME_DIR", "XDG_SESSION_*", "XAUTHORITY", "DISPLAY", "WAYLAND_*", "NOTIFY_SOCKET", "LISTEN_*",
	"CREDENTIALS_DIRECTORY", "JOURNAL_STREAM", "INVOCATION_ID", "PAENE_*",
};

bool sandbox_is_secret(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(secrets); i++)
		if (fnmatch(secrets[i], name, FNM_CASEFOLD) == 0)
			return true;
	return false;
}

static bool is_kept(const struct sandbox *s, const char *name)
{
	const struct strv *keep = &s->o->keep_env;

	for (size_t i = 0; i < keep->n; i++)
		if (fnmatch(keep->v[i], name, 0) == 0)
			return true;
	return !sandbox_is_secret(name);
}

/* -e NAME=VALUE, or NAME: ours, also one that is a secret. */
static int set(struct sandbox *s, const char *word)
{
	struct arena *a = &s->spec.arena;
	const char *value = strchr(word, '=') ? NULL : getenv(word);

	if (!strchr(word, '=') && !value)
		return 0;
	char *pair = value ? arena_printf(a, "%s=%s", word, value) : arena_strdup(a, word);

	return pair ? strv_set_env(a, &s->spec.process.env, pair) : -ENOMEM;
}

int sandbox_environment(struct sandbox *s, struct err *e)
{
	struct arena *a = &s->spec.arena;
	struct strv *env = &s->spec.process.env;
	int r = 0;

	for (char **v = environ; *v && r >= 0; v++) {
		char *name = arena_strndup(a, *v, strcspn(*v, "="));

		if (!name)
			return err_nomem(e);
		if (is_kept(s, name))
			r = strv_push(a, env, *v);
	}
	for (size_t i = 0; i < s->o->env.n && r >= 0; i++)
		r = set(s, s->o->env.v[i]);
	return r < 0 ? err_nomem(e) : 0;
}
