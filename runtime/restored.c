// SPDX-License-Identifier: Apache-2.0
#include "runtime/restored.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "namespaces/ns.h"
#include "runtime/wire.h"
#include "spec/names.h"

#define TEXT_MAX    (1 << 20)
#define IMAGE_MAX   (16 << 20)
#define FILTERS_MAX 4096
#define PARENTS_MAX 64 /* a row of checkpoints, each with what has changed since the one before */
#define DEPTH_MAX   4096 /* of the tree of processes */

/* ---- the image, before ---- */

static int check_folder(int dir, int depth, struct err *e);

struct walk {
	int depth;
};

/* "parent" is a link by which criu finds the checkpoint before this one: no absolute path, which could be any of the host's. */
static int check_parent(int dir, int depth, struct err *e)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dir, "parent", target, sizeof(target) - 1);

	if (n <= 0 || target[0] == '/' || depth >= PARENTS_MAX)
		return err_say(e, EPERM, "the checkpoint's link \"parent\" is not relative, or the row does not end");
	auto_fd int parent = openat(dir, "parent", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return parent < 0 ? err_set(e, errno, "open the checkpoint's parent") : check_folder(parent, depth + 1, e);
}

static int check_file(int dir, const char *name, void *arg, struct err *e)
{
	const struct walk *w = arg;
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(e, errno, "look at %s", name);
	if (S_ISLNK(st.st_mode) && streq(name, "parent"))
		return check_parent(dir, w->depth, e);
	if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) || S_ISSOCK(st.st_mode)) /* the socket of `criu lazy-pages` */
		return 0;
	return err_say(e, EPERM, "the checkpoint is not to be trusted: %s is no file", name);
}

static int check_folder(int dir, int depth, struct err *e)
{
	struct walk w = { depth };

	return file_each(dir, check_file, &w, e);
}

/* One filter in seccomp.img; @previous: the one that was there before it, by index */
struct filter {
	struct wire_view code;
	uint64_t previous;
	bool has_previous;
};

static int read_filter(struct wire_view v, struct filter *ret)
{
	enum { CODE = 1, PREVIOUS = 2 };
	struct wire_field f;
	int r;

	*ret = (struct filter){ 0 };
	while ((r = wire_next(&v, &f)) > 0) {
		if (f.field == CODE && !f.is_number)
			ret->code = f.bytes;
		if (f.field == PREVIOUS && f.is_number) {
			ret->previous = f.number;
			ret->has_previous = true;
		}
	}
	return r;
}

/* Is @want one of the filters in this chain? */
static bool in_chain(const struct filter *v, size_t n, size_t from, const struct seccomp_filter *want)
{
	size_t bytes = want->n * sizeof(*want->code), i = from;

	for (size_t steps = 0; steps <= n && i < n; steps++) {
		if (v[i].code.n == bytes && memcmp(v[i].code.v, want->code, bytes) == 0)
			return true;
		if (!v[i].has_previous)
			return false;
		i = (size_t)v[i].previous;
	}
	return false;
}

/* The file has a head of 8 bytes, then the length of one message, then the message: a list of filters. */
static int check_filters(struct wire_view v, const struct seccomp_plan *p, struct filter *filters, struct err *e)
{
	struct wire_field f;
	size_t n = 0;
	int r;

	while ((r = wire_next(&v, &f)) > 0)
		if (f.field == 1 && (f.is_number || n == FILTERS_MAX || (r = read_filter(f.bytes, &filters[n++])) < 0))
			break;
	if (r != 0)
		return err_say(e, EBADMSG, "seccomp.img makes no sense");
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < p->n; k++)
			if (!in_chain(filters, n, i, &p->filters[k])) {
				err_say(e, EPERM, "the checkpoint has a seccomp filter that is not the configuration's");
				return err_hint(e, "it can be restored by the version that made it, with the same profile");
			}
	return 0;
}

