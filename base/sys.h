/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys.h: system calls that the C library of the oldest supported system does not wrap, under names that a test can
 * replace (-Wl,--wrap=sys_openat2), and the constants that its kernel headers lack.
 */
#ifndef BASE_SYS_H
#define BASE_SYS_H

#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/types.h>

#include "base/util.h"

#ifndef STATX_MNT_ID_UNIQUE
#define STATX_MNT_ID_UNIQUE 0x00004000U /* 6.8 */
#endif
#ifndef MOVE_MOUNT_BENEATH
#define MOVE_MOUNT_BENEATH 0x00000200 /* 6.5 */
#endif
#ifndef PR_SET_MEMORY_MERGE
#define PR_SET_MEMORY_MERGE 67 /* 6.4 */
#define PR_GET_MEMORY_MERGE 68
#endif
#ifndef PIDFD_SELF
#define PIDFD_SELF -10000 /* 6.14 */
#endif

/* clone3(2). Return: as the system call, -1 and errno on failure. */
pid_t sys_clone3(struct clone_args *args);

/* openat2(2) with EAGAIN (a rename raced with the walk) retried. Return: the fd, or -1 and errno. */
int sys_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);

/* fchmodat2(2) of 6.6 on an O_PATH fd, through /proc/self/fd before. Return: 0, or -1 and errno. */
int sys_fchmod_path(int fd, mode_t mode);

/* pivot_root(2). Return: 0, or -1 and errno. */
int sys_pivot_root(const char *new_root, const char *put_old);

#endif
