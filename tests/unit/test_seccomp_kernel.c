// SPDX-License-Identifier: Apache-2.0
/* The filters in the kernel: a child puts them on, makes real calls, and says what came back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/pty.h"
#include "base/sock.h"
#include "tests/unit/seccomp_sim.h"

#define DEFAULT_CAPS \
	(BIT64(CAP_CHOWN) | BIT64(CAP_DAC_OVERRIDE) | BIT64(CAP_FOWNER) | BIT64(CAP_SETUID) | BIT64(CAP_SETGID) | \
	 BIT64(CAP_KILL) | BIT64(CAP_NET_BIND_SERVICE))
#define X32_BIT 0x40000000

/* In the child: leave with the line that was wrong. */
#define CHECK(what) \
	do { \
		if (!(what)) \
			return __LINE__; \
	} while (0)
/* A call that has to fail with just this errno. */
#define REFUSED(call, errnum) CHECK((errno = 0, (call) == -1) && errno == (errnum))

struct run {
	const struct seccomp_plan *plan;
	int (*body)(void); /* 0, or the line that was wrong */
};

static int child(const struct run *run)
{
	struct err e;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return __LINE__;
	if (seccomp_install(run->plan, NULL, &e) < 0) {
		dprintf(2, "%s\n", e.text);
		return __LINE__;
	}
	return run->body();
}

/* Run @body under a plan. Return: the wait status */
static int status_of(const struct seccomp_plan *plan, int (*body)(void))
{
	struct run run = { plan, body };
	int pipefd[2], line, status;

	assert_int_equal(pipe2(pipefd, O_CLOEXEC), 0);
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		line = child(&run);
		_exit(write(pipefd[1], &line, sizeof(line)) == sizeof(line) && line == 0 ? 0 : 1);
	}
	close(pipefd[1]);
	line = 0;
	if (read(pipefd[0], &line, sizeof(line)) == sizeof(line) && line != 0)
		print_message("line %d failed in the child\n", line);
	close(pipefd[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static struct seccomp_plan profile(enum seccomp_profile which, uint64_t caps, bool abi32)
{
	struct seccomp_plan plan;
	struct err e;

	if (seccomp_from_profile(which, caps, abi32, -1, &plan, &e) < 0)
		fail_msg("%s", e.text);
	return plan;
}

static void under(enum seccomp_profile which, uint64_t caps, int (*body)(void))
{
	auto_seccomp_plan struct seccomp_plan plan = profile(which, caps, false);

	assert_int_equal(status_of(&plan, body), 0);
}

static int two_filters_are_on(void)
{
	char text[4096] = "";
	auto_fd int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

	CHECK(read(fd, text, sizeof(text) - 1) > 0);
	CHECK(strstr(text, "Seccomp:\t2"));
	CHECK(strstr(text, "Seccomp_filters:\t2"));
	return 0;
}

static void test_installed(void **state)
{
	(void)state;
	auto_fd int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	char text[4096] = "";

	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	if (!strstr(text, "Seccomp_filters:\t0")) {
		print_message("this test runs under a filter already\n");
		skip();
	}
	under(SECCOMP_TIGHT, DEFAULT_CAPS, two_filters_are_on);
}

static int sockets(void)
{
	static const int families[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK };
	int pair[2];

	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		int fd = socket(families[i], SOCK_DGRAM | SOCK_CLOEXEC, 0);

		CHECK(fd >= 0 || errno == EAFNOSUPPORT); /* a kernel without IPv6 */
		close(fd);
	}
	REFUSED(socket(AF_ALG, SOCK_SEQPACKET, 0), EAFNOSUPPORT);
	REFUSED(socket(AF_VSOCK, SOCK_STREAM, 0), EAFNOSUPPORT);
	REFUSED(socket(AF_PACKET, SOCK_RAW, 0), EPERM);
	REFUSED(socket(AF_NETLINK, SOCK_RAW, 9), EINVAL);
	REFUSED(syscall(SYS_socket, AF_ALG | 1L << 32, SOCK_SEQPACKET, 0), EAFNOSUPPORT);
	REFUSED(syscall(SYS_socket, AF_VSOCK | ~0UL << 32, SOCK_STREAM, 0), EAFNOSUPPORT);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	return 0;
}

static void test_sockets(void **state)
{
	(void)state;
	under(SECCOMP_TIGHT, DEFAULT_CAPS, sockets);
}

static void *thread(void *arg)
{
	return arg;
}

static int threads_and_namespaces(void)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	pthread_t t;
	void *got = NULL;

	REFUSED(syscall(SYS_clone3, &args, sizeof(args)), ENOSYS);
	CHECK(pthread_create(&t, NULL, thread, &args) == 0); /* the C library asks clone3 first */
	CHECK(pthread_join(t, &got) == 0 && got == &args);
	REFUSED(unshare(CLONE_NEWUSER), EPERM);
	REFUSED(setns(0, 0), EPERM);
	REFUSED(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0), EPERM);
	REFUSED(syscall(SYS_clone, (unsigned long)CLONE_NEWNET | 1UL << 32 | SIGCHLD, 0, 0, 0, 0), EPERM);
	pid_t pid = fork();

	if (pid == 0)
		_exit(7);
	int status;

	CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 7);
	return 0;
}

