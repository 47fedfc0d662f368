// SPDX-License-Identifier: Apache-2.0
#include "base/helper.h"

#include <errno.h>
#include <fcntl.h>

#include "base/fd.h"
#include "base/proc.h"

int helper_run(char *const argv[], char *const envp[], int stream, char *ret, size_t size, struct err *e)
{
	struct proc_spawn spawn = {
		.path = argv[0],
		.argv = argv,
		.envp = envp,
		.stdio = { -1, -1, -1 },
		.cwd = -1,
		.die_with_parent = true,
	};
	char rest[256];
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "start %s", argv[0]);
	auto_fd int reader = ends[0], writer = ends[1], pidfd = -1;

	spawn.stdio[stream] = writer;
	int r = proc_spawn(&spawn, NULL, &pidfd, e);

	if (r < 0)
		return r;
	fd_close(&writer);
	ssize_t n = fd_read_all(reader, ret, size - 1);

	ret[MAX(n, 0)] = '\0';
	while (fd_read_all(reader, rest, sizeof(rest)) > 0)
		; /* or it would wait for us, or die of SIGPIPE */
	return proc_wait(pidfd, e);
}
