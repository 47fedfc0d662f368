// SPDX-License-Identifier: Apache-2.0
#include "runtime/rdt.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"

#define RESCTRL	    "/sys/fs/resctrl"
#define LAST_STATUS "info/last_cmd_status"
#define SCHEMATA    "schemata"

static int open_resctrl(struct err *e)
{
	struct statfs fs;
	auto_fd int dir = open(RESCTRL, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (dir >= 0 && fstatfs(dir, &fs) == 0 && fs.f_type == RDTGROUP_SUPER_MAGIC)
		return fd_take(&dir);
	return err_say(e, EOPNOTSUPP, "intelRdt is specified in config, but Intel RDT is not enabled: no resctrl on " RESCTRL);
}

/* The kernel says more than its errno in a file of its own. */
static int explain(int resctrl, struct err *e)
{
	auto_free char *why = NULL;
	struct err ignored;

	if (resctrl >= 0 && file_read(resctrl, LAST_STATUS, PATH_MAX, &why, NULL, &ignored) == 0) {
		why[strcspn(why, "\n")] = '\0';
		(void)err_hint(e, "last_cmd_status: %s", why);
	}
	return err_wrap(e, "linux.intelRdt");
}

/* The group "/" is all that is in no other. */
static const char *folder(const struct state *s)
{
	return streq(s->rdt_group, "/") ? "." : s->rdt_group;
}

static void monitor_path(const struct state *s, char ret[PATH_MAX])
{
	snprintf(ret, PATH_MAX, "%s/mon_groups/%s", folder(s), s->id);
}

static bool wants_shares(const struct spec_intel_rdt *r)
{
	return r->l3_cache_schema || r->mem_bw_schema || r->schemata.n > 0;
}

static int check_features(int resctrl, const struct spec_intel_rdt *r, struct err *e)
{
	if (r->l3_cache_schema && faccessat(resctrl, "info/L3", F_OK, 0) < 0)
		return err_say(e, EOPNOTSUPP, "linux.intelRdt.l3CacheSchema: Intel RDT/CAT is not enabled");
	if (r->mem_bw_schema && faccessat(resctrl, "info/MB", F_OK, 0) < 0)
		return err_say(e, EOPNOTSUPP, "linux.intelRdt.memBwSchema: Intel RDT/MBA is not enabled");
	return 0;
}

int rdt_plan(const struct spec_intel_rdt *r, const char *id, struct state *ret, struct err *e)
{
	if (!r->given)
		return 0;
	auto_fd int resctrl = open_resctrl(e);
	const char *clos = r->clos_id && *r->clos_id ? r->clos_id : NULL;

	if (resctrl < 0)
		return resctrl;
	if (clos && (streq(clos, ".") || streq(clos, "..") || (strchr(clos, '/') && !streq(clos, "/"))))
		return err_say(e, EINVAL, "linux.intelRdt.closID: \"%.64s\" is no name of a group", clos);
	int able = check_features(resctrl, r, e);

	if (able < 0)
		return able;
	ret->rdt_group = (char *)(clos ? clos : id);
	ret->rdt_monitor = (struct opt_bool){ true, r->enable_monitoring };
	ret->rdt_made = (struct opt_bool){ true, !clos && faccessat(resctrl, id, F_OK, 0) < 0 };
	if (clos && !wants_shares(r) && faccessat(resctrl, folder(ret), F_OK, 0) < 0)
		return err_set(e, errno, "linux.intelRdt.closID: group %s, which is to be used as it is", clos);
	return 0;
}

/* In one write(2): the kernel looks at all lines before it changes anything. */
static int write_shares(int resctrl, const struct state *s, const char *const lines[], size_t n, struct err *e)
{
	auto_arena struct arena arena = { 0 };
	const char *text = "";

	for (size_t i = 0; i < n && text; i++)
		if (lines[i] && *lines[i])
			text = arena_printf(&arena, "%s%s\n", text, lines[i]);
	if (!text)
		return err_nomem(e);
	if (!*text)
		return 0;
	auto_fd int group = openat(resctrl, folder(s), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (group < 0)
		return err_set(e, errno, "open group %s", s->rdt_group);
	return file_write(group, SCHEMATA, text, e);
}

static int make_folder(int resctrl, const char *path, struct err *e)
{
	return mkdirat(resctrl, path, 0755) < 0 && errno != EEXIST ? err_set(e, errno, "make group %s", path) : 0;
}

int rdt_make(const struct spec_intel_rdt *r, const struct state *s, struct err *e)
{
	char monitor[PATH_MAX];

	if (!s->rdt_group)
		return 0;
	auto_fd int resctrl = open_resctrl(e);
	int done = resctrl < 0 ? resctrl : make_folder(resctrl, folder(s), e);
	const char *const own[] = { r->l3_cache_schema, r->mem_bw_schema };

	if (done >= 0)
		done = write_shares(resctrl, s, own, ARRAY_SIZE(own), e);
	if (done >= 0)
		done = write_shares(resctrl, s, (const char *const *)r->schemata.v, r->schemata.n, e);
	if (done >= 0 && s->rdt_monitor.v) {
		monitor_path(s, monitor);
		done = make_folder(resctrl, monitor, e);
	}
	return done < 0 ? explain(resctrl, e) : 0;
}

int rdt_enter(const struct state *s, pid_t pid, struct err *e)
{
	char path[PATH_MAX], monitor[PATH_MAX], text[16];

	if (!s->rdt_group)
		return 0;
	auto_fd int resctrl = open_resctrl(e);

	snprintf(text, sizeof(text), "%d", pid);
	snprintf(path, sizeof(path), "%s/tasks", folder(s));
	int r = resctrl < 0 ? resctrl : file_write(resctrl, path, text, e);

	if (r >= 0 && s->rdt_monitor.v) {
		monitor_path(s, monitor);
		snprintf(path, sizeof(path), "%.*s/tasks", PATH_MAX - 8, monitor);
		r = file_write(resctrl, path, text, e);
	}
	return r < 0 ? explain(resctrl, e) : 0;
}

int rdt_change(const struct state *s, const char *l3_cache, const char *mem_bw, struct err *e)
{
	const char *const lines[] = { l3_cache, mem_bw };

	if (!l3_cache && !mem_bw)
		return 0;
	if (!s->rdt_group)
		return err_say(e, EINVAL, "Intel RDT: container %s has no resctrl group", s->id);
	auto_fd int resctrl = open_resctrl(e);
	int r = resctrl < 0 ? resctrl : write_shares(resctrl, s, lines, ARRAY_SIZE(lines), e);

	return r < 0 ? explain(resctrl, e) : 0;
}

int rdt_remove(const struct state *s, struct err *e)
{
	char path[PATH_MAX];

	/* a group that the configuration names is others', too; with one of our own its monitor goes */
	if (!s->rdt_group || (!s->rdt_made.v && !s->rdt_monitor.v))
		return 0;
	if (s->rdt_made.v)
		snprintf(path, sizeof(path), "%s", s->rdt_group);
	else
		monitor_path(s, path);
	auto_fd int resctrl = open(RESCTRL, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (resctrl >= 0 && unlinkat(resctrl, path, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_set(e, errno, "remove resctrl group %s", path);
	return 0;
}
