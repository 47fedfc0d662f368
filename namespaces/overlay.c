// SPDX-License-Identifier: Apache-2.0
#include "namespaces/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/sys.h"
#include "namespaces/tree.h"

#define OPTIONS_MAX 4096 /* mount(2) takes one page */

/* Said each time, for the parameters of the kernel's module must not decide. "": a flag. */
static const char *const fixed[][2] = {
	{ "userxattr", "" },
	{ "index", "off" }, /* NFS export goes with it */
	{ "xino", "auto" },
};

/* ---- mount(2): before 6.5 there is no "lowerdir+", and fsconfig(2) takes 255 bytes for all layers together ---- */

struct text {
	char *buf; /* OPTIONS_MAX bytes */
	size_t len;
};

PRINTF_LIKE(2, 3) static void add(struct text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (t->len < OPTIONS_MAX)
		t->len += (size_t)vsnprintf(t->buf + t->len, OPTIONS_MAX - t->len, fmt, ap);
	va_end(ap);
}

static int open_folder(const char *path, struct err *e)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? err_set(e, errno, "open %s", path) : fd;
}

/* Each layer by the number of an fd: their names would overflow the page where an image has many. */
static int open_lowers(const struct overlay *o, int *fds, struct text *options, struct err *e)
{
	char path[PATH_MAX];

	for (size_t i = o->n_lowers; i > 0; i--) {
		snprintf(path, sizeof(path), "%s%s", o->below, o->lowers[i - 1]);
		fds[i - 1] = open_folder(path, e);
		if (fds[i - 1] < 0)
			return fds[i - 1];
		add(options, "%s%d", i == o->n_lowers ? "lowerdir=" : ":", fds[i - 1]);
	}
	return 0;
}

/* Over the work folder, then taken off again: the kernel names no other way to a mount that is nowhere. */
static int mount_over(const struct overlay *o, int work, const char *options, struct err *e)
{
	char place[16];
	auto_fd int here = open_folder(".", e);

	if (here < 0)
		return here;
	snprintf(place, sizeof(place), "%d", work);
	int r = chdir("/proc/self/fd") < 0 || mount("overlay", place, "overlay", 0, options) < 0 ? err_set(e, errno, "overlay") : 0;

	if (fchdir(here) < 0)
		return err_set(e, errno, "change into the folder of the layers");
	if (r < 0)
		return r;
	auto_fd int tree = tree_clone(AT_FDCWD, o->work, 0, e);

	if (umount2(o->work, MNT_DETACH) < 0)
		return err_set(e, errno, "unmount %s", o->work);
	return tree < 0 ? tree : fd_take(&tree);
}

static int mount_numbers(const struct overlay *o, int *fds, struct text *options, struct err *e)
{
	auto_fd int upper = open_folder(o->upper, e), work = upper < 0 ? upper : open_folder(o->work, e);
	int r = work < 0 ? work : open_lowers(o, fds, options, e);

	if (r < 0)
		return r;
	add(options, ",upperdir=%d,workdir=%d%s", upper, work, o->transient ? ",volatile" : "");
	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		add(options, *fixed[i][1] ? ",%s=%s" : ",%s", fixed[i][0], fixed[i][1]);
	return options->len < OPTIONS_MAX ? mount_over(o, work, options->buf, e) : err_say(e, E2BIG, "too many layers");
}

static int classic(const struct overlay *o, struct err *e)
{
	auto_free int *fds = malloc(o->n_lowers * sizeof(int));
	auto_free char *buf = malloc(OPTIONS_MAX);
	struct text options = { .buf = buf };

	if (!fds || !buf)
		return err_nomem(e);
	for (size_t i = 0; i < o->n_lowers; i++)
		fds[i] = -1;
	int r = mount_numbers(o, fds, &options, e);

	for (size_t i = 0; i < o->n_lowers; i++)
		fd_close(&fds[i]);
	return r;
}

/* ---- fsopen(2): a call for each layer ---- */

static int set_lowers(int fs, const struct overlay *o, struct err *e)
{
	char path[PATH_MAX];
	int r = 0;

	for (size_t i = o->n_lowers; i > 0 && r == 0; i--) {
		snprintf(path, sizeof(path), "%s%s", o->below, o->lowers[i - 1]);
		r = fs_set(fs, "lowerdir+", path, e);
		if (r < 0)
			err_wrap(e, "layer %s", path);
	}
	return r;
}

static int modern(const struct overlay *o, struct err *e)
{
	auto_fd int fs = fsopen("overlay", FSOPEN_CLOEXEC);

	if (fs < 0)
		return err_set(e, errno, "file system overlay");
	int r = set_lowers(fs, o, e);

	if (r == 0)
		r = fs_set(fs, "source", "overlay", e);
	if (r == 0)
		r = fs_set(fs, "upperdir", o->upper, e);
	if (r == -EINVAL) /* a network file system, or another overlay: in a container */
		err_hint(e, "the folder of containers must lie on a file system that overlayfs can write to: see --root");
	if (r == 0)
		r = fs_set(fs, "workdir", o->work, e);
	for (size_t i = 0; i < ARRAY_SIZE(fixed) && r == 0; i++)
		r = fs_set(fs, fixed[i][0], *fixed[i][1] ? fixed[i][1] : NULL, e);
	if (r == 0 && o->transient)
		r = fs_set(fs, "volatile", NULL, e);
	return r < 0 ? r : fs_mount(fs, "overlay", 0, e);
}

/* Kernels without "lowerdir+" say EINVAL, some only when the file system is made. */
int overlay_new(const struct overlay *o, struct err *e)
{
	struct err old;

	if (o->n_lowers > OVERLAY_LAYERS_MAX)
		return err_say(e, E2BIG, "%zu layers: overlayfs takes %d", o->n_lowers, OVERLAY_LAYERS_MAX);
	int tree = o->classic ? -EINVAL : modern(o, e);

	if (tree != -EINVAL)
		return tree;
	tree = classic(o, &old);
	if (tree < 0 && (tree != -EINVAL || o->classic))
		*e = old;
	return tree;
}
