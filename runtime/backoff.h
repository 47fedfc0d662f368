/* SPDX-License-Identifier: Apache-2.0 */
/* backoff.h: how long to wait before a container is started again. */
#ifndef RUNTIME_BACKOFF_H
#define RUNTIME_BACKOFF_H

#include <stdint.h>

#include "base/util.h"

#define BACKOFF_FIRST_MS 100
#define BACKOFF_MAX_MS	 10000
#define BACKOFF_RESET_S	 10 /* a run that lasted this long was no failure to start: the pauses begin anew */

/**
 * backoff_ms() - The pause after a run
 * @last_ms:	The one before that run; 0: there was none
 * @lasted_s:	How long it has run
 */
static inline unsigned backoff_ms(unsigned last_ms, int64_t lasted_s)
{
	if (last_ms == 0 || lasted_s >= BACKOFF_RESET_S)
		return BACKOFF_FIRST_MS;
	return MIN(last_ms, BACKOFF_MAX_MS / 2U) * 2;
}

#endif
