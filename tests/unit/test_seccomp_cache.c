// SPDX-License-Identifier: Apache-2.0
/* Compiled filters on disk: found again, and never believed when they are damaged, foreign, or about something else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "base/fd.h"
#include "base/file.h"
#include "tests/unit/seccomp_sim.h"

#define CAPS 0xeb

struct folder {
	char path[32];
	int fd;
};

static int make_folder(void **state)
{
	struct folder *f = calloc(1, sizeof(*f));

	strcpy(f->path, "/tmp/seccomp-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(f->fd >= 0);
	*state = f;
	return 0;
}

static int remove_folder(void **state)
{
	struct folder *f = *state;
	struct err e;

	close(f->fd);
	assert_int_equal(file_remove(AT_FDCWD, f->path, &e), 0);
	free(f);
	return 0;
}

static struct seccomp_plan tight(int cache)
{
	struct seccomp_plan plan;
	struct err e;

	if (seccomp_from_profile(SECCOMP_TIGHT, CAPS, false, cache, &plan, &e) < 0)
		fail_msg("%s", e.text);
	return plan;
}

static void same(const struct seccomp_plan *a, const struct seccomp_plan *b)
{
	assert_int_equal(a->n, b->n);
	assert_int_equal(a->notify, b->notify);
	for (size_t i = 0; i < a->n; i++) {
		assert_int_equal(a->filters[i].n, b->filters[i].n);
		assert_int_equal(a->filters[i].flags, b->filters[i].flags);
		assert_memory_equal(a->filters[i].code, b->filters[i].code, a->filters[i].n * sizeof(struct sock_filter));
	}
}

struct names {
	char last[64];
	int n;
};

static int note_name(int dir, const char *name, void *arg, struct err *e)
{
	struct names *names = arg;

	(void)dir, (void)e;
	snprintf(names->last, sizeof(names->last), "%s", name);
	names->n++;
	return 0;
}

static struct names list(const struct folder *f)
{
	struct names names = { .n = 0 };
	struct err e;

	assert_int_equal(file_each(f->fd, note_name, &names, &e), 0);
	return names;
}

/* A filter that can't have been compiled: whoever gets it got it from the file. The hash in the header is not renewed. */
static void spoil(const struct folder *f, const char *name, off_t at)
{
	auto_fd int fd = openat(f->fd, name, O_RDWR | O_CLOEXEC);
	uint8_t byte;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 0x40;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
}

static off_t size_of(const struct folder *f, const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(f->fd, name, &st, 0), 0);
	return st.st_size;
}

