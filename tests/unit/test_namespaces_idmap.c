// SPDX-License-Identifier: Apache-2.0
/*
 * Id maps: their rules, where ranges come from, who gets them when many ask at once, and maps and idmapped mounts on the real
 * kernel. Files of /etc are replaced in private mount namespaces only.
 */
#include "namespaces_box.h"

#define RACERS 8
#define EACH   24

static struct spec_id_maps maps_of(struct spec_id_map *v, size_t n)
{
	return (struct spec_id_maps){ v, n };
}

static void test_check(void **state)
{
	static const struct {
		struct spec_id_map v[3];
		size_t n;
		bool good;
	} cases[] = {
		{ { { 0, 100000, 65536 } }, 1, true },
		{ { { 0, 1000, 1 }, { 1, 100000, 65536 } }, 2, true },
		{ { { 0, 0, UINT32_MAX } }, 1, true }, /* all ids there are */
		{ { { 0, 1000, 0 } }, 1, false },
		{ { { 1, 0, UINT32_MAX } }, 1, false },
		{ { { 0, 4294967000U, 296 } }, 1, false },
		{ { { 0, 1000, 10 }, { 9, 3000, 10 } }, 2, false },
		{ { { 0, 1000, 10 }, { 10, 1009, 10 } }, 2, false },
		{ { { 0, 1000, 10 }, { 20, 2000, 10 }, { 10, 1010, 10 } }, 3, true },
		{ { { 0, 0, 0 } }, 0, true },
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_id_maps m = maps_of((struct spec_id_map *)cases[i].v, cases[i].n);

		assert_int_equal(idmap_check(&m, "uidMappings", &e), cases[i].good ? 0 : -EINVAL);
	}
	struct spec_id_map many[341];

	for (uint32_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = (struct spec_id_map){ i, 1000 + i, 1 };
	struct spec_id_maps m = maps_of(many, 340);

	assert_int_equal(idmap_check(&m, "uidMappings", &e), 0);
	m.n = 341;
	assert_int_equal(idmap_check(&m, "uidMappings", &e), -EINVAL);
}

static void test_to_host(void **state)
{
	struct spec_id_map v[] = { { 0, 1000, 1 }, { 1, 100000, 65536 } };
	struct spec_id_maps m = maps_of(v, 2);
	uint32_t id = 7;

	(void)state;
	assert_true(idmap_to_host(&m, 0, &id) && id == 1000);
	assert_true(idmap_to_host(&m, 1, &id) && id == 100000);
	assert_true(idmap_to_host(&m, 65536, &id) && id == 165535);
	assert_false(idmap_to_host(&m, 65537, &id));
	assert_int_equal(id, 165535);
}

static void test_subid_text(void **state)
{
	static const char text[] = "# comment\nalice:100000:65536\n\nbob:x:1\nbob:1:\n1000:200000:65536\nzero:5:0\n"
				   "big:4294967000:296\nfits:4294967000:295\nlong:99999999999999999999:1\nlast:7:8";
	static const struct {
		const char *name;
		uint32_t start, count;
	} expected[] = { { "alice", 100000, 65536 }, { "1000", 200000, 65536 }, { "fits", 4294967000U, 295 }, { "last", 7, 8 } };
	const char *p = text;
	struct subid_entry s;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		assert_true(subid_next(&p, &s));
		assert_int_equal(s.name_len, strlen(expected[i].name));
		assert_memory_equal(s.name, expected[i].name, s.name_len);
		assert_int_equal(s.start, expected[i].start);
		assert_int_equal(s.count, expected[i].count);
	}
	assert_false(subid_next(&p, &s));
	p = "root:x:0:0:root:/root:/bin/sh\nbroken:x:1\nu:x:1000:100::/:/bin/sh\n";
	assert_true(subid_next_user(&p, &s) && s.start == 0 && s.count == 0);
	assert_true(subid_next_user(&p, &s) && s.start == 1000 && s.count == 100);
	assert_false(subid_next_user(&p, &s));
}

/* Run a check in a child with a mount namespace of its own, where files of ours can lie on those of /etc. */
static void in_private_mounts(int (*check)(void *arg, struct err *e), void *arg)
{
	struct err *e = mmap(NULL, sizeof(*e), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		int r = unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) < 0
				? err_set(e, errno, "private mounts")
				: check(arg, e);
		_exit(r < 0 ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status != 0)
		fail_msg("%s (status %#x)", e->text, status);
	munmap(e, sizeof(*e));
}

