// SPDX-License-Identifier: Apache-2.0
/* pod create, rm, prune, exists; the group. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/limit_rows.h"
#include "cli/output.h"
#include "cli/pod_view.h"
#include "cli/prompt.h"
#include "cli/prune.h"
#include "runtime/launch.h"

/* ---- create ---- */

struct create {
	struct pod_options pod;
	struct limit_options limits;
	uint32_t infra; /* enum switch_state */
	const char *id_file;
	bool replace;
};

/* clang-format off */
#define STRING(member, name, letter, value, help) OPT_STRING(struct create, pod.member, name, letter, value, help)
#define LIST(member, name, letter, value, help)	  OPT_LIST(struct create, pod.member, name, letter, value, help)

static const struct option create_rows[] = {
	OPT_GROUP("The pod"),
	STRING(name, "name", 'n', "NAME", "what to call it; default: a random name"),
	OPT_FLAG(struct create, replace, "replace", 0, "remove a pod that has this name already, running or not"),
	OPT_STRING(struct create, id_file, "pod-id-file", 0, "FILE", "write its id to a new file"),
	LIST(labels, "label", 'l', "KEY=VALUE", "a note about it"),
	STRING(exit_policy, "exit-policy", 0, "POLICY", "when its last container has ended: continue (default), or stop"),
	STRING(infra.restart, "restart", 0, "POLICY", "of its containers: no, on-failure[:TIMES], always or unless-stopped"),
	OPT_GROUP("What its containers share"),
	STRING(share, "share", 0, "NAMES", "of net, ipc, uts, pid; +NAME: besides the usual; none; default: net,ipc,uts"),
	OPT_SWITCH(struct create, infra, "infra", 0, "a container that keeps the namespaces (default); =false: a mere group"),
	STRING(infra_name, "infra-name", 0, "NAME", "what to call that; default: ID-infra"),
	STRING(infra.hostname, "hostname", 'h', "NAME", "default: the pod's name"),
	STRING(infra.userns, "userns", 0, "MODE", "whose ids they have: private (default), host; without root keep-id, nomap"),
	LIST(infra.uidmaps, "uidmap", 0, "CONTAINER:HOST:SIZE", "users that they have"),
	LIST(infra.gidmaps, "gidmap", 0, "CONTAINER:HOST:SIZE", "groups that they have"),
	STRING(infra.shm_size, "shm-size", 0, "BYTES", "of /dev/shm; default: 64m"),
	LIST(infra.sysctls, "sysctl", 0, "KEY=VALUE", "a sysctl of their namespaces"),
	OPT_GROUP("Network"),
	LIST(infra.networks, "network", 0, "NAME[:OPTIONS]", "as with `run`; default: bridge"),
	LIST(infra.networks, "net", 0, "NAME", NULL),
	LIST(infra.network_aliases, "network-alias", 0, "NAME", "what others of its networks call it, too"),
	LIST(infra.publish, "publish", 'p', "[IP:][PORT:]PORT[/udp]", "make a port of it one of the host; also ranges, and /sctp"),
	STRING(infra.ip, "ip", 0, "ADDRESS", "its address on its one network"),
	STRING(infra.ip6, "ip6", 0, "ADDRESS", "the same of IPv6"),
	STRING(infra.mac, "mac-address", 0, "ADDRESS", "its hardware address there"),
	LIST(infra.add_hosts, "add-host", 0, "NAME:ADDRESS", "a line of /etc/hosts; host-gateway: this host's address"),
	OPT_FLAG(struct create, pod.infra.no_hosts, "no-hosts", 0, "leave the images' /etc/hosts alone"),
	OPT_FLAG(struct create, pod.infra.no_hostname, "no-hostname", 0, "leave the images' /etc/hostname alone"),
	LIST(infra.dns, "dns", 0, "ADDRESS", "ask this nameserver; none: leave the images' /etc/resolv.conf alone"),
	LIST(infra.dns_search, "dns-search", 0, "DOMAIN", "add it to names without a dot; \".\": no domain"),
	LIST(infra.dns_options, "dns-option", 0, "OPTION", "how to ask, as resolv.conf has it: ndots:2"),
	LIST(infra.dns_options, "dns-opt", 0, "OPTION", NULL),
	OPT_GROUP("What each of its containers gets"),
	LIST(infra.volumes, "volume", 'v', "[SOURCE:]TARGET[:OPTIONS]", "as with `run`"),
	LIST(infra.devices, "device", 0, "HOST[:TARGET[:rwm]]", "as with `run`"),
	LIST(infra.security_opts, "security-opt", 0, "KEY=VALUE", "as with `run`"),
	OPT_GROUP("Limits of all together"),
	STRING(infra.cgroup_parent, "cgroup-parent", 0, "PATH", "below which the pod's cgroup is made; with systemd a slice"),
	LIMIT_ROWS(struct create),
};
/* clang-format on */

