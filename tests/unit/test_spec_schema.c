// SPDX-License-Identifier: Apache-2.0
/*
 * test_spec_schema.c: every Linux property of the official schema has a row in our tables, of a kind that fits, with the
 * words and the "required" of the schema. Runs from the top of the tree, where tests/data is.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/fd.h"
#include "base/file.h"
#include "spec/names.h"
#include "spec/tables.h"
#include "spec/text.h"

#define SCHEMAS "tests/data/schemas/runtime-spec/"

static const char *const schema_names[] = { "config-schema.json", "config-linux.json", "defs.json",
					  "defs-linux.json" };
static json_t *files[ARRAY_SIZE(schema_names)];

/* Where the walk is, and what it has found so far. */
struct walk {
	char path[512];
	unsigned properties, faults;
};

/* Objects of other systems and of virtual machines. */
static const char *const not_linux[] = { "solaris", "windows", "vm", "zos", "freebsd" };

/* Required by the schema, not by us: Go programs leave it out ("limit" is a pointer with omitempty there). */
static const char *const lenient[] = { "linux.resources.pids.limit" };

/* Where the kernel takes less than the schema, which gives only a type's bounds. */
static const char *const narrower[] = {
	"process.user.uid",
	"process.user.gid",
	"process.ioPriority.priority",
	"process.scheduler.nice",
	"process.scheduler.priority",
	"linux.devices.uid",
	"linux.devices.gid",
	"linux.seccomp.syscalls.args.index",
	"linux.timeOffsets.boottime.nanosecs",
	"linux.timeOffsets.monotonic.nanosecs",
};

/* Callers give it as stat(2) has it, with the type and the bits above 0777. */
static const char *const wider[] = { "linux.devices.fileMode" };

static bool in(const char *const *list, size_t n, const char *word)
{
	return spec_name_index(list, n, word) >= 0;
}

static void fault(struct walk *w, const char *what, const char *word)
{
	printf("%s: %s%s\n", w->path, what, word);
	w->faults++;
}

static size_t file_index(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(schema_names); i++)
		if (strlen(schema_names[i]) == len && memcmp(schema_names[i], name, len) == 0)
			return i;
	fail_msg("the schema refers to %.*s", (int)len, name);
	return 0;
}

/* Follow "$ref": "FILE#/a/b" until there is none; *file is where the node lies. */
static json_t *resolve(json_t *node, size_t *file)
{
	const char *ref;

	while ((ref = json_string_value(json_object_get(node, "$ref")))) {
		const char *hash = strchr(ref, '#');
		char pointer[256];

		assert_non_null(hash);
		if (hash > ref)
			*file = file_index(ref, (size_t)(hash - ref));
		node = files[*file];
		snprintf(pointer, sizeof(pointer), "%s", hash + 1);
		for (char *save, *part = strtok_r(pointer, "/", &save); part; part = strtok_r(NULL, "/", &save))
			node = json_object_get(node, part);
		assert_non_null(node);
	}
	return node;
}

static const struct field *find_row(const struct field *table, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (streq(table[i].key, key))
			return &table[i];
	return NULL;
}

/* What a row says to a value, by asking it. Return: 0, or -EINVAL with the words in @e */
static int ask(const struct field *f, const char *json, struct err *e)
{
	_Alignas(max_align_t) char room[4096] = { 0 };
	auto_arena struct arena arena = { 0 };
	struct decoder d = { .arena = &arena, .e = e };
	json_t *v;

	*e = (struct err){ 0 };
	assert_int_equal(json_from_text(json, strlen(json), &v, e), 0);

	int r = f->decode(&d, f, v,
			  room + sizeof(room) / 2); /* some look at what lies before their own member */

	json_decref(v);
	return r;
}

/* Whether it takes a value of this JSON type. */
static bool takes(const struct field *f, const char *json)
{
	struct err e;

	return ask(f, json, &e) == 0 || !strstr(e.text, "expected");
}

/* Whether an integer of the schema's bounds, and none beyond them, is in those of the row. */
static void check_bound(struct walk *w, const struct field *f, json_t *schema, const char *bound)
{
	json_t *limit = json_object_get(schema, bound);
	uint64_t big = 0;
	char beyond[32];
	struct err e;

	if (!limit || json_is_big(limit, &big) || !takes(f, "1")) /* above 2^64-1 there is no integer */
		return;
	json_int_t n = json_integer_value(limit);
	bool low = streq(bound, "minimum");

	if ((low && n == INT64_MIN) || (!low && n == INT64_MAX))
		return;
	snprintf(beyond, sizeof(beyond), "%lld", (long long)(low ? n - 1 : n + 1));
	if (ask(f, beyond, &e) == 0 && !in(wider, ARRAY_SIZE(wider), w->path))
		fault(w, "our row takes what is beyond the schema's bound: ", beyond);
	snprintf(beyond, sizeof(beyond), "%lld", (long long)n);
	if (ask(f, beyond, &e) < 0 && !in(narrower, ARRAY_SIZE(narrower), w->path))
		fault(w, "our row refuses the schema's bound: ", beyond);
}

