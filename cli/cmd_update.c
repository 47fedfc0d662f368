// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "cli/limit_rows.h"
#include "cli/verbs.h"
#include "runtime/engine_update.h"

static const struct option rows[] = {
	OPT_STRING(struct engine_change, restart, "restart", 0, "POLICY", "no, on-failure[:TIMES] or always"),
	OPT_FLAG(struct engine_change, force, "force", 'f', "a memory limit that the kernel can only keep by killing it"),
	OPT_GROUP("Limits"),
	LIMIT_ROWS(struct engine_change),
	OPT_GROUP("Network"),
	OPT_STRING(struct engine_change, net_rate, "net-rate", 0, "IN/OUT", "bits in a second on each network; 0: no limit"),
	OPT_LIST(struct engine_change, egress, "egress", 0, "deny|allow[:SUBNET[:PORT]],…",
		 "whom they may send to from now on, as with `run`; allow: anybody"),
	OPT_GROUP("Devices"),
	OPT_LIST(struct engine_change, device_rules, "device-cgroup-rule", 0, "RULE", "further ones that it may use: \"c 42:* rwm\""),
};

static int update_one(const struct engine *g, const char *id, const void *arg, struct err *e)
{
	return engine_update(g, id, arg, e);
}

static int run(const struct call *c, struct err *e)
{
	static const struct limit_options none;
	const struct engine_change *o = c->options;
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = engine_change_check(o, e);
	if (r < 0)
		return r;
	if (!o->restart && !o->device_rules.n && !o->net_rate && !o->egress.n && memcmp(&o->limits, &none, sizeof(none)) == 0) {
		err_say(e, EINVAL, "nothing to change was named");
		return err_hint(e, "`paene update --help` lists what can be changed");
	}
	return verb_each(c, &g, &(struct verb_each){ 0 }, update_one, o, e);
}

const struct verb verb_update = {
	.name = "update",
	.group = "Containers",
	.arguments = "CONTAINER…",
	.help = "change their limits",
	.about = "Change limits of containers, the devices that they may use, whom they may send to, or their restart policy: at once "
		 "where they run, and for each start to come. What is "
		 "not named stays as it is; 0 lifts a limit. What the kernel refuses changes nothing. A memory limit below what the "
		 "container's processes hold is refused, for the kernel could only kill; what is cached of files is simply given "
		 "back.",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.options = OPTIONS(rows, struct engine_change),
	.run = run,
};
