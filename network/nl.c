// SPDX-License-Identifier: Apache-2.0
#include "network/nl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#define REPLY_BYTES 32768 /* the kernel fills dumps up to this much per message block */
#define DUMP_TRIES 16

int nl_open(struct nl *nl, int bus, struct err *e)
{
	struct mnl_socket *s = mnl_socket_open2(bus, SOCK_CLOEXEC);
	int on = 1;

	if (!s) {
		err_set(e, errno, "open a netlink socket");
		return errno == EPROTONOSUPPORT ? err_hint(e, "the kernel has no nf_tables") : -e->code;
	}
	/* words with errors, and no copy of the request in them; kernels without them (4.12) are none of ours */
	(void)mnl_socket_setsockopt(s, NETLINK_EXT_ACK, &on, sizeof(on));
	(void)mnl_socket_setsockopt(s, NETLINK_CAP_ACK, &on, sizeof(on));
	if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0) {
		err_set(e, errno, "bind a netlink socket");
		mnl_socket_close(s);
		return -e->code;
	}
	*nl = (struct nl){ .socket = s, .next_seq = 1 };
	return 0;
}

void nl_close(struct nl *nl)
{
	if (nl->socket)
		mnl_socket_close(nl->socket);
	nl->socket = NULL;
}

void nl_batch_free(struct nl_batch *b)
{
	free(b->buf);
	free(b->requests);
	*b = (struct nl_batch){ .nl = b->nl };
}

static size_t used(const struct nl_batch *b)
{
	return b->last ? (size_t)((char *)b->last - b->buf) + MNL_ALIGN(b->last->nlmsg_len) : 0;
}

/* Room for one request more, in both lists. */
static bool grow(struct nl_batch *b)
{
	size_t at = used(b), before = b->last ? (size_t)((char *)b->last - b->buf) : 0;

	if (b->room - at < NL_REQUEST_MAX) {
		size_t room = MAX(b->room * 2, 4 * (size_t)NL_REQUEST_MAX);
		char *buf = realloc(b->buf, room);

		if (!buf)
			return false;
		b->buf = buf;
		b->room = room;
		if (b->last)
			b->last = (struct nlmsghdr *)(buf + before);
	}
	if (b->n == b->max) {
		size_t max = MAX(b->max * 2, (size_t)16);
		struct nl_request *requests = realloc(b->requests, max * sizeof(*requests));

		if (!requests)
			return false;
		b->requests = requests;
		b->max = max;
	}
	return true;
}

void *nl_add(struct nl_batch *b, uint16_t type, uint16_t flags, int fine, size_t header, const char *fmt, ...)
{
	va_list ap;

	if (b->full || !grow(b)) {
		b->full = true;
		return b->nowhere;
	}
	struct nl_request *r = &b->requests[b->n];

	*r = (struct nl_request){ .fine = fine, .acked = flags & NLM_F_ACK };
	va_start(ap, fmt);
	vsnprintf(r->what, sizeof(r->what), fmt, ap);
	va_end(ap);
	size_t at = used(b);

	b->last = mnl_nlmsg_put_header(b->buf + at);
	b->last->nlmsg_type = type;
	b->last->nlmsg_flags = NLM_F_REQUEST | flags;
	b->last->nlmsg_seq = b->nl->next_seq++;
	if (b->n++ == 0)
		b->first_seq = b->last->nlmsg_seq;
	return mnl_nlmsg_put_extra_header(b->last, header);
}

void nl_put(struct nl_batch *b, uint16_t type, const void *data, size_t len)
{
	if (!b->full && !mnl_attr_put_check(b->last, NL_REQUEST_MAX, type, len, data))
		b->full = true;
}

void nl_put_u8(struct nl_batch *b, uint16_t type, uint8_t v)
{
	nl_put(b, type, &v, sizeof(v));
}

void nl_put_u32(struct nl_batch *b, uint16_t type, uint32_t v)
{
	nl_put(b, type, &v, sizeof(v));
}

void nl_put_text(struct nl_batch *b, uint16_t type, const char *s)
{
	nl_put(b, type, s, strlen(s) + 1);
}

struct nlattr *nl_nest(struct nl_batch *b, uint16_t type)
{
	struct nlattr *nest = b->full ? NULL : mnl_attr_nest_start_check(b->last, NL_REQUEST_MAX, type);

	if (!nest)
		b->full = true;
	return nest;
}

