// SPDX-License-Identifier: Apache-2.0
/*
 * The process that exec makes.
 *
 * It has: the container's pid namespace and cgroup from birth, all else from the caller: fds, namespaces, rights, memory.
 * It must: do the phases below in their order, and tell the parent the first failure.
 * It must not: print, run anything of the container before the credentials are final, or show itself to the container's
 * processes while it has the host's fds (CVE-2016-9962): it is not dumpable from before it joins anything.
 */
#include "runtime/exec_child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/personality.h>
#include <sys/prctl.h>

#include "base/fd.h"
#include "base/path.h"
#include "namespaces/ns.h"
#include "runtime/console.h"
#include "runtime/ksm.h"
#include "runtime/landlock.h"
#include "runtime/label.h"
#include "runtime/listener.h"
#include "runtime/message.h"
#include "runtime/placement.h"
#include "runtime/process.h"

static int join_all(struct exec_child *x, struct err *e)
{
	int go = message_expect(x->sock, MSG_GO, e);

	if (go < 0)
		return go;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_set(e, errno, "hide this process's memory");
	int r = label_set(&x->process, e);

	if (r >= 0 && x->join)
		r = ns_join_process(x->init, x->join, e);
	if (r >= 0 && x->root >= 0 && (fchdir(x->root) < 0 || chroot(".") < 0))
		return err_set(e, errno, "chroot");
	if (r >= 0 && x->become_root)
		r = process_become_root(e);
	return r;
}

static int find_user(struct exec_child *x, struct err *e)
{
	struct spec_process *p = &x->process;
	auto_fd int root = path_open_dir("/", 0, e);

	if (root < 0)
		return root;
	return p->user.username ? process_resolve_user(p, root, &x->arena, e) : process_environment(p, root, &x->arena, e);
}

static int new_keyring(struct exec_child *x, struct err *e)
{
	return process_keyring(x->q->state->id, x->process.selinux_label, e);
}

static int make_terminal(struct exec_child *x, struct err *e)
{
	const struct spec_box *size = &x->process.console_size;

	if (!x->process.terminal)
		return 0;
	auto_fd int root = path_open_dir("/", 0, e);
	auto_fd int ptmx = root < 0 ? root : path_open_in(root, "/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_NOFOLLOW, e);

	if (ptmx < 0)
		return ptmx;
	int r = console_open(ptmx, size, x->process.user.uid, &x->terminal, e);

	return r < 0 ? r : message_send(x->sock, MSG_CONSOLE, 0, ptmx, e);
}

static int place_stdio(struct exec_child *x, struct err *e)
{
	int r = x->terminal < 0 ? process_stdio(x->q->stdio, x->null_fd, e) : 0;

	return r < 0 ? r : process_session(x->terminal, e);
}

static int install_filter(struct exec_child *x, struct err *e)
{
	auto_fd int listener = -1;
	int r = seccomp_install(x->q->seccomp, &listener, e);

	if (r >= 0 && listener >= 0)
		r = listener_tell(x->sock, &x->q->spec->linux_.seccomp, listener, e);
	return r;
}

static bool has_filter(const struct exec_child *x)
{
	return x->q->seccomp && x->q->seccomp->n;
}

static int set_surroundings(struct exec_child *x, struct err *e)
{
	const struct spec_linux *l = &x->q->spec->linux_;

	if (l->personality.given && personality(l->personality.domain) < 0)
		return err_set(e, errno, "set the personality");
	int r = ksm_enter(&x->q->spec->annotations, e);

	return r < 0 ? r : placement_memory(&l->memory_policy, e);
}

static int become_process(struct exec_child *x, struct err *e)
{
	const struct spec_process *p = &x->process;
	int r = process_cwd(p->cwd, false, e);

	if (r >= 0) /* before any filter: one older than close_range(2) would deny it */
		r = process_keep_fds(x->q->preserve_fds, e);
	if (r >= 0)
		r = process_no_new_privs(p, e);
	if (r >= 0)
		r = landlock_enter(x->q->spec, e);
	if (r >= 0 && has_filter(x) && !p->no_new_privileges)
		r = install_filter(x, e);
	if (r >= 0)
		r = process_credentials(p, e);
	return r < 0 ? r : process_find(p, x->command, e);
}

static int execute(struct exec_child *x, struct err *e)
{
	int r = message_write(x->sock, MSG_READY, 0, e);

	if (r >= 0 && has_filter(x) && x->process.no_new_privileges)
		r = install_filter(x, e);
	return r < 0 ? r : process_exec(&x->process, x->command, e);
}

static const struct {
	const char *doing; /* for who asks what is being done */
	int (*run)(struct exec_child *x, struct err *e);
} phases[] = {
	{ "child process in init()", join_all },
	{ "setns_init: look up the user", find_user },
	{ "setns_init: make a session keyring", new_keyring },
	{ "setns_init: make the terminal", make_terminal },
	{ "setns_init: place the standard streams", place_stdio },
	{ "setns_init: set personality and memory policy", set_surroundings },
	{ "setns_init: take on credentials, find the command", become_process },
	{ "setns_init: about to exec", execute },
};

_Noreturn void exec_child(struct exec_child *x)
{
	struct err e;

	for (size_t i = 0; i < ARRAY_SIZE(phases); i++) {
		if (x->q->debug)
			message_debug(x->sock, phases[i].doing);
		if (phases[i].run(x, &e) >= 0)
			continue;
		message_fail(x->sock, &e);
		break;
	}
	_exit(EXIT_FAILURE);
}
