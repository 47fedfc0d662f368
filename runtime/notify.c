// SPDX-License-Identifier: Apache-2.0
#include "runtime/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/sock.h"
#include "base/str.h"
#include "base/sys.h"

#define FOLDER	"notify" /* in the state folder */
#define SOCKET	"notify.sock"
#define INSIDE	"/run/notify"
#define READY	"READY="
#define BARRIER "BARRIER=1"

#define MESSAGE_MAX	   4096
#define BARRIER_TIMEOUT_MS 30000 /* service managers older than the barrier (systemd 246) never answer */

int notify_tell(struct spec *s, int root, const char *id, struct err *e)
{
	static char *words[] = { (char *)"bind", (char *)"nosuid", (char *)"noexec", (char *)"nodev", (char *)"ro" };
	struct spec_mount *all = arena_array(&s->arena, s->mounts.n + 1, sizeof(*all));
	char *source = arena_printf(&s->arena, "/proc/self/fd/%d/%s/" FOLDER, root, id);

	if (!all || !source || strv_set_env(&s->arena, &s->process.env, "NOTIFY_SOCKET=" INSIDE "/" SOCKET) < 0)
		return err_nomem(e);
	for (size_t i = 0; i < s->mounts.n; i++)
		all[i] = s->mounts.v[i];
	all[s->mounts.n] = (struct spec_mount){
		.destination = (char *)INSIDE,
		.source = source,
		.options = { .v = words, .n = ARRAY_SIZE(words) },
	};
	s->mounts.v = all;
	s->mounts.n++;
	return 0;
}

int notify_make(int state, struct err *e)
{
	if (mkdirat(state, FOLDER, 0700) < 0 || fchmodat(state, FOLDER, 0755, 0) < 0) /* whatever the umask */
		return err_set(e, errno, "make the folder for " SOCKET);
	return 0;
}

int notify_listen(int state, struct err *e)
{
	auto_fd int dir = path_open_beneath(state, FOLDER, O_PATH | O_DIRECTORY, 0, e);
	auto_fd int sock = dir < 0 ? dir : sock_listen(dir, SOCKET, SOCK_DGRAM, e);

	/* whoever the container's process is: the state folder around it is closed to others */
	if (sock >= 0 && fchmodat(dir, SOCKET, 0777, 0) < 0)
		return err_set(e, errno, "open " SOCKET " to the container");
	return fd_take(&sock);
}

/* The line of a datagram that says READY=…, without its newline; NULL: none does */
static const char *find_ready(char *text)
{
	char *rest = text;

	for (char *line; (line = strsep(&rest, "\n"));)
		if (str_after(line, READY))
			return line;
	return NULL;
}

static int say(int host, const char *text, struct err *e)
{
	int r = sock_send(host, text, strlen(text), NULL, 0);

	return r < 0 ? err_set(e, -r, "notify the service manager") : 0;
}

/* sd_notify_barrier(3): the pipe is closed when all that was said before has been read, so that we may end. */
static int wait_read(int host, struct err *e)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	auto_fd int reader = ends[0], writer = ends[1];
	int r = sock_send(host, BARRIER, strlen(BARRIER), &writer, 1);

	if (r < 0)
		return err_set(e, -r, "notify the service manager");
	fd_close(&writer);
	struct pollfd p = { .fd = reader };

	(void)poll(&p, 1, BARRIER_TIMEOUT_MS); /* read or not: it was said */
	return 0;
}

static int pass_on(const char *path, const char *ready, pid_t main_pid, struct err *e)
{
	auto_fd int host = sock_connect(AT_FDCWD, path, SOCK_DGRAM, e);
	char line[64];
	int r = host < 0 ? host : say(host, ready, e);

	snprintf(line, sizeof(line), "MAINPID=%d", main_pid);
	if (r >= 0)
		r = say(host, line, e);
	return r < 0 ? r : wait_read(host, e);
}

int notify_ready(const char *host, pid_t main_pid, struct err *e)
{
	return pass_on(host, READY "1", main_pid, e);
}

int notify_wait(int sock, const char *host, int pidfd, pid_t main_pid, struct err *e)
{
	struct pollfd p[] = { { .fd = sock, .events = POLLIN }, { .fd = pidfd, .events = POLLIN } };
	char text[MESSAGE_MAX + 1];

	for (;;) {
		if (poll(p, ARRAY_SIZE(p), -1) < 0 && errno != EINTR)
			return err_set(e, errno, "wait for the container");
		ssize_t n = recv(sock, text, MESSAGE_MAX, MSG_DONTWAIT);

		if (n < 0 && p[1].revents) /* its last words, if it had any, were read */
			return 0;
		if (n < 0)
			continue;
		text[n] = '\0';
		const char *ready = find_ready(text);

		if (ready)
			return pass_on(host, ready, main_pid, e);
	}
}

/* Nothing but these two: who waits for an end of file of the caller's shall not wait for us. Return: false on failure */
static bool let_go_of_the_rest(int *sock, int *pidfd)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC), first = MAX(MAX(*sock, *pidfd), null_fd) + 1;

	if (null_fd < 0 || dup2(*sock, first) < 0 || dup2(*pidfd, first + 1) < 0)
		return false;
	for (int fd = 0; fd < 3; fd++)
		if (dup2(null_fd, fd) < 0)
			return false;
	*sock = first;
	*pidfd = first + 1;
	return close_range(3, (unsigned)first - 1, 0) == 0 && close_range((unsigned)first + 2, ~0U, 0) == 0;
}

int notify_wait_aside(int sock, const char *host, int pidfd, pid_t main_pid, struct err *e)
{
	struct clone_args args = { .exit_signal = 0 }; /* nobody is told of its end: the caller has other children to look after */
	pid_t parent = getpid(), pid = sys_clone3(&args);

	if (pid < 0)
		return err_set(e, errno, "make a process");
	if (pid > 0)
		return 0;
	struct err ignored; /* the container runs, whoever hears of it */

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent && let_go_of_the_rest(&sock, &pidfd))
		(void)notify_wait(sock, host, pidfd, main_pid, &ignored);
	_exit(0);
}
