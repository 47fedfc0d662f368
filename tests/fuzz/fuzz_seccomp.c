// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer: the JSON of a linux.seccomp to filters, and what these answer against what the rules say.
 *
 *	clang -fsanitize=fuzzer,address,undefined … tests/fuzz/fuzz_seccomp.c
 */
#include <stdio.h>

#include "tests/unit/seccomp_oracle.h"
#include "tests/unit/seccomp_sim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Slow profiles find nothing that small ones do not. */
#define INPUT_MAX 4096

static void fail(int64_t number, const uint64_t *args, uint32_t got, uint32_t want)
{
	fprintf(stderr, "call %lld(0x%llx, 0x%llx, …): 0x%x instead of 0x%x\n", (long long)number,
		(unsigned long long)args[0], (unsigned long long)args[1], got, want);
	abort();
}

static void check_call(const struct spec_seccomp *s, const struct seccomp_plan *p, int64_t number, const uint64_t *args)
{
	uint32_t got = sim_call(p, SIM_NATIVE_ARCH, (long)number, args), want = oracle_answer(s, number, args);

	if (got != want)
		fail(number, args, got, want);
}

/* The values a rule compares with, and their neighbours. */
static void check_rule(const struct spec_seccomp *s, const struct seccomp_plan *p, const struct spec_seccomp_rule *r,
		       int64_t number)
{
	uint64_t args[6] = { 0 };

	check_call(s, p, number, args);
	for (size_t i = 0; i < r->n_args; i++) {
		uint64_t *arg = &args[r->args[i].index], value = r->args[i].value, two = r->args[i].value_two;
		const uint64_t values[] = { value - 1, value + 1, two, value | two, value ^ 1ULL << 32, value };

		for (size_t k = 0; k < ARRAY_SIZE(values); k++) {
			*arg = values[k];
			check_call(s, p, number, args);
		}
	}
}

static void check(const struct spec_seccomp *s, const struct seccomp_plan *p)
{
	static const int64_t others[] = { 0, 59, 300, 462, 9999 };
	const struct abi *abi = &abi_table[abi_native()];

	for (size_t i = 0; i < s->n_rules; i++) {
		for (size_t k = 0; k < s->rules[i].names.n; k++) {
			int64_t number = abi_call_number(s->rules[i].names.v[k], abi);

			if (number >= 0)
				check_rule(s, p, &s->rules[i], number);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		check_call(s, p, others[i], (uint64_t[6]){ 0 });
	for (uint32_t arch = 0; arch < abi_count; arch++)
		if (sim_call(p, abi_table[arch].audit, abi_table[arch].base + 20, NULL) == SIM_INVALID)
			fail(20, (uint64_t[6]){ 0 }, SIM_INVALID, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	auto_arena struct arena arena = { 0 };
	auto_seccomp_plan struct seccomp_plan plan = { 0 };
	struct spec_seccomp s;
	struct err e;

	if (len > INPUT_MAX || spec_decode_seccomp((const char *)data, len, &arena, &s, &e) < 0)
		return 0;
	if (seccomp_from_spec(&s, -1, &plan, &e) == 0)
		check(&s, &plan);
	return 0;
}
