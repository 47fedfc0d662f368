// SPDX-License-Identifier: Apache-2.0
#include "base/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>

#include "base/fd.h"

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
