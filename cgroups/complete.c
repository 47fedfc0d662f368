// SPDX-License-Identifier: Apache-2.0
/* An update names what changes; some of it means something only together with what stays as it is. */
#include <errno.h>

#include "cgroups/cgroups.h"
#include "cgroups/text.h"

/* Return: 1 with the text, 0 where there is no such file (cgroup_set() says why), or -errno with @e filled */
static int read_now(int cgroup, const char *file, char text[CGROUP_SMALL_FILE], struct err *e)
{
	struct err why;
	int r = cgroup_read_small(cgroup, file, text, &why);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		*e = why;
	return r < 0 ? r : 1;
}

/* memory.swap counts memory and swap; the kernel's limit is of swap alone. */
static int complete_memory(int cgroup, struct spec_memory *m, struct err *e)
{
	char text[CGROUP_SMALL_FILE];
	uint64_t now;

	if (!m->swap_bytes.set || m->swap_bytes.v <= 0 || (m->limit_bytes.set && m->limit_bytes.v != 0))
		return 0;
	int r = read_now(cgroup, "memory.max", text, e);

	if (r > 0 && cgroup_text_number(text, &now) && now <= INT64_MAX)
		m->limit_bytes = (struct opt_i64){ true, (int64_t)now };
	return r;
}

static const char *after_blank(const char *text)
{
	const char *blank = strchr(text, ' ');

	return blank ? blank + 1 : "";
}

/* "QUOTA PERIOD": whoever keeps a quota as a share of the time (systemd) must be told both. */
static int complete_cpu(int cgroup, struct spec_cpu *c, struct err *e)
{
	bool quota = c->quota_us.set && c->quota_us.v != 0, period = c->period_us.set && c->period_us.v != 0;
	char text[CGROUP_SMALL_FILE];
	uint64_t now;

	if (quota == period)
		return 0;
	int r = read_now(cgroup, "cpu.max", text, e);

	if (r <= 0)
		return r;
	if (quota && cgroup_text_number(after_blank(text), &now))
		c->period_us = (struct opt_u64){ true, now };
	if (period && cgroup_text_number(text, &now))
		c->quota_us = (struct opt_i64){ true, now <= INT64_MAX ? (int64_t)now : -1 };
	return 0;
}

int cgroup_complete(int cgroup, struct spec_resources *r, struct err *e)
{
	int rc = complete_memory(cgroup, &r->memory, e);

	if (rc >= 0)
		rc = complete_cpu(cgroup, &r->cpu, e);
	return rc < 0 ? rc : 0;
}
