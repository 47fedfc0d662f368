// SPDX-License-Identifier: Apache-2.0
/*
 * From rules to a program of the type BPF_PROG_TYPE_CGROUP_DEVICE. The kernel calls it with a struct bpf_cgroup_dev_ctx
 * for every open and mknod of a device node: which device, and which of read, write and mknod.
 *
 * The last rule that speaks about an access decides about it. So the program goes through the rules from the last to the
 * first, and keeps in a register which of the accesses asked for are still undecided: a matching rule that allows takes
 * its own away, and none left means yes; a matching rule that denies one of them means no; so does the end.
 */
#include "cgroups/device_program.h"

#include <errno.h>
#include <inttypes.h>

#define ACCESS_ALL (BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE)

enum { ANSWER = BPF_REG_0, CONTEXT = BPF_REG_1, TYPE = BPF_REG_2, UNDECIDED = BPF_REG_3, MAJOR = BPF_REG_4, MINOR = BPF_REG_5 };

#define RULE_INSNS  7 /* three conditions, four instructions to decide */
#define FRAME_INSNS 8 /* before and after the rules */

#define NUMBER(n) { .set = true, .v = (n) }
#define ALLOW(...) { .allow = true, .type = 'c', .read = true, .write = true, .mknod = true, __VA_ARGS__ }

static const struct spec_device_rule default_rules[] = {
	{ .allow = true, .type = 'a', .mknod = true }, /* a node may be made: using it is another matter */
	ALLOW(.major = NUMBER(1), .minor = NUMBER(3)), /* null */
	ALLOW(.major = NUMBER(1), .minor = NUMBER(5)), /* zero */
	ALLOW(.major = NUMBER(1), .minor = NUMBER(7)), /* full */
	ALLOW(.major = NUMBER(1), .minor = NUMBER(8)), /* random */
	ALLOW(.major = NUMBER(1), .minor = NUMBER(9)), /* urandom */
	ALLOW(.major = NUMBER(5), .minor = NUMBER(0)), /* tty */
	ALLOW(.major = NUMBER(5), .minor = NUMBER(1)), /* console */
	ALLOW(.major = NUMBER(5), .minor = NUMBER(2)), /* ptmx */
	ALLOW(.major = NUMBER(136)),		       /* pts/N */
};

struct program {
	struct bpf_insn *v;
	size_t n;
};

static void add(struct program *p, struct bpf_insn insn)
{
	p->v[p->n++] = insn;
}

/* dst = *(u32 *)(CONTEXT + offset) */
static void add_load(struct program *p, uint8_t dst, size_t offset)
{
	add(p, (struct bpf_insn){ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = dst, .src_reg = CONTEXT,
				  .off = (int16_t)offset });
}

/* dst OP= value, 32 bits */
static void add_alu(struct program *p, uint8_t op, uint8_t dst, uint32_t value)
{
	add(p, (struct bpf_insn){ .code = BPF_ALU | BPF_K | op, .dst_reg = dst, .imm = (int32_t)value });
}

/* if (dst OP value) skip @skip instructions, 32 bits */
static void add_jump(struct program *p, uint8_t op, uint8_t dst, uint32_t value, size_t skip)
{
	add(p, (struct bpf_insn){ .code = BPF_JMP32 | BPF_K | op, .dst_reg = dst, .imm = (int32_t)value,
				  .off = (int16_t)skip });
}

static void add_answer(struct program *p, bool allow)
{
	add_alu(p, BPF_MOV, ANSWER, allow);
	add(p, (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT });
}

/* The kernel packs two things into one word: the type below, the accesses above. */
static void add_prologue(struct program *p)
{
	add_load(p, TYPE, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	add(p, (struct bpf_insn){ .code = BPF_ALU | BPF_X | BPF_MOV, .dst_reg = UNDECIDED, .src_reg = TYPE });
	add_alu(p, BPF_AND, TYPE, 0xffff);
	add_alu(p, BPF_RSH, UNDECIDED, 16);
	add_load(p, MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
	add_load(p, MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
}

struct condition {
	uint8_t reg;
	uint32_t value;
};

static int add_number(struct condition *list, size_t *n, uint8_t reg, const struct opt_i64 *number, struct err *e)
{
	if (!number->set || number->v == -1)
		return 0;
	if (number->v < 0 || number->v > UINT32_MAX)
		return err_say(e, EINVAL, "%" PRId64 " is no device number", number->v);
	list[(*n)++] = (struct condition){ reg, (uint32_t)number->v };
	return 0;
}

/* What must hold for the rule to speak about a device. Return: 0, or -EINVAL with @e filled */
static int conditions(const struct spec_device_rule *rule, struct condition list[3], size_t *ret_n, struct err *e)
{
	size_t n = 0;

	if (rule->type != 'a' && rule->type != 'b' && rule->type != 'c')
		return err_say(e, EINVAL, "a device rule is for a, b or c");
	if (rule->type != 'a')
		list[n++] = (struct condition){ TYPE, rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR };
	int r = add_number(list, &n, MAJOR, &rule->major, e);

	if (r == 0)
		r = add_number(list, &n, MINOR, &rule->minor, e);
	*ret_n = n;
	return r;
}

static uint32_t access_of(const struct spec_device_rule *rule)
{
	return (rule->read ? BPF_DEVCG_ACC_READ : 0U) | (rule->write ? BPF_DEVCG_ACC_WRITE : 0U) |
	       (rule->mknod ? BPF_DEVCG_ACC_MKNOD : 0U);
}

static int add_rule(struct program *p, const struct spec_device_rule *rule, struct err *e)
{
	enum { DECIDE = 4 }; /* instructions after the conditions: a condition that fails skips them all */
	struct condition list[3];
	uint32_t access = access_of(rule);
	size_t n = 0;
	int r = conditions(rule, list, &n, e);

	if (r < 0 || access == 0)
		return r;
	for (size_t i = 0; i < n; i++)
		add_jump(p, BPF_JNE, list[i].reg, list[i].value, n - 1 - i + DECIDE);
	if (rule->allow) {
		add_alu(p, BPF_AND, UNDECIDED, ACCESS_ALL & ~access);
		add_jump(p, BPF_JNE, UNDECIDED, 0, 2);
	} else {
		add_jump(p, BPF_JSET, UNDECIDED, access, 1);
		add(p, (struct bpf_insn){ .code = BPF_JMP | BPF_JA, .off = 2 });
	}
	add_answer(p, rule->allow);
	return 0;
}

int device_program(const struct spec_device_rules *rules, bool defaults, struct arena *a, struct bpf_insn **ret,
		   size_t *ret_n, struct err *e)
{
	size_t n_rules = rules ? rules->n : 0, n_defaults = defaults || !rules ? ARRAY_SIZE(default_rules) : 0;
	struct program p = { .v = arena_array(a, (n_rules + n_defaults) * RULE_INSNS + FRAME_INSNS, sizeof(*p.v)) };
	int r = 0;

	if (!p.v)
		return err_nomem(e);
	add_prologue(&p);
	for (size_t i = n_defaults; r == 0 && i-- > 0;)
		r = add_rule(&p, &default_rules[i], e);
	for (size_t i = n_rules; r == 0 && i-- > 0;)
		r = add_rule(&p, &rules->v[i], e);
	if (r < 0)
		return err_wrap(e, "linux.resources.devices");
	add_answer(&p, false);
	*ret = p.v;
	*ret_n = p.n;
	return 0;
}
