// SPDX-License-Identifier: Apache-2.0
/* How a pod comes to be: its folder, its name, its infra container, pod.json as the last. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/timestamp.h"
#include "cgroups/limits.h"
#include "runtime/journal.h"
#include "runtime/launch.h"
#include "runtime/limits.h"
#include "runtime/pod_parts.h"

#define ROOT	   "root"
#define HOSTNAME_MAX 63
#define INFRA_IMAGE  "paene-pause" /* it has none: for people */

static const char *const shared_names[] = { "net", "ipc", "uts", "pid" };
#define SHARED_USUAL "net,ipc,uts"

static int share_one(struct pod *p, const char *name, struct err *e)
{
	bool known = streq(name, "user"); /* always: whoever joins namespaces joins the user namespace that owns them */

	for (size_t i = 0; i < p->shares.n; i++)
		if (streq(p->shares.v[i], name))
			return 0;
	for (size_t i = 0; i < ARRAY_SIZE(shared_names); i++)
		known |= streq(shared_names[i], name);
	if (!known)
		return err_say(e, EINVAL, "--share %s: a pod shares net, ipc, uts, pid, or none", name);
	return streq(name, "user") || strv_add(&p->arena, &p->shares, name) == 0 ? 0 : err_nomem(e);
}

/* "net,pid": these; "+pid": it, too; "none", "": no namespace */
static int take_shares(struct pod *p, const char *words, struct err *e)
{
	const char *rest = words ? str_after(words, "+") : NULL;
	char *list = arena_strdup(&p->arena, !words ? SHARED_USUAL : rest ? rest : words), *save = NULL;
	int r = list ? 0 : err_nomem(e);

	if (r < 0 || (words && streq(words, "none")))
		return r;
	if (rest)
		r = take_shares(p, NULL, e);
	for (char *name = strtok_r(list, ",", &save); name && r >= 0; name = strtok_r(NULL, ",", &save))
		r = share_one(p, name, e);
	return r;
}

static int take_exit_policy(struct pod *p, const char *word, struct err *e)
{
	for (uint32_t i = 0; word && i < POD_EXIT_COUNT; i++)
		if (streq(word, pod_exit_names[i])) {
			p->exit_policy = i;
			return 0;
		}
	return word ? err_say(e, EINVAL, "--exit-policy %s: it is continue or stop", word) : 0;
}

static int take_labels(struct pod *p, const struct strv *words, struct err *e)
{
	struct spec_map *m = &p->labels;

	m->v = arena_array(&p->arena, words->n + 1, sizeof(*m->v));
	if (!m->v)
		return err_nomem(e);
	for (size_t i = 0; i < words->n; i++) {
		size_t n = strcspn(words->v[i], "=");
		char *key = arena_strndup(&p->arena, words->v[i], n);
		char *value = arena_strdup(&p->arena, words->v[i][n] ? words->v[i] + n + 1 : "");

		if (n == 0)
			return err_say(e, EINVAL, "--label %s: it has no name", words->v[i]);
		if (!key || !value)
			return err_nomem(e);
		m->v[m->n++] = (struct spec_pair){ key, value };
	}
	return 0;
}

static int take_words(struct pod *p, const struct pod_options *o, struct err *e)
{
	const struct {
		const struct strv *from;
		struct strv *to;
	} lists[] = {
		{ &o->infra.volumes, &p->volumes },
		{ &o->infra.devices, &p->devices },
		{ &o->infra.security_opts, &p->security_opts },
		{ &o->command, &p->command },
	};

	for (size_t k = 0; k < ARRAY_SIZE(lists); k++)
		for (size_t i = 0; i < lists[k].from->n; i++)
			if (strv_add(&p->arena, lists[k].to, lists[k].from->v[i]) < 0)
				return err_nomem(e);
	if (o->infra.restart)
		p->restart = arena_strdup(&p->arena, o->infra.restart);
	return o->infra.restart && !p->restart ? err_nomem(e) : 0;
}

