// SPDX-License-Identifier: Apache-2.0
/* compose_pod.c: --pod: what a member has of its pod: namespaces, and what all members get. */
#include <errno.h>

#include "runtime/compose_parts.h"
#include "runtime/pods.h"

/* What only the infra container, or the pod itself, can have. */
static int check_own(const struct pod *p, bool net, bool uts, const struct run_options *o, struct err *e)
{
	const struct {
		const char *option;
		bool given, because;
	} wrong[] = {
		{ "--network", o->networks.n > 0, net },
		{ "--publish", o->publish.n > 0 || o->publish_all, net },
		{ "--ip", o->ip || o->ip6, net },
		{ "--mac-address", o->mac, net },
		{ "--network-alias", o->network_aliases.n > 0, net },
		{ "--net-rate", o->net_rate, net },
		{ "--egress", o->egress.n > 0, net },
		{ "--dns", o->dns.n || o->dns_search.n || o->dns_options.n, net },
		{ "--add-host", o->add_hosts.n > 0, net },
		{ "--hostname", o->hostname, uts },
		{ "--userns", o->userns, p->shares.n > 0 },
		{ "--uidmap", o->uidmaps.n || o->gidmaps.n, p->shares.n > 0 },
		{ "--cgroup-parent", o->cgroup_parent, true },
		{ "--cgroups", o->cgroups, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		if (wrong[i].given && wrong[i].because) {
			err_say(e, EINVAL, "%s is the pod's: its containers have it together", wrong[i].option);
			return err_hint(e, "give it to `paene pod create`");
		}
	return 0;
}

static bool shares(const struct pod *p, const char *name)
{
	for (size_t i = 0; i < p->shares.n; i++)
		if (streq(p->shares.v[i], name))
			return true;
	return false;
}

/* The pod's come first: what the container says for itself goes over them. */
static int put_before(struct arena *a, const struct strv *first, struct strv *to, struct err *e)
{
	struct strv all = { 0 };

	for (size_t i = 0; i < first->n; i++)
		if (strv_add(a, &all, first->v[i]) < 0)
			return err_nomem(e);
	for (size_t i = 0; first->n && i < to->n; i++)
		if (strv_push(a, &all, to->v[i]) < 0)
			return err_nomem(e);
	if (first->n)
		*to = all;
	return 0;
}

static int join(struct composition *c, const struct pod *p, struct err *e)
{
	struct run_options *o = &c->own;
	struct arena *a = &c->s->arena;
	char *infra = arena_printf(a, JOIN_CONTAINER "%s", p->infra);
	const struct {
		const char *name;
		const char **word;
	} modes[] = { { "pid", &o->pid }, { "ipc", &o->ipc }, { "uts", &o->uts } };

	if (!infra || (shares(p, "net") && strv_push(a, &o->networks, infra) < 0))
		return err_nomem(e);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		if (shares(p, modes[i].name) && !*modes[i].word)
			*modes[i].word = infra;
	return 0;
}

int compose_pod(struct composition *c, struct err *e)
{
	auto_pod struct pod p = { 0 };
	char id[RECORD_ID_LENGTH + 1];
	struct run_options *o = &c->own;
	struct arena *a = &c->s->arena;

	c->s->infra = c->o->infra;
	if (!c->o->pod)
		return 0;
	if (c->o->infra) {
		c->s->pod = arena_strdup(a, c->o->pod);
		return c->s->pod ? 0 : err_nomem(e);
	}
	int r = pod_find(c->g, c->o->pod, id, e);

	if (r >= 0)
		r = pod_load(c->g, id, &p, e);
	if (r >= 0)
		r = check_own(&p, shares(&p, "net"), shares(&p, "uts"), c->o, e);
	if (r < 0)
		return err_wrap(e, "--pod");
	c->s->pod = arena_strdup(a, id);
	c->own = *c->o;
	c->o = o;
	if (p.cgroup_manager != CGROUP_MANAGER_DISABLED)
		o->cgroup_manager = cgroup_manager_names[p.cgroup_manager];
	if (p.restart && !o->restart && !o->rm)
		o->restart = arena_strdup(a, p.restart);
	if (!c->s->pod)
		return err_nomem(e);
	r = p.infra ? join(c, &p, e) : 0;
	if (r >= 0)
		r = put_before(a, &p.volumes, &o->volumes, e);
	if (r >= 0)
		r = put_before(a, &p.devices, &o->devices, e);
	return r < 0 ? r : put_before(a, &p.security_opts, &o->security_opts, e);
}
