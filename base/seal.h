/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal.h: a process that becomes, or enters, a container is seen there as this program. Who takes hold of its /proc/PID/exe can
 * write to it once nobody executes it any more (CVE-2019-5736): so first it goes on as a file that nobody can write to.
 */
#ifndef BASE_SEAL_H
#define BASE_SEAL_H

#include <limits.h>

#include "base/err.h"

/**
 * proc_seal() - Go on as this same program on a read-only mount of its own
 * @argv:	The whole command line, as main() has it; its first word becomes the program's path, as /proc/PID/cmdline shows it
 *
 * One thread only. Where the program cannot be written to, by whoever is no more than we are, nothing is done: that is so the
 * second time, too. Where the kernel does not let it be done in place main() begins anew, so nothing may have been taken or said
 * yet; and where there can be no such mount (without root, or from a mount that cannot be bound) it does so as a sealed copy in
 * memory, which takes a little longer.
 *
 * Return: 0, or -errno with @e filled
 */
int proc_seal(char **argv, struct err *e);

/**
 * proc_seal_file() - Can proc_seal_inside() be used here?
 *
 * Return: an empty file for it, sealed, to be closed by the caller; -1: no, for this kernel lacks what it takes (it is made without
 * CONFIG_CHECKPOINT_RESTORE), or this program does not lie any more where it was started
 */
int proc_seal_file(void);

/**
 * proc_seal_inside() - The same, a tenth as dear, for a child whose mount namespace is a new one, with what the parent had in it
 * @file:	From proc_seal_file(): what it is seen as from here on; who executes that gets ENOEXEC
 *
 * One thread only, with CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE in its user namespace, and the host's /proc.
 *
 * Return: 0, or -errno with @e filled
 */
int proc_seal_inside(int file, struct err *e);

/* Where this program lies, as it was before proc_seal(), too. Return: 0, or -errno where that is not known any more */
int proc_own_path(char ret[PATH_MAX]);

#endif
