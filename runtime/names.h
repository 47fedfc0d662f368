/* SPDX-License-Identifier: Apache-2.0 */
/* names.h: names for containers whose users give none. */
#ifndef RUNTIME_NAMES_H
#define RUNTIME_NAMES_H

#include "base/util.h"

#define NAMES_MAX 40

/* "calm_heron"; with @number a number is added. Return: 0 or -errno. */
int names_random(char ret[NAMES_MAX], bool number);

#endif
