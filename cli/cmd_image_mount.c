// SPDX-License-Identifier: Apache-2.0
/* image mount, image unmount: an image to be looked at, as one tree. */
#include <errno.h>
#include <limits.h>

#include "cli/output.h"
#include "cli/verbs.h"
#include "runtime/image_mount.h"

struct image_mount {
	bool all;
	const char *format;
};

static const struct option mount_rows[] = {
	OPT_FLAG(struct image_mount, all, "all", 'a', "every image"),
	OPT_STRING(struct image_mount, format, "format", 0, "FORMAT", "of the list: table, json, or a template"),
};

struct image_unmount {
	bool all, force;
};

static const struct option unmount_rows[] = {
	OPT_FLAG(struct image_unmount, all, "all", 'a', "every one that is mounted"),
	OPT_FLAG(struct image_unmount, force, "force", 'f', "however often it was mounted, and whoever is in there"),
};

/* A line of the list. */
struct entry {
	char *id, *mountpoint;
	struct strv repositories;
};

static const struct field fields[] = {
	FIELD_STRING(struct entry, id, "id", REQUIRED),
	FIELD_STRINGS(struct entry, repositories, "Repositories", REQUIRED),
	FIELD_STRING(struct entry, mountpoint, "mountpoint", REQUIRED),
};

static const struct column columns[] = { { "IMAGE", 0 }, { "MOUNTPOINT", 0 } };

static int add_row(struct table *t, const void *arg, struct err *e)
{
	const struct entry *entry = arg;
	int r = entry->repositories.n ? table_add(t, e, "%s", entry->repositories.v[0]) : table_add_id(t, entry->id, e);

	return r < 0 ? r : table_add(t, e, "%s", entry->mountpoint);
}

struct walk {
	const struct call *call;
	const struct engine *g;
	struct listing *listing;
	bool force;
	int status;
};

static int list_one(const char *manifest, const char *path, void *arg, struct err *e)
{
	auto_image struct image image = { 0 };
	struct walk *w = arg;
	int r = image_find(&w->g->store, manifest, &image, e);

	if (r == 0)
		r = image_names(&w->g->store, &image, e);
	if (r < 0) /* removed just now */
		return r == -ENOENT ? 0 : r;
	const struct entry entry = { image.config, (char *)path, image.names };

	return listing_add(w->listing, &entry, e);
}

static int list_all(const struct call *c, const struct engine *g, const char *format, struct err *e)
{
	auto_listing struct listing listing = {
		.table = { .columns = columns, .n_columns = ARRAY_SIZE(columns) },
		.fields = fields,
		.n_fields = ARRAY_SIZE(fields),
		.add_row = add_row,
	};
	struct walk w = { .call = c, .g = g, .listing = &listing };
	int r = listing_begin(&listing, c, format, e);

	if (r >= 0)
		r = image_mount_each(g, list_one, &w, e);
	return r < 0 ? r : listing_end(&listing, e);
}

/* Its error is printed, and the next one has its turn. */
static void done(struct walk *w, enum event_status what, const struct image *image, const char *words, int r,
		 const struct err *e)
{
	if (r < 0) {
		output_error(w->call, e);
		w->status = 1;
		return;
	}
	verb_tell_image(w->g, what, image->config, NULL);
	output_line(words);
}

static int mount_image(const struct image *image, void *arg, struct err *e)
{
	char path[PATH_MAX];
	struct walk *w = arg;
	struct err why;

	(void)e;
	done(w, EVENT_MOUNT, image, path, image_mount(w->g, image, path, &why), &why);
	return 0;
}

static void unmount_image(struct walk *w, const struct image *image)
{
	struct err why;
	int r = image_unmount(w->g, image->manifest, w->force, &why);

	if (r < 0)
		err_wrap(&why, "%.12s", image->config);
	done(w, EVENT_UNMOUNT, image, image->config, r, &why);
}

static int unmount_found(const char *manifest, const char *path, void *arg, struct err *e)
{
	auto_image struct image image = { 0 };
	struct walk *w = arg;

	(void)path;
	if (image_find(&w->g->store, manifest, &image, e) == 0)
		unmount_image(w, &image);
	return 0;
}

static void by_name(struct walk *w, const char *name, bool mount)
{
	auto_image struct image image = { 0 };
	struct err why;

	if (image_find(&w->g->store, name, &image, &why) < 0) {
		output_error(w->call, &why);
		w->status = 1;
	} else if (mount) {
		(void)mount_image(&image, w, &why);
	} else {
		unmount_image(w, &image);
	}
}

static int run_mount(const struct call *c, struct err *e)
{
	const struct image_mount *o = c->options;
	auto_engine struct engine g;
	struct walk w = { .call = c, .g = &g };
	int r = verb_engine(c, &g, e);

	if (r >= 0 && o->all && c->n_args)
		return err_say(e, EINVAL, "--all leaves no place for names");
	if (r >= 0 && !o->all && !c->n_args)
		return list_all(c, &g, o->format, e);
	if (r >= 0 && o->all)
		r = image_each(&g.store, mount_image, &w, e);
	for (size_t i = 0; i < c->n_args && r >= 0; i++)
		by_name(&w, c->args[i], true);
	return r < 0 ? r : w.status;
}

static int run_unmount(const struct call *c, struct err *e)
{
	const struct image_unmount *o = c->options;
	auto_engine struct engine g;
	struct walk w = { .call = c, .g = &g, .force = o->force };
	int r = verb_engine(c, &g, e);

	if (r >= 0 && o->all == (c->n_args > 0))
		return err_say(e, EINVAL, o->all ? "--all leaves no place for names" : "name an image, or give --all");
	if (r >= 0 && o->all)
		r = image_mount_each(&g, unmount_found, &w, e);
	for (size_t i = 0; i < c->n_args && r >= 0; i++)
		by_name(&w, c->args[i], false);
	return r < 0 ? r : w.status;
}

const struct verb verb_image_mount = {
	.name = "mount",
	.above = &verb_image,
	.arguments = "[IMAGE…]",
	.help = "mount them to be looked at",
	.about = "Mount images as folders, read-only, and print where; without names, list those that are mounted. One that was "
		 "mounted several times is unmounted as many times. A reboot unmounts all.",
	.max_args = ARGS_ANY,
	.options = OPTIONS(mount_rows, struct image_mount),
	.run = run_mount,
};

const struct verb verb_image_unmount = {
	.name = "unmount",
	.aliases = "umount",
	.above = &verb_image,
	.arguments = "IMAGE…",
	.help = "unmount them again",
	.about = "Unmount images that `image mount` has mounted. Their ids are printed.",
	.max_args = ARGS_ANY,
	.options = OPTIONS(unmount_rows, struct image_unmount),
	.run = run_unmount,
};
