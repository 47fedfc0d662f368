// SPDX-License-Identifier: Apache-2.0
/*
 * Our own profiles, by simulation: every number, every rule on arguments, every capability. The answers to all numbers are
 * checked in (tests/data/seccomp); SECCOMP_TABLES=write writes them anew, and the difference is for a reviewer to read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/fd.h"
#include "seccomp/abi.h"
#include "tests/unit/seccomp_sim.h"

#define LAST_NUMBER 500
#define X32_BIT	    0x40000000

/* What a container has unless it asks for more. */
#define DEFAULT_CAPS \
	(BIT64(CAP_CHOWN) | BIT64(CAP_DAC_OVERRIDE) | BIT64(CAP_FOWNER) | BIT64(CAP_SETUID) | BIT64(CAP_SETGID) | \
	 BIT64(CAP_KILL) | BIT64(CAP_NET_BIND_SERVICE))
#define ALL_CAPS UINT64_MAX

/* Calls whose answer depends on arguments, with arguments that get each of their answers. */
static const struct probe {
	const char *call;
	uint64_t args[6];
} probes[] = {
	{ "socket", { 0 } },	       { "socket", { AF_UNIX } },      { "socket", { AF_INET } },
	{ "socket", { 3 } },	       { "socket", { 4 } },	       { "socket", { 7 } },
	{ "socket", { 8 } },	       { "socket", { 9 } },	       { "socket", { AF_INET6 } },
	{ "socket", { 11 } },	       { "socket", { 12 } },	       { "socket", { AF_KEY } },
	{ "socket", { AF_NETLINK } },  { "socket", { AF_PACKET } },    { "socket", { 18 } },
	{ "socket", { AF_RDS } },      { "socket", { AF_CAN } },       { "socket", { AF_TIPC } },
	{ "socket", { AF_BLUETOOTH } }, { "socket", { AF_ALG } },      { "socket", { AF_VSOCK } },
	{ "socket", { AF_XDP } },      { "socket", { 45 } },	       { "socket", { 63 } },
	{ "socket", { AF_NETLINK, SOCK_RAW, 9 } },
	{ "socket", { AF_NETLINK, SOCK_RAW, 0 } },
	{ "socket", { AF_INET, SOCK_RAW, 9 } },
	{ "socketpair", { AF_UNIX } }, { "socketpair", { AF_TIPC } },
	{ "clone", { 0x003d0f00 } }, /* a thread of glibc */
	{ "clone", { SIGCHLD } },
	{ "clone", { CLONE_NEWNS } },  { "clone", { CLONE_NEWCGROUP } }, { "clone", { CLONE_NEWUTS } },
	{ "clone", { CLONE_NEWIPC } }, { "clone", { CLONE_NEWUSER } },   { "clone", { CLONE_NEWPID } },
	{ "clone", { CLONE_NEWNET } }, { "clone", { CLONE_NEWUSER | CLONE_NEWNS | SIGCHLD } },
	{ "ioctl", { 0, 0x5401 } }, /* TCGETS */
	{ "ioctl", { 0, 0x5412 } }, /* TIOCSTI */
	{ "ioctl", { 0, 0x541c } }, /* TIOCLINUX */
	{ "ioctl", { 0x5412, 0x5413 } },
	{ "personality", { 0 } },      { "personality", { 0x8 } },     { "personality", { 0x20000 } },
	{ "personality", { 0x20008 } }, { "personality", { 0xffffffff } }, { "personality", { 0x40000 } },
	{ "personality", { 0x400000 } },
};

static struct seccomp_plan profile(enum seccomp_profile which, uint64_t caps, bool abi32)
{
	struct seccomp_plan plan;
	struct err e;

	if (seccomp_from_profile(which, caps, abi32, -1, &plan, &e) < 0)
		fail_msg("%s", e.text);
	return plan;
}

static const char *answer_name(uint32_t answer, char buf[32])
{
	switch (answer & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
		return "allow";
	case SECCOMP_RET_KILL_PROCESS:
		return "kill";
	case SECCOMP_RET_ERRNO:
		return strerrorname_np((int)(answer & SECCOMP_RET_DATA));
	default:
		snprintf(buf, 32, "0x%x", answer);
		return buf;
	}
}

