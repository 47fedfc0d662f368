/* SPDX-License-Identifier: Apache-2.0 */
/* network_check.h: is what containers have of networks theirs, and all of it there? Ours, and those of plugins. */
#ifndef RUNTIME_NETWORK_CHECK_H
#define RUNTIME_NETWORK_CHECK_H

#include "network/check.h"
#include "runtime/engine.h"

/**
 * engine_network_check() - Look for what commands that were killed have left, and what somebody has taken away; mend it
 * @tell:	Told of each finding as it comes
 *
 * A container whose end nobody has settled is one. Return: 0, whatever was found; or -errno with @e filled
 */
int engine_network_check(const struct engine *g, bool repair, void (*tell)(const struct net_finding *f, void *arg), void *arg,
			 struct net_check_result *ret, struct err *e);

#endif