void nl_nest_end(struct nl_batch *b, struct nlattr *nest)
{
	if (!b->full)
		mnl_attr_nest_end(b->last, nest);
}

void nl_put_header(struct nl_batch *b, size_t len)
{
	if (!b->full && b->last->nlmsg_len + MNL_ALIGN(len) <= NL_REQUEST_MAX)
		mnl_nlmsg_put_extra_header(b->last, len);
	else
		b->full = true;
}

void nl_put_raw(struct nl_batch *b, const void *data, size_t len)
{
	void *to = b->full ? NULL : mnl_nlmsg_get_payload_tail(b->last);

	nl_put_header(b, len);
	if (!b->full)
		memcpy(to, data, len);
}

void nl_ack_last(struct nl_batch *b)
{
	if (b->full || !b->last)
		return;
	b->last->nlmsg_flags |= NLM_F_ACK;
	b->requests[b->n - 1].acked = true;
}

/* The kernel's own words in an error, "" where it has none. */
static const char *kernel_words(const struct nlmsghdr *nlh)
{
	const struct nlattr *attrs[NLMSGERR_ATTR_MSG + 1];

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS) || !(nlh->nlmsg_flags & NLM_F_CAPPED))
		return "";
	nl_attrs(nlh, sizeof(struct nlmsgerr), attrs, NLMSGERR_ATTR_MSG);
	return nl_text(attrs[NLMSGERR_ATTR_MSG]);
}

static int refused(const struct nl_request *r, const struct nlmsghdr *nlh, int errnum, struct err *e)
{
	const char *words = kernel_words(nlh);

	if (*words)
		err_set(e, errnum, "%s: the kernel says \"%s\"", r->what, words);
	else
		err_set(e, errnum, "%s", r->what);
	return errnum == EPERM ? err_hint(e, "setting up a network takes CAP_NET_ADMIN") : -errnum;
}

/* What is known so far about the answers to one batch. */
struct answers {
	struct nl_batch *b;
	nl_reply reply;
	void *arg;
	size_t waiting;	  /* acknowledgements to come */
	bool interrupted; /* a dump's source changed under it */
	bool complete;	  /* NLMSG_DONE */
	int result;
	struct err *e;
};

static void take_error(struct answers *a, size_t i, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(nlh);
	struct nl_request *r = &a->b->requests[i];

	if (nlh->nlmsg_len < mnl_nlmsg_size(sizeof(*error)))
		return;
	int errnum = -error->error;

	if (errnum && errnum != r->fine && a->result == 0) {
		a->result = refused(r, nlh, errnum, a->e);
		a->b->failed = i;
	}
	if (r->alone && errnum)
		a->waiting = 0;
	else if (r->acked)
		a->waiting--;
	r->acked = false;
	a->complete = true;
}

static int take_done(const struct nlmsghdr *nlh, const struct nl_request *r, struct err *e)
{
	int32_t status;

	if (nlh->nlmsg_len < mnl_nlmsg_size(sizeof(status)))
		return 0;
	memcpy(&status, mnl_nlmsg_get_payload(nlh), sizeof(status));
	return status < 0 ? err_set(e, -status, "%s", r->what) : 0;
}

static void take(struct answers *a, const struct nlmsghdr *nlh, uint32_t port)
{
	size_t i = nlh->nlmsg_seq - a->b->first_seq;

	if (i >= a->b->n || nlh->nlmsg_pid != port)
		return; /* the answer to an older question, which nobody waits for */
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		a->interrupted = true;
	if (nlh->nlmsg_type == NLMSG_ERROR) {
		take_error(a, i, nlh);
	} else if (nlh->nlmsg_type == NLMSG_DONE) {
		a->complete = true;
		if (a->result == 0)
			a->result = take_done(nlh, &a->b->requests[i], a->e);
	} else if (nlh->nlmsg_type >= NLMSG_MIN_TYPE && a->reply && a->result == 0) {
		a->result = a->reply(nlh, a->arg, a->e);
	}
}

