// SPDX-License-Identifier: Apache-2.0
/* What network_attach() and its kin leave behind, on disk and in the kernel, when all goes well and when it does not. */
#include "network_world.h"

#include <linux/rtnetlink.h>
#include <sys/wait.h>
#include <time.h>

#include "network/hosts.h"
#include "network/link.h"
#include "network/nft.h"
#include "network/rules.h"
#include "network/subnet.h"
#include "network/table.h"

#define MANY	  50
#define ADDRESSES 5000
#define MANY_REFUSED 4000 /* 200 KiB of answers fit */

static struct net_network net;

static long rules(void)
{
	return world_count(world_host, "nft -a list table inet paene 2>/dev/null | grep -c 'comment \"'");
}

static long elements(const char *map)
{
	char command[512];

	snprintf(command, sizeof(command), "nft list map inet paene %s 2>/dev/null | grep -oE '(tcp|udp) \\. ' | wc -l",
		 map);
	return world_count(world_host, command);
}

static long veths(void)
{
	return world_count(world_host, "ip -o link show type veth | wc -l");
}

/* The kernel removes the links of a namespace some time after its last user has gone. */
static void no_veths_soon(void)
{
	for (int i = 0; i < SOON_MS / 10 && veths() > 0; i++)
		usleep(10000);
	assert_int_equal(veths(), 0);
}

static long files(const char *folder)
{
	char command[512];

	snprintf(command, sizeof(command), "ls -A %s/%s | wc -l", world_folder, folder);
	return world_count(world_host, command);
}

static void read_into(const char *path, char *buf, size_t size)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : fd_read_all(fd, buf, size - 1);

	assert_true(n >= 0);
	buf[n] = '\0';
}

static void detach_leaves_nothing(void **state)
{
	struct err e = { .text = "" };
	struct box a;

	(void)state;
	box_plan(&a, "a", &net);
	box_publish(&a, "8080:80");
	box_publish(&a, "127.0.0.1:5353:53/udp");
	assert_int_equal(box_attach(&a, &e), 0);
	assert_int_equal(veths(), 1);
	assert_int_equal(elements("ports_any"), 1);
	assert_int_equal(elements("ports"), 1);
	assert_int_equal(files("paene/leases"), 1);
	assert_int_equal(files("paene/names"), 1);
	box_end(&a);
	assert_int_equal(veths(), 0);
	assert_int_equal(elements("ports_any"), 0);
	assert_int_equal(elements("ports"), 0);
	assert_int_equal(files("paene/leases"), 0);
	assert_int_equal(files("paene/names"), 0);
	assert_int_equal(network_detach(world_networks, &a.plan, -1, false, &e), 0); /* and again */
	assert_int_equal(network_release(world_networks, &net, "a", a.plan.address, &e), 0);
}

/* The container's last process has ended: nothing is waited for, and the kernel removes the link with the namespace. */
static void detach_after_the_end_does_not_wait(void **state)
{
	struct err e = { .text = "" };
	struct box a;

	(void)state;
	box_make(&a, "a", &net, "8080:80");
	auto_fd int server = world_serve(a.ns, SOCK_STREAM, "0.0.0.0", 80);

	net_hold_close(&a.hold);
	assert_int_equal(network_detach(world_networks, &a.plan, -1, true, &e), 0);
	assert_int_equal(elements("ports_any"), 0);
	assert_int_equal(files("paene/names"), 0);
	assert_false(world_tcp(world_host, a.address, 80, server, NULL, NEVER_MS)); /* cut off, though somebody holds it */
	fd_close(&server);
	fd_close(&a.ns);
	no_veths_soon();
	assert_int_equal(network_release(world_networks, &net, "a", a.plan.address, &e), 0);
}

/* A restarted container comes back while the kernel still removes its old link. */
static void restart_does_not_trip_over_the_old_link(void **state)
{
	struct err e = { .text = "" };
	struct box a;

	(void)state;
	for (int i = 0; i < 5; i++) {
		box_make(&a, "a", &net, "8080:80");
		net_hold_close(&a.hold);
		assert_int_equal(network_detach(world_networks, &a.plan, -1, true, &e), 0);
		fd_close(&a.ns);
	}
	no_veths_soon();
	assert_int_equal(network_release(world_networks, &net, "a", a.plan.address, &e), 0);
}

