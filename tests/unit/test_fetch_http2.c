// SPDX-License-Identifier: Apache-2.0
/*
 * The real paene-fetch and a registry that speaks HTTP/2: all that is asked at once goes over one connection. nghttpx speaks it,
 * with tests/registry/faults.py behind it.
 */
#include "fetch_world.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

enum { MANY = 40 };

static pid_t proxy;
static int proxy_port;

/* A port that is free, as long as nobody else takes it. */
static int free_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	auto_fd int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(sock, (struct sockaddr *)&address, len), 0);
	assert_int_equal(getsockname(sock, (struct sockaddr *)&address, &len), 0);
	return ntohs(address.sin_port);
}

static bool somebody_listens(int port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	auto_fd int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return connect(sock, (struct sockaddr *)&address, sizeof(address)) == 0;
}

static int begin(void **state)
{
	static char frontend[64], backend[64], log[PATH_MAX + 64], errors[PATH_MAX + 64], key[PATH_MAX + 64], cert[PATH_MAX + 64];
	char *argv[] = { "nghttpx", "--conf=/dev/null", frontend, backend, log, errors, "--accesslog-format=$alpn $remote_port",
			 "--workers=1", key, cert, NULL };

	if (access("/usr/sbin/nghttpx", X_OK) < 0)
		return 0;
	if (world_begin(state) < 0)
		return -1;
	proxy_port = free_port();
	snprintf(frontend, sizeof(frontend), "--frontend=127.0.0.1,%d", proxy_port);
	snprintf(backend, sizeof(backend), "--backend=127.0.0.1,%d", world.http.port);
	snprintf(log, sizeof(log), "--accesslog-file=%s/requests", world.top);
	snprintf(errors, sizeof(errors), "--errorlog-file=%s/errors", world.top);
	snprintf(key, sizeof(key), "%s/certificates/server.key", world.top);
	snprintf(cert, sizeof(cert), "%s/certificates/server.pem", world.top);
	setenv("PATH", "/usr/sbin:/usr/bin:/bin", 1);
	proxy = run_program(argv, false);
	while (!somebody_listens(proxy_port)) {
		if (waitpid(proxy, NULL, WNOHANG) != 0)
			return -1;
		usleep(10000);
	}
	return 0;
}

static int end(void **state)
{
	if (!proxy)
		return 0;
	kill(proxy, SIGKILL);
	waitpid(proxy, NULL, 0);
	return world_end(state);
}

static void all_goes_over_one_connection(void **state)
{
	struct fetch_session s = session_with(&world.https, "good");
	struct fetch_request layer = layer_request();
	struct fetch_reply reply;
	struct err e;

	(void)state;
	if (!proxy) {
		print_message("nghttpx is not there\n");
		skip();
	}
	snprintf(s.url, sizeof(s.url), "https://127.0.0.1:%d", proxy_port);
	empty_work();
	auto_transfer struct transfer t = start(&s);

	assert_int_equal(transfer_ask(&t, &layer, -1, &e), 0);
	for (int i = 1; i < MANY; i++) {
		struct fetch_request q = layer_request();

		q.kind = FETCH_EXISTS;
		assert_int_equal(transfer_ask(&t, &q, -1, &e), 0);
	}
	for (int n = 0; n < MANY;) {
		assert_int_equal(transfer_receive(&t, &reply, &e), 0);
		if (reply.type == FETCH_FAILED)
			fail_msg("%s", reply.err.text);
		n += reply.type == FETCH_DONE;
	}
	auto_free char *log = read_text(world.top, "requests");
	char first[64] = "";
	int lines = 0;

	snprintf(first, sizeof(first), "%.*s", (int)strcspn(log, "\n"), log);
	for (char *line = strtok(log, "\n"); line; line = strtok(NULL, "\n"), lines++)
		assert_string_equal(line, first);
	assert_int_equal(strncmp(first, "h2 ", 3), 0);
	assert_int_equal(lines, MANY);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(all_goes_over_one_connection) };

	return cmocka_run_group_tests(tests, begin, end);
}
