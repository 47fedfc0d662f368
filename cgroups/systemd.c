// SPDX-License-Identifier: Apache-2.0
/* Units of systemd, by way of paene-systemd: the bus's library is not for a program that has to start fast. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/helper.h"
#include "base/seal.h"
#include "cgroups/controllers.h"
#include "cgroups/limits.h"
#include "cgroups/systemd.h"
#include "cgroups/unit.h"

#define HELPER	   "paene-systemd"
#define ID_MAP_MAX 4096

static bool join_if_there(char ret[PATH_MAX], const char *folder, size_t len, const char *rest)
{
	int n = snprintf(ret, PATH_MAX, "%.*s%s/" HELPER, (int)len, folder, rest);

	return n < PATH_MAX && access(ret, X_OK) == 0;
}

/* Beside this program in a build folder, in ../libexec/paene where `make install` puts it; else where this was built for. */
static void find_helper(char ret[PATH_MAX])
{
	char self[PATH_MAX];
	const char *slash = proc_own_path(self) < 0 ? NULL : strrchr(self, '/');
	size_t len = slash ? (size_t)(slash - self) : 0;

	if (!slash || (!join_if_there(ret, self, len, "") && !join_if_there(ret, self, len, "/../libexec/paene")))
		snprintf(ret, PATH_MAX, "%s/" HELPER, PAENE_LIBEXEC);
}

/* What says where the user's bus is. */
static int environment(struct arena *a, struct strv *ret)
{
	static const char *const names[] = { "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *value = getenv(names[i]);
		char *text = value ? arena_printf(a, "%s=%s", names[i], value) : NULL;

		if (value && (!text || strv_push(a, ret, text) < 0))
			return -ENOMEM;
	}
	return 0;
}

int systemd_ask(bool user, const char *const *words, const struct strv *more, char *said, struct err *e)
{
	auto_arena struct arena a = { 0 };
	struct strv argv = { 0 }, envp = { 0 };
	char path[PATH_MAX], own[SYSTEMD_SAID_MAX];
	char *text = said ? said : own;

	find_helper(path);
	int r = strv_push(&a, &argv, path) < 0 || strv_push(&a, &argv, (char *)(user ? "user" : "system")) < 0 ? -ENOMEM : 0;

	for (; r == 0 && *words; words++)
		r = strv_add(&a, &argv, *words);
	for (size_t i = 0; r == 0 && more && i < more->n; i++)
		r = strv_push(&a, &argv, more->v[i]);
	if (r < 0 || environment(&a, &envp) < 0)
		return err_nomem(e);
	r = helper_run(argv.v, envp.v, STDOUT_FILENO, text, SYSTEMD_SAID_MAX, e);
	if (r < 0)
		return err_hint(e, "cgroups by systemd need this program of paene's");
	text[strcspn(text, "\n")] = '\0';
	if (r == 0)
		return 0;
	r = err_say(e, EIO, "systemd: %s", *text ? text : "the helper has failed without a word");
	return user || cgroup_home() ? r : err_hint(e, "systemd does not run on this machine");
}

bool cgroup_is_rootless(void)
{
	auto_free char *map = NULL;
	struct err ignored; /* no such file: a kernel without user namespaces */
	uint32_t inside, outside, size;

	if (geteuid() != 0)
		return true;
	if (file_read(AT_FDCWD, "/proc/self/uid_map", ID_MAP_MAX, &map, NULL, &ignored) < 0)
		return false;
	return sscanf(map, "%" SCNu32 " %" SCNu32 " %" SCNu32, &inside, &outside, &size) != 3 || size != UINT32_MAX;
}

int cgroup_unit_plan(const char *cgroups_path, const char *id, struct arena *a, struct cgroup_unit *ret, char **ret_path,
		     struct err *e)
{
	static const char *const where[] = { "where", NULL };
	bool user = cgroup_is_rootless();
	struct cgroup_unit u;
	char base[SYSTEMD_SAID_MAX] = "";
	int r = unit_place(cgroups_path, id, user, a, &u, e);

	if (r >= 0 && user)
		r = systemd_ask(true, where, NULL, base, e);
	if (r < 0)
		return r;
	*ret_path = arena_printf(a, "%s%s", streq(base, "/") ? "" : base, u.path);
	if (!*ret_path)
		return err_nomem(e);
	*ret = u;
	return 0;
}