static void print_number(FILE *out, const struct seccomp_plan *p, const struct abi *abi, uint32_t number)
{
	auto_free char *name = seccomp_syscall_resolve_num_arch(abi->token, (int)number);
	struct seccomp_data d = { .arch = abi->audit, .nr = (int)number };
	const char *known = name;
	bool depends;
	char buf[32];
	uint32_t answer = sim_plan(p, &d, &depends);

	for (size_t i = 0; i < newer_calls_count && !known; i++)
		if (newer_call_number(&newer_calls[i], abi) == number)
			known = newer_calls[i].name;
	fprintf(out, "%u %s %s\n", number, known ? known : "-", depends ? "arguments" : answer_name(answer, buf));
}

static void print_probe(FILE *out, const struct seccomp_plan *p, const struct abi *abi, const struct probe *probe)
{
	const uint64_t *a = probe->args;
	char buf[32];
	uint32_t answer = sim_call(p, abi->audit, (long)abi_call_number(probe->call, abi), a);

	fprintf(out, "%s(0x%llx, 0x%llx, 0x%llx) %s\n", probe->call, (unsigned long long)a[0],
		(unsigned long long)a[1], (unsigned long long)a[2], answer_name(answer, buf));
}

static char *print_table(const struct seccomp_plan *p, const struct abi *abi)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	for (uint32_t n = 0; n <= LAST_NUMBER; n++)
		print_number(out, p, abi, abi->base + n);
	for (size_t i = 0; i < ARRAY_SIZE(probes); i++)
		print_probe(out, p, abi, &probes[i]);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* Compare with a checked-in table line by line, or write it. */
static void check_table(const char *path, const char *text)
{
	const char *mode = getenv("SECCOMP_TABLES");
	char line[256];

	if (mode && strcmp(mode, "write") == 0) {
		FILE *out = fopen(path, "we");

		assert_non_null(out);
		fputs(text, out);
		assert_int_equal(fclose(out), 0);
		return;
	}
	FILE *in = fopen(path, "re");

	if (!in)
		fail_msg("%s can't be read: tests run in the top folder of the source", path);
	for (size_t n; fgets(line, sizeof(line), in); text += n) {
		n = strlen(line);
		if (strncmp(line, text, n) != 0)
			fail_msg("%s has    %sbut we say %.*s", path, line, (int)strcspn(text, "\n"), text);
	}
	fclose(in);
	assert_string_equal(text, "");
}

static void table(enum seccomp_profile which, bool abi32, const char *abi_name, const char *path)
{
#ifdef __x86_64__
	auto_seccomp_plan struct seccomp_plan p = profile(which, DEFAULT_CAPS, abi32);
	auto_free char *text = print_table(&p, &abi_table[abi_find(abi_name)]);

	check_table(path, text);
#else
	(void)which, (void)abi32, (void)abi_name, (void)path;
	print_message("the tables are those of x86_64\n");
	skip();
#endif
}

static void test_table_tight(void **state)
{
	(void)state;
	table(SECCOMP_TIGHT, false, "SCMP_ARCH_X86_64", "tests/data/seccomp/tight.txt");
}

static void test_table_tight_i386(void **state)
{
	(void)state;
	table(SECCOMP_TIGHT, true, "SCMP_ARCH_X86", "tests/data/seccomp/tight-i386.txt");
}

static void test_table_compat(void **state)
{
	(void)state;
	table(SECCOMP_COMPAT, false, "SCMP_ARCH_X86_64", "tests/data/seccomp/compat.txt");
}

static uint32_t ask(const struct seccomp_plan *p, const char *call, const uint64_t args[6])
{
	const struct abi *abi = &abi_table[abi_native()];
	int64_t number = abi_call_number(call, abi);

	if (number < 0)
		fail_msg("%s has no number", call);
	return sim_call(p, SIM_NATIVE_ARCH, (long)number, args);
}

/* The kernel drops bits 32 to 63 of these arguments: they must not change an answer. */
static void test_high_bits(void **state)
{
	static const uint64_t high[] = { 0x1ULL << 32, 0x80000000ULL << 32, 0xffffffffULL << 32 };

	(void)state;
	for (int which = SECCOMP_TIGHT; which <= SECCOMP_COMPAT; which++) {
		auto_seccomp_plan struct seccomp_plan p = profile((enum seccomp_profile)which, DEFAULT_CAPS, false);

		for (size_t i = 0; i < ARRAY_SIZE(probes); i++) {
			uint32_t want = ask(&p, probes[i].call, probes[i].args);

			for (size_t k = 0; k < ARRAY_SIZE(high) * 3; k++) {
				struct probe with = probes[i];

				with.args[k % 3] |= high[k / 3];
				if (ask(&p, with.call, with.args) != want)
					fail_msg("%s(0x%llx, 0x%llx)", with.call, (unsigned long long)with.args[0],
						 (unsigned long long)with.args[1]);
			}
		}
	}
}

