// SPDX-License-Identifier: Apache-2.0
#include "images/fetch/lock_in.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/sys.h"
#include "images/worker/filter.h"
#include "images/worker/sandbox.h"

#define NAMESPACES   (CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)
#define NOTHING_RUNS (MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC)
#define FILE_BYTES   (4 << 20) /* of one that is copied */
#define ROOT_BYTES   "16m"

/* Only modules that are in the C library itself: another could not be loaded any more. */
static const char name_services[] = "hosts: files dns\n";

static const int network_calls[] = {
	SCMP_SYS(connect), SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt),
	SCMP_SYS(sendto), SCMP_SYS(sendmmsg), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(bind), SCMP_SYS(shutdown),
	SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(pipe2), SCMP_SYS(eventfd2), SCMP_SYS(fcntl), SCMP_SYS(writev), SCMP_SYS(readv),
	SCMP_SYS(uname), SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(time),
};

static const struct filter_limit network_limits[] = {
	{ SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, AF_INET, 0) },
	{ SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, AF_INET6, 0) },
	{ SCMP_SYS(socketpair), SCMP_A0(SCMP_CMP_EQ, AF_UNIX, 0) }, /* by libcurl, to wake its own threads */
	{ SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, FIONREAD, 0) },	    /* by the resolver */
};

static const struct filter filter_speaks = {
	.calls = network_calls,
	.n_calls = ARRAY_SIZE(network_calls),
	.limits = network_limits,
	.n_limits = ARRAY_SIZE(network_limits),
};

/* A file of the machine's, as long as there is still a machine to be seen; one that is not there is empty. */
static int read_machine(const char *path, char **ret, size_t *ret_len, struct err *e)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT) {
		*ret = strdup("");
		*ret_len = 0;
		return *ret ? 0 : err_nomem(e);
	}
	if (fd < 0)
		return err_set(e, errno, "open %s", path);
	return file_read_fd(fd, path, FILE_BYTES, ret, ret_len, e);
}

static int put(int root, const char *name, const char *text, size_t len, int flags, struct err *e)
{
	auto_fd int fd = openat(root, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
	int r = fd < 0 ? -errno : fd_write_all(fd, text, len);

	return r < 0 ? err_set(e, -r, "write %s of the root", name) : 0;
}

static int copy(int root, const char *from, const char *name, struct err *e)
{
	auto_free char *text = NULL;
	size_t len = 0;
	int r = read_machine(from, &text, &len, e);

	return r < 0 ? r : put(root, name, text, len, O_EXCL, e);
}

/* A file that the session was given, behind what is in @name already. */
static int add(int root, int fd, const char *what, const char *name, struct err *e)
{
	auto_free char *text = NULL;
	size_t len = 0;

	if (fd < 0)
		return 0;
	int r = file_read_fd(fd, what, FILE_BYTES, &text, &len, e);

	if (r == 0)
		r = put(root, name, text, len, O_APPEND, e);
	if (text)
		explicit_bzero(text, len);
	return r;
}

/* Where distributions keep the authorities that the machine trusts. */
static const char *machine_ca(void)
{
	static const char *const places[] = {
		"/etc/ssl/certs/ca-certificates.crt", /* Debian, Alpine, Arch */
		"/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora and its kin */
		"/etc/ssl/ca-bundle.pem",	      /* SUSE */
		"/etc/ssl/cert.pem",		      /* the BSDs' habit */
	};
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (stat(places[i], &st) == 0)
			return places[i];
	return places[0];
}

/* A path in the root, to be opened from there. */
static const char *below(const char *path)
{
	return path + 1;
}

static int fill_root(int root, const struct lock_in *l, struct err *e)
{
	if (mkdirat(root, "etc", 0700) < 0 || mkdirat(root, "work", 0700) < 0)
		return err_set(e, errno, "make the root's folders");
	int r = copy(root, "/etc/resolv.conf", "etc/resolv.conf", e);

	if (r == 0)
		r = copy(root, "/etc/hosts", "etc/hosts", e);
	if (r == 0)
		r = put(root, "etc/nsswitch.conf", name_services, strlen(name_services), O_EXCL, e);
	if (r == 0)
		r = copy(root, machine_ca(), below(LOCK_IN_CA), e);
	if (r == 0)
		r = put(root, below(LOCK_IN_CA), "\n", 1, O_APPEND, e); /* the last line may have no end */
	if (r == 0)
		r = add(root, l->ca, "the CA file", below(LOCK_IN_CA), e);
	if (r == 0)
		r = add(root, l->certificate, "the client's certificate", below(LOCK_IN_CERTIFICATE), e);
	if (r == 0)
		r = add(root, l->key, "the client's key", below(LOCK_IN_KEY), e);
	return r;
}

static int make_root(const struct lock_in *l, struct err *e)
{
	auto_fd int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);

	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "size", ROOT_BYTES, 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "mode", "0700", 0) < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return err_set(e, errno, "make a tmpfs");
	auto_fd int root = fsmount(fs, FSMOUNT_CLOEXEC, NOTHING_RUNS);

	if (root < 0)
		return err_set(e, errno, "mount a tmpfs");
	int r = fill_root(root, l, e);

	return r < 0 ? r : fd_take(&root);
}

