// SPDX-License-Identifier: Apache-2.0
/*
 * From rules to a program of the type BPF_PROG_TYPE_CGROUP_DEVICE. The kernel calls it with a struct
 * bpf_cgroup_dev_ctx for every open and mknod of a device node: which device, and which of read, write and mknod.
 *
 * The last rule that speaks about an access decides about it. So the program goes through the rules from the last to
 * the first, and keeps in a register which of the accesses asked for are still undecided: a matching rule that allows
 * takes its own away, and none left means yes; a matching rule that denies one of them means no; so does the end.
 *
 * Loading is on the way of every container, and the time goes to the kernel's verifier, which follows each branch. So
 * block and character devices have a section each, and a rule needs one comparison at most.
 */
#include "cgroups/device_program.h"

#include <errno.h>
#include <inttypes.h>

#define ACCESS_ALL (BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE)

/* How the kernel numbers devices: both fit one word. */
#define MINOR_BITS 20
#define MAJOR_MAX  0xfff
#define MINOR_MAX  0xfffff

/* DEVICE is MAJOR and MINOR in one word. */
enum { ANSWER, CONTEXT, TYPE, UNDECIDED, MAJOR, MINOR, DEVICE };

#define RULE_INSNS  10	 /* five in each of the two sections */
#define FRAME_INSNS 15	 /* the prologue, the jump, two ends */
#define RULES_MAX   6000 /* a section longer than a jump would need more */

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

/* dst OP= src, 32 bits */
static void add_alu_reg(struct program *p, uint8_t op, uint8_t dst, uint8_t src)
{
	add(p, (struct bpf_insn){ .code = BPF_ALU | BPF_X | op, .dst_reg = dst, .src_reg = src });
}

/* if (dst OP value) skip @skip instructions, 32 bits */
static void add_jump(struct program *p, uint8_t op, uint8_t dst, uint32_t value, size_t skip)
{
	add(p, (struct bpf_insn){ .code = BPF_JMP32 | BPF_K | op, .dst_reg = dst, .imm = (int32_t)value,
				  .off = (int16_t)skip });
}

static void add_exit(struct program *p)
{
	add(p, (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT });
}

