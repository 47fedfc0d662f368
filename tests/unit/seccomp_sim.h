/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp_sim.h: what the kernel would answer to a system call, by running filters over struct seccomp_data here. */
#ifndef TESTS_SECCOMP_SIM_H
#define TESTS_SECCOMP_SIM_H

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdlib.h>

#include "seccomp/seccomp.h"

#if defined(__x86_64__)
#define SIM_NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define SIM_NATIVE_ARCH AUDIT_ARCH_AARCH64
#endif
#define SIM_INVALID 0xdeadbeefU /* no answer of any filter: the program is broken */

struct sim {
	uint32_t a, x, mem[BPF_MEMWORDS];
	bool saw_args; /* the answer may depend on arguments */
};

static inline bool sim_jump(uint16_t op, uint32_t a, uint32_t b)
{
	switch (op) {
	case BPF_JEQ:
		return a == b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	default:
		return a & b; /* BPF_JSET */
	}
}

static inline uint32_t sim_load(struct sim *s, const struct seccomp_data *d, uint32_t offset)
{
	uint32_t v = 0;

	if (offset >= offsetof(struct seccomp_data, args))
		s->saw_args = true;
	memcpy(&v, (const char *)d + offset, sizeof(v));
	return v;
}

/* One filter's answer. The instructions are those that seccomp(2) takes and libseccomp writes; any other is invalid. */
static inline uint32_t sim_filter(const struct seccomp_filter *f, const struct seccomp_data *d, struct sim *s)
{
	for (size_t pc = 0; pc < f->n; pc++) {
		const struct sock_filter *i = &f->code[pc];

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (i->k % 4 || i->k >= sizeof(*d))
				return SIM_INVALID;
			s->a = sim_load(s, d, i->k);
			break;
		case BPF_LD | BPF_MEM:
			s->a = s->mem[i->k % BPF_MEMWORDS];
			break;
		case BPF_ST:
			s->mem[i->k % BPF_MEMWORDS] = s->a;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			s->a &= i->k;
			break;
		case BPF_JMP | BPF_JA:
			pc += i->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
		case BPF_JMP | BPF_JGT | BPF_K:
		case BPF_JMP | BPF_JGE | BPF_K:
		case BPF_JMP | BPF_JSET | BPF_K:
			pc += sim_jump(BPF_OP(i->code), s->a, i->k) ? i->jt : i->jf;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		default:
			return SIM_INVALID;
		}
	}
	return SIM_INVALID; /* ran off the end */
}

/* The answer of all filters, found as the kernel does: the youngest first, an older one counts where it is stricter. */
static inline uint32_t sim_plan(const struct seccomp_plan *p, const struct seccomp_data *d, bool *ret_saw_args)
{
	uint32_t answer = SECCOMP_RET_ALLOW;
	struct sim s = { 0 };

	for (size_t i = p->n; i-- > 0;) {
		uint32_t a = sim_filter(&p->filters[i], d, &s);

		if (a == SIM_INVALID)
			return a;
		if ((int32_t)(a & SECCOMP_RET_ACTION_FULL) < (int32_t)(answer & SECCOMP_RET_ACTION_FULL))
			answer = a;
	}
	if (ret_saw_args)
		*ret_saw_args = s.saw_args;
	return answer;
}

static inline uint32_t sim_call(const struct seccomp_plan *p, uint32_t arch, long nr, const uint64_t args[6])
{
	struct seccomp_data d = { .nr = (int)nr, .arch = arch };

	if (args)
		memcpy(d.args, args, sizeof(d.args));
	return sim_plan(p, &d, NULL);
}

#endif
