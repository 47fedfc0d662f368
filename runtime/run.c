// SPDX-License-Identifier: Apache-2.0
#include "runtime/run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/seal.h"
#include "base/timestamp.h"
#include "namespaces/idmap.h"
#include "namespaces/ns.h"
#include "runtime/class.h"
#include "runtime/defaults.h"
#include "runtime/destroy.h"
#include "runtime/journal.h"
#include "runtime/limits.h"
#include "runtime/storage.h"
#include "runtime/usage.h"

static bool is_bridge(const char *network)
{
	return !streq(network, NETWORK_NONE) && !streq(network, NETWORK_HOST);
}

static int take_range(struct run *r, struct err *e)
{
	struct spec_linux *l = &r->spec.linux_;

	if (!r->settings.private_userns)
		return 0;
	int err = idmap_take_range(r->g->idranges, r->settings.id, &r->range_start, e);

	if (err < 0)
		return err;
	struct spec_id_map *map = arena_alloc(&r->spec.arena, sizeof(*map));

	if (!map)
		return err_nomem(e);
	*map = (struct spec_id_map){ .container_id = 0, .host_id = r->range_start, .size = IDMAP_RANGE };
	l->uid_mappings = l->gid_mappings = (struct spec_id_maps){ .v = map, .n = 1 };
	return 0;
}

/*
 * A small file of the container's own, bound into it; it stays writable for the container's root. Where the kernel maps no ids, as
 * below a root that is served, the file is that one's by its owner.
 */
static int add_file(struct run *r, struct spec_mount *m, const char *name, const char *target, const char *text,
		    struct err *e)
{
	struct arena *a = &r->spec.arena;
	int err = file_publish(r->dir, name, text, strlen(text), 0644, 0, e);

	if (err < 0)
		return err;
	bool idmap = r->settings.private_userns && !r->serve;

