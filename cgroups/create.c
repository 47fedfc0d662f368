// SPDX-License-Identifier: Apache-2.0
/*
 * Making a cgroup. Others make and remove cgroups in the same parents at the same time: what is there already is
 * fine, and a parent that vanishes between two steps is made again.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "cgroups/cgroups.h"
#include "cgroups/controllers.h"
#include "cgroups/events.h"
#include "cgroups/limits.h"

#define RACES_MAX 16

/* What one call has made, so that a failure can take it back. */
struct made {
	size_t first; /* length of the shortest path that is new; 0: none is */
	bool parents; /* not only the last part is new */
};

static const struct {
	int errnum;
	const char *hint;
} mkdir_hints[] = {
	{ EACCES, "that part of the hierarchy is not delegated to this user" },
	{ EPERM, "that part of the hierarchy is not delegated to this user" },
	{ EROFS, "cgroups are mounted read-only here: give them to the outer container (--privileged, --cgroup-delegate), or do without "
		 "(--cgroups disabled)" },
	{ EAGAIN, "cgroup.max.depth or cgroup.max.descendants of a cgroup above is reached" },
};

static int mkdir_failed(int errnum, const char *path, struct err *e)
{
	err_set(e, errnum, "create cgroup %s", path);
	for (size_t i = 0; i < ARRAY_SIZE(mkdir_hints); i++)
		if (mkdir_hints[i].errnum == errnum)
			err_hint(e, "%s", mkdir_hints[i].hint);
	return -errnum;
}

/* Return: 1 made, 0 was there, or -errno with @e filled (-ENOENT: its parent is missing) */
static int make_one(int root, const char *path, struct made *made, struct err *e)
{
	if (mkdirat(root, path + 1, 0755) < 0)
		return errno == EEXIST ? 0 : mkdir_failed(errno, path, e);
	if (!made->first)
		made->first = strlen(path);
	return 1;
}

static int make_parents(int root, const char *path, struct made *made, struct err *e)
{
	char above[PATH_MAX];

	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		size_t len = (size_t)(slash - path);

		memcpy(above, path, len);
		above[len] = '\0';
		int r = make_one(root, above, made, e);

		if (r < 0 && r != -ENOENT) /* removed by somebody else meanwhile: the caller begins again */
			return r;
		made->parents |= r == 1;
	}
	return 0;
}

/* Return: as make_one() */
static int make_path(int root, const char *path, struct made *made, struct err *e)
{
	int r = make_one(root, path, made, e);

	for (int i = 0; r == -ENOENT && i < RACES_MAX; i++) {
		r = make_parents(root, path, made, e);
		if (r == 0)
			r = make_one(root, path, made, e);
	}
	return r;
}

/* Remove what is new, the deepest first. Best effort: what others use by now cannot be removed, and should not be. */
static void unmake(int root, const char *path, const struct made *made)
{
	char rest[PATH_MAX];
	size_t len = strlen(path);

	memcpy(rest, path, len + 1);
	while (made->first && len >= made->first) {
		(void)unlinkat(root, rest + 1, AT_REMOVEDIR);
		len = (size_t)(strrchr(rest, '/') - rest);
		rest[len] = '\0';
	}
}

/* Hand down what @path needs, and into new parents everything: for later limits, for defaults and statistics. */
static int enable(int root, const char *path, int cgroup, unsigned needed, bool parents, struct err *e)
{
	unsigned have;

	if (!needed && !parents)
		return 0;
	int r = cgroup_controllers_read(cgroup, "cgroup.controllers", &have, e);

	if (r < 0 || (!parents && !(needed & ~have)))
		return r;
	return cgroup_controllers_enable(root, path, needed, parents ? CGROUP_ALL_CONTROLLERS : needed, e);
}

/* A cgroup that was there: ours if nobody is in it. */
static int adopt(int cgroup, const char *path, struct err *e)
{
	int r = cgroup_event(cgroup, "populated", e);

	if (r > 0) {
		err_say(e, EEXIST, "container's cgroup is not empty: %s exists and has processes in it", path);
		return err_hint(e, "another container may use it");
	}
	if (r == 0)
		r = cgroup_event(cgroup, "frozen", e);
	if (r > 0) {
		err_say(e, EBUSY, "container's cgroup unexpectedly frozen: %s", path);
		return err_hint(e, "what comes into it would never run: write 0 to cgroup.freeze, there or above");
	}
	return r;
}

int cgroup_create(int root, const char *path, const struct spec_resources *want, struct err *e)
{
	auto_arena struct arena arena = { 0 };
	struct limit_list limits = { 0 };
	struct made made = { 0 };
	int r = cgroup_check_path(path, e);

	if (r == 0 && want)
		r = limits_plan(want, &arena, &limits, e);
	if (r < 0)
		return r;
	int new = make_path(root, path, &made, e);
	auto_fd int fd = new < 0 ? -1 : cgroup_open(root, path, e);

	r = new < 0 ? new : fd < 0 ? fd : new == 0 ? adopt(fd, path, e) : 0;
	if (r == 0)
		r = enable(root, path, fd, limits_controllers(&limits), made.parents, e);
	if (r == 0)
		return fd_take(&fd);
	unmake(root, path, &made);
	return r;
}

bool cgroup_can_be_none(const struct spec_resources *want)
{
	auto_arena struct arena arena = { 0 };
	struct limit_list limits = { 0 };
	struct err ignored; /* whatever it is: it is said when the cgroup is made */

	if (limits_plan(want, &arena, &limits, &ignored) < 0 || limits.n)
		return false;
	auto_fd int root = cgroup_open_root(NULL, &ignored);

	return root >= 0 && faccessat(root, ".", W_OK, AT_EACCESS) < 0 && cgroup_is_rootless();
}

int cgroup_can_set(const struct spec_resources *want, struct err *e)
{
	auto_arena struct arena arena = { 0 };
	struct limit_list limits = { 0 };
	unsigned have = 0;
	int r = limits_plan(want, &arena, &limits, e);

	if (r < 0 || !limits_controllers(&limits))
		return r;
	auto_fd int root = cgroup_open_root(NULL, e);

	r = root < 0 ? root : cgroup_controllers_read(root, "cgroup.controllers", &have, e);
	for (size_t i = 0; r >= 0 && i < limits.n; i++) {
		enum cgroup_controller c = cgroup_controller_of_file(limits.v[i].file);

		if ((limits.v[i].flags & LIMIT_OPTIONAL) || c == CGROUP_CONTROLLER_COUNT || (have & BIT(c)))
			continue;
		cgroup_controller_missing(cgroup_controller_names[c], e);
		r = err_wrap(e, "set %s", limits.v[i].file);
	}
	return r;
}

int cgroup_open(int root, const char *path, struct err *e)
{
	int r = cgroup_check_path(path, e);

	if (r < 0)
		return r;
	int fd = path_open_beneath(root, path + 1, O_PATH | O_DIRECTORY, 0, e);

	return fd < 0 ? err_set(e, -fd, "open cgroup %s", path) : fd;
}
