// SPDX-License-Identifier: Apache-2.0
#include "runtime/class.h"

#include <errno.h>
#include <inttypes.h>

#include "base/str.h"
#include "runtime/limits.h"

/*
 * One row a class; `normal` is what a container without a class has. Processors go by weight, or, where it is 0, to whom
 * nobody else wants them (cpu.idle).
 */
static const struct {
	uint32_t cpu_weight, io_weight;
	bool burst; /* may save up as much as its quota of one period */
	const char *uclamp_min, *uclamp_max; /* percent of a processor's speed that its work seems to need */
	const char *io_class;
} classes[] = {
	[CLASS_LATENCY] = { 400, 400, true, "50", "max", "no-change" },
	[CLASS_NORMAL] = { 100, 100, false, "0", "max", "no-change" },
	[CLASS_BATCH] = { 25, 25, false, "0", "max", "restrict-to-be" },
	[CLASS_IDLE] = { 0, 1, false, "0", "50", "idle" },
};
static_assert(ARRAY_SIZE(classes) == CLASS_COUNT, "a row for each class");

const char *const class_names[CLASS_COUNT] = { "", "latency", "normal", "batch", "idle" };

int class_parse(const char *word, uint32_t *ret, struct err *e)
{
	for (uint32_t i = CLASS_NONE + 1; i < CLASS_COUNT; i++)
		if (streq(word, class_names[i])) {
			*ret = i;
			return 0;
		}
	return err_say(e, EINVAL, "--class %s: it is latency, normal, batch or idle", word);
}

static bool has(const struct spec_resources *own, const char *file)
{
	return spec_map_get(&own->unified, file) != NULL;
}

/* Weight and idle are one knob: who asked for either has decided. */
static int apply_cpu(uint32_t class, const struct spec_resources *own, struct arena *a, struct spec_resources *ret,
		     struct err *e)
{
	bool quota = own->cpu.quota_us.set && own->cpu.quota_us.v > 0;
	char weight[16];

	if (quota && !own->cpu.burst_us.set && !has(own, "cpu.max.burst"))
		ret->cpu.burst_us = (struct opt_u64){ true, classes[class].burst ? (uint64_t)own->cpu.quota_us.v : 0 };
	if (own->cpu.shares.set || has(own, "cpu.weight") || has(own, "cpu.idle"))
		return 0;
	ret->cpu.idle = (struct opt_i64){ true, classes[class].cpu_weight == 0 };
	if (ret->cpu.idle.v)
		return 0;
	snprintf(weight, sizeof(weight), "%" PRIu32, classes[class].cpu_weight);
	return limits_put(a, &ret->unified, "cpu.weight", weight, e);
}

int class_apply(uint32_t class, const struct spec_resources *own, struct arena *a, struct spec_resources *ret,
		struct spec_map *wishes, struct err *e)
{
	bool io_weight = own->block_io.weight.set || has(own, "io.weight") || has(own, "io.bfq.weight");
	char weight[32];

	if (class == CLASS_NONE)
		return 0;
	snprintf(weight, sizeof(weight), "default %" PRIu32, classes[class].io_weight);
	const struct {
		const char *file, *value;
		bool taken;
	} files[] = {
		{ "cpu.uclamp.min", classes[class].uclamp_min, has(own, "cpu.uclamp.min") },
		{ "cpu.uclamp.max", classes[class].uclamp_max, has(own, "cpu.uclamp.max") },
		{ "io.weight", weight, io_weight },
		{ "io.bfq.weight", weight, io_weight },
		{ "io.prio.class", classes[class].io_class, has(own, "io.prio.class") },
	};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(files); i++)
		if (!files[i].taken)
			r = limits_put(a, wishes, files[i].file, files[i].value, e);
	return r < 0 ? r : apply_cpu(class, own, a, ret, e);
}

void class_clear(struct spec_resources *own)
{
	static const char *const files[] = {
		"cpu.weight", "cpu.idle", "cpu.max.burst", "cpu.uclamp.min", "cpu.uclamp.max", "io.weight", "io.bfq.weight",
		"io.prio.class",
	};

	own->cpu.shares.set = own->cpu.burst_us.set = own->block_io.weight.set = false;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		limits_drop(&own->unified, files[i]);
}

const char *class_manual(struct arena *a)
{
	const char *text = arena_strdup(
		a, "One word for how a container stands beside others when processors and disks are short (`--class` of `run`, "
		   "`create`, `update`). It sets these files of the container's cgroup; options that name one of these limits go "
		   "before it. Without the controller cpu it is an error; other files that this kernel lacks are left out, "
		   "and `inspect` lists them as MissingDefaults.");

	for (uint32_t i = CLASS_NONE + 1; text && i < CLASS_COUNT; i++) {
		char cpu[32];

		snprintf(cpu, sizeof(cpu), "cpu.weight %" PRIu32, classes[i].cpu_weight);
		text = arena_printf(a, "%s\n\n`%s`: %s, cpu.max.burst %s, cpu.uclamp.min %s, cpu.uclamp.max %s, io.weight %" PRIu32
				    ", io.prio.class %s.",
				    text, class_names[i], classes[i].cpu_weight ? cpu : "cpu.idle 1",
				    classes[i].burst ? "as much as the quota" : "0", classes[i].uclamp_min,
				    classes[i].uclamp_max, classes[i].io_weight, classes[i].io_class);
	}
	return text;
}