static int check_seccomp(int images, const struct seccomp_plan *p, struct err *e)
{
	enum { HEAD = 8 };
	auto_free char *text = NULL;
	uint32_t message;
	size_t len;

	if (p->n == 0)
		return 0;
	int r = file_read(images, "seccomp.img", IMAGE_MAX, &text, &len, e);

	if (r == -ENOENT)
		return err_say(e, EPERM, "the checkpoint has no seccomp filter, and the configuration wants one");
	if (r < 0)
		return r;
	if (len >= HEAD + sizeof(message))
		memcpy(&message, text + HEAD, sizeof(message));
	if (len < HEAD + sizeof(message) || len - HEAD - sizeof(message) != message)
		return err_say(e, EBADMSG, "seccomp.img makes no sense");
	auto_free struct filter *filters = calloc(FILTERS_MAX, sizeof(*filters));
	const struct wire_view v = { (unsigned char *)text + HEAD + sizeof(message), message };

	return filters ? check_filters(v, p, filters, e) : err_nomem(e);
}

int restored_check_image(int images, const struct plan *p, struct err *e)
{
	int r = check_folder(images, 0, e);

	return r < 0 ? r : check_seccomp(images, &p->seccomp, e);
}

/* ---- the processes, after ---- */

static int refuse(struct err *e, pid_t pid, const char *what)
{
	return err_say(e, EPERM, "the checkpoint has more than the configuration allows: process %d: %s", pid, what);
}

/* The value of "Name:\t…" in /proc/PID/status, in @base. Return: 0, or -ENODATA */
static int status_number(const char *status, const char *name, int base, uint64_t *ret)
{
	for (const char *line = status; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		const char *value = str_after(line, name);

		if (value && *value == ':') {
			*ret = strtoull(value + 1, NULL, base);
			return 0;
		}
	}
	return -ENODATA;
}

/* Whatever it executes later, nothing beyond the bounding set; and what it has now came out of the configuration's sets. */
static int check_thread(const struct plan *p, pid_t pid, const char *status, struct err *e)
{
	static const char *const sets[] = { "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb" };
	const struct spec_process *proc = &p->spec->process;
	const struct spec_caps *c = &proc->capabilities;
	uint64_t allowed = c->bounding.v | c->permitted.v | c->effective.v | c->inheritable.v | c->ambient.v, has;

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		if (status_number(status, sets[i], 16, &has) < 0 || (has & ~allowed))
			return refuse(e, pid, "capabilities");
	if (proc->no_new_privileges && (status_number(status, "NoNewPrivs", 10, &has) < 0 || has != 1))
		return refuse(e, pid, "it may gain privileges");
	if (p->seccomp.n > 0 && (status_number(status, "Seccomp", 10, &has) < 0 || has != 2))
		return refuse(e, pid, "it has no seccomp filter");
	return 0;
}

