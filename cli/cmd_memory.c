// SPDX-License-Identifier: Apache-2.0
/* memory: what is done with the memory of containers that run. */
#include <errno.h>
#include <inttypes.h>

#include "cgroups/cgroups.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "runtime/launch.h"

struct reclaim {
	const char *to, *max_pressure, *swappiness, *format;
};

static const struct option rows[] = {
	OPT_STRING(struct reclaim, to, "to", 0, "SIZE", "until no more than this is left, instead of an amount"),
	OPT_STRING(struct reclaim, max_pressure, "max-pressure", 0, "PERCENT",
		   "end when its processes wait for memory more of the time; default: 10"),
	OPT_STRING(struct reclaim, swappiness, "swappiness", 0, "NUMBER",
		   "0: file cache only, 200: rather what goes to swap; default: the machine's"),
	OPT_STRING(struct reclaim, format, "format", 0, "FORMAT", "table, json, or a template such as {{.After.Memory}}"),
};

/* Why it ended: a word for scripts, a sentence for people. */
static const struct {
	const char *word, *sentence;
} ends[] = {
	[CGROUP_RECLAIM_REACHED] = { "reached", NULL },
	[CGROUP_RECLAIM_PRESSURE] = { "pressure", "its processes wait for memory more than --max-pressure allows" },
	[CGROUP_RECLAIM_EXHAUSTED] = { "exhausted",
				       "the kernel finds nothing more: what is left is in use, or has no swap to go to" },
	[CGROUP_RECLAIM_REGROWN] = { "regrown", "it takes memory as fast as that is taken back" },
};
static_assert(ARRAY_SIZE(ends) == CGROUP_RECLAIM_END_COUNT, "an end for each");

static const struct field memory_fields[] = {
	FIELD_U64(struct cgroup_memory, total_bytes, "Memory", REQUIRED),
	FIELD_U64(struct cgroup_memory, file_bytes, "FileCache", REQUIRED),
	FIELD_U64(struct cgroup_memory, anon_bytes, "Anonymous", REQUIRED),
	FIELD_U64(struct cgroup_memory, slab_bytes, "Slab", REQUIRED),
	FIELD_U64(struct cgroup_memory, swap_bytes, "Swap", REQUIRED),
	FIELD_U64(struct cgroup_memory, zswap_bytes, "Zswap", REQUIRED),
};

struct view {
	char *id, *name, *end, *pressure;
	uint64_t came_back, taken;
	uint32_t steps;
	struct cgroup_memory before, after;
};
static const struct field fields[] = {
	FIELD_STRING(struct view, id, "Id", REQUIRED),
	FIELD_STRING(struct view, name, "Name", REQUIRED),
	FIELD_STRING(struct view, end, "End", REQUIRED),
	FIELD_U64(struct view, came_back, "CameBack", REQUIRED),
	FIELD_U64(struct view, taken, "Taken", REQUIRED),
	FIELD_U32(struct view, steps, "Steps", REQUIRED),
	FIELD_STRING(struct view, pressure, "HighestPressure", REQUIRED),
	FIELD_OBJECT(struct view, before, "Before", REQUIRED, memory_fields),
	FIELD_OBJECT(struct view, after, "After", REQUIRED, memory_fields),
};

static const struct {
	const char *name;
	size_t offset; /* in struct cgroup_memory */
	bool if_used;
} places[] = {
	{ "memory", offsetof(struct cgroup_memory, total_bytes), false },
	{ "  file cache", offsetof(struct cgroup_memory, file_bytes), false },
	{ "  anonymous", offsetof(struct cgroup_memory, anon_bytes), false },
	{ "  kernel's", offsetof(struct cgroup_memory, slab_bytes), false },
	{ "  zswap", offsetof(struct cgroup_memory, zswap_bytes), true },
	{ "swap", offsetof(struct cgroup_memory, swap_bytes), false },
};

static const struct column columns[] = { { "", 0 }, { "BEFORE", 0 }, { "NOW", 0 }, { "CHANGE", 0 } };

static uint64_t at(const struct cgroup_memory *m, size_t offset)
{
	return *(const uint64_t *)((const char *)m + offset);
}

static int print_table(const struct call *c, const struct view *v, struct err *e)
{
	struct table t = { .arena = c->arena, .columns = columns, .n_columns = ARRAY_SIZE(columns) };
	char size[STR_BYTES_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		uint64_t before = at(&v->before, places[i].offset), now = at(&v->after, places[i].offset);

		if (places[i].if_used && !before && !now)
			continue;
		int r = table_add(&t, e, "%s", places[i].name);

		if (r >= 0)
			r = table_add(&t, e, "%s", str_bytes(before, size));
		if (r >= 0)
			r = table_add(&t, e, "%s", str_bytes(now, size));
		if (r >= 0)
			r = table_add(&t, e, "%s%s", now > before ? "+" : now < before ? "-" : "",
				      str_bytes(MAX(now, before) - MIN(now, before), size));
		if (r < 0)
			return r;
	}
	table_print(&t);
	printf("%s came back in %u steps%s%s\n", str_bytes(v->came_back, size), v->steps,
	       *v->pressure ? "; highest pressure: " : "", v->pressure);
	return 0;
}

