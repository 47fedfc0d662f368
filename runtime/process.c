// SPDX-License-Identifier: Apache-2.0
#include "runtime/process.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <linux/ioprio.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <stdlib.h>
#include <sys/capability.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/proc.h"
#include "runtime/label.h"
#include "runtime/user.h"
#include "spec/names.h"

#define DEFAULT_UMASK 0022 /* not the caller's: it is none of the container's business */
#define DEFAULT_PATH  "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static int set_rlimit(pid_t pid, const struct spec_rlimit *l, struct err *e)
{
	const struct rlimit want = { .rlim_cur = l->soft, .rlim_max = l->hard };

	if (prlimit(pid, (enum __rlimit_resource)l->resource, &want, NULL) == 0)
		return 0;
	err_set(e, errno, "process.rlimits: set %s to %llu:%llu", spec_rlimit_name(l->resource), (unsigned long long)l->soft,
		(unsigned long long)l->hard);
	return e->code == EPERM ? err_hint(e, "a hard limit can be raised only with CAP_SYS_RESOURCE") : -e->code;
}

/* Whether the child itself can set this limit later: it may lower what it has from us, and has much to open before. */
static bool can_wait(const struct spec_rlimit *l)
{
	struct rlimit own;

	return l->resource == RLIMIT_NOFILE && getrlimit(RLIMIT_NOFILE, &own) == 0 && l->hard <= own.rlim_max;
}

static int set_rlimits(pid_t pid, const struct spec_rlimits *l, bool opens_more, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < l->n && r >= 0; i++)
		if (!opens_more || !can_wait(&l->v[i]))
			r = set_rlimit(pid, &l->v[i], e);
	return r;
}

int process_limit_files(const struct spec_process *p, struct err *e)
{
	const struct spec_rlimits *l = &p->rlimits;
	int r = 0;

	for (size_t i = 0; i < l->n && r >= 0; i++)
		if (l->v[i].resource == RLIMIT_NOFILE)
			r = set_rlimit(0, &l->v[i], e);
	return r;
}

static int set_oom_score(pid_t pid, const struct opt_i64 *score, struct err *e)
{
	char name[40], text[24];

	if (!score->set)
		return 0;
	snprintf(name, sizeof(name), "/proc/%d/oom_score_adj", pid);
	snprintf(text, sizeof(text), "%lld", (long long)score->v);
	int r = file_write(AT_FDCWD, name, text, e);

	return r < 0 ? err_wrap(e, "process.oomScoreAdj") : 0;
}

static int set_scheduler(pid_t pid, const struct spec_scheduler *s, struct err *e)
{
	const struct sched_attr attr = {
		.size = sizeof(attr),
		.sched_policy = s->policy,
		.sched_flags = s->flags,
		.sched_nice = s->nice,
		.sched_priority = (uint32_t)s->priority,
		.sched_runtime = s->runtime_ns,
		.sched_deadline = s->deadline_ns,
		.sched_period = s->period_ns,
	};

	if (!s->given || syscall(SYS_sched_setattr, pid, &attr, 0) == 0)
		return 0;
	err_set(e, errno, "process.scheduler: set %s", spec_sched_policy_names[s->policy]);
	if (e->code == EPERM && s->policy == SCHED_DEADLINE) /* the kernel grants a deadline on all CPUs or on none */
		(void)err_hint(e, "process scheduler can't be used together with AllowedCPUs");
	return -e->code;
}

static int set_io_priority(pid_t pid, const struct spec_io_priority *p, struct err *e)
{
	if (p->given && syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, pid,
				IOPRIO_PRIO_VALUE((int)p->class, p->priority)) < 0)
		return err_set(e, errno, "process.ioPriority: set %s", spec_ioprio_class_names[p->class]);
	return 0;
}

int process_limits(pid_t pid, const struct spec_process *p, bool opens_more, struct err *e)
{
	int r = set_rlimits(pid, &p->rlimits, opens_more, e);

	if (r >= 0)
		r = set_oom_score(pid, &p->oom_score_adj, e);
	if (r >= 0)
		r = set_scheduler(pid, &p->scheduler, e);
	return r < 0 ? r : set_io_priority(pid, &p->io_priority, e);
}

int process_resolve_user(struct spec_process *p, int root, struct arena *arena, struct err *e)
{
	const char *home;
	int r = user_resolve(root, p->user.username ? p->user.username : "0", arena, &p->user, &home, e);

	if (r < 0)
		return r;
	if (p->user.uid != 0)
		p->capabilities.effective = p->capabilities.permitted = p->capabilities.inheritable;
	if (strv_env(&p->env, "HOME"))
		return 0;
	char *pair = arena_printf(arena, "HOME=%s", home);

	return pair && strv_push(arena, &p->env, pair) == 0 ? 0 : err_nomem(e);
}

