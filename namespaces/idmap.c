// SPDX-License-Identifier: Apache-2.0
#include "namespaces/idmap.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/helper.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/sys.h"
#include "namespaces/ns.h"

#define ENTRIES_MAX   340 /* the kernel's limit (user_namespaces(7)) */
#define ENTRY_TEXT    36  /* three numbers of ten digits, blanks, newline */
#define HELPER_OUTPUT 300 /* what we pass on of a helper's complaint */

/* Both kinds of ids, and what is different about them. */
static const struct id_kind {
	const char *file, *helper, *subids;
	uid_t (*own)(void); /* uid_t and gid_t are the same type */
} kinds[] = {
	{ "uid_map", "/usr/bin/newuidmap", SUBID_UID_FILE, geteuid },
	{ "gid_map", "/usr/bin/newgidmap", SUBID_GID_FILE, getegid },
};

static bool overlap(uint32_t a, uint32_t b, uint64_t a_size, uint64_t b_size)
{
	return a < b + b_size && b < a + a_size;
}

int idmap_check(const struct spec_id_maps *maps, const char *what, struct err *e)
{
	if (maps->n > ENTRIES_MAX)
		return err_say(e, EINVAL, "%s: more than %d entries", what, ENTRIES_MAX);
	for (size_t i = 0; i < maps->n; i++) {
		const struct spec_id_map *m = &maps->v[i];

		/* the last id, 4294967295, means "none" to the kernel */
		if (m->size == 0)
			return err_say(e, EINVAL, "%s[%zu]: size 0", what, i);
		if (m->size > UINT32_MAX - m->container_id || m->size > UINT32_MAX - m->host_id)
			return err_say(e, EINVAL, "%s[%zu]: goes beyond the last id", what, i);
		for (size_t k = 0; k < i; k++) {
			const struct spec_id_map *o = &maps->v[k];

			if (overlap(m->container_id, o->container_id, m->size, o->size) ||
			    overlap(m->host_id, o->host_id, m->size, o->size))
				return err_say(e, EINVAL, "%s[%zu] overlaps with [%zu]", what, i, k);
		}
	}
	return 0;
}

bool idmap_to_host(const struct spec_id_maps *maps, uint32_t id, uint32_t *ret)
{
	for (size_t i = 0; i < maps->n; i++) {
		const struct spec_id_map *m = &maps->v[i];

		if (id < m->container_id || id - m->container_id >= m->size)
			continue;
		*ret = m->host_id + (id - m->container_id);
		return true;
	}
	return false;
}