static int send_batch(struct nl_batch *b, struct err *e)
{
	size_t len = used(b);
	int room = (int)MIN(len * 2, (size_t)INT32_MAX);

	if (b->full)
		return err_nomem(e);
	/* one system call is one transaction: the socket must take it whole (the kernel's usual limit is 208 KiB) */
	if (len > 65536)
		(void)setsockopt(mnl_socket_get_fd(b->nl->socket), SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	if (mnl_socket_sendto(b->nl->socket, b->buf, len) < 0)
		return err_set(e, errno, "%s: send to the kernel", b->requests[0].what);
	return 0;
}

static int receive(struct answers *a)
{
	_Alignas(struct nlmsghdr) char buf[REPLY_BYTES];
	const struct nlmsghdr *nlh;
	struct nl *nl = a->b->nl;
	size_t at = 0;
	ssize_t got = mnl_socket_recvfrom(nl->socket, buf, sizeof(buf));

	if (got < 0)
		return errno == EINTR ? 0 : -errno;
	while ((nlh = nl_next(buf, (size_t)got, &at)))
		take(a, nlh, mnl_socket_get_portid(nl->socket));
	return 0;
}

/*
 * Not all answers will come. After ENOBUFS the kernel sends none at all until those that are there have been read: the next batch
 * would wait for ever. The first of them says more than that there were too many.
 */
static int give_up(struct answers *a, int error)
{
	int fd = mnl_socket_get_fd(a->b->nl->socket);

	if (error == -ENOBUFS && fcntl(fd, F_SETFL, O_NONBLOCK) == 0) {
		while (receive(a) == 0)
			;
		(void)fcntl(fd, F_SETFL, 0); /* what could be switched on can be switched off */
	}
	return a->result < 0 ? a->result : err_set(a->e, -error, "%s: read the kernel's answer", a->b->requests[0].what);
}

int nl_run(struct nl_batch *b, nl_reply reply, void *arg, struct err *e)
{
	struct answers a = { .b = b, .reply = reply, .arg = arg, .e = e };
	int r = send_batch(b, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < b->n; i++)
		a.waiting += b->requests[i].acked;
	while (a.waiting > 0) {
		r = receive(&a);
		if (r < 0)
			return give_up(&a, r);
	}
	return a.result;
}

int nl_dump(struct nl_batch *b, nl_reply reply, void *arg, struct err *e)
{
	for (int i = 0; i < DUMP_TRIES; i++) {
		struct answers a = { .b = b, .reply = reply, .arg = arg, .e = e };
		int r = send_batch(b, e);

		if (r < 0)
			return r;
		while (!a.complete) {
			r = receive(&a);
			if (r < 0)
				return give_up(&a, r);
		}
		if (a.result < 0 || !a.interrupted)
			return a.result;
		r = reply(NULL, arg, e);
		if (r < 0)
			return r;
	}
	return err_set(e, EAGAIN, "%s: it changes faster than it can be read", b->requests[0].what);
}

const struct nlmsghdr *nl_next(const char *buf, size_t len, size_t *at)
{
	const struct nlmsghdr *nlh = (const void *)(buf + *at);

	if (*at > len || len - *at < sizeof(*nlh) || nlh->nlmsg_len < sizeof(*nlh) || nlh->nlmsg_len > len - *at)
		return NULL;
	*at += MNL_ALIGN(nlh->nlmsg_len);
	return nlh;
}

static void index_attr(const struct nlattr *a, const struct nlattr **ret, uint16_t max)
{
	if (mnl_attr_get_type(a) <= max)
		ret[mnl_attr_get_type(a)] = a;
}

void nl_attrs(const struct nlmsghdr *nlh, size_t header, const struct nlattr **ret, uint16_t max)
{
	const struct nlattr *a;

	memset(ret, 0, sizeof(*ret) * ((size_t)max + 1));
	if (nlh->nlmsg_len < mnl_nlmsg_size(header))
		return;
	mnl_attr_for_each(a, nlh, header)
		index_attr(a, ret, max);
}

void nl_nested_attrs(const struct nlattr *nest, const struct nlattr **ret, uint16_t max)
{
	const struct nlattr *a;

	memset(ret, 0, sizeof(*ret) * ((size_t)max + 1));
	if (!nest)
		return;
	mnl_attr_for_each_nested(a, nest)
		index_attr(a, ret, max);
}

uint32_t nl_u32(const struct nlattr *a, uint32_t otherwise)
{
	return a && mnl_attr_get_payload_len(a) == sizeof(uint32_t) ? mnl_attr_get_u32(a) : otherwise;
}

const char *nl_text(const struct nlattr *a)
{
	return a && mnl_attr_validate(a, MNL_TYPE_NUL_STRING) == 0 ? mnl_attr_get_str(a) : "";
}
