// SPDX-License-Identifier: Apache-2.0
/* The side of attach.h where somebody looks on: as the one who has just started it, or later. */
#include <errno.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/sock.h"
#include "runtime/attach.h"
#include "runtime/journal.h"
#include "runtime/launch.h"
#include "runtime/relay.h"

/* The first process, for signals; it may have ended by now. */
static int first_process(const struct engine *g, const char *id)
{
	auto_state struct state s = { 0 };
	struct err ignored;

	if (state_load(g->states, id, &s, &ignored) < 0 || s.init.pid == 0)
		return -1;
	return MAX(proc_open(&s.init, &ignored), -1);
}

/* All that it took is given back by then, but for one that begins anew. */
static void wait_for_monitor(int dir)
{
	auto_settings struct settings s = { 0 };
	struct err ignored; /* it has been removed */
	int status;

	if (record_settings(dir, &s, &ignored) < 0 || s.restart == RESTART_NO)
		(void)record_wait(dir, &status, &ignored);
}

int engine_look(const struct engine *g, const char *id, int dir, int sock, const struct look_options *o, int *ret_status,
		struct err *e)
{
	auto_fd int pidfd = o->keep_signals ? -1 : first_process(g, id);
	struct attach_view v = {
		.sock = sock,
		.in = o->input ? STDIN_FILENO : -1,
		.out = o->no_out ? -1 : STDOUT_FILENO,
		.err = o->no_err ? -1 : STDERR_FILENO,
		.raw = o->terminal,
		.pass_signals = !o->keep_signals,
		.pidfd = pidfd,
		.keys = o->keys,
	};
	struct err ignored;
	int r = attach_look(&v, e);

	if (v.signalled)
		(void)record_set_stop(dir, true, &ignored); /* that was no reason to begin anew */
	if (r < 0)
		return r;
	if (!v.detached)
		wait_for_monitor(dir);
	*ret_status = r;
	return 0;
}

static int connect_to(const struct engine *g, const struct container *c, struct err *e)
{
	char name[RECORD_ID_LENGTH + sizeof("/" ATTACH_SOCKET)];

	snprintf(name, sizeof(name), "%s/" ATTACH_SOCKET, c->settings.id);
	int sock = sock_connect(g->states, name, SOCK_SEQPACKET, e);

	if (sock >= 0 || (e->code != ENOENT && e->code != ECONNREFUSED))
		return sock;
	err_say(e, ENOTCONN, "nobody in the background looks after container %s", c->settings.name);
	return err_hint(e, "it was run without -d and -it, or its monitor was killed; `paene logs -f` shows what it writes");
}

int engine_attach(const struct engine *g, const char *id, const struct look_options *o, int *ret_status, struct err *e)
{
	auto_container struct container c = { 0 };
	auto_fd int dir = record_open(g, id, e);
	int r = dir < 0 ? dir : container_load(g, id, &c, e);

	if (r < 0)
		return r;
	if (c.phase == PHASE_PAUSED)
		return err_say(e, EBUSY, "container %s is paused: unpause it first", c.settings.name);
	if (c.phase != PHASE_RUNNING) {
		err_say(e, ESRCH, "container %s is not running: it is %s", c.settings.name, phase_names[c.phase]);
		return err_hint(e, "`paene start --attach` starts it");
	}
	auto_fd int sock = connect_to(g, &c, e);

	if (sock < 0)
		return sock;
	journal_container(g, &c.settings, EVENT_ATTACH);
	struct look_options own = *o;

	own.input &= c.settings.input;
	own.terminal &= own.input && c.settings.terminal;
	relay_block_signals();
	return engine_look(g, id, dir, sock, &own, ret_status, e);
}
