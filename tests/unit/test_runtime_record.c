// SPDX-License-Identifier: Apache-2.0
/* The record of containers: made, found, removed, raced for by processes; waiting by lock; what a sweep takes and what not. */
#include <sys/file.h>
#include <time.h>

#include "runtime_world.h"

#include "runtime/engine.h"
#include "runtime/volumes.h"

struct fixture {
	struct world w;
	struct engine g;
};

static struct fixture fixture_make(void)
{
	struct fixture f;
	char data[160], run[160];
	struct err e;

	needs_root_user();
	f.w = world_make();
	snprintf(data, sizeof(data), "%s/data", f.w.path);
	snprintf(run, sizeof(run), "%s/run", f.w.path);
	OK(engine_open(data, run, &f.g, &e));
	return f;
}

static void fixture_free(struct fixture *f)
{
	engine_close(&f->g);
	world_free(&f->w);
}
#define auto_fixture __attribute__((cleanup(fixture_free)))

static int create(const struct engine *g, const char *name, char id[RECORD_ID_LENGTH + 1], struct err *e)
{
	auto_settings struct settings s = { 0 };
	auto_spec struct spec spec = { 0 };
	auto_fd int dir = -1;

	s.name = arena_strdup(&s.arena, name);
	s.created = arena_strdup(&s.arena, "2026-11-22T01:02:03Z");
	s.image = arena_strdup(&s.arena, IMAGE_HOST);
	s.network = arena_strdup(&s.arena, NETWORK_NONE);
	s.stop_signal = SIGTERM;
	spec.oci_version = arena_strdup(&spec.arena, SPEC_VERSION);
	spec.root.path = arena_strdup(&spec.arena, "rootfs");
	int r = record_create(g, &s, &spec, &dir, e);

	if (r >= 0)
		snprintf(id, RECORD_ID_LENGTH + 1, "%s", s.id);
	return r;
}

static void test_create_find_remove(void **state)
{
	auto_fixture struct fixture f = fixture_make();
	char a[RECORD_ID_LENGTH + 1], b[RECORD_ID_LENGTH + 1], got[RECORD_ID_LENGTH + 1];
	auto_settings struct settings s = { 0 };
	auto_spec struct spec spec = { 0 };
	struct err e;

	(void)state;
	OK(create(&f.g, "web", a, &e));
	OK(create(&f.g, NULL, b, &e));
	assert_int_equal(strlen(a), RECORD_ID_LENGTH);
	assert_int_equal(strspn(a, "0123456789abcdef"), RECORD_ID_LENGTH);
	OK(record_find(&f.g, "web", got, &e));
	assert_string_equal(got, a);
	OK(record_find(&f.g, a, got, &e));
	assert_string_equal(got, a);
	a[12] = '\0';
	OK(record_find(&f.g, a, got, &e));
	assert_memory_equal(got, a, 12);
	auto_fd int dir = OK(record_open(&f.g, got, &e));

	OK(record_settings(dir, &s, &e));
	assert_string_equal(s.name, "web");
	OK(record_spec(dir, &spec, &e));
	FAILS(record_find(&f.g, "webb", got, &e), ENOENT);
	FAILS(record_find(&f.g, "../x", got, &e), EINVAL);
	FAILS(record_find(&f.g, "", got, &e), EINVAL);
	/* the name is taken, and the message says by whom */
	char c[RECORD_ID_LENGTH + 1];

	FAILS(create(&f.g, "web", c, &e), EEXIST);
	assert_non_null(strstr(e.text, a));
	OK(record_destroy(&f.g, s.id, s.name, &e));
	FAILS(record_find(&f.g, "web", got, &e), ENOENT);
	OK(record_destroy(&f.g, s.id, s.name, &e));
	OK(create(&f.g, "web", c, &e));
}

static void test_ambiguous(void **state)
{
	auto_fixture struct fixture f = fixture_make();
	char id[RECORD_ID_LENGTH + 1], got[RECORD_ID_LENGTH + 1], one[2] = "";
	unsigned first[16] = { 0 };
	struct err e;

	(void)state;
	for (int i = 0; i < 17; i++) { /* two of them begin with the same digit */
		OK(create(&f.g, NULL, id, &e));
		first[id[0] <= '9' ? id[0] - '0' : id[0] - 'a' + 10]++;
		assert_in_range(id[0], 'a', 'f'); /* a host name of decimal digits alone would be taken for an address */
	}
	for (int i = 0; i < 16; i++) {
		one[0] = "0123456789abcdef"[i];
		int r = record_find(&f.g, one, got, &e);

		assert_int_equal(r, first[i] == 0 ? -ENOENT : first[i] == 1 ? 0 : -EINVAL);
	}
	/* a name goes before the digits of an id */
	OK(create(&f.g, "a", id, &e));
	OK(record_find(&f.g, "a", got, &e));
	assert_string_equal(got, id);
}

