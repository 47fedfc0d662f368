// SPDX-License-Identifier: Apache-2.0
/*
 * stream FROM TO ADDRESS BYTES: send so many bytes by TCP from one network namespace (/proc/PID/ns/net) to an address of
 * another one, and wait until all have come. One connection; what it costs to read and write is the same for all.
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIECE (256 * 1024)
#define PORT  5001

static char piece[PIECE];

static int socket_in(const char *netns)
{
	int ns = open(netns, O_RDONLY | O_CLOEXEC), fd;

	if (ns < 0 || setns(ns, CLONE_NEWNET) < 0)
		err(2, "enter %s", netns);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		err(2, "socket");
	close(ns);
	return fd;
}

static void send_all(const char *netns, const struct sockaddr_in *to, uint64_t bytes)
{
	int fd = socket_in(netns);

	if (connect(fd, (const struct sockaddr *)to, sizeof(*to)) < 0)
		err(2, "connect");
	while (bytes > 0) {
		ssize_t n = write(fd, piece, bytes < PIECE ? bytes : PIECE);

		if (n < 0)
			err(2, "write");
		bytes -= (uint64_t)n;
	}
	close(fd);
}

static void receive_all(int server, uint64_t bytes)
{
	int fd = accept4(server, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		err(2, "accept");
	while (bytes > 0) {
		ssize_t n = read(fd, piece, PIECE);

		if (n <= 0)
			err(2, "the stream ends early");
		bytes -= (uint64_t)n;
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int on = 1, status;

	if (argc != 5 || inet_pton(AF_INET, argv[3], &to.sin_addr) != 1)
		errx(2, "usage: stream FROM TO ADDRESS BYTES");
	uint64_t bytes = strtoull(argv[4], NULL, 10);
	int server = socket_in(argv[2]);

	setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(server, (const struct sockaddr *)&to, sizeof(to)) < 0 || listen(server, 1) < 0)
		err(2, "listen on %s", argv[3]);
	pid_t sender = fork();

	if (sender < 0)
		err(2, "fork");
	if (sender == 0) {
		close(server);
		send_all(argv[1], &to, bytes);
		return 0;
	}
	receive_all(server, bytes);
	if (waitpid(sender, &status, 0) < 0 || status != 0)
		errx(2, "the sender failed");
	return 0;
}
