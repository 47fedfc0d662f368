// SPDX-License-Identifier: Apache-2.0
#include "runtime/rootless.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/close_range.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/sys.h"
#include "cgroups/cgroups.h"
#include "namespaces/idmap.h"
#include "namespaces/ns.h"
#include "namespaces/subid.h"

#define RECORD	     "namespace" /* "PID START": who keeps it; whoever makes it holds this file's lock */
#define RECORD_MAX   64
#define MAP_FILE_MAX 16384

bool rootless_is(void)
{
	return getauxval(AT_EUID) != 0 || (getenv(ROOTLESS_ENV) && cgroup_is_rootless());
}

/* ---- folders ---- */

static uid_t uid_outside(void)
{
	const char *known = getenv(ROOTLESS_ENV);
	uint32_t uid = geteuid();

	if (uid == 0 && known)
		(void)str_to_id(known, &uid); /* ours: else it is as if there were no such user */
	return uid;
}

/* What a variable says, if that is a path. */
static const char *folder_of(const char *name)
{
	const char *path = getenv(name);

	return path && *path == '/' ? path : NULL;
}

int rootless_folders(char data[PATH_MAX], char run[PATH_MAX], struct err *e)
{
	const char *home = folder_of("HOME"), *xdg_data = folder_of("XDG_DATA_HOME"), *xdg_run = folder_of("XDG_RUNTIME_DIR");
	struct stat st;

	if (!xdg_data && !home) {
		err_say(e, ENOENT, "neither XDG_DATA_HOME nor HOME says where your images and containers are to lie");
		return err_hint(e, "give --root DIR before the verb");
	}
	snprintf(data, PATH_MAX, "%s%s/paene", xdg_data ? xdg_data : home, xdg_data ? "" : "/.local/share");
	if (xdg_run) {
		snprintf(run, PATH_MAX, "%s/paene", xdg_run);
		return 0;
	}
	snprintf(run, PATH_MAX, "/run/user/%u", uid_outside());
	if (stat(run, &st) == 0 && st.st_uid == geteuid()) {
		snprintf(run, PATH_MAX, "/run/user/%u/paene", uid_outside());
		return 0;
	}
	snprintf(run, PATH_MAX, "/tmp/paene-%u", uid_outside());
	return 1;
}

/* Others could put a namespace of theirs there. */
static int check_owner(int run, struct err *e)
{
	struct stat st;

	if (fstat(run, &st) < 0)
		return err_set(e, errno, "look at the folder of --runroot");
	if (st.st_uid == geteuid() && !(st.st_mode & 022))
		return 0;
	err_say(e, EPERM, "the folder of --runroot is not yours alone");
	return err_hint(e, "give --runroot DIR before the verb, or set XDG_RUNTIME_DIR");
}

/* ---- the namespace ---- */

/* What a machine may have against user namespaces. */
static const struct {
	const char *file, *forbids, *hint;
} sysctls[] = {
	{ "/proc/sys/user/max_user_namespaces", "0\n",
	  "user namespaces are switched off: root can change that by `sysctl user.max_user_namespaces=28633`" },
	{ "/proc/sys/user/max_net_namespaces", "0\n",
	  "network namespaces are switched off: root can change that by `sysctl user.max_net_namespaces=28633`" },
	{ "/proc/sys/kernel/unprivileged_userns_clone", "0\n",
	  "users may make no user namespaces: root can change that by `sysctl kernel.unprivileged_userns_clone=1`" },
	{ "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n",
	  "AppArmor gives users no rights in their user namespaces: root can change that by a profile for paene that allows "
	  "userns, or by `sysctl kernel.apparmor_restrict_unprivileged_userns=0`" },
};

static int explain(struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(sysctls); i++) {
		auto_free char *text = NULL;
		struct err absent;

		if (file_read(AT_FDCWD, sysctls[i].file, RECORD_MAX, &text, NULL, &absent) >= 0 && streq(text, sysctls[i].forbids))
			return err_hint(e, "%s", sysctls[i].hint);
	}
	if (prctl(PR_GET_SECCOMP) == SECCOMP_MODE_FILTER)
		return err_hint(e, "a seccomp filter forbids it, as in most containers: start the outer one with --privileged or "
				   "--security-opt seccomp=unconfined");
	return -e->code;
}

static int read_record(int record, struct proc_id *ret, struct err *e)
{
	char text[RECORD_MAX] = "", end;
	ssize_t n = pread(record, text, sizeof(text) - 1, 0);

	if (n < 0)
		return err_set(e, errno, "read " RECORD);
	if (sscanf(text, "%d %" SCNu64 "%c", &ret->pid, &ret->start_time, &end) != 3 || end != '\n')
		return err_say(e, ESRCH, "nobody is on record");
	return 0;
}

/* Return: a pidfd of the one who keeps it, or -errno: there is nobody, @e says why */
static int find_keeper(int record, struct err *e)
{
	struct proc_id id = { 0 };
	int r = read_record(record, &id, e);

	return r < 0 ? r : proc_open(&id, e);
}

