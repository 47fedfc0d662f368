// SPDX-License-Identifier: Apache-2.0
/*
 * calls: make system calls that a container has no use for, and print what came back: "NAME ERRNO", or "NAME ok". One argument,
 * "all": every number from 0 to 500 with senseless arguments, each in a process of its own.
 */
#include <errno.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define HIGH	(1UL << 32)
#define ALL_HIGH (0xffffffffUL << 32)
#define X32	0x40000000

static const struct call {
	const char *name;
	long number;
	unsigned long args[3];
} calls[] = {
	{ "socket-inet", SYS_socket, { AF_INET, SOCK_STREAM, 0 } },
	{ "socket-inet6", SYS_socket, { AF_INET6, SOCK_STREAM, 0 } },
	{ "socket-unix", SYS_socket, { AF_UNIX, SOCK_STREAM, 0 } },
	{ "socket-netlink", SYS_socket, { AF_NETLINK, SOCK_RAW, 0 } },
	{ "socket-alg", SYS_socket, { 38, SOCK_SEQPACKET, 0 } },
	{ "socket-alg-high", SYS_socket, { 38 | HIGH, SOCK_SEQPACKET, 0 } },
	{ "socket-alg-all-high", SYS_socket, { 38 | ALL_HIGH, SOCK_SEQPACKET, 0 } },
	{ "socket-vsock", SYS_socket, { 40, SOCK_STREAM, 0 } },
	{ "socket-vsock-high", SYS_socket, { 40 | HIGH, SOCK_STREAM, 0 } },
	{ "socket-packet", SYS_socket, { AF_PACKET, SOCK_RAW, 0 } },
	{ "socket-packet-high", SYS_socket, { AF_PACKET | HIGH, SOCK_RAW, 0 } },
	{ "ioctl-tiocsti", SYS_ioctl, { 0, TIOCSTI, 0 } },
	{ "ioctl-tiocsti-high", SYS_ioctl, { 0, TIOCSTI | HIGH, 0 } },
	{ "ioctl-tiocsti-all-high", SYS_ioctl, { 0, TIOCSTI | ALL_HIGH, 0 } },
	{ "ioctl-tioclinux-high", SYS_ioctl, { 0, TIOCLINUX | HIGH, 0 } },
	{ "personality-16bit", SYS_personality, { 0x0200000, 0, 0 } },
	{ "personality-bad", SYS_personality, { 0x0400000, 0, 0 } },
	{ "personality-bad-high", SYS_personality, { 0x0400000 | HIGH, 0, 0 } },
	{ "unshare-user", SYS_unshare, { CLONE_NEWUSER, 0, 0 } },
	{ "unshare-user-high", SYS_unshare, { CLONE_NEWUSER | HIGH, 0, 0 } },
	{ "unshare-mount", SYS_unshare, { CLONE_NEWNS, 0, 0 } },
	{ "unshare-net", SYS_unshare, { CLONE_NEWNET, 0, 0 } },
	{ "setns", SYS_setns, { 0, 0, 0 } },
	{ "clone-user", SYS_clone, { CLONE_NEWUSER | SIGCHLD, 0, 0 } },
	{ "clone-user-high", SYS_clone, { CLONE_NEWUSER | SIGCHLD | HIGH, 0, 0 } },
	{ "clone-mount", SYS_clone, { CLONE_NEWNS | SIGCHLD, 0, 0 } },
	{ "clone-pid", SYS_clone, { CLONE_NEWPID | SIGCHLD, 0, 0 } },
	{ "clone3", SYS_clone3, { 0, 0, 0 } },
	{ "mount", SYS_mount, { 0, 0, 0 } },
	{ "umount2", SYS_umount2, { 0, 0, 0 } },
	{ "fsopen", SYS_fsopen, { 0, 0, 0 } },
	{ "open_tree", 428, { 0, 0, 0 } },
	{ "move_mount", 429, { 0, 0, 0 } },
	{ "mount_setattr", 442, { 0, 0, 0 } },
	{ "pivot_root", SYS_pivot_root, { 0, 0, 0 } },
	{ "chroot", SYS_chroot, { 0, 0, 0 } },
	{ "io_uring_setup", 425, { 1, 0, 0 } },
	{ "userfaultfd", SYS_userfaultfd, { 0, 0, 0 } },
	{ "keyctl", SYS_keyctl, { KEYCTL_GET_KEYRING_ID, (unsigned long)KEY_SPEC_SESSION_KEYRING, 0 } },
	{ "add_key", SYS_add_key, { 0, 0, 0 } },
	{ "bpf", SYS_bpf, { 0, 0, 0 } },
	{ "perf_event_open", SYS_perf_event_open, { 0, 0, 0 } },
	{ "ptrace-other", SYS_process_vm_readv, { 1, 0, 0 } },
	{ "pidfd_getfd", 438, { 0, 0, 0 } },
	{ "kexec_load", SYS_kexec_load, { 0, 0, 0 } },
	{ "init_module", SYS_init_module, { 0, 0, 0 } },
	{ "reboot", SYS_reboot, { 0, 0, 0 } },
	{ "swapon", SYS_swapon, { 0, 0, 0 } },
	{ "settimeofday", SYS_settimeofday, { 0, 0, 0 } },
	{ "open_by_handle_at", SYS_open_by_handle_at, { 0, 0, 0 } },
	{ "unknown-9999", 9999, { 0, 0, 0 } },
	{ "x32-getpid", SYS_getpid | X32, { 0, 0, 0 } },
	{ "x32-socket", SYS_socket | X32, { 38, SOCK_SEQPACKET, 0 } },
};

