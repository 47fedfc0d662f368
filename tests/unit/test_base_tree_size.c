// SPDX-License-Identifier: Apache-2.0
/* How much room a tree takes: a file with two names counts once, and no depth of folders is too much. */
#include "base/tree_size.h"
#include "runtime_world.h"

#define DEPTH 1800 /* more than there are descriptors, and below PATH_MAX */

static void put(int dir, const char *name, size_t bytes)
{
	auto_fd int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	char page[4096] = { 1 };
	bool large = bytes > sizeof(page);

	assert_true(fd >= 0);
	for (; bytes > 0; bytes -= MIN(bytes, sizeof(page)))
		assert_true(write(fd, page, MIN(bytes, sizeof(page))) > 0);
	if (large)
		(void)fsync(fd); /* blocks are given when it is written out */
}

static uint64_t size_of(int dir, const char *name)
{
	auto_tree_size struct tree_size t = { 0 };
	struct err e;

	OK(tree_size_add(&t, dir, name, &e));
	return t.bytes;
}

static void test_names_of_one_file(void **state)
{
	auto_world struct world w = world_make();
	auto_tree_size struct tree_size t = { 0 };
	struct err e;

	(void)state;
	make_folder_in(w.dir, "a");
	make_folder_in(w.dir, "b");
	put(w.dir, "a/file", 65536);
	uint64_t one = size_of(w.dir, "a");

	assert_true(one >= 65536);
	assert_int_equal(linkat(w.dir, "a/file", w.dir, "a/again", 0), 0);
	assert_int_equal(linkat(w.dir, "a/file", w.dir, "b/third", 0), 0);
	assert_int_equal(size_of(w.dir, "a"), one);
	OK(tree_size_add(&t, w.dir, "a", &e));
	OK(tree_size_add(&t, w.dir, "b", &e));
	assert_true(t.bytes < one + 65536);
	assert_int_equal(size_of(w.dir, "nothing"), 0);
}

/* The table of files with several names grows. */
static void test_many_files(void **state)
{
	auto_world struct world w = world_make();
	char name[32];

	(void)state;
	make_folder_in(w.dir, "a");
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "a/file.%d", i);
		put(w.dir, name, 1);
	}
	uint64_t before = size_of(w.dir, "a");

	for (int i = 0; i < 1000; i++) {
		char again[40];

		snprintf(name, sizeof(name), "a/file.%d", i);
		snprintf(again, sizeof(again), "%s.again", name);
		assert_int_equal(linkat(w.dir, name, w.dir, again, 0), 0);
	}
	assert_true(size_of(w.dir, "a") < before + before / 2); /* the folder has grown, not the files */
}

static void test_deep(void **state)
{
	auto_world struct world w = world_make();
	struct err e;

	(void)state;
	make_folder_in(w.dir, "a");
	int at = openat(w.dir, "a", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (int i = 0; i < DEPTH; i++) {
		assert_int_equal(mkdirat(at, "d", 0700), 0);
		int next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		close(at);
		at = next;
	}
	put(at, "file", 65536);
	close(at);
	assert_true(size_of(w.dir, "a") >= 65536);
	OK(file_remove(w.dir, "a", &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_of_one_file),
		cmocka_unit_test(test_many_files),
		cmocka_unit_test(test_deep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
