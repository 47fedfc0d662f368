/* SPDX-License-Identifier: Apache-2.0 */
/* ns.h: the eight kinds of namespaces: their clone flags, their files below /proc/PID/ns, opening and joining them. */
#ifndef NAMESPACES_NS_H
#define NAMESPACES_NS_H

#include <sys/types.h>

#include "base/err.h"
#include "spec/spec.h"

struct ns_kind {
	const char *file; /* below /proc/PID/ns */
	uint64_t flag;	  /* CLONE_NEW* */
};
extern const struct ns_kind ns_kinds[NS_COUNT];

/**
 * ns_open() - Open a namespace by path ("/proc/1/ns/net", "/run/netns/x") and check that it is of this kind (NS_GET_NSTYPE)
 *
 * Return: its fd, owned by the caller, or -errno with @e filled
 */
int ns_open(enum spec_ns_kind kind, const char *path, struct err *e);

/* One of a process's. Return: its fd, or -errno with @e filled (-ENOENT: this kernel has no such kind). */
int ns_open_pid(enum spec_ns_kind kind, pid_t pid, struct err *e);

/**
 * ns_join() - Move the calling thread into namespaces, in an order that keeps the rights needed (user last where it takes
 * rights away, first where it gives them)
 * @fds:	NS_COUNT fds, -1 where none is to be joined
 *
 * A pid and a time namespace count for children only.
 *
 * Return: 0, or -errno with @e filled (it names the kind)
 */
int ns_join(const int fds[NS_COUNT], struct err *e);

/**
 * ns_join_process() - All of a process's namespaces at once by its pidfd (5.8)
 * @flags:	CLONE_NEW* of those that differ from the caller's: joining the own user namespace is EINVAL
 */
int ns_join_process(int pidfd, uint64_t flags, struct err *e);

/* Which of a process's namespaces are not the caller's, as CLONE_NEW* bits. Return: 0, or -errno with @e filled. */
int ns_differences(pid_t pid, uint64_t *ret_flags, struct err *e);

/* Is the user namespace of one path the owner of the namespace of another? */
bool ns_is_owned(const char *path, const char *user_path);

/* Bring up "lo" in the calling thread's network namespace (ioctl: no netlink library needed here). */
int ns_loopback_up(struct err *e);

/* The same in another one. */
int ns_loopback_up_in(int netns, struct err *e);

#endif
