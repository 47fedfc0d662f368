// SPDX-License-Identifier: Apache-2.0
/* Namespaces opened, compared and joined, by root and by a user; loopback. */
#include "namespaces_box.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define A_USER 4242

static void test_kinds(void **state)
{
	struct err e;

	(void)state;
	for (int kind = 0; kind < NS_COUNT; kind++) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/self/ns/%s", ns_kinds[kind].file);
		auto_fd int own = ns_open(kind, path, &e), same = ns_open_pid(kind, getpid(), &e);

		assert_true(own >= 0 && same >= 0);
		assert_int_equal(fcntl(own, F_GETFD), FD_CLOEXEC);
		assert_int_equal(ns_open(kind == NS_NET ? NS_UTS : NS_NET, path, &e), -EINVAL);
		assert_non_null(strstr(e.text, "is not a"));
	}
	assert_int_equal(ns_open(NS_NET, "/no/such", &e), -ENOENT);
	assert_int_equal(ns_open(NS_NET, "/dev/null", &e), -EINVAL);
	assert_non_null(strstr(e.text, "/dev/null is not a namespace"));
}

/* A child that runs @check and says how it went. */
static void in_child(int (*check)(struct err *e))
{
	struct err *e = mmap(NULL, sizeof(*e), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(check(e) < 0 ? 1 : 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status != 0)
		fail_msg("%s (status %#x)", e->text, status);
	munmap(e, sizeof(*e));
}

static pid_t waiting_child(uint64_t flags, int *ret_pidfd)
{
	struct clone_args args = { .flags = flags | CLONE_PIDFD,
				   .pidfd = (uint64_t)(uintptr_t)ret_pidfd,
				   .exit_signal = SIGCHLD };
	pid_t pid = sys_clone3(&args);

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return pid;
}

static int join_all(pid_t pid, uint64_t flags, struct err *e)
{
	int fds[NS_COUNT], r = 0;

	for (int kind = 0; kind < NS_COUNT; kind++) {
		fds[kind] = -1;
		if (r == 0 && (flags & ns_kinds[kind].flag))
			fds[kind] = ns_open_pid(kind, pid, e);
		if (flags & ns_kinds[kind].flag)
			r = MIN(fds[kind], r);
	}
	if (r == 0)
		r = ns_join(fds, e);
	for (int kind = 0; kind < NS_COUNT; kind++)
		fd_close(&fds[kind]);
	return r;
}

static const uint64_t several = CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWCGROUP;

/* Into namespaces with a user namespace and without; afterwards nothing differs. */
static int join(uint64_t flags, struct err *e)
{
	static const struct spec_id_map all[] = { { 0, 0, 1000 } };
	static const struct spec_id_maps maps = { (struct spec_id_map *)all, 1 };
	static struct spec_id_map one[] = { { 0, A_USER, 1 } };
	static const struct spec_id_maps own = { one, 1 };
	auto_fd int pidfd = -1;
	pid_t pid = waiting_child(flags, &pidfd);
	uint64_t before = 0, after = 1;
	int r = pid < 0 ? err_set(e, errno, "clone") : 0;
	const struct spec_id_maps *m = getuid() ? &own : &maps;

	if (r == 0 && (flags & CLONE_NEWUSER))
		r = idmap_write(pid, m, m, e);
	if (r == 0)
		r = ns_differences(pid, &before, e);
	if (r == 0)
		r = join_all(pid, flags, e);
	if (r == 0 && !(flags & CLONE_NEWNS))
		r = ns_differences(pid, &after, e);
	if (pid > 0)
		syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	if (r < 0)
		return r;
	CHECK(before == flags);
	CHECK((flags & CLONE_NEWNS) || after == 0);
	return 0;
}

static int check_root_join(struct err *e)
{
	return join(several, e);
}

static int check_root_join_user(struct err *e)
{
	return join(several | CLONE_NEWUSER, e);
}

/* A user has no rights over these until it is in the user namespace that owns them. */
static int check_user_join(struct err *e)
{
	CHECK(setresgid(A_USER, A_USER, A_USER) == 0 && setresuid(A_USER, A_USER, A_USER) == 0);
	CHECK(prctl(PR_SET_DUMPABLE, 1) == 0);
	return join((several & ~(uint64_t)CLONE_NEWNS) | CLONE_NEWUSER, e);
}

static int check_process_join(struct err *e)
{
	auto_fd int pidfd = -1;
	uint64_t flags = CLONE_NEWUTS | CLONE_NEWNET, left = 1;
	pid_t pid = waiting_child(flags, &pidfd);

	CHECK(pid > 0 && ns_join_process(pidfd, flags, e) == 0);
	CHECK(ns_differences(pid, &left, e) == 0 && left == 0);
	CHECK(kill(pid, SIGKILL) == 0);
	return 0;
}

static void test_join(void **state)
{
	(void)state;
	if (!box_may())
		return;
	in_child(check_root_join);
	in_child(check_root_join_user);
	in_child(check_user_join);
	in_child(check_process_join);
}

static int check_loopback(struct err *e)
{
	CHECK(unshare(CLONE_NEWNET) == 0);
	auto_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq lo = { .ifr_name = "lo" };

	CHECK(fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &lo) == 0 && !(lo.ifr_flags & IFF_UP));
	int r = ns_loopback_up(e);

	if (r < 0)
		return r;
	CHECK(ioctl(fd, SIOCGIFFLAGS, &lo) == 0 && (lo.ifr_flags & IFF_UP) && (lo.ifr_flags & IFF_LOOPBACK));
	CHECK(ioctl(fd, SIOCGIFADDR, &lo) == 0);
	return 0;
}

static void test_loopback(void **state)
{
	(void)state;
	if (!box_may())
		return;
	in_child(check_loopback);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_loopback),
	};

	return cmocka_run_group_tests_name("namespaces: joining", tests, NULL, NULL);
}
