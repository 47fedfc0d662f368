/* SPDX-License-Identifier: Apache-2.0 */
/* prologue.h: what stands before libseccomp's instructions and decides about the calls that it does not know. */
#ifndef SECCOMP_PROLOGUE_H
#define SECCOMP_PROLOGUE_H

#include "seccomp/policy.h"

/* A program that grows. */
struct code {
	struct sock_filter insn[BPF_MAXINSNS];
	size_t n;
	bool full; /* something did not fit */
};

/**
 * prologue_emit() - Write the prologue of a filter: it either answers or falls through to what follows
 *
 * Two kinds of calls are answered here: those of newer_calls that the rules name, and, with newer_enosys, everything
 * newer than the newest call that the rules name.
 */
void prologue_emit(const struct policy *p, const struct program *g, struct code *c);

#endif
