// SPDX-License-Identifier: Apache-2.0
/* What links have carried: /proc/PID/net/dev. */
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/file.h"
#include "runtime/usage.h"

#define TITLES \
	"Inter-|   Receive                                                |  Transmit\n" \
	" face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n"

static void expect(const char *text, uint64_t received, uint64_t sent)
{
	struct usage u = { .n_links = 0 };

	usage_parse_network(text, &u);
	assert_int_equal(u.received_bytes, received);
	assert_int_equal(u.sent_bytes, sent);
}

static void links_are_added_up(void **state)
{
	(void)state;
	expect("", 0, 0);
	expect(TITLES, 0, 0);
	expect(TITLES "    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0\n",
	       0, 0);
	expect(TITLES "    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0\n"
	       "  eth0:    1500       2    0    0    0     0          0         0       70       3    0    0    0     0       0          0\n"
	       "verylongname:18446744073709550000 2 0 0 0 0 0 0 5 3 0 0 0 0 0 0\n",
	       UINT64_C(18446744073709551500), 75);
	expect("eth0: 7", 0, 0);
	expect("eth0:\neth1: 1 2 3 4 5 6 7 8 9\n", 1, 9);
	expect("eth0: x 2 3 4 5 6 7 8 9\n", 0, 0);
}

static void links_are_told_apart(void **state)
{
	struct usage u = { .n_links = 0 };
	char name[IF_NAMESIZE], line[64];

	(void)state;
	usage_parse_network(TITLES "lo: 1 2 3 4 5 6 7 8 9\n  eth0: 10 0 0 0 0 0 0 0 20\neth1:30 0 0 0 0 0 0 0 40\n", &u);
	assert_int_equal(u.n_links, 2);
	assert_string_equal(u.links[0].name, "eth0");
	assert_int_equal(u.links[0].received_bytes, 10);
	assert_int_equal(u.links[0].sent_bytes, 20);
	assert_string_equal(u.links[1].name, "eth1");
	assert_int_equal(u.links[1].sent_bytes, 40);
	for (int i = 2; i < USAGE_LINKS_MAX + 2; i++) { /* all are added up, the first are told */
		snprintf(name, sizeof(name), "eth%d", i);
		snprintf(line, sizeof(line), "%s: 1 0 0 0 0 0 0 0 1\n", name);
		usage_parse_network(line, &u);
	}
	assert_int_equal(u.n_links, USAGE_LINKS_MAX);
	assert_int_equal(u.received_bytes, 40 + USAGE_LINKS_MAX);
}

static void kernel_writes_it_so(void **state)
{
	auto_free char *text = NULL;
	struct usage u = { .n_links = 0 };
	struct err e;

	(void)state;
	assert_int_equal(file_read(AT_FDCWD, "/proc/self/net/dev", 1 << 20, &text, NULL, &e), 0);
	usage_parse_network(text, &u);
	assert_non_null(strstr(text, "lo:"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_are_added_up),
		cmocka_unit_test(links_are_told_apart),
		cmocka_unit_test(kernel_writes_it_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