static ino_t inode_of(const struct folder *f, const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(f->fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_ino;
}

static void test_found_again(void **state)
{
	const struct folder *f = *state;
	auto_seccomp_plan struct seccomp_plan plain = tight(-1), first = tight(f->fd);
	struct names names = list(f);

	assert_int_equal(names.n, 1);
	ino_t inode = inode_of(f, names.last);
	auto_seccomp_plan struct seccomp_plan second = tight(f->fd);

	assert_int_equal(list(f).n, 1);
	assert_int_equal(inode_of(f, names.last), inode); /* read, not written again */
	same(&plain, &first);
	same(&plain, &second);
}

/* Whatever byte of the file is wrong, the right filter comes out, and the file is a good one afterwards. */
static void test_every_damaged_byte(void **state)
{
	const struct folder *f = *state;
	auto_seccomp_plan struct seccomp_plan right = tight(f->fd);
	struct names names = list(f);
	off_t size = size_of(f, names.last);

	for (off_t at = 0; at < size; at += at < 64 ? 1 : 97) {
		ino_t inode = inode_of(f, names.last);

		spoil(f, names.last, at);
		auto_seccomp_plan struct seccomp_plan p = tight(f->fd);

		same(&right, &p);
		assert_int_not_equal(inode_of(f, names.last), inode);
	}
}

static void test_cut_and_longer(void **state)
{
	const struct folder *f = *state;
	auto_seccomp_plan struct seccomp_plan right = tight(f->fd);
	struct names names = list(f);
	off_t size = size_of(f, names.last);
	const off_t sizes[] = { 0, 1, 39, 40, size / 2, size - 1, size + 1, 3 << 20 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		auto_fd int fd = openat(f->fd, names.last, O_RDWR | O_CLOEXEC);

		assert_int_equal(ftruncate(fd, sizes[i]), 0);
		auto_seccomp_plan struct seccomp_plan p = tight(f->fd);

		same(&right, &p);
		assert_int_equal(size_of(f, names.last), size);
	}
}

/* A file under this policy's name that is about another one, as if their hashes were equal. */
static void test_other_key(void **state)
{
	const struct folder *f = *state;
	auto_seccomp_plan struct seccomp_plan right = tight(f->fd), other;
	struct names names = list(f), others;
	struct err e;

	assert_int_equal(seccomp_from_profile(SECCOMP_TIGHT, CAPS | BIT64(21), false, -1, &other, &e), 0);
	assert_int_equal(renameat(f->fd, names.last, f->fd, ".aside"), 0);
	seccomp_plan_free(&other);
	assert_int_equal(seccomp_from_profile(SECCOMP_TIGHT, CAPS | BIT64(21), false, f->fd, &other, &e), 0);
	others = list(f);
	assert_string_not_equal(names.last, others.last);
	assert_int_equal(renameat(f->fd, others.last, f->fd, names.last), 0);
	auto_seccomp_plan struct seccomp_plan p = tight(f->fd);

	same(&right, &p);
}

static void test_foreign(void **state)
{
	const struct folder *f = *state;
	auto_seccomp_plan struct seccomp_plan right = tight(f->fd);
	struct names names = list(f);

	/* Writable by others: who knows who wrote it. */
	ino_t inode = inode_of(f, names.last);

	assert_int_equal(fchmodat(f->fd, names.last, 0622, 0), 0);
	auto_seccomp_plan struct seccomp_plan p = tight(f->fd);

	same(&right, &p);
	assert_int_not_equal(inode_of(f, names.last), inode);

	/* A symlink, even to a good file. */
	assert_int_equal(renameat(f->fd, names.last, f->fd, ".good"), 0);
	assert_int_equal(symlinkat(".good", f->fd, names.last), 0);
	auto_seccomp_plan struct seccomp_plan q = tight(f->fd);
	struct stat st;

	same(&right, &q);
	assert_int_equal(fstatat(f->fd, names.last, &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISREG(st.st_mode));

	/* A fifo: nobody waits for it. */
	assert_int_equal(unlinkat(f->fd, names.last, 0), 0);
	assert_int_equal(mkfifoat(f->fd, names.last, 0600), 0);
	auto_seccomp_plan struct seccomp_plan r = tight(f->fd);

	same(&right, &r);
	if (geteuid() != 0) {
		print_message("giving a file away takes root\n");
		skip();
	}
	inode = inode_of(f, names.last);
	assert_int_equal(fchownat(f->fd, names.last, 1, 1, 0), 0);
	auto_seccomp_plan struct seccomp_plan s = tight(f->fd);

	same(&right, &s);
	assert_int_not_equal(inode_of(f, names.last), inode);
}

static void test_without_a_writable_folder(void **state)
{
	(void)state;
	auto_seccomp_plan struct seccomp_plan right = tight(-1);
	auto_fd int proc = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_seccomp_plan struct seccomp_plan p = tight(proc);

	same(&right, &p);
}

static void test_every_input_is_in_the_key(void **state)
{
	const struct folder *f = *state;
	struct spec_seccomp_arg arg = { .index = 1, .op = OP_EQ, .value = 7, .value_two = 1 };
	struct spec_seccomp_rule rule = {
		.names = { .v = (char *[]){ (char[]){ "kill" }, NULL }, .n = 1 },
		.action = ACT_ERRNO,
		.args = &arg,
		.n_args = 1,
	};
	struct spec_seccomp s = { .default_action = ACT_ALLOW, .rules = &rule, .n_rules = 1 };
	char *archs[] = { (char[]){ "SCMP_ARCH_AARCH64" }, NULL };
	int files = 0;
	struct err e;

	for (int change = 0; change < 9; change++) {
		arg.index += change == 1;
		arg.op += change == 2;
		arg.value += change == 3;
		arg.value_two += change == 4;
		rule.errno_ret = (struct opt_u32){ .set = change >= 5, .v = EIO };
		rule.n_args = change < 6;
		s.architectures = (struct strv){ .v = archs, .n = change >= 7 };
		s.default_action = change >= 8 ? ACT_LOG : ACT_ALLOW;
		auto_seccomp_plan struct seccomp_plan p = { 0 };

		assert_int_equal(seccomp_from_spec(&s, f->fd, &p, &e), 0);
		assert_int_equal(list(f).n, ++files);
	}
}

/* Of our own: what others take of a busy machine does not count. */
static double microseconds(int cache, int times)
{
	struct timespec a, b;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	for (int i = 0; i < times; i++) {
		auto_seccomp_plan struct seccomp_plan p = tight(cache);

		assert_int_equal(p.n, 2);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	return ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / 1e3 / times;
}

static void test_faster(void **state)
{
	const struct folder *f = *state;
	double compiled = microseconds(-1, 20), cached = (microseconds(f->fd, 1), microseconds(f->fd, 500));

	print_message("compiled in %.0f us, from the cache in %.1f us\n", compiled, cached);
	assert_true(cached < compiled / 2);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_found_again), CASE(test_every_damaged_byte), CASE(test_cut_and_longer),
		CASE(test_other_key),	CASE(test_foreign),	       CASE(test_without_a_writable_folder),
		CASE(test_faster),	CASE(test_every_input_is_in_the_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
