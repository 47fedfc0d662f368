// SPDX-License-Identifier: Apache-2.0
#include "runtime/image_mount.h"

#include <errno.h>

#include "base/fd.h"
#include "images/find.h"
#include "images/lower.h"
#include "runtime/kept_mount.h"

#define KIND "images"

struct source {
	const struct engine *g;
	const struct image *image;
};

/* All layers as one tree, attached nowhere. Return: its fd, or -errno with @e filled */
static int open_layers(const struct engine *g, const struct image *image, struct err *e)
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

static int open_image(void *arg, struct err *e)
{
	const struct source *s = arg;
	/* now that the folder is there, no removal overlooks it; was there one before? */
	int r = s->image->peer ? 0 : image_present(&s->g->store, s->image, e);

	return r < 0 ? r : open_layers(s->g, s->image, e);
}

int image_mount(const struct engine *g, const struct image *image, char ret_path[PATH_MAX], struct err *e)
{
	struct source source = { g, image };
	const struct kept_mount m = { KIND, image->manifest, open_image, &source };

	return kept_mount(g, &m, ret_path, e);
}

int image_unmount(const struct engine *g, const char *manifest, bool force, struct err *e)
{
	const struct kept_mount m = { .kind = KIND, .name = manifest };

	return kept_unmount(g, &m, force, false, e);
}

bool image_is_mounted(const struct engine *g, const char *manifest)
{
	const struct kept_mount m = { .kind = KIND, .name = manifest };

	return kept_mount_exists(g, &m);
}

int image_mount_each(const struct engine *g, int (*f)(const char *manifest, const char *path, void *arg, struct err *e),
		     void *arg, struct err *e)
{
	return kept_mount_each(g, KIND, f, arg, e);
}
