// SPDX-License-Identifier: Apache-2.0
/* Slow and unreliable links: rules as text, and what becomes of them in the kernel. */
#include "network_world.h"

#include <time.h>

#include "network/shape.h"
#include "network/tc.h"

/* "rate=10mbit delay=5ms": set in a rule. */
static int set(struct arena *a, struct net_shape *shape, const char *to, const char *words, struct err *e)
{
	struct spec_pair pairs[8];
	struct spec_map values = { .v = pairs };
	char *save = NULL;

	for (char *w = strtok_r(arena_strdup(a, words), " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		char *value = strchr(w, '=');

		assert_non_null(value);
		*value++ = '\0';
		pairs[values.n++] = (struct spec_pair){ w, value };
	}
	return net_shape_set(a, shape, to, &values, e);
}

static void must_set(struct arena *a, struct net_shape *shape, const char *to, const char *words)
{
	struct err e = { .text = "" };

	if (set(a, shape, to, words, &e) < 0)
		fail_msg("%s", e.text);
}

static void rates_are_read(void **state)
{
	static const struct {
		const char *text;
		uint64_t in, out;
	} good[] = {
		{ "1000", 1000, 1000 },
		{ "300k", 300000, 300000 },
		{ "10mbit", 10000000, 10000000 },
		{ "10Mbit", 10000000, 10000000 },
		{ "1.5g", 1500000000, 1500000000 },
		{ "2kibit", 2048, 2048 },
		{ "1mbps", 8000000, 8000000 }, /* bytes: so says tc */
		{ "1MB/s", 8000000, 8000000 },
		{ "1MiB/s", 8 << 20, 8 << 20 },
		{ "10mbit/2mbit", 10000000, 2000000 },
		{ "1MB/s/512KiB/s", 8000000, 4 << 20 },
		{ "1MB/s/10mbit", 8000000, 10000000 },
		{ "10mbit/", 10000000, 7000 },
		{ "/10mbit", 7000, 10000000 },
		{ "0", 0, 0 },
		{ "0/5mbit", 0, 5000000 },
		{ "10tbit", 10000000000000, 10000000000000 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		auto_arena struct arena a = { 0 };
		struct net_shape shape = { 0 };
		char words[64];

		must_set(&a, &shape, NULL, "rate=7k loss=1%");
		snprintf(words, sizeof(words), "rate=%s", good[i].text);
		must_set(&a, &shape, NULL, words);
		if (shape.v[0].rate_bits[NET_IN] != good[i].in || shape.v[0].rate_bits[NET_OUT] != good[i].out)
			fail_msg("%s is %ju/%ju", good[i].text, (uintmax_t)shape.v[0].rate_bits[NET_IN],
				 (uintmax_t)shape.v[0].rate_bits[NET_OUT]);
	}
}

static void delays_and_shares_are_read(void **state)
{
	static const char *const same[] = { "80ms±10ms", "80ms+-10ms", "80ms,10ms", "80ms±10", "0.08s±10000us", "80000µs±10ms" };
	char buf[NET_SHAPE_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		auto_arena struct arena a = { 0 };
		struct net_shape shape = { 0 };
		char words[64];

		snprintf(words, sizeof(words), "delay=%s", same[i]);
		must_set(&a, &shape, NULL, words);
		assert_int_equal(shape.v[0].delay_us, 80000);
		assert_int_equal(shape.v[0].jitter_us, 10000);
		assert_string_equal(net_delay_text(&shape.v[0], buf), "80ms±10ms");
	}
	auto_arena struct arena a = { 0 };
	struct net_shape shape = { 0 };

	must_set(&a, &shape, NULL, "delay=1.5s loss=1% duplicate=100 reorder=0.05% corrupt=0.001%");
	assert_string_equal(net_delay_text(&shape.v[0], buf), "1500ms");
	assert_string_equal(net_share_text(shape.v[0].loss, buf), "1%");
	assert_string_equal(net_share_text(shape.v[0].duplicate, buf), "100%");
	assert_string_equal(net_share_text(shape.v[0].reorder, buf), "0.05%");
	assert_string_equal(net_share_text(shape.v[0].corrupt, buf), "0.001%");
	assert_string_equal(net_share_text(0, buf), "");
	assert_string_equal(net_rate_text(1500000, buf), "1500kbit");
	assert_string_equal(net_rate_text(8192, buf), "8192bit");
	assert_string_equal(net_rate_text(0, buf), "");
}

static void what_makes_no_sense_is_refused(void **state)
{
	static const char *const bad[] = {
		"rate=",	"rate=fast",	"rate=-1",	"rate=10mbit/2mbit/3mbit", "rate=/",	  "rate=999bit", "rate=11tbit",
		"rate=1..5m",	"rate=10mbit.", "rate=10kb",	"delay=80",		   "delay=-1ms", "delay=80ms±",	 "delay=±10ms",
		"delay=61m",	"delay=3601s",	"delay=nanms",	"loss=101%",		   "loss=1%%",	  "loss=",	 "loss=-1",
		"loss=0x1",	"reorder=5%",	"distribution=flat", "distribution=normal", "speed=1",
		"delay=99999999999999999999ms", "rate=99999999999999999999", "rate=18446744073709551.615t",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		auto_arena struct arena a = { 0 };
		struct net_shape shape = { 0 };
		struct err e = { .text = "" };

		if (set(&a, &shape, NULL, bad[i], &e) != -EINVAL)
			fail_msg("%s is accepted", bad[i]);
		assert_int_equal(shape.n, 0);
		assert_true(strlen(e.text) > 10);
	}
}

static void rules_come_and_go(void **state)
{
	auto_arena struct arena a = { 0 };
	struct net_shape shape = { 0 };
	struct err e;

	(void)state;
	must_set(&a, &shape, NULL, "rate=1m");
	must_set(&a, &shape, "10.1.2.3/16", "delay=10ms");
	must_set(&a, &shape, "10.1.7.7", "delay=20ms");
	must_set(&a, &shape, "fd00::/64", "delay=30ms");
	must_set(&a, &shape, "10.0.0.0/8", "delay=40ms");
	assert_int_equal(shape.n, 5); /* the longest prefix first, all others last */
	assert_string_equal(shape.v[0].to, "fd00::/64");
	assert_string_equal(shape.v[1].to, "10.1.7.7/32");
	assert_string_equal(shape.v[2].to, "10.1.0.0/16");
	assert_string_equal(shape.v[3].to, "10.0.0.0/8");
	assert_null(shape.v[4].to);
	must_set(&a, &shape, "10.1.0.0/16", "loss=1%"); /* what is not named stays */
	assert_int_equal(shape.n, 5);
	assert_int_equal(shape.v[2].delay_us, 10000);
	assert_int_equal(shape.v[2].loss, 1000);
	must_set(&a, &shape, "10.1.0.0/16", "delay=0 loss=0");
	assert_int_equal(shape.n, 4);
	must_set(&a, &shape, NULL, "rate=0");
	assert_int_equal(shape.n, 3);
	assert_int_equal(set(&a, &shape, "10.1.0.0/33", "loss=1", &e), -EINVAL);
	assert_int_equal(set(&a, &shape, "somewhere", "loss=1", &e), -EINVAL);
	assert_int_equal(shape.n, 3);
	for (int i = 0; i < NET_RULES_MAX - 3; i++) {
		char to[32];

		snprintf(to, sizeof(to), "192.0.2.%d", i);
		must_set(&a, &shape, to, "loss=1");
	}
	assert_int_equal(set(&a, &shape, "192.0.3.1", "loss=1", &e), -E2BIG);
}

static void jitter_is_a_bell(void **state)
{
	int16_t table[TC_NORMAL_SIZE];
	double sum = 0, squares = 0;
	size_t within = 0;

	(void)state;
	tc_normal(table);
	for (size_t i = 0; i < TC_NORMAL_SIZE; i++) {
		sum += table[i];
		squares += (double)table[i] * table[i];
		within += table[i] >= -8192 && table[i] <= 8192;
		assert_true(i == 0 || table[i] >= table[i - 1]);
	}
	assert_true(sum == 0);
	squares /= TC_NORMAL_SIZE; /* the square of 8192, but for what is beyond the ends of the table */
	assert_true(squares > 0.995 * 8192 * 8192 && squares < 1.005 * 8192 * 8192);
	assert_in_range(within, 68 * TC_NORMAL_SIZE / 100, 69 * TC_NORMAL_SIZE / 100);
}

/* ---- in the kernel ---- */

static struct net_network net;
static struct box one, two;

static int start(void **state)
{
	(void)state;
	world_network(NET_DEFAULT, false, &net);
	return 0;
}

/* How many lines `tc` has of the container's or the host's end. */
static long count(int ns, const char *what, const char *pattern)
{
	char command[256];

	snprintf(command, sizeof(command), "for l in $(ls /sys/class/net 2>/dev/null; ip -o link | sed 's/^[0-9]*: //; s/[@:].*//'); do "
		 "tc %s show dev $l 2>/dev/null; done | sort -u | grep -c -- '%s'", what, pattern);
	return world_count(ns, command);
}

static void shape_box(struct box *b, const struct net_shape *shape)
{
	struct err e = { .text = "" };

	if (network_shape(world_networks, &b->plan, b->ns, shape, &e) < 0)
		fail_msg("%s", e.text);
}

static void a_rate_is_on_both_ends_from_the_start(void **state)
{
	auto_arena struct arena a = { 0 };
	struct net_shape shape = { 0 };
	struct err e = { .text = "" };

	(void)state;
	must_set(&a, &shape, NULL, "rate=20mbit/3mbit");
	box_plan(&one, "one", &net);
	one.plan.shape = &shape;
	if (box_attach(&one, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(count(world_host, "qdisc", "tbf .*rate 20Mbit"), 1);
	assert_int_equal(count(one.ns, "qdisc", "tbf .*rate 3Mbit"), 1);
	must_set(&a, &shape, NULL, "rate=0/5mbit"); /* one end goes, the other is changed in place */
	long before = count(one.ns, "qdisc", "tbf");
	shape_box(&one, &shape);
	assert_int_equal(count(world_host, "qdisc", "tbf"), 0);
	assert_int_equal(before, 1);
	assert_int_equal(count(one.ns, "qdisc", "tbf .*rate 5Mbit"), 1);
	shape_box(&one, &(struct net_shape){ 0 });
	assert_int_equal(count(one.ns, "qdisc", "tbf"), 0);
	shape_box(&one, &(struct net_shape){ 0 }); /* nothing to take back is fine */
	box_end(&one);
}

static void values_change_in_place_and_rules_replace_the_tree(void **state)
{
	auto_arena struct arena a = { 0 };
	struct net_shape shape = { 0 };

	(void)state;
	box_make(&one, "one", &net, NULL);
	must_set(&a, &shape, NULL, "rate=10mbit");
	must_set(&a, &shape, "10.1.0.0/16", "rate=1mbit");
	must_set(&a, &shape, "fd00:1::/32", "rate=2mbit");
	shape_box(&one, &shape);
	for (int i = 0; i < 2; i++) {
		int ns = i ? one.ns : world_host;

		assert_int_equal(count(ns, "qdisc", "tbf .* root .*rate 10Mbit"), 1);
		assert_int_equal(count(ns, "qdisc", "htb .*parent"), 1);
		assert_int_equal(count(ns, "qdisc", "tbf .*parent .*rate 1Mbit"), 1);
		assert_int_equal(count(ns, "qdisc", "tbf .*parent .*rate 2Mbit"), 1);
	}
	world_run(one.ns, "tc qdisc show dev eth0 | sed 's/rate.*//' >%s/before", world_folder);
	must_set(&a, &shape, "10.1.0.0/16", "rate=4mbit");
	shape_box(&one, &shape);
	world_run(one.ns, "tc qdisc show dev eth0 | sed 's/rate.*//' | cmp - %s/before", world_folder); /* the same handles */
	assert_int_equal(count(one.ns, "qdisc", "tbf .*parent .*rate 4Mbit"), 1);
	assert_int_equal(count(one.ns, "qdisc", "tbf .*parent .*rate 1Mbit"), 0);
	must_set(&a, &shape, "10.2.0.0/16", "rate=7mbit");
	shape_box(&one, &shape);
	assert_int_equal(count(one.ns, "qdisc", "tbf .*rate 7Mbit"), 1);
	assert_int_equal(count(one.ns, "qdisc", "htb"), 1);
	shape_box(&one, &(struct net_shape){ 0 });
	box_end(&one);
}

/* Nanoseconds until so many packets have come from one to the other, each after the one before it. */
static uint64_t transfer(struct box *from, struct box *to, const char *address, size_t n)
{
	auto_fd int server = world_serve(to->ns, SOCK_DGRAM, address, 7000);
	auto_fd int client = world_socket_of(world_name(address, 0).any.sa_family, from->ns, SOCK_DGRAM);
	union world_name name = world_name(address, 7000);
	static char packet[1400];
	struct timespec begin, end;

	assert_int_equal(connect(client, &name.any, world_name_len(&name)), 0);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(send(client, packet, sizeof(packet), 0), sizeof(packet));
		assert_true(world_wait(server, POLLIN, SOON_MS));
		assert_int_equal(recv(server, packet, sizeof(packet), 0), sizeof(packet));
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	return (uint64_t)(end.tv_sec - begin.tv_sec) * 1000000000 + (uint64_t)end.tv_nsec - (uint64_t)begin.tv_nsec;
}

static void all_rules_that_there_can_be(void **state)
{
	auto_arena struct arena a = { 0 };
	struct net_shape shape = { 0 };
	char to[32];

	(void)state;
	box_make(&one, "one", &net, NULL);
	for (int i = 0; i < NET_RULES_MAX; i++) {
		snprintf(to, sizeof(to), "10.1.%d.0/24", i);
		must_set(&a, &shape, to, "rate=1mbit");
	}
	shape_box(&one, &shape);
	assert_int_equal(count(one.ns, "qdisc", "tbf"), NET_RULES_MAX);
	must_set(&a, &shape, to, "rate=2mbit");
	shape_box(&one, &shape);
	assert_int_equal(count(one.ns, "qdisc", "tbf .*rate 1Mbit"), NET_RULES_MAX - 1);
	assert_int_equal(count(world_host, "qdisc", "tbf"), NET_RULES_MAX);
	box_end(&one);
}

#define PACKETS 60 /* of 1,442 bytes: at 1 mbit 692 ms, of which what goes at once (one packet) saves 11 */
#define SLOW_NS 600000000
#define OTHERS_NS 300000000000 /* at 1 kbit 692 s */

static void rates_hold_each_way_and_for_whom_they_are(void **state)
{
	auto_arena struct arena a = { 0 };
	struct net_shape shape = { 0 };

	(void)state;
	box_make(&one, "one", &net, NULL);
	box_make(&two, "two", &net, NULL);
	must_set(&a, &shape, NULL, "rate=/1mbit");
	shape_box(&one, &shape);
	assert_true(transfer(&one, &two, two.address, PACKETS) > SLOW_NS);
	must_set(&a, &shape, NULL, "rate=1mbit/0");
	shape_box(&one, &shape);
	assert_true(transfer(&two, &one, one.address, PACKETS) > SLOW_NS);
	must_set(&a, &shape, NULL, "rate=0");
	must_set(&a, &shape, two.address, "rate=1mbit");
	shape_box(&one, &shape);
	assert_true(transfer(&one, &two, two.address, PACKETS) > SLOW_NS);
	assert_true(transfer(&two, &one, one.address, PACKETS) > SLOW_NS);
	must_set(&a, &shape, two.address, "rate=0");
	must_set(&a, &shape, "192.0.2.0/24", "rate=1kbit");
	shape_box(&one, &shape);
	assert_true(transfer(&one, &two, two.address, PACKETS) < OTHERS_NS);
	box_end(&two);
	box_end(&one);
}

static void a_failure_names_the_module_and_leaves_nothing(void **state)
{
	auto_arena struct arena a = { 0 };
	struct net_shape shape = { 0 };
	struct err e = { .text = "" };

	(void)state;
	if (world_count(world_host, "ip link add probe type dummy 2>/dev/null || ip link add probe type veth; "
			"tc qdisc add dev probe root netem delay 1ms 2>/dev/null; tc qdisc show dev probe | grep -c netem; "
			"ip link del probe") > 0) {
		print_message("skipped: this kernel has netem\n");
		skip();
	}
	box_plan(&one, "one", &net);
	must_set(&a, &shape, NULL, "rate=1mbit delay=10ms");
	one.plan.shape = &shape;
	assert_true(box_attach(&one, &e) < 0);
	if (!strstr(e.text, "modprobe sch_netem"))
		fail_msg("%s", e.text);
	one.plan.shape = NULL;
	if (box_attach(&one, &e) < 0)
		fail_msg("%s", e.text);
	assert_true(network_shape(world_networks, &one.plan, one.ns, &shape, &e) < 0);
	assert_int_equal(count(one.ns, "qdisc", "tbf"), 0);
	box_end(&one);
}

static int stop(void **state)
{
	(void)state;
	world_end();
	return 0;
}

int main(void)
{
	const struct CMUnitTest texts[] = {
		cmocka_unit_test(rates_are_read),
		cmocka_unit_test(delays_and_shares_are_read),
		cmocka_unit_test(what_makes_no_sense_is_refused),
		cmocka_unit_test(rules_come_and_go),
		cmocka_unit_test(jitter_is_a_bell),
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rate_is_on_both_ends_from_the_start),
		cmocka_unit_test(values_change_in_place_and_rules_replace_the_tree),
		cmocka_unit_test(all_rules_that_there_can_be),
		cmocka_unit_test(rates_hold_each_way_and_for_whom_they_are),
		cmocka_unit_test(a_failure_names_the_module_and_leaves_nothing),
	};
	const struct CMUnitTest lacking[] = { cmocka_unit_test(world_lacking) };
	int failed = cmocka_run_group_tests(texts, NULL, NULL);

	return failed + (world_begin() ? cmocka_run_group_tests(tests, start, stop) :
					 cmocka_run_group_tests(lacking, NULL, NULL));
}
