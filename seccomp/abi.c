// SPDX-License-Identifier: Apache-2.0
#include "seccomp/abi.h"

#include <seccomp.h>

#include "base/fd.h"

#define X32_BIT	   0x40000000U
#define NUMBER_END 0xffffffffU /* -1 is what a tracer writes to skip a call; it belongs to no range */

/* Calls that were once reached by socketcall or ipc only got numbers of their own in this range, everywhere. */
#define DIRECT_FIRST 300
#define DIRECT_END   424

/* libseccomp's tokens are the kernel's audit values, but for x32. */
#define ABI(word)		     { "SCMP_ARCH_" #word, SCMP_ARCH_##word, SCMP_ARCH_##word, 0, NUMBER_END }
#define ABI_BASE(word, base, room)   { "SCMP_ARCH_" #word, SCMP_ARCH_##word, SCMP_ARCH_##word, base, (base) + (room) }

const struct abi abi_table[] = {
	{ "SCMP_ARCH_X86_64", SCMP_ARCH_X86_64, SCMP_ARCH_X86_64, 0, X32_BIT },
	{ "SCMP_ARCH_X32", SCMP_ARCH_X32, SCMP_ARCH_X86_64, X32_BIT, NUMBER_END },
	ABI(X86),
	ABI(ARM),
	ABI(AARCH64),
	ABI_BASE(MIPS, 4000, 1000),
	ABI_BASE(MIPS64, 5000, 1000),
	ABI_BASE(MIPS64N32, 6000, 1000),
	ABI_BASE(MIPSEL, 4000, 1000),
	ABI_BASE(MIPSEL64, 5000, 1000),
	ABI_BASE(MIPSEL64N32, 6000, 1000),
	ABI(PARISC),
	ABI(PARISC64),
	ABI(PPC),
	ABI(PPC64),
	ABI(PPC64LE),
	ABI(RISCV64),
	ABI(S390),
	ABI(S390X),
#ifdef SCMP_ARCH_LOONGARCH64
	ABI(LOONGARCH64),
#else
	{ .name = "SCMP_ARCH_LOONGARCH64" },
#endif
#ifdef SCMP_ARCH_M68K
	ABI(M68K),
	ABI(SH),
	ABI(SHEB),
#else
	{ .name = "SCMP_ARCH_M68K" },
	{ .name = "SCMP_ARCH_SH" },
	{ .name = "SCMP_ARCH_SHEB" },
#endif
};
const size_t abi_count = ARRAY_SIZE(abi_table);
static_assert(ARRAY_SIZE(abi_table) <= 32, "policies hold them as bits");

const struct newer_call newer_calls[] = {
	{ "uretprobe", 335, SCMP_ARCH_X86_64 },
	{ "uprobe", 336, SCMP_ARCH_X86_64 },
	{ "cachestat", 451, 0 },
	{ "fchmodat2", 452, 0 },
	{ "map_shadow_stack", 453, 0 },
	{ "futex_wake", 454, 0 },
	{ "futex_wait", 455, 0 },
	{ "futex_requeue", 456, 0 },
	{ "statmount", 457, 0 },
	{ "listmount", 458, 0 },
	{ "lsm_get_self_attr", 459, 0 },
	{ "lsm_set_self_attr", 460, 0 },
	{ "lsm_list_modules", 461, 0 },
	{ "mseal", 462, 0 },
	{ "setxattrat", 463, 0 },
	{ "getxattrat", 464, 0 },
	{ "listxattrat", 465, 0 },
	{ "removexattrat", 466, 0 },
	{ "open_tree_attr", 467, 0 },
	{ "file_getattr", 468, 0 },
	{ "file_setattr", 469, 0 },
	{ "listns", 470, 0 },
	{ "rseq_slice_yield", 471, 0 },
};
const size_t newer_calls_count = ARRAY_SIZE(newer_calls);

