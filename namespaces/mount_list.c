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
		fd_close(&l->v[i].lower);
		fd_close(&l->v[i].own);
		fd_close(&l->v[i].userns);
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
	if (m->overlay)
		return MOUNT_OVERLAY;
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
	if (streq(op->target, "/") && op->how != MOUNT_BIND && op->how != MOUNT_REMOUNT && !streq(op->type, "tmpfs"))
		return err_say(e, EINVAL, "the root itself can't be %s: only a bind or a tmpfs", op->type);
	if (streq(op->target, "/proc") && op->how != MOUNT_BIND && op->how != MOUNT_REMOUNT && !streq(op->type, "proc"))
		return err_say(e, EINVAL, "%s can't be mounted on /proc", op->type);
	if (!str_after(op->target, "/proc/"))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(proc_targets); i++)
		if (op->how == MOUNT_BIND && streq(op->target, proc_targets[i]))
			return 0;
	return err_say(e, EINVAL, "nothing can be mounted there: it is inside /proc");
}

/* Those of uidMappings and gidMappings, or of the option. Return: NULL with *@r 0: it has none */
static const struct mount_maps *own_maps(struct arena *arena, const struct mount_op *op, const struct spec_mount *m,
					 const struct mount_context *c, int *r, struct err *e)
{
	const char *text = op->options.maps;
	struct mount_maps *maps = NULL;

	*r = 0;
	if (m->uid_mappings.n == 0 && m->gid_mappings.n == 0 && !text)
		return NULL;
	maps = arena_alloc(arena, sizeof(*maps));
	*r = maps ? 0 : err_nomem(e);
	if (!maps)
		return NULL;
	*maps = (struct mount_maps){ m->uid_mappings, m->gid_mappings };
	if (maps->uids.n == 0 && maps->gids.n == 0)
		*r = mount_maps_parse(arena, text, &c->maps, maps, e);
	return maps;
}

static int check_maps(const struct mount_maps *maps, struct err *e)
{
	if (maps->uids.n == 0 || maps->gids.n == 0)
		return err_say(e, EINVAL, "uidMappings and gidMappings belong together");
	int r = idmap_check(&maps->uids, "uidMappings", e);

	return r < 0 ? r : idmap_check(&maps->gids, "gidMappings", e);
}

static int set_idmap(struct arena *arena, struct mount_op *op, const struct spec_mount *m, const struct mount_context *c,
		     struct err *e)
{
	int r;

