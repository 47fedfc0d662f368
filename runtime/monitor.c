// SPDX-License-Identifier: Apache-2.0
#include "runtime/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "runtime/rootless.h"

static const enum monitor_word fd_words[] = {
	MONITOR_PROGRAM, MONITOR_WATCH, MONITOR_DIR, MONITOR_PIDFD, MONITOR_CONSOLE, MONITOR_IN, MONITOR_OUT, MONITOR_ERR,
	MONITOR_OOM,	 MONITOR_ROOT,	MONITOR_PORTS, MONITOR_PORTS_NETNS, MONITOR_LISTEN, MONITOR_VIEWER,
};

static int keep_fds(const struct monitor_words *w, const int *hold, size_t n_hold, struct err *e)
{
	if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return err_set(e, errno, "mark fds close-on-exec");
	for (size_t i = 0; i < ARRAY_SIZE(fd_words); i++) {
		int64_t fd;
		int r = monitor_number(w, fd_words[i], &fd, e);

		if (r < 0)
			return r;
		if (fd >= 0 && fcntl((int)fd, F_SETFD, 0) < 0)
			return err_set(e, errno, "keep fd %d", (int)fd);
	}
	for (size_t i = 0; i < n_hold; i++)
		if (fcntl(hold[i], F_SETFD, 0) < 0)
			return err_set(e, errno, "keep fd %d", hold[i]);
	return 0;
}

/* Whose root we are, and where the user's systemd is. */
static const char *const kept_variables[] = { ROOTLESS_ENV, "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS" };

static void keep_variables(char *ret[ARRAY_SIZE(kept_variables) + 1])
{
	size_t n = 0;

	for (char **p = environ; *p && n < ARRAY_SIZE(kept_variables); p++)
		for (size_t i = 0; i < ARRAY_SIZE(kept_variables); i++) {
			const char *rest = str_after(*p, kept_variables[i]);

			if (rest && *rest == '=') {
				ret[n++] = *p;
				break;
			}
		}
	ret[n] = NULL;
}

void monitor_forget_fds(struct monitor_words *w)
{
	for (size_t i = 0; i < ARRAY_SIZE(fd_words); i++)
		if (fd_words[i] != MONITOR_PROGRAM)
			snprintf(w->text[fd_words[i]], MONITOR_WORD_MAX, "-1");
}

int monitor_exec(int program, const char *name, const char *verb, const struct monitor_words *w, const int *hold,
		 size_t n_hold, struct err *e)
{
	const char *argv[MONITOR_WORDS + 3] = { name };
	char *envp[ARRAY_SIZE(kept_variables) + 1];
	size_t n = 1;
	int r = keep_fds(w, hold, n_hold, e);

	if (r < 0)
		return r;
	keep_variables(envp);
	if (verb)
		argv[n++] = verb;
	for (size_t i = 0; i < MONITOR_WORDS; i++)
		argv[n++] = w->text[i];
	execveat(program, "", (char *const *)argv, envp, AT_EMPTY_PATH);
	return err_set(e, errno, "execute %s", name);
}

int monitor_words(int argc, char **argv, struct monitor_words *ret, struct err *e)
{
	if (argc != MONITOR_WORDS)
		return err_say(e, EINVAL, "%d words instead of %d", argc, MONITOR_WORDS);
	for (int i = 0; i < MONITOR_WORDS; i++)
		if ((size_t)snprintf(ret->text[i], MONITOR_WORD_MAX, "%s", argv[i]) >= MONITOR_WORD_MAX)
			return err_say(e, EINVAL, "word %d is too long", i);
	return 0;
}

int monitor_number(const struct monitor_words *w, enum monitor_word which, int64_t *ret, struct err *e)
{
	if (str_to_i64(w->text[which], -1, INT64_MAX, ret) < 0)
		return err_say(e, EINVAL, "word %d: \"%s\" is no number", which, w->text[which]);
	return 0;
}
