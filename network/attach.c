// SPDX-License-Identifier: Apache-2.0
/*
 * attach.c: a container joins a network and leaves it.
 *
 * Joining: ports are bound, the record is written, then bridge, rules, links and names are made. Leaving goes by the record
 * alone, and so does taking back a half of a joining. The record comes before the elements of the table and is
 * retired before they are removed: whoever finds the table flushed makes it again from the records that are in use, and
 * can neither miss a container nor bring one back.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "network/apart.h"
#include "network/conntrack.h"
#include "network/egress_rules.h"
#include "network/elements.h"
#include "network/folder.h"
#include "network/hosts.h"
#include "network/link.h"
#include "network/nft.h"
#include "network/parent.h"
#include "network/ports.h"
#include "network/record.h"
#include "network/reload.h"
#include "network/table.h"
#include "network/tc.h"

#define TRIES 8 /* somebody flushes the tables at the same moment, again and again */

/* What one command works with. */
struct work {
	int networks;
	int names; /* the network's folder of records */
	struct nl rt, nf;
};

static void work_close(struct work *w)
{
	if (w->names >= 0)
		close(w->names);
	nl_close(&w->rt);
	nl_close(&w->nf);
}

#define auto_work __attribute__((cleanup(work_close)))

static int work_open(struct work *w, const char *network, struct err *e)
{
	w->names = folder_open(w->networks, network, FOLDER_NAMES, e);
	int r = w->names < 0 ? w->names : nl_open(&w->rt, NETLINK_ROUTE, e);

	return r < 0 ? r : nft_open(&w->nf, e);
}

/* Leaving. */

/* The first failure counts, and does not keep the rest from being tried. */
static void keep_first(int *first, int r, struct err *e, const struct err *mine)
{
	if (r >= 0 || *first < 0)
		return;
	*first = r;
	*e = *mine;
}

static int withdraw_ports(struct work *w, const struct record *record, struct arena *arena, struct err *e)
{
	struct net_port *ports;
	size_t n;
	int r = record_ports(record, arena, &ports, &n, e);

	if (r < 0 || n == 0)
		return r;
	r = elements_withdraw(&w->nf, record->address, ports, n, e);
	return r < 0 ? r : conntrack_forget(&w->nf, ports, n, e);
}

/* A link that is in the container's namespace alone goes with that, or is removed there. */
static int leave_link(struct work *w, const struct record *record, int netns, bool ended, struct err *e)
{
	if (!*record->link)
		return netns < 0 ? 0 : link_remove_inside(record->interface, netns, e);
	return ended ? link_cut(&w->rt, record->link, e) : link_remove(&w->rt, record->link, e);
}

/* Undo what a record lists; the record goes last, and stays where something failed. */
static int leave(struct work *w, const char *id, const struct net_network *n, int netns, bool ended, struct err *e)
{
	auto_arena struct arena arena = { 0 };
	struct record record;
	struct err mine;
	int first = 0, r = record_read(w->names, id, &arena, &record, e);

	if (r == -ENOENT)
		return 0;
	if (r == -EINVAL) /* cut short by a power failure, and so of an earlier boot */
		return record_remove(w->names, id, e);
	if (r < 0)
		return r;
	r = record_retire(w->names, id, e);
	if (r < 0)
		return r;
	keep_first(&first, withdraw_ports(w, &record, &arena, &mine), e, &mine);
	keep_first(&first, leave_link(w, &record, netns, ended, &mine), e, &mine);
	if (record.egress.n)
		keep_first(&first, egress_remove(&w->nf, record.link, &mine), e, &mine);
	if (record.hosts && !ended)
		hosts_clear(record.hosts, n->name);
	keep_first(&first, hosts_refresh(w->names, n, &mine), e, &mine);
	return first < 0 ? first : record_remove(w->names, id, e);
}

int network_detach(int networks, const struct net_plan *plan, int netns, bool ended, struct err *e)
{
	auto_work struct work w = { .networks = networks, .names = -1 };
	int r = str_check_name(plan->id, "container id", e);

	if (r < 0)
		return r;
	r = work_open(&w, plan->network.name, e);
	if (r == -ENOENT)
		return 0; /* the network itself has been removed, and its links with it */
	return r < 0 ? r : leave(&w, plan->id, &plan->network, netns, ended, e);
}

/* Joining. */

static int publish(struct work *w, const struct net_plan *plan, struct err *e)
{
	struct elements all = { &plan->network, plan->address, plan->ports, plan->n_ports, 0 };
	int r = -ENOENT;

	for (int i = 0; i < TRIES && r == -ENOENT; i++) { /* flushed between the check and the change */
		bool made;

		r = table_ensure(&w->nf, &made, e);
		if (r == 0 && made)
			r = reload_all(w->networks, &w->nf, e);
		if (r == 0)
			r = elements_publish(&w->nf, &all, e);
	}
	return r < 0 ? r : conntrack_forget(&w->nf, plan->ports, plan->n_ports, e);
}

/* Before its link is up: a container that runs may use it at once. */
static int confine(struct work *w, const struct net_plan *plan, const char *link, struct err *e)
{
	struct net_addr addresses[NET_FAMILIES];

	for (enum net_family f = 0; f < NET_FAMILIES; f++) {
		addresses[f] = plan->address[f];
		addresses[f].prefix = plan->network.ip[f].subnet.prefix;
	}
	int r = egress_put(&w->nf, &(struct egress_place){ link, addresses }, &plan->egress, 0, e);

	return r < 0 ? r : link_raise(&w->rt, link, e);
}

