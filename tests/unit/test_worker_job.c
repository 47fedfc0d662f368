// SPDX-License-Identifier: Apache-2.0
/*
 * The real program, given unpack jobs: what lies on disk afterwards, what it refuses, and how it is locked in.
 * Needs root, for owners and device nodes.
 */
#include "worker_tar.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>

static char top[] = "/tmp/test-worker-XXXXXX"; /* everything is below it, and it is the working folder */
static int target = -1;

static void need_root(void)
{
	if (geteuid() == 0)
		return;
	print_message("only root can give files away and make namespaces\n");
	skip();
}

static void empty_target(void)
{
	struct err e;

	fd_close(&target);
	assert_int_equal(file_remove(AT_FDCWD, "target", &e), 0);
	assert_int_equal(mkdir("target", 0700), 0);
	target = open("target", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(target >= 0);
}

static struct answer unpack_fd(int blob, const struct work_job *more, int lower)
{
	struct work_job job = more ? *more : (struct work_job){ .lowest = lower < 0 };
	int fds[] = { blob, target, lower };

	job.kind = WORK_UNPACK;
	return give_job(&job, fds, lower < 0 ? 2 : 3);
}

/* Into an empty target. */
static struct answer unpack(const struct bytes *tar, const struct work_job *more, int lower)
{
	auto_fd int blob = bytes_fd(tar);

	empty_target();
	return unpack_fd(blob, more, lower);
}

static struct stat look(const char *name)
{
	struct stat st;

	if (fstatat(target, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		fail_msg("%s: %s", name, strerror(errno));
	return st;
}

static bool is_there(const char *name)
{
	return faccessat(target, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void assert_content(const char *name, const char *expected)
{
	auto_free char *text = NULL;
	struct err e;

	if (file_read(target, name, 1 << 20, &text, NULL, &e) < 0)
		fail_msg("%s", e.text);
	assert_string_equal(text, expected);
}

/* "" where it is not there. */
static const char *attribute(const char *name, const char *key)
{
	static char value[64];
	auto_fd int fd = openat(target, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n = fgetxattr(fd, key, value, sizeof(value) - 1);

	value[MAX(n, 0)] = '\0';
	return value;
}

static void assert_whiteout(const char *name)
{
	struct stat st = look(name);

	assert_true(S_ISCHR(st.st_mode));
	assert_int_equal(st.st_rdev, 0);
}

static void test_kinds(void **state)
{
	auto_bytes struct bytes tar = { 0 };

	(void)state;
	need_root();
	TAR(&tar, .name = "./", .kind = '5', .mode = 0751, .uid = 3, .gid = 4, .mtime = 1000000);
	TAR(&tar, .name = "d/", .kind = '5', .mode = 02770, .uid = 5, .gid = 6, .mtime = 1000001);
	TAR(&tar, .name = "d/suid", .data = "suid", .mode = 06755, .uid = 7, .gid = 8, .mtime = 1000002);
	TAR(&tar, .name = "d/sub/", .kind = '5', .mode = 0500, .mtime = 1000003);
	TAR(&tar, .name = "d/sub/secret", .data = "closed", .mtime = 1000004);
	TAR(&tar, .name = "d/link", .kind = '2', .link = "../nowhere", .uid = 9, .mtime = 1000005);
	TAR(&tar, .name = "hard", .kind = '1', .link = "./d/suid");
	TAR(&tar, .name = "hard-link", .kind = '1', .link = "/d/link");
	TAR(&tar, .name = "null", .kind = '3', .major = 1, .minor = 3, .mode = 04666, .uid = 1, .mtime = 1000006);
	TAR(&tar, .name = "disk", .kind = '4', .major = 7, .minor = 200, .mode = 0600);
	TAR(&tar, .name = "fifo", .kind = '6', .mode = 0622);
	TAR_PAX(&tar, "mtime", "1234567890.123456789");
	TAR(&tar, .name = "exact", .data = "x", .mode = 0644);
	TAR_PAX(&tar, "uid", "4294967294");
	TAR(&tar, .name = "far", .data = "x", .mode = 0644);
	tar_end(&tar);
	struct answer a = unpack(&tar, NULL, -1);

	assert_done(&a);
	assert_int_equal(a.last.done.entries, 13);
	assert_int_equal(a.last.done.bytes, 4 + 6 + 1 + 1);
	struct stat st = look(".");

	assert_int_equal(st.st_mode & 07777, 0751);
	assert_int_equal(st.st_uid, 3);
	assert_int_equal(st.st_mtime, 1000000);
	st = look("d");
	assert_int_equal(st.st_mode, S_IFDIR | 02770);
	assert_int_equal(st.st_gid, 6);
	assert_int_equal(st.st_mtime, 1000001);
	st = look("d/suid");
	assert_int_equal(st.st_mode, S_IFREG | 06755);
	assert_int_equal(st.st_uid, 7);
	assert_int_equal(st.st_nlink, 2);
	assert_int_equal(look("hard").st_ino, st.st_ino);
	assert_content("hard", "suid");
	st = look("d/sub"); /* below a folder with setgid, which it must not inherit */
	assert_int_equal(st.st_mode, S_IFDIR | 0500);
	assert_int_equal(st.st_gid, 0);
	assert_int_equal(st.st_mtime, 1000003);
	assert_int_equal(look("d/sub/secret").st_mode, S_IFREG);
	st = look("d/link");
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(st.st_uid, 9);
	assert_int_equal(st.st_mtime, 1000005);
	assert_int_equal(look("hard-link").st_ino, st.st_ino);
	st = look("null");
	assert_int_equal(st.st_mode, S_IFCHR | 04666);
	assert_int_equal(st.st_rdev, makedev(1, 3));
	assert_int_equal(look("disk").st_rdev, makedev(7, 200));
	assert_int_equal(look("fifo").st_mode, S_IFIFO | 0622);
	st = look("exact");
	assert_int_equal(st.st_mtim.tv_sec, 1234567890);
	assert_int_equal(st.st_mtim.tv_nsec, 123456789);
	assert_int_equal(look("far").st_uid, 4294967294U);
}

/* What is in an archive twice; the last one counts. */
static void test_replaced(void **state)
{
	auto_bytes struct bytes tar = { 0 };

	(void)state;
	need_root();
	TAR(&tar, .name = "d/", .kind = '5', .mode = 0755);
	TAR(&tar, .name = "d/kept", .data = "1", .mode = 0644);
	TAR(&tar, .name = "d/", .kind = '5', .mode = 0700, .mtime = 7);
	TAR(&tar, .name = "f", .data = "long content", .mode = 0644);
	TAR(&tar, .name = "other", .kind = '1', .link = "f");
	TAR(&tar, .name = "f", .data = "new", .mode = 0600);
	TAR(&tar, .name = "gone/", .kind = '5', .mode = 0755);
	TAR(&tar, .name = "gone/x/", .kind = '5', .mode = 0755);
	TAR(&tar, .name = "gone/x/y", .data = "y", .mode = 0644);
	TAR(&tar, .name = "gone", .data = "a file now", .mode = 0644);
	TAR(&tar, .name = "l", .kind = '2', .link = "d");
	TAR(&tar, .name = "l/through", .data = "t", .mode = 0644);
	TAR(&tar, .name = "l", .kind = '5', .mode = 0711);
	TAR(&tar, .name = "l/own", .data = "o", .mode = 0644);
	tar_end(&tar);
	struct answer a = unpack(&tar, NULL, -1);

	assert_done(&a);
	assert_content("d/kept", "1");
	assert_int_equal(look("d").st_mode, S_IFDIR | 0700);
	assert_int_equal(look("d").st_mtime, 7); /* though "d/through" came later */
	assert_content("f", "new");
	assert_content("other", "long content");
	assert_content("gone", "a file now");
	assert_content("d/through", "t");
	assert_int_equal(look("l").st_mode, S_IFDIR | 0711);
	assert_content("l/own", "o");
}

static void test_whiteouts(void **state)
{
	auto_bytes struct bytes tar = { 0 };

	(void)state;
	need_root();
	TAR(&tar, .name = "d/", .kind = '5', .mode = 0755, .mtime = 7);
	TAR(&tar, .name = "d/.wh.gone");
	TAR(&tar, .name = "d/here", .data = "x", .mode = 0644);
	TAR(&tar, .name = "d/.wh.here");
	TAR(&tar, .name = "o/", .kind = '5', .mode = 0755);
	TAR(&tar, .name = "o/.wh..wh..opq");
	TAR(&tar, .name = ".wh.again");
	TAR(&tar, .name = "again/", .kind = '5', .mode = 0755);
	TAR(&tar, .name = ".wh.later");
	TAR(&tar, .name = "later/x", .data = "x", .mode = 0644);
	TAR(&tar, .name = "before/", .kind = '5', .mode = 0755);
	TAR(&tar, .name = ".wh.before");
	TAR(&tar, .name = ".wh..wh.aufs", .data = "");
	TAR(&tar, .name = ".wh.linked", .kind = '1', .link = ".wh..wh.aufs");
	tar_end(&tar);
	struct answer a = unpack(&tar, NULL, -1);

	assert_done(&a);
	assert_whiteout("d/gone");
	assert_content("d/here", "x"); /* it hides by being there */
	assert_int_equal(look("d").st_mtime, 7);
	assert_string_equal(attribute("d", "user.overlay.opaque"), "");
	assert_string_equal(attribute("o", "user.overlay.opaque"), "y");
	assert_string_equal(attribute("again", "user.overlay.opaque"), "y");
	assert_string_equal(attribute("later", "user.overlay.opaque"), "y");
	assert_string_equal(attribute("before", "user.overlay.opaque"), "y");
	assert_whiteout("linked");
	assert_false(is_there(".wh..wh.aufs"));
	assert_false(is_there("d/.wh.gone"));
}

static void test_attributes(void **state)
{
	/* revision 2, cap_net_raw=ep */
	static const char capability[] = { 1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	auto_bytes struct bytes tar = { 0 };
	char value[32];

	(void)state;
	need_root();
	tar_add_pax(&tar, "SCHILY.xattr.security.capability", capability, sizeof(capability));
	TAR(&tar, .name = "ping", .data = "x", .mode = 0755, .uid = 1, .gid = 1);
	TAR_PAX(&tar, "SCHILY.xattr.user.mine", "kept");
	TAR(&tar, .name = "f", .data = "x", .mode = 0644);
	TAR_PAX(&tar, "SCHILY.xattr.user.overlay.opaque", "y");
	TAR(&tar, .name = "d/", .kind = '5', .mode = 0755);
	TAR_PAX(&tar, "SCHILY.xattr.trusted.overlay.opaque", "y");
	TAR(&tar, .name = "t/", .kind = '5', .mode = 0755);
	TAR_PAX(&tar, "SCHILY.xattr.security.selinux", "label");
	TAR(&tar, .name = "s", .data = "x", .mode = 0644);
	tar_end(&tar);
	struct answer a = unpack(&tar, NULL, -1);

	assert_done(&a);
	auto_fd int fd = openat(target, "ping", O_RDONLY | O_CLOEXEC);

	assert_int_equal(fgetxattr(fd, "security.capability", value, sizeof(value)), 20);
	assert_memory_equal(value, capability, 20);
	assert_string_equal(attribute("f", "user.mine"), "kept");
	assert_string_equal(attribute("d", "user.overlay.opaque"), "");
	assert_string_equal(attribute("t", "trusted.overlay.opaque"), "");
	assert_string_equal(attribute("s", "security.selinux"), "");
}

/* Names are bytes: composed or not, and no UTF-8 at all. */
static void test_bytes(void **state)
{
	static const char *const names[] = { "e\xcc\x81", "\xc3\xa9", "\xff\xfe", "\xed\xa0\xbd\xed\xb8\x80", "a\nb" };
	auto_bytes struct bytes tar = { 0 };

	(void)state;
	need_root();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		TAR_PAX(&tar, "path", names[i]);
		TAR(&tar, .name = "short", .data = names[i], .mode = 0644);
	}
	TAR_PAX(&tar, "linkpath", "\xff" "e\xcc\x81");
	TAR(&tar, .name = "link", .kind = '2', .link = "short");
	tar_end(&tar);
	struct answer a = unpack(&tar, NULL, -1);
	char link[16];

	assert_done(&a);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_content(names[i], names[i]);
	assert_int_equal(readlinkat(target, "link", link, sizeof(link)), 4);
	assert_memory_equal(link, "\xff" "e\xcc\x81", 4);
}

static void test_sparse(void **state)
{
	auto_bytes struct bytes tar = { 0 }, records = { 0 };
	char block[4097];

	(void)state;
	need_root();
	memset(block, 'x', 4096);
	block[4096] = '\0';
	/* one block at 1 MiB of 4 MiB, GNU format 0.1 */
	pax_add(&records, "GNU.sparse.size", "4194304", 7);
	pax_add(&records, "GNU.sparse.map", "1048576,4096", 12);
	TAR(&tar, .name = "pax", .kind = 'x', .data = records.v);
	TAR(&tar, .name = "sparse", .data = block, .mode = 0644);
	tar_end(&tar);
	struct answer a = unpack(&tar, NULL, -1);

	assert_done(&a);
	struct stat st = look("sparse");

	assert_int_equal(st.st_size, 4194304);
	assert_true(st.st_blocks < 64);
	auto_fd int fd = openat(target, "sparse", O_RDONLY | O_CLOEXEC);
	char found[4096];

	assert_int_equal(pread(fd, found, 4096, 1048576), 4096);
	assert_memory_equal(found, block, 4096);
	assert_int_equal(pread(fd, found, 1, 0), 1);
	assert_int_equal(found[0], 0);
}

static void test_digests(void **state)
{
	auto_bytes struct bytes tar = { 0 };
	struct work_job job = { .lowest = true };
	char hex[DIGEST_HEX + 1];

	(void)state;
	need_root();
	TAR(&tar, .name = "f", .data = "x", .mode = 0644);
	tar_end(&tar);
	bytes_add(&tar, "behind the end", 14); /* which counts for the digest all the same */
	bytes_digest(&tar, hex);
	memcpy(job.diff_id, hex, sizeof(hex));
	memcpy(job.blob_digest, hex, sizeof(hex));
	job.blob_bytes = tar.n;
	struct answer a = unpack(&tar, &job, -1);

	assert_done(&a);
	job.diff_id[0] ^= 1;
	a = unpack(&tar, &job, -1);
	assert_failed(&a, "does not match its diff id");
	job.diff_id[0] ^= 1;
	job.blob_digest[0] ^= 1;
	a = unpack(&tar, &job, -1);
	assert_failed(&a, "does not match its digest");
	job.blob_digest[0] ^= 1;
	job.blob_bytes--;
	a = unpack(&tar, &job, -1);
	assert_failed(&a, "more than");
	job.blob_bytes = 0;
	job.max_bytes = tar.n - 1;
	a = unpack(&tar, &job, -1);
	assert_failed(&a, "the limit: --max-layer-size");
}

/* Layers that depend on those below. */
static void test_lower(void **state)
{
	auto_bytes struct bytes below = { 0 }, tar = { 0 };
	struct work_job upper = { 0 };
	struct err e;

	(void)state;
	need_root();
	TAR(&below, .name = "./", .kind = '5', .mode = 0711, .mtime = 5);
	TAR(&below, .name = "usr/", .kind = '5', .mode = 0750, .uid = 11, .gid = 12, .mtime = 1000);
	TAR(&below, .name = "usr/lib/", .kind = '5', .mode = 01777, .mtime = 1001);
	TAR(&below, .name = "usr/lib/so", .data = "library", .mode = 04755, .uid = 13, .mtime = 1002);
	TAR(&below, .name = "lib", .kind = '2', .link = "usr/lib");
	TAR(&below, .name = "loop", .kind = '2', .link = "loop");
	TAR(&below, .name = "file", .data = "x", .mode = 0644);
	TAR(&below, .name = ".wh.never");
	tar_end(&below);
	struct answer a = unpack(&below, NULL, -1);

	assert_done(&a);
	assert_int_equal(file_remove(AT_FDCWD, "lower", &e), 0);
	assert_int_equal(rename("target", "lower"), 0);
	auto_fd int lower = open("lower", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	TAR(&tar, .name = "lib/new", .data = "n", .mode = 0644);
	TAR(&tar, .name = "linked", .kind = '1', .link = "lib/so");
	TAR(&tar, .name = "none/at/all", .data = "a", .mode = 0644);
	TAR(&tar, .name = "usr/share/doc", .data = "d", .mode = 0644);
	tar_end(&tar);
	a = unpack(&tar, &upper, -1);
	assert_done(&a);
	assert_true(a.last.done.needs_lower);
	assert_string_equal(a.last.done.chain_detail, "lib");
	a = unpack(&tar, &upper, lower);
	assert_done(&a);
	assert_false(a.last.done.needs_lower);
	assert_int_equal(look(".").st_mode & 07777, 0711);
	assert_false(is_there("lib"));
	struct stat st = look("usr");

	assert_int_equal(st.st_mode, S_IFDIR | 0750);
	assert_int_equal(st.st_gid, 12);
	assert_int_equal(st.st_mtime, 1000);
	st = look("usr/lib");
	assert_int_equal(st.st_mode, S_IFDIR | 01777);
	assert_int_equal(st.st_mtime, 1001);
	assert_content("usr/lib/new", "n");
	st = look("usr/lib/so");
	assert_int_equal(st.st_ino, look("linked").st_ino);
	assert_int_equal(st.st_mode, S_IFREG | 04755);
	assert_int_equal(st.st_uid, 13);
	assert_int_equal(st.st_mtime, 1002);
	assert_content("linked", "library");
	assert_int_equal(look("none/at").st_mode, S_IFDIR | 0755);
	assert_int_equal(look("none/at").st_mtime, 0);

	static const struct {
		struct member member;
		const char *words; /* NULL: fine */
	} cases[] = {
		{ { .name = "file/x", .data = "x" }, "folder file" },
		{ { .name = "loop/x", .data = "x" }, "symbolic links" },
		{ { .name = "l", .kind = '1', .link = "usr/nothing" }, "is not there" },
		{ { .name = "l", .kind = '1', .link = "usr/lib" }, "is not there" },
		{ { .name = "l", .kind = '1', .link = "file" }, NULL },
		{ { .name = "l", .kind = '1', .link = "never" }, "is not there" },
		{ { .name = "never/x", .data = "x" }, NULL },
		{ { .name = "usr/.wh.lib" }, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_bytes struct bytes one = { 0 };

		tar_add(&one, cases[i].member);
		tar_end(&one);
		a = unpack(&one, &upper, lower);
		if (cases[i].words)
			assert_failed(&a, cases[i].words);
		else
			assert_done(&a);
	}
}

/* What this layer hides does not come back from below. */
static void test_lower_hidden(void **state)
{
	auto_bytes struct bytes tar = { 0 };
	struct work_job upper = { 0 };

	(void)state;
	need_root();
	auto_fd int lower = open("lower", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (lower < 0)
		skip();
	TAR(&tar, .name = ".wh.usr");
	TAR(&tar, .name = "usr/lib/x", .data = "x", .mode = 0644);
	tar_end(&tar);
	struct answer a = unpack(&tar, &upper, lower);

	assert_done(&a);
	assert_int_equal(look("usr").st_mode, S_IFDIR | 0755);
	assert_int_equal(look("usr/lib").st_mode, S_IFDIR | 0755);
	assert_string_equal(attribute("usr", "user.overlay.opaque"), "y");
	bytes_free(&tar);
	TAR(&tar, .name = "usr/", .kind = '5', .mode = 0755);
	TAR(&tar, .name = "usr/.wh..wh..opq");
	TAR(&tar, .name = "l", .kind = '1', .link = "usr/lib/so");
	tar_end(&tar);
	a = unpack(&tar, &upper, lower);
	assert_failed(&a, "is not there");
	/* the root itself: a whiteout for each name below */
	bytes_free(&tar);
	TAR(&tar, .name = ".wh..wh..opq");
	TAR(&tar, .name = "usr/", .kind = '5', .mode = 0755);
	TAR(&tar, .name = "file", .data = "mine", .mode = 0644);
	tar_end(&tar);
	a = unpack(&tar, &upper, -1);
	assert_done(&a);
	assert_true(a.last.done.needs_lower);
	a = unpack(&tar, &upper, lower);
	assert_done(&a);
	assert_whiteout("lib");
	assert_string_equal(attribute("usr", "user.overlay.opaque"), "y");
	assert_content("file", "mine");
}

/* The last file's padding and all that should follow is missing. */
static void test_no_end(void **state)
{
	auto_bytes struct bytes tar = { 0 };

	(void)state;
	need_root();
	TAR(&tar, .name = "f", .data = "abc", .mode = 0644);
	struct answer a = unpack(&tar, NULL, -1);

	assert_done(&a);
	tar.n -= TAR_BLOCK - 3;
	a = unpack(&tar, NULL, -1);
	assert_done(&a);
	assert_content("f", "abc");
	tar.n--;
	a = unpack(&tar, NULL, -1);
	assert_failed(&a, "archive ends in the middle of entry f");
	tar.n = 100;
	a = unpack(&tar, NULL, -1);
	assert_failed(&a, "");
	tar.n = 0;
	a = unpack(&tar, NULL, -1);
	assert_done(&a);
}

static void test_full_disk(void **state)
{
	auto_bytes struct bytes tar = { 0 };
	static char big[1 << 20];

	(void)state;
	need_root();
	memset(big, 'x', sizeof(big) - 1);
	TAR(&tar, .name = "d/", .kind = '5', .mode = 0755);
	TAR(&tar, .name = "d/big", .data = big, .mode = 0644);
	tar_end(&tar);
	assert_int_equal(mkdir("small", 0700), 0);
	if (mount("tmpfs", "small", "tmpfs", 0, "size=128k") < 0) {
		print_message("mount a tmpfs: %s\n", strerror(errno));
		skip();
	}
	auto_fd int blob = bytes_fd(&tar);

	fd_close(&target);
	target = open("small", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct answer a = unpack_fd(blob, NULL, -1);

	assert_failed(&a, "write d/big: No space left on device");
	fd_close(&target);
	assert_int_equal(umount("small"), 0);
}

static int victim_digest(char hex[DIGEST_HEX + 1])
{
	struct stat st;
	char text[256];
	struct err e;

	if (stat("/tmp/v/secret", &st) < 0)
		return -errno;
	int n = snprintf(text, sizeof(text), "%o %u %u %lu %ld %ld", st.st_mode, st.st_uid, (unsigned)st.st_nlink,
			 (unsigned long)st.st_size, st.st_mtim.tv_sec, st.st_mtim.tv_nsec);

	return digest_of(text, (size_t)n, hex, &e);
}

static size_t names_in(const char *folder)
{
	auto_dir DIR *d = opendir(folder);
	size_t n = 0;

	while (d && readdir(d))
		n++;
	return n;
}

/* Every case of tests/images/hostile.py: a file outside stays as it is, and each ends as the case says. */
static void test_hostile(void **state)
{
	char name[64], expected[32], command[PATH_MAX + 200], before[DIGEST_HEX + 1], after[DIGEST_HEX + 1];
	const char *script = *state;

	need_root();
	bool made = mkdir("/tmp/v", 0700) == 0; /* its name is in the cases; other tests may have one: ours lies on top */

	if (mount("tmpfs", "/tmp/v", "tmpfs", 0, "mode=0700") < 0) {
		print_message("mount a tmpfs: %s\n", strerror(errno));
		skip();
	}
	assert_int_equal(system("echo TOPSECRET >/tmp/v/secret"), 0);
	assert_int_equal(victim_digest(before), 0);
	snprintf(command, sizeof(command), "python3 '%s' --list", script);
	FILE *list = popen(command, "r");
	size_t n = 0;

	assert_non_null(list);
	while (fscanf(list, "%63s %31s", name, expected) == 2) {
		snprintf(command, sizeof(command), "python3 '%s' %s case.tar", script, name);
		assert_int_equal(system(command), 0);
		auto_fd int blob = open("case.tar", O_RDONLY | O_CLOEXEC);

		empty_target();
		struct answer a = unpack_fd(blob, NULL, -1);
		bool refused = a.last.type == WORK_FAILED;

		if (!streq(expected, "either") && refused != streq(expected, "refused"))
			fail_msg("%s: should be %s: %s", name, expected, refused ? a.last.err.text : "done");
		for (const char *p = a.last.err.text; refused && *p; p++)
			assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
		assert_int_equal(victim_digest(after), 0);
		if (!streq(before, after) || names_in("/tmp/v") != 3)
			fail_msg("%s: reached a file outside", name);
		n++;
	}
	assert_int_equal(pclose(list), 0);
	assert_true(n > 50);
	assert_int_equal(umount("/tmp/v"), 0);
	if (made)
		(void)rmdir("/tmp/v"); /* if no other test uses it by now */
}

/* Field of /proc/PID/status, in hexadecimal. */
static unsigned long status_field(pid_t pid, const char *key)
{
	char path[64], line[256];
	unsigned long value = ~0UL;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (str_after(line, key))
			value = strtoul(line + strlen(key), NULL, 16);
	fclose(f);
	return value;
}

static bool same_namespace(pid_t pid, const char *ns)
{
	char path[64], own[64];
	struct stat a, b;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, ns);
	snprintf(own, sizeof(own), "/proc/self/ns/%s", ns);
	assert_int_equal(stat(path, &a), 0);
	assert_int_equal(stat(own, &b), 0);
	return a.st_ino == b.st_ino;
}

/* Before the first byte is read: its input is a pipe that stays empty while we look. */
static void test_locked_in(void **state)
{
	static const char *const fresh[] = { "mnt", "net", "ipc", "uts" };
	struct work_message m = { .type = WORK_JOB, .job = { .kind = WORK_UNPACK, .lowest = true } };
	int ends[2], ours, theirs, pidfd;
	char *argv[] = { "paene-worker", NULL };
	pid_t pid;
	struct err e;

	(void)state;
	need_root();
	empty_target();
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(sock_pair(&ours, &theirs, &e), 0);
	struct proc_spawn spawn = { .path = worker_path(), .argv = argv, .stdio = { -1, -1, 2 }, .keep = &theirs,
				    .n_keep = 1, .cwd = -1 };

	assert_int_equal(proc_spawn(&spawn, &pid, &pidfd, &e), 0);
	close(theirs);
	assert_int_equal(sock_send(ours, &m, sizeof(m), (int[]){ ends[0], target }, 2), 0);
	assert_int_equal(sock_recv(ours, &m, sizeof(m), NULL, 0), sizeof(m));
	assert_int_equal(m.type, WORK_LOCKED);
	assert_int_equal(status_field(pid, "Seccomp:"), 2);
	assert_int_equal(status_field(pid, "NoNewPrivs:"), 1);
	/* CHOWN DAC_OVERRIDE FOWNER FSETID MKNOD SETFCAP */
	assert_int_equal(status_field(pid, "CapEff:") & ~0x8800001bUL, 0);
	assert_int_equal(status_field(pid, "CapPrm:") & ~0x8800001bUL, 0);
	assert_int_equal(status_field(pid, "CapInh:"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(fresh); i++)
		assert_false(same_namespace(pid, fresh[i]));
	char path[64], mounts[4096];

	snprintf(path, sizeof(path), "/proc/%d/mountinfo", pid);
	auto_fd int info = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd_read_all(info, mounts, sizeof(mounts) - 1);

	assert_true(n > 0);
	mounts[n] = '\0';
	assert_ptr_equal(strchr(mounts, '\n'), mounts + n - 1); /* one mount */
	assert_non_null(strstr(mounts, " / "));
	assert_non_null(strstr(mounts, "nosuid,nodev,noexec"));
	close(ends[1]); /* an empty layer */
	assert_int_equal(sock_recv(ours, &m, sizeof(m), NULL, 0), sizeof(m));
	assert_int_equal(m.type, WORK_DONE);
	close(ends[0]);
	close(ours);
	assert_int_equal(proc_wait(pidfd, &e), 0);
	close(pidfd);
}

static void write_map(pid_t pid, const char *name, const char *text)
{
	char path[64];
	struct err e;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	assert_int_equal(file_write(AT_FDCWD, path, text, &e), 0);
}

/* In a user namespace, as the parent makes one where it has no root. */
static void test_user_namespace(void **state)
{
	auto_bytes struct bytes tar = { 0 };
	int go[2], made[2];
	char byte = 0;

	(void)state;
	need_root();
	TAR(&tar, .name = "d/", .kind = '5', .mode = 0755, .uid = 33, .gid = 33);
	TAR(&tar, .name = "d/f", .data = "x", .mode = 04755, .uid = 100);
	TAR(&tar, .name = "d/.wh.gone");
	TAR(&tar, .name = "null", .kind = '3', .major = 1, .minor = 3, .mode = 0666);
	tar_end(&tar);
	empty_target();
	assert_int_equal(fchown(target, 100000, 100000), 0);
	assert_int_equal(chmod(top, 0755), 0);
	assert_int_equal(pipe(go), 0);
	assert_int_equal(pipe(made), 0);
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct work_job job = { .lowest = true, .rootless = true };
		int blob = bytes_fd(&tar);

		if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
			_exit(77);
		if (write(made[1], &byte, 1) != 1 || read(go[0], &byte, 1) != 1 || setresgid(0, 0, 0) < 0 ||
		    setresuid(0, 0, 0) < 0)
			_exit(1);
		close(target);
		target = open("target", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* by the mount of this namespace */
		struct answer a = unpack_fd(blob, &job, -1);

		if (a.last.type == WORK_FAILED)
			fprintf(stderr, "%s\n", a.last.err.text);
		_exit(a.last.type == WORK_DONE ? 0 : 1);
	}
	close(made[1]);
	if (read(made[0], &byte, 1) == 1) {
		write_map(pid, "uid_map", "0 100000 65536");
		write_map(pid, "gid_map", "0 100000 65536");
		assert_int_equal(write(go[1], &byte, 1), 1);
	}
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(made[0]);
	close(go[0]);
	close(go[1]);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		print_message("no user namespaces here\n");
		skip();
	}
	assert_int_equal(status, 0);
	assert_int_equal(look("d").st_uid, 100033);
	assert_int_equal(look("d/f").st_mode, S_IFREG | 04755);
	assert_int_equal(look("d/f").st_uid, 100100);
	assert_whiteout("d/gone");
	assert_false(is_there("null"));
}

static int set_up(void **state)
{
	static char script[PATH_MAX];

	if (!realpath("tests/images/hostile.py", script))
		return -1;
	*state = script;
	worker_path(); /* before the working folder changes */
	setenv("PAENE_WORKER", worker_path(), 1);
	if (geteuid() == 0 && (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0))
		return -1;
	return mkdtemp(top) && chdir(top) == 0 && mkdir("target", 0700) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	struct err e;

	(void)state;
	fd_close(&target);
	return chdir("/") < 0 || file_remove(AT_FDCWD, top, &e) < 0 ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),	     cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_whiteouts),    cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_bytes),	     cmocka_unit_test(test_sparse),
		cmocka_unit_test(test_digests),	     cmocka_unit_test(test_lower),
		cmocka_unit_test(test_lower_hidden), cmocka_unit_test(test_no_end),
		cmocka_unit_test(test_full_disk),    cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_locked_in),    cmocka_unit_test(test_user_namespace),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
