/* SPDX-License-Identifier: Apache-2.0 */
/* netns_file.h: a network namespace under a name, for programs that want a path: a file that it is mounted on, as ip-netns(8) has. */
#ifndef NETWORK_NETNS_FILE_H
#define NETWORK_NETNS_FILE_H

#include "base/err.h"

/* Keep a namespace at @path, which must be free; its folder is made. Return: 0, or -errno with @e filled */
int netns_file_make(const char *path, int netns, struct err *e);

/* Is a namespace there? After a reboot none is. */
bool netns_file_is_there(const char *path);

/* Let it go. One that is not there is fine. Return: 0, or -errno with @e filled */
int netns_file_remove(const char *path, struct err *e);

#endif
