/* SPDX-License-Identifier: Apache-2.0 */
/* transfer.h: the parent's side of paene-fetch: one process for one repository of one registry. Requests are numbered. */
#ifndef IMAGES_TRANSFER_H
#define IMAGES_TRANSFER_H

#include "images/child.h"
#include "images/fetch.h"

struct transfer {
	struct child child; /* its socket is to be polled where several transfers are under way */
	uint32_t last_id;
};
#define TRANSFER_NONE { .child = CHILD_NONE }

/**
 * transfer_start() - Start the program and open a session
 * @path:	The program
 * @work:	Folder that gets what is fetched; not consumed
 * @fds:	CA file, certificate, key: those that @session says; not consumed
 *
 * It dies with this thread.
 *
 * Return: 0 once it is locked in, or -errno with @e filled
 */
int transfer_start(const char *path, const struct fetch_session *session, int work, const int *fds, size_t n_fds,
		   struct transfer *ret, struct err *e);

/**
 * transfer_ask() - Send a request; its id is set here
 * @fd:		What fetch.h says of the request; -1: none. Not consumed
 *
 * Return: 0, or -errno with @e filled
 */
int transfer_ask(struct transfer *t, struct fetch_request *request, int fd, struct err *e);

/**
 * transfer_receive() - Wait for the next answer, of whichever request
 * @ret:	FETCH_PROGRESS, FETCH_DONE or FETCH_FAILED; its texts end with a zero and are harmless, its err is filled
 *
 * Return: 0, or -errno with @e filled: the fetcher ended, or broke the rules
 */
int transfer_receive(struct transfer *t, struct fetch_reply *ret, struct err *e);

/* Ask, and wait for the end of it; nothing else may be under way. Return: 0, or -errno with @e and @ret->status filled */
int transfer_do(struct transfer *t, struct fetch_request *request, int fd, struct fetch_reply *ret, struct err *e);

/* End and reap the process, whatever it is doing. A TRANSFER_NONE is fine. */
void transfer_end(struct transfer *t);
#define auto_transfer __attribute__((cleanup(transfer_end)))

#endif
