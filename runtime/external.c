// SPDX-License-Identifier: Apache-2.0
#include "runtime/external.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "namespaces/ns.h"
#include "spec/names.h"
#include "spec/text.h"

#define STREAMS_FILE "descriptors.json" /* as other runtimes call it: their checkpoints can be restored */
#define STREAMS_MAX  (64 * 1024)
#define NULL_DEVICE  "/dev/null"

/* ---- mounts ---- */

static int fd_target(int fd, char ret[PATH_MAX], struct err *e)
{
	char link[FD_PATH_MAX];
	ssize_t n = readlink(fd_path(fd, link), ret, PATH_MAX - 1);

	if (n < 0)
		return err_set(e, errno, "find out where a mount lies");
	ret[n] = '\0';
	return 0;
}

/* Where @path leads in the container, over all links; @ret_st: what is there. Return: 0, or -errno with @e filled */
static int resolve(int root, const char *path, char ret[PATH_MAX], struct stat *ret_st, struct err *e)
{
	char top[PATH_MAX], whole[PATH_MAX];
	auto_fd int fd = path_open_in(root, path, O_PATH, e);
	int r = fd < 0 ? fd : fd_target(root, top, e);

	if (r >= 0)
		r = fd_target(fd, whole, e);
	if (r < 0)
		return r;
	if (fstat(fd, ret_st) < 0)
		return err_set(e, errno, "look at %s", path);
	const char *below = streq(top, "/") ? whole : str_after(whole, top);

	if (!below || *below != '/')
		return err_say(e, EXDEV, "%s lies outside the container's root", path);
	memcpy(ret, below, strlen(below) + 1);
	return 0;
}

static int add_binds(struct wire *o, const struct plan *p, int root, bool restore, struct err *e)
{
	for (size_t i = 0; i < p->mounts.n; i++) {
		const struct mount_op *op = &p->mounts.v[i];
		char place[PATH_MAX];
		struct stat ignored;

		if (op->how != MOUNT_BIND || op->inside) /* criu knows how to bind what is in the container */
			continue;
		int r = resolve(root, op->target, place, &ignored, e);

		if (r < 0)
			return err_wrap(e, "mount %s", op->target);
		criu_pair(o, CRIU_OPT_EXT_MOUNT, place, restore ? op->source : place);
	}
	return 0;
}

/* All masked files have one name: the same thing covers them. */
static int add_masks(struct wire *o, const struct strv *masked, int root, struct err *e)
{
	for (size_t i = 0; i < masked->n; i++) {
		char place[PATH_MAX];
		struct stat st;
		int r = resolve(root, masked->v[i], place, &st, e);

		if (r == -ENOENT || r == -ENOTDIR || r == -EACCES) /* nothing to hide */
			continue;
		if (r < 0)
			return err_wrap(e, "mask %s", masked->v[i]);
		if (!S_ISDIR(st.st_mode))
			criu_pair(o, CRIU_OPT_EXT_MOUNT, place, NULL_DEVICE);
	}
	return 0;
}

int external_mounts(struct wire *o, const struct plan *p, int root, bool restore, struct err *e)
{
	const struct strv *masked = &p->spec->linux_.masked_paths;
	int r = add_binds(o, p, root, restore, e);

	if (r >= 0 && restore)
		criu_pair(o, CRIU_OPT_EXT_MOUNT, NULL_DEVICE, NULL_DEVICE);
	else if (r >= 0)
		r = add_masks(o, masked, root, e);
	/* in a user namespace they are binds */
	for (size_t i = 0; i < p->devices.n && r >= 0 && p->userns; i++)
		criu_pair(o, CRIU_OPT_EXT_MOUNT, p->devices.v[i].path, p->devices.v[i].path);
	return r;
}

/* ---- namespaces ---- */

/* Those that criu can leave out and take as they are; their names are what other runtimes use. */
static const struct {
	enum spec_ns_kind kind;
	const char *name;
} left_out[] = { { NS_NET, "extRootNetNS" }, { NS_PID, "extRootPidNS" } };
static_assert(ARRAY_SIZE(left_out) == EXTERNAL_NAMESPACES_MAX, "a place for each");

