// SPDX-License-Identifier: Apache-2.0
#include "cli/layer_limits.h"

#include <errno.h>

/* More than any layer that was meant to be used; less than what fills a disk for days. */
#define BYTES (UINT64_C(256) << 30)
#define FILES UINT64_C(10000000)

int layer_limits_read(const struct layer_limits *o, struct load_options *ret, struct err *e)
{
	uint64_t bytes = BYTES, files = FILES;

	if (o->bytes && str_to_bytes(o->bytes, &bytes) < 0)
		return err_say(e, EINVAL, "--max-layer-size %s: expected a size such as 512m or 20g", o->bytes);
	if (o->files && str_to_u64(o->files, UINT64_MAX, &files) < 0)
		return err_say(e, EINVAL, "--max-layer-files %s: expected a number", o->files);
	ret->max_layer_bytes = bytes;
	ret->max_layer_files = files;
	return 0;
}
