// SPDX-License-Identifier: Apache-2.0
#include "namespaces/tree.h"

#include <errno.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/sock.h"

#define FS_KEY_MAX     256 /* the kernel's limit for a key and for a value */
#define FS_MESSAGE_MAX 200

int tree_clone(int dir, const char *path, unsigned flags, struct err *e)
{
	if (!*path)
		flags |= AT_EMPTY_PATH;
	int fd = open_tree(dir, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags);

	return fd < 0 ? err_set(e, errno, "open %s", *path ? path : "a mount") : fd;
}

/* In the other namespace, whose root is this process's root from then on: no path leads out of it. */
static _Noreturn void clone_there(int mount_ns, const char *path, int sock)
{
	struct err e = { .code = 0 };
	auto_fd int tree = -1;

	if (setns(mount_ns, CLONE_NEWNS) < 0)
		(void)err_set(&e, errno, "enter a mount namespace");
	else
		tree = tree_clone(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, &e);
	(void)sock_send(sock, &e, sizeof(e), &tree, tree >= 0); /* an end of file says enough */
	_exit(0);
}

int tree_clone_inside(int mount_ns, const char *path, struct err *e)
{
	auto_fd int ours = -1, theirs = -1, pidfd = -1;
	struct clone_args args = {
		.flags = CLONE_PIDFD, .pidfd = (uint64_t)(uintptr_t)&pidfd, .exit_signal = SIGCHLD,
	};
	struct err said, ignored;
	int tree = -1, r = sock_pair(&ours, &theirs, e);

	if (r < 0)
		return r;
	pid_t pid = sys_clone3(&args);

	if (pid < 0)
		return err_set(e, errno, "make a process");
	if (pid == 0)
		clone_there(mount_ns, path, theirs);
	fd_close(&theirs);
	ssize_t n = sock_recv(ours, &said, sizeof(said), &tree, 1);

	(void)proc_wait(pidfd, &ignored); /* it ends by itself: only reap it */
	if (n != (ssize_t)sizeof(said))
		return err_say(e, EPIPE, "the process that looks for %s ended without a word", path);
	if (tree < 0)
		*e = said;
	return tree < 0 ? -e->code : tree;
}

/* The kernel explains a refusal in a message that is read from the file system's context: "e tmpfs: Bad value for 'size'". */
static int fs_error(int fs, const char *what, struct err *e)
{
	int saved = errno;
	char message[FS_MESSAGE_MAX];
	ssize_t n = read(fs, message, sizeof(message) - 1);

	if (n <= 2)
		return err_set(e, saved, "%s", what);
	message[n] = '\0';
	message[strcspn(message, "\n")] = '\0';
	return err_set(e, saved, "%s (%s)", what, message + 2);
}

int fs_set(int fs, const char *key, const char *value, struct err *e)
{
	int cmd = value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;

	return fsconfig(fs, (unsigned)cmd, key, value, 0) < 0 ? fs_error(fs, key, e) : 0;
}

int fs_mount(int fs, const char *type, uint64_t attributes, struct err *e)
{
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return fs_error(fs, type, e);
	int tree = fsmount(fs, FSMOUNT_CLOEXEC, (unsigned)attributes);

	return tree < 0 ? fs_error(fs, type, e) : tree;
}

/* "key=value" or "key", as options are written. */
static int set_word(int fs, const char *word, struct err *e)
{
	char key[FS_KEY_MAX];
	const char *equals = strchr(word, '=');
	size_t n = equals ? (size_t)(equals - word) : strlen(word);

	if (n == 0 || n >= sizeof(key))
		return err_say(e, EINVAL, "bad mount option \"%.80s\"", word);
	memcpy(key, word, n);
	key[n] = '\0';
	return fs_set(fs, key, equals ? equals + 1 : NULL, e);
}

static int set_options(int fs, const char *source, const struct mount_options *o, struct err *e)
{
	static const struct {
		uint32_t flag;
		const char *key;
	} flags[] = { { MS_SYNCHRONOUS, "sync" }, { MS_DIRSYNC, "dirsync" }, { MS_LAZYTIME, "lazytime" } };
	int r = 0;

	/* a device that must not be written to: its file system has to know; for the others the mount's attribute is enough */
	if ((o->set & MOUNT_ATTR_RDONLY) && source && *source == '/')
		r = fs_set(fs, "ro", NULL, e);
	for (size_t i = 0; i < ARRAY_SIZE(flags) && r == 0; i++)
		if (o->sb_flags & flags[i].flag)
			r = fs_set(fs, flags[i].key, NULL, e);
	if (o->mode[0] && r == 0)
		r = fs_set(fs, "mode", o->mode, e);
	for (size_t i = 0; i < o->data.n && r == 0; i++)
		r = set_word(fs, o->data.v[i], e);
	return r;
}

int tree_new(const char *type, const char *source, const struct mount_options *o, struct err *e)
{
	auto_fd int fs = fsopen(type, FSOPEN_CLOEXEC);
	int r = 0;

	if (fs < 0)
		return err_set(e, errno, "file system %s", type);
	if (source)
		r = fs_set(fs, "source", source, e);
	if (o && r == 0)
		r = set_options(fs, source, o, e);
	return r < 0 ? r : fs_mount(fs, type, o ? o->set | o->rset : 0, e);
}

int tree_reconfigure(int mount, const struct mount_options *o, struct err *e)
{
	auto_fd int fs = fspick(mount, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH);

	if (fs < 0)
		return err_set(e, errno, "reconfigure a file system");
	int r = set_options(fs, NULL, o, e);

	if (r == 0 && fsconfig(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) < 0)
		r = fs_error(fs, "reconfigure a file system", e);
	return r;
}

int tree_procfs(const struct mount_options *o, struct err *e)
{
	struct statfs fs;
	int own = tree_new("proc", NULL, o, e);

	if (own != -EPERM)
		return own;
	auto_fd int host = path_open_dir("/proc", 0, e);

	if (host < 0)
		return host;
	if (fstatfs(host, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
		return err_say(e, EPERM, "/proc is no procfs");
	return fd_take(&host);
}

int tree_change(int tree, bool recursive, uint64_t set, uint64_t clear, uint64_t propagation, struct err *e)
{
	struct mount_attr attr = { .attr_set = set, .attr_clr = clear, .propagation = propagation };

	if (mount_setattr(tree, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr, sizeof(attr)) < 0)
		return err_set(e, errno, "change the attributes of a mount");
	return 0;
}

uint64_t tree_attributes(int tree)
{
	static const struct {
		unsigned long flag;
		uint64_t attribute;
	} flags[] = {
		{ ST_RDONLY, MOUNT_ATTR_RDONLY },
		{ ST_NOSUID, MOUNT_ATTR_NOSUID },
		{ ST_NODEV, MOUNT_ATTR_NODEV },
		{ ST_NOEXEC, MOUNT_ATTR_NOEXEC },
	};
	uint64_t attributes = 0;
	struct statvfs fs;

	if (fstatvfs(tree, &fs) < 0)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (fs.f_flag & flags[i].flag)
			attributes |= flags[i].attribute;
	return attributes;
}

int tree_attach(int tree, int target, struct err *e)
{
	struct stat a, b;

	if (move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0)
		return 0;
	int saved = errno;

	if (fstat(tree, &a) == 0 && fstat(target, &b) == 0 && S_ISDIR(a.st_mode) != S_ISDIR(b.st_mode))
		saved = S_ISDIR(a.st_mode) ? ENOTDIR : EISDIR;
	return err_set(e, saved, "attach");
}
