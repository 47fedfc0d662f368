/* SPDX-License-Identifier: Apache-2.0 */
/*
 * args.h: command lines by tables. A program has verbs, a verb has options, and each is a row: the parser, the
 * help screens, the completion of shells and the manual pages all read the same rows. A verb of two words (`memory reclaim`)
 * is a verb of a group: the group's row lists it, and it names the group.
 *
 * Understood are --name VALUE, --name=VALUE, -nVALUE, -n VALUE, grouped flags (-it), --flag=false, and -- as the end
 * of the options. Options may stand between and after arguments, but for verbs whose rest is another's command line.
 * What files of settings (conf.h) say of an option counts where the command line does not name it.
 */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "cli/conf.h"

enum option_kind {
	OPTION_GROUP,  /* no option: a heading of the help */
	OPTION_FLAG,   /* bool */
	OPTION_SWITCH, /* enum switch_state: a flag where =false is not the same as nothing */
	OPTION_STRING, /* const char *; the last one counts */
	OPTION_LIST,   /* struct strv: all of them */
};

struct option {
	enum option_kind kind;
	const char *name;  /* without its dashes */
	char letter;	   /* 0: none */
	size_t offset;	   /* of its value, in the verb's own struct */
	const char *value; /* what to call its argument in the help; NULL for a flag */
	const char *help;  /* NULL: understood, not shown (another spelling) */
};

/* clang-format off */
#define OPT_GROUP(title) { OPTION_GROUP, NULL, 0, 0, NULL, title }
#define OPT_FLAG(type, member, name, letter, help) \
	{ OPTION_FLAG, name, letter, offsetof(type, member), NULL, help }
#define OPT_SWITCH(type, member, name, letter, help) \
	{ OPTION_SWITCH, name, letter, offsetof(type, member), NULL, help }
#define OPT_STRING(type, member, name, letter, value, help) \
	{ OPTION_STRING, name, letter, offsetof(type, member), value, help }
#define OPT_LIST(type, member, name, letter, value, help) \
	{ OPTION_LIST, name, letter, offsetof(type, member), value, help }
/* clang-format on */

struct options {
	const struct option *rows;
	size_t n;
	size_t size; /* of the struct that they fill */
};
#define OPTIONS(table, type)  { table, ARRAY_SIZE(table), sizeof(type) }
#define NO_OPTIONS	      { NULL, 0, 0 }

struct call;
struct verb;

struct verbs {
	const struct verb *const *v;
	size_t n;
};
#define VERBS(table) { table, ARRAY_SIZE(table) }

#define ARGS_ANY SIZE_MAX

enum verb_flags {
	VERB_COMMAND = BIT(0), /* all that follows the first argument is a command line of its own */
	VERB_HIDDEN = BIT(1),  /* not listed */
};

struct verb {
	const char *name;
	const char *aliases;   /* other words for it, with blanks between, that are listed nowhere; NULL: none */
	const char *group;     /* heading in the list of verbs */
	const char *arguments; /* as the usage line has them */
	const char *help;      /* a few words, for the list */
	const char *about;     /* sentences, for its own page */
	size_t min_args, max_args;
	unsigned flags;	    /* enum verb_flags */
	int failure_status; /* what the program exits with when it fails; 0: 1 */
	struct options options;
	const char *settings;	  /* a section of the settings that counts for it besides its own, and before it */
	const struct verb *above; /* the group that it belongs to; NULL: it stands alone */
	struct verbs below;	  /* of a group; one without run has neither arguments nor options, another is called itself where the
				   * word after it is none of these */
	/* Return: the exit status, or -errno with @e filled (an exit status in it goes before failure_status) */
	int (*run)(const struct call *c, struct err *e);
};

/* A section of the manual page. */
struct manual_section {
	const char *title, *text; /* text NULL: program.manual_text makes it of a table */
};

/* The page of a file: a section of the manual, which stands there and not in the program's own page. */
struct manual_page {
	const char *name, *help, *section;
};

enum program_flags {
	PROGRAM_SINGLE_DASH = BIT(0),  /* long options may have one dash (-no-pivot), as with programs written in Go */
	PROGRAM_PLAIN_STATUS = BIT(1), /* that a command cannot be executed (126, 127) is a failure like any other */
	PROGRAM_RUNC_HELP = BIT(2),    /* help in runc's layout, and runc's words and status where there is none */
	PROGRAM_BARE_ERRORS = BIT(3),  /* an error stands alone, as callers of crun and runc look for it; else "paene run: " is before it */
};

struct program {
	const char *name;
	const char *help;    /* a few words */
	const char *about;   /* sentences */
	const char *version; /* what --version prints, lines */
	unsigned flags;	     /* enum program_flags */
	int usage_status;    /* exit status for a wrong command line */
	struct options options; /* those before the verb */
	struct verbs verbs;
	const struct manual_section *manual;
	size_t n_manual;
	const struct manual_page *pages;
	size_t n_pages;
	/* Return: text owned by @a, NULL where there is no memory */
	const char *(*manual_text)(const char *title, struct arena *a);
	/* What the files of settings say, the ones that give way first; NULL: there are none. Return: 0, or -errno with @e filled */
	int (*settings)(struct arena *a, struct conf *ret, struct err *e);
	/* Completion: names for this argument ("[CONTAINER…]") are added to @ret. Return: 0, or -errno */
	int (*names)(const struct call *c, const char *argument, struct strv *ret, struct err *e);
	/* Of a verb that we have not, but others have (@group: the one before it, or NULL): what to do instead, or NULL; NULL: nobody says */
	const char *(*absent)(const char *group, const char *name);
	/* A failure is recorded elsewhere too, after it was printed; NULL: it is not */
	void (*record_failure)(const struct call *c, const struct err *e);
};

/* A command line as it was understood. */
struct call {
	const struct program *program;
	const struct verb *verb; /* NULL: none was given; a group: none of its verbs was */
	const void *globals;	 /* the program's options */
	const void *options;	 /* the verb's */
	char *const *args;	 /* its arguments; ends with NULL */
	size_t n_args;
	char **argv;		 /* all of the command line, as it was given */
	size_t n_verb;		 /* how many words of it come before the verb's own options: the last is its name */
	struct arena *arena; /* lives as long as the call */
	bool help, version;
};

/**
 * args_parse() - Understand a command line
 * @argv:	Borrowed: values point into it
 * @ret:	arena set by the caller; filled as far as understood even on failure: globals are there, the verb may be
 *
 * With help or version set, the arguments are not checked.
 *
 * Return: 0, or -EINVAL with @e filled, or -ENOMEM
 */
int args_parse(const struct program *p, int argc, char **argv, struct call *ret, struct err *e);

/* Is it a group, which is not run itself? */
static inline bool args_is_group(const struct verb *v)
{
	return v->below.n && !v->run;
}

/* A verb by its name, or by another word for it; or NULL. */
const struct verb *args_verb(const struct verbs *verbs, const char *name);

/* As it is called: "run", "memory reclaim". */
#define ARGS_VERB_MAX 48
const char *args_verb_name(const struct verb *v, char buf[ARGS_VERB_MAX]);

/* Like a verb that @group (NULL: the program) does not have: an error with the nearest one. Return: -EINVAL */
int args_unknown_verb(const struct program *p, const struct verb *group, const char *name, struct err *e);

#endif
