// SPDX-License-Identifier: Apache-2.0
/* Processes of a container out of the host's /proc, and the columns of `paene top`; names and commands are the container's own. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/file.h"
#include "cli/top_columns.h"

static const char status_text[] =
	"Name:\tNSpid:\\n7\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t4711\nPid:\t4711\nPPid:\t4700\n"
	"Uid:\t100033\t100034\t100033\t100033\nGid:\t100005\t100006\t100005\t100005\nGroups:\t100005 100010 7 \n"
	"NStgid:\t4711\t12\t3\nNSpid:\t4711\t12\t3\nNSpgid:\t4711\t11\t2\nNSsid:\t4700\t1\t0\nVmSize:\t    2048 kB\n"
	"VmRSS:\t     512 kB\nThreads:\t5\nCapInh:\t0000000000000000\nCapPrm:\t00000000a80425fb\nCapEff:\t0000000000000001\n"
	"CapBnd:\t000001ffffffffff\nCapAmb:\t0000000000000021\nSeccomp:\t2\n";

static void status_is_read(void **state)
{
	auto_arena struct arena a = { 0 };
	struct process p = { 0 };

	(void)state;
	assert_int_equal(process_levels(status_text), 3);
	assert_int_equal(process_levels("Name:\tx\n"), 0);
	assert_int_equal(process_parse_status(status_text, 1, &a, &p), 0);
	assert_int_equal(p.pid, 12);
	assert_int_equal(p.pgid, 11);
	assert_int_equal(p.sid, 1);
	assert_int_equal(p.ruid, 100033);
	assert_int_equal(p.euid, 100034);
	assert_int_equal(p.rgid, 100005);
	assert_int_equal(p.egid, 100006);
	assert_int_equal(p.groups.n, 3);
	assert_int_equal(p.groups.v[2], 7);
	assert_int_equal(p.size_kib, 2048);
	assert_int_equal(p.resident_kib, 512);
	assert_int_equal(p.threads, 5);
	assert_int_equal(p.seccomp, 2);
	assert_true(p.caps[CAPS_PERMITTED] == 0xa80425fb);
	assert_int_equal(process_parse_status(status_text, 3, &a, &p), 0);
	assert_int_equal(p.pid, 0); /* it is in no namespace that deep */
	assert_int_equal(process_parse_status("", 0, &a, &p), 0);
	assert_int_equal(p.groups.n, 0);
}

static void stat_is_read(void **state)
{
	static const char text[] = "4711 (a) R (b\n) S 4700 4711 4700 34817 4711 4194304 1 2 3 4 250 50 7 8 20 -5 1 0 6000 9 10";
	auto_arena struct arena a = { 0 };
	struct process p = { 0 };

	(void)state;
	assert_int_equal(process_parse_stat(text, 100, &a, &p), 0);
	assert_int_equal(p.host_pid, 4711);
	assert_int_equal(p.host_ppid, 4700);
	assert_string_equal(p.comm, "a) R (b\n");
	assert_int_equal(p.state, 'S');
	assert_int_equal(p.tty, 34817);
	assert_int_equal(p.cpu_ms, 3000);
	assert_int_equal(p.nice, -5);
	assert_int_equal(p.start_ms, 60000);
	assert_int_equal(process_parse_stat("", 100, &a, &p), -EPROTO);
	assert_int_equal(process_parse_stat("1 )(", 100, &a, &p), -EPROTO);
	assert_int_equal(process_parse_stat("1 (x) S 2 3", 100, &a, &p), -EPROTO);
}

static void ids_are_mapped_back(void **state)
{
	auto_arena struct arena a = { 0 };
	struct spec_id_maps m;
	struct err e;

	(void)state;
	assert_int_equal(process_parse_map("         0     100000      65536\n     70000          5          1\n", &a, &m, &e), 0);
	assert_int_equal(m.n, 2);
	assert_int_equal(process_map_id(&m, 100000), 0);
	assert_int_equal(process_map_id(&m, 165535), 65535);
	assert_int_equal(process_map_id(&m, 5), 70000);
	assert_true(process_map_id(&m, 165536) == PROCESS_UNMAPPED);
	assert_true(process_map_id(&m, 0) == PROCESS_UNMAPPED);
	assert_int_equal(process_parse_map("         0          0 4294967295\n", &a, &m, &e), 0);
	assert_int_equal(process_map_id(&m, 4294967294U), 4294967294U);
	assert_int_equal(process_parse_map("", &a, &m, &e), 0);
	assert_int_equal(m.n, 0);
}

