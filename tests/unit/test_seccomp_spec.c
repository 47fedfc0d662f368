// SPDX-License-Identifier: Apache-2.0
/*
 * linux.seccomp of a configuration, by simulation. Chosen profiles first; then random ones, against the oracle.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <sys/syscall.h>

#include "seccomp/abi.h"
#include "tests/unit/seccomp_oracle.h"
#include "tests/unit/seccomp_sim.h"

#define ERRNO(n) (SECCOMP_RET_ERRNO | (n))
#define NAMES(...) \
	{ \
		.v = (char *[]){ __VA_ARGS__, NULL }, .n = sizeof((char *[]){ __VA_ARGS__ }) / sizeof(char *) \
	}
#define RULES(...) \
	.rules = (struct spec_seccomp_rule[]){ __VA_ARGS__ }, \
	.n_rules = sizeof((struct spec_seccomp_rule[]){ __VA_ARGS__ }) / sizeof(struct spec_seccomp_rule)
#define ARGS(...) \
	.args = (struct spec_seccomp_arg[]){ __VA_ARGS__ }, \
	.n_args = sizeof((struct spec_seccomp_arg[]){ __VA_ARGS__ }) / sizeof(struct spec_seccomp_arg)
#define CMP(arg, compare, ...) { .index = (arg), .op = (compare), .value = __VA_ARGS__ }

static struct seccomp_plan compile(const struct spec_seccomp *s)
{
	struct seccomp_plan plan;
	struct err e;

	if (seccomp_from_spec(s, -1, &plan, &e) < 0)
		fail_msg("%s", e.text);
	return plan;
}

static uint32_t ask(const struct seccomp_plan *p, long nr, uint64_t a0, uint64_t a1)
{
	return sim_call(p, SIM_NATIVE_ARCH, nr, (uint64_t[6]){ a0, a1 });
}

static void test_actions(void **state)
{
	static const struct {
		uint32_t action;
		struct opt_u32 code;
		uint32_t want;
	} rows[] = {
		{ ACT_KILL, { 0 }, SECCOMP_RET_KILL_THREAD },
		{ ACT_KILL_THREAD, { 0 }, SECCOMP_RET_KILL_THREAD },
		{ ACT_KILL_PROCESS, { 0 }, SECCOMP_RET_KILL_PROCESS },
		{ ACT_TRAP, { 0 }, SECCOMP_RET_TRAP },
		{ ACT_ERRNO, { 0 }, ERRNO(EPERM) },
		{ ACT_ERRNO, { .set = true, .v = 0 }, ERRNO(0) },
		{ ACT_ERRNO, { .set = true, .v = ENOENT }, ERRNO(ENOENT) },
		{ ACT_TRACE, { 0 }, SECCOMP_RET_TRACE | EPERM },
		{ ACT_TRACE, { .set = true, .v = 7 }, SECCOMP_RET_TRACE | 7 },
		{ ACT_LOG, { 0 }, SECCOMP_RET_LOG },
		{ ACT_NOTIFY, { 0 }, SECCOMP_RET_USER_NOTIF },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct spec_seccomp s = {
			.default_action = ACT_ALLOW,
			RULES({ .names = NAMES("getpid"), .action = rows[i].action, .errno_ret = rows[i].code }),
		};
		auto_seccomp_plan struct seccomp_plan p = compile(&s);

		assert_int_equal(p.n, 1);
		assert_int_equal(ask(&p, SYS_getpid, 0, 0), rows[i].want);
		assert_int_equal(ask(&p, SYS_getppid, 0, 0), SECCOMP_RET_ALLOW);
		assert_int_equal(p.notify, rows[i].action == ACT_NOTIFY);
	}
}

static void test_default_errno(void **state)
{
	(void)state;
	struct spec_seccomp s = {
		.default_action = ACT_ERRNO,
		.default_errno_ret = { .set = true, .v = EACCES },
		RULES({ .names = NAMES("read", "no_such_call", "a name with blanks"), .action = ACT_ALLOW },
		      { .names = NAMES("write"), .action = ACT_ERRNO, .errno_ret = { .set = true, .v = EACCES } },
		      { .names = NAMES("lseek"), .action = ACT_ERRNO, .errno_ret = { .set = true, .v = EIO } }),
	};
	auto_seccomp_plan struct seccomp_plan p = compile(&s);

	assert_int_equal(ask(&p, SYS_read, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(ask(&p, SYS_write, 0, 0), ERRNO(EACCES)); /* the default's own words are no mistake */
	assert_int_equal(ask(&p, SYS_lseek, 0, 0), ERRNO(EIO));
}

