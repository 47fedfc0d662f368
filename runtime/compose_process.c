// SPDX-License-Identifier: Apache-2.0
/* The process of a container of `paene`: its environment, its user, its folder. */
#include <ctype.h>
#include <errno.h>
#include <unistd.h>

#include "runtime/compose_parts.h"
#include "runtime/defaults.h"
#include "runtime/env.h"

#define UMASK_DEFAULT 0022
#define UMASK_MAX     0777

static int set_env(struct composition *c, const char *word, struct err *e)
{
	return env_set(&c->spec->arena, &c->spec->process.env, word, e);
}

/* Of what comes from us, the host and the image, not of what the user sets. */
static void unset_env(struct composition *c)
{
	struct strv *env = &c->spec->process.env;
	size_t kept = 0;

	for (size_t i = 0; i < env->n; i++) {
		size_t n = strcspn(env->v[i], "=");
		bool out = c->o->unset_all;

		for (size_t k = 0; k < c->o->unset_env.n; k++)
			out |= strlen(c->o->unset_env.v[k]) == n && memcmp(c->o->unset_env.v[k], env->v[i], n) == 0;
		if (!out)
			env->v[kept++] = env->v[i];
	}
	env->n = kept;
	if (env->v)
		env->v[kept] = NULL;
}

int compose_env(struct composition *c, struct err *e)
{
	static const char *const proxies[] = {
		"http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY",
	};
	const struct run_options *o = c->o;
	int r = set_env(c, "PATH=" DEFAULT_PATH, e);

	for (size_t i = 0; o->http_proxy && i < ARRAY_SIZE(proxies) && r >= 0; i++)
		r = set_env(c, proxies[i], e);
	for (char **host = environ; o->env_host && *host && r >= 0; host++)
		r = strchr(*host, '=') ? set_env(c, *host, e) : 0;
	if (r >= 0 && o->tty)
		r = set_env(c, "TERM=xterm", e);
	if (r >= 0)
		r = set_env(c, "container=paene", e);
	for (size_t i = 0; i < c->image.defaults.env.n && r >= 0; i++)
		if (strchr(c->image.defaults.env.v[i], '=')) /* never a value of the host for an image's bare name */
			r = set_env(c, c->image.defaults.env.v[i], e);
	if (r >= 0 && (o->unset_env.n || o->unset_all))
		unset_env(c);
	return r < 0 ? r : env_add(&c->spec->arena, &c->spec->process.env, &o->env_files, &o->env, e);
}

static bool has_control(const char *s)
{
	for (; *s; s++)
		if (iscntrl((unsigned char)*s))
			return true;
	return false;
}

static int take_umask(struct composition *c, struct err *e)
{
	const char *text = c->o->umask;
	uint32_t mask = text ? 0 : UMASK_DEFAULT;

	if (text && (!*text || strlen(text) > 4 || strspn(text, "01234567") != strlen(text)))
		return err_say(e, EINVAL, "--umask %s: an octal number such as 0022, please", text);
	for (; text && *text; text++)
		mask = mask * 8 + (uint32_t)(*text - '0');
	if (mask > UMASK_MAX)
		return err_say(e, EINVAL, "--umask %s: it is 0777 at most", c->o->umask);
	c->spec->process.user.umask = (struct opt_u32){ true, mask };
	return 0;
}

/* Names are the image's: they are looked up when it starts. */
static int take_groups(struct composition *c, struct err *e)
{
	for (size_t i = 0; i < c->o->groups.n; i++) {
		if (!*c->o->groups.v[i] || has_control(c->o->groups.v[i]))
			return err_say(e, EINVAL, "--group-add: a group has a name or a number");
		if (strv_add(&c->s->arena, &c->s->groups, c->o->groups.v[i]) < 0)
			return err_nomem(e);
	}
	return 0;
}

int compose_process(struct composition *c, struct err *e)
{
	struct spec_process *p = &c->spec->process;
	const char *user = c->o->user ? c->o->user : c->user ? c->user : c->image.defaults.user;
	const char *cwd = c->o->workdir ? c->o->workdir : c->image.defaults.working_dir;

	if (c->o->workdir && *c->o->workdir != '/')
		return err_say(e, EINVAL, "--workdir %s: it must be absolute", c->o->workdir);
	if (user && has_control(user))
		return err_say(e, EINVAL, "the user has control characters");
	p->given = true;
	p->terminal = c->o->tty;
	p->cwd = cwd && *cwd == '/' ? arena_strdup(&c->spec->arena, cwd)
				    : arena_printf(&c->spec->arena, "/%s", cwd ? cwd : "");
	p->user.username = arena_strdup(&c->spec->arena, user && *user ? user : "0");
	if (!p->cwd || !p->user.username)
		return err_nomem(e);
	int r = take_umask(c, e);

	return r < 0 ? r : take_groups(c, e);
}
