// SPDX-License-Identifier: Apache-2.0
/* What parent and init say to each other: over a real socket, and between two processes. */
#include <sys/socket.h>

#include "runtime_world.h"

#include "base/sock.h"
#include "runtime/message.h"

struct pair {
	int a, b;
};

static struct pair make_pair(void)
{
	struct pair p;
	struct err e;

	OK(sock_pair(&p.a, &p.b, &e));
	return p;
}

static void close_pair(struct pair *p)
{
	fd_close(&p->a);
	fd_close(&p->b);
}
#define auto_pair __attribute__((cleanup(close_pair)))

static void test_types_and_values(void **state)
{
	auto_pair struct pair p = make_pair();
	struct err e;

	(void)state;
	for (int type = 0; type < MSG_COUNT; type++) {
		if (type == MSG_FAILED || type == MSG_DEBUG) /* they have more to say than a value */
			continue;
		int value = 0;

		OK(message_send(p.a, (enum message_type)type, 4711 + type, -1, &e));
		assert_int_equal(OK(message_next(p.b, NULL, &value, NULL, &e)), type);
		assert_int_equal(value, 4711 + type);
	}
	OK(message_send(p.b, MSG_GO, 12, -1, &e));
	assert_int_equal(OK(message_expect(p.a, MSG_GO, &e)), 12);
}

static void test_wrong_type_is_named(void **state)
{
	auto_pair struct pair p = make_pair();
	struct err e;

	(void)state;
	OK(message_send(p.a, MSG_READY, 0, -1, &e));
	FAILS(message_expect(p.b, MSG_GO, &e), EPROTO);
	assert_string_equal(e.text, "expected \"go\", received \"ready\"");
}

static void test_fd_crosses(void **state)
{
	auto_pair struct pair p = make_pair();
	auto_fd int sent = open("/dev/null", O_RDWR | O_CLOEXEC), got = -1;
	struct stat a, b;
	struct err e;

	(void)state;
	OK(message_send(p.a, MSG_CONSOLE, 0, sent, &e));
	assert_int_equal(OK(message_next(p.b, NULL, NULL, &got, &e)), MSG_CONSOLE);
	assert_true(got >= 0 && got != sent);
	assert_true(fcntl(got, F_GETFD) & FD_CLOEXEC);
	assert_true(fstat(sent, &a) == 0 && fstat(got, &b) == 0 && a.st_rdev == b.st_rdev);
	/* one without an fd leaves none behind */
	fd_close(&got);
	got = 77;
	OK(message_send(p.a, MSG_READY, 0, -1, &e));
	assert_int_equal(OK(message_next(p.b, NULL, NULL, &got, &e)), MSG_READY);
	assert_int_equal(got, -1);
}

static void test_unwanted_fds_are_closed(void **state)
{
	auto_pair struct pair p = make_pair();
	auto_fd int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	const int two[] = { null_fd, null_fd };
	const uint32_t message[2] = { MSG_CONSOLE, 0 };
	unsigned before = open_fds();
	int got = -1;
	struct err e;

	(void)state;
	OK(message_send(p.a, MSG_CONSOLE, 0, null_fd, &e));
	FAILS(message_next(p.b, NULL, NULL, NULL, &e), EMSGSIZE);
	assert_int_equal(sock_send(p.a, message, sizeof(message), two, 2), 0);
	FAILS(message_next(p.b, NULL, NULL, &got, &e), EMSGSIZE);
	assert_int_equal(got, -1);
	assert_int_equal(open_fds(), before);
}

static void test_error_crosses_processes(void **state)
{
	auto_pair struct pair p = make_pair();
	struct err e;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		err_set(&e, ENOENT, "open %s", "/no/such");
		err_wrap(&e, "root");
		err_exit(&e, 127);
		message_fail(p.b, &e);
		_exit(0);
	}
	FAILS(message_expect(p.a, MSG_READY, &e), ENOENT);
	assert_string_equal(e.text, "root: open /no/such: No such file or directory");
	assert_int_equal(e.exit_status, 127);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* An error of the other side that has no code, or no end, is an error all the same, and stays within its bounds. */
static void test_odd_errors(void **state)
{
	auto_pair struct pair p = make_pair();
	struct message m = { .type = MSG_FAILED };
	struct err e;

	(void)state;
	memset(m.err.text, 'x', sizeof(m.err.text));
	m.err.code = 0;
	assert_int_equal(sock_send(p.a, &m, sizeof(m), NULL, 0), 0);
	assert_int_equal(message_next(p.b, NULL, NULL, NULL, &e), -EPROTO);
	assert_int_equal(strlen(e.text), ERR_TEXT_MAX - 1);
	m.err.code = -5;
	assert_int_equal(sock_send(p.a, &m, sizeof(m), NULL, 0), 0);
	assert_int_equal(message_next(p.b, NULL, NULL, NULL, &e), -EPROTO);
}

struct heard {
	char text[4][DEBUG_TEXT_MAX];
	size_t n;
};

static void hear(const char *text, void *arg)
{
	struct heard *h = arg;

	assert_in_range(h->n, 0, ARRAY_SIZE(h->text) - 1);
	snprintf(h->text[h->n++], DEBUG_TEXT_MAX, "%s", text);
}

