// SPDX-License-Identifier: Apache-2.0
/*
 * Theory of operation. First it is listed what the kernel has, then what records and leases say: they are written before the
 * kernel is asked for anything. What the kernel has on our bridges, in our subnets, or under names that only we give, and no
 * record lists, is nobody's, and so are a lease and a record whose container does not run. If there seems to be something wrong
 * all is looked at once more, a moment later, and only then told and mended.
 *
 * Another data folder of paene's may share the kernel's table with us: elements of subnets and bridges that are not ours, and there,
 * are left alone.
 */
#include "network/check.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <linux/rtnetlink.h>

#include "base/fd.h"
#include "base/file.h"
#include "network/folder.h"
#include "network/link.h"
#include "network/nft.h"
#include "network/ports.h"
#include "network/record.h"
#include "network/rules.h"
#include "network/sets.h"
#include "network/subnet.h"
#include "network/table.h"

#define LINK_PREFIX   "pv" /* link_name() */
#define BRIDGE_PREFIX "paene"
#define PAUSE_NS      500000000L /* what is on its way out has gone by then, if the machine is not very busy */

/* A link of this host. */
struct seen_link {
	char name[IF_NAMESIZE];
	struct link link;
	bool has_ports;
};

/* A container on a network, by its record. */
struct member {
	const char *id, *bridge;
	bool runs;
	struct record record;
	size_t n_elements; /* that its ports should have */
	size_t n_found;	   /* and have */
};

struct check {
	int networks;
	const struct net_check_options *o;
	struct net_check_result *result;
	struct arena arena;
	struct nl rt, nf;
	char boot[RECORD_BOOT_MAX];
	const struct net_network **all;
	struct member *members;
	struct seen_link *links;
	struct sets_element *elements;
	size_t n_all, n_members, n_links, n_elements;
	bool quiet;	/* nothing is told or mended yet */
	size_t quietly; /* what seems to be wrong */
};

/* One more at the end of a list. Return: NULL where there is no memory */
static void *grow(struct check *c, void *list, size_t n, size_t size)
{
	void *more = n & (n - 1) ? list : arena_array(&c->arena, n ? n * 2 : 1, size); /* room for powers of two */

	if (more && more != list && n)
		memcpy(more, list, n * size);
	return more;
}

/* @mend: what can be done about it; NULL: nothing. Return: 0, or -errno with @e filled */
static int tell(struct check *c, const struct net_finding *found, int (*mend)(struct check *c, const void *thing, struct err *e),
		const void *thing, struct err *e)
{
	struct net_finding f = *found;

	if (c->quiet) {
		c->quietly++;
		return 0;
	}
	int r = mend && c->o->repair ? mend(c, thing, e) : 0;

	if (r < 0)
		return err_wrap(e, "%s %s", f.what, f.name);
	f.mended = mend && c->o->repair;
	*(f.mended ? &c->result->mended : &c->result->found) += 1;
	c->o->tell(&f, c->o->arg);
	return 0;
}

/* ---- files ---- */

struct of_network {
	struct check *c;
	const struct net_network *n;
};

/* A lease or a record of a container that does not run. */
struct left {
	const struct net_network *network;
	const char *id;
	int dir;
	const char *file;
};

static int mend_lease(struct check *c, const void *thing, struct err *e)
{
	const struct left *l = thing;

	(void)c;
	return file_remove(l->dir, l->file, e);
}

static int check_lease(int dir, const char *address, void *arg, struct err *e)
{
	const struct of_network *of = arg;
	auto_free char *owner = NULL;
	char name[256 + 160], text[256];
	int r = file_read(dir, address, 255, &owner, NULL, e);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	owner[strcspn(owner, "\n")] = '\0';
	if (of->c->o->runs(owner, of->c->o->arg))
		return 0;
	snprintf(name, sizeof(name), "%s of network %s", address, of->n->name);
	snprintf(text, sizeof(text), "container %.64s, which has it, does not run", owner);
	return tell(of->c, &(struct net_finding){ "lease", name, text, false }, mend_lease,
		    &(struct left){ of->n, owner, dir, address }, e);
}

