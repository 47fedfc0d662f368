// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <time.h>

#include "base/file.h"
#include "base/timestamp.h"
#include "base/tree_size.h"
#include "cli/image_use.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "images/disk.h"
#include "runtime/storage.h"

struct df {
	bool verbose;
	const char *format;
};

static const struct option rows[] = {
	OPT_FLAG(struct df, verbose, "verbose", 'v', "each image, container and volume"),
	OPT_STRING(struct df, format, "format", 0, "FORMAT", "table, json, or a template such as {{.Type}}"),
};

enum { IMAGES, CONTAINERS, VOLUMES, TYPES };
static const char *const type_names[TYPES] = { "Images", "Containers", "Local Volumes" };

struct entry {
	char *type, *size, *reclaimable;
	uint64_t total, active, bytes, reclaimable_bytes;
};
static const struct field fields[] = {
	FIELD_STRING(struct entry, type, "Type", REQUIRED),
	FIELD_U64(struct entry, total, "Total", REQUIRED),
	FIELD_U64(struct entry, active, "Active", REQUIRED),
	FIELD_U64(struct entry, bytes, "RawSize", REQUIRED),
	FIELD_U64(struct entry, reclaimable_bytes, "RawReclaimable", REQUIRED),
	FIELD_STRING(struct entry, size, "Size", REQUIRED),
	FIELD_STRING(struct entry, reclaimable, "Reclaimable", REQUIRED),
};
static const struct column columns[] = { { "TYPE", 0 }, { "TOTAL", 0 }, { "ACTIVE", 0 }, { "SIZE", 0 }, { "RECLAIMABLE", 0 } };

static const struct column image_columns[] = {
	{ "REPOSITORY", 0 }, { "TAG", 0 }, { "IMAGE ID", 0 }, { "CREATED", 0 }, { "SIZE", 0 }, { "SHARED SIZE", 0 },
	{ "UNIQUE SIZE", 0 }, { "CONTAINERS", 0 },
};
static const struct column container_columns[] = {
	{ "CONTAINER ID", 0 }, { "IMAGE", 0 }, { "LOCAL VOLUMES", 0 }, { "SIZE", 0 }, { "CREATED", 0 }, { "STATUS", 0 },
	{ "NAMES", 0 },
};
static const struct column volume_columns[] = { { "VOLUME NAME", 0 }, { "LINKS", 0 }, { "SIZE", 0 } };

/* What is looked at, and for --verbose a table of each kind. */
struct look {
	const struct call *call;
	const struct engine *g;
	struct image_use use;
	struct strv mounted; /* volumes, one for each container that has it */
	struct entry entries[TYPES];
	struct table tables[TYPES];
};

static int add_cells(struct table *t, const char *const *cells, size_t n, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < n && r >= 0; i++)
		r = table_add(t, e, "%s", cells[i]);
	return r;
}

static const char *age(const char *when, char buf[STR_AGE_MAX])
{
	int64_t then, now = time(NULL);

	*buf = '\0';
	return timestamp_parse(when, &then) < 0 || then > now ? buf : str_age((uint64_t)(now - then), buf);
}

/* ---- images ---- */

static bool has_container(const char *manifest, void *arg)
{
	return image_use_count(&((struct look *)arg)->use, manifest) > 0;
}

static int show_image(struct look *l, const struct disk_image *i, struct err *e)
{
	char size[STR_BYTES_MAX], shared[STR_BYTES_MAX], unique[STR_BYTES_MAX], created[STR_AGE_MAX], id[ID_SHORT + 1], count[24];
	struct image_ref ref = { .name = "<none>", .tag = "<none>" };
	char repository[IMAGE_REF_MAX];

	if (i->names.n && image_ref_parse(i->names.v[0], &ref, e) < 0)
		return -e->code;
	snprintf(repository, sizeof(repository), "%s%s%s", ref.host, *ref.host ? "/" : "", ref.name);
	snprintf(id, sizeof(id), "%s", i->config);
	snprintf(count, sizeof(count), "%zu", image_use_count(&l->use, i->manifest));
	const char *const cells[] = {
		repository, *ref.tag ? ref.tag : "<none>", id, age(i->created, created),
		str_bytes(i->shared_bytes + i->unique_bytes, size), str_bytes(i->shared_bytes, shared),
		str_bytes(i->unique_bytes, unique), count,
	};

	static_assert(ARRAY_SIZE(cells) == ARRAY_SIZE(image_columns), "a cell for each");
	return add_cells(&l->tables[IMAGES], cells, ARRAY_SIZE(cells), e);
}

