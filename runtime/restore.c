// SPDX-License-Identifier: Apache-2.0
#include "runtime/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/sock.h"
#include "namespaces/ns.h"
#include "runtime/console.h"
#include "runtime/destroy.h"
#include "runtime/external.h"
#include "runtime/hooks.h"
#include "runtime/process.h"
#include "runtime/rdt.h"
#include "runtime/restore_cgroup.h"
#include "runtime/restore_root.h"
#include "runtime/restored.h"

#define LOG_FILE       "restore.log"
#define CGROUP_FILE_MAX (64 * 1024)

struct restore {
	const struct create_request *q;
	const struct criu_choices *choices;
	struct plan plan;
	struct state state;
	struct arena arena;
	struct wire options;
	struct criu_folders folders;
	struct restore_root root;
	struct restore_cgroup cgroup;
	int namespaces[EXTERNAL_NAMESPACES_MAX];
	size_t n_namespaces;
	int dir;    /* state folder, holds the lock */
	int bundle; /* folder fd, where hooks start */
	int pidfd, console;
	bool reserved, has_cgroup;
};

/* What can be wrong about the command line, before anything is done. */
static int choose(struct restore *r, struct err *e)
{
	return criu_common_options(&r->options, r->choices, LOG_FILE, &r->q->spec->annotations, e);
}

static int check_criu(struct restore *r, struct err *e)
{
	return criu_check(&r->arena, r->choices->lazy_pages ? CRIU_LAZY_MEMORY : 0, e);
}

static int open_folders(struct restore *r, struct err *e)
{
	r->bundle = path_open_dir(r->q->plan.bundle, 0, e);
	int err = r->bundle < 0 ? r->bundle : criu_folders_open(r->choices, false, LOG_FILE, &r->folders, e);

	return err < 0 ? err : restored_check_image(r->folders.images, &r->plan, e);
}

static int reserve(struct restore *r, struct err *e)
{
	int err = container_reserve(r->q, &r->plan, &r->state, &r->dir, e);

	r->reserved = err >= 0;
	return err;
}

static int make_rdt_group(struct restore *r, struct err *e)
{
	return rdt_make(&r->q->spec->linux_.intel_rdt, &r->state, e);
}

/* The user's word, else what the configuration says; never the image's. */
static int add_label(struct restore *r, struct err *e)
{
	const struct spec_process *p = &r->q->spec->process;
	const char *apparmor = p->apparmor_profile, *selinux = p->selinux_label, *label = r->choices->lsm_profile;

	if (!label && apparmor && *apparmor)
		label = arena_printf(&r->arena, "apparmor:%s", apparmor);
	else if (!label && selinux && *selinux)
		label = arena_printf(&r->arena, "selinux:%s", selinux);
	else if (!label)
		return 0;
	if (!label)
		return err_nomem(e);
	wire_text(&r->options, CRIU_OPT_LSM_PROFILE, label);
	return 0;
}

static int fill_options(struct restore *r, struct err *e)
{
	struct wire *o = &r->options;
	int err = add_label(r, e);

	if (err >= 0)
		err = external_namespaces_restore(o, r->q->spec, r->namespaces, &r->n_namespaces, e);
	if (err >= 0)
		err = external_streams_restore(o, r->folders.images, e);
	criu_folders_options(o, &r->folders);
	wire_text(o, CRIU_OPT_LSM_MOUNT_CONTEXT, r->choices->lsm_mount_context);
	wire_number(o, CRIU_OPT_EVASIVE_DEVICES, true);
	wire_number(o, CRIU_OPT_SIBLING, true);
	return err;
}

/* ---- what criu waits for ---- */

