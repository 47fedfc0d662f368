/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf.h: files of settings, whose keys are the programs' own options:
 *
 *	# what is so for each container
 *	[run]
 *	memory = 2g          # unless the command line says something else
 *	label += team=one    # besides what the command line says
 *
 * A section is a verb's name ("network create"), or "paene" for what stands before the verb.
 */
#ifndef CLI_CONF_H
#define CLI_CONF_H

#include "base/arena.h"
#include "base/err.h"

struct conf_line {
	const char *section, *key;
	char *value; /* without blanks around it */
	bool adds;   /* "+=" */
	const char *file;
	unsigned line;
};

struct conf {
	struct conf_line *v; /* in the order of files and lines */
	size_t n, room;
};

/**
 * conf_parse() - Understand a file's text
 * @text:	Changed, and borrowed: the lines point into it
 * @file:	What it is called; borrowed
 * @conf:	Its lines are added; memory of @a
 *
 * Return: 0, or -EINVAL with @e filled: file, line, what is wrong
 */
int conf_parse(struct arena *a, char *text, const char *file, struct conf *conf, struct err *e);

/* The same of a file; one that is not there is fine. Return: 1: it was there, 0, or -errno with @e filled */
int conf_read(struct arena *a, const char *file, struct conf *conf, struct err *e);

#endif