static void a_port_in_use_is_refused(void **state)
{
	struct err e = { .text = "" };
	struct box a, b;

	(void)state;
	auto_fd int server = world_serve(world_host, SOCK_STREAM, "127.0.0.1", 8080);

	box_plan(&a, "a", &net);
	box_publish(&a, "8081:80");
	box_publish(&a, "8080:80");
	assert_int_equal(box_attach(&a, &e), -EADDRINUSE);
	assert_non_null(strstr(e.text, "8080:80/tcp"));
	fd_close(&server);
	assert_int_equal(box_attach(&a, &e), 0);
	box_plan(&b, "b", &net);
	box_publish(&b, "8081:80");
	assert_int_equal(box_attach(&b, &e), -EADDRINUSE);
	net_hold_close(&a.hold); /* whoever stood by it was killed: the map still knows */
	assert_int_equal(box_attach(&b, &e), -EADDRINUSE);
	assert_non_null(strstr(e.text, "another container"));
	assert_int_equal(veths(), 1); /* of what b began, nothing is left, and a has kept what it had */
	assert_int_equal(elements("ports_any"), 2);
	assert_int_equal(files("paene/names"), 1);
	box_end(&a);
	assert_int_equal(box_attach(&b, &e), 0);
	box_end(&b);
}

static void a_held_port_cannot_be_taken(void **state)
{
	struct sockaddr_in sin = world_address("0.0.0.0", 8080);
	auto_fd int tcp = world_socket(world_host, SOCK_STREAM), udp = world_socket(world_host, SOCK_DGRAM);
	struct err e = { .text = "" };
	struct box a;
	int on = 1;

	(void)state;
	box_plan(&a, "a", &net);
	box_publish(&a, "8080:80");
	box_publish(&a, "8080:80/udp");
	assert_int_equal(box_attach(&a, &e), 0);
	setsockopt(tcp, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_true(bind(tcp, (struct sockaddr *)&sin, sizeof(sin)) < 0 || listen(tcp, 1) < 0);
	assert_int_equal(errno, EADDRINUSE);
	assert_int_equal(bind(udp, (struct sockaddr *)&sin, sizeof(sin)), -1);
	box_end(&a);
	fd_close(&tcp);
	tcp = world_serve(world_host, SOCK_STREAM, "0.0.0.0", 8080);
}

/* Connections that ended a moment ago keep their port in TIME_WAIT: that is nobody's use of it. */
static void leftovers_of_a_server_are_no_obstacle(void **state)
{
	struct err e = { .text = "" };
	struct box a;

	(void)state;
	int server = world_serve(world_host, SOCK_STREAM, "0.0.0.0", 8080);
	struct sockaddr_in to = world_address("127.0.0.1", 8080);
	int client = world_socket(world_host, SOCK_STREAM);

	(void)connect(client, (struct sockaddr *)&to, sizeof(to));
	assert_true(world_wait(server, POLLIN, SOON_MS));
	close(accept4(server, NULL, NULL, SOCK_CLOEXEC)); /* the side that closes first waits */
	assert_true(world_wait(client, POLLIN, SOON_MS));
	close(client);
	close(server);
	assert_int_equal(world_count(world_host, "grep -ciE ':1F90 .* 06 ' /proc/thread-self/net/tcp"), 1);
	box_plan(&a, "a", &net);
	box_publish(&a, "8080:80");
	if (box_attach(&a, &e) < 0)
		fail_msg("%s", e.text);
	box_end(&a);
}

static void a_free_port_is_chosen(void **state)
{
	struct err e = { .text = "" };
	struct box a;

	(void)state;
	box_plan(&a, "a", &net);
	box_publish(&a, "80");
	box_publish(&a, "127.0.0.1::53/udp");
	assert_int_equal(box_attach(&a, &e), 0);
	assert_true(a.ports[0].host_port > 0);
	assert_true(a.ports[1].host_port > 0);
	auto_fd int server = world_serve(a.ns, SOCK_STREAM, "0.0.0.0", 80);

	assert_true(world_tcp(world_host, "127.0.0.1", a.ports[0].host_port, server, NULL, SOON_MS));
	box_end(&a);
	assert_int_equal(elements("ports_any") + elements("ports"), 0);
	box_plan(&a, "a", &net);
	box_publish(&a, "203.0.113.5:80:80"); /* not ours */
	assert_int_equal(box_attach(&a, &e), -EADDRNOTAVAIL);
	assert_non_null(strstr(e.text, "203.0.113.5 is not an address of this host"));
	box_end(&a);
}

#define DELETE_ONE_RULE \
	"nft delete rule inet paene forward handle " \
	"$(nft -a list chain inet paene forward | sed -n '/nothing else/s/.*handle //p')"

/* N06 */
static void flushed_rules_come_back(void **state)
{
	static const char *const damages[] = {
		"nft flush ruleset",
		"nft flush table inet paene",
		"nft flush chain inet paene raw",
		"nft insert rule inet paene forward accept",
		"nft delete chain inet paene raw",
		DELETE_ONE_RULE,
	};
	struct err e = { .text = "" };
	struct box a, b;

	(void)state;
	box_make(&a, "a", &net, "8080:80");
	long all = rules();

	assert_int_equal(all, rules_n_rules);
	auto_fd int server = world_serve(a.ns, SOCK_STREAM, "0.0.0.0", 80);

	for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
		world_run(world_host, "%s", damages[i]);
		box_make(&b, "b", &net, "8081:81");
		assert_int_equal(rules(), all);
		assert_int_equal(elements("ports_any"), 2);
		assert_true(world_tcp(world_host, "127.0.0.1", 8080, server, NULL, SOON_MS));
		box_end(&b);
	}
	world_run(world_host, "nft flush ruleset");
	assert_int_equal(network_reload(world_networks, &e), 0);
	assert_int_equal(rules(), all);
	assert_int_equal(elements("ports_any"), 1);
	assert_true(world_tcp(world_host, "127.0.0.1", 8080, server, NULL, SOON_MS));
	box_end(&a);
}

