/* SPDX-License-Identifier: Apache-2.0 */
/* stats_table.h: from two looks at a container to what `paene stats` shows of it; pure. */
#ifndef CLI_STATS_TABLE_H
#define CLI_STATS_TABLE_H

#include "cli/output.h"
#include "cli/spark.h"
#include "runtime/usage.h"

enum stats_column {
	STATS_ID,
	STATS_NAME,
	STATS_CPU,
	STATS_CPU_LINE,
	STATS_MEMORY,
	STATS_MEMORY_SHARE,
	STATS_MEMORY_LINE,
	STATS_SWAP,
	STATS_NETWORK,
	STATS_BLOCK,
	STATS_PIDS,
	STATS_PRESSURE,
	STATS_KSM,
	STATS_COLUMN_COUNT,
};
extern const struct column stats_columns[STATS_COLUMN_COUNT];

/* Columns in the order in which they go where a terminal is too narrow: a name and its processor time stay. */
extern const uint8_t stats_leave_out[];
extern const size_t stats_n_leave_out;

/* What is known of a container at this moment. */
struct stats_source {
	char *id, *name;
	bool whole_id;
	const struct usage *before, *now; /* @before may be NULL; both are, of one that does not run */
	uint64_t up_s;			  /* since its start; 0: not known */
	const struct spark *cpu, *memory; /* NULL: not drawn */
	bool plain;			  /* bars of ASCII */
};

/* As podman has it. */
struct stats_link {
	char *name;
	uint64_t received_bytes, sent_bytes;
};

/* An entry of the list: texts as podman has them, "--" for what is not known, and the numbers, null for the same. */
struct stats_entry {
	char *short_id, *id, *name;
	char *cpu_share, *cpu_average, *memory, *memory_share, *swap, *network, *block, *pressure, *up;
	char *cpu_line, *memory_line, *merged, *processes;
	struct opt_u64 cpu_hundredths, cpu_ns, cpu_system_ns, pids;
	struct opt_u64 working_set_bytes, memory_bytes, limit_bytes, swap_bytes, merged_bytes;
	struct opt_u64 received_bytes, sent_bytes, read_bytes, written_bytes, read_ops, write_ops;
	struct opt_u64 cpu_pressure, memory_pressure, io_pressure; /* hundredths of a percent */
	struct {
		struct stats_link *v;
		size_t n;
	} links;
};
extern const struct field stats_fields[];
extern const size_t stats_n_fields;

/* What the processes of a container need: without what is only a copy of files and has not been used for long. */
uint64_t stats_working_set(const struct cgroup_stats *s);

/* Processor time between two looks, in hundredths of a percent of one processor. */
uint64_t stats_cpu_hundredths(const struct usage *before, const struct usage *now);

/* Strings live in @a. Return: 0, or -ENOMEM with @e filled */
int stats_describe(const struct stats_source *from, struct arena *a, struct stats_entry *ret, struct err *e);

/* For listing.add_row. */
int stats_add_row(struct table *t, const void *entry, struct err *e);

#endif
