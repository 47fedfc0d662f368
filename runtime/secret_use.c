// SPDX-License-Identifier: Apache-2.0
/* Secrets in a container: --secret, and what it becomes when the container starts. */
#include <errno.h>

#include "base/path.h"
#include "runtime/secrets.h"

#define MODE_DEFAULT 0444
#define MODE_MAX     0777

static int to_mode(const char *text, uint32_t *ret)
{
	uint32_t mode = 0;
	size_t n = strlen(text);

	if (n == 0 || n > 4 || strspn(text, "01234567") != n)
		return -EINVAL;
	for (; *text; text++)
		mode = mode * 8 + (uint32_t)(*text - '0');
	*ret = mode;
	return mode > MODE_MAX ? -EINVAL : 0;
}

/* "KEY=VALUE". Return: 0, or -EINVAL, -ENOMEM */
static int take_word(struct arena *a, const char *key, const char *value, struct secret_use *u)
{
	if (streq(key, "source") || streq(key, "src") || streq(key, "id"))
		u->name = arena_strdup(a, value);
	else if (streq(key, "target") || streq(key, "destination") || streq(key, "dst"))
		u->target = arena_strdup(a, value);
	else if (streq(key, "uid"))
		return str_to_id(value, &u->uid);
	else if (streq(key, "gid"))
		return str_to_id(value, &u->gid);
	else if (streq(key, "mode"))
		return to_mode(value, &u->mode);
	else if (streq(key, "type") && (streq(value, "mount") || streq(value, "env")))
		u->env = streq(value, "env");
	else
		return -EINVAL;
	return 0;
}

static int set_target(struct arena *a, struct secret_use *u, struct err *e)
{
	const char *target = u->target ? u->target : u->name;

	if (u->env && (!*target || strpbrk(target, "=\n")))
		return err_say(e, EINVAL, "%s is no name of a variable", target);
	if (u->env)
		u->target = arena_strdup(a, target);
	else if (*target != '/')
		u->target = arena_printf(a, SECRET_FOLDER "/%s", target);
	char *normal = u->target ? arena_alloc(a, strlen(u->target) + 2) : NULL;

	if (!normal)
		return err_nomem(e);
	if (u->env)
		return 0;
	path_normal(u->target, normal);
	u->target = normal;
	return streq(normal, "/") ? err_say(e, EINVAL, "its target is no file") : 0;
}

int secret_use_parse(struct arena *a, const char *word, struct secret_use *ret, struct err *e)
{
	char *text = arena_strdup(a, word), *rest = NULL;
	struct secret_use u = { .mode = MODE_DEFAULT };

	if (!text)
		return err_nomem(e);
	for (char *part = strtok_r(text, ",", &rest); part; part = strtok_r(NULL, ",", &rest)) {
		char *value = strchr(part, '=');

		if (value)
			*value++ = '\0';
		else if (!u.name)
			u.name = part;
		if (value && take_word(a, part, value, &u) < 0)
			return err_say(e, EINVAL, "--secret %s: %s=%s is not understood", word, part, value);
		if (!value && u.name != part)
			return err_say(e, EINVAL, "--secret %s: unknown part %s", word, part);
	}
	if (!u.name)
		return err_say(e, EINVAL, "--secret %s: it names none", word);
	int r = str_check_name(u.name, "secret name", e);

	if (r >= 0)
		r = set_target(a, &u, e);
	if (r < 0)
		return err_wrap(e, "--secret %s", word);
	*ret = u;
	return 0;
}

/* ---- at the start ---- */

static int add_variable(struct spec *spec, const struct secret_use *u, const char *data, size_t n, struct err *e)
{
	char *pair = arena_printf(&spec->arena, "%s=%s", u->target, data);

	if (strlen(data) != n)
		return err_say(e, EINVAL, "it has zero bytes, which no variable can hold");
	return pair && strv_set_env(&spec->arena, &spec->process.env, pair) == 0 ? 0 : err_nomem(e);
}

static int set_options(struct spec *spec, struct spec_mount *m, const char *const *words, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (strv_add(&spec->arena, &m->options, words[i]) < 0)
			return err_nomem(e);
	return 0;
}

/* A file in memory, of its own. */
static int add_file(struct spec *spec, const struct secret_use *u, const char *data, size_t n, struct spec_mount *m,
		    struct err *e)
{
	static const char *const words[] = { "bind", "ro", "nosuid", "nodev", "noexec" };
	struct spec_content *content = arena_alloc(&spec->arena, sizeof(*content));

	if (!content)
		return err_nomem(e);
	*content = (struct spec_content){ data, n, u->mode, u->uid, u->gid };
	*m = (struct spec_mount){
		.destination = u->target, .type = (char *)"bind", .source = (char *)"secret", .content = content,
	};
	return set_options(spec, m, words, ARRAY_SIZE(words), e);
}

/* No name of a secret is left in the container's layer: the usual folder is one of its own. */
static int add_folder(struct spec *spec, struct spec_mount *m, struct err *e)
{
	static const char *const words[] = { "ro", "nosuid", "nodev", "noexec", "mode=755", "size=64k" };

	*m = (struct spec_mount){
		.destination = (char *)SECRET_FOLDER, .type = (char *)"tmpfs", .source = (char *)"tmpfs",
	};
	return set_options(spec, m, words, ARRAY_SIZE(words), e);
}

static int add_one(const struct engine *g, const struct secret_use *u, struct spec *spec, struct err *e)
{
	auto_secret struct secret s = { 0 };
	struct spec_mounts *m = &spec->mounts;
	char *data;
	size_t n;
	int r = secret_load(g, u->name, &s, e);

	if (r >= 0)
		r = secret_data(&s, &spec->arena, &data, &n, e);
	if (r < 0)
		return r;
	return u->env ? add_variable(spec, u, data, n, e) : add_file(spec, u, data, n, &m->v[m->n++], e);
}

int secrets_add(const struct engine *g, const struct settings *s, struct spec *spec, struct err *e)
{
	struct spec_mounts *m = &spec->mounts;
	bool folder = false;
	int r = 0;

	if (!s->secrets.n)
		return 0;
	struct spec_mount *all = arena_array(&spec->arena, m->n + s->secrets.n + 1, sizeof(*all));

	if (!all)
		return err_nomem(e);
	if (m->n)
		memcpy(all, m->v, m->n * sizeof(*all));
	m->v = all;
	for (size_t i = 0; i < s->secrets.n; i++)
		folder |= !s->secrets.v[i].env && str_after(s->secrets.v[i].target, SECRET_FOLDER "/");
	if (folder)
		r = add_folder(spec, &m->v[m->n++], e);
	for (size_t i = 0; i < s->secrets.n && r >= 0; i++)
		r = add_one(g, &s->secrets.v[i], spec, e);
	return r;
}

int secrets_add_env(const struct engine *g, const struct settings *s, struct spec *spec, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < s->secrets.n && r >= 0; i++) {
		r = s->secrets.v[i].env ? add_one(g, &s->secrets.v[i], spec, e) : 0;
		r = r == -ENOENT ? 0 : r;
	}
	return r;
}
