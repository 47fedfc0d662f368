// SPDX-License-Identifier: Apache-2.0
/*
 * libseccomp 2.5 forgets a rule with arguments beside one without, has an order of its own among several rules with
 * arguments, and for some pairs of them generates code that compares the wrong word. It refuses numbers it has no name
 * for as soon as there are two architectures, and it knows no "everything above". What it does well is the great mass: a
 * search tree over calls that are allowed or refused as they stand.
 *
 * Its programs begin by loading the architecture, whatever the accumulator holds, and all jumps are relative: so
 * instructions can be put in front of them. For each ABI:
 *
 *	load arch; other arch? next ABI
 *	load number
 *	a rule's number, and its arguments match? return its action	(strictest rules first)
 *	a newer call's number? return its action
 *	between the newest named call and the ABI's end? return ENOSYS
 */
#include "seccomp/prologue.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>

#define ARCH   offsetof(struct seccomp_data, arch)
#define NUMBER offsetof(struct seccomp_data, nr)

static const uint32_t strictest_first[] = {
	SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP, SECCOMP_RET_ERRNO,
	SECCOMP_RET_USER_NOTIF,	  SECCOMP_RET_TRACE,	   SECCOMP_RET_LOG,  SECCOMP_RET_ALLOW,
};

static bool names_call(const struct rule *r, const char *name)
{
	for (size_t i = 0; i < r->n_names; i++)
		if (streq(r->names[i], name))
			return true;
	return false;
}

/* The rule without arguments that counts for a call: the first; one that only repeats the default, if there is no other. */
static const struct rule *unconditional(const struct program *g, const char *name)
{
	const struct rule *as_default = NULL;

	for (size_t i = 0; i < g->n; i++) {
		const struct rule *r = &g->rules[i];

		if (r->n_args || !names_call(r, name))
			continue;
		if (r->action != g->default_action)
			return r;
		as_default = r;
	}
	return as_default;
}

/* Entered and left with the number in the accumulator. */
static void emit_test(struct code *c, const struct abi *abi, int64_t number, const struct rule *r)
{
	size_t start = c->n;

	bpf_jump(c, BPF_JEQ, (uint32_t)number, 0, BPF_PASS);
	size_t conditions = c->n;

	for (size_t i = 0; i < r->n_args; i++)
		bpf_condition(c, &r->args[i], abi->token & __AUDIT_ARCH_64BIT);
	bpf_return(c, r->action);
	bpf_land(c, conditions, BPF_FAIL);
	bpf_load(c, NUMBER);
	bpf_land(c, start, BPF_PASS);
}

/*
 * Some old ABIs reach sockets and System V objects by one call too, with what it is about in its first argument and the
 * arguments in memory. A rule that would have to look there counts whatever they are if it refuses, and not if it allows.
 */
static void emit_multiplexed(struct code *c, const struct program *g, const struct abi *abi, const struct rule *r,
			     const char *name)
{
	struct multiplexed m;

	if (!action_stricter(r->action, g->default_action) || !abi_multiplexed(name, abi, &m))
		return;
	struct spec_seccomp_arg which = { .index = 0, .op = OP_EQ, .value = m.which };
	struct rule all = { .action = r->action, .args = &which, .n_args = 1 };

	emit_test(c, abi, m.number, &all);
}

static void emit_rule(struct code *c, const struct program *g, const struct abi *abi, const struct rule *r)
{
	for (size_t i = 0; i < r->n_names && !c->full; i++) {
		const struct rule *other = unconditional(g, r->names[i]);
		int64_t number = abi_call_number(r->names[i], abi);

		if (other && other->action != g->default_action && !action_stricter(r->action, other->action))
			continue;
		if (number >= 0)
			emit_test(c, abi, number, r);
		emit_multiplexed(c, g, abi, r, r->names[i]);
	}
}

static void emit_rules_with_arguments(struct code *c, const struct program *g, const struct abi *abi)
{
	for (size_t s = 0; s < ARRAY_SIZE(strictest_first); s++)
		for (size_t i = 0; i < g->n; i++)
			if (g->rules[i].n_args && (g->rules[i].action & SECCOMP_RET_ACTION_FULL) == strictest_first[s])
				emit_rule(c, g, abi, &g->rules[i]);
}

static void emit_newer_calls(struct code *c, const struct program *g, const struct abi *abi)
{
	for (size_t i = 0; i < newer_calls_count; i++) {
		const struct rule *r = unconditional(g, newer_calls[i].name);
		int64_t number = r ? newer_call_number(&newer_calls[i], abi) : -1;

		if (number < 0)
			continue;
		bpf_jump(c, BPF_JEQ, (uint32_t)number, 0, 1);
		bpf_return(c, r->action);
	}
}

/* The highest number that any rule names, or -1. */
static int64_t newest_named(const struct program *g, const struct abi *abi)
{
	int64_t newest = -1;

	for (size_t i = 0; i < g->n; i++) {
		for (size_t k = 0; k < g->rules[i].n_names; k++) {
			int64_t number = abi_call_number(g->rules[i].names[k], abi);

			newest = MAX(newest, number);
		}
	}
	return newest;
}

static void emit_enosys_above(struct code *c, const struct abi *abi, int64_t newest)
{
	bpf_jump(c, BPF_JGT, (uint32_t)newest, 0, 2);
	bpf_jump(c, BPF_JGE, abi->end, 1, 0);
	bpf_return(c, SECCOMP_RET_ERRNO | ENOSYS);
}

static void emit_abi(struct code *c, const struct program *g, const struct abi *abi)
{
	bpf_load(c, ARCH);
	bpf_jump(c, BPF_JEQ, abi->audit, 1, 0);
	size_t skip = c->n;

	bpf_skip(c, 0);
	bpf_load(c, NUMBER);
	emit_rules_with_arguments(c, g, abi);
	emit_newer_calls(c, g, abi);
	int64_t newest = g->newer_enosys ? newest_named(g, abi) : -1;

	if (newest >= 0)
		emit_enosys_above(c, abi, newest);
	c->insn[skip].k = (uint32_t)(c->n - skip - 1);
}

void prologue_emit(const struct policy *p, const struct program *g, struct code *c)
{
	uint32_t abis = g->native_only ? BIT(abi_native()) : p->abis;

	for (size_t i = 0; i < abi_count; i++)
		if (abis & BIT(i) && abi_table[i].token)
			emit_abi(c, g, &abi_table[i]);
}
