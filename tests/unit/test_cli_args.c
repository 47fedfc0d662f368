// SPDX-License-Identifier: Apache-2.0
/* The parser of command lines: every way to write an option, and what is said of a wrong one. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cli/args.h"
#include "cli/nearest.h"

struct globals {
	const char *root;
	bool debug;
};
struct values {
	bool detach, tty, interactive;
	enum switch_state seal;
	const char *name, *hostname;
	struct strv env;
};

static const struct option global_rows[] = {
	OPT_STRING(struct globals, root, "root", 0, "DIR", "where"),
	OPT_FLAG(struct globals, debug, "debug", 'd', "more"),
};
static const struct option value_rows[] = {
	OPT_GROUP("Some"),
	OPT_FLAG(struct values, detach, "detach", 'd', "in the background"),
	OPT_FLAG(struct values, tty, "tty", 't', "a terminal"),
	OPT_FLAG(struct values, interactive, "interactive", 'i', "input"),
	OPT_SWITCH(struct values, seal, "seal", 's', "a seal"),
	OPT_STRING(struct values, name, "name", 'n', "NAME", "its name"),
	OPT_STRING(struct values, hostname, "hostname", 'h', "NAME", "its host name"),
	OPT_LIST(struct values, env, "env", 'e', "NAME=VALUE", "variables"),
};

static const struct verb run = {
	.name = "run", .group = "A", .arguments = "IMAGE [COMMAND…]", .min_args = 1, .max_args = ARGS_ANY,
	.flags = VERB_COMMAND, .options = OPTIONS(value_rows, struct values),
};
static const struct verb list = {
	.name = "list", .group = "A", .arguments = "NAME [NAME]", .min_args = 1, .max_args = 2,
	.options = OPTIONS(value_rows, struct values),
};
static const struct verb hidden = { .name = "lost", .group = "A", .arguments = "", .flags = VERB_HIDDEN };
static const struct verb pool;
static const struct verb grow = {
	.name = "grow", .above = &pool, .group = "A", .arguments = "POOL SIZE", .min_args = 2, .max_args = 2,
	.options = OPTIONS(value_rows, struct values),
};
static const struct verb shrink = { .name = "shrink", .above = &pool, .group = "A", .arguments = "POOL", .max_args = 1 };
static const struct verb *const of_pool[] = { &grow, &shrink };
static const struct verb pool = { .name = "pool", .group = "A", .arguments = "VERB", .below = VERBS(of_pool) };
static const struct verb *const verbs[] = { &run, &list, &hidden, &pool };

static struct program program = {
	.name = "prog",
	.options = OPTIONS(global_rows, struct globals),
	.verbs = VERBS(verbs),
};

/* A command line, parsed. */
struct line {
	struct arena arena;
	struct call call;
	struct err e;
	int r;
	const struct globals *globals;
	const struct values *values;
	char *words[32];
};

static void parse(struct line *l, const char *text)
{
	int n = 0;

	*l = (struct line){ 0 };
	l->call.arena = &l->arena;
	l->words[n++] = arena_strdup(&l->arena, "prog");
	for (char *save, *w = strtok_r(arena_strdup(&l->arena, text), " ", &save); w; w = strtok_r(NULL, " ", &save))
		l->words[n++] = streq(w, "''") ? w + 2 : w;
	l->r = args_parse(&program, n, l->words, &l->call, &l->e);
	l->globals = l->call.globals;
	l->values = l->call.options;
}

static void free_line(struct line *l)
{
	arena_free(&l->arena);
}
#define auto_line __attribute__((cleanup(free_line)))

static void every_way_to_give_a_value(void **state)
{
	static const char *const lines[] = {
		"list --name web x", "list --name=web x", "list -n web x", "list -nweb x", "list -n=web x", "list x --name web",
		"list x -nweb", "list --name old --name web x", "list -tn web x", "list -tnweb x",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		auto_line struct line l;

		parse(&l, lines[i]);
		assert_int_equal(l.r, 0);
		assert_ptr_equal(l.call.verb, &list);
		assert_string_equal(l.values->name, "web");
		assert_int_equal(l.call.n_args, 1);
		assert_string_equal(l.call.args[0], "x");
		assert_null(l.call.args[1]);
	}
}

