// SPDX-License-Identifier: Apache-2.0
#include "images/worker/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

/* A thread and nothing else: these flags, and no namespace. clone3, whose flags a filter can't see, gives ENOSYS. */
#define THREAD_FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
#define OTHER_FLAGS \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

static const int common[] = {
	/* the input, the socket, the files */
	SCMP_SYS(read), SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(pwrite64), SCMP_SYS(lseek), SCMP_SYS(close),
	SCMP_SYS(sendmsg), SCMP_SYS(ftruncate), SCMP_SYS(openat), SCMP_SYS(unlinkat), SCMP_SYS(fstat), SCMP_SYS(newfstatat),
	/* memory and threads */
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(futex), SCMP_SYS(getrandom),
	SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity),
	SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),
	/* the end, abort() too */
	SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(rt_sigaction), SCMP_SYS(getpid), SCMP_SYS(gettid),
	SCMP_SYS(restart_syscall),
};

static const int places_files[] = {
	/* folders and names */
	SCMP_SYS(openat2), SCMP_SYS(getdents64), SCMP_SYS(mkdirat), SCMP_SYS(mknodat),
	SCMP_SYS(symlinkat), SCMP_SYS(linkat), SCMP_SYS(renameat), SCMP_SYS(renameat2),
	SCMP_SYS(readlinkat),
	/* what files are */
	SCMP_SYS(fchown), SCMP_SYS(fchownat), SCMP_SYS(fchmod),
	SCMP_SYS(fchmodat), SCMP_SYS(utimensat), SCMP_SYS(fsetxattr), SCMP_SYS(fgetxattr), SCMP_SYS(flistxattr),
	SCMP_SYS(fremovexattr),
};

static const struct filter_limit places_files_limits[] = {
	{ SCMP_SYS(fcntl), SCMP_A1(SCMP_CMP_EQ, F_GETFL, 0) }, /* by fdopendir() */
	{ SCMP_SYS(fcntl), SCMP_A1(SCMP_CMP_EQ, F_SETFD, 0) },
};

const struct filter filter_places_files = {
	.calls = places_files,
	.n_calls = ARRAY_SIZE(places_files),
	.limits = places_files_limits,
	.n_limits = ARRAY_SIZE(places_files_limits),
};

static int add_rules(scmp_filter_ctx ctx, const struct filter *f)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < f->n_calls; i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, f->calls[i], 0);
	for (size_t i = 0; r == 0 && i < f->n_limits; i++)
		r = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, f->limits[i].call, 1, &f->limits[i].arg);
	return r;
}

static int add_common(scmp_filter_ctx ctx)
{
	/* root could reach other processes by some */
	const struct filter_limit limits[] = {
		/* nothing that is read ever becomes code */
		{ SCMP_SYS(mmap), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0) },
		{ SCMP_SYS(mprotect), SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0) },
		{ SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, THREAD_FLAGS | OTHER_FLAGS, THREAD_FLAGS) },
		{ SCMP_SYS(prlimit64), SCMP_A0(SCMP_CMP_EQ, 0, 0) }, /* by pthread_create() */
		{ SCMP_SYS(tgkill), SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0) },
	};
	const struct filter all = {
		.calls = common,
		.n_calls = ARRAY_SIZE(common),
		.limits = limits,
		.n_limits = ARRAY_SIZE(limits),
	};

	return add_rules(ctx, &all);
}

int filter_load(const struct filter *own, struct err *e)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));

	if (!ctx)
		return err_nomem(e);
	int r = add_common(ctx);

	if (r == 0)
		r = add_rules(ctx, own);
	if (r == 0)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	return r < 0 ? err_set(e, -r, "load the system call filter") : 0;
}
