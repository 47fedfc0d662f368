/* SPDX-License-Identifier: Apache-2.0 */
/* volume_view.h: what verbs about volumes show of one, with podman's keys; and --filter. */
#ifndef CLI_VOLUME_VIEW_H
#define CLI_VOLUME_VIEW_H

#include "base/timestamp.h"
#include "runtime/volumes.h"
#include "spec/decode.h"

struct volume_view {
	char *name, *driver, *mountpoint, *created, *scope;
	struct spec_map labels, options;
	bool anonymous, fresh;
	uint32_t users; /* containers that have it */
};
#define VOLUME_VIEW_FIELDS 10
extern const struct field volume_view_fields[VOLUME_VIEW_FIELDS];

/* @uses: of volume_uses(). Strings are those of @v, or in @a. Return: 0, or -errno with @e filled */
int volume_view_fill(const struct engine *g, const struct volume *v, const struct strv *uses, struct arena *a,
		     struct volume_view *ret, struct err *e);

#define VOLUME_FILTERS_HELP "name, driver, label, label!, opt, scope, since, until, dangling or anonymous"

struct volume_filter {
	size_t kind;
	const char *value;
	uint64_t until_ns;
	char created[TIMESTAMP_MAX]; /* of since: when that volume was */
};
struct volume_filters {
	struct volume_filter *v;
	size_t n;
};

/* "KEY=VALUE" each. Return: 0, or -EINVAL and others with @e filled */
int volume_filters_read(const struct engine *g, const struct strv *words, struct arena *a, struct volume_filters *ret,
			struct err *e);

/* For each key that is named one of its values must fit; of some all. */
bool volume_filters_fit(const struct volume_filters *f, const struct volume_view *v);

#endif
