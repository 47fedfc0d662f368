// SPDX-License-Identifier: Apache-2.0
/* Mounts of a container of `paene`: the default ones, then the user's own (compose_volumes.c); a target named twice is the user's. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/path.h"
#include "runtime/compose_parts.h"
#include "runtime/defaults.h"
#include "runtime/join.h"

#define FIRST_ROOM 32
#define MQUEUE	   "/dev/mqueue"

static int split(struct composition *c, const char *list, struct strv *to)
{
	while (*list) {
		size_t n = strcspn(list, ",");

		if (n > 0) {
			char *word = arena_strndup(&c->spec->arena, list, n);

			if (!word || strv_push(&c->spec->arena, to, word) < 0)
				return -ENOMEM;
		}
		list += n + (list[n] == ',');
	}
	return 0;
}

/* What was said of an older mount with this target is of no use any more. */
static void forget_more(struct mounts_more *all, const char *target)
{
	size_t kept = 0;

	for (size_t i = 0; i < all->n; i++)
		if (!streq(all->v[i].target, target))
			all->v[kept++] = all->v[i];
	all->n = kept;
}

/* Where an older mount has this target, the new one takes its place in the list. NULL: there is no memory */
static struct spec_mount *place_for(struct composition *c, const char *target)
{
	struct spec_mounts *m = &c->spec->mounts;

	for (size_t i = 0; i < m->n; i++)
		if (streq(m->v[i].destination, target)) {
			forget_more(&c->s->mounts, target);
			m->v[i] = (struct spec_mount){ .destination = m->v[i].destination };
			return &m->v[i];
		}
	if (m->n == c->mounts_room) {
		size_t room = MAX(c->mounts_room * 2, (size_t)FIRST_ROOM);
		struct spec_mount *v = arena_array(&c->spec->arena, room, sizeof(*v));

		if (!v)
			return NULL;
		if (m->n)
			memcpy(v, m->v, m->n * sizeof(*v));
		m->v = v;
		c->mounts_room = room;
	}
	return &m->v[m->n++];
}

int compose_add_mount(struct composition *c, const char *target, const char *type, const char *source, const char *options,
		      struct err *e)
{
	char *normal = arena_alloc(&c->spec->arena, strlen(target) + 2);

	if (!normal)
		return err_nomem(e);
	if (*target != '/')
		return err_say(e, EINVAL, "the mount target %s must be absolute", target);
	path_normal(target, normal);
	if (streq(normal, "/"))
		return err_say(e, EINVAL, "the root itself can't be a mount target");
	struct spec_mount *m = place_for(c, normal);

	if (!m)
		return err_nomem(e);
	m->destination = normal;
	m->type = arena_strdup(&c->spec->arena, type);
	m->source = arena_strdup(&c->spec->arena, source);
	return m->type && m->source && split(c, options, &m->options) == 0 ? 0 : err_nomem(e);
}

/* Memory that processes share by name goes with the ipc namespace. */
static int add_shm(struct composition *c, struct err *e)
{
	const char *ipc = c->s->ipc ? c->s->ipc : JOIN_PRIVATE;
	const char *size = c->o->shm_size ? c->o->shm_size : DEFAULT_SHM_SIZE;
	uint64_t bytes = 0;
	char options[96];

	if (str_to_bytes(size, &bytes) < 0 || bytes == 0)
		return err_say(e, EINVAL, "--shm-size %s: a size such as 64m, please", size);
	if (c->o->shm_size && !streq(ipc, JOIN_PRIVATE))
		return err_say(e, EINVAL, "--shm-size %s: not with --ipc %s, where /dev/shm is none of its own", size, c->o->ipc);
	if (streq(ipc, JOIN_NONE))
		return 0;
	if (!streq(ipc, JOIN_PRIVATE))
		return compose_add_mount(c, SHM_TARGET, "bind", streq(ipc, JOIN_HOST) ? SHM_TARGET : SHM_OF_OTHER,
					 "bind,nosuid,noexec,nodev", e);
	snprintf(options, sizeof(options), "nosuid,noexec,nodev,mode=1777,size=%llu", (unsigned long long)bytes);
	return compose_add_mount(c, SHM_TARGET, "tmpfs", "shm", options, e);
}

