// SPDX-License-Identifier: Apache-2.0
/* From a file to a service: what all kinds have in common. */
#include "cli/quadlet/quadlet.h"

#include <errno.h>
#include <stdarg.h>

#include "base/fd.h"
#include "cli/nearest.h"
#include "cli/unit_words.h"

static const char *const systemd_sections[] = { "Unit", "Service", "Install" };

int quadlet_wrong(const struct unit_line *l, struct err *e, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX / 2];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_say(e, EINVAL, "%s:%u: %s", l->file, l->line, text);
}

int quadlet_add(struct quadlet *q, const char *file, const char *path, struct quadlet_unit **ret, struct err *e)
{
	const char *dot = strrchr(file, '.');
	enum quadlet_type type = 0;

	*ret = NULL;
	while (dot && type < QUADLET_TYPES && !streq(dot + 1, key_tables[type].suffix))
		type++;
	if (!dot || dot == file || type == QUADLET_TYPES)
		return 0;
	if (q->n == q->room) {
		size_t room = q->room ? 2 * q->room : 16;
		struct quadlet_unit *v = arena_array(q->a, room, sizeof(*v));

		if (!v)
			return err_nomem(e);
		if (q->n)
			memcpy(v, q->v, q->n * sizeof(*v));
		q->v = v;
		q->room = room;
	}
	*ret = &q->v[q->n++];
	**ret = (struct quadlet_unit){ .file = file, .path = path, .type = type };
	return 0;
}

/* The name of the thing, where the file says it. */
static const struct unit_line *own_name(const struct quadlet_unit *u)
{
	static const char *const keys[QUADLET_TYPES] = { "ContainerName", "VolumeName", "NetworkName", "Image", "PodName" };
	const struct unit_line *tag = u->type == QUADLET_IMAGE ? unit_last(&u->text, "Image", "ImageTag") : NULL;

	return tag ? tag : unit_last(&u->text, key_tables[u->type].section, keys[u->type]);
}

int quadlet_name(struct quadlet *q, struct quadlet_unit *u, struct err *e)
{
	const struct key_table *t = &key_tables[u->type];
	const struct unit_line *service = unit_last(&u->text, t->section, "ServiceName"), *name = own_name(u);
	int n = (int)(strlen(u->file) - strlen(t->suffix) - 1);
	const char *at = memchr(u->file, '@', (size_t)n);

	if (service && strpbrk(service->value, "/ \t"))
		return quadlet_wrong(service, e, "a service has a name without slashes and blanks");
	if (service)
		u->service = arena_printf(q->a, "%s.service", service->value);
	else if (at) /* web@.container, web@1.container */
		u->service = arena_printf(q->a, "%.*s%s%.*s.service", (int)(at - u->file), u->file, t->service, n - (int)(at - u->file), at);
	else
		u->service = arena_printf(q->a, "%.*s%s.service", n, u->file, t->service);
	if (name)
		u->resource = arena_strdup(q->a, name->value);
	else if (at)
		u->resource = arena_strdup(q->a, "systemd-%p_%i");
	else
		u->resource = arena_printf(q->a, "systemd-%.*s", n, u->file);
	return u->service && u->resource ? 0 : err_nomem(e);
}

int quadlet_word(struct service *s, const char *word, struct err *e)
{
	return strv_add(s->q->a, &s->words, word) < 0 ? err_nomem(e) : 0;
}

int quadlet_option(struct service *s, const char *option, const char *value, struct err *e)
{
	char *name = arena_printf(s->q->a, "--%s", option);

	return name && strv_push(s->q->a, &s->words, name) == 0 ? quadlet_word(s, value, e) : err_nomem(e);
}

const char *quadlet_value(const struct service *s, const char *key)
{
	const struct unit_line *l = unit_last(&s->u->text, s->table->section, key);

	return l ? l->value : NULL;
}

int quadlet_all_words(struct service *s, const char *key, struct strv *ret, struct err *e)
{
	const struct unit_file *t = &s->u->text;
	int r = 0;

	for (size_t i = 0; r >= 0 && (i = unit_next(t, s->table->section, key, i)) < t->n; i++) {
		r = unit_split(s->q->a, t->v[i].value, ret, e);
		if (r < 0)
			return err_wrap(e, "%s:%u", t->v[i].file, t->v[i].line);
	}
	return r;
}

static int add_option(struct service *s, const struct key *k, const char *value, struct err *e)
{
	char *text = arena_printf(s->q->a, "%s%s", k->prefix ? k->prefix : "", value);

	return text ? quadlet_option(s, k->option, text, e) : err_nomem(e);
}

static int add_flag(struct service *s, const struct key *k, struct err *e)
{
	int on = unit_bool(&s->u->text, s->table->section, k->name, false, e);

	if (on < 0 || !quadlet_value(s, k->name))
		return on;
	if (k->kind == KEY_FLAG && k->prefix)
		return on ? quadlet_option(s, k->option, k->prefix, e) : 0;
	char *word = arena_printf(s->q->a, k->kind == KEY_BOOL ? "--%s=%s" : "--%s", k->option, on ? "true" : "false");

	if (!word)
		return err_nomem(e);
	return k->kind == KEY_BOOL || on ? quadlet_word(s, word, e) : 0;
}

static int add_list(struct service *s, const struct key *k, struct err *e)
{
	const struct unit_file *t = &s->u->text;
	struct strv words = { 0 };
	int r = k->kind == KEY_WORDS ? quadlet_all_words(s, k->name, &words, e) : 0;

	for (size_t i = 0; k->kind == KEY_LIST && r >= 0 && (i = unit_next(t, s->table->section, k->name, i)) < t->n; i++)
		if (strv_push(s->q->a, &words, (char *)t->v[i].value) < 0)
			r = err_nomem(e);
	for (size_t i = 0; i < words.n && r >= 0; i++)
		r = add_option(s, k, words.v[i], e);
	return r;
}

