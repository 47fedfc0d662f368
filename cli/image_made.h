/* SPDX-License-Identifier: Apache-2.0 */
/* image_made.h: what commit and import say of the image that they have made. */
#ifndef CLI_IMAGE_MADE_H
#define CLI_IMAGE_MADE_H

#include "cli/verbs.h"
#include "images/derive.h"

/* Print its id, write it to a file (NULL: none), tell the journal. Return: 0, or -errno with @e filled */
int image_made(const struct call *c, const struct engine *g, enum event_status what, const struct derived *made,
	       const char *iidfile, struct err *e);

/* --format. Return: 0, or -EINVAL with @e filled */
int image_made_format(const char *text, bool *ret_docker, struct err *e);

#endif