/* Bridge, rules, and a pair with one end on the bridge. @link: the name of that end */
static int join_bridge(struct work *w, const struct net_plan *plan, const char *link, int netns, struct err *e)
{
	uint32_t bridge;
	int r = link_bridge(&w->rt, &plan->network, &bridge, e);

	for (enum net_family f = 0; f < NET_FAMILIES && r == 0 && !plan->network.internal; f++)
		if (plan->network.ip[f].subnet.family)
			r = link_forwarding(f, e);
	if (r == 0)
		r = publish(w, plan, e);
	if (r == 0 && plan->apart && plan->n_ports)
		r = apart_prepare(e);
	if (r == 0)
		r = link_pair(&w->rt, link, bridge, plan, netns, e);
	return r < 0 || !plan->egress.limited ? r : confine(w, plan, link, e);
}

static int join(struct work *w, const struct net_plan *plan, int netns, struct err *e)
{
	bool bridge = plan->network.driver == NET_BRIDGE;
	char link[IF_NAMESIZE] = "", interface[IF_NAMESIZE];

	if (bridge)
		link_name(plan->id, plan->network.name, netns, link);
	int r = record_write(w->names, plan, link, e);

	if (r == 0)
		r = bridge ? join_bridge(w, plan, link, netns, e) : parent_attach(&w->rt, plan, netns, e);
	if (r == 0)
		r = link_inside(plan, netns, e);
	if (r == 0 && plan->shape && plan->shape->n)
		r = tc_shape(&w->rt, link, net_plan_interface(plan, interface), netns, plan->shape, e);
	return r < 0 ? r : hosts_refresh(w->names, &plan->network, e);
}

static int check(const struct net_plan *plan, struct err *e)
{
	const struct net_network *n = &plan->network;
	int r = str_check_name(plan->id, "container id", e);

	if (r < 0)
		return r;
	for (enum net_family f = 0; f < NET_FAMILIES; f++)
		if (plan->address[f].family != n->ip[f].subnet.family)
			return err_say(e, EINVAL, "container %s has no address in network %s", plan->id, n->name);
	if (n->internal && plan->n_ports)
		return err_say(e, EINVAL, "network %s is internal: no port can be published", n->name);
	if (n->driver != NET_BRIDGE && plan->n_ports)
		return err_say(e, EINVAL, "network %s is of %s: no port can be published, its containers have addresses of their own",
			       n->name, net_driver_names[n->driver]);
	if (n->driver != NET_BRIDGE && plan->egress.limited)
		return err_say(e, EINVAL, "network %s is of %s: egress rules need a bridge, all that its containers send passes this host by",
			       n->name, net_driver_names[n->driver]);
	return 0;
}

int network_attach(int networks, struct net_plan *plan, int netns, struct net_hold *ret_hold, struct err *e)
{
	auto_work struct work w = { .networks = networks, .names = -1 };
	auto_free struct net_port *ports = calloc(plan->n_ports + 1, sizeof(*ports));
	struct net_hold hold = { .n = 0 };
	struct net_plan mine = *plan;
	struct err ignored;
	int r = check(plan, e);

	if (!ports)
		return err_nomem(e);
	if (plan->n_ports)
		memcpy(ports, plan->ports, plan->n_ports * sizeof(*ports));
	mine.ports = ports; /* a port that the kernel chooses becomes the plan's when all has succeeded */
	if (r == 0)
		r = work_open(&w, plan->network.name, e);
	if (r == 0)
		r = leave(&w, plan->id, &plan->network, netns, false, e);
	if (r == 0 && !plan->apart)
		r = ports_take(networks, plan->address, ports, plan->n_ports, &hold, e);
	if (r < 0)
		return r;
	r = join(&w, &mine, netns, e);
	if (r < 0) {
		(void)leave(&w, plan->id, &plan->network, netns, false, &ignored); /* the first error is the one that counts */
		net_hold_close(&hold);
		return err_wrap(e, "network %s", plan->network.name);
	}
	if (plan->n_ports)
		memcpy(plan->ports, ports, plan->n_ports * sizeof(*ports));
	if (ret_hold && !plan->apart)
		*ret_hold = hold;
	else
		net_hold_close(&hold);
	return 0;
}

int network_shape(int networks, const struct net_plan *plan, int netns, const struct net_shape *shape, struct err *e)
{
	const char *network = plan->network.name;
	auto_fd int names = folder_open(networks, network, FOLDER_NAMES, e);
	auto_arena struct arena arena = { 0 };
	auto_nl struct nl rt = { 0 };
	char boot[RECORD_BOOT_MAX];
	struct record record;
	int r = names < 0 ? names : record_boot(boot, e);

	if (r == 0)
		r = record_read_active(names, plan->id, boot, &arena, &record, e);
	if (r == 0)
		r = nl_open(&rt, NETLINK_ROUTE, e);
	if (r == 0)
		r = tc_shape(&rt, record.link, record.interface, netns, shape, e);
	return r < 0 ? err_wrap(e, "network %s", network) : 0;
}
