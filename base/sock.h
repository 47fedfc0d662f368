/* SPDX-License-Identifier: Apache-2.0 */
/* sock.h: Unix sockets: messages with fds between our own processes, and named sockets in our own folders. */
#ifndef BASE_SOCK_H
#define BASE_SOCK_H

#include <sys/types.h>

#include "base/err.h"

#define SOCK_FDS_MAX 16

/* A connected pair of SOCK_SEQPACKET sockets. Return: 0, or -errno with @e filled. */
int sock_pair(int *ret_a, int *ret_b, struct err *e);

/**
 * sock_send() - One message, with fds if @n_fds > 0
 *
 * Return: 0, or -errno (-EPIPE: nobody reads any more; no signal is raised)
 */
int sock_send(int fd, const void *buf, size_t len, const int *fds, size_t n_fds);

/**
 * sock_recv() - One message
 * @fds:	Room for @max_fds received fds, close-on-exec, owned by the caller; unused ones are set to -1; NULL: refuse fds
 *
 * Return: the length, 0 for end of file, or -errno (-EMSGSIZE: longer than @len)
 */
ssize_t sock_recv(int fd, void *buf, size_t len, int *fds, size_t max_fds);

/**
 * sock_listen() - A listening socket with a name in one of our folders (mode 0600)
 * @type:	SOCK_SEQPACKET or SOCK_STREAM; SOCK_DGRAM: one to receive from
 *
 * Return: the fd, or -errno with @e filled
 */
int sock_listen(int dir, const char *name, int type, struct err *e);

/**
 * sock_connect() - Connect to one; names longer than sockaddr_un allows are no problem
 * @name:	With AT_FDCWD, "@x" is x in the abstract namespace of this network namespace
 *
 * Return: the fd, or -errno with @e filled
 */
int sock_connect(int dir, const char *name, int type, struct err *e);

/* Hand an fd, with some text, to whoever listens on a stream socket of that path. Return: 0, or -errno with @e filled. */
int sock_hand(const char *path, const char *text, int fd, struct err *e);

#endif
