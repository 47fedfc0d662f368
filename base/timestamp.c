// SPDX-License-Identifier: Apache-2.0
#include "base/timestamp.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

/* Year, month and day of a number of days since 1970, by Gregorian rules. gmtime_r() would read the zone files for that. */
static void civil(int64_t days, int *year, int *month, int *day)
{
	static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365 };
	int y = 1970, m = 0, leap;

	for (;; y++) {
		leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
		if (days < 365 + leap)
			break;
		days -= 365 + leap;
	}
	while (days >= before[m + 1] + (m >= 1 ? leap : 0))
		m++;
	*year = y;
	*month = m + 1;
	*day = (int)days - before[m] - (m >= 2 ? leap : 0) + 1;
}

const char *timestamp_now(char buf[TIMESTAMP_MAX])
{
	struct timespec t = { 0 };
	int year, month, day;

	(void)clock_gettime(CLOCK_REALTIME, &t); /* cannot fail with this clock */
	int64_t s = t.tv_sec > 0 ? t.tv_sec : 0, rest = s % 86400;

	civil(s / 86400, &year, &month, &day);
	snprintf(buf, TIMESTAMP_MAX, "%04u-%02u-%02uT%02u:%02u:%02u.%09uZ", (unsigned)year % 10000,
		 (unsigned)month % 100, (unsigned)day % 100, (unsigned)(rest / 3600) % 100, (unsigned)(rest / 60 % 60),
		 (unsigned)(rest % 60), (unsigned)t.tv_nsec % 1000000000);
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

int64_t clock_us(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail with this clock */
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}
