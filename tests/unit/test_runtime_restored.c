// SPDX-License-Identifier: Apache-2.0
/* What is looked at in a checkpoint's folder before anything is restored (S30): links, and seccomp filters. */
#include <fcntl.h>
#include <sys/stat.h>

#include "runtime_world.h"

#include "base/file.h"
#include "runtime/restored.h"
#include "runtime/wire.h"

static struct sock_filter ours[] = { { 0x20, 0, 0, 4 }, { 0x06, 0, 0, 0x7fff0000 } };
static struct sock_filter other[] = { { 0x20, 0, 0, 4 }, { 0x06, 0, 0, 0 } };

struct fixture {
	char path[64];
	int dir;
	struct plan plan; /* of it, the filters alone */
	struct arena arena;
};

static void make(struct fixture *f, size_t filters)
{
	*f = (struct fixture){ .path = "/tmp/paene-restored.XXXXXX" };
	assert_non_null(mkdtemp(f->path));
	f->dir = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	f->plan.seccomp.n = filters;
	f->plan.seccomp.filters[0] = (struct seccomp_filter){ .code = ours, .n = ARRAY_SIZE(ours) };
}

static void drop(struct fixture *f)
{
	struct err e;

	close(f->dir);
	OK(file_remove(AT_FDCWD, f->path, &e));
	arena_free(&f->arena);
}
#define auto_fixture __attribute__((cleanup(drop)))

static int check(struct fixture *f)
{
	struct err e;

	return restored_check_image(f->dir, &f->plan, &e);
}

static void add_filter(struct wire *w, const struct sock_filter *code, size_t bytes, int previous)
{
	struct wire inner = { .arena = w->arena };

	wire_bytes(&inner, 1, code, bytes);
	if (previous >= 0)
		wire_number(&inner, 2, (uint64_t)previous);
	wire_message(w, 1, &inner);
}

static void write_image(struct fixture *f, const struct wire *w, uint32_t length)
{
	unsigned char text[4096] = { 'h', 'e', 'a', 'd', 'h', 'e', 'a', 'd' };
	struct err e;

	memcpy(text + 8, &length, sizeof(length));
	memcpy(text + 12, w->v, w->n);
	OK(file_publish(f->dir, "seccomp.img", text, 12 + w->n, 0600, 0, &e));
}

static void test_links(void **state)
{
	auto_fixture struct fixture f;

	(void)state;
	make(&f, 0);
	assert_int_equal(check(&f), 0);
	close(openat(f.dir, "pages-1.img", O_WRONLY | O_CREAT, 0600));
	assert_int_equal(mkdirat(f.dir, "folder", 0700), 0);
	assert_int_equal(check(&f), 0);
	assert_int_equal(symlinkat("pages-1.img", f.dir, "pages-2.img"), 0);
	assert_int_equal(check(&f), -EPERM);
	unlinkat(f.dir, "pages-2.img", 0);
	assert_int_equal(mkfifoat(f.dir, "pipe", 0600), 0);
	assert_int_equal(check(&f), -EPERM);
}

static void test_parents(void **state)
{
	auto_fixture struct fixture f;

	(void)state;
	make(&f, 0);
	assert_int_equal(symlinkat("/tmp", f.dir, "parent"), 0);
	assert_int_equal(check(&f), -EPERM);
	unlinkat(f.dir, "parent", 0);
	assert_int_equal(symlinkat(".", f.dir, "parent"), 0); /* a row without end */
	assert_int_equal(check(&f), -EPERM);
	unlinkat(f.dir, "parent", 0);
	assert_int_equal(mkdirat(f.dir, "first", 0700), 0);
	assert_int_equal(symlinkat("first", f.dir, "parent"), 0);
	assert_int_equal(check(&f), 0);
	assert_int_equal(symlinkat("/etc/passwd", f.dir, "first/pages-1.img"), 0);
	assert_int_equal(check(&f), -EPERM);
}

static void test_filters(void **state)
{
	static const struct {
		int filters[4]; /* 1: ours, 2: another; 0 ends */
		int previous[4];
		int result;
	} cases[] = {
		{ { 1 }, { -1 }, 0 },
		{ { 2 }, { -1 }, -EPERM },
		{ { 1, 2 }, { -1, 0 }, 0 },	/* the container has added one */
		{ { 2, 1 }, { -1, 0 }, -EPERM }, /* a process may have the first alone */
		{ { 1, 2 }, { -1, -1 }, -EPERM }, /* a process without ours */
		{ { 1, 2, 2 }, { -1, 0, 1 }, 0 },
		{ { 2, 2 }, { 1, 0 }, -EPERM }, /* a ring */
		{ { 2 }, { 7 }, -EPERM },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_fixture struct fixture f;

		make(&f, 1);
		struct wire w = { .arena = &f.arena };

		for (size_t k = 0; k < 4 && cases[i].filters[k]; k++)
			add_filter(&w, cases[i].filters[k] == 1 ? ours : other, sizeof(ours), cases[i].previous[k]);
		write_image(&f, &w, (uint32_t)w.n);
		assert_int_equal(check(&f), cases[i].result);
	}
}

static void test_filters_that_make_no_sense(void **state)
{
	auto_fixture struct fixture f;
	struct err e;

	(void)state;
	make(&f, 1);
	assert_int_equal(check(&f), -EPERM); /* none at all */
	struct wire w = { .arena = &f.arena }, many = { .arena = &f.arena };

	add_filter(&w, ours, sizeof(ours), -1);
	write_image(&f, &w, (uint32_t)w.n + 1);
	assert_int_equal(check(&f), -EBADMSG);
	OK(file_publish(f.dir, "seccomp.img", "short", 5, 0600, 0, &e));
	assert_int_equal(check(&f), -EBADMSG);
	w.n--;
	write_image(&f, &w, (uint32_t)w.n);
	assert_int_equal(check(&f), -EBADMSG);
	for (int i = 0; i < 2000; i++) /* filters of no length */
		wire_bytes(&many, 1, "", 0);
	write_image(&f, &many, (uint32_t)many.n);
	assert_int_equal(check(&f), -EPERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_parents),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_filters_that_make_no_sense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
