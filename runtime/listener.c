// SPDX-License-Identifier: Apache-2.0
#include "runtime/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/sock.h"
#include "runtime/message.h"
#include "spec/text.h"

#define FD_NAME "seccompFd" /* of the specification */

static bool asks(const struct spec_seccomp *s, const char *call)
{
	for (size_t i = 0; i < s->n_rules; i++) {
		const struct spec_seccomp_rule *r = &s->rules[i];

		for (size_t k = 0; k < r->names.n && r->action == ACT_NOTIFY; k++)
			if (!call || streq(r->names.v[k], call))
				return true;
	}
	return false;
}

int listener_check(const struct spec_seccomp *s, struct err *e)
{
	if (asks(s, NULL) && (!s->listener_path || !*s->listener_path))
		return err_say(e, EINVAL, "linux.seccomp.listenerPath: missing: SCMP_ACT_NOTIFY asks whoever listens there");
	return 0;
}

int listener_tell(int sock, const struct spec_seccomp *s, int listener, struct err *e)
{
	if (!asks(s, "sendmsg"))
		return message_send(sock, MSG_NOTIFY, listener, listener, e);
	int r = message_write(sock, MSG_NOTIFY, listener, e);

	/* open until the parent has taken it */
	return r < 0 ? r : message_expect(sock, MSG_GO, e);
}

static int say(const struct spec_seccomp *s, const struct state *state, pid_t pid, char **ret, struct err *e)
{
	auto_free char *text = NULL;
	json_auto_t *inner = NULL, *outer = NULL;
	int r = state_document(state, &text, e);

	if (r >= 0)
		r = json_from_text(text, strlen(text), &inner, e);
	if (r < 0)
		return r;
	outer = json_pack("{s:s, s:[s], s:i, s:s, s:O}", "ociVersion", state->oci_version, "fds", FD_NAME, "pid", (int)pid,
			  "metadata", s->listener_metadata ? s->listener_metadata : "", "state", inner);
	*ret = outer ? json_dumps(outer, JSON_COMPACT) : NULL;
	return *ret ? 0 : err_nomem(e);
}

int listener_pass(int sock, int pidfd, int number, int fd, const struct spec_seccomp *s, const struct state *state,
		  pid_t pid, struct err *e)
{
	auto_fd int taken = fd < 0 ? pidfd_getfd(pidfd, number, 0) : -1;
	auto_free char *text = NULL;

	if (fd < 0 && taken < 0)
		return err_set(e, errno, "take the seccomp listener's fd");
	int r = fd < 0 ? message_send(sock, MSG_GO, 0, -1, e) : 0;

	if (r >= 0)
		r = say(s, state, pid, &text, e);
	if (r >= 0)
		r = sock_hand(s->listener_path, text, fd < 0 ? taken : fd, e);
	/* runc's words */
	return r < 0 ? err_wrap(e, "linux.seccomp.listenerPath: failed to connect with seccomp agent") : 0;
}
