// SPDX-License-Identifier: Apache-2.0
#include "namespaces/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/sys.h"
#include "namespaces/tree.h"

#define OPTIONS_MAX 4096 /* mount(2) takes one page */

/* Each layer by an fd: their names alone would overflow the page where an image has many. */
static int open_lowers(const struct overlay *o, int *fds, char *options, struct err *e)
{
	char path[PATH_MAX], link[FD_PATH_MAX];
	size_t len = 0;

	for (size_t i = o->n_lowers; i > 0; i--) {
		snprintf(path, sizeof(path), "%s%s", o->below, o->lowers[i - 1]);
		fds[i - 1] = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fds[i - 1] < 0)
			return err_set(e, errno, "open %s", path);
		len += (size_t)snprintf(options + len, OPTIONS_MAX - len, "%s%s", len > 0 ? ":" : "lowerdir=",
					fd_path(fds[i - 1], link));
		if (len >= OPTIONS_MAX)
			return err_say(e, E2BIG, "too many layers");
	}
	len += (size_t)snprintf(options + len, OPTIONS_MAX - len, ",upperdir=%s,workdir=%s,userxattr%s", o->upper,
				o->work, o->transient ? ",volatile" : "");
	return len < OPTIONS_MAX ? 0 : err_say(e, E2BIG, "too many layers");
}

static int mount_there(const char *place, const char *options, struct err *e)
{
	if (mount("overlay", place, "overlay", 0, options) < 0)
		return err_set(e, errno, "overlay");
	int tree = tree_clone(AT_FDCWD, place, 0, e);

	if (umount2(place, MNT_DETACH) < 0) {
		if (tree >= 0)
			close(tree);
		return err_set(e, errno, "unmount %s", place);
	}
	return tree;
}

/* Before 6.5 there is no "lowerdir+", and fsconfig(2) takes 255 bytes: mount(2), on our own folder, then taken off again. */
static int classic(const struct overlay *o, struct err *e)
{
	auto_free int *fds = malloc(o->n_lowers * sizeof(int));
	auto_free char *options = malloc(OPTIONS_MAX);

	if (!fds || !options)
		return err_nomem(e);
	for (size_t i = 0; i < o->n_lowers; i++)
		fds[i] = -1;
	int r = open_lowers(o, fds, options, e);

	if (r == 0)
		r = mount_there(o->work, options, e);
	for (size_t i = 0; i < o->n_lowers; i++)
		fd_close(&fds[i]);
	return r;
}

static int modern(const struct overlay *o, struct err *e)
{
	auto_fd int fs = fsopen("overlay", FSOPEN_CLOEXEC);
	char path[PATH_MAX];
	int r = 0;

	if (fs < 0)
		return err_set(e, errno, "file system overlay");
	for (size_t i = o->n_lowers; i > 0 && r == 0; i--) {
		snprintf(path, sizeof(path), "%s%s", o->below, o->lowers[i - 1]);
		r = fs_set(fs, "lowerdir+", path, e);
		if (r < 0)
			err_wrap(e, "layer %s", path);
	}
	if (r == 0)
		r = fs_set(fs, "source", "overlay", e);
	if (r == 0)
		r = fs_set(fs, "upperdir", o->upper, e);
	if (r == -EINVAL) /* a network file system, or another overlay: in a container */
		err_hint(e, "the folder of containers must lie on a file system that overlayfs can write to: see --root");
	if (r == 0)
		r = fs_set(fs, "workdir", o->work, e);
	if (r == 0)
		r = fs_set(fs, "userxattr", NULL, e);
	if (r == 0 && o->transient)
		r = fs_set(fs, "volatile", NULL, e);
	return r < 0 ? r : fs_mount(fs, "overlay", 0, e);
}

/* Kernels without "lowerdir+" say EINVAL, some only when the file system is made. */
int overlay_new(const struct overlay *o, struct err *e)
{
	struct err old;
	int tree = modern(o, e);

	if (tree != -EINVAL)
		return tree;
	tree = classic(o, &old);
	if (tree < 0 && tree != -EINVAL)
		*e = old;
	return tree;
}
