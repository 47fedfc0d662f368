// SPDX-License-Identifier: Apache-2.0
/* Removing a folder into which others go on putting things, or which others remove as well. */
#include <sys/prctl.h>

#include "runtime_world.h"

#define ROUNDS 5

static const struct timespec pause_100us = { .tv_nsec = 100000 };

/* Put files and folders into a folder, until it has gone. */
static _Noreturn void fill(int dir)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* where the test fails */
	char name[32];

	for (int i = 0;; i++) {
		snprintf(name, sizeof(name), i % 2 ? "folder.%d" : "file.%d", i);
		int r = i % 2 ? mkdirat(dir, name, 0700) : mknodat(dir, name, S_IFREG | 0600, 0);

		if (r < 0)
			_exit(errno != ENOENT);
		(void)nanosleep(&pause_100us, NULL);
	}
}

static void expect_well_ended(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_filled_meanwhile(void **state)
{
	auto_world struct world w = world_make();
	struct err e;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		make_folder_in(w.dir, "top");
		auto_fd int top = openat(w.dir, "top", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		pid_t filler = fork();

		if (filler == 0)
			fill(top);
		while (faccessat(top, "folder.9", F_OK, 0) < 0)
			(void)nanosleep(&pause_100us, NULL);
		OK(file_remove(w.dir, "top", &e));
		expect_well_ended(filler);
		assert_false(is_there(w.dir, "top"));
	}
}

static void test_removed_by_two(void **state)
{
	auto_world struct world w = world_make();
	struct err e;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		char name[32];

		make_folder_in(w.dir, "top");
		for (int k = 0; k < 50; k++) {
			snprintf(name, sizeof(name), "top/%d", k);
			make_folder_in(w.dir, name);
		}
		pid_t other = fork();

		if (other == 0)
			_exit(file_remove(w.dir, "top", &e) < 0);
		OK(file_remove(w.dir, "top", &e));
		expect_well_ended(other);
		assert_false(is_there(w.dir, "top"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filled_meanwhile),
		cmocka_unit_test(test_removed_by_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
