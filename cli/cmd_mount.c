// SPDX-License-Identifier: Apache-2.0
/* mount, unmount: the roots of containers, to be looked at and written to. */
#include <errno.h>
#include <limits.h>

#include "cli/output.h"
#include "cli/verbs.h"
#include "runtime/container_mount.h"

struct mount {
	struct verb_choice choice;
	bool no_trunc, force;
	const char *format;
};

static const struct option mount_rows[] = {
	OPT_FLAG(struct mount, choice.all, "all", 'a', "all containers"),
	LATEST_ROW(struct mount, choice.latest),
	OPT_FLAG(struct mount, no_trunc, "no-trunc", 0, "whole ids in the list"),
	OPT_STRING(struct mount, format, "format", 0, "FORMAT", "of the list: table, json, or a template"),
};

static const struct option unmount_rows[] = {
	OPT_FLAG(struct mount, choice.all, "all", 'a', "all that are mounted"),
	LATEST_ROW(struct mount, choice.latest),
	OPT_FLAG(struct mount, force, "force", 'f', "however often it was mounted, and whoever is in there"),
};

/* ---- the list ---- */

struct entry {
	char *id, *name, *mountpoint;
};

static const struct field fields[] = {
	FIELD_STRING(struct entry, id, "id", REQUIRED),
	FIELD_STRING(struct entry, name, "Names", REQUIRED),
	FIELD_STRING(struct entry, mountpoint, "mountpoint", REQUIRED),
};

static const struct column columns[] = { { "CONTAINER ID", 0 }, { "NAMES", 0 }, { "MOUNTPOINT", 0 } };

static int add_row(struct table *t, const void *arg, struct err *e)
{
	const struct entry *entry = arg;
	int r = table_add_id(t, entry->id, e);

	if (r >= 0)
		r = table_add(t, e, "%s", entry->name);
	return r < 0 ? r : table_add(t, e, "%s", entry->mountpoint);
}

struct walk {
	const struct engine *g;
	struct listing *listing;
};

static int list_one(const char *id, const char *path, void *arg, struct err *e)
{
	const struct walk *w = arg;
	auto_container struct container c = { 0 };
	int r = container_load(w->g, id, &c, e);
	const struct entry entry = { c.settings.id, c.settings.name, (char *)path };

	return r == -ENOENT ? 0 : r < 0 ? r : listing_add(w->listing, &entry, e);
}

static int list(const struct call *c, const struct engine *g, struct err *e)
{
	const struct mount *o = c->options;
	auto_listing struct listing listing = {
		.table = { .columns = columns, .n_columns = ARRAY_SIZE(columns), .whole = o->no_trunc },
		.fields = fields,
		.n_fields = ARRAY_SIZE(fields),
		.add_row = add_row,
	};
	struct walk w = { g, &listing };
	int r = listing_begin(&listing, c, o->format, e);

	if (r >= 0)
		r = container_mount_each(g, list_one, &w, e);
	return r < 0 ? r : listing_end(&listing, e);
}

/* ---- the verbs ---- */

static int mount_one(const struct engine *g, const char *id, const void *arg, struct err *e)
{
	char path[PATH_MAX];
	int r = container_mount(g, id, path, e);

	(void)arg;
	if (r < 0)
		return r;
	journal_by_id(g, id, EVENT_MOUNT);
	output_line(path);
	return 0;
}

static int run_mount(const struct call *c, struct err *e)
{
	const struct mount *o = c->options;
	const struct verb_each how = { .choice = &o->choice, .silent = true };
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	if (r < 0)
		return r;
	if (!c->n_args && !o->choice.all && !o->choice.latest)
		return list(c, &g, e);
	return verb_each(c, &g, &how, mount_one, NULL, e);
}

static int unmount_one(const struct engine *g, const char *id, const void *arg, struct err *e)
{
	const struct mount *o = arg;
	int r = container_unmount(g, id, o->force, e);

	if (r < 0)
		return r == -ENOENT && o->choice.all ? 0 : err_wrap(e, "container %.12s", id);
	journal_by_id(g, id, EVENT_UNMOUNT);
	output_line(id);
	return 0;
}

static int run_unmount(const struct call *c, struct err *e)
{
	const struct mount *o = c->options;
	const struct verb_each how = { .choice = &o->choice, .silent = true };
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	return r < 0 ? r : verb_each(c, &g, &how, unmount_one, o, e);
}

const struct verb verb_mount = {
	.name = "mount",
	.group = "Containers",
	.arguments = "[CONTAINER…]",
	.help = "its root, to be looked at",
	.about = "Mount the roots of containers as folders, and print where; without names, list those that are mounted. A root "
		 "that was mounted several times is unmounted as many times. The next start of a container, its removal, and a "
		 "reboot unmount it. That of one that runs is read-only where its ids are not the host's; volumes are not there.",
	.max_args = ARGS_ANY,
	.failure_status = STATUS_ENGINE,
	.options = OPTIONS(mount_rows, struct mount),
	.run = run_mount,
};

const struct verb verb_unmount = {
	.name = "unmount",
	.aliases = "umount",
	.group = "Containers",
	.arguments = "[CONTAINER…]",
	.help = "unmount it again",
	.about = "Unmount the roots of containers that `mount` has mounted, and print their ids.",
	.max_args = ARGS_ANY,
	.failure_status = STATUS_ENGINE,
	.options = OPTIONS(unmount_rows, struct mount),
	.run = run_unmount,
};
