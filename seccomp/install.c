// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

#include "base/fd.h"
#include "seccomp/seccomp.h"

static int install_one(const struct seccomp_filter *f, struct err *e)
{
	struct sock_fprog prog = { .len = f->n, .filter = f->code };
	long r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, f->flags, &prog);

	if (r >= 0)
		return (int)r;
	int saved = errno;

	err_set(e, saved, "install a seccomp filter of %u instructions", (unsigned)f->n);
	if (saved == EACCES)
		return err_hint(e, "it takes no_new_privs, or CAP_SYS_ADMIN in this user namespace");
	if (saved == EBUSY)
		return err_hint(e, "another filter of this process has a listener already");
	return -saved;
}

int seccomp_install(const struct seccomp_plan *p, int *ret_listener, struct err *e)
{
	auto_fd int listener = -1;

	if (p->notify && !ret_listener)
		return err_say(e, EINVAL, "a seccomp filter with a listener, and nobody to take it");
	for (size_t i = 0; i < p->n; i++) {
		int r = install_one(&p->filters[i], e);

		if (r < 0)
			return r;
		if (p->filters[i].flags & SECCOMP_FILTER_FLAG_NEW_LISTENER)
			listener = r; /* close-on-exec: the kernel made it so */
	}
	if (p->notify)
		*ret_listener = fd_take(&listener);
	return 0;
}
