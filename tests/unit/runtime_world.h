/* SPDX-License-Identifier: Apache-2.0 */
/* runtime_world.h: for tests of runtime/: a folder of their own, an engine in it, and processes that are really there. */
#ifndef TESTS_UNIT_RUNTIME_WORLD_H
#define TESTS_UNIT_RUNTIME_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/proc.h"

#define OK(call) assert_ok((call), &e, #call)
#define FAILS(call, errnum) assert_fails((call), (errnum), &e, #call)

static inline int assert_ok(int r, const struct err *e, const char *what)
{
	if (r < 0)
		fail_msg("%s: %s", what, e->text);
	return r;
}

static inline void assert_fails(int r, int errnum, const struct err *e, const char *what)
{
	if (r != -errnum)
		fail_msg("%s: %d, not %d: %s", what, r, -errnum, r < 0 ? e->text : "");
	assert_int_equal(e->code, errnum);
	assert_true(strlen(e->text) > 0);
}

struct world {
	char path[128];
	int dir;
};

static inline struct world world_make(void)
{
	const char *tmp = getenv("TMPDIR");
	struct world w;

	snprintf(w.path, sizeof(w.path), "%s/paene-runtime.XXXXXX", tmp && strlen(tmp) < 80 ? tmp : "/tmp");
	if (!mkdtemp(w.path))
		fail_msg("mkdtemp %s: %s", w.path, strerror(errno));
	w.dir = open(w.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(w.dir >= 0);
	return w;
}

static inline void world_free(struct world *w)
{
	struct err e;

	close(w->dir);
	OK(file_remove(AT_FDCWD, w->path, &e));
}
#define auto_world __attribute__((cleanup(world_free)))

static inline void put_file(int dir, const char *name, const char *text)
{
	struct err e;

	OK(file_publish(dir, name, text, strlen(text), 0644, 0, &e));
}

static inline void make_folder_in(int dir, const char *name)
{
	assert_true(mkdirat(dir, name, 0755) == 0 || errno == EEXIST);
}

static inline bool is_there(int dir, const char *name)
{
	return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* How many fds this process has: a test that compares two counts finds a leak. */
static inline unsigned open_fds(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* A child that sleeps until it is killed; it keeps none of our fds, nor the locks on them. */
static inline pid_t make_sleeper(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)close_range(3, ~0U, 0);
		for (;;)
			pause();
	}
	return pid;
}

/* Until a child waits for a lock that another has. */
static inline void wait_until_locked_out(pid_t pid)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	char line[256], waits[64];

	for (bool found = false; !found;) {
		FILE *locks = fopen("/proc/locks", "re");

		assert_non_null(locks);
		assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
		while (!found && fgets(line, sizeof(line), locks))
			found = sscanf(line, "%*s -> %*s %*s %*s %63s", waits) == 1 && atoi(waits) == pid;
		fclose(locks);
		(void)nanosleep(&pause, NULL);
	}
}

static inline void end_child(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static inline void needs_root_user(void)
{
	if (geteuid() == 0)
		return;
	print_message("not root\n");
	skip();
}

#endif
