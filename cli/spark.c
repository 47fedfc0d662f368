// SPDX-License-Identifier: Apache-2.0
#include "cli/spark.h"

static const char *const bars[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
static const char *const plain_bars[] = { "_", ".", ":", "-", "=", "+", "*", "#" };
#define LEVELS ARRAY_SIZE(bars)
static_assert(ARRAY_SIZE(plain_bars) == LEVELS, "each bar has a plain one");

void spark_add(struct spark *s, double v)
{
	if (s->n == SPARK_WIDTH)
		memmove(s->v, s->v + 1, --s->n * sizeof(*s->v));
	s->v[s->n++] = v;
}

static size_t level(double v, double top)
{
	double share = top > 0 && v > 0 ? v / top : 0;

	return (size_t)(share * (LEVELS - 1) + 0.5);
}

const char *spark_text(const struct spark *s, double top, bool plain, char buf[SPARK_TEXT_MAX])
{
	char *end = buf;

	for (size_t i = 0; i < s->n; i++)
		top = MAX(top, s->v[i]);
	for (size_t i = s->n; i < SPARK_WIDTH; i++)
		*end++ = ' ';
	for (size_t i = 0; i < s->n; i++)
		end = stpcpy(end, (plain ? plain_bars : bars)[level(s->v[i], top)]);
	*end = '\0';
	return buf;
}