static void a_good_table_is_left_alone(void **state)
{
	uint32_t before, after;
	struct nl nf = { 0 };
	struct err e = { .text = "" };
	bool made;

	(void)state;
	assert_int_equal(nft_open(&nf, &e), 0);
	assert_int_equal(table_ensure(&nf, &made, &e), 0);
	assert_int_equal(nft_generation(&nf, &before, &e), 0);
	assert_int_equal(table_ensure(&nf, &made, &e), 0);
	assert_false(made);
	assert_int_equal(nft_generation(&nf, &after, &e), 0);
	assert_int_equal(before, after);
	nl_close(&nf);
}

static void a_crashed_attach_is_taken_over(void **state)
{
	struct box a;

	(void)state;
	box_make(&a, "a", &net, "8080:80");
	net_hold_close(&a.hold); /* its command was killed: nobody detached it, and the namespace went */
	fd_close(&a.ns);
	box_make(&a, "a", &net, "8080:80");
	assert_int_equal(elements("ports_any"), 1);
	assert_int_equal(files("paene/names"), 1);
	assert_int_equal(files("paene/leases"), 1); /* the same address */
	box_end(&a);
	/* a record cut short by a power failure */
	world_run(world_host, ": > %s/paene/names/a", world_folder);
	box_make(&a, "a", &net, "8080:80");
	box_end(&a);
	assert_int_equal(files("paene/names"), 0);
}

