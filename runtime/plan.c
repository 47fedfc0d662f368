// SPDX-License-Identifier: Apache-2.0
#include "runtime/plan.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>

#include "base/fd.h"
#include "base/path.h"
#include "cgroups/cgroups.h"
#include "namespaces/devices.h"
#include "namespaces/idmap.h"
#include "namespaces/masks.h"
#include "namespaces/net_devices.h"
#include "namespaces/ns.h"
#include "namespaces/subid.h"
#include "runtime/ksm.h"
#include "runtime/landlock.h"
#include "runtime/label.h"
#include "runtime/listener.h"
#include "runtime/placement.h"
#include "spec/names.h"

static int plan_time(struct plan *p, struct err *e)
{
	const struct spec_linux *l = &p->spec->linux_;

	p->time_offsets = l->monotonic.set || l->boottime.set;
	if (!p->time_offsets)
		return 0;
	if (!l->namespaces[NS_TIME].wanted)
		return err_say(e, EINVAL, "linux.timeOffsets: they need a time namespace in linux.namespaces");
	if (l->namespaces[NS_TIME].path)
		return err_say(e, EINVAL, "linux.timeOffsets: the time namespace to join has offsets of its own");
	p->clone_flags &= ~ns_kinds[NS_TIME].flag;
	return 0;
}

static int plan_namespaces(struct plan *p, struct err *e)
{
	const struct spec_namespace *ns = p->spec->linux_.namespaces;

	for (size_t k = 0; k < NS_COUNT; k++)
		if (ns[k].wanted && !ns[k].path)
			p->clone_flags |= ns_kinds[k].flag;
	p->userns = ns[NS_USER].wanted;
	/* who has entered a user namespace may mount in the mount namespaces that it owns, in no other */
	if (p->userns && !(ns[NS_MOUNT].wanted && (!ns[NS_MOUNT].path || ns[NS_USER].path)))
		return err_say(e, EINVAL, "linux.namespaces: with a new user namespace a new mount namespace is needed");
	/*
	 * clone3 would take the parent's cgroup as the root of a cgroup namespace, and the parent's user, who has no id in
	 * there, as the owner of the ipc namespace's message queues.
	 */
	p->late_flags = p->clone_flags & (CLONE_NEWCGROUP | (p->userns ? CLONE_NEWIPC : 0));
	p->clone_flags &= ~p->late_flags;
	p->own_pidns = p->clone_flags & CLONE_NEWPID;
	p->own_netns = p->clone_flags & CLONE_NEWNET;
	return plan_time(p, e);
}

/* A user namespace without maps: the caller alone, and as a user all ids that it may use, as with crun. */
static int default_ids(struct plan *p, struct err *e)
{
	static struct spec_id_map root = { .container_id = 0, .host_id = 0, .size = 1 };
	const struct spec_id_maps only_root = { .v = &root, .n = 1 };

	p->uids = p->gids = only_root;
	return geteuid() == 0 ? 0 : idmap_own(&p->arena, &p->uids, &p->gids, e);
}

static int plan_ids(struct plan *p, struct err *e)
{
	const struct spec_linux *l = &p->spec->linux_;

	if (!p->userns && (l->uid_mappings.n || l->gid_mappings.n))
		return err_say(e, EINVAL, "linux.uidMappings: they need a user namespace in linux.namespaces");
	bool joined = l->namespaces[NS_USER].path, given = l->uid_mappings.n || l->gid_mappings.n;

	if (!p->userns || (joined && !given))
		return 0; /* one that is joined has maps of its own, which may be given, too */
	if (!given)
		return default_ids(p, e);
	p->uids = l->uid_mappings;
	p->gids = l->gid_mappings;
	int r = idmap_check(&p->uids, "linux.uidMappings", e);

	return r < 0 ? r : idmap_check(&p->gids, "linux.gidMappings", e);
}