static void check_type(struct walk *w, const struct field *f, json_t *schema)
{
	static const struct {
		const char *type, *json;
	} samples[] = {
		{ "string", "\"1\"" }, { "integer", "1" }, { "boolean", "true" },
		{ "array", "[]" },     { "object", "{}" },
	};
	const char *type = json_string_value(json_object_get(schema, "type"));

	for (size_t i = 0; i < ARRAY_SIZE(samples) && type; i++) {
		bool same = streq(type, samples[i].type);

		if (takes(f, samples[i].json) != same)
			fault(w, same ? "our row refuses type " : "our row takes type ", samples[i].type);
	}
}

static void check_words(struct walk *w, const struct field *f, json_t *schema)
{
	json_t *words = json_object_get(schema, "enum"), *word;
	size_t i;

	json_array_foreach (words, i, word)
		if (f->names && !in(f->names, f->n_table, json_string_value(word)))
			fault(w, "no word ", json_string_value(word));
}

static void check_object(struct walk *w, json_t *schema, size_t file, const struct field *table, size_t n);

static void check_property(struct walk *w, json_t *schema, size_t file, const struct field *f)
{
	schema = resolve(schema, &file);
	check_type(w, f, schema);
	check_words(w, f, schema);
	check_bound(w, f, schema, "minimum");
	check_bound(w, f, schema, "maximum");
	json_t *items = json_object_get(schema, "items"),
	       *each = json_object_get(schema, "additionalProperties");
	json_t *any = json_object_get(items, "anyOf");

	items = any ? json_array_get(any, 0) : items;
	if (items) {
		schema = resolve(items, &file);
		check_words(w, f, schema);
	} else if (json_is_object(each)) {
		schema = resolve(each, &file);
	}
	if (json_object_get(schema, "properties") || json_object_get(schema, "allOf")) {
		if (f->table)
			check_object(w, schema, file, f->table, f->n_table);
		else
			fault(w, "our row has no table", "");
	}
}

static void check_object(struct walk *w, json_t *schema, size_t file, const struct field *table, size_t n)
{
	size_t end = strlen(w->path), i;
	json_t *part, *property;
	const char *key;

	json_array_foreach (json_object_get(schema, "allOf"), i, part) {
		size_t part_file = file;
		json_t *resolved = resolve(part, &part_file);

		check_object(w, resolved, part_file, table, n);
	}
	json_object_foreach (json_object_get(schema, "properties"), key, property) {
		const struct field *f = find_row(table, n, key);

		if (end == 0 && in(not_linux, ARRAY_SIZE(not_linux), key))
			continue;
		snprintf(w->path + end, sizeof(w->path) - end, "%s%s", end ? "." : "", key);
		w->properties++;
		if (f)
			check_property(w, property, file, f);
		else
			fault(w, "no row", "");
		w->path[end] = '\0';
	}
	json_array_foreach (json_object_get(schema, "required"), i, part) {
		const struct field *f = find_row(table, n, json_string_value(part));

		snprintf(w->path + end, sizeof(w->path) - end, "%s%s", end ? "." : "", json_string_value(part));
		if (f && !f->required && !in(lenient, ARRAY_SIZE(lenient), w->path))
			fault(w, "the schema requires it", "");
		w->path[end] = '\0';
	}
}

static int load(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(schema_names); i++) {
		auto_free char *text = NULL;
		char path[256];
		struct err e;
		size_t len;

		snprintf(path, sizeof(path), SCHEMAS "%s", schema_names[i]);
		int r = file_read(AT_FDCWD, path, SPEC_MAX_BYTES, &text, &len, &e);

		if (r == 0)
			r = json_from_text(text, len, &files[i],
					   &e); /* defs.json has 2^64-1: not for jansson alone */
		if (r < 0)
			printf("%s: %s (run from the top of the tree)\n", path, e.text);
		assert_int_equal(r, 0);
	}
	return 0;
}

static int unload(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		json_decref(files[i]);
	return 0;
}

static void every_property_has_a_row(void **state)
{
	struct walk w = { 0 };

	(void)state;
	check_object(&w, files[0], 0, spec_fields, ARRAY_SIZE(spec_fields));
	printf("%u properties of the schema looked up\n", w.properties);
	assert_int_equal(w.faults, 0);
	assert_true(w.properties > 150);
}

/* The walk itself must see a row that is missing, of another type, or without its table. */
static void a_missing_row_is_seen(void **state)
{
	static const struct field bad_root[] = { FIELD_BOOL(struct spec_root, readonly, "path", REQUIRED) };
	static const struct field bad[] = { FIELD_OBJECT(struct spec, root, "root", REQUIRED, bad_root) };
	struct walk w = { 0 };

	(void)state;
	check_object(&w, files[0], 0, bad, ARRAY_SIZE(bad));
	/* the other eight objects, root.readonly, and two about the type of root.path */
	assert_int_equal(w.faults, 8 + 1 + 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_property_has_a_row),
		cmocka_unit_test(a_missing_row_is_seen),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