static int look_at_images(struct look *l, struct err *e)
{
	struct entry *entry = &l->entries[IMAGES];
	struct disk_use use = { 0 };
	int r = disk_use(&l->g->store, has_container, l, &use, e);

	for (size_t i = 0; i < use.n && r >= 0; i++) {
		entry->active += use.v[i].active;
		r = show_image(l, &use.v[i], e);
	}
	entry->total = use.n;
	entry->bytes = use.bytes;
	entry->reclaimable_bytes = use.reclaimable_bytes;
	arena_free(&use.arena);
	return r;
}

/* ---- containers ---- */

/* Volumes among what it mounts: "DATA/volumes/NAME:/where". */
static int add_volumes(struct look *l, const struct container *c, size_t *ret_n, struct err *e)
{
	char folder[PATH_MAX];

	snprintf(folder, sizeof(folder), "%s/volumes/", l->g->data_path);
	*ret_n = 0;
	for (size_t i = 0; i < c->settings.binds.n; i++) {
		const char *volume = str_after(c->settings.binds.v[i], folder);
		char *name = volume ? arena_strndup(l->call->arena, volume, strcspn(volume, "/:")) : NULL;

		if (!volume)
			continue;
		if (!name)
			return err_nomem(e);
		(*ret_n)++;
		if (strv_push(l->call->arena, &l->mounted, name) < 0)
			return err_nomem(e);
	}
	return 0;
}

static int show_container(struct look *l, const struct container *c, size_t volumes, uint64_t bytes, struct err *e)
{
	char size[STR_BYTES_MAX], created[STR_AGE_MAX], id[ID_SHORT + 1], count[24];

	snprintf(id, sizeof(id), "%s", c->settings.id);
	snprintf(count, sizeof(count), "%zu", volumes);
	const char *const cells[] = {
		id, c->settings.image, count, str_bytes(bytes, size), age(c->settings.created, created),
		phase_names[c->phase], c->settings.name,
	};

	static_assert(ARRAY_SIZE(cells) == ARRAY_SIZE(container_columns), "a cell for each");
	return add_cells(&l->tables[CONTAINERS], cells, ARRAY_SIZE(cells), e);
}

static int look_at_container(const struct container *c, void *arg, struct err *e)
{
	struct look *l = arg;
	struct entry *entry = &l->entries[CONTAINERS];
	struct storage_sizes sizes = { 0 };
	struct err gone; /* its image: how much it has written is known all the same */
	bool runs = c->phase != PHASE_CREATED && c->phase != PHASE_EXITED;
	size_t volumes;

	(void)storage_sizes(l->g, &c->settings, &sizes, &gone);
	entry->total++;
	entry->active += runs;
	entry->bytes += sizes.written_bytes;
	entry->reclaimable_bytes += runs ? 0 : sizes.written_bytes;
	int r = add_volumes(l, c, &volumes, e);

	return r < 0 ? r : show_container(l, c, volumes, sizes.written_bytes, e);
}

static int look_at_containers(struct look *l, struct err *e)
{
	return container_each(l->g, look_at_container, l, e);
}

/* ---- volumes ---- */

static int look_at_volume(int dir, const char *name, void *arg, struct err *e)
{
	struct look *l = arg;
	struct entry *entry = &l->entries[VOLUMES];
	auto_tree_size struct tree_size size = { 0 };
	char text[STR_BYTES_MAX], count[24];
	size_t links = 0;
	int r = tree_size_add(&size, dir, name, e);

	for (size_t i = 0; i < l->mounted.n; i++)
		links += streq(l->mounted.v[i], name);
	entry->total++;
	entry->active += links > 0;
	entry->bytes += size.bytes;
	entry->reclaimable_bytes += links ? 0 : size.bytes;
	snprintf(count, sizeof(count), "%zu", links);
	const char *const cells[] = { name, count, str_bytes(size.bytes, text) };

	static_assert(ARRAY_SIZE(cells) == ARRAY_SIZE(volume_columns), "a cell for each");
	return r < 0 ? r : add_cells(&l->tables[VOLUMES], cells, ARRAY_SIZE(cells), e);
}