static void test_racers(void **state)
{
	auto_fixture struct fixture f = fixture_make();
	enum { RACERS = 12, ROUNDS = 5 };
	struct err e;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		pid_t pids[RACERS];
		int won = 0, refused = 0, status, go[2];
		char id[RECORD_ID_LENGTH + 1], name[16], c;

		snprintf(name, sizeof(name), "race%d", round);
		assert_int_equal(pipe2(go, O_CLOEXEC), 0);
		for (int i = 0; i < RACERS; i++) {
			pids[i] = fork();
			if (pids[i] != 0)
				continue;
			close(go[1]);
			(void)!read(go[0], &c, 1);
			if (i % 4 == 0)
				engine_sweep(&f.g);
			int r = create(&f.g, name, id, &e);

			_exit(r == 0 ? 0 : r == -EEXIST ? 1 : 2);
		}
		close(go[0]);
		close(go[1]);
		for (int i = 0; i < RACERS; i++) {
			assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
			won += WIFEXITED(status) && WEXITSTATUS(status) == 0;
			refused += WIFEXITED(status) && WEXITSTATUS(status) == 1;
		}
		assert_int_equal(won, 1);
		assert_int_equal(refused, RACERS - 1);
	}
}

static int count(int dir, const char *name, void *arg, struct err *e)
{
	(void)dir, (void)name, (void)e;
	++*(int *)arg;
	return 0;
}

static int entries(int dir)
{
	struct err e;
	int n = 0;

	OK(file_each(dir, count, &n, &e));
	return n;
}

static void test_sweep(void **state)
{
	auto_fixture struct fixture f = fixture_make();
	char keep[RECORD_ID_LENGTH + 1], lost[RECORD_ID_LENGTH + 1];
	char dead[] = "00000000000000000000000000000000000000000000000000000000000000ff";
	auto_fd int watch = -1;
	struct err e;

	(void)state;
	OK(create(&f.g, "keep", keep, &e));
	/* killed before settings.json: a folder, perhaps with a name and a range */
	make_folder_in(f.g.containers, dead);
	assert_int_equal(symlinkat(dead, f.g.names, "dead"), 0);
	assert_int_equal(symlinkat(dead, f.g.idranges, "100000"), 0);
	assert_int_equal(symlinkat(keep, f.g.idranges, "200000"), 0);
	engine_sweep(&f.g);
	assert_false(is_there(f.g.containers, dead) || is_there(f.g.names, "dead") || is_there(f.g.idranges, "100000"));
	assert_true(is_there(f.g.names, "keep") && is_there(f.g.idranges, "200000"));
	/* one that is being made is watched, and left alone */
	make_folder_in(f.g.containers, dead);
	auto_fd int dir = OK(record_open(&f.g, dead, &e));

	watch = OK(record_watch(dir, true, &e));
	assert_int_equal(symlinkat(dead, f.g.names, "dead"), 0);
	engine_sweep(&f.g);
	assert_true(is_there(f.g.containers, dead) && is_there(f.g.names, "dead"));
	fd_close(&watch);
	/* a name that is nobody's any more is no obstacle */
	OK(create(&f.g, "dead", lost, &e));
	assert_int_equal(entries(f.g.containers), 2);
	assert_int_equal(entries(f.g.names), 2);
}

