/* SPDX-License-Identifier: Apache-2.0 */
/*
 * label.h: what the security modules call a process: its AppArmor profile and its SELinux context, said to the kernel by a write
 * to a file of procfs and in force from the next exec on. An image that can place something else at that file's path takes the
 * confinement away (CVE-2019-16884, CVE-2025-52881): so the file is opened in a procfs that nobody else has ever seen.
 */
#ifndef RUNTIME_LABEL_H
#define RUNTIME_LABEL_H

#include "base/err.h"
#include "spec/spec.h"

/* Are files labelled on this machine? Where they are not, linux.mountLabel has nothing to say, as with crun. */
bool label_of_mounts(void);

/* Can this kernel do what the configuration asks for? Return: 0, or -EOPNOTSUPP with @e filled in the words of runc */
int label_check(const struct spec_process *p, struct err *e);

/**
 * label_set() - Ask for both, for the exec that comes; nothing is done where none is configured
 *
 * Called while the host's mounts are still those of the calling process: before pivot_root, before joining a container.
 *
 * Return: 0, or -errno with @e filled; it has the path in backquotes, by which callers know what failed
 */
int label_set(const struct spec_process *p, struct err *e);

/* Give keyrings that this process makes a context of SELinux; NULL or "": the default one again. Return: as label_set() */
int label_keys(const char *label, struct err *e);

#endif
