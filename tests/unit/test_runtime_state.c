// SPDX-License-Identifier: Apache-2.0
/* The folder of a container that runs: reserving and losing a race, locks, statuses that follow from what is there, litter. */
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "runtime_world.h"

#include "base/sock.h"
#include "runtime/destroy.h"
#include "runtime/start.h"
#include "runtime/state.h"

static struct state example(const char *id)
{
	return (struct state){
		.oci_version = (char *)"1.3.0",
		.id = (char *)id,
		.bundle = (char *)"/b",
		.created = (char *)"2026-11-22T01:02:03.000000004Z",
		.cgroup_manager = CGROUP_MANAGER_DISABLED,
	};
}

static int reserve(const struct world *w, const char *id)
{
	const struct state s = example(id);
	struct err e;
	int dir;

	OK(state_reserve(w->dir, &s, NULL, &dir, &e));
	return dir;
}

static enum status status_of(const struct world *w, const char *id)
{
	auto_state struct state s = { 0 };
	struct err e;

	OK(state_load(w->dir, id, &s, &e));
	return s.status;
}

static void set_init(int dir, pid_t pid)
{
	struct proc_id id;
	struct err e;

	OK(proc_identify(pid, &id, &e));
	OK(state_set_init(dir, &(struct state){ .init = id }, NULL, 0, &e));
}

static void test_reserve_and_read(void **state)
{
	auto_world struct world w = world_make();
	struct spec_pair note = { (char *)"org.example", (char *)"\xc3\xa4\n\"" };
	auto_state struct state got = { 0 };
	auto_free char *document = NULL;
	auto_fd int dir = -1;
	struct state s = example("c1");
	struct stat st;
	struct err e;

	(void)state;
	s.rootfs = (char *)"/b/rootfs";
	s.annotations = (struct spec_map){ .v = &note, .n = 1 };
	s.later_hooks = (struct opt_bool){ true, true };
	OK(state_reserve(w.dir, &s, NULL, &dir, &e));
	OK(state_load(w.dir, "c1", &got, &e));
	assert_string_equal(got.id, "c1");
	assert_string_equal(got.rootfs, "/b/rootfs");
	assert_string_equal(got.annotations.v[0].value, note.value);
	assert_true(got.later_hooks.v && !got.private_userns.set && !got.cgroup_path);
	assert_int_equal(got.cgroup_manager, CGROUP_MANAGER_DISABLED);
	assert_int_equal(got.init.pid, 0);
	assert_true(fstatat(w.dir, "c1", &st, 0) == 0 && (st.st_mode & 07777) == 0700);
	assert_true(fstatat(w.dir, "c1/state.json", &st, 0) == 0 && (st.st_mode & 07777) == 0600);
	OK(state_document(&got, &document, &e));
	assert_non_null(strstr(document, "\"status\":\"creating\""));
	assert_non_null(strstr(document, "\"pid\":0"));
	assert_non_null(strstr(document, "\"owner\":\"\""));
}

/* What the bundle said is known as long as the container is, and no longer. */
static void test_kept_config(void **state)
{
	static const char text[] = "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"r\"},"
				   "\"process\":{\"cwd\":\"/x\",\"args\":[\"a\"]}}";
	auto_world struct world w = world_make();
	auto_spec struct spec kept = { 0 }, none = { 0 }, damaged = { 0 };
	auto_fd int dir = -1, bare = -1;
	const struct state with = example("c1"), without = example("c2");
	struct stat st;
	struct err e;

	(void)state;
	OK(state_reserve(w.dir, &with, text, &dir, &e));
	assert_true(fstatat(dir, "config.json", &st, 0) == 0 && (st.st_mode & 07777) == 0600);
	OK(state_config(dir, &kept, &e));
	assert_string_equal(kept.process.cwd, "/x");
	OK(state_reserve(w.dir, &without, NULL, &bare, &e));
	assert_false(is_there(bare, "config.json"));
	FAILS(state_config(bare, &none, &e), ENOENT);
	put_file(bare, "config.json", "{");
	FAILS(state_config(bare, &damaged, &e), EINVAL);
	OK(state_remove(w.dir, "c1", &e));
	assert_int_equal(fstat(dir, &st), 0);
	assert_int_equal(st.st_nlink, 0);
}