static int plan_unit(struct plan *p, struct err *e)
{
	char *path;
	int r = cgroup_unit_plan(p->spec->linux_.cgroups_path, p->opt.id, &p->arena, &p->cgroup_unit, &path, e);

	if (r >= 0)
		p->cgroup_path = path;
	return r;
}

static int plan_cgroup(struct plan *p, struct err *e)
{
	const char *path = p->spec->linux_.cgroups_path;

	p->resources = p->spec->linux_.resources;
	if (p->opt.cgroup_manager == CGROUP_MANAGER_DISABLED)
		return 0;
	if (p->opt.cgroup_manager == CGROUP_MANAGER_SYSTEMD)
		return plan_unit(p, e);
	if (!path || !*path)
		path = p->opt.cgroup_path;
	if (!path && cgroup_can_be_none(&p->resources))
		return 0;
	if (!path)
		path = arena_printf(&p->arena, "/paene-oci/%s", p->opt.id);
	else if (*path != '/')
		path = arena_printf(&p->arena, "/%s", path);
	if (!path)
		return err_nomem(e);
	p->cgroup_path = path;
	int r = cgroup_check_path(path, e);

	return r < 0 ? err_wrap(e, "linux.cgroupsPath") : 0;
}

/* To enter the caller's own by its path changes nothing, least of all its root. */
static enum rootfs_where where_to_build(const struct spec_namespace *mount)
{
	struct stat own, other;

	if (!mount->wanted)
		return ROOTFS_IN_CALLERS;
	if (!mount->path)
		return ROOTFS_IN_NEW;
	if (stat("/proc/self/ns/mnt", &own) < 0 || stat(mount->path, &other) < 0)
		return ROOTFS_IN_JOINED;
	return own.st_dev == other.st_dev && own.st_ino == other.st_ino ? ROOTFS_IN_CALLERS : ROOTFS_IN_JOINED;
}

static int plan_rootfs(struct plan *p, struct err *e)
{
	const struct spec *s = p->spec;

	p->rootfs = (struct rootfs_plan){ .kind = ROOTFS_FOLDER, .layers_tree = -1, .container_tree = -1 };
	if (p->opt.rootfs) {
		p->rootfs = *p->opt.rootfs;
		p->rootfs.nosuid = s->process.no_new_privileges;
	} else {
		if (!s->root.path)
			return err_say(e, EINVAL, "root: missing");
		char *path = *s->root.path == '/' ? arena_strdup(&p->arena, s->root.path)
						  : arena_printf(&p->arena, "%s/%s", p->opt.bundle, s->root.path);

		if (!path)
			return err_nomem(e);
		p->rootfs.path = path;
	}
	p->rootfs.where = where_to_build(&s->linux_.namespaces[NS_MOUNT]);
	p->rootfs.readonly = s->root.readonly;
	p->rootfs.userns = p->userns;
	static const uint64_t flags[PROPAGATION_COUNT] = {
		[PROPAGATION_SHARED] = MS_SHARED,
		[PROPAGATION_SLAVE] = MS_SLAVE,
		[PROPAGATION_PRIVATE] = MS_PRIVATE,
		[PROPAGATION_UNBINDABLE] = MS_UNBINDABLE,
	};
	p->rootfs.propagation = flags[s->linux_.rootfs_propagation];
	return 0;
}

static bool same_device(const struct spec_device *a, const struct spec_device *b)
{
	return streq(a->path, b->path);
}

/* The default devices, then the configuration's: one that has the same path replaces the default. */
static int plan_devices(struct plan *p, struct err *e)
{
	const struct spec_devices *own = &p->spec->linux_.devices;
	size_t n_default = 0;

	while (devices_default[n_default].path)
		n_default++;
	p->devices.v = arena_array(&p->arena, n_default + own->n, sizeof(*p->devices.v));
	if (!p->devices.v)
		return err_nomem(e);
	for (size_t i = 0; i < n_default; i++) {
		bool replaced = false;

		for (size_t j = 0; j < own->n; j++)
			replaced |= same_device(&devices_default[i], &own->v[j]);
		if (!replaced)
			p->devices.v[p->devices.n++] = devices_default[i];
	}
	for (size_t j = 0; j < own->n; j++)
		p->devices.v[p->devices.n++] = own->v[j];
	return 0;
}