static void switches(void **state)
{
	static const struct {
		const char *line;
		enum switch_state seal;
	} rows[] = {
		{ "list x", SWITCH_NOT_GIVEN },		   { "list --seal x", SWITCH_ON },  { "list -s x", SWITCH_ON },
		{ "list --seal=true x", SWITCH_ON },	   { "list -is x", SWITCH_ON },	    { "list -s=false x", SWITCH_OFF },
		{ "list --seal=false x", SWITCH_OFF },	   { "list --seal=0 x", SWITCH_OFF },
		{ "list --seal --seal=false x", SWITCH_OFF },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_line struct line l;

		parse(&l, rows[i].line);
		assert_int_equal(l.r, 0);
		assert_int_equal(l.values->seal, rows[i].seal);
		assert_int_equal(l.call.n_args, 1);
	}
}

static void flags(void **state)
{
	static const struct {
		const char *line;
		bool detach, tty, interactive;
	} rows[] = {
		{ "list x", false, false, false },	     { "list --detach x", true, false, false },
		{ "list -it x", false, true, true },	     { "list -i -t -d x", true, true, true },
		{ "list --detach=true x", true, false, false }, { "list --detach=1 x", true, false, false },
		{ "list --detach --detach=false x", false, false, false }, { "list -d=false x", false, false, false },
		{ "list -dt --detach=0 x", false, true, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_line struct line l;

		parse(&l, rows[i].line);
		assert_int_equal(l.r, 0);
		assert_int_equal(l.values->detach, rows[i].detach);
		assert_int_equal(l.values->tty, rows[i].tty);
		assert_int_equal(l.values->interactive, rows[i].interactive);
	}
}

static void lists_keep_their_order(void **state)
{
	auto_line struct line l;

	(void)state;
	parse(&l, "list -e A=1 --env=B=2 x -eC=3 --env ''");
	assert_int_equal(l.r, 0);
	assert_int_equal(l.values->env.n, 4);
	assert_string_equal(l.values->env.v[0], "A=1");
	assert_string_equal(l.values->env.v[1], "B=2");
	assert_string_equal(l.values->env.v[2], "C=3");
	assert_string_equal(l.values->env.v[3], "");
}

static void values_may_look_like_options(void **state)
{
	auto_line struct line l;

	(void)state;
	parse(&l, "list --name -1 -- -x");
	assert_int_equal(l.r, 0);
	assert_string_equal(l.values->name, "-1");
	assert_string_equal(l.call.args[0], "-x");
}

static void a_single_dash_is_an_argument(void **state)
{
	auto_line struct line l;

	(void)state;
	parse(&l, "list - -d");
	assert_int_equal(l.r, 0);
	assert_string_equal(l.call.args[0], "-");
	assert_true(l.values->detach);
}

static void a_command_is_not_ours(void **state)
{
	auto_line struct line l;

	(void)state;
	parse(&l, "run -it image ls -l --name x -- -d");
	assert_int_equal(l.r, 0);
	assert_null(l.values->name);
	assert_false(l.values->detach);
	assert_int_equal(l.call.n_args, 7);
	assert_string_equal(l.call.args[5], "--");
	assert_string_equal(l.call.args[6], "-d");
}

static void globals_stand_before_the_verb(void **state)
{
	auto_line struct line l, again;

	(void)state;
	parse(&l, "--root /a -d list -d x");
	assert_int_equal(l.r, 0);
	assert_string_equal(l.globals->root, "/a");
	assert_true(l.globals->debug && l.values->detach);
	parse(&again, "--root=/a --root /b list x");
	assert_string_equal(again.globals->root, "/b");
	assert_false(again.values->detach);
}

static void help_and_version(void **state)
{
	auto_line struct line none, help, version, verb, own, command;

	(void)state;
	parse(&none, "");
	assert_int_equal(none.r, 0);
	assert_null(none.call.verb);
	parse(&help, "-h nonsense --more");
	assert_true(help.r == 0 && help.call.help && !help.call.verb);
	parse(&version, "--version");
	assert_true(version.r == 0 && version.call.version);
	parse(&verb, "list --help"); /* no argument is missing then */
	assert_true(verb.r == 0 && verb.call.help && verb.call.verb == &list);
	parse(&own, "list -h web x"); /* a verb's own letter goes before */
	assert_false(own.call.help);
	assert_string_equal(own.values->hostname, "web");
	parse(&command, "run image --help"); /* the command's */
	assert_false(command.call.help);
}

static void verbs_of_two_words(void **state)
{
	auto_line struct line two, none, help, of_second;
	char name[ARGS_VERB_MAX];

	(void)state;
	parse(&two, "--root /a pool grow --name x -d web 5");
	assert_int_equal(two.r, 0);
	assert_ptr_equal(two.call.verb, &grow);
	assert_string_equal(args_verb_name(two.call.verb, name), "pool grow");
	assert_string_equal(two.globals->root, "/a");
	assert_string_equal(two.values->name, "x");
	assert_true(two.values->detach);
	assert_int_equal(two.call.n_args, 2);
	assert_string_equal(two.call.args[1], "5");
	parse(&none, "pool");
	assert_true(none.r == 0 && none.call.verb == &pool && !none.call.help);
	parse(&help, "pool --help nonsense");
	assert_true(help.r == 0 && help.call.verb == &pool && help.call.help);
	parse(&of_second, "pool shrink --help");
	assert_true(of_second.r == 0 && of_second.call.verb == &shrink && of_second.call.help);
}

static void errors_say_what_is_wrong(void **state)
{
	static const struct {
		const char *line, *text;
	} rows[] = {
		{ "list --nmae x", "unknown option --nmae; did you mean --name? See `prog list --help`" },
		{ "list --nmae=x y", "unknown option --nmae; did you mean --name? See `prog list --help`" },
		{ "list --det x", "unknown option --det; did you mean --detach? See `prog list --help`" },
		{ "list --quux x", "unknown option --quux. See `prog list --help`" },
		{ "list -x", "unknown option -x. See `prog list --help`" },
		{ "list -dx", "unknown option -x. See `prog list --help`" },
		{ "list x --name", "option --name requires an argument: NAME. See `prog list --help`" },
		{ "list x -n", "option --name requires an argument: NAME. See `prog list --help`" },
		{ "list x --detach=maybe", "--detach is true or false, not \"maybe\"" },
		{ "list", "an argument is missing: NAME [NAME]. See `prog list --help`" },
		{ "list a b c", "there is no place for the argument \"c\". See `prog list --help`" },
		{ "--rot /x list a", "unknown option --rot; did you mean --root? See `prog --help`" },
		{ "lst a", "there is no verb \"lst\"; did you mean `prog list`? See `prog --help`" },
		{ "frobnicate", "there is no verb \"frobnicate\". See `prog --help`" },
		{ "losd", "there is no verb \"losd\". See `prog --help`" },
		{ "grow a 1", "there is no verb \"grow\". See `prog --help`" },
		{ "pool gorw a", "there is no verb \"gorw\"; did you mean `prog pool grow`? See `prog pool --help`" },
		{ "pool lst", "there is no verb \"lst\". See `prog pool --help`" },
		{ "pool grow a", "an argument is missing: POOL SIZE. See `prog pool grow --help`" },
		{ "pool shrink a b", "there is no place for the argument \"b\". See `prog pool shrink --help`" },
		{ "pool grow a 1 --nmae x", "unknown option --nmae; did you mean --name? See `prog pool grow --help`" },
		{ "pool --name x grow a 1", "unknown option --name. See `prog pool --help`" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		auto_line struct line l;

		parse(&l, rows[i].line);
		assert_int_equal(l.r, -EINVAL);
		assert_string_equal(l.e.text, rows[i].text);
	}
}

static void unknown_verbs_as_runc_has_them(void **state)
{
	auto_line struct line near, far, plain;

	(void)state;
	program.flags = PROGRAM_RUNC_HELP;
	parse(&near, "lst -h");
	parse(&far, "frobnicate");
	program.flags = 0;
	parse(&plain, "frobnicate");
	assert_int_equal(near.r, -EINVAL);
	assert_string_equal(near.e.text, "No help topic for 'lst'; did you mean `prog list`? See `prog --help`");
	assert_int_equal(near.e.exit_status, 3);
	assert_string_equal(far.e.text, "No help topic for 'frobnicate'. See `prog --help`");
	assert_int_equal(far.e.exit_status, 3);
	assert_int_equal(plain.e.exit_status, 0);
}

static void globals_are_there_after_a_failure(void **state)
{
	auto_line struct line l;

	(void)state;
	parse(&l, "--root /a list --nope");
	assert_int_equal(l.r, -EINVAL);
	assert_string_equal(l.globals->root, "/a");
	assert_ptr_equal(l.call.verb, &list);
}

static void one_dash_where_the_program_has_it(void **state)
{
	auto_line struct line without, with, value, letters, unknown;

	(void)state;
	parse(&without, "list -tty x");
	assert_int_equal(without.r, -EINVAL); /* -t -t -y */
	program.flags = PROGRAM_SINGLE_DASH;
	parse(&with, "-root /a list -tty x");
	parse(&value, "-root=/a list -name=web x");
	parse(&letters, "list -it -nweb x");
	parse(&unknown, "list -quux x");
	program.flags = 0;
	assert_true(with.r == 0 && with.values->tty);
	assert_string_equal(with.globals->root, "/a");
	assert_string_equal(value.values->name, "web");
	assert_true(letters.values->interactive && letters.values->tty);
	assert_string_equal(letters.values->name, "web");
	assert_int_equal(unknown.r, -EINVAL);
}

static void nearest_words(void **state)
{
	static const struct {
		const char *word, *best;
	} rows[] = {
		{ "volum", "volume" },	  { "volumes", "volume" }, { "voulme", "volume" }, { "nmae", "name" }, { "names", "name" },
		{ "na", "name" },	  { "n", NULL },	   { "xyz", NULL },	   { "", NULL },       { "detahc", "detach" },
		{ "network-net", NULL },  { "this-word-is-longer-than-every-option-there-is", NULL },
	};
	static const char *const all[] = { "name", "volume", "detach", "network" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct nearest n = { .word = rows[i].word };

		for (size_t k = 0; k < ARRAY_SIZE(all); k++)
			nearest_try(&n, all[k]);
		if (rows[i].best)
			assert_string_equal(n.best, rows[i].best);
		else
			assert_null(n.best);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_way_to_give_a_value),
		cmocka_unit_test(flags),
		cmocka_unit_test(switches),
		cmocka_unit_test(lists_keep_their_order),
		cmocka_unit_test(values_may_look_like_options),
		cmocka_unit_test(a_single_dash_is_an_argument),
		cmocka_unit_test(a_command_is_not_ours),
		cmocka_unit_test(globals_stand_before_the_verb),
		cmocka_unit_test(help_and_version),
		cmocka_unit_test(verbs_of_two_words),
		cmocka_unit_test(errors_say_what_is_wrong),
		cmocka_unit_test(unknown_verbs_as_runc_has_them),
		cmocka_unit_test(globals_are_there_after_a_failure),
		cmocka_unit_test(one_dash_where_the_program_has_it),
		cmocka_unit_test(nearest_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
