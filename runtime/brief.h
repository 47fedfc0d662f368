/* SPDX-License-Identifier: Apache-2.0 */
/*
 * brief.h: what a list shows of a container that runs, in a few words that lie beside the number of its first process, so that a
 * list of a thousand reads one small file for each. They are never wrong: with them stands which settings.json they are of.
 */
#ifndef RUNTIME_BRIEF_H
#define RUNTIME_BRIEF_H

#include <sys/stat.h>

#include "runtime/engine.h"

/**
 * brief_write() - The words, for state_set_init()
 * @file:	settings.json, as it was before @s was read
 * @started:	When this run began
 *
 * Return: their length; 0: more is shown of this one than they say, or they do not fit
 */
size_t brief_write(const struct settings *s, const struct stat *file, const char *started, char *buf, size_t size);

/**
 * brief_read() - The same words back
 * @file:	settings.json, as it is now
 * @ret:	Its name, image, command, creation, exposed ports, and when it was started are filled in; lists are the one text that is
 *		shown of them
 *
 * Return: false, with @ret untouched, where they are of other settings
 */
bool brief_read(const char *words, size_t n, const struct stat *file, struct container *ret);

#endif
