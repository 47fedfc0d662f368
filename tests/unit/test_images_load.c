// SPDX-License-Identifier: Apache-2.0
/*
 * Archives by umoci and skopeo (tests/images/make-images.sh) through the real worker into a store: what comes out must be,
 * file for file, what umoci unpacks; and nothing may be left of a load that failed, was killed or had no room.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/file.h"
#include "images/images.h"
#include "images/lower.h"
#include "images/refs.h"

#define NAME "example.test/paene/small:1"

static char worker[PATH_MAX], images[PATH_MAX + 32];

struct place {
	char path[PATH_MAX];
	int data;
	struct store store;
};

/* A store below @path, which is there. */
static void open_place(struct place *p)
{
	struct err e;

	p->data = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(p->data >= 0);
	if (store_open(p->data, &p->store, &e) < 0)
		fail_msg("%s", e.text);
}

static void close_place(struct place *p)
{
	store_close(&p->store);
	close(p->data);
}

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	const char *temp = getenv("TMPDIR");

	snprintf(p->path, sizeof(p->path), "%s/test-images-XXXXXX", temp ? temp : "/tmp");
	if (!mkdtemp(p->path))
		return -1;
	open_place(p);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	struct err e;

	close_place(p);
	(void)file_remove(AT_FDCWD, p->path, &e);
	free(p);
	return 0;
}

static int load(const struct store *s, const char *file, struct load_options o, struct load_result *ret, struct err *e)
{
	char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s%s%s", *file == '/' ? "" : images, *file == '/' ? "" : "/", file);
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	if (!o.worker)
		o.worker = worker;
	return image_load(s, fd, file, &o, ret, e);
}

