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
#include "namespaces/tree.h"
#include "runtime/brief.h"
#include "runtime/class.h"
#include "runtime/container_mount.h"
#include "runtime/defaults.h"
#include "runtime/health.h"
#include "runtime/join.h"
#include "runtime/limits.h"
#include "runtime/name_files.h"
#include "runtime/notify.h"
#include "runtime/pods.h"
#include "runtime/rootless.h"
#include "runtime/run_parts.h"
#include "runtime/secrets.h"
#include "runtime/storage.h"
#include "runtime/user_network.h"

static int take_range(struct run *r, struct err *e)
{
	struct spec_linux *l = &r->spec.linux_;
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

/* Defaults that speak of groups which this container does not have: who may ping, and whose terminals are. */
static void fit_to_ids(struct run *r)
{
	const struct spec_id_maps *gids = &r->spec.linux_.gid_mappings;
	struct spec_map *sysctls = &r->spec.linux_.sysctl;
	struct spec_mounts *mounts = &r->spec.mounts;
	uint32_t ignored;

	for (size_t i = 0; i < sysctls->n && !idmap_to_host(gids, DEFAULT_PING_LAST_GROUP, &ignored); i++)
		if (streq(sysctls->v[i].value, DEFAULT_PING_GROUPS))
			sysctls->v[i].value = (char *)"0 0";
	for (size_t i = 0; i < mounts->n && !idmap_to_host(gids, DEFAULT_TTY_GROUP, &ignored); i++)
		for (size_t k = 0; k < mounts->v[i].options.n; k++)
			if (streq(mounts->v[i].options.v[k], DEFAULT_TTY_OPTION))
				mounts->v[i].options.v[k] = (char *)"gid=0";
}

static int take_ids(struct run *r, struct err *e)
{
	struct spec_linux *l = &r->spec.linux_;
	int err = 0;

	if (!r->settings.private_userns)
		return 0;
	if (!l->uid_mappings.n && !r->g->rootless) /* those of a namespace that is joined are there already */
		return take_range(r, e);
	if (!l->uid_mappings.n)
		err = rootless_ids(&r->spec.arena, &l->uid_mappings, &l->gid_mappings, e);
	if (err >= 0)
		fit_to_ids(r);
	return err;
}

static int take_secrets(struct run *r, struct err *e)
{
	r->spec.process.user.groups = r->settings.groups;
	return secrets_add(r->g, &r->settings, &r->spec, e);
}

/* systemd takes it for the machine's id where the image has none. */
static int take_uuid(struct run *r, struct err *e)
{
	char word[sizeof("container_uuid=") + 32];

	snprintf(word, sizeof(word), "container_uuid=%.32s", r->settings.id);
	return !r->settings.systemd || strv_set_env(&r->spec.arena, &r->spec.process.env, word) == 0 ? 0 : err_nomem(e);
}

static int wire(pid_t pid, int netns, void *arg, struct err *e)
{
	struct run *r = arg;

	(void)pid;
	if (!user_network_is(&r->settings))
		return wiring_attach(r->g, &r->wiring, netns, e);
	r->network_program = user_network_connect(r->g, &r->settings, netns, &r->record, e);
	return MIN(r->network_program, 0);
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
		.kind = r->settings.manifest || r->settings.rootfs ? ROOTFS_OVERLAY : ROOTFS_HOST,
		.path = paths->container,
		.layers = paths->layers,
		.lowers = r->settings.layers.v,
		.n_lowers = r->settings.layers.n,
		.transient = r->settings.remove,
		.as_is = r->g->rootless,
		.layers_tree = -1,
		.container_tree = -1,
	};
	if (r->settings.rootfs)
		ret->layers = r->settings.rootfs;
}

/* A folder of the host as it is, but for its owners: they are those of the container. */
static int open_rootfs(struct run *r, struct rootfs_plan *p, struct err *e)
{
	const struct spec_id_maps *ids = &r->spec.linux_.uid_mappings;
	auto_fd int tree = tree_clone(AT_FDCWD, r->settings.rootfs, AT_RECURSIVE, e), userns = -1;
	int err = tree < 0 ? tree : tree_change(tree, true, 0, 0, MS_PRIVATE, e);

	if (err >= 0 && r->settings.private_userns && !r->settings.rootfs_as_is && !r->g->rootless) {
		err = userns = idmap_userns(ids, &r->spec.linux_.gid_mappings, e);
		if (err >= 0)
			err = idmap_mount(tree, userns, true, r->settings.rootfs, e);
	}
	if (err < 0)
		return err;
	p->kind = ROOTFS_MADE;
	p->container_tree = fd_take(&tree);
	return 0;
}

