// SPDX-License-Identifier: Apache-2.0
/* generate systemd: a unit that keeps a container running. Its main process is the container's monitor, which says that it runs. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "cli/output.h"
#include "cli/unit_words.h"
#include "cli/verbs.h"

#define STOP_MARGIN_S 60 /* systemd waits so much longer than `stop` does */

struct generate {
	bool fresh, by_name, files, no_header;
	const char *format, *prefix, *separator, *restart, *restart_s, *start_timeout, *stop_timeout;
	struct strv after, wants, requires, env;
};

static const struct option rows[] = {
	OPT_FLAG(struct generate, fresh, "new", 0, "make it anew at each start, by the command line that made it, and remove it at the end"),
	OPT_FLAG(struct generate, by_name, "name", 'n', "call it by its name, not by its id"),
	OPT_FLAG(struct generate, files, "files", 'f', "write a file into the current folder, and print its path"),
	OPT_STRING(struct generate, format, "format", 0, "FORMAT", "json: names and texts"),
	OPT_FLAG(struct generate, no_header, "no-header", 0, "without the remark at its head"),
	OPT_GROUP("The unit"),
	OPT_STRING(struct generate, prefix, "container-prefix", 0, "TEXT", "what its name begins with; default: container"),
	OPT_STRING(struct generate, separator, "separator", 0, "TEXT", "what comes before the container's; default: -"),
	OPT_STRING(struct generate, restart, "restart-policy", 0, "POLICY",
		   "no, on-success, on-failure (default), on-abnormal, on-watchdog, on-abort or always"),
	OPT_STRING(struct generate, restart_s, "restart-sec", 0, "TIME", "how long systemd waits before that"),
	OPT_STRING(struct generate, start_timeout, "start-timeout", 0, "SECONDS", "how long a start may take; default: systemd's"),
	OPT_STRING(struct generate, stop_timeout, "stop-timeout", 't', "SECONDS", "how long it may take to end; default: its own"),
	OPT_STRING(struct generate, stop_timeout, "time", 0, "SECONDS", NULL),
	OPT_LIST(struct generate, after, "after", 0, "UNIT", "start it after this one, too"),
	OPT_LIST(struct generate, wants, "wants", 0, "UNIT", "start this one with it"),
	OPT_LIST(struct generate, requires, "requires", 0, "UNIT", "the same, and not without it"),
	OPT_LIST(struct generate, env, "env", 'e', "NAME=VALUE", "a variable of the unit, which `--env NAME` of --new takes"),
};

/* One that is being written. */
struct unit {
	const struct call *call;
	const struct generate *o;
	const struct engine *g;
	const struct container *container;
	const char *name; /* of the container in it */
	char self[PATH_MAX];
	struct arena *a;
	FILE *out;
};

static int check_restart(const char *policy, struct err *e)
{
	static const char *const known[] = { "no", "on-success", "on-failure", "on-abnormal", "on-watchdog", "on-abort", "always" };

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (streq(policy, known[i]))
			return 0;
	return err_say(e, EINVAL, "--restart-policy %s: systemd knows no, on-success, on-failure, on-abnormal, on-watchdog, on-abort and always",
		       policy);
}