static int by_name(const void *a, const void *b)
{
	char *const *x = *(char *const *const *)a, *const *y = *(char *const *const *)b;
	size_t n = strcspn(*x, "="), m = strcspn(*y, "=");
	int order = memcmp(*x, *y, MIN(n, m));

	if (order == 0)
		order = (n > m) - (n < m);
	return order ? order : (x > y) - (x < y); /* those of one name stay in their order */
}

/* getenv(3) finds the first of several, their author means the last. An empty HOME counts as none. */
static int drop_overridden(struct strv *env, struct arena *arena)
{
	char ***sorted = arena_array(arena, env->n, sizeof(*sorted));
	size_t n = 0;

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < env->n; i++)
		sorted[i] = &env->v[i];
	qsort(sorted, env->n, sizeof(*sorted), by_name);
	for (size_t i = 0; i < env->n; i++) {
		size_t len = strcspn(*sorted[i], "=");
		bool last = i + 1 == env->n || strncmp(*sorted[i], *sorted[i + 1], len) != 0 ||
			    strcspn(*sorted[i + 1], "=") != len;

		if (!last || streq(*sorted[i], "HOME="))
			*sorted[i] = NULL;
	}
	for (size_t i = 0; i < env->n; i++)
		if (env->v[i])
			env->v[n++] = env->v[i];
	env->n = n;
	env->v[n] = NULL;
	return 0;
}

int process_environment(struct spec_process *p, int root, struct arena *arena, struct err *e)
{
	if (p->env.n && drop_overridden(&p->env, arena) < 0)
		return err_nomem(e);
	if (strv_env(&p->env, "HOME"))
		return 0;
	char *pair = arena_printf(arena, "HOME=%s", user_home(root, p->user.uid, arena));

	return pair && strv_push(arena, &p->env, pair) == 0 ? 0 : err_nomem(e);
}

int process_keyring(const char *id, const char *label, struct err *e)
{
	bool labelled = label && *label;
	int r = labelled ? label_keys(label, e) : 0;

	if (r >= 0 && syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, id) < 0 && errno != ENOSYS)
		return err_set(e, errno, "make a session keyring");
	return r >= 0 && labelled ? label_keys(NULL, e) : r;
}

int process_become_root(struct err *e)
{
	/* groups of the host's user would stay with us under ids that mean others inside */
	if (setgroups(0, NULL) < 0 && errno != EPERM)
		return err_set(e, errno, "drop supplementary groups");
	if (setresgid(0, 0, 0) < 0)
		return err_set(e, errno, "become group 0 of the user namespace");
	if (setresuid(0, 0, 0) < 0)
		return err_set(e, errno, "become user 0 of the user namespace");
	return 0;
}

int process_session(int terminal, struct err *e)
{
	if (setsid() < 0 && errno != EPERM)
		return err_set(e, errno, "start a new session");
	if (terminal < 0)
		return 0;
	if (ioctl(terminal, TIOCSCTTY, 0) < 0)
		return err_set(e, errno, "take the terminal");
	for (int fd = 0; fd < 3; fd++)
		if (dup2(terminal, fd) < 0)
			return err_set(e, errno, "put the terminal on fd %d", fd);
	return 0;
}

/*
 * The host's null device is a mount of the host's: it would keep that alive, and no checkpoint could be made of the process.
 * Where the container has one, that takes its place.
 */
