// SPDX-License-Identifier: Apache-2.0
/* Handing a cgroup over to a user, who may then make others below it: cgroup-v2.rst "Delegation". */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "cgroups/cgroups.h"
#include "cgroups/text.h"

#define LIST_FILE   "/sys/kernel/cgroup/delegate" /* the files that a delegate must be able to write, one a line */
#define NAME_ROOM   64
#define INIT_CGROUP "init"

static int give(int cgroup, const char *name, uid_t uid, struct err *e)
{
	int flags = *name ? AT_SYMLINK_NOFOLLOW : AT_EMPTY_PATH;

	/* a controller that is not there has no files here */
	if (fchownat(cgroup, name, uid, (gid_t)-1, flags) < 0 && errno != ENOENT)
		return err_set(e, errno, "hand the cgroup over to user %u", uid);
	return 0;
}

int cgroup_delegate(int cgroup, uid_t uid, struct err *e)
{
	auto_free char *list = NULL;
	int r = file_read(AT_FDCWD, LIST_FILE, CGROUP_TEXT_MAX, &list, NULL, e);

	if (r >= 0)
		r = give(cgroup, "", uid, e);
	for (const char *line = list; r >= 0 && line && *line; line = cgroup_next_line(line)) {
		char name[NAME_ROOM];

		snprintf(name, sizeof(name), "%.*s", (int)strcspn(line, "\n"), line);
		r = give(cgroup, name, uid, e);
	}
	return r;
}

int cgroup_step_down(int cgroup, pid_t pid, uid_t uid, struct err *e)
{
	char number[16];

	if (mkdirat(cgroup, INIT_CGROUP, 0755) < 0 && errno != EEXIST)
		return err_set(e, errno, "create cgroup " INIT_CGROUP);
	auto_fd int below = openat(cgroup, INIT_CGROUP, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (below < 0)
		return err_set(e, errno, "open cgroup " INIT_CGROUP);
	int r = cgroup_delegate(below, uid, e);

	snprintf(number, sizeof(number), "%d", pid);
	return r < 0 ? r : file_write(below, "cgroup.procs", number, e);
}
