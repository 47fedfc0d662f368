/* SPDX-License-Identifier: Apache-2.0 */
/* engine_update.h: other limits, or another restart policy, for a container of the engine. */
#ifndef RUNTIME_ENGINE_UPDATE_H
#define RUNTIME_ENGINE_UPDATE_H

#include "runtime/engine.h"
#include "runtime/limit_options.h"

struct engine_change {
	struct limit_options limits;
	struct strv device_rules; /* more of them */
	const char *restart; /* NULL: as it is */
	const char *net_rate; /* the same; as net_shape_set() has it */
	struct strv egress;   /* all that holds from now on, as net_egress_parse() reads it; none: as it is */
	bool force;	     /* even a memory limit below what it cannot give back: the kernel kills */
};

/* Are these options in order, whatever the container is? Return: 0, or -errno with @e filled */
int engine_change_check(const struct engine_change *want, struct err *e);

/**
 * engine_update() - Change limits now, where it runs, and for each start to come
 *
 * What the kernel refuses changes nothing. Several at once come one after the other.
 *
 * Return: 0, or -errno with @e filled
 */
int engine_update(const struct engine *g, const char *id, const struct engine_change *want, struct err *e);

#endif
