// SPDX-License-Identifier: Apache-2.0
#include "cli/args.h"

#include <errno.h>
#include <stdarg.h>

#include "cli/nearest.h"

#define RUNC_NO_HELP 3 /* runc's exit status then */

/* Options that every place understands; they fill the call itself. --version is the program's alone. */
static const struct option common_rows[] = {
	OPT_FLAG(struct call, help, "help", 'h', NULL),
	OPT_FLAG(struct call, version, "version", 'v', NULL),
};
static const struct options help_only = { common_rows, 1, sizeof(struct call) };
static const struct options help_and_version = { common_rows, 2, sizeof(struct call) };

/* Options, and the struct that they fill. */
struct scope {
	const struct options *options;
	void *target;
	bool *defaults; /* of each list: what is in it is the settings', and gives way to the command line; NULL: there are none */
};

struct parser {
	struct call *call;
	char **next;		/* the word to look at */
	struct scope scopes[2]; /* the first that knows an option has it */
	struct err *e;
};

struct found {
	const struct option *option;
	void *value;
	bool *is_default; /* see scope.defaults */
};

static bool find_option(const struct parser *p, const char *name, size_t n, char letter, struct found *ret)
{
	for (size_t s = 0; s < ARRAY_SIZE(p->scopes); s++)
		for (size_t i = 0; i < p->scopes[s].options->n; i++) {
			const struct option *o = &p->scopes[s].options->rows[i];
			bool same = letter ? o->letter == letter
					   : o->name && strlen(o->name) == n && memcmp(o->name, name, n) == 0;

			if (!same)
				continue;
			bool *defaults = p->scopes[s].defaults;

			*ret = (struct found){ o, (char *)p->scopes[s].target + o->offset, defaults ? defaults + i : NULL };
			return true;
		}
	return false;
}

/* A wrong command line: a sentence, and where the right words stand. Return: -EINVAL */
static int PRINTF_LIKE(2, 3) refuse(const struct parser *p, const char *fmt, ...)
{
	const struct call *c = p->call;
	char sentence[512], verb[ARGS_VERB_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	return err_say(p->e, EINVAL, "%s See `%s%s%s --help`", sentence, c->program->name, c->verb ? " " : "",
		       c->verb ? args_verb_name(c->verb, verb) : "");
}

static int unknown_option(const struct parser *p, const char *name, size_t n)
{
	struct nearest near = { .word = arena_strndup(p->call->arena, name, n) };

	if (!near.word)
		return err_nomem(p->e);
	for (size_t s = 0; s < ARRAY_SIZE(p->scopes); s++)
		for (size_t i = 0; i < p->scopes[s].options->n; i++)
			if (p->scopes[s].options->rows[i].name)
				nearest_try(&near, p->scopes[s].options->rows[i].name);
	if (near.best)
		return refuse(p, "unknown option --%s; did you mean --%s?", near.word, near.best);
	return refuse(p, "unknown option --%s.", near.word);
}

static int set_flag(const struct parser *p, const struct found *f, const char *text)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = { { "true", true }, { "false", false }, { "1", true }, { "0", false } };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!text || streq(text, words[i].word)) {
			if (f->option->kind == OPTION_FLAG)
				*(bool *)f->value = words[i].value;
			else
				*(enum switch_state *)f->value = words[i].value ? SWITCH_ON : SWITCH_OFF;
			return 0;
		}
	return err_say(p->e, EINVAL, "--%s is true or false, not \"%s\"", f->option->name, text);
}

/* @text: what stands in the same word; NULL: nothing */
static int set_value(struct parser *p, const struct found *f, char *text)
{
	if (!f->option->value)
		return set_flag(p, f, text);
	if (!text)
		text = *p->next ? *p->next++ : NULL;
	if (!text)
		return refuse(p, "option --%s requires an argument: %s.", f->option->name, f->option->value);
	if (f->option->kind == OPTION_LIST && f->is_default && *f->is_default) {
		*(struct strv *)f->value = (struct strv){ 0 };
		*f->is_default = false;
	}
	if (f->option->kind == OPTION_LIST)
		return strv_push(p->call->arena, f->value, text) < 0 ? err_nomem(p->e) : 0;
	*(const char **)f->value = text;
	return 0;
}

/* NAME or NAME=VALUE */
static int take_long(struct parser *p, char *text)
{
	size_t n = strcspn(text, "=");
	struct found f;

	if (!find_option(p, text, n, 0, &f))
		return unknown_option(p, text, n);
	return set_value(p, &f, text[n] ? text + n + 1 : NULL);
}

/* "it", "eNAME=VALUE", "e=NAME" */
static int take_letters(struct parser *p, char *text)
{
	struct found f;
	int r = 0;

	for (; *text && r >= 0; text++) {
		if (!find_option(p, NULL, 0, *text, &f))
			return refuse(p, "unknown option -%c.", *text);
		bool has_value = text[1] == '=' || (f.option->value && text[1]);

		if (has_value)
			return set_value(p, &f, text + (text[1] == '=' ? 2 : 1));
		r = set_value(p, &f, NULL);
	}
	return r;
}

