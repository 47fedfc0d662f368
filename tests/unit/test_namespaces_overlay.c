// SPDX-License-Identifier: Apache-2.0
/* Overlays as the kernel mounts them: how many layers, by which calls, and what layers and module parameters cannot change. */
#include "namespaces_box.h"

#include <sys/xattr.h>

#include "namespaces/fuse_overlay.h"
#include "namespaces/overlay.h"
#include "namespaces/tree.h"

#define MANY OVERLAY_LAYERS_MAX

static struct box_folder folder;
static char names[MANY + 1][8], *lowers[MANY + 1];

static void make_folder(const char *path)
{
	assert_int_equal(mkdirat(folder.fd, path, 0755), 0);
}

/* layers/0 … layers/500: each says in "top" which it is, and has a file that no other has. */
static int setup(void **state)
{
	char path[64], text[8];

	(void)state;
	if (geteuid() != 0)
		return 0;
	box_own_mounts();
	box_folder_make(&folder);
	make_folder("layers");
	for (unsigned i = 0; i <= MANY; i++) {
		lowers[i] = names[i];
		snprintf(names[i], sizeof(names[i]), "%u", i);
		snprintf(path, sizeof(path), "layers/%u", i);
		make_folder(path);
		snprintf(text, sizeof(text), "%u", i);
		snprintf(path, sizeof(path), "layers/%u/top", i);
		box_text(folder.fd, path, text);
		snprintf(path, sizeof(path), "layers/%u/of%u", i, i);
		box_text(folder.fd, path, text);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (geteuid() == 0)
		box_folder_remove(&folder);
	return 0;
}

/* New folders to write to, and the current folder where names begin. */
static struct overlay overlay_of(size_t n_lowers)
{
	struct err e;

	assert_int_equal(fchdir(folder.fd), 0);
	assert_int_equal(file_remove(folder.fd, "upper", &e), 0);
	assert_int_equal(file_remove(folder.fd, "work", &e), 0);
	make_folder("upper");
	make_folder("work");
	return (struct overlay){
		.below = "layers/", .lowers = lowers, .n_lowers = n_lowers, .upper = "upper", .work = "work"
	};
}

static int mounted(const struct overlay *o)
{
	struct err e;
	int tree = overlay_new(o, &e);

	if (tree < 0)
		fail_msg("%s", e.text);
	return tree;
}

static void expect_text(int tree, const char *path, const char *text)
{
	auto_free char *there = NULL;
	struct err e;

	if (file_read(tree, path, 64, &there, NULL, &e) < 0)
		fail_msg("%s", e.text);
	assert_string_equal(there, text);
}

/* As kernels since 6.5 take them, and as those before. */
static void test_many_layers(void **state)
{
	static const size_t numbers[] = { 1, 2, 100, MANY };

	(void)state;
	if (!box_may())
		return;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(numbers); i++) {
		struct overlay o = overlay_of(numbers[i / 2]);
		char here[PATH_MAX], last[16];

		o.classic = i % 2;
		auto_fd int tree = mounted(&o);

		snprintf(last, sizeof(last), "of%zu", o.n_lowers - 1);
		expect_text(tree, "top", last + 2);
		expect_text(tree, last, last + 2);
		expect_text(tree, "of0", "0");
		box_text(tree, "written", "here");
		expect_text(folder.fd, "upper/written", "here");
		assert_string_equal(getcwd(here, sizeof(here)), folder.path);
		assert_string_equal(box_mountinfo(folder.path), "");
	}
	/* nothing is mounted any more, where anybody could see it */
	char work[96];

	snprintf(work, sizeof(work), "%s/work", folder.path);
	assert_string_equal(box_mountinfo(work), "");
}

static void test_too_many_layers(void **state)
{
	(void)state;
	if (!box_may())
		return;
	for (int classic = 0; classic < 2; classic++) {
		struct overlay o = overlay_of(MANY + 1);
		struct err e;

		o.classic = classic;
		assert_int_equal(overlay_new(&o, &e), -E2BIG);
		assert_string_equal(e.text, "501 layers: overlayfs takes 500");
	}
}

/* The words of the file system, wherever it is attached; it is taken off again. */
static void mount_words(int tree, char *ret, size_t size)
{
	char point[96];

	snprintf(point, sizeof(point), "%s/proc", folder.rootfs);
	assert_int_equal(move_mount(tree, "", AT_FDCWD, point, MOVE_MOUNT_F_EMPTY_PATH), 0);
	snprintf(ret, size, "%s", box_mountinfo(point));
	assert_int_equal(umount2(point, MNT_DETACH), 0);
}

/* What the module's parameters would decide is decided. */
static void test_options(void **state)
{
	char words[1024];

	(void)state;
	if (!box_may())
		return;
	for (int i = 0; i < 4; i++) {
		struct overlay o = overlay_of(2);

		o.classic = i & 1;
		o.transient = i & 2;
		auto_fd int tree = mounted(&o);

		mount_words(tree, words, sizeof(words));
		assert_non_null(strstr(words, "userxattr"));
		assert_null(strstr(words, "metacopy=on"));
		assert_null(strstr(words, "index=on"));
		assert_null(strstr(words, "nfs_export=on"));
		assert_null(strstr(words, "redirect_dir=on"));
		assert_int_equal(strstr(words, "volatile") != NULL, o.transient);
	}
}

static void attribute(const char *path, const char *name, const char *value)
{
	auto_fd int fd = openat(folder.fd, path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fsetxattr(fd, name, value, strlen(value), 0), 0);
}

