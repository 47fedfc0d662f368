// SPDX-License-Identifier: Apache-2.0
/*
 * The kernel's texts about cgroups, with whatever in them: mountinfo, /proc/PID/cgroup, the files of a cgroup; and paths,
 * and what a configuration says about units of systemd.
 * The first byte says which; the rest is the text.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cgroups/controllers.h"
#include "cgroups/find.h"
#include "cgroups/stats.h"
#include "cgroups/text.h"
#include "cgroups/unit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void fuzz_mountinfo(const char *text)
{
	char path[PATH_MAX];

	if (cgroup_find_mount(text, path))
		check(path[0] != '\0' && strlen(path) < sizeof(path));
}

static void fuzz_proc(const char *text)
{
	char path[PATH_MAX];

	if (cgroup_find_path(text, path))
		check(path[0] != '\0' && !strchr(path, '\n'));
	for (unsigned i = 0; i < CGROUP_CONTROLLER_COUNT; i++)
		(void)cgroup_find_v1(text, cgroup_controller_names[i]);
}

/* What passes leads nowhere but down. */
static void fuzz_path(const char *text)
{
	struct err e;

	if (cgroup_check_path(text, &e) == 0)
		check(text[0] == '/' && text[1] && !strstr(text, "//") && !strstr(text, "/../") && !strchr(text, '\n'));
}

static void fuzz_controllers(const char *text)
{
	check((cgroup_controllers_parse(text) & ~CGROUP_ALL_CONTROLLERS) == 0);
	check(cgroup_controller_of_file(text) <= CGROUP_CONTROLLER_COUNT);
}

static void fuzz_stats(const char *text)
{
	static const char *const files[] = {
		"cpu.stat",   "memory.current", "memory.max", "memory.stat",  "memory.events",
		"pids.current", "pids.events",	"io.stat",    "cpu.pressure", "io.pressure",
	};
	struct cgroup_stats s = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		cgroup_stats_parse(files[i], text, &s);
}

static void fuzz_rows(const char *text)
{
	auto_arena struct arena a = { 0 };
	struct cgroup_details d = { 0 };
	struct err e;

	check(cgroup_memory_rows(text, &a, &d, &e) == 0 && cgroup_io_rows(text, &a, &d, &e) == 0);
	for (size_t i = 0; i < d.n_memory; i++)
		check(d.memory[i].key != NULL);
	(void)cgroup_huge_page_size(text, &a);
}

/* What systemd is told to make lies where we look for it, below its slice. */
static void fuzz_unit(const char *text)
{
	auto_arena struct arena a = { 0 };
	struct cgroup_unit u;
	struct err e;

	if (unit_place(text, "id", false, &a, &u, &e) == 0)
		check(cgroup_check_path(u.path, &e) == 0 && strstr(u.path, u.name));
}

static void fuzz_annotation(const char *text)
{
	auto_arena struct arena a = { 0 };
	struct spec_pair pair = { (char *)"org.systemd.property.SomethingSec", (char *)text };
	const struct spec_map map = { &pair, 1 };
	struct strv list = { 0 };
	struct err e;

	if (unit_annotations(&map, &a, &list, &e) == 0)
		check(list.n == 1 && str_after(list.v[0], "SomethingUSec=t:"));
	pair.key = (char *)"org.systemd.property.Anything";
	(void)unit_annotations(&map, &a, &list, &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const targets[])(const char *text) = {
		fuzz_mountinfo, fuzz_proc, fuzz_path, fuzz_controllers, fuzz_stats,
		fuzz_rows,	fuzz_unit, fuzz_annotation,
	};

	if (size == 0)
		return 0;
	char *text = malloc(size); /* exactly as long as it is: a read past its end is found */

	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	targets[data[0] % ARRAY_SIZE(targets)](text);
	free(text);
	return 0;
}
