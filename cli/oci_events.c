// SPDX-License-Identifier: Apache-2.0
/* `events`: one line of JSON for each event, as `runc events` writes them. */
#include <errno.h>
#include <stdlib.h>

#include "base/fd.h"
#include "cgroups/cgroups.h"
#include "cli/oci.h"
#include "cli/oci_stats.h"
#include "runtime/state.h"
#include "spec/text.h"

#define INTERVAL_DEFAULT_MS 5000
#define INTERVAL_MAX_MS	    (INT64_C(1000) * 1000 * 1000)

struct events_options {
	const char *interval;
	bool stats;
};

static const struct option rows[] = {
	OPT_STRING(struct events_options, interval, "interval", 0, "DURATION", "between two, such as 100ms or 1m30s; default: 5s"),
	OPT_FLAG(struct events_options, stats, "stats", 0, "once, and not again"),
};

/* A number with a fraction and a unit, and more of the same kind behind it: what Go calls a duration. */
static int read_interval(const char *text, int64_t *ret_ms, struct err *e)
{
	static const struct {
		const char *unit;
		double ms;
	} units[] = { { "ns", 1e-6 }, { "us", 1e-3 }, { "µs", 1e-3 }, { "ms", 1 }, { "s", 1e3 }, { "m", 6e4 }, { "h", 3.6e6 } };
	const char *p = text;
	double sum = 0;

	while (*p >= '0' && *p <= '9') {
		char *unit;
		double number = strtod(p, &unit);
		size_t len = strcspn(unit, "0123456789"), i = 0;

		if (unit != p + strspn(p, "0123456789.")) /* "1e3", "0x1" */
			break;
		while (i < ARRAY_SIZE(units) && (strlen(units[i].unit) != len || strncmp(unit, units[i].unit, len) != 0))
			i++;
		if (i == ARRAY_SIZE(units))
			break;
		sum += number * units[i].ms;
		p = unit + len;
	}
	if (p == text || *p || !(sum > 0 && sum <= (double)INTERVAL_MAX_MS))
		return err_say(e, EINVAL, "--interval %.80s: a duration such as 5s or 100ms, greater than 0, please", text);
	*ret_ms = MAX((int64_t)sum, 1);
	return 0;
}

struct watcher {
	const char *id;
	int cgroup;
};

/* @data: taken over; NULL: none */
static int print_event(const char *type, const char *id, json_t *data, struct err *e)
{
	json_auto_t *event = json_pack("{s:s, s:s}", "type", type, "id", id);
	auto_free char *text = NULL;

	if (data && json_object_set_new(event, "data", data) < 0)
		return err_nomem(e);
	int r = event ? json_to_text(event, &text, e) : err_nomem(e);

	if (r >= 0 && (puts(text) < 0 || fflush(stdout) < 0))
		return err_set(e, errno, "write to standard output");
	return r;
}

/* Without the controller: by counting. */
static int count_pids(int cgroup, struct cgroup_stats *s, struct err *e)
{
	auto_free pid_t *pids = NULL;
	size_t n = 0;
	int r = s->has_pids ? 0 : cgroup_pids(cgroup, &pids, &n, e);

	s->pids += n;
	return r;
}

static int print_stats(const struct watcher *w, struct err *e)
{
	auto_arena struct arena arena = { 0 };
	struct cgroup_stats stats;
	struct cgroup_details details;
	json_t *data;
	int r = cgroup_read_stats(w->cgroup, &stats, e);

	if (r >= 0)
		r = count_pids(w->cgroup, &stats, e);
	if (r >= 0)
		r = cgroup_read_details(w->cgroup, &arena, &details, e);
	if (r >= 0)
		r = oci_stats(&stats, &details, &data, e);
	return r < 0 ? r : print_event("stats", w->id, data, e);
}

static int print_notice(enum cgroup_notice what, void *arg, struct err *e)
{
	const struct watcher *w = arg;

	return what == CGROUP_OOM ? print_event("oom", w->id, NULL, e) : print_stats(w, e);
}

static int run(const struct call *c, struct err *e)
{
	const struct events_options *o = c->options;
	auto_state struct state s = { 0 };
	int64_t interval_ms = INTERVAL_DEFAULT_MS;
	int r = o->interval ? read_interval(o->interval, &interval_ms, e) : 0;
	auto_fd int root = r < 0 ? r : oci_open_root(c, e);

	r = root < 0 ? root : state_load(root, c->args[0], &s, e);
	if (r < 0)
		return r;
	if (s.status == STATUS_STOPPED)
		return err_say(e, ESRCH, "container not running: %s is %s", s.id, status_names[s.status]);
	auto_fd int cgroup = state_cgroup(&s, e);
	struct watcher w = { .id = s.id, .cgroup = cgroup };

	if (cgroup < 0)
		return cgroup;
	if (o->stats)
		return print_stats(&w, e);
	r = cgroup_watch(cgroup, interval_ms, print_notice, &w, e);
	return r == -ENODEV || r == -ENOENT ? 0 : r; /* it ended while its counters were read */
}

const struct verb oci_events = {
	.name = "events",
	.group = "Looking at containers",
	.arguments = "ID",
	.help = "what happens in it",
	.about = "Print the counters of a container at intervals, and each time that memory has run out in it, until it ends.",
	.min_args = 1,
	.max_args = 1,
	.options = OPTIONS(rows, struct events_options),
	.run = run,
};