/* Cover a file of /etc, which may not exist, in this mount namespace: /etc becomes an overlay of itself. */
static int cover_etc(const char *const *files, struct err *e)
{
	CHECK(mount("tmpfs", "/mnt", "tmpfs", 0, "mode=755") == 0);
	CHECK(mkdir("/mnt/upper", 0755) == 0 && mkdir("/mnt/work", 0755) == 0);
	for (; files[0]; files += 2) {
		char path[64];

		snprintf(path, sizeof(path), "/mnt/upper/%s", files[0]);
		auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

		CHECK(fd >= 0 && fd_write_all(fd, files[1], strlen(files[1])) == 0);
	}
	CHECK(mount("overlay", "/etc", "overlay", 0, "lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work") == 0);
	return 0;
}

static struct box_folder folder;

static int setup(void **state)
{
	(void)state;
	if (geteuid() == 0)
		box_folder_make(&folder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (geteuid() == 0)
		box_folder_remove(&folder);
	return 0;
}

static void test_ranges(void **state)
{
	uint32_t a, b, again;
	struct err e;

	(void)state;
	if (!box_may())
		return;
	assert_int_equal(idmap_take_range(folder.fd, "one", &a, &e), 0);
	assert_int_equal(idmap_take_range(folder.fd, "two", &b, &e), 0);
	assert_int_equal(a % IDMAP_RANGE, 0);
	assert_true(a != b && a > 0 && b > 0);
	/* one that was killed in between asks again, and has it already */
	assert_int_equal(idmap_take_range(folder.fd, "one", &again, &e), 0);
	assert_int_equal(a, again);
	assert_int_equal(idmap_release_range(folder.fd, "two", a, &e), 0); /* not its own: nothing happens */
	assert_int_equal(idmap_take_range(folder.fd, "three", &again, &e), 0);
	assert_int_not_equal(again, a);
	assert_int_equal(idmap_release_range(folder.fd, "one", a, &e), 0);
	assert_int_equal(idmap_release_range(folder.fd, "one", a, &e), 0);
	char name[16], owner[16];

	snprintf(name, sizeof(name), "%u", a);
	assert_int_equal(readlinkat(folder.fd, name, owner, sizeof(owner)), -1);
}

static bool is_used(uint32_t start)
{
	char name[16];
	struct stat st;

	snprintf(name, sizeof(name), "%u", start);
	return fstatat(folder.fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool is_known(const char *id, void *arg)
{
	return streq(id, arg);
}

static int sweep(int dir, const char *name, void *arg, struct err *e)
{
	(void)e;
	idmap_sweep_range(dir, name, is_known, arg);
	return 0;
}

/* It is free when nobody has it any more, in whichever order they end. */
static void test_shared(void **state)
{
	static const char *const orders[][3] = { { "one", "two", "three" }, { "three", "one", "two" }, { "two", "three", "one" } };
	uint32_t start, other;
	struct err e;

	(void)state;
	if (!box_may())
		return;
	assert_int_equal(idmap_share_range(folder.fd, "two", 65536, &e), 0); /* nobody has it */
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		assert_int_equal(idmap_take_range(folder.fd, "one", &start, &e), 0);
		assert_int_equal(idmap_share_range(folder.fd, "one", start, &e), 1);
		assert_int_equal(idmap_share_range(folder.fd, "two", start, &e), 1);
		assert_int_equal(idmap_share_range(folder.fd, "three", start, &e), 1);
		assert_int_equal(idmap_share_range(folder.fd, "three", start, &e), 1);
		/* it is nobody's own any more: who starts again gets another one */
		assert_int_equal(idmap_take_range(folder.fd, "one", &other, &e), 0);
		assert_int_not_equal(other, start);
		assert_int_equal(idmap_release_range(folder.fd, "one", other, &e), 0);
		assert_int_equal(idmap_release_range(folder.fd, "four", start, &e), 0);
		for (size_t k = 0; k < ARRAY_SIZE(orders[i]); k++) {
			assert_true(is_used(start));
			assert_int_equal(idmap_release_range(folder.fd, orders[i][k], start, &e), 0);
		}
		assert_false(is_used(start));
	}
}

static void test_sweep(void **state)
{
	char name[16], aside[32];
	uint32_t start, own;
	struct err e;

	(void)state;
	if (!box_may())
		return;
	assert_int_equal(idmap_take_range(folder.fd, "gone", &start, &e), 0);
	assert_int_equal(idmap_share_range(folder.fd, "there", start, &e), 1);
	assert_int_equal(idmap_take_range(folder.fd, "there", &own, &e), 0);
	snprintf(aside, sizeof(aside), "%u.gone", own); /* killed while it was about to share */
	assert_int_equal(mkdirat(folder.fd, aside, 0700), 0);
	assert_int_equal(file_each(folder.fd, sweep, (void *)"there", &e), 0);
	assert_true(is_used(start) && is_used(own));
	assert_int_equal(faccessat(folder.fd, aside, F_OK, 0), -1);
	snprintf(name, sizeof(name), "%u/gone", start);
	assert_int_equal(faccessat(folder.fd, name, F_OK, AT_SYMLINK_NOFOLLOW), -1);
	assert_int_equal(file_each(folder.fd, sweep, (void *)"nobody", &e), 0);
	assert_false(is_used(start) || is_used(own));
}

static void take_many(int racer, uint32_t *taken)
{
	struct err e;

	for (int i = 0; i < EACH; i++) {
		char id[32];

		snprintf(id, sizeof(id), "racer-%d-%d", racer, i);
		if (idmap_take_range(folder.fd, id, &taken[racer * EACH + i], &e) < 0)
			_exit(1);
	}
	_exit(0);
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void test_racers(void **state)
{
	uint32_t *taken = mmap(NULL, RACERS * EACH * sizeof(*taken), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pids[RACERS];

	(void)state;
	if (!box_may())
		return;
	for (int i = 0; i < RACERS; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0)
			take_many(i, taken);
	}
	for (int i = 0; i < RACERS; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	qsort(taken, RACERS * EACH, sizeof(*taken), compare);
	for (int i = 1; i < RACERS * EACH; i++)
		assert_true(taken[i] - taken[i - 1] >= IDMAP_RANGE);
	munmap(taken, RACERS * EACH * sizeof(*taken));
}

/* The entries of `paene` alone count where there are some; what others have is passed over; then there is no more. */
static int check_entries(void *arg, struct err *e)
{
	static const char *const files[] = {
		"subuid", "alice:1000000:65536\npaene:1000000:400000\n",
		"subgid", "paene:1048576:262144\nbob:1245184:1\n",
		"passwd", "root:x:0:0::/:/bin/sh\nstranger:x:1114113:1::/:/bin/sh\n",
		NULL,
	};
	uint32_t start, first;

	(void)arg;
	int r = cover_etc(files, e);

	if (r < 0)
		return r;
	/* common: 1048576 to 1310719, four ranges; alice reaches into the first, stranger and bob each lie in one */
	r = idmap_take_range(folder.fd, "a", &first, e);
	CHECK(r == 0 && first == 1179648);
	r = idmap_take_range(folder.fd, "b", &start, e);
	CHECK(r == -ENOSPC && strstr(e->text, "paene:START:COUNT"));
	CHECK(idmap_release_range(folder.fd, "a", first, e) == 0);
	CHECK(idmap_take_range(folder.fd, "b", &start, e) == 0 && start == first);
	return 0;
}

static void test_entries(void **state)
{
	(void)state;
	if (!box_may())
		return;
	in_private_mounts(check_entries, NULL);
}

static int read_map(pid_t pid, const char *file, char *text, size_t size, struct err *e)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : fd_read_all(fd, text, size - 1);

	CHECK(n >= 0);
	text[n] = '\0';
	/* columns become single blanks */
	char *to = text;

	for (const char *p = text; *p; p++)
		if (*p != ' ' || (to > text && to[-1] != ' ' && to[-1] != '\n'))
			*to++ = *p;
	*to = '\0';
	return 0;
}

/* A child with a new user namespace that waits until it is killed. */
static pid_t waiting_child(void)
{
	struct clone_args args = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
	pid_t pid = sys_clone3(&args);

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return pid;
}

static int compare_maps(pid_t pid, const char *uids, const char *gids, const char *setgroups, struct err *e)
{
	char text[256];
	int r = read_map(pid, "uid_map", text, sizeof(text), e);

	CHECK(r == 0 && streq(text, uids));
	r = read_map(pid, "gid_map", text, sizeof(text), e);
	CHECK(r == 0 && streq(text, gids));
	r = read_map(pid, "setgroups", text, sizeof(text), e);
	CHECK(r == 0 && streq(text, setgroups));
	return 0;
}

static int check_own_maps(const char *uids, const char *gids, const char *setgroups, struct err *e)
{
	auto_arena struct arena arena = { 0 };
	struct spec_id_maps u, g;
	int r = idmap_own(&arena, &u, &g, e);
	pid_t pid = r == 0 ? waiting_child() : -1;

	if (pid < 0)
		return r < 0 ? r : err_set(e, errno, "make a user namespace");
	r = idmap_write(pid, &u, &g, e);
	if (r == 0)
		r = compare_maps(pid, uids, gids, setgroups, e);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return r;
}

/* setresuid(2) makes a process undumpable, and then its /proc files are root's. */
static int become_user(uid_t uid, struct err *e)
{
	CHECK(setgroups(0, NULL) == 0 && setresgid(uid, uid, uid) == 0 && setresuid(uid, uid, uid) == 0);
	CHECK(prctl(PR_SET_DUMPABLE, 1) == 0);
	return 0;
}

static int check_user_with_subids(void *arg, struct err *e)
{
	static const char *const files[] = {
		"passwd", "root:x:0:0::/:/bin/sh\nalice:x:4242:4242::/:/bin/sh\n",
		"subuid", "bob:1:1\nalice:500000:1000\n4242:700000:10\n",
		"subgid", "alice:600000:1000\n",
		NULL,
	};
	(void)arg;
	int r = cover_etc(files, e);

	if (r == 0)
		r = become_user(4242, e);
	return r < 0 ? r : check_own_maps("0 4242 1\n1 500000 1000\n1001 700000 10\n", "0 4242 1\n1 600000 1000\n", "allow\n", e);
}

static int check_user_alone(void *arg, struct err *e)
{
	static const char *const files[] = { "passwd", "root:x:0:0::/:/bin/sh\n", "subuid", "", "subgid", "", NULL };
	(void)arg;
	int r = cover_etc(files, e);

	if (r == 0)
		r = become_user(4242, e);
	return r < 0 ? r : check_own_maps("0 4242 1\n", "0 4242 1\n", "deny\n", e);
}

/* Ids that nobody gave: the helper's own words reach the user. */
static int check_user_without_right(void *arg, struct err *e)
{
	struct spec_id_map v[] = { { 0, 900000, 65536 } };
	struct spec_id_maps m = maps_of(v, 1);
	struct err refused;

	(void)arg;
	int r = check_user_alone(NULL, e);
	pid_t pid = r == 0 ? waiting_child() : -1;

	if (pid < 0)
		return r < 0 ? r : err_set(e, errno, "make a user namespace");
	r = idmap_write(pid, &m, &m, &refused);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	CHECK(r == -EPERM && strstr(refused.text, "/etc/subuid") && strstr(refused.text, "map ids: newuidmap"));
	return 0;
}

static void test_users(void **state)
{
	(void)state;
	if (!box_may())
		return;
	in_private_mounts(check_user_alone, NULL);
	if (access("/usr/bin/newuidmap", X_OK) < 0) {
		print_message("skipped: newuidmap is not installed\n");
		skip();
	}
	in_private_mounts(check_user_with_subids, NULL);
	in_private_mounts(check_user_without_right, NULL);
}

static int check_idmapped(void *arg, struct err *e)
{
	struct spec_id_map u[] = { { 0, 5000, 100 } }, g[] = { { 0, 6000, 100 } };
	struct spec_id_maps uids = maps_of(u, 1), gids = maps_of(g, 1);
	auto_fd int userns = idmap_userns(&uids, &gids, e);
	struct stat st;

	(void)arg;
	if (userns < 0)
		return userns;
	auto_fd int tree = open_tree(AT_FDCWD, folder.rootfs, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	CHECK(tree >= 0);
	int r = idmap_mount(tree, userns, false, "rootfs", e);

	if (r < 0)
		return r;
	CHECK(fstatat(tree, "etc", &st, 0) == 0 && st.st_uid == 5000 && st.st_gid == 6000);
	/* once is all that the kernel allows */
	CHECK(idmap_mount(tree, userns, false, "rootfs", e) == -EPERM && strstr(e->text, "map the ids of rootfs"));
	auto_fd int proc = open_tree(AT_FDCWD, "/proc", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	CHECK(proc >= 0 && idmap_mount(proc, userns, false, "/proc", e) == -EINVAL && strstr(e->text, "idmapped mounts"));
	return 0;
}

static void test_idmapped(void **state)
{
	(void)state;
	if (!box_may())
		return;
	in_private_mounts(check_idmapped, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_to_host),
		cmocka_unit_test(test_subid_text),
		cmocka_unit_test_setup_teardown(test_ranges, setup, teardown),
		cmocka_unit_test_setup_teardown(test_shared, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sweep, setup, teardown),
		cmocka_unit_test_setup_teardown(test_racers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_entries, setup, teardown),
		cmocka_unit_test(test_users),
		cmocka_unit_test_setup_teardown(test_idmapped, setup, teardown),
	};

	return cmocka_run_group_tests_name("namespaces: id maps", tests, NULL, NULL);
}