static void test_bad_ids(void **state)
{
	static const char *const bad[] = { "", ".", "..", "../x", "a/b", "-f", "a\nb", ".new.1", "%s/..", "\xc3\xa4" };
	auto_world struct world w = world_make();
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		FAILS(state_open(w.dir, bad[i], &e), EINVAL);
	char longest[5001];

	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	FAILS(state_open(w.dir, longest, &e), EINVAL);
	longest[128] = '\0';
	FAILS(state_open(w.dir, longest, &e), ENOENT);
	/* a link is none of our folders */
	assert_int_equal(symlinkat("/", w.dir, "link"), 0);
	assert_true(state_open(w.dir, "link", &e) < 0);
}

/* Several processes want one id: one gets it, the others are told so, and nothing else is left. */
static void test_racers(void **state)
{
	auto_world struct world w = world_make();
	auto_arena struct arena arena = { 0 };
	struct strv list = { 0 };
	int go[2], won = 0, refused = 0;
	enum { RACERS = 16 };
	pid_t pids[RACERS];
	struct err e;
	char c;

	(void)state;
	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	for (int i = 0; i < RACERS; i++) {
		pids[i] = fork();
		if (pids[i] != 0)
			continue;
		const struct state s = example("race");
		int dir;

		close(go[1]);
		(void)!read(go[0], &c, 1);
		int r = state_reserve(w.dir, &s, NULL, &dir, &e);

		_exit(r == 0 ? 0 : r == -EEXIST ? 1 : 2);
	}
	close(go[0]);
	close(go[1]);
	for (int i = 0; i < RACERS; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		won += WIFEXITED(status) && WEXITSTATUS(status) == 0;
		refused += WIFEXITED(status) && WEXITSTATUS(status) == 1;
	}
	assert_int_equal(won, 1);
	assert_int_equal(refused, RACERS - 1);
	OK(state_list(w.dir, &arena, &list, &e));
	assert_int_equal(list.n, 1);
	assert_string_equal(list.v[0], "race");
	DIR *d = opendir(w.path);
	int entries = 0;

	while (readdir(d))
		entries++;
	closedir(d);
	assert_int_equal(entries, 3);
}

static void test_lock(void **state)
{
	auto_world struct world w = world_make();
	auto_fd int dir = reserve(&w, "c1"), other = -1;
	struct err e;

	(void)state;
	other = OK(state_open(w.dir, "c1", &e));
	FAILS(state_try_lock(other, &e), EBUSY);
	fd_close(&dir);
	OK(state_try_lock(other, &e));
	/* who waited for a container that is gone by then is told so */
	dir = OK(state_open(w.dir, "c1", &e));
	OK(state_remove(w.dir, "c1", &e));
	fd_close(&other);
	FAILS(state_lock(dir, &e), ENOENT);
	OK(state_remove(w.dir, "c1", &e));
}

static void test_statuses(void **state)
{
	auto_world struct world w = world_make();
	auto_fd int dir = reserve(&w, "c1"), socket = -1;
	pid_t pid = make_sleeper();
	struct err e;

	(void)state;
	assert_int_equal(status_of(&w, "c1"), STATUS_CREATING);
	set_init(dir, pid);
	socket = OK(sock_listen(dir, STATE_START, SOCK_SEQPACKET, &e));
	assert_int_equal(status_of(&w, "c1"), STATUS_CREATED);
	fd_close(&dir);
	assert_int_equal(status_of(&w, "c1"), STATUS_CREATED);
	FAILS(container_delete(w.dir, "c1", false, &e), EBUSY);
	assert_non_null(strstr(e.text, "created"));
	dir = OK(state_open(w.dir, "c1", &e));
	assert_int_equal(unlinkat(dir, STATE_START, 0), 0);
	assert_int_equal(status_of(&w, "c1"), STATUS_RUNNING);
	/* dead and not reaped yet is stopped, and so is reaped */
	assert_int_equal(kill(pid, SIGKILL), 0);
	siginfo_t info;

	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(status_of(&w, "c1"), STATUS_STOPPED);
	end_child(pid);
	assert_int_equal(status_of(&w, "c1"), STATUS_STOPPED);
	FAILS(container_start(w.dir, "c1", &e), EINVAL);
	FAILS(container_kill(w.dir, "c1", SIGTERM, false, &e), ESRCH);
	assert_non_null(strstr(e.text, "container not running"));
	OK(container_delete(w.dir, "c1", false, &e));
	FAILS(container_delete(w.dir, "c1", false, &e), ENOENT);
	assert_non_null(strstr(e.text, "container does not exist"));
}

