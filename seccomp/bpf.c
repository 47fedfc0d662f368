// SPDX-License-Identifier: Apache-2.0
#include "seccomp/bpf.h"

#include <linux/seccomp.h>

static void emit(struct code *c, struct sock_filter insn)
{
	if (c->n == ARRAY_SIZE(c->insn)) {
		c->full = true;
		return;
	}
	c->insn[c->n++] = insn;
}

void bpf_load(struct code *c, size_t offset)
{
	emit(c, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

void bpf_return(struct code *c, uint32_t action)
{
	emit(c, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

void bpf_jump(struct code *c, uint16_t op, uint32_t value, uint8_t yes, uint8_t no)
{
	emit(c, (struct sock_filter)BPF_JUMP((uint16_t)(BPF_JMP | BPF_K | op), value, yes, no));
}

size_t bpf_skip(struct code *c)
{
	emit(c, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
	return c->n - 1;
}

void bpf_land_skip(struct code *c, size_t skip)
{
	c->insn[skip].k = (uint32_t)(c->n - skip - 1);
}

void bpf_land(struct code *c, size_t from, uint8_t mark)
{
	for (size_t i = from; i < c->n; i++) {
		struct sock_filter *insn = &c->insn[i];
		uint8_t distance = (uint8_t)(c->n - i - 1);

		if (BPF_CLASS(insn->code) != BPF_JMP)
			continue;
		if (insn->jt == mark)
			insn->jt = distance;
		if (insn->jf == mark)
			insn->jf = distance;
	}
}

/* How each operator is tested: by the opposite of another one where BPF has none of its own. */
static const struct {
	uint16_t op;
	bool opposite;
} tests[OP_END] = {
	[OP_NE] = { BPF_JEQ, true },	     [OP_LT] = { BPF_JGE, true },  [OP_LE] = { BPF_JGT, true },
	[OP_EQ] = { BPF_JEQ, false },	     [OP_GE] = { BPF_JGE, false }, [OP_GT] = { BPF_JGT, false },
	[OP_MASKED_EQ] = { BPF_JEQ, false },
};

static void load_masked(struct code *c, size_t offset, uint32_t mask)
{
	bpf_load(c, offset);
	if (mask != UINT32_MAX)
		emit(c, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask));
}

void bpf_condition(struct code *c, const struct spec_seccomp_arg *arg, bool wide)
{
	bool masked = arg->op == OP_MASKED_EQ;
	uint64_t mask = masked ? arg->value : UINT64_MAX, value = masked ? arg->value_two : arg->value;
	size_t low = offsetof(struct seccomp_data, args) + arg->index * sizeof(uint64_t), high = low + 4;
	uint8_t yes = tests[arg->op].opposite ? BPF_FAIL : BPF_PASS;
	uint8_t no = tests[arg->op].opposite ? BPF_PASS : BPF_FAIL;
	uint16_t op = tests[arg->op].op;
	size_t start = c->n;

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	high = low;
	low += 4;
#endif
	if (wide && (mask >> 32 || value >> 32)) {
		load_masked(c, high, (uint32_t)(mask >> 32));
		if (op != BPF_JEQ)
			bpf_jump(c, BPF_JGT, (uint32_t)(value >> 32), yes, 0);
		bpf_jump(c, BPF_JEQ, (uint32_t)(value >> 32), 0, no); /* equal: the low half decides */
	}
	load_masked(c, low, (uint32_t)mask);
	bpf_jump(c, op, (uint32_t)value, yes, no);
	bpf_land(c, start, BPF_PASS);
}
