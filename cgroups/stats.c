// SPDX-License-Identifier: Apache-2.0
#include "cgroups/stats.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>

#include "base/fd.h"
#include "cgroups/text.h"

#define NOT_SAID     SIZE_MAX
#define COUNTERS_MAX (64 << 10) /* io.stat of some hundred devices */
#define LEVEL_MAX    64	/* cgroups above one that are looked at */

/* One number: @key is its name in the file; NULL: the file is this number alone. */
struct counter {
	const char *file, *key;
	size_t value; /* offset of an uint64_t in struct cgroup_stats */
	size_t has;   /* offset of the bool that says that it is known, or NOT_SAID */
};

#define COUNTER(file, key, value) { file, key, offsetof(struct cgroup_stats, value), NOT_SAID }
#define MARKS(file, key, value, has) \
	{ file, key, offsetof(struct cgroup_stats, value), offsetof(struct cgroup_stats, has) }

static const struct counter counters[] = {
	COUNTER("cpu.stat", "usage_usec", cpu_usage_us),
	COUNTER("cpu.stat", "user_usec", cpu_user_us),
	COUNTER("cpu.stat", "system_usec", cpu_system_us),
	MARKS("cpu.stat", "nr_periods", cpu_periods, has_periods),
	COUNTER("cpu.stat", "nr_throttled", cpu_throttled_periods),
	COUNTER("cpu.stat", "throttled_usec", cpu_throttled_us),
	MARKS("memory.current", NULL, memory_bytes, has_memory),
	MARKS("memory.peak", NULL, memory_peak_bytes, has_memory_peak),
	COUNTER("memory.max", NULL, memory_limit_bytes),
	MARKS("memory.swap.current", NULL, swap_bytes, has_swap),
	MARKS("memory.swap.peak", NULL, swap_peak_bytes, has_swap_peak),
	COUNTER("memory.swap.max", NULL, swap_limit_bytes),
	COUNTER("memory.stat", "inactive_file", memory_inactive_file_bytes),
	MARKS("memory.events", "oom", oom_events, has_oom),
	COUNTER("memory.events", "oom_kill", oom_kills),
	MARKS("pids.current", NULL, pids, has_pids),
	MARKS("pids.peak", NULL, pids_peak, has_pids_peak),
	COUNTER("pids.max", NULL, pids_limit),
	COUNTER("pids.events", "max", pids_max_events),
};

/* io.stat has a line for each device: these words of all lines are added up. */
static const struct counter io_counters[] = {
	COUNTER("io.stat", "rbytes", io_read_bytes),
	COUNTER("io.stat", "wbytes", io_write_bytes),
	COUNTER("io.stat", "rios", io_read_ops),
	COUNTER("io.stat", "wios", io_write_ops),
};

static const struct {
	const char *file;
	size_t pressure;
} pressures[] = {
	{ "cpu.pressure", offsetof(struct cgroup_stats, cpu_pressure) },
	{ "memory.pressure", offsetof(struct cgroup_stats, memory_pressure) },
	{ "io.pressure", offsetof(struct cgroup_stats, io_pressure) },
};

static void *field(struct cgroup_stats *s, size_t offset)
{
	return (char *)s + offset;
}

static void parse_counter(const struct counter *c, const char *text, struct cgroup_stats *ret)
{
	uint64_t v;

	if (!(c->key ? cgroup_text_value(text, c->key, &v) : cgroup_text_number(text, &v)))
		return;
	*(uint64_t *)field(ret, c->value) = v;
	if (c->has != NOT_SAID)
		*(bool *)field(ret, c->has) = true;
}

static void parse_io(const char *text, struct cgroup_stats *ret)
{
	ret->has_io = true;
	for (const char *line = text; line; line = cgroup_next_line(line))
		for (size_t i = 0; i < ARRAY_SIZE(io_counters); i++) {
			uint64_t v;

			if (cgroup_line_value(line, io_counters[i].key, &v))
				*(uint64_t *)field(ret, io_counters[i].value) += v;
		}
}

/* "avg10=1.25" in a line: 125. A percentage, so it fits whatever the text says. */
static uint32_t hundredths(const char *line, const char *key)
{
	char name[16];

	snprintf(name, sizeof(name), " %s=", key);
	const char *p = strstr(line, name), *end = strchrnul(line, '\n');
	uint32_t v = 0;

	if (!p || p >= end)
		return 0;
	p += strlen(name);
	for (; *p >= '0' && *p <= '9' && v <= 100; p++)
		v = v * 10 + (uint32_t)(*p - '0');
	v *= 100;
	if (p[0] == '.' && p[1] >= '0' && p[1] <= '9' && p[2] >= '0' && p[2] <= '9')
		v += (uint32_t)(p[1] - '0') * 10 + (uint32_t)(p[2] - '0');
	return v;
}

