// SPDX-License-Identifier: Apache-2.0
/* Connections that are passed on, with real sockets: a process that relays, we are who calls and who is called. */
#include <arpa/inet.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "runtime_world.h"

#include "network/network.h"
#include "runtime/port_relay.h"

#define HANGS_S	  180 /* who is not done by then hangs: the test ends by SIGALRM */
#define MANY	  266 /* more than are passed on at once */
#define AT_ONCE	  256
#define NEVER_MS  150
#define BIG_BYTES (8 << 20)

static int listener, server;	/* the published port, and the container's */
static struct sockaddr_in name; /* of the first */
static pid_t relay;

static int make_listener(struct sockaddr_in *ret)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t len = sizeof(*ret);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, MANY), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)ret, &len), 0);
	return fd;
}

static const struct net_addr loopback = { .family = AF_INET, .prefix = 8, .bytes = { 127, 0, 0, 1 } };

static _Noreturn void run(int set)
{
	struct port_relay p;

	port_relay_begin(&p, set, loopback, -1);
	for (;;) {
		struct pollfd polled[] = { { .fd = port_relay_door(&p), .events = POLLIN }, { .fd = p.flows, .events = POLLIN } };

		(void)poll(polled, ARRAY_SIZE(polled), p.paused ? PORT_RELAY_PAUSE_MS : -1);
		port_relay_step(&p, polled[0].revents, polled[1].revents);
	}
}

static int setup(void **state)
{
	struct sockaddr_in to;
	struct epoll_event event = { .events = EPOLLIN };
	int set = epoll_create1(EPOLL_CLOEXEC);

	(void)state;
	alarm(HANGS_S);
	listener = make_listener(&name);
	server = make_listener(&to);
	event.data.u64 = NET_RELAY(listener, ntohs(to.sin_port));
	assert_int_equal(epoll_ctl(set, EPOLL_CTL_ADD, listener, &event), 0);
	relay = fork();
	assert_true(relay >= 0);
	if (relay == 0) {
		close(server);
		(void)signal(SIGPIPE, SIG_IGN);
		run(set);
	}
	close(set);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	kill(relay, SIGKILL);
	assert_int_equal(waitpid(relay, NULL, 0), relay);
	close(listener);
	fd_close(&server);
	return 0;
}

static int call(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	return fd;
}

