/* SPDX-License-Identifier: Apache-2.0 */
/* table.h: the table `inet paene` in the kernel: whether its rules are as rules.c has them, and making them so. */
#ifndef NETWORK_TABLE_H
#define NETWORK_TABLE_H

#include "network/nl.h"

/**
 * table_ensure() - Check that every rule is there, and make all of them where one is not
 * @ret_made:	They were made: elements may be missing too
 *
 * Elements that are there stay. Return: 0, or -errno with @e filled
 */
int table_ensure(struct nl *nf, bool *ret_made, struct err *e);

#endif