/* The arguments, as bits, whose type is int or unsigned int: of those calls that filters look into. */
static const struct {
	const char *name;
	unsigned args;
} int_args[] = {
	{ "bpf", BIT(0) },
	{ "fcntl", BIT(0) | BIT(1) },
	{ "getsockopt", BIT(0) | BIT(1) | BIT(2) },
	{ "ioctl", BIT(0) | BIT(1) },
	{ "ipc", BIT(0) },
	{ "keyctl", BIT(0) },
	{ "personality", BIT(0) },
	{ "prctl", BIT(0) },
	{ "setns", BIT(0) | BIT(1) },
	{ "setsockopt", BIT(0) | BIT(1) | BIT(2) },
	{ "socket", BIT(0) | BIT(1) | BIT(2) },
	{ "socketcall", BIT(0) },
	{ "socketpair", BIT(0) | BIT(1) | BIT(2) },
};

int abi_find(const char *name)
{
	for (size_t i = 0; i < abi_count; i++)
		if (streq(abi_table[i].name, name))
			return (int)i;
	return -1;
}

static int find_token(uint32_t token)
{
	for (size_t i = 0; i < abi_count; i++)
		if (abi_table[i].token == token)
			return (int)i;
	return -1;
}

int abi_native(void)
{
	return find_token(seccomp_arch_native());
}

int abi_native32(void)
{
	switch (seccomp_arch_native()) {
	case SCMP_ARCH_X86_64:
		return find_token(SCMP_ARCH_X86);
	case SCMP_ARCH_AARCH64:
		return find_token(SCMP_ARCH_ARM);
	case SCMP_ARCH_S390X:
		return find_token(SCMP_ARCH_S390);
	default:
		return -1;
	}
}

int64_t newer_call_number(const struct newer_call *c, const struct abi *abi)
{
	if (seccomp_syscall_resolve_name(c->name) != __NR_SCMP_ERROR)
		return -1;
	if (c->only_token && c->only_token != abi->token)
		return -1;
	return (int64_t)abi->base + c->number;
}

bool abi_arg_is_int(const char *name, uint32_t index)
{
	for (size_t i = 0; i < ARRAY_SIZE(int_args); i++)
		if (streq(int_args[i].name, name))
			return int_args[i].args & BIT(index);
	return false;
}

/*
 * libseccomp's own numbers for calls that an ABI reaches by socketcall or ipc: the negative of 100 or 200 and of that
 * call's first argument.
 */
static const struct {
	const char *call;
	int first, last;
} multiplexers[] = {
	{ "socketcall", -101, -120 },
	{ "ipc", -201, -224 },
};

static bool is_multiplexed(int number, size_t i)
{
	return number <= multiplexers[i].first && number >= multiplexers[i].last;
}

/* The number that a multiplexed call has besides: it can only be found from the number's side. */
static int64_t direct_number(const char *name, const struct abi *abi)
{
	for (int n = DIRECT_FIRST; n < DIRECT_END; n++) {
		auto_free char *found = seccomp_syscall_resolve_num_arch(abi->token, (int)abi->base + n);

		if (found && streq(found, name))
			return (int64_t)abi->base + n;
	}
	return -1;
}

int64_t abi_call_number(const char *name, const struct abi *abi)
{
	int number = seccomp_syscall_resolve_name_arch(abi->token, name);

	if (number >= 0)
		return number;
	for (size_t i = 0; i < ARRAY_SIZE(multiplexers); i++)
		if (is_multiplexed(number, i))
			return direct_number(name, abi);
	for (size_t i = 0; i < newer_calls_count && number == __NR_SCMP_ERROR; i++)
		if (streq(newer_calls[i].name, name))
			return newer_call_number(&newer_calls[i], abi);
	return -1;
}

bool abi_multiplexed(const char *name, const struct abi *abi, struct multiplexed *ret)
{
	int number = seccomp_syscall_resolve_name_arch(abi->token, name);

	for (size_t i = 0; i < ARRAY_SIZE(multiplexers); i++) {
		if (!is_multiplexed(number, i))
			continue;
		ret->call = multiplexers[i].call;
		ret->number = seccomp_syscall_resolve_name_arch(abi->token, ret->call);
		ret->which = (uint64_t)(multiplexers[i].first - number + 1);
		return ret->number >= 0;
	}
	return false;
}