/* Those of the host are seen from a user namespace by the host's mount alone, which need not be there. */
static bool has_queues(const struct composition *c)
{
	return c->spec->linux_.namespaces[NS_IPC].wanted || !c->s->private_userns || access(MQUEUE, F_OK) == 0;
}

static int add_defaults(struct composition *c, struct err *e)
{
	int r = 0;

	for (const struct default_mount *m = default_mounts; m->target && r >= 0; m++) {
		const char *options = m->options;

		if (streq(m->target, MQUEUE) && !has_queues(c))
			continue;
		if (streq(m->target, "/sys/fs/cgroup") && (c->o->privileged || c->s->cgroup_delegate))
			options = "nosuid,noexec,nodev,relatime";
		if (streq(m->target, "/proc") && c->profile->strict)
			options = "nosuid,noexec,nodev,subset=pid";
		/* sysfs belongs to the network namespace: without one of our own only a view of the host's is possible */
		if (streq(m->target, "/sys") && !c->own_net && !str_after(c->s->network, NETWORK_CONTAINER) && c->s->private_userns)
			r = compose_add_mount(c, "/sys", "bind", "/sys", "rbind,rro,nosuid,noexec,nodev", e);
		else if (streq(m->target, "/sys") && c->o->privileged)
			r = compose_add_mount(c, m->target, m->type, m->source, "nosuid,noexec,nodev", e);
		else
			r = compose_add_mount(c, m->target, m->type, m->source, options, e);
	}
	return r < 0 ? r : add_shm(c, e);
}

static size_t depth(const struct spec_mount *m)
{
	size_t n = 0;

	for (const char *p = m->destination; *p; p++)
		n += *p == '/';
	return n;
}

/* A mount hides what was mounted below its target before it: outer ones come first, whatever the order they were given in. */
static void sort_outer_first(struct spec_mounts *m)
{
	for (size_t i = 1; i < m->n; i++) {
		const struct spec_mount moved = m->v[i];
		size_t k = i;

		for (; k > 0 && depth(&m->v[k - 1]) > depth(&moved); k--)
			m->v[k] = m->v[k - 1];
		m->v[k] = moved;
	}
}

#define ZONES	  "/usr/share/zoneinfo/"
#define LOCALTIME "/etc/localtime"

/* --tz */
static int add_timezone(struct composition *c, struct err *e)
{
	const char *zone = c->o->timezone;
	char *named = zone ? arena_printf(&c->spec->arena, ZONES "%s", zone) : NULL, real[PATH_MAX];

	if (!zone)
		return 0;
	if (!named)
		return err_nomem(e);
	if (!realpath(streq(zone, "local") ? LOCALTIME : named, real) || *zone == '/' || strstr(zone, ".."))
		return err_say(e, ENOENT, "--tz %s: this machine knows no such zone in " ZONES, zone);
	return compose_add_mount(c, LOCALTIME, "bind", real, "bind,ro,nosuid,nodev,noexec,rprivate", e);
}

int compose_mounts(struct composition *c, struct err *e)
{
	int r = add_defaults(c, e);

	for (const char *const *p = default_read_only_tmpfs; *p && c->spec->root.readonly && r >= 0; p++)
		r = compose_add_mount(c, *p, "tmpfs", "tmpfs", c->profile->strict ? TMPFS_STRICT : TMPFS_USUAL, e);
	if (r >= 0 && c->s->systemd)
		r = compose_systemd_mounts(c, e);
	if (r >= 0)
		r = compose_volumes(c, e);
	if (r >= 0)
		r = add_timezone(c, e);
	if (r >= 0 && c->o->init)
		r = compose_add_mount(c, INIT_TARGET, "bind", c->g->init_program, "bind,ro,nosuid,nodev", e);
	sort_outer_first(&c->spec->mounts);
	return r < 0 ? r : 0;
}