static void test_operators(void **state)
{
	static const uint64_t values[] = { 0, 4, 5, 6, 13, 0x100000005, 0x100000004, UINT64_MAX };
	static const struct {
		struct spec_seccomp_arg arg;
		const char *matches; /* one letter for each value */
	} rows[] = {
		{ CMP(0, OP_EQ, 5), "..y....." },	  { CMP(0, OP_NE, 5), "yy.yyyyy" },
		{ CMP(0, OP_LT, 5), "yy......" },	  { CMP(0, OP_LE, 5), "yyy....." },
		{ CMP(0, OP_GT, 5), "...yyyyy" },	  { CMP(0, OP_GE, 5), "..yyyyyy" },
		{ CMP(0, OP_MASKED_EQ, 0xffffffff, .value_two = 5), "..y..y.." },
		{ CMP(0, OP_MASKED_EQ, 4, .value_two = 4), ".yyyyyyy" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct spec_seccomp_arg arg = rows[i].arg;
		struct spec_seccomp s = {
			.default_action = ACT_ALLOW,
			RULES({ .names = NAMES("kill"), .action = ACT_ERRNO, .args = &arg, .n_args = 1 }),
		};
		auto_seccomp_plan struct seccomp_plan p = compile(&s);

		for (size_t k = 0; k < ARRAY_SIZE(values); k++) {
			uint32_t want = rows[i].matches[k] == 'y' ? ERRNO(EPERM) : SECCOMP_RET_ALLOW;

			if (ask(&p, SYS_kill, values[k], 0) != want)
				fail_msg("operator %u, value 0x%llx", arg.op, (unsigned long long)values[k]);
		}
	}
}

/* Different arguments: all must hold. The same argument twice: either. */
static void test_and_or(void **state)
{
	(void)state;
	struct spec_seccomp s = {
		.default_action = ACT_ALLOW,
		RULES({ .names = NAMES("kill"), .action = ACT_ERRNO, ARGS(CMP(0, OP_EQ, 1), CMP(1, OP_EQ, 9)) },
		      { .names = NAMES("dup2"),
			.action = ACT_ERRNO,
			ARGS(CMP(0, OP_EQ, 1), CMP(0, OP_EQ, 2), CMP(1, OP_EQ, 9)) }),
	};
	auto_seccomp_plan struct seccomp_plan p = compile(&s);

	assert_int_equal(ask(&p, SYS_kill, 1, 9), ERRNO(EPERM));
	assert_int_equal(ask(&p, SYS_kill, 1, 8), SECCOMP_RET_ALLOW);
	assert_int_equal(ask(&p, SYS_kill, 2, 9), SECCOMP_RET_ALLOW);
	int64_t dup2 = abi_call_number("dup2", &abi_table[abi_native()]);

	if (dup2 < 0)
		return; /* this architecture has dup3 alone */
	assert_int_equal(ask(&p, (long)dup2, 1, 0), ERRNO(EPERM));
	assert_int_equal(ask(&p, (long)dup2, 2, 0), ERRNO(EPERM));
	assert_int_equal(ask(&p, (long)dup2, 3, 9), ERRNO(EPERM));
	assert_int_equal(ask(&p, (long)dup2, 3, 0), SECCOMP_RET_ALLOW);
}

/* What libseccomp drops without a word: a value denied beside the call allowed; the default's own errno too. */
static void test_denial_beside_allow(void **state)
{
	(void)state;
	for (int same_as_default = 0; same_as_default < 2; same_as_default++) {
		struct opt_u32 code = { .set = true, .v = same_as_default ? EPERM : EACCES };
		struct spec_seccomp s = {
			.default_action = ACT_ERRNO,
			RULES({ .names = NAMES("socket", "read"), .action = ACT_ALLOW },
			      { .names = NAMES("socket"),
				.action = ACT_ERRNO,
				.errno_ret = code,
				ARGS(CMP(0, OP_MASKED_EQ, 0xffffffff, .value_two = 38)) }),
		};
		auto_seccomp_plan struct seccomp_plan p = compile(&s);

		assert_int_equal(ask(&p, SYS_socket, 38, 0), ERRNO(code.v));
		assert_int_equal(ask(&p, SYS_socket, 38 | 1ULL << 32, 0), ERRNO(code.v));
		assert_int_equal(ask(&p, SYS_socket, 2, 0), SECCOMP_RET_ALLOW);
		assert_int_equal(ask(&p, SYS_read, 38, 0), SECCOMP_RET_ALLOW);
		assert_int_equal(ask(&p, SYS_ioctl, 38, 0), ERRNO(EPERM));
	}
}

/* Two conditions that overlap: the stricter one wins, wherever libseccomp puts it. */
static void test_overlap(void **state)
{
	(void)state;
	for (uint32_t denied = 0; denied < 2; denied++) {
		struct spec_seccomp s = {
			.default_action = ACT_KILL_PROCESS,
			RULES({ .names = NAMES("pipe2"), .action = ACT_ERRNO, ARGS(CMP(denied, OP_EQ, 7)) },
			      { .names = NAMES("pipe2"), .action = ACT_ALLOW, ARGS(CMP(!denied, OP_LE, 9)) }),
		};
		auto_seccomp_plan struct seccomp_plan p = compile(&s);

		assert_int_equal(ask(&p, SYS_pipe2, 7, 7), ERRNO(EPERM));
		assert_int_equal(ask(&p, SYS_pipe2, denied ? 0 : 7, denied ? 7 : 0), ERRNO(EPERM));
		assert_int_equal(ask(&p, SYS_pipe2, 0, 0), SECCOMP_RET_ALLOW);
	}
}

/* "No auditing here", for login programs. */
static void test_audit_rules_of_podman(void **state)
{
	(void)state;
	struct spec_seccomp s = {
		.default_action = ACT_ERRNO,
		.default_errno_ret = { .set = true, .v = ENOSYS },
		RULES({ .names = NAMES("socket"),
			.action = ACT_ERRNO,
			.errno_ret = { .set = true, .v = EINVAL },
			ARGS(CMP(0, OP_EQ, 16), CMP(2, OP_EQ, 9)) },
		      { .names = NAMES("socket"), .action = ACT_ALLOW, ARGS(CMP(2, OP_NE, 9)) },
		      { .names = NAMES("socket"), .action = ACT_ALLOW, ARGS(CMP(0, OP_NE, 16)) }),
	};
	auto_seccomp_plan struct seccomp_plan p = compile(&s);

	assert_int_equal(p.n, 1);
	assert_int_equal(sim_call(&p, SIM_NATIVE_ARCH, SYS_socket, (uint64_t[6]){ 16, 3, 9 }), ERRNO(EINVAL));
	assert_int_equal(sim_call(&p, SIM_NATIVE_ARCH, SYS_socket, (uint64_t[6]){ 16, 3, 0 }), SECCOMP_RET_ALLOW);
	assert_int_equal(sim_call(&p, SIM_NATIVE_ARCH, SYS_socket, (uint64_t[6]){ 2, 3, 9 }), SECCOMP_RET_ALLOW);
}

static void test_first_unconditional_rule_counts(void **state)
{
	(void)state;
	struct spec_seccomp s = {
		.default_action = ACT_ERRNO,
		RULES({ .names = NAMES("setns"), .action = ACT_ALLOW },
		      { .names = NAMES("setns"), .action = ACT_ERRNO, .errno_ret = { .set = true, .v = EACCES } }),
	};
	auto_seccomp_plan struct seccomp_plan p = compile(&s);

	assert_int_equal(ask(&p, SYS_setns, 0, 0), SECCOMP_RET_ALLOW);
}

/* A program meets calls its profile has never heard of: they are "not there", not "not allowed". */
static void test_newer_than_the_profile(void **state)
{
	static const struct {
		uint32_t action;
		uint32_t above, below;
	} rows[] = {
		{ ACT_ERRNO, ERRNO(ENOSYS), ERRNO(EPERM) },
		{ ACT_KILL_PROCESS, ERRNO(ENOSYS), SECCOMP_RET_KILL_PROCESS },
		{ ACT_TRACE, SECCOMP_RET_TRACE | EPERM, SECCOMP_RET_TRACE | EPERM },
		{ ACT_LOG, SECCOMP_RET_LOG, SECCOMP_RET_LOG },
		{ ACT_ALLOW, SECCOMP_RET_ALLOW, SECCOMP_RET_ALLOW },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct spec_seccomp s = {
			.default_action = rows[i].action,
			RULES({ .names = NAMES("read", "openat2"), .action = ACT_LOG }),
		};
		auto_seccomp_plan struct seccomp_plan p = compile(&s);

		assert_int_equal(ask(&p, SYS_openat2, 0, 0), SECCOMP_RET_LOG);
		assert_int_equal(ask(&p, SYS_openat2 - 1, 0, 0), rows[i].below);
		assert_int_equal(ask(&p, SYS_openat2 + 1, 0, 0), rows[i].above);
		assert_int_equal(ask(&p, 9999, 0, 0), rows[i].above);
		assert_int_equal(ask(&p, -1, 0, 0), rows[i].below); /* a tracer's way to skip a call */
	}
}

/* Calls that libseccomp 2.5 has no name for, in each architecture of the profile. */
static void test_calls_newer_than_libseccomp(void **state)
{
	(void)state;
	struct spec_seccomp s = {
		.default_action = ACT_ERRNO,
		.architectures = NAMES("SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"),
		RULES({ .names = NAMES("read", "mseal"), .action = ACT_ALLOW },
		      { .names = NAMES("statmount"), .action = ACT_ERRNO, .errno_ret = { .set = true, .v = EACCES } },
		      { .names = NAMES("listmount"), .action = ACT_ERRNO },
		      { .names = NAMES("getxattrat"), .action = ACT_ALLOW, ARGS(CMP(0, OP_EQ, 1)) }),
	};
	auto_seccomp_plan struct seccomp_plan p = compile(&s);
#ifdef __x86_64__
	static const struct {
		uint32_t arch, base;
	} abis[] = { { AUDIT_ARCH_X86_64, 0 }, { AUDIT_ARCH_I386, 0 }, { AUDIT_ARCH_X86_64, 0x40000000 } };

	for (size_t i = 0; i < ARRAY_SIZE(abis); i++) {
		uint32_t arch = abis[i].arch, base = abis[i].base;

		assert_int_equal(sim_call(&p, arch, base + 462, NULL), SECCOMP_RET_ALLOW); /* mseal */
		assert_int_equal(sim_call(&p, arch, base + 457, NULL), ERRNO(EACCES));	   /* statmount */
		assert_int_equal(sim_call(&p, arch, base + 458, NULL), ERRNO(EPERM));	   /* listmount */
		assert_int_equal(sim_call(&p, arch, base + 460, NULL), ERRNO(EPERM));	   /* lsm_set_self_attr */
		assert_int_equal(sim_call(&p, arch, base + 465, NULL), ERRNO(ENOSYS));	   /* listxattrat */
	}
	assert_int_equal(sim_call(&p, AUDIT_ARCH_AARCH64, 63, NULL), SECCOMP_RET_KILL_PROCESS);
#else
	assert_int_equal(ask(&p, 462, 0, 0), SECCOMP_RET_ALLOW);
#endif
}

static void test_architectures(void **state)
{
	(void)state;
	/* Of another byte order, and one that this libseccomp may not know: they can't call here. */
	struct spec_seccomp s = {
		.default_action = ACT_ALLOW,
		.architectures = NAMES("SCMP_ARCH_S390X", "SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_AARCH64"),
		RULES({ .names = NAMES("getpid"), .action = ACT_ERRNO }),
	};
	auto_seccomp_plan struct seccomp_plan p = compile(&s);

	assert_int_equal(ask(&p, SYS_getpid, 0, 0), ERRNO(EPERM)); /* the machine's own is always meant */
	assert_int_equal(sim_call(&p, AUDIT_ARCH_AARCH64, 172, NULL), ERRNO(EPERM));
	assert_int_equal(sim_call(&p, AUDIT_ARCH_I386, 20, NULL), SECCOMP_RET_KILL_PROCESS);
}

static void test_flags(void **state)
{
	(void)state;
	struct spec_seccomp s = {
		.default_action = ACT_ALLOW,
		.flags = NAMES("SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
			       "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"),
		RULES({ .names = NAMES("getpid"), .action = ACT_ERRNO }),
	};
	unsigned common = SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	auto_seccomp_plan struct seccomp_plan without = compile(&s);

	assert_int_equal(without.filters[0].flags, common);
	s.rules[0].action = ACT_NOTIFY;
	auto_seccomp_plan struct seccomp_plan with = compile(&s);

	assert_int_equal(with.filters[0].flags,
			 common | SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
}

static void test_no_flags(void **state)
{
	(void)state;
	char *nothing[] = { NULL };
	struct spec_seccomp s = {
		.default_action = ACT_ALLOW,
		RULES({ .names = NAMES("getpid"), .action = ACT_ERRNO }),
	};
	auto_seccomp_plan struct seccomp_plan not_said = compile(&s);

	assert_int_equal(not_said.filters[0].flags, SECCOMP_FILTER_FLAG_SPEC_ALLOW);
	s.flags.v = nothing;
	auto_seccomp_plan struct seccomp_plan none = compile(&s);

	assert_int_equal(none.filters[0].flags, 0);
}

static void test_notify_beside_allow(void **state)
{
	(void)state;
	struct spec_seccomp s = {
		.default_action = ACT_ERRNO,
		RULES({ .names = NAMES("read", "mknodat", "umount2"), .action = ACT_ALLOW },
		      { .names = NAMES("mknodat"), .action = ACT_NOTIFY, ARGS(CMP(1, OP_EQ, 5)) },
		      { .names = NAMES("mount"), .action = ACT_NOTIFY }),
	};
	auto_seccomp_plan struct seccomp_plan p = compile(&s);

	assert_true(p.notify);
	assert_int_equal(ask(&p, SYS_mknodat, 0, 5), SECCOMP_RET_USER_NOTIF);
	assert_int_equal(ask(&p, SYS_mknodat, 0, 6), SECCOMP_RET_ALLOW);
	assert_int_equal(ask(&p, SYS_mount, 0, 0), SECCOMP_RET_USER_NOTIF);
	assert_int_equal(ask(&p, SYS_chdir, 0, 0), ERRNO(EPERM));
}

/* Docker's way to leave out AF_ALG and AF_VSOCK; the kernel takes either with more bits set for just the same. */
static void test_high_bits(void **state)
{
	(void)state;
	struct spec_seccomp s = {
		.default_action = ACT_ERRNO,
		RULES({ .names = NAMES("socket"), .action = ACT_ALLOW, ARGS(CMP(0, OP_LT, 38)) },
		      { .names = NAMES("socket"), .action = ACT_ALLOW, ARGS(CMP(0, OP_EQ, 39)) },
		      { .names = NAMES("socket"), .action = ACT_ALLOW, ARGS(CMP(0, OP_GT, 40)) },
		      { .names = NAMES("personality"), .action = ACT_ALLOW, ARGS(CMP(0, OP_NE, 0x400000)) }),
	};
	auto_seccomp_plan struct seccomp_plan p = compile(&s);

	for (uint64_t high = 0; high <= 3ULL << 32; high += 1ULL << 32) {
		for (uint64_t family = 0; family < 64; family++)
			assert_int_equal(ask(&p, SYS_socket, family | high, 0),
					 family == 38 || family == 40 ? ERRNO(EPERM) : SECCOMP_RET_ALLOW);
		assert_int_equal(ask(&p, SYS_personality, high, 0), SECCOMP_RET_ALLOW);
		assert_int_equal(ask(&p, SYS_personality, 0x400000 | high, 0), ERRNO(EPERM));
	}
}

/* i386 reaches sockets by socketcall too, where no filter sees the family: a refused one takes all of them with it. */
static void test_multiplexed(void **state)
{
	(void)state;
#ifdef __x86_64__
	struct spec_seccomp deny = {
		.default_action = ACT_ALLOW,
		.architectures = NAMES("SCMP_ARCH_X86"),
		RULES({ .names = NAMES("socket"), .action = ACT_ERRNO, ARGS(CMP(0, OP_EQ, 38)) }),
	};
	struct spec_seccomp allow = {
		.default_action = ACT_ERRNO,
		.architectures = NAMES("SCMP_ARCH_X86"),
		RULES({ .names = NAMES("socket"), .action = ACT_ALLOW, ARGS(CMP(0, OP_EQ, 2)) },
		      { .names = NAMES("bind", "semget", "mseal"), .action = ACT_ALLOW }),
	};
	struct spec_seccomp own_word = {
		.default_action = ACT_ERRNO,
		.architectures = NAMES("SCMP_ARCH_X86"),
		RULES({ .names = NAMES("socket"), .action = ACT_KILL_PROCESS, ARGS(CMP(0, OP_EQ, 38)) },
		      { .names = NAMES("socketcall", "mseal"), .action = ACT_ALLOW }),
	};
	auto_seccomp_plan struct seccomp_plan denied = compile(&deny), allowed = compile(&allow);
	auto_seccomp_plan struct seccomp_plan worded = compile(&own_word);
	const uint64_t one[6] = { 1 }, two[6] = { 2 }, alg[6] = { 38 };

	assert_int_equal(sim_call(&denied, AUDIT_ARCH_I386, 102, one), ERRNO(EPERM));
	assert_int_equal(sim_call(&denied, AUDIT_ARCH_I386, 102, two), SECCOMP_RET_ALLOW);
	assert_int_equal(sim_call(&denied, AUDIT_ARCH_I386, 359, alg), ERRNO(EPERM));
	assert_int_equal(sim_call(&denied, AUDIT_ARCH_I386, 359, two), SECCOMP_RET_ALLOW);
	assert_int_equal(sim_call(&allowed, AUDIT_ARCH_I386, 102, one), ERRNO(EPERM));
	assert_int_equal(sim_call(&allowed, AUDIT_ARCH_I386, 102, two), SECCOMP_RET_ALLOW);
	assert_int_equal(sim_call(&allowed, AUDIT_ARCH_I386, 359, two), SECCOMP_RET_ALLOW);
	assert_int_equal(sim_call(&allowed, AUDIT_ARCH_I386, 359, alg), ERRNO(EPERM));
	assert_int_equal(sim_call(&worded, AUDIT_ARCH_I386, 102, one), SECCOMP_RET_ALLOW);
	assert_int_equal(sim_call(&worded, AUDIT_ARCH_I386, 359, alg), SECCOMP_RET_KILL_PROCESS);
#else
	skip();
#endif
}

static void refused(const struct spec_seccomp *s, const char *words)
{
	struct seccomp_plan plan = { .n = 77 };
	struct err e = { 0 };

	assert_int_equal(seccomp_from_spec(s, -1, &plan, &e), -EINVAL);
	assert_int_equal(e.code, EINVAL);
	if (!strstr(e.text, words))
		fail_msg("\"%s\" does not say \"%s\"", e.text, words);
	assert_int_equal(plan.n, 77);
}

static void test_refused(void **state)
{
	(void)state;
	struct spec_seccomp flag = { .default_action = ACT_ALLOW, .flags = NAMES("SECCOMP_FILTER_FLAG_NO_SUCH") };
	struct spec_seccomp arch = { .default_action = ACT_ALLOW, .architectures = NAMES("SCMP_ARCH_PDP11") };
	struct spec_seccomp notify = { .default_action = ACT_NOTIFY };
	struct spec_seccomp write = { .default_action = ACT_ALLOW,
				      RULES({ .names = NAMES("read", "write"), .action = ACT_NOTIFY }) };
	struct spec_seccomp index = {
		.default_action = ACT_ALLOW,
		RULES({ .names = NAMES("read"), .action = ACT_ERRNO, ARGS(CMP(6, OP_EQ, 0)) }),
	};
	struct spec_seccomp code = { .default_action = ACT_ERRNO, .default_errno_ret = { .set = true, .v = 65536 } };

	refused(&flag, "SECCOMP_FILTER_FLAG_NO_SUCH");
	refused(&arch, "SCMP_ARCH_PDP11");
	refused(&notify, "SCMP_ACT_NOTIFY cannot be used as default action");
	refused(&write, "SCMP_ACT_NOTIFY cannot be used for the write syscall");
	refused(&index, "argument index 6");
	refused(&code, "errnoRet 65536");
}

static struct spec_seccomp_arg random_arg(void)
{
	static const uint64_t values[] = { 0, 1, 2, 3, 0x100000001, 0xffffffff };
	struct spec_seccomp_arg a = {
		.index = (uint32_t)rand() % 3,
		.op = OP_NE + (uint32_t)rand() % (OP_END - OP_NE),
		.value = values[(size_t)rand() % ARRAY_SIZE(values)],
	};

	if (a.op == OP_MASKED_EQ)
		a.value_two = a.value & values[(size_t)rand() % ARRAY_SIZE(values)];
	return a;
}

static void print_rules(const struct spec_seccomp *s)
{
	for (size_t i = 0; i < s->n_rules; i++) {
		const struct spec_seccomp_rule *r = &s->rules[i];

		print_message("rule %zu: action %u %u\n", i, r->action, r->errno_ret.v);
		for (size_t k = 0; k < r->n_args; k++)
			print_message("	argument %u operator %u 0x%llx 0x%llx\n", r->args[k].index, r->args[k].op,
				      (unsigned long long)r->args[k].value, (unsigned long long)r->args[k].value_two);
	}
}

/* Every combination of telling values for three arguments. */
static void compare_with_oracle(const struct spec_seccomp *s, const char *name)
{
	static const uint64_t inputs[] = { 0, 1, 2, 3, 4, 0x100000000, 0x100000001, 0xffffffff, UINT64_MAX };
	const size_t n = ARRAY_SIZE(inputs);
	int64_t number = abi_call_number(name, &abi_table[abi_native()]);
	auto_seccomp_plan struct seccomp_plan p = compile(s);

	for (size_t i = 0; i < n * n * n; i++) {
		uint64_t args[6] = { inputs[i % n], inputs[i / n % n], inputs[i / n / n] };
		uint32_t got = sim_call(&p, SIM_NATIVE_ARCH, (long)number, args);
		uint32_t want = oracle_answer(s, number, args);

		if (got == want)
			continue;
		print_rules(s);
		fail_msg("default %u, %s(0x%llx, 0x%llx, 0x%llx): 0x%x instead of 0x%x", s->default_action, name,
			 (unsigned long long)args[0], (unsigned long long)args[1], (unsigned long long)args[2], got, want);
	}
}

/* Up to four rules on one call, which libseccomp may not know, or which takes ints. */
static void one_random_profile(void)
{
	static const uint32_t actions[] = { ACT_ERRNO, ACT_ALLOW, ACT_LOG, ACT_KILL_PROCESS, ACT_NOTIFY, ACT_TRAP };
	static char calls[][8] = { "kill", "mseal", "socket" };
	char *names[] = { calls[(size_t)rand() % ARRAY_SIZE(calls)], NULL };
	struct spec_seccomp_arg args[4][2];
	struct spec_seccomp_rule rules[4];
	struct spec_seccomp s = {
		.default_action = actions[(size_t)rand() % 4],
		.rules = rules,
		.n_rules = 1 + (size_t)rand() % 4,
	};

	for (size_t i = 0; i < s.n_rules; i++) {
		args[i][0] = random_arg();
		args[i][1] = random_arg();
		rules[i] = (struct spec_seccomp_rule){
			.names = { .v = names, .n = 1 },
			.action = actions[(size_t)rand() % ARRAY_SIZE(actions)],
			.errno_ret = { .set = rand() % 2, .v = (uint32_t)rand() % 3 },
			.args = args[i],
			.n_args = (size_t)rand() % 6 ? 1 + (size_t)rand() % 2 : 0,
		};
	}
	compare_with_oracle(&s, names[0]);
}

static void test_random_profiles(void **state)
{
	(void)state;
	srand(1);
	for (int i = 0; i < 2000; i++)
		one_random_profile();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_default_errno),
		cmocka_unit_test(test_operators),
		cmocka_unit_test(test_and_or),
		cmocka_unit_test(test_denial_beside_allow),
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_audit_rules_of_podman),
		cmocka_unit_test(test_first_unconditional_rule_counts),
		cmocka_unit_test(test_newer_than_the_profile),
		cmocka_unit_test(test_calls_newer_than_libseccomp),
		cmocka_unit_test(test_architectures),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_no_flags),
		cmocka_unit_test(test_notify_beside_allow),
		cmocka_unit_test(test_high_bits),
		cmocka_unit_test(test_multiplexed),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_random_profiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
