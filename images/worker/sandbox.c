// SPDX-License-Identifier: Apache-2.0
#include "images/worker/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/fd.h"
#include "base/sys.h"
#include "images/worker/filter.h"

#define NAMESPACES   (CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)
#define NOTHING_RUNS (MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC)
#define CLONE_TREE   (OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH)

/* Address space: a zstd window is 128 MiB, and a thread's heap reserves as much. */
#define MEMORY_BYTES (UINT64_C(1) << 30)
#define FILES	     1024

/* A mount of its own of the tree at a folder, attached nowhere. @below: AT_RECURSIVE: with all that is mounted in it */
static int clone_tree(int folder, unsigned below, uint64_t attributes, struct err *e)
{
	struct mount_attr attr = { .attr_set = attributes };
	auto_fd int tree = open_tree(folder, "", CLONE_TREE | below);

	if (tree < 0)
		return err_set(e, errno, "clone the mount of the job's folder");
	if (mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0)
		return err_set(e, errno, "restrict the mount of the job's folder");
	return fd_take(&tree);
}

/*
 * A folder of a mount that is attached nowhere already (EINVAL) leads
 * nowhere, and is its maker's to make read-only.
 */
static int replace_readonly(int *folder, struct err *e)
{
	if (!folder || *folder < 0)
		return 0;
	int tree = clone_tree(*folder, AT_RECURSIVE, NOTHING_RUNS | MOUNT_ATTR_RDONLY, e);

	if (tree < 0)
		return e->code == EINVAL ? 0 : tree;
	fd_close(folder);
	*folder = tree;
	return 0;
}

int sandbox_change_root(int tree, struct err *e)
{
	struct mount_attr private = { .propagation = MS_PRIVATE };

	if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &private, sizeof(private)) < 0)
		return err_set(e, errno, "make the mounts private");
	if (move_mount(tree, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_set(e, errno, "mount the job's folder");
	if (fchdir(tree) < 0)
		return err_set(e, errno, "enter the job's folder");
	/* both names are the same folder: the old root ends on top of the new one, and is taken away from there */
	if (sys_pivot_root(".", ".") == 0)
		return umount2(".", MNT_DETACH) < 0 ? err_set(e, errno, "detach the old root") : 0;
	if (errno != EINVAL)
		return err_set(e, errno, "change the root");
	/* an initramfs can't be left behind, but ours covers it */
	return chroot(".") < 0 ? err_set(e, errno, "change the root") : 0;
}

/* Where a container's root is seen: from inside alone can a mount be made of it. */
static int open_root(const struct sandbox *s, struct err *e)
{
	if (!s->container)
		return fd_dup(s->root, e);
	if (setns(s->container->mount_ns, CLONE_NEWNS) < 0)
		return err_set(e, errno, "join the container's mount namespace");
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return root < 0 ? err_set(e, errno, "open the container's root") : root;
}

/* What will be the root. One that is attached nowhere already (EINVAL, on older kernels) is as its maker wants it. */
static int take_root(const struct sandbox *s, struct err *e)
{
	uint64_t attributes = NOTHING_RUNS | (s->root_readonly ? MOUNT_ATTR_RDONLY : 0);
	auto_fd int root = open_root(s, e);

	if (root < 0)
		return root;
	int tree = clone_tree(root, s->top_only ? 0 : AT_RECURSIVE, attributes, e);

	return tree == -EINVAL ? fd_take(&root) : tree;
}

/* Become root of a container's user namespace, who can do nothing that the container's own root cannot. */
static int join_user(int user_ns, struct err *e)
{
	if (setns(user_ns, CLONE_NEWUSER) < 0)
		return err_set(e, errno, "join the container's user namespace");
	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return err_set(e, errno, "become the container's root");
	/* who changes ids loses both */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return err_set(e, errno, "become undumpable");
	return 0;
}

static int enter_namespaces(const struct sandbox *s, int *ret_root, struct err *e)
{
	int r = replace_readonly(s->readonly, e);
	auto_fd int tree = r < 0 ? r : take_root(s, e);

	if (tree < 0)
		return tree;
	if (s->container && s->container->user_ns >= 0)
		r = join_user(s->container->user_ns, e);
	if (r < 0)
		return r;
	if (unshare(NAMESPACES) < 0) {
		err_set(e, errno, "make namespaces");
		return err_hint(e, "it needs root, or a user namespace of its own");
	}
	r = sandbox_change_root(tree, e);
	if (r < 0)
		return r;
	int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return err_set(e, errno, "open the job's folder");
	*ret_root = root;
	return 0;
}

/* Lower only, which needs no privilege. */
static int limit(int resource, uint64_t most, struct err *e)
{
	struct rlimit now, then;

	if (getrlimit(resource, &now) < 0)
		return err_set(e, errno, "read a resource limit");
	then.rlim_cur = then.rlim_max = MIN((rlim_t)most, now.rlim_max);
	return setrlimit(resource, &then) < 0 ? err_set(e, errno, "set a resource limit") : 0;
}

static int limit_all(struct err *e)
{
	static const struct {
		int resource;
		uint64_t most;
	} limits[] = {
		{ RLIMIT_CORE, 0 },
		{ RLIMIT_NOFILE, FILES },
#ifndef __SANITIZE_ADDRESS__ /* which reserves terabytes for its shadow */
		{ RLIMIT_AS, MEMORY_BYTES },
#endif
	};

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		int r = limit(limits[i].resource, limits[i].most, e);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Of those we have, keep the ones that are wanted. */
static int drop_capabilities(const struct sandbox *s, struct err *e)
{
	cap_t have = cap_get_proc(), keep = cap_init();
	bool ok = have && keep;

	for (size_t i = 0; ok && i < s->n_caps; i++) {
		cap_flag_value_t on = CAP_CLEAR;

		ok = cap_get_flag(have, s->caps[i], CAP_PERMITTED, &on) == 0 &&
		     cap_set_flag(keep, CAP_PERMITTED, 1, &s->caps[i], on) == 0 &&
		     cap_set_flag(keep, CAP_EFFECTIVE, 1, &s->caps[i], on) == 0;
	}
	ok = ok && cap_set_proc(keep) == 0;
	int r = ok ? 0 : err_set(e, errno, "drop capabilities");

	cap_free(have);
	cap_free(keep);
	return r;
}

int sandbox_give_up(const struct sandbox *s, struct err *e)
{
	int r = limit_all(e);

	if (r == 0)
		r = drop_capabilities(s, e);
	if (r == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = err_set(e, errno, "give up new privileges");
	return r;
}

int sandbox_enter(const struct sandbox *s, struct err *e)
{
	auto_fd int root = -1;

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_set(e, errno, "become undumpable");
	int r = enter_namespaces(s, &root, e);

	if (r == 0)
		r = sandbox_give_up(s, e);
	if (r == 0)
		r = filter_load(&filter_places_files, e);
	return r < 0 ? r : fd_take(&root);
}
