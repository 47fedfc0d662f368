// SPDX-License-Identifier: Apache-2.0
/*
 * save.c: first a list of files, each a text of ours or a blob of the store; then the list is written, sorted, as an archive or
 * into a folder.
 */
#include "images/save.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "images/find.h"
#include "images/store.h"
#include "images/tar_header.h"

#define BLOBS	     "blobs/sha256/"
#define CHUNK_BYTES  (8 << 20) /* between two reports */
#define COPY_BYTES   (256 << 10)
#define INDEX_TYPE   "application/vnd.oci.image.index.v1+json"
#define LAYOUT	     "{\"imageLayoutVersion\":\"1.0.0\"}"
#define DIR_VERSION  "Directory Transport Version: 1.1\n"
#define ARCHIVE_END  (2 * TAR_BLOCK)

const char *const save_format_names[SAVE_FORMATS] = {
	[SAVE_DOCKER_ARCHIVE] = "docker-archive",
	[SAVE_OCI_ARCHIVE] = "oci-archive",
	[SAVE_OCI_DIR] = "oci-dir",
	[SAVE_DOCKER_DIR] = "docker-dir",
};

struct out_entry {
	char *name;	  /* ends in "/": a folder */
	const char *text; /* NULL: a blob */
	const char *hex;
	int blobs; /* the folder that it is in */
	uint64_t bytes;
};

struct saved {
	struct image image;
	int hold; /* -1: it is in a store that nothing is ever removed from */
	int blobs; /* of its store */
	uint64_t manifest_bytes;
	struct strv names; /* in the save's arena */
};

struct save {
	const struct store *store;
	const struct save_options *o;
	int output;
	struct arena arena;
	struct saved *images;
	size_t n_images;
	struct out_entry *entries;
	size_t n_entries, room;
	uint64_t done, total;
};

/* ---- the list ---- */

static int add_entry(struct save *s, const struct out_entry *entry, struct err *e)
{
	for (size_t i = 0; i < s->n_entries; i++)
		if (streq(s->entries[i].name, entry->name)) /* images share blobs */
			return 0;
	if (s->n_entries == s->room) {
		size_t room = s->room ? 2 * s->room : 32;
		struct out_entry *v = arena_array(&s->arena, room, sizeof(*v));

		if (!v)
			return err_nomem(e);
		if (s->n_entries)
			memcpy(v, s->entries, s->n_entries * sizeof(*v));
		s->entries = v;
		s->room = room;
	}
	s->entries[s->n_entries++] = *entry;
	s->total += entry->bytes;
	return 0;
}

static int add_text(struct save *s, const char *name, const char *text, struct err *e)
{
	char *copy = arena_strdup(&s->arena, name);

	return copy && text ? add_entry(s, &(struct out_entry){ .name = copy, .text = text, .bytes = strlen(text) }, e) : err_nomem(e);
}

static int add_json(struct save *s, const char *name, json_t *value, struct err *e)
{
	auto_free char *text = json_dumps(value, JSON_COMPACT);

	return add_text(s, name, text ? arena_strdup(&s->arena, text) : NULL, e);
}

static const char *blob_prefix(const struct save *s)
{
	return s->o->format == SAVE_DOCKER_DIR ? "" : BLOBS;
}