/* What goes into a line of the unit as it is. */
static int check_options(const struct generate *o, struct err *e)
{
	const char *const seconds[][2] = { { "start-timeout", o->start_timeout }, { "stop-timeout", o->stop_timeout } };
	const struct strv *const units[] = { &o->after, &o->wants, &o->requires };
	int64_t pause;
	uint64_t s;

	for (size_t i = 0; i < ARRAY_SIZE(seconds); i++)
		if (seconds[i][1] && str_to_u64(seconds[i][1], INT32_MAX, &s) < 0)
			return err_say(e, EINVAL, "--%s %s: a number of seconds, please", seconds[i][0], seconds[i][1]);
	if (o->restart_s && str_to_u64(o->restart_s, INT32_MAX, &s) < 0 && str_to_duration(o->restart_s, &pause) < 0)
		return err_say(e, EINVAL, "--restart-sec %s: a length of time such as 5s, please", o->restart_s);
	for (size_t k = 0; k < ARRAY_SIZE(units); k++)
		for (size_t i = 0; i < units[k]->n; i++)
			if (strpbrk(units[k]->v[i], " \t\n\"\\/") || !strchr(units[k]->v[i], '.'))
				return err_say(e, EINVAL, "%s: a unit's name such as network.target, please", units[k]->v[i]);
	for (size_t i = 0; i < o->env.n; i++)
		if (!strchr(o->env.v[i], '=') || *o->env.v[i] == '=')
			return err_say(e, EINVAL, "--env %s: NAME=VALUE, please", o->env.v[i]);
	if (o->format && !streq(o->format, "json"))
		return err_say(e, EINVAL, "--format %s: it is json", o->format);
	return check_restart(o->restart ? o->restart : "on-failure", e);
}

static int add(const struct unit *u, struct strv *words, struct err *e, const char *const *more)
{
	for (; *more; more++)
		if (strv_add(u->a, words, *more) < 0)
			return err_nomem(e);
	return 0;
}
#define ADD(u, words, e, ...) add(u, words, e, (const char *const[]){ __VA_ARGS__, NULL })

/* This program, where its containers are. */
static int begin_command(const struct unit *u, struct strv *words, struct err *e)
{
	const struct paene_globals *o = u->call->globals;
	int r = ADD(u, words, e, u->self);

	if (*u->g->data_path != '/' || *u->g->run_path != '/')
		return err_say(e, EINVAL, "--root and --runroot: systemd wants absolute paths");
	if (r >= 0 && o->root)
		r = ADD(u, words, e, "--root", u->g->data_path);
	if (r >= 0 && o->runroot)
		r = ADD(u, words, e, "--runroot", u->g->run_path);
	return r;
}

/* A line that runs this program. @more: ends with NULL */
static int print_command(const struct unit *u, const char *key, const char *const *more, struct err *e)
{
	struct strv words = { 0 };
	int r = begin_command(u, &words, e);

	if (r >= 0)
		r = add(u, &words, e, more);
	return r < 0 ? r : unit_print_words(u->out, key, &words, UNIT_PERCENT | UNIT_DOLLAR, e);
}
#define COMMAND(u, key, e, ...) print_command(u, key, (const char *const[]){ __VA_ARGS__, NULL }, e)

/* Where the image stands in the command line that made it: what comes before it counts more than what came earlier. */
static int find_image(const struct unit *u, size_t *ret_verb, size_t *ret_image, struct err *e)
{
	const struct strv *line = &u->container->settings.command_line;
	char **words = arena_array(u->a, line->n + 1, sizeof(*words)); /* args_parse() moves them */
	struct call made = { .arena = u->a };
	size_t i;

	if (!words)
		return err_nomem(e);
	if (!line->n)
		return err_say(e, ENODATA, "--new: it is not on record how container %s was made", u->name);
	memcpy(words, line->v, line->n * sizeof(*words));
	int r = args_parse(u->call->program, (int)line->n, words, &made, e);

	if (r < 0)
		return err_wrap(e, "--new: the command line that made container %s", u->name);
	for (i = made.n_verb; i < line->n && line->v[i] != made.args[0];)
		i++;
	*ret_verb = made.n_verb - 1;
	*ret_image = i > made.n_verb && streq(line->v[i - 1], "--") ? i - 1 : i;
	return 0;
}

