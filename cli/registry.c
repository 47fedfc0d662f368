// SPDX-License-Identifier: Apache-2.0
#include "cli/registry.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/output.h"
#include "cli/progress.h"
#include "cli/prompt.h"

#define RETRIES_MAX 1000

/* ---- settings and credentials ---- */

static int read_creds(const char *text, struct auth *ret, struct err *e)
{
	size_t user = strcspn(text, ":");

	if (user == 0 || user >= sizeof(ret->user))
		return err_say(e, EINVAL, "--creds: it is NAME[:PASSWORD]");
	memcpy(ret->user, text, user);
	if (!text[user]) {
		int r = prompt_line("Password: ", true, ret->password, sizeof(ret->password), e);

		return r == -ENOTTY ? err_hint(e, "give --creds NAME:PASSWORD, or `paene login` before") : r;
	}
	if (strlen(text + user + 1) >= sizeof(ret->password))
		return err_say(e, EINVAL, "--creds: the password is too long");
	snprintf(ret->password, sizeof(ret->password), "%s", text + user + 1);
	return 0;
}

static int take_options(const struct registry_options *o, struct registry *ret, struct err *e)
{
	uint64_t retries;
	int r = 0;

	ret->remote = (struct remote_options){
		.registries = ret->registries, .session = &ret->settings.session, .plain = o->tls_verify == SWITCH_OFF,
	};
	if (o->retry && str_to_u64(o->retry, RETRIES_MAX, &retries) < 0)
		return err_say(e, EINVAL, "--retry %s: a number from 0 to %d, please", o->retry, RETRIES_MAX);
	if (o->retry)
		ret->settings.session.retries = (uint32_t)retries;
	if (o->creds) {
		r = read_creds(o->creds, &ret->auth, e);
		ret->remote.as = &ret->auth;
	}
	return r;
}

int registry_open(const struct call *c, const struct engine *g, const struct registry_options *o, struct registry *ret,
		  struct err *e)
{
	int r = registry_settings(g->fetcher, o->authfile, c->arena, &ret->settings, e);

	if (r >= 0)
		r = registries_read(&ret->settings.files, &ret->registries, e);
	return r < 0 ? r : take_options(o, ret, e);
}

void registry_close(struct registry *r)
{
	registries_free(r->registries);
	auth_forget(&r->auth);
}

/* ---- names ---- */

int registry_name(const char *text, const char **ret, struct err *e)
{
	static const char *const others[] = {
		"oci:", "oci-archive:", "docker-archive:", "dir:", "docker-daemon:", "containers-storage:", "ostree:", "sif:",
	};
	const char *rest = str_after(text, "docker://");

	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		if (!str_after(text, others[i]))
			continue;
		err_say(e, EINVAL, "%s: %s names no registry", text, others[i]);
		return err_hint(e, "`paene load -i FILE` takes in archives and layouts");
	}
	if (!rest && strstr(text, "://")) {
		err_say(e, EINVAL, "%s is a URL", text);
		return err_hint(e, "an image is named HOST/NAME:TAG");
	}
	*ret = rest ? rest : text;
	return 0;
}

bool registry_has_tag(const char *name)
{
	const char *slash = strrchr(name, '/');

	return strpbrk(slash ? slash : name, ":@") != NULL;
}

static int ask(const char *name, const struct strv *candidates, const char **ret, struct err *e)
{
	char answer[16];
	uint64_t chosen;

	fprintf(stderr, "%s may be:\n", name);
	for (size_t i = 0; i < candidates->n; i++)
		fprintf(stderr, "  %zu  %s\n", i + 1, candidates->v[i]);
	int r = prompt_line("Number: ", false, answer, sizeof(answer), e);

	if (r < 0)
		return r;
	if (str_to_u64(answer, candidates->n, &chosen) < 0 || chosen == 0)
		return err_say(e, EINVAL, "there is no such number");
	*ret = candidates->v[chosen - 1];
	return 0;
}

