// SPDX-License-Identifier: Apache-2.0
#include "runtime/storage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/quota.h"

#define PROJECT_FIRST 0x70e00000U /* far from those that administrators number by hand, and docker from 1 on */
#define PROJECTS      65536U

static int open_projects(const struct engine *g, struct err *e)
{
	if (mkdirat(g->data, STORAGE_PROJECTS, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make folder " STORAGE_PROJECTS);
	int fd = openat(g->data, STORAGE_PROJECTS, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? err_set(e, errno, "open folder " STORAGE_PROJECTS) : fd;
}

static const char *name_of(uint32_t project, char buf[16])
{
	snprintf(buf, 16, "%u", project);
	return buf;
}

/* One that nobody has, and that nothing belongs to. Ids are random: the first try finds one as long as few are used. */
static int take_project(int projects, const char *id, uint32_t *ret, struct err *e)
{
	char name[16], digits[5];

	snprintf(digits, sizeof(digits), "%.4s", id);
	for (uint32_t i = 0, first = (uint32_t)strtoul(digits, NULL, 16); i < PROJECTS; i++) {
		uint32_t project = PROJECT_FIRST + (first + i) % PROJECTS;
		uint64_t used;
		int r = quota_used(projects, project, &used, e);

		if (r < 0)
			return r;
		if (used > 0)
			continue;
		if (symlinkat(id, projects, name_of(project, name)) == 0) {
			*ret = project;
			return 0;
		}
		if (errno != EEXIST)
			return err_set(e, errno, "take project %u", project);
	}
	return err_say(e, ENOSPC, "no project number is free");
}

static int join(int dir, const char *name, uint32_t project, struct err *e)
{
	auto_fd int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? err_set(e, errno, "open %s", name) : quota_join(fd, project, e);
}

int storage_limit(const struct engine *g, int dir, struct settings *s, struct err *e)
{
	if (!s->storage_bytes.set)
		return 0;
	int r = quota_available(dir, e);

	if (r < 0)
		return err_wrap(e, "--storage-opt size: %s", g->data_path);
	auto_fd int projects = open_projects(g, e);

	r = projects < 0 ? projects : take_project(projects, s->id, &s->storage_project, e);
	if (r >= 0)
		r = quota_limit(dir, s->storage_project, s->storage_bytes.v, e);
	if (r >= 0)
		r = join(dir, "upper", s->storage_project, e);
	if (r >= 0)
		r = join(dir, "work", s->storage_project, e);
	return r < 0 ? err_wrap(e, "--storage-opt size") : 0;
}

void storage_release(const struct engine *g, const struct settings *s)
{
	char name[16];
	struct err ignored;

	if (!s->storage_project)
		return;
	auto_fd int projects = open_projects(g, &ignored);

	if (projects < 0)
		return;
	(void)quota_limit(projects, s->storage_project, 0, &ignored); /* whoever takes the number sets its limit anew */
	(void)unlinkat(projects, name_of(s->storage_project, name), 0); /* else a sweep finds it */
}
