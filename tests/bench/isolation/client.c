// SPDX-License-Identifier: Apache-2.0
/*
 * client ADDRESS PORT PATH USERS THINK_MS WARMUP_MS MEASURE_MS: so many users, each of whom asks, waits for the answer, thinks,
 * and asks again. Prints what came of the time after the warm-up: answers, failures, and of the answers the median and the 99th
 * percentile of the time they took, in microseconds.
 *
 * Users think by a tenth more or less, so that they do not fall into step, and by the same row of numbers in each run.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define USERS_MAX   256
#define ANSWERS_MAX (1 << 20)
#define PATIENCE_US 10000000 /* longer than that is no answer */

struct user {
	int fd; /* -1: thinking, until `due_us` */
	bool asked, answered;
	uint64_t asked_us, due_us;
	uint64_t random;
};

struct client {
	struct sockaddr_in server;
	char request[256];
	uint64_t think_us, from_us, to_us;
	struct user users[USERS_MAX];
	size_t n_users;
	uint32_t *times_us; /* of each answer */
	size_t n_answers, n_failures;
};

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void think(const struct client *c, struct user *u, uint64_t now)
{
	u->random = u->random * 6364136223846793005 + 1442695040888963407;
	u->due_us = now + c->think_us * (900 + (u->random >> 33) % 200) / 1000;
}

static void finish(struct client *c, struct user *u, uint64_t now)
{
	if (u->fd >= 0)
		close(u->fd);
	u->fd = -1;
	if (now >= c->from_us && now < c->to_us) {
		if (!u->answered)
			c->n_failures++;
		else if (c->n_answers < ANSWERS_MAX)
			c->times_us[c->n_answers++] = (uint32_t)(now - u->asked_us);
	}
	think(c, u, now);
}

static void begin(struct client *c, struct user *u, uint64_t now)
{
	u->asked = u->answered = false;
	u->asked_us = now;
	u->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (u->fd < 0)
		err(1, "socket");
	if (connect(u->fd, (struct sockaddr *)&c->server, sizeof(c->server)) && errno != EINPROGRESS)
		finish(c, u, now);
}

/* Its connection has something to tell. */
static void go_on(struct client *c, struct user *u)
{
	char answer[4096];
	ssize_t n;

	if (!u->asked) {
		size_t len = strlen(c->request);

		u->asked = true;
		if (write(u->fd, c->request, len) != (ssize_t)len)
			finish(c, u, now_us());
		return;
	}
	n = read(u->fd, answer, sizeof(answer));
	if (n > 0)
		u->answered |= n > 12 && memcmp(answer, "HTTP/1.0 200", 12) == 0;
	else if (n == 0 || errno != EAGAIN)
		finish(c, u, now_us());
}

/* Start whoever is due, give up on whoever has waited too long. Return: when to look again. */
static uint64_t look_after(struct client *c, uint64_t now)
{
	uint64_t next = c->to_us;

	for (size_t i = 0; i < c->n_users; i++) {
		struct user *u = &c->users[i];

		if (u->fd < 0 && u->due_us <= now)
			begin(c, u, now);
		else if (u->fd >= 0 && u->asked_us + PATIENCE_US <= now)
			finish(c, u, now);
		uint64_t due = u->fd < 0 ? u->due_us : u->asked_us + PATIENCE_US;

		next = due < next ? due : next;
	}
	return next;
}

static void run(struct client *c)
{
	struct pollfd polls[USERS_MAX];

	for (uint64_t now = now_us(); now < c->to_us; now = now_us()) {
		uint64_t next = look_after(c, now);

		for (size_t i = 0; i < c->n_users; i++)
			polls[i] = (struct pollfd){ c->users[i].fd, c->users[i].asked ? POLLIN : POLLOUT, 0 };
		if (poll(polls, c->n_users, next > now ? (int)((next - now + 999) / 1000) : 0) < 0)
			err(1, "poll");
		for (size_t i = 0; i < c->n_users; i++)
			if (c->users[i].fd >= 0 && polls[i].revents)
				go_on(c, &c->users[i]);
	}
	/* Who waits all the same at the end has had no answer. */
	for (size_t i = 0; i < c->n_users; i++)
		c->n_failures += c->users[i].fd >= 0 && c->users[i].asked_us < c->from_us;
}

static int by_time(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void report(struct client *c)
{
	size_t n = c->n_answers;

	qsort(c->times_us, n, sizeof(*c->times_us), by_time);
	printf("%zu %zu %u %u\n", n, c->n_failures, n ? c->times_us[n / 2] : 0, n ? c->times_us[n * 99 / 100] : 0);
}

int main(int argc, char **argv)
{
	static struct client c;

	if (argc != 8)
		errx(2, "usage: client ADDRESS PORT PATH USERS THINK_MS WARMUP_MS MEASURE_MS");
	c.server = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2])) };
	if (inet_pton(AF_INET, argv[1], &c.server.sin_addr) != 1)
		errx(2, "%s: no address", argv[1]);
	snprintf(c.request, sizeof(c.request), "GET %s HTTP/1.0\r\n\r\n", argv[3]);
	c.n_users = strtoul(argv[4], NULL, 10);
	if (c.n_users < 1 || c.n_users > USERS_MAX)
		errx(2, "1 to %d users", USERS_MAX);
	c.times_us = calloc(ANSWERS_MAX, sizeof(*c.times_us));
	if (!c.times_us)
		err(1, "memory");
	uint64_t start = now_us();

	c.think_us = strtoul(argv[5], NULL, 10) * 1000;
	c.from_us = start + strtoul(argv[6], NULL, 10) * 1000;
	c.to_us = c.from_us + strtoul(argv[7], NULL, 10) * 1000;
	for (size_t i = 0; i < c.n_users; i++)
		c.users[i] = (struct user){ .fd = -1, .due_us = start + c.think_us * i / c.n_users, .random = i };
	run(&c);
	report(&c);
	return 0;
}
