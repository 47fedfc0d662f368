/* SPDX-License-Identifier: Apache-2.0 */
/* cni_names.h: a container's hosts and resolv.conf, by what plugins have answered. */
#ifndef NETWORK_CNI_NAMES_H
#define NETWORK_CNI_NAMES_H

#include <limits.h>

#include "network/cni.h"

/* What marks a network's lines in hosts files: hosts_put(). */
void cni_block_name(const char *network, char ret[NAME_MAX + 1]);

/* A file that is not there, since something of the user's is mounted there, is fine. Return: 0, or -errno with @e filled */
int cni_names_write(const struct cni_request *q, const struct cni_result *x, struct err *e);

#endif
