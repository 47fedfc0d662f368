// SPDX-License-Identifier: Apache-2.0
/* Pages that the kernel has merged (Documentation/admin-guide/mm/ksm.rst): it counts them for each process. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "cgroups/cgroups.h"
#include "cgroups/stats.h"
#include "cgroups/text.h"

#define KSM_STAT_MAX 4096

/* A number that may be negative, after "KEY " at the start of a line; 0: there is none. */
static int64_t signed_value(const char *text, const char *key)
{
	size_t n = strlen(key);
	uint64_t v;

	for (const char *line = text; line; line = cgroup_next_line(line)) {
		if (strncmp(line, key, n) != 0 || line[n] != ' ')
			continue;
		bool negative = line[n + 1] == '-';

		if (cgroup_text_number(line + n + 1 + negative, &v) && v <= INT64_MAX)
			return negative ? -(int64_t)v : (int64_t)v;
	}
	return 0;
}

void cgroup_ksm_parse(const char *text, uint64_t page_bytes, struct cgroup_ksm *ret)
{
	uint64_t merged = 0, zeros = 0;

	(void)cgroup_text_value(text, "ksm_merging_pages", &merged);
	(void)cgroup_text_value(text, "ksm_zero_pages", &zeros);
	ret->merged_bytes += (merged + zeros) * page_bytes;
	ret->profit_bytes += signed_value(text, "ksm_process_profit");
}

int cgroup_read_ksm(int cgroup, struct cgroup_ksm *ret, struct err *e)
{
	const uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
	struct cgroup_ksm sum = { 0 };
	auto_free pid_t *pids = NULL;
	size_t n;
	int r = cgroup_pids(cgroup, &pids, &n, e);

	for (size_t i = 0; i < n && r == 0; i++) {
		auto_free char *text = NULL;
		struct err ignored; /* a process that has ended, or a kernel that does not count */
		char path[40];

		snprintf(path, sizeof(path), "/proc/%d/ksm_stat", pids[i]);
		if (file_read(AT_FDCWD, path, KSM_STAT_MAX, &text, NULL, &ignored) == 0)
			cgroup_ksm_parse(text, page_bytes, &sum);
	}
	if (r == 0)
		*ret = sum;
	return r;
}
