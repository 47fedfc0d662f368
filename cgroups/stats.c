// SPDX-License-Identifier: Apache-2.0
#include "cgroups/stats.h"

#include <errno.h>
#include <stddef.h>

#include "base/fd.h"
#include "base/file.h"
#include "cgroups/text.h"

#define NOT_SAID SIZE_MAX

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
	COUNTER("cpu.stat", "nr_periods", cpu_periods),
	COUNTER("cpu.stat", "nr_throttled", cpu_throttled_periods),
	COUNTER("cpu.stat", "throttled_usec", cpu_throttled_us),
	MARKS("memory.current", NULL, memory_bytes, has_memory),
	COUNTER("memory.peak", NULL, memory_peak_bytes),
	COUNTER("memory.max", NULL, memory_limit_bytes),
	COUNTER("memory.swap.current", NULL, swap_bytes),
	COUNTER("memory.swap.max", NULL, swap_limit_bytes),
	COUNTER("memory.stat", "inactive_file", memory_inactive_file_bytes),
	COUNTER("memory.events", "oom", oom_events),
	COUNTER("memory.events", "oom_kill", oom_kills),
	MARKS("pids.current", NULL, pids, has_pids),
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

int cgroup_read_stats(int cgroup, struct cgroup_stats *ret, struct err *e)
{
	static const char *const files[] = {
		"cpu.stat",	   "memory.current", "memory.peak",  "memory.max",   "memory.swap.current", "memory.swap.max",
		"memory.stat",	   "memory.events",  "pids.current", "pids.max",     "pids.events",	    "io.stat",
		"cpu.pressure",	   "memory.pressure", "io.pressure",
	};
	struct cgroup_stats s = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		auto_free char *text = NULL;
		struct err why;
		int r = file_read(cgroup, files[i], CGROUP_TEXT_MAX, &text, NULL, &why);

		if (r == 0)
			cgroup_stats_parse(files[i], text, &s);
		if (r < 0 && i == 0) { /* every cgroup has the first one */
			*e = why;
			return r;
		}
	}
	*ret = s;
	return 0;
}
