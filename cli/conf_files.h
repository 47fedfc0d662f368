/* SPDX-License-Identifier: Apache-2.0 */
/* conf_files.h: where files of settings lie, the machine's and the user's own. */
#ifndef CLI_CONF_FILES_H
#define CLI_CONF_FILES_H

#include "base/str.h"
#include "cli/conf.h"

#define SETTINGS_FILE "/etc/paene/paene.conf"

/* The value of a variable that names a folder; NULL where it is empty or relative (XDG base directories). */
const char *conf_folder(const char *variable);

/* The user's own file of this name: $XDG_CONFIG_HOME/paene/NAME. @ret: in @a; NULL: there is no home. Return: 0, or -ENOMEM with @e filled */
int conf_own(struct arena *a, const char *name, char **ret, struct err *e);

/* The files that conf_read_all() reads, there or not: the machine's, then the user's; $PAENE_CONF alone where it is set. */
int conf_files(struct arena *a, struct strv *ret, struct err *e);

/* For program.settings. */
int conf_read_all(struct arena *a, struct conf *ret, struct err *e);

#endif
