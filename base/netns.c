// SPDX-License-Identifier: Apache-2.0
#include "base/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/fd.h"

#define CALL_STACK (1 << 20)

int netns_visit(int netns, int (*f)(const void *arg, struct err *e), const void *arg, struct err *e)
{
	auto_fd int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	if (home < 0)
		return err_set(e, errno, "open this thread's network namespace");
	if (setns(netns, CLONE_NEWNET) < 0)
		return err_set(e, errno, "enter the container's network namespace");
	int r = f(arg, e);

	if (setns(home, CLONE_NEWNET) < 0)
		return err_set(e, errno, "come back from the container's network namespace");
	return r < 0 ? err_wrap(e, "in the container's network namespace") : r;
}

struct call {
	int netns;
	int (*f)(void *arg, struct err *e);
	void *arg;
	struct err *e;
	int r;
};

static int go_and_call(void *arg)
{
	struct call *c = arg;

	c->r = setns(c->netns, CLONE_NEWNET) < 0 ? err_set(c->e, errno, "enter the network namespace") : c->f(c->arg, c->e);
	return 0;
}

/* As with vfork(2) we stand still until it has ended, so that memory and errno are used by one at a time. */
int netns_call(int netns, int (*f)(void *arg, struct err *e), void *arg, struct err *e)
{
	struct call c = { netns, f, arg, e, err_say(e, EIO, "a child was killed in the network namespace") };
	char *stack = mmap(NULL, CALL_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

	if (stack == MAP_FAILED)
		return err_nomem(e);
	pid_t pid = clone(go_and_call, stack + CALL_STACK, CLONE_VM | CLONE_FILES | CLONE_VFORK, &c);

	if (pid < 0)
		c.r = err_set(e, errno, "make a process");
	while (pid > 0 && waitpid(pid, NULL, __WCLONE) < 0 && errno == EINTR)
		;
	(void)munmap(stack, CALL_STACK);
	return c.r;
}