/* The kernel takes a map in one write(2), and only once. */
static int write_text(int proc, const struct id_kind *kind, const struct spec_id_maps *maps, struct err *e)
{
	char text[ENTRIES_MAX * ENTRY_TEXT];
	size_t len = 0;

	for (size_t i = 0; i < maps->n; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%u %u %u\n", maps->v[i].container_id,
					maps->v[i].host_id, maps->v[i].size);
	auto_fd int fd = openat(proc, kind->file, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		return err_set(e, errno, "write %s", kind->file);
	return 0;
}

/* newuidmap PID CONTAINER HOST SIZE …; its complaint becomes ours. */
static int run_helper(pid_t pid, const struct id_kind *kind, const struct spec_id_maps *maps, struct err *e)
{
	auto_arena struct arena arena = { 0 };
	struct strv args = { 0 };
	char complaint[HELPER_OUTPUT];
	bool ok = strv_add(&arena, &args, kind->helper) == 0;

	ok = ok && strv_push(&arena, &args, arena_printf(&arena, "%d", pid)) == 0;
	for (size_t i = 0; i < maps->n && ok; i++) {
		const uint32_t numbers[] = { maps->v[i].container_id, maps->v[i].host_id, maps->v[i].size };

		for (size_t k = 0; k < ARRAY_SIZE(numbers) && ok; k++)
			ok = strv_push(&arena, &args, arena_printf(&arena, "%u", numbers[k])) == 0;
	}
	if (!ok)
		return err_nomem(e);
	int status = helper_run(args.v, NULL, STDERR_FILENO, complaint, sizeof(complaint), e);

	if (status == -ENOENT)
		return err_hint(e, "is the package uidmap installed?");
	if (status <= 0)
		return status;
	complaint[strcspn(complaint, "\n")] = '\0';
	err_say(e, EPERM, "%s", *complaint ? complaint : kind->helper);
	if (strstr(complaint, "not permitted")) /* it has asked the kernel, without being root */
		return err_hint(e, "it must be setuid root, on no nosuid mount, and started without no_new_privileges");
	return err_hint(e, "does %s give this user a range?", kind->subids);
}

/*
 * Whoever has CAP_SETUID over the ids may write any map. Others may map their own id and no other; for the group only after
 * setgroups(2) is denied, or a group that takes rights away could be shed. For the rest there are the setuid helpers, which
 * look into /etc/subuid.
 */
static int write_map(int proc, pid_t pid, const struct id_kind *kind, const struct spec_id_maps *maps, struct err *e)
{
	if (maps->n == 0)
		return 0;
	int r = write_text(proc, kind, maps, e);

	if (r != -EPERM && r != -EACCES)
		return r;
	if (maps->n > 1 || maps->v[0].size > 1 || maps->v[0].host_id != kind->own())
		return run_helper(pid, kind, maps, e);
	r = file_write(proc, "setgroups", "deny", e);
	return r < 0 ? r : write_text(proc, kind, maps, e);
}

int idmap_write(pid_t pid, const struct spec_id_maps *uids, const struct spec_id_maps *gids, struct err *e)
{
	const struct spec_id_maps *maps[] = { uids, gids };
	char path[32];
	int r = 0;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	auto_fd int proc = path_open_dir(path, 0, e);

	if (proc < 0)
		return proc;
	for (size_t i = 0; i < ARRAY_SIZE(kinds) && r == 0; i++)
		r = write_map(proc, pid, &kinds[i], maps[i], e);
	return r < 0 ? err_wrap(e, "map ids") : 0;
}

static int read_map(int proc, const char *file, struct arena *a, struct spec_id_maps *ret, struct err *e)
{
	auto_free char *text = NULL;
	struct spec_id_maps maps = { .v = arena_array(a, ENTRIES_MAX, sizeof(*maps.v)) };
	int r = maps.v ? file_read(proc, file, ENTRIES_MAX * ENTRY_TEXT, &text, NULL, e) : err_nomem(e);
	char *save = NULL;

	if (r < 0)
		return r;
	for (char *word = strtok_r(text, " \n", &save); word && maps.n < ENTRIES_MAX; maps.n++) {
		struct spec_id_map *m = &maps.v[maps.n];
		uint32_t *const numbers[] = { &m->container_id, &m->host_id, &m->size };

		for (size_t i = 0; i < ARRAY_SIZE(numbers); i++, word = strtok_r(NULL, " \n", &save)) {
			uint64_t v;

			if (!word || str_to_u64(word, UINT32_MAX, &v) < 0)
				return err_say(e, EPROTO, "%s is no map of ids", file);
			*numbers[i] = (uint32_t)v;
		}
	}
	*ret = maps;
	return 0;
}

int idmap_read(pid_t pid, struct arena *a, struct spec_id_maps *ret_uids, struct spec_id_maps *ret_gids, struct err *e)
{
	struct spec_id_maps *const maps[] = { ret_uids, ret_gids };
	char path[32];
	int r = 0;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	auto_fd int proc = path_open_dir(path, 0, e);

	if (proc < 0)
		return proc;
	for (size_t i = 0; i < ARRAY_SIZE(kinds) && r == 0; i++)
		r = read_map(proc, kinds[i].file, a, maps[i], e);
	return r;
}

int idmap_mount(int tree, int userns, bool recursive, const char *what, struct err *e)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)userns };

	if (mount_setattr(tree, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr, sizeof(attr)) == 0)
		return 0;
	int r = err_set(e, errno, "map the ids of %s", what);

	if (r == -EPERM)
		return err_hint(e, "only root of the user namespace that its file system belongs to may, and only once");
	return r == -EINVAL ? err_hint(e, "its file system does not support idmapped mounts here") : r;
}

/* In the child that gives a new user namespace its first member: stay until the parent has opened it, or has died. */
static _Noreturn void hold(int reader, int writer)
{
	char byte;

	close(writer);
	while (read(reader, &byte, 1) < 0 && errno == EINTR)
		;
	_exit(0);
}

int idmap_userns(const struct spec_id_maps *uids, const struct spec_id_maps *gids, struct err *e)
{
	auto_fd int pidfd = -1;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a user namespace");
	auto_fd int reader = ends[0], writer = ends[1];
	struct clone_args args = {
		.flags = CLONE_NEWUSER | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};
	pid_t pid = sys_clone3(&args);

	if (pid < 0)
		return err_set(e, errno, "make a user namespace");
	if (pid == 0)
		hold(reader, writer);
	int fd = idmap_write(pid, uids, gids, e);

	if (fd == 0)
		fd = ns_open_pid(NS_USER, pid, e);
	fd_close(&writer);
	struct err ignored;

	(void)proc_wait(pidfd, &ignored); /* it ends by itself: only reap it */
	return fd;
}

int idmap_nest(uint32_t uid, uint32_t gid, struct err *e)
{
	const struct spec_id_map ids[] = { { uid, geteuid(), 1 }, { gid, getegid(), 1 } };
	char text[ENTRY_TEXT];
	int r = 0;

	/* who changes user namespaces is not dumpable any more, and its files in /proc are root's */
	if (unshare(CLONE_NEWUSER) < 0 || prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
		return err_set(e, errno, "make a user namespace");
	auto_fd int proc = path_open_dir("/proc/self", 0, e);

	if (proc < 0)
		return proc;
	r = file_write(proc, "setgroups", "deny", e);
	for (size_t i = 0; i < ARRAY_SIZE(kinds) && r == 0; i++) {
		snprintf(text, sizeof(text), "%u %u 1\n", ids[i].container_id, ids[i].host_id);
		r = file_write(proc, kinds[i].file, text, e);
	}
	return r;
}
