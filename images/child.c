// SPDX-License-Identifier: Apache-2.0
#include "images/child.h"

#include <errno.h>
#include <stdio.h>
#include <sys/pidfd.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/sock.h"
#include "base/str.h"

#define SIGNAL_BASE 128	 /* of an exit status, as proc_wait() gives it */
#define ERRNO_MAX   4095 /* a larger number would make a failure look like something else */

int child_start(const char *path, const char *name, struct child *ret, struct err *e)
{
	char *const argv[] = { (char *)name, NULL };
	auto_child struct child c = { .name = name, .sock = -1, .pidfd = -1 };
	auto_fd int theirs = -1;
	int r = sock_pair(&c.sock, &theirs, e);

	if (r < 0)
		return r;
	struct proc_spawn spawn = {
		.path = path,
		.argv = argv,
		.stdio = { -1, -1, STDERR_FILENO },
		.keep = &theirs,
		.n_keep = 1,
		.cwd = -1,
		.die_with_parent = true,
	};

	r = proc_spawn(&spawn, NULL, &c.pidfd, e);
	if (r < 0)
		return r;
	*ret = c;
	c = (struct child)CHILD_NONE;
	return 0;
}

static int ended_early(struct child *c, struct err *e)
{
	char buf[PROC_SIGNAL_MAX];
	int status = proc_wait(c->pidfd, e);

	if (status < 0)
		return status;
	fd_close(&c->pidfd);
	if (status > SIGNAL_BASE) {
		const char *signal_name = proc_signal_name(status - SIGNAL_BASE, buf);

		return err_say(e, EPROTO, "%s was killed by signal %s", c->name, signal_name ? signal_name : "?");
	}
	return err_say(e, EPROTO, "%s ended without an answer (status %d)", c->name, status);
}

int child_receive(struct child *c, void *ret, size_t len, struct err *e)
{
	ssize_t n = sock_recv(c->sock, ret, len, NULL, 0);

	if (n == 0 || n == -ECONNRESET)
		return ended_early(c, e);
	if (n < 0 && n != -EMSGSIZE)
		return err_set(e, (int)-n, "hear from %s", c->name);
	if (n != (ssize_t)len)
		return err_say(e, EPROTO, "%s sent a message of an unknown form", c->name);
	return 0;
}

void child_text(char *text, size_t size)
{
	auto_free char *shown = NULL;
	size_t len;

	text[size - 1] = '\0';
	FILE *f = open_memstream(&shown, &len);

	if (f)
		str_harmless(f, text, strlen(text), false);
	if (!f || fclose(f) < 0)
		text[0] = '\0';
	else
		snprintf(text, size, "%s", shown);
}

int child_failure(const struct child *c, const struct err *theirs, struct err *e)
{
	struct err said = *theirs;
	int code = said.code > 0 && said.code <= ERRNO_MAX ? said.code : EPROTO;

	child_text(said.text, sizeof(said.text));
	return said.text[0] ? err_say(e, code, "%s", said.text) : err_say(e, code, "%s failed", c->name);
}

void child_end(struct child *c)
{
	struct err ignored;

	fd_close(&c->sock);
	if (c->pidfd < 0)
		return;
	(void)pidfd_send_signal(c->pidfd, SIGKILL, NULL, 0); /* it may have ended by itself */
	(void)proc_wait(c->pidfd, &ignored);
	fd_close(&c->pidfd);
}
