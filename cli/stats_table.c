// SPDX-License-Identifier: Apache-2.0
#include "cli/stats_table.h"

#include <inttypes.h>

#define UNKNOWN	     "--"
#define WHOLE	     10000 /* hundredths of a percent */
#define NAME_MAX_SHOWN 32
#define CPU_LINE_TOP   1.0 /* percent: an idle container's line stays flat */

const struct column stats_columns[STATS_COLUMN_COUNT] = {
	[STATS_ID] = { "ID", 0 },
	[STATS_NAME] = { "NAME", NAME_MAX_SHOWN },
	[STATS_CPU] = { "CPU %", 0 },
	[STATS_CPU_LINE] = { "CPU", 0 },
	[STATS_MEMORY] = { "MEM USAGE / LIMIT", 0 },
	[STATS_MEMORY_SHARE] = { "MEM %", 0 },
	[STATS_MEMORY_LINE] = { "MEM", 0 },
	[STATS_SWAP] = { "SWAP", 0 },
	[STATS_NETWORK] = { "NET I/O", 0 },
	[STATS_BLOCK] = { "BLOCK I/O", 0 },
	[STATS_PIDS] = { "PIDS", 0 },
	[STATS_PRESSURE] = { "PRESSURE", 0 },
	[STATS_KSM] = { "KSM SAVED", 0 },
};

const uint8_t stats_leave_out[] = {
	STATS_SWAP,    STATS_ID,       STATS_MEMORY_SHARE, STATS_MEMORY_LINE, STATS_PRESSURE, STATS_KSM,
	STATS_BLOCK,   STATS_NETWORK,  STATS_CPU_LINE,	   STATS_PIDS,	      STATS_MEMORY,
};
const size_t stats_n_leave_out = ARRAY_SIZE(stats_leave_out);

/* Encode only: a number or null. */
static int field_known(struct decoder *d, const struct field *f, json_t *value, void *ret)
{
	return field_opt_u64(d, f, value, ret);
}

static int put_known(const struct field *f, const void *value, json_t **ret, struct err *e)
{
	*ret = json_null();
	return put_opt_u64(f, value, ret, e);
}

/* The same, of hundredths. */
static int field_hundredths(struct decoder *d, const struct field *f, json_t *value, void *ret)
{
	return field_opt_u64(d, f, value, ret);
}

static int put_hundredths(const struct field *f, const void *value, json_t **ret, struct err *e)
{
	const struct opt_u64 *v = value;

	(void)f;
	*ret = v->set ? json_real((double)v->v / 100) : json_null();
	return *ret ? 0 : err_nomem(e);
}

static const struct field link_fields[] = {
	FIELD_U64(struct stats_link, received_bytes, "RxBytes", REQUIRED),
	FIELD_U64(struct stats_link, sent_bytes, "TxBytes", REQUIRED),
};

#define TEXT(member, name)	 FIELD_STRING(struct stats_entry, member, name, REQUIRED)
#define NUMBER(member, name)	 FIELD_OWN(struct stats_entry, member, name, known, REQUIRED)
#define HUNDREDTHS(member, name) FIELD_OWN(struct stats_entry, member, name, hundredths, REQUIRED)
const struct field stats_fields[] = {
	TEXT(short_id, "ID"),
	TEXT(short_id, "Container"),
	TEXT(id, "ContainerID"),
	TEXT(name, "Name"),
	TEXT(cpu_share, "CPUPerc"),
	TEXT(cpu_average, "AVGCPU"),
	TEXT(memory, "MemUsage"),
	TEXT(memory_share, "MemPerc"),
	TEXT(swap, "SwapUsage"),
	TEXT(network, "NetIO"),
	TEXT(block, "BlockIO"),
	NUMBER(pids, "PIDs"),
	TEXT(pressure, "Pressure"),
	TEXT(up, "UpTime"),
	HUNDREDTHS(cpu_hundredths, "CPU"),
	NUMBER(cpu_ns, "CPUNano"),
	NUMBER(cpu_system_ns, "CPUSystemNano"),
	NUMBER(working_set_bytes, "MemUsageBytes"),
	NUMBER(memory_bytes, "MemCurrent"),
	NUMBER(limit_bytes, "MemLimit"),
	NUMBER(swap_bytes, "SwapBytes"),
	NUMBER(received_bytes, "NetInput"),
	NUMBER(sent_bytes, "NetOutput"),
	NUMBER(read_bytes, "BlockInput"),
	NUMBER(written_bytes, "BlockOutput"),
	NUMBER(read_ops, "BlockInputOps"),
	NUMBER(write_ops, "BlockOutputOps"),
	HUNDREDTHS(cpu_pressure, "CPUPressure"),
	HUNDREDTHS(memory_pressure, "MemPressure"),
	HUNDREDTHS(io_pressure, "IOPressure"),
	NUMBER(merged_bytes, "KSMSaved"),
	{ FIELD_OF(struct stats_entry, links, "Network", keyed, true), .table = link_fields, .n_table = ARRAY_SIZE(link_fields),
	  .size = sizeof(struct stats_link) },
};
const size_t stats_n_fields = ARRAY_SIZE(stats_fields);

