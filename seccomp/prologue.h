/* SPDX-License-Identifier: Apache-2.0 */
/* prologue.h: what stands before libseccomp's instructions: everything that it does not do, or does not do right. */
#ifndef SECCOMP_PROLOGUE_H
#define SECCOMP_PROLOGUE_H

#include "seccomp/bpf.h"
#include "seccomp/policy.h"

/**
 * prologue_emit() - Write the prologue of a filter: it either answers or falls through to what follows
 *
 * Answered here: rules with arguments, as far as they are stricter than an unconditional rule on the same call; calls
 * that libseccomp has no number for; and, with newer_enosys, all calls newer than the newest one that the rules name.
 */
void prologue_emit(const struct policy *p, const struct program *g, struct code *c);

#endif