static int print(const struct call *c, const char *format, const struct view *v, struct err *e)
{
	json_auto_t *object = NULL;

	if (!format || streq(format, "table"))
		return print_table(c, v, e);
	int r = encode_object(fields, ARRAY_SIZE(fields), v, &object, e);

	if (r < 0)
		return r;
	return streq(format, "json") ? output_json(object, e) : output_template(object, format, e);
}

static int check_format(const char *format, struct err *e)
{
	if (!format || streq(format, "table") || streq(format, "json") || strstr(format, "{{"))
		return 0;
	return err_say(e, EINVAL, "--format %s: it is table, json, or a template such as {{.After.Memory}}", format);
}

static int take_size(const char *what, const char *text, struct opt_u64 *ret, struct err *e)
{
	if (!text)
		return 0;
	if (str_to_bytes(text, &ret->v) < 0)
		return err_say(e, EINVAL, "%s%s: a size such as 512m or 2g, please", what, text);
	ret->set = true;
	return 0;
}

/* What the command line asks for. */
static int understand(const struct call *c, struct cgroup_reclaim *ret, struct err *e)
{
	const struct reclaim *o = c->options;
	uint64_t milli, swappiness;
	int r = check_format(o->format, e);

	if (r >= 0 && (c->n_args == 2) == (o->to != NULL))
		return err_say(e, EINVAL, "how much? Give a size, or --to SIZE, and not both");
	if (r >= 0)
		r = take_size("", c->args[1], &ret->amount, e);
	if (r >= 0)
		r = take_size("--to ", o->to, &ret->to, e);
	if (r < 0)
		return r;
	if (o->max_pressure) {
		if (str_to_milli(o->max_pressure, &milli) < 0 || milli > 100000)
			return err_say(e, EINVAL, "--max-pressure %s: a percentage from 0 to 100, please", o->max_pressure);
		ret->max_pressure = (struct opt_u32){ true, (uint32_t)(milli / 10) };
	}
	if (o->swappiness) {
		if (str_to_u64(o->swappiness, 200, &swappiness) < 0)
			return err_say(e, EINVAL, "--swappiness %s: a number from 0 to 200, please", o->swappiness);
		ret->swappiness = (struct opt_u32){ true, (uint32_t)swappiness };
	}
	return 0;
}

static int take_back(const struct call *c, const struct engine *g, const char *id, const struct cgroup_reclaim *want,
		     struct err *e)
{
	const struct reclaim *o = c->options;
	struct cgroup_reclaimed got = { 0 };
	char back[STR_BYTES_MAX], asked[STR_BYTES_MAX], pressure[16];
	int r = engine_reclaim(g, id, want, &got, e);

	if (r < 0)
		return r;
	snprintf(pressure, sizeof(pressure), "%u.%02u%%", got.pressure / 100, got.pressure % 100);
	const struct view v = {
		.id = (char *)id,
		.name = c->args[0],
		.end = (char *)ends[got.end].word,
		.pressure = got.watched ? pressure : (char *)"",
		.came_back = got.before.total_bytes - MIN(got.before.total_bytes, got.after.total_bytes),
		.taken = got.taken_bytes,
		.steps = got.steps,
		.before = got.before,
		.after = got.after,
	};

	r = print(c, o->format, &v, e);
	if (r < 0 || !ends[got.end].sentence)
		return r;
	uint64_t above = got.before.total_bytes - MIN(got.before.total_bytes, want->to.v);

	return err_say(e, EAGAIN, "%s: %s of %s came back, then it ended: %s", c->args[0], str_bytes(v.came_back, back),
		       str_bytes(want->to.set ? above : want->amount.v, asked), ends[got.end].sentence);
}

static int run_reclaim(const struct call *c, struct err *e)
{
	struct cgroup_reclaim want = { 0 };
	auto_engine struct engine g;
	char id[CONTAINER_ID_MAX];
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = understand(c, &want, e);
	if (r >= 0)
		r = verb_container(&g, c->args[0], id, e);
	return r < 0 ? r : take_back(c, &g, id, &want, e);
}

static const struct verb verb_memory_reclaim = {
	.name = "reclaim",
	.above = &verb_memory,
	.arguments = "CONTAINER [SIZE]",
	.help = "take memory back that it can do without",
	.about = "Take memory back from a running container: cached files are dropped, and what else was not used for longest "
		 "goes to swap, if there is any. It is done in steps, and ends where its processes begin to wait for memory. "
		 "The exit status is 0 where all that was asked for came back, else 1.",
	.min_args = 1,
	.max_args = 2,
	.options = OPTIONS(rows, struct reclaim),
	.run = run_reclaim,
};

static const struct verb *const verbs[] = { &verb_memory_reclaim };

const struct verb verb_memory = {
	.name = "memory",
	.group = "Containers",
	.arguments = "VERB [ARGUMENT…]",
	.help = "take memory back: reclaim",
	.about = "Verbs about the memory of containers that run. What they may use is set by `run` and `update`; what they use "
		 "is shown by `stats`.",
	.below = VERBS(verbs),
};