/* Cgroups in the image are below the roots given here, whatever their paths were. */
static int add_cgroup_roots(pid_t criu, struct wire *options, struct err *e)
{
	auto_free char *text = NULL;
	char name[64], *rest = NULL;

	snprintf(name, sizeof(name), "/proc/%d/cgroup", criu);
	int err = file_read(AT_FDCWD, name, CGROUP_FILE_MAX, &text, NULL, e);

	for (char *line = err < 0 ? NULL : strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *controllers = strchr(line, ':'), *path = controllers ? strchr(controllers + 1, ':') : NULL;

		if (!path)
			continue;
		*path++ = '\0';
		criu_pair(options, CRIU_OPT_CGROUP_ROOT, controllers + 1, path);
	}
	return err;
}

static int leave_namespaces(struct restore *r, struct err *e)
{
	int err = restore_cgroup_leave(&r->cgroup, e);

	return err < 0 ? err : restore_root_leave(&r->root, e);
}

/* It has the namespaces now, and we need them no more. What it restores is born in its groups. */
static int place_criu(pid_t criu, struct wire *options, void *arg, struct err *e)
{
	struct restore *r = arg;
	int err = restore_cgroup_move(&r->cgroup, criu, e);

	if (err >= 0)
		err = rdt_enter(&r->state, criu, e);
	if (err >= 0)
		err = leave_namespaces(r, e);

	return err < 0 ? err : add_cgroup_roots(criu, options, e);
}

/* A network namespace comes back empty: its loopback is ours to bring up, as it was when the container was made. */
static int loopback_up(pid_t pid, struct err *e)
{
	auto_fd int netns = ns_open_pid(NS_NET, pid, e);

	return netns < 0 ? netns : ns_loopback_up_in(netns, e);
}

static int at_namespaces(struct restore *r, const struct criu_event *event, struct err *e)
{
	auto_free char *document = NULL;
	int err = r->plan.own_netns ? loopback_up(event->pid, e) : 0;

	r->state.init.pid = event->pid;
	if (err >= 0)
		err = state_document(&r->state, &document, e);
	if (err >= 0)
		err = hooks_run(r->q->spec, HOOK_PRESTART, document, r->bundle, NULL, e);
	return err < 0 ? err : hooks_run(r->q->spec, HOOK_CREATE_RUNTIME, document, r->bundle, NULL, e);
}

static int at_restored(struct restore *r, const struct criu_event *event, struct err *e)
{
	int err = proc_identify(event->pid, &r->state.init, e);

	if (err >= 0)
		err = r->pidfd = proc_open(&r->state.init, e);
	return err < 0 ? err : state_set_init(r->dir, &r->state, NULL, 0, e);
}

static int at_resume(struct restore *r, const struct criu_event *event, struct err *e)
{
	(void)event;
	return r->pidfd < 0 ? err_say(e, EPROTO, "criu has not said which process it restored")
			    : restored_check(&r->plan, r->state.init.pid, e);
}

static int at_terminal(struct restore *r, const struct criu_event *event, struct err *e)
{
	if (*event->fd < 0)
		return err_say(e, EPROTO, "criu has not handed over the terminal");
	if (r->q->console_socket)
		return console_send(r->q->console_socket, *event->fd, e);
	fd_close(&r->console);
	r->console = fd_take(event->fd);
	return 0;
}

static const struct {
	const char *what;
	int (*run)(struct restore *r, const struct criu_event *event, struct err *e);
} events[] = {
	{ "setup-namespaces", at_namespaces },
	{ "post-restore", at_restored },
	{ "pre-resume", at_resume },
	{ "orphan-pts-master", at_terminal },
};

static int on_event(const struct criu_event *event, void *arg, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		if (streq(events[i].what, event->what))
			return events[i].run(arg, event, e);
	return 0;
}

/* ---- the whole ---- */

/* In the mode "ignore" criu makes no cgroup namespace: what it restores has its own. */
static int make_cgroup(struct restore *r, struct err *e)
{
	const struct spec_namespace *ns = &r->q->spec->linux_.namespaces[NS_CGROUP];
	const char *mode = r->choices->cgroup_mode;

	int err = restore_cgroup_enter(&r->cgroup, &r->plan, ns->wanted && !ns->path && mode && streq(mode, "ignore"), e);

	r->has_cgroup = r->cgroup.cgroup >= 0;
	return err;
}

