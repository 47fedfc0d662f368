// SPDX-License-Identifier: Apache-2.0
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/sys.h"

#define STAT_MAX 1024
#define START_TIME_FIELD 22

int proc_identify(pid_t pid, struct proc_id *ret, struct err *e)
{
	char name[32], text[STAT_MAX];

	snprintf(name, sizeof(name), "/proc/%d/stat", pid);
	auto_fd int fd = open(name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_set(e, errno == ENOENT ? ESRCH : errno, "process %d", pid);
	ssize_t n = fd_read_all(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return err_set(e, n ? (int)-n : ESRCH, "process %d", pid);
	text[n] = '\0';
	/* the command in parentheses may hold anything, parentheses and blanks too: count from the last one */
	char *p = strrchr(text, ')');

	for (int field = 2; p && field < START_TIME_FIELD; field++)
		p = strchr(p + 1, ' ');
	if (!p)
		return err_say(e, EPROTO, "%s has an unknown form", name);
	ret->pid = pid;
	ret->start_time = strtoull(p + 1, NULL, 10);
	return 0;
}

int proc_open(const struct proc_id *id, struct err *e)
{
	struct proc_id now;

	if (id->pid <= 0)
		return err_set(e, ESRCH, "process %d", id->pid);
	auto_fd int fd = pidfd_open(id->pid, 0);

	if (fd < 0) /* EINVAL, ENOENT: the number is a thread's by now */
		return err_set(e, errno == EINVAL || errno == ENOENT ? ESRCH : errno, "process %d", id->pid);
	/* read after the pidfd is open: if the time matches, the pidfd is of that process */
	int r = proc_identify(id->pid, &now, e);

	if (r < 0)
		return r;
	if (now.start_time != id->start_time)
		return err_set(e, ESRCH, "process %d", id->pid);
	return fd_take(&fd);
}

bool proc_ended(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

int proc_status(const siginfo_t *info)
{
	return info->si_code == CLD_EXITED ? info->si_status & 0xff : 128 + info->si_status;
}

int proc_wait(int pidfd, struct err *e)
{
	siginfo_t info;

	while (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | __WALL) < 0)
		if (errno != EINTR)
			return err_set(e, errno, "wait for a child");
	return proc_status(&info);
}

void proc_reset_signals(void)
{
	/* an exec resets handlers by itself; what stays is what some caller ignores, and these are the ones that callers do */
	static const int ignorable[] = { SIGHUP,  SIGINT,  SIGQUIT, SIGPIPE, SIGALRM, SIGTERM, SIGUSR1,
					 SIGUSR2, SIGCHLD, SIGTSTP, SIGTTIN, SIGTTOU, SIGWINCH };
	sigset_t none;

	for (size_t i = 0; i < ARRAY_SIZE(ignorable); i++)
		(void)signal(ignorable[i], SIG_DFL); /* cannot fail for these */
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the child: put the fds where the program expects them. Return: 0 or -errno */
static int place_fds(const struct proc_spawn *s, int *report)
{
	int n = 3 + (int)s->n_keep;
	int held[16];

	if (s->n_keep > ARRAY_SIZE(held) - 4)
		return -EMFILE;
	/* first out of the way, then into place: no target can then be a source still needed */
	for (int i = 0; i < n; i++) {
		int from = i < 3 ? s->stdio[i] : s->keep[i - 3];

		if (from < 0)
			from = open("/dev/null", O_RDWR | O_CLOEXEC);
		held[i] = from < 0 ? -1 : fcntl(from, F_DUPFD_CLOEXEC, n + 1);
		if (held[i] < 0)
			return -errno;
	}
	*report = fcntl(*report, F_DUPFD_CLOEXEC, n + 1);
	if (*report < 0)
		return -errno;
	for (int i = 0; i < n; i++)
		if (dup2(held[i], i) < 0)
			return -errno;
	return close_range((unsigned)n, ~0U, CLOSE_RANGE_CLOEXEC) < 0 ? -errno : 0;
}

static _Noreturn void spawned(const struct proc_spawn *s, int report, pid_t parent)
{
	char *const none[] = { NULL };
	int r = place_fds(s, &report);

	if (r == 0 && s->die_with_parent)
		r = prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent ? -ESRCH : 0;
	if (r == 0 && s->no_new_privs)
		r = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
	if (r == 0)
		r = (s->cwd >= 0 ? fchdir(s->cwd) : chdir("/")) < 0 ? -errno : 0;
	if (r == 0) {
		proc_reset_signals();
		execve(s->path, s->argv, s->envp ? s->envp : none);
		r = -errno;
	}
	(void)fd_write_all(report, &r, sizeof(r)); /* nobody else to tell */
	_exit(127);
}

int proc_spawn(const struct proc_spawn *s, pid_t *ret_pid, int *ret_pidfd, struct err *e)
{
	auto_fd int pidfd = -1;
	int pipe_fds[2];

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_set(e, errno, "start %s", s->path);
	auto_fd int report = pipe_fds[0], child_report = pipe_fds[1];
	struct clone_args args = {
		.flags = CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};
	pid_t parent = getpid(), pid = sys_clone3(&args);

	if (pid < 0)
		return err_set(e, errno, "start %s", s->path);
	if (pid == 0)
		spawned(s, child_report, parent);
	fd_close(&child_report);
	int failure = 0;

	if (fd_read_all(report, &failure, sizeof(failure)) == (ssize_t)sizeof(failure)) {
		struct err ignored;

		(void)proc_wait(pidfd, &ignored); /* it has ended by itself: only reap it */
		return err_set(e, -failure, "start %s", s->path);
	}
	if (ret_pid)
		*ret_pid = pid;
	*ret_pidfd = fd_take(&pidfd);
	return 0;
}

int proc_signal_number(const char *name)
{
	uint64_t n;
	int64_t offset;

	if (str_to_u64(name, 64, &n) == 0)
		return n >= 1 ? (int)n : -EINVAL;
	if (strncasecmp(name, "SIG", 3) == 0)
		name += 3;
	if (strncasecmp(name, "RTMIN", 5) == 0 || strncasecmp(name, "RTMAX", 5) == 0) {
		int base = strncasecmp(name, "RTMIN", 5) == 0 ? SIGRTMIN : SIGRTMAX;

		name += 5;
		if (!*name)
			return base;
		if (str_to_i64(*name == '+' ? name + 1 : name, -64, 64, &offset) < 0)
			return -EINVAL;
		int s = base + (int)offset;

		return s >= SIGRTMIN && s <= SIGRTMAX ? s : -EINVAL;
	}
	for (int s = 1; s < NSIG; s++) {
		const char *known = sigabbrev_np(s);

		if (known && strcasecmp(name, known) == 0)
			return s;
	}
	return -EINVAL;
}

const char *proc_signal_name(int number, char buf[PROC_SIGNAL_MAX])
{
	if (number >= SIGRTMIN && number <= SIGRTMAX) {
		snprintf(buf, PROC_SIGNAL_MAX, "RTMIN+%d", number - SIGRTMIN);
		return buf;
	}
	return sigabbrev_np(number);
}

int proc_random_hex(char *buf, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[64];

	for (size_t done = 0; done < n; done++) {
		size_t i = done % ARRAY_SIZE(bytes);

		if (i == 0 && getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
			return -EIO;
		buf[done] = digits[bytes[i] & 15];
	}
	buf[n] = '\0';
	return 0;
}