static bool mounts_cgroups(const struct spec_mounts *m)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->v[i].type && str_after(m->v[i].type, "cgroup"))
			return true;
	return false;
}

/*
 * Without a cgroup namespace of its own a container sees the hierarchy as this machine does, by a bind: a mount of its own
 * would change the options of the machine's (nsdelegate and others are set by whoever mounts last outside such a namespace).
 */
static int plan_cgroup_bind(struct plan *p, struct err *e)
{
	char mount[PATH_MAX];

	if (p->spec->linux_.namespaces[NS_CGROUP].wanted || !mounts_cgroups(&p->spec->mounts))
		return 0;
	auto_fd int root = cgroup_open_root(mount, e);

	if (root < 0)
		return root;
	p->mount_context.cgroup = arena_strdup(&p->arena, mount);
	return p->mount_context.cgroup ? 0 : err_nomem(e);
}

/* Does the container's user namespace own another one of its own? What shows that one can be mounted then. */
static bool is_owned(const struct plan *p, enum spec_ns_kind kind)
{
	const struct spec_namespace *all = p->spec->linux_.namespaces, *ns = &all[kind];

	if (!p->userns || !ns->path)
		return !p->userns || ns->wanted;
	return all[NS_USER].path && ns_is_owned(ns->path, all[NS_USER].path);
}

static int plan_mounts(struct plan *p, struct err *e)
{
	p->mount_context = (struct mount_context){
		.private_userns = p->userns,
		.net_owned = is_owned(p, NS_NET),
		.pid_owned = is_owned(p, NS_PID),
		.ipc_owned = is_owned(p, NS_IPC),
		.bundle = p->opt.bundle,
		.keep_attributes = p->opt.rootfs != NULL,
		/* mounts are listed in the order in which they were made; but what the host shares with us is opened there */
		.in_order = p->rootfs.where == ROOTFS_IN_JOINED || (!p->userns && p->rootfs.propagation != MS_SHARED),
		.rootfs = p->opt.rootfs ? NULL : p->rootfs.path,
		.maps = { p->uids, p->gids },
		.label = p->spec->linux_.mount_label && label_of_mounts() ? p->spec->linux_.mount_label : NULL,
	};
	int r = plan_cgroup_bind(p, e);

	if (r >= 0)
		r = mount_list_from_spec(&p->arena, &p->spec->mounts, &p->mount_context, &p->mounts, e);
	if (r < 0)
		return r;
	p->dev_index = -1;
	for (size_t i = 0; i < p->mounts.n; i++) {
		if (p->mounts.v[i].how == MOUNT_DEV)
			p->dev_index = (int)i;
		p->parent_works |= mount_op_asks(&p->mounts.v[i], &p->mount_context);
		if (p->rootfs.where == ROOTFS_IN_CALLERS && streq(p->mounts.v[i].target, "/"))
			return err_say(e, EINVAL, "mounts[%zu] (/): it needs a mount namespace of its own", i);
	}
	return 0;
}

static int plan_sysctls(const struct plan *p, struct err *e)
{
	const struct spec_map *m = &p->spec->linux_.sysctl;

	for (size_t i = 0; i < m->n; i++) {
		int r = sysctl_check(p->spec, m->v[i].key, e);

		if (r < 0)
			return err_wrap(e, "linux.sysctl");
	}
	return 0;
}

static int plan_seccomp(struct plan *p, struct err *e)
{
	const struct spec_process *proc = &p->spec->process;
	int r = 0;

	if (p->opt.seccomp != SECCOMP_UNCONFINED)
		r = seccomp_from_profile(p->opt.seccomp, proc->capabilities.bounding.v, p->opt.abi32,
					 p->opt.seccomp_cache, &p->seccomp, e);
	else if (p->spec->linux_.seccomp.given)
		r = seccomp_from_spec(&p->spec->linux_.seccomp, p->opt.seccomp_cache, &p->seccomp, e);
	if (r < 0)
		return err_wrap(e, "seccomp");
	if (p->seccomp.notify)
		r = listener_check(&p->spec->linux_.seccomp, e);
	p->early_filter = p->seccomp.n > 0 && !proc->no_new_privileges;
	return r < 0 ? r : 0;
}

