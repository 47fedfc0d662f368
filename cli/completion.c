// SPDX-License-Identifier: Apache-2.0
#include "cli/completion.h"

#include <ctype.h>
#include <errno.h>

#include "cli/output.h"

/* Where %s stands, the program's name; %f, the name as a function's. */
static const struct {
	const char *shell, *script;
} scripts[] = {
	{ "bash", "# source <(%s completion bash)\n"
		  "_%f() {\n"
		  "	local IFS=$'\\n'\n"
		  "	COMPREPLY=($(%s complete -- \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null))\n"
		  "}\n"
		  "complete -o default -F _%f %s\n" },
	{ "zsh", "#compdef %s\n"
		 "# source <(%s completion zsh)\n"
		 "_%f() {\n"
		 "	local -a found=(${(f)\"$(%s complete -- \"${(@)words[2,CURRENT]}\" 2>/dev/null)\"})\n"
		 "	(( $#found )) && compadd -- $found || _files\n"
		 "}\n"
		 "if [[ ${funcstack[1]-} = _%f ]]; then _%f; else compdef _%f %s; fi\n" },
	{ "fish", "# %s completion fish | source\n"
		  "complete -c %s -a '(%s complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'\n" },
};

static void print_script(const char *script, const char *program)
{
	for (; *script; script++) {
		if (script[0] != '%' || (script[1] != 's' && script[1] != 'f')) {
			putchar(*script);
			continue;
		}
		script++;
		for (const char *p = program; *p; p++)
			putchar(*script == 'f' && !isalnum((unsigned char)*p) ? '_' : *p);
	}
}

static int run_completion(const struct call *c, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++)
		if (streq(c->args[0], scripts[i].shell)) {
			print_script(scripts[i].script, c->program->name);
			return 0;
		}
	return err_say(e, EINVAL, "there is no completion for %s: it is bash, zsh or fish", c->args[0]);
}

static bool is_option(const struct option *o, const char *word)
{
	const char *name = str_after(word, "--");

	if (name)
		return o->name && streq(o->name, name);
	return o->letter && word[0] == '-' && word[1] == o->letter && !word[2];
}

/* Does this word want the next one as its value? */
static bool takes_next(const struct options *o, const char *word)
{
	for (size_t i = 0; i < o->n; i++)
		if (is_option(&o->rows[i], word))
			return o->rows[i].value != NULL;
	return false;
}

/* The index of the first word that is neither an option nor an option's value, from @i on; up to @n. */
static size_t skip_options(const struct options *o, char *const *words, size_t i, size_t n)
{
	while (i < n && words[i][0] == '-')
		i += takes_next(o, words[i]) ? 2 : 1;
	return i;
}

static int add_options(struct arena *a, const struct options *o, struct strv *ret)
{
	int r = strv_add(a, ret, "--help");

	for (size_t i = 0; i < o->n && r >= 0; i++)
		if (o->rows[i].name && o->rows[i].help)
			r = strv_push(a, ret, arena_printf(a, "--%s", o->rows[i].name));
	return r;
}

static int add_verbs(const struct call *c, const struct verbs *verbs, struct strv *ret)
{
	int r = 0;

	for (size_t i = 0; i < verbs->n && r >= 0; i++)
		if (!(verbs->v[i]->flags & VERB_HIDDEN))
			r = strv_push(c->arena, ret, (char *)verbs->v[i]->name);
	return r;
}

/* The argument that comes after @n others, as the usage line has it: "NETWORK CONTAINER…" 2 is "CONTAINER…". NULL: none comes */
static const char *argument_after(const struct call *c, const char *arguments, size_t n)
{
	for (;;) {
		const char *end = strchrnul(arguments, ' ');
		char *word = arena_strndup(c->arena, arguments, (size_t)(end - arguments));

		if (n-- == 0 || !word || (!*end && strstr(word, "…")))
			return word;
		if (!*end)
			return NULL;
		arguments = end + 1;
	}
}

/* Arguments among the words from @i on, up to @n. */
static size_t count_arguments(const struct options *o, char *const *words, size_t i, size_t n)
{
	size_t found = 0;

	while ((i = skip_options(o, words, i, n)) < n) {
		found++;
		i++;
	}
	return found;
}

/* What the last of @n words could be. Return: 0, or -ENOMEM and others */
static int candidates(const struct call *c, char *const *words, size_t n, struct strv *ret, struct err *e)
{
	const struct options *options = &c->program->options;
	size_t at = skip_options(options, words, 0, n - 1);
	const struct verbs *verbs = &c->program->verbs; /* what may come next; none after a verb that is no group */
	const struct verb *v = NULL;
	const char *last = words[n - 1];

	while (at < n - 1 && verbs->n) {
		v = args_verb(verbs, words[at]);
		if (!v)
			return 0;
		verbs = &v->below;
		options = &v->options;
		at = skip_options(options, words, at + 1, n - 1);
	}
	bool in_command = v && (v->flags & VERB_COMMAND) && at < n - 1;

	if (at > n - 1 || in_command || (n > 1 && takes_next(options, words[n - 2])))
		return 0; /* a value, or somebody else's words: the shell proposes files */
	if (last[0] == '-')
		return add_options(c->arena, options, ret);
	if (verbs->n)
		return add_verbs(c, verbs, ret);
	const char *argument = v ? argument_after(c, v->arguments, count_arguments(options, words, at, n - 1)) : NULL;

	return argument && c->program->names ? c->program->names(c, argument, ret, e) : 0;
}

static int run_complete(const struct call *c, struct err *e)
{
	struct strv found = { 0 };
	const char *last = c->args[c->n_args - 1];
	int r = candidates(c, c->args, c->n_args, &found, e);

	if (r == -ENOMEM)
		return err_nomem(e);
	for (size_t i = 0; i < found.n && r >= 0; i++)
		if (str_after(found.v[i], last))
			output_line(found.v[i]);
	return r;
}

const struct verb verb_completion = {
	.name = "completion",
	.group = "Other",
	.arguments = "SHELL",
	.help = "for bash, zsh or fish",
	.about = "Print what makes a shell complete command lines of this program: `source <(paene completion bash)`.",
	.min_args = 1,
	.max_args = 1,
	.run = run_completion,
};

const struct verb verb_complete = {
	.name = "complete",
	.group = "Other",
	.arguments = "WORD…",
	.help = "what the last word could be",
	.about = "Print what the last word of a command line could become; the scripts of `completion` ask it.",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.flags = VERB_HIDDEN,
	.run = run_complete,
};
