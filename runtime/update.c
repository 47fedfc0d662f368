// SPDX-License-Identifier: Apache-2.0
#include "runtime/update.h"

#include <errno.h>

#include "base/fd.h"
#include "runtime/cgroup.h"
#include "runtime/rdt.h"

int container_update(int root, const char *id, const struct update_request *q, struct err *e)
{
	auto_state struct state s = { 0 };
	auto_fd int dir = state_open(root, id, e);
	int r = dir < 0 ? dir : state_lock(dir, e);

	if (r >= 0)
		r = state_read(dir, &s, e);
	if (r < 0)
		return r;
	if (s.status == STATUS_STOPPED || s.status == STATUS_CREATING)
		return err_say(e, ESRCH, "container not running: %s is %s", id, status_names[s.status]);
	r = rdt_change(&s, q->l3_cache_schema, q->mem_bw_schema, e);
	if (r >= 0)
		r = container_cgroup_update(&s, &q->resources, &q->wishes, e);
	return r >= 0 && q->devices ? container_cgroup_rules(&s, q->devices, e) : r;
}
