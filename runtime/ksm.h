/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ksm.h: page merging by the kernel (Documentation/admin-guide/mm/ksm.rst), which a configuration asks for by an annotation.
 * Of equal pages of all processes that take part one is kept; who writes to it gets a copy of its own.
 */
#ifndef RUNTIME_KSM_H
#define RUNTIME_KSM_H

#include "base/err.h"
#include "spec/spec.h"

#define KSM_ANNOTATION "org.paene.ksm" /* "true" or "false" */

/* Whether it is asked for. */
bool ksm_wanted(const struct spec_map *annotations);

/**
 * ksm_check() - Can this kernel do what is asked for?
 *
 * Return: 0, or -EINVAL (the annotation is neither true nor false), -EOPNOTSUPP with @e filled
 */
int ksm_check(const struct spec_map *annotations, struct err *e);

/* Where it is asked for: the calling process, what it executes, and their children. Return: 0, or -errno with @e filled */
int ksm_enter(const struct spec_map *annotations, struct err *e);

/* Whether the kernel looks for equal pages at all; the machine's administrator decides. */
bool ksm_is_running(void);

#endif
