// SPDX-License-Identifier: Apache-2.0
#include "base/timestamp.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

const char *timestamp_now(char buf[TIMESTAMP_MAX])
{
	struct timespec t = { 0 };
	struct tm tm = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &t); /* cannot fail with this clock */
	gmtime_r(&t.tv_sec, &tm);
	size_t n = strftime(buf, TIMESTAMP_MAX, "%Y-%m-%dT%H:%M:%S", &tm);

	snprintf(buf + n, TIMESTAMP_MAX - n, ".%09ldZ", t.tv_nsec);
	return buf;
}

int timestamp_parse(const char *text, int64_t *ret_s)
{
	struct tm tm = { 0 };

	if (!strptime(text, "%Y-%m-%dT%H:%M:%S", &tm))
		return -EINVAL;
	*ret_s = timegm(&tm);
	return 0;
}
