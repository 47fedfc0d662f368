// SPDX-License-Identifier: Apache-2.0
#include "runtime/pods.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "runtime/journal.h"
#include "runtime/launch.h"
#include "runtime/pod_parts.h"
#include "spec/decode.h"

#define POD_FILE	 "pod.json"
#define GONE_PREFIX "gone."

const char *const pod_exit_names[POD_EXIT_COUNT] = { "continue", "stop" };

static const struct field fields[] = {
	FIELD_STRING(struct pod, id, "id", REQUIRED),
	FIELD_STRING(struct pod, name, "name", REQUIRED),
	FIELD_STRING(struct pod, created, "created", REQUIRED),
	FIELD_STRING(struct pod, infra, "infra", OPTIONAL),
	FIELD_STRING(struct pod, hostname, "hostname", OPTIONAL),
	FIELD_STRINGS(struct pod, shares, "shares", OPTIONAL),
	FIELD_ENUM(struct pod, exit_policy, "exitPolicy", OPTIONAL, pod_exit_names),
	{ FIELD_OF(struct pod, cgroup_manager, "cgroupManager", enum, false),
	  .names = cgroup_manager_names, .n_table = CGROUP_MANAGER_COUNT },
	FIELD_STRING(struct pod, cgroup_parent, "cgroupParent", OPTIONAL),
	FIELD_BOOL(struct pod, limited, "limited", OPTIONAL),
	FIELD_STRING(struct pod, restart, "restart", OPTIONAL),
	FIELD_STRINGS(struct pod, volumes, "volumes", OPTIONAL),
	FIELD_STRINGS(struct pod, devices, "devices", OPTIONAL),
	FIELD_STRINGS(struct pod, security_opts, "securityOpts", OPTIONAL),
	FIELD_MAP(struct pod, labels, "labels"),
	FIELD_STRINGS(struct pod, command, "command", OPTIONAL),
};

void pod_free(struct pod *p)
{
	arena_free(&p->arena);
}