static int check_threads(const struct plan *p, pid_t pid, struct err *e)
{
	char name[64];

	snprintf(name, sizeof(name), "/proc/%d/task", pid);
	auto_dir DIR *d = opendir(name);

	if (!d)
		return err_set(e, errno, "open %s", name);
	for (struct dirent *entry; (entry = readdir(d));) {
		auto_free char *status = NULL;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "/proc/%d/task/%.20s/status", pid, entry->d_name);
		int r = file_read(AT_FDCWD, name, TEXT_MAX, &status, NULL, e);

		if (r >= 0)
			r = check_thread(p, pid, status, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int ns_identity(enum spec_ns_kind kind, pid_t pid, struct stat *ret, struct err *e)
{
	auto_fd int fd = ns_open_pid(kind, pid, e);

	if (fd < 0)
		return fd;
	return fstat(fd, ret) < 0 ? err_set(e, errno, "look at a namespace") : 0;
}

/* New ones are not ours; those by path are what the path names. */
static int check_namespaces(const struct plan *p, pid_t pid, struct err *e)
{
	for (size_t k = 0; k < NS_COUNT; k++) {
		const struct spec_namespace *ns = &p->spec->linux_.namespaces[k];
		struct stat its, other;

		if (!ns->wanted)
			continue;
		int r = ns_identity((enum spec_ns_kind)k, pid, &its, e);

		if (r >= 0 && !ns->path)
			r = ns_identity((enum spec_ns_kind)k, getpid(), &other, e);
		else if (r >= 0 && stat(ns->path, &other) < 0)
			r = err_set(e, errno, "look at %s", ns->path);
		if (r < 0)
			return r;
		bool same = its.st_dev == other.st_dev && its.st_ino == other.st_ino;

		if (same != (ns->path != NULL))
			return err_say(e, EPERM, "the checkpoint is not what the configuration asks for: process %d: %s namespace",
				       pid, spec_ns_names[k]);
	}
	return 0;
}

static int check_limits(const struct plan *p, pid_t pid, struct err *e)
{
	const struct spec_rlimits *l = &p->spec->process.rlimits;

	for (size_t i = 0; i < l->n; i++) {
		struct rlimit has;

		if (prlimit(pid, (enum __rlimit_resource)l->v[i].resource, NULL, &has) < 0)
			return err_set(e, errno, "look at the limits of process %d", pid);
		if (has.rlim_max > l->v[i].hard)
			return refuse(e, pid, spec_rlimit_name(l->v[i].resource));
	}
	return 0;
}

static int check_cgroup(const struct plan *p, pid_t pid, struct err *e)
{
	auto_free char *text = NULL;
	char name[64], *rest = NULL;

	if (!p->cgroup_path)
		return 0;
	snprintf(name, sizeof(name), "/proc/%d/cgroup", pid);
	int r = file_read(AT_FDCWD, name, TEXT_MAX, &text, NULL, e);

	for (char *line = r < 0 ? NULL : strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		const char *path = str_after(line, "0::"), *below = path ? str_after(path, p->cgroup_path) : NULL;

		if (path)
			return below && (*below == '\0' || *below == '/') ? 0 : refuse(e, pid, "another cgroup");
	}
	return r < 0 ? r : refuse(e, pid, "no cgroup");
}

static int check_process(const struct plan *p, pid_t pid, struct err *e)
{
	int r = check_threads(p, pid, e);

	if (r >= 0)
		r = check_namespaces(p, pid, e);
	if (r >= 0)
		r = check_limits(p, pid, e);
	return r < 0 ? r : check_cgroup(p, pid, e);
}

static int check_tree(const struct plan *p, pid_t pid, int depth, struct err *e);

/* /proc/PID/task/TID/children: numbers with blanks between */
static int check_children(const struct plan *p, pid_t pid, const char *tid, int depth, struct err *e)
{
	auto_free char *text = NULL;
	char name[64], *rest = NULL;

	snprintf(name, sizeof(name), "/proc/%d/task/%.20s/children", pid, tid);
	int r = file_read(AT_FDCWD, name, TEXT_MAX, &text, NULL, e);

	for (char *w = r < 0 ? NULL : strtok_r(text, " ", &rest); w && r >= 0; w = strtok_r(NULL, " ", &rest))
		r = check_tree(p, (pid_t)strtol(w, NULL, 10), depth + 1, e);
	return r;
}

static int check_tree(const struct plan *p, pid_t pid, int depth, struct err *e)
{
	char name[64];
	int r = depth > DEPTH_MAX ? err_say(e, ELOOP, "processes within processes without end") : check_process(p, pid, e);

	if (r < 0)
		return r;
	snprintf(name, sizeof(name), "/proc/%d/task", pid);
	auto_dir DIR *d = opendir(name);

	if (!d)
		return err_set(e, errno, "open %s", name);
	for (struct dirent *entry; r >= 0 && (entry = readdir(d));)
		if (entry->d_name[0] != '.')
			r = check_children(p, pid, entry->d_name, depth, e);
	return r;
}

/* Lines of "inside outside count", as user_namespaces(7) has them. */
static int check_map(pid_t pid, const char *which, const struct spec_id_maps *want, struct err *e)
{
	auto_free char *text = NULL;
	char name[64], *rest = NULL;
	size_t n = 0;

	snprintf(name, sizeof(name), "/proc/%d/%s", pid, which);
	int r = file_read(AT_FDCWD, name, TEXT_MAX, &text, NULL, e);

	for (char *line = r < 0 ? NULL : strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest), n++) {
		unsigned inside, outside, count;

		if (n >= want->n || sscanf(line, "%u %u %u", &inside, &outside, &count) != 3 ||
		    inside != want->v[n].container_id || outside != want->v[n].host_id || count != want->v[n].size)
			return refuse(e, pid, which);
	}
	return r < 0 ? r : n == want->n ? 0 : refuse(e, pid, which);
}

int restored_check(const struct plan *p, pid_t init, struct err *e)
{
	int r = check_tree(p, init, 0, e);

	if (r >= 0 && p->uids.n)
		r = check_map(init, "uid_map", &p->uids, e);
	if (r >= 0 && p->uids.n)
		r = check_map(init, "gid_map", &p->gids, e);
	return r < 0 ? r : restored_check_mounts(p, init, e);
}
