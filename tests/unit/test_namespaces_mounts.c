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
	const char *masked[] = {
		"/proc/interrupts", "/proc/acpi",	 "/proc/kcore",	      "/proc/keys", "/proc/latency_stats",
		"/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
	};
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

/* S05: masks and labels would go to a tree of the image's making. */
static void test_links_for_proc_and_sys(void **state)
{
	static const char *const names[] = { "proc", "sys" };

	(void)state;
	if (!box_may())
		return;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct box b = usual_box(false);

		assert_int_equal(unlinkat(folder.root, names[i], AT_REMOVEDIR), 0);
		assert_int_equal(symlinkat("/tmp", folder.root, names[i]), 0);
		box_fails(&b, ELOOP, "is a link");
		assert_int_equal(unlinkat(folder.root, names[i], 0), 0);
		box_text(folder.root, names[i], "");
		box_fails(&b, ENOTDIR, "no folder");
		assert_int_equal(unlinkat(folder.root, names[i], 0), 0);
		assert_int_equal(mkdirat(folder.root, names[i], 0755), 0);
	}
}

/* A folder outside the root, to which links of the image point, and what it holds. */
static char victim[96];

static void make_victim(void)
{
	assert_int_equal(mkdirat(folder.fd, "victim", 0700), 0);
	snprintf(victim, sizeof(victim), "%s/victim", folder.path);
	auto_fd int fd = openat(folder.fd, "victim", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	box_text(fd, "secret", "TOPSECRET");
}

static void assert_victim_unharmed(void)
{
	auto_fd int fd = openat(folder.fd, "victim", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fdopendir(dup(fd));
	int entries = 0;
	char text[32] = "";
	struct stat st;

	while (readdir(d))
		entries++;
	closedir(d);
	assert_int_equal(entries, 3); /* ".", "..", "secret" */
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	auto_fd int secret = openat(fd, "secret", O_RDONLY | O_CLOEXEC);

	assert_int_equal(read(secret, text, sizeof(text)), 9);
	assert_string_equal(text, "TOPSECRET");
}

/* S01: nodes and links go where the link leads inside the root, whatever is there outside. */
static void test_link_for_dev(void **state)
{
	(void)state;
	if (!box_may())
		return;
	static const char *const ways[] = { "", "../../../../../../../..", "/etc/../.." };

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct box b = plain();
		char to[PATH_MAX];

		make_victim();
		snprintf(to, sizeof(to), "%s%s", ways[i], victim);
		assert_int_equal(unlinkat(folder.root, "dev", AT_REMOVEDIR), 0);
		assert_int_equal(symlinkat(to, folder.root, "dev"), 0);
		b.make_devices = true;
		box_fails(&b, ENOENT, "/dev");
		assert_victim_unharmed();
		/* and with the usual mounts, which make the folder that the link names, inside */
		b = usual_box(false);
		box_ok(&b);
		assert_victim_unharmed();
		assert_int_equal(faccessat(folder.root, victim + 1, F_OK, 0), 0);
		teardown(state);
		setup(state);
	}
}

/* S08, S09: a mount point that is, or lies behind, a link out of the root; files and folders. */
static void test_links_as_targets(void **state)
{
	static const struct {
		const char *link, *to, *target;
		bool file;
	} cases[] = {
		{ "etc/resolv.conf", "%s/new", "/etc/resolv.conf", true },
		{ "etc/resolv.conf", "../../../../../..%s/new", "/etc/resolv.conf", true },
		{ "l", "%s/new", "/l", false },
		{ "l", "%s", "/l/a/b", false },
		{ "l", "%s/secret", "/l", true },
		{ "l", "nowhere/at/all", "/l/deep", true },
	};

	(void)state;
	if (!box_may())
		return;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char to[PATH_MAX], source[96];
		struct box_mount mounts[] = { BOX_MOUNT(cases[i].target, "none", source, "rbind,ro"), BOX_END };
		struct box b = plain();

		make_victim();
		box_text(folder.fd, "file", "from outside");
		snprintf(source, sizeof(source), "%s/%s", folder.path, cases[i].file ? "file" : "rootfs/tmp");
		const char *hole = strchr(cases[i].to, '%');

		snprintf(to, sizeof(to), "%.*s%s%s", hole ? (int)(hole - cases[i].to) : (int)strlen(cases[i].to), cases[i].to,
			 hole ? victim : "", hole ? hole + 2 : "");
		assert_int_equal(symlinkat(to, folder.root, cases[i].link), 0);
		b.mounts = mounts;
		box_ok(&b);
		assert_victim_unharmed();
		teardown(state);
		setup(state);
	}
}