/* The answer is yes until a rule, or the end, says no. The kernel packs the type below the accesses into one word. */
static void add_prologue(struct program *p)
{
	add_load(p, TYPE, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	add_load(p, MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
	add_load(p, MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
	add_alu_reg(p, BPF_MOV, UNDECIDED, TYPE);
	add_alu(p, BPF_RSH, UNDECIDED, 16);
	add_alu(p, BPF_AND, TYPE, 0xffff);
	add_alu_reg(p, BPF_MOV, DEVICE, MAJOR);
	add_alu(p, BPF_LSH, DEVICE, MINOR_BITS);
	add_alu_reg(p, BPF_OR, DEVICE, MINOR);
	add_alu(p, BPF_MOV, ANSWER, 1);
}

static bool given(const struct opt_i64 *number)
{
	return number->set && number->v != -1;
}

static uint32_t access_of(const struct spec_device_rule *rule)
{
	return (rule->read ? BPF_DEVCG_ACC_READ : 0U) | (rule->write ? BPF_DEVCG_ACC_WRITE : 0U) |
	       (rule->mknod ? BPF_DEVCG_ACC_MKNOD : 0U);
}

/* Skip the next @skip instructions if the rule does not speak about the device. */
static void add_condition(struct program *p, const struct spec_device_rule *rule, size_t skip)
{
	bool major = given(&rule->major), minor = given(&rule->minor);

	if (major && minor)
		add_jump(p, BPF_JNE, DEVICE, (uint32_t)rule->major.v << MINOR_BITS | (uint32_t)rule->minor.v, skip);
	else if (major || minor)
		add_jump(p, BPF_JNE, major ? MAJOR : MINOR, (uint32_t)(major ? rule->major.v : rule->minor.v), skip);
}

static void add_rule(struct program *p, const struct spec_device_rule *rule, uint32_t access)
{
	if (!rule->allow) {
		add_condition(p, rule, 4);
		add_jump(p, BPF_JSET, UNDECIDED, access, 1);
		add(p, (struct bpf_insn){ .code = BPF_JMP | BPF_JA, .off = 2 });
		add_alu(p, BPF_MOV, ANSWER, 0);
		add_exit(p);
	} else if (access == ACCESS_ALL) {
		add_condition(p, rule, 1);
		add_exit(p);
	} else {
		add_condition(p, rule, 3);
		add_alu(p, BPF_AND, UNDECIDED, ACCESS_ALL & ~access);
		add_jump(p, BPF_JNE, UNDECIDED, 0, 1);
		add_exit(p);
	}
}

/*
 * The rules about one type of device, the last of @list first.
 *
 * Return: whether the program goes on. It does not after a rule that decides about everything: the verifier refuses
 * instructions that nothing can reach.
 */
static bool add_rules(struct program *p, const struct spec_device_rule *list, size_t n, char type)
{
	for (size_t i = n; i-- > 0;) {
		const struct spec_device_rule *rule = &list[i];
		uint32_t access = access_of(rule);
		bool all = access == ACCESS_ALL && !given(&rule->major) && !given(&rule->minor);

		if (access == 0 || (rule->type != 'a' && rule->type != type))
			continue;
		if (all && !rule->allow)
			add_alu(p, BPF_MOV, ANSWER, 0);
		if (all) {
			add_exit(p);
			return false;
		}
		add_rule(p, rule, access);
	}
	return true;
}

static void add_section(struct program *p, const struct spec_device_rules *rules, bool defaults, char type)
{
	if (defaults && !add_rules(p, default_rules, ARRAY_SIZE(default_rules), type))
		return;
	if (rules && !add_rules(p, rules->v, rules->n, type))
		return;
	add_alu(p, BPF_MOV, ANSWER, 0);
	add_exit(p);
}

static int check_rules(const struct spec_device_rules *rules, struct err *e)
{
	if (rules->n > RULES_MAX)
		return err_say(e, E2BIG, "linux.resources.devices: more than %d rules", RULES_MAX);
	for (size_t i = 0; i < rules->n; i++) {
		const struct spec_device_rule *rule = &rules->v[i];

		if (rule->type != 'a' && rule->type != 'b' && rule->type != 'c')
			return err_say(e, EINVAL, "linux.resources.devices[%zu]: the type is none of a, b and c", i);
		if ((given(&rule->major) && (rule->major.v < 0 || rule->major.v > MAJOR_MAX)) ||
		    (given(&rule->minor) && (rule->minor.v < 0 || rule->minor.v > MINOR_MAX)))
			return err_say(e, EINVAL, "linux.resources.devices[%zu]: no device has the number %" PRId64 ":%" PRId64,
				       i, rule->major.v, rule->minor.v);
	}
	return 0;
}

int device_program(const struct spec_device_rules *rules, bool defaults, struct arena *a, struct bpf_insn **ret,
		   size_t *ret_n, struct err *e)
{
	int r = rules ? check_rules(rules, e) : 0;

	if (r < 0)
		return r;
	defaults |= !rules;
	size_t n_rules = (rules ? rules->n : 0) + ARRAY_SIZE(default_rules);
	struct program p = { .v = arena_array(a, n_rules * RULE_INSNS + FRAME_INSNS, sizeof(*p.v)) };

	if (!p.v)
		return err_nomem(e);
	add_prologue(&p);
	size_t to_chars = p.n;

	add_jump(&p, BPF_JNE, TYPE, BPF_DEVCG_DEV_BLOCK, 0);
	add_section(&p, rules, defaults, 'b');
	p.v[to_chars].off = (int16_t)(p.n - to_chars - 1);
	add_section(&p, rules, defaults, 'c');
	*ret = p.v;
	*ret_n = p.n;
	return 0;
}
