/* SPDX-License-Identifier: Apache-2.0 */
/* retry.h: what is tried again, and when. Pure. */
#ifndef IMAGES_FETCH_RETRY_H
#define IMAGES_FETCH_RETRY_H

#include "base/util.h"

#define RETRY_PROGRESS_BYTES (64 << 10) /* so much since the last failure, and tries are counted anew */
#define RETRY_FIRST_MS	     1000
#define RETRY_MOST_MS	     30000
#define RETRY_ASKED_MAX_S    60 /* of Retry-After */

/* Too many requests, and what servers say while they are being restarted. */
static inline bool retry_is_status(int status)
{
	return status == 408 || status == 429 || status == 500 || (status >= 502 && status <= 504);
}

/**
 * retry_delay_us() - How long to wait before a further try
 * @tries:	How many have failed before this one
 * @asked_s:	What the server wants; 0: nothing
 * @random:	Any number: others who were turned away at the same moment shall not come back at the same moment
 */
static inline int64_t retry_delay_us(uint32_t tries, uint64_t asked_s, uint32_t random)
{
	uint64_t ms = MIN((uint64_t)RETRY_FIRST_MS << MIN(tries, 16U), RETRY_MOST_MS);

	if (asked_s)
		return (int64_t)(MIN(asked_s, RETRY_ASKED_MAX_S) * 1000000 + random % 500000);
	return (int64_t)(ms * 500 + random % (ms * 500));
}

#endif