/* What the other side says meanwhile goes to who asks, in order; the next message is the one that is due. */
static void test_talk_in_between(void **state)
{
	auto_pair struct pair p = make_pair();
	auto_fd int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct heard heard = { 0 };
	const struct debug debug = { hear, &heard };
	struct message endless = { .type = MSG_DEBUG };
	unsigned before = open_fds();
	int value = 0, fd = -1;
	struct err e;

	(void)state;
	message_debug(p.a, "one");
	message_debug(p.a, "");
	OK(message_send(p.a, MSG_NOTIFY, 5, -1, &e));
	assert_int_equal(OK(message_next(p.b, &debug, &value, &fd, &e)), MSG_NOTIFY);
	assert_int_equal(value, 5);
	assert_int_equal(heard.n, 2);
	assert_string_equal(heard.text[0], "one");
	assert_string_equal(heard.text[1], "");
	/* without an end, and with an fd that nobody asked for */
	memset(endless.text, 'x', sizeof(endless.text));
	assert_int_equal(sock_send(p.a, &endless, offsetof(struct message, text) + sizeof(endless.text), &null_fd, 1), 0);
	err_say(&e, ENOENT, "nothing there");
	message_fail(p.a, &e);
	FAILS(message_next(p.b, &debug, NULL, &fd, &e), ENOENT);
	assert_string_equal(e.text, "nothing there");
	assert_int_equal(fd, -1);
	assert_int_equal(open_fds(), before);
	assert_int_equal(strlen(heard.text[2]), MESSAGE_TEXT_MAX - 1);
	/* nobody asks */
	message_debug(p.a, "two");
	OK(message_send(p.a, MSG_READY, 0, -1, &e));
	assert_int_equal(OK(message_expect(p.b, MSG_READY, &e)), 0);
	assert_int_equal(heard.n, 3);
	/* a line longer than a message is cut */
	char line[2 * MESSAGE_TEXT_MAX];

	memset(line, 'y', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	message_debug(p.a, line);
	fd_close(&p.a);
	FAILS(message_next(p.b, &debug, NULL, NULL, &e), EPIPE);
	assert_int_equal(strlen(heard.text[3]), MESSAGE_TEXT_MAX - 1);
}

static void test_end_of_file(void **state)
{
	struct err e;
	struct pair p = make_pair();

	(void)state;
	fd_close(&p.a);
	FAILS(message_next(p.b, NULL, NULL, NULL, &e), EPIPE);
	FAILS(message_send(p.b, MSG_GO, 0, -1, &e), EPIPE);
	message_fail(p.b, &e); /* no signal, no harm */
	close_pair(&p);
	/* it has died with a message of ours unread */
	p = make_pair();
	OK(message_send(p.b, MSG_GO, 0, -1, &e));
	fd_close(&p.a);
	FAILS(message_next(p.b, NULL, NULL, NULL, &e), EPIPE);
	close_pair(&p);
	/* and what it said last is heard all the same */
	p = make_pair();
	OK(message_send(p.b, MSG_GO, 0, -1, &e));
	err_say(&e, ENOENT, "nothing there");
	message_fail(p.a, &e);
	fd_close(&p.a);
	FAILS(message_next(p.b, NULL, NULL, NULL, &e), ENOENT);
	assert_string_equal(e.text, "nothing there");
	FAILS(message_next(p.b, NULL, NULL, NULL, &e), EPIPE);
	close_pair(&p);
}

static void test_garbage(void **state)
{
	static const uint32_t types[] = { MSG_COUNT, 0x80000000, UINT32_MAX };
	char big[sizeof(struct message) + 64];
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		auto_pair struct pair p = make_pair();
		const uint32_t message[2] = { types[i], 0 };

		assert_int_equal(sock_send(p.a, message, sizeof(message), NULL, 0), 0);
		FAILS(message_next(p.b, NULL, NULL, NULL, &e), EPROTO);
	}
	memset(big, 0, sizeof(big));
	for (size_t len = 1; len <= sizeof(big); len++) {
		auto_pair struct pair p = make_pair();
		const size_t good = offsetof(struct message, err);

		assert_int_equal(sock_send(p.a, big, len, NULL, 0), 0);
		int r = message_next(p.b, NULL, NULL, NULL, &e);

		if (len == good)
			assert_int_equal(r, MSG_GO);
		else
			assert_int_equal(r, len > sizeof(struct message) ? -EMSGSIZE : -EPROTO);
	}
	/* "failed" without a reason is cut short */
	auto_pair struct pair p = make_pair();

	OK(message_send(p.a, MSG_FAILED, 0, -1, &e));
	int r = message_next(p.b, NULL, NULL, NULL, &e);

	assert_true(r < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types_and_values),
		cmocka_unit_test(test_wrong_type_is_named),
		cmocka_unit_test(test_fd_crosses),
		cmocka_unit_test(test_unwanted_fds_are_closed),
		cmocka_unit_test(test_error_crosses_processes),
		cmocka_unit_test(test_odd_errors),
		cmocka_unit_test(test_talk_in_between),
		cmocka_unit_test(test_end_of_file),
		cmocka_unit_test(test_garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