static void test_threads_and_namespaces(void **state)
{
	(void)state;
	under(SECCOMP_TIGHT, DEFAULT_CAPS, threads_and_namespaces);
}

static int known_and_unknown(void)
{
	REFUSED(syscall(9999), ENOSYS);
	REFUSED(syscall(600), ENOSYS);
	REFUSED(syscall(425, 1, NULL), EPERM); /* io_uring_setup */
	REFUSED(syscall(SYS_bpf, 0, NULL, 0), EPERM);
	REFUSED(syscall(SYS_userfaultfd, 0), EPERM);
	REFUSED(syscall(SYS_keyctl, 0, 0), EPERM);
	REFUSED(syscall(SYS_mount, 0, 0, 0, 0, 0), EPERM);
	REFUSED(syscall(457, 0, 0, 0, 0), EPERM); /* statmount: newer than libseccomp 2.5 */
	errno = 0;
	CHECK(syscall(462, 1, 0, 0) == -1 && errno != EPERM); /* mseal: the kernel's own answer */
	CHECK(personality(0xffffffff) >= 0);
	CHECK(personality(PER_LINUX) >= 0);
	REFUSED(personality(READ_IMPLIES_EXEC), ENOSYS);
	REFUSED(syscall(SYS_personality, READ_IMPLIES_EXEC | 1L << 32), ENOSYS);
	return 0;
}

static void test_known_and_unknown(void **state)
{
	(void)state;
	under(SECCOMP_TIGHT, DEFAULT_CAPS, known_and_unknown);
}

static int terminal = -1;

static int type_into_terminal(void)
{
	int pending;

	REFUSED(ioctl(terminal, TIOCSTI, "x"), EPERM);
	REFUSED(ioctl(terminal, TIOCLINUX, "\3"), EPERM);
	REFUSED(syscall(SYS_ioctl, terminal, TIOCSTI | 1L << 32, "x"), EPERM);
	REFUSED(syscall(SYS_ioctl, terminal, TIOCSTI | ~0UL << 32, "x"), EPERM);
	CHECK(ioctl(terminal, FIONREAD, &pending) == 0 && pending == 0);
	return 0;
}

/* As root TIOCSTI would work whatever dev.tty.legacy_tiocsti says. */
static void test_terminal(void **state)
{
	(void)state;
	auto_fd int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct err e;

	if (master < 0) {
		print_message("no pseudo-terminal here\n");
		skip();
	}
	if (pty_peer(master, &terminal, &e) < 0)
		fail_msg("%s", e.text);
	under(SECCOMP_TIGHT, DEFAULT_CAPS, type_into_terminal);
	under(SECCOMP_COMPAT, DEFAULT_CAPS, type_into_terminal);
	fd_close(&terminal);
}

static int with_sys_admin(void)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0)
		_exit(0);
	CHECK(pid > 0 && waitpid(pid, NULL, 0) == pid);
	errno = 0;
	CHECK(unshare(CLONE_NEWUTS) == 0 || geteuid() != 0);
	CHECK(syscall(SYS_mount, NULL, "/", NULL, ~0UL, NULL) == -1 && errno != ENOSYS);
	return 0;
}

static void test_with_capability(void **state)
{
	(void)state;
	under(SECCOMP_TIGHT, DEFAULT_CAPS | BIT64(CAP_SYS_ADMIN), with_sys_admin);
}

#ifdef __x86_64__
static int x32_call(void)
{
	return syscall(SYS_getpid | X32_BIT) == -1 && errno == ENOSYS ? 0 : __LINE__;
}

