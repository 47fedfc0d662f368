// SPDX-License-Identifier: Apache-2.0
#include "images/transfer.h"

#include <errno.h>

#include "base/sock.h"
#include "images/digest_text.h"

#define NAME	     "paene-fetch"
#define SESSION_FDS 4 /* the work folder, CA file, certificate, key */

static int send_all(struct transfer *t, const void *message, size_t len, const int *fds, size_t n_fds, struct err *e)
{
	int r = sock_send(t->child.sock, message, len, fds, n_fds);

	/* one that ended already is found by transfer_receive(), which knows more */
	return r < 0 && r != -EPIPE ? err_set(e, -r, "speak to " NAME) : 0;
}

int transfer_start(const char *path, const struct fetch_session *session, int work, const int *fds, size_t n_fds,
		   struct transfer *ret, struct err *e)
{
	auto_transfer struct transfer t = TRANSFER_NONE;
	int all[SESSION_FDS] = { work };
	struct fetch_reply reply;

	if (n_fds > SESSION_FDS - 1)
		return err_set(e, EINVAL, "start " NAME);
	for (size_t i = 0; i < n_fds; i++)
		all[1 + i] = fds[i];
	int r = child_start(path, NAME, &t.child, e);

	if (r == 0)
		r = send_all(&t, session, sizeof(*session), all, 1 + n_fds, e);
	if (r == 0)
		r = child_receive(&t.child, &reply, sizeof(reply), e);
	if (r < 0)
		return r;
	if (reply.type == FETCH_FAILED)
		return child_failure(&t.child, &reply.err, e);
	if (reply.type != FETCH_LOCKED)
		return err_say(e, EPROTO, NAME " spoke before it was locked in");
	*ret = t;
	t = (struct transfer)TRANSFER_NONE;
	return 0;
}

int transfer_ask(struct transfer *t, struct fetch_request *request, int fd, struct err *e)
{
	request->id = ++t->last_id;
	return send_all(t, request, sizeof(*request), &fd, fd >= 0, e);
}

int transfer_receive(struct transfer *t, struct fetch_reply *ret, struct err *e)
{
	struct fetch_reply reply;
	int r = child_receive(&t->child, &reply, sizeof(reply), e);

	if (r < 0)
		return r;
	if (reply.type != FETCH_PROGRESS && reply.type != FETCH_DONE && reply.type != FETCH_FAILED)
		return err_say(e, EPROTO, NAME " sent a message of an unknown kind");
	if (reply.id == 0 || reply.id > t->last_id)
		return err_say(e, EPROTO, NAME " answered what was not asked");
	child_text(reply.media_type, sizeof(reply.media_type));
	reply.digest[DIGEST_HEX] = '\0';
	if (reply.digest[0] && !digest_is_hex(reply.digest))
		return err_say(e, EPROTO, NAME " sent what is no digest");
	if (reply.type == FETCH_FAILED) {
		struct err said;

		(void)child_failure(&t->child, &reply.err, &said); /* of this one request alone */
		reply.err = said;
	}
	*ret = reply;
	return 0;
}

int transfer_do(struct transfer *t, struct fetch_request *request, int fd, struct fetch_reply *ret, struct err *e)
{
	int r = transfer_ask(t, request, fd, e);

	*ret = (struct fetch_reply){ .id = request->id };
	if (r < 0)
		return r;
	do
		r = transfer_receive(t, ret, e);
	while (r == 0 && ret->type == FETCH_PROGRESS);
	if (r < 0 || ret->type == FETCH_DONE)
		return r;
	*e = ret->err;
	return -e->code;
}

void transfer_end(struct transfer *t)
{
	child_end(&t->child);
}