static void test_watch_and_wait(void **state)
{
	auto_fixture struct fixture f = fixture_make();
	char id[RECORD_ID_LENGTH + 1];
	int status = 0;
	struct err e;

	(void)state;
	OK(create(&f.g, "c", id, &e));
	auto_fd int dir = OK(record_open(&f.g, id, &e)), watch = -1;

	OK(record_wait(dir, &status, &e));
	assert_int_equal(status, -1);
	watch = OK(record_watch(dir, false, &e));
	FAILS(record_watch(dir, false, &e), EBUSY);
	auto_container struct container c = { 0 };

	OK(container_load(&f.g, id, &c, &e));
	assert_true(c.watched);
	pid_t waiter = fork();

	if (waiter == 0) {
		fd_close(&watch); /* the lock is ours by this fd, too */
		_exit(record_wait(dir, &status, &e) < 0 ? 99 : status);
	}
	int ended;

	wait_until_locked_out(waiter);
	/* the status can be read even where the folder has gone by then */
	OK(record_destroy(&f.g, id, "c", &e));
	record_tell_waiters(watch, 42);
	fd_close(&watch);
	assert_int_equal(waitpid(waiter, &ended, 0), waiter);
	assert_int_equal(WEXITSTATUS(ended), 42);
	/* nor does a lock come back to what is going: two could hold one each */
	FAILS(record_watch(dir, false, &e), ENOENT);
}

/* Looking at a container must not keep others from starting it. */
static void test_lookers_are_no_obstacle(void **state)
{
	auto_fixture struct fixture f = fixture_make();
	char id[RECORD_ID_LENGTH + 1];
	int failed = 0, taken = 0;
	pid_t lookers[2];
	struct err e;

	(void)state;
	OK(create(&f.g, "c", id, &e));
	auto_fd int dir = OK(record_open(&f.g, id, &e));

	for (size_t i = 0; i < ARRAY_SIZE(lookers); i++) {
		lookers[i] = fork();
		if (lookers[i] == 0)
			for (;;) {
				struct container c = { 0 };

				if (container_load(&f.g, id, &c, &e) == 0)
					container_free(&c);
			}
	}
	for (int i = 0; i < 3000; i++) {
		int watch = record_watch(dir, false, &e);

		failed += watch < 0;
		taken += watch >= 0;
		if (watch >= 0)
			close(watch);
	}
	for (size_t i = 0; i < ARRAY_SIZE(lookers); i++)
		end_child(lookers[i]);
	assert_int_equal(failed, 0);
	assert_int_equal(taken, 3000);
}

static void test_files(void **state)
{
	auto_fixture struct fixture f = fixture_make();
	char id[RECORD_ID_LENGTH + 1];
	auto_exit_record struct exit_record x = { 0 };
	auto_run_record struct run_record run = { 0 };
	struct err e;

	(void)state;
	OK(create(&f.g, "c", id, &e));
	auto_fd int dir = OK(record_open(&f.g, id, &e));

	assert_int_equal(record_exit(dir, &x, &e), 0);
	assert_int_equal(record_run(dir, &run, &e), 0);
	const struct exit_record ended = { .status = 137, .finished = (char *)"2026-11-22T01:02:03Z", .oom_killed = true,
					   .restarts = UINT64_C(1) << 40, .error = (char *)"why \"so\"\n",
					   .use = { .cpu_us = { true, 7 }, .oom_kills = { .set = true }, .pids_peak = { true, 9 } } };

	OK(record_write_exit(dir, &ended, &e));
	assert_int_equal(record_exit(dir, &x, &e), 1);
	assert_int_equal(x.status, 137);
	assert_true(x.oom_killed && x.restarts == UINT64_C(1) << 40);
	assert_string_equal(x.error, ended.error);
	assert_memory_equal(&x.use, &ended.use, sizeof(x.use)); /* 0 and unknown are two things */
	assert_false(record_wants_stop(dir));
	OK(record_set_stop(dir, true, &e));
	OK(record_set_stop(dir, true, &e));
	assert_true(record_wants_stop(dir));
	OK(record_set_stop(dir, false, &e));
	OK(record_set_stop(dir, false, &e));
	assert_false(record_wants_stop(dir));
	put_file(dir, "exit.json", "{");
	struct exit_record bad = { 0 };

	assert_true(record_exit(dir, &bad, &e) < 0);
	struct container c = { 0 };

	assert_true(container_load(&f.g, id, &c, &e) < 0);
	assert_non_null(strstr(e.text, "exit.json"));
}

static void make_volume(const struct engine *g, const char *name)
{
	auto_volume struct volume v = { .name = (char *)name };
	struct err e;

	OK(volume_create(g, &v, &e));
}

