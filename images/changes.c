// SPDX-License-Identifier: Apache-2.0
#include "images/changes.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <strings.h>

#include "base/proc.h"
#include "spec/text.h"

#define BLANKS " \t"

/* An instruction's words, and where they go. */
struct change {
	const char *words; /* what follows the keyword; not empty */
	struct arena *arena;
	struct image_defaults *to;
};

/* ["a", "b"]. Return: 1, 0 where it is not written like that, or -errno with @e filled */
static int take_array(const struct change *c, struct strv *ret, struct err *e)
{
	json_auto_t *array = NULL;
	struct strv list = { 0 };

	if (*c->words != '[')
		return 0;
	int r = json_from_text(c->words, strlen(c->words), &array, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *word = json_string_value(json_array_get(array, i));

		if (!word)
			return err_say(e, EINVAL, "a list in brackets holds strings in double quotes");
		if (strv_add(c->arena, &list, word) < 0)
			return err_nomem(e);
	}
	*ret = list;
	return 1;
}

/* A command: a list, or a line for the shell. */
static int take_command(const struct change *c, struct strv *ret, struct err *e)
{
	const char *const line[] = { "/bin/sh", "-c", c->words };
	struct strv list = { 0 };
	int r = take_array(c, ret, e);

	if (r != 0)
		return r < 0 ? r : 0;
	for (size_t i = 0; i < ARRAY_SIZE(line); i++)
		if (strv_add(c->arena, &list, line[i]) < 0)
			return err_nomem(e);
	*ret = list;
	return 0;
}

/* The next word, without its quotes and backslashes. Return: NULL at the end, or where there is no memory */
static char *next_word(struct arena *a, const char **at)
{
	const char *p = *at + strspn(*at, BLANKS);
	char *word = *p ? arena_alloc(a, strlen(p) + 1) : NULL;
	char quote = '\0';
	size_t n = 0;

	for (; word && *p && (quote || !strchr(BLANKS, *p)); p++) {
		if (*p == quote) {
			quote = '\0';
		} else if (!quote && (*p == '"' || *p == '\'')) {
			quote = *p;
		} else {
			p += *p == '\\' && quote != '\'' && p[1];
			word[n++] = *p;
		}
	}
	*at = p;
	return word;
}

typedef int (*pair_taker)(const struct change *c, char *name, const char *value, struct err *e);

/* NAME=VALUE NAME=VALUE…, or one as NAME VALUE. */
static int take_pairs(const struct change *c, pair_taker take, struct err *e)
{
	const char *at = c->words;
	char *word = next_word(c->arena, &at);
	int r = 0;

	if (word && *word && !strchr(word, '=') && at[strspn(at, BLANKS)])
		return take(c, word, at + strspn(at, BLANKS), e);
	for (; word && r == 0; word = next_word(c->arena, &at)) {
		char *eq = strchr(word, '=');

		if (!eq || eq == word)
			return err_say(e, EINVAL, "\"%s\" is no NAME=VALUE", word);
		*eq = '\0';
		r = take(c, word, eq + 1, e);
	}
	return r;
}

static int take_variable(const struct change *c, char *name, const char *value, struct err *e)
{
	char *pair = arena_printf(c->arena, "%s=%s", name, value);

	return pair && strv_set_env(c->arena, &c->to->env, pair) == 0 ? 0 : err_nomem(e);
}

static int take_label(const struct change *c, char *name, const char *value, struct err *e)
{
	struct spec_map *m = &c->to->labels;
	char *copy = arena_strdup(c->arena, value);
	struct spec_pair *v = arena_array(c->arena, m->n + 1, sizeof(*v));
	size_t i = 0;

	if (!copy || !v)
		return err_nomem(e);
	while (i < m->n && !streq(m->v[i].key, name))
		i++;
	if (m->n)
		memcpy(v, m->v, m->n * sizeof(*v));
	v[i] = (struct spec_pair){ .key = name, .value = copy };
	m->v = v;
	m->n += i == m->n;
	return 0;
}

/* Words of a set: those that are there already do not come twice. */
static int take_set(const struct change *c, struct strv *set, struct err *e)
{
	struct strv list = { 0 };
	const char *at = c->words;
	char *word;
	int r = take_array(c, &list, e);

	while (r == 0 && (word = next_word(c->arena, &at)))
		r = strv_push(c->arena, &list, word) < 0 ? err_nomem(e) : 0;
	for (size_t i = 0; r >= 0 && i < list.n; i++) {
		size_t k = 0;

		while (k < set->n && !streq(set->v[k], list.v[i]))
			k++;
		if (k == set->n && strv_push(c->arena, set, list.v[i]) < 0)
			r = err_nomem(e);
	}
	return r < 0 ? r : 0;
}

static int take_text(const struct change *c, char **ret, struct err *e)
{
	*ret = arena_strdup(c->arena, c->words);
	return *ret ? 0 : err_nomem(e);
}

static int change_cmd(const struct change *c, struct err *e)
{
	return take_command(c, &c->to->cmd, e);
}

static int change_entrypoint(const struct change *c, struct err *e)
{
	c->to->cmd = (struct strv){ 0 };
	return take_command(c, &c->to->entrypoint, e);
}

static int change_env(const struct change *c, struct err *e)
{
	return take_pairs(c, take_variable, e);
}

static int change_expose(const struct change *c, struct err *e)
{
	return take_set(c, &c->to->exposed_ports, e);
}

static int change_label(const struct change *c, struct err *e)
{
	return take_pairs(c, take_label, e);
}

static int change_signal(const struct change *c, struct err *e)
{
	if (proc_signal_number(c->words) < 0)
		return err_say(e, EINVAL, "there is no such signal");
	return take_text(c, &c->to->stop_signal, e);
}

static int change_user(const struct change *c, struct err *e)
{
	return take_text(c, &c->to->user, e);
}

static int change_volume(const struct change *c, struct err *e)
{
	return take_set(c, &c->to->volumes, e);
}

static int change_workdir(const struct change *c, struct err *e)
{
	if (*c->words != '/')
		return err_say(e, EINVAL, "it must be absolute");
	return take_text(c, &c->to->working_dir, e);
}

static const struct {
	const char *keyword;
	int (*take)(const struct change *c, struct err *e);
} instructions[] = {
	{ "CMD", change_cmd },	     { "ENTRYPOINT", change_entrypoint }, { "ENV", change_env },
	{ "EXPOSE", change_expose }, { "LABEL", change_label },		  { "STOPSIGNAL", change_signal },
	{ "USER", change_user },     { "VOLUME", change_volume },	  { "WORKDIR", change_workdir },
};

int change_apply(const char *text, struct arena *a, struct image_defaults *d, struct err *e)
{
	const char *p = text + strspn(text, BLANKS);
	size_t n = strcspn(p, BLANKS "=");
	const char *words = p + n + (p[n] != '\0');
	const struct change c = { .words = words + strspn(words, BLANKS), .arena = a, .to = d };

	for (size_t i = 0; i < ARRAY_SIZE(instructions); i++) {
		if (strlen(instructions[i].keyword) != n || strncasecmp(p, instructions[i].keyword, n) != 0)
			continue;
		int r = *c.words ? instructions[i].take(&c, e) : err_say(e, EINVAL, "it says nothing");

		return r < 0 ? err_wrap(e, "--change \"%s\"", text) : 0;
	}
	err_say(e, EINVAL, "--change \"%s\"", text);
	return err_hint(e, "known are CMD ENTRYPOINT ENV EXPOSE LABEL STOPSIGNAL USER VOLUME WORKDIR");
}