static int write_record(int record, pid_t pid, struct err *e)
{
	char text[RECORD_MAX];
	struct proc_id id;
	int r = proc_identify(pid, &id, e);

	if (r < 0)
		return r;
	int n = snprintf(text, sizeof(text), "%d %" PRIu64 "\n", id.pid, id.start_time);

	if (ftruncate(record, 0) < 0 || pwrite(record, text, (size_t)n, 0) != n)
		return err_set(e, errno, "write " RECORD);
	return 0;
}

/* In the new namespace: until we are on record, then for good. An end of file says that nobody will know us. */
static _Noreturn void keep(const char *program, int told, int teller)
{
	char *const argv[] = { (char *)"paene-keeper", NULL }, *const envp[] = { NULL };
	int null_fd = open("/dev/null", O_RDWR);
	char byte;

	close(teller);
	(void)setsid();
	for (int fd = 0; fd < 3 && null_fd >= 0; fd++)
		(void)dup2(null_fd, fd);
	(void)!chdir("/");
	while (read(told, &byte, 1) < 0 && errno == EINTR)
		;
	if (byte != 'k')
		_exit(0);
	proc_reset_signals();
	(void)close_range(3, ~0U, 0);
	execve(program, argv, envp);
	_exit(1);
}

/* What led out of the namespace of before ends with its link; which goes first, as the program looks at one removal at a time. */
static void forget_uplink(int run)
{
	static const char *const files[] = { ROOTLESS_UPLINK "/" ROOTLESS_UPLINK_LINK, ROOTLESS_UPLINK "/" ROOTLESS_UPLINK_RECORD };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		(void)unlinkat(run, files[i], 0); /* nearly always there is none */
}

/* Return: a pidfd of its keeper, or -errno with @e filled */
static int make_namespace(int run, int record, const char *program, struct err *e)
{
	auto_arena struct arena a = { 0 };
	struct spec_id_maps uids, gids;
	auto_fd int pidfd = -1;
	int ends[2], r = idmap_own(&a, &uids, &gids, e);

	if (r < 0)
		return r;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	auto_fd int told = ends[0], teller = ends[1];
	struct clone_args args = {
		.flags = CLONE_NEWUSER | CLONE_NEWNET | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = 0, /* nobody waits for it */
	};
	pid_t pid = sys_clone3(&args);

	if (pid == 0)
		keep(program, told, teller);
	if (pid < 0) {
		err_set(e, errno, "make a user namespace, and a network namespace with it");
		return explain(e);
	}
	r = idmap_write(pid, &uids, &gids, e);
	if (r >= 0)
		forget_uplink(run);
	if (r >= 0)
		r = write_record(record, pid, e);
	if (r >= 0 && write(teller, "k", 1) != 1)
		r = err_set(e, errno, "start %s", program);
	return r < 0 ? r : fd_take(&pidfd);
}

/* @quick: who is on record is believed to live: one that was killed may be there until somebody asks how it ended */
static int find_or_make(int run, const char *program, bool quick, struct err *e)
{
	auto_fd int record = openat(run, RECORD, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct err nobody;

	if (record < 0)
		return err_set(e, errno, "open " RECORD);
	auto_fd int keeper = quick ? find_keeper(record, &nobody) : -1;

	if (keeper >= 0)
		return fd_take(&keeper);
	int r = fd_lock(record, LOCK_EX);

	if (r < 0)
		return err_set(e, -r, "lock " RECORD);
	keeper = find_keeper(record, &nobody);
	return keeper >= 0 && !proc_ended(keeper) ? fd_take(&keeper) : make_namespace(run, record, program, e);
}

/*
 * Who changes namespaces is not dumpable any more, and then its files in /proc, and those of its children, are those of the
 * machine's root. Mounts are copied, so what is mounted at the caller's is there, and nothing that we mount gets there.
 */
static int join(int keeper, struct err *e)
{
	char uid[16];

	snprintf(uid, sizeof(uid), "%u", geteuid());
	if (setns(keeper, CLONE_NEWUSER) < 0)
		return err_set(e, errno, "join your user namespace");
	if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0 || unshare(CLONE_NEWNS) < 0) {
		err_set(e, errno, "make a mount namespace in your user namespace");
		return explain(e);
	}
	return setenv(ROOTLESS_ENV, uid, 1) < 0 ? err_nomem(e) : 0;
}

int rootless_enter(int run, const char *keeper, struct err *e)
{
	if (geteuid() == 0)
		return 0;
	int r = check_owner(run, e);
	auto_fd int pidfd = r < 0 ? r : find_or_make(run, keeper, true, e);

	r = pidfd < 0 ? pidfd : join(pidfd, e);
	if (r == -ESRCH) {
		fd_close(&pidfd);
		pidfd = find_or_make(run, keeper, false, e);
		r = pidfd < 0 ? pidfd : join(pidfd, e);
	}
	return r < 0 ? r : 1;
}