static long int80(long number, long a, long b, long c)
{
	long r;

	__asm__ volatile("int $0x80" : "=a"(r) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory", "r8", "r9", "r10", "r11");
	return r;
}

static int i386_getpid(void)
{
	return int80(20, 0, 0, 0) == getpid() ? 0 : __LINE__;
}

static int i386_sockets(void)
{
	CHECK(int80(20, 0, 0, 0) == getpid());
	CHECK(int80(359, AF_INET, SOCK_DGRAM, 0) >= 0);
	CHECK(int80(359, AF_ALG, SOCK_SEQPACKET, 0) == -EAFNOSUPPORT);
	CHECK(int80(359, AF_VSOCK, SOCK_STREAM, 0) == -EAFNOSUPPORT);
	CHECK(int80(102, 1, 0, 0) == -EPERM); /* socketcall: any socket */
	CHECK(int80(9999, 0, 0, 0) == -ENOSYS);
	CHECK(int80(310, CLONE_NEWUSER, 0, 0) == -EPERM); /* unshare */
	return 0;
}

/* A 32-bit program: exit(getpid() > 0 ? 42 : 0), by hand. */
static int run_i386_program(void)
{
	static const unsigned char elf[] = {
		0x7f, 'E', 'L', 'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* ELF32, little endian */
		2, 0, 3, 0, 1, 0, 0, 0,					   /* an executable for i386 */
		0x54, 0x80, 0x04, 0x08, 0x34, 0, 0, 0, 0, 0, 0, 0,	   /* entry; program header at 0x34 */
		0, 0, 0, 0, 0x34, 0, 0x20, 0, 1, 0, 0, 0, 0, 0, 0, 0,
		1, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x04, 0x08, 0, 0x80, 0x04, 0x08, /* PT_LOAD at 0x8048000 */
		0x80, 0, 0, 0, 0x80, 0, 0, 0, 5, 0, 0, 0, 0, 0x10, 0, 0,
		0xb8, 1, 0, 0, 0, 0xbb, 42, 0, 0, 0, 0xcd, 0x80,	   /* eax = 1, ebx = 42, int 0x80 */
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	};
	int fd = memfd_create("i386", 0);
	char *const argv[] = { (char[]){ "i386" }, NULL };

	CHECK(write(fd, elf, sizeof(elf)) == (ssize_t)sizeof(elf));
	fexecve(fd, argv, argv + 1);
	return __LINE__;
}

static bool has_i386(void)
{
	auto_seccomp_plan struct seccomp_plan none = { 0 };
	int status = status_of(&none, run_i386_program);

	if (WIFEXITED(status) && WEXITSTATUS(status) == 42)
		return true;
	print_message("this kernel runs no 32-bit programs\n");
	return false;
}

static bool killed(int status)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}
#endif

static void test_other_abis(void **state)
{
	(void)state;
#ifdef __x86_64__
	for (int which = SECCOMP_TIGHT; which <= SECCOMP_COMPAT; which++) {
		auto_seccomp_plan struct seccomp_plan p = profile((enum seccomp_profile)which, DEFAULT_CAPS, false);

		assert_true(killed(status_of(&p, x32_call)));
		if (!has_i386())
			continue;
		assert_true(killed(status_of(&p, i386_getpid)));
		assert_true(killed(status_of(&p, run_i386_program)));
	}
#else
	skip();
#endif
}

static void test_abi32(void **state)
{
	(void)state;
#ifdef __x86_64__
	auto_seccomp_plan struct seccomp_plan p = profile(SECCOMP_TIGHT, DEFAULT_CAPS, true);

	if (!has_i386())
		skip();
	int status = status_of(&p, run_i386_program);

	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 42);
	assert_int_equal(status_of(&p, i386_sockets), 0);
	assert_true(killed(status_of(&p, x32_call)));
#else
	skip();
#endif
}

/* Ordinary programs: what a shell, its pipes and an interpreter do has to go on working. */
static int shell(void)
{
	execl("/bin/sh", "sh", "-c",
	      "set -e; d=$(mktemp -d); cd $d; echo a >f; ln -s f l; cat l | tr a b >g; test \"$(cat g)\" = b;"
	      "touch -d @0 f; chmod 600 f; mv g h; find . -type f | sort | xargs ls -l >/dev/null; sleep 0.01 & wait;"
	      "mkfifo p; df . >/dev/null; tar cf t f h; tar tf t >/dev/null; cd /; rm -r $d", NULL);
	return __LINE__;
}

static int python(void)
{
	execl("/usr/bin/python3", "python3", "-c",
	      "import threading, subprocess, socket, multiprocessing.pool, ssl, os, asyncio, tempfile, sqlite3\n"
	      "t = threading.Thread(target=lambda: None); t.start(); t.join()\n"
	      "assert subprocess.check_output(['echo', 'x']) == b'x\\n'\n"
	      "s = socket.create_server(('127.0.0.1', 0)); c = socket.create_connection(s.getsockname())\n"
	      "asyncio.run(asyncio.sleep(0.001))\n"
	      "f = tempfile.TemporaryFile(); f.write(b'x'); f.flush(); os.fsync(f.fileno())\n"
	      "sqlite3.connect(':memory:').execute('select 1')\n", NULL);
	return __LINE__;
}

