// SPDX-License-Identifier: Apache-2.0
/* The mounts of containers, in real namespaces: the list a default configuration has, and each kind of operation. */
#include "namespaces_box.h"

static struct box_folder folder;

static int setup(void **state)
{
	(void)state;
	if (geteuid() == 0)
		box_folder_make(&folder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (geteuid() == 0)
		box_folder_remove(&folder);
	return 0;
}

static struct box plain(void)
{
	return (struct box){ .root = { .kind = ROOTFS_FOLDER, .path = folder.rootfs } };
}

static const struct box_mount usual[] = {
	BOX_MOUNT("/proc", "proc", "proc", NULL),
	BOX_MOUNT("/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k"),
	BOX_MOUNT("/dev/pts", "devpts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5"),
	BOX_MOUNT("/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777,size=65536k"),
	BOX_MOUNT("/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev"),
	BOX_MOUNT("/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro"),
	BOX_MOUNT("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid,noexec,nodev,relatime,ro"),
	BOX_END,
};

static struct box usual_box(bool userns)
{
	struct box b = plain();

	b.userns = userns;
	b.mounts = usual;
	const char *masked[] = { "/proc/interrupts", "/proc/acpi",	     "/proc/kcore",	  "/proc/keys",	       "/proc/latency_stats",
				 "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi",
				 "/sys/firmware" };
	const char *readonly[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger" };

	memcpy(b.masked, masked, sizeof(masked));
	memcpy(b.readonly, readonly, sizeof(readonly));
	return b;
}

static bool has_type(const char *path, uint64_t type)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && (uint64_t)fs.f_type == type;
}

static int check_device(const char *path, unsigned number_major, unsigned number_minor, struct err *e)
{
	struct stat st;

	CHECK(lstat(path, &st) == 0);
	CHECK(S_ISCHR(st.st_mode) && st.st_rdev == makedev(number_major, number_minor));
	CHECK((st.st_mode & 07777) == 0666 && st.st_uid == 0 && st.st_gid == 0);
	return 0;
}

static int check_devices(struct err *e)
{
	static const struct {
		const char *path;
		unsigned number_major, number_minor;
	} nodes[] = { { "/dev/null", 1, 3 },   { "/dev/zero", 1, 5 },	 { "/dev/full", 1, 7 },
		      { "/dev/random", 1, 8 }, { "/dev/urandom", 1, 9 }, { "/dev/tty", 5, 0 } };
	char bytes[4] = "abc";
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(nodes) && r == 0; i++)
		r = check_device(nodes[i].path, nodes[i].number_major, nodes[i].number_minor, e);
	if (r < 0)
		return r;
	auto_fd int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC), null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	CHECK(zero >= 0 && read(zero, bytes, 4) == 4 && bytes[0] == 0 && bytes[3] == 0);
	CHECK(null >= 0 && write(null, bytes, 4) == 4);
	auto_fd int ptmx = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);

	CHECK(ptmx >= 0);
	CHECK(readlink("/dev/fd", bytes, 4) == 4 && access("/dev/stdin", F_OK) == 0);
	return 0;
}

static int check_usual(void *arg, struct err *e)
{
	struct stat st;
	char text[64];

	(void)arg;
	CHECK(has_type("/proc", 0x9fa0) && has_type("/sys", 0x62656572) && has_type("/dev", 0x01021994));
	CHECK(has_type("/dev/pts", 0x1cd1) && has_type("/dev/shm", 0x01021994) && has_type("/dev/mqueue", 0x19800202));
	CHECK(has_type("/sys/fs/cgroup", 0x63677270));
	CHECK(getpid() == 1 && access("/proc/1/stat", F_OK) == 0);
	CHECK(str_after(box_mountinfo("/sys"), "ro,nosuid,nodev,noexec"));
	CHECK(str_after(box_mountinfo("/dev/shm"), "rw,nosuid,nodev,noexec"));
	CHECK(mkdir("/sys/fs/cgroup/x", 0755) < 0 && errno == EROFS);
	CHECK(stat("/dev/shm", &st) == 0 && (st.st_mode & 07777) == 01777 && st.st_uid == 0);
	CHECK(stat("/dev", &st) == 0 && (st.st_mode & 07777) == 0755 && st.st_uid == 0);
	/* masks: empty, and not to be written */
	auto_fd int masked = open("/proc/interrupts", O_RDONLY | O_CLOEXEC);

	CHECK(masked >= 0 && read(masked, text, sizeof(text)) == 0);
	CHECK(mkdir("/sys/firmware/x", 0755) < 0 && errno == EROFS);
	CHECK(stat("/proc/interrupts", &st) == 0 && st.st_rdev == makedev(1, 3));
	CHECK(open("/proc/sys/kernel/core_pattern", O_WRONLY | O_CLOEXEC) < 0);
	CHECK(open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC) < 0);
	return check_devices(e);
}

static void test_usual(void **state)
{
	(void)state;
	if (!box_may())
		return;
	struct box b = usual_box(false);

	b.check = check_usual;
	box_ok(&b);
	b.no_pivot = true;
	box_ok(&b);
}

static int check_usual_user(void *arg, struct err *e)
{
	int r = check_usual(arg, e);

	if (r < 0)
		return r;
	CHECK(mknod("/dev/sda", S_IFBLK | 0600, makedev(8, 0)) < 0 && errno == EPERM);
	return 0;
}

static void test_usual_user_namespace(void **state)
{
	(void)state;
	if (!box_may())
		return;
	struct box b = usual_box(true);

	assert_int_equal(fchownat(folder.fd, "rootfs", BOX_FIRST_ID, BOX_FIRST_ID, 0), 0);
	assert_int_equal(chmod(folder.path, 0711), 0);
	b.check = check_usual_user;
	box_ok(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_usual, setup, teardown),
		cmocka_unit_test_setup_teardown(test_usual_user_namespace, setup, teardown),
	};

	return cmocka_run_group_tests_name("namespaces: mounts", tests, NULL, NULL);
}
