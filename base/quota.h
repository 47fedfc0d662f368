/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quota.h: project quotas (ext4 with prjquota, xfs with pquota): a folder belongs to a project, and so does all that is made
 * in it; the file system counts what a project takes, and keeps it below a limit. quotactl_fd(2) of Linux 5.14.
 */
#ifndef BASE_QUOTA_H
#define BASE_QUOTA_H

#include "base/err.h"

/**
 * quota_available() - Does the file system keep projects within their limits?
 * @fd:		Anything on it
 *
 * Return: 0, or -ENOTSUP with @e filled and a hint
 */
int quota_available(int fd, struct err *e);

/* What a project takes. Return: 0, or -errno with @e filled. */
int quota_used(int fd, uint32_t project, uint64_t *ret_bytes, struct err *e);

/* Limit what it may take; 0: no limit any more. Return: 0, or -errno with @e filled. */
int quota_limit(int fd, uint32_t project, uint64_t bytes, struct err *e);

/* Make a folder one of a project's, with all that will be made in it. Return: 0, or -errno with @e filled. */
int quota_join(int dir, uint32_t project, struct err *e);

#endif
