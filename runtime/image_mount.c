// SPDX-License-Identifier: Apache-2.0
#include "runtime/image_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/sys.h"
#include "images/digest_text.h"
#include "images/find.h"
#include "images/lower.h"

#define FOLDER "images" /* in RUN */
#define ROOT   "root"
#define COUNT  "count"

#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static const char *folder_of(const char *manifest, char buf[sizeof(FOLDER) + DIGEST_HEX + 1])
{
	snprintf(buf, sizeof(FOLDER) + DIGEST_HEX + 1, FOLDER "/%s", manifest);
	return buf;
}

static void path_of(const struct engine *g, const char *manifest, char ret[PATH_MAX])
{
	snprintf(ret, PATH_MAX, "%s/" FOLDER "/%s/" ROOT, g->run_path, manifest);
}

/* The image's folder, locked; one that was removed while we waited for it is none. Return: its fd, or -errno with @e filled */
static int open_locked(const struct engine *g, const char *manifest, struct err *e)
{
	char name[sizeof(FOLDER) + DIGEST_HEX + 1];
	auto_fd int dir = openat(g->run, folder_of(manifest, name), FOLDER_FLAGS);
	struct stat st;

	if (dir < 0)
		return err_set(e, errno, "open %s", name);
	if (fd_lock(dir, LOCK_EX) < 0 || fstat(dir, &st) < 0)
		return err_set(e, errno, "lock %s", name);
	return st.st_nlink ? fd_take(&dir) : err_set(e, ENOENT, "open %s", name);
}

static int make_locked(const struct engine *g, const char *manifest, struct err *e)
{
	char name[sizeof(FOLDER) + DIGEST_HEX + 1];
	int dir;

	if (mkdirat(g->run, FOLDER, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make the folder of mounted images");
	folder_of(manifest, name);
	do {
		if (mkdirat(g->run, name, 0700) < 0 && errno != EEXIST)
			return err_set(e, errno, "make %s", name);
		dir = open_locked(g, manifest, e);
	} while (dir == -ENOENT);
	return dir;
}

/* Is it mounted, as we see it? */
static bool is_mount(int dir)
{
	struct statx x;

	return statx(dir, ROOT, AT_SYMLINK_NOFOLLOW, 0, &x) == 0 && (x.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

static int read_count(int dir, uint64_t *ret, struct err *e)
{
	auto_free char *text = NULL;
	int r = file_read(dir, COUNT, 32, &text, NULL, e);

	*ret = 0;
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return str_to_u64(text, UINT32_MAX, ret) < 0 ? err_say(e, EINVAL, "%s says \"%s\"", COUNT, text) : 0;
}

static int write_count(int dir, uint64_t count, struct err *e)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)count);
	return file_publish(dir, COUNT, text, strlen(text), 0600, 0, e);
}

/* All layers as one tree, attached nowhere. Return: its fd, or -errno with @e filled */
static int open_tree_of(const struct engine *g, const struct image *image, struct err *e)
{
	auto_arena struct arena a = { 0 };
	struct strv folders = { 0 };
	size_t n = 0;
	int r = image_folders(image, &a, &folders, e);
	int *dirs = r < 0 ? NULL : arena_array(&a, folders.n, sizeof(*dirs));

	if (!dirs)
		return r < 0 ? r : err_nomem(e);
	for (; n < folders.n && r >= 0; n += r >= 0)
		r = dirs[n] = image_open_layer(image_home(&g->store, image), folders.v[n], e);
	if (r >= 0)
		r = lower_open(dirs, n, e);
	while (n > 0)
		fd_close(&dirs[--n]);
	return r;
}

static int attach(const struct engine *g, int dir, const struct image *image, struct err *e)
{
	auto_fd int tree = open_tree_of(g, image, e);

	if (tree < 0)
		return tree;
	if (mkdirat(dir, ROOT, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make the mount point");
	/* now that the folder is there, no removal overlooks it; was there one before? */
	int r = image->peer ? 0 : image_present(&g->store, image, e);

	if (r == 0 && move_mount(tree, "", dir, ROOT, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		r = err_set(e, errno, "mount the image");
	return r;
}

static void remove_folder(const struct engine *g, const char *manifest)
{
	char name[sizeof(FOLDER) + DIGEST_HEX + 1];
	struct err ignored;

	(void)file_remove(g->run, folder_of(manifest, name), &ignored); /* what stays is found by the next who looks */
}

int image_mount(const struct engine *g, const struct image *image, char ret_path[PATH_MAX], struct err *e)
{
	if (g->own_mounts) {
		err_say(e, EPERM, "without root a mount ends with the command that has made it");
		return err_hint(e, "begin a shell by `paene unshare`, and mount it there");
	}
	auto_fd int dir = make_locked(g, image->manifest, e);
	uint64_t count = 0;
	int r = dir < 0 ? dir : 0;

	if (r == 0 && is_mount(dir))
		r = read_count(dir, &count, e);
	else if (r == 0)
		r = attach(g, dir, image, e);
	if (r == 0)
		r = write_count(dir, count + 1, e);
	if (r < 0 && dir >= 0 && !is_mount(dir))
		remove_folder(g, image->manifest);
	if (r == 0)
		path_of(g, image->manifest, ret_path);
	return r;
}

int image_unmount(const struct engine *g, const char *manifest, bool force, struct err *e)
{
	auto_fd int dir = open_locked(g, manifest, e);
	char path[PATH_MAX];
	uint64_t count = 0;
	int r = dir == -ENOENT ? err_say(e, ENOENT, "the image is not mounted") : dir < 0 ? dir : read_count(dir, &count, e);

	if (r < 0)
		return r;
	if (count > 1 && !force)
		return write_count(dir, count - 1, e);
	path_of(g, manifest, path);
	if (is_mount(dir) && umount2(path, UMOUNT_NOFOLLOW | (force ? MNT_DETACH : 0)) < 0) {
		err_set(e, errno, "unmount %s", path);
		return e->code == EBUSY ? err_hint(e, "--force takes it away from whoever is in there") : -e->code;
	}
	remove_folder(g, manifest);
	return 0;
}

bool image_is_mounted(const struct engine *g, const char *manifest)
{
	char name[sizeof(FOLDER) + DIGEST_HEX + 1];

	return faccessat(g->run, folder_of(manifest, name), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

struct walk {
	const struct engine *g;
	int (*f)(const char *manifest, const char *path, void *arg, struct err *e);
	void *arg;
};

static int one(int dir, const char *name, void *arg, struct err *e)
{
	const struct walk *w = arg;
	char path[PATH_MAX];
	auto_fd int folder = openat(dir, name, FOLDER_FLAGS);

	if (folder < 0 || !digest_is_hex(name) || !is_mount(folder))
		return 0;
	path_of(w->g, name, path);
	return w->f(name, path, w->arg, e);
}

int image_mount_each(const struct engine *g, int (*f)(const char *manifest, const char *path, void *arg, struct err *e),
		     void *arg, struct err *e)
{
	struct walk w = { g, f, arg };
	int r = file_each_in(g->run, FOLDER, one, &w, e);

	return r == -ENOENT ? 0 : r;
}
