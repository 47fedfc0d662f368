// SPDX-License-Identifier: Apache-2.0
/*
 * The kernel's texts about cgroups, with whatever in them: mountinfo, /proc/PID/cgroup, the files of a cgroup; and paths.
 * The first byte says which; the rest is the text.
 *
 *   clang -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -I. tests/fuzz/fuzz_cgroups.c cgroups/find.c cgroups/text.c \
 *         cgroups/stats.c cgroups/controllers.c base/file.c base/path.c base/err.c base/fd.c base/sys.c
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cgroups/controllers.h"
#include "cgroups/find.h"
#include "cgroups/stats.h"
#include "cgroups/text.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const targets[])(const char *text) = {
		fuzz_mountinfo, fuzz_proc, fuzz_path, fuzz_controllers, fuzz_stats,
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