static int print_run(const struct unit *u, struct err *e)
{
	const struct settings *s = &u->container->settings;
	const struct strv *line = &s->command_line;
	struct strv words = { 0 };
	size_t verb = 0, image = 0;
	int r = find_image(u, &verb, &image, e);

	if (r >= 0)
		r = ADD(u, &words, e, u->self);
	for (size_t i = 1; i < image && r >= 0; i++) /* it may have been `create` */
		r = ADD(u, &words, e, i == verb ? "run" : line->v[i]);
	if (r >= 0)
		r = ADD(u, &words, e, "--name", u->name, "--replace", "--rm", "--detach");
	if (r >= 0 && s->restart != RESTART_NO)
		r = ADD(u, &words, e, "--restart", "no");
	if (r >= 0 && s->sdnotify == SDNOTIFY_IGNORE)
		r = ADD(u, &words, e, "--sdnotify", "conmon");
	if (r >= 0)
		r = add(u, &words, e, (const char *const *)line->v + image);
	return r < 0 ? r : unit_print_words(u->out, "ExecStart", &words, UNIT_PERCENT | UNIT_DOLLAR, e);
}

static int print_commands(const struct unit *u, const char *seconds, struct err *e)
{
	const struct generate *o = u->o;
	int r = o->fresh ? print_run(u, e)
		: u->container->settings.sdnotify == SDNOTIFY_IGNORE
			? COMMAND(u, "ExecStart", e, "restart", "--sdnotify", "conmon", u->name)
			: COMMAND(u, "ExecStart", e, "restart", u->name);

	if (r >= 0)
		r = COMMAND(u, "ExecStop", e, "stop", "--ignore", "--timeout", seconds, u->name);
	if (r < 0)
		return r;
	/* where its monitor was killed, it runs yet */
	return o->fresh ? COMMAND(u, "ExecStopPost", e, "rm", "--force", "--ignore", u->name)
			: COMMAND(u, "ExecStopPost", e, "stop", "--ignore", "--timeout", seconds, u->name);
}

static void print_units(FILE *out, const char *key, const struct strv *units)
{
	for (size_t i = 0; i < units->n; i++)
		fprintf(out, "%s=%s\n", key, units->v[i]);
}

static int print_service(const struct unit *u, struct err *e)
{
	const struct generate *o = u->o;
	const struct settings *s = &u->container->settings;
	uint64_t stop_s = s->stop_timeout_s;
	char seconds[24];

	if (o->stop_timeout)
		(void)str_to_u64(o->stop_timeout, INT32_MAX, &stop_s);
	snprintf(seconds, sizeof(seconds), "%" PRIu64, stop_s);
	fputs("\n[Service]\nType=notify\nNotifyAccess=all\n", u->out);
	for (size_t i = 0; i < o->env.n; i++) {
		const struct strv one = { .v = o->env.v + i, .n = 1 };
		int r = unit_print_words(u->out, "Environment", &one, UNIT_PERCENT, e);

		if (r < 0)
			return r;
	}
	int r = print_commands(u, seconds, e);

	fprintf(u->out, "Restart=%s\n", o->restart ? o->restart : "on-failure");
	if (o->restart_s)
		fprintf(u->out, "RestartSec=%s\n", o->restart_s);
	if (o->start_timeout)
		fprintf(u->out, "TimeoutStartSec=%s\n", o->start_timeout);
	fprintf(u->out, "TimeoutStopSec=%" PRIu64 "\n", stop_s + STOP_MARGIN_S);
	fprintf(u->out, "SuccessExitStatus=%u\n", 128 + s->stop_signal); /* it was asked to end, and did */
	return r;
}

static int print_unit(const struct unit *u, const char *file, struct err *e)
{
	const struct generate *o = u->o;
	const char *const paths[] = { u->g->data_path, u->g->run_path };
	const struct strv needed = { .v = (char **)paths, .n = ARRAY_SIZE(paths) };

	if (!o->no_header)
		fprintf(u->out, "# %s\n# written by `paene generate systemd` %s\n\n", file, PAENE_VERSION);
	fprintf(u->out, "[Unit]\nDescription=Container %s of paene\nDocumentation=man:paene(1)\n", u->container->settings.name);
	fputs("Wants=network-online.target\nAfter=network-online.target\n", u->out);
	print_units(u->out, "Wants", &o->wants);
	print_units(u->out, "After", &o->after);
	print_units(u->out, "Requires", &o->requires);
	int r = unit_print_words(u->out, "RequiresMountsFor", &needed, UNIT_PERCENT, e);

	if (r >= 0)
		r = print_service(u, e);
	fputs("\n[Install]\nWantedBy=default.target\n", u->out);
	return r;
}

