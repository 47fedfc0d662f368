// SPDX-License-Identifier: Apache-2.0
/*
 * libseccomp refuses numbers it has no name for as soon as a filter is for more than one architecture, and it knows no
 * "everything above". Its programs begin by loading the architecture, whatever the accumulator holds, and all jumps are
 * relative: so instructions can be put in front of them. For each ABI:
 *
 *	load arch; other arch? next ABI
 *	load number
 *	below all newer calls? skip them
 *	equal to one of them? return its action	      (for each that the rules name)
 *	between newest and the ABI's end? return ENOSYS
 */
#include "seccomp/prologue.h"

#include <errno.h>
#include <linux/seccomp.h>

#define LOAD(member) ((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member)))
#define RETURN(what) ((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, what))
#define JUMP(op, value, yes, no) ((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_K | (op), value, yes, no))

static void emit(struct code *c, struct sock_filter insn)
{
	if (c->n == ARRAY_SIZE(c->insn)) {
		c->full = true;
		return;
	}
	c->insn[c->n++] = insn;
}

/* A jump forward over what is emitted between the two calls, taken where its condition does not hold. */
static size_t open_block(struct code *c, unsigned short op, uint32_t value)
{
	emit(c, JUMP(op, value, 0, 0));
	return c->n - 1;
}

static void close_block(struct code *c, size_t jump)
{
	c->insn[jump].jf = (uint8_t)(c->n - jump - 1);
}

/* A block holds two instructions for each newer call and at most eight more: an 8-bit jump passes over it. */
#define NEWER_CALLS_MAX 100

static bool names_call(const struct rule *r, const char *name)
{
	for (size_t i = 0; i < r->n_names; i++)
		if (streq(r->names[i], name))
			return true;
	return false;
}

/*
 * The rule that counts for a call: the first that names it, one that says what the default says only if there is no other,
 * as in what libseccomp makes of the rest. Arguments are not looked at here: a rule that depends on them counts where it
 * is stricter than the default, else it is as if it were not there.
 */
static const struct rule *rule_about(const struct program *g, const char *name)
{
	const struct rule *as_default = NULL;

	for (size_t i = 0; i < g->n; i++) {
		const struct rule *r = &g->rules[i];

		if (r->n_args && !action_stricter(r->action, g->default_action))
			continue;
		if (!names_call(r, name))
			continue;
		if (r->action != g->default_action)
			return r;
		as_default = r;
	}
	return as_default;
}

static void emit_newer_calls(struct code *c, const struct program *g, const struct abi *abi)
{
	assert(newer_calls_count <= NEWER_CALLS_MAX);
	size_t block = open_block(c, BPF_JGE, abi->base + newer_calls[0].number);

	for (size_t i = 0; i < newer_calls_count; i++) {
		const struct rule *r = rule_about(g, newer_calls[i].name);
		int64_t number = r ? newer_call_number(&newer_calls[i], abi) : -1;

		if (number < 0)
			continue;
		emit(c, JUMP(BPF_JEQ, (uint32_t)number, 0, 1));
		emit(c, RETURN(r->action));
	}
	close_block(c, block);
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
	emit(c, JUMP(BPF_JGT, (uint32_t)newest, 0, 2));
	emit(c, JUMP(BPF_JGE, abi->end, 1, 0));
	emit(c, RETURN(SECCOMP_RET_ERRNO | ENOSYS));
}

static void emit_abi(struct code *c, const struct program *g, const struct abi *abi)
{
	emit(c, LOAD(arch));
	size_t block = open_block(c, BPF_JEQ, abi->audit);

	emit(c, LOAD(nr));
	emit_newer_calls(c, g, abi);
	int64_t newest = g->newer_enosys ? newest_named(g, abi) : -1;

	if (newest >= 0)
		emit_enosys_above(c, abi, newest);
	close_block(c, block);
}

static bool names_newer_calls(const struct program *g)
{
	for (size_t i = 0; i < newer_calls_count; i++)
		if (rule_about(g, newer_calls[i].name))
			return true;
	return false;
}

void prologue_emit(const struct policy *p, const struct program *g, struct code *c)
{
	if (!g->newer_enosys && !names_newer_calls(g))
		return;
	for (size_t i = 0; i < abi_count; i++)
		if (p->abis & BIT(i))
			emit_abi(c, g, &abi_table[i]);
}
