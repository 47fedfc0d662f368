// SPDX-License-Identifier: Apache-2.0
/*
 * What goes away: a container that is removed, and what commands have left that were killed.
 *
 * A removed container's folder gets another name first: so it is there as a whole, or not at all. A sweep takes what has no
 * settings.json and no watcher. Nobody but its owner takes away what has one.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "namespaces/idrange.h"
#include "runtime/container_mount.h"
#include "runtime/pods.h"
#include "runtime/storage.h"
#include "runtime/volumes.h"

#define GONE_PREFIX "gone." /* containers/gone.ID */
#define GONE_MAX    80

/* What a sweep works with: the containers there were when it began, so that nobody looks for each of them again and again. */
struct sweep {
	const struct engine *g;
	struct arena arena;
	struct strv ids; /* sorted */
};

static bool has_container(const struct sweep *w, const char *id)
{
	struct stat st;

	return strv_sorted_has(&w->ids, id) ||
	       (strchr(id, '/') == NULL && fstatat(w->g->containers, id, &st, AT_SYMLINK_NOFOLLOW) == 0);
}

int engine_owner(int dir, const char *name, char ret[ENGINE_OWNER_MAX])
{
	auto_free char *text = NULL;
	struct err e;
	ssize_t n = readlinkat(dir, name, ret, ENGINE_OWNER_MAX - 1);

	if (n >= 0) {
		ret[n] = '\0';
		return 0;
	}
	int r = file_read(dir, name, ENGINE_OWNER_MAX - 1, &text, NULL, &e);

	if (r < 0)
		return r;
	snprintf(ret, ENGINE_OWNER_MAX, "%.*s", (int)strcspn(text, "\n"), text);
	return 0;
}

/*
 * Looking whose a name is and removing it are two steps, in between another could remove it, and a third one take it: so names
 * are removed under a lock. It is held for moments, and whoever takes a name needs none.
 */
void record_release_name(const struct engine *g, const char *id, const char *name)
{
	char owner[ENGINE_OWNER_MAX];

	(void)fd_lock(g->names, LOCK_EX); /* nothing but a signal could keep us from it */
	if (engine_owner(g->names, name, owner) == 0 && streq(owner, id))
		(void)unlinkat(g->names, name, 0); /* a sweep finds it otherwise */
	(void)fd_lock(g->names, LOCK_UN);
}

/* Out of sight at once, then away with it. @dir: locked as long as we are at it. Return: as record_destroy() */
static int remove_folder(const struct engine *g, int dir, const char *id, struct err *e)
{
	char gone[GONE_MAX];

	snprintf(gone, sizeof(gone), GONE_PREFIX "%s", id);
	(void)fd_lock(dir, LOCK_EX | LOCK_NB); /* a sweep that has it removes it as well */
	if (renameat(g->containers, id, g->containers, gone) < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "remove container %s", id);
	int r = file_remove(g->containers, gone, e);

	return r < 0 ? r : 1;
}

int record_destroy(const struct engine *g, const char *id, const char *name, struct err *e)
{
	auto_fd int dir = record_open(g, id, e);

	if (dir < 0)
		return dir == -ENOENT ? 0 : dir;
	if (name)
		record_release_name(g, id, name);
	return remove_folder(g, dir, id, e);
}

/* ---- the sweep ---- */

static int sweep_owned(int dir, const char *name, void *arg, struct err *e)
{
	char owner[ENGINE_OWNER_MAX];

	(void)e;
	if (engine_owner(dir, name, owner) == 0 && *owner && !has_container(arg, owner))
		(void)unlinkat(dir, name, 0);
	return 0;
}

static int sweep_name(int dir, const char *name, void *arg, struct err *e)
{
	const struct engine *g = ((const struct sweep *)arg)->g;
	char owner[ENGINE_OWNER_MAX];

	if (engine_owner(dir, name, owner) < 0 || has_container(arg, owner) || pod_is_there(g, owner))
		return 0;
	return sweep_owned(dir, name, arg, e);
}

static bool is_container(const char *id, void *arg)
{
	return has_container(arg, id);
}

static int sweep_range(int dir, const char *name, void *arg, struct err *e)
{
	(void)e;
	idmap_sweep_range(dir, name, is_container, arg);
	return 0;
}