int quadlet_options(struct service *s, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < s->table->n && r >= 0; i++) {
		const struct key *k = &s->table->keys[i];
		const char *value = quadlet_value(s, k->name);

		if (k->kind == KEY_VALUE && value)
			r = add_option(s, k, value, e);
		else if (k->kind == KEY_FLAG || k->kind == KEY_BOOL)
			r = add_flag(s, k, e);
		else if (k->kind == KEY_LIST || k->kind == KEY_WORDS)
			r = add_list(s, k, e);
	}
	return r;
}

int quadlet_begin(struct service *s, const char *const *verb, struct err *e)
{
	struct strv globals = { 0 };
	int r = quadlet_word(s, s->q->program, e);

	if (r >= 0)
		r = quadlet_all_words(s, "GlobalArgs", &globals, e);
	for (size_t i = 0; i < globals.n && r >= 0; i++)
		r = quadlet_word(s, globals.v[i], e);
	for (; *verb && r >= 0; verb++)
		r = quadlet_word(s, *verb, e);
	return r;
}

int quadlet_print(struct service *s, FILE *out, const char *key, const char *const *verb, struct err *e)
{
	struct service other = { .q = s->q, .u = s->u, .table = s->table };
	int r = quadlet_begin(&other, verb, e);

	return r < 0 ? r : unit_print_words(out, key, &other.words, 0, e);
}

static int check_line(const struct service *s, const struct unit_line *l, struct err *e)
{
	struct nearest near = { .word = l->key };

	for (size_t i = 0; i < s->table->n; i++) {
		const struct key *k = &s->table->keys[i];

		nearest_try(&near, k->name);
		if (!streq(k->name, l->key))
			continue;
		if (k->kind == KEY_REFUSED && *l->value)
			return quadlet_wrong(l, e, "%s: %s", l->key, k->option);
		if (k->kind == KEY_UNUSED && *l->value && s->q->warn) {
			(void)quadlet_wrong(l, e, "%s= has no effect: %s", l->key, k->option);
			s->q->warn(e->text, s->q->warn_arg);
		}
		return 0;
	}
	return quadlet_wrong(l, e, "[%s] has no key %s%s%s%s", s->table->section, l->key, near.best ? "; did you mean " : "",
			     near.best ? near.best : "", near.best ? "?" : "");
}

/* A slip of the pen is not to be taken for something that holds. */
static int check(const struct service *s, struct err *e)
{
	const struct unit_file *t = &s->u->text;
	int r = 0;

	for (size_t i = 0; i < t->n && r >= 0; i++) {
		const struct unit_line *l = &t->v[i];
		bool known = str_after(l->section, "X-") || streq(l->section, "Quadlet");

		for (size_t k = 0; k < ARRAY_SIZE(systemd_sections); k++)
			known |= streq(l->section, systemd_sections[k]);
		if (streq(l->section, s->table->section))
			r = check_line(s, l, e);
		else if (!known)
			r = quadlet_wrong(l, e, "[%s] is no section of a .%s file", l->section, s->table->suffix);
	}
	return r;
}

/* Lines of the file's own, those of its section under a name that systemd passes over. */
static void print_own(const struct service *s, const char *section, FILE *out)
{
	const struct unit_file *t = &s->u->text;

	for (size_t i = 0; i < t->n; i++)
		if (streq(t->v[i].section, section))
			fprintf(out, "%s=%s\n", t->v[i].key, t->v[i].value);
}

static int print_unit(const struct service *s, FILE *out, struct err *e)
{
	int defaults = unit_bool(&s->u->text, "Quadlet", "DefaultDependencies", true, e);
	const struct strv path = { .v = (char **)&s->u->path, .n = 1 };

	if (defaults < 0)
		return defaults;
	fputs("# written by paene-quadlet\n[Unit]\n", out);
	int r = unit_print_words(out, "SourcePath", &path, UNIT_PERCENT, e);

	if (defaults && !s->q->user)
		fputs("Wants=network-online.target\nAfter=network-online.target\n", out);
	for (size_t i = 0; i < s->needs.n; i++)
		fprintf(out, "Requires=%s\nAfter=%s\n", s->needs.v[i], s->needs.v[i]);
	for (size_t i = 0; i < s->u->members.n; i++)
		fprintf(out, "Wants=%s\nBefore=%s\n", s->u->members.v[i], s->u->members.v[i]);
	print_own(s, "Unit", out);
	return r;
}

int quadlet_convert(struct quadlet *q, struct quadlet_unit *u, FILE *out, struct err *e)
{
	static int (*const kinds[QUADLET_TYPES])(struct service *s, FILE *out, struct err *e) = {
		quadlet_container, quadlet_once, quadlet_once, quadlet_once, quadlet_pod,
	};
	struct service s = { .q = q, .u = u, .table = &key_tables[u->type] };
	auto_free char *text = NULL;
	size_t size;
	FILE *lines = open_memstream(&text, &size);

	if (!lines)
		return err_nomem(e);
	int r = check(&s, e);

	if (r >= 0)
		r = kinds[u->type](&s, lines, e);
	if (fclose(lines) != 0 && r >= 0)
		r = err_nomem(e);
	if (r >= 0)
		r = print_unit(&s, out, e);
	if (r < 0)
		return r;
	fprintf(out, "\n[Service]\n%s", text); /* ours first: what the file says counts more */
	print_own(&s, "Service", out);
	fputs("\n[Install]\n", out);
	print_own(&s, "Install", out);
	return 0;
}