static int look_at_volumes(struct look *l, struct err *e)
{
	return file_each(l->g->volumes, look_at_volume, l, e);
}

/* ---- what is printed ---- */

static int fill_texts(struct look *l, struct err *e)
{
	char size[STR_BYTES_MAX];

	for (size_t i = 0; i < TYPES; i++) {
		struct entry *entry = &l->entries[i];
		uint64_t percent = entry->bytes ? entry->reclaimable_bytes * 100 / entry->bytes : 0;

		entry->type = (char *)type_names[i];
		entry->size = arena_strdup(l->call->arena, str_bytes(entry->bytes, size));
		entry->reclaimable = arena_printf(l->call->arena, "%s (%u%%)", str_bytes(entry->reclaimable_bytes, size),
						  (unsigned)percent);
		if (!entry->size || !entry->reclaimable)
			return err_nomem(e);
	}
	return 0;
}

static int add_row(struct table *t, const void *arg, struct err *e)
{
	const struct entry *entry = arg;
	int r = table_add(t, e, "%s", entry->type);

	if (r >= 0)
		r = table_add(t, e, "%llu", (unsigned long long)entry->total);
	if (r >= 0)
		r = table_add(t, e, "%llu", (unsigned long long)entry->active);
	if (r >= 0)
		r = table_add(t, e, "%s", entry->size);
	return r < 0 ? r : table_add(t, e, "%s", entry->reclaimable);
}

static int print(const struct call *c, struct look *l, struct listing *listing, struct err *e)
{
	int r = fill_texts(l, e);

	if (((const struct df *)c->options)->verbose && listing->format == LIST_TABLE) {
		for (size_t i = 0; i < TYPES && r >= 0; i++) {
			printf("%s%s space usage:\n\n", i ? "\n" : "", type_names[i]);
			table_print(&l->tables[i]);
		}
		return r;
	}
	for (size_t i = 0; i < TYPES && r >= 0; i++)
		r = listing_add(listing, &l->entries[i], e);
	return r < 0 ? r : listing_end(listing, e);
}

static int run(const struct call *c, struct err *e)
{
	const struct df *o = c->options;
	auto_listing struct listing listing = {
		.table = { .columns = columns, .n_columns = ARRAY_SIZE(columns) },
		.fields = fields,
		.n_fields = ARRAY_SIZE(fields),
		.add_row = add_row,
	};
	auto_engine struct engine g;
	struct look l = {
		.call = c,
		.g = &g,
		.tables = {
			{ .arena = c->arena, .columns = image_columns, .n_columns = ARRAY_SIZE(image_columns) },
			{ .arena = c->arena, .columns = container_columns, .n_columns = ARRAY_SIZE(container_columns) },
			{ .arena = c->arena, .columns = volume_columns, .n_columns = ARRAY_SIZE(volume_columns) },
		},
	};
	int (*const steps[])(struct look *l, struct err *e) = { look_at_images, look_at_containers, look_at_volumes };
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = listing_begin(&listing, c, o->format, e);
	if (r >= 0)
		r = image_use_read(&g, &l.use, e);
	for (size_t i = 0; i < ARRAY_SIZE(steps) && r >= 0; i++)
		r = steps[i](&l, e);
	if (r >= 0)
		r = print(c, &l, &listing, e);
	arena_free(&l.use.arena);
	return r;
}

const struct verb verb_system_df = {
	.name = "df",
	.above = &verb_system,
	.arguments = "",
	.help = "how much room is taken",
	.about = "Show how much room images, containers and volumes take on the disk, and how much would come back: of images that no "
		 "container has, of containers that do not run, of volumes that none has. Of images their blobs and their layers, what "
		 "several have once; all files are counted.",
	.options = OPTIONS(rows, struct df),
	.run = run,
};
