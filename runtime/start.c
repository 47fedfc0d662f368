// SPDX-License-Identifier: Apache-2.0
#include "runtime/start.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/sock.h"
#include "cgroups/cgroups.h"
#include "runtime/hooks.h"
#include "runtime/message.h"

static int not_running(const struct state *s, struct err *e)
{
	return err_say(e, ESRCH, "container not running: %s is %s", s->id, status_names[s->status]);
}

/* Say go on the start socket and wait until the exec closes it. */
static int let_go(int dir, struct err *e)
{
	auto_fd int sock = sock_connect(dir, STATE_START, SOCK_SEQPACKET, e);

	if (sock < 0)
		return sock;
	/* from here on it counts as started, whatever becomes of it */
	if (unlinkat(dir, STATE_START, 0) < 0)
		return err_set(e, errno, "remove the start socket");
	int r = message_send(sock, MSG_GO, 0, -1, e);

	if (r >= 0)
		r = message_next(sock, NULL, NULL, NULL, e);
	return r == -EPIPE ? 0 : r;
}

int container_start(int root, const char *id, struct err *e)
{
	auto_state struct state s = { 0 };
	auto_spec struct spec later = { 0 };
	auto_fd int dir = state_open(root, id, e);

	if (dir < 0)
		return dir;
	int r = state_lock(dir, e);

	if (r >= 0)
		r = state_read(dir, &s, e);
	if (r < 0)
		return r;
	if (s.status != STATUS_CREATED)
		return err_say(e, EINVAL, "cannot start container %s: it is %s, not created", id, status_names[s.status]);
	r = hooks_load(dir, &s, &later, e);
	if (r >= 0)
		r = let_go(dir, e);
	s.status = STATUS_RUNNING;
	return r < 0 ? r : hooks_run_later(&later, HOOK_POSTSTART, &s, e);
}

static int signal_init(const struct state *s, int signal, struct err *e)
{
	auto_fd int pidfd = proc_open(&s->init, e);

	if (pidfd < 0)
		return pidfd == -ESRCH ? not_running(s, e) : pidfd;
	if (pidfd_send_signal(pidfd, signal, NULL, 0) < 0)
		return errno == ESRCH ? not_running(s, e) : err_set(e, errno, "signal process %d", s->init.pid);
	return 0;
}

int container_kill(int root, const char *id, int signal, bool all, struct err *e)
{
	auto_state struct state s = { 0 };
	int r = state_load(root, id, &s, e);

	if (r < 0)
		return r;
	bool leaves_some = signal == SIGKILL && s.shared_pidns.v && s.cgroup_path;

	if (!all && !leaves_some)
		return s.status == STATUS_STOPPED ? not_running(&s, e) : signal_init(&s, signal, e);
	auto_fd int cgroup = state_cgroup(&s, e);

	if (cgroup == -ENODATA) /* init is all that is known */
		return s.status == STATUS_STOPPED ? 0 : signal_init(&s, signal, e);
	if (cgroup == -ENOENT)
		return all ? 0 : not_running(&s, e);
	if (cgroup < 0)
		return cgroup;
	r = signal == SIGKILL ? cgroup_kill(cgroup, e) : cgroup_signal(cgroup, signal, e);
	return r < 0 ? r : 0;
}

int container_pause(int root, const char *id, bool pause, struct err *e)
{
	auto_state struct state s = { 0 };
	auto_fd int dir = state_open(root, id, e);
	int r = dir < 0 ? dir : state_lock(dir, e);

	if (r >= 0)
		r = state_read(dir, &s, e);
	if (r < 0)
		return r;
	if (pause && !status_may_become(s.status, STATUS_PAUSED))
		return not_running(&s, e);
	if (!pause && s.status != STATUS_PAUSED)
		return err_say(e, EINVAL, "container not paused: %s is %s", id, status_names[s.status]);
	auto_fd int cgroup = state_cgroup(&s, e);

	return cgroup < 0 ? cgroup : cgroup_freeze(cgroup, pause, e);
}