static void load_well(const struct store *s, const char *file)
{
	struct load_result result;
	struct err e;

	if (load(s, file, (struct load_options){ 0 }, &result, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(result.loaded.n, 1);
	assert_string_equal(result.loaded.v[0], NAME);
	arena_free(&result.arena);
}

static int count_name(int dir, const char *name, void *arg, struct err *e)
{
	(void)dir;
	(void)name;
	(void)e;
	(*(int *)arg)++;
	return 0;
}

static int entries(int dir)
{
	struct err e;
	int n = 0;

	assert_int_equal(file_each(dir, count_name, &n, &e), 0);
	return n;
}

static void assert_empty(const struct store *s)
{
	assert_int_equal(entries(s->tmp), 0);
	assert_int_equal(entries(s->records), 0);
	assert_int_equal(entries(s->refs), 0);
	assert_int_equal(entries(s->layers), 0);
	assert_int_equal(entries(s->blobs), 0);
}

/* The image is listed, whole, and there is nothing else. */
static void assert_one_image(const struct store *s)
{
	auto_image struct image image = { 0 };
	struct err e;

	if (image_find(s, NAME, &image, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(entries(s->tmp), 0);
	assert_int_equal(entries(s->records), 1);
	assert_int_equal(entries(s->blobs), (int)image.layers.n + 2);
	assert_int_equal(entries(s->layers), (int)image.layers.n);
	for (size_t i = 0; i < image.layers.n; i++) {
		auto_fd int layer = image_open_layer(s, image.layers.v[i].folder, &e);

		assert_true(layer >= 0);
	}
}

/* A mount of the image, as a container gets it. */
static int mount_image(const struct store *s, const struct image *image)
{
	struct arena a = { 0 };
	struct strv folders;
	int dirs[16];
	struct err e;

	assert_int_equal(image_folders(image, &a, &folders, &e), 0);
	assert_true(folders.n <= ARRAY_SIZE(dirs));
	for (size_t i = 0; i < folders.n; i++)
		dirs[i] = image_open_layer(s, folders.v[i], &e);
	int fd = lower_open(dirs, folders.n, &e);

	if (fd < 0)
		fail_msg("%s", e.text);
	for (size_t i = 0; i < folders.n; i++)
		close(dirs[i]);
	arena_free(&a);
	return fd;
}

/* Everything that stat, a digest and getcap say of a tree; a folder's size and links are its file system's own business. */
#define LIST "list() { cd \"$1\" && { find . -type d -printf '%%p %%y %%m %%U %%G %%T@\\n'; " \
	     "find . ! -type d -printf '%%p %%y %%m %%U %%G %%s %%T@ %%n %%l\\n'; " \
	     "find . -type f -size -9M -exec sha256sum {} +; getcap -r .; } | sort; }; "

static void assert_same_tree(int mounted, const char *wanted)
{
	char command[2 * PATH_MAX];

	snprintf(command, sizeof(command),
		 LIST "a=$(list /proc/%d/fd/%d); b=$(list %s/%s); [ -n \"$a\" ] && [ \"$a\" = \"$b\" ] && exit; "
		      "echo \"$a\" >/tmp/paene-a.$$; echo \"$b\" | diff /tmp/paene-a.$$ - | head -40; rm /tmp/paene-a.$$; exit 1",
		 getpid(), mounted, images, wanted);
	assert_int_equal(system(command), 0);
}

static void check_image(const struct store *s)
{
	auto_image struct image image = { 0 };
	struct err e;

	assert_int_equal(image_find(s, NAME, &image, &e), 0);
	assert_string_equal(image.architecture, "amd64");
	assert_int_equal(image.defaults.env.n, 2);
	assert_string_equal(image.defaults.cmd.v[0], "/bin/sh");
	assert_string_equal(image.defaults.working_dir, "/root");
	assert_int_equal(image.layers.n, 3);
	/* umoci leaves folders out of the second and third layer */
	assert_string_equal(image.layers.v[0].folder, image.layers.v[0].diff_id);
	for (size_t i = 1; i < 3; i++)
		assert_non_null(str_after(image.layers.v[i].folder, IMAGE_CHAIN_PREFIX));
	auto_fd int mounted = mount_image(s, &image);

	assert_same_tree(mounted, "small-rootfs");
}

static void test_forms(void **state)
{
	static const char *const forms[] = {
		"small-oci", "small-oci.tar", "small-oci.tar.gz", "small-oci.tar.zst", "small-docker.tar",
		"small-docker.tar.gz",
	};
	const struct store *s = &((struct place *)*state)->store;

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct remove_result result;
		struct err e;

		print_message("%s\n", forms[i]);
		load_well(s, forms[i]);
		assert_one_image(s);
		check_image(s);
		if (image_remove(s, NAME, false, NULL, NULL, &result, &e) < 0)
			fail_msg("%s", e.text);
		arena_free(&result.arena);
		assert_empty(s);
	}
}

static void test_from_pipe(void **state)
{
	const struct store *s = &((struct place *)*state)->store;
	char command[PATH_MAX + 64];
	struct load_result result;
	struct err e;

	snprintf(command, sizeof(command), "cat %s/small-docker.tar.gz", images);
	FILE *f = popen(command, "re");
	int r = image_load(s, fileno(f), "standard input", &(struct load_options){ .worker = worker }, &result, &e);

	(void)pclose(f);
	if (r < 0)
		fail_msg("%s", e.text);
	arena_free(&result.arena);
	assert_one_image(s);
}

static void test_twice(void **state)
{
	const struct store *s = &((struct place *)*state)->store;
	struct load_result result;
	struct image_ref ref;
	struct err e;
	bool moved;

	load_well(s, "small-oci.tar");
	load_well(s, "small-oci.tar");
	assert_one_image(s);
	/* the same content as docker has it: other blobs and another manifest, the same layers */
	assert_int_equal(load(s, "small-docker.tar", (struct load_options){ 0 }, &result, &e), 0);
	assert_int_equal(result.moved.n, 1);
	assert_string_equal(result.moved.v[0], NAME);
	arena_free(&result.arena);
	assert_int_equal(entries(s->layers), 3);
	assert_int_equal(entries(s->records), 2);
	assert_int_equal(image_tag(s, NAME, "other:1", &moved, &e), 0);
	/* a name alone is taken in again */
	assert_int_equal(image_ref_parse(NAME, &ref, &e), 0);
	assert_int_equal(ref_remove(s, &ref, &e), 0);
	load_well(s, "small-oci.tar");
	/* a layer that was lost comes back */
	auto_image struct image image = { 0 };

	assert_int_equal(image_find(s, NAME, &image, &e), 0);
	assert_int_equal(file_remove(s->layers, image.layers.v[2].folder, &e), 0);
	load_well(s, "small-oci.tar");
	check_image(s);
}

static void test_refused(void **state)
{
	const struct store *s = &((struct place *)*state)->store;
	struct load_result result;
	char path[PATH_MAX + 16];
	struct err e;

	snprintf(path, sizeof(path), "%s/junk", ((struct place *)*state)->path);
	for (int n = 0; n < 100000; n = n * 10 + 1) {
		auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

		for (int i = 0; i < n; i++)
			assert_int_equal(write(fd, "j", 1), 1);
		assert_true(load(s, path, (struct load_options){ 0 }, &result, &e) < 0);
		assert_non_null(strstr(e.text, "junk"));
		assert_empty(s);
	}
	assert_true(load(s, "/dev/null", (struct load_options){ 0 }, &result, &e) < 0);
	assert_empty(s);
	assert_true(load(s, "/proc/self", (struct load_options){ 0 }, &result, &e) < 0);
	assert_empty(s);
	assert_true(load(s, "small-oci.tar", (struct load_options){ .worker = "/no/such" }, &result, &e) < 0);
	assert_non_null(strstr(e.text, "/no/such"));
	assert_empty(s);
	assert_true(load(s, "small-oci.tar", (struct load_options){ .worker = "/bin/true" }, &result, &e) < 0);
	assert_non_null(strstr(e.text, "without an answer"));
	assert_empty(s);
	assert_true(load(s, "small-oci.tar", (struct load_options){ .max_layer_bytes = 1 << 20 }, &result, &e) < 0);
	assert_non_null(strstr(e.text, "has more than 1048576 bytes"));
	assert_empty(s);
}

static void test_parallel(void **state)
{
	const struct store *s = &((struct place *)*state)->store;
	static const char *const forms[] = { "small-oci", "small-oci.tar", "small-oci.tar.zst", "small-oci.tar.gz" };
	pid_t pids[ARRAY_SIZE(forms)];

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct load_result result;
		struct err e;

		pids[i] = fork();
		if (pids[i] != 0)
			continue;
		int r = load(s, forms[i], (struct load_options){ 0 }, &result, &e);

		if (r < 0)
			fprintf(stderr, "%s\n", e.text);
		_exit(r < 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_one_image(s);
	check_image(s);
}

static void pause_ms(long ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	(void)nanosleep(&t, NULL);
}

/* Workers of a killed load become ours, and end by themselves. */
static void reap_workers(void)
{
	for (int i = 0; i < 12000; i++) {
		if (waitpid(-1, NULL, WNOHANG) < 0)
			return;
		pause_ms(10);
	}
	fail_msg("a worker outlived the load that started it by two minutes");
}

static void test_killed(void **state)
{
	const struct store *s = &((struct place *)*state)->store;
	int interrupted = 0;

	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	for (int ms = 1; ms < 250; ms += 1 + ms / 6) {
		struct load_result result;
		struct remove_result removed;
		int status;
		struct err e;
		pid_t pid = fork();

		if (pid == 0)
			_exit(load(s, "small-oci.tar", (struct load_options){ 0 }, &result, &e) < 0);
		pause_ms(ms);
		(void)kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		reap_workers();
		interrupted += WIFSIGNALED(status);
		store_sweep(s);
		if (entries(s->records) == 0)
			assert_empty(s);
		load_well(s, "small-oci.tar");
		assert_one_image(s);
		assert_int_equal(image_remove(s, NAME, false, NULL, NULL, &removed, &e), 0);
		arena_free(&removed.arena);
		assert_empty(s);
	}
	assert_true(interrupted > 5);
	(void)prctl(PR_SET_CHILD_SUBREAPER, 0);
}

static void test_full_disk(void **state)
{
	struct place *outer = *state, p = { 0 };
	char options[64];
	int refused = 0;

	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0) {
		print_message("making a mount needs root\n");
		skip();
	}
	assert_int_equal(mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL), 0);
	snprintf(p.path, sizeof(p.path), "%.4000s/small", outer->path);
	assert_int_equal(mkdir(p.path, 0700), 0);
	for (int kib = 64; kib < 20000; kib += kib / 4) {
		struct statfs before, after;
		struct load_result result;
		struct err e;

		snprintf(options, sizeof(options), "size=%dk", kib);
		assert_int_equal(mount("tmpfs", p.path, "tmpfs", 0, options), 0);
		open_place(&p);
		assert_int_equal(fstatfs(p.data, &before), 0);
		int r = load(&p.store, "small-oci.tar", (struct load_options){ 0 }, &result, &e);

		if (r < 0) {
			refused++;
			if (r != -ENOSPC || !strstr(e.text, "No space left on device"))
				fail_msg("%d KiB: %d %s", kib, r, e.text);
			assert_empty(&p.store);
			assert_int_equal(fstatfs(p.data, &after), 0);
			assert_true(before.f_bfree == after.f_bfree && before.f_ffree == after.f_ffree);
		} else {
			arena_free(&result.arena);
			assert_one_image(&p.store);
		}
		close_place(&p);
		assert_int_equal(umount2(p.path, MNT_DETACH), 0);
	}
	assert_true(refused > 5);
}

/* Let a load run up to its @n'th system call. Return: the stopped process, or 0 where it ended before */
static pid_t load_up_to(const struct store *s, int n)
{
	struct load_result result;
	struct err e;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		(void)raise(SIGSTOP);
		_exit(load(s, "small-oci.tar", (struct load_options){ 0 }, &result, &e) < 0);
	}
	for (int stops = 0; stops <= 2 * n; stops++) { /* each call stops twice: on its way in and out */
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (!WIFSTOPPED(status)) {
			assert_int_equal(status, 0);
			return 0;
		}
		if (stops < 2 * n)
			assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
	}
	return pid;
}

/* What must hold after the power came back, before and after a sweep. */
static void check_after_power_loss(struct place *p)
{
	char command[PATH_MAX + 256];
	struct remove_result removed;
	struct err e;

	open_place(p);
	const struct store *s = &p->store;

	snprintf(command, sizeof(command),
		 "cd %s/images/blobs/sha256 && for f in *; do [ \"$f\" = '*' ] || "
		 "[ \"$(sha256sum <\"$f\" | cut -c1-64)\" = \"$f\" ] || exit 1; done", p->path);
	assert_int_equal(system(command), 0);
	store_sweep(s);
	assert_int_equal(entries(s->tmp), 0);
	if (entries(s->records) == 0)
		assert_empty(s);
	else
		assert_int_equal(entries(s->records), 1);
	load_well(s, "small-oci.tar");
	assert_one_image(s);
	check_image(s);
	assert_int_equal(image_remove(s, NAME, false, NULL, NULL, &removed, &e), 0);
	arena_free(&removed.arena);
	assert_empty(s);
	close_place(p);
}

/*
 * The file system forgets at once what was not made durable (as in a power cut: its log is not flushed), at every so many
 * system calls of a load. PAENE_TEST_STEP=1 tries each of them.
 */
static void test_power_loss(void **state)
{
	struct place *outer = *state, p = { 0 };
	const char *step = getenv("PAENE_TEST_STEP");
	char make[3 * PATH_MAX], mount_it[3 * PATH_MAX];
	uint32_t without_log = 2;

	if (unshare(CLONE_NEWNS) < 0)
		skip();
	assert_int_equal(mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL), 0);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	snprintf(p.path, sizeof(p.path), "%.4000s/disk", outer->path);
	assert_int_equal(mkdir(p.path, 0700), 0);
	snprintf(make, sizeof(make), "truncate -s 200M %s.img && mkfs.ext4 -q -F %s.img", p.path, p.path);
	snprintf(mount_it, sizeof(mount_it), "mount -o loop %s.img %s", p.path, p.path);
	if (system(make) != 0 || system(mount_it) != 0) {
		print_message("no ext4 on a loop device can be made\n");
		skip();
	}
	for (int n = 1, by = step ? atoi(step) : 41;; n += by) {
		open_place(&p);
		pid_t pid = load_up_to(&p.store, n);

		/* EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH */
		assert_int_equal(ioctl(p.data, _IOR('X', 125, uint32_t), &without_log), 0);
		close_place(&p);
		if (pid) {
			(void)kill(pid, SIGKILL);
			assert_int_equal(waitpid(pid, NULL, 0), pid);
		}
		reap_workers();
		assert_int_equal(umount2(p.path, 0), 0);
		assert_int_equal(system(mount_it), 0);
		check_after_power_loss(&p);
		if (!pid)
			break;
	}
	assert_int_equal(umount2(p.path, 0), 0);
	(void)prctl(PR_SET_CHILD_SUBREAPER, 0);
}

