/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child.h: a program of ours that handles bytes from outside, at the other end of a SOCK_SEQPACKET socket, its fd 3. It may have
 * been taken over by what it has read: what it says is checked before it is used.
 */
#ifndef IMAGES_CHILD_H
#define IMAGES_CHILD_H

#include "base/err.h"

struct child {
	const char *name; /* for messages: "paene-worker" */
	int sock, pidfd;
};
#define CHILD_NONE { .sock = -1, .pidfd = -1 }

/**
 * child_start() - Start it with an empty environment, and no fd but /dev/null, our stderr and the socket
 * @path:	The program
 * @name:	What it is called; a constant
 *
 * It dies with this thread.
 *
 * Return: 0, or -errno with @e filled
 */
int child_start(const char *path, const char *name, struct child *ret, struct err *e);

/**
 * child_receive() - Wait for its next message
 * @len:	Of every message that it sends: another length is a failure
 *
 * Return: 0, or -errno with @e filled: how it ended without any
 */
int child_receive(struct child *c, void *ret, size_t len, struct err *e);

/* A text from it: ended with a zero, and with nothing in it that a terminal would obey. */
void child_text(char *text, size_t size);

/* Its own words for a failure, checked. Return: -errno with @e filled */
int child_failure(const struct child *c, const struct err *theirs, struct err *e);

/* End and reap the process, whatever it is doing. A CHILD_NONE is fine. */
void child_end(struct child *c);
#define auto_child __attribute__((cleanup(child_end)))

#endif
