// SPDX-License-Identifier: Apache-2.0
/* All containers, one after the other. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "runtime/brief.h"

struct entry {
	char id[RECORD_ID_LENGTH + 1];
	struct stat settings; /* the file */
};
struct listing {
	struct entry *v;
	size_t n, room;
};

static int add_entry(int dir, const char *name, void *arg, struct err *e)
{
	struct listing *l = arg;
	struct stat st;
	char file[RECORD_ID_LENGTH + sizeof(RECORD_SETTINGS) + 2];

	if (strlen(name) != RECORD_ID_LENGTH)
		return 0;
	snprintf(file, sizeof(file), "%s/%s", name, RECORD_SETTINGS);
	if (fstatat(dir, file, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0; /* being made, or litter */
	if (l->n == l->room) {
		size_t room = l->room ? l->room * 2 : 64;
		struct entry *more = realloc(l->v, room * sizeof(*more));

		if (!more)
			return err_nomem(e);
		l->v = more;
		l->room = room;
	}
	memcpy(l->v[l->n].id, name, RECORD_ID_LENGTH + 1);
	l->v[l->n++].settings = st;
	return 0;
}

static int newest_first(const void *a, const void *b)
{
	const struct timespec *x = &((const struct entry *)a)->settings.st_mtim, *y = &((const struct entry *)b)->settings.st_mtim;

	if (x->tv_sec != y->tv_sec)
		return x->tv_sec < y->tv_sec ? 1 : -1;
	return x->tv_nsec < y->tv_nsec ? 1 : x->tv_nsec > y->tv_nsec ? -1 : 0;
}

/* One that runs, by what was written down about it; its id is in @ret already. Return: whether that is all */
static bool glance(const struct engine *g, const struct entry *entry, int cgroups, struct container *ret)
{
	char note[STATE_NOTE_MAX];
	bool paused;
	size_t n = cgroups < 0 ? 0 : state_glance(g->states, entry->id, cgroups, note, &ret->init, &paused);

	if (!n || !brief_read(note, n, &entry->settings, ret))
		return false;
	ret->settings.id = (char *)entry->id;
	ret->phase = paused ? PHASE_PAUSED : PHASE_RUNNING;
	return true;
}

static int walk(const struct engine *g, bool brief, int (*f)(const struct container *c, void *arg, struct err *e), void *arg,
		struct err *e)
{
	struct listing l = { 0 };
	struct err ignored; /* nothing is seen at a glance then */
	auto_fd int cgroups = brief ? cgroup_open_root(NULL, &ignored) : -1;
	int r = file_each(g->containers, add_entry, &l, e);

	if (r >= 0 && l.n > 1)
		qsort(l.v, l.n, sizeof(*l.v), newest_first);
	for (size_t i = 0; i < l.n && r == 0; i++) {
		auto_container struct container c = { 0 };

		r = glance(g, &l.v[i], cgroups, &c) ? 0 : container_load(g, l.v[i].id, &c, e);
		if (r == 0)
			r = f(&c, arg, e);
		else if (r == -ENOENT)
			r = 0; /* removed meanwhile */
	}
	free(l.v);
	return r;
}

int container_each(const struct engine *g, int (*f)(const struct container *c, void *arg, struct err *e), void *arg,
		   struct err *e)
{
	return walk(g, false, f, arg, e);
}

int container_each_brief(const struct engine *g, int (*f)(const struct container *c, void *arg, struct err *e), void *arg,
			 struct err *e)
{
	return walk(g, true, f, arg, e);
}