/* It is made with the first pod: nobody else asks for it at each start. */
int pods_open(const struct engine *g, bool make, struct err *e)
{
	if (make && mkdirat(g->data, POD_FOLDER, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make folder " POD_FOLDER);
	int fd = openat(g->data, POD_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? err_set(e, errno, "open folder " POD_FOLDER) : fd;
}

int pod_write(int dir, const struct pod *p, struct err *e)
{
	auto_free char *text = NULL;
	int r = encode_text(fields, ARRAY_SIZE(fields), p, &text, e);

	return r < 0 ? r : file_publish(dir, POD_FILE, text, strlen(text), 0600, 0, e);
}

static bool is_whole(int pods, const char *id)
{
	char path[RECORD_ID_LENGTH + sizeof("/" POD_FILE)];

	return strlen(id) == RECORD_ID_LENGTH && snprintf(path, sizeof(path), "%s/" POD_FILE, id) < (int)sizeof(path) &&
	       faccessat(pods, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool pod_is_there(const struct engine *g, const char *id)
{
	struct err none;
	auto_fd int pods = pods_open(g, false, &none);

	return pods >= 0 && strlen(id) == RECORD_ID_LENGTH && !strchr(id, '/') && faccessat(pods, id, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int no_such(const char *name, struct err *e)
{
	err_say(e, ENOENT, "no such pod: %s", name);
	return err_hint(e, "`paene pod ps` lists all");
}

int pod_load(const struct engine *g, const char *id, struct pod *ret, struct err *e)
{
	auto_free char *text = NULL;
	struct pod p = { 0 };
	char path[RECORD_ID_LENGTH + sizeof("/" POD_FILE)];
	size_t len;
	auto_fd int pods = pods_open(g, false, e);

	snprintf(path, sizeof(path), "%s/" POD_FILE, id);
	int r = pods < 0 ? pods : file_read(pods, path, SPEC_MAX_BYTES, &text, &len, e);

	if (r == -ENOENT)
		return no_such(id, e);
	if (r >= 0)
		r = decode_text(text, len, POD_FILE, fields, ARRAY_SIZE(fields), &p.arena, &p, e);
	if (r < 0) {
		pod_free(&p);
		return err_wrap(e, "pod %.12s", id);
	}
	*ret = p;
	return 0;
}

struct search {
	const char *prefix;
	size_t n;
	char *ret;
	int found;
};

static int match(int pods, const char *name, void *arg, struct err *e)
{
	struct search *s = arg;

	(void)e;
	if (strncmp(name, s->prefix, s->n) == 0 && is_whole(pods, name) && s->found++ == 0)
		memcpy(s->ret, name, RECORD_ID_LENGTH + 1);
	return 0;
}

int pod_find(const struct engine *g, const char *name, char ret[RECORD_ID_LENGTH + 1], struct err *e)
{
	struct search s = { .prefix = name, .n = strlen(name), .ret = ret };
	int r = str_check_name(name, "pod name", e);
	struct err none;

	if (r < 0)
		return r;
	auto_fd int pods = pods_open(g, false, &none);
	ssize_t n = pods < 0 ? -1 : readlinkat(g->names, name, ret, RECORD_ID_LENGTH);

	if (n == RECORD_ID_LENGTH) {
		ret[n] = '\0';
		if (is_whole(pods, ret))
			return 0;
	}
	if (pods >= 0 && strspn(name, "0123456789abcdef") == s.n) {
		r = file_each(pods, match, &s, e);
		if (r < 0)
			return r;
	}
	if (s.found > 1)
		return err_say(e, EINVAL, "several pods have an id that begins with %s: give more digits", name);
	return s.found ? 0 : no_such(name, e);
}

/* ---- all of them ---- */

struct entry {
	char id[RECORD_ID_LENGTH + 1];
	struct timespec born;
};
struct entries {
	struct entry *v;
	size_t n;
};

static int add_entry(int pods, const char *name, void *arg, struct err *e)
{
	char path[RECORD_ID_LENGTH + sizeof("/" POD_FILE)];
	struct entries *all = arg;
	struct stat st;

	if (!is_whole(pods, name))
		return 0;
	snprintf(path, sizeof(path), "%s/" POD_FILE, name);
	if (fstatat(pods, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	struct entry *v = reallocarray(all->v, all->n + 1, sizeof(*v));

	if (!v)
		return err_nomem(e);
	all->v = v;
	memcpy(v[all->n].id, name, sizeof(v->id));
	v[all->n++].born = st.st_mtim;
	return 0;
}

static int newest_first(const void *a, const void *b)
{
	const struct timespec *x = &((const struct entry *)a)->born, *y = &((const struct entry *)b)->born;

	if (x->tv_sec != y->tv_sec)
		return x->tv_sec < y->tv_sec ? 1 : -1;
	return (x->tv_nsec < y->tv_nsec) - (x->tv_nsec > y->tv_nsec);
}

int pod_each(const struct engine *g, int (*f)(const struct pod *p, void *arg, struct err *e), void *arg, struct err *e)
{
	struct entries all = { 0 };
	struct err none;
	auto_fd int pods = pods_open(g, false, &none);
	int r = pods < 0 ? 0 : file_each(pods, add_entry, &all, e);

	if (all.n > 1)
		qsort(all.v, all.n, sizeof(*all.v), newest_first);
	for (size_t i = 0; i < all.n && r == 0; i++) {
		auto_pod struct pod p = { 0 };

		r = pod_load(g, all.v[i].id, &p, e);
		if (r == 0)
			r = f(&p, arg, e);
		else if (r == -ENOENT)
			r = 0; /* removed meanwhile */
	}
	free(all.v);
	return r;
}

/* ---- members ---- */

struct gathering {
	const struct engine *g;
	const char *pod;
	struct arena *arena;
	struct pod_members *all;
};

static int add_member(const struct container *c, void *arg, struct err *e)
{
	const struct gathering *how = arg;
	auto_container struct container now = { 0 };
	const char *pod = c->settings.pod;

	if (!pod || (how->pod && !streq(pod, how->pod)))
		return 0;
	if (c->unsettled && !c->watched) {
		struct err gone;

		if (engine_settle(how->g, c->settings.id, &gone) < 0 || container_load(how->g, c->settings.id, &now, &gone) < 0)
			return 0;
		c = &now;
	}
	struct pod_member *v = arena_array(how->arena, how->all->n + 1, sizeof(*v));

	if (!v)
		return err_nomem(e);
	if (how->all->n) /* containers come newest first */
		memcpy(v + 1, how->all->v, how->all->n * sizeof(*v));
	*v = (struct pod_member){
		.pod = arena_strdup(how->arena, c->settings.pod), .id = arena_strdup(how->arena, c->settings.id),
		.name = arena_strdup(how->arena, c->settings.name), .image = arena_strdup(how->arena, c->settings.image),
		.phase = c->phase, .infra = c->settings.infra, .restarts = c->exit.restarts,
		.pid = c->phase == PHASE_EXITED ? 0 : (uint32_t)c->init.pid,
	};
	how->all->v = v;
	how->all->n++;
	return v->pod && v->id && v->name && v->image ? 0 : err_nomem(e);
}

int pod_members(const struct engine *g, const char *id, struct arena *a, struct pod_members *ret, struct err *e)
{
	struct pod_members all = { 0 };
	struct gathering how = { .g = g, .pod = id, .arena = a, .all = &all };
	int r = container_each(g, add_member, &how, e);

	if (r >= 0)
		*ret = all;
	return r;
}

const char *pod_status(const struct pod_members *all, const char *id)
{
	size_t count[PHASE_COUNT] = { 0 }, n = 0;

	for (size_t i = 0; i < all->n; i++)
		if (streq(all->v[i].pod, id)) {
			count[all->v[i].phase]++;
			n++;
		}
	size_t running = count[PHASE_RUNNING] + count[PHASE_STARTING];

	if (n == 0 || count[PHASE_CREATED] == n)
		return "Created";
	if (running == n)
		return "Running";
	if (count[PHASE_PAUSED] == n)
		return "Paused";
	if (running || count[PHASE_PAUSED])
		return "Degraded";
	return count[PHASE_EXITED] == n ? "Exited" : "Stopped";
}

void pod_tell(const struct engine *g, const struct pod *p, int status)
{
	const struct event v = {
		.type = EVENT_POD, .status = (uint32_t)status, .id = p->id, .name = p->name, .attributes = p->labels,
	};

	journal_tell(g, &v);
}

void pod_member_ended(const struct engine *g, const struct settings *s)
{
	auto_pod struct pod p = { 0 };
	auto_arena struct arena a = { 0 };
	struct pod_members all = { 0 };
	struct err ignored;
	bool lives = false;

	if (!s->pod || s->infra || pod_load(g, s->pod, &p, &ignored) < 0 || p.exit_policy != POD_EXIT_STOP || !p.infra ||
	    pod_members(g, s->pod, &a, &all, &ignored) < 0)
		return;
	for (size_t i = 0; i < all.n; i++)
		lives |= !all.v[i].infra && !streq(all.v[i].id, s->id) && all.v[i].phase != PHASE_EXITED && all.v[i].phase != PHASE_CREATED;
	if (!lives && engine_stop(g, p.infra, 0, -1, &ignored) >= 0)
		pod_tell(g, &p, EVENT_STOP);
}

/* ---- the end of one ---- */

/* Out of sight at once, then away with it. */
static int remove_folder(int pods, const char *id, struct err *e)
{
	char gone[RECORD_ID_LENGTH + sizeof(GONE_PREFIX)];

	snprintf(gone, sizeof(gone), GONE_PREFIX "%s", id);
	if (renameat(pods, id, pods, gone) < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "remove pod %.12s", id);
	return file_remove(pods, gone, e);
}

/* The infra container, which the others need, is the last. */
static int remove_members(const struct engine *g, const struct pod_members *all, unsigned flags, int timeout_s, struct err *e)
{
	int r = 0;

	for (int infra = 0; infra < 2; infra++)
		for (size_t i = 0; i < all->n && r >= 0; i++) {
			const struct pod_member *m = &all->v[i];

			if (m->infra != (bool)infra)
				continue;
			if (timeout_s != 0 && m->phase == PHASE_RUNNING)
				r = engine_stop(g, m->id, 0, timeout_s, e);
			if (r >= 0 || r == -ENOENT)
				r = engine_remove(g, m->id, flags | REMOVE_FORCE | REMOVE_DEPENDENTS | REMOVE_INFRA, e);
			r = r == -ENOENT ? 0 : r;
		}
	return r;
}

static int check_idle(const struct pod *p, const struct pod_members *all, struct err *e)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct pod_member *m = &all->v[i];

		if (m->infra || m->phase == PHASE_CREATED || m->phase == PHASE_EXITED)
			continue;
		err_say(e, EBUSY, "pod %s has containers that are %s: %s", p->name, phase_names[m->phase], m->name);
		return err_hint(e, "stop it first, or use `paene pod rm -f`");
	}
	return 0;
}

int pod_remove(const struct engine *g, const char *id, unsigned flags, int timeout_s, struct err *e)
{
	auto_pod struct pod p = { 0 };
	auto_arena struct arena a = { 0 };
	struct pod_members all = { 0 };
	auto_fd int pods = pods_open(g, false, e);
	int r = pods < 0 ? pods : pod_load(g, id, &p, e);

	if (r >= 0)
		r = pod_members(g, id, &a, &all, e);
	if (r >= 0 && !(flags & REMOVE_FORCE))
		r = check_idle(&p, &all, e);
	if (r >= 0)
		r = remove_members(g, &all, flags, timeout_s, e);
	if (r >= 0)
		r = pod_cgroup_remove(g, &p, e);
	if (r < 0)
		return r;
	record_release_name(g, id, p.name);
	r = remove_folder(pods, id, e);
	if (r >= 0)
		pod_tell(g, &p, EVENT_REMOVE);
	return r;
}

/* ---- what was left ---- */

struct sweeping {
	const struct engine *g;
	struct arena arena;
};

static int sweep_one(int pods, const char *name, void *arg, struct err *e)
{
	struct sweeping *s = arg;
	struct pod_members all = { 0 };

	if (is_whole(pods, name))
		return 0;
	auto_fd int dir = openat(pods, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir < 0 || fd_lock(dir, LOCK_EX | LOCK_NB) < 0 || is_whole(pods, name))
		return 0; /* it is being made, or is by now */
	if (str_after(name, GONE_PREFIX)) {
		(void)file_remove(pods, name, e);
		return 0;
	}
	if (pod_members(s->g, name, &s->arena, &all, e) >= 0 && remove_members(s->g, &all, 0, 0, e) >= 0)
		(void)remove_folder(pods, name, e);
	return 0;
}

void pods_sweep(const struct engine *g)
{
	struct sweeping s = { .g = g };
	struct err ignored;
	auto_fd int pods = pods_open(g, false, &ignored);

	if (pods >= 0)
		(void)file_each(pods, sweep_one, &s, &ignored);
	arena_free(&s.arena);
}