/* What serves it is attached where it hides nothing: init may open files of the container's folder yet. */
static int plan_root(struct run *r, struct root_paths *paths, struct rootfs_plan *ret, struct err *e)
{
	const struct settings *s = &r->settings;
	bool folder = s->rootfs && !s->rootfs_overlay;

	fill_rootfs(r, paths, ret);
	if (!r->serve && !folder)
		return 0;
	const struct spec_linux *l = &r->spec.linux_;
	int err = folder ? open_rootfs(r, ret, e) : storage_serve(ret, &l->uid_mappings, &l->gid_mappings, &r->root, e);

	if (err < 0 && !folder && s->storage_driver == STORAGE_AUTO)
		err_wrap(e, "the kernel cannot overlay folders of %s with ids mapped", r->g->data_path);
	if (err >= 0 && !folder)
		err = name_files_accounts(r, ret->container_tree, e);
	if (err < 0) {
		rootfs_close(ret);
		return err;
	}
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
	char given[PATH_MAX], *pods = NULL;
	struct arena *a = &r->spec.arena;

	q->plan.cgroup_manager = (enum cgroup_manager)s->cgroup_manager;
	q->plan.cgroup_delegate = s->cgroup_delegate;
	if (s->cgroup_manager == CGROUP_MANAGER_DISABLED)
		return 0;
	q->cgroup_defaults = (const char *const(*)[2])r->cgroup_defaults;
	int err = s->pod ? pod_cgroup(r->g, s->pod, a, &pods, e) : 0;

	if (err < 0)
		return err;
	if (s->pod)
		parent = pods;
	if (s->cgroup_manager == CGROUP_MANAGER_SYSTEMD) {
		const char *slice = parent ? parent : r->g->rootless ? "" : CGROUP_DEFAULT_SLICE;

		r->spec.linux_.cgroups_path = arena_printf(a, "%s:paene:%s", slice, s->id);
		return r->spec.linux_.cgroups_path ? tell_defaults(r, e) : err_nomem(e);
	}
	if (!parent && r->g->rootless) {
		parent = cgroup_delegated(given) ? given : NULL;
	} else if (!parent) {
		parent = cgroup_home();
		q->plan.cgroup_home = parent != NULL;
	}
	q->plan.cgroup_path = arena_printf(a, "%s/%s", parent ? parent : "/paene", s->id);
	return q->plan.cgroup_path ? 0 : err_nomem(e);
}

/* Root in there would be root out here, and could write to this program: see base/seal.h. */
static int take_seal(const struct run *r, int *ret, struct err *e)
{
	if (r->settings.private_userns && !r->g->rootless)
		return 0;
	*ret = proc_seal_file();
	if (*ret >= 0)
		return 0;
	err_say(e, ENOSYS, "paene cannot be kept from what runs in there: this kernel has no PR_SET_MM, or paene was replaced meanwhile");
	return err_hint(e, "use --userns private");
}

/* For hooks after its end: they are those of its start. */
static int keep_config(const struct run *r, char **ret, struct err *e)
{
	if (!r->spec.hooks[HOOK_POSTSTART].n && !r->spec.hooks[HOOK_POSTSTOP].n)
		return 0;
	return file_read(r->dir, RECORD_CONFIG, SPEC_MAX_BYTES, ret, NULL, e);
}

static int create(struct run *r, struct err *e)
{
	const struct settings *s = &r->settings;
	auto_free char *config = NULL;
	auto_fd int seal = -1;
	struct root_paths paths;
	struct rootfs_plan rootfs;
	char note[STATE_NOTE_MAX];
	int err = take_seal(r, &seal, e);
	if (err >= 0)
		err = keep_config(r, &config, e);
	const char *manager = s->sdnotify == SDNOTIFY_CONTAINER ? getenv(NOTIFY_ENV) : NULL;
	bool notify = manager && *manager;

	if (err >= 0 && notify)
		err = notify_tell(&r->spec, r->g->states, s->id, e);
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
			.hold_signals = s->init,
			.seal = MAX(seal, 0),
			.stdio = { r->ends.child[0], r->ends.child[1], r->ends.child[2] },
		},
		.root = r->g->states,
		.config = config,
		.run = true,
		.note = note,
		.note_len = brief_write(s, &r->settings_file, r->record.started, note, sizeof(note)),
		.notify = notify,
		.wire = wiring_is_wanted(s) || user_network_is(s) ? wire : NULL,
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
	int err = wiring_record(&r->wiring, rec, e);

	if (err < 0)
		return err;
	rec->range_start = r->range_start;
	rec->root_served = r->serve;
	if (r->settings.sdnotify == SDNOTIFY_HEALTHY) {
		rec->notify_socket = arena_strdup(&rec->arena, getenv(NOTIFY_ENV));
		rec->notify_pid = (uint32_t)getpid();
	}
	if (r->settings.health.check.test.n) {
		err = health_begin(r->dir, &r->settings, e);
		if (err < 0)
			return err;
	}
	return record_write_run(r->dir, rec, e);
}

