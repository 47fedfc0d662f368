// SPDX-License-Identifier: Apache-2.0
/* network: the group, and its small verbs. */
#include <errno.h>
#include <stdlib.h>

#include "base/fd.h"
#include "cli/network_filter.h"
#include "cli/output.h"
#include "cli/prompt.h"
#include "cli/prune.h"
#include "cli/verbs.h"
#include "runtime/cni_plan.h"
#include "runtime/networks.h"
#include "runtime/wiring.h"

/* ---- rm ---- */

struct rm {
	bool force;
};

static const struct option rm_rows[] = {
	OPT_FLAG(struct rm, force, "force", 'f', "with the containers that are on it; one that is not there is fine"),
};

static int run_rm(const struct call *c, struct err *e)
{
	const struct rm *o = c->options;
	auto_engine struct engine g;
	int status = 0, r = verb_engine(c, &g, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < c->n_args; i++) {
		r = engine_network_remove(&g, c->args[i], o->force, e);
		if (r >= 0) {
			output_line(c->args[i]);
		} else if (r != -ENOENT || !o->force) {
			output_error(c, e);
			status = 1;
		}
	}
	return status;
}

static const struct verb verb_rm_network = {
	.name = "rm",
	.aliases = "remove",
	.above = &verb_network,
	.arguments = "NETWORK…",
	.help = "remove some",
	.about = "Remove networks that no container is on, and print their names. The default one stays.",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.options = OPTIONS(rm_rows, struct rm),
	.run = run_rm,
};

/* ---- prune ---- */

struct prune {
	struct strv filters, plugins;
	bool force;
};

static const struct option prune_rows[] = {
	OPT_FLAG(struct prune, force, "force", 'f', "do not ask"),
	OPT_LIST(struct prune, plugins, "cni", 0, "NAME", "have the plugins of this one remove what is no container's of ours"),
	OPT_LIST(struct prune, filters, "filter", 0, "KEY=VALUE", "of them, those with this " NETWORK_FILTERS_HELP),
};

struct candidates {
	struct arena *arena;
	struct network_filters filters;
	struct strv names;
};

/* Whether one is used is asked when it is removed. */
static int consider(const struct net_network *n, const struct spec_map *labels, void *arg, struct err *e)
{
	struct candidates *all = arg;
	struct network_view v;
	int r = network_view_fill(n, labels, all->arena, &v, e);

	if (r < 0 || streq(n->name, NET_DEFAULT) || !network_filters_fit(&all->filters, &v, false))
		return r;
	return strv_add(all->arena, &all->names, n->name) < 0 ? err_nomem(e) : 0;
}

static const char removes[] = "This command removes all networks without at least one container on them.";
static const char collects[] = "This command removes what plugins have made there for anybody but containers of paene.";

/* Return: the exit status */
static int collect(const struct call *c, const struct engine *g, const struct strv *networks, struct err *e)
{
	int status = 0;

	for (size_t i = 0; i < networks->n; i++) {
		if (cni_plan_collect(g, networks->v[i], e) >= 0)
			continue;
		output_error(c, e);
		status = 1;
	}
	return status;
}

int prune_networks(struct pruning *p, struct err *e)
{
	struct candidates found = { .arena = p->call->arena };
	int r = network_filters_read(p->filters, found.arena, &found.filters, e);

	if (r >= 0)
		r = network_each(p->g->networks, consider, &found, e);
	for (size_t i = 0; i < found.names.n && r >= 0; i++) {
		int removed = engine_network_remove(p->g, found.names.v[i], false, e);

		if (removed >= 0)
			pruning_gone(p, found.names.v[i]);
		else if (removed != -EBUSY && removed != -ENOENT) /* in use, or gone meanwhile */
			pruning_failed(p, e);
	}
	return r;
}

static int run_prune(const struct call *c, struct err *e)
{
	const struct prune *o = c->options;
	auto_engine struct engine g;
	struct pruning p = { .call = c, .g = &g, .filters = &o->filters };
	int r = verb_engine(c, &g, e);

	if (r < 0 || (!o->force && !prompt_yes(o->plugins.n ? collects : removes)))
		return r < 0 ? r : 0;
	if (o->plugins.n)
		return collect(c, &g, &o->plugins, e);
	r = prune_networks(&p, e);
	return r < 0 ? r : p.status;
}

static const struct verb verb_prune_networks = {
	.name = "prune",
	.above = &verb_network,
	.arguments = "",
	.help = "remove those that no container is on",
	.about = "Remove all networks that no container is on, whether it runs or not, and print their names. The default one stays. "
		 "With --cni no network of paene's: the plugins of /etc/cni/net.d (cniVersion 1.1.0) collect addresses and links of "
		 "containers that are no more. Where other programs put containers on the same network that would take theirs: then "
		 "its configuration should have disableGC.",
	.options = OPTIONS(prune_rows, struct prune),
	.run = run_prune,
};

/* ---- exists ---- */

static int run_exists(const struct call *c, struct err *e)
{
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	if (r < 0)
		return r;
	r = wiring_find(&g, c->args[0], e);
	return r == -ENOENT ? 1 : r;
}

static const struct verb verb_exists_network = {
	.name = "exists",
	.above = &verb_network,
	.arguments = "NETWORK",
	.help = "whether there is one",
	.about = "Exit with 0 where there is such a network, with 1 where there is none; 125 says that it could not be found out.",
	.min_args = 1,
	.max_args = 1,
	.failure_status = STATUS_ENGINE,
	.options = NO_OPTIONS,
	.run = run_exists,
};

/* ---- reload ---- */

struct reload {
	bool all;
};

static const struct option reload_rows[] = {
	OPT_FLAG(struct reload, all, "all", 'a', "as podman has it: all are looked at in any case"),
};

static int run_reload(const struct call *c, struct err *e)
{
	char id[CONTAINER_ID_MAX], foreign[NET_FOREIGN_MAX];
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	for (size_t i = 0; i < c->n_args && r >= 0; i++)
		r = verb_container(&g, c->args[i], id, e);
	if (r >= 0)
		r = engine_network_reload(&g, e);
	if (r >= 0 && network_foreign(foreign, e) > 0)
		output_warning(c, foreign);
	return r;
}

static const struct verb verb_reload_networks = {
	.name = "reload",
	.above = &verb_network,
	.arguments = "[CONTAINER…]",
	.help = "make rules again that somebody flushed",
	.about = "Look at the rules of all networks and make again what is missing of them, as after `nft flush ruleset`. The next "
		 "container that starts does that, too.",
	.max_args = ARGS_ANY,
	.options = OPTIONS(reload_rows, struct reload),
	.run = run_reload,
};

/* ---- the group ---- */

static const struct verb *const verbs[] = {
	&verb_network_connect, &verb_network_create, &verb_network_disconnect, &verb_exists_network, &verb_network_inspect,
	&verb_network_ls, &verb_prune_networks, &verb_reload_networks, &verb_rm_network,
	&verb_network_shape,
};

const struct verb verb_network = {
	.name = "network",
	.group = "Other",
	.arguments = "VERB [ARGUMENT…]",
	.help = "networks, who is on them",
	.about = "Verbs about the networks that containers are on.",
	.below = VERBS(verbs),
};
