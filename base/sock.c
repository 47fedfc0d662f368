// SPDX-License-Identifier: Apache-2.0
#include "base/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/fd.h"

int sock_pair(int *ret_a, int *ret_b, struct err *e)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return err_set(e, errno, "make a socket pair");
	*ret_a = fds[0];
	*ret_b = fds[1];
	return 0;
}

union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int) * SOCK_FDS_MAX)];
};

int sock_send(int fd, const void *buf, size_t len, const int *fds, size_t n_fds)
{
	struct iovec iov = { .iov_base = (void *)buf, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	union control control;

	if (n_fds > SOCK_FDS_MAX)
		return -EINVAL;
	if (n_fds > 0) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * n_fds);
	}
	while (sendmsg(fd, &msg, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* Hand over the fds that fit, close the others. Return: how many came in all */
static size_t take_fds(struct msghdr *msg, int *fds, size_t max_fds)
{
	size_t n = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
			int got;

			memcpy(&got, CMSG_DATA(c) + i * sizeof(int), sizeof(got));
			if (n < max_fds)
				fds[n] = got;
			else
				close(got);
			n++;
		}
	}
	return n;
}

ssize_t sock_recv(int fd, void *buf, size_t len, int *fds, size_t max_fds)
{
	struct iovec iov = { .iov_base = buf, .iov_len = len };
	union control control;
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n;

	for (size_t i = 0; i < max_fds; i++)
		fds[i] = -1;
	do
		n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	size_t got = take_fds(&msg, fds, max_fds);

	if (got <= max_fds && !(msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return n;
	for (size_t i = 0; i < MIN(got, max_fds); i++)
		fd_close(&fds[i]);
	return -EMSGSIZE;
}

/* sockaddr_un holds 107 bytes, a folder's path may be longer: name it by its fd. Return: the address's length */
static int address(int dir, const char *name, struct sockaddr_un *ret, struct err *e)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	int n = dir == AT_FDCWD ? snprintf(ret->sun_path, sizeof(ret->sun_path), "%s", name)
				: snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d/%s", dir, name);

	if (n < 0 || (size_t)n >= sizeof(ret->sun_path))
		return err_set(e, ENAMETOOLONG, "socket %s", name);
	if (dir != AT_FDCWD || *name != '@')
		return (int)sizeof(*ret);
	ret->sun_path[0] = '\0'; /* an abstract name is as long as the address says */
	return (int)offsetof(struct sockaddr_un, sun_path) + n;
}

int sock_listen(int dir, const char *name, int type, struct err *e)
{
	struct sockaddr_un addr;
	int r = address(dir, name, &addr, e);

	if (r < 0)
		return r;
	auto_fd int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	if (fd < 0 || fchmod(fd, 0600) < 0 || bind(fd, (struct sockaddr *)&addr, (socklen_t)r) < 0 ||
	    (type != SOCK_DGRAM && listen(fd, 16) < 0))
		return err_set(e, errno, "listen on socket %s", name);
	return fd_take(&fd);
}

int sock_connect(int dir, const char *name, int type, struct err *e)
{
	struct sockaddr_un addr;
	auto_fd int parent = -1;

	if (dir == AT_FDCWD && strlen(name) >= sizeof(addr.sun_path)) {
		const char *slash = strrchr(name, '/');
		auto_free char *folder = slash ? strndup(name, (size_t)(slash - name)) : NULL;

		if (folder)
			parent = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (parent < 0)
			return err_set(e, folder ? errno : ENAMETOOLONG, "socket %s", name);
		dir = parent;
		name = slash + 1;
	}
	int r = address(dir, name, &addr, e);

	if (r < 0)
		return r;
	auto_fd int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, (socklen_t)r) < 0)
		return err_set(e, errno, "connect to socket %s", name);
	return fd_take(&fd);
}

int sock_hand(const char *path, const char *text, int fd, struct err *e)
{
	auto_fd int s = sock_connect(AT_FDCWD, path, SOCK_STREAM, e);

	if (s < 0)
		return s;
	int r = sock_send(s, text, strlen(text), &fd, 1);

	return r < 0 ? err_set(e, -r, "send to socket %s", path) : 0;
}
