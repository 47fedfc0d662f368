/* SPDX-License-Identifier: Apache-2.0 */
/* expr.h: what rules are made of: one nftables expression each, appended to a rule under construction. */
#ifndef NETWORK_EXPR_H
#define NETWORK_EXPR_H

#include <netinet/in.h> /* before the kernel's own headers, which then leave its types out */
#include <stdio.h>	/* before libnftnl, which wants its FILE */

#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter/nf_tables.h>

#include "base/util.h"

struct rules_builder {
	struct nftnl_rule *rule;
	const void *arg; /* what the words of a rule are told, where they need it */
	bool failed;	 /* out of memory */
};

/* Registers of 4 bytes each. An interface's name takes four, and parts of a key lie side by side. */
#define REG(n) (NFT_REG32_00 + (n))

/* Append one by its name. Return: it, owned by the rule; NULL: out of memory, which the builder knows */
struct nftnl_expr *expr_add(struct rules_builder *b, const char *name);

void expr_load_meta(struct rules_builder *b, uint32_t key, uint32_t reg);
void expr_load_payload(struct rules_builder *b, uint32_t base, uint32_t offset, uint32_t len, uint32_t reg);
void expr_load_ct(struct rules_builder *b, uint32_t key, uint32_t reg);
void expr_compare(struct rules_builder *b, uint32_t op, uint32_t reg, const void *data, uint32_t len);

/* Only those bits of a register stay. */
void expr_mask(struct rules_builder *b, uint32_t reg, const void *mask, uint32_t len);

/* One of these bits is set in a register. */
void expr_any_bit(struct rules_builder *b, uint32_t reg, uint32_t bits);

enum expr_lookup { EXPR_IN, EXPR_NOT_IN, EXPR_MAP };

/* The key begins at @reg; what a map says lands there too. */
void expr_look_up(struct rules_builder *b, const char *set, uint32_t reg, enum expr_lookup how);

/* @chain: where to jump; NULL for other verdicts */
void expr_verdict(struct rules_builder *b, int code, const char *chain);

#endif
