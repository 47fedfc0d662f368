// SPDX-License-Identifier: Apache-2.0
/*
 * What of a sandbox does not end by itself when it does: a cgroup for its limits, and the program behind its network. So these
 * are on record, as a container's are:
 *
 *   RUN/sandboxes/ID/   state.h, user_network.h
 *
 * and the next sandbox that has such things gives back what a killed command has left.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/sock.h"
#include "namespaces/ns.h"
#include "runtime/destroy.h"
#include "runtime/limits.h"
#include "runtime/sandbox_parts.h"
#include "runtime/user_network.h"

static bool has_limits(const struct sandbox_options *o)
{
	return o->limits.memory || o->limits.memory_swap || o->limits.cpus || o->limits.pids_limit;
}

/* ---- limits ---- */

static int take_limits(struct sandbox *s, struct create_request *q, struct err *e)
{
	const struct settings none = { .id = s->id };
	struct limit_change change = { 0 };
	struct arena *a = &s->spec.arena;
	char delegated[PATH_MAX];
	int r = limits_read(&s->o->limits, a, &change, e);

	if (r >= 0)
		r = limits_available(&none, &change.set, e);
	if (r < 0)
		return r;
	s->spec.linux_.resources = change.set;
	s->spec.linux_.resources.given = true;
	const char *manager = compose_cgroup_manager(s->g), *parent = "/paene";

	if (streq(manager, cgroup_manager_names[CGROUP_MANAGER_DISABLED])) {
		err_say(e, EPERM, "no cgroup is given to you, so nothing can be limited");
		return err_hint(e, "--time works without");
	}
	if (streq(manager, cgroup_manager_names[CGROUP_MANAGER_SYSTEMD])) {
		q->plan.cgroup_manager = CGROUP_MANAGER_SYSTEMD;
		s->spec.linux_.cgroups_path = arena_printf(a, ":paene:%s", s->id);
		return s->spec.linux_.cgroups_path ? 0 : err_nomem(e);
	}
	if (s->g->rootless) {
		parent = cgroup_delegated(delegated) ? delegated : "";
	} else if (cgroup_home()) {
		parent = cgroup_home();
		q->plan.cgroup_home = true;
	}
	q->plan.cgroup_manager = CGROUP_MANAGER_CGROUPFS;
	q->plan.cgroup_path = arena_printf(a, "%s/%s", parent, s->id);
	return q->plan.cgroup_path ? 0 : err_nomem(e);
}

/* ---- network ---- */

static int start_pasta(const struct sandbox *s, int netns, struct err *e)
{
	char folder[sizeof("sandboxes/") + sizeof(s->id)];

	snprintf(folder, sizeof(folder), "sandboxes/%s", s->id);
	auto_fd int program = user_network_begin(&s->recorded, folder, netns, e);

	return program < 0 ? program : 0;
}

/* In a child: a user has rights over the network namespace in the sandbox's user namespace alone, and cannot come back from there. */
static _Noreturn void start_inside(const struct sandbox *s, int userns, int netns, int report)
{
	struct err e = { 0 };

	if (setns(userns, CLONE_NEWUSER) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		err_set(&e, errno, "enter the sandbox's user namespace");
	else
		(void)start_pasta(s, netns, &e);
	(void)sock_send(report, &e, sizeof(e), NULL, 0); /* who does not hear of it takes it for a failure */
	_exit(0);
}

static int connect_network(pid_t pid, int netns, void *arg, struct err *e)
{
	const struct sandbox *s = arg;
	auto_fd int userns = ns_open_pid(NS_USER, pid, e);
	auto_fd int ours = -1, report = -1;
	struct err said;

	if (userns < 0)
		return userns;
	if (!geteuid())
		return start_pasta(s, netns, e) < 0 ? err_wrap(e, "--net") : 0;
	int r = sock_pair(&ours, &report, e);

	if (r < 0)
		return r;
	pid_t child = fork();

	if (child < 0)
		return err_set(e, errno, "make a process");
	if (child == 0)
		start_inside(s, userns, netns, report);
	fd_close(&report);
	ssize_t n = sock_recv(ours, &said, sizeof(said), NULL, 0);

	(void)waitpid(child, NULL, 0);
	if (n != (ssize_t)sizeof(said))
		return err_say(e, ECHILD, "--net: the process that starts pasta has ended");
	if (said.code) {
		*e = said;
		return err_wrap(e, "--net");
	}
	return 0;
}

int sandbox_take_resources(struct sandbox *s, struct create_request *q, struct err *e)
{
	char path[PATH_MAX];

	if (!s->o->net && !has_limits(s->o))
		return 0;
	if (proc_random_hex(s->id, sizeof(s->id) - 1) < 0)
		return err_say(e, EIO, "no random number for an id");
	snprintf(path, sizeof(path), "%s/sandboxes", s->g->run_path);
	s->recorded = *s->g;
	s->recorded.run = path_mkdirs(s->g->run_path, 0700, e);
	s->recorded.states = s->recorded.run < 0 ? s->recorded.run : state_root(path, e);
	if (s->recorded.states < 0)
		return s->recorded.states;
	q->root = s->recorded.states;
	q->plan.bundle = "/"; /* what is on record has one */
	if (s->o->net) {
		q->wire = connect_network;
		q->wire_arg = s;
	}
	return has_limits(s->o) ? take_limits(s, q, e) : 0;
}

static void give_back(const struct sandbox *s, const char *id)
{
	struct err ignored; /* one that runs stays; what else cannot be given back is tried again by the next one */

	auto_fd int program = user_network_find(&s->recorded, id);

	if (container_delete(s->recorded.states, id, false, &ignored) >= 0)
		user_network_end(program);
}

void sandbox_give_back(struct sandbox *s)
{
	auto_arena struct arena a = { 0 };
	struct strv ids = { 0 };
	struct err ignored;

	if (s->recorded.states < 0)
		return;
	if (state_list(s->recorded.states, &a, &ids, &ignored) >= 0)
		for (size_t i = 0; i < ids.n; i++)
			give_back(s, ids.v[i]);
	fd_close(&s->recorded.states);
	fd_close(&s->recorded.run);
}
