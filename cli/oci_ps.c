// SPDX-License-Identifier: Apache-2.0
/* ps: the processes of a container's cgroup and of those below, as this machine's own ps shows them. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "cgroups/cgroups.h"
#include "cli/host_ps.h"
#include "cli/oci.h"
#include "cli/output.h"
#include "runtime/state.h"

#define PS_MAX_BYTES (64 << 20)

struct ps_options {
	const char *format;
};

static const struct option rows[] = {
	OPT_STRING(struct ps_options, format, "format", 'f', "FORMAT", "table or json"),
};

struct pids {
	pid_t *v;
	size_t n;
};

static void pids_guard(struct pids *p)
{
	free(p->v);
}
#define auto_pids __attribute__((cleanup(pids_guard)))

static int find_pids(const struct call *c, struct pids *ret, struct err *e)
{
	auto_state struct state s = { 0 };
	auto_fd int root = oci_open_root(c, e);
	int r = root < 0 ? root : state_load(root, c->args[0], &s, e);

	if (r < 0)
		return r;
	auto_fd int cgroup = state_cgroup(&s, e);

	if (cgroup == -ENOENT) /* it goes with the last process where systemd made it */
		return 0;
	return cgroup < 0 ? cgroup : cgroup_pids(cgroup, &ret->v, &ret->n, e);
}

static void print_json(const struct pids *p)
{
	putchar('[');
	for (size_t i = 0; i < p->n; i++)
		printf("%s%d", i ? "," : "", p->v[i]);
	puts("]");
}

/* ---- without the machine's ps ---- */

static int print_process(struct table *t, pid_t pid, struct err *e)
{
	auto_free char *stat_text = NULL, *command = NULL;
	char file[40], folder[32];
	struct err gone; /* one that has ended meanwhile is no row */
	struct stat st;
	size_t len;
	int parent = 0;

	snprintf(folder, sizeof(folder), "/proc/%d", pid);
	if (stat(folder, &st) < 0)
		return 0;
	snprintf(file, sizeof(file), "%s/stat", folder);
	if (file_read(AT_FDCWD, file, 4096, &stat_text, NULL, &gone) < 0)
		return 0;
	snprintf(file, sizeof(file), "%s/cmdline", folder);
	if (file_read(AT_FDCWD, file, PS_MAX_BYTES, &command, &len, &gone) < 0)
		return 0;
	for (size_t i = 0; i + 1 < len; i++)
		if (command[i] == '\0')
			command[i] = ' ';
	const char *after_name = strrchr(stat_text, ')');

	if (after_name)
		(void)sscanf(after_name, ") %*c %d", &parent);
	int r = table_add(t, e, "%u", st.st_uid);

	if (r >= 0)
		r = table_add(t, e, "%d", pid);
	if (r >= 0)
		r = table_add(t, e, "%d", parent);
	return r < 0 ? r : table_add(t, e, "%s", command);
}

static int print_plain(const struct call *c, const struct pids *p, struct err *e)
{
	static const struct column columns[] = { { "UID", 0 }, { "PID", 0 }, { "PPID", 0 }, { "CMD", 0 } };
	struct table table = { .arena = c->arena, .columns = columns, .n_columns = ARRAY_SIZE(columns) };
	int r = 0;

	for (size_t i = 0; i < p->n && r >= 0; i++)
		r = print_process(&table, p->v[i], e);
	if (r >= 0)
		table_print(&table);
	return r;
}

static int print_table(const struct call *c, const struct pids *p, struct err *e)
{
	const char *path = host_ps_path();

	return path ? host_ps_print(path, c->args + 1, p->v, p->n, c->arena, e) : print_plain(c, p, e);
}

static int run(const struct call *c, struct err *e)
{
	const struct ps_options *o = c->options;
	bool json = o->format && streq(o->format, "json");
	auto_pids struct pids pids = { 0 };

	if (o->format && !json && !streq(o->format, "table"))
		return err_say(e, EINVAL, "--format %s: it is table or json", o->format);
	int r = find_pids(c, &pids, e);

	if (r >= 0 && json)
		print_json(&pids);
	else if (r >= 0)
		r = print_table(c, &pids, e);
	return r;
}

const struct verb oci_ps = {
	.name = "ps",
	.group = "Looking at containers",
	.arguments = "ID [PS-OPTION…]",
	.help = "its processes",
	.about = "List the processes of a container. A table is that of this machine's ps with the options given, or -ef; one "
		 "of the columns must be PID.",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.flags = VERB_COMMAND,
	.options = OPTIONS(rows, struct ps_options),
	.run = run,
};