	if (r->serve && fchownat(r->dir, name, r->range_start, r->range_start, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(e, errno, "give %s to the container", name);
	*m = (struct spec_mount){
		.destination = (char *)target,
		.type = (char *)"bind",
		.source = arena_printf(a, "%s/containers/%s/%s", r->g->data_path, r->settings.id, name),
	};
	static const char *const words[] = { "bind", "nosuid", "nodev", "noexec", "rprivate", "idmap" };

	for (size_t i = 0; i < ARRAY_SIZE(words) - !idmap; i++)
		if (strv_add(a, &m->options, words[i]) < 0)
			return err_nomem(e);
	return m->source ? 0 : err_nomem(e);
}

/* Where the user mounts something of their own on this path, or above it, ours stays away. */
static bool is_covered(const struct run *r, const char *target)
{
	const struct spec_mounts *m = &r->spec.mounts;

	for (size_t i = 0; i < m->n; i++)
		if (streq(m->v[i].destination, target) || streq(m->v[i].destination, "/etc"))
			return true;
	return false;
}

static int add_files(struct run *r, const char *const (*files)[3], size_t n, struct err *e)
{
	struct spec_mounts *m = &r->spec.mounts;
	struct spec_mount *all = arena_array(&r->spec.arena, m->n + n, sizeof(*all));

	if (!all)
		return err_nomem(e);
	memcpy(all, m->v, m->n * sizeof(*all));
	m->v = all;
	for (size_t i = 0; i < n; i++) {
		if (!files[i][2] || is_covered(r, files[i][1]))
			continue;
		int err = add_file(r, &m->v[m->n], files[i][0], files[i][1], files[i][2], e);

		if (err < 0)
			return err;
		m->n++;
	}
	return 0;
}

static int lease(struct run *r, struct err *e)
{
	struct arena *a = &r->spec.arena;
	struct net_plan *n = &r->net;
	int err = network_find(r->g->networks, r->settings.network, &n->network, e);

	if (err >= 0)
		err = network_lease(r->g->networks, &n->network, NET_V4, r->settings.id, NULL, &n->address[NET_V4], e);
	n->id = r->settings.id;
	n->name = r->settings.name;
	n->hostname = r->spec.hostname;
	for (size_t i = 0; i < r->settings.ports.n && err >= 0; i++)
		err = net_port_parse(a, r->settings.ports.v[i], &n->ports, &n->n_ports, e);
	n->hosts = arena_printf(a, "%s/containers/%s/hosts", r->g->data_path, r->settings.id);
	return err < 0 ? err : n->hosts ? 0 : err_nomem(e);
}

/* "NAME:ADDRESS" as the user writes it to "ADDRESS NAME" as the file has it. */
static int extra_hosts(struct run *r, struct strv *ret)
{
	const struct strv *from = &r->settings.extra_hosts;

	for (size_t i = 0; i < from->n; i++) {
		size_t n = strcspn(from->v[i], ":");

		if (strv_push(&r->spec.arena, ret,
			      arena_printf(&r->spec.arena, "%s %.*s", from->v[i] + n + 1, (int)n, from->v[i])) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int take_network(struct run *r, struct err *e)
{
	auto_free char *hosts = NULL, *resolv = NULL;
	struct arena *a = &r->spec.arena;
	struct strv extra = { 0 };
	int err = 0;

	r->spec.hostname = r->settings.hostname ? arena_strdup(a, r->settings.hostname)
						: arena_strndup(a, r->settings.id, 12);
	char *hostname_text = arena_printf(a, "%s\n", r->spec.hostname);

	if (!r->spec.hostname || !hostname_text || extra_hosts(r, &extra) < 0)
		return err_nomem(e);
	if (is_bridge(r->settings.network)) {
		err = lease(r, e);
		if (err >= 0)
			err = network_hosts(r->g->networks, &r->net, 1, (const char *const *)extra.v, extra.n, &hosts, e);
		if (err >= 0)
			err = network_resolv(&r->net, 1, &resolv, e);
	} else if (streq(r->settings.network, NETWORK_HOST)) {
		struct err absent; /* a host without these files has none to show */

		(void)file_read(AT_FDCWD, "/etc/hosts", 1 << 20, &hosts, NULL, &absent);
		int fd = open("/etc/resolv.conf", O_RDONLY | O_CLOEXEC);

		if (fd >= 0) {
			(void)file_read_fd(fd, "resolv.conf", 1 << 20, &resolv, NULL, &absent);
			close(fd);
		}
	} else if (asprintf(&hosts, "127.0.0.1\tlocalhost %s\n::1\tlocalhost\n", r->spec.hostname) < 0) {
		return err_nomem(e);
	}
	const char *const files[][3] = {
		{ "hosts", "/etc/hosts", hosts },
		{ "resolv.conf", "/etc/resolv.conf", resolv },
		{ "hostname", "/etc/hostname", hostname_text },
	};

	return err < 0 ? err : add_files(r, files, ARRAY_SIZE(files), e);
}

static int wire(pid_t pid, void *arg, struct err *e)
{
	struct run *r = arg;
	auto_fd int netns = ns_open_pid(NS_NET, pid, e);

	return netns < 0 ? netns : network_attach(r->g->networks, &r->net, netns, &r->hold, e);
}

static int take_streams(struct run *r, struct err *e)
{
	return r->settings.terminal ? 0 : relay_pipes(r->settings.input, &r->ends, e);
}

/* What a plan of the root points to. */
struct root_paths {
	char container[300], layers[PATH_MAX], place[sizeof("/lower") + 300];
};

static void fill_rootfs(const struct run *r, struct root_paths *paths, struct rootfs_plan *ret)
{
	const char *store = r->settings.image_store ? r->settings.image_store : r->g->data_path;

	snprintf(paths->container, sizeof(paths->container), "%s/containers/%s", r->g->data_path, r->settings.id);
	snprintf(paths->layers, sizeof(paths->layers), "%s/images/layers", store);
	*ret = (struct rootfs_plan){
		.kind = r->settings.manifest ? ROOTFS_OVERLAY : ROOTFS_HOST,
		.path = paths->container,
		.layers = paths->layers,
		.lowers = r->settings.layers.v,
		.n_lowers = r->settings.layers.n,
		.transient = r->settings.remove,
		.layers_tree = -1,
		.container_tree = -1,
	};
}

/* What serves it is attached where it hides nothing: init may open files of the container's folder yet. */
static int plan_root(struct run *r, struct root_paths *paths, struct rootfs_plan *ret, struct err *e)
{
	fill_rootfs(r, paths, ret);
	if (!r->serve)
		return 0;
	int err = storage_serve(ret, &r->spec.linux_.uid_mappings, &r->root, e);

	if (err < 0 && r->settings.storage_driver == STORAGE_AUTO)
		err_wrap(e, "the kernel cannot overlay folders of %s with ids mapped", r->g->data_path);
	if (err < 0)
		return err;
	snprintf(paths->place, sizeof(paths->place), "%s/lower", paths->container);
	ret->path = paths->place;
	return 0;
}

/* Asked after settings.json is written: one of the two, this or the image's removal, sees the other. */
static int check_image(struct run *r, struct err *e)
{
	const struct settings *s = &r->settings;
	const struct image image = { .manifest = s->manifest, .config = s->manifest };
	char record[PATH_MAX];

	if (!s->manifest)
		return 0;
	if (s->image_store) {
		snprintf(record, sizeof(record), "%s/images/records/%s", s->image_store, s->manifest);
		if (access(record, F_OK) == 0)
			return 0;
		return err_say(e, ENOENT, "the image %s is no longer in %s", s->image, s->image_store);
	}
	if (image_present(&r->g->store, &image, e) == 0)
		return 0;
	err_say(e, ENOENT, "the image %s has been removed", s->image);
	return err_hint(e, "load it again");
}

/* Its class goes below what was asked for by name; what is not there of it is no more than a default. */
static int take_limits(struct run *r, struct err *e)
{
	struct spec_resources *own = &r->spec.linux_.resources;
	struct arena *a = &r->spec.arena;
	struct spec_map m = { 0 };
	int err = r->settings.pids_default ? limits_put(a, &m, "pids.max", DEFAULT_PIDS_LIMIT, e) : 0;

	if (err >= 0)
		err = limits_put(a, &m, "memory.oom.group", "1", e);
	if (err >= 0)
		err = class_apply(r->settings.class, own, a, own, &m, e);
	if (err < 0)
		return err;
	r->cgroup_defaults = arena_array(a, m.n + 1, sizeof(*r->cgroup_defaults));
	if (!r->cgroup_defaults)
		return err_nomem(e);
	for (size_t i = 0; i < m.n; i++) {
		r->cgroup_defaults[i][0] = m.v[i].key;
		r->cgroup_defaults[i][1] = m.v[i].value;
	}
	return 0;
}

/* systemd has defaults of its own, and would go back to them: so it is told ours, as limits like others. */
static int tell_defaults(struct run *r, struct err *e)
{
	static const char *const files[] = { "pids.max", "memory.oom.group" };
	struct spec_map *told = &r->spec.linux_.resources.unified;
	int err = 0;

	for (size_t d = 0; r->cgroup_defaults[d][0]; d++)
		for (size_t i = 0; i < ARRAY_SIZE(files) && err >= 0; i++)
			if (streq(r->cgroup_defaults[d][0], files[i]) && !spec_map_get(told, files[i]))
				err = limits_put(&r->spec.arena, told, files[i], r->cgroup_defaults[d][1], e);
	return err;
}

/* Below a parent that was named; else where systemd lets us make cgroups, or where there is no systemd, in a folder of ours. */
static int place_cgroup(struct run *r, struct create_request *q, struct err *e)
{
	const struct settings *s = &r->settings;
	const char *parent = s->cgroup_parent;
	struct arena *a = &r->spec.arena;

	q->plan.cgroup_manager = (enum cgroup_manager)s->cgroup_manager;
	q->plan.cgroup_delegate = s->cgroup_delegate;
	if (s->cgroup_manager == CGROUP_MANAGER_DISABLED)
		return 0;
	q->cgroup_defaults = (const char *const(*)[2])r->cgroup_defaults;
	if (s->cgroup_manager == CGROUP_MANAGER_SYSTEMD) {
		r->spec.linux_.cgroups_path = arena_printf(a, "%s:paene:%s", parent ? parent : CGROUP_DEFAULT_SLICE, s->id);
		return r->spec.linux_.cgroups_path ? tell_defaults(r, e) : err_nomem(e);
	}
	if (!parent) {
		parent = cgroup_home();
		q->plan.cgroup_home = parent != NULL;
	}
	q->plan.cgroup_path = arena_printf(a, "%s/%s", parent ? parent : "/paene", s->id);
	return q->plan.cgroup_path ? 0 : err_nomem(e);
}

/* Root in there would be root out here, and could write to this program: see base/seal.h. */
static int take_seal(const struct run *r, int *ret, struct err *e)
{
	if (r->settings.private_userns)
		return 0;
	*ret = proc_seal_file();
	if (*ret >= 0)
		return 0;
	err_say(e, ENOSYS, "paene cannot be kept from what runs in there: this kernel has no PR_SET_MM, or paene was replaced meanwhile");
	return err_hint(e, "use --userns private");
}

static int create(struct run *r, struct err *e)
{
	const struct settings *s = &r->settings;
	auto_fd int seal = -1;
	struct root_paths paths;
	struct rootfs_plan rootfs;
	int err = take_seal(r, &seal, e);

	if (err >= 0)
		err = plan_root(r, &paths, &rootfs, e);
	if (err < 0)
		return err;
	struct create_request q = {
		.spec = &r->spec,
		.plan = {
			.id = s->id, .bundle = paths.container, .rootfs = &rootfs,
			.seccomp = (enum seccomp_profile)s->seccomp, .abi32 = s->abi32, .seccomp_cache = r->g->seccomp,
			.resolve_user = true,
			.seal = MAX(seal, 0),
			.stdio = { r->ends.child[0], r->ends.child[1], r->ends.child[2] },
		},
		.root = r->g->states,
		.run = true,
		.wire = is_bridge(s->network) ? wire : NULL,
		.wire_arg = r,
		.missing_defaults = &r->record.missing,
		.missing_arena = &r->record.arena,
	};
	err = place_cgroup(r, &q, e);

	if (err >= 0)
		err = container_create(&q, &r->created, e);
	else
		rootfs_close(&rootfs);
	if (err >= 0 && r->created.cgroup >= 0)
		r->oom = cgroup_oom_open(r->created.cgroup);
	return err;
}

/* For inspect, and for whoever gives it all back. */
static int write_record(struct run *r, struct err *e)
{
	struct run_record *rec = &r->record;
	char text[NET_ADDR_MAX], port[NET_PORT_MAX];

	if (r->net.address[NET_V4].family)
		rec->address = arena_strdup(&rec->arena, net_addr_text(&r->net.address[NET_V4], false, text));
	for (size_t i = 0; i < r->net.n_ports; i++)
		if (strv_add(&rec->arena, &rec->ports, net_port_text(&r->net.ports[i], port)) < 0)
			return err_nomem(e);
	rec->range_start = r->range_start;
	rec->root_served = r->serve;
	return record_write_run(r->dir, rec, e);
}

static int (*const steps[])(struct run *r, struct err *e) = {
	check_image, take_range, take_limits, take_network, take_streams, create, write_record,
};

static void take_size(int terminal, struct spec_box *ret)
{
	struct winsize size;

	if (ioctl(terminal, TIOCGWINSZ, &size) == 0)
		*ret = (struct spec_box){ .height = size.ws_row, .width = size.ws_col };
}

/* paene in a container: it has all ids that there are. */
static void explain_ids(const struct run *r, struct err *e)
{
	if (r->range_start && (e->code == EINVAL || e->code == EPERM) && cgroup_is_rootless())
		err_hint(e, "in a user namespace containers have no ids of their own: --userns host");
}

/* Errors that a file system which the kernel does not overlay may cause; a closer look is only taken then. */
static bool may_be_served(const struct run *r, int error)
{
	static const int errors[] = { EINVAL, EPERM, ENODEV, EOPNOTSUPP };
	struct root_paths paths;
	struct rootfs_plan p;
	bool possible = false;

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		possible |= error == -errors[i];
	if (!possible || r->serve || !r->settings.manifest || r->settings.storage_driver != STORAGE_AUTO)
		return false;
	fill_rootfs(r, &paths, &p);
	return storage_is_refused(&p, &r->spec.linux_.uid_mappings);
}

/* Return: as run_start(), or 1 where it may go better with its root served */
static int attempt(const struct engine *g, int dir, int terminal, bool serve, struct run *ret, struct err *e)
{
	char now[TIMESTAMP_MAX];
	struct run r = {
		.g = g,
		.dir = dir,
		.ends = { { -1, -1, -1 }, { -1, -1, -1 } },
		.created = CREATED_NONE,
		.root = -1,
		.oom = -1,
	};
	int err = record_settings(dir, &r.settings, e);

	if (err >= 0)
		err = record_spec(dir, &r.spec, e);
	r.serve = serve || r.settings.storage_driver == STORAGE_FUSE_OVERLAYFS;
	if (terminal >= 0)
		take_size(terminal, &r.spec.process.console_size);
	r.record.started = arena_strdup(&r.record.arena, timestamp_now(now));
	for (size_t i = 0; i < ARRAY_SIZE(steps) && err >= 0; i++)
		err = steps[i](&r, e);
	if (err < 0) {
		struct err ignored;
		bool again = may_be_served(&r, err);

		explain_ids(&r, e);
		if (r.settings.id)
			(void)run_release(g, dir, &r.settings, false, &ignored); /* the first error counts */
		run_free(&r);
		return again ? 1 : err;
	}
	for (int i = 0; i < 3; i++)
		fd_close(&r.ends.child[i]);
	*ret = r;
	return 0;
}

int run_start(const struct engine *g, int dir, int terminal, struct run *ret, struct err *e)
{
	int err = attempt(g, dir, terminal, false, ret, e);

	return err > 0 ? attempt(g, dir, terminal, true, ret, e) : err;
}

void run_free(struct run *r)
{
	net_hold_close(&r->hold);
	relay_close(&r->ends);
	created_close(&r->created);
	fd_close(&r->root);
	fd_close(&r->oom);
	settings_free(&r->settings);
	spec_free(&r->spec);
	run_record_free(&r->record);
}

/* When all of it is on record: who follows the journal may ask at once. */
static void tell_died(const struct engine *g, const struct settings *s, const struct run_end *end)
{
	struct event v = event_of(s, EVENT_DIED);

	v.exit_code = (struct opt_u32){ true, (uint32_t)end->status };
	v.detail = (struct spec_pair){ (char *)"oomKilled", (char *)(end->oom_killed ? "true" : "false") };
	journal_tell(g, &v);
}

int run_finish(const struct engine *g, int dir, int watch, const struct settings *s, const struct run_end *end)
{
	auto_run_record struct run_record run = { 0 };
	struct err ignored;
	char now[TIMESTAMP_MAX];
	struct exit_record x = {
		.status = end->status,
		.oom_killed = end->oom_killed,
		.finished = (char *)timestamp_now(now),
		.restarts = end->restarts,
		.error = (char *)(end->root_lost ? "fuse-overlayfs, which served its root, has ended" : NULL),
	};

	record_tell_waiters(watch, end->status);
	if (!s->remove) {
		if (record_run(dir, &run, &ignored) > 0)
			x.started = run.started;
		(void)usage_of_run(g, s->id, &x.use, &ignored); /* what cannot be read is not recorded */
		(void)record_write_exit(dir, &x, &ignored); /* a full disk must not keep us from giving back */
	}
	int r = run_release(g, dir, s, true, &ignored);

	tell_died(g, s, end);
	return r;
}

/* The range whose owner this container is: what a crash took before run.json said so. */
static int release_owned(int dir, const char *name, void *arg, struct err *e)
{
	const char *id = arg;
	char owner[ENGINE_OWNER_MAX];

	(void)e;
	if (engine_owner(dir, name, owner) == 0 && streq(owner, id))
		(void)unlinkat(dir, name, 0);
	return 0;
}

static int release_network(const struct engine *g, const struct settings *s, const struct run_record *run, bool ended,
			   struct err *e)
{
	struct net_plan plan = { .id = s->id };
	int err = network_find(g->networks, s->network, &plan.network, e);

	if (err < 0) /* removed meanwhile, with all that belonged to it */
		return err == -ENOENT ? 0 : err;
	err = network_detach(g->networks, &plan, -1, ended, e);
	if (err < 0)
		return err;
	bool known = run->address && net_addr_parse(run->address, &plan.address[NET_V4]) == 0;

	return network_release(g->networks, &plan.network, s->id, known ? &plan.address[NET_V4] : NULL, e);
}

int run_release(const struct engine *g, int dir, const struct settings *s, bool ended, struct err *e)
{
	auto_run_record struct run_record run = { 0 };
	struct err ignored;
	int err = container_delete(g->states, s->id, true, e);

	if (err < 0 && err != -ENOENT)
		return err;
	/* without a whole run.json the owners' names in the files themselves say what to give back */
	if (!ended || record_run(dir, &run, &ignored) <= 0) {
		run_record_free(&run);
		run = (struct run_record){ 0 };
	}
	if (is_bridge(s->network)) {
		err = release_network(g, s, &run, ended, e);
		if (err < 0)
			return err;
	}
	if (run.range_start)
		return idmap_release_range(g->idranges, s->id, run.range_start, e);
	return s->private_userns ? file_each(g->idranges, release_owned, s->id, e) : 0;
}