/* sched_setattr(2) would say EINVAL to all of it. */
static int check_scheduler(const struct spec_scheduler *s, struct err *e)
{
	bool real_time = s->policy == SCHED_FIFO || s->policy == SCHED_RR;

	if (s->given && s->priority && !real_time)
		return err_say(e, EINVAL, "process.scheduler.priority: only SCHED_FIFO and SCHED_RR have one");
	if (s->given && real_time && !s->priority)
		return err_say(e, EINVAL, "process.scheduler.priority: %s needs one from 1 to 99",
			       spec_sched_policy_names[s->policy]);
	if (s->given && s->policy != SCHED_DEADLINE && (s->runtime_ns || s->deadline_ns || s->period_ns))
		return err_say(e, EINVAL, "process.scheduler: only SCHED_DEADLINE has a runtime, deadline and period");
	return 0;
}

static int plan_process(struct plan *p, struct err *e)
{
	const struct spec_process *proc = &p->spec->process;

	if (!proc->given)
		return err_say(e, EINVAL, "process: missing: there is nothing to run");
	if (proc->args.n == 0)
		return err_say(e, EINVAL, "process.args: missing: there is nothing to run");
	if (p->userns && p->uids.n && !p->opt.resolve_user && !p->opt.own_ids) {
		uint32_t ignored;

		if (!idmap_to_host(&p->uids, proc->user.uid, &ignored))
			return err_say(e, EINVAL, "process.user.uid: %u is not in linux.uidMappings", proc->user.uid);
		if (p->gids.n && !idmap_to_host(&p->gids, proc->user.gid, &ignored))
			return err_say(e, EINVAL, "process.user.gid: %u is not in linux.gidMappings", proc->user.gid);
	}
	int r = label_check(proc, e);

	if (r >= 0)
		r = check_scheduler(&proc->scheduler, e);
	if (r >= 0)
		r = placement_check_cpus(&proc->exec_cpu_affinity, e);
	if (r >= 0)
		r = placement_check_memory(&p->spec->linux_.memory_policy, e);
	if (r >= 0)
		r = net_devices_check(&p->spec->linux_, e);
	if (r >= 0)
		r = ksm_check(&p->spec->annotations, e);
	if (r >= 0)
		r = landlock_check(p->spec, e);
	if (r < 0)
		return r;
	for (size_t k = 0; k < HOOK_COUNT; k++) {
		static const unsigned at_mounts =
			BIT(HOOK_PRESTART) | BIT(HOOK_CREATE_RUNTIME) | BIT(HOOK_CREATE_CONTAINER);

		if (p->spec->hooks[k].n > 0 && (at_mounts & BIT(k)))
			p->parent_works = true;
	}
	return 0;
}

/* In a user namespace, what is mounted writable on /sys/fs/cgroup is of use only to its owner. */
static int plan_cgroup_owner(struct plan *p, struct err *e)
{
	const struct spec_namespace *ns = &p->spec->linux_.namespaces[NS_CGROUP];
	bool writable = false;
	uint32_t uid;

	if (p->opt.cgroup_delegate) {
		p->parent_works = true; /* see container_cgroup_step_down() */
		p->cgroup_owner.set = idmap_to_host(&p->uids, 0, &p->cgroup_owner.v);
		return p->cgroup_owner.set ? 0 : err_say(e, EINVAL, "its root has no id outside");
	}
	for (size_t i = 0; i < p->mounts.n; i++)
		if (p->mounts.v[i].how == MOUNT_CGROUP && streq(p->mounts.v[i].target, "/sys/fs/cgroup"))
			writable = !(p->mounts.v[i].options.set & MOUNT_ATTR_RDONLY);
	if (writable && p->cgroup_path && p->userns && ns->wanted && !ns->path && !p->opt.resolve_user &&
	    idmap_to_host(&p->uids, p->spec->process.user.uid, &uid))
		p->cgroup_owner = (struct opt_u32){ true, uid };
	return 0;
}