/* What is to be done with the text. */
static int deliver(const struct generate *o, const char *file, const char *text, struct err *e)
{
	char cwd[PATH_MAX];

	if (o->files) {
		int r = file_publish(AT_FDCWD, file, text, strlen(text), 0644, 0, e);

		if (r >= 0 && !getcwd(cwd, sizeof(cwd)))
			r = err_set(e, errno, "the current folder");
		if (r >= 0)
			printf("%s/%s\n", cwd, file);
		return r;
	}
	if (!o->format) {
		fputs(text, stdout);
		return 0;
	}
	json_t *object = json_pack("{s:s}", file, text);
	int r = object ? output_json(object, e) : err_nomem(e);

	json_decref(object);
	return r;
}

static int print_container(struct unit *u, struct err *e)
{
	const struct generate *o = u->o;
	const struct settings *s = &u->container->settings;
	auto_free char *text = NULL;
	size_t size;

	u->name = o->fresh || o->by_name ? s->name : s->id;
	const char *file = arena_printf(u->a, "%s%s%s.service", o->prefix ? o->prefix : "container",
					o->separator ? o->separator : "-", o->by_name ? s->name : s->id);

	if (!file || readlink("/proc/self/exe", u->self, sizeof(u->self) - 1) < 0)
		return file ? err_set(e, errno, "/proc/self/exe") : err_nomem(e);
	if (strchr(file, '/'))
		return err_say(e, EINVAL, "%s: a unit's name has no slash", file);
	u->out = open_memstream(&text, &size);
	if (!u->out)
		return err_nomem(e);
	int r = print_unit(u, file, e);

	if (fclose(u->out) != 0 && r >= 0)
		r = err_nomem(e);
	return r < 0 ? r : deliver(o, file, text, e);
}

static int run(const struct call *c, struct err *e)
{
	const struct generate *o = c->options;
	auto_engine struct engine g;
	auto_container struct container k = { 0 };
	struct unit u = { .call = c, .o = o, .g = &g, .container = &k, .a = c->arena };
	char id[CONTAINER_ID_MAX];
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = check_options(o, e);
	if (r >= 0)
		r = verb_container(&g, c->args[0], id, e);
	if (r >= 0)
		r = container_load(&g, id, &k, e);
	if (r < 0)
		return r;
	if (k.settings.restart != RESTART_NO && !o->fresh)
		output_warning(c, "the container has a restart policy of its own, which systemd does not know of: `paene update --restart no`");
	return print_container(&u, e);
}

#define VERB(variable, word, how_listed) \
	static const struct verb variable = { \
		.name = word, \
		.above = &verb_generate, \
		.arguments = "CONTAINER", \
		.help = "a unit of systemd for a container", \
		.about = "Print a unit of systemd that starts a container, knows when it runs and how it ended, starts it again, and stops " \
			 "it. It belongs into /etc/systemd/system, or a user's ~/.config/systemd/user. See paene-quadlet(5) for " \
			 "units that are written by hand.", \
		.min_args = 1, \
		.max_args = 1, \
		.flags = how_listed, \
		.failure_status = STATUS_ENGINE, \
		.options = OPTIONS(rows, struct generate), \
		.run = run, \
	}

VERB(systemd, "systemd", 0);
VERB(unit, "unit", VERB_HIDDEN); /* another name */

static const struct verb *const verbs[] = { &systemd, &unit };

const struct verb verb_generate = {
	.name = "generate",
	.group = "Other",
	.arguments = "VERB [ARGUMENT…]",
	.help = "units of systemd",
	.about = "Write units of systemd for containers.",
	.below = VERBS(verbs),
};
