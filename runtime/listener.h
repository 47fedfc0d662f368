/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listener.h: the agent behind SCMP_ACT_NOTIFY: whoever listens on linux.seccomp.listenerPath is sent the filter's fd, with
 * the "container process state" of the runtime-spec ("The Container Process State").
 *
 * The process that has installed the filter may be told by it what it may call. write(2) is never one that waits for the agent
 * (seccomp/seccomp.h); sendmsg(2) may be. So the fd itself is sent where that is safe, and its number where it is not: then the
 * parent takes it out of the process, which waits until that is done.
 */
#ifndef RUNTIME_LISTENER_H
#define RUNTIME_LISTENER_H

#include "base/err.h"
#include "runtime/state.h"
#include "spec/spec.h"

/* Does the configuration make sense? Return: 0, or -EINVAL with @e filled */
int listener_check(const struct spec_seccomp *s, struct err *e);

/* In the filtered process: tell the other side of @sock, by MSG_NOTIFY. Return: 0, or -errno with @e filled */
int listener_tell(int sock, const struct spec_seccomp *s, int listener, struct err *e);

/**
 * listener_pass() - In the parent: from a MSG_NOTIFY to the agent
 * @sock:	The process's socket, for the answer that it may wait for
 * @pidfd:	The process
 * @number:	The message's value
 * @fd:		What came with it, or -1
 * @state:	The container's, with its status
 * @pid:	The process's, which is init's or that of an exec
 *
 * Return: 0, or -errno with @e filled
 */
int listener_pass(int sock, int pidfd, int number, int fd, const struct spec_seccomp *s, const struct state *state,
		  pid_t pid, struct err *e);

#endif
