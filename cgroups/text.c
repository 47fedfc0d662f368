// SPDX-License-Identifier: Apache-2.0
#include "cgroups/text.h"

#include <errno.h>
#include <fcntl.h>

#include "base/fd.h"
#include "cgroups/cgroups.h"

int cgroup_read_small(int cgroup, const char *file, char buf[CGROUP_SMALL_FILE], struct err *e)
{
	auto_fd int fd = openat(cgroup, file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_set(e, errno, "open %s", file);
	ssize_t n = read(fd, buf, CGROUP_SMALL_FILE - 1); /* the kernel gives a small file in one piece */

	if (n < 0)
		return err_set(e, errno, "read %s", file);
	buf[n] = '\0';
	return 0;
}

bool cgroup_text_number(const char *text, uint64_t *ret)
{
	size_t n = strcspn(text, " \n");
	uint64_t v = 0;

	if (n == 3 && strncmp(text, "max", 3) == 0) {
		*ret = CGROUP_NO_LIMIT;
		return true;
	}
	for (size_t i = 0; i < n; i++)
		if (text[i] < '0' || text[i] > '9' || __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(text[i] - '0'), &v))
			return false;
	if (n == 0)
		return false;
	*ret = v;
	return true;
}

const char *cgroup_next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end && end[1] ? end + 1 : NULL;
}

bool cgroup_text_value(const char *text, const char *key, uint64_t *ret)
{
	for (const char *line = text; line; line = cgroup_next_line(line)) {
		const char *rest = str_after(line, key);

		if (rest && *rest == ' ')
			return cgroup_text_number(rest + 1, ret);
	}
	return false;
}

bool cgroup_line_value(const char *line, const char *key, uint64_t *ret)
{
	size_t end = strcspn(line, "\n");

	for (size_t i = 0; i < end; i += strcspn(line + i, " \n") + 1) {
		const char *rest = str_after(line + i, key);

		if (rest && *rest == '=')
			return cgroup_text_number(rest + 1, ret);
	}
	return false;
}