static bool is_option(const char *word)
{
	return word[0] == '-' && word[1];
}

static int take_option(struct parser *p)
{
	char *word = *p->next++;
	struct found f;

	if (word[1] == '-')
		return take_long(p, word + 2);
	if ((p->call->program->flags & PROGRAM_SINGLE_DASH) && word[2] &&
	    find_option(p, word + 1, strcspn(word + 1, "="), 0, &f))
		return take_long(p, word + 1);
	return take_letters(p, word + 1);
}

/* Options up to the first word that is none. */
static int take_options(struct parser *p)
{
	int r = 0;

	while (r >= 0 && *p->next && is_option(*p->next) && !streq(*p->next, "--"))
		r = take_option(p);
	return r;
}

/* The verb's part of the line: what is no option is an argument, and moves to the front of the same array. */
static int take_rest(struct parser *p)
{
	bool options_end = false;
	char **args = p->next;
	size_t n = 0;

	p->call->args = args;
	while (*p->next) {
		if (!options_end && streq(*p->next, "--")) {
			options_end = true;
			p->next++;
		} else if (!options_end && is_option(*p->next)) {
			int r = take_option(p);

			if (r < 0)
				return r;
		} else {
			args[n++] = *p->next++;
			options_end |= (p->call->verb->flags & VERB_COMMAND) != 0;
		}
	}
	args[n] = NULL;
	p->call->n_args = n;
	return 0;
}

static int check_args(const struct parser *p)
{
	const struct call *c = p->call;
	const struct verb *v = c->verb;

	if (c->help || (c->n_args >= v->min_args && c->n_args <= v->max_args))
		return 0;
	if (c->n_args > v->max_args)
		return refuse(p, "there is no place for the argument \"%s\".", c->args[v->max_args]);
	return refuse(p, "an argument is missing: %s.", v->arguments);
}

/* Is it one of the words, which have blanks between? */
static bool has_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (; words && *words; words += strcspn(words, " "), words += *words == ' ')
		if (strcspn(words, " ") == n && memcmp(words, word, n) == 0)
			return n > 0;
	return false;
}

const struct verb *args_verb(const struct verbs *verbs, const char *name)
{
	for (size_t i = 0; i < verbs->n; i++)
		if (streq(verbs->v[i]->name, name) || has_word(verbs->v[i]->aliases, name))
			return verbs->v[i];
	return NULL;
}

const char *args_verb_name(const struct verb *v, char buf[ARGS_VERB_MAX])
{
	snprintf(buf, ARGS_VERB_MAX, "%s%s%s", v->above ? v->above->name : "", v->above ? " " : "", v->name);
	return buf;
}

int args_unknown_verb(const struct program *p, const struct verb *group, const char *name, struct err *e)
{
	const struct verbs *verbs = group ? &group->below : &p->verbs;
	struct nearest near = { .word = name };
	const char *why = p->absent ? p->absent(group ? group->name : NULL, name) : NULL;
	bool as_runc = p->flags & PROGRAM_RUNC_HELP;
	char sentence[256], place[64];

	for (size_t i = 0; i < verbs->n; i++)
		if (!(verbs->v[i]->flags & VERB_HIDDEN))
			nearest_try(&near, verbs->v[i]->name);
	snprintf(place, sizeof(place), "%s%s%s", p->name, group ? " " : "", group ? group->name : "");
	snprintf(sentence, sizeof(sentence), as_runc ? "No help topic for '%s'" : "there is no verb \"%s\"", name);
	if (why)
		err_say(e, EINVAL, "%s: %s", sentence, why);
	else if (near.best)
		err_say(e, EINVAL, "%s; did you mean `%s %s`? See `%s --help`", sentence, place, near.best, place);
	else
		err_say(e, EINVAL, "%s. See `%s --help`", sentence, place);
	return as_runc ? err_exit(e, RUNC_NO_HELP) : -EINVAL;
}

/* ---- settings ---- */

/* @shared: the section is another verb's, which may have options that this one has not. */
static int set_by_line(struct parser *p, const struct conf_line *l, bool shared)
{
	struct found f;

	if (!find_option(p, l->key, strlen(l->key), 0, &f) || !f.is_default) /* --help is not for settings */
		return shared ? 0 : unknown_option(p, l->key, strlen(l->key));
	bool list = f.option->kind == OPTION_LIST;

	if (l->adds && !list)
		return err_say(p->e, EINVAL, "%s += is for options that may be given more than once", l->key);
	if (list)
		return strv_push(p->call->arena, f.value, l->value) < 0 ? err_nomem(p->e) : 0;
	return set_value(p, &f, l->value);
}

/* Lines of a section: those of a kind. */
static int set_by_section(struct parser *p, const struct conf *conf, const char *section, bool shared, bool adds)
{
	int r = 0;

	for (size_t i = 0; i < conf->n && r >= 0; i++) {
		const struct conf_line *l = &conf->v[i];

		if (l->adds != adds || !streq(l->section, section))
			continue;
		r = set_by_line(p, l, shared);
		if (r < 0)
			return err_wrap(p->e, "%s:%u", l->file, l->line);
	}
	return r;
}