static const char *joined(const struct spec *s, enum spec_ns_kind kind)
{
	const struct spec_namespace *ns = &s->linux_.namespaces[kind];

	return ns->wanted ? ns->path : NULL;
}

int external_namespaces_dump(struct wire *o, const struct spec *s, pid_t init, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(left_out); i++) {
		enum spec_ns_kind kind = left_out[i].kind;
		struct stat st;

		if (!joined(s, kind))
			continue;
		auto_fd int fd = ns_open_pid(kind, init, e);

		if (fd < 0)
			return fd;
		if (fstat(fd, &st) < 0)
			return err_set(e, errno, "look at the %s namespace", spec_ns_names[kind]);
		char *text = arena_printf(o->arena, "%s[%llu]:%s", ns_kinds[kind].file, (unsigned long long)st.st_ino,
					  left_out[i].name);

		if (!text)
			return err_nomem(e);
		wire_text(o, CRIU_OPT_EXTERNAL, text);
	}
	return 0;
}

static void inherit(struct wire *o, const char *name, int fd)
{
	struct wire inner = { .arena = o->arena };

	wire_text(&inner, 1, name);
	wire_number(&inner, 2, (uint64_t)fd);
	wire_message(o, CRIU_OPT_INHERIT_FD, &inner);
}

int external_namespaces_restore(struct wire *o, const struct spec *s, int ret_fds[EXTERNAL_NAMESPACES_MAX], size_t *ret_n,
				struct err *e)
{
	*ret_n = 0;
	for (size_t i = 0; i < ARRAY_SIZE(left_out); i++) {
		const char *path = joined(s, left_out[i].kind);
		int fd = path ? ns_open(left_out[i].kind, path, e) : -1;

		if (path && fd < 0)
			return err_wrap(e, "join the %s namespace", spec_ns_names[left_out[i].kind]);
		if (!path)
			continue;
		inherit(o, left_out[i].name, CRIU_FIRST_KEPT + (int)*ret_n);
		ret_fds[(*ret_n)++] = fd;
	}
	for (size_t k = 0; k < NS_COUNT; k++) {
		const char *path = joined(s, (enum spec_ns_kind)k);

		if (!path || k == NS_NET || k == NS_PID)
			continue;
		if (k == NS_CGROUP)
			return err_say(e, EOPNOTSUPP, "criu cannot restore into a cgroup namespace that exists");
		criu_pair(o, CRIU_OPT_JOIN_NS, ns_kinds[k].file, path);
	}
	return 0;
}

/* ---- streams ---- */

int external_streams_save(int images, pid_t init, struct err *e)
{
	json_auto_t *list = json_array();

	for (int fd = 0; fd < 3; fd++) {
		char name[64], what[PATH_MAX];

		snprintf(name, sizeof(name), "/proc/%d/fd/%d", init, fd);
		ssize_t n = readlink(name, what, sizeof(what));
		json_t *text = json_stringn(what, n < 0 ? 0 : (size_t)n); /* a closed one is no stream */

		if (json_array_append_new(list, text ? text : json_string("")) < 0)
			return err_nomem(e);
	}
	auto_free char *text = json_dumps(list, JSON_COMPACT);

	return text ? file_publish(images, STREAMS_FILE, text, strlen(text), 0600, 0, e) : err_nomem(e);
}

int external_streams_restore(struct wire *o, int images, struct err *e)
{
	auto_free char *text = NULL;
	json_auto_t *list = NULL;
	size_t len;
	int r = file_read(images, STREAMS_FILE, STREAMS_MAX, &text, &len, e);

	if (r >= 0)
		r = json_from_text(text, len, &list, e);
	if (r < 0)
		return err_wrap(e, STREAMS_FILE);
	for (int fd = 0; fd < 3; fd++) {
		const char *what = json_string_value(json_array_get(list, (size_t)fd));

		if (what && str_after(what, "pipe:["))
			inherit(o, what, fd);
	}
	return 0;
}
