// SPDX-License-Identifier: Apache-2.0
#include "network/expr.h"

struct nftnl_expr *expr_add(struct rules_builder *b, const char *name)
{
	struct nftnl_expr *x = nftnl_expr_alloc(name);

	if (x)
		nftnl_rule_add_expr(b->rule, x);
	else
		b->failed = true;
	return x;
}

void expr_load_meta(struct rules_builder *b, uint32_t key, uint32_t reg)
{
	struct nftnl_expr *x = expr_add(b, "meta");

	if (!x)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(x, NFTNL_EXPR_META_DREG, reg);
}

void expr_load_payload(struct rules_builder *b, uint32_t base, uint32_t offset, uint32_t len, uint32_t reg)
{
	struct nftnl_expr *x = expr_add(b, "payload");

	if (!x)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_BASE, base);
	nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_LEN, len);
	nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_DREG, reg);
}

void expr_load_ct(struct rules_builder *b, uint32_t key, uint32_t reg)
{
	struct nftnl_expr *x = expr_add(b, "ct");

	if (!x)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_CT_KEY, key);
	nftnl_expr_set_u32(x, NFTNL_EXPR_CT_DREG, reg);
}

void expr_compare(struct rules_builder *b, uint32_t op, uint32_t reg, const void *data, uint32_t len)
{
	struct nftnl_expr *x = expr_add(b, "cmp");

	if (!x)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_CMP_OP, op);
	nftnl_expr_set_u32(x, NFTNL_EXPR_CMP_SREG, reg);
	nftnl_expr_set(x, NFTNL_EXPR_CMP_DATA, data, len);
}

void expr_mask(struct rules_builder *b, uint32_t reg, const void *mask, uint32_t len)
{
	static const uint8_t zeros[16];
	struct nftnl_expr *x = expr_add(b, "bitwise");

	if (!x)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_BITWISE_SREG, reg);
	nftnl_expr_set_u32(x, NFTNL_EXPR_BITWISE_DREG, reg);
	nftnl_expr_set_u32(x, NFTNL_EXPR_BITWISE_LEN, len);
	nftnl_expr_set(x, NFTNL_EXPR_BITWISE_MASK, mask, len);
	nftnl_expr_set(x, NFTNL_EXPR_BITWISE_XOR, zeros, len);
}

void expr_any_bit(struct rules_builder *b, uint32_t reg, uint32_t bits)
{
	expr_mask(b, reg, &bits, sizeof(bits));
	expr_compare(b, NFT_CMP_NEQ, reg, &(uint32_t){ 0 }, sizeof(uint32_t));
}

void expr_look_up(struct rules_builder *b, const char *set, uint32_t reg, enum expr_lookup how)
{
	struct nftnl_expr *x = expr_add(b, "lookup");

	if (!x)
		return;
	nftnl_expr_set_str(x, NFTNL_EXPR_LOOKUP_SET, set);
	nftnl_expr_set_u32(x, NFTNL_EXPR_LOOKUP_SREG, reg);
	if (how == EXPR_NOT_IN)
		nftnl_expr_set_u32(x, NFTNL_EXPR_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
	if (how == EXPR_MAP)
		nftnl_expr_set_u32(x, NFTNL_EXPR_LOOKUP_DREG, reg);
}

void expr_verdict(struct rules_builder *b, int code, const char *chain)
{
	struct nftnl_expr *x = expr_add(b, "immediate");

	if (!x)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(x, NFTNL_EXPR_IMM_VERDICT, (uint32_t)code);
	if (chain)
		nftnl_expr_set_str(x, NFTNL_EXPR_IMM_CHAIN, chain);
}