/* U09: where a layer carries redirects or metacopy marks it is refused, and those of root's kind are no marks at all. */
static void test_redirects_lead_nowhere(void **state)
{
	struct stat st;

	(void)state;
	if (!box_may())
		return;
	make_folder("layers/0/secret");
	make_folder("layers/1/lead");
	make_folder("layers/1/plain");
	box_text(folder.fd, "layers/0/secret/in", "secret");
	box_text(folder.fd, "layers/1/mark", "");
	box_text(folder.fd, "layers/1/text", "plain");
	attribute("layers/1/lead", "user.overlay.redirect", "/secret");
	attribute("layers/1/plain", "trusted.overlay.redirect", "/secret");
	attribute("layers/1/mark", "user.overlay.metacopy", "");
	attribute("layers/1/text", "trusted.overlay.metacopy", "");
	for (int classic = 0; classic < 2; classic++) {
		struct overlay o = overlay_of(2);

		o.classic = classic;
		auto_fd int tree = mounted(&o);

		assert_true(fstatat(tree, "lead/in", &st, 0) < 0 && errno == EPERM);
		assert_true(fstatat(tree, "plain/in", &st, 0) < 0 && errno == ENOENT);
		assert_true(fstatat(tree, "mark", &st, 0) < 0 && errno == EPERM);
		expect_text(tree, "text", "plain");
	}
}

/* What a container sees of it: numbers stay when a file is written to; names of one file do not stay one. */
static void test_what_is_seen(void **state)
{
	struct stat before, after;

	(void)state;
	if (!box_may())
		return;
	box_text(folder.fd, "layers/1/only", "one");
	box_text(folder.fd, "layers/1/first", "one");
	assert_int_equal(linkat(folder.fd, "layers/1/first", folder.fd, "layers/1/second", 0), 0);
	make_folder("layers/1/old");
	struct overlay o = overlay_of(2);
	auto_fd int tree = mounted(&o);

	assert_int_equal(fstatat(tree, "only", &before, 0), 0);
	box_text(tree, "only", "changed");
	assert_int_equal(fstatat(tree, "only", &after, 0), 0);
	assert_int_equal(after.st_ino, before.st_ino);
	assert_int_equal(after.st_dev, before.st_dev);
	assert_int_equal(fstatat(tree, "first", &before, 0), 0);
	assert_int_equal(before.st_nlink, 2);
	box_text(tree, "first", "changed");
	expect_text(tree, "second", "one");
	assert_true(renameat(tree, "old", tree, "new") < 0 && errno == EXDEV);
	assert_int_equal(mkdirat(tree, "own", 0755), 0);
	assert_int_equal(renameat(tree, "own", tree, "moved"), 0);
}

/* One that need not outlive its mount cannot be mounted again: what a crash has left of it is nothing to rely on. */
static void test_transient_is_mounted_once(void **state)
{
	struct err e;

	(void)state;
	if (!box_may())
		return;
	struct overlay o = overlay_of(1);

	o.transient = true;
	int tree = mounted(&o);

	close(tree);
	assert_int_equal(overlay_new(&o, &e), -EINVAL);
}

/* By the program: nowhere mounted, and gone with its last user. */
static void test_fuse_overlay(void **state)
{
	static const struct spec_id_map map[] = { { 0, BOX_FIRST_ID, IDMAP_RANGE } };
	const struct spec_id_maps maps = { (struct spec_id_map *)map, 1 }, none = { 0 };
	char layers[80], byte;
	struct stat st;
	struct err e;
	int alive = -1;

	(void)state;
	if (!box_may())
		return;
	if (access(FUSE_OVERLAY_PROGRAM, X_OK) < 0 || access("/dev/fuse", F_OK) < 0) {
		print_message("skipped: no fuse-overlayfs, or no /dev/fuse\n");
		skip();
	}
	snprintf(layers, sizeof(layers), "%s/layers", folder.path);
	struct fuse_overlay o = { .layers = layers, .lowers = lowers, .n_lowers = 100, .container = folder.path };

	for (int i = 0; i < 2; i++) {
		o.uids = o.gids = i ? &maps : &none;
		(void)overlay_of(1); /* new folders */
		int tree = fuse_overlay_new(&o, &alive, &e);

		if (tree < 0)
			fail_msg("%s", e.text);
		expect_text(tree, "top", "99");
		expect_text(tree, "of0", "0");
		assert_int_equal(fstatat(tree, "top", &st, 0), 0);
		assert_int_equal(st.st_uid, i ? BOX_FIRST_ID : 0);
		assert_int_equal(unlinkat(tree, "of5", 0), 0);
		assert_true(fstatat(tree, "of5", &st, 0) < 0 && errno == ENOENT);
		assert_string_equal(box_mountinfo(folder.path), "");
		close(tree);
		assert_int_equal(read(alive, &byte, 1), 0); /* it has ended */
		close(alive);
	}
	alive = -1;
	o.layers = "/no/such";
	assert_int_equal(fuse_overlay_new(&o, &alive, &e), -ENOENT);
	assert_int_equal(alive, -1);
	o.layers = layers;
	o.lowers = (char *[]){ (char *)"missing" };
	o.n_lowers = 1;
	assert_int_equal(fuse_overlay_new(&o, &alive, &e), -EIO);
	assert_string_equal(e.text, "cannot read lower dirs: No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_layers),
		cmocka_unit_test(test_too_many_layers),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_redirects_lead_nowhere),
		cmocka_unit_test(test_what_is_seen),
		cmocka_unit_test(test_transient_is_mounted_once),
		cmocka_unit_test(test_fuse_overlay),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
