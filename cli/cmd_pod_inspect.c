// SPDX-License-Identifier: Apache-2.0
/* pod inspect: keys are podman's; what the infra container was made with is InfraConfig. */
#include <errno.h>

#include "base/fd.h"
#include "cli/inspect.h"
#include "cli/output.h"
#include "cli/pod_view.h"
#include "cli/port_view.h"
#include "spec/decode.h"

struct inspect {
	bool latest;
	const char *format;
};

static const struct option rows[] = {
	OPT_STRING(struct inspect, format, "format", 'f', "FORMAT", "json, or a template such as {{.State}}"),
	OPT_FLAG(struct inspect, latest, "latest", 'l', "the one that was made last"),
};

struct infra_view {
	struct port_view ports;
	bool host_network, no_resolv, no_hosts;
	char *ip, *mac, *pid, *userns, *uts;
	struct strv dns, dns_search, dns_options, hosts, networks;
};
static const struct field infra_fields[] = {
	FIELD_PORTS(struct infra_view, ports, "PortBindings", put_port_bindings),
	FIELD_BOOL(struct infra_view, host_network, "HostNetwork", REQUIRED),
	FIELD_STRING(struct infra_view, ip, "StaticIP", REQUIRED),
	FIELD_STRING(struct infra_view, mac, "StaticMAC", REQUIRED),
	FIELD_BOOL(struct infra_view, no_resolv, "NoManageResolvConf", REQUIRED),
	FIELD_STRINGS(struct infra_view, dns, "DNSServer", REQUIRED),
	FIELD_STRINGS(struct infra_view, dns_search, "DNSSearch", REQUIRED),
	FIELD_STRINGS(struct infra_view, dns_options, "DNSOption", REQUIRED),
	FIELD_BOOL(struct infra_view, no_hosts, "NoManageHosts", REQUIRED),
	FIELD_STRINGS(struct infra_view, hosts, "HostAdd", REQUIRED),
	FIELD_STRINGS(struct infra_view, networks, "Networks", REQUIRED),
	FIELD_STRING(struct infra_view, pid, "pid_ns", REQUIRED),
	FIELD_STRING(struct infra_view, userns, "userns", REQUIRED),
	FIELD_STRING(struct infra_view, uts, "uts_ns", REQUIRED),
};

struct member_view {
	char *id, *name, *state;
};
static const struct field member_fields[] = {
	FIELD_STRING(struct member_view, id, "Id", REQUIRED),
	FIELD_STRING(struct member_view, name, "Name", REQUIRED),
	FIELD_STRING(struct member_view, state, "State", REQUIRED),
};

struct view {
	char *id, *name, *created, *policy, *state, *hostname, *cgroup_parent, *cgroup_path, *infra_id, *restart, *cpus;
	struct strv command, shares, volumes, devices, security_opts;
	struct spec_map labels;
	bool has_cgroup, has_infra;
	struct infra_view infra;
	uint64_t number, memory, swap, cpu_period;
	int64_t cpu_quota;
	struct {
		struct member_view *v;
		size_t n;
	} members;
};
static const struct field fields[] = {
	FIELD_STRING(struct view, id, "Id", REQUIRED),
	FIELD_STRING(struct view, name, "Name", REQUIRED),
	FIELD_STRING(struct view, created, "Created", REQUIRED),
	FIELD_STRINGS(struct view, command, "CreateCommand", REQUIRED),
	FIELD_STRING(struct view, policy, "ExitPolicy", REQUIRED),
	FIELD_STRING(struct view, state, "State", REQUIRED),
	FIELD_STRING(struct view, hostname, "Hostname", REQUIRED),
	FIELD_BOOL(struct view, has_cgroup, "CreateCgroup", REQUIRED),
	FIELD_STRING(struct view, cgroup_parent, "CgroupParent", REQUIRED),
	FIELD_STRING(struct view, cgroup_path, "CgroupPath", REQUIRED),
	FIELD_BOOL(struct view, has_infra, "CreateInfra", REQUIRED),
	FIELD_STRING(struct view, infra_id, "InfraContainerID", REQUIRED),
	FIELD_OBJECT(struct view, infra, "InfraConfig", REQUIRED, infra_fields),
	FIELD_STRINGS(struct view, shares, "SharedNamespaces", REQUIRED),
	FIELD_U64(struct view, number, "NumContainers", REQUIRED),
	FIELD_LIST(struct view, members, "Containers", REQUIRED, member_fields, struct member_view),
	FIELD_STRING(struct view, restart, "RestartPolicy", REQUIRED),
	{ FIELD_OF(struct view, labels, "Labels", map, true) },
	FIELD_STRINGS(struct view, volumes, "volumes", REQUIRED),
	FIELD_STRINGS(struct view, devices, "devices", REQUIRED),
	FIELD_STRINGS(struct view, security_opts, "security_opt", REQUIRED),
	FIELD_U64(struct view, memory, "memory_limit", REQUIRED),
	FIELD_U64(struct view, swap, "memory_swap", REQUIRED),
	FIELD_I64(struct view, cpu_quota, "cpu_quota", REQUIRED),
	FIELD_U64(struct view, cpu_period, "cpu_period", REQUIRED),
	FIELD_STRING(struct view, cpus, "cpuset_cpus", REQUIRED),
};

static char *text(char *s)
{
	return s ? s : (char *)"";
}

