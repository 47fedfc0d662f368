// SPDX-License-Identifier: Apache-2.0
#include "runtime/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "cgroups/cgroups.h"
#include "runtime/destroy.h"
#include "runtime/external.h"

#define LOG_FILE "dump.log" /* callers copy it after a failure */

struct checkpoint {
	const struct checkpoint_request *q;
	struct arena arena;
	struct state state;
	struct spec spec;
	struct plan plan;
	bool planned;
	struct criu_folders folders;
	struct wire options;
	int dir; /* state folder, holds the lock */
	int status_fd;
};

static int find_container(struct checkpoint *c, struct err *e)
{
	c->dir = state_open(c->q->root, c->q->id, e);
	int r = c->dir < 0 ? c->dir : state_lock(c->dir, e);

	if (r >= 0)
		r = state_read(c->dir, &c->state, e);
	if (r < 0)
		return r;
	if (c->state.status != STATUS_RUNNING && c->state.status != STATUS_PAUSED)
		return err_say(e, EINVAL, "container %s cannot be checkpointed: it is %s", c->q->id,
			       status_names[c->state.status]);
	return state_config(c->dir, &c->spec, e);
}

static int check_status_fd(struct checkpoint *c, struct err *e)
{
	if (c->q->status_fd < 0)
		return 0;
	int flags = fcntl(c->q->status_fd, F_GETFL);

	if (flags < 0)
		return err_set(e, errno, "--status-fd %d", c->q->status_fd);
	if ((flags & O_ACCMODE) == O_RDONLY)
		return err_say(e, EBADF, "--status-fd %d: it is not open for writing", c->q->status_fd);
	c->status_fd = fd_dup(c->q->status_fd, e);
	return c->status_fd < 0 ? c->status_fd : 0;
}

static int check_criu(struct checkpoint *c, struct err *e)
{
	return criu_check(&c->arena,
			  (c->q->pre_dump ? CRIU_TRACK_MEMORY : 0) | (c->q->choices->lazy_pages ? CRIU_LAZY_MEMORY : 0), e);
}