/* criu mounts things in its working folder: that is opened anew, in the mount namespace that criu is in. */
static int make_root(struct restore *r, struct err *e)
{
	int err = restore_root_enter(&r->root, &r->plan, r->dir, &r->options, e);

	if (err < 0)
		return err_wrap(e, "root");
	wire_text(&r->options, CRIU_OPT_ROOT, r->root.path);
	criu_folders_close(&r->folders);
	return criu_folders_open(r->choices, false, LOG_FILE, &r->folders, e);
}

static int call_criu(struct restore *r, struct err *e)
{
	const struct criu_call call = {
		.type = CRIU_RESTORE,
		.options = &r->options,
		.arena = &r->arena,
		.stdio = r->q->plan.stdio,
		.keep = r->namespaces,
		.n_keep = r->n_namespaces,
		.no_new_privs = r->q->spec->process.no_new_privileges,
		.before = place_criu,
		.event = on_event,
		.arg = r,
	};
	int err = criu_call(&call, e);

	return err < 0 ? err_hint(e, "see %s/" LOG_FILE, r->folders.work_path) : 0;
}

static int tell_pid(struct restore *r, struct err *e)
{
	const struct create_request *q = r->q;
	int err = q->pidfd_socket ? sock_hand(q->pidfd_socket, "standard", r->pidfd, e) : 0;

	return err >= 0 && q->pid_file ? process_pid_file(q->pid_file, r->state.init.pid, e) : err;
}

static const struct {
	const char *name;
	int (*run)(struct restore *r, struct err *e);
} steps[] = {
	{ "", choose },	    { "", check_criu },	    { "", open_folders },      { "", reserve }, { "", make_rdt_group },
	{ "", make_root },  { "", fill_options },   { "cgroup", make_cgroup }, { "", call_criu }, { "", tell_pid },
};

static void undo(struct restore *r)
{
	struct err ignored;

	if (r->pidfd >= 0) {
		(void)pidfd_send_signal(r->pidfd, SIGKILL, NULL, 0);
		(void)proc_wait(r->pidfd, &ignored);
	}
	if (!r->has_cgroup) /* one that is there is another container's */
		r->state.cgroup_path = r->state.cgroup_unit = NULL;
	if (r->reserved)
		(void)container_remove_all(r->q->root, r->dir, &r->state, &ignored);
	fd_close(&r->pidfd);
	fd_close(&r->console);
}

int container_restore(const struct create_request *q, const struct criu_choices *choices, struct created *ret, struct err *e)
{
	struct restore r = {
		.q = q,
		.choices = choices,
		.folders = CRIU_FOLDERS_NONE,
		.root = RESTORE_ROOT_NONE,
		.cgroup = RESTORE_CGROUP_NONE,
		.dir = -1,
		.bundle = -1,
		.pidfd = -1,
		.console = -1,
	};
	struct err ignored;
	int err = plan_make(q->spec, &q->plan, &r.plan, e);

	if (err < 0)
		return err;
	r.options.arena = &r.arena;
	for (size_t i = 0; i < ARRAY_SIZE(steps) && err >= 0; i++) {
		err = steps[i].run(&r, e);
		if (err < 0 && *steps[i].name)
			(void)err_wrap(e, "%s", steps[i].name);
	}
	(void)leave_namespaces(&r, &ignored); /* they have been left, where all went well */
	if (err < 0)
		undo(&r);
	else
		*ret = (struct created){ .pid = r.state.init.pid, .pidfd = r.pidfd, .console = r.console, .cgroup = -1,
					  .notify = -1 };
	for (size_t i = 0; i < r.n_namespaces; i++)
		fd_close(&r.namespaces[i]);
	int *const fds[] = { &r.dir, &r.bundle };

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fd_close(fds[i]);
	criu_folders_close(&r.folders);
	plan_free(&r.plan);
	arena_free(&r.arena);
	return err < 0 ? err : 0;
}
