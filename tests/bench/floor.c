// SPDX-License-Identifier: Apache-2.0
/*
 * floor ROOTFS PROGRAM: the least that a container needs, and nothing else: no state, no errors worth reading, no limits,
 * no masks. What a runtime takes beyond this program's time is its own.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP | CLONE_NEWNET)

/* The container's side: its root file system, its name, its program. */
static void enter(const char *rootfs, const char *program)
{
	const char *argv[] = { program, NULL }, *envp[] = { NULL };

	if (mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) || mount(rootfs, rootfs, NULL, MS_BIND, NULL) ||
	    chdir(rootfs))
		err(1, "%s", rootfs);
	if (mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL))
		err(1, "mount proc");
	if (mount("tmpfs", "dev", "tmpfs", MS_NOSUID, "mode=755,size=64k"))
		err(1, "mount dev");
	if (mount("sysfs", "sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL))
		err(1, "mount sys");
	if (syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) || chdir("/"))
		err(1, "pivot_root");
	if (sethostname("floor", 5))
		err(1, "sethostname");
	execve(program, (char *const *)argv, (char *const *)envp);
	err(1, "exec %s", program);
}

int main(int argc, char **argv)
{
	char cgroup[64];
	int status;

	if (argc != 3)
		errx(2, "usage: floor ROOTFS PROGRAM");
	snprintf(cgroup, sizeof(cgroup), "/sys/fs/cgroup/floor-%d", getpid());
	if (mkdir(cgroup, 0755))
		err(1, "%s", cgroup);
	int fd = open(cgroup, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct clone_args args = {
		.flags = NAMESPACES | CLONE_INTO_CGROUP | CLONE_VFORK,
		.exit_signal = SIGCHLD,
		.cgroup = (uint64_t)fd,
	};
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0)
		enter(argv[1], argv[2]);
	if (pid < 0)
		warn("clone3");
	else if (waitpid(pid, &status, 0) != pid)
		err(1, "wait");
	if (rmdir(cgroup))
		err(1, "%s", cgroup);
	return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