/* Another process under its number is not the container's. */
static void test_recycled_pid(void **state)
{
	auto_world struct world w = world_make();
	auto_fd int dir = reserve(&w, "c1");
	pid_t pid = make_sleeper();
	struct proc_id id;
	struct err e;

	(void)state;
	OK(proc_identify(pid, &id, &e));
	id.start_time++;
	OK(state_set_init(dir, &(struct state){ .init = id }, NULL, 0, &e));
	fd_close(&dir);
	assert_int_equal(status_of(&w, "c1"), STATUS_STOPPED);
	FAILS(container_kill(w.dir, "c1", SIGKILL, false, &e), ESRCH);
	OK(container_delete(w.dir, "c1", true, &e));
	assert_int_equal(kill(pid, 0), 0);
	end_child(pid);
}

/* A command that has no descriptors left must not take a container for dead. */
static void test_not_seen_is_not_dead(void **state)
{
	auto_world struct world w = world_make();
	auto_fd int dir = reserve(&w, "c1");
	pid_t pid = make_sleeper();
	struct rlimit old, low;
	int r[8];

	(void)state;
	set_init(dir, pid);
	fd_close(&dir);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	for (unsigned spare = 0; spare < ARRAY_SIZE(r); spare++) {
		auto_state struct state s = { 0 };
		struct err e;
		int next = open("/dev/null", O_RDONLY | O_CLOEXEC);

		close(next);
		low.rlim_cur = (rlim_t)next + spare;
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
		r[spare] = state_load(w.dir, "c1", &s, &e);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
		if (r[spare] == 0)
			assert_int_equal(s.status, STATUS_RUNNING);
	}
	assert_int_equal(r[0], -EMFILE);
	assert_int_equal(r[ARRAY_SIZE(r) - 1], 0);
	for (unsigned spare = 0; spare < 4; spare++) {
		struct err e;
		int next = open("/dev/null", O_RDONLY | O_CLOEXEC);

		close(next);
		low.rlim_cur = (rlim_t)next + spare;
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
		int deleted = container_delete(w.dir, "c1", false, &e);

		assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
		assert_true(deleted < 0);
	}
	assert_true(is_there(w.dir, "c1/state.json"));
	end_child(pid);
}

static void test_force_kills(void **state)
{
	auto_world struct world w = world_make();
	auto_fd int dir = reserve(&w, "c1");
	pid_t pid = make_sleeper();
	int status;
	struct err e;

	(void)state;
	set_init(dir, pid);
	fd_close(&dir);
	FAILS(container_delete(w.dir, "c1", false, &e), EBUSY);
	OK(container_delete(w.dir, "c1", true, &e));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_false(is_there(w.dir, "c1"));
}

/* Its maker was killed before there was a process: the id is free for the next one. */
static void test_crashed_creation(void **state)
{
	auto_world struct world w = world_make();
	auto_fd int dir = reserve(&w, "c1");
	struct err e;

	(void)state;
	assert_false(container_clear_crashed(w.dir, "c1")); /* somebody is at it */
	fd_close(&dir);
	assert_int_equal(status_of(&w, "c1"), STATUS_STOPPED);
	assert_true(container_clear_crashed(w.dir, "c1"));
	assert_false(is_there(w.dir, "c1"));
	assert_false(container_clear_crashed(w.dir, "c1"));
	/* one with a process is no such case, whether that lives or not */
	pid_t pid = make_sleeper();

	dir = reserve(&w, "c1");
	set_init(dir, pid);
	fd_close(&dir);
	assert_false(container_clear_crashed(w.dir, "c1"));
	end_child(pid);
	assert_false(container_clear_crashed(w.dir, "c1"));
	/* killed while it wrote the process down: that has ended then, for nobody told it to go */
	dir = OK(state_open(w.dir, "c1", &e));
	assert_int_equal(unlinkat(dir, "init", 0), 0);
	put_file(dir, "init", "");
	fd_close(&dir);
	assert_true(container_clear_crashed(w.dir, "c1"));
}

