// SPDX-License-Identifier: Apache-2.0
/* Mount option words, and the list of mounts made from a configuration: pure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "base/sys.h"
#include "namespaces/mount_list.h"
#include "namespaces/mount_options.h"
#include "namespaces/sysctl.h"

static struct arena arena;

static int free_arena(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static struct strv words_of(const char *text)
{
	struct strv words = { 0 };
	char *copy = arena_strdup(&arena, text), *rest = NULL;

	for (char *w = strtok_r(copy, ",", &rest); w; w = strtok_r(NULL, ",", &rest))
		assert_int_equal(strv_push(&arena, &words, w), 0);
	return words;
}

static struct mount_options parse(const char *text)
{
	struct strv words = words_of(text);
	struct mount_options o;
	struct err e;

	assert_int_equal(mount_options_parse(&arena, &words, &o, &e), 0);
	return o;
}

/* They are looked up by halves. */
static void test_words_are_sorted(void **state)
{
	size_t n = 1;

	(void)state;
	for (; mount_option_word(n); n++)
		assert_true(strcmp(mount_option_word(n - 1), mount_option_word(n)) < 0);
	assert_null(mount_option_word(n + 5));
	assert_true(n > 60);
}

/* Every word that the specification lists is known: none of them ends up as data. */
static void test_specified_words(void **state)
{
	static const char *const lists[] = {
		"async,atime,bind,defaults,dev,diratime,dirsync,exec,iversion,lazytime,loud,mand,noatime,nodev,nodiratime",
		"noexec,noiversion,nolazytime,nomand,norelatime,nostrictatime,nosuid,nosymfollow,private,ratime,rbind,rdev",
		"rdiratime,relatime,remount,rexec,rnoatime,rnodiratime,rnoexec,rnorelatime,rnostrictatime,rnosuid",
		"rnosymfollow,ro,rprivate,rrelatime,rro,rrw,rshared,rslave,rstrictatime,rsuid,rsymfollow,runbindable,rw",
		"shared,silent,slave,strictatime,suid,symfollow,sync,tmpcopyup,unbindable,idmap,ridmap,acl,noacl,rnodev",
		/* crun's */
		"copy-symlink,src-nofollow,dest-nofollow,rsync,rasync,rdirsync,rmand,rnomand",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		assert_int_equal(parse(lists[i]).data.n, 0);
}

static void test_attributes(void **state)
{
	(void)state;
	struct mount_options o = parse("ro,nosuid,nodev,noexec,nosymfollow");

	assert_int_equal(o.set, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |
					MOUNT_ATTR_NOSYMFOLLOW);
	assert_int_equal(o.rset | o.rclear | o.propagation | o.words | o.sb_flags, 0);
	o = parse("rro,rnosuid");
	assert_int_equal(o.rset, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID);
	assert_int_equal(o.set | o.clear, 0);
	o = parse("rw,dev");
	assert_int_equal(o.set, 0);
	assert_int_equal(o.clear, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV);
}

static void test_last_word_counts(void **state)
{
	(void)state;
	assert_int_equal(parse("ro,rw").set, 0);
	assert_int_equal(parse("rw,ro").set, MOUNT_ATTR_RDONLY);
	assert_int_equal(parse("noatime,strictatime").set, MOUNT_ATTR_STRICTATIME);
	assert_int_equal(parse("strictatime,relatime").set, MOUNT_ATTR_RELATIME);
	assert_int_equal(parse("strictatime,noatime").set, MOUNT_ATTR_NOATIME);
	assert_int_equal(parse("noatime").clear, MOUNT_ATTR__ATIME); /* the kernel wants the whole field cleared */
	assert_int_equal(parse("sync,async").sb_flags, 0);
	assert_int_equal(parse("private,rslave").propagation, MS_SLAVE);
	assert_true(parse("private,rslave").propagation_recursive);
	assert_false(parse("rprivate,shared").propagation_recursive);
}

static void test_data(void **state)
{
	(void)state;
	struct mount_options o = parse("size=64k,ro,mode=755,newinstance,rO");

	assert_int_equal(o.data.n, 4);
	assert_string_equal(o.data.v[0], "size=64k");
	assert_string_equal(o.data.v[2], "newinstance");
	assert_string_equal(o.data.v[3], "rO");
}

struct made {
	struct mount_list list;
	struct err e;
	int r;
};

static struct made make(struct spec_mount m, const char *options, struct mount_context c)
{
	struct made made;

	m.options = words_of(options);
	made.r = mount_list_from_spec(&arena, &(struct spec_mounts){ &m, 1 }, &c, &made.list, &made.e);
	return made;
}

#define MOUNT(to, kind, from) ((struct spec_mount){ .destination = to, .type = kind, .source = from })
static const struct mount_context with_userns = { .private_userns = true, .net_owned = true, .pid_owned = true, .ipc_owned = true, .bundle = "/b" };
static const struct mount_context without = { .net_owned = true, .pid_owned = true, .ipc_owned = true, .bundle = "/b" };

static void test_kinds(void **state)
{
	static const struct {
		struct spec_mount mount;
		const char *options;
		enum mount_how how;
	} cases[] = {
		{ MOUNT("/a", "none", "/src"), "bind", MOUNT_BIND },
		{ MOUNT("/a", NULL, "/src"), "rbind", MOUNT_BIND },
		{ MOUNT("/a", "bind", "/src"), "", MOUNT_BIND },
		{ MOUNT("/dev", "tmpfs", "tmpfs"), "", MOUNT_DEV },
		{ MOUNT("/dev/shm", "tmpfs", "tmpfs"), "", MOUNT_NEW },
		{ MOUNT("/dev", "bind", "/dev"), "rbind", MOUNT_BIND },
		{ MOUNT("/sys/fs/cgroup", "cgroup", "cgroup"), "", MOUNT_CGROUP },
		{ MOUNT("/sys/fs/cgroup", "cgroup2", NULL), "", MOUNT_CGROUP },
		{ MOUNT("/sys", "sysfs", NULL), "", MOUNT_NEW },
		{ MOUNT("/a", NULL, NULL), "remount,ro", MOUNT_REMOUNT },
		{ MOUNT("/proc/uptime", "bind", "/src"), "", MOUNT_BIND },
		{ MOUNT("/", "bind", "/src"), "", MOUNT_BIND },
		{ MOUNT("/", "tmpfs", "tmpfs"), "", MOUNT_NEW },
		{ MOUNT("/proc", "none", "/proc"), "rbind", MOUNT_BIND },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct made m = make(cases[i].mount, cases[i].options, without);

		assert_int_equal(m.r, 0);
		assert_int_equal(m.list.v[0].how, cases[i].how);
		assert_int_equal(m.list.v[0].tree, -1);
	}
}

static void test_paths(void **state)
{
	(void)state;
	assert_string_equal(make(MOUNT("a/../b//c/", "bind", "x/y"), "", without).list.v[0].target, "/b/c");
	assert_string_equal(make(MOUNT("/../../etc", "bind", "x/y"), "", without).list.v[0].target, "/etc");
	assert_string_equal(make(MOUNT("/a", "bind", "x/y"), "", without).list.v[0].source, "/b/x/y");
	assert_string_equal(make(MOUNT("/a", "bind", "/x/y"), "", without).list.v[0].source, "/x/y");
}

static void test_refusals(void **state)
{
	static const struct {
		struct spec_mount mount;
		const char *options, *words;
	} cases[] = {
		{ MOUNT("/", "proc", NULL), "", "mounts[0] (/): the root itself can't be proc" },
		{ MOUNT("a/..", "cgroup", NULL), "", "the root itself can't be cgroup" },
		{ MOUNT("/proc", "tmpfs", NULL), "", "tmpfs can't be mounted on /proc" },
		{ MOUNT("/proc/self", "tmpfs", NULL), "", "inside /proc" },
		{ MOUNT("/proc/sys/../self/attr", "none", "/x"), "bind", "inside /proc" },
		{ MOUNT("/proc/sys", "none", "/x"), "rbind", "inside /proc" },
		{ MOUNT("/proc/uptime", "tmpfs", NULL), "", "inside /proc" },
		{ MOUNT("/a", NULL, NULL), "", "neither a type nor bind" },
		{ MOUNT("/a", "none", NULL), "bind", "needs a source" },
		{ MOUNT("/a", "none", "/x"), "bind,idmap", "needs a user namespace" },
		{ MOUNT("/a", "tmpfs", NULL), "idmap", "only a bind" },
		{ MOUNT("/a", "none", "/x"), "bind,idmap=uids=0-1", "invalid mapping specified \"0-1\"" },
		{ MOUNT("/a", "none", "/x"), "bind,idmap=uids=0-1-10", "belong together" },
		{ MOUNT("/a", "none", "/x"), "bind,idmap=uids=0-1-10-3;gids=0-1-1", "invalid mapping" },
		{ MOUNT("/a", "none", "/x"), "bind,idmap=uids=0-1--1;gids=0-1-1", "invalid mapping" },
		{ MOUNT("/a", "none", "/x"), "bind,idmap=uids=0-1-99999999999;gids=0-1-1", "invalid mapping" },
		{ MOUNT("/a", "none", "/x"), "bind,idmap=uids=0-1-0;gids=0-1-1", "uidMappings[0]: size 0" },
		{ MOUNT("/a", "none", "/x"), "bind,idmap=users=0-1-1", "invalid option \"users=0-1-1\"" },
		{ MOUNT("/a", "none", "/x"), "bind,idmap=uids=@0-7-1;gids=0-1-1", "the container has no id 7" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct made m = make(cases[i].mount, cases[i].options, without);

		assert_int_equal(m.r, -EINVAL);
		assert_non_null(strstr(m.e.text, cases[i].words));
	}
}

static void test_maps(void **state)
{
	struct spec_id_map map[] = { { 0, 1000, 10 }, { 5, 3000, 10 } };
	struct spec_mount m = MOUNT("/a", "none", "/x");

	(void)state;
	assert_true(make(m, "bind,idmap", with_userns).list.v[0].idmap_container);
	m.uid_mappings = (struct spec_id_maps){ map, 1 };
	assert_int_equal(make(m, "bind,idmap", without).r, -EINVAL); /* no gidMappings */
	m.gid_mappings = (struct spec_id_maps){ map, 1 };
	assert_int_equal(make(m, "bind", without).list.v[0].maps->uids.n, 1);
	m.gid_mappings.n = 2; /* they overlap */
	assert_int_equal(make(m, "bind", without).r, -EINVAL);
}

static void assert_map(const struct spec_id_map *m, uint32_t container_id, uint32_t host_id, uint32_t size)
{
	assert_int_equal(m->container_id, container_id);
	assert_int_equal(m->host_id, host_id);
	assert_int_equal(m->size, size);
}

/* crun's way to write them; "@": the second id is one of the container's. */
static void test_maps_as_option(void **state)
{
	struct spec_id_map own[] = { { 0, 0, 1 }, { 1, 2, 1000 } }, given[] = { { 0, 9, 1 } };
	struct spec_mount m = MOUNT("/a", "none", "/x");
	struct mount_context c = with_userns;

	(void)state;
	c.maps = (struct mount_maps){ { own, 2 }, { own, 2 } };
	const struct mount_op *op = make(m, "bind,idmap=uids=0-1-10#10-11-10;gids=0-100-10", c).list.v;

	assert_int_equal(op->maps->uids.n, 2);
	assert_map(&op->maps->uids.v[0], 0, 1, 10);
	assert_map(&op->maps->uids.v[1], 10, 11, 10);
	assert_map(&op->maps->gids.v[0], 0, 100, 10);
	assert_false(op->idmap_container);
	assert_false(op->options.words & MOUNT_WORD_RIDMAP);
	op = make(m, "rbind,ridmap=uids=@1-3-10;gids=0-0-1#@5-5-1", c).list.v;
	assert_map(&op->maps->uids.v[0], 1, 4, 10);
	assert_map(&op->maps->gids.v[1], 5, 6, 1);
	assert_true(op->options.words & MOUNT_WORD_RIDMAP);
	m.uid_mappings = m.gid_mappings = (struct spec_id_maps){ given, 1 }; /* go before the option */
	op = make(m, "bind,idmap=uids=nonsense", c).list.v;
	assert_map(&op->maps->uids.v[0], 0, 9, 1);
}

/* Whose ids init can't map itself: a source that it opens, seen through a map, in a user namespace. */
static void test_who_is_asked_for_maps(void **state)
{
	static const struct {
		char *source;
		const char *options;
		bool private_userns, in_order, asks;
	} cases[] = {
		{ "/r/mnt/x", "bind,idmap", true, false, true },
		{ "/r/mnt/x", "rbind,ridmap", true, false, true },
		{ "/r/mnt/x", "bind,idmap=uids=0-1-1;gids=0-1-1", true, false, true },
		{ "/r/mnt/x", "bind,idmap=uids=0-1-1;gids=0-1-1", false, true, false }, /* init has all rights */
		{ "/r/mnt/x", "bind", true, false, false },
		{ "/r/other", "bind,idmap", true, false, false }, /* opened by the parent */
		{ "/x", "bind,idmap", true, true, true },	  /* in a mount namespace that is joined */
		{ "/proc/self/fd/3", "bind,idmap", true, true, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_mount m[] = { MOUNT("/mnt", "bind", "/src"), MOUNT("/a", "bind", cases[i].source) };
		struct mount_context c = {
			.private_userns = cases[i].private_userns,
			.in_order = cases[i].in_order,
			.bundle = "/b",
			.rootfs = "/r",
		};
		struct mount_list l;
		struct err e;

		m[1].options = words_of(cases[i].options);
		assert_int_equal(mount_list_from_spec(&arena, &(struct spec_mounts){ m, 2 }, &c, &l, &e), 0);
		assert_false(mount_op_asks(&l.v[0], &c));
		assert_int_equal(mount_op_asks(&l.v[1], &c), cases[i].asks);
	}
}

/* Paths that are given as the host sees them, below the container's root. */
static void test_paths_in_root(void **state)
{
	struct spec_mount m[] = {
		MOUNT("/r/mnt", "bind", "/src"),	MOUNT("/r", "bind", "/src"),	   MOUNT("/rest", "bind", "/src"),
		MOUNT("/b", "bind", "/r/mnt/x"),	MOUNT("/c", "bind", "/r/other"),   MOUNT("/d", "bind", "/r/../x"),
		MOUNT("/r/mnt/../..", "bind", "/src"),
	};
	struct mount_context c = without;
	struct mount_list l;
	struct err e;

	(void)state;
	c.rootfs = "/r";
	assert_int_equal(mount_list_from_spec(&arena, &(struct spec_mounts){ m, 1 }, &c, &l, &e), 0);
	assert_string_equal(l.v[0].target, "/mnt");
	m[1].destination = "/mnt/deep";
	assert_int_equal(mount_list_from_spec(&arena, &(struct spec_mounts){ m, ARRAY_SIZE(m) }, &c, &l, &e), 0);
	assert_string_equal(l.v[2].target, "/rest");
	assert_string_equal(l.v[3].inside, "/mnt/x"); /* what the first mount has brought */
	assert_null(l.v[4].inside);
	assert_null(l.v[5].inside);
	assert_string_equal(l.v[6].target, "/"); /* no way out by words */
	m[1].source = "/r";
	assert_int_equal(mount_list_from_spec(&arena, &(struct spec_mounts){ m, 2 }, &c, &l, &e), 0);
	assert_string_equal(l.v[1].inside, "");
	c.rootfs = "/"; /* then everything is in it */
	assert_int_equal(mount_list_from_spec(&arena, &(struct spec_mounts){ m, 1 }, &c, &l, &e), 0);
	assert_string_equal(l.v[0].target, "/r/mnt");
}

/* What a user namespace does not own can't be mounted anew in it. */
static void test_replaced(void **state)
{
	struct mount_context c = with_userns;

	(void)state;
	assert_int_equal(make(MOUNT("/sys", "sysfs", NULL), "", c).list.v[0].how, MOUNT_NEW);
	c.net_owned = c.pid_owned = false;
	struct mount_op sys = make(MOUNT("/sys", "sysfs", NULL), "ro", c).list.v[0];
	struct mount_op proc = make(MOUNT("/proc", "proc", NULL), "hidepid=2", c).list.v[0];

	assert_int_equal(sys.how, MOUNT_BIND);
	assert_int_equal(sys.options.rset, MOUNT_ATTR_RDONLY);
	assert_true(sys.options.words & MOUNT_WORD_RBIND);
	assert_int_equal(proc.how, MOUNT_BIND);
	assert_int_equal(proc.options.data.n, 0);
	c.cgroup = "/sys/fs/cgroup/a";
	struct mount_op cgroup = make(MOUNT("/sys/fs/cgroup", "cgroup", NULL), "", c).list.v[0];

	assert_int_equal(cgroup.how, MOUNT_BIND);
	assert_string_equal(cgroup.source, "/sys/fs/cgroup/a");
	assert_int_equal(cgroup.options.rset, MOUNT_ATTR_RDONLY);
}

static void test_label(void **state)
{
	struct mount_context c = without;

	(void)state;
	c.label = "system_u:object_r:x_t:s0:c1,c2";
	assert_string_equal(make(MOUNT("/a", "tmpfs", NULL), "", c).list.v[0].options.data.v[0],
			    "context=system_u:object_r:x_t:s0:c1,c2");
	assert_int_equal(make(MOUNT("/proc", "proc", NULL), "", c).list.v[0].options.data.n, 0);
	assert_int_equal(make(MOUNT("/a", "bind", "/x"), "", c).list.v[0].options.data.n, 0);
}

/* S26 */
static void test_sysctl_check(void **state)
{
	static const struct {
		const char *key;
		enum spec_ns_kind kind;
	} allowed[] = {
		{ "net.ipv4.ip_forward", NS_NET },
		{ "net/ipv4/conf/eth0.100/forwarding", NS_NET },
		{ "net.ipv4.conf.eth0/100.forwarding", NS_NET },
		{ "kernel.shmmax", NS_IPC },
		{ "fs.mqueue.msg_max", NS_IPC },
		{ "kernel.domainname", NS_UTS },
		{ "user.max_user_namespaces", NS_USER },
	};
	static const char *const refused[] = {
		"kernel.core_pattern", "kernel.shm_rmid_forced+kernel.core_pattern", "net.ipv4/../kernel/x", "vm.swappiness",
		"net/ipv4/../../kernel/core_pattern", "net", "net.", ".net", "net..ipv4", "", "kernel.hostname", "fs.mqueue",
		"/net/ipv4/ip_forward", "network.x", "kernel.sem.x", "fs.file-max",
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++) {
		struct spec spec = { 0 };

		assert_int_equal(sysctl_check(&spec, allowed[i].key, &e), -EPERM);
		assert_non_null(strstr(e.text, "namespace of its own"));
		spec.linux_.namespaces[allowed[i].kind].wanted = true;
		assert_int_equal(sysctl_check(&spec, allowed[i].key, &e), 0);
	}
	struct spec all = { 0 };

	for (size_t i = 0; i < NS_COUNT; i++)
		all.linux_.namespaces[i].wanted = true;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		if (sysctl_check(&all, refused[i], &e) >= 0)
			fail_msg("\"%s\" was allowed", refused[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_are_sorted), cmocka_unit_test(test_specified_words),
		cmocka_unit_test(test_attributes),	 cmocka_unit_test(test_last_word_counts),
		cmocka_unit_test(test_data),		 cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_paths),		 cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_maps),		 cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_maps_as_option),	 cmocka_unit_test(test_paths_in_root),
		cmocka_unit_test(test_label),		 cmocka_unit_test(test_sysctl_check),
		cmocka_unit_test(test_who_is_asked_for_maps),
	};

	return cmocka_run_group_tests_name("namespaces: options and lists", tests, NULL, free_arena);
}