static int add_parent(struct checkpoint *c, struct err *e)
{
	const char *parent = c->q->parent_path;

	if (!parent)
		return 0;
	auto_fd int fd = openat(c->folders.images, parent, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_set(e, errno, "invalid --parent-path: %s", parent);
	wire_text(&c->options, CRIU_OPT_PARENT, parent);
	wire_number(&c->options, CRIU_OPT_TRACK_MEMORY, true);
	return 0;
}

/* "10.0.0.1:27", "[::1]:27" */
static int add_page_server(struct checkpoint *c, struct err *e)
{
	struct wire server = { .arena = &c->arena };
	const char *text = c->q->page_server, *colon = text ? strrchr(text, ':') : NULL;
	uint64_t port;

	if (!text)
		return 0;
	size_t n = colon ? (size_t)(colon - text) : 0;
	bool brackets = n > 2 && text[0] == '[' && text[n - 1] == ']';

	if (n == 0 || str_to_u64(colon + 1, UINT16_MAX, &port) < 0 || port == 0)
		return err_say(e, EINVAL, "--page-server %s: it is ADDRESS:PORT", text);
	wire_bytes(&server, 1, text + brackets, n - 2 * brackets);
	wire_number(&server, 2, port);
	wire_message(&c->options, CRIU_OPT_PAGE_SERVER, &server);
	return 0;
}

/* criu stops the processes by their cgroup's freezer: none can escape by forking meanwhile. */
static int add_freezer(struct checkpoint *c, struct err *e)
{
	char mount[PATH_MAX];

	if (!c->state.cgroup_path)
		return 0;
	auto_fd int root = cgroup_open_root(mount, e);

	if (root < 0)
		return root;
	char *path = arena_printf(&c->arena, "%s%s", mount, c->state.cgroup_path);

	wire_text(&c->options, CRIU_OPT_FREEZE_CGROUP, path);
	return path ? 0 : err_nomem(e);
}

/* What is not memory, and so not wanted for a pre-dump. */
static int add_outside(struct checkpoint *c, struct err *e)
{
	char name[64];

	if (c->q->pre_dump)
		return 0;
	snprintf(name, sizeof(name), "/proc/%d/root", c->state.init.pid);
	auto_fd int root = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return err_set(e, errno, "open the container's root");
	int r = external_mounts(&c->options, &c->plan, root, false, e);

	return r < 0 ? r : external_streams_save(c->folders.images, c->state.init.pid, e);
}

/* What cannot be had, before anything is done: better no checkpoint than one that cannot be restored. */
static int choose(struct checkpoint *c, struct err *e)
{
	const struct spec_namespace *user = &c->spec.linux_.namespaces[NS_USER];
	const char *parent = c->q->parent_path;

	if (user->wanted && !user->path)
		return err_say(e, EOPNOTSUPP, "container %s has a user namespace of its own: criu could not restore it, since it "
			       "cannot make device nodes in there", c->q->id);
	int r = criu_common_options(&c->options, c->q->choices, LOG_FILE, &c->spec.annotations, e);

	if (r >= 0)
		r = add_page_server(c, e);
	if (r >= 0 && parent && *parent == '/')
		return err_say(e, EINVAL, "--parent-path %s: it must be relative to the image path", parent);
	return r < 0 ? r : check_status_fd(c, e);
}

static int fill_options(struct checkpoint *c, struct err *e)
{
	const struct plan_options plan = {
		.id = c->q->id,
		.bundle = c->state.bundle,
		.cgroup_manager = (enum cgroup_manager)c->state.cgroup_manager,
		.seccomp = SECCOMP_UNCONFINED,
		.seccomp_cache = -1,
	};
	int r = plan_make(&c->spec, &plan, &c->plan, e);

	c->planned = r >= 0;
	if (r >= 0 && c->plan.rootfs.where == ROOTFS_IN_CALLERS)
		return err_say(e, EINVAL, "a container without a mount namespace of its own cannot be checkpointed");
	if (r >= 0)
		r = add_parent(c, e);
	if (r >= 0)
		r = add_freezer(c, e);
	if (r >= 0)
		r = external_namespaces_dump(&c->options, &c->spec, c->state.init.pid, e);
	if (r >= 0)
		r = add_outside(c, e);
	criu_folders_options(&c->options, &c->folders);
	wire_number(&c->options, CRIU_OPT_PID, (uint64_t)c->state.init.pid);
	wire_text(&c->options, CRIU_OPT_ROOT, c->state.rootfs);
	return r;
}

static int open_folders(struct checkpoint *c, struct err *e)
{
	return criu_folders_open(c->q->choices, true, LOG_FILE, &c->folders, e);
}

/* Whoever waits for lazy pages is told by a byte, and by the end of file. */
static int on_event(const struct criu_event *event, void *arg, struct err *e)
{
	struct checkpoint *c = arg;
	int r = 0;

	if (streq(event->what, "status-ready") && c->status_fd >= 0) {
		r = fd_write_all(c->status_fd, "", 1);
		fd_close(&c->status_fd);
		(void)close(c->q->status_fd); /* the caller's own copy would keep it open */
	}
	return r < 0 ? err_set(e, -r, "--status-fd %d", c->q->status_fd) : 0;
}

static int dump(struct checkpoint *c, struct err *e)
{
	const struct criu_call call = {
		.type = c->q->pre_dump ? CRIU_PRE_DUMP : CRIU_DUMP,
		.options = &c->options,
		.arena = &c->arena,
		.event = on_event,
		.arg = c,
	};
	int r = criu_call(&call, e);

	return r < 0 ? err_hint(e, "see %s/" LOG_FILE, c->folders.work_path) : 0;
}

static int (*const steps[])(struct checkpoint *c, struct err *e) = {
	find_container, choose, check_criu, open_folders, fill_options, dump,
};

int container_checkpoint(const struct checkpoint_request *q, struct err *e)
{
	struct checkpoint c = { .q = q, .folders = CRIU_FOLDERS_NONE, .dir = -1, .status_fd = -1 };
	int r = 0;

	c.options.arena = &c.arena;
	for (size_t i = 0; i < ARRAY_SIZE(steps) && r >= 0; i++)
		r = steps[i](&c, e);
	fd_close(&c.dir); /* and with it the lock, which deleting takes */
	fd_close(&c.status_fd);
	criu_folders_close(&c.folders);
	if (c.planned)
		plan_free(&c.plan);
	spec_free(&c.spec);
	state_free(&c.state);
	arena_free(&c.arena);
	if (r < 0 || q->pre_dump || q->choices->leave_running)
		return r < 0 ? r : 0;
	return container_delete(q->root, q->id, true, e) == 0 ? 0 : 1;
}
