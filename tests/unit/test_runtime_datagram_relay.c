// SPDX-License-Identifier: Apache-2.0
/* Datagrams that are passed on, with real sockets: we are who calls, who passes on, and who is called. */
#include <arpa/inet.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "runtime_world.h"

#include "base/fd.h"
#include "runtime/datagram_relay.h"

#define HANGS_S 120 /* who is not done by then hangs: the test ends by SIGALRM */
#define MANY	300 /* more callers than are kept */
#define KEPT	256
#define BIG	65000

static int listener, server; /* the published port, and the container's */
static struct sockaddr_in name, to;
static struct datagram_relay relay;

static int make_socket(const char *address, struct sockaddr_in *ret)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1;
	socklen_t len = sizeof(*ret);

	assert_true(fd >= 0);
	assert_int_equal(inet_pton(AF_INET, address, &a.sin_addr), 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)ret, &len), 0);
	return fd;
}

static int setup(void **state)
{
	(void)state;
	alarm(HANGS_S);
	listener = make_socket("0.0.0.0", &name);
	server = make_socket("127.0.0.1", &to);
	datagram_relay_begin(&relay, (struct net_addr){ .family = AF_INET, .prefix = 8, .bytes = { 127, 0, 0, 1 } }, -1);
	relay.events = epoll_create1(EPOLL_CLOEXEC);
	assert_true(relay.events >= 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	datagram_relay_end(&relay);
	assert_int_equal(relay.n, 0);
	close(listener);
	close(server);
	return 0;
}

/* One that hears answers from that address alone. */
static int caller(const char *address)
{
	struct sockaddr_in at = name;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(inet_pton(AF_INET, address, &at.sin_addr), 1);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static void wait_for(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&p, 1, -1), 1);
}

static void say(int fd, const char *bytes, size_t n)
{
	assert_int_equal(send(fd, bytes, n, 0), n);
	wait_for(listener);
	datagram_relay_take(&relay, listener, ntohs(to.sin_port));
}

/* The server hears it. Return: by which port of ours */
static uint16_t hear(const char *text)
{
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	char bytes[64] = "";

	wait_for(server);
	assert_int_equal(recvfrom(server, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &len), strlen(text));
	assert_string_equal(bytes, text);
	return ntohs(from.sin_port);
}

static void answer(uint16_t port, const char *bytes, size_t n)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = to.sin_addr };

	assert_int_equal(sendto(server, bytes, n, 0, (struct sockaddr *)&at, sizeof(at)), n);
	wait_for(relay.events);
	datagram_relay_answer(&relay);
}

static void expect(int fd, const char *text)
{
	char bytes[64] = "";

	wait_for(fd);
	assert_int_equal(recv(fd, bytes, sizeof(bytes), 0), strlen(text));
	assert_string_equal(bytes, text);
}

static void test_each_has_its_own(void **state)
{
	auto_fd int one = caller("127.0.0.1"), two = caller("127.0.0.1");

	(void)state;
	say(one, "first", 5);
	uint16_t first = hear("first");

	say(two, "second", 6);
	uint16_t second = hear("second");

	assert_int_not_equal(first, second);
	answer(second, "two", 3);
	answer(first, "one", 3);
	expect(one, "one");
	expect(two, "two");
	say(one, "again", 5);
	assert_int_equal(hear("again"), first);
	assert_int_equal(relay.n, 2);
}

static void test_answers_come_from_what_was_called(void **state)
{
	auto_fd int one = caller("127.0.0.2"), other = caller("127.0.0.3");

	(void)state;
	say(one, "to 2", 4);
	answer(hear("to 2"), "from 2", 6);
	expect(one, "from 2");
	say(other, "to 3", 4);
	answer(hear("to 3"), "from 3", 6);
	expect(other, "from 3");
}

static void test_empty_and_big(void **state)
{
	static char big[BIG], back[BIG];
	auto_fd int one = caller("127.0.0.1");

	(void)state;
	say(one, "", 0);
	uint16_t port = hear("");

	memset(big, 'x', sizeof(big));
	answer(port, big, sizeof(big));
	assert_int_equal(recv(one, back, sizeof(back), 0), sizeof(back));
	assert_memory_equal(big, back, sizeof(back));
	say(one, big, sizeof(big));
	assert_int_equal(recv(server, back, sizeof(back), 0), sizeof(back));
}

static void test_those_silent_for_longest_make_room(void **state)
{
	auto_fd int first = caller("127.0.0.1");
	uint16_t before, port = 0;

	(void)state;
	say(first, "begin", 5);
	before = hear("begin");
	for (int i = 0; i < MANY; i++) {
		auto_fd int one = caller("127.0.0.1");

		say(one, "one of many", 11);
		port = hear("one of many");
		if (i == KEPT - 2) { /* it has not been silent: it stays */
			say(first, "still here", 10);
			assert_int_equal(hear("still here"), before);
		}
	}
	assert_int_equal(relay.n, KEPT);
	answer(port, "heard by nobody", 15);
	answer(before, "yes", 3);
	expect(first, "yes");
}

static void test_nobody_is_there(void **state)
{
	auto_fd int one = caller("127.0.0.1");

	(void)state;
	close(server);
	say(one, "hello", 5);
	wait_for(relay.events); /* that nobody has the port */
	datagram_relay_answer(&relay);
	struct sockaddr_in at = to;

	server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server, (struct sockaddr *)&at, sizeof(at)), 0);
	say(one, "now", 3);
	answer(hear("now"), "fine", 4);
	expect(one, "fine");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_each_has_its_own, setup, teardown),
		cmocka_unit_test_setup_teardown(test_answers_come_from_what_was_called, setup, teardown),
		cmocka_unit_test_setup_teardown(test_empty_and_big, setup, teardown),
		cmocka_unit_test_setup_teardown(test_those_silent_for_longest_make_room, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nobody_is_there, setup, teardown),
	};

	return cmocka_run_group_tests_name("datagrams that are passed on", tests, NULL, NULL);
}
