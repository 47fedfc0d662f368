// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <time.h>

#include "cli/verbs.h"
#include "runtime/launch.h"

#define INTERVAL_NS INT64_C(250000000)
#define NS_PER_MS   1000000
#define NS_PER_S    1000000000

struct wait {
	struct verb_choice choice;
	struct strv conditions;
	const char *interval;
	int64_t interval_ns;
};

static const struct option rows[] = {
	OPT_LIST(struct wait, conditions, "condition", 0, "WORD",
		 "until it is exited (default), stopped, created, running, paused, removed, healthy or unhealthy"),
	OPT_STRING(struct wait, interval, "interval", 'i', "TIME", "how often to look, such as 500ms; default: 250ms"),
	OPT_FLAG(struct wait, choice.ignore, "ignore", 0, "one that does not exist has -1"),
	OPT_FLAG(struct wait, choice.latest, "latest", 'l', "the one that was made last"),
};

static bool is_exited(const struct container *c)
{
	return c->phase == PHASE_EXITED && !c->watched;
}

static bool is_created(const struct container *c)
{
	return c->phase == PHASE_CREATED;
}

static bool is_running(const struct container *c)
{
	return c->phase == PHASE_RUNNING;
}

static bool is_paused(const struct container *c)
{
	return c->phase == PHASE_PAUSED;
}

static bool is_healthy(const struct container *c)
{
	return c->health == HEALTH_HEALTHY;
}

static bool is_unhealthy(const struct container *c)
{
	return c->health == HEALTH_UNHEALTHY;
}

static bool is_there_no_more(const struct container *c)
{
	(void)c;
	return false;
}

static const struct {
	const char *word;
	bool (*holds)(const struct container *c);
} conditions[] = {
	{ "exited", is_exited },   { "stopped", is_exited },	   { "created", is_created },
	{ "configured", is_created }, { "running", is_running },   { "paused", is_paused },
	{ "healthy", is_healthy }, { "unhealthy", is_unhealthy }, { "removed", is_there_no_more },
};

static int check_condition(const char *word, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(conditions); i++)
		if (streq(word, conditions[i].word))
			return 0;
	return err_say(e, EINVAL,
		       "--condition %s: it is exited, stopped, created, running, paused, removed, healthy or unhealthy", word);
}

static bool any_holds(const struct wait *o, const struct container *c)
{
	for (size_t i = 0; i < o->conditions.n; i++)
		for (size_t k = 0; k < ARRAY_SIZE(conditions); k++)
			if (streq(o->conditions.v[i], conditions[k].word) && conditions[k].holds(c))
				return true;
	return false;
}

/* Look again and again. Return: 0, or -errno with @e filled; one that has gone has been waited for, too */
static int watch(const struct engine *g, const char *id, const struct wait *o, int *ret_status, struct err *e)
{
	const struct timespec pause = { .tv_sec = o->interval_ns / NS_PER_S, .tv_nsec = o->interval_ns % NS_PER_S };

	for (;;) {
		auto_container struct container c = { 0 };
		int r = engine_settle(g, id, e);

		if (r >= 0)
			r = container_load(g, id, &c, e);
		*ret_status = r >= 0 && c.phase == PHASE_EXITED ? c.exit.status : -1;
		if (r == -ENOENT || (r >= 0 && any_holds(o, &c)))
			return 0;
		if (r < 0)
			return r;
		(void)nanosleep(&pause, NULL);
	}
}

static int wait_one(const struct engine *g, const char *id, const void *arg, struct err *e)
{
	const struct wait *o = arg;
	int status, r = o->conditions.n ? watch(g, id, o, &status, e) : engine_wait(g, id, &status, e);

	if (r >= 0)
		printf("%d\n", status);
	return r;
}

/* "500ms"; a number alone is of milliseconds. */
static int read_interval(struct wait *o, struct err *e)
{
	uint64_t ms;

	o->interval_ns = INTERVAL_NS;
	if (!o->interval)
		return 0;
	if (str_to_u64(o->interval, INT_MAX, &ms) == 0)
		o->interval_ns = (int64_t)ms * NS_PER_MS;
	else if (str_to_duration(o->interval, &o->interval_ns) < 0)
		return err_say(e, EINVAL, "--interval %s: a length of time such as 500ms, please", o->interval);
	return 0;
}

static int run(const struct call *c, struct err *e)
{
	struct wait o = *(const struct wait *)c->options;
	const struct verb_each how = { .choice = &o.choice, .silent = true, .missing = "-1" };
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = read_interval(&o, e);
	for (size_t i = 0; i < o.conditions.n && r >= 0; i++)
		r = check_condition(o.conditions.v[i], e);
	return r < 0 ? r : verb_each(c, &g, &how, wait_one, &o, e);
}

const struct verb verb_wait = {
	.name = "wait",
	.group = "Containers",
	.arguments = "[CONTAINER…]",
	.help = "wait for its end",
	.about = "Wait until containers have ended, and print the exit status of each; -1 where nobody could record it, or where it "
		 "has not ended and something else was waited for.",
	.max_args = ARGS_ANY,
	.options = OPTIONS(rows, struct wait),
	.run = run,
};
