// SPDX-License-Identifier: Apache-2.0
#include "namespaces/mount_list.h"

#include <errno.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/sys.h"
#include "namespaces/idmap.h"

#define BIND_WORDS  (MOUNT_WORD_BIND | MOUNT_WORD_RBIND)
#define IDMAP_WORDS (MOUNT_WORD_IDMAP | MOUNT_WORD_RIDMAP)

/* What lxcfs offers in place of the kernel's; the last two are covered for checkpoints and for FIPS mode. */
static const char *const proc_targets[] = {
	"/proc/cpuinfo",
	"/proc/diskstats",
	"/proc/loadavg",
	"/proc/meminfo",
	"/proc/pressure/cpu",
	"/proc/pressure/io",
	"/proc/pressure/memory",
	"/proc/slabinfo",
	"/proc/stat",
	"/proc/swaps",
	"/proc/uptime",
	"/proc/sys/kernel/ns_last_pid",
	"/proc/sys/crypto/fips_enabled",
};

/* File systems that know nothing of SELinux contexts given at mount. */
static const char *const unlabelled[] = { "proc", "sysfs", "mqueue" };

void mount_list_close(struct mount_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		fd_close(&l->v[i].tree);
		free(l->v[i].link);
		l->v[i].link = NULL;
	}
}

static bool is_type(const struct spec_mount *m, const char *type)
{
	return m->type && streq(m->type, type);
}

static enum mount_how choose_how(const struct spec_mount *m, const struct mount_op *op)
{
	if (op->options.words & MOUNT_WORD_REMOUNT)
		return MOUNT_REMOUNT;
	if ((op->options.words & BIND_WORDS) || is_type(m, "bind"))
		return MOUNT_BIND;
	if (is_type(m, "cgroup") || is_type(m, "cgroup2"))
		return MOUNT_CGROUP;
	return is_type(m, "tmpfs") && streq(op->target, "/dev") ? MOUNT_DEV : MOUNT_NEW;
}

/* Rule K4: nothing may come between us, or whoever trusts /proc in the container, and procfs. */
static int check_target(const struct mount_op *op, struct err *e)
{
	if (streq(op->target, "/"))
		return err_say(e, EINVAL, "the root itself can't be a mount point");
	if (streq(op->target, "/proc") && op->how != MOUNT_BIND && op->how != MOUNT_REMOUNT && !streq(op->type, "proc"))
		return err_say(e, EINVAL, "%s can't be mounted on /proc", op->type);
	if (!str_after(op->target, "/proc/"))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(proc_targets); i++)
		if (op->how == MOUNT_BIND && streq(op->target, proc_targets[i]))
			return 0;
	return err_say(e, EINVAL, "nothing can be mounted there: it is inside /proc");
}

static int set_idmap(struct mount_op *op, const struct spec_mount *m, const struct mount_context *c, struct err *e)
{
	bool maps = m->uid_mappings.n > 0 || m->gid_mappings.n > 0;

	if (!maps && !(op->options.words & IDMAP_WORDS))
		return 0;
	if (op->how != MOUNT_BIND)
		return err_say(e, EINVAL, "only a bind can have id mappings");
	if (!maps && !c->private_userns)
		return err_say(e, EINVAL, "idmap without mappings needs a user namespace");
	op->idmap_container = !maps;
	if (!maps)
		return 0;
	if (m->uid_mappings.n == 0 || m->gid_mappings.n == 0)
		return err_say(e, EINVAL, "uidMappings and gidMappings belong together");
	op->uids = &m->uid_mappings;
	op->gids = &m->gid_mappings;
	int r = idmap_check(op->uids, "uidMappings", e);

	return r < 0 ? r : idmap_check(op->gids, "gidMappings", e);
}

static void bind_instead(struct mount_op *op, const char *source)
{
	op->how = MOUNT_BIND;
	op->source = source;
	op->options.words |= MOUNT_WORD_RBIND;
	op->options.data = (struct strv){ 0 };
}

/* What can't be mounted anew in this container's namespaces is bound from the host. */
static void replace_new(struct mount_op *op, const struct mount_context *c)
{
	if (op->how == MOUNT_CGROUP && c->cgroup) {
		bind_instead(op, c->cgroup);
		op->options.rset |= c->private_userns ? MOUNT_ATTR_RDONLY : 0;
	}
	if (op->how != MOUNT_NEW || !c->private_userns)
		return;
	if (streq(op->type, "sysfs") && !c->net_owned) {
		bind_instead(op, "/sys");
		op->options.rset |= MOUNT_ATTR_RDONLY;
	} else if (streq(op->type, "proc") && !c->pid_owned) {
		bind_instead(op, "/proc");
	}
}

static int add_label(struct arena *arena, struct mount_op *op, const char *label, struct err *e)
{
	if (!label || !*label || (op->how != MOUNT_NEW && op->how != MOUNT_DEV))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(unlabelled); i++)
		if (streq(op->type, unlabelled[i]))
			return 0;
	char *word = arena_printf(arena, "context=%s", label);

	return word && strv_push(arena, &op->options.data, word) == 0 ? 0 : err_nomem(e);
}

static int from_spec(struct arena *arena, const struct spec_mount *m, const struct mount_context *c, struct mount_op *op,
		     struct err *e)
{
	char *target = arena_alloc(arena, strlen(m->destination) + 2);
	int r = mount_options_parse(arena, &m->options, &op->options, e);

	if (!target || r < 0)
		return err_nomem(e);
	path_normal(m->destination, target);
	op->tree = -1;
	op->type = m->type;
	op->source = m->source;
	op->target = target;
	op->how = choose_how(m, op);
	if (op->how == MOUNT_NEW && !(m->type && *m->type))
		return err_say(e, EINVAL, "neither a type nor bind");
	if (op->how == MOUNT_BIND && !(m->source && *m->source))
		return err_say(e, EINVAL, "a bind needs a source");
	if (op->how == MOUNT_BIND && *m->source != '/') {
		op->source = arena_printf(arena, "%s/%s", c->bundle, m->source);
		if (!op->source)
			return err_nomem(e);
	}
	r = check_target(op, e);
	if (r == 0)
		r = set_idmap(op, m, c, e);
	if (r < 0)
		return r;
	replace_new(op, c);
	return add_label(arena, op, c->label, e);
}

int mount_list_from_spec(struct arena *arena, const struct spec_mounts *mounts, const struct mount_context *c,
			 struct mount_list *ret, struct err *e)
{
	struct mount_list l = { .v = arena_array(arena, mounts->n, sizeof(*l.v)), .n = mounts->n };

	if (!l.v && mounts->n > 0)
		return err_nomem(e);
	for (size_t i = 0; i < l.n; i++) {
		const struct spec_mount *m = &mounts->v[i];
		int r = from_spec(arena, m, c, &l.v[i], e);

		if (r < 0)
			return err_wrap(e, "mounts[%zu] (%s)", i, m->destination);
	}
	*ret = l;
	return 0;
}
