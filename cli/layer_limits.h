/* SPDX-License-Identifier: Apache-2.0 */
/* layer_limits.h: how large a layer may be that comes from outside: the options of every verb that unpacks. */
#ifndef CLI_LAYER_LIMITS_H
#define CLI_LAYER_LIMITS_H

#include "cli/args.h"
#include "images/images.h"

struct layer_limits {
	const char *bytes, *files; /* as given; NULL: the default */
};

/* Rows for a verb's table: @member is its struct layer_limits. */
#define LAYER_LIMIT_OPTIONS(type, member)                                                                      \
	OPT_STRING(type, member.bytes, "max-layer-size", 0, "SIZE",                                            \
		   "refuse a layer of more, uncompressed; 0: take any; default: 256g"),                        \
		OPT_STRING(type, member.files, "max-layer-files", 0, "N",                                      \
			   "refuse a layer of more files; 0: take any; default: 10000000")

/* Return: 0 with both limits of @ret set, or -EINVAL with @e filled */
int layer_limits_read(const struct layer_limits *o, struct load_options *ret, struct err *e);

#endif
