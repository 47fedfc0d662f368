// SPDX-License-Identifier: Apache-2.0
/* Running the list of limits.h: one write for each limit, into files below the held folder only. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

#include "base/fd.h"
#include "base/file.h"
#include "cgroups/cgroups.h"
#include "cgroups/controllers.h"
#include "cgroups/limits.h"
#include "cgroups/text.h"

/* What the kernel means by an errno for a file; NULL: for every file. */
static const struct {
	int errnum;
	const char *file, *hint;
} write_hints[] = {
	{ EINVAL, "cpu.max.burst", "the burst may not exceed the quota" },
	{ EINVAL, "cpu.weight", "an idle cgroup (cpu.idle 1) has no weight" },
	{ ENODEV, "io.max", "there is no whole block device of that number (partitions cannot be limited)" },
	{ ENODEV, "io.weight", "there is no whole block device of that number" },
	{ ENODEV, "io.bfq.weight", "there is no whole block device of that number" },
	{ ENODEV, NULL, "the cgroup is being removed" },
	{ EACCES, NULL, "the cgroup is not delegated to this user" },
	{ EPERM, NULL, "the cgroup is not delegated to this user" },
	{ EROFS, NULL, "cgroups are mounted read-only here" },
};

static int write_failed(int errnum, const char *file, const char *value, struct err *e)
{
	err_set(e, errnum, "write \"%.80s\" to %s", value, file);
	for (size_t i = 0; i < ARRAY_SIZE(write_hints); i++)
		if (write_hints[i].errnum == errnum && (!write_hints[i].file || streq(write_hints[i].file, file)))
			return err_hint(e, "%s", write_hints[i].hint);
	return -errnum;
}

int cgroup_file_missing(int cgroup, const char *file, struct err *e)
{
	char controller[64];
	unsigned have;
	struct err why;
	enum cgroup_controller c = cgroup_controller_of_file(file);

	snprintf(controller, sizeof(controller), "%.*s", (int)strcspn(file, "."), file);
	if (streq(controller, "cgroup") || cgroup_controllers_read(cgroup, "cgroup.controllers", &have, &why) < 0 ||
	    (c < CGROUP_CONTROLLER_COUNT && (have & BIT(c))))
		return err_say(e, ENOENT, "this kernel has no cgroup file %s", file);
	cgroup_controller_missing(controller, e);
	return err_wrap(e, "set %s", file);
}

/* Each line in a write of its own, as the kernel wants it (several devices in one "unified" value). */
static int write_lines(int fd, const char *value)
{
	for (const char *line = value; line; line = cgroup_next_line(line)) {
		size_t len = strcspn(line, "\n");
		ssize_t n = write(fd, len ? line : "\n", MAX(len, 1U)); /* a cgroup file takes all of it or fails */

		if (n < 0)
			return -errno;
	}
	return 0;
}

