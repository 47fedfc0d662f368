/* SPDX-License-Identifier: Apache-2.0 */
/* fd.h: file descriptors with an owner; reading and writing all of it. Every fd here is close-on-exec from birth. */
#ifndef BASE_FD_H
#define BASE_FD_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/err.h"

/* Scope guards: `auto_fd int fd = -1;` closes at the end of the scope; fd_take(&fd) moves the ownership away. */
static inline void fd_guard(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void free_guard(void *p)
{
	free(*(void **)p);
}

static inline void dir_guard(DIR **d)
{
	if (*d)
		closedir(*d);
}

#define auto_fd	  __attribute__((cleanup(fd_guard)))
#define auto_free __attribute__((cleanup(free_guard)))
#define auto_dir  __attribute__((cleanup(dir_guard)))

static inline int fd_take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/* Close *fd if it is open, and forget it. */
static inline void fd_close(int *fd)
{
	fd_guard(fd);
	*fd = -1;
}

/**
 * fd_read_all() - Read until end of file or until @len bytes are here
 *
 * Return: the number of bytes read, or -errno (EINTR is retried)
 */
ssize_t fd_read_all(int fd, void *buf, size_t len);

/**
 * fd_write_all() - Write the whole buffer
 *
 * Return: 0, or -errno
 */
int fd_write_all(int fd, const void *buf, size_t len);

/**
 * fd_dup() - Duplicate, close-on-exec, at 3 or above
 *
 * Return: the new fd, or -errno with @e filled
 */
int fd_dup(int fd, struct err *e);

/**
 * fd_lock() - flock(2), going on where a signal comes in between
 * @how:	LOCK_SH, LOCK_EX, LOCK_UN; with LOCK_NB it does not wait
 *
 * The lock is the open file's, not the process's: it lasts until the last copy of this fd is closed.
 *
 * Return: 0, or -errno (-EWOULDBLOCK: somebody else has it)
 */
int fd_lock(int fd, int how);

/* As many open fds as this process may ask for: the usual soft limit is 1024. Best effort; children inherit it. */
void fd_allow_many(void);

/* The path that names an open fd for calls that take only paths: "/proc/self/fd/N". */
#define FD_PATH_MAX 32
const char *fd_path(int fd, char buf[FD_PATH_MAX]);

#endif
