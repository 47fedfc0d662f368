// SPDX-License-Identifier: Apache-2.0
#include "runtime/join.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "namespaces/idmap.h"
#include "namespaces/ns.h"
#include "namespaces/tree.h"
#include "runtime/launch.h"
#include "runtime/run.h"

#define NOTE "joined" /* in the folder of a container that others have depended on: it may have dependents */

/* Which namespace a setting is about. */
static const struct {
	size_t setting;
	enum spec_ns_kind kind;
} kinds[] = {
	{ offsetof(struct settings, network), NS_NET },
	{ offsetof(struct settings, pid), NS_PID },
	{ offsetof(struct settings, ipc), NS_IPC },
	{ offsetof(struct settings, uts), NS_UTS },
};
static_assert(ARRAY_SIZE(kinds) == JOIN_TARGETS_MAX, "a place for each");

/* NULL: it joins nobody's of this kind. */
static const char *target_of(const struct settings *s, size_t k)
{
	const char *word = *(const char *const *)((const char *)s + kinds[k].setting);

	return word ? str_after(word, JOIN_CONTAINER) : NULL;
}

size_t join_targets(const struct settings *s, const char *ret[JOIN_TARGETS_MAX])
{
	size_t n = 0;

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		const char *id = target_of(s, k);
		bool known = !id;

		for (size_t i = 0; i < n && !known; i++)
			known = streq(ret[i], id);
		if (!known)
			ret[n++] = id;
	}
	return n;
}

/* ---- a run ---- */

static int set_path(struct run *r, enum spec_ns_kind kind, int fd, struct err *e)
{
	char path[FD_PATH_MAX];
	struct spec_namespace *ns = &r->spec.linux_.namespaces[kind];

	r->joins[kind] = fd;
	ns->wanted = true;
	ns->path = arena_strdup(&r->spec.arena, fd_path(fd, path));
	return ns->path ? 0 : err_nomem(e);
}

/* A range of root's: it stays as long as anybody has it. Ids that a user has chosen are nobody's to hold. */
static int hold_ids(struct run *r, struct err *e)
{
	const struct spec_id_maps *ids = &r->spec.linux_.uid_mappings;

	if (r->g->rootless || ids->n != 1 || ids->v[0].container_id != 0 || ids->v[0].size != IDMAP_RANGE)
		return 0;
	int held = idmap_share_range(r->g->idranges, r->settings.id, ids->v[0].host_id, e);

	r->range_start = held > 0 ? ids->v[0].host_id : 0;
	return held;
}

static int join_user(struct run *r, const struct container *c, struct err *e)
{
	struct spec_linux *l = &r->spec.linux_;
	auto_fd int fd = ns_open_pid(NS_USER, c->init.pid, e);
	struct stat first, this;

	if (fd < 0)
		return fd;
	if (r->joins[NS_USER] >= 0) {
		if (fstat(r->joins[NS_USER], &first) < 0 || fstat(fd, &this) < 0)
			return err_set(e, errno, "look at a user namespace");
		return first.st_ino == this.st_ino
			       ? 0
			       : err_say(e, EINVAL, "container %s has another user namespace than what is joined besides", c->settings.name);
	}
	int err = idmap_read(c->init.pid, &r->spec.arena, &l->uid_mappings, &l->gid_mappings, e);

	if (err >= 0)
		err = set_path(r, NS_USER, fd_take(&fd), e);
	return err < 0 ? err : hold_ids(r, e);
}

/* What is mounted there goes with the namespace, unless the user mounts something of their own. */
static int join_shm(struct run *r, const struct container *c, struct err *e)
{
	struct spec_mounts *m = &r->spec.mounts;
	char path[FD_PATH_MAX];
	size_t i = 0;

	while (i < m->n && !(m->v[i].source && streq(m->v[i].source, SHM_OF_OTHER)))
		i++;
	if (i == m->n)
		return 0;
	auto_fd int mount_ns = ns_open_pid(NS_MOUNT, c->init.pid, e);

	r->shm = mount_ns < 0 ? mount_ns : tree_clone_inside(mount_ns, SHM_TARGET, e);
	if (r->shm < 0)
		return err_wrap(e, "container %s", c->settings.name);
	m->v[i].tree = &r->shm;
	m->v[i].source = arena_strdup(&r->spec.arena, fd_path(r->shm, path));
	return m->v[i].source ? 0 : err_nomem(e);
}

