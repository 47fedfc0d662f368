// SPDX-License-Identifier: Apache-2.0
#include "runtime/usage.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/sysinfo.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/timestamp.h"
#include "runtime/ksm.h"

#define NET_DEV_MAX (1 << 20)

/* Opened first, identified then: a later process of the same number has another start time. */
static int open_init(const struct proc_id *init, struct err *e)
{
	char path[32];
	struct proc_id now;

	snprintf(path, sizeof(path), "/proc/%d", init->pid);
	auto_fd int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_set(e, errno == ENOENT ? ESRCH : errno, "open %s", path);
	int r = proc_identify(init->pid, &now, e);

	if (r < 0)
		return r;
	return now.start_time == init->start_time ? fd_take(&fd) : err_set(e, ESRCH, "process %d", init->pid);
}

static uint64_t machine_memory(void)
{
	struct sysinfo info;

	return sysinfo(&info) == 0 ? (uint64_t)info.totalram * info.mem_unit : CGROUP_NO_LIMIT;
}

int meter_open(const struct engine *g, const struct settings *s, struct meter *ret, struct err *e)
{
	auto_state struct state state = { 0 };
	auto_meter struct meter m = METER_NONE;
	int r = state_load(g->states, s->id, &state, e);

	if (r < 0)
		return r;
	if (state.status != STATUS_RUNNING && state.status != STATUS_PAUSED)
		return err_say(e, ESRCH, "container %s is %s", s->name, status_names[state.status]);
	m.init = open_init(&state.init, e);
	m.cgroup = m.init < 0 ? m.init : state_cgroup(&state, e);
	if (m.cgroup < 0)
		return m.cgroup;
	m.own_network = streq(s->network, NETWORK_BRIDGE) || streq(s->network, NETWORK_NONE);
	m.merging = ksm_wanted(&state.annotations);
	m.machine_bytes = machine_memory();
	m.limit_above_bytes = cgroup_memory_limit_above(m.cgroup);
	*ret = m;
	m = METER_NONE;
	return 0;
}

void meter_close(struct meter *m)
{
	fd_close(&m->cgroup);
	fd_close(&m->init);
}

void usage_parse_network(const char *text, struct usage *ret)
{
	for (const char *line = text; line; line = strchr(line, '\n')) {
		const char *name = line + strspn(line, "\n "), *end = name + strcspn(name, ":\n");
		struct link_use l = { .name = "" };

		line = name;
		/* the two lines of titles have no colon */
		if (*end != ':' || str_after(name, "lo:") ||
		    sscanf(end + 1, "%" SCNu64 "%*u%*u%*u%*u%*u%*u%*u%" SCNu64, &l.received_bytes, &l.sent_bytes) != 2)
			continue;
		snprintf(l.name, sizeof(l.name), "%.*s", (int)MIN((size_t)(end - name), sizeof(l.name)), name);
		ret->received_bytes += l.received_bytes;
		ret->sent_bytes += l.sent_bytes;
		if (ret->n_links < USAGE_LINKS_MAX)
			ret->links[ret->n_links++] = l;
	}
}

/* Without the controller: by counting processes. */
static int count_pids(int cgroup, struct cgroup_stats *s, struct err *e)
{
	auto_free pid_t *pids = NULL;
	size_t n = 0;
	int r = s->has_pids ? 0 : cgroup_pids(cgroup, &pids, &n, e);

	s->pids += n;
	s->has_pids = true;
	return r;
}

int meter_read(const struct meter *m, struct usage *ret, struct err *e)
{
	struct usage u = { .at_us = clock_us() };
	auto_free char *links = NULL;
	struct err ignored; /* the first process may have ended, others not yet */
	int r = cgroup_read_some(m->cgroup, CGROUP_NOW, &u.cgroup, e);

	if (r >= 0)
		r = count_pids(m->cgroup, &u.cgroup, e);
	if (r >= 0 && m->merging)
		r = cgroup_read_ksm(m->cgroup, &u.ksm, e);
	if (r < 0)
		return r;
	uint64_t limit = MIN(u.cgroup.memory_limit_bytes, m->limit_above_bytes);

	u.limited = limit < m->machine_bytes;
	u.cgroup.memory_limit_bytes = MIN(limit, m->machine_bytes);
	if (m->own_network && file_read(m->init, "net/dev", NET_DEV_MAX, &links, NULL, &ignored) == 0) {
		usage_parse_network(links, &u);
		u.has_network = true;
	}
	*ret = u;
	return 0;
}

static struct opt_u64 counted(bool has, uint64_t v)
{
	return has ? (struct opt_u64){ .set = true, .v = v } : (struct opt_u64){ 0 };
}

int usage_of_run(const struct engine *g, const char *id, struct run_use *ret, struct err *e)
{
	auto_state struct state state = { 0 };
	struct cgroup_stats s;
	int r = state_load(g->states, id, &state, e);

	if (r < 0)
		return r;
	auto_fd int cgroup = state_cgroup(&state, e);

	r = cgroup < 0 ? cgroup : cgroup_read_some(cgroup, CGROUP_LAST, &s, e);
	if (r < 0)
		return r;
	*ret = (struct run_use){
		.cpu_us = counted(true, s.cpu_usage_us),
		.cpu_user_us = counted(true, s.cpu_user_us),
		.cpu_system_us = counted(true, s.cpu_system_us),
		.cpu_periods = counted(s.has_periods, s.cpu_periods),
		.cpu_throttled_periods = counted(s.has_periods, s.cpu_throttled_periods),
		.cpu_throttled_us = counted(s.has_periods, s.cpu_throttled_us),
		.memory_peak_bytes = counted(s.has_memory_peak, s.memory_peak_bytes),
		.swap_peak_bytes = counted(s.has_swap_peak, s.swap_peak_bytes),
		.oom_events = counted(s.has_oom, s.oom_events),
		.oom_kills = counted(s.has_oom, s.oom_kills),
		.pids_peak = counted(s.has_pids_peak, s.pids_peak),
		.io_read_bytes = counted(s.has_io, s.io_read_bytes),
		.io_write_bytes = counted(s.has_io, s.io_write_bytes),
		.io_read_ops = counted(s.has_io, s.io_read_ops),
		.io_write_ops = counted(s.has_io, s.io_write_ops),
	};
	return 0;
}
