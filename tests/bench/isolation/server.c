// SPDX-License-Identifier: Apache-2.0
/*
 * server PORT FILE: the well-behaved neighbour. It answers "GET /N" after N units of arithmetic, a walk over some pages of its
 * memory, a block of FILE through the page cache and one from the disk itself. "GET /all" looks at all of its memory and of
 * FILE, so that both are warm.
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS	     4
#define BLOCK	     16384
#define FILE_BLOCKS  2048
#define PAGE	     4096
#define MEMORY_PAGES 4096
#define PAGES_A_TIME 32
#define UNIT_WORDS   512
#define BODY	     1024

struct server {
	int listener, cached, direct;
	char *memory; /* of all workers */
	char *block;
	uint64_t random;
};

static uint64_t draw(uint64_t *state, uint64_t below)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state % below;
}

static void make_file(const char *path, char *block)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		err(1, "%s", path);
	for (int i = 0; i < FILE_BLOCKS; i++)
		if (write(fd, block, BLOCK) != BLOCK)
			err(1, "write %s", path);
	if (fsync(fd))
		err(1, "fsync %s", path);
	close(fd);
}

static void read_block(int fd, char *block, uint64_t number)
{
	if (pread(fd, block, BLOCK, (off_t)(number * BLOCK)) != BLOCK)
		err(1, "read");
}

static void look_at_all(struct server *s)
{
	for (uint64_t i = 0; i < FILE_BLOCKS; i++)
		read_block(s->cached, s->block, i);
	for (size_t i = 0; i < MEMORY_PAGES; i++)
		s->memory[i * PAGE]++;
}

static uint64_t work(struct server *s, unsigned long units)
{
	uint64_t sum = s->random;

	read_block(s->cached, s->block, draw(&s->random, FILE_BLOCKS));
	read_block(s->direct, s->block, draw(&s->random, FILE_BLOCKS));
	for (int i = 0; i < PAGES_A_TIME; i++)
		s->memory[draw(&s->random, MEMORY_PAGES) * PAGE]++;
	for (unsigned long u = 0; u < units; u++) {
		uint64_t word;

		for (size_t i = 0; i < UNIT_WORDS; i++) {
			memcpy(&word, s->block + i * sizeof(word), sizeof(word));
			sum = (sum ^ word) * 0x9e3779b97f4a7c15;
		}
	}
	return sum;
}

static bool hear_request(int fd, char *text, size_t size)
{
	size_t n = 0;

	while (n + 1 < size) {
		ssize_t r = read(fd, text + n, size - 1 - n);

		if (r <= 0)
			return false;
		n += (size_t)r;
		text[n] = '\0';
		if (strstr(text, "\r\n\r\n"))
			return strncmp(text, "GET /", 5) == 0;
	}
	return false;
}

static void answer(struct server *s, int fd)
{
	char request[1024], text[BODY + 128];

	if (!hear_request(fd, request, sizeof(request)))
		return;
	if (strncmp(request + 5, "all ", 4) == 0)
		look_at_all(s);
	uint64_t sum = work(s, strtoul(request + 5, NULL, 10));
	int n = snprintf(text, sizeof(text), "HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%0*llu", BODY, BODY,
			 (unsigned long long)sum);

	(void)!write(fd, text, (size_t)n); /* a client that has gone away is its own affair */
}

static void serve(struct server *s)
{
	for (;;) {
		int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			continue;
		answer(s, fd);
		close(fd);
	}
}

static int listen_on(const char *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 128))
		err(1, "port %s", port);
	return fd;
}

int main(int argc, char **argv)
{
	struct server s = { 0 };

	if (argc != 3)
		errx(2, "usage: server PORT FILE");
	s.memory = mmap(NULL, MEMORY_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	s.block = aligned_alloc(BLOCK, BLOCK);
	if (s.memory == MAP_FAILED || !s.block)
		err(1, "memory");
	memset(s.block, 'x', BLOCK);
	make_file(argv[2], s.block);
	s.cached = open(argv[2], O_RDONLY | O_CLOEXEC);
	s.direct = open(argv[2], O_RDONLY | O_CLOEXEC | O_DIRECT);
	if (s.cached < 0 || s.direct < 0)
		err(1, "%s", argv[2]);
	signal(SIGPIPE, SIG_IGN);
	s.listener = listen_on(argv[1]);
	for (uint64_t i = 1; i <= WORKERS; i++) {
		s.random = i * 0x2545f4914f6cdd1d;
		if (fork() == 0)
			serve(&s);
	}
	while (wait(NULL) > 0)
		;
	return 1;
}