static int set_by_conf(struct parser *p, const struct conf *conf, bool adds)
{
	const struct verb *v = p->call->verb;
	char name[ARGS_VERB_MAX];
	int r = v && v->settings ? set_by_section(p, conf, v->settings, true, adds) : 0;

	return r < 0 ? r : set_by_section(p, conf, v ? args_verb_name(v, name) : p->call->program->name, false, adds);
}

/* What is in lists now gives way to the command line. */
static void mark_defaults(struct scope *s)
{
	for (size_t i = 0; s->defaults && i < s->options->n; i++)
		if (s->options->rows[i].kind == OPTION_LIST)
			s->defaults[i] = ((struct strv *)(void *)((char *)s->target + s->options->rows[i].offset))->n > 0;
}

/* A section that no verb has: a slip of the pen is not to be taken for a rule that holds. */
static int check_sections(const struct program *p, const struct conf *conf, struct err *e)
{
	for (size_t i = 0; i < conf->n; i++) {
		const char *section = conf->v[i].section;
		size_t len = strcspn(section, " ");
		char first[ARGS_VERB_MAX] = "";

		memcpy(first, section, MIN(len, sizeof(first) - 1));
		const struct verb *v = args_verb(&p->verbs, first);

		if (v && section[len])
			v = args_verb(&v->below, section + len + 1);
		if ((!v || args_is_group(v)) && !streq(section, p->name))
			return err_say(e, EINVAL, "%s:%u: [%s] is no verb of %s", conf->v[i].file, conf->v[i].line, section, p->name);
	}
	return 0;
}

/*
 * Fill what the next options go to: what settings say of them first, then the command line by @take, and what settings add.
 */
static int fill(struct parser *p, const struct conf *conf, int (*take)(struct parser *p))
{
	struct scope *s = &p->scopes[0];
	int r;

	s->defaults = conf->n ? arena_array(p->call->arena, s->options->n + 1, sizeof(*s->defaults)) : NULL;
	if (conf->n && !s->defaults)
		return err_nomem(p->e);
	r = set_by_conf(p, conf, false);
	mark_defaults(s);
	if (r >= 0)
		r = take(p);
	return r < 0 ? r : set_by_conf(p, conf, true);
}

/* Room for the values of a table of options; never NULL where there is memory. */
static void *new_values(struct arena *a, const struct options *o)
{
	return arena_alloc(a, MAX(o->size, (size_t)1));
}

/* The second word of a verb that has two. Where there is none, the group is what was called. */
static int take_second(struct parser *p)
{
	static const struct options none = NO_OPTIONS;
	const struct verb *group = p->call->verb;

	p->scopes[0] = (struct scope){ &none, NULL, NULL };
	p->scopes[1] = (struct scope){ &help_only, p->call, NULL };
	int r = take_options(p);

	if (r < 0 || !*p->next || p->call->help)
		return r;
	const struct verb *v = args_verb(&group->below, *p->next);

	if (!v)
		return args_unknown_verb(p->call->program, group, *p->next, p->e);
	p->call->verb = v;
	p->next++;
	return 0;
}

int args_parse(const struct program *program, int argc, char **argv, struct call *ret, struct err *e)
{
	void *globals = new_values(ret->arena, &program->options);
	struct parser p = {
		.call = ret,
		.next = argv + MIN(argc, 1),
		.scopes = { { &program->options, globals, NULL }, { &help_and_version, ret, NULL } },
		.e = e,
	};

	ret->program = program;
	ret->globals = globals;
	ret->argv = arena_array(ret->arena, (size_t)argc + 1, sizeof(*argv));
	if (!globals || !ret->argv)
		return err_nomem(e);
	memcpy(ret->argv, argv, (size_t)argc * sizeof(*argv)); /* arguments move to the front as they are found */
	struct conf conf = { 0 };
	int r = program->settings ? program->settings(ret->arena, &conf, e) : 0;

	if (r >= 0)
		r = check_sections(program, &conf, e);
	if (r >= 0)
		r = fill(&p, &conf, take_options);

	if (r < 0 || !*p.next || ret->help || ret->version)
		return r;
	ret->verb = args_verb(&program->verbs, *p.next);
	if (!ret->verb)
		return args_unknown_verb(program, NULL, *p.next, e);
	p.next++;
	if (args_is_group(ret->verb) || (ret->verb->below.n && *p.next && args_verb(&ret->verb->below, *p.next)))
		r = take_second(&p);
	if (r < 0 || args_is_group(ret->verb))
		return r;
	ret->n_verb = (size_t)(p.next - argv);
	void *values = new_values(ret->arena, &ret->verb->options);

	p.scopes[0] = (struct scope){ &ret->verb->options, values, NULL };
	p.scopes[1] = (struct scope){ &help_only, ret, NULL };
	ret->options = values;
	if (!values)
		return err_nomem(e);
	r = fill(&p, &conf, take_rest);
	return r < 0 ? r : check_args(&p);
}
