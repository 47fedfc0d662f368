// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"

/* Right below the home of ours: there nothing above is to be made, or switched on. */
static int make_at_home(const struct plan *p, int root, struct err *e)
{
	auto_fd int home = cgroup_home_open(root, e);

	return home < 0 ? home : cgroup_create(home, strrchr(p->cgroup_path, '/'), &p->resources, e);
}

int container_cgroup_make(const struct plan *p, int *ret, struct err *e)
{
	if (!p->cgroup_path || p->cgroup_unit.name)
		return 0;
	auto_fd int root = cgroup_open_root(NULL, e);
	int cgroup = root < 0	       ? root
		     : p->opt.cgroup_home ? make_at_home(p, root, e)
					  : cgroup_create(root, p->cgroup_path, &p->resources, e);

	if (cgroup < 0)
		return cgroup;
	*ret = cgroup;
	return 0;
}

int container_cgroup_enter(const struct plan *p, pid_t pid, int *ret, struct err *e)
{
	if (!p->cgroup_unit.name)
		return 0;
	auto_fd int root = cgroup_open_root(NULL, e);
	int cgroup = root < 0 ? root
			      : cgroup_unit_start(root, p->cgroup_path, &p->cgroup_unit, pid, &p->resources,
						  &p->spec->annotations, e);

	if (cgroup < 0)
		return cgroup;
	*ret = cgroup;
	return 0;
}

int container_cgroup_settle(const struct plan *p, int cgroup, struct err *e)
{
	int r = p->cgroup_unit.name ? cgroup_unit_set(cgroup, &p->cgroup_unit, &p->resources, true, e)
				    : cgroup_set(cgroup, &p->resources, e);

	return r >= 0 && p->cgroup_owner.set ? cgroup_delegate(cgroup, p->cgroup_owner.v, e) : r;
}

int container_cgroup_step_down(const struct plan *p, int cgroup, pid_t pid, struct err *e)
{
	return p->opt.cgroup_delegate ? cgroup_step_down(cgroup, pid, p->cgroup_owner.v, e) : 0;
}

static int set_rules(int cgroup, const struct spec_device_rules *rules, struct err *e)
{
	int r = cgroup_set_devices(cgroup, rules, true, e);

	/* without root: nor can its processes use a device that this user may not */
	return r == -EPERM && cgroup_is_rootless() ? 0 : r;
}

int container_cgroup_devices(const struct plan *p, int cgroup, struct err *e)
{
	return set_rules(cgroup, &p->resources.devices, e);
}

int container_cgroup_rules(const struct state *s, const struct spec_device_rules *rules, struct err *e)
{
	auto_fd int cgroup = state_cgroup(s, e);

	return cgroup < 0 ? cgroup : set_rules(cgroup, rules, e);
}

/* What is needed to name it to systemd again. */
static struct cgroup_unit unit_of(const struct state *s)
{
	return (struct cgroup_unit){ .user = s->cgroup_unit_user.v, .name = s->cgroup_unit };
}

/* Put the wishes that can be had in front of files that were asked for: those go over them. */
static int add_wishes(int cgroup, const struct spec_map *wishes, struct arena *a, struct spec_map *files, struct err *e)
{
	struct spec_pair *v = arena_array(a, wishes->n + files->n + 1, sizeof(*v));
	size_t n = 0;

	if (!v)
		return err_nomem(e);
	for (size_t i = 0; i < wishes->n; i++)
		if (faccessat(cgroup, wishes->v[i].key, F_OK, 0) == 0)
			v[n++] = wishes->v[i];
	for (size_t i = 0; i < files->n; i++)
		v[n++] = files->v[i];
	*files = (struct spec_map){ v, n };
	return 0;
}

int container_cgroup_update(const struct state *s, const struct spec_resources *want, const struct spec_map *wishes,
			    struct err *e)
{
	auto_arena struct arena a = { 0 };
	struct spec_resources all = *want;
	struct cgroup_unit unit = unit_of(s);
	auto_fd int cgroup = state_cgroup(s, e);
	int r = cgroup < 0 ? cgroup : cgroup_complete(cgroup, &all, e);

	if (r >= 0)
		r = add_wishes(cgroup, wishes, &a, &all.unified, e);
	if (r < 0)
		return r;
	return unit.name ? cgroup_unit_set(cgroup, &unit, &all, false, e) : cgroup_change(cgroup, &all, e);
}

int container_cgroup_attach(const struct state *s, pid_t pid, struct err *e)
{
	struct cgroup_unit unit = unit_of(s);

	if (!unit.name)
		return err_say(e, EACCES, "the container's cgroup cannot be entered from the caller's");
	return cgroup_unit_attach(&unit, pid, e);
}

/* systemd would ask its processes to end, and wait: so they are killed before. */
static void stop_unit(const struct state *s, int root)
{
	struct cgroup_unit unit = unit_of(s);
	struct err ignored; /* what is left of it when its cgroup is gone, systemd forgets by itself */
	auto_fd int cgroup = unit.name ? cgroup_open(root, s->cgroup_path, &ignored) : -1;

	if (cgroup >= 0)
		(void)cgroup_kill(cgroup, &ignored);
	if (unit.name)
		(void)cgroup_unit_stop(&unit, &ignored);
}

int container_cgroup_remove(const struct state *s, struct err *e)
{
	if (!s->cgroup_path)
		return 0;
	auto_fd int root = cgroup_open_root(NULL, e);

	if (root < 0)
		return root;
	stop_unit(s, root);
	return cgroup_remove(root, s->cgroup_path, e);
}
