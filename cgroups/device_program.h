/* SPDX-License-Identifier: Apache-2.0 */
/* device_program.h: device rules as a BPF program; pure. */
#ifndef CGROUPS_DEVICE_PROGRAM_H
#define CGROUPS_DEVICE_PROGRAM_H

#include <linux/bpf.h>

#include "base/arena.h"
#include "base/err.h"
#include "spec/spec.h"

/**
 * device_program() - The program that answers for each use of a device node: 1 allowed, 0 not (EPERM)
 * @rules:	In order; NULL: none
 * @defaults:	Append the devices that every container has
 * @a:		Owns the program
 *
 * Return: 0, or -EINVAL, -ENOMEM with @e filled
 */
int device_program(const struct spec_device_rules *rules, bool defaults, struct arena *a, struct bpf_insn **ret,
		   size_t *ret_n, struct err *e);

#endif