static void every_column_has_a_text(void **state)
{
	struct user_name users[] = { { 33, "web" } }, host[] = { { 100034, "range" } };
	struct spec_id_map map = { .container_id = 0, .host_id = 100000, .size = 65536 };
	struct process p = { 0 };
	struct process_list list = {
		.v = &p, .n = 1, .uids = { &map, 1 }, .gids = { &map, 1 }, .now_ms = 90061000,
	};
	const struct top_context c = { .list = &list, .users = { users, 1 }, .host_users = { host, 1 } };
	static const struct {
		const char *column, *text;
	} cases[] = {
		{ "user", "34" }, { "ruser", "web" },	   { "huser", "range" },	{ "group", "6" },	{ "groups", "5,10,?" },
		{ "hgroups", "100005,100010,7" },	   { "pid", "12" },		{ "hpid", "4711" },	{ "ppid", "0" },
		{ "etime", "1-01:00:01" },		   { "time", "00:00:03" },	{ "pcpu", "0.0" },	{ "tty", "pts/1" },
		{ "state", "S" }, { "nice", "-5" },	   { "rss", "512" },		{ "vsz", "2048" },	{ "seccomp", "filter" },
		{ "capbnd", "full" },			   { "capinh", "none" },	{ "capamb", "CHOWN,KILL" },
		{ "capeff", "CHOWN" },			   { "comm", "sh" },		{ "args", "[sh]" },	{ "label", "?" },
	};
	auto_arena struct arena a = { 0 };

	(void)state;
	assert_int_equal(process_parse_status(status_text, 1, &a, &p), 0);
	assert_int_equal(process_parse_stat("4711 (sh) S 4700 1 1 34817 1 0 0 0 0 0 250 50 0 0 20 -5 1 0 6000 0", 100, &a, &p), 0);
	p.args = (char *)"";
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct top_column *column = top_column_find(cases[i].column, strlen(cases[i].column));

		assert_non_null(column);
		assert_string_equal(column->text(&p, &c, column, &a), cases[i].text);
	}
	for (size_t i = 0; i < top_n_columns; i++) {
		assert_non_null(top_columns[i].text(&p, &c, &top_columns[i], &a));
		assert_ptr_equal(top_column_find(top_columns[i].name, strlen(top_columns[i].name)), &top_columns[i]);
	}
	assert_null(top_column_find("pi", 2));
	assert_null(top_column_find("", 0));
}

static void put_file(int dir, const char *name, const char *text)
{
	struct err e;

	assert_int_equal(file_publish(dir, name, text, strlen(text), 0644, 0, &e), 0);
}

static void names_are_never_numbers(void **state)
{
	char path[] = "/tmp/paene-test-XXXXXX";
	auto_arena struct arena a = { 0 };
	struct err e;

	(void)state;
	assert_non_null(mkdtemp(path));
	auto_fd int root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(root >= 0);
	assert_int_equal(user_names(root, USER_LIST_USERS, &a).n, 0); /* there is no file */
	assert_int_equal(mkdirat(root, "etc", 0755), 0);
	auto_fd int etc = openat(root, "etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	put_file(etc, "passwd", "root:x:0:0::/:/bin/sh\n0:x:5:5::/:\n-1:x:6:6::/:\nbroken\nweb:x:33:33::/:\nagain:x:33:33::/:\nx:x:-3:1::/:\n");
	put_file(etc, "group", "staff:x:50:\n");
	struct user_names users = user_names(root, USER_LIST_USERS, &a), groups = user_names(root, USER_LIST_GROUPS, &a);

	assert_string_equal(user_name_of(&users, 0), "root");
	assert_string_equal(user_name_of(&users, 33), "web");
	assert_null(user_name_of(&users, 5));
	assert_null(user_name_of(&users, 6));
	assert_string_equal(user_name_of(&groups, 50), "staff");
	assert_int_equal(unlinkat(etc, "group", 0), 0);
	assert_int_equal(symlinkat("/proc/self/environ", etc, "group"), 0); /* of the container: below its own root */
	assert_int_equal(user_names(root, USER_LIST_GROUPS, &a).n, 0);
	assert_int_equal(unlinkat(etc, "group", 0), 0);
	assert_int_equal(mkfifoat(etc, "group", 0644), 0); /* nobody writes */
	assert_int_equal(user_names(root, USER_LIST_GROUPS, &a).n, 0);
	assert_int_equal(file_remove(AT_FDCWD, path, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_is_read),
		cmocka_unit_test(stat_is_read),
		cmocka_unit_test(ids_are_mapped_back),
		cmocka_unit_test(every_column_has_a_text),
		cmocka_unit_test(names_are_never_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
