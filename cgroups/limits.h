/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits.h: what a configuration asks for, as a plain list of files and what to write into them. Making the list is
 * pure; cgroup_set() of set.c runs it.
 */
#ifndef CGROUPS_LIMITS_H
#define CGROUPS_LIMITS_H

#include "base/arena.h"
#include "base/err.h"
#include "spec/spec.h"

enum limit_flags {
	LIMIT_OPTIONAL = BIT(0),   /* lifts a limit: where the file is missing there is none to lift */
	LIMIT_TRY = BIT(1),	   /* the kernel may refuse it for now: it comes again later in the list */
	LIMIT_KEEP_QUOTA = BIT(2), /* put the first word of the present value in front */
};

struct limit {
	const char *file, *value;
	const char *other_file, *other_value; /* where @file does not exist; NULL: nothing */
	unsigned flags;
};

/* In the order of writing; the strings live in the arena, or in the configuration. */
struct limit_list {
	struct limit *v;
	size_t n, room;
};

/**
 * limits_plan() - The writes for what is set in @r
 * @a:		Owns the list
 *
 * Return: 0, or -EINVAL, -EOPNOTSUPP (only cgroup v1 can do it), -ENOMEM with @e filled: it names the property
 */
int limits_plan(const struct spec_resources *r, struct arena *a, struct limit_list *ret, struct err *e);

/* memory.checkBeforeUpdate, of set.c. Return: 0, or -EBUSY with @e filled */
int cgroup_check_usage(int cgroup, const struct spec_memory *m, struct err *e);

/* The controllers without which the list cannot be written. */
unsigned limits_controllers(const struct limit_list *list);

/* The list while it is made. */
struct limit_plan {
	const struct spec_resources *r;
	struct arena *arena;
	struct limit_list list;
};

/* Append a write. @file, @value: live as long as the list; NULL: out of memory. Return: 0 or -ENOMEM with @e. */
int limits_add(struct limit_plan *p, unsigned flags, const char *file, const char *value, struct err *e);

/* limits_io.c: block I/O, huge pages, rdma. */
int limits_plan_io(struct limit_plan *p, struct err *e);
int limits_plan_hugetlb(struct limit_plan *p, struct err *e);
int limits_plan_rdma(struct limit_plan *p, struct err *e);

#endif
