// SPDX-License-Identifier: Apache-2.0
#include "images/check_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "images/compare.h"
#include "images/lower.h"
#include "images/store.h"
#include "images/worker.h"

#define AGAIN_FOLDER	  "again" /* in the work folder: the layer, unpacked once more */
#define LAYER_FOLDER_MODE 0755

/* Its blob, as far as its size tells. Return: an fd, 0 or less where it is no good: 0 and told, or -errno with @e filled */
static int open_blob(struct check *c, const struct image_layer *l, struct err *e)
{
	auto_fd int fd = openat(c->store->blobs, l->blob, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == ENOENT) {
		check_tell(c, CHECK_FOUND, "blob", l->blob, "it is missing");
		return 0;
	}
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, errno, "open blob %s", l->blob);
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != l->bytes) {
		check_tell(c, CHECK_FOUND, "blob", l->blob, "it has %lld bytes instead of %llu", (long long)st.st_size,
			   (unsigned long long)l->bytes);
		return 0;
	}
	return fd_take(&fd);
}

static bool depends(const struct image_layer *l)
{
	return str_after(l->folder, IMAGE_CHAIN_PREFIX) != NULL;
}

/* The layers below number @i as one tree. Return: its fd, or -errno with @e filled */
static int open_below(struct check *c, const struct image *image, size_t i, struct err *e)
{
	struct image below = { .layers = { .v = image->layers.v, .n = i } };
	struct strv folders;
	size_t n = 0;
	int fd = image_folders(&below, &c->arena, &folders, e);
	int *dirs = fd < 0 ? NULL : arena_array(&c->arena, folders.n, sizeof(*dirs));

	if (!dirs)
		return fd < 0 ? fd : err_nomem(e);
	for (; fd >= 0 && n < folders.n; n++)
		fd = dirs[n] = image_open_layer(c->store, folders.v[n], e);
	if (fd >= 0)
		fd = lower_open(dirs, n, e);
	while (n > 0)
		fd_close(&dirs[--n]);
	return fd;
}

static int make_again(const struct check *c, struct err *e)
{
	int r = file_remove(c->work.fd, AGAIN_FOLDER, e);

	if (r < 0)
		return r;
	if (mkdirat(c->work.fd, AGAIN_FOLDER, LAYER_FOLDER_MODE) < 0)
		return err_set(e, errno, "make a folder for a layer");
	auto_fd int fd = openat(c->work.fd, AGAIN_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fchmod(fd, LAYER_FOLDER_MODE) < 0) /* whatever the umask */
		return err_set(e, errno, "open a folder for a layer");
	return fd_take(&fd);
}

/*
 * Unpack it into AGAIN_FOLDER; digests of blob and content are checked by that.
 * Return: 1, 0 where the blob is no good, and that was told; or -errno with @e filled
 */
static int unpack_again(struct check *c, const struct image *image, size_t i, int blob, int target, struct err *e)
{
	const struct image_layer *l = &image->layers.v[i];
	struct work_job job = {
		.kind = WORK_UNPACK,
		.compression = COMPRESSION_DETECT,
		.blob_bytes = l->bytes,
		.rootless = c->o->rootless,
		.one_id = c->o->one_id,
		.lowest = depends(l) && i == 0,
	};
	auto_fd int lower = depends(l) && i > 0 ? open_below(c, image, i, e) : -1;
	struct work_done done;

	if (lower < -1)
		return lower;
	memcpy(job.blob_digest, l->blob, sizeof(job.blob_digest));
	memcpy(job.diff_id, l->diff_id, sizeof(job.diff_id));
	int fds[] = { blob, target, lower };
	int r = worker_do(c->o->worker, &job, fds, lower >= 0 ? 3 : 2, &done, e);

	if (r < 0 && check_cannot_go_on(-r))
		return r;
	if (r == 0 && done.needs_lower)
		r = err_say(e, EINVAL, "it depends on layers below it (%s), and is kept as one that does not", done.chain_detail);
	if (r < 0)
		check_tell(c, CHECK_FOUND, "blob", l->blob, "%s", e->text);
	return r == 0;
}