/* A link into /proc would let a bind lie on what others trust (K4); one in a circle must end. */
static void test_links_that_are_refused(void **state)
{
	struct box_mount mounts[] = { usual[0], BOX_MOUNT("/l/attr", "tmpfs", NULL, NULL), BOX_END };
	struct box b = plain();

	(void)state;
	if (!box_may())
		return;
	b.mounts = mounts;
	assert_int_equal(symlinkat("proc/1", folder.root, "l"), 0);
	box_fails(&b, EPERM, "mount /l/attr: /l/attr leads into /proc");
	assert_int_equal(unlinkat(folder.root, "l", 0), 0);
	assert_int_equal(symlinkat("/proc/self/root", folder.root, "l"), 0); /* a magic link */
	box_fails(&b, ELOOP, "mount /l/attr");
	assert_int_equal(unlinkat(folder.root, "l", 0), 0);
	assert_int_equal(symlinkat("l", folder.root, "l"), 0);
	box_fails(&b, ELOOP, "mount /l/attr");
}

/* What the tests of binds mount: a private tmpfs of this process with a mount below it, shared in its own peer group. */
static char shared[96];

static int setup_shared(void **state)
{
	struct stat st;

	setup(state);
	if (geteuid() != 0)
		return 0;
	snprintf(shared, sizeof(shared), "%s/shared", folder.path);
	assert_int_equal(mkdir(shared, 0755), 0);
	assert_int_equal(mount("outer", shared, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755"), 0);
	assert_int_equal(mount(NULL, shared, NULL, MS_SHARED, NULL), 0);
	auto_fd int fd = open(shared, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	box_text(fd, "file", "outer");
	assert_int_equal(mkdirat(fd, "sub", 0755), 0);
	assert_int_equal(mkdirat(fd, "late", 0755), 0);
	char sub[112];

	snprintf(sub, sizeof(sub), "%s/sub", shared);
	assert_int_equal(mount("inner", sub, "tmpfs", 0, "mode=755"), 0);
	auto_fd int below = open(sub, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	box_text(below, "file", "inner");
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(chmod(folder.path, 0711), 0);
	return 0;
}

static int teardown_shared(void **state)
{
	if (geteuid() == 0)
		assert_int_equal(umount2(shared, MNT_DETACH), 0);
	return teardown(state);
}

static bool reads(const char *path, const char *text)
{
	char buf[64];
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : fd_read_all(fd, buf, sizeof(buf));

	return n == (ssize_t)strlen(text) && memcmp(buf, text, (size_t)n) == 0;
}

static bool creates(const char *path)
{
	auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0)
		return false;
	unlink(path);
	return true;
}

static int check_binds(void *arg, struct err *e)
{
	const bool *keep = arg;

	/* alone, with the mounts below, read-only on top, read-only throughout */
	CHECK(reads("/alone/file", "outer") && access("/alone/sub/file", F_OK) < 0 && creates("/alone/x"));
	CHECK(reads("/all/file", "outer") && reads("/all/sub/file", "inner") && creates("/all/sub/x"));
	CHECK(!creates("/top/x") && errno == EROFS && creates("/top/sub/x"));
	CHECK(!creates("/every/x") && errno == EROFS && !creates("/every/sub/x") && errno == EROFS);
	CHECK(reads("/made/for/it/file", "outer"));
	CHECK(!creates("/made/for/it/file/x") && errno == ENOTDIR);
	/* what the source has and nobody spoke of stays */
	CHECK(str_after(box_mountinfo("/alone"), "rw,nosuid,nodev,relatime"));
	CHECK(str_after(box_mountinfo("/top"), *keep ? "ro,nosuid,nodev,noexec" : "ro,noexec,relatime"));
	CHECK(str_after(box_mountinfo("/top/sub"), "rw,"));
	CHECK(str_after(box_mountinfo("/every"), *keep ? "ro,nosuid,nodev,noatime" : "ro,noatime"));
	CHECK(reads("/text", "written by hand\n") && !creates("/text"));
	return 0;
}

static void test_binds(void **state)
{
	char file[112];
	const struct box_mount mounts[] = {
		usual[0],
		BOX_MOUNT("/alone", "none", shared, "bind"),
		BOX_MOUNT("/all", "none", shared, "rbind,rw,rprivate"),
		BOX_MOUNT("/top", "none", shared, "rbind,ro,noexec"),
		BOX_MOUNT("/every", "none", shared, "rbind,rro,noatime"),
		BOX_MOUNT("/made/for/it/file", "none", file, "bind"),
		{ .destination = "/text", .type = "bind", .source = "-", .content = "written by hand\n", .options = "ro" },
		BOX_END,
	};
	struct box b = plain();

	(void)state;
	if (!box_may())
		return;
	snprintf(file, sizeof(file), "%s/file", shared);
	b.mounts = mounts;
	b.check = check_binds;
	b.arg = &b.keep_attributes;
	box_ok(&b);
	b.keep_attributes = true;
	box_ok(&b);
}

static void test_bind_errors(void **state)
{
	const struct box_mount missing[] = { BOX_MOUNT("/data", "none", "/no/such", "bind"), BOX_END };
	const struct box_mount on_file[] = { BOX_MOUNT("/etc/f", "none", shared, "bind"), BOX_END };
	char file[112];
	const struct box_mount on_folder[] = { BOX_MOUNT("/etc", "none", file, "bind"), BOX_END };
	const struct box_mount relative[] = { BOX_MOUNT("/data", "none", "x", "bind"), BOX_END };
	const struct box_mount bad[] = { BOX_MOUNT("/tmp", "tmpfs", NULL, "size=many"), BOX_END };
	const struct box_mount unknown[] = { BOX_MOUNT("/tmp", "nosuchfs", NULL, NULL), BOX_END };
	const struct box_mount false_proc[] = { BOX_MOUNT("/proc", "none", shared, "bind"), BOX_END };
	struct box b = plain();

	(void)state;
	if (!box_may())
		return;
	snprintf(file, sizeof(file), "%s/file", shared);
	box_text(folder.root, "etc/f", "");
	b.mounts = missing;
	box_fails(&b, ENOENT, "mount /data: open /no/such: No such file or directory");
	b.mounts = on_file;
	box_fails(&b, ENOTDIR, "mount /etc/f: open /etc/f: Not a directory");
	b.mounts = on_folder;
	box_fails(&b, EISDIR, "mount /etc: attach: Is a directory");
	b.mounts = relative;
	box_fails(&b, ENOENT, "mount /data: open /nonexistent/x");
	b.mounts = bad;
	box_fails(&b, EINVAL, "mount /tmp: size");
	b.mounts = unknown;
	box_fails(&b, ENODEV, "mount /tmp: file system nosuchfs");
	b.mounts = false_proc;
	box_fails(&b, EINVAL, "is no procfs");
}

/* The mount table of this process, which stands for the host. */
static char *table(void)
{
	struct err e;
	char *text;

	assert_int_equal(file_read(AT_FDCWD, "/proc/self/mountinfo", 1 << 20, &text, NULL, &e), 0);
	return text;
}

static int mount_in_host(void *arg, struct err *e)
{
	char late[112];

	(void)arg;
	snprintf(late, sizeof(late), "%s/late", shared);
	CHECK(mount("late", late, "tmpfs", 0, NULL) == 0);
	return 0;
}

static int check_propagation(void *arg, struct err *e)
{
	const bool *userns = arg;

	/* the host mounted something after we were there: followers see it, the others do not */
	CHECK(strstr(box_mountinfo("/slave/late"), "late") && strstr(box_mountinfo("/shared/late"), "late"));
	CHECK(!*box_mountinfo("/private/late"));
	CHECK(strstr(box_mountinfo("/slave"), "master:") && !strstr(box_mountinfo("/slave"), "shared:"));
	CHECK(strstr(box_mountinfo("/shared"), "shared:"));
	/* only without a user namespace of its own does the container share with the host */
	CHECK(*userns == !!strstr(box_mountinfo("/shared"), "master:"));
	CHECK(!strstr(box_mountinfo("/private"), "shared:") && !strstr(box_mountinfo("/private"), "master:"));
	CHECK(!strstr(box_mountinfo("/private/sub"), "shared:") && !strstr(box_mountinfo("/private/sub"), "master:"));
	CHECK(strstr(box_mountinfo("/unbindable"), "unbindable"));
	CHECK(strstr(box_mountinfo("/own"), "shared:") && !strstr(box_mountinfo("/own"), "master:"));
	CHECK(mkdir("/slave/x", 0755) == 0 && mount("x", "/slave/x", "tmpfs", 0, NULL) == 0);
	return 0;
}

/* S11 */
static void test_propagation(void **state)
{
	const struct box_mount mounts[] = {
		usual[0],
		BOX_MOUNT("/slave", "none", shared, "rbind,rslave"),
		BOX_MOUNT("/shared", "none", shared, "rbind,rshared"),
		BOX_MOUNT("/private", "none", shared, "rbind"),
		BOX_MOUNT("/unbindable", "none", shared, "bind,unbindable"),
		BOX_MOUNT("/own", "tmpfs", "own", "shared"),
		BOX_END,
	};

	(void)state;
	if (!box_may())
		return;
	for (int userns = 0; userns < 2; userns++) {
		bool arg = userns;
		struct box b = plain();
		char late[112];

		snprintf(late, sizeof(late), "%s/late", shared);
		assert_int_equal(chmod(shared, 0777), 0);
		assert_int_equal(fchownat(folder.fd, "rootfs", userns ? BOX_FIRST_ID : 0, userns ? BOX_FIRST_ID : 0, 0), 0);
		auto_free char *before = table();

		b.userns = userns;
		b.mounts = mounts;
		b.before = mount_in_host;
		b.check = check_propagation;
		b.arg = &arg;
		box_ok(&b);
		assert_int_equal(umount2(late, MNT_DETACH), 0);
		auto_free char *after = table();

		assert_string_equal(before, after);
		char x[112];

		snprintf(x, sizeof(x), "%s/x", shared);
		assert_int_equal(rmdir(x), 0);
	}
}

static int check_user_binds(void *arg, struct err *e)
{
	struct stat st;

	(void)arg;
	/* a volume: the host's root is the container's, and the other way round */
	CHECK(stat("/volume/file", &st) == 0 && st.st_uid == 0 && st.st_gid == 0);
	CHECK(creates("/volume/new") && mkdir("/volume/kept", 0755) == 0);
	/* as it is: nobody's, and not to be written to */
	CHECK(stat("/plain/file", &st) == 0 && st.st_uid == 65534);
	CHECK(!creates("/plain/new"));
	/* maps of its own: what is root's on disk is user 7's here */
	CHECK(stat("/mapped/file", &st) == 0 && st.st_uid == 7 && st.st_gid == 9);
	/* what protects the host stays */
	CHECK(str_after(box_mountinfo("/open"), "rw,nosuid,nodev"));
	return 0;
}

static void test_owners_of_binds(void **state)
{
	struct spec_id_map u[] = { { 0, BOX_FIRST_ID + 7, 1 } }, g[] = { { 0, BOX_FIRST_ID + 9, 1 } };
	char volume[96]; /* on a disk: tmpfs can be idmapped since 6.3 only */
	const struct box_mount mounts[] = {
		usual[0],
		{ .destination = "/volume", .source = volume, .options = "bind,idmap" },
		BOX_MOUNT("/plain", "none", volume, "bind"),
		{ .destination = "/mapped", .source = volume, .options = "bind,idmap", .uids = { u, 1 }, .gids = { g, 1 } },
		BOX_MOUNT("/open", "none", shared, "bind,exec,rw,symfollow"),
		BOX_END,
	};
	const struct box_mount wrong[] = { BOX_MOUNT("/open", "none", shared, "bind,rw,suid"), BOX_END };
	struct box b = plain();
	struct stat st;

	(void)state;
	if (!box_may())
		return;
	snprintf(volume, sizeof(volume), "%s/volume", folder.path);
	assert_int_equal(mkdirat(folder.fd, "volume", 0755), 0);
	box_text(folder.fd, "volume/file", "");
	assert_int_equal(fchownat(folder.fd, "rootfs", BOX_FIRST_ID, BOX_FIRST_ID, 0), 0);
	b.userns = true;
	b.mounts = mounts;
	b.check = check_user_binds;
	box_ok(&b);
	assert_int_equal(fstatat(folder.fd, "volume/kept", &st, 0), 0);
	assert_int_equal(st.st_uid, 0); /* on disk no id of the container's range */
	b.mounts = wrong; /* better than another mount than was asked for */
	box_fails(&b, EPERM, "mount /open: option suid: in a user namespace");
}

static int check_tmpfs(void *arg, struct err *e)
{
	struct stat st;

	(void)arg;
	/* read-only, and yet a mount point could be made in it */
	CHECK(!creates("/sealed/x") && errno == EROFS && reads("/sealed/in/file", "outer"));
	/* as open as what it hides, unless told */
	CHECK(stat("/tmp", &st) == 0 && (st.st_mode & 07777) == 01777);
	CHECK(stat("/etc", &st) == 0 && (st.st_mode & 07777) == 0700);
	CHECK(stat("/fresh", &st) == 0 && (st.st_mode & 07777) == 01777);
	/* copied up, links as links, owners and modes too */
	char link[32] = "";

	CHECK(reads("/opt/a/b/file", "deep") && readlink("/opt/link", link, sizeof(link)) == 7 && streq(link, "a/b/fil"));
	CHECK(stat("/opt/a", &st) == 0 && st.st_uid == 12 && st.st_gid == 34 && (st.st_mode & 07777) == 02750);
	CHECK(stat("/opt/set", &st) == 0 && (st.st_mode & 07777) == 04711 && st.st_mtime == 1000000000);
	CHECK(lstat("/opt/fifo", &st) == 0 && S_ISFIFO(st.st_mode));
	CHECK(creates("/opt/x") && stat("/opt", &st) == 0 && (st.st_mode & 07777) == 0711);
	/* remounted */
	CHECK(str_after(box_mountinfo("/fresh"), "ro,nosuid,") && strstr(box_mountinfo("/fresh"), "size=64k"));
	return 0;
}

static void test_tmpfs(void **state)
{
	const struct box_mount mounts[] = {
		usual[0],
		BOX_MOUNT("/sealed", "tmpfs", "tmpfs", "ro,size=1m"),
		BOX_MOUNT("/sealed/in", "none", shared, "bind"),
		BOX_MOUNT("/tmp", "tmpfs", "tmpfs", "nosuid"),
		BOX_MOUNT("/etc", "tmpfs", "tmpfs", "mode=0700"),
		BOX_MOUNT("/fresh", "tmpfs", "tmpfs", "size=32k"),
		BOX_MOUNT("/fresh", NULL, NULL, "remount,ro,nosuid,size=64k"),
		BOX_MOUNT("/opt", "tmpfs", "tmpfs", "tmpcopyup"),
		BOX_END,
	};
	const struct timespec times[] = { { 1000000000, 0 }, { 1000000000, 0 } };
	struct box b = plain();

	(void)state;
	if (!box_may())
		return;
	assert_int_equal(fchmodat(folder.root, "tmp", 01777, 0), 0);
	assert_int_equal(mkdirat(folder.root, "opt", 0711), 0);
	assert_int_equal(mkdirat(folder.root, "opt/a", 0711), 0);
	assert_int_equal(mkdirat(folder.root, "opt/a/b", 0711), 0);
	box_text(folder.root, "opt/a/b/file", "deep");
	box_text(folder.root, "opt/set", "");
	assert_int_equal(fchownat(folder.root, "opt/a", 12, 34, 0), 0);
	assert_int_equal(fchmodat(folder.root, "opt/a", 02750, 0), 0);
	assert_int_equal(fchmodat(folder.root, "opt/set", 04711, 0), 0);
	assert_int_equal(utimensat(folder.root, "opt/set", times, 0), 0);
	assert_int_equal(symlinkat("a/b/fil", folder.root, "opt/link"), 0);
	assert_int_equal(mknodat(folder.root, "opt/fifo", S_IFIFO | 0600, 0), 0);
	b.mounts = mounts;
	b.check = check_tmpfs;
	box_ok(&b);
}

static int check_links(void *arg, struct err *e)
{
	char text[64] = "";
	struct stat st;

	(void)arg;
	CHECK(readlink("/copied", text, sizeof(text)) == 4 && streq(text, "file"));
	CHECK(lstat("/bound", &st) == 0 && S_ISLNK(st.st_mode));
	CHECK(reads("/followed", "outer"));
	CHECK(lstat("/l", &st) == 0 && S_ISREG(st.st_mode) && reads("/l", "outer") && reads("/etc/f", "below"));
	return 0;
}

static void test_link_words(void **state)
{
	char link[112], file[112];
	const struct box_mount mounts[] = {
		BOX_MOUNT("/copied", "none", link, "bind,copy-symlink"),
		BOX_MOUNT("/bound", "none", link, "bind,src-nofollow"),
		BOX_MOUNT("/followed", "none", link, "bind"),
		BOX_MOUNT("/l", "none", file, "bind,dest-nofollow"),
		BOX_END,
	};
	struct box b = plain();

	(void)state;
	if (!box_may())
		return;
	snprintf(link, sizeof(link), "%s/link", shared);
	snprintf(file, sizeof(file), "%s/file", shared);
	assert_int_equal(symlink("file", link), 0);
	assert_int_equal(symlinkat("etc/f", folder.root, "l"), 0);
	box_text(folder.root, "etc/f", "below");
	b.mounts = mounts;
	b.check = check_links;
	box_ok(&b);
	box_ok(&b); /* the link is there already */
}

static int check_devices_in_root(void *arg, struct err *e)
{
	const bool *userns = arg;
	struct stat st;
	char byte = 1;

	CHECK(stat("/dev/null", &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3));
	CHECK(stat("/dev/tty", &st) == 0 && st.st_rdev == makedev(5, 0));
	auto_fd int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	CHECK(zero >= 0 && read(zero, &byte, 1) == 1 && byte == 0);
	CHECK(*userns == !!*box_mountinfo("/dev/zero"));
	CHECK(lstat("/dev/stdin", &st) == 0 && S_ISLNK(st.st_mode));
	return 0;
}

/* A root with a /dev of its own: nodes are made, or in a user namespace bound; a file in their place is covered. */
static void test_devices_in_root(void **state)
{
	(void)state;
	if (!box_may())
		return;
	for (int userns = 0; userns < 2; userns++) {
		const struct box_mount mounts[] = { usual[0], BOX_END };
		bool arg = userns;
		struct box b = plain();

		b.userns = userns;
		b.mounts = mounts;
		b.make_devices = true;
		b.check = check_devices_in_root;
		b.arg = &arg;
		if (userns) {
			assert_int_equal(fchownat(folder.fd, "rootfs", BOX_FIRST_ID, BOX_FIRST_ID, 0), 0);
			assert_int_equal(fchownat(folder.root, "dev", BOX_FIRST_ID, BOX_FIRST_ID, 0), 0);
		}
		box_text(folder.root, "dev/tty", "no device");
		box_ok(&b);
		box_ok(&b); /* all is there already */
		teardown(state);
		setup(state);
	}
	struct box b = plain();

	assert_int_equal(symlinkat("/etc/passwd", folder.root, "dev/null"), 0);
	b.make_devices = true;
	box_fails(&b, EEXIST, "device /dev/null");
}

static int check_own_devices(void *arg, struct err *e)
{
	struct stat st;

	(void)arg;
	CHECK(stat("/dev/dri/a/card", &st) == 0 && S_ISBLK(st.st_mode) && st.st_rdev == makedev(7, 99));
	CHECK((st.st_mode & 07777) == 0640 && st.st_uid == 5 && st.st_gid == 6);
	CHECK(stat("/dev/dri/a", &st) == 0 && st.st_uid == 0 && (st.st_mode & 07777) == 0755);
	CHECK(stat("/dev/pipe", &st) == 0 && S_ISFIFO(st.st_mode));
	CHECK(stat("/dev/pts", &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == 0);
	CHECK(stat("/dev/null", &st) < 0); /* not asked for here */
	CHECK(stat("/dev", &st) == 0 && st.st_uid == 3 && st.st_gid == 4);
	return 0;
}

static void test_own_devices(void **state)
{
	const struct box_mount mounts[] = { BOX_MOUNT("/dev", "tmpfs", "tmpfs", "mode=711,uid=3,gid=4"), BOX_END };
	const struct spec_device devices[] = {
		{ .path = "/dev/dri/./a/card",
		  .type = 'b',
		  .major = { true, 7 },
		  .minor = { true, 99 },
		  .file_mode = { true, 0640 },
		  .uid = { true, 5 },
		  .gid = { true, 6 } },
		{ .path = "/dev/pipe", .type = 'p' },
		{ .path = NULL },
	};
	const struct spec_device wrong[] = { { .path = "/dev/x", .type = 'c' }, { .path = NULL } };
	struct box b = plain();

	(void)state;
	if (!box_may())
		return;
	b.mounts = mounts;
	b.devices = devices;
	b.check = check_own_devices;
	box_ok(&b);
	b.userns = true;
	assert_int_equal(fchownat(folder.fd, "rootfs", BOX_FIRST_ID, BOX_FIRST_ID, 0), 0);
	box_ok(&b);
	b.devices = wrong;
	box_fails(&b, EINVAL, "device /dev/x: major and minor are missing");
}

static int check_foreign_namespaces(void *arg, struct err *e)
{
	(void)arg;
	CHECK(has_type("/sys", 0x62656572) && has_type("/proc", 0x9fa0) && has_type("/sys/fs/cgroup", 0x63677270));
	CHECK(str_after(box_mountinfo("/sys"), "ro,nosuid,nodev,noexec"));
	CHECK(str_after(box_mountinfo("/sys/fs/cgroup"), "ro,"));
	return 0;
}

/* The host's network, pid and cgroup namespaces in a user namespace: nothing of them can be mounted anew. */
static void test_foreign_namespaces(void **state)
{
	struct box b = usual_box(true);
	struct err e;
	auto_free char *text = NULL;

	(void)state;
	if (!box_may())
		return;
	assert_int_equal(file_read(AT_FDCWD, "/proc/self/mountinfo", 1 << 20, &text, NULL, &e), 0);
	assert_int_equal(fchownat(folder.fd, "rootfs", BOX_FIRST_ID, BOX_FIRST_ID, 0), 0);
	b.without = CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWCGROUP;
	b.cgroup = strstr(text, " /sys/fs/cgroup/unified ") ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup";
	b.check = check_foreign_namespaces;
	box_ok(&b);
}

static int check_sysctls(void *arg, struct err *e)
{
	(void)arg;
	CHECK(reads("/proc/sys/net/ipv4/ip_forward", "1\n") && reads("/proc/sys/kernel/msgmax", "12345\n"));
	return 0;
}

static void test_sysctls(void **state)
{
	static const struct spec_pair good[] = { { (char *)"net.ipv4.ip_forward", (char *)"1" },
						 { (char *)"kernel/msgmax", (char *)"12345" },
						 { NULL, NULL } };
	static const struct spec_pair missing[] = { { (char *)"net.no.such", (char *)"1" }, { NULL, NULL } };
	static const struct spec_pair bad[] = { { (char *)"kernel.msgmax", (char *)"many" }, { NULL, NULL } };

	(void)state;
	if (!box_may())
		return;
	for (int userns = 0; userns < 2; userns++) {
		struct box b = usual_box(userns);

		if (userns)
			assert_int_equal(fchownat(folder.fd, "rootfs", BOX_FIRST_ID, BOX_FIRST_ID, 0), 0);
		b.sysctls = good;
		b.check = check_sysctls;
		box_ok(&b);
		b.sysctls = missing;
		box_fails(&b, ENOENT, "sysctl net.no.such: No such file");
		b.sysctls = bad;
		box_fails(&b, EINVAL, "sysctl kernel.msgmax = \"many\"");
	}
	assert_false(reads("/proc/sys/kernel/msgmax", "12345\n"));
}

/* S03: a link in the container's /dev does not become a mask. */
static int check_false_null(void *arg, struct err *e)
{
	(void)arg;
	CHECK(reads("/etc/victim", ""));
	CHECK(!strstr(box_mountinfo("/etc/victim"), "proc"));
	return 0;
}

static void test_false_null(void **state)
{
	struct box b = plain();
	char evil[96];
	const struct box_mount mounts[] = { usual[0], BOX_MOUNT("/dev", "none", evil, "bind"), BOX_END };

	(void)state;
	if (!box_may())
		return;
	snprintf(evil, sizeof(evil), "%s/evil", folder.path);
	assert_int_equal(mkdirat(folder.fd, "evil", 0755), 0);
	assert_int_equal(symlinkat("/proc/sys/kernel/sem", folder.fd, "evil/null"), 0);
	box_text(folder.root, "etc/victim", "x");
	b.mounts = mounts;
	b.masked[0] = "/etc/victim";
	b.masked[1] = "/no/such";
	b.masked[2] = "/etc/victim/below";
	b.check = check_false_null;
	box_ok(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_usual, setup, teardown),
		cmocka_unit_test_setup_teardown(test_usual_user_namespace, setup, teardown),
		cmocka_unit_test_setup_teardown(test_links_for_proc_and_sys, setup, teardown),
		cmocka_unit_test_setup_teardown(test_link_for_dev, setup, teardown),
		cmocka_unit_test_setup_teardown(test_links_as_targets, setup, teardown),
		cmocka_unit_test_setup_teardown(test_links_that_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_binds, setup_shared, teardown_shared),
		cmocka_unit_test_setup_teardown(test_bind_errors, setup_shared, teardown_shared),
		cmocka_unit_test_setup_teardown(test_propagation, setup_shared, teardown_shared),
		cmocka_unit_test_setup_teardown(test_owners_of_binds, setup_shared, teardown_shared),
		cmocka_unit_test_setup_teardown(test_tmpfs, setup_shared, teardown_shared),
		cmocka_unit_test_setup_teardown(test_link_words, setup_shared, teardown_shared),
		cmocka_unit_test_setup_teardown(test_devices_in_root, setup, teardown),
		cmocka_unit_test_setup_teardown(test_own_devices, setup, teardown),
		cmocka_unit_test_setup_teardown(test_foreign_namespaces, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sysctls, setup, teardown),
		cmocka_unit_test_setup_teardown(test_false_null, setup, teardown),
	};

	box_own_mounts();
	return cmocka_run_group_tests_name("namespaces: mounts", tests, NULL, NULL);
}
