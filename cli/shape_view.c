// SPDX-License-Identifier: Apache-2.0
#include "cli/shape_view.h"

const struct field shape_view_fields[SHAPE_VIEW_FIELDS] = {
	FIELD_STRING(struct shape_view, network, "Network", REQUIRED),
	FIELD_STRING(struct shape_view, to, "To", REQUIRED),
	FIELD_STRING(struct shape_view, rate_in, "RateIn", REQUIRED),
	FIELD_STRING(struct shape_view, rate_out, "RateOut", REQUIRED),
	FIELD_STRING(struct shape_view, delay, "Delay", REQUIRED),
	FIELD_STRING(struct shape_view, distribution, "Distribution", REQUIRED),
	FIELD_STRING(struct shape_view, loss, "Loss", REQUIRED),
	FIELD_STRING(struct shape_view, duplicate, "Duplicate", REQUIRED),
	FIELD_STRING(struct shape_view, reorder, "Reorder", REQUIRED),
	FIELD_STRING(struct shape_view, corrupt, "Corrupt", REQUIRED),
};

static struct shape_view view_of(const struct network_wish *w, const struct net_rule *r, struct arena *a)
{
	char buf[NET_SHAPE_TEXT_MAX];

	return (struct shape_view){
		.network = w->network,
		.to = (char *)(r->to ? r->to : ""),
		.rate_in = arena_strdup(a, net_rate_text(r->rate_bits[NET_IN], buf)),
		.rate_out = arena_strdup(a, net_rate_text(r->rate_bits[NET_OUT], buf)),
		.delay = arena_strdup(a, net_delay_text(r, buf)),
		.distribution = (char *)(!r->jitter_us ? "" : r->normal ? "normal" : "uniform"),
		.loss = arena_strdup(a, net_share_text(r->loss, buf)),
		.duplicate = arena_strdup(a, net_share_text(r->duplicate, buf)),
		.reorder = arena_strdup(a, net_share_text(r->reorder, buf)),
		.corrupt = arena_strdup(a, net_share_text(r->corrupt, buf)),
	};
}

static bool is_whole(const struct shape_view *v)
{
	return v->rate_in && v->rate_out && v->delay && v->loss && v->duplicate && v->reorder && v->corrupt;
}

int shape_view_add(const struct network_wish *w, struct arena *a, struct shape_views *ret, struct err *e)
{
	struct shape_views all = { .v = arena_array(a, ret->n + w->shape.n + 1, sizeof(*all.v)) };

	if (!all.v)
		return err_nomem(e);
	for (; all.n < ret->n; all.n++)
		all.v[all.n] = ret->v[all.n];
	for (size_t i = 0; i < w->shape.n; i++) {
		all.v[all.n] = view_of(w, &w->shape.v[i], a);
		if (!is_whole(&all.v[all.n++]))
			return err_nomem(e);
	}
	*ret = all;
	return 0;
}
