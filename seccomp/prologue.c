// SPDX-License-Identifier: Apache-2.0
/*
 * libseccomp 2.5 forgets a rule with arguments beside one without, has an order of its own among several rules with
 * arguments, and for some pairs of them generates code that compares the wrong word. It refuses numbers it has no
 * name for as soon as there are two architectures, and it knows no "everything above". What it does well is the great
 * mass: a search tree over calls that are allowed or refused as they stand.
 *
 * Its programs begin by loading the architecture, whatever the accumulator holds, and all jumps are relative: so
 * instructions can be put in front of them. For each ABI:
 *
 *	load arch; other arch? next ABI
 *	load number
 *	a call that has rules with arguments? for each, the strictest first: do they match? return its action
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

/* The rule without arguments that counts for a call: the first, but one that repeats the default only if it is alone. */
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

/* Whether a rule has arguments, and something to say about a call: it does not loosen what a rule without them says. */
static bool counts(const struct program *g, const struct rule *r, const char *name)
{
	if (!r->n_args || !names_call(r, name))
		return false;
	const struct rule *all = unconditional(g, name);

	return !all || all->action == g->default_action || action_stricter(r->action, all->action);
}

/* Go on only with calls of one number, which is in the accumulator. Return: for close_call() */
static size_t open_call(struct code *c, int64_t number)
{
	bpf_jump(c, BPF_JEQ, (uint32_t)number, 1, 0);
	return bpf_skip(c);
}

static void close_call(struct code *c, size_t skip)
{
	bpf_load(c, NUMBER);
	bpf_land_skip(c, skip);
}

/*
 * What the kernel will not look at is not compared either: with all 64 bits, 38 and 1 << 32 would pass for a family other
 * than AF_ALG, and be taken for it.
 */
static void emit_conditions(struct code *c, const struct abi *abi, const char *name, const struct spec_seccomp_arg *args,
			    size_t n, uint32_t action)
{
	size_t start = c->n;

	for (size_t i = 0; i < n; i++) {
		bool wide = (abi->token & __AUDIT_ARCH_64BIT) && !abi_arg_is_int(name, args[i].index);

		bpf_condition(c, &args[i], wide);
	}
	bpf_return(c, action);
	bpf_land(c, start, BPF_FAIL);
}

static void emit_direct(struct code *c, const struct program *g, const struct abi *abi, const char *name)
{
	int64_t number = abi_call_number(name, abi);

	if (number < 0)
		return;
	size_t call = open_call(c, number);

	for (size_t s = 0; s < ARRAY_SIZE(strictest_first); s++) {
		for (size_t i = 0; i < g->n; i++) {
			const struct rule *r = &g->rules[i];

			if ((r->action & SECCOMP_RET_ACTION_FULL) == strictest_first[s] && counts(g, r, name))
				emit_conditions(c, abi, name, r->args, r->n_args, r->action);
		}
	}
	close_call(c, call);
}

/*
 * Some old ABIs reach sockets and System V objects by one call too, with what it is about in its first argument and the
 * arguments in memory. A rule that would have to look there counts whatever they are if it refuses, and not if it
 * allows; but who names that one call itself is taken at his word.
 */
static void emit_multiplexed(struct code *c, const struct program *g, const struct abi *abi, const char *name)
{
	const struct rule *strictest = NULL;
	struct multiplexed m;

	if (!abi_multiplexed(name, abi, &m) || unconditional(g, m.call))
		return;
	for (size_t i = 0; i < g->n; i++)
		if (counts(g, &g->rules[i], name) && action_stricter(g->rules[i].action, g->default_action) &&
		    (!strictest || action_stricter(g->rules[i].action, strictest->action)))
			strictest = &g->rules[i];
	if (!strictest)
		return;
	struct spec_seccomp_arg which = { .index = 0, .op = OP_EQ, .value = m.which };
	size_t call = open_call(c, m.number);

	emit_conditions(c, abi, m.call, &which, 1, strictest->action);
	close_call(c, call);
}

/* Whether the rules up to one, and its names up to another, have a rule with arguments for the same call already. */
static bool seen(const struct program *g, size_t rule, size_t name)
{
	const char *call = g->rules[rule].names[name];

	for (size_t i = 0; i <= rule; i++)
		for (size_t k = 0; g->rules[i].n_args && k < (i < rule ? g->rules[i].n_names : name); k++)
			if (streq(g->rules[i].names[k], call))
				return true;
	return false;
}

static void emit_rules_with_arguments(struct code *c, const struct program *g, const struct abi *abi)
{
	for (size_t i = 0; i < g->n; i++) {
		const struct rule *r = &g->rules[i];

		for (size_t k = 0; r->n_args && k < r->n_names && !c->full; k++) {
			if (seen(g, i, k))
				continue;
			emit_direct(c, g, abi, r->names[k]);
			emit_multiplexed(c, g, abi, r->names[k]);
		}
	}
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
	size_t skip = bpf_skip(c);

	bpf_load(c, NUMBER);
	emit_rules_with_arguments(c, g, abi);
	emit_newer_calls(c, g, abi);
	int64_t newest = g->newer_enosys ? newest_named(g, abi) : -1;

	if (newest >= 0)
		emit_enosys_above(c, abi, newest);
	bpf_land_skip(c, skip);
}

void prologue_emit(const struct policy *p, const struct program *g, struct code *c)
{
	uint32_t abis = g->native_only ? abi_bit(abi_native()) : p->abis;

	for (size_t i = 0; i < abi_count; i++)
		if (abis & BIT(i) && abi_table[i].token)
			emit_abi(c, g, &abi_table[i]);
}
