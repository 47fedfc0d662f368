/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup_fixture.h: for tests on real cgroups of this machine, below one folder of their own. What the machine lacks
 * (root, a controller) is skipped with the reason.
 */
#ifndef TESTS_UNIT_CGROUP_FIXTURE_H
#define TESTS_UNIT_CGROUP_FIXTURE_H

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
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/sys.h"
#include "cgroups/cgroups.h"
#include "cgroups/controllers.h"

#define OK(call) assert_ok((call), &e, #call)
#define FAILS(call, errnum) assert_fails((call), (errnum), &e, #call)

static int root = -1;
static char base[64];	   /* "/paene-test-PID": all cgroups of the test are below it */
static unsigned available; /* controllers of the root */

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
	print_message("%s\n", e->text);
}

/* A path below the test's own cgroup; good until the next call but three. */
static inline const char *below(const char *rest)
{
	static char paths[4][PATH_MAX];
	static unsigned next;
	char *path = paths[next++ % ARRAY_SIZE(paths)];

	snprintf(path, PATH_MAX, "%s/%s", base, rest);
	return path;
}

static inline bool exists(const char *path)
{
	return faccessat(root, path + 1, F_OK, 0) == 0;
}

static inline void need(enum cgroup_controller c)
{
	if (available & BIT(c))
		return;
	print_message("skipped: this machine has no controller %s in cgroup v2\n", cgroup_controller_names[c]);
	skip();
}

static inline void assert_file(int cgroup, const char *file, const char *expected)
{
	char *text;
	struct err e;

	OK(file_read(cgroup, file, 1 << 20, &text, NULL, &e));
	text[strcspn(text, "\n")] = '\0';
	assert_string_equal(text, expected);
	free(text);
}

/* A child that is born in the cgroup. Return: as fork() */
static inline pid_t spawn_in(int cgroup)
{
	struct clone_args args = { .flags = CLONE_INTO_CGROUP, .cgroup = (uint64_t)cgroup, .exit_signal = SIGCHLD };
	pid_t pid = sys_clone3(&args);

	assert_true(pid >= 0);
	return pid;
}

/* A child that sleeps until a signal ends it. */
static inline pid_t sleep_in(int cgroup)
{
	pid_t pid = spawn_in(cgroup);

	if (pid != 0)
		return pid;
	for (;;)
		pause();
}

/* A MiB of this process's own, touched: a process that does less may not be charged for anything yet. */
static inline void use_memory(void)
{
	char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED)
		_exit(1);
	memset(p, 1, 1 << 20);
}

/* A child that has memory, and stops then. */
static inline pid_t stop_in(int cgroup)
{
	pid_t pid = spawn_in(cgroup);
	int status;

	if (pid == 0) {
		use_memory();
		raise(SIGSTOP);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	return pid;
}

/* Run @f in a child in the cgroup. Return: its exit status */
static inline int run_in(int cgroup, int (*f)(void *), void *arg)
{
	pid_t pid = spawn_in(cgroup);
	int status;

	if (pid == 0)
		_exit(f(arg));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Wait for a child, whatever ended it. */
static inline int reap(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static inline int make(const char *rest)
{
	struct err e;

	return OK(cgroup_create(root, below(rest), NULL, &e));
}

static inline int setup(void **state)
{
	struct err e;

	(void)state;
	snprintf(base, sizeof(base), "/paene-test-%d", getpid());
	root = cgroup_open_root(NULL, &e);
	if (root < 0) {
		print_message("%s\n", e.text);
		return -1;
	}
	return cgroup_controllers_read(root, "cgroup.controllers", &available, &e);
}

static inline int teardown(void **state)
{
	struct err e;

	(void)state;
	if (cgroup_remove(root, base, &e) < 0)
		print_message("%s\n", e.text);
	return exists(base) ? -1 : 0;
}

#endif
