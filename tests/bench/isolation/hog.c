// SPDX-License-Identifier: Apache-2.0
/*
 * hog KIND [ARG…]: a neighbour that takes all it can get, of one kind of thing, until it is killed.
 *
 *   cpu                       arithmetic without end
 *   memory                    pages, touched and never given back; killed for it, it starts over
 *   fork                      processes that make processes
 *   disk FOLDER               files written, synchronized and read
 *   send ADDRESS PORT         datagrams of 60,000 bytes to somebody outside
 *   receive PORT              takes such datagrams
 *   flood ADDRESS PORT MBIT   no hog but its counterpart outside: sends so many megabits in a second
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROCESSES 4
#define DATAGRAM  60000
#define MIB	  (1 << 20)
#define FILE_MIB  32
#define SYNC_MIB  8

static char buffer[MIB];

static void hog_cpu(char **args)
{
	volatile uint64_t sum = 1;

	(void)args;
	for (;;)
		sum = sum * 6364136223846793005 + 1;
}

static void take_memory(void)
{
	for (;;) {
		char *p = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			continue;
		for (size_t i = 0; i < MIB; i += 4096)
			p[i] = 1;
	}
}

static void hog_memory(char **args)
{
	(void)args;
	for (;;) {
		pid_t pid = fork();

		if (pid == 0)
			take_memory();
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
}

static void hog_fork(char **args)
{
	(void)args;
	signal(SIGCHLD, SIG_IGN);
	for (;;)
		(void)!fork();
}

static void hog_disk(char **args)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/hog-%d", args[0], getpid());
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		err(1, "%s", path);
	for (;;) {
		for (off_t i = 0; i < FILE_MIB; i++) {
			if (pwrite(fd, buffer, MIB, i * MIB) < 0)
				err(1, "write");
			if (i % SYNC_MIB == SYNC_MIB - 1)
				fdatasync(fd);
		}
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		for (off_t i = 0; i < FILE_MIB; i++)
			if (pread(fd, buffer, MIB, i * MIB) < 0)
				err(1, "read");
	}
}

static struct sockaddr_in address_of(const char *host, const char *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };

	if (inet_pton(AF_INET, host, &a.sin_addr) != 1)
		errx(2, "%s: no address", host);
	return a;
}

static int socket_to(char **args)
{
	struct sockaddr_in a = address_of(args[0], args[1]);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)))
		err(1, "%s", args[0]);
	return fd;
}

static void hog_send(char **args)
{
	int fd = socket_to(args);

	for (;;)
		(void)!send(fd, buffer, DATAGRAM, 0); /* what nobody takes is lost */
}

static void hog_receive(char **args)
{
	struct sockaddr_in a = address_of("0.0.0.0", args[0]);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) ||
	    bind(fd, (struct sockaddr *)&a, sizeof(a)))
		err(1, "port %s", args[0]);
	for (;;)
		(void)!recv(fd, buffer, DATAGRAM, 0);
}

static void flood(char **args)
{
	int fd = socket_to(args);
	uint64_t pause_ns = (uint64_t)DATAGRAM * 8 * 1000 / strtoul(args[2], NULL, 10);
	struct timespec next;

	clock_gettime(CLOCK_MONOTONIC, &next);
	for (;;) {
		(void)!send(fd, buffer, DATAGRAM, 0);
		uint64_t ns = (uint64_t)next.tv_nsec + pause_ns;

		next.tv_sec += (time_t)(ns / 1000000000);
		next.tv_nsec = (long)(ns % 1000000000);
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
}

static const struct {
	const char *name;
	int n_args, processes;
	void (*run)(char **args);
} kinds[] = {
	{ "cpu", 0, PROCESSES, hog_cpu },	  { "memory", 0, 1, hog_memory },
	{ "fork", 0, 1, hog_fork },		  { "disk", 1, PROCESSES, hog_disk },
	{ "send", 2, PROCESSES, hog_send },	  { "receive", 1, PROCESSES, hog_receive },
	{ "flood", 3, 1, flood },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(argv[1], kinds[i].name) != 0 || argc - 2 != kinds[i].n_args)
			continue;
		for (int n = 1; n < kinds[i].processes; n++)
			if (fork() == 0)
				break;
		kinds[i].run(argv + 2);
	}
	errx(2, "usage: hog cpu|memory|fork|disk|send|receive|flood [ARG…]");
}