/* OOMPolicy can be said at the start alone. */
static int add_oom_policy(const struct spec_map *unified, struct arena *a, struct strv *ret, struct err *e)
{
	for (size_t i = 0; i < unified->n; i++)
		if (streq(unified->v[i].key, "memory.oom.group"))
			return unit_add(a, ret, e, "OOMPolicy?=s:%s", streq(unified->v[i].value, "1") ? "kill" : "continue");
	return 0;
}

static int start_properties(const struct cgroup_unit *u, pid_t pid, struct arena *a, struct strv *ret, struct err *e)
{
	static const char *const always[] = {
		"Delegate=b:1", "DefaultDependencies=b:0", "MemoryAccounting=b:1", "CPUAccounting=b:1", "IOAccounting=b:1",
		"TasksAccounting=b:1",
	};
	int r = unit_add(a, ret, e, "Description=s:paene container %s", u->name);

	if (r >= 0)
		r = unit_add(a, ret, e, "Slice=s:%s", u->slice);
	if (r >= 0)
		r = unit_add(a, ret, e, "PIDs=au:%d", pid);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(always); i++)
		r = unit_add(a, ret, e, "%s", always[i]);
	return r;
}

int cgroup_unit_start(int root, const char *path, const struct cgroup_unit *u, pid_t pid, const struct spec_resources *want,
		      const struct spec_map *annotations, struct err *e)
{
	const char *const words[] = { "start", u->name, NULL };
	auto_arena struct arena a = { 0 };
	struct limit_list limits = { 0 };
	struct strv properties = { 0 };
	int r = limits_plan(want, &a, &limits, e); /* what is wrong with them is said before anything is done */

	if (r >= 0)
		r = start_properties(u, pid, &a, &properties, e);
	if (r >= 0)
		r = unit_annotations(annotations, &a, &properties, e);
	if (r >= 0)
		r = add_oom_policy(&want->unified, &a, &properties, e);
	if (r >= 0)
		r = unit_limits(want, &a, &properties, e);
	if (r >= 0)
		r = systemd_ask(u->user, words, &properties, NULL, e);
	if (r < 0)
		return r;
	auto_fd int cgroup = cgroup_open(root, path, e);
	unsigned have, needed = limits_controllers(&limits);

	/* controllers that systemd does not know (hugetlb, rdma) */
	r = cgroup < 0 ? cgroup : cgroup_controllers_read(cgroup, "cgroup.controllers", &have, e);
	if (r >= 0 && (needed & ~have))
		r = cgroup_controllers_enable(root, path, needed, needed, e);
	return r < 0 ? r : fd_take(&cgroup);
}

int cgroup_slice_start(bool user, const char *slice, const struct spec_resources *want, struct err *e)
{
	const char *const start[] = { "start", slice, NULL }, *const set[] = { "set", slice, NULL };
	auto_arena struct arena a = { 0 };
	struct strv properties = { 0 };
	struct err there;
	int r = unit_limits(want, &a, &properties, e);

	if (r < 0)
		return r;
	if (systemd_ask(user, start, &properties, NULL, &there) >= 0)
		return 0;
	return systemd_ask(user, set, &properties, NULL, e) < 0 ? -e->code : 0;
}

int cgroup_unit_set(int cgroup, const struct cgroup_unit *u, const struct spec_resources *r, bool told, struct err *e)
{
	const char *const words[] = { "set", u->name, NULL };
	auto_arena struct arena a = { 0 };
	struct spec_resources rounded = *r;
	struct limit_list limits = { 0 };
	struct strv properties = { 0 };
	int rc = limits_plan(r, &a, &limits, e);

	if (rc >= 0)
		rc = cgroup_check_usage(cgroup, &r->memory, e);
	if (rc >= 0 && !told)
		rc = unit_limits(r, &a, &properties, e);
	if (rc >= 0 && properties.n)
		rc = systemd_ask(u->user, words, &properties, NULL, e);
	unit_round_quota(&rounded.cpu);
	if (rc < 0)
		return rc;
	return told ? cgroup_set(cgroup, &rounded, e) : cgroup_change(cgroup, &rounded, e);
}

int cgroup_unit_attach(const struct cgroup_unit *u, pid_t pid, struct err *e)
{
	char number[16];
	const char *const words[] = { "attach", u->name, number, NULL };

	snprintf(number, sizeof(number), "%d", pid);
	return systemd_ask(u->user, words, NULL, NULL, e);
}

int cgroup_unit_stop(const struct cgroup_unit *u, struct err *e)
{
	const char *const words[] = { "stop", u->name, NULL };

	return systemd_ask(u->user, words, NULL, NULL, e);
}
