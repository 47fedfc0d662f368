// SPDX-License-Identifier: Apache-2.0
#include "runtime/message.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/sock.h"

static const char *const names[] = {
	[MSG_GO] = "go",		     [MSG_IDMAP] = "idmap",   [MSG_IDMAPPED] = "idmapped",
	[MSG_MOUNTS_DONE] = "mounts done", [MSG_GO_ON] = "go on",   [MSG_CONSOLE] = "console",
	[MSG_NOTIFY] = "notify",	     [MSG_READY] = "ready",   [MSG_DEBUG] = "debug",
	[MSG_FAILED] = "failed",
};
static_assert(ARRAY_SIZE(names) == MSG_COUNT, "every message has a name");
static_assert(MSG_DEBUG + 1 == MSG_FAILED && MSG_FAILED + 1 == MSG_COUNT, "those of other lengths are the last");

#define SHORT_LENGTH offsetof(struct message, err)
#define DEBUG_LENGTH (SHORT_LENGTH + MESSAGE_TEXT_MAX)

int message_send(int sock, enum message_type type, int value, int fd, struct err *e)
{
	const struct message m = { .type = type, .value = value };
	int r = sock_send(sock, &m, SHORT_LENGTH, &fd, fd >= 0);

	if (r < 0)
		return err_set(e, -r, "tell the other side: %s", names[type]);
	return 0;
}

int message_write(int sock, enum message_type type, int value, struct err *e)
{
	const struct message m = { .type = type, .value = value };
	int r = fd_write_all(sock, &m, SHORT_LENGTH);

	return r < 0 ? err_set(e, -r, "tell the other side: %s", names[type]) : 0;
}

void message_fail(int sock, const struct err *why)
{
	struct message m = { .type = MSG_FAILED, .err = *why };

	(void)fd_write_all(sock, &m, sizeof(m)); /* as message_write(): a filter may be in force */
}

void message_debug(int sock, const char *text)
{
	struct message m = { .type = MSG_DEBUG };

	snprintf(m.text, sizeof(m.text), "%s", text);
	(void)fd_write_all(sock, &m, DEBUG_LENGTH);
}

/* Up to one that is no talk. Return: its length, 0 for an end of file, or -errno */
static ssize_t receive(int sock, const struct debug *debug, struct message *m, int *ret_fd)
{
	for (;;) {
		ssize_t n = sock_recv(sock, m, sizeof(*m), ret_fd, ret_fd ? 1 : 0);

		/* it died with a message of ours unread: the kernel says so once, and before what it had to say itself */
		if (n == -ECONNRESET)
			n = sock_recv(sock, m, sizeof(*m), ret_fd, ret_fd ? 1 : 0);
		if (n != (ssize_t)DEBUG_LENGTH || m->type != MSG_DEBUG)
			return n;
		if (ret_fd)
			fd_close(ret_fd);
		m->text[MESSAGE_TEXT_MAX - 1] = '\0';
		debug_say(debug, "%s", m->text);
	}
}

int message_next(int sock, const struct debug *debug, int *ret_value, int *ret_fd, struct err *e)
{
	struct message m;

	if (ret_fd)
		*ret_fd = -1;
	ssize_t n = receive(sock, debug, &m, ret_fd);

	if (n < 0)
		return err_set(e, (int)-n, "receive a message");
	if (n == 0)
		return err_say(e, EPIPE, "the process on the other side ended without a word");
	if (n == (ssize_t)sizeof(m) && m.type == MSG_FAILED) {
		m.err.text[ERR_TEXT_MAX - 1] = '\0';
		*e = m.err;
		return e->code > 0 ? -e->code : -EPROTO;
	}
	if (n != (ssize_t)SHORT_LENGTH || m.type >= MSG_DEBUG)
		return err_say(e, EPROTO, "a message of %zd bytes makes no sense", n);
	if (ret_value)
		*ret_value = m.value;
	return (int)m.type;
}

int message_expect(int sock, enum message_type type, struct err *e)
{
	int value = 0, r = message_next(sock, NULL, &value, NULL, e);

	if (r < 0)
		return r;
	if (r != (int)type)
		return err_say(e, EPROTO, "expected \"%s\", received \"%s\"", names[type], names[r]);
	return value;
}