static int open_file(int cgroup, const char *file)
{
	int fd = openat(cgroup, file, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* "QUOTA PERIOD" with the quota of now. @value: " PERIOD" */
static int keep_quota(int cgroup, const char *value, char *ret, size_t size, struct err *e)
{
	char now[CGROUP_SMALL_FILE];
	int r = cgroup_read_small(cgroup, "cpu.max", now, e);

	if (r < 0)
		return r;
	snprintf(ret, size, "%.*s%s", (int)strcspn(now, " \n"), now, value);
	return 0;
}

static int set_one(int cgroup, const struct limit *l, struct err *e)
{
	const char *file = l->file, *value = l->value;
	char joined[CGROUP_SMALL_FILE];
	auto_fd int fd = open_file(cgroup, file);

	if (fd == -ENOENT && l->other_file) {
		file = l->other_file;
		value = l->other_value;
		fd = open_file(cgroup, file);
	}
	if (fd == -ENOENT)
		return l->flags & LIMIT_OPTIONAL ? 0 : cgroup_file_missing(cgroup, file, e);
	if (fd < 0)
		return write_failed(-fd, file, value, e);
	if (l->flags & LIMIT_KEEP_QUOTA) {
		int r = keep_quota(cgroup, value, joined, sizeof(joined), e);

		if (r < 0)
			return r;
		value = joined;
	}
	int r = write_lines(fd, value);

	if (r == -EINVAL && (l->flags & LIMIT_TRY))
		return 0;
	return r < 0 ? write_failed(-r, file, value, e) : 0;
}

/* memory.checkBeforeUpdate: refuse a limit that would make the kernel kill at once. */
int cgroup_check_usage(int cgroup, const struct spec_memory *m, struct err *e)
{
	const struct {
		const struct opt_i64 *limit;
		const char *what;
	} limits[] = { { &m->limit_bytes, "memory" }, { &m->swap_bytes, "memory+swap" } };
	char text[CGROUP_SMALL_FILE];
	uint64_t usage;
	struct err ignored; /* no usage is known: as where nobody asked for the check */

	if (!m->check_before_update.set || !m->check_before_update.v ||
	    cgroup_read_small(cgroup, "memory.current", text, &ignored) < 0 || !cgroup_text_number(text, &usage))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		if (limits[i].limit->set && limits[i].limit->v > 0 && (uint64_t)limits[i].limit->v <= usage)
			return err_say(e, EBUSY, "rejecting %s limit %" PRId64 ": the container uses %" PRIu64 " bytes",
				       limits[i].what, limits[i].limit->v, usage);
	return 0;
}

int cgroup_set(int cgroup, const struct spec_resources *r, struct err *e)
{
	auto_arena struct arena arena = { 0 };
	struct limit_list list = { 0 };
	int rc = limits_plan(r, &arena, &list, e);

	if (rc == 0)
		rc = cgroup_check_usage(cgroup, &r->memory, e);
	for (size_t i = 0; rc == 0 && i < list.n; i++)
		rc = set_one(cgroup, &list.v[i], e);
	return rc;
}

/* What a limit's file has now. Return: text owned by @a; NULL where it is not there, or not to be read */
static const char *read_now(int cgroup, const char *file, struct arena *a)
{
	auto_free char *text = NULL;
	struct err ignored; /* then it stays as it was written */

	return file && file_read(cgroup, file, CGROUP_TEXT_MAX, &text, NULL, &ignored) == 0 ? arena_strdup(a, text) : NULL;
}

static void put_back(int cgroup, const char *file, const char *before)
{
	auto_fd int fd = before ? open_file(cgroup, file) : -1;

	if (fd >= 0)
		(void)write_lines(fd, before); /* the error that led here is the one that counts */
}

int cgroup_change(int cgroup, const struct spec_resources *r, struct err *e)
{
	auto_arena struct arena arena = { 0 };
	struct limit_list list = { 0 };
	size_t n = 0;
	int rc = limits_plan(r, &arena, &list, e);
	const char *(*before)[2] = arena_array(&arena, list.n + 1, sizeof(*before));

	if (rc == 0)
		rc = before ? cgroup_check_usage(cgroup, &r->memory, e) : err_nomem(e);
	for (; rc == 0 && n < list.n; n++) {
		before[n][0] = read_now(cgroup, list.v[n].file, &arena);
		before[n][1] = read_now(cgroup, list.v[n].other_file, &arena);
		rc = set_one(cgroup, &list.v[n], e);
	}
	while (rc < 0 && n-- > 0) {
		put_back(cgroup, list.v[n].file, before[n][0]);
		put_back(cgroup, list.v[n].other_file, before[n][1]);
	}
	return rc;
}

int cgroup_set_default(int cgroup, const char *file, const char *value, struct err *e)
{
	auto_fd int fd = open_file(cgroup, file);

	if (fd == -ENOENT)
		return 1;
	int r = fd < 0 ? fd : write_lines(fd, value);

	return r < 0 ? write_failed(-r, file, value, e) : 0;
}
