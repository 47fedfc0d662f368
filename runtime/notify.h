/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify.h: sd_notify(3) through a container's wall, as runc does it. The service manager's socket ($NOTIFY_SOCKET) stays
 * outside; the container finds one of ours at /run/notify/notify.sock, in a folder bound from its state folder. The first READY=
 * that comes is passed on, with the container's process as the service's main one. Nothing else is: what runs in a container
 * shall not talk to the service manager.
 */
#ifndef RUNTIME_NOTIFY_H
#define RUNTIME_NOTIFY_H

#include <sys/types.h>

#include "base/err.h"
#include "spec/spec.h"

#define NOTIFY_ENV "NOTIFY_SOCKET"

/* Let the container know: one more mount and $NOTIFY_SOCKET. @root: folder of states, open as long as the spec is used */
int notify_tell(struct spec *s, int root, const char *id, struct err *e);

/* Make the folder to be bound, in a state folder. */
int notify_make(int state, struct err *e);

/* Receive from the container. Return: the socket, owned by the caller, or -errno (-ENOENT: it was not told of one); @e filled */
int notify_listen(int state, struct err *e);

/**
 * notify_wait() - Wait until the container is ready, or gone, and pass it on
 * @sock:	From notify_listen()
 * @host:	The service manager's socket: a path, or "@" and an abstract name
 * @pidfd:	The container's first process
 * @main_pid:	The process that the service manager shall look after
 *
 * Return: 0, or -errno with @e filled
 */
int notify_wait(int sock, const char *host, int pidfd, pid_t main_pid, struct err *e);

/* Say that it is ready. Return: 0, or -errno with @e filled */
int notify_ready(const char *host, pid_t main_pid, struct err *e);

/* notify_wait() in a process of its own, for a caller that has something else to do; it ends with the calling one at the latest. */
int notify_wait_aside(int sock, const char *host, int pidfd, pid_t main_pid, struct err *e);

#endif