static bool somebody_calls(int ms)
{
	struct pollfd p = { .fd = server, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

static int answer(void)
{
	assert_true(somebody_calls(-1));
	int fd = accept4(server, NULL, NULL, SOCK_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void expect(int fd, const char *text)
{
	char buf[100];

	assert_int_equal(fd_read_all(fd, buf, strlen(text)), strlen(text));
	assert_memory_equal(buf, text, strlen(text));
}

static void expect_end(int fd)
{
	char byte;

	assert_int_equal(read(fd, &byte, 1), 0);
}

static void expect_reset(int fd)
{
	char byte;

	assert_int_equal(read(fd, &byte, 1), -1);
	assert_int_equal(errno, ECONNRESET);
}

static void test_both_ways(void **state)
{
	auto_fd int client = call(), there = answer();

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(fd_write_all(client, "ping", 4), 0);
		expect(there, "ping");
		assert_int_equal(fd_write_all(there, "pong!", 5), 0);
		expect(client, "pong!");
	}
	shutdown(client, SHUT_WR); /* half of it: an answer may still come */
	expect_end(there);
	assert_int_equal(fd_write_all(there, "the end", 7), 0);
	fd_close(&there);
	expect(client, "the end");
	expect_end(client);
}

/* The container's side speaks first, and its end is passed on while the caller goes on. */
static void test_the_other_half(void **state)
{
	auto_fd int client = call(), there = answer();

	(void)state;
	assert_int_equal(fd_write_all(there, "hello", 5), 0);
	shutdown(there, SHUT_WR);
	expect(client, "hello");
	expect_end(client);
	assert_int_equal(fd_write_all(client, "still here", 10), 0);
	fd_close(&client);
	expect(there, "still here");
	expect_end(there);
}

static uint8_t pattern(size_t i)
{
	return (uint8_t)(i * 31 + (i >> 11));
}

/* More than sockets and pipes hold, to one who reads late: nothing is lost, and nobody else waits. */
static void test_much_and_slowly(void **state)
{
	auto_fd int client = call(), there = answer();
	auto_free uint8_t *bytes = malloc(BIG_BYTES), *got = malloc(BIG_BYTES);

	(void)state;
	assert_true(bytes && got);
	for (size_t i = 0; i < BIG_BYTES; i++)
		bytes[i] = pattern(i);
	pid_t writer = fork();

	if (writer == 0)
		_exit(fd_write_all(client, bytes, BIG_BYTES) < 0);
	struct pollfd p = { .fd = there, .events = POLLIN };

	assert_int_equal(poll(&p, 1, -1), 1);
	auto_fd int other = call(), other_there = answer();

	assert_int_equal(fd_write_all(other, "me too", 6), 0);
	expect(other_there, "me too");
	assert_int_equal(fd_read_all(there, got, BIG_BYTES), BIG_BYTES);
	assert_memory_equal(got, bytes, BIG_BYTES);
	int status;

	assert_int_equal(waitpid(writer, &status, 0), writer);
	assert_int_equal(status, 0);
}

static void test_refused(void **state)
{
	(void)state;
	fd_close(&server); /* nobody listens in the container */
	auto_fd int client = call();

	expect_reset(client);
}

static void test_reset(void **state)
{
	const struct linger at_once = { .l_onoff = 1 };
	auto_fd int client = call(), there = answer();

	(void)state;
	assert_int_equal(setsockopt(there, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
	fd_close(&there);
	expect_reset(client);
	auto_fd int second = call(), second_there = answer();

	assert_int_equal(setsockopt(second, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
	fd_close(&second);
	expect_reset(second_there);
}

static size_t relay_fds(void)
{
	char path[64];
	size_t n = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", relay);
	auto_dir DIR *d = opendir(path);

	assert_non_null(d);
	while (readdir(d))
		n++;
	return n;
}

static void hang_up(int client, int there)
{
	close(client);
	close(there);
}

/* So many at once and no more; the others wait, and have their turn. */
static void test_many(void **state)
{
	int clients[MANY], there[MANY];
	size_t fds = relay_fds();

	(void)state;
	for (int i = 0; i < MANY; i++)
		clients[i] = call();
	for (int i = 0; i < AT_ONCE; i++)
		there[i] = answer();
	assert_false(somebody_calls(NEVER_MS));
	for (int i = AT_ONCE; i < MANY; i++) {
		hang_up(clients[i - AT_ONCE], there[i - AT_ONCE]);
		there[i] = answer();
	}
	for (int i = MANY - AT_ONCE; i < MANY; i++)
		hang_up(clients[i], there[i]);
	auto_fd int last = call(), last_there = answer();

	assert_int_equal(fd_write_all(last, "more", 4), 0);
	expect(last_there, "more");
	while (relay_fds() > fds + 5) /* one connection, an empty pipe, the set of connections; or it hangs */
		(void)poll(NULL, 0, 10);
}

/* What had been said when the container ended still arrives. */
static void test_end(void **state)
{
	struct sockaddr_in at, to;
	auto_fd int door = make_listener(&at), box = make_listener(&to), set = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = NET_RELAY(door, ntohs(to.sin_port)) };
	auto_fd int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct port_relay p;

	(void)state;
	assert_int_equal(epoll_ctl(set, EPOLL_CTL_ADD, door, &event), 0);
	port_relay_begin(&p, set, loopback, -1);
	assert_int_equal(connect(client, (struct sockaddr *)&at, sizeof(at)), 0);
	port_relay_step(&p, true, false);
	struct pollfd called = { .fd = box, .events = POLLIN };

	assert_int_equal(poll(&called, 1, -1), 1);
	auto_fd int there = accept4(box, NULL, NULL, SOCK_CLOEXEC);

	port_relay_step(&p, false, true);
	assert_int_equal(fd_write_all(there, "goodbye", 7), 0);
	fd_close(&there);
	port_relay_end(&p);
	expect(client, "goodbye");
	expect_end(client);
	port_relay_begin(&p, -1, loopback, -1); /* of a container without such ports */
	assert_int_equal(port_relay_door(&p), -1);
	port_relay_end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_both_ways, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_other_half, setup, teardown),
		cmocka_unit_test_setup_teardown(test_much_and_slowly, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reset, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
		cmocka_unit_test(test_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
