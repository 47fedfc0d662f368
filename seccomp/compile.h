/* SPDX-License-Identifier: Apache-2.0 */
/* compile.h: one list of rules to one BPF program, by libseccomp. */
#ifndef SECCOMP_COMPILE_H
#define SECCOMP_COMPILE_H

#include "seccomp/policy.h"

/**
 * compile_program() - Compile one filter of a policy
 * @p:		Says which ABIs there are
 * @g:		One of its programs
 * @ret:	Its code is owned by the caller; its flags are left alone
 *
 * Names that neither libseccomp nor newer_calls knows are skipped.
 *
 * Return: 0, or -errno with @e filled (-E2BIG: more instructions than the kernel takes)
 */
int compile_program(const struct policy *p, const struct program *g, struct seccomp_filter *ret, struct err *e);

#endif
