// SPDX-License-Identifier: Apache-2.0
#include "runtime/network_check.h"

#include <errno.h>
#include <fcntl.h>

#include "base/fd.h"
#include "base/file.h"
#include "network/netns_file.h"
#include "runtime/cni_plan.h"
#include "runtime/launch.h"
#include "runtime/user_network.h"
#include "runtime/wiring.h"

struct checking {
	const struct engine *g;
	bool repair;
	void (*tell)(const struct net_finding *f, void *arg);
	void *arg;
	struct net_check_result *result;
};

/* @mended: 1: nothing was done about it. Return: 0, or -errno */
static int tell(struct checking *c, const char *what, const char *name, const char *text, int mended)
{
	const struct net_finding f = { what, name, text, mended == 0 };

	if (mended < 0)
		return mended;
	*(f.mended ? &c->result->mended : &c->result->found) += 1;
	c->tell(&f, c->arg);
	return 0;
}

static void pass_on(const struct net_finding *f, void *arg)
{
	const struct checking *c = arg;

	c->tell(f, c->arg);
}

static bool is_up(const struct container *c)
{
	return c->watched || c->phase == PHASE_STARTING || c->phase == PHASE_RUNNING || c->phase == PHASE_PAUSED;
}

static bool runs(const char *id, void *arg)
{
	const struct checking *c = arg;
	auto_container struct container found = { 0 };
	struct err ignored;

	return strlen(id) == RECORD_ID_LENGTH && container_load(c->g, id, &found, &ignored) >= 0 && is_up(&found);
}

/* ---- plugins ---- */

/* One that runs: are its plugins content, and would they take one more? */
static int check_attached(struct checking *c, int dir, const struct container *of, const char *network, struct err *e)
{
	const struct cni_places places = cni_plan_places();
	struct err why;

	(void)e;
	if (cni_check(dir, network, &why) < 0)
		return tell(c, "container", of->settings.name, why.text, 1);
	return cni_status(&places, network, &why) < 0 ? tell(c, "container", of->settings.name, why.text, 1) : 0;
}

static int check_plugins(const struct container *of, void *arg, struct err *e)
{
	struct checking *c = arg;
	int r = 0;

	if (of->unsettled && !of->watched)
		r = tell(c, "container", of->settings.name, "what its last run took has not been given back",
			 c->repair ? engine_settle(c->g, of->settings.id, e) : 1);
	for (size_t i = 0; i < of->settings.networks.n && r >= 0; i++) {
		const char *network = str_after(of->settings.networks.v[i].network, NETWORK_CNI);
		auto_fd int dir = network && is_up(of) ? record_open(c->g, of->settings.id, e) : -1;

		if (dir >= 0)
			r = check_attached(c, dir, of, network, e);
	}
	return r;
}

/* "ID.NETWORK": kept for plugins, as long as the container has their network on record. */
static int check_namespace(int dir, const char *name, void *arg, struct err *e)
{
	struct checking *c = arg;
	char path[NAME_MAX + 256], record[NAME_MAX + 256];
	const char *network = strchr(name, '.');

	(void)dir;
	snprintf(path, sizeof(path), "%s/netns/%s", c->g->run_path, name);
	snprintf(record, sizeof(record), "%.*s/cni%s", network ? (int)(network - name) : 0, name, network ? network : "");
	if (faccessat(c->g->containers, record, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	return tell(c, "namespace", path, "no container has it", c->repair ? netns_file_remove(path, e) : 1);
}

/* Is a container that runs on a network with a way out? */
static int wants_uplink(const struct container *of, void *arg, struct err *e)
{
	const struct checking *c = arg;
	struct net_network n;

	for (size_t i = 0; i < of->run.networks.n && of->phase != PHASE_EXITED; i++)
		if (network_find(c->g->networks, of->run.networks.v[i].network, &n, e) >= 0 && !n.internal)
			return 1;
	return 0;
}

static int start_uplink(const struct engine *g, struct err *e)
{
	auto_fd int uplink = uplink_hold(g, e);

	return uplink < 0 ? uplink : 0;
}

/* A user's way out. */
static int check_uplink(struct checking *c, struct err *e)
{
	if (!uplink_is_up(c->g) && container_each(c->g, wants_uplink, c, e) > 0)
		return tell(c, "uplink", "pasta", "it has ended: containers reach nothing outside", c->repair ? start_uplink(c->g, e) : 1);
	if (!uplink_is_left(c->g))
		return 0;
	if (c->repair)
		uplink_let_go(c->g);
	return tell(c, "uplink", "pasta", "no container is on a bridge", !c->repair);
}

static int check_bridges(void *arg, struct err *e)
{
	struct checking *c = arg;
	const struct net_check_options o = { .repair = c->repair, .runs = runs, .tell = pass_on, .arg = c };

	return network_check(c->g->networks, &o, c->result, e);
}

int engine_network_check(const struct engine *g, bool repair, void (*report)(const struct net_finding *f, void *arg), void *arg,
			 struct net_check_result *ret, struct err *e)
{
	struct checking c = { g, repair, report, arg, ret };

	*ret = (struct net_check_result){ 0 };
	int r = container_each(g, check_plugins, &c, e);

	if (r >= 0)
		r = file_each_in(g->run, "netns", check_namespace, &c, e);
	if (r >= 0 || r == -ENOENT)
		r = wiring_visit(g, check_bridges, &c, e);
	if (r >= 0 && g->rootless)
		r = check_uplink(&c, e);
	return r == -ENOENT ? 0 : r;
}
