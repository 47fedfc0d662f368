/* SPDX-License-Identifier: Apache-2.0 */
/* bpf.h: classic BPF, one instruction after the other. */
#ifndef SECCOMP_BPF_H
#define SECCOMP_BPF_H

#include <linux/filter.h>

#include "base/util.h"
#include "spec/spec.h"

/* A program that grows. */
struct code {
	struct sock_filter insn[BPF_MAXINSNS];
	size_t n;
	bool full; /* something did not fit */
};

/* Jumps whose distance is not known yet, in the jt or jf of an instruction; real ones never get so long. */
enum { BPF_PASS = 254, BPF_FAIL = 255 };

void bpf_load(struct code *c, size_t offset); /* of a 32-bit word in struct seccomp_data */
void bpf_return(struct code *c, uint32_t action);
/* @op: BPF_JEQ, BPF_JGT or BPF_JGE; @yes and @no: how many instructions to pass over, or a mark */
void bpf_jump(struct code *c, uint16_t op, uint32_t value, uint8_t yes, uint8_t no);

/* Jump over everything up to bpf_land_skip(), however much it is. */
size_t bpf_skip(struct code *c);
void bpf_land_skip(struct code *c, size_t skip);

/* Let the jumps marked @mark, from the instruction @from on, lead to the next instruction that will be emitted. */
void bpf_land(struct code *c, size_t from, uint8_t mark);

/**
 * bpf_condition() - Test one argument of a call: fall through where it holds, else jump to BPF_FAIL
 * @wide:	Compare all 64 bits; false: the low 32, for ABIs whose registers have no more
 */
void bpf_condition(struct code *c, const struct spec_seccomp_arg *arg, bool wide);

#endif