static void test_moves(void **state)
{
	static const bool legal[STATUS_COUNT][STATUS_COUNT] = {
		[STATUS_CREATING] = { [STATUS_CREATED] = true, [STATUS_STOPPED] = true },
		[STATUS_CREATED] = { [STATUS_RUNNING] = true, [STATUS_PAUSED] = true, [STATUS_STOPPED] = true },
		[STATUS_RUNNING] = { [STATUS_PAUSED] = true, [STATUS_STOPPED] = true },
		[STATUS_PAUSED] = { [STATUS_CREATED] = true, [STATUS_RUNNING] = true, [STATUS_STOPPED] = true },
	};

	(void)state;
	for (enum status from = 0; from < STATUS_COUNT; from++)
		for (enum status to = 0; to < STATUS_COUNT; to++)
			if (status_may_become(from, to) != legal[from][to])
				fail_msg("%s to %s", status_names[from], status_names[to]);
}

static void test_list_and_litter(void **state)
{
	static const char *const litter[] = { ".new.0123456789abcdef", ".gone.0123456789abcdef" };
	auto_world struct world w = world_make();
	auto_arena struct arena arena = { 0 };
	auto_fd int held = -1;
	struct strv list = { 0 };
	struct err e;

	(void)state;
	close(reserve(&w, "b"));
	close(reserve(&w, "a"));
	for (size_t i = 0; i < ARRAY_SIZE(litter); i++)
		make_folder_in(w.dir, litter[i]);
	make_folder_in(w.dir, ".new.held");
	make_folder_in(w.dir, ".seccomp");
	put_file(w.dir, "file", "");
	held = openat(w.dir, ".new.held", O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(held, LOCK_EX), 0);
	OK(state_list(w.dir, &arena, &list, &e));
	assert_int_equal(list.n, 2);
	assert_string_equal(list.v[0], "a");
	assert_string_equal(list.v[1], "b");
	state_sweep(w.dir);
	for (size_t i = 0; i < ARRAY_SIZE(litter); i++)
		assert_false(is_there(w.dir, litter[i]));
	assert_true(is_there(w.dir, ".new.held") && is_there(w.dir, ".seccomp"));
	fd_close(&held);
	state_sweep(w.dir);
	assert_false(is_there(w.dir, ".new.held"));
	assert_true(is_there(w.dir, "a/state.json") && is_there(w.dir, "b/state.json"));
}

static void test_damaged_state(void **state)
{
	static const char *const bad[] = { "", "{", "[]", "{}", "{\"ociVersion\":1}", "{\"id\":\"c1\"}\n{}" };
	auto_world struct world w = world_make();
	auto_fd int dir = reserve(&w, "c1");
	unsigned before;
	struct err e;

	(void)state;
	before = open_fds();
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct state s = { 0 };

		put_file(dir, "state.json", bad[i]);
		assert_true(state_load(w.dir, "c1", &s, &e) < 0);
		assert_non_null(strstr(e.text, "state.json"));
	}
	assert_int_equal(open_fds(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reserve_and_read),   cmocka_unit_test(test_kept_config),
		cmocka_unit_test(test_bad_ids),
		cmocka_unit_test(test_racers),		   cmocka_unit_test(test_lock),
		cmocka_unit_test(test_statuses),	   cmocka_unit_test(test_recycled_pid),
		cmocka_unit_test(test_not_seen_is_not_dead), cmocka_unit_test(test_force_kills),
		cmocka_unit_test(test_crashed_creation),   cmocka_unit_test(test_moves),
		cmocka_unit_test(test_list_and_litter),	   cmocka_unit_test(test_damaged_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
