/* SPDX-License-Identifier: Apache-2.0 */
/* table.h: the table `inet paene` in the kernel: whether its rules are as rules.c has them, and making them so. */
#ifndef NETWORK_TABLE_H
#define NETWORK_TABLE_H

#include "network/nl.h"
#include "network/rules.h"

/*
 * The parts of a table of ours, of one family, in the transaction begun: what is there already stays as it is.
 * @device:	The link that a chain belongs to; NULL: to none
 * @id:		Of a set: no other one of the transaction has it
 * @arg:	What the rule's words are told
 */
void table_put(struct nl_batch *b, uint8_t family);
void table_put_chain(struct nl_batch *b, uint8_t family, const struct rules_chain *chain, const char *device);
void table_put_set(struct nl_batch *b, uint8_t family, const struct rules_set *set, uint32_t id);
void table_put_rule(struct nl_batch *b, uint8_t family, const struct rules_rule *rule, const char *chain, const void *arg);

/* Whether a rule's user data is this comment. */
bool table_rule_is(const struct nlattr *userdata, const char *comment);

/* Whether every rule is there, and no other one. Return: 0, or -errno with @e filled */
int table_is_good(struct nl *nf, bool *ret, struct err *e);

/**
 * table_ensure() - Check that every rule is there, and make all of them where one is not
 * @ret_made:	They were made: elements may be missing too
 *
 * Elements that are there stay. Return: 0, or -errno with @e filled
 */
int table_ensure(struct nl *nf, bool *ret_made, struct err *e);

#endif
