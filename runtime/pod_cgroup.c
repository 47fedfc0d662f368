// SPDX-License-Identifier: Apache-2.0
/* The cgroup of a pod, above those of its members: a folder, or a slice of systemd's. Its limits are those of all together. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#include "base/fd.h"
#include "cgroups/unit.h"
#include "runtime/cgroup.h"
#include "runtime/pod_parts.h"

/* "machine.slice" becomes "machine-paene_pod_ID.slice", which is below it. */
static char *slice_of(const struct engine *g, const struct pod *p, struct arena *a)
{
	const char *above = p->cgroup_parent ? p->cgroup_parent : g->rootless ? "user.slice" : CGROUP_DEFAULT_SLICE;

	return arena_printf(a, "%.*s-paene_pod_%s.slice", (int)(strlen(above) - strlen(".slice")), above, p->id);
}

static char *folder_of(const struct engine *g, const struct pod *p, struct arena *a)
{
	const char *above = p->cgroup_parent;
	char given[PATH_MAX];

	if (!above && g->rootless)
		above = cgroup_delegated(given) ? given : NULL;
	else if (!above)
		above = cgroup_home();
	return arena_printf(a, "%s/pod-%s", above ? above : "/paene", p->id);
}

static bool is_systemd(const struct pod *p)
{
	return p->cgroup_manager == CGROUP_MANAGER_SYSTEMD;
}

int pod_limits(const struct engine *g, const struct pod *p, struct spec *ret, struct err *e)
{
	char path[RECORD_ID_LENGTH + sizeof(POD_FOLDER "/")];

	if (!p->limited)
		return 0;
	snprintf(path, sizeof(path), POD_FOLDER "/%s", p->id);
	auto_fd int dir = openat(g->data, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return dir < 0 ? err_set(e, errno, "open pod %.12s", p->id) : record_spec(dir, ret, e);
}

static int open_root(const struct pod *p, struct err *e)
{
	auto_fd int root = cgroup_open_root(NULL, e);
	auto_fd int home = -1;

	if (root >= 0 && !p->cgroup_parent && cgroup_home() && !cgroup_is_rootless())
		home = cgroup_home_open(root, e); /* the first after a boot has it made */
	return root < 0 ? root : fd_take(&root);
}

/* Others of the pod may be at this, too: what is there is fine. */
static int make_folder(int root, const char *path, const struct spec_resources *limits, struct err *e)
{
	struct err absent;
	auto_fd int there = cgroup_open(root, path, &absent);
	auto_fd int cgroup = there < 0 ? cgroup_create(root, path, limits, e) : -1;

	if (there < 0 && cgroup == -EEXIST)
		there = cgroup_open(root, path, e);
	if (there < 0 && cgroup < 0)
		return MIN(cgroup, there);
	return cgroup_set(there < 0 ? cgroup : there, limits, e);
}

int pod_cgroup(const struct engine *g, const char *id, struct arena *a, char **ret, struct err *e)
{
	auto_pod struct pod p = { 0 };
	auto_spec struct spec spec = { 0 };
	int r = pod_load(g, id, &p, e);

	if (r == -ENOENT)
		return err_say(e, ENOENT, "its pod %.12s has been removed", id);
	if (r >= 0)
		r = pod_limits(g, &p, &spec, e);
	if (r < 0)
		return r;
	*ret = is_systemd(&p) ? slice_of(g, &p, a) : folder_of(g, &p, a);
	if (!*ret)
		return err_nomem(e);
	if (is_systemd(&p))
		r = p.limited ? cgroup_slice_start(g->rootless, *ret, &spec.linux_.resources, e) : 0;
	else {
		auto_fd int root = open_root(&p, e);

		r = root < 0 ? root : make_folder(root, *ret, &spec.linux_.resources, e);
	}
	return r < 0 ? err_wrap(e, "the cgroup of pod %s", p.name) : 0;
}

int pod_cgroup_path(const struct engine *g, const struct pod *p, struct arena *a, char **ret, struct err *e)
{
	char *slice = is_systemd(p) ? slice_of(g, p, a) : NULL;

	if (p->cgroup_manager == CGROUP_MANAGER_DISABLED) {
		*ret = NULL;
		return 0;
	}
	*ret = slice ? unit_slice_path(slice, a) : is_systemd(p) ? NULL : folder_of(g, p, a);
	return *ret ? 0 : err_nomem(e);
}

int pod_cgroup_remove(const struct engine *g, const struct pod *p, struct err *e)
{
	auto_arena struct arena a = { 0 };
	char *path = NULL;
	int r = pod_cgroup_path(g, p, &a, &path, e);

	if (r < 0 || !path)
		return r;
	if (is_systemd(p)) { /* one that systemd has dropped by itself is fine */
		const struct cgroup_unit slice = { .user = g->rootless, .name = slice_of(g, p, &a) };
		struct err ignored;

		(void)cgroup_unit_stop(&slice, &ignored);
		return 0;
	}
	auto_fd int root = cgroup_open_root(NULL, e);

	return root < 0 ? root : cgroup_remove(root, path, e);
}