/* The one that has its name goes. */
static int replace(const struct engine *g, const char *name, struct err *e)
{
	char old[CONTAINER_ID_MAX];
	int r = pod_find(g, name, old, e);

	return r == -ENOENT ? 0 : r < 0 ? r : pod_remove(g, old, REMOVE_FORCE, 0, e);
}

static int run_create(const struct call *c, struct err *e)
{
	struct create o = *(const struct create *)c->options;
	char id[CONTAINER_ID_MAX];
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	if (c->n_args)
		o.pod.name = c->args[0];
	o.pod.no_infra = o.infra == SWITCH_OFF;
	o.pod.infra.limits = o.limits;
	o.pod.infra.cgroup_manager = ((const struct paene_globals *)c->globals)->cgroup_manager;
	for (char **word = c->argv; *word && r >= 0; word++)
		r = strv_push(c->arena, &o.pod.command, *word) < 0 ? err_nomem(e) : 0;
	if (r >= 0 && o.replace && !o.pod.name)
		r = err_say(e, EINVAL, "--replace: it needs a --name");
	if (r < 0)
		return r;
	auto_fd int file = o.id_file ? open(o.id_file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644) : -1;

	if (o.id_file && file < 0)
		return err_set(e, errno, "--pod-id-file %s", o.id_file);
	if (o.replace)
		r = replace(&g, o.pod.name, e);
	if (r >= 0)
		r = pod_create(&g, &o.pod, id, e);
	if (r >= 0 && file >= 0 && fd_write_all(file, id, strlen(id)) < 0)
		r = err_set(e, EIO, "--pod-id-file %s", o.id_file);
	if (r < 0 && file >= 0)
		(void)unlink(o.id_file); /* it is ours */
	if (r < 0)
		return r;
	output_line(id);
	return 0;
}

static const struct verb verb_pod_create = {
	.name = "create",
	.above = &verb_pod,
	.arguments = "[NAME]",
	.help = "make one",
	.about = "Make a pod and print its id: containers that are run with `--pod` share its namespaces, its ids, its ports and its "
		 "limits. One small container keeps the namespaces; it has no image.",
	.max_args = 1,
	.failure_status = STATUS_ENGINE,
	.options = OPTIONS(create_rows, struct create),
	.run = run_create,
};

/* ---- rm ---- */

struct rm {
	struct pod_choice choice;
	bool force;
	const char *timeout;
	int timeout_s;
};

static const struct option rm_rows[] = {
	POD_CHOICE_ROWS(struct rm, choice, "all pods"),
	POD_IGNORE_ROW(struct rm, choice),
	OPT_FLAG(struct rm, force, "force", 'f', "with containers that run; one that does not exist is fine"),
	OPT_STRING(struct rm, timeout, "time", 't', "SECONDS", "with --force: ask them to end first, and wait so long"),
};

static int remove_one(const struct engine *g, const char *id, const void *arg, struct err *e)
{
	const struct rm *o = arg;

	return pod_remove(g, id, REMOVE_VOLUMES | (o->force ? REMOVE_FORCE : 0), MAX(o->timeout_s, 0), e);
}

static int run_rm(const struct call *c, struct err *e)
{
	struct rm o = *(const struct rm *)c->options;
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	o.choice.ignore |= o.force;
	if (r >= 0)
		r = verb_timeout(o.timeout, &o.timeout_s, e);
	if (r >= 0 && o.timeout && !o.force)
		return err_say(e, EINVAL, "--time is of use with --force alone");
	return r < 0 ? r : pod_choose(c, &g, &o.choice, remove_one, &o, e);
}