static void test_programs(void **state)
{
	(void)state;
	under(SECCOMP_TIGHT, DEFAULT_CAPS, shell);
	under(SECCOMP_COMPAT, DEFAULT_CAPS, shell);
	if (access("/usr/bin/python3", X_OK) < 0) {
		print_message("no python3 here\n");
		skip();
	}
	under(SECCOMP_TIGHT, DEFAULT_CAPS, python);
}

static struct seccomp_plan from_spec(const struct spec_seccomp *s)
{
	struct seccomp_plan plan;
	struct err e;

	if (seccomp_from_spec(s, -1, &plan, &e) < 0)
		fail_msg("%s", e.text);
	return plan;
}

/* The listener's fd comes out, works, and its answer reaches the caller. */
static void test_listener(void **state)
{
	(void)state;
	char *names[] = { (char[]){ "chdir" }, NULL };
	char *flags[] = { (char[]){ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV" }, NULL };
	struct spec_seccomp_rule rule = { .names = { .v = names, .n = 1 }, .action = ACT_NOTIFY };
	struct spec_seccomp s = {
		.default_action = ACT_ALLOW, .rules = &rule, .n_rules = 1, .flags = { .v = flags, .n = 1 },
	};
	auto_seccomp_plan struct seccomp_plan plan = from_spec(&s);
	auto_fd int ours = -1, theirs = -1, listener = -1;
	int status;
	struct err e;

	assert_true(plan.notify);
	assert_int_equal(sock_pair(&ours, &theirs, &e), 0);
	pid_t pid = fork();

	if (pid == 0) {
		int fd;

		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || seccomp_install(&plan, &fd, &e) < 0)
			_exit(2);
		if (fcntl(fd, F_GETFD) != FD_CLOEXEC || sock_send(theirs, "x", 1, &fd, 1) < 0)
			_exit(3);
		close(fd);
		_exit(chdir("/no/such/folder") == -1 && errno == EDOM ? 0 : 4);
	}
	char byte;

	fd_close(&theirs);
	assert_int_equal(sock_recv(ours, &byte, 1, &listener, 1), 1);
	struct seccomp_notif request = { 0 };

	assert_int_equal(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request), 0);
	assert_int_equal(request.data.nr, SYS_chdir);
	struct seccomp_notif_resp answer = { .id = request.id, .error = -EDOM };

	assert_int_equal(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(seccomp_install(&plan, NULL, &e), -EINVAL); /* nobody to take the listener: refused before */
}

static int chdir_is_refused(void)
{
	REFUSED(chdir("/"), EACCES);
	REFUSED(syscall(SYS_openat2, -1, NULL, NULL, 0), EPERM);
	REFUSED(syscall(SYS_openat2 + 1, 0, 0, 0), ENOSYS);
	return 0;
}

static void test_all_flags(void **state)
{
	(void)state;
	char *chdirs[] = { (char[]){ "chdir" }, NULL }, *refused[] = { (char[]){ "openat2" }, NULL };
	char *allowed[] = { (char[]){ "write" }, (char[]){ "exit_group" }, (char[]){ "sigaltstack" }, NULL };
	char *flags[] = { (char[]){ "SECCOMP_FILTER_FLAG_TSYNC" }, (char[]){ "SECCOMP_FILTER_FLAG_LOG" },
			  (char[]){ "SECCOMP_FILTER_FLAG_SPEC_ALLOW" }, NULL };
	struct spec_seccomp_rule rules[] = {
		{ .names = { .v = chdirs, .n = 1 }, .action = ACT_ERRNO, .errno_ret = { .set = true, .v = EACCES } },
		{ .names = { .v = allowed, .n = 3 }, .action = ACT_ALLOW },
		{ .names = { .v = refused, .n = 1 }, .action = ACT_ERRNO },
	};
	struct spec_seccomp s = {
		.default_action = ACT_ERRNO, .rules = rules, .n_rules = 3, .flags = { .v = flags, .n = 3 },
	};
	auto_seccomp_plan struct seccomp_plan plan = from_spec(&s);

	assert_int_equal(status_of(&plan, chdir_is_refused), 0);
}

static void test_without_privilege(void **state)
{
	(void)state;
	auto_seccomp_plan struct seccomp_plan plan = profile(SECCOMP_TIGHT, DEFAULT_CAPS, false);
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct err e = { 0 };

		if (geteuid() == 0 && setuid(65534) < 0)
			_exit(2);
		_exit(seccomp_install(&plan, NULL, &e) == -EACCES && strstr(e.text, "no_new_privs") ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_installed),
		cmocka_unit_test(test_sockets),
		cmocka_unit_test(test_threads_and_namespaces),
		cmocka_unit_test(test_known_and_unknown),
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_with_capability),
		cmocka_unit_test(test_other_abis),
		cmocka_unit_test(test_abi32),
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_listener),
		cmocka_unit_test(test_all_flags),
		cmocka_unit_test(test_without_privilege),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
