/* SPDX-License-Identifier: Apache-2.0 */
/* abi.h: the architectures of the specification, and the numbers of calls that are newer than libseccomp. */
#ifndef SECCOMP_ABI_H
#define SECCOMP_ABI_H

#include "base/util.h"

/* One set of system call numbers; two of them can share an audit architecture (x86_64 and x32). */
struct abi {
	const char *name; /* as in linux.seccomp.architectures */
	uint32_t token;	  /* SCMP_ARCH_*; 0: libseccomp does not know it, so no filter for it can be made or needed here */
	uint32_t audit;	  /* AUDIT_ARCH_*: what the kernel says in seccomp_data.arch */
	uint32_t base;	  /* of its numbers, */
	uint32_t end;	  /* which lie below this */
};

extern const struct abi abi_table[];
extern const size_t abi_count; /* at most 32 */

/* An index into abi_table, or -1 where the name is unknown. */
int abi_find(const char *name);

static inline uint32_t abi_bit(int index)
{
	return index >= 0 ? BIT(index) : 0;
}

/* That of the kernel's own ABI, and of its 32-bit companion: -1 where there is none. */
int abi_native(void);
int abi_native32(void);

/* A call that this libseccomp may not know: from number 424 on, all architectures count alike. */
struct newer_call {
	const char *name;
	uint32_t number;
	uint32_t only_token; /* SCMP_ARCH_* of the one ABI that has it; 0: all have it */
};
extern const struct newer_call newer_calls[];
extern const size_t newer_calls_count;

/* The number of a newer call in an ABI, or -1 where it is none of ours, or libseccomp knows it by itself. */
int64_t newer_call_number(const struct newer_call *c, const struct abi *abi);

/* The number of any call in an ABI, or -1 where nobody knows it or it has none there. */
int64_t abi_call_number(const char *name, const struct abi *abi);

/* Whether the kernel looks at the low 32 bits of an argument only, of one that filters are about. */
bool abi_arg_is_int(const char *name, uint32_t index);

/* A call that is one of many behind one number. */
struct multiplexed {
	const char *call; /* socketcall or ipc */
	int64_t number;	  /* its number */
	uint64_t which; /* the value of its first argument */
};

/* Whether an ABI has such a second way to a call. */
bool abi_multiplexed(const char *name, const struct abi *abi, struct multiplexed *ret);

#endif
