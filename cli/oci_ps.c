// SPDX-License-Identifier: Apache-2.0
/* ps: the processes of a container's cgroup and of those below, as this machine's own ps shows them. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/proc.h"
#include "cgroups/cgroups.h"
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

/* ---- by the machine's ps ---- */

static bool is_listed(const struct pids *p, uint64_t pid)
{
	for (size_t i = 0; i < p->n; i++)
		if ((uint64_t)p->v[i] == pid)
			return true;
	return false;
}

/* The @n-th word of a line, in @arena. NULL: it has less */
static const char *word(struct arena *arena, const char *line, size_t n)
{
	for (;; n--) {
		line += strspn(line, " \t");
		size_t len = strcspn(line, " \t");

		if (len == 0)
			return NULL;
		if (n == 0)
			return arena_strndup(arena, line, len);
		line += len;
	}
}

static int pid_column(struct arena *arena, const char *title, struct err *e)
{
	for (size_t i = 0;; i++) {
		const char *name = word(arena, title, i);

		if (!name)
			return err_say(e, EINVAL, "couldn't find PID field in ps output");
		if (streq(name, "PID"))
			return (int)i;
	}
}

static int print_rows(const struct call *c, char *text, const struct pids *p, struct err *e)
{
	char *rest = text, *line = strsep(&rest, "\n");
	int column = pid_column(c->arena, line ? line : "", e);
	uint64_t pid;

	if (column < 0)
		return column;
	output_line(line);
	while ((line = strsep(&rest, "\n"))) {
		const char *number = word(c->arena, line, (size_t)column);

		if (number && str_to_u64(number, INT32_MAX, &pid) == 0 && is_listed(p, pid))
			output_line(line);
	}
	return 0;
}

/* What it says, errors too. Return: its exit status, or -errno with @e filled */
static int run_ps(const char *path, char *const *options, struct arena *arena, char **ret, struct err *e)
{
	struct strv argv = { 0 };
	int fds[2], r = strv_add(arena, &argv, "ps");

	for (size_t i = 0; options[i] && r >= 0; i++)
		r = strv_add(arena, &argv, options[i]);
	if (r >= 0 && !options[0])
		r = strv_add(arena, &argv, "-ef");
	if (r < 0)
		return err_nomem(e);
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	auto_fd int out = fds[0], in = fds[1], pidfd = -1;
	const struct proc_spawn s = {
		.path = path,
		.argv = argv.v,
		.envp = environ,
		.stdio = { -1, in, in },
		.cwd = -1,
	};

	r = proc_spawn(&s, NULL, &pidfd, e);
	fd_close(&in);
	if (r >= 0)
		r = file_read_fd(out, "ps", PS_MAX_BYTES, ret, NULL, e);
	return r < 0 ? r : proc_wait(pidfd, e);
}

/* ---- without one ---- */

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
	static const char *const places[] = { "/usr/bin/ps", "/bin/ps" };
	auto_free char *text = NULL;
	const char *path = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(places) && !path; i++)
		path = access(places[i], X_OK) == 0 ? places[i] : NULL;
	if (!path)
		return print_plain(c, p, e);
	int status = run_ps(path, c->args + 1, c->arena, &text, e);

	if (status > 0)
		return err_say(e, EINVAL, "ps: exit status %d: %s", status, text);
	return status < 0 ? status : print_rows(c, text, p, e);
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