static struct opt_u64 known(bool is_known, uint64_t v)
{
	return is_known ? (struct opt_u64){ .set = true, .v = v } : (struct opt_u64){ 0 };
}

uint64_t stats_working_set(const struct cgroup_stats *s)
{
	return s->memory_bytes - MIN(s->memory_bytes, s->memory_inactive_file_bytes);
}

uint64_t stats_cpu_hundredths(const struct usage *before, const struct usage *now)
{
	int64_t passed_us = now->at_us - before->at_us;
	uint64_t then = before->cgroup.cpu_usage_us, used = now->cgroup.cpu_usage_us;

	return passed_us <= 0 || used <= then ? 0 : (used - then) * WHOLE / (uint64_t)passed_us;
}

static void fill_numbers(const struct usage *before, const struct usage *u, struct stats_entry *ret)
{
	const struct cgroup_stats *s = &u->cgroup;

	ret->cpu_hundredths = known(before, before ? stats_cpu_hundredths(before, u) : 0);
	ret->cpu_ns = known(true, s->cpu_usage_us * 1000);
	ret->cpu_system_ns = known(true, s->cpu_system_us * 1000);
	ret->pids = known(s->has_pids, s->pids);
	ret->working_set_bytes = known(s->has_memory, stats_working_set(s));
	ret->memory_bytes = known(s->has_memory, s->memory_bytes);
	ret->limit_bytes = known(s->has_memory, s->memory_limit_bytes);
	ret->swap_bytes = known(s->has_swap, s->swap_bytes);
	ret->merged_bytes = known(u->ksm.merged_bytes, (uint64_t)MAX(u->ksm.profit_bytes, INT64_C(0)));
	ret->received_bytes = known(u->has_network, u->received_bytes);
	ret->sent_bytes = known(u->has_network, u->sent_bytes);
	ret->read_bytes = known(s->has_io, s->io_read_bytes);
	ret->written_bytes = known(s->has_io, s->io_write_bytes);
	ret->read_ops = known(s->has_io, s->io_read_ops);
	ret->write_ops = known(s->has_io, s->io_write_ops);
	ret->cpu_pressure = known(s->cpu_pressure.known, s->cpu_pressure.some_avg10);
	ret->memory_pressure = known(s->memory_pressure.known, s->memory_pressure.some_avg10);
	ret->io_pressure = known(s->io_pressure.known, s->io_pressure.some_avg10);
}

/* "12.3MB", as podman has it in its tables. */
static char *bytes_text(struct arena *a, struct opt_u64 v)
{
	char buf[STR_BYTES_MAX];

	if (!v.set)
		return arena_strdup(a, UNKNOWN);
	size_t number = strcspn(str_bytes(v.v, buf), " ");

	return arena_printf(a, "%.*s%s", (int)number, buf, buf + number + strspn(buf + number, " "));
}

/* "1.2MB / 3MB"; "--" where neither is known. */
static char *pair_text(struct arena *a, struct opt_u64 x, struct opt_u64 y)
{
	char *first = bytes_text(a, x), *second = bytes_text(a, y);

	if (!x.set && !y.set)
		return first;
	return first && second ? arena_printf(a, "%s / %s", first, second) : NULL;
}

static char *percent_text(struct arena *a, struct opt_u64 hundredths)
{
	if (!hundredths.set)
		return arena_strdup(a, UNKNOWN);
	return arena_printf(a, "%" PRIu64 ".%02u%%", hundredths.v / 100, (unsigned)(hundredths.v % 100));
}

static char *tenths_text(struct arena *a, struct opt_u64 hundredths)
{
	return hundredths.set ? arena_printf(a, "%.1f", (double)hundredths.v / 100) : arena_strdup(a, UNKNOWN);
}

static char *pressure_text(struct arena *a, const struct stats_entry *s)
{
	char *cpu = tenths_text(a, s->cpu_pressure), *memory = tenths_text(a, s->memory_pressure);
	char *io = tenths_text(a, s->io_pressure);

	if (!s->cpu_pressure.set && !s->memory_pressure.set && !s->io_pressure.set)
		return cpu;
	return cpu && memory && io ? arena_printf(a, "%s/%s/%s", cpu, memory, io) : NULL;
}