static int join_one(struct run *r, size_t k, const char *id, struct err *e)
{
	auto_container struct container c = { 0 };
	int err = container_load(r->g, id, &c, e);

	if (err == -ENOENT)
		return err_say(e, ENOENT, "container %.12s, whose namespaces are to be joined, has been removed", id);
	if (err < 0)
		return err;
	if (c.phase != PHASE_RUNNING && c.phase != PHASE_PAUSED) {
		err_say(e, ESRCH, "container %s, whose namespaces are to be joined, does not run", c.settings.name);
		return err_hint(e, "`paene start %s`", c.settings.name);
	}
	auto_fd int pidfd = proc_open(&c.init, e);
	auto_fd int fd = pidfd < 0 ? pidfd : ns_open_pid(kinds[k].kind, c.init.pid, e);

	err = fd < 0 ? fd : set_path(r, kinds[k].kind, fd_take(&fd), e);
	if (err >= 0 && r->settings.private_userns)
		err = join_user(r, &c, e);
	if (err >= 0 && kinds[k].kind == NS_IPC)
		err = join_shm(r, &c, e);
	if (proc_ended(pidfd)) /* its number, and its ids, may be another's by now */
		return err_say(e, ESRCH, "container %s, whose namespaces are to be joined, has ended just now", c.settings.name);
	return err;
}

int join_take(struct run *r, struct err *e)
{
	int err = 0;

	for (size_t k = 0; k < ARRAY_SIZE(kinds) && err >= 0; k++) {
		const char *id = target_of(&r->settings, k);

		err = id ? join_one(r, k, id, e) : 0;
	}
	return err;
}

char *join_hostname(struct run *r)
{
	const char *uts = r->settings.uts ? r->settings.uts : "", *id = str_after(uts, JOIN_CONTAINER);
	struct arena *a = &r->spec.arena;
	char path[RECORD_ID_LENGTH + sizeof("/hostname")], host[HOST_NAME_MAX + 1] = "";
	auto_free char *text = NULL;
	struct err absent;

	if (streq(uts, JOIN_HOST))
		return gethostname(host, sizeof(host) - 1) < 0 ? NULL : arena_strdup(a, host);
	if (!id)
		return NULL;
	snprintf(path, sizeof(path), "%s/hostname", id);
	if (file_read(r->g->containers, path, PATH_MAX, &text, NULL, &absent) < 0)
		return arena_strndup(a, id, 12);
	return arena_strndup(a, text, strcspn(text, "\n"));
}

/* ---- who depends on whom ---- */

int join_note(const struct engine *g, const struct settings *s, struct err *e)
{
	const char *ids[JOIN_TARGETS_MAX];

	for (size_t n = join_targets(s, ids), i = 0; i < n; i++) {
		auto_fd int dir = record_open(g, ids[i], e);
		auto_fd int note = dir < 0 ? dir : openat(dir, NOTE, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

		if (dir < 0)
			return dir;
		if (note < 0)
			return err_set(e, errno, "note who joins container %.12s", ids[i]);
	}
	return 0;
}

struct search {
	const char *id;
	struct arena *arena;
	struct strv *ret;
};

static int add_dependent(const struct container *c, void *arg, struct err *e)
{
	const struct search *s = arg;

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		const char *id = target_of(&c->settings, k);

		if (id && streq(id, s->id))
			return strv_add(s->arena, s->ret, c->settings.id) < 0 ? err_nomem(e) : 0;
	}
	return 0;
}

int join_dependents(const struct engine *g, int dir, const char *id, struct arena *a, struct strv *ret, struct err *e)
{
	struct search s = { .id = id, .arena = a, .ret = ret };

	if (faccessat(dir, NOTE, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return container_each(g, add_dependent, &s, e);
}

int join_start_targets(const struct engine *g, const struct settings *s, struct err *e)
{
	const struct launch_options how = { .detach = true };
	const char *ids[JOIN_TARGETS_MAX];
	int r = 0;

	for (size_t n = join_targets(s, ids), i = 0; i < n && r >= 0; i++) {
		auto_container struct container c = { 0 };

		r = engine_settle(g, ids[i], e);
		if (r >= 0)
			r = container_load(g, ids[i], &c, e);
		if (r < 0 || c.phase == PHASE_RUNNING || c.phase == PHASE_PAUSED)
			continue;
		r = join_start_targets(g, &c.settings, e);
		if (r >= 0)
			r = launch_needed(g, ids[i], &how, e);
		if (r < 0)
			(void)err_wrap(e, "start container %s, whose namespaces are joined", c.settings.name);
	}
	return r;
}
