// SPDX-License-Identifier: Apache-2.0
/* The cgroup of a container of `paene`: who makes it, where, what the container sees of it, and whether it may use it. */
#include <errno.h>
#include <limits.h>

#include "cgroups/limits.h"
#include "cgroups/unit.h"
#include "runtime/compose_parts.h"

static const char slice_suffix[] = ".slice";

/* A scope of the user's systemd, a cgroup that somebody has given them, or none. */
static enum cgroup_manager manager_of_user(void)
{
	char path[PATH_MAX];

	if (cgroup_user_systemd())
		return CGROUP_MANAGER_SYSTEMD;
	return cgroup_delegated(path) ? CGROUP_MANAGER_CGROUPFS : CGROUP_MANAGER_DISABLED;
}

const char *compose_cgroup_manager(const struct engine *g)
{
	return cgroup_manager_names[g->rootless ? manager_of_user() : CGROUP_MANAGER_CGROUPFS];
}

/* "no-conmon" of podman's: the one who looks after a container stays in its caller's cgroup. So it is here, always. */
static int take_manager(struct composition *c, struct err *e)
{
	const char *cgroups = c->o->cgroups ? c->o->cgroups : "enabled";
	enum cgroup_manager usual = c->g->rootless && !c->o->cgroup_parent ? manager_of_user() : CGROUP_MANAGER_CGROUPFS;
	const char *name = c->o->cgroup_manager ? c->o->cgroup_manager : cgroup_manager_names[usual];
	uint32_t m = 0;

	while (m < CGROUP_MANAGER_COUNT && !streq(name, cgroup_manager_names[m]))
		m++;
	if (c->o->cgroup_manager && m != CGROUP_MANAGER_CGROUPFS && m != CGROUP_MANAGER_SYSTEMD)
		return err_say(e, EINVAL, "--cgroup-manager %s: it is cgroupfs or systemd", name);
	c->s->cgroup_manager = m;
	if (streq(cgroups, "enabled") || streq(cgroups, "no-conmon"))
		return 0;
	if (!streq(cgroups, "disabled"))
		return err_say(e, EINVAL, "--cgroups %s: it is enabled or disabled", cgroups);
	c->s->cgroup_manager = CGROUP_MANAGER_DISABLED;
	return 0;
}

static bool is_slice(const char *parent)
{
	size_t n = strlen(parent), m = strlen(slice_suffix);

	return n > m && streq(parent + n - m, slice_suffix) && !strchr(parent, '/');
}

/* A slice for systemd, a path for everybody else. */
static int take_parent(struct composition *c, struct err *e)
{
	const char *parent = c->o->cgroup_parent;
	struct arena *a = &c->s->arena;

	if (!parent || !*parent)
		return 0;
	if (c->s->cgroup_manager == CGROUP_MANAGER_DISABLED)
		return err_say(e, EINVAL, "--cgroup-parent %s: not with --cgroups disabled", parent);
	if (c->s->cgroup_manager == CGROUP_MANAGER_SYSTEMD) {
		c->s->cgroup_parent = arena_strdup(a, parent);
		if (!c->s->cgroup_parent)
			return err_nomem(e);
		return unit_slice_path(parent, a) ? 0 : err_say(e, EINVAL, "--cgroup-parent %s: systemd wants a slice, NAME.slice", parent);
	}
	if (is_slice(parent)) {
		err_say(e, EINVAL, "--cgroup-parent %s: slices are systemd's", parent);
		return err_hint(e, "give --cgroup-manager systemd before the verb, or a cgroup's path");
	}
	char *path = arena_printf(a, "%s%s", *parent == '/' ? "" : "/", parent);

	if (!path)
		return err_nomem(e);
	for (size_t n = strlen(path); n > 0 && path[n - 1] == '/'; n--)
		path[n - 1] = '\0';
	c->s->cgroup_parent = path;
	int r = *path ? cgroup_check_path(path, e) : 0;

	return r < 0 ? err_wrap(e, "--cgroup-parent") : 0;
}

static int take_view(struct composition *c, struct err *e)
{
	const char *view = c->o->cgroupns ? c->o->cgroupns : "private";

	if (!streq(view, "private") && !streq(view, "host"))
		return err_say(e, EINVAL, "--cgroupns %s: it is private or host", view);
	c->spec->linux_.namespaces[NS_CGROUP].wanted = streq(view, "private");
	return 0;
}

/* Its limits stay ours because the files that say them are not its root's: so that root must be another than ours. */
static int take_delegation(struct composition *c, struct err *e)
{
	const char *why = c->s->cgroup_manager == CGROUP_MANAGER_DISABLED ? "a cgroup, and not --cgroups disabled"
			  : !c->spec->linux_.namespaces[NS_CGROUP].wanted ? "--cgroupns private"
			  : !c->s->private_userns ? "--userns private: the machine's root could change every limit"
						  : NULL;

	if (why && (c->o->cgroup_delegate || c->systemd_always))
		return err_say(e, EINVAL, "--%s needs %s", c->o->cgroup_delegate ? "cgroup-delegate" : "systemd always", why);
	c->s->cgroup_delegate = !why && (c->o->cgroup_delegate || c->o->privileged || c->s->systemd);
	return 0;
}

/* Without a cgroup nothing counts and nothing limits. */
static int check_limits(struct composition *c, struct err *e)
{
	struct limit_list limits = { 0 };

	if (c->s->cgroup_manager != CGROUP_MANAGER_DISABLED)
		return 0;
	c->s->pids_default = false;
	int r = limits_plan(&c->spec->linux_.resources, &c->spec->arena, &limits, e);

	if (r < 0 || (!limits.n && !c->s->class))
		return r;
	const char *first = limits.n ? limits.v[0].file : "--class";

	if (c->o->cgroups)
		return err_say(e, EINVAL, "--cgroups disabled: without a cgroup there are no limits (%s)", first);
	err_say(e, EINVAL, "no cgroup is given to you, and without one there are no limits (%s)", first);
	return err_hint(e, "where systemd runs, log in as this user, or `loginctl enable-linger`; XDG_RUNTIME_DIR says where it is");
}

int compose_cgroup_place(const struct engine *g, const struct run_options *o, struct arena *a, uint32_t *ret_manager,
			 char **ret_parent, struct err *e)
{
	auto_settings struct settings s = { 0 };
	struct composition c = { .g = g, .o = o, .s = &s };
	int r = take_manager(&c, e);

	if (r >= 0)
		r = take_parent(&c, e);
	if (r < 0)
		return r;
	*ret_manager = s.cgroup_manager;
	*ret_parent = s.cgroup_parent ? arena_strdup(a, s.cgroup_parent) : NULL;
	return s.cgroup_parent && !*ret_parent ? err_nomem(e) : 0;
}

int compose_cgroup(struct composition *c, struct err *e)
{
	static int (*const parts[])(struct composition *c, struct err *e) = {
		take_manager, take_parent, take_view, take_delegation, check_limits,
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(parts) && r >= 0; i++)
		r = parts[i](c, e);
	return r;
}
