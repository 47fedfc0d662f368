/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nl.h: messages to the kernel over netlink, and its answers, checked: sequence numbers, lengths, the kernel's own words
 * (extended acknowledgements), dumps that were interrupted.
 *
 * A batch is a row of requests that go out in one system call. Every request says what it does ("make bridge paene0"), which
 * becomes the error's text, and which errno is as good as success (EEXIST where the thing should merely be there).
 */
#ifndef NETWORK_NL_H
#define NETWORK_NL_H

#include <libmnl/libmnl.h>

#include "base/err.h"

struct nl {
	struct mnl_socket *socket;
	uint32_t next_seq;
};

/* Open a socket in the calling thread's network namespace. @bus: NETLINK_ROUTE, … Return: 0, or -errno; @e filled */
int nl_open(struct nl *nl, int bus, struct err *e);
void nl_close(struct nl *nl);
#define auto_nl __attribute__((cleanup(nl_close)))

struct nl_request {
	int fine;     /* errno that counts as success; 0: none */
	bool alone;   /* an error of this one is the only answer that comes (the head of an nftables batch) */
	bool acked;   /* an acknowledgement was asked for, and has not come yet */
	char what[80];
};

struct nl_batch {
	struct nl *nl;
	char *buf;
	size_t room;
	struct nlmsghdr *last; /* being written */
	struct nl_request *requests;
	size_t n, max;
	uint32_t first_seq;
	bool full;	  /* out of memory, or an attribute did not fit: nl_run() says so */
	char nowhere[32]; /* what nl_add() returns then: written, never read */
	size_t failed;	  /* after nl_run(): index of the request that failed */
};

void nl_batch_free(struct nl_batch *b);
#define auto_batch __attribute__((cleanup(nl_batch_free)))

/* Bytes that one request may grow to; so much is free behind each nl_add(). */
#define NL_REQUEST_MAX 16384

/**
 * nl_add() - Begin the next request; it ends where the next one begins
 * @flags:	NLM_F_*; NLM_F_REQUEST is added. Without NLM_F_ACK only failure is answered
 * @fine:	An errno that counts as success, or 0
 * @header:	Size of the fixed header behind struct nlmsghdr, which is zeroed
 * @fmt:	What it does, for the error's text
 *
 * Return: the fixed header (at most 32 bytes), to be filled in before the next call; where memory is out, nl_run() says so
 */
void *nl_add(struct nl_batch *b, uint16_t type, uint16_t flags, int fine, size_t header, const char *fmt, ...)
	PRINTF_LIKE(6, 7);

/* Attributes of the request begun last. */
void nl_put(struct nl_batch *b, uint16_t type, const void *data, size_t len);
void nl_put_u8(struct nl_batch *b, uint16_t type, uint8_t v);
void nl_put_u32(struct nl_batch *b, uint16_t type, uint32_t v);
void nl_put_text(struct nl_batch *b, uint16_t type, const char *s);
struct nlattr *nl_nest(struct nl_batch *b, uint16_t type);
void nl_nest_end(struct nl_batch *b, struct nlattr *nest);
/* A fixed header inside a nest (struct ifinfomsg in VETH_INFO_PEER), zeroed. */
void nl_put_header(struct nl_batch *b, size_t len);
/* Bytes without a header of their own in a nest (struct tc_netem_qopt). */
void nl_put_raw(struct nl_batch *b, const void *data, size_t len);

/* Have the request begun last answered in any case: a batch of requests without NLM_F_ACK then ends with one answer. */
void nl_ack_last(struct nl_batch *b);

/* What a reply of data means: 0, or -errno with @e filled, which ends the run. A NULL message: the dump begins again. */
typedef int (*nl_reply)(const struct nlmsghdr *nlh, void *arg, struct err *e);

/**
 * nl_run() - Send a batch and read the answers
 * @reply:	Called for each message of data; NULL: there are none
 *
 * Return: 0, or -errno with @e filled: the first failure; the requests behind it have run too (in nftables: none has)
 */
int nl_run(struct nl_batch *b, nl_reply reply, void *arg, struct err *e);

/* The same for a batch of one dump request. An interrupted dump is asked for again. */
int nl_dump(struct nl_batch *b, nl_reply reply, void *arg, struct err *e);

/**
 * nl_next() - The next message of a buffer, if all of it is there
 * @at:		Where it begins; moved behind it
 *
 * libmnl's own check takes a length above 2 GiB for a negative one, and lets it pass.
 *
 * Return: the message, NULL at the end and where the rest is none
 */
const struct nlmsghdr *nl_next(const char *buf, size_t len, size_t *at);

/**
 * nl_attrs() - Index the attributes of a message, or of a nest, by type
 * @ret:	NULL where one is not given; those above @max are left out
 */
void nl_attrs(const struct nlmsghdr *nlh, size_t header, const struct nlattr **ret, uint16_t max);
void nl_nested_attrs(const struct nlattr *nest, const struct nlattr **ret, uint16_t max);

/* The value of an attribute if it has the right length, else @otherwise; NULL is an attribute that was not given. */
uint32_t nl_u32(const struct nlattr *a, uint32_t otherwise);
/* Its text if it ends with a zero, else "". */
const char *nl_text(const struct nlattr *a);

#endif
