// SPDX-License-Identifier: Apache-2.0
#include "cli/stats_watch.h"

#include <errno.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/timestamp.h"
#include "cli/stats_table.h"

static void forget(struct watched *c)
{
	meter_close(&c->meter);
	settings_free(&c->settings);
	free(c->id);
	free(c);
}

void watch_list_free(struct watch_list *w)
{
	for (size_t i = 0; i < w->n; i++)
		forget(w->v[i]);
	free(w->v);
}

static struct watched *find(const struct watch_list *w, const char *id)
{
	for (size_t i = 0; i < w->n; i++)
		if (streq(w->v[i]->id, id))
			return w->v[i];
	return NULL;
}

static int grow(struct watch_list *w, struct err *e)
{
	size_t room = w->room ? w->room * 2 : 16;
	struct watched **v = w->n < w->room ? w->v : reallocarray(w->v, room, sizeof(struct watched *));

	if (!v)
		return err_nomem(e);
	w->room = w->n < w->room ? w->room : room;
	w->v = v;
	return 0;
}

/* Return: 0 (also where it has gone already), or -errno with @e filled */
static int add(struct watch_list *w, const char *id, struct err *e)
{
	auto_fd int dir = record_open(w->g, id, e);
	int r = dir < 0 ? dir : grow(w, e);
	struct watched *c = r < 0 ? NULL : calloc(1, sizeof(*c));

	if (r < 0 || !c)
		return r == -ENOENT ? 0 : r < 0 ? r : err_nomem(e);
	*c = (struct watched){ .id = strdup(id), .meter = METER_NONE, .there = true };
	r = c->id ? record_settings(dir, &c->settings, e) : err_nomem(e);
	if (r < 0) { /* -ENOENT: it is being made, or removed */
		forget(c);
		return r == -ENOENT ? 0 : r;
	}
	w->v[w->n++] = c;
	return 0;
}

static int see(int dir, const char *id, void *arg, struct err *e)
{
	struct watch_list *w = arg;
	struct watched *c = find(w, id);

	(void)dir;
	if (c)
		c->there = true;
	return c || strlen(id) != RECORD_ID_LENGTH ? 0 : add(w, id, e);
}

static int see_only(struct watch_list *w, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < w->only->n && r >= 0; i++) {
		auto_fd int dir = record_open(w->g, w->only->v[i], e);

		r = dir >= 0 ? see(dir, w->only->v[i], w, e) : dir == -ENOENT ? 0 : dir;
	}
	return r;
}

/* The newest first, as `paene ps` has them: text of this form sorts as time does. */
static int newest_first(const void *a, const void *b)
{
	const struct watched *x = *(struct watched *const *)a, *y = *(struct watched *const *)b;

	return strcmp(y->settings.created, x->settings.created);
}

/* Those that are there now; the others are forgotten. */
static int list(struct watch_list *w, struct err *e)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++)
		w->v[i]->there = false;
	int r = w->only ? see_only(w, e) : file_each(w->all ? w->g->containers : w->g->states, see, w, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < w->n; i++) {
		if (w->v[i]->there)
			w->v[n++] = w->v[i];
		else
			forget(w->v[i]);
	}
	w->n = n;
	if (n > 1 && !w->only)
		qsort(w->v, n, sizeof(*w->v), newest_first);
	return 0;
}

/* Its first process is there: begin to look at this run. */
static int begin(const struct engine *g, struct watched *c, struct err *e)
{
	auto_run_record struct run_record run = { 0 };
	auto_fd int dir = record_open(g, c->id, e);
	int r = dir < 0 ? dir : meter_open(g, &c->settings, &c->meter, e);
	struct err ignored; /* without a record the average is not known */

	if (r < 0)
		return r;
	c->started_s = 0;
	if (record_run(dir, &run, &ignored) > 0)
		(void)timestamp_parse(run.started, &c->started_s); /* the same */
	return 0;
}

static bool is_end(int r)
{
	return r == -ENOENT || r == -ENODEV || r == -ESRCH;
}

static void look(const struct engine *g, struct watched *c)
{
	struct usage before = c->now;
	struct err ignored; /* the others are worth seeing all the same */
	int r = c->looks ? 0 : begin(g, c, &ignored);

	if (r >= 0)
		r = meter_read(&c->meter, &c->now, &ignored);
	c->runs = r >= 0 || !is_end(r);
	if (r < 0) {
		meter_close(&c->meter);
		c->looks = 0;
		c->cpu.n = c->memory.n = 0;
		return;
	}
	c->before = before;
	if (c->looks++ > 0)
		spark_add(&c->cpu, (double)stats_cpu_hundredths(&before, &c->now) / 100);
	spark_add(&c->memory, (double)stats_working_set(&c->now.cgroup));
}

int watch_list_look(struct watch_list *w, struct err *e)
{
	int r = list(w, e);

	for (size_t i = 0; i < w->n && r >= 0; i++)
		look(w->g, w->v[i]);
	return r;
}