	op->maps = own_maps(arena, op, m, c, &r, e);
	if (r < 0 || (!op->maps && !(op->options.words & IDMAP_WORDS)))
		return r;
	if (op->how != MOUNT_BIND && op->how != MOUNT_OVERLAY)
		return err_say(e, EINVAL, "only a bind can have id mappings");
	if (op->maps)
		return check_maps(op->maps, e);
	if (!c->private_userns)
		return err_say(e, EINVAL, "idmap without mappings needs a user namespace");
	op->idmap_container = true;
	return 0;
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
	} else if (streq(op->type, "mqueue") && !c->ipc_owned) {
		bind_instead(op, "/dev/mqueue");
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

/* The rest of a host path below a folder: "" for the folder itself. NULL: it is not there, or not by its words alone. */
static const char *below(const char *path, const char *folder)
{
	const char *rest = folder && !streq(folder, "/") ? str_after(path, folder) : NULL;

	return rest && (*rest == '/' || !*rest) && !strstr(rest, "/..") ? rest : NULL;
}

static bool overlap(const char *a, const char *b)
{
	return below(a, b) || below(b, a) || streq(a, "/") || streq(b, "/");
}

/* Whether a bind's source lies where operations before it have mounted something: then it can't be opened before them. */
static bool is_reached(const struct mount_list *before, const char *source)
{
	for (size_t i = 0; i < before->n; i++)
		if (overlap(before->v[i].target, *source ? source : "/"))
			return true;
	return false;
}

/* What such a path leads to is another thing to init, or of a mount that its namespace does not have (a descriptor). */
static bool is_of_caller(const char *source)
{
	return str_after(source, "/proc/") || str_after(source, "/dev/fd/");
}

bool mount_op_by_init(const struct mount_op *op, const struct mount_context *c)
{
	return op->inside || (c->in_order && !is_of_caller(op->source));
}

bool mount_op_asks(const struct mount_op *op, const struct mount_context *c)
{
	return c->private_userns && (op->maps || op->idmap_container) && mount_op_by_init(op, c);
}

static int set_source(struct arena *arena, const struct mount_list *before, const struct spec_mount *m,
		      const struct mount_context *c, struct mount_op *op, struct err *e)
{
	op->source = m->source;
	if (op->how != MOUNT_BIND)
		return 0;
	if (!(m->source && *m->source))
		return err_say(e, EINVAL, "a bind needs a source");
	if (*m->source != '/')
		op->source = arena_printf(arena, "%s/%s", c->bundle, m->source);
	if (!op->source)
		return err_nomem(e);
	const char *inside = below(op->source, c->rootfs);

	op->inside = inside && is_reached(before, inside) ? inside : NULL;
	return 0;
}

/* Some callers give targets as the host sees them: those are taken as they are meant, as by runc. */
static int set_target(struct arena *arena, const struct spec_mount *m, const struct mount_context *c, struct mount_op *op,
		      struct err *e)
{
	const char *stripped = below(m->destination, c->rootfs);
	char *target = arena_alloc(arena, strlen(m->destination) + 2);

	if (!target)
		return err_nomem(e);
	path_normal(stripped ? stripped : m->destination, target);
	op->target = target;
	return 0;
}

/* What is to be changed yet must be writable until then. */
static void delay_readonly(struct mount_op *op)
{
	op->seal_later = (op->fill || op->chown) && ((op->options.set | op->options.rset) & MOUNT_ATTR_RDONLY);
	if (!op->seal_later)
		return;
	op->options.set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	op->options.rset &= ~(uint64_t)MOUNT_ATTR_RDONLY;
}

static int from_spec(struct arena *arena, const struct mount_list *before, const struct spec_mount *m,
		     const struct mount_context *c, struct mount_op *op, struct err *e)
{
	int r = mount_options_parse(arena, &m->options, &op->options, e);

	op->tree = op->lower = op->own = op->userns = -1;
	op->type = m->type;
	op->overlay = m->overlay;
	op->content = m->content;
	op->given = m->tree;
	op->fill = m->fill;
	op->chown = m->chown;
	delay_readonly(op);
	if (r == 0)
		r = set_target(arena, m, c, op, e);
	if (r < 0)
		return r;
	op->how = choose_how(m, op);
	if (op->how == MOUNT_NEW && !(m->type && *m->type))
		return err_say(e, EINVAL, "neither a type nor bind");
	r = set_source(arena, before, m, c, op, e);
	if (r == 0)
		r = check_target(op, e);
	if (r == 0)
		r = set_idmap(arena, op, m, c, e);
	if (r < 0)
		return r;
	replace_new(op, c);
	return add_label(arena, op, c->label, e);
}

int mount_list_from_spec(struct arena *arena, const struct spec_mounts *mounts, const struct mount_context *c,
			 struct mount_list *ret, struct err *e)
{
	struct mount_list l = { .v = arena_array(arena, mounts->n, sizeof(*l.v)) };

	if (!l.v && mounts->n > 0)
		return err_nomem(e);
	for (; l.n < mounts->n; l.n++) {
		const struct spec_mount *m = &mounts->v[l.n];
		int r = from_spec(arena, &l, m, c, &l.v[l.n], e);

		if (r < 0)
			return err_wrap(e, "mounts[%zu] (%s)", l.n, m->destination);
	}
	*ret = l;
	return 0;
}
