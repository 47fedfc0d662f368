/* SPDX-License-Identifier: Apache-2.0 */
/* class.h: one word for how a container stands beside others when processors and disks are short (--class). */
#ifndef RUNTIME_CLASS_H
#define RUNTIME_CLASS_H

#include "base/err.h"
#include "spec/spec.h"

enum sched_class {
	CLASS_NONE,
	CLASS_LATENCY,
	CLASS_NORMAL,
	CLASS_BATCH,
	CLASS_IDLE,
	CLASS_COUNT,
};
extern const char *const class_names[CLASS_COUNT]; /* the first one is "" */

/* Return: 0, or -EINVAL with @e filled */
int class_parse(const char *word, uint32_t *ret, struct err *e);

/**
 * class_apply() - What a class means for a container
 * @class:	enum sched_class; CLASS_NONE asks for nothing
 * @own:	Limits that were asked for by name: these the class leaves alone
 * @a:		Owns what is new
 * @ret:	Gets what must be there; may be @own
 * @wishes:	Gets files, with values, that this kernel may not have
 *
 * Return: 0, or -ENOMEM with @e filled
 */
int class_apply(uint32_t class, const struct spec_resources *own, struct arena *a, struct spec_resources *ret,
		struct spec_map *wishes, struct err *e);

/* Forget what was asked for by name of all that classes are about: a class that comes later goes over it. */
void class_clear(struct spec_resources *own);

/* What the classes do, for the manual. Return: text owned by @a, or NULL where there is no memory */
const char *class_manual(struct arena *a);

#endif
