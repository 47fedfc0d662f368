// SPDX-License-Identifier: Apache-2.0
/* What both profiles say alike. Names that an architecture lacks cost nothing there. */
#include "seccomp/profile.h"

#include <asm/ioctls.h>
#include <linux/netlink.h>
#include <sys/socket.h>

/* clang-format off */
static const struct profile_rule allow[] = {
	/* Files and folders. */
	{ .rule = { ALLOWED, CALLS(
		"open", "openat", "openat2", "creat", "close", "close_range", "read", "write", "readv",
		"writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2", "pwritev2", "lseek", "_llseek",
		"truncate", "truncate64", "ftruncate", "ftruncate64", "fallocate", "fadvise64", "fadvise64_64",
		"arm_fadvise64_64", "readahead", "copy_file_range", "sendfile", "sendfile64", "splice", "tee",
		"fsync", "fdatasync", "sync", "syncfs", "sync_file_range", "sync_file_range2",
		"arm_sync_file_range", "flock", "fcntl", "fcntl64", "ioctl", "dup", "dup2", "dup3", "pipe",
		"pipe2", "memfd_create", "memfd_secret", "cachestat", "stat", "stat64", "lstat", "lstat64",
		"fstat", "fstat64", "fstatat64", "newfstatat", "statx", "statfs", "statfs64", "fstatfs",
		"fstatfs64", "access", "faccessat", "faccessat2", "getdents", "getdents64", "getcwd", "chdir",
		"fchdir", "link", "linkat", "symlink", "symlinkat", "readlink", "readlinkat", "unlink",
		"unlinkat", "rename", "renameat", "renameat2", "mkdir", "mkdirat", "rmdir", "mknod", "mknodat",
		"chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "chown32", "fchown", "fchown32", "lchown",
		"lchown32", "fchownat", "umask", "utime", "utimes", "futimesat", "utimensat",
		"utimensat_time64", "getxattr", "lgetxattr", "fgetxattr", "getxattrat", "setxattr", "lsetxattr",
		"fsetxattr", "setxattrat", "listxattr", "llistxattr", "flistxattr", "listxattrat",
		"removexattr", "lremovexattr", "fremovexattr", "removexattrat", "file_getattr", "file_setattr",
		"name_to_handle_at", "inotify_init", "inotify_init1", "inotify_add_watch", "inotify_rm_watch") } },
	/* Waiting for files, and asynchronous files of the old kind. */
	{ .rule = { ALLOWED, CALLS(
		"poll", "ppoll", "ppoll_time64", "select", "_newselect", "pselect6", "pselect6_time64",
		"epoll_create", "epoll_create1", "epoll_ctl", "epoll_ctl_old", "epoll_wait", "epoll_wait_old",
		"epoll_pwait", "epoll_pwait2", "eventfd", "eventfd2", "signalfd", "signalfd4", "io_setup",
		"io_destroy", "io_submit", "io_cancel", "io_getevents", "io_pgetevents", "io_pgetevents_time64") } },
	/* Memory. */
	{ .rule = { ALLOWED, CALLS(
		"brk", "mmap", "mmap2", "munmap", "mremap", "mprotect", "madvise", "process_madvise",
		"process_mrelease", "mincore", "msync", "mlock", "mlock2", "mlockall", "munlock", "munlockall",
		"mseal", "remap_file_pages", "pkey_alloc", "pkey_free", "pkey_mprotect", "map_shadow_stack",
		"membarrier", "get_mempolicy") } },
	/* Processes and threads; clone3 is further down, and the flags of clone are the deny-list's. */
	{ .rule = { ALLOWED, CALLS(
		"clone", "fork", "vfork", "execve", "execveat", "exit", "exit_group", "wait4", "waitid",
		"waitpid", "getpid", "getppid", "gettid", "getpgid", "getpgrp", "setpgid", "getsid", "setsid",
		"set_tid_address", "set_robust_list", "get_robust_list", "rseq", "rseq_slice_yield", "futex",
		"futex_time64", "futex_waitv", "futex_wake", "futex_wait", "futex_requeue", "pidfd_open",
		"pidfd_send_signal", "prctl", "arch_prctl", "set_thread_area", "get_thread_area", "set_tls",
		"cacheflush", "breakpoint", "riscv_flush_icache", "riscv_hwprobe", "uretprobe", "uprobe",
		"restart_syscall", "ptrace", "seccomp", "landlock_create_ruleset", "landlock_add_rule",
		"landlock_restrict_self") } },
	/* Scheduling and limits. */
	{ .rule = { ALLOWED, CALLS(
		"sched_yield", "sched_getaffinity", "sched_setaffinity", "sched_getattr", "sched_setattr",
		"sched_getparam", "sched_setparam", "sched_getscheduler", "sched_setscheduler",
		"sched_get_priority_max", "sched_get_priority_min", "sched_rr_get_interval",
		"sched_rr_get_interval_time64", "getpriority", "setpriority", "nice", "ioprio_get",
		"ioprio_set", "getcpu", "getrlimit", "ugetrlimit", "setrlimit", "prlimit64", "getrusage") } },
	/* Signals. */
	{ .rule = { ALLOWED, CALLS(
		"kill", "tkill", "tgkill", "rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigqueueinfo",
		"rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait", "rt_sigtimedwait_time64",
		"rt_tgsigqueueinfo", "sigaltstack", "signal", "sigaction", "sigpending", "sigprocmask",
		"sigreturn", "sigsuspend", "pause") } },
	/* Time; setting it is further down. */
	{ .rule = { ALLOWED, CALLS(
		"time", "gettimeofday", "clock_gettime", "clock_gettime64", "clock_getres",
		"clock_getres_time64", "clock_nanosleep", "clock_nanosleep_time64", "nanosleep", "adjtimex",
		"clock_adjtime", "clock_adjtime64", "alarm", "getitimer", "setitimer", "timer_create",
		"timer_delete", "timer_getoverrun", "timer_gettime", "timer_gettime64", "timer_settime",
		"timer_settime64", "timerfd_create", "timerfd_gettime", "timerfd_gettime64", "timerfd_settime",
		"timerfd_settime64", "times") } },
	/* Users, groups and capabilities. */
	{ .rule = { ALLOWED, CALLS(
		"getuid", "getuid32", "geteuid", "geteuid32", "getgid", "getgid32", "getegid", "getegid32",
		"getresuid", "getresuid32", "getresgid", "getresgid32", "getgroups", "getgroups32", "setuid",
		"setuid32", "setgid", "setgid32", "setreuid", "setreuid32", "setregid", "setregid32",
		"setresuid", "setresuid32", "setresgid", "setresgid32", "setgroups", "setgroups32", "setfsuid",
		"setfsuid32", "setfsgid", "setfsgid32", "capget", "capset") } },
	/* Sockets; the address families are the deny-list's. */
	{ .rule = { ALLOWED, CALLS(
		"socket", "socketpair", "bind", "listen", "accept", "accept4", "connect", "shutdown",
		"getsockname", "getpeername", "getsockopt", "setsockopt", "send", "sendto", "sendmsg",
		"sendmmsg", "recv", "recvfrom", "recvmsg", "recvmmsg", "recvmmsg_time64") } },
	/* Messages, semaphores and shared memory, of System V and of POSIX. */
	{ .rule = { ALLOWED, CALLS(
		"ipc", "msgctl", "msgget", "msgrcv", "msgsnd", "semctl", "semget", "semop", "semtimedop",
		"semtimedop_time64", "shmat", "shmctl", "shmdt", "shmget", "mq_open", "mq_unlink", "mq_notify",
		"mq_getsetattr", "mq_timedreceive", "mq_timedreceive_time64", "mq_timedsend",
		"mq_timedsend_time64") } },
	/* The system. */
	{ .rule = { ALLOWED, CALLS("uname", "sysinfo", "getrandom") } },

	/* Native (0), 32-bit (8) and pretended Linux 2.6 (0x20000) personalities, and the question for the present one. */
	{ .rule = { ALLOWED, CALLS("personality"), ARGS(EQUAL(0, 0)) } },
	{ .rule = { ALLOWED, CALLS("personality"), ARGS(EQUAL(0, 0x8)) } },
	{ .rule = { ALLOWED, CALLS("personality"), ARGS(EQUAL(0, 0x20000)) } },
	{ .rule = { ALLOWED, CALLS("personality"), ARGS(EQUAL(0, 0x20008)) } },
	{ .rule = { ALLOWED, CALLS("personality"), ARGS(EQUAL(0, 0xffffffff)) } },

	/* For those who have the capability that the call is about; the kernel asks for it again. */
	{ BIT64(CAP_DAC_READ_SEARCH), { REFUSED(EPERM), CALLS("open_by_handle_at") } },
	{ BIT64(CAP_SYS_CHROOT), { REFUSED(EPERM), CALLS("chroot") } },
	{ BIT64(CAP_SYS_MODULE), { REFUSED(EPERM), CALLS("init_module", "finit_module", "delete_module") } },
	{ BIT64(CAP_SYS_PACCT), { REFUSED(EPERM), CALLS("acct") } },
	{ BIT64(CAP_SYS_RAWIO), { REFUSED(EPERM), CALLS("ioperm", "iopl") } },
	{ BIT64(CAP_SYS_TIME), { REFUSED(EPERM), CALLS("settimeofday", "stime", "clock_settime", "clock_settime64") } },
	{ BIT64(CAP_SYS_TTY_CONFIG), { REFUSED(EPERM), CALLS("vhangup") } },
	{ BIT64(CAP_SYS_NICE), { REFUSED(EPERM), CALLS("migrate_pages", "move_pages") } },
	{ BIT64(CAP_SYS_PTRACE), { REFUSED(EPERM), CALLS("kcmp") } },
	{ BIT64(CAP_SYS_ADMIN) | BIT64(CAP_BPF), { REFUSED(EPERM), CALLS("bpf") } },
	{ BIT64(CAP_SYS_ADMIN) | BIT64(CAP_PERFMON), { REFUSED(EPERM), CALLS("perf_event_open") } },
	{ BIT64(CAP_SYS_ADMIN), { REFUSED(EPERM), CALLS(
		"quotactl", "quotactl_fd", "sethostname", "setdomainname", "swapon", "swapoff",
		"lookup_dcookie", "listns", "lsm_get_self_attr", "lsm_set_self_attr", "lsm_list_modules") } },

	/* For nobody: each was the way into the kernel more than once, or is long dead. */
	{ .rule = { REFUSED(EPERM), CALLS(
		"io_uring_setup", "io_uring_enter", "io_uring_register", "userfaultfd", "add_key",
		"request_key", "vmsplice", "kexec_load", "kexec_file_load", "nfsservctl", "sysfs", "ustat",
		"uselib", "bdflush", "vm86", "vm86old", "pciconfig_iobase", "pciconfig_read", "pciconfig_write") } },
};

static const struct profile_rule deny[] = {
	/* They type into the caller's terminal. */
	{ .rule = { REFUSED(EPERM), CALLS("ioctl"), ARGS(EQUAL(1, TIOCSTI)) } },
	{ .rule = { REFUSED(EPERM), CALLS("ioctl"), ARGS(EQUAL(1, TIOCLINUX)) } },
	/* "No auditing in this kernel": login programs go on, where EPERM makes them give up. */
	{ BIT64(CAP_AUDIT_WRITE),
	  { REFUSED(EINVAL), CALLS("socket"), ARGS(EQUAL(0, AF_NETLINK), EQUAL(2, NETLINK_AUDIT)) } },
};
/* clang-format on */

const struct profile profile_common = { PROFILE_LISTS(allow, deny) };
