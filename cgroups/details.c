// SPDX-License-Identifier: Apache-2.0
/* Counters that come in rows: of memory.stat, of each block device, of each size of huge pages. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/file.h"
#include "cgroups/stats.h"
#include "cgroups/text.h"

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (const char *line = text; line; line = cgroup_next_line(line))
		n++;
	return n;
}

int cgroup_memory_rows(const char *text, struct arena *a, struct cgroup_details *ret, struct err *e)
{
	struct cgroup_value *rows = arena_array(a, count_lines(text), sizeof(*rows));
	size_t n = 0;

	if (!rows)
		return err_nomem(e);
	for (const char *line = text; line; line = cgroup_next_line(line)) {
		size_t len = strcspn(line, " \n");

		if (line[len] != ' ' || !cgroup_text_number(line + len + 1, &rows[n].value))
			continue;
		rows[n].key = arena_strndup(a, line, len);
		if (!rows[n++].key)
			return err_nomem(e);
	}
	ret->memory = rows;
	ret->n_memory = n;
	return 0;
}

int cgroup_io_rows(const char *text, struct arena *a, struct cgroup_details *ret, struct err *e)
{
	struct cgroup_device_io *rows = arena_array(a, count_lines(text), sizeof(*rows));
	size_t n = 0;

	if (!rows)
		return err_nomem(e);
	for (const char *line = text; line; line = cgroup_next_line(line)) {
		struct cgroup_device_io *row = &rows[n];
		const struct {
			const char *key;
			uint64_t *value;
		} words[] = {
			{ "rbytes", &row->read_bytes },
			{ "wbytes", &row->write_bytes },
			{ "rios", &row->read_ops },
			{ "wios", &row->write_ops },
		};
		bool counted = false;

		if (sscanf(line, "%" SCNu32 ":%" SCNu32, &row->major, &row->minor) != 2)
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(words); i++)
			counted |= cgroup_line_value(line, words[i].key, words[i].value);
		n += counted; /* the kernel lists devices that have only been named, too */
	}
	ret->io = rows;
	ret->n_io = n;
	return 0;
}

char *cgroup_huge_page_size(const char *file, struct arena *a)
{
	const char *size = str_after(file, "hugetlb."), *dot = size ? strchr(size, '.') : NULL;

	return dot && streq(dot, ".current") ? arena_strndup(a, size, (size_t)(dot - size)) : NULL;
}

/* The number in a file, or after @key in it; 0 where it cannot be had. */
static uint64_t number_of(int cgroup, const char *size, const char *what, const char *key)
{
	char name[64], text[CGROUP_SMALL_FILE];
	struct err ignored;
	uint64_t v;

	snprintf(name, sizeof(name), "hugetlb.%s.%s", size, what);
	if (cgroup_read_small(cgroup, name, text, &ignored) < 0)
		return 0;
	return (key ? cgroup_text_value(text, key, &v) : cgroup_text_number(text, &v)) ? v : 0;
}

struct search {
	struct arena *arena;
	struct strv sizes;
};

static int add_size(int cgroup, const char *name, void *arg, struct err *e)
{
	struct search *s = arg;
	char *size = cgroup_huge_page_size(name, s->arena);

	(void)cgroup;
	return size && strv_push(s->arena, &s->sizes, size) < 0 ? err_nomem(e) : 0;
}

static int read_huge_pages(int cgroup, struct arena *a, struct cgroup_details *ret, struct err *e)
{
	struct search s = { .arena = a };
	int r = file_each(cgroup, add_size, &s, e);

	if (r < 0)
		return r;
	ret->huge_pages = arena_array(a, s.sizes.n, sizeof(*ret->huge_pages));
	if (!ret->huge_pages)
		return err_nomem(e);
	for (size_t i = 0; i < s.sizes.n; i++)
		ret->huge_pages[i] = (struct cgroup_huge_pages){
			.size = s.sizes.v[i],
			.bytes = number_of(cgroup, s.sizes.v[i], "rsvd.current", NULL),
			.failures = number_of(cgroup, s.sizes.v[i], "events", "max"),
		};
	ret->n_huge_pages = s.sizes.n;
	return 0;
}

int cgroup_read_details(int cgroup, struct arena *a, struct cgroup_details *ret, struct err *e)
{
	static const struct {
		const char *name;
		int (*rows)(const char *text, struct arena *a, struct cgroup_details *ret, struct err *e);
	} files[] = { { "memory.stat", cgroup_memory_rows }, { "io.stat", cgroup_io_rows } };
	struct cgroup_details d = { 0 };
	int r = read_huge_pages(cgroup, a, &d, e);

	for (size_t i = 0; i < ARRAY_SIZE(files) && r >= 0; i++) {
		auto_free char *text = NULL;
		struct err ignored; /* no such controller: no rows */

		if (file_read(cgroup, files[i].name, CGROUP_TEXT_MAX, &text, NULL, &ignored) == 0)
			r = files[i].rows(text, a, &d, e);
	}
	if (r >= 0)
		*ret = d;
	return r < 0 ? r : 0;
}
