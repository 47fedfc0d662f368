// SPDX-License-Identifier: Apache-2.0
/* Who "postgres", "1000" or "1:2" is: SECURITY S20 to S22. The files are the container's, so they may be anything. */
#include <sched.h>
#include <sys/mount.h>

#include "runtime_world.h"

#include "runtime/user.h"

struct root {
	struct world w;
	struct arena arena;
};

static struct root root_make(const char *people, const char *groups)
{
	struct root r = { .w = world_make() };

	make_folder_in(r.w.dir, "etc");
	auto_fd int etc = openat(r.w.dir, "etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (people)
		put_file(etc, "passwd", people);
	if (groups)
		put_file(etc, "group", groups);
	return r;
}

static void root_free(struct root *r)
{
	arena_free(&r->arena);
	world_free(&r->w);
}
#define auto_root __attribute__((cleanup(root_free)))

static int find(struct root *r, const char *who, struct spec_user *u, const char **home, struct err *e)
{
	*u = (struct spec_user){ 0 };
	*home = NULL;
	return user_resolve(r->w.dir, who, &r->arena, u, home, e);
}

static const char passwd[] = "# people\n"
			     "\n"
			     "root:x:0:0:root:/root:/bin/sh\n"
			     "broken:x:1\n"
			     "odd:x:-1:0::/odd:\n"
			     "app:x:1000:1001:,,,:/home/app:/bin/sh\n"
			     "nohome:x:1002:1002::relative:\n"
			     "many:x:7:8:a:/many:/bin/sh:more:fields:than:there:are\n"
			     "app:x:2000:2000::/second:\n"
			     "last:x:3000:3000::/last:/bin/sh";
static const char group[] = "root:x:0:\nstaff:x:50:app,other\nvideo:x:44:other\nempty:x:60:\nbad:x:9999999999:app\n"
			    "prefix:x:61:apple,xapp\napp:x:1001:\nwheel:x:10:root,app";

static bool has_group(const struct spec_user *u, uint32_t gid)
{
	for (size_t i = 0; i < u->additional_gids.n; i++)
		if (u->additional_gids.v[i] == gid)
			return true;
	return false;
}

static const struct {
	const char *who;
	uint32_t uid, gid;
	const char *home;
} known[] = {
	{ "root", 0, 0, "/root" },	{ "0", 0, 0, "/root" },
	{ "app", 1000, 1001, "/home/app" }, { "1000", 1000, 1001, "/home/app" },
	{ "app:", 1000, 1001, "/home/app" }, { "app:staff", 1000, 50, "/home/app" },
	{ "app:7", 1000, 7, "/home/app" }, { "1:2", 1, 2, "/" },
	{ "1:", 1, 0, "/" },		{ "1", 1, 0, "/" },
	{ "nohome", 1002, 1002, "/" },	{ "many", 7, 8, "/many" },
	{ "last", 3000, 3000, "/last" }, { "01", 1, 0, "/" },
	{ "2000", 2000, 2000, "/second" }, { "4294967294", 4294967294, 0, "/" },
	{ "2147483648:4294967294", 2147483648, 4294967294, "/" },
};

static void test_known(void **state)
{
	auto_root struct root r = root_make(passwd, group);
	struct spec_user u;
	const char *home;
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (find(&r, known[i].who, &u, &home, &e) < 0)
			fail_msg("%s: %s", known[i].who, e.text);
		if (u.uid != known[i].uid || u.gid != known[i].gid || strcmp(home, known[i].home) != 0)
			fail_msg("%s: %u:%u %s", known[i].who, u.uid, u.gid, home);
		assert_true(has_group(&u, u.gid)); /* S21: it cannot be shed by changing the primary one */
	}
	OK(find(&r, "app", &u, &home, &e));
	assert_true(has_group(&u, 50) && has_group(&u, 10));
	assert_false(has_group(&u, 44) || has_group(&u, 61) || has_group(&u, 60) || has_group(&u, 0));
	/* a group that was asked for is the only one */
	OK(find(&r, "app:staff", &u, &home, &e));
	assert_false(has_group(&u, 10) || has_group(&u, 1001));
}