static void test_capabilities(void **state)
{
	static const struct {
		int cap;
		const char *call;
		uint64_t args[6];
	} gates[] = {
		{ CAP_SYS_ADMIN, "mount", { 0 } },
		{ CAP_SYS_ADMIN, "umount2", { 0 } },
		{ CAP_SYS_ADMIN, "pivot_root", { 0 } },
		{ CAP_SYS_ADMIN, "fsopen", { 0 } },
		{ CAP_SYS_ADMIN, "open_tree", { 0 } },
		{ CAP_SYS_ADMIN, "open_tree_attr", { 0 } },
		{ CAP_SYS_ADMIN, "move_mount", { 0 } },
		{ CAP_SYS_ADMIN, "mount_setattr", { 0 } },
		{ CAP_SYS_ADMIN, "statmount", { 0 } },
		{ CAP_SYS_ADMIN, "listmount", { 0 } },
		{ CAP_SYS_ADMIN, "unshare", { CLONE_NEWUSER } },
		{ CAP_SYS_ADMIN, "setns", { 0 } },
		{ CAP_SYS_ADMIN, "clone3", { 0 } },
		{ CAP_SYS_ADMIN, "clone", { CLONE_NEWUSER } },
		{ CAP_SYS_ADMIN, "clone", { CLONE_NEWNET | SIGCHLD } },
		{ CAP_SYS_ADMIN, "bpf", { 0 } },
		{ CAP_BPF, "bpf", { 0 } },
		{ CAP_SYS_ADMIN, "perf_event_open", { 0 } },
		{ CAP_PERFMON, "perf_event_open", { 0 } },
		{ CAP_SYS_ADMIN, "syslog", { 0 } },
		{ CAP_SYSLOG, "syslog", { 0 } },
		{ CAP_SYS_CHROOT, "chroot", { 0 } },
		{ CAP_SYS_PTRACE, "process_vm_readv", { 0 } },
		{ CAP_SYS_PTRACE, "process_vm_writev", { 0 } },
		{ CAP_SYS_PTRACE, "pidfd_getfd", { 0 } },
		{ CAP_SYS_PTRACE, "kcmp", { 0 } },
		{ CAP_SYS_TIME, "clock_settime", { 0 } },
		{ CAP_SYS_TIME, "settimeofday", { 0 } },
		{ CAP_SYS_BOOT, "reboot", { 0 } },
		{ CAP_SYS_MODULE, "finit_module", { 0 } },
		{ CAP_SYS_RAWIO, "iopl", { 0 } },
		{ CAP_SYS_PACCT, "acct", { 0 } },
		{ CAP_SYS_NICE, "mbind", { 0 } },
		{ CAP_SYS_NICE, "move_pages", { 0 } },
		{ CAP_SYS_TTY_CONFIG, "vhangup", { 0 } },
		{ CAP_DAC_READ_SEARCH, "open_by_handle_at", { 0 } },
		{ CAP_NET_RAW, "socket", { AF_PACKET } },
		{ CAP_AUDIT_WRITE, "socket", { AF_NETLINK, SOCK_RAW, 9 } },
	};

	(void)state;
	auto_seccomp_plan struct seccomp_plan without = profile(SECCOMP_TIGHT, DEFAULT_CAPS, false);

	for (size_t i = 0; i < ARRAY_SIZE(gates); i++) {
		auto_seccomp_plan struct seccomp_plan with =
			profile(SECCOMP_TIGHT, DEFAULT_CAPS | BIT64(gates[i].cap), false);

		if (ask(&without, gates[i].call, gates[i].args) == SECCOMP_RET_ALLOW)
			fail_msg("%s is open without capability %d", gates[i].call, gates[i].cap);
		if (ask(&with, gates[i].call, gates[i].args) != SECCOMP_RET_ALLOW)
			fail_msg("%s is closed with capability %d", gates[i].call, gates[i].cap);
	}
}

