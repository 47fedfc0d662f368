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

/* Where this program lies, as it was before proc_seal(), too. Return: 0, or -errno where that is not known any more */
int proc_own_path(char ret[PATH_MAX]);

#endif