static const struct {
	const char *name;
	int (*run)(struct plan *p, struct err *e);
} steps[] = {
	{ "namespaces", plan_namespaces }, { "ids", plan_ids },		{ "cgroup", plan_cgroup },
	{ "root", plan_rootfs },	   { "devices", plan_devices }, { "mounts", plan_mounts },
	{ "cgroup", plan_cgroup_owner },
	{ "process", plan_process },
};

int plan_make(const struct spec *spec, const struct plan_options *o, struct plan *ret, struct err *e)
{
	struct plan p = { .spec = spec, .opt = *o, .null_fd = -1, .dev_index = -1 };
	int r = 0;

	for (size_t k = 0; k < NS_COUNT; k++)
		p.joins[k] = -1;
	for (size_t i = 0; i < ARRAY_SIZE(steps) && r >= 0; i++)
		r = steps[i].run(&p, e);
	if (r >= 0)
		r = plan_sysctls(&p, e);
	if (r >= 0)
		r = plan_seccomp(&p, e);
	if (r < 0) {
		plan_free(&p);
		return r;
	}
	*ret = p;
	return 0;
}

static int open_joins(struct plan *p, struct err *e)
{
	for (size_t k = 0; k < NS_COUNT; k++) {
		const struct spec_namespace *ns = &p->spec->linux_.namespaces[k];

		if (!ns->wanted || !ns->path)
			continue;
		p->joins[k] = ns_open((enum spec_ns_kind)k, ns->path, e);
		if (p->joins[k] < 0)
			return err_wrap(e, "join the %s namespace", spec_ns_names[k]);
	}
	return 0;
}

static int open_null(struct plan *p, struct err *e)
{
	struct stat st;

	p->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (p->null_fd < 0)
		return err_set(e, errno, "open /dev/null");
	if (fstat(p->null_fd, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return err_say(e, ENODEV, "the host's /dev/null is not the null device (1:3)");
	return 0;
}

int plan_make_dev(struct plan *p, struct err *e)
{
	struct mount_op *op = &p->mounts.v[p->dev_index];
	int r = devices_make_tmpfs(op, &p->devices, &p->uids, &p->gids, e);

	if (r == -EPERM) /* root of a user namespace, that podman has made: init binds the host's nodes */
		return 0;
	if (r < 0)
		return r;
	op->tree = r;
	p->dev_made = true;
	return 0;
}

int plan_open_root(struct plan *p, struct err *e)
{
	if (p->root_opened)
		return 0;
	p->root_opened = true;
	return rootfs_open(&p->rootfs, &p->arena, e);
}

int plan_open(struct plan *p, struct err *e)
{
	int r = open_joins(p, e);

	if (r >= 0)
		r = open_null(p, e);
	if (r >= 0)
		r = plan_open_root(p, e);
	if (r >= 0)
		r = mount_list_open(&p->mounts, &p->mount_context, e);
	/* where trees have the ids of a user's namespace, nobody here may make nodes */
	bool root_makes_dev = p->dev_index >= 0 && geteuid() == 0 && !p->rootfs.as_is;

	p->dev_later = root_makes_dev && !p->userns;
	if (r >= 0 && root_makes_dev && p->userns && p->uids.n > 0)
		r = plan_make_dev(p, e);
	return r < 0 ? r : 0;
}

void plan_free(struct plan *p)
{
	for (size_t k = 0; k < NS_COUNT; k++)
		fd_close(&p->joins[k]);
	fd_close(&p->null_fd);
	mount_list_close(&p->mounts);
	rootfs_close(&p->rootfs);
	seccomp_plan_free(&p->seccomp);
	arena_free(&p->arena);
}