static int (*const steps[])(struct run *r, struct err *e) = {
	check_image, run_take_mounts, take_ids, take_limits, name_files_take, take_secrets, take_uuid, take_streams, create, write_record,
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

/* Only where it has failed: that a store lacks a layer is nothing to be looked for at each start. */
static void explain_layers(const struct run *r, struct err *e)
{
	const struct settings *s = &r->settings;
	const char *data = s->image_store ? s->image_store : r->g->data_path;

	for (size_t i = 0; e->code == ENOENT && s->manifest && i < s->layers.n; i++) {
		char path[PATH_MAX];

		snprintf(path, sizeof(path), "%s/images/layers/%s", data, s->layers.v[i]);
		if (access(path, F_OK) == 0)
			continue;
		err_say(e, ENOENT, "layer %s of image %s is missing from the store", s->layers.v[i], s->image);
		err_hint(e, "`paene system check --repair` unpacks it again");
		return;
	}
}

/* A user cannot have mounts mapped: where ids are not as they are on disk, somebody else must do it. */
static bool is_mapped_for_user(const struct run *r)
{
	const struct spec_id_maps *maps[] = { &r->spec.linux_.uid_mappings, &r->spec.linux_.gid_mappings };
	bool mapped = false;

	for (size_t k = 0; k < ARRAY_SIZE(maps); k++)
		for (size_t i = 0; i < maps[k]->n; i++)
			mapped |= maps[k]->v[i].container_id != maps[k]->v[i].host_id;
	return r->g->rootless && r->settings.manifest && mapped;
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
		.shm = -1,
		.network_program = -1,
		.oom = -1,
	};

	for (size_t k = 0; k < NS_COUNT; k++)
		r.joins[k] = -1;
	/* looked at before it is read: so it is not newer than what was read */
	bool there = fstatat(dir, RECORD_SETTINGS, &r.settings_file, AT_SYMLINK_NOFOLLOW) == 0;
	int err = there ? record_settings(dir, &r.settings, e) : err_set(e, errno, "look at the settings");
	if (err >= 0 && r.settings.mounted)
		err = container_mount_end(g, &r.settings, false, e);
	if (err >= 0)
		err = record_spec(dir, &r.spec, e);
	if (err >= 0)
		err = join_take(&r, e);
	r.serve = serve || r.settings.storage_driver == STORAGE_FUSE_OVERLAYFS || is_mapped_for_user(&r);
	if (terminal >= 0)
		take_size(terminal, &r.spec.process.console_size);
	r.record.started = arena_strdup(&r.record.arena, timestamp_now(now));
	for (size_t i = 0; i < ARRAY_SIZE(steps) && err >= 0; i++)
		err = steps[i](&r, e);
	if (err < 0) {
		struct err ignored;
		bool again = may_be_served(&r, err);

		explain_ids(&r, e);
		explain_layers(&r, e);
		run_let_volumes_go(&r, false);
		user_network_end(r.network_program); /* its record has gone with the state */
		if (r.settings.id)
			(void)run_release(g, dir, &r.settings, false, &ignored); /* the first error counts */
		run_free(&r);
		return again ? 1 : err;
	}
	run_let_volumes_go(&r, true);
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
	net_hold_close(&r->wiring.hold);
	relay_close(&r->ends);
	created_close(&r->created);
	fd_close(&r->root);
	for (size_t k = 0; k < NS_COUNT; k++)
		fd_close(&r->joins[k]);
	fd_close(&r->shm);
	fd_close(&r->network_program);
	fd_close(&r->oom);
	settings_free(&r->settings);
	spec_free(&r->spec);
	run_record_free(&r->record);
}