/* Put what was unpacked again in the place of what is there, or is missing. Return: 1, 0 where it cannot be now; or -errno */
static int exchange(struct check *c, const char *folder, const char *wrong, struct err *e)
{
	const char *user = c->o->layer_user ? c->o->layer_user(folder, c->o->arg) : NULL;

	if (user) {
		check_tell(c, CHECK_FOUND, "layer", folder, "%s; container %s runs on it: stop that, and repair then", wrong, user);
		return 0;
	}
	auto_fd int locked = store_seize(c->store->layers, folder, e);

	if (locked == -EBUSY) {
		check_tell(c, CHECK_FOUND, "layer", folder, "%s; another command uses it just now", wrong);
		return 0;
	}
	if (locked < 0 && locked != -ENOENT)
		return locked;
	if (syncfs(c->work.fd) < 0)
		return err_set(e, errno, "make a layer durable");
	if (renameat2(c->work.fd, AGAIN_FOLDER, c->store->layers, folder, locked < 0 ? RENAME_NOREPLACE : RENAME_EXCHANGE) < 0)
		return err_set(e, errno, "put layer %s in its place", folder);
	int r = store_sync(c->store->layers, "a layer", e);

	if (r < 0)
		return r;
	check_tell(c, CHECK_MENDED, "layer", folder, "%s: unpacked again from its blob", wrong);
	return 1;
}

static int judge_tree(struct check *c, const struct image_layer *l, int again, struct err *e)
{
	char wrong[COMPARE_TEXT_MAX] = "it is missing";
	auto_fd int there = openat(c->store->layers, l->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r = 0;

	if (there < 0 && errno == ENOTDIR)
		snprintf(wrong, sizeof(wrong), "it is no folder");
	else if (there < 0 && errno != ENOENT)
		return err_set(e, errno, "open layer %s", l->folder);
	if (there >= 0)
		r = compare_trees(there, again, wrong, e);
	if (r != 0)
		return r;
	if (c->o->repair)
		return exchange(c, l->folder, wrong, e);
	check_tell(c, CHECK_FOUND, "layer", l->folder, "%s", wrong);
	return 0;
}

/* All of it: the blob is unpacked again. Return: as check_layer() */
static int check_content(struct check *c, const struct image *image, size_t i, struct err *e)
{
	const struct image_layer *l = &image->layers.v[i];
	int blob = open_blob(c, l, e);

	if (blob <= 0) {
		int r = blob < 0 ? blob : check_judge(c, &c->blobs, l->blob, false, e);

		return r < 0 ? r : check_judge(c, &c->layers, l->folder, false, e);
	}
	auto_fd int held = blob;
	auto_fd int again = make_again(c, e);
	int r = again < 0 ? again : unpack_again(c, image, i, held, again, e);

	if (r >= 0 && check_judge(c, &c->blobs, l->blob, r > 0, e) < 0)
		return -e->code;
	if (r > 0)
		r = judge_tree(c, l, again, e);
	fd_close(&again);
	if (r >= 0 && check_judge(c, &c->layers, l->folder, r > 0, e) < 0)
		return -e->code;
	return r;
}

/* Is it there? Return: as check_layer() */
static int check_presence(struct check *c, const struct image_layer *l, struct err *e)
{
	int blob = open_blob(c, l, e);
	struct stat st;

	if (blob < 0 || check_judge(c, &c->blobs, l->blob, blob > 0, e) < 0)
		return -e->code;
	if (blob > 0)
		close(blob);
	bool there = fstatat(c->store->layers, l->folder, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);

	if (!there)
		check_tell(c, CHECK_FOUND, "layer", l->folder, "it is missing");
	int r = check_judge(c, &c->layers, l->folder, there, e);

	return r < 0 ? r : blob > 0 && there;
}

int check_layer_anew(struct check *c, const struct image *image, size_t i, struct err *e)
{
	return c->o->quick ? check_presence(c, &image->layers.v[i], e) : check_content(c, image, i, e);
}

int check_layer(struct check *c, const struct image *image, size_t i, struct err *e)
{
	const struct image_layer *l = &image->layers.v[i];
	const struct verdict *blob = check_verdict(&c->blobs, l->blob), *layer = check_verdict(&c->layers, l->folder);

	if (blob && layer)
		return blob->good && layer->good;
	return check_layer_anew(c, image, i, e);
}