/* A namespace that is not one: everything that was made is removed again. */
static void a_failed_attach_is_rolled_back(void **state)
{
	struct err e = { .text = "" };
	struct box a;

	(void)state;
	box_plan(&a, "a", &net);
	box_publish(&a, "8080:80");
	a.ns = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_true(box_attach(&a, &e) < 0);
	assert_int_equal(veths(), 0);
	assert_int_equal(elements("ports_any"), 0);
	assert_int_equal(files("paene/names"), 0);
	fd_close(&a.ns);
	/* an interface of that name is there already: found out when half is done */
	a.ns = world_new();
	world_run(a.ns, "ip link add eth0 type bridge");
	assert_int_equal(box_attach(&a, &e), -EEXIST);
	assert_int_equal(veths(), 0);
	assert_int_equal(elements("ports_any"), 0);
	assert_int_equal(files("paene/names"), 0);
	fd_close(&a.ns);
	assert_int_equal(box_attach(&a, &e), 0);
	box_end(&a);
}

/* Fifty containers: one element for each port, and not one rule more. */
static void many_containers_share_the_rules(void **state)
{
	static struct box boxes[MANY];
	static char ids[MANY][16];
	struct timespec begin, end;
	char port[32];

	(void)state;
	box_make(&boxes[0], "first", &net, NULL);
	long before = rules();

	box_end(&boxes[0]);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (int i = 0; i < MANY; i++) {
		snprintf(ids[i], sizeof(ids[i]), "box%d", i);
		snprintf(port, sizeof(port), "%d:80", 9000 + i);
		box_make(&boxes[i], ids[i], &net, port);
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	print_message("%d attaches: %.2f ms each\n", MANY,
		      ((double)(end.tv_sec - begin.tv_sec) * 1e3 + (double)(end.tv_nsec - begin.tv_nsec) / 1e6) / MANY);
	assert_int_equal(rules(), before);
	assert_int_equal(elements("ports_any"), MANY);
	auto_fd int server = world_serve(boxes[MANY - 1].ns, SOCK_STREAM, "0.0.0.0", 80);

	assert_true(world_tcp(world_host, "127.0.0.1", 9000 + MANY - 1, server, NULL, SOON_MS));
	for (int i = 0; i < MANY; i++)
		box_end(&boxes[i]);
	assert_int_equal(elements("ports_any"), 0);
	assert_int_equal(veths(), 0);
}

/* Containers come and go in many processes at once, while somebody flushes the tables; one that stays keeps its port. */
static void attaching_survives_a_crowd(void **state)
{
	enum { PROCESSES = 6, ROUNDS = 12, FLUSHES = 10 };
	struct err e = { .text = "" };
	struct box stays;

	(void)state;
	box_make(&stays, "stays", &net, "8080:80");
	for (int p = 0; p < PROCESSES; p++) {
		char id[32], port[32];
		struct box a;

		if (fork() != 0)
			continue;
		snprintf(id, sizeof(id), "crowd%d", p);
		snprintf(port, sizeof(port), "%d:80", 9100 + p);
		for (int i = 0; i < ROUNDS; i++) {
			box_plan(&a, id, &net);
			box_publish(&a, port);
			if (box_attach(&a, &e) < 0 || network_detach(world_networks, &a.plan, -1, i % 2, &e) < 0) {
				print_error("%s\n", e.text);
				_exit(1);
			}
			net_hold_close(&a.hold);
			fd_close(&a.ns);
		}
		_exit(network_release(world_networks, &net, id, a.plan.address, &e) < 0);
	}
	for (int i = 0; i < FLUSHES; i++) {
		usleep(30000);
		world_run(world_host, "nft flush ruleset");
	}
	for (int p = 0; p < PROCESSES; p++) {
		int status = -1;

		wait(&status);
		assert_int_equal(status, 0);
	}
	assert_int_equal(network_reload(world_networks, &e), 0);
	assert_int_equal(elements("ports_any"), 1);
	assert_int_equal(rules(), rules_n_rules);
	assert_int_equal(files("paene/names"), 1);
	assert_int_equal(files("paene/leases"), 1);
	box_end(&stays);
	no_veths_soon();
}

static void names_come_and_go(void **state)
{
	static const char *const extra[] = { "203.0.113.7\tfar" }, *aliases[] = { "db", "bad name" };
	char a_file[256], b_file[256], text[4096], line[128];
	auto_free char *initial = NULL;
	struct err e = { .text = "" };
	struct box a, b;

	(void)state;
	snprintf(a_file, sizeof(a_file), "%s/.hosts-a", world_folder);
	snprintf(b_file, sizeof(b_file), "%s/.hosts-b", world_folder);
	box_plan(&a, "a", &net);
	a.plan.hosts = a_file;
	a.plan.hostname = "a-host";
	assert_int_equal(network_hosts(world_networks, &a.plan, 1, extra, 1, &initial, &e), 0);
	snprintf(line, sizeof(line), "\n%s\ta a-host\n", a.address);
	assert_non_null(strstr(initial, line));
	assert_non_null(strstr(initial, "127.0.0.1\tlocalhost\n"));
	assert_non_null(strstr(initial, "\n203.0.113.7\tfar\n"));
	assert_int_equal(file_publish(world_networks, ".hosts-a", initial, strlen(initial), 0644, 0, &e), 0);
	if (box_attach(&a, &e) < 0)
		fail_msg("%s", e.text);
	read_into(a_file, text, sizeof(text));
	assert_string_equal(text, initial); /* nothing to change */
	/* the container opens its file, and writes a line of its own */
	auto_fd int mounted = open(a_file, O_RDWR | O_APPEND | O_CLOEXEC);

	assert_int_equal(fd_write_all(mounted, "192.0.2.77 mine\n", 16), 0);
	world_run(world_host, ": > %s", b_file);
	box_plan(&b, "b", &net);
	b.plan.hosts = b_file;
	b.plan.hostname = "a"; /* it would like to be called as the other one */
	b.plan.aliases = aliases;
	b.plan.n_aliases = 2;
	assert_int_equal(box_attach(&b, &e), 0);
	ssize_t n = pread(mounted, text, sizeof(text) - 1, 0);

	assert_true(n > 0);
	text[n] = '\0';
	snprintf(line, sizeof(line), "\n%s\tb\n", b.address);
	assert_non_null(strstr(text, line));
	snprintf(line, sizeof(line), "\n%s\ta db\n", b.address);
	char *stolen = strstr(text, line);

	snprintf(line, sizeof(line), "\n%s\ta a-host\n", a.address);
	assert_non_null(stolen);
	assert_true(strstr(text, line) < stolen); /* the first line counts */
	assert_non_null(strstr(text, "192.0.2.77 mine\n"));
	assert_null(strstr(text, "bad name"));
	read_into(b_file, text, sizeof(text));
	snprintf(line, sizeof(line), "\n%s\ta\n", a.address);
	assert_non_null(strstr(text, line));
	box_end(&b);
	read_into(a_file, text, sizeof(text));
	assert_null(strstr(text, b.address));
	assert_non_null(strstr(text, "192.0.2.77 mine\n"));
	read_into(b_file, text, sizeof(text));
	assert_string_equal(text, "");
	box_end(&a);
}

static void leases_are_exclusive(void **state)
{
	struct net_network small = { .name = "small" };
	struct net_addr a, b, want;
	struct err e = { .text = "" };
	char id[16];

	(void)state;
	assert_int_equal(net_addr_parse("10.200.0.0/29", &small.ip[NET_V4].subnet), 0);
	assert_int_equal(network_create(world_networks, &small, NULL, &e), 0);
	for (int i = 0; i < 5; i++) {
		snprintf(id, sizeof(id), "c%d", i);
		assert_int_equal(network_lease(world_networks, &small, NET_V4, id, NULL, &a, &e), 0);
		assert_true(subnet_number(&a) >= 0x0ac80002 && subnet_number(&a) <= 0x0ac80006);
		assert_int_equal(a.prefix, 29);
		assert_int_equal(network_lease(world_networks, &small, NET_V4, id, NULL, &b, &e), 0); /* again: the same */
		assert_true(subnet_same_address(&a, &b));
	}
	assert_int_equal(files("small/leases"), 5);
	assert_int_equal(network_lease(world_networks, &small, NET_V4, "c5", NULL, &b, &e), -ENOSPC);
	assert_int_equal(network_lease(world_networks, &small, NET_V4, "c5", &a, &b, &e), -EADDRINUSE);
	assert_int_equal(network_release(world_networks, &small, "c5", &a, &e), 0); /* not its own */
	assert_int_equal(files("small/leases"), 5);
	assert_int_equal(network_release(world_networks, &small, "c4", &a, &e), 0);
	assert_int_equal(network_lease(world_networks, &small, NET_V4, "c5", &a, &b, &e), 0);
	assert_int_equal(net_addr_parse("10.200.0.1", &want), 0);
	assert_int_equal(network_lease(world_networks, &small, NET_V4, "c6", &want, &b, &e), -EADDRINUSE); /* the gateway */
	assert_int_equal(net_addr_parse("10.200.0.7", &want), 0);
	assert_int_equal(network_lease(world_networks, &small, NET_V4, "c6", &want, &b, &e), -EINVAL); /* broadcast */
	assert_int_equal(network_lease(world_networks, &small, NET_V4, "../c6", NULL, &b, &e), -EINVAL);
	assert_int_equal(network_remove(world_networks, "small", &e), -EBUSY);
	for (uint32_t i = 2; i < 7; i++)
		for (int c = 0; c < 6; c++) {
			snprintf(id, sizeof(id), "c%d", c);
			a = subnet_address(&small.ip[NET_V4].subnet, 0x0ac80000 + i);
			assert_int_equal(network_release(world_networks, &small, id, &a, &e), 0);
		}
	assert_int_equal(network_remove(world_networks, "small", &e), 0);
	assert_int_equal(network_find(world_networks, "small", &small, &e), -ENOENT);
}

/* Sixteen processes at once, and no two get the same address. */
static void leases_are_taken_at_the_same_time(void **state)
{
	enum { PROCESSES = 16, EACH = 25 };
	char id[32];

	(void)state;
	for (int p = 0; p < PROCESSES; p++) {
		if (fork() != 0)
			continue;
		for (int i = 0; i < EACH; i++) {
			struct net_addr a;
			struct err e;

			snprintf(id, sizeof(id), "p%d-%d", p, i);
			if (network_lease(world_networks, &net, NET_V4, id, NULL, &a, &e) < 0)
				_exit(1);
		}
		_exit(0);
	}
	for (int p = 0; p < PROCESSES; p++) {
		int status = -1;

		wait(&status);
		assert_int_equal(status, 0);
	}
	assert_int_equal(files("paene/leases"), PROCESSES * EACH);
	for (int p = 0; p < PROCESSES; p++) {
		for (int i = 0; i < EACH; i++) {
			struct err e;

			snprintf(id, sizeof(id), "p%d-%d", p, i); /* whichever address it is */
			assert_int_equal(network_release(world_networks, &net, id, NULL, &e), 0);
		}
	}
	assert_int_equal(files("paene/leases"), 0);
}

/* Eight commands find no default network, and end with the same one. */
static void the_default_network_is_made_once(void **state)
{
	enum { PROCESSES = 8 };
	int results[2];
	struct err e;

	(void)state;
	assert_int_equal(pipe2(results, O_CLOEXEC), 0);
	close(world_folder_of(".fresh"));
	auto_fd int networks = openat(world_networks, ".fresh", O_PATH | O_CLOEXEC); /* any kind of folder fd will do */

	for (int p = 0; p < PROCESSES; p++) {
		struct net_network n = { .mtu = 0 };

		if (fork() != 0)
			continue;
		if (network_find(networks, NET_DEFAULT, &n, &e) < 0 ||
		    write(results[1], &n.ip[NET_V4].subnet, sizeof(n.ip[NET_V4].subnet)) != (ssize_t)sizeof(n.ip[NET_V4].subnet))
			_exit(1);
		_exit(0);
	}
	struct net_addr first, other;

	assert_int_equal(read(results[0], &first, sizeof(first)), sizeof(first));
	for (int p = 1; p < PROCESSES; p++) {
		assert_int_equal(read(results[0], &other, sizeof(other)), sizeof(other));
		assert_memory_equal(&first, &other, sizeof(first));
	}
	for (int p = 0; p < PROCESSES; p++) {
		int status = -1;

		wait(&status);
		assert_int_equal(status, 0);
	}
}

static void subnets_avoid_what_is_there(void **state)
{
	struct net_network a = { .name = "a" }, b = { .name = "b" };
	char text[NET_ADDR_MAX];
	struct net_network n;
	struct err e = { .text = "" };

	(void)state;
	auto_fd int networks = world_folder_of(".elsewhere");
	int host = world_new(), real = world_host;

	world_run(host, "ip link add d0 type bridge && ip link set d0 up && ip addr add 10.88.1.1/15 dev d0 && "
		  "ip route add 10.90.7.0/24 dev d0 && ip route add blackhole 10.100.0.0/23 && "
		  "ip route add 0.0.0.0/1 dev d0");
	world_host = host;
	world_enter(host);
	assert_int_equal(network_find(networks, NET_DEFAULT, &n, &e), 0);
	assert_string_equal(net_addr_text(&n.ip[NET_V4].subnet, true, text), "10.91.0.0/16");
	assert_string_equal(n.bridge, "paene0");
	assert_int_equal(network_create(networks, &a, NULL, &e), 0);
	assert_string_equal(net_addr_text(&a.ip[NET_V4].subnet, true, text), "10.100.2.0/24");
	assert_int_equal(network_create(networks, &b, NULL, &e), 0);
	assert_string_equal(net_addr_text(&b.ip[NET_V4].subnet, true, text), "10.100.3.0/24");
	assert_string_not_equal(a.bridge, b.bridge);
	assert_int_equal(network_create(networks, &b, NULL, &e), -EEXIST);
	struct net_network taken = { .name = "c", .ip[NET_V4].subnet = a.ip[NET_V4].subnet };

	assert_int_equal(network_create(networks, &taken, NULL, &e), -EADDRINUSE);
	/* a VPN that takes all of 10.0.0.0/8 */
	assert_int_equal(file_remove(networks, NET_DEFAULT, &e), 0);
	world_run(host, "ip route add 10.0.0.0/8 dev d0");
	world_enter(host);
	assert_int_equal(network_find(networks, NET_DEFAULT, &n, &e), 0);
	assert_string_equal(net_addr_text(&n.ip[NET_V4].subnet, true, text), "172.20.0.0/16");
	world_host = real;
	world_enter(real);
	close(host);
}

static void count_subnet(const struct net_addr *subnet, void *arg)
{
	size_t *count = arg;

	*count += subnet->bytes[0] == 10 && subnet->prefix == 32;
}

/* N10: a long dump, while somebody keeps changing what it lists. */
static void long_dumps_are_complete(void **state)
{
	int host = world_new();
	struct nl rt = { 0 };
	struct err e = { .text = "" };

	(void)state;
	world_run(host, "ip link add d0 type bridge; ip link set d0 up; seq 0 %d | "
		  "awk '{printf \"addr add 10.1.%%d.%%d/32 dev d0\\n\", $1 / 250, $1 %% 250 + 1}' | ip -batch -",
		  ADDRESSES - 1);
	world_enter(host);
	pid_t changer = fork();

	if (changer == 0) {
		execl("/bin/sh", "sh", "-c",
		      "while :; do ip addr add 10.2.0.1/32 dev d0; ip addr del 10.2.0.1/32 dev d0; done 2>/dev/null", NULL);
		_exit(1);
	}
	assert_int_equal(nl_open(&rt, NETLINK_ROUTE, &e), 0);
	for (int i = 0; i < 5; i++) {
		size_t count = 0;

		if (link_each_subnet(&rt, count_subnet, &count, &e) < 0)
			assert_int_equal(e.code, EAGAIN); /* it may say so, but not be silent */
		else
			assert_true(count >= 2 * ADDRESSES); /* its address, and the route to it */
	}
	kill(changer, SIGKILL);
	waitpid(changer, NULL, 0);
	nl_close(&rt);
	world_enter(world_host);
	close(host);
}

/* More than the socket can hold: the first answer is the one that is told, and the next batch is answered. */
static void answers_that_are_too_many_are_survived(void **state)
{
	struct nl rt = { 0 };
	struct err e = { .text = "" };
	struct link lo;

	(void)state;
	assert_int_equal(nl_open(&rt, NETLINK_ROUTE, &e), 0);
	struct nl_batch b = { .nl = &rt };

	for (int i = 0; i < MANY_REFUSED; i++) {
		nl_add(&b, RTM_DELLINK, NLM_F_ACK, 0, sizeof(struct ifinfomsg), "remove %d", i);
		nl_put_text(&b, IFLA_IFNAME, "nobodys");
	}
	assert_int_equal(nl_run(&b, NULL, NULL, &e), -ENODEV);
	assert_non_null(strstr(e.text, "remove 0: "));
	nl_batch_free(&b);
	assert_int_equal(link_find(&rt, "lo", &lo, &e), 0);
	nl_close(&rt);
}

/* The kernel's own words reach the user. */
static void refusals_are_explained(void **state)
{
	struct net_network wrong = net;
	struct nl rt = { 0 };
	struct err e = { .text = "" };
	uint32_t index;

	(void)state;
	assert_int_equal(nl_open(&rt, NETLINK_ROUTE, &e), 0);
	snprintf(wrong.bridge, sizeof(wrong.bridge), "lo");
	assert_int_equal(link_bridge(&rt, &wrong, &index, &e), -EEXIST);
	assert_non_null(strstr(e.text, "is not a bridge"));
	snprintf(wrong.bridge, sizeof(wrong.bridge), "a/b");
	assert_true(link_bridge(&rt, &wrong, &index, &e) < 0);
	assert_non_null(strstr(e.text, "make bridge a/b"));
	if (fork() == 0) {
		/* no capability over this namespace: a user namespace of its own */
		if (unshare(CLONE_NEWUSER) < 0)
			_exit(0);
		struct nl mine = { 0 };
		int r = nl_open(&mine, NETLINK_ROUTE, &e);

		snprintf(wrong.bridge, sizeof(wrong.bridge), "nobodys");
		r = r < 0 ? r : link_bridge(&mine, &wrong, &index, &e);
		_exit(r == -EPERM && strstr(e.text, "CAP_NET_ADMIN") ? 0 : 1);
	}
	int status = -1;

	wait(&status);
	assert_int_equal(status, 0);
	nl_close(&rt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(detach_leaves_nothing),
		cmocka_unit_test(detach_after_the_end_does_not_wait),
		cmocka_unit_test(restart_does_not_trip_over_the_old_link),
		cmocka_unit_test(a_port_in_use_is_refused),
		cmocka_unit_test(a_held_port_cannot_be_taken),
		cmocka_unit_test(leftovers_of_a_server_are_no_obstacle),
		cmocka_unit_test(a_free_port_is_chosen),
		cmocka_unit_test(flushed_rules_come_back),
		cmocka_unit_test(a_good_table_is_left_alone),
		cmocka_unit_test(a_crashed_attach_is_taken_over),
		cmocka_unit_test(a_failed_attach_is_rolled_back),
		cmocka_unit_test(many_containers_share_the_rules),
		cmocka_unit_test(attaching_survives_a_crowd),
		cmocka_unit_test(names_come_and_go),
		cmocka_unit_test(leases_are_exclusive),
		cmocka_unit_test(leases_are_taken_at_the_same_time),
		cmocka_unit_test(the_default_network_is_made_once),
		cmocka_unit_test(subnets_avoid_what_is_there),
		cmocka_unit_test(long_dumps_are_complete),
		cmocka_unit_test(answers_that_are_too_many_are_survived),
		cmocka_unit_test(refusals_are_explained),
	};
	const struct CMUnitTest lacking[] = { cmocka_unit_test(world_lacking) };

	if (!world_begin())
		return cmocka_run_group_tests(lacking, NULL, NULL);
	world_network(NET_DEFAULT, false, &net);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	world_end();
	return failed;
}