/* Whatever an image's passwd says these are: exactly the number, or an error; never user 0. */
static void test_hostile_numbers(void **state)
{
	static const char *const who[] = {
		"1",	  ":1",		"-1",	      "+1",	    " 1",	  "01",	       "0x1",
		"1 ",	  "\t1",	"4294967294", "4294967295", "4294967296", "2147483648",
		"18446744073709551616", "999999999999", "1e3", "0x0", "00x", "1:2",
	};
	char text[4096];
	size_t len = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(who); i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s:x:0:0::/evil:/bin/sh\n", who[i]);
	auto_root struct root r = root_make(text, "-1:x:0:\n+1:x:0:\n1:x:0:\n");

	for (size_t i = 0; i < ARRAY_SIZE(who); i++) {
		struct spec_user u;
		const char *home;
		struct err e;
		int found = find(&r, who[i], &u, &home, &e);

		if (found >= 0 && u.uid != (uint32_t)strtoull(who[i], NULL, 10))
			fail_msg("\"%s\" became %u", who[i], u.uid);
		if (found >= 0 && u.uid == 0)
			fail_msg("\"%s\" became root", who[i]);
		if (found < 0)
			assert_true(found == -EINVAL || found == -ENOENT);
	}
	struct spec_user u;
	const char *home;
	struct err e;

	assert_true(find(&r, "5:-1", &u, &home, &e) < 0);
	assert_true(find(&r, "5:+1", &u, &home, &e) < 0);
	OK(find(&r, "5:1", &u, &home, &e));
	assert_int_equal(u.gid, 1);
}

static void test_unknown(void **state)
{
	auto_root struct root r = root_make(passwd, group), none = root_make(NULL, NULL);
	struct spec_user u;
	const char *home;
	struct err e;

	(void)state;
	FAILS(find(&r, ":staff", &u, &home, &e), EINVAL);
	FAILS(find(&r, "nobody", &u, &home, &e), ENOENT);
	assert_non_null(strstr(e.text, "nobody"));
	FAILS(find(&r, "app:nogroup", &u, &home, &e), ENOENT);
	FAILS(find(&r, "app:bad", &u, &home, &e), ENOENT);
	assert_true(find(&r, "broken", &u, &home, &e) < 0);
	assert_true(find(&r, "odd", &u, &home, &e) < 0);
	/* without the files numbers and root are known */
	OK(find(&none, "12:13", &u, &home, &e));
	assert_true(u.uid == 12 && u.gid == 13);
	OK(find(&none, "root", &u, &home, &e));
	assert_true(u.uid == 0 && u.gid == 0);
	FAILS(find(&none, "app", &u, &home, &e), ENOENT);
}

/* @make: puts something of an odd kind in the place of etc/passwd */
static void refuse_kind(void (*make)(int dir), const char *what)
{
	auto_root struct root r = root_make(NULL, NULL);
	struct spec_user u;
	const char *home;
	struct err e;

	make(r.w.dir);
	alarm(180); /* a FIFO must not be waited for */
	int found = find(&r, "app", &u, &home, &e);

	alarm(0);
	if (found >= 0)
		fail_msg("%s was read", what);
	assert_null(strstr(e.text, "SECRET"));
}

static void make_fifo(int dir)
{
	assert_int_equal(mkfifoat(dir, "etc/passwd", 0644), 0);
}

static void make_dir(int dir)
{
	make_folder_in(dir, "etc/passwd");
}

