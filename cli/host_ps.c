// SPDX-License-Identifier: Apache-2.0
#include "cli/host_ps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/str.h"
#include "cli/output.h"

#define PS_MAX_BYTES (64 << 20)

const char *host_ps_path(void)
{
	static const char *const places[] = { "/usr/bin/ps", "/bin/ps" };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (access(places[i], X_OK) == 0)
			return places[i];
	return NULL;
}

static bool is_listed(const pid_t *pids, size_t n, uint64_t pid)
{
	for (size_t i = 0; i < n; i++)
		if ((uint64_t)pids[i] == pid)
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

static int print_rows(char *text, const pid_t *pids, size_t n, struct arena *arena, struct err *e)
{
	char *rest = text, *line = strsep(&rest, "\n");
	int column = pid_column(arena, line ? line : "", e);
	uint64_t pid;

	if (column < 0)
		return column;
	output_line(line);
	while ((line = strsep(&rest, "\n"))) {
		const char *number = word(arena, line, (size_t)column);

		if (number && str_to_u64(number, INT32_MAX, &pid) == 0 && is_listed(pids, n, pid))
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

int host_ps_print(const char *path, char *const *options, const pid_t *pids, size_t n, struct arena *arena, struct err *e)
{
	auto_free char *text = NULL;
	int status = run_ps(path, options, arena, &text, e);

	if (status > 0)
		return err_say(e, EINVAL, "ps: exit status %d: %.*s", status, (int)strcspn(text, "\n"), text);
	return status < 0 ? status : print_rows(text, pids, n, arena, e);
}
