// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <time.h>

#include "base/fd.h"
#include "cli/host_ps.h"
#include "cli/nearest.h"
#include "cli/output.h"
#include "cli/pod_view.h"
#include "cli/top_columns.h"
#include "cli/verbs.h"

struct top {
	const char *format;
	bool latest;
};

static const struct option rows[] = {
	OPT_STRING(struct top, format, "format", 0, "FORMAT", "table or json"),
	LATEST_ROW(struct top, latest),
};

/* What is shown, in this order. */
struct choice {
	const struct top_column *v[TABLE_COLUMNS_MAX];
	size_t n;
};

static int choose_word(struct choice *c, const char *word, size_t len, struct err *e)
{
	char text[32];
	struct nearest near = { .word = text };
	const struct top_column *column = top_column_find(word, len);

	if (column && c->n == ARRAY_SIZE(c->v))
		return err_say(e, EINVAL, "at most %zu columns", ARRAY_SIZE(c->v));
	if (column) {
		c->v[c->n++] = column;
		return 0;
	}
	snprintf(text, sizeof(text), "%.*s", (int)MIN(len, sizeof(text) - 1), word);
	for (size_t i = 0; i < top_n_columns; i++)
		nearest_try(&near, top_columns[i].name);
	err_say(e, EINVAL, "there is no column \"%s\"", text);
	return near.best ? err_hint(e, "did you mean \"%s\"?", near.best) : err_hint(e, "`paene top --help` lists them");
}

/* "pid,user args" in one word or several. */
static int choose(char *const *words, struct choice *ret, struct err *e)
{
	static const char separators[] = ", ";
	int r = 0;

	for (; *words && r >= 0; words++)
		for (const char *p = *words + strspn(*words, separators); *p && r >= 0; p += strspn(p, separators)) {
			size_t len = strcspn(p, separators);

			r = choose_word(ret, p, len, e);
			p += len;
		}
	return r;
}

/* "-ef", and "aux", as ps has it from BSD: no column is of these letters alone. */
static bool is_for_ps(const char *word)
{
	return word && (*word == '-' || (*word && word[strspn(word, "aAuxwfel")] == '\0'));
}

/* ---- by the machine's ps: it shows the host's view ---- */

static int show_by_ps(const struct call *c, char *const *words, const struct meter *m, bool json, struct err *e)
{
	auto_free pid_t *pids = NULL;
	const char *path = host_ps_path();
	size_t n;

	if (str_after(*words, "--format") || json) {
		err_say(e, EINVAL, "options of ps have no --format beside them");
		return err_hint(e, "`paene top --format json %s pid,args`", words == c->args ? "--latest" : c->args[0]);
	}
	if (!path)
		return err_say(e, ENOENT, "there is no ps on this machine for \"%s\"; columns can be named without one", *words);
	int r = cgroup_pids(m->cgroup, &pids, &n, e);

	return r < 0 ? r : host_ps_print(path, words, pids, n, c->arena, e);
}

/* ---- by ourselves ---- */

static struct top_context context(const struct meter *m, const struct process_list *list, struct arena *a)
{
	auto_fd int root = openat(m->init, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_fd int host = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return (struct top_context){
		.list = list,
		.users = user_names(root, USER_LIST_USERS, a),
		.groups = user_names(root, USER_LIST_GROUPS, a),
		.host_users = user_names(host, USER_LIST_USERS, a),
		.host_groups = user_names(host, USER_LIST_GROUPS, a),
		.boot_s = time(NULL) - list->now_ms / 1000,
	};
}

static int print_table(const struct call *c, const struct choice *choice, const struct top_context *context,
		       struct err *e)
{
	struct column columns[TABLE_COLUMNS_MAX] = { 0 };
	struct table t = { .arena = c->arena, .columns = columns, .n_columns = choice->n };
	int r = 0;

	for (size_t k = 0; k < choice->n; k++)
		columns[k].title = choice->v[k]->title;
	for (size_t i = 0; i < context->list->n; i++)
		for (size_t k = 0; k < choice->n && r >= 0; k++) {
			const struct top_column *column = choice->v[k];
			char *text = column->text(&context->list->v[i], context, column, c->arena);

			r = text ? table_add(&t, e, "%s", text) : err_nomem(e);
		}
	if (r >= 0)
		table_print(&t);
	return r;
}

/* A process with its columns as keys. Return: a new reference, or NULL where there is no memory */
static json_t *describe(const struct process *p, const struct choice *choice, const struct top_context *context,
			struct arena *a)
{
	json_auto_t *object = json_object();