static int fill_infra(const struct container *c, struct arena *a, struct infra_view *v, struct err *e)
{
	const struct settings *s = &c->settings;
	const struct network_wish none = { 0 }, *first = s->networks.n ? s->networks.v : &none;

	*v = (struct infra_view){
		.host_network = streq(s->network, NETWORK_HOST), .ip = text(first->ip), .mac = text(first->mac),
		.no_resolv = s->dns.n && streq(s->dns.v[0], NAMES_NONE), .no_hosts = s->no_hosts,
		.dns = s->dns, .dns_search = s->dns_search, .dns_options = s->dns_options, .hosts = s->extra_hosts,
		.pid = (char *)(s->pid ? s->pid : JOIN_PRIVATE), .uts = (char *)(s->uts ? s->uts : JOIN_PRIVATE),
		.userns = (char *)(s->private_userns ? "private" : "host"),
	};
	for (size_t i = 0; i < s->networks.n; i++)
		if (strv_add(a, &v->networks, s->networks.v[i].network) < 0)
			return err_nomem(e);
	return port_view(c, a, &v->ports, e);
}

static int fill_members(const struct pod_members *all, struct arena *a, struct view *v, struct err *e)
{
	v->members.v = arena_array(a, all->n + 1, sizeof(*v->members.v));
	if (!v->members.v)
		return err_nomem(e);
	for (; v->members.n < all->n; v->members.n++) {
		const struct pod_member *m = &all->v[v->members.n];

		v->members.v[v->members.n] = (struct member_view){ m->id, m->name, (char *)phase_names[m->phase] };
	}
	v->number = all->n;
	return 0;
}

static void fill_limits(const struct spec_resources *r, struct view *v)
{
	v->memory = r->memory.limit_bytes.v > 0 ? (uint64_t)r->memory.limit_bytes.v : 0;
	v->swap = r->memory.swap_bytes.v > 0 ? (uint64_t)r->memory.swap_bytes.v : 0;
	v->cpu_quota = r->cpu.quota_us.v;
	v->cpu_period = r->cpu.period_us.v;
	v->cpus = text(r->cpu.cpus);
}

int inspect_pod(const struct inspection *how, const char *name, bool template, json_t **ret, struct err *e)
{
	auto_pod struct pod p = { 0 };
	auto_container struct container infra = { 0 };
	auto_spec struct spec limits = { 0 };
	struct pod_members all = { 0 };
	char id[CONTAINER_ID_MAX], *cgroup = NULL;
	int r = pod_find(how->g, name, id, e);

	(void)template;
	if (r >= 0)
		r = pod_load(how->g, id, &p, e);
	if (r >= 0)
		r = pod_members(how->g, id, how->arena, &all, e);
	if (r >= 0)
		r = pod_limits(how->g, &p, &limits, e);
	if (r >= 0)
		r = pod_cgroup_path(how->g, &p, how->arena, &cgroup, e);
	if (r < 0)
		return r;
	struct view v = {
		.id = p.id, .name = p.name, .created = p.created, .policy = (char *)pod_exit_names[p.exit_policy],
		.state = (char *)pod_status(&all, id), .hostname = text(p.hostname), .cgroup_parent = text(p.cgroup_parent),
		.cgroup_path = text(cgroup), .infra_id = text(p.infra), .restart = p.restart ? p.restart : (char *)"no",
		.command = p.command, .shares = p.shares, .volumes = p.volumes, .devices = p.devices,
		.security_opts = p.security_opts, .labels = p.labels, .has_cgroup = cgroup, .has_infra = p.infra,
	};

	fill_limits(&limits.linux_.resources, &v);
	r = fill_members(&all, how->arena, &v, e);
	if (r >= 0 && p.infra && container_load(how->g, p.infra, &infra, e) >= 0)
		r = fill_infra(&infra, how->arena, &v.infra, e);
	return r < 0 ? r : encode_object(fields, ARRAY_SIZE(fields), &v, ret, e);
}

static int add_first(const struct pod *p, void *arg, struct err *e)
{
	struct call *c = arg;
	char **v = arena_array(c->arena, 2, sizeof(*v));

	if (!v || !(v[0] = arena_strdup(c->arena, p->id)))
		return err_nomem(e);
	c->args = v;
	c->n_args = 1;
	return 1;
}

static int run(const struct call *c, struct err *e)
{
	const struct inspect *o = c->options;
	auto_engine struct engine g;
	const struct inspection how = { .g = &g, .format = o->format, .arena = c->arena, .find = inspect_pod };
	struct call named = *c;
	int r = verb_engine(c, &g, e);

	if (r >= 0 && o->latest == (c->n_args > 0))
		return err_say(e, EINVAL, o->latest ? "--latest leaves no place for names" : "name a pod, or give --latest");
	if (r >= 0 && o->latest)
		r = pod_each(&g, add_first, &named, e);
	return r < 0 ? r : inspect_each(&named, &how, e);
}

const struct verb verb_pod_inspect = {
	.name = "inspect",
	.above = &verb_pod,
	.arguments = "[POD…]",
	.help = "all that is known, as JSON",
	.about = "Show all that is known of pods.",
	.max_args = ARGS_ANY,
	.failure_status = STATUS_ENGINE,
	.options = OPTIONS(rows, struct inspect),
	.run = run,
};
