// SPDX-License-Identifier: Apache-2.0
#include "runtime/container_diff.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/path.h"
#include "images/find.h"
#include "images/lower.h"

/* Layers, topmost first, as one tree. Return: its fd, or -errno with @e filled */
static int open_merged(const struct store *s, char *const *folders, size_t n, struct err *e)
{
	int dirs[IMAGE_LAYERS_MAX] = { -1 }, r = 0;
	size_t opened = 0;

	if (n == 0 || n > ARRAY_SIZE(dirs))
		return err_say(e, EINVAL, "it has %zu layers", n);
	for (; opened < n && r >= 0; opened += r >= 0)
		r = dirs[opened] = image_open_layer(s, folders[opened], e);
	if (r >= 0)
		r = lower_open(dirs, n, e);
	while (opened > 0)
		fd_close(&dirs[--opened]);
	return r;
}

/* What settings have lowest first. */
static int open_layers(int folder, const struct strv *layers, struct arena *a, struct err *e)
{
	const struct store s = { .layers = folder };
	char **folders = arena_array(a, layers->n + 1, sizeof(*folders));

	if (!folders)
		return err_nomem(e);
	for (size_t i = 0; i < layers->n; i++)
		folders[i] = layers->v[layers->n - 1 - i];
	return open_merged(&s, folders, layers->n, e);
}

static int open_layers_folder(const struct engine *g, const struct settings *s, struct err *e)
{
	char path[PATH_MAX];

	if (!s->image_store)
		return fd_dup(g->store.layers, e);
	snprintf(path, sizeof(path), "%s/images/layers", s->image_store);
	return path_open_dir(path, 0, e);
}

/* Something of ours is mounted there, or of the user's: the name was made for that. */
static bool is_mount_point(const char *path, const void *arg)
{
	static const char *const own[] = { "/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/dev", "/proc", "/sys" };
	const struct spec_mounts *mounts = arg;

	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		if (streq(path, own[i]))
			return true;
	for (size_t i = 0; i < mounts->n; i++)
		if (streq(path, mounts->v[i].destination))
			return true;
	return false;
}

int container_diff(const struct engine *g, const char *id, struct changes *ret, struct err *e)
{
	auto_settings struct settings s = { 0 };
	auto_spec struct spec spec = { 0 };
	auto_fd int dir = record_open(g, id, e), upper = -1;
	int r = dir < 0 ? dir : record_settings(dir, &s, e);

	if (r >= 0)
		r = record_spec(dir, &spec, e);
	if (r >= 0 && !s.manifest)
		return err_say(e, EOPNOTSUPP, "container %s is of %s, which is no image", s.name, settings_root(&s));
	auto_fd int layers = r < 0 ? r : open_layers_folder(g, &s, e);
	auto_fd int lower = layers < 0 ? layers : open_layers(layers, &s.layers, &s.arena, e);

	if (lower < 0)
		return lower;
	upper = openat(dir, "upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (upper < 0)
		return err_set(e, errno, "open the files of container %s", s.name);
	const struct diff d = { .upper = upper, .lower = lower, .ignore = is_mount_point, .arg = &spec.mounts };

	return diff_layers(&d, ret, e);
}

int image_diff(const struct store *s, const struct image *image, struct changes *ret, struct err *e)
{
	auto_arena struct arena a = { 0 };
	const struct store *home = image_home(s, image);
	struct strv folders = { 0 };
	int r = image_folders(image, &a, &folders, e);
	auto_fd int upper = r < 0 ? r : open_merged(home, folders.v, 1, e), lower = -1;

	if (upper < 0)
		return upper;
	if (folders.n > 1)
		r = lower = open_merged(home, folders.v + 1, folders.n - 1, e);
	if (r < 0)
		return r;
	const struct diff d = { .upper = upper, .lower = lower };

	return diff_layers(&d, ret, e);
}