/* Return: 0, or -errno with @e filled (-ENOENT: it is leaving; -EINVAL: cut short by a power failure) */
static int add_member(struct check *c, const struct net_network *n, int names, const char *id, bool runs, struct err *e)
{
	struct member m = { .id = arena_strdup(&c->arena, id), .bridge = n->bridge, .runs = runs };
	struct net_port *ports;
	size_t n_ports;

	c->members = grow(c, c->members, c->n_members, sizeof(*c->members));
	if (!m.id || !c->members)
		return err_nomem(e);
	int r = record_read(names, id, &c->arena, &m.record, e);

	if (r >= 0)
		r = record_ports(&m.record, &c->arena, &ports, &n_ports, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n_ports; i++)
		for (enum net_family f = 0; f < NET_FAMILIES; f++)
			m.n_elements += ports_lead_to(&ports[i], f, m.record.address);
	if (streq(m.record.boot, c->boot))
		c->members[c->n_members++] = m;
	return 0;
}

static int mend_record(struct check *c, const void *thing, struct err *e)
{
	const struct left *l = thing;

	return network_detach(c->networks, &(struct net_plan){ .id = l->id, .network = *l->network }, -1, false, e);
}

/* "ID", and ".-ID" of one that is leaving; others with a dot are on their way, and a sweep's. */
static int check_record(int dir, const char *file, void *arg, struct err *e)
{
	const struct of_network *of = arg;
	const char *id = *file == '.' ? str_after(file, ".-") : file;
	bool runs = id && of->c->o->runs(id, of->c->o->arg);
	char name[256 + 160];
	int r = id ? add_member(of->c, of->n, dir, id, runs, e) : -ENOENT;

	if (r < 0 && r != -EINVAL)
		return r == -ENOENT ? 0 : r;
	snprintf(name, sizeof(name), "%s of network %s", id, of->n->name);
	return runs ? 0 : tell(of->c, &(struct net_finding){ "record", name, "this container does not run", false }, mend_record,
			       &(struct left){ of->n, id, dir, file }, e);
}

static int check_files(const struct net_network *n, const struct spec_map *labels, void *arg, struct err *e)
{
	struct check *c = arg;

	(void)labels;
	struct net_network *copy = arena_alloc(&c->arena, sizeof(*copy));
	struct of_network of = { c, copy };

	c->all = grow(c, c->all, c->n_all, sizeof(*c->all));
	if (!copy || !c->all)
		return err_nomem(e);
	*copy = *n;
	c->all[c->n_all++] = copy;
	auto_fd int leases = folder_open(c->networks, n->name, FOLDER_LEASES, e);
	auto_fd int names = leases < 0 ? -1 : folder_open(c->networks, n->name, FOLDER_NAMES, e);
	int r = names < 0 ? -e->code : file_each_any(names, check_record, &of, e);

	if (r >= 0)
		r = file_each(leases, check_lease, &of, e);
	return r == -ENOENT ? 0 : r; /* removed at this moment */
}

static int mend_half_made(struct check *c, const void *thing, struct err *e)
{
	return file_remove(c->networks, thing, e);
}

/* A network in the making, or in the leaving: who is at it has the lock. */
static int check_half_made(int dir, const char *name, void *arg, struct err *e)
{
	(void)dir;
	if (*name != '.' || !strchr(name + 1, '.'))
		return 0;
	return tell(arg, &(struct net_finding){ "network", name, "left by a command that was killed", false }, mend_half_made, name, e);
}

/* ---- the kernel ---- */

static int take_link(const struct nlmsghdr *nlh, void *arg, struct err *e)
{
	const struct nlattr *attrs[IFLA_IFNAME + 1];
	struct check *c = arg;

	if (!nlh) {
		c->n_links = 0;
		return 0;
	}
	c->links = grow(c, c->links, c->n_links, sizeof(*c->links));
	if (!c->links)
		return err_nomem(e);
	struct seen_link *l = &c->links[c->n_links++];

	*l = (struct seen_link){ .has_ports = false };
	nl_attrs(nlh, sizeof(struct ifinfomsg), attrs, IFLA_IFNAME);
	snprintf(l->name, sizeof(l->name), "%s", nl_text(attrs[IFLA_IFNAME]));
	link_parse(nlh, &l->link);
	return 0;
}

static int list_links(struct check *c, struct err *e)
{
	auto_batch struct nl_batch b = { .nl = &c->rt };

	c->n_links = 0;
	nl_add(&b, RTM_GETLINK, NLM_F_DUMP, 0, sizeof(struct ifinfomsg), "list the links of this host");
	int r = nl_dump(&b, take_link, c, e);

	for (size_t i = 0; i < c->n_links && r >= 0; i++)
		for (size_t k = 0; k < c->n_links && c->links[i].link.master; k++)
			if (c->links[k].link.index == c->links[i].link.master)
				c->links[k].has_ports = true;
	return r;
}

