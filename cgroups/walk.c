// SPDX-License-Identifier: Apache-2.0
#include "cgroups/walk.h"

#include <errno.h>
#include <fcntl.h>

#include "base/fd.h"
#include "base/str.h"

static int open_folder(int dir, const char *name)
{
	return openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The names of the cgroups right below one: those that begin with a dot too. A cgroup that is gone has none. */
static int list_children(int cgroup, struct arena *a, struct strv *ret, struct err *e)
{
	auto_fd int fd = open_folder(cgroup, ".");
	auto_dir DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d)
		return errno == ENOENT ? 0 : err_set(e, errno, "list a cgroup");
	(void)fd_take(&fd); /* the DIR closes it */
	for (;;) {
		errno = 0;
		struct dirent *entry = readdir(d);

		if (!entry)
			return errno && errno != ENOENT ? err_set(e, errno, "list a cgroup") : 0;
		if (entry->d_type != DT_DIR || streq(entry->d_name, ".") || streq(entry->d_name, ".."))
			continue;
		if (strv_add(a, ret, entry->d_name) < 0)
			return err_nomem(e);
	}
}

/* The way from the first cgroup to where the walk is: at each level, what is below and how far we are with that. */
struct level {
	struct arena arena;
	struct strv children;
	size_t next;
};

struct way {
	struct level *v;
	size_t n, room;
	int dir; /* the cgroup of the last level: the only one that is open */
};

static void way_guard(struct way *way)
{
	for (size_t i = 0; i < way->n; i++)
		arena_free(&way->v[i].arena);
	free(way->v);
	fd_guard(&way->dir);
}
#define auto_way __attribute__((cleanup(way_guard)))

static void change_dir(struct way *way, int fd)
{
	fd_close(&way->dir);
	way->dir = fd;
}

/* Enter the cgroup way->dir. */
static int push(struct way *way, const struct cgroup_walk *w, struct err *e)
{
	int r = w->enter ? w->enter(way->dir, w->arg, e) : 0;

	if (r < 0)
		return r;
	if (way->n == way->room) {
		size_t room = way->room ? way->room * 2 : 8;
		struct level *v = reallocarray(way->v, room, sizeof(*v));

		if (!v)
			return err_nomem(e);
		way->v = v;
		way->room = room;
	}
	struct level *last = &way->v[way->n++];

	*last = (struct level){ .next = 0 };
	return list_children(way->dir, &last->arena, &last->children, e);
}

/* Done with the last level: back to the one above, if there is one. */
static int pop(struct way *way, const struct cgroup_walk *w, struct err *e)
{
	arena_free(&way->v[--way->n].arena);
	if (way->n == 0)
		return 0;
	int above = open_folder(way->dir, "..");
	const struct level *last = &way->v[way->n - 1];

	if (above < 0)
		return err_set(e, errno, "open the cgroup above");
	change_dir(way, above);
	return w->leave ? w->leave(above, last->children.v[last->next - 1], w->arg, e) : 0;
}

int cgroup_walk(int cgroup, const struct cgroup_walk *w, struct err *e)
{
	auto_way struct way way = { .dir = open_folder(cgroup, ".") };

	if (way.dir < 0)
		return err_set(e, errno, "open a cgroup");
	int r = push(&way, w, e);

	while (r == 0 && way.n > 0) {
		struct level *last = &way.v[way.n - 1];

		if (last->next == last->children.n) {
			r = pop(&way, w, e);
			continue;
		}
		const char *name = last->children.v[last->next++];
		int child = open_folder(way.dir, name);

		if (child < 0 && errno == ENOENT)
			continue;
		if (child < 0)
			return err_set(e, errno, "open cgroup %s", name);
		change_dir(&way, child);
		r = push(&way, w, e);
	}
	return r;
}