int registry_choose(const struct call *c, const struct registry *r, const char *name, const char **ret, struct err *e)
{
	struct strv candidates;
	int n = registry_name(name, &name, e);

	if (n >= 0)
		n = registries_candidates(r->registries, name, c->arena, &candidates, e);
	if (n < 0)
		return n;
	*ret = candidates.v[0];
	if (n == 1)
		return 0;
	if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO))
		return ask(name, &candidates, ret, e);
	err_say(e, EINVAL, "%s is a short name: it may be %s or %s%s", name, candidates.v[0], candidates.v[1], n > 2 ? " …" : "");
	return err_hint(e, "give the whole name, or an alias in registries.json");
}

/* ---- the pull ---- */

static int take_word(char *field, size_t size, const char *word, const char *option, struct err *e)
{
	if (!word)
		return 0;
	if (!*word || strlen(word) >= size || strchr(word, '/'))
		return err_say(e, EINVAL, "--%s \"%s\": there is no such thing", option, word);
	snprintf(field, size, "%s", word);
	return 0;
}

int platform_read(const struct platform_options *o, struct image_platform *ret, struct err *e)
{
	bool parts = o->os || o->arch || o->variant;

	platform_own(ret);
	if (o->platform && parts)
		return err_say(e, EINVAL, "--platform leaves no place for --os, --arch and --variant");
	if (o->platform) {
		int r = platform_parse(o->platform, ret, e);

		return r < 0 ? err_wrap(e, "--platform") : 1;
	}
	if (o->arch) /* of another machine: our own variant says nothing */
		ret->variant[0] = '\0';
	int r = take_word(ret->os, sizeof(ret->os), o->os, "os", e);

	if (r == 0)
		r = take_word(ret->architecture, sizeof(ret->architecture), o->arch, "arch", e);
	if (r == 0)
		r = take_word(ret->variant, sizeof(ret->variant), o->variant, "variant", e);
	platform_normalize(ret);
	return r < 0 ? r : parts;
}

int registry_policy(struct image_policy **ret, struct err *e)
{
	static const char *const files[] = { POLICY_FILE, POLICY_PODMAN_FILE };

	return image_policy_read(files, ARRAY_SIZE(files), ret, e);
}

static int pull(const struct engine *g, const struct image_ref *ref, const struct pull_options *how, struct progress *progress,
		struct pull_result *ret, struct err *e)
{
	int r = image_pull(&g->store, ref, how, ret, e);

	progress_end(progress, r >= 0 && !ret->fetched);
	return r;
}

int registry_pull(const struct call *c, const struct engine *g, const struct registry *r, const char *name,
		  const struct pull_request *how, struct pull_result *ret, struct err *e)
{
	struct progress progress;
	struct pull_options o = {
		.load = { .worker = g->worker, .rootless = g->rootless, .one_id = g->one_id, .progress = progress_show,
			  .progress_arg = &progress },
		.remote = r->remote,
	};
	struct image_policy *policy = NULL;
	struct image_ref ref;
	char text[IMAGE_REF_MAX];
	int code = platform_read(&how->platform, &o.platform, e);

	o.platform_given = code > 0;
	if (code >= 0)
		code = layer_limits_read(&how->limits, &o.load, e);
	if (code >= 0)
		code = image_ref_parse(name, &ref, e);
	if (code >= 0)
		code = registry_policy(&policy, e);
	if (code < 0)
		return code;
	o.policy = policy;
	image_ref_text(&ref, false, text);
	if (!how->quiet)
		fprintf(stderr, "Trying to pull %s...\n", text);
	progress_begin(&progress, how->quiet, PROGRESS_LINES);
	code = pull(g, &ref, &o, &progress, ret, e);
	image_policy_free(policy);
	if (code < 0)
		return code;
	verb_tell_image(g, EVENT_PULL, ret->id, text);
	if (ret->platform[0] && !how->quiet) {
		char *warning = arena_printf(c->arena, "%s is for %s, and this machine is none", text, ret->platform);

		output_warning(c, warning ? warning : text);
	}
	return 0;
}