static const struct verb verb_pod_rm = {
	.name = "rm",
	.above = &verb_pod,
	.arguments = "[POD…]",
	.help = "remove some",
	.about = "Remove pods with all their containers, none of which may run but the infra container.",
	.max_args = ARGS_ANY,
	.options = OPTIONS(rm_rows, struct rm),
	.run = run_rm,
};

/* ---- prune ---- */

struct prune {
	struct strv filters;
	bool force;
};

static const struct option prune_rows[] = {
	OPT_FLAG(struct prune, force, "force", 'f', "do not ask"),
	OPT_LIST(struct prune, filters, "filter", 0, "KEY=VALUE", "of them, those with this " POD_FILTERS_HELP),
};

static int prune_one(const struct pod *pod, void *arg, struct err *e)
{
	struct pruning *p = arg;
	struct pod_members all = { 0 };
	auto_arena struct arena a = { 0 };
	int r = pod_members(p->g, pod->id, &a, &all, e);

	if (r < 0 || !pod_filters_fit(p->filters, p->g, pod, &all))
		return MIN(r, 0);
	for (size_t i = 0; i < all.n; i++)
		if (all.v[i].phase != PHASE_CREATED && all.v[i].phase != PHASE_EXITED)
			return 0;
	if (pod_remove(p->g, pod->id, REMOVE_VOLUMES, 0, e) >= 0)
		pruning_gone(p, pod->id);
	else
		pruning_failed(p, e);
	return 0;
}

int prune_pods(struct pruning *p, struct err *e)
{
	int r = pod_filters_check(p->filters, e);

	return r < 0 ? r : pod_each(p->g, prune_one, p, e);
}

static int run_prune(const struct call *c, struct err *e)
{
	const struct prune *o = c->options;
	auto_engine struct engine g;
	struct pruning p = { .call = c, .g = &g, .filters = &o->filters };
	int r = verb_engine(c, &g, e);

	if (r < 0 || (!o->force && !prompt_yes("This will remove all pods in which no container runs.")))
		return r;
	r = prune_pods(&p, e);
	return r < 0 ? r : p.status;
}

static const struct verb verb_pod_prune = {
	.name = "prune",
	.above = &verb_pod,
	.arguments = "",
	.help = "remove those in which nothing runs",
	.about = "Remove all pods in which no container runs, and print their ids.",
	.options = OPTIONS(prune_rows, struct prune),
	.run = run_prune,
};

/* ---- exists ---- */

static int run_exists(const struct call *c, struct err *e)
{
	char id[CONTAINER_ID_MAX];
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	if (r < 0)
		return r;
	r = pod_find(&g, c->args[0], id, e);
	return r == -ENOENT ? 1 : r;
}

static const struct verb verb_pod_exists = {
	.name = "exists",
	.above = &verb_pod,
	.arguments = "POD",
	.help = "whether there is one",
	.about = "Exit with 0 where there is such a pod, with 1 where there is none; 125 says that it could not be found out.",
	.min_args = 1,
	.max_args = 1,
	.failure_status = STATUS_ENGINE,
	.options = NO_OPTIONS,
	.run = run_exists,
};

/* ---- the group ---- */

static const struct verb *const verbs[] = {
	&verb_pod_create, &verb_pod_exists, &verb_pod_inspect, &verb_pod_kill,	&verb_pod_logs, &verb_pod_pause,
	&verb_pod_prune,  &verb_pod_ps,	    &verb_pod_ls,      &verb_pod_list,	&verb_pod_restart, &verb_pod_rm,
	&verb_pod_start,  &verb_pod_stats,  &verb_pod_stop,    &verb_pod_top,	&verb_pod_unpause,
};

const struct verb verb_pod = {
	.name = "pod",
	.group = "Containers",
	.arguments = "VERB [ARGUMENT…]",
	.help = "containers that share",
	.about = "Verbs about pods: containers that share namespaces, ids, ports and limits.",
	.below = VERBS(verbs),
};
