/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.h: the small files of a cgroup: reading one, and finding a value in its text. What looks into text is pure: a
 * fuzzer reaches it.
 */
#ifndef CGROUPS_TEXT_H
#define CGROUPS_TEXT_H

#include "base/err.h"

#define CGROUP_SMALL_FILE 512	      /* cgroup.events, cgroup.controllers, memory.max: far below this */
#define CGROUP_TEXT_MAX	  (16 << 20) /* cgroup.procs of very many processes */

/**
 * cgroup_read_small() - Read a file of which the first bytes are enough
 * @buf:	Gets the text and a zero
 *
 * Return: 0, or -errno with @e filled
 */
int cgroup_read_small(int cgroup, const char *file, char buf[CGROUP_SMALL_FILE], struct err *e);

/* "123" or "max" (CGROUP_NO_LIMIT) at the start, ended by a blank, a newline or the end. Return: whether it is. */
bool cgroup_text_number(const char *text, uint64_t *ret);

/* The number after "KEY " at the start of a line (a "flat keyed" file). Return: whether there is one. */
bool cgroup_text_value(const char *text, const char *key, uint64_t *ret);

/* The number after "KEY=" among the words of the line at @line. Return: whether there is one. */
bool cgroup_line_value(const char *line, const char *key, uint64_t *ret);

/* The start of the line after this one, or NULL. */
const char *cgroup_next_line(const char *line);

#endif