static const struct seen_link *find_link(const struct check *c, const char *name)
{
	for (size_t i = 0; i < c->n_links; i++)
		if (streq(c->links[i].name, name))
			return &c->links[i];
	return NULL;
}

static bool is_our_bridge(const struct check *c, const char *name)
{
	for (size_t i = 0; i < c->n_all; i++)
		if (c->all[i]->driver == NET_BRIDGE && streq(c->all[i]->bridge, name))
			return true;
	return false;
}

static bool is_member_link(const struct check *c, const char *name)
{
	for (size_t i = 0; i < c->n_members; i++)
		if (streq(c->members[i].record.link, name))
			return true;
	return false;
}

static int mend_link(struct check *c, const void *thing, struct err *e)
{
	return link_remove(&c->rt, thing, e);
}

/* By the names that only we give: "pv" and 13 digits on a bridge of ours, "paene" and a number without anything on it. */
static int check_link(struct check *c, const struct seen_link *l, struct err *e)
{
	const char *number = str_after(l->name, BRIDGE_PREFIX);
	const struct seen_link *bridge = NULL;

	for (size_t i = 0; i < c->n_links; i++)
		if (l->link.master && c->links[i].link.index == l->link.master)
			bridge = &c->links[i];
	if (bridge && str_after(l->name, LINK_PREFIX) && is_our_bridge(c, bridge->name) && !is_member_link(c, l->name))
		return tell(c, &(struct net_finding){ "link", l->name, "no container has it", false }, mend_link, l->name, e);
	if (l->link.bridge && number && isdigit((unsigned char)*number) && !l->has_ports && !is_our_bridge(c, l->name))
		return tell(c, &(struct net_finding){ "bridge", l->name, "no network has it", false }, mend_link, l->name, e);
	return 0;
}

static int mend_element(struct check *c, const void *thing, struct err *e)
{
	return sets_drop(&c->nf, thing, e);
}

static bool is_in_our_subnets(const struct check *c, const struct net_addr *a)
{
	for (size_t i = 0; i < c->n_all; i++)
		for (enum net_family f = 0; f < NET_FAMILIES; f++)
			if (c->all[i]->ip[f].subnet.family == a->family && subnet_contains(&c->all[i]->ip[f].subnet, a))
				return true;
	return false;
}

static struct member *find_address(const struct check *c, const struct net_addr *a)
{
	for (size_t i = 0; i < c->n_members; i++)
		for (enum net_family f = 0; f < NET_FAMILIES; f++)
			if (c->members[i].record.address[f].family == a->family &&
			    subnet_same_address(&c->members[i].record.address[f], a))
				return &c->members[i];
	return NULL;
}

/* A published port leads to an address, and that must be a member's. */
static int check_port(struct check *c, const struct sets_element *x, uint8_t family, struct err *e)
{
	struct net_addr to = { .family = family, .prefix = (uint8_t)(subnet_bytes(family) * 8) };
	char name[NET_ADDR_MAX + 64], address[NET_ADDR_MAX];

	if (x->data.len < subnet_bytes(family))
		return 0;
	memcpy(to.bytes, x->data.v, subnet_bytes(family));
	struct member *m = find_address(c, &to);

	if (m)
		m->n_found++;
	if (m || !is_in_our_subnets(c, &to))
		return 0;
	snprintf(name, sizeof(name), "%s of %s", net_addr_text(&to, false, address), x->set);
	return tell(c, &(struct net_finding){ "element", name, "a published port of no container", false }, mend_element, x, e);
}

/* A network is in sets by its bridge. */
static int check_bridge(struct check *c, const struct sets_element *x, struct err *e)
{
	char bridge[IF_NAMESIZE], name[IF_NAMESIZE + 64];

	if (x->key.len < IF_NAMESIZE)
		return 0;
	snprintf(bridge, sizeof(bridge), "%.*s", IF_NAMESIZE - 1, (const char *)x->key.v);
	if (is_our_bridge(c, bridge) || find_link(c, bridge))
		return 0;
	snprintf(name, sizeof(name), "%s of %s", bridge, x->set);
	return tell(c, &(struct net_finding){ "element", name, "there is no such bridge, and no network has it", false },
		    mend_element, x, e);
}