/* In a process of its own, for it may be killed, or become two. */
static void try(const struct call *c, const char *name)
{
	int fds[2], answer[2] = { 0, 0 }, status;

	if (pipe(fds) < 0)
		return;
	fflush(stdout);
	pid_t pid = fork();

	if (pid == 0) {
		alarm(1);
		errno = 0;
		pid_t self = getpid();
		long r = syscall(c->number, c->args[0], c->args[1], c->args[2], c->args[2], c->args[2], c->args[2]);

		if (getpid() != self)
			_exit(0);
		answer[0] = r < 0 ? errno : 0;
		_exit(write(fds[1], answer, sizeof(answer)) != sizeof(answer));
	}
	close(fds[1]);
	int n = (int)read(fds[0], answer, sizeof(answer));

	close(fds[0]);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	if (n != sizeof(answer))
		printf("%s killed\n", name);
	else
		printf("%s %s\n", name, answer[0] ? strerrorname_np(answer[0]) : "ok");
}

/* int $0x80: the 32-bit ABI without a 32-bit program. */
static long call32(long number, long a, long b, long c)
{
	long r;

	__asm__ volatile("int $0x80" : "=a"(r) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory", "r8", "r9", "r10", "r11");
	return r;
}

static void try32(const char *name, long number, long a, long b, long c)
{
	int fds[2], status;
	long answer = 0;

	if (pipe(fds) < 0)
		return;
	fflush(stdout);
	pid_t pid = fork();

	if (pid == 0) {
		answer = call32(number, a, b, c);
		_exit(write(fds[1], &answer, sizeof(answer)) != sizeof(answer));
	}
	close(fds[1]);
	int n = (int)read(fds[0], &answer, sizeof(answer));

	close(fds[0]);
	waitpid(pid, &status, 0);
	printf("%s %s\n", name, n != sizeof(answer) ? "killed" : answer < 0 ? strerrorname_np((int)-answer) : "ok");
}

static void *thread(void *arg)
{
	return arg;
}

static void try_all(void)
{
	/* what would end this process or wait, or cannot return */
	static const long never[] = { SYS_exit, SYS_exit_group, SYS_vfork, SYS_fork, SYS_pause, SYS_rt_sigreturn };
	char name[16];

	for (long n = 0; n <= 500; n++) {
		struct call c = { name, n, { ~0UL, ~0UL, ~0UL } };
		int skip = 0;

		for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++)
			skip |= never[i] == n;
		if (skip)
			continue;
		snprintf(name, sizeof(name), "%ld", n);
		try(&c, name);
	}
}

int main(int argc, char **argv)
{
	pthread_t t;

	(void)argv;
	if (argc > 1) {
		try_all();
		return 0;
	}
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		try(&calls[i], calls[i].name);
	try32("i386-getpid", 20, 0, 0, 0);
	try32("i386-socket-alg", 359, 38, SOCK_SEQPACKET, 0);
	uint32_t args[3] = { 38, SOCK_SEQPACKET, 0 };

	try32("i386-socketcall-alg", 102, 1, (long)(uintptr_t)args, 0);
	printf("thread %s\n", pthread_create(&t, NULL, thread, NULL) == 0 && pthread_join(t, NULL) == 0 ? "ok" : "failed");
	return 0;
}
