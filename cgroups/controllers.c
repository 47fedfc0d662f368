// SPDX-License-Identifier: Apache-2.0
#include "cgroups/controllers.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "cgroups/find.h"
#include "cgroups/text.h"

const char *const cgroup_controller_names[CGROUP_CONTROLLER_COUNT] = {
	[CGROUP_CPU] = "cpu",	  [CGROUP_CPUSET] = "cpuset",	[CGROUP_IO] = "io",	[CGROUP_MEMORY] = "memory",
	[CGROUP_PIDS] = "pids",	  [CGROUP_HUGETLB] = "hugetlb", [CGROUP_RDMA] = "rdma", [CGROUP_MISC] = "misc",
	[CGROUP_DMEM] = "dmem",
};

static enum cgroup_controller by_name(const char *name, size_t len)
{
	unsigned i = 0;

	while (i < CGROUP_CONTROLLER_COUNT &&
	       (strncmp(cgroup_controller_names[i], name, len) != 0 || cgroup_controller_names[i][len] != '\0'))
		i++;
	return (enum cgroup_controller)i;
}

unsigned cgroup_controllers_parse(const char *text)
{
	unsigned set = 0;

	for (const char *p = text; *p;) {
		size_t len = strcspn(p, " \n");

		set |= BIT(by_name(p, len));
		p += len + (p[len] != '\0');
	}
	return set & CGROUP_ALL_CONTROLLERS;
}

int cgroup_controllers_read(int cgroup, const char *file, unsigned *ret, struct err *e)
{
	char text[CGROUP_SMALL_FILE];
	int r = cgroup_read_small(cgroup, file, text, e);

	if (r < 0)
		return r;
	*ret = cgroup_controllers_parse(text);
	return 0;
}

enum cgroup_controller cgroup_controller_of_file(const char *file)
{
	return by_name(file, strcspn(file, "."));
}

int cgroup_controller_missing(const char *controller, struct err *e)
{
	auto_free char *text = NULL;
	struct err ignored; /* not to be read: then the general hint is the best one */

	if (file_read(AT_FDCWD, "/proc/self/cgroup", CGROUP_TEXT_MAX, &text, NULL, &ignored) == 0 &&
	    cgroup_find_v1(text, controller)) {
		err_say(e, ENOENT, "controller %s is mounted as cgroup v1 on this machine", controller);
		return err_hint(e, "give it to cgroup v2 with the boot option cgroup_no_v1=%s, or boot without version 1",
				controller);
	}
	err_say(e, ENOENT, "controller %s is not available in cgroup v2", controller);
	return err_hint(e, "see /sys/fs/cgroup/cgroup.controllers; a user needs it delegated (systemd: Delegate=%s)",
			controller);
}

/* What makes the kernel refuse a write to cgroup.subtree_control. */
static const struct {
	int errnum;
	const char *hint;
} enable_hints[] = {
	{ EBUSY, "that cgroup has processes of its own; move them into a cgroup below it first" },
	{ EOPNOTSUPP, "that cgroup is threaded, and this controller works on whole processes" },
	{ EACCES, "that cgroup is not delegated to this user" },
	{ EPERM, "that cgroup is not delegated to this user" },
	{ EROFS, "cgroups are mounted read-only here" },
};

static int cannot_enable(int errnum, const char *controller, const char *path, struct err *e)
{
	err_set(e, errnum, "switch controller %s on in cgroup %s", controller, path);
	for (size_t i = 0; i < ARRAY_SIZE(enable_hints); i++)
		if (enable_hints[i].errnum == errnum)
			err_hint(e, "%s", enable_hints[i].hint);
	return -errnum;
}

/*
 * Whether a cgroup has processes of its own, and so must hand nothing down. The kernel refuses that for most controllers;
 * with the others (cpu, pids) it makes the cgroup a threaded one, and no process can enter those below it any more. The
 * root of the machine, which alone has no cgroup.type, is free from the rule.
 */
static bool has_processes(int cgroup)
{
	char text[CGROUP_SMALL_FILE];
	struct err ignored; /* not to be read: then the kernel has its say */

	return cgroup_read_small(cgroup, "cgroup.procs", text, &ignored) == 0 && *text &&
	       faccessat(cgroup, "cgroup.type", F_OK, 0) == 0;
}

/* One write for each controller: the kernel takes all of a write or nothing, and one of them may be refused. */
static int enable_in(int cgroup, const char *path, unsigned needed, unsigned wanted, struct err *e)
{
	unsigned on;
	int r = cgroup_controllers_read(cgroup, "cgroup.subtree_control", &on, e);

	if (r < 0)
		return err_wrap(e, "cgroup %s", path);
	bool busy = (wanted & ~on) && has_processes(cgroup);

	for (unsigned i = 0; i < CGROUP_CONTROLLER_COUNT; i++) {
		char word[16];
		struct err why;

		if (!(wanted & ~on & BIT(i)))
			continue;
		snprintf(word, sizeof(word), "+%s", cgroup_controller_names[i]);
		r = busy ? -EBUSY : file_write(cgroup, "cgroup.subtree_control", word, &why);
		if (r < 0 && (needed & BIT(i)))
			return cannot_enable(-r, cgroup_controller_names[i], path, e);
	}
	return 0;
}

int cgroup_controllers_enable(int root, const char *path, unsigned needed, unsigned wanted, struct err *e)
{
	char above[PATH_MAX];
	unsigned have;
	int r = cgroup_controllers_read(root, "cgroup.controllers", &have, e);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < CGROUP_CONTROLLER_COUNT; i++)
		if (needed & ~have & BIT(i))
			return cgroup_controller_missing(cgroup_controller_names[i], e);
	wanted = (wanted | needed) & have;
	for (const char *slash = path; slash; slash = strchr(slash + 1, '/')) {
		size_t len = (size_t)(slash - path);

		memcpy(above, path, len);
		above[len] = '\0';
		auto_fd int dir = path_open_beneath(root, len ? above + 1 : ".", O_PATH | O_DIRECTORY, 0, e);

		r = dir < 0 ? dir : enable_in(dir, len ? above : "/", needed, wanted, e);
		if (r < 0)
			return r;
	}
	return 0;
}
