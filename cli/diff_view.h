/* SPDX-License-Identifier: Apache-2.0 */
/* diff_view.h: changes of files, as `diff` lists those of a container, an image or a sandbox. */
#ifndef CLI_DIFF_VIEW_H
#define CLI_DIFF_VIEW_H

#include "cli/args.h"
#include "images/diff.h"

/* Is it a --format? Return: 0, or -EINVAL with @e filled */
int diff_view_check(const char *format, struct err *e);

/* A line. */
void diff_view_line(const struct call *c, enum change_kind kind, const char *path);

/* All of them. @format: "json", or NULL: lines. Return: 0, or -errno with @e filled */
int diff_view(const struct call *c, const struct changes *changes, const char *format, struct err *e);

#endif