static void parse_pressure(const char *text, struct cgroup_pressure *p)
{
	for (const char *line = text; line; line = cgroup_next_line(line)) {
		uint64_t total;
		bool some = str_after(line, "some "), full = str_after(line, "full ");

		if (!(some || full) || !cgroup_line_value(line, "total", &total))
			continue;
		p->known = true;
		*(some ? &p->some_us : &p->full_us) = total;
		*(some ? &p->some_avg10 : &p->full_avg10) = hundredths(line, "avg10");
		*(some ? &p->some_avg60 : &p->full_avg60) = hundredths(line, "avg60");
		*(some ? &p->some_avg300 : &p->full_avg300) = hundredths(line, "avg300");
	}
}

void cgroup_stats_parse(const char *file, const char *text, struct cgroup_stats *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(counters); i++)
		if (streq(counters[i].file, file))
			parse_counter(&counters[i], text, ret);
	for (size_t i = 0; i < ARRAY_SIZE(pressures); i++)
		if (streq(pressures[i].file, file))
			parse_pressure(text, field(ret, pressures[i].pressure));
	if (streq(file, "io.stat"))
		parse_io(text, ret);
}

/* The whole of a file, with a zero after it. Return: 0 or -errno */
static int read_whole(int cgroup, const char *file, char *buf, size_t size)
{
	auto_fd int fd = openat(cgroup, file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1); /* the kernel gives such a file in one piece */

	if (n < 0)
		return -errno;
	if ((size_t)n == size - 1)
		return -EFBIG;
	buf[n] = '\0';
	return 0;
}

#define EVERYTHING (CGROUP_NOW | CGROUP_LAST | CGROUP_REST)

/* The files of a controller stand together, and of those of one reading the first is there wherever the controller is. */
static const struct {
	const char *file, *controller; /* "": none is needed */
	unsigned reading;
} files[] = {
	{ "cpu.stat", "", EVERYTHING },
	{ "memory.current", "memory", CGROUP_NOW },
	{ "memory.max", "memory", CGROUP_NOW },
	{ "memory.stat", "memory", CGROUP_NOW },
	{ "memory.events", "memory", CGROUP_LAST },
	{ "memory.peak", "memory", CGROUP_LAST },
	{ "memory.swap.current", "memory", CGROUP_NOW },
	{ "memory.swap.peak", "memory", CGROUP_LAST },
	{ "memory.swap.max", "memory", CGROUP_REST },
	{ "pids.current", "pids", CGROUP_NOW },
	{ "pids.peak", "pids", CGROUP_LAST },
	{ "pids.max", "pids", CGROUP_REST },
	{ "pids.events", "pids", CGROUP_REST },
	{ "io.stat", "io", CGROUP_NOW | CGROUP_LAST },
	{ "cpu.pressure", "", CGROUP_NOW },
	{ "memory.pressure", "", CGROUP_NOW },
	{ "io.pressure", "", CGROUP_NOW },
};

int cgroup_read_some(int cgroup, unsigned reading, struct cgroup_stats *ret, struct err *e)
{
	const char *there = "", *missing = ""; /* controllers */
	struct cgroup_stats s = { 0 };
	char text[COUNTERS_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		const char *controller = files[i].controller;

		if (!(files[i].reading & reading) || (*controller && streq(controller, missing)))
			continue;
		int r = read_whole(cgroup, files[i].file, text, sizeof(text));

		if (r < 0 && i == 0) /* every cgroup has this one */
			return err_set(e, -r, "read %s", files[i].file);
		if (r == 0) {
			cgroup_stats_parse(files[i].file, text, &s);
			there = controller;
		} else if (!streq(controller, there)) {
			missing = controller;
		}
	}
	*ret = s;
	return 0;
}

int cgroup_read_stats(int cgroup, struct cgroup_stats *ret, struct err *e)
{
	return cgroup_read_some(cgroup, EVERYTHING, ret, e);
}

uint64_t cgroup_memory_limit_above(int cgroup)
{
	uint64_t lowest = CGROUP_NO_LIMIT, limit;
	auto_fd int at = -1;

	for (int level = 0; level < LEVEL_MAX; level++) {
		char text[CGROUP_SMALL_FILE];
		int above = openat(level ? at : cgroup, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

		fd_close(&at);
		at = above;
		/* the root of the hierarchy has no such file, and nor has the folder that it is mounted in */
		if (at < 0 || read_whole(at, "memory.max", text, sizeof(text)) < 0)
			break;
		if (cgroup_text_number(text, &limit))
			lowest = MIN(lowest, limit);
	}
	return lowest;
}