static int check_element(struct check *c, const struct sets_element *x, struct err *e)
{
	static const char *const bridges[] = { RULES_BRIDGES, RULES_INTERNAL, RULES_ISOLATED, RULES_PAIRS, RULES_SUBNETS, RULES_SUBNETS6 };
	static const struct {
		const char *set;
		uint8_t family;
	} ports[] = { { RULES_PORTS, AF_INET }, { RULES_PORTS_ANY, AF_INET }, { RULES_PORTS6, AF_INET6 }, { RULES_PORTS_ANY6, AF_INET6 } };

	for (size_t i = 0; i < ARRAY_SIZE(ports); i++)
		if (streq(ports[i].set, x->set))
			return check_port(c, x, ports[i].family, e);
	for (size_t i = 0; i < ARRAY_SIZE(bridges); i++)
		if (streq(bridges[i], x->set))
			return check_bridge(c, x, e);
	return 0;
}

/* ---- what containers miss ---- */

static int check_member_link(struct check *c, const struct member *m, struct err *e)
{
	char name[320];
	struct link found;

	if (!m->runs || !*m->record.link || link_find(&c->rt, m->record.link, &found, e) != -ENODEV)
		return 0;
	snprintf(name, sizeof(name), "%s of container %s", m->record.link, m->id);
	return tell(c, &(struct net_finding){ "link", name, "it is gone: restart the container, or disconnect and connect it", false },
		    NULL, NULL, e);
}

static bool is_in_bridges(const struct check *c, const char *bridge)
{
	for (size_t i = 0; i < c->n_elements; i++) {
		const struct sets_element *x = &c->elements[i];

		if (streq(x->set, RULES_BRIDGES) && x->key.len == IF_NAMESIZE &&
		    strncmp((const char *)x->key.v, bridge, IF_NAMESIZE) == 0)
			return true;
	}
	return false;
}

static int mend_rules(struct check *c, const void *thing, struct err *e)
{
	(void)thing;
	return network_reload(c->networks, e);
}

/* For containers that need them: those on bridges. */
static int check_rules(struct check *c, struct err *e)
{
	bool needed = false, good = true;

	for (size_t i = 0; i < c->n_members; i++) {
		const struct member *m = &c->members[i];

		if (!m->runs || !*m->record.link)
			continue;
		needed = true;
		good &= m->n_found >= m->n_elements && is_in_bridges(c, m->bridge);
	}
	int r = needed && good ? table_is_good(&c->nf, &good, e) : 0;

	if (r < 0 || !needed || good)
		return r;
	return tell(c, &(struct net_finding){ "rules", "inet " RULES_TABLE, "somebody has removed some", false }, mend_rules, NULL, e);
}

static int look(struct check *c, struct err *e)
{
	c->n_all = c->n_members = 0;
	int r = list_links(c, e);

	if (r >= 0)
		r = sets_list(&c->nf, &c->arena, &c->elements, &c->n_elements, e);
	if (r >= 0)
		r = network_each(c->networks, check_files, c, e);
	auto_fd int lock = r < 0 ? -1 : folder_lock(c->networks, e);

	if (r >= 0)
		r = lock < 0 ? lock : file_each_any(c->networks, check_half_made, c, e);
	fd_close(&lock);
	for (size_t i = 0; i < c->n_links && r >= 0; i++)
		r = check_link(c, &c->links[i], e);
	for (size_t i = 0; i < c->n_elements && r >= 0; i++)
		r = check_element(c, &c->elements[i], e);
	for (size_t i = 0; i < c->n_members && r >= 0; i++)
		r = check_member_link(c, &c->members[i], e);
	return r < 0 ? r : check_rules(c, e);
}

static int look_twice(struct check *c, struct err *e)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	int r;

	c->quiet = true;
	r = look(c, e);
	c->quiet = false;
	if (r < 0 || !c->quietly)
		return r;
	(void)nanosleep(&pause, NULL);
	return look(c, e);
}

int network_check(int networks, const struct net_check_options *o, struct net_check_result *ret, struct err *e)
{
	struct check c = { .networks = networks, .o = o, .result = ret };
	int r = nl_open(&c.rt, NETLINK_ROUTE, e);

	if (r >= 0)
		r = nft_open(&c.nf, e);
	if (r >= 0)
		r = record_boot(c.boot, e);
	if (r >= 0)
		r = look_twice(&c, e);
	ret->networks = c.n_all;
	nl_close(&c.rt);
	nl_close(&c.nf);
	arena_free(&c.arena);
	return r;
}