/* No capability opens these. */
static void test_never(void **state)
{
	static const char *const calls[] = { "io_uring_setup", "io_uring_enter", "io_uring_register", "userfaultfd",
					     "keyctl", "add_key", "request_key", "kexec_load", "kexec_file_load" };

	(void)state;
	auto_seccomp_plan struct seccomp_plan p = profile(SECCOMP_TIGHT, ALL_CAPS, false);

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		assert_int_equal(ask(&p, calls[i], NULL), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(ask(&p, "socket", (uint64_t[6]){ AF_ALG }), SECCOMP_RET_ERRNO | EAFNOSUPPORT);
	assert_int_equal(ask(&p, "socket", (uint64_t[6]){ AF_VSOCK }), SECCOMP_RET_ERRNO | EAFNOSUPPORT);
	assert_int_equal(ask(&p, "ioctl", (uint64_t[6]){ 0, TIOCSTI }), SECCOMP_RET_ERRNO | EPERM);
}

static void test_newest_calls_are_enosys(void **state)
{
	static const long numbers[] = { 472, 500, 600, 9999, 0x3fffffff };

	(void)state;
	for (int which = SECCOMP_TIGHT; which <= SECCOMP_COMPAT; which++) {
		auto_seccomp_plan struct seccomp_plan p = profile((enum seccomp_profile)which, ALL_CAPS, false);

		for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
			assert_int_equal(sim_call(&p, SIM_NATIVE_ARCH, numbers[i], NULL), SECCOMP_RET_ERRNO | ENOSYS);
	}
}

static void test_other_abis(void **state)
{
	(void)state;
#ifdef __x86_64__
	for (int which = SECCOMP_TIGHT; which <= SECCOMP_COMPAT; which++) {
		auto_seccomp_plan struct seccomp_plan p = profile((enum seccomp_profile)which, ALL_CAPS, false);
		auto_seccomp_plan struct seccomp_plan both = profile((enum seccomp_profile)which, ALL_CAPS, true);

		for (long n = 0; n <= LAST_NUMBER; n++) {
			assert_int_equal(sim_call(&p, AUDIT_ARCH_I386, n, NULL), SECCOMP_RET_KILL_PROCESS);
			assert_int_equal(sim_call(&p, AUDIT_ARCH_AARCH64, n, NULL), SECCOMP_RET_KILL_PROCESS);
			assert_int_equal(sim_call(&p, AUDIT_ARCH_X86_64, n | X32_BIT, NULL), SECCOMP_RET_KILL_PROCESS);
			assert_int_equal(sim_call(&both, AUDIT_ARCH_X86_64, n | X32_BIT, NULL), SECCOMP_RET_KILL_PROCESS);
		}
		assert_int_equal(sim_call(&both, AUDIT_ARCH_I386, 20, NULL), SECCOMP_RET_ALLOW); /* getpid */
	}
#else
	skip();
#endif
}

/* On i386 one call makes all sockets, and the address family is in memory: whatever it is asked, it is refused. */
static void test_socketcall(void **state)
{
	(void)state;
#ifdef __x86_64__
	auto_seccomp_plan struct seccomp_plan p = profile(SECCOMP_TIGHT, ALL_CAPS, true);

	for (uint64_t what = 0; what <= 22; what++)
		assert_int_equal(sim_call(&p, AUDIT_ARCH_I386, 102, (uint64_t[6]){ what }), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(sim_call(&p, AUDIT_ARCH_I386, 359, (uint64_t[6]){ AF_INET }), SECCOMP_RET_ALLOW);
	assert_int_equal(sim_call(&p, AUDIT_ARCH_I386, 359, (uint64_t[6]){ AF_ALG }),
			 SECCOMP_RET_ERRNO | EAFNOSUPPORT);
#else
	skip();
#endif
}

static void test_unconfined(void **state)
{
	(void)state;
	auto_seccomp_plan struct seccomp_plan p = profile(SECCOMP_UNCONFINED, 0, false);

	assert_int_equal(p.n, 0);
	assert_false(p.notify);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_tight),	     cmocka_unit_test(test_table_tight_i386),
		cmocka_unit_test(test_table_compat),	     cmocka_unit_test(test_high_bits),
		cmocka_unit_test(test_capabilities),	     cmocka_unit_test(test_never),
		cmocka_unit_test(test_newest_calls_are_enosys), cmocka_unit_test(test_other_abis),
		cmocka_unit_test(test_socketcall),	     cmocka_unit_test(test_unconfined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
