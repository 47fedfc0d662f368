/* SPDX-License-Identifier: Apache-2.0 */
/* found.h: the lists that paene-fetch leaves in its work folder, as text: {"names": […]}, {"results": […]}. */
#ifndef IMAGES_FOUND_H
#define IMAGES_FOUND_H

#include "base/str.h"
#include "images/fetch.h"

struct found {
	struct fetch_found *v;
	size_t n;
};

/* Return: 0, or -errno with @e filled; @ret's texts are owned by @arena */
int found_read(const char *text, size_t len, struct arena *arena, struct found *ret, struct err *e);
int found_read_names(const char *text, size_t len, struct arena *arena, struct strv *ret, struct err *e);

/* Return: 0 with *ret to be freed, or -errno with @e filled */
int found_write(const struct found *f, char **ret, struct err *e);
int found_write_names(const struct strv *names, char **ret, struct err *e);

#endif
