/* SPDX-License-Identifier: Apache-2.0 */
/* harmless.h: names out of archives, before they become part of an error: a terminal shows them and obeys nothing. */
#ifndef IMAGES_WORKER_HARMLESS_H
#define IMAGES_WORKER_HARMLESS_H

#include <stddef.h>

#define HARMLESS_MAX 700

/* A name as str_harmless() writes it, cut with "..." where it is long; NULL is "(none)". Return: @buf */
const char *harmless(const char *name, char buf[HARMLESS_MAX]);

#endif
