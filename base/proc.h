/* SPDX-License-Identifier: Apache-2.0 */
/* proc.h: processes by pidfd and start time, never by a bare number; signals by name; running a helper program. */
#ifndef BASE_PROC_H
#define BASE_PROC_H

#include <limits.h>
#include <signal.h>
#include <sys/types.h>

#include "base/err.h"

/* A process that cannot be confused with a later one of the same number. */
struct proc_id {
	pid_t pid;	     /* in our pid namespace; 0: none */
	uint64_t start_time; /* field 22 of /proc/PID/stat: clock ticks since boot */
};

/**
 * proc_identify() - Fill the start time of a process that is there
 *
 * Return: 0, or -ESRCH and others with @e filled
 */
int proc_identify(pid_t pid, struct proc_id *ret, struct err *e);

/**
 * proc_open() - A pidfd for exactly this process
 *
 * Return: the pidfd, or -ESRCH where it has gone (another process with its number does not count), else -errno; @e filled
 */
int proc_open(const struct proc_id *id, struct err *e);

/* Whether a pidfd's process has ended (a zombie has). */
bool proc_ended(int pidfd);

/**
 * proc_wait() - Reap a child by its pidfd, waiting as long as it takes
 *
 * Return: its exit status as a shell says it (0 to 255, 128 + signal), or -errno with @e filled
 */
int proc_wait(int pidfd, struct err *e);

/* The shell's word for a siginfo of waitid(2): exit code, or 128 + signal. */
int proc_status(const siginfo_t *info);

struct proc_spawn {
	const char *path;	/* absolute; nothing is searched for */
	char *const *argv;	/* ends with NULL */
	char *const *envp;	/* ends with NULL; NULL: an empty environment */
	int stdio[3];		/* become 0, 1, 2; -1: /dev/null */
	const int *keep;	/* further fds that the program gets as 3, 4, … ; NULL */
	size_t n_keep;
	int cwd;		/* folder fd, -1: "/" */
	bool die_with_parent;	/* SIGKILL when this thread ends */
	bool no_new_privs;	/* it, and all that it starts, can gain none by executing */
};

/**
 * proc_spawn() - Start a helper program with clean fds, default signals and an empty mask
 * @ret_pid:	Its number; may be NULL
 * @ret_pidfd:	Owned by the caller
 *
 * Return: 0, or -errno with @e filled: the exec's own failure is reported too
 */
int proc_spawn(const struct proc_spawn *s, pid_t *ret_pid, int *ret_pidfd, struct err *e);

/* A signal by name or number: "TERM", "SIGTERM", "15", "RTMIN+3". Return: 1 to 64, or -EINVAL. */
int proc_signal_number(const char *name);

/* "TERM", or "RTMIN+3"; NULL for what is no signal. @buf is for the latter kind. */
#define PROC_SIGNAL_MAX 16
const char *proc_signal_name(int number, char buf[PROC_SIGNAL_MAX]);

/* No signal ignored that a caller may have ignored, none blocked: for a child that will exec. */
void proc_reset_signals(void);

/* 128 random bits and more: fills @buf with @n lower-case hexadecimal digits and a zero. Return: 0 or -errno. */
int proc_random_hex(char *buf, size_t n);

#endif
