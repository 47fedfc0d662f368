/* SPDX-License-Identifier: Apache-2.0 */
/* systemd.h: asking systemd for something, by paene-systemd. */
#ifndef CGROUPS_SYSTEMD_H
#define CGROUPS_SYSTEMD_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define SYSTEMD_SAID_MAX 512

/**
 * systemd_ask() - Run paene-systemd
 * @user:	The user's own systemd; else the machine's
 * @words:	The rest of its command line; ends with NULL
 * @more:	And more of it; NULL: none
 * @said:	Gets what it answers, at most SYSTEMD_SAID_MAX bytes; NULL: it answers nothing
 *
 * Return: 0, or -errno with @e filled: in its own words
 */
int systemd_ask(bool user, const char *const *words, const struct strv *more, char *said, struct err *e);

#endif