static void test_volumes(void **state)
{
	auto_fixture struct fixture f = fixture_make();
	auto_volume struct volume again = { .name = (char *)"data" }, wrong = { .name = (char *)"../data" };
	struct volume_hold one, two;
	struct stat a, b;
	struct err e;

	(void)state;
	make_volume(&f.g, "data");
	FAILS(volume_create(&f.g, &again, &e), EEXIST);
	FAILS(volume_create(&f.g, &wrong, &e), EINVAL);
	assert_true(volume_is_fresh(&f.g, "data"));
	OK(volume_hold(&f.g, "data", false, false, &one, &e));
	assert_true(fstat(one.data, &a) == 0);
	volume_let_go(&one, true);
	assert_false(volume_is_fresh(&f.g, "data"));
	OK(volume_hold(&f.g, "data", false, true, &one, &e));
	OK(volume_hold(&f.g, "data", false, true, &two, &e));
	assert_false(two.fill);
	assert_true(fstat(two.data, &b) == 0 && a.st_ino == b.st_ino);
	volume_let_go(&one, true);
	volume_let_go(&two, true);
	OK(volume_remove(&f.g, "data", false, NULL, &e));
	FAILS(volume_remove(&f.g, "data", false, NULL, &e), ENOENT);
	FAILS(volume_hold(&f.g, "../data", false, false, &one, &e), EINVAL);
	assert_int_equal(symlinkat("/etc", f.g.volumes, "link"), 0);
	assert_true(volume_hold(&f.g, "link", false, false, &one, &e) < 0);
}

/* What is copied is seen when it is whole; a copy that broke off is made anew. */
static void test_volume_is_filled_once(void **state)
{
	auto_fixture struct fixture f = fixture_make();
	struct volume_hold h;
	struct err e;

	(void)state;
	make_volume(&f.g, "data");
	OK(volume_hold(&f.g, "data", false, true, &h, &e));
	assert_true(h.fill);
	assert_int_equal(mkdirat(h.data, "half", 0755), 0);
	volume_let_go(&h, false);
	assert_true(volume_is_fresh(&f.g, "data"));
	OK(volume_hold(&f.g, "data", false, true, &h, &e));
	assert_true(h.fill && faccessat(h.data, "half", F_OK, 0) < 0);
	assert_int_equal(mkdirat(h.data, "whole", 0755), 0);
	volume_let_go(&h, true);
	assert_int_equal(faccessat(f.g.volumes, "data/_data/whole", F_OK, 0), 0);
	assert_true(faccessat(f.g.volumes, "data/fill", F_OK, 0) < 0);
	OK(volume_hold(&f.g, "data", false, true, &h, &e));
	assert_false(h.fill);
	volume_let_go(&h, true);
}

static void test_volume_leftovers_are_swept(void **state)
{
	auto_fixture struct fixture f = fixture_make();

	(void)state;
	make_volume(&f.g, "data");
	assert_int_equal(mkdirat(f.g.volumes, ".new-0123", 0700), 0);
	assert_int_equal(mkdirat(f.g.volumes, ".gone-0123", 0700), 0);
	volume_sweep(&f.g);
	assert_true(faccessat(f.g.volumes, ".new-0123", F_OK, 0) < 0);
	assert_true(faccessat(f.g.volumes, ".gone-0123", F_OK, 0) < 0);
	assert_int_equal(faccessat(f.g.volumes, "data", F_OK, 0), 0);
}

/* Folders of the engine are nobody else's to look into, and opening it twice leaks nothing. */
static void test_engine(void **state)
{
	auto_fixture struct fixture f = fixture_make();
	unsigned before = open_fds();
	struct engine again;
	struct stat st;
	char long_path[256];
	struct err e;

	(void)state;
	OK(engine_open(f.g.data_path, f.g.run_path, &again, &e));
	engine_close(&again);
	assert_int_equal(open_fds(), before);
	memset(long_path, 'a', sizeof(long_path) - 1);
	long_path[0] = '/';
	long_path[255] = '\0';
	FAILS(engine_open(long_path, f.g.run_path, &again, &e), ENAMETOOLONG);
	const int folders[] = { f.g.data, f.g.run, f.g.containers, f.g.volumes, f.g.states };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		assert_true(fstat(folders[i], &st) == 0 && (st.st_mode & 0077) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create_find_remove), cmocka_unit_test(test_ambiguous),
		cmocka_unit_test(test_racers),		   cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_watch_and_wait),	   cmocka_unit_test(test_lookers_are_no_obstacle),
		cmocka_unit_test(test_files),		   cmocka_unit_test(test_volumes),
		cmocka_unit_test(test_volume_is_filled_once),
		cmocka_unit_test(test_volume_leftovers_are_swept),
		cmocka_unit_test(test_engine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