int rootless_network(int run, struct err *e)
{
	auto_fd int record = openat(run, RECORD, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct proc_id id = { 0 };
	int r = record < 0 ? err_set(e, errno, "open " RECORD) : read_record(record, &id, e);
	auto_fd int keeper = r < 0 ? r : proc_open(&id, e);
	auto_fd int netns = keeper < 0 ? keeper : ns_open_pid(NS_NET, id.pid, e);

	if (netns < 0)
		return err_wrap(e, "your network namespace");
	if (proc_ended(keeper)) /* its number may be another's by now */
		return err_say(e, ESRCH, "the process that keeps your network namespace has ended just now");
	return fd_take(&netns);
}

/* ---- ids ---- */

char *rootless_user_name(struct arena *a)
{
	return subid_user_name(a, uid_outside());
}

static const char *const map_files[] = { "/proc/self/uid_map", "/proc/self/gid_map" };

static int map_all(struct arena *a, const char *file, struct spec_id_maps *ret, struct err *e)
{
	auto_free char *text = NULL;
	struct spec_id_map m;
	int used, r = file_read(AT_FDCWD, file, MAP_FILE_MAX, &text, NULL, e);
	size_t lines = 0;

	if (r < 0)
		return r;
	for (const char *p = text; *p; p++)
		lines += *p == '\n';
	ret->n = 0;
	ret->v = arena_array(a, lines + 1, sizeof(*ret->v));
	if (!ret->v)
		return err_nomem(e);
	for (const char *p = text; ret->n < lines && sscanf(p, "%" SCNu32 " %*u %" SCNu32 "%n", &m.container_id, &m.size, &used) == 2;
	     p += used) {
		m.host_id = m.container_id;
		ret->v[ret->n++] = m;
	}
	return ret->n ? 0 : err_say(e, EINVAL, "%s is not understood", file);
}

int rootless_ids(struct arena *a, struct spec_id_maps *ret_uids, struct spec_id_maps *ret_gids, struct err *e)
{
	int r = map_all(a, map_files[0], ret_uids, e);

	return r < 0 ? r : map_all(a, map_files[1], ret_gids, e);
}

bool rootless_has_one_id(void)
{
	auto_arena struct arena a = { 0 };
	struct spec_id_maps uids;
	struct err ignored; /* what cannot be read is no reason to do without ids */

	return map_all(&a, map_files[0], &uids, &ignored) >= 0 && uids.n == 1 && uids.v[0].size == 1;
}

/* How many ids there are, and which one outside 0 is: from the first line of a map that begins with it. */
static int count_ids(const char *file, uint32_t *ret_n, uint32_t *ret_own, struct err *e)
{
	auto_arena struct arena a = { 0 };
	auto_free char *text = NULL;
	struct spec_id_maps all;
	int r = file_read(AT_FDCWD, file, MAP_FILE_MAX, &text, NULL, e);

	if (r >= 0)
		r = map_all(&a, file, &all, e);
	if (r < 0)
		return r;
	if (sscanf(text, " 0 %" SCNu32, ret_own) != 1)
		return err_say(e, EINVAL, "%s does not begin with 0", file);
	*ret_n = 0;
	for (size_t i = 0; i < all.n; i++)
		*ret_n += all.v[i].size;
	return 0;
}

static int no_other_ids(struct err *e)
{
	err_say(e, EINVAL, "you have no ids but your own, and a container needs its root");
	return err_hint(e, "root can give some: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER");
}

/* 0 becomes @at, and all others keep their order around it. */
static int keep_at(struct arena *a, uint32_t n, uint32_t at, struct spec_id_maps *ret, struct err *e)
{
	uint32_t below = MIN(at, n - 1);

	ret->n = 0;
	ret->v = arena_array(a, 3, sizeof(*ret->v));
	if (!ret->v)
		return err_nomem(e);
	if (below)
		ret->v[ret->n++] = (struct spec_id_map){ .container_id = 0, .host_id = 1, .size = below };
	ret->v[ret->n++] = (struct spec_id_map){ .container_id = at, .host_id = 0, .size = 1 };
	if (n - 1 > below)
		ret->v[ret->n++] = (struct spec_id_map){ .container_id = at + 1, .host_id = at + 1, .size = n - 1 - below };
	return 0;
}

int rootless_keep_ids(struct arena *a, struct opt_u32 at[2], struct spec_id_maps *const ret[2], struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(map_files) && r >= 0; i++) {
		uint32_t n, own;

		r = count_ids(map_files[i], &n, &own, e);
		if (r < 0)
			break;
		at[i] = (struct opt_u32){ true, at[i].set ? at[i].v : own };
		r = n > 1 || at[i].v == 0 ? keep_at(a, n, at[i].v, ret[i], e) : no_other_ids(e);
	}
	return r;
}

int rootless_other_ids(struct arena *a, struct spec_id_maps *const ret[2], struct err *e)
{

	for (size_t i = 0; i < ARRAY_SIZE(map_files); i++) {
		uint32_t n, own;
		int r = count_ids(map_files[i], &n, &own, e);

		if (r < 0)
			return r;
		if (n < 2)
			return no_other_ids(e);
		ret[i]->v = arena_array(a, 1, sizeof(*ret[i]->v));
		if (!ret[i]->v)
			return err_nomem(e);
		ret[i]->v[0] = (struct spec_id_map){ .container_id = 0, .host_id = 1, .size = n - 1 };
		ret[i]->n = 1;
	}
	return 0;
}