static int own_null(struct err *e)
{
	const dev_t null = makedev(1, 3);
	auto_fd int own = -1;
	struct stat st;

	for (int fd = 0; fd < 3; fd++) {
		if (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != null)
			continue;
		if (own < 0)
			own = open("/dev/null", O_RDWR | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
		if (own < 0 || fstat(own, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != null)
			return 0;
		if (dup2(own, fd) < 0)
			return err_set(e, errno, "put /dev/null on fd %d", fd);
	}
	return 0;
}

static int place_stdio(const int stdio[3], int null_fd, struct err *e)
{
	int held[3];

	if (stdio[0] == 0 && stdio[1] == 1 && stdio[2] == 2)
		return 0;
	for (int fd = 0; fd < 3; fd++) {
		held[fd] = fd_dup(stdio[fd] < 0 ? null_fd : stdio[fd], e);
		if (held[fd] < 0)
			return held[fd];
	}
	for (int fd = 0; fd < 3; fd++) {
		if (dup2(held[fd], fd) < 0)
			return err_set(e, errno, "put a file on fd %d", fd);
		close(held[fd]);
	}
	return 0;
}

int process_stdio(const int stdio[3], int null_fd, struct err *e)
{
	int r = place_stdio(stdio, null_fd, e);

	return r < 0 ? r : own_null(e);
}

int process_keep_fds(unsigned n, struct err *e)
{
	for (unsigned fd = 3; fd < 3 + n; fd++)
		if (fcntl((int)fd, F_SETFD, 0) < 0)
			return err_set(e, errno, "keep fd %u open", fd);
	if (close_range(3 + n, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return err_set(e, errno, "mark the other fds close-on-exec");
	proc_reset_signals();
	return 0;
}

int process_pid_file(const char *path, pid_t pid, struct err *e)
{
	char text[16], folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int n = snprintf(text, sizeof(text), "%d", pid);

	if (!slash)
		return file_publish(AT_FDCWD, path, text, (size_t)n, 0644, 0, e);
	snprintf(folder, sizeof(folder), "%.*s", (int)MAX(slash - path, 1), path);
	auto_fd int dir = path_open_dir(folder, O_RDONLY, e);

	return dir < 0 ? dir : file_publish(dir, slash + 1, text, (size_t)n, 0644, 0, e);
}

static int last_capability(void)
{
	int last = SPEC_CAP_COUNT - 1;

	while (last > 0 && prctl(PR_CAPBSET_READ, last) < 0)
		last--;
	return last;
}

/* The bounding set first: dropping from it needs CAP_SETPCAP, which may be about to go. */
static int drop_bounding(uint64_t keep, struct err *e)
{
	for (int c = 0, last = last_capability(); c <= last; c++)
		if (!(keep & BIT64(c)) && prctl(PR_CAPBSET_DROP, c, 0, 0, 0) < 0)
			return err_set(e, errno, "drop %s from the bounding set", spec_cap_name(c));
	return 0;
}

static int fill_caps(cap_t caps, const struct spec_caps *c)
{
	const uint64_t masks[] = {
		[CAP_EFFECTIVE] = c->effective.v,
		[CAP_PERMITTED] = c->permitted.v,
		[CAP_INHERITABLE] = c->inheritable.v,
	};

	for (int n = 0, last = last_capability(); n <= last; n++) {
		cap_value_t v = n;

		for (size_t set = 0; set < ARRAY_SIZE(masks); set++)
			if ((masks[set] & BIT64(n)) &&
			    cap_set_flag(caps, (cap_flag_t)set, 1, &v, CAP_SET) < 0)
				return -errno;
	}
	return 0;
}

static int set_caps(const struct spec_caps *c, struct err *e)
{
	cap_t caps = cap_init();
	int r = caps ? fill_caps(caps, c) : -ENOMEM;

	if (r == 0 && cap_set_proc(caps) < 0)
		r = -errno;
	cap_free(caps);
	if (r < 0)
		return err_set(e, -r, "set capabilities");
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); /* fails only before 4.3 */
	/* the kernel takes into this set only what is permitted and inheritable; `crun spec` asks for more, runc passes over it */
	uint64_t ambient = c->ambient.v & c->permitted.v & c->inheritable.v;

	for (int n = 0; n < SPEC_CAP_COUNT; n++)
		if ((ambient & BIT64(n)) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, n, 0, 0) < 0)
			return err_set(e, errno, "raise %s to the ambient set", spec_cap_name(n));
	return 0;
}

static int set_ids(const struct spec_user *u, struct err *e)
{
	const struct spec_u32_list *l = &u->additional_gids;
	bool needed = l->n > 1 || (l->n == 1 && l->v[0] != u->gid);

	/* where setgroups is denied (a user namespace of one's own ids), nobody can leave a group either */
	if (setgroups(l->n, l->v) < 0 && (errno != EPERM || needed))
		return err_set(e, errno, "set %zu supplementary groups", l->n);
	if (setresgid(u->gid, u->gid, u->gid) < 0)
		return err_set(e, errno, "set group id %u", u->gid);
	if (setresuid(u->uid, u->uid, u->uid) < 0)
		return err_set(e, errno, "set user id %u", u->uid);
	return 0;
}

/*
 * /dev/stdout is opened anew by name, which of a pipe only its owner may do: who is not root gets the pipes. Nothing else: a file
 * or a terminal is the caller's, and /dev/null everybody's. Best effort: in a user namespace it may not be ours to give.
 */
static void give_pipes(uint32_t uid)
{
	struct stat st;

	for (int fd = 0; fd < 3 && uid != 0; fd++)
		if (fstat(fd, &st) < 0 || !S_ISFIFO(st.st_mode) || fchown(fd, uid, (gid_t)-1) < 0)
			continue;
}

int process_credentials(const struct spec_process *p, struct err *e)
{
	const struct spec_caps *c = &p->capabilities; /* a configuration that names none grants none */
	int r = drop_bounding(c->bounding.v, e);

	give_pipes(p->user.uid);
	/* a change of user must not clear what set_caps() narrows down right after */
	if (r >= 0 && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return err_set(e, errno, "keep capabilities over the change of user");
	if (r >= 0)
		r = set_ids(&p->user, e);
	if (r < 0)
		return r;
	umask(p->user.umask.set ? (mode_t)p->user.umask.v & 0777 : DEFAULT_UMASK);
	return set_caps(c, e);
}

int process_no_new_privs(const struct spec_process *p, struct err *e)
{
	if (p->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_set(e, errno, "set no_new_privs");
	return 0;
}

int process_cwd(const char *cwd, bool make, struct err *e)
{
	char where[PATH_MAX];
	int failed = chdir(cwd) < 0 ? errno : 0;

	if (failed == ENOENT && make) {
		auto_fd int root = path_open_dir("/", 0, e);
		auto_fd int made = root < 0 ? root : path_mkdirs_in(root, cwd, 0755, e);

		if (made < 0)
			return err_wrap(e, "working folder");
		failed = fchdir(made) < 0 ? errno : 0;
	}
	if (failed)
		return err_set(e, failed, "change into the working folder %s", cwd);
	/* outside the root the kernel says "(unreachable)…": an fd of the host's tree was named */
	if (!getcwd(where, sizeof(where)) || where[0] != '/')
		return err_say(e, EPERM, "the working folder %s is not inside the container's root", cwd);
	return 0;
}

static int refuse(struct err *e, int errnum, const char *name, const char *words, int status)
{
	err_say(e, errnum, "exec: \"%s\": %s", name, words);
	return err_exit(e, status);
}

/* Return: 0 where this file can be executed, else -errno */
static int executable(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0)
		return 0;
	if (errno != EPERM)
		return -errno;
	/* a seccomp profile older than faccessat2(2); here the real ids are the effective ones */
	return access(path, X_OK) < 0 ? -errno : 0;
}

static int check(const char *path, struct err *e)
{
	int r = executable(path);

	if (r == -ENOENT || r == -ENOTDIR)
		return refuse(e, ENOENT, path, "no such file or directory", 127);
	if (r == -EISDIR)
		return refuse(e, EISDIR, path, "is a directory", 126);
	return r < 0 ? refuse(e, -r, path, r == -EACCES ? "permission denied" : strerrordesc_np(-r), 126) : 0;
}

int process_find(const struct spec_process *p, char *ret, struct err *e)
{
	const char *name = p->args.v[0], *path = strv_env(&p->env, "PATH");
	bool denied = false;

	if (strlen(name) >= PATH_MAX)
		return refuse(e, ENAMETOOLONG, "…", "file name too long", 127);
	if (strchr(name, '/')) {
		memcpy(ret, name, strlen(name) + 1);
		return check(name, e);
	}
	for (const char *dir = path ? path : DEFAULT_PATH; *name && dir;) {
		size_t n = strcspn(dir, ":");
		int len = snprintf(ret, PATH_MAX, "%.*s%s%s", (int)n, dir, n ? "/" : "./", name);

		if (len > 0 && len < PATH_MAX) {
			int r = executable(ret);

			if (r == 0)
				return 0;
			denied |= r == -EACCES;
		}
		dir = dir[n] ? dir + n + 1 : NULL;
	}
	if (denied)
		return refuse(e, EACCES, name, "permission denied", 126);
	return refuse(e, ENOENT, name, "executable file not found in $PATH", 127);
}

/* What the kernel refuses runc words so, without quotes. */
static int refused(struct err *e, int errnum, const char *path, const char *words, int status)
{
	err_say(e, errnum, "exec %s: %s", path, words);
	return err_exit(e, status);
}

int process_exec(const struct spec_process *p, const char *path, struct err *e)
{
	static char *const none[] = { NULL };

	execve(path, p->args.v, p->env.v ? p->env.v : none);
	int errnum = errno, r = check(path, e);

	if (r < 0)
		return r;
	if (errnum == ENOENT)
		return refused(e, errnum, path, "no such file or directory: its interpreter is missing", 127);
	return refused(e, errnum, path,
		       errnum == ENOEXEC ? "exec format error: not a program of this machine, nor a script with #!"
					 : strerrordesc_np(errnum),
		       126);
}