static int blob_bytes(int blobs, const char *hex, uint64_t *ret, struct err *e)
{
	struct stat st;

	if (fstatat(blobs, hex, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(e, errno, "look at blob %s", hex);
	*ret = (uint64_t)st.st_size;
	return 0;
}

static int add_blob(struct save *s, int blobs, const char *hex, const char *name, struct err *e)
{
	struct out_entry entry = { .hex = hex, .blobs = blobs };
	int r = blob_bytes(blobs, hex, &entry.bytes, e);

	entry.name = name ? arena_strdup(&s->arena, name) : arena_printf(&s->arena, "%s%s", blob_prefix(s), hex);
	if (r == 0 && !entry.name)
		return err_nomem(e);
	return r == 0 ? add_entry(s, &entry, e) : r;
}

static int add_blobs(struct save *s, const struct saved *saved, struct err *e)
{
	const struct image *i = &saved->image;
	int r = add_blob(s, saved->blobs, i->manifest, s->o->format == SAVE_DOCKER_DIR ? "manifest.json" : NULL, e);

	if (r == 0)
		r = add_blob(s, saved->blobs, i->config, NULL, e);
	for (size_t n = 0; r == 0 && n < i->layers.n; n++)
		r = add_blob(s, saved->blobs, i->layers.v[n].blob, NULL, e);
	return r;
}

/* ---- what is said of the images ---- */

static json_t *descriptor(const struct saved *i, const char *name)
{
	json_t *d = json_pack("{s:s, s:o, s:I}", "mediaType", i->image.media_type, "digest",
			      json_sprintf("sha256:%s", i->image.manifest), "size", (json_int_t)i->manifest_bytes);
	const char *tag = name ? strrchr(name, ':') : NULL;

	/* the first is containerd's and docker's, who take the tag alone for the second */
	if (d && tag)
		(void)json_object_set_new(d, "annotations", json_pack("{s:s, s:s}", "io.containerd.image.name", name,
								       "org.opencontainers.image.ref.name", tag + 1));
	return d;
}

static json_t *oci_index(const struct save *s)
{
	json_t *manifests = json_array();

	for (size_t i = 0; i < s->n_images; i++) {
		const struct saved *image = &s->images[i];

		for (size_t k = 0; k < image->names.n; k++)
			(void)json_array_append_new(manifests, descriptor(image, image->names.v[k]));
		if (image->names.n == 0)
			(void)json_array_append_new(manifests, descriptor(image, NULL));
	}
	return json_pack("{s:i, s:s, s:o}", "schemaVersion", 2, "mediaType", INDEX_TYPE, "manifests", manifests);
}

static json_t *docker_manifest(const struct save *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->n_images; i++) {
		const struct saved *image = &s->images[i];
		json_t *tags = json_array(), *layers = json_array();

		for (size_t k = 0; k < image->names.n; k++)
			(void)json_array_append_new(tags, json_string(image->names.v[k]));
		for (size_t k = 0; k < image->image.layers.n; k++)
			(void)json_array_append_new(layers, json_sprintf(BLOBS "%s", image->image.layers.v[k].blob));
		(void)json_array_append_new(list, json_pack("{s:o, s:o, s:o}", "Config",
							    json_sprintf(BLOBS "%s", image->image.config), "RepoTags", tags,
							    "Layers", layers));
	}
	return list;
}

static int list_layout(struct save *s, struct err *e)
{
	json_auto_t *index = oci_index(s);
	const struct out_entry folders[] = { { .name = (char *)"blobs/" }, { .name = (char *)BLOBS } };
	int r = index ? add_json(s, "index.json", index, e) : err_nomem(e);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(folders); i++)
		r = add_entry(s, &folders[i], e);
	return r == 0 ? add_text(s, "oci-layout", LAYOUT, e) : r;
}

static int by_name(const void *a, const void *b)
{
	const struct out_entry *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int make_list(struct save *s, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n_images; i++)
		r = add_blobs(s, &s->images[i], e);
	if (r == 0)
		r = s->o->format == SAVE_DOCKER_DIR ? add_text(s, "version", DIR_VERSION, e) : list_layout(s, e);
	if (r == 0 && s->o->format == SAVE_DOCKER_ARCHIVE) {
		json_auto_t *manifest = docker_manifest(s);

		r = manifest ? add_json(s, "manifest.json", manifest, e) : err_nomem(e);
	}
	if (r == 0)
		qsort(s->entries, s->n_entries, sizeof(*s->entries), by_name);
	return r;
}

/* ---- writing it ---- */

static int put(int to, const void *data, size_t len, struct err *e)
{
	int r = fd_write_all(to, data, len);

	return r < 0 ? err_set(e, -r, "write the images") : 0;
}

static void report(struct save *s, uint64_t bytes)
{
	s->done += bytes;
	const struct image_progress now = { .step = STEP_WRITING, .done = s->done, .total = s->total };

	if (s->o->progress)
		s->o->progress(&now, s->o->progress_arg);
}

/* Some bytes of a blob. Return: how many, or -errno */
static ssize_t copy_some(int from, int to, uint64_t most)
{
	char buf[COPY_BYTES];
	ssize_t n = sendfile(to, from, NULL, most < CHUNK_BYTES ? (size_t)most : CHUNK_BYTES);

	if (n >= 0 || (errno != EINVAL && errno != ENOSYS))
		return n < 0 ? -errno : n;
	/* not to an output of this kind */
	n = fd_read_all(from, buf, most < sizeof(buf) ? (size_t)most : sizeof(buf));
	int r = n > 0 ? fd_write_all(to, buf, (size_t)n) : 0;

	return r < 0 ? r : n;
}

