// SPDX-License-Identifier: Apache-2.0
/* Roots of containers, for real: folders, overlays of layers, this machine itself; read-only, shared, with ids shifted. */
#include "namespaces_box.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/xattr.h>

static struct box_folder folder;
static char layers[96], container[96];

/* Three layers and a container's folder, as a store has them; all root's, and closed to others. */
static int setup(void **state)
{
	static const char *const folders[] = { "layers",       "layers/base", "layers/base/etc", "layers/base/gone",
					       "layers/base/proc", "layers/base/dev", "layers/base/opaque", "layers/mid",
					       "layers/mid/opaque", "layers/top",  "layers/top/etc", "c",
					       "c/upper",      "c/work",      "c/lower" };

	(void)state;
	if (geteuid() != 0)
		return 0;
	box_folder_make(&folder);
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		assert_int_equal(mkdirat(folder.fd, folders[i], 0755), 0);
	snprintf(layers, sizeof(layers), "%s/layers", folder.path);
	snprintf(container, sizeof(container), "%s/c", folder.path);
	box_text(folder.fd, "layers/base/etc/one", "base");
	box_text(folder.fd, "layers/base/etc/two", "base");
	box_text(folder.fd, "layers/base/opaque/hidden", "base");
	box_text(folder.fd, "layers/mid/opaque/seen", "mid");
	box_text(folder.fd, "layers/top/etc/two", "top");
	assert_int_equal(fchownat(folder.fd, "layers/base/etc/one", 33, 44, 0), 0);
	/* whiteouts as the store writes them: 0:0 nodes, and the attribute of `userxattr` */
	assert_int_equal(mknodat(folder.fd, "layers/mid/gone", S_IFCHR, makedev(0, 0)), 0);
	auto_fd int opaque = openat(folder.fd, "layers/mid/opaque", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(fsetxattr(opaque, "user.overlay.opaque", "y", 1, 0), 0);
	assert_int_equal(fchmodat(folder.fd, "layers", 0700, 0), 0);
	assert_int_equal(fchmodat(folder.fd, "c", 0700, 0), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (geteuid() == 0)
		box_folder_remove(&folder);
	return 0;
}

static char *lowers[] = { (char *)"base", (char *)"mid", (char *)"top" };

static struct box overlay_box(bool userns)
{
	static const struct box_mount proc[] = { BOX_MOUNT("/proc", "proc", "proc", NULL), BOX_END };

	return (struct box){
		.userns = userns,
		.mounts = proc,
		.root = { .kind = ROOTFS_OVERLAY, .path = container, .layers = layers, .lowers = lowers, .n_lowers = 3 },
	};
}

static bool reads(const char *path, const char *text)
{
	char buf[64];
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : fd_read_all(fd, buf, sizeof(buf));

	return n == (ssize_t)strlen(text) && memcmp(buf, text, (size_t)n) == 0;
}

static int check_overlay(void *arg, struct err *e)
{
	struct stat st;

	(void)arg;
	CHECK(reads("/etc/one", "base") && reads("/etc/two", "top"));
	CHECK(access("/gone", F_OK) < 0 && errno == ENOENT);
	CHECK(access("/opaque/hidden", F_OK) < 0 && reads("/opaque/seen", "mid"));
	CHECK(stat("/etc/one", &st) == 0 && st.st_uid == 33 && st.st_gid == 44);
	CHECK(stat("/etc", &st) == 0 && st.st_uid == 0);
	/* write, copy up, remove, rename, own */
	auto_fd int new = open("/etc/new", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	CHECK(new >= 0 && fchown(new, 33, 0) == 0);
	CHECK(chmod("/etc/one", 0600) == 0 && unlink("/etc/two") == 0 && access("/etc/two", F_OK) < 0);
	CHECK(mkdir("/gone", 0755) == 0 && rename("/opaque", "/renamed") < 0 && errno == EXDEV);
	/* nothing of the store is in sight */
	CHECK(access("/lower", F_OK) < 0 && access(layers, F_OK) < 0);
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[1024];
	int mounts = 0;

	while (f && fgets(line, sizeof(line), f))
		mounts++;
	CHECK(f && fclose(f) == 0 && mounts == 2);
	return 0;
}

/* What lies on disk afterwards: ids as in the image, whiteouts that any overlay understands. */
static void check_upper(void)
{
	struct stat st;

	assert_int_equal(fstatat(folder.fd, "c/upper/etc/new", &st, 0), 0);
	assert_int_equal(st.st_uid, 33);
	assert_int_equal(st.st_gid, 0);
	assert_int_equal(fstatat(folder.fd, "c/upper/etc/one", &st, 0), 0);
	assert_int_equal(st.st_uid, 33);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(fstatat(folder.fd, "c/upper/etc/two", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISCHR(st.st_mode) && st.st_rdev == 0);
	/* the layers are as they were */
	assert_int_equal(fstatat(folder.fd, "layers/base/etc/one", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
}

static void test_overlay(void **state)
{
	struct box b = overlay_box(false);

	(void)state;
	if (!box_may())
		return;
	b.check = check_overlay;
	box_ok(&b);
	check_upper();
}

static void test_overlay_user_namespace(void **state)
{
	struct box b = overlay_box(true);

	(void)state;
	if (!box_may())
		return;
	b.check = check_overlay;
	box_ok(&b);
	check_upper();
}

static int check_again(void *arg, struct err *e)
{
	(void)arg;
	CHECK(access("/etc/new", F_OK) == 0 && access("/etc/two", F_OK) < 0 && mkdir("/etc/second", 0755) == 0);
	return 0;
}

/* Stopped and started, with another range of ids or none: what was written is still its own. */
static void test_overlay_again(void **state)
{
	struct box b = overlay_box(true);

	(void)state;
	if (!box_may())
		return;
	b.check = check_overlay;
	box_ok(&b);
	b.userns = false;
	b.check = check_again;
	box_ok(&b);
}

/* A kernel before 6.5, as far as overlays go: no string parameter of fsconfig(2) is taken by a file system context. */
static int without_lowerdir(struct err *e)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fsconfig, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1 /* FSCONFIG_SET_STRING */, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { ARRAY_SIZE(code), code };

	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
	return 0;
}

static void test_overlay_of_old_kernels(void **state)
{
	int status;

	(void)state;
	if (!box_may())
		return;
	for (int userns = 0; userns < 2; userns++) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			struct box b = overlay_box(userns);
			struct box_mount proc[] = { BOX_MOUNT("/proc", "proc", NULL, NULL), BOX_END };
			struct err e;

			b.mounts = proc; /* without a source: that is a string too */
			b.check = check_overlay;
			if (without_lowerdir(&e) < 0 || box_run(&b, &e) < 0) {
				print_message("%s\n", e.text);
				_exit(1);
			}
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		check_upper();
		teardown(state);
		setup(state);
	}
}

static void test_overlay_errors(void **state)
{
	struct box b = overlay_box(true);
	char *wrong[] = { (char *)"base", (char *)"missing" };

	(void)state;
	if (!box_may())
		return;
	b.root.lowers = wrong;
	b.root.n_lowers = 2;
	box_fails(&b, ENOENT, "lower/missing");
	b.root.path = "/no/such";
	box_fails(&b, ENOENT, "open /no/such");
}

static int check_readonly(void *arg, struct err *e)
{
	(void)arg;
	CHECK(open("/x", O_WRONLY | O_CREAT | O_CLOEXEC, 0644) < 0 && errno == EROFS);
	CHECK(str_after(box_mountinfo("/"), "ro,"));
	CHECK(mkdir("/new/x", 0755) == 0); /* the mount point was made while the root was still writable */
	return 0;
}

/* S10: read-only, by the fd, whatever the image has in /proc/self/fd. */
static void test_readonly(void **state)
{
	static const struct box_mount mounts[] = { BOX_MOUNT("/proc", "proc", "proc", NULL),
						   BOX_MOUNT("/new", "tmpfs", "tmpfs", NULL), BOX_END };

	(void)state;
	if (!box_may())
		return;
	for (int i = 0; i < 4; i++) {
		struct box b = overlay_box(i & 1);

		if (i & 2) {
			b.root = (struct rootfs_plan){ .kind = ROOTFS_FOLDER, .path = folder.rootfs };
			uid_t owner = i & 1 ? BOX_FIRST_ID : 0;

			assert_int_equal(fchownat(folder.fd, "rootfs", owner, owner, 0), 0);
			if (i == 2) {
				assert_int_equal(mkdirat(folder.root, "proc/self", 0755), 0);
				assert_int_equal(mkdirat(folder.root, "proc/self/fd", 0755), 0);
				assert_int_equal(symlinkat("/tmp", folder.root, "proc/self/fd/4"), 0);
				assert_int_equal(symlinkat("/tmp", folder.root, "proc/self/fd/5"), 0);
			}
			assert_int_equal(chmod(folder.path, 0711), 0);
		}
		b.root.readonly = true;
		b.mounts = mounts;
		b.check = check_readonly;
		box_ok(&b);
	}
}

static int check_root_propagation(void *arg, struct err *e)
{
	const char *const *words = arg;
	const char *info = box_mountinfo("/");

	for (; *words; words++) {
		const char *word = **words == '!' ? *words + 1 : *words;

		if (!!strstr(info, word) == (**words == '!'))
			return err_say(e, EINVAL, "%s is not so: %s", *words, info);
	}
	CHECK(getcwd((char[8]){ 0 }, 8) != NULL);
	return 0;
}

static void test_root_propagation(void **state)
{
	static const struct {
		uint64_t propagation;
		const char *words[4];
	} cases[] = {
		{ 0, { "!shared:", "!master:" } },
		{ MS_PRIVATE, { "!shared:", "!master:" } },
		{ MS_SLAVE, { "!shared:", "master:" } },
		{ MS_SHARED | MS_REC, { "shared:", "!master:" } },
		{ MS_UNBINDABLE, { "unbindable" } },
	};

	(void)state;
	if (!box_may())
		return;
	assert_int_equal(mount(folder.rootfs, folder.rootfs, NULL, MS_BIND, NULL), 0);
	assert_int_equal(mount(NULL, folder.rootfs, NULL, MS_SHARED, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct box b = overlay_box(false);

		b.root = (struct rootfs_plan){ .kind = ROOTFS_FOLDER,
					       .path = folder.rootfs,
					       .propagation = cases[i].propagation };
		b.check = check_root_propagation;
		b.arg = (void *)cases[i].words;
		box_ok(&b);
		b.no_pivot = true;
		box_ok(&b);
	}
	assert_int_equal(umount2(folder.rootfs, MNT_DETACH), 0);
}

static const char medium[] = "/mnt", inside[] = "/mnt/file";

/* This machine: its files are there and can be written to, and nothing of that reaches it. */
static int check_host(void *arg, struct err *e)
{
	const bool *userns = arg;
	struct stat st;

	CHECK(access("/usr/bin/env", X_OK) == 0);
	CHECK(stat("/etc/passwd", &st) == 0 && st.st_uid == 0);
	auto_fd int fd = open("/etc/passwd", O_WRONLY | O_APPEND | O_CLOEXEC);

	CHECK(fd >= 0 && write(fd, "x", 1) == 1);
	CHECK(open("/paene-new", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644) >= 0);
	/* the second file system has an overlay of its own, with the attributes of its mount */
	CHECK(strstr(box_mountinfo(medium), "overlay") && str_after(box_mountinfo(medium), "rw,nosuid,nodev"));
	CHECK(reads(inside, "medium") && unlink(inside) == 0);
	/* its kernel's own are not there */
	CHECK(!*box_mountinfo("/dev") && !*box_mountinfo("/sys/fs/cgroup"));
	CHECK(stat(medium, &st) == 0 && st.st_uid == 0 && (st.st_mode & 07777) == 0750);
	CHECK(*userns || getuid() == 0);
	return 0;
}

static void test_host(void **state)
{
	static const struct box_mount mounts[] = { BOX_MOUNT("/proc", "proc", "proc", NULL), BOX_END };
	char image[112], command[640];

	(void)state;
	if (!box_may())
		return;
	snprintf(image, sizeof(image), "%s/image", folder.path);
	snprintf(command, sizeof(command),
		 "truncate -s 8M %s && mkfs.ext4 -q %s && mount -o loop,nosuid,nodev %s %s && chmod 750 %s", image, image, image,
		 medium, medium);
	if (system(command) != 0) {
		print_message("skipped: no loop device can be mounted here\n");
		skip();
	}
	auto_fd int fd = open(medium, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	box_text(fd, "file", "medium");
	fd_close(&fd);
	for (int userns = 0; userns < 2; userns++) {
		bool arg = userns;
		struct box b = {
			.userns = userns,
			.mounts = mounts,
			.root = { .kind = ROOTFS_HOST, .path = container },
			.check = check_host,
			.arg = &arg,
		};

		box_ok(&b);
		assert_int_equal(access("/paene-new", F_OK), -1);
		assert_true(reads(inside, "medium"));
		assert_int_equal(faccessat(folder.fd, "c/upper/%2F/paene-new", F_OK, 0), 0);
		struct err e;

		assert_int_equal(file_remove(folder.fd, "c/upper", &e), 0);
		assert_int_equal(mkdirat(folder.fd, "c/upper", 0755), 0);
		assert_int_equal(file_remove(folder.fd, "c/work", &e), 0);
		assert_int_equal(mkdirat(folder.fd, "c/work", 0755), 0);
	}
	assert_int_equal(umount2(medium, MNT_DETACH), 0);
}

#define NOBODY_MUCH 4242

static int check_rootless(void *arg, struct err *e)
{
	struct stat st;
	char byte = 1;

	(void)arg;
	CHECK(getuid() == 0 && getpid() == 1);
	CHECK(reads("/etc/one", "base") && reads("/etc/two", "top") && access("/opaque/hidden", F_OK) < 0);
	CHECK(open("/etc/new", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644) >= 0 && unlink("/etc/two") == 0);
	auto_fd int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC), ptmx = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);

	CHECK(zero >= 0 && read(zero, &byte, 1) == 1 && byte == 0 && ptmx >= 0);
	CHECK(stat("/dev/null", &st) == 0 && st.st_rdev == makedev(1, 3));
	CHECK(!strstr(box_mountinfo("/dev/pts"), "gid=5"));
	CHECK(*box_mountinfo("/sys") && *box_mountinfo("/dev/mqueue") && *box_mountinfo("/sys/fs/cgroup"));
	CHECK(reads("/host/file", "of the host") && open("/host/x", O_WRONLY | O_CREAT | O_CLOEXEC, 0644) < 0);
	CHECK(open("/dev/x", O_WRONLY | O_CREAT | O_CLOEXEC, 0644) < 0 && errno == EROFS);
	CHECK(open("/proc/sys/net/ipv4/ip_forward", O_WRONLY | O_CLOEXEC) < 0 && errno == EROFS);
	return 0;
}

/* Without any rights: the parent opens nothing, init does all of it with what its own user namespace gives. */
static int run_rootless(void)
{
	static struct spec_id_map own[] = { { 0, NOBODY_MUCH, 1 } };
	static const struct spec_id_maps maps = { own, 1 };
	char host[96];
	const struct box_mount mounts[] = {
		BOX_MOUNT("/proc", "proc", "proc", NULL),
		BOX_MOUNT("/dev", "tmpfs", "tmpfs", "nosuid,mode=755,ro"),
		BOX_MOUNT("/dev/pts", "devpts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5"),
		BOX_MOUNT("/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev"),
		BOX_MOUNT("/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro"),
		BOX_MOUNT("/sys/fs/cgroup", "cgroup", "cgroup", "ro"),
		BOX_MOUNT("/host", "none", host, "bind,ro"),
		BOX_END,
	};
	struct box b = overlay_box(true);
	struct err e;

	snprintf(host, sizeof(host), "%s/host", folder.path);
	b.maps = &maps;
	b.mounts = mounts;
	b.make_devices = true;
	b.readonly[0] = "/proc/sys";
	b.masked[0] = "/proc/interrupts";
	b.masked[1] = "/sys/firmware";
	b.check = check_rootless;
	if (setgroups(0, NULL) < 0 || setresgid(NOBODY_MUCH, NOBODY_MUCH, NOBODY_MUCH) < 0 ||
	    setresuid(NOBODY_MUCH, NOBODY_MUCH, NOBODY_MUCH) < 0 || prctl(PR_SET_DUMPABLE, 1) < 0)
		return 1;
	if (box_run(&b, &e) == 0)
		return 0;
	print_message("%s\n", e.text);
	return 1;
}

static void test_rootless(void **state)
{
	static const char *const owned[] = { "layers", "layers/base", "layers/base/etc", "layers/base/dev", "layers/mid",
					     "layers/top", "layers/top/etc", "c", "c/upper", "c/work", "c/lower" };
	int status;

	(void)state;
	if (!box_may())
		return;
	assert_int_equal(chmod(folder.path, 0711), 0);
	assert_int_equal(mkdirat(folder.fd, "host", 0755), 0);
	box_text(folder.fd, "host/file", "of the host");
	for (size_t i = 0; i < ARRAY_SIZE(owned); i++)
		assert_int_equal(fchownat(folder.fd, owned[i], NOBODY_MUCH, NOBODY_MUCH, 0), 0);
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(run_rootless());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_overlay, setup, teardown),
		cmocka_unit_test_setup_teardown(test_overlay_user_namespace, setup, teardown),
		cmocka_unit_test_setup_teardown(test_overlay_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_overlay_of_old_kernels, setup, teardown),
		cmocka_unit_test_setup_teardown(test_overlay_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_readonly, setup, teardown),
		cmocka_unit_test_setup_teardown(test_root_propagation, setup, teardown),
		cmocka_unit_test_setup_teardown(test_host, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rootless, setup, teardown),
	};

	box_own_mounts();
	return cmocka_run_group_tests_name("namespaces: roots", tests, NULL, NULL);
}