/* A pod without an infra container has nothing that could have a network, a name or ids. */
static int check_group(const struct pod_options *o, struct err *e)
{
	const struct run_options *i = &o->infra;
	const char *first = o->share && *o->share && !streq(o->share, "none") ? "--share" : i->publish.n ? "--publish"
			    : i->networks.n ? "--network" : i->hostname ? "--hostname" : i->userns ? "--userns"
			    : o->infra_name ? "--infra-name" : NULL;

	return o->no_infra && first ? err_say(e, EINVAL, "%s needs an infra container, and not --infra=false", first) : 0;
}

/* Folder and lock: a sweep may find it between its birth and its lock. */
static int make_folder(int pods, struct pod *p, int *ret, struct err *e)
{
	char id[RECORD_ID_LENGTH + 1];
	struct stat st;

	for (;;) {
		int r = proc_random_hex(id, RECORD_ID_LENGTH);

		if (r < 0)
			return err_set(e, -r, "choose an id");
		auto_fd int dir = mkdirat(pods, id, 0700) < 0 ? -1 : openat(pods, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (dir < 0 && errno != ENOENT)
			return err_set(e, errno, "make the pod's folder");
		if (dir < 0 || fd_lock(dir, LOCK_EX) < 0 || fstatat(pods, id, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		p->id = arena_strdup(&p->arena, id);
		if (!p->id)
			return err_nomem(e);
		*ret = fd_take(&dir);
		return mkdirat(*ret, ROOT, 0755) < 0 ? err_set(e, errno, "make the pod's folder") : 0;
	}
}

/* What is limited is the pod's, and not its infra container's. */
static int take_limits(int dir, struct pod *p, const struct run_options *o, struct err *e)
{
	auto_spec struct spec spec = { .oci_version = (char *)SPEC_VERSION, .root.path = (char *)ROOT };
	struct settings s = { .cgroup_manager = p->cgroup_manager };
	struct limit_list list = { 0 };
	struct limit_change change;
	int r = limits_read(&o->limits, &spec.arena, &change, e);

	if (r >= 0)
		r = limits_merge(&change, &spec.arena, &spec.linux_.resources, &s, e);
	if (r >= 0 && s.class)
		return err_say(e, EINVAL, "--class: it is of a container, not of a pod");
	if (r >= 0)
		r = limits_plan(&spec.linux_.resources, &spec.arena, &list, e);
	if (r < 0 || !list.n)
		return r;
	if (p->cgroup_manager == CGROUP_MANAGER_DISABLED)
		return err_say(e, EINVAL, "no cgroup is given to you, and without one there are no limits (%s)", list.v[0].file);
	p->limited = true;
	r = cgroup_can_set(&spec.linux_.resources, e);
	return r < 0 ? r : record_write_spec(dir, &spec, e);
}

static int make_infra(const struct engine *g, const struct pod_options *o, struct pod *p, struct err *e)
{
	char *all = (char *)"ALL", *none = (char *)NETWORK_NONE;
	auto_settings struct settings s = { 0 };
	auto_spec struct spec spec = { 0 };
	auto_fd int dir = -1;
	char root[PATH_MAX], name[NAME_MAX], host[HOSTNAME_MAX + 1];
	struct run_options infra = o->infra;
	bool net = false;

	snprintf(root, sizeof(root), "%s/" POD_FOLDER "/%s/" ROOT, g->data_path, p->id);
	snprintf(name, sizeof(name), "%.12s-infra", p->id);
	snprintf(host, sizeof(host), "%.*s", HOSTNAME_MAX, p->name);
	infra.image = root;
	infra.name = o->infra_name ? o->infra_name : name;
	infra.hostname = infra.hostname ? infra.hostname : host;
	infra.cgroup_parent = NULL;
	if (p->cgroup_manager != CGROUP_MANAGER_DISABLED)
		infra.cgroup_manager = cgroup_manager_names[p->cgroup_manager];
	infra.rootfs = infra.init = infra.infra = infra.read_only = true;
	infra.pod = p->id;
	infra.cap_drop = (struct strv){ .v = &all, .n = 1 };
	infra.watch = (struct watch_options){ .log_driver = "none" };
	infra.volumes = infra.devices = infra.security_opts = (struct strv){ 0 };
	infra.limits = (struct limit_options){ 0 };
	for (size_t i = 0; i < p->shares.n; i++)
		net |= streq(p->shares.v[i], "net");
	if (!net) {
		if (infra.networks.n || infra.publish.n)
			return err_say(e, EINVAL, "--network and --publish: a pod that shares no network has none");
		infra.networks = (struct strv){ .v = &none, .n = 1 };
	}
	int r = compose(g, &infra, &s, &spec, e);

	s.image = (char *)INFRA_IMAGE;
	if (r >= 0)
		r = record_create(g, &s, &spec, &dir, e);
	if (r < 0)
		return r;
	p->infra = arena_strdup(&p->arena, s.id);
	p->hostname = arena_strdup(&p->arena, infra.hostname);
	return p->infra && p->hostname ? 0 : err_nomem(e);
}

static int fill(const struct engine *g, const struct pod_options *o, struct pod *p, struct err *e)
{
	char created[TIMESTAMP_MAX];
	int r = check_group(o, e);

	if (r >= 0 && o->name)
		r = str_check_name(o->name, "pod name", e);
	if (r >= 0)
		r = take_shares(p, o->no_infra ? "none" : o->share, e);
	if (r >= 0)
		r = take_exit_policy(p, o->exit_policy, e);
	if (r >= 0)
		r = take_labels(p, &o->labels, e);
	if (r >= 0)
		r = take_words(p, o, e);
	if (r >= 0)
		r = compose_cgroup_place(g, &o->infra, &p->arena, &p->cgroup_manager, &p->cgroup_parent, e);
	if (r < 0)
		return r;
	p->created = arena_strdup(&p->arena, timestamp_now(created));
	p->name = o->name ? arena_strdup(&p->arena, o->name) : NULL;
	return p->created && (!o->name || p->name) ? 0 : err_nomem(e);
}

int pod_create(const struct engine *g, const struct pod_options *o, char ret[RECORD_ID_LENGTH + 1], struct err *e)
{
	auto_pod struct pod p = { 0 };
	auto_fd int pods = pods_open(g, true, e), dir = -1;
	int r = pods < 0 ? pods : fill(g, o, &p, e);

	if (r >= 0)
		r = make_folder(pods, &p, &dir, e);
	if (r >= 0)
		r = take_limits(dir, &p, &o->infra, e);
	if (r >= 0)
		r = record_take_name(g, p.id, &p.arena, &p.name, e);
	if (r >= 0 && !o->no_infra)
		r = make_infra(g, o, &p, e);
	if (r >= 0)
		r = pod_write(dir, &p, e);
	if (r >= 0) {
		pod_tell(g, &p, EVENT_CREATE);
		memcpy(ret, p.id, RECORD_ID_LENGTH + 1);
		return 0;
	}
	fd_close(&dir); /* then it is litter; the first error counts */
	pods_sweep(g);
	if (p.id && p.name)
		record_release_name(g, p.id, p.name);
	return r;
}

int pod_create_for(const struct engine *g, struct run_options *o, char ret[RECORD_ID_LENGTH + 1], struct err *e)
{
	const struct pod_options pod = {
		.name = str_after(o->pod, POD_NEW),
		.infra = {
			.networks = o->networks, .network_aliases = o->network_aliases, .publish = o->publish, .ip = o->ip, .ip6 = o->ip6,
			.mac = o->mac, .hostname = o->hostname, .add_hosts = o->add_hosts, .dns = o->dns, .dns_search = o->dns_search,
			.dns_options = o->dns_options, .no_hosts = o->no_hosts, .userns = o->userns, .uidmaps = o->uidmaps,
			.gidmaps = o->gidmaps, .cgroup_manager = o->cgroup_manager, .cgroup_parent = o->cgroup_parent,
		},
	};
	const struct strv none = { 0 };

	if (o->publish_all)
		return err_say(e, EINVAL, "--publish-all: a pod's ports are named when it is made: --publish");
	int r = pod_create(g, &pod, ret, e);

	o->networks = o->network_aliases = o->publish = o->add_hosts = o->dns = o->dns_search = o->dns_options = none;
	o->uidmaps = o->gidmaps = none;
	o->ip = o->ip6 = o->mac = o->hostname = o->userns = o->cgroup_parent = NULL;
	o->pod = ret;
	return r;
}