static int put_blob(struct save *s, const struct out_entry *entry, int to, struct err *e)
{
	auto_fd int from = openat(entry->blobs, entry->hex, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	uint64_t left = entry->bytes;

	if (from < 0)
		return err_set(e, errno, "open blob %s", entry->hex);
	while (left > 0) {
		ssize_t n = copy_some(from, to, left);

		if (n == -EINTR)
			continue;
		if (n < 0)
			return err_set(e, (int)-n, "write the images");
		if (n == 0)
			return err_say(e, EIO, "blob %s ends too early", entry->hex);
		left -= (uint64_t)n;
		report(s, (uint64_t)n);
	}
	return 0;
}

static int put_content(struct save *s, const struct out_entry *entry, int to, struct err *e)
{
	if (entry->hex)
		return put_blob(s, entry, to, e);
	return entry->text ? put(to, entry->text, entry->bytes, e) : 0;
}

static int write_archive(struct save *s, struct err *e)
{
	static const char zeros[ARCHIVE_END];
	char header[TAR_BLOCK];
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n_entries; i++) {
		const struct out_entry *entry = &s->entries[i];

		tar_header(entry->name, entry->bytes, header);
		r = put(s->output, header, sizeof(header), e);
		if (r == 0)
			r = put_content(s, entry, s->output, e);
		if (r == 0)
			r = put(s->output, zeros, tar_padding(entry->bytes), e);
	}
	return r == 0 ? put(s->output, zeros, sizeof(zeros), e) : r;
}

static int write_file(struct save *s, const struct out_entry *entry, struct err *e)
{
	if (entry->name[strlen(entry->name) - 1] == '/')
		return mkdirat(s->output, entry->name, 0777) < 0 ? err_set(e, errno, "make folder %s", entry->name) : 0;
	auto_fd int to = openat(s->output, entry->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);

	return to < 0 ? err_set(e, errno, "create %s", entry->name) : put_content(s, entry, to, e);
}

static int write_folder(struct save *s, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->n_entries; i++)
		r = write_file(s, &s->entries[i], e);
	return r;
}

/* ---- the images ---- */

static struct saved *find_saved(struct save *s, const char *manifest)
{
	for (size_t i = 0; i < s->n_images; i++)
		if (streq(s->images[i].image.manifest, manifest))
			return &s->images[i];
	return NULL;
}

/* Held, so that its blobs stay; who removes one has its record alone first. */
static int take_image(struct save *s, const char *name, struct image *image, struct saved **ret, struct err *e)
{
	struct saved *i = &s->images[s->n_images];
	int hold = image->peer ? -1 : store_hold(s->store->records, image->manifest, e);

	if (hold < -1)
		return hold == -ENOENT ? err_say(e, ENOENT, "%s has been removed just now", name) : hold;
	*i = (struct saved){ .image = *image, .hold = hold, .blobs = image_home(s->store, image)->blobs };
	*image = (struct image){ 0 };
	s->n_images++;
	*ret = i;
	return blob_bytes(i->blobs, i->image.manifest, &i->manifest_bytes, e);
}

static int find_image(struct save *s, const char *name, struct err *e)
{
	auto_image struct image image = { 0 };
	char text[IMAGE_REF_MAX];
	struct image_ref ref;
	int r = image_resolve(s->store, name, &image, &ref, e);

	if (r < 0)
		return r;
	struct saved *i = find_saved(s, image.manifest);

	if (!i)
		r = take_image(s, name, &image, &i, e);
	if (r < 0 || !*ref.host || *ref.digest)
		return r;
	return strv_add(&s->arena, &i->names, image_ref_text(&ref, false, text)) < 0 ? err_nomem(e) : 0;
}

static int find_images(struct save *s, char *const *names, size_t n, struct err *e)
{
	int r = 0;

	s->images = arena_array(&s->arena, n, sizeof(*s->images));
	if (!s->images)
		return err_nomem(e);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = find_image(s, names[i], e);
	if (r == 0 && s->o->format == SAVE_DOCKER_DIR && s->n_images > 1)
		return err_say(e, EINVAL, "a folder of the format docker-dir holds one image, not %zu", s->n_images);
	return r;
}

int image_save(const struct store *store, char *const *names, size_t n, int output, const struct save_options *o,
	       struct err *e)
{
	struct save s = { .store = store, .o = o, .output = output };
	int r = find_images(&s, names, n, e);

	if (r == 0)
		r = make_list(&s, e);
	if (r == 0)
		r = save_is_folder(o->format) ? write_folder(&s, e) : write_archive(&s, e);
	for (size_t i = 0; i < s.n_images; i++) {
		fd_close(&s.images[i].hold);
		image_free(&s.images[i].image);
	}
	arena_free(&s.arena);
	return r;
}
