/* SPDX-License-Identifier: Apache-2.0 */
/* spark.h: the last values of a number, as a line of small bars; pure. */
#ifndef CLI_SPARK_H
#define CLI_SPARK_H

#include "base/util.h"

#define SPARK_WIDTH    8
#define SPARK_TEXT_MAX (SPARK_WIDTH * 3 + 1) /* a bar has three bytes */

struct spark {
	double v[SPARK_WIDTH]; /* the oldest first */
	size_t n;
};

/* Add the next value; of more than fit the oldest goes. */
void spark_add(struct spark *s, double v);

/**
 * spark_text() - Draw it, the newest at the right
 * @top:	What a whole bar stands for; where a value is larger, that one does
 * @plain:	In ASCII: not every terminal has bars
 *
 * Return: @buf, SPARK_WIDTH characters
 */
const char *spark_text(const struct spark *s, double top, bool plain, char buf[SPARK_TEXT_MAX]);

#endif
