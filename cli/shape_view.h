/* SPDX-License-Identifier: Apache-2.0 */
/* shape_view.h: how a container's link is made slow or unreliable, as people and scripts see it. */
#ifndef CLI_SHAPE_VIEW_H
#define CLI_SHAPE_VIEW_H

#include "runtime/engine.h"
#include "spec/decode.h"

/* A rule; texts are those that options take, "" is none. */
struct shape_view {
	char *network, *to; /* to "": whatever no other rule is for */
	char *rate_in, *rate_out, *delay, *distribution, *loss, *duplicate, *reorder, *corrupt;
};
#define SHAPE_VIEW_FIELDS 10
extern const struct field shape_view_fields[SHAPE_VIEW_FIELDS];

struct shape_views {
	struct shape_view *v;
	size_t n;
};

/* Add the rules of a network; texts in the arena. Return: 0, or -ENOMEM with @e filled */
int shape_view_add(const struct network_wish *w, struct arena *a, struct shape_views *ret, struct err *e);

#endif