/* Where the worker was built, and the images beside it. Return: whether both are there */
static bool prepare(void)
{
	char self[PATH_MAX], command[3 * PATH_MAX];
	const char *given = getenv("PAENE_WORKER");
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		return false;
	self[n] = '\0';
	for (int up = 0; up < 3; up++) /* BUILD/tests/unit/NAME */
		*strrchr(self, '/') = '\0';
	snprintf(worker, sizeof(worker), "%.4000s%s", given ? given : self, given ? "" : "/paene-worker");
	snprintf(images, sizeof(images), "%s/tests/images", self);
	snprintf(command, sizeof(command), "sh tests/images/make-images.sh %s small", images);
	if (access(worker, X_OK) < 0 || geteuid() != 0) {
		print_message("needs root, and %s\n", worker);
		return false;
	}
	if (system(command) != 0) {
		print_message("the images cannot be made: umoci, skopeo, busybox-static, setcap are needed\n");
		return false;
	}
	return true;
}

static void test_prepared(void **state)
{
	(void)state;
	skip(); /* prepare() said why */
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_forms),
		TEST(test_from_pipe),
		TEST(test_twice),
		TEST(test_refused),
		TEST(test_parallel),
		TEST(test_killed),
		TEST(test_full_disk),
		TEST(test_power_loss),
	};
	const struct CMUnitTest nothing[] = { cmocka_unit_test(test_prepared) };

	if (!prepare())
		return cmocka_run_group_tests(nothing, NULL, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
