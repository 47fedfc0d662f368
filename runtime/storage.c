// SPDX-License-Identifier: Apache-2.0
#include "runtime/storage.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/quota.h"
#include "base/tree_size.h"
#include "images/work.h"
#include "namespaces/fuse_overlay.h"
#include "namespaces/idmap.h"
#include "namespaces/overlay.h"
#include "namespaces/tree.h"

#define PROJECT_FIRST 0x70e00000U /* far from those that administrators number by hand, and docker from 1 on */
#define PROJECTS      65536U
#define TRY	      "try" /* in a container's folder, for a moment */
#define PROBE_ID      100000U /* any that is not the host's own root */

static int open_projects(const struct engine *g, struct err *e)
{
	if (mkdirat(g->data, STORAGE_PROJECTS, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make folder " STORAGE_PROJECTS);
	int fd = openat(g->data, STORAGE_PROJECTS, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? err_set(e, errno, "open folder " STORAGE_PROJECTS) : fd;
}

/*
 * The folder of all layers below new folders beside the container's: its own may be marked as those of a transient overlay, which
 * the kernel mounts once.
 */
static int try_overlay(const struct rootfs_plan *p, struct err *e)
{
	static const char *const folders[] = { TRY, TRY "/upper", TRY "/work" };
	char upper[PATH_MAX], work[PATH_MAX];
	const struct overlay o = {
		.below = "", .lowers = (char *[]){ (char *)p->layers }, .n_lowers = 1, .upper = upper, .work = work
	};
	auto_fd int dir = path_open_dir(p->path, 0, e);
	struct err ignored;
	bool made = dir >= 0;

	for (size_t i = 0; i < ARRAY_SIZE(folders) && made; i++)
		made = mkdirat(dir, folders[i], 0700) == 0 || errno == EEXIST;
	if (!made)
		return 0; /* no reason to doubt the file system */
	snprintf(upper, sizeof(upper), "%s/" TRY "/upper", p->path);
	snprintf(work, sizeof(work), "%s/" TRY "/work", p->path);
	int tree = overlay_new(&o, e), r = MIN(tree, 0);

	fd_close(&tree);
	(void)file_remove(dir, TRY, &ignored); /* else it goes with the folder that it is in */
	return r;
}

static int try_idmap(const struct rootfs_plan *p, const struct spec_id_maps *maps, struct err *e)
{
	auto_fd int userns = idmap_userns(maps, maps, e), layers = -1, container = -1;

	if (userns < 0)
		return 0; /* no reason to doubt the file system */
	layers = tree_clone(AT_FDCWD, p->layers, 0, e);
	container = layers < 0 ? -1 : tree_clone(AT_FDCWD, p->path, 0, e);
	if (container < 0)
		return 0;
	int r = idmap_mount(layers, userns, false, p->layers, e);

	return r < 0 ? r : idmap_mount(container, userns, false, p->path, e);
}

bool storage_is_refused(const struct rootfs_plan *p, const struct spec_id_maps *maps)
{
	struct err e;

	return try_overlay(p, &e) < 0 || (maps->n > 0 && !p->as_is && try_idmap(p, maps, &e) < 0);
}

enum storage_driver storage_driver_here(const struct engine *g)
{
	struct spec_id_map one = { .host_id = PROBE_ID, .size = 1 };
	auto_work struct work work = WORK_NONE;
	char folder[PATH_MAX], layers[PATH_MAX];
	const struct rootfs_plan p = { .path = folder, .layers = layers, .as_is = g->rootless };
	struct err ignored; /* on a full disk nothing can be tried: then it is what it is nearly everywhere */

	if (work_begin(&g->store, &work, &ignored) < 0)
		return STORAGE_OVERLAY;
	snprintf(folder, sizeof(folder), "%s/images/tmp/%s", g->data_path, work.name);
	snprintf(layers, sizeof(layers), "%s/images/layers", g->data_path);
	return storage_is_refused(&p, &(struct spec_id_maps){ &one, 1 }) ? STORAGE_FUSE_OVERLAYFS : STORAGE_OVERLAY;
}

int storage_serve(struct rootfs_plan *p, const struct spec_id_maps *uids, const struct spec_id_maps *gids,
		  int *ret_alive, struct err *e)
{
	const struct fuse_overlay o = {
		.layers = p->layers,
		.lowers = p->lowers,
		.n_lowers = p->n_lowers,
		.container = p->path,
		.uids = uids,
		.gids = gids,
		.transient = p->transient,
	};
	int tree = fuse_overlay_new(&o, ret_alive, e);

	if (tree < 0)
		return err_wrap(e, "fuse-overlayfs");
	p->kind = ROOTFS_MADE;
	p->container_tree = tree;
	return 0;
}

static const char *name_of(uint32_t project, char buf[16])
{
	snprintf(buf, 16, "%u", project);
	return buf;
}

/* One that nobody has, and that nothing belongs to. The first try finds one as long as few are used. */
static int take_number(int projects, const char *owner, uint32_t *ret, struct err *e)
{
	char name[16], digits[5];
	int err = proc_random_hex(digits, sizeof(digits) - 1);

	if (err < 0)
		return err_set(e, -err, "choose a project");
	for (uint32_t i = 0, first = (uint32_t)strtoul(digits, NULL, 16); i < PROJECTS; i++) {
		uint32_t project = PROJECT_FIRST + (first + i) % PROJECTS;
		uint64_t used;
		int r = quota_used(projects, project, &used, e);

		if (r < 0)
			return r;
		if (used > 0)
			continue;
		if (symlinkat(owner, projects, name_of(project, name)) == 0) {
			*ret = project;
			return 0;
		}
		if (errno != EEXIST)
			return err_set(e, errno, "take project %u", project);
	}
	return err_say(e, ENOSPC, "no project number is free");
}

int storage_project_join(int dir, const char *name, uint32_t project, struct err *e)
{
	auto_fd int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? err_set(e, errno, "open %s", name) : quota_join(fd, project, e);
}

int storage_project_take(const struct engine *g, const char *owner, int dir, const char *const *folders, size_t n,
			 uint64_t bytes, uint32_t *ret, struct err *e)
{
	int r = quota_available(dir, e);

	if (r < 0)
		return err_wrap(e, "%s", g->data_path);
	auto_fd int projects = open_projects(g, e);

	r = projects < 0 ? projects : take_number(projects, owner, ret, e);
	if (r >= 0)
		r = quota_limit(dir, *ret, bytes, e);
	for (size_t i = 0; i < n && r >= 0; i++)
		r = storage_project_join(dir, folders[i], *ret, e);
	return r;
}

int storage_limit(const struct engine *g, int dir, struct settings *s, struct err *e)
{
	static const char *const folders[] = { "upper", "work" };

	if (!s->storage_bytes.set)
		return 0;
	int r = storage_project_take(g, s->id, dir, folders, ARRAY_SIZE(folders), s->storage_bytes.v, &s->storage_project, e);

	return r < 0 ? err_wrap(e, "--storage-opt size") : 0;
}

void storage_project_release(const struct engine *g, uint32_t project)
{
	char name[16];
	struct err ignored;

	if (!project)
		return;
	auto_fd int projects = open_projects(g, &ignored);

	if (projects < 0)
		return;
	(void)quota_limit(projects, project, 0, &ignored); /* whoever takes the number sets its limit anew */
	(void)unlinkat(projects, name_of(project, name), 0); /* else a sweep finds it */
}

void storage_release(const struct engine *g, const struct settings *s)
{
	storage_project_release(g, s->storage_project);
}

/* The file system knows at once of whom it counts; of others all files are looked at. */
static int written(int dir, const struct settings *s, uint64_t *ret, struct err *e)
{
	auto_tree_size struct tree_size size = { 0 };

	if (s->storage_project)
		return quota_used(dir, s->storage_project, ret, e);
	int r = tree_size_add(&size, dir, "upper", e);

	*ret = size.bytes;
	return r;
}

int storage_sizes(const struct engine *g, const struct settings *s, struct storage_sizes *ret, struct err *e)
{
	auto_image struct image image = { 0 };
	auto_fd int dir = record_open(g, s->id, e);
	struct storage_sizes sizes;
	int r = dir < 0 ? dir : written(dir, s, &sizes.written_bytes, e);

	if (r >= 0 && s->manifest)
		r = image_find(&g->store, s->manifest, &image, e);
	if (r < 0 && r != -ENOENT) /* the image of a container that was removed by force */
		return r;
	sizes.root_bytes = sizes.written_bytes + image.bytes;
	*ret = sizes;
	return 0;
}
