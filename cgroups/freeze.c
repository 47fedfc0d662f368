// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "base/file.h"
#include "cgroups/cgroups.h"
#include "cgroups/events.h"

#define FREEZE_MS 10000 /* a process in uninterruptible sleep freezes when it wakes */

int cgroup_freeze(int cgroup, bool frozen, struct err *e)
{
	struct err ignored;
	int r = file_write(cgroup, "cgroup.freeze", frozen ? "1" : "0", e);

	if (r == 0)
		r = cgroup_wait_event(cgroup, "frozen", frozen, FREEZE_MS, e);
	if (r == 0)
		return 0;
	err_wrap(e, frozen ? "freeze" : "thaw");
	if (frozen) /* half frozen is the one state nobody asked for */
		(void)file_write(cgroup, "cgroup.freeze", "0", &ignored);
	else if (r == -ETIMEDOUT)
		err_hint(e, "a cgroup above it may be frozen");
	return r;
}

int cgroup_is_frozen(int cgroup, struct err *e)
{
	return cgroup_event(cgroup, "frozen", e);
}
