/* SPDX-License-Identifier: Apache-2.0 */
/* container_filter.h: --filter of verbs about containers. */
#ifndef CLI_CONTAINER_FILTER_H
#define CLI_CONTAINER_FILTER_H

#include "runtime/engine.h"

#define CONTAINER_FILTERS_HELP \
	"id, name, label, label!, status, health, exited, ancestor, before, since, until, volume, network, pod, restart-policy, " \
	"should-start-on-boot or command"

struct container_filter {
	size_t kind;
	const char *value;
	int64_t when_s; /* of before, since, until */
	char pod[RECORD_ID_LENGTH + 1]; /* its id */
};

struct container_filters {
	struct container_filter *v;
	size_t n;
	bool ask_state; /* those that have ended are asked for, too */
};

/* "KEY=VALUE" each. Return: 0, or -EINVAL, -ENOENT (before and since name a container) and others with @e filled */
int container_filters_read(const struct engine *g, const struct strv *words, struct arena *a, struct container_filters *ret,
			   struct err *e);

/* For each key that is named one of its values must fit; labels must all. */
bool container_filters_fit(const struct container_filters *f, const struct container *c);

#endif