	for (size_t k = 0; k < choice->n; k++) {
		const struct top_column *column = choice->v[k];
		char *text = column->text(p, context, column, a), *harmless = text ? output_harmless(a, text) : NULL;

		if (!harmless ||
		    json_object_set_new(object, column->name,
					column->number ? json_loads(harmless, JSON_DECODE_ANY, NULL) : json_string(harmless)) < 0)
			return NULL;
	}
	return json_incref(object);
}

static int print_json(const struct call *c, const struct choice *choice, const struct top_context *context, struct err *e)
{
	json_auto_t *list = json_array();

	for (size_t i = 0; i < context->list->n; i++)
		if (json_array_append_new(list, describe(&context->list->v[i], choice, context, c->arena)) < 0)
			return err_nomem(e);
	return output_json(list, e);
}

static int show(const struct call *c, char *const *words, const struct meter *m, bool json, struct err *e)
{
	static const char *const usual[] = { "user,pid,ppid,pcpu,etime,tty,time,args", NULL };
	struct process_list list;
	struct choice choice = { .n = 0 };
	bool labels = false;
	int r = choose(*words ? words : (char *const *)usual, &choice, e);

	for (size_t i = 0; i < choice.n; i++)
		labels |= streq(choice.v[i]->name, "label");
	if (r >= 0 && choice.n == 0)
		r = err_say(e, EINVAL, "name a column, or none of these words");
	if (r >= 0)
		r = processes_read(m, labels, c->arena, &list, e);
	if (r < 0)
		return r;
	const struct top_context about = context(m, &list, c->arena);

	return json ? print_json(c, &choice, &about, e) : print_table(c, &choice, &about, e);
}

static int run(const struct call *c, struct err *e)
{
	const struct top *o = c->options;
	bool json = o->format && streq(o->format, "json");
	char id[CONTAINER_ID_MAX];
	char *const *words;
	auto_engine struct engine g;
	auto_container struct container container = { 0 };
	auto_meter struct meter m = METER_NONE;
	int r = verb_engine(c, &g, e);

	if (r >= 0 && o->format && !json && !streq(o->format, "table"))
		return err_say(e, EINVAL, "--format %s: it is table or json", o->format);
	if (r >= 0)
		r = verb_named(c, &g, o->latest, id, &words, e);
	if (r >= 0)
		r = verb_running(&g, id, e);
	if (r >= 0)
		r = container_load(&g, id, &container, e);
	if (r >= 0)
		r = meter_open(&g, &container.settings, &m, e);
	if (r < 0)
		return r;
	return is_for_ps(*words) ? show_by_ps(c, words, &m, json, e) : show(c, words, &m, json, e);
}

const struct verb verb_top = {
	.name = "top",
	.group = "Looking at them",
	.arguments = "[CONTAINER] [COLUMN…|PS-OPTION…]",
	.help = "its processes",
	.about = "Show the processes of a container, as they see themselves: their numbers and users are those inside. Columns are "
		 "args, capamb, capbnd, capeff, capinh, capprm, comm, etime, group, groups, label, nice, nlwp, pcpu, pgid, pid, ppid, "
		 "rgroup, rss, ruser, seccomp, sid, state, stime, time, tty, user, vsz, and of the host's view hgroup, hgroups, hpid, "
		 "huser; without any: user,pid,ppid,pcpu,etime,tty,time,args. Options of ps, such as -ef or aux, have this machine's own "
		 "ps show the same processes as the host sees them.",
	.max_args = ARGS_ANY,
	.flags = VERB_COMMAND,
	.options = OPTIONS(rows, struct top),
	.run = run,
};

/* All processes of its cgroup; users are looked up where its first container that runs has them. */
static int open_pod(const struct engine *g, const char *id, struct arena *a, struct meter *ret, struct err *e)
{
	auto_pod struct pod p = { 0 };
	auto_container struct container first = { 0 };
	struct pod_members all = { 0 };
	char *cgroup = NULL;
	size_t i = 0;
	int r = pod_load(g, id, &p, e);

	if (r >= 0)
		r = pod_members(g, id, a, &all, e);
	if (r >= 0)
		r = pod_cgroup_path(g, &p, a, &cgroup, e);
	while (r >= 0 && i < all.n && (all.v[i].infra || all.v[i].phase != PHASE_RUNNING))
		i++;
	if (r >= 0 && (i == all.n || !cgroup))
		return err_say(e, ESRCH, cgroup ? "no container of pod %s runs" : "pod %s has no cgroup to look at", p.name);
	if (r >= 0)
		r = container_load(g, all.v[i].id, &first, e);
	if (r >= 0)
		r = meter_open(g, &first.settings, ret, e);
	auto_fd int root = r < 0 ? -1 : cgroup_open_root(NULL, e);
	int folder = root < 0 ? -1 : cgroup_open(root, cgroup, e);

	if (folder < 0)
		return r < 0 ? r : MIN(root, folder);
	fd_close(&ret->cgroup);
	ret->cgroup = folder;
	return 0;
}

static int run_pod(const struct call *c, struct err *e)
{
	const struct top *o = c->options;
	bool json = o->format && streq(o->format, "json");
	char id[CONTAINER_ID_MAX];
	auto_engine struct engine g;
	auto_meter struct meter m = METER_NONE;
	int r = verb_engine(c, &g, e);

	if (r >= 0 && o->format && !json && !streq(o->format, "table"))
		return err_say(e, EINVAL, "--format %s: it is table or json", o->format);
	if (r >= 0)
		r = pod_find(&g, c->args[0], id, e);
	if (r >= 0)
		r = open_pod(&g, id, c->arena, &m, e);
	if (r < 0)
		return r;
	return is_for_ps(c->args[1]) ? show_by_ps(c, c->args + 1, &m, json, e) : show(c, c->args + 1, &m, json, e);
}

const struct verb verb_pod_top = {
	.name = "top",
	.above = &verb_pod,
	.arguments = "POD [COLUMN…|PS-OPTION…]",
	.help = "its processes",
	.about = "Show the processes of all containers of a pod, that of the infra container too; columns are those of `top`.",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.flags = VERB_COMMAND,
	.options = { rows, ARRAY_SIZE(rows) - 1, sizeof(struct top) },
	.run = run_pod,
};