static struct opt_u64 share_of(struct opt_u64 part, struct opt_u64 whole)
{
	return known(part.set && whole.v, whole.v ? (uint64_t)((double)part.v / (double)whole.v * WHOLE) : 0);
}

static struct opt_u64 average(const struct stats_source *from, const struct stats_entry *s)
{
	return known(s->cpu_ns.set && from->up_s, from->up_s ? s->cpu_ns.v / 100000 / from->up_s : 0);
}

static char *line_text(struct arena *a, const struct spark *s, double top, bool plain)
{
	char buf[SPARK_TEXT_MAX] = "";

	return arena_strdup(a, s ? spark_text(s, top, plain, buf) : buf);
}

/* A limit, or the largest of what is shown. */
static double memory_top(const struct usage *u)
{
	return u && u->limited ? (double)u->cgroup.memory_limit_bytes : 0;
}

static int fill_links(const struct usage *u, struct arena *a, struct stats_entry *ret, struct err *e)
{
	ret->links.v = arena_array(a, u->n_links + 1, sizeof(*ret->links.v));
	for (size_t i = 0; i < u->n_links && ret->links.v; i++) {
		const struct link_use *l = &u->links[i];
		struct stats_link link = { arena_strdup(a, l->name), l->received_bytes, l->sent_bytes };

		if (!link.name)
			return err_nomem(e);
		ret->links.v[ret->links.n++] = link;
	}
	return ret->links.v ? 0 : err_nomem(e);
}

int stats_describe(const struct stats_source *from, struct arena *a, struct stats_entry *ret, struct err *e)
{
	struct stats_entry s = { .id = from->id, .name = from->name };
	char age[STR_AGE_MAX];

	if (from->now)
		fill_numbers(from->before, from->now, &s);
	if (from->now && fill_links(from->now, a, &s, e) < 0)
		return -e->code;
	s.short_id = from->whole_id ? from->id : arena_strndup(a, from->id, ID_SHORT);
	s.cpu_share = percent_text(a, s.cpu_hundredths);
	s.cpu_average = percent_text(a, average(from, &s));
	s.memory = pair_text(a, s.working_set_bytes, s.limit_bytes);
	s.memory_share = percent_text(a, share_of(s.working_set_bytes, s.limit_bytes));
	s.swap = bytes_text(a, s.swap_bytes);
	s.network = pair_text(a, s.received_bytes, s.sent_bytes);
	s.block = pair_text(a, s.read_bytes, s.written_bytes);
	s.processes = s.pids.set ? arena_printf(a, "%" PRIu64, s.pids.v) : arena_strdup(a, UNKNOWN);
	s.pressure = pressure_text(a, &s);
	s.merged = bytes_text(a, s.merged_bytes);
	s.up = arena_strdup(a, from->now && from->up_s ? str_age(from->up_s, age) : UNKNOWN);
	s.cpu_line = line_text(a, from->cpu, CPU_LINE_TOP, from->plain);
	s.memory_line = line_text(a, from->memory, memory_top(from->now), from->plain);
	char *const texts[] = { s.short_id, s.cpu_share, s.cpu_average, s.memory, s.memory_share, s.swap,     s.network,
				s.block,    s.processes, s.pressure,	s.merged, s.up,		  s.cpu_line, s.memory_line };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (!texts[i])
			return err_nomem(e);
	*ret = s;
	return 0;
}

int stats_add_row(struct table *t, const void *entry, struct err *e)
{
	const struct stats_entry *s = entry;
	const char *const cells[] = {
		[STATS_ID] = s->short_id,
		[STATS_NAME] = s->name,
		[STATS_CPU] = s->cpu_share,
		[STATS_CPU_LINE] = s->cpu_line,
		[STATS_MEMORY] = s->memory,
		[STATS_MEMORY_SHARE] = s->memory_share,
		[STATS_MEMORY_LINE] = s->memory_line,
		[STATS_SWAP] = s->swap,
		[STATS_NETWORK] = s->network,
		[STATS_BLOCK] = s->block,
		[STATS_PIDS] = s->processes,
		[STATS_PRESSURE] = s->pressure,
		[STATS_KSM] = s->merged,
	};
	static_assert(ARRAY_SIZE(cells) == STATS_COLUMN_COUNT, "a cell for each column");
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(cells) && r >= 0; i++)
		r = table_add(t, e, "%s", cells[i]);
	return r;
}