/* Whose is a project? A container's, or "volume/TEMP/NAME", which has the one name and then the other. */
static int sweep_project(int dir, const char *name, void *arg, struct err *e)
{
	const struct engine *g = ((const struct sweep *)arg)->g;
	char owner[ENGINE_OWNER_MAX], *temp, *volume;
	struct stat st;

	if (engine_owner(dir, name, owner) < 0 || !str_after(owner, "volume/"))
		return sweep_owned(dir, name, arg, e);
	temp = strchr(owner, '/') + 1;
	volume = strchr(temp, '/');
	if (!volume)
		return 0;
	*volume++ = '\0';
	/* in this order: it may be given its name just now */
	if (fstatat(g->volumes, temp, &st, AT_SYMLINK_NOFOLLOW) < 0 && fstatat(g->volumes, volume, &st, AT_SYMLINK_NOFOLLOW) < 0)
		(void)unlinkat(dir, name, 0);
	return 0;
}

static int open_sub(int dir, const char *name)
{
	return openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Leases and records in the making, and records in the leaving: ".ID", ".ID.HEX", ".-ID". Consumes @fd */
static void sweep_hidden(const struct sweep *w, int fd)
{
	char id[RECORD_ID_LENGTH + 1];
	auto_dir DIR *d = fd < 0 ? NULL : fdopendir(fd);

	for (struct dirent *entry; d && (entry = readdir(d));) {
		const char *name = entry->d_name + 1 + (entry->d_name[0] == '.' && entry->d_name[1] == '-');

		snprintf(id, sizeof(id), "%s", name);
		if (entry->d_name[0] == '.' && strspn(id, "0123456789abcdef") == RECORD_ID_LENGTH && !has_container(w, id))
			(void)unlinkat(dirfd(d), entry->d_name, 0);
	}
}

static int sweep_network(int dir, const char *name, void *arg, struct err *e)
{
	auto_fd int network = open_sub(dir, name), leases = network < 0 ? -1 : open_sub(network, "leases");

	if (leases < 0)
		return 0;
	sweep_hidden(arg, open_sub(network, "leases"));
	sweep_hidden(arg, open_sub(network, "names"));
	return file_each(leases, sweep_owned, arg, e);
}

static bool has_settings(int dir, const char *name)
{
	char path[GONE_MAX + sizeof("/settings.json")];

	return (size_t)snprintf(path, sizeof(path), "%s/settings.json", name) < sizeof(path) &&
	       faccessat(dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* One that was not removed to its end, or that never got its settings and that nobody is making. */
static int sweep_container(int dir, const char *name, void *arg, struct err *e)
{
	const struct engine *g = arg;

	if (!str_after(name, GONE_PREFIX) && has_settings(dir, name))
		return 0;
	auto_fd int own = open_sub(dir, name);

	if (own < 0 || fd_lock(own, LOCK_EX | LOCK_NB) < 0)
		return 0;
	if (str_after(name, GONE_PREFIX)) {
		(void)file_remove(dir, name, e);
		return 0;
	}
	auto_fd int watch = record_watch(own, true, e);

	if (watch >= 0 && !has_settings(dir, name)) /* they may have come before the lock was ours */
		(void)remove_folder(g, own, name, e);
	return 0;
}

/* Names in the changing: ".ID". */
static void sweep_renames(const struct engine *g)
{
	auto_dir DIR *d = fdopendir(open_sub(g->names, "."));

	for (struct dirent *entry; d && (entry = readdir(d));)
		if (entry->d_name[0] == '.' && strlen(entry->d_name) == RECORD_ID_LENGTH + 1)
			record_finish_rename(g, entry->d_name + 1);
}

void engine_sweep(const struct engine *g)
{
	struct sweep w = { .g = g };
	struct err ignored; /* a next sweep may do better */

	(void)file_each(g->containers, sweep_container, (void *)g, &ignored);
	pods_sweep(g);
	if (file_names(g->containers, &w.arena, &w.ids, &ignored) >= 0)
		strv_sort(&w.ids);
	/* two sweeps at once could remove what is somebody else's by then: see record_release_name() */
	if (fd_lock(g->names, LOCK_EX | LOCK_NB) == 0) {
		(void)file_each(g->names, sweep_name, &w, &ignored);
		(void)file_each(g->idranges, sweep_range, &w, &ignored);
		(void)file_each(g->networks, sweep_network, &w, &ignored);
		auto_fd int projects = open_sub(g->data, STORAGE_PROJECTS);

		if (projects >= 0)
			(void)file_each(projects, sweep_project, &w, &ignored);
		(void)fd_lock(g->names, LOCK_UN);
	}
	volume_sweep(g);
	container_mount_sweep(g);
	sweep_renames(g);
	state_sweep(g->states);
	arena_free(&w.arena);
}