static int write_map(const char *name, unsigned id, struct err *e)
{
	char map[32];

	snprintf(map, sizeof(map), "%u %u 1\n", id, id);
	return file_write(AT_FDCWD, name, map, e);
}

/* Namespaces of our own; who may not make them makes a user namespace first, which he then owns them in. */
static int enter_namespaces(struct err *e)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (unshare(NAMESPACES) == 0)
		return 0;
	if (errno != EPERM || unshare(CLONE_NEWUSER | NAMESPACES) < 0) {
		err_set(e, errno, "make namespaces");
		return err_hint(e, "it needs root, or user namespaces");
	}
	int r = file_write(AT_FDCWD, "/proc/self/setgroups", "deny", e);

	if (r == 0)
		r = write_map("/proc/self/uid_map", uid, e);
	return r < 0 ? r : write_map("/proc/self/gid_map", gid, e);
}

/*
 * The working folder goes along into the new mount namespace: from
 * there, what was opened outside could not be cloned any more.
 */
static int enter_root(const struct lock_in *l, struct err *e)
{
	struct mount_attr attr = { .attr_set = NOTHING_RUNS }, read_only = { .attr_set = MOUNT_ATTR_RDONLY };

	if (fchdir(l->work) < 0)
		return err_set(e, errno, "enter the work folder");
	int r = enter_namespaces(e);

	if (r < 0)
		return r;
	auto_fd int work = open_tree(AT_FDCWD, ".", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (work < 0 || mount_setattr(work, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return err_set(e, errno, "clone the mount of the work folder");
	auto_fd int root = make_root(l, e);

	if (root < 0)
		return root;
	r = sandbox_change_root(root, e);
	if (r < 0)
		return r;
	if (move_mount(work, "", AT_FDCWD, "/work", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_set(e, errno, "mount the work folder");
	if (mount_setattr(AT_FDCWD, "/", 0, &read_only, sizeof(read_only)) < 0)
		return err_set(e, errno, "make the root read-only");
	return 0;
}

int lock_in_enter(const struct lock_in *l, struct err *e)
{
	const struct sandbox nothing = { .root = -1 };
	int r = enter_root(l, e);

	if (r < 0)
		return r;
	auto_fd int work = open("/work", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (work < 0)
		return err_set(e, errno, "open the work folder");
	/* a user namespace of one's own makes traceable again: so this comes last */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_set(e, errno, "become undumpable");
	r = sandbox_give_up(&nothing, e);
	if (r == 0)
		r = filter_load(&filter_speaks, e);
	return r < 0 ? r : fd_take(&work);
}
