// SPDX-License-Identifier: Apache-2.0
/* run_mounts.c: what config.json does not say of a container's mounts: volumes, parts of them, overlays. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/path.h"
#include "runtime/overlays.h"
#include "runtime/run_parts.h"

static struct spec_mount *find_mount(struct run *r, const char *target)
{
	struct spec_mounts *m = &r->spec.mounts;

	for (size_t i = 0; i < m->n; i++)
		if (streq(m->v[i].destination, target))
			return &m->v[i];
	return NULL;
}

/* Named by an fd: what lies on the way to a folder of a volume is its containers' own making (K1). */
static int mount_fd(struct run *r, int fd, struct spec_mount *m, struct err *e)
{
	char path[FD_PATH_MAX];

	m->source = arena_strdup(&r->spec.arena, fd_path(fd, path));
	return m->source ? 0 : err_nomem(e);
}

static int take_subpath(const char *subpath, struct volume_hold *h, struct err *e)
{
	int fd = path_open_in(h->data, subpath, O_PATH, e);

	if (fd < 0)
		return err_wrap(e, "subpath");
	fd_close(&h->data);
	h->data = fd;
	return 0;
}

/* @first: the hold of the same volume for another of its mounts; NULL: this is the first */
static int take_volume(struct run *r, const struct mount_more *more, const struct volume_hold *first, struct spec_mount *m,
		       struct volume_hold *h, struct err *e)
{
	bool copy = !more->no_copy && !more->subpath && r->settings.manifest;
	int err = first ? volume_hold_again(first, h, e) : volume_hold(r->g, more->volume, more->anonymous, copy, h, e);
	bool filled = h->fill || (first && first->fill);

	if (err < 0)
		return err;
	m->fill = h->fill;
	if (more->subpath)
		err = take_subpath(more->subpath, h, e);
	return err < 0 || (!filled && !more->subpath) ? err : mount_fd(r, h->data, m, e);
}

/* Their numbers in the order of the volumes' names: two containers that want the same ones do not wait for each other. */
static int by_volume(const void *a, const void *b, void *arg)
{
	const struct mount_more *v = arg, *x = &v[*(const size_t *)a], *y = &v[*(const size_t *)b];
	int order = strcmp(x->volume ? x->volume : "", y->volume ? y->volume : "");

	return order ? order : *(const size_t *)a < *(const size_t *)b ? -1 : 1;
}

/* What config.json does not say of a mount. @first: as take_volume() has it */
static int take_more(struct run *r, size_t i, const struct volume_hold *first, struct spec_mount *m, struct err *e)
{
	const struct mount_more *more = &r->settings.mounts.v[i];
	char path[300];
	int err = 0;

	m->chown = more->chown;
	if (more->volume)
		err = take_volume(r, more, first, m, &r->volumes[i], e);
	if (err < 0 || !more->base)
		return err;
	snprintf(path, sizeof(path), "%s/containers/%s", r->g->data_path, r->settings.id);
	return overlay_plan(r->dir, path, i, more, &r->spec.arena, &m->overlay, e);
}

int run_take_mounts(struct run *r, struct err *e)
{
	const struct mounts_more *all = &r->settings.mounts;
	const struct volume_hold *first = NULL;
	const char *name = NULL;
	int err = 0;

	if (!all->n)
		return 0;
	size_t *order = arena_array(&r->spec.arena, all->n, sizeof(*order));

	r->volumes = arena_array(&r->spec.arena, all->n, sizeof(*r->volumes));
	if (!order || !r->volumes)
		return err_nomem(e);
	for (size_t i = 0; i < all->n; i++) {
		r->volumes[i] = (struct volume_hold)VOLUME_HOLD_NONE;
		order[i] = i;
	}
	qsort_r(order, all->n, sizeof(*order), by_volume, all->v);
	for (size_t k = 0; k < all->n && err >= 0; k++) {
		const struct mount_more *more = &all->v[order[k]];
		struct spec_mount *m = find_mount(r, more->target);
		bool again = name && more->volume && streq(more->volume, name);

		if (!m)
			return err_say(e, EINVAL, RECORD_CONFIG ": there is no mount on %s", more->target);
		err = take_more(r, order[k], again ? first : NULL, m, e);
		if (err < 0)
			(void)err_wrap(e, "mount %s", m->destination);
		if (!again)
			first = &r->volumes[order[k]];
		name = more->volume;
	}
	return err;
}

void run_let_volumes_go(struct run *r, bool mounted)
{
	for (size_t i = 0; r->volumes && i < r->settings.mounts.n; i++)
		volume_let_go(&r->volumes[i], mounted);
}
