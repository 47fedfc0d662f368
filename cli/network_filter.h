/* SPDX-License-Identifier: Apache-2.0 */
/* network_filter.h: --filter of network ls and prune. */
#ifndef CLI_NETWORK_FILTER_H
#define CLI_NETWORK_FILTER_H

#include "cli/network_view.h"

#define NETWORK_FILTERS_HELP "name, id, driver, label, label!, until or dangling"

struct network_filter {
	size_t kind;
	const char *value;
	uint64_t until_ns;
};

struct network_filters {
	struct network_filter *v;
	size_t n;
	bool need_use; /* whether containers are on it is asked for: all of them are looked at */
};

/* "KEY=VALUE" each. Return: 0, or -EINVAL and -ENOMEM with @e filled */
int network_filters_read(const struct strv *words, struct arena *a, struct network_filters *ret, struct err *e);

/* For each key that is named one of its values must fit; labels must all. @used: a container is on it */
bool network_filters_fit(const struct network_filters *f, const struct network_view *v, bool used);

#endif
