/* SPDX-License-Identifier: Apache-2.0 */
/* cni_result.h: what a plugin's answer to ADD says of the container; pure. */
#ifndef NETWORK_CNI_RESULT_H
#define NETWORK_CNI_RESULT_H

#include "network/cni.h"

/**
 * cni_result_read() - Addresses, hardware address and name servers out of an answer
 * @interface:	Of the container, where the answer is about several
 *
 * Return: 0, or -errno with @e filled
 */
int cni_result_read(json_t *answer, const char *interface, struct arena *a, struct cni_result *ret, struct err *e);

#endif