static void make_sparse(int dir)
{
	auto_fd int fd = openat(dir, "etc/passwd", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_int_equal(ftruncate(fd, (off_t)2 << 30), 0);
}

static void make_loop(int dir)
{
	assert_int_equal(symlinkat("passwd", dir, "etc/passwd"), 0);
}

static void make_host_link(int dir)
{
	/* an absolute link stays below the container's root: there is no such file there */
	assert_int_equal(symlinkat("/etc/passwd.of.the.host", dir, "etc/passwd"), 0);
}

static void make_way_up(int dir)
{
	assert_int_equal(symlinkat("../../../../../../etc/group", dir, "etc/passwd"), 0);
}

static void make_device(int dir)
{
	assert_int_equal(mknodat(dir, "etc/passwd", S_IFCHR | 0666, 0x105 /* zero */), 0);
}

static void test_odd_files(void **state)
{
	(void)state;
	refuse_kind(make_fifo, "a FIFO");
	refuse_kind(make_dir, "a folder");
	refuse_kind(make_sparse, "2 GiB");
	refuse_kind(make_loop, "a link to itself");
	refuse_kind(make_host_link, "a link to nothing");
	refuse_kind(make_way_up, "a link that leads up");
	if (geteuid() == 0)
		refuse_kind(make_device, "a device");
}

/* A link is followed, but inside the container's root only; what it leads to in /proc is no file of accounts. */
static void test_links(void **state)
{
	auto_root struct root r = root_make(NULL, NULL);
	struct spec_user u;
	const char *home;
	struct err e;

	(void)state;
	put_file(r.w.dir, "accounts", passwd);
	assert_int_equal(symlinkat("/accounts", r.w.dir, "etc/passwd"), 0);
	OK(find(&r, "app", &u, &home, &e));
	assert_int_equal(u.uid, 1000);
	assert_int_equal(unlinkat(r.w.dir, "etc/passwd", 0), 0);
	needs_root_user();
	/* in a mount namespace of its own, /proc is below that root */
	pid_t pid = fork();

	if (pid == 0) {
		static const char *const files[] = { "/proc/self/environ", "/proc/self/status", "/proc/self/exe" };
		char proc[PATH_MAX];
		int wrong = 0;

		make_folder_in(r.w.dir, "proc");
		snprintf(proc, sizeof(proc), "%s/proc", r.w.path);
		if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		    mount("proc", proc, "proc", 0, NULL) < 0)
			_exit(99);
		r.w.dir = open(r.w.path, O_PATH | O_DIRECTORY | O_CLOEXEC); /* the folder as this namespace has it */
		for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
			(void)unlinkat(r.w.dir, "etc/passwd", 0);
			wrong += symlinkat(files[i], r.w.dir, "etc/passwd") < 0;
			wrong += find(&r, "app", &u, &home, &e) >= 0 || find(&r, "5", &u, &home, &e) >= 0;
		}
		_exit(wrong);
	}
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WEXITSTATUS(status) == 99) {
		print_message("no mount namespace here\n");
		skip();
	}
	assert_int_equal(status, 0);
}

/* Many groups are cut, not an overflow; many lines are read in no time. */
static void test_limits(void **state)
{
	size_t room = 7 << 20, len = 0;
	auto_free char *big = malloc(room + 64);
	struct spec_user u;
	const char *home;
	struct err e;
	unsigned n = 0;

	(void)state;
	while (len < room)
		len += (size_t)sprintf(big + len, "g%u:x:%u:app\n", n, 100000 + n), n++;
	auto_root struct root r = root_make(passwd, big);

	OK(find(&r, "app", &u, &home, &e));
	assert_in_range(u.additional_gids.n, 200, 300);
	assert_int_equal(u.additional_gids.v[u.additional_gids.n - 1], 100000 + u.additional_gids.n - 2);
	/* one line that never ends */
	memset(big, 'a', room);
	big[room] = '\0';
	auto_root struct root line = root_make(big, NULL);

	FAILS(find(&line, "app", &u, &home, &e), ENOENT);
	OK(find(&line, "5", &u, &home, &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),	  cmocka_unit_test(test_hostile_numbers),
		cmocka_unit_test(test_unknown),	  cmocka_unit_test(test_odd_files),
		cmocka_unit_test(test_links),	  cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
