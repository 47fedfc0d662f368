// SPDX-License-Identifier: Apache-2.0
/* Memory taken back, and pages merged: the arithmetic, the kernel's texts; on a real cgroup where there is the controller. */
#include "cgroups/reclaim.h"
#include "cgroups/stats.h"
#include "tests/unit/cgroup_fixture.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

static void steps_follow_pressure(void **state)
{
	static const struct {
		uint64_t step;
		uint32_t pressure, max;
		uint64_t now, next;
	} rows[] = {
		{ 4 * MIB, 0, 1000, GIB, 8 * MIB },	  /* nobody notices */
		{ 4 * MIB, 250, 1000, GIB, 8 * MIB },
		{ 4 * MIB, 251, 1000, GIB, 4 * MIB },	  /* somebody does */
		{ 4 * MIB, 499, 1000, GIB, 4 * MIB },
		{ 4 * MIB, 500, 1000, GIB, 2 * MIB },	  /* half of what is allowed */
		{ 4 * MIB, 5000, 1000, GIB, 2 * MIB },
		{ MIB, 9000, 1000, GIB, MIB },		  /* not below 1 MiB */
		{ 128 * MIB, 0, 1000, GIB, 128 * MIB },	  /* an eighth */
		{ 64 * MIB, 0, 1000, 80 * MIB, 10 * MIB },
		{ 4 * MIB, 0, 1000, 8 * MIB, 4 * MIB },	  /* but 4 MiB in any case */
		{ GIB, 0, 1000, 100 * GIB, GIB },	  /* and 1 GiB at most */
		{ 4 * MIB, 0, 0, GIB, 2 * MIB },	  /* --max-pressure 0: as carefully as it goes */
		{ 4 * MIB, 0, 10000, GIB, 8 * MIB },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(reclaim_next_step(rows[i].step, rows[i].pressure, rows[i].max, rows[i].now), rows[i].next);
}

static void pressure_is_of_the_last_second(void **state)
{
	const uint64_t look = 100000;
	uint32_t p;

	(void)state;
	assert_int_equal(reclaim_pressure(0, 0, look), 0);
	assert_int_equal(reclaim_pressure(0, look, look), 909); /* all of a moment: less than a tenth of a second */
	assert_int_equal(reclaim_pressure(0, 2 * look, look), 909); /* read a little later than our clock */
	assert_int_equal(reclaim_pressure(10000, look, look), 10000);
	assert_int_equal(reclaim_pressure(1100, 0, look), 1000); /* it is forgotten again */
	assert_int_equal(reclaim_pressure(0, 500000, 1000000), 2500);
	assert_int_equal(reclaim_pressure(0, 5000000, 10000000), 4545); /* a step that took long counts as that */
	assert_int_equal(reclaim_pressure(77, 0, 0), 77);
	p = 0;
	for (int i = 0; i < 100; i++)
		p = reclaim_pressure(p, look / 2, look);
	assert_in_range(p, 4980, 5000);
}

static void where_memory_is(void **state)
{
	struct cgroup_memory m = { .total_bytes = 7, .swap_bytes = 9 };

	(void)state;
	reclaim_parse_stat("anon 1000\nfile 5000\nkernel 300\nshmem 2000\nzswap 40\nzswapped 400\nslab 60\n", &m);
	assert_int_equal(m.file_bytes, 3000);
	assert_int_equal(m.anon_bytes, 3000);
	assert_int_equal(m.slab_bytes, 60);
	assert_int_equal(m.zswap_bytes, 40);
	assert_int_equal(m.total_bytes, 7); /* of other files */
	assert_int_equal(m.swap_bytes, 9);
	reclaim_parse_stat("file 10\nshmem 20\n", &m); /* read while it changes */
	assert_int_equal(m.file_bytes, 0);
	assert_int_equal(m.zswap_bytes, 0);
}

static void merged_pages(void **state)
{
	struct cgroup_ksm k = { 0 };

	(void)state;
	cgroup_ksm_parse("ksm_rmap_items 10\nksm_zero_pages 2\nksm_merging_pages 8\nksm_process_profit 40320\n"
			 "ksm_merge_any: yes\n", 4096, &k);
	assert_int_equal(k.merged_bytes, 40960);
	assert_int_equal(k.profit_bytes, 40320);
	cgroup_ksm_parse("ksm_rmap_items 1000\nksm_merging_pages 0\nksm_process_profit -64000\n", 4096, &k);
	assert_int_equal(k.merged_bytes, 40960);
	assert_int_equal(k.profit_bytes, -23680);
	cgroup_ksm_parse("", 4096, &k);
	cgroup_ksm_parse("ksm_process_profit\nksm_process_profit -x\nksm_process_profitable 7\n", 4096, &k);
	assert_int_equal(k.profit_bytes, -23680);
}

static const struct cgroup_reclaim all = { .to = { true, 0 } };

static void no_controller(void **state)
{
	struct cgroup_reclaimed got = { .steps = 77 };
	struct cgroup_ksm merged = { 1, 1 };
	struct err e;
	int fd = make("parent/plain");

	(void)state;
	if (!(available & BIT(CGROUP_MEMORY))) {
		FAILS(cgroup_reclaim(fd, &all, &got, &e), ENOENT);
		assert_non_null(strstr(e.text, "memory"));
		assert_int_equal(got.steps, 77);
	}
	OK(cgroup_read_ksm(fd, &merged, &e)); /* nobody is in it */
	assert_int_equal(merged.merged_bytes, 0);
	assert_int_equal(merged.profit_bytes, 0);
	close(fd);
}

/* A child that has this many MiB of a file in the cache, all of them on the disk, and stops then. */
static pid_t cache_in(int cgroup, const char *file, size_t mib)
{
	pid_t pid = spawn_in(cgroup);
	int status;

	if (pid == 0) {
		int fd = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		char *block = malloc(MIB);

		memset(block, 'x', MIB);
		for (size_t i = 0; i < mib; i++)
			if (write(fd, block, MIB) != (ssize_t)MIB)
				_exit(1);
		if (fsync(fd) < 0)
			_exit(1);
		raise(SIGSTOP);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	return pid;
}

static void file_cache_comes_back(void **state)
{
	const struct cgroup_reclaim some = { .amount = { true, 8 * MIB } }, rest = { .to = { true, 4 * MIB } };
	char file[] = "/var/tmp/paene-reclaim-XXXXXX";
	struct cgroup_reclaimed got;
	struct err e;

	(void)state;
	need(CGROUP_MEMORY);
	close(mkstemp(file));
	unlink(file);
	int fd = make("parent/cache");
	pid_t pid = cache_in(fd, file, 24);

	OK(cgroup_reclaim(fd, &some, &got, &e));
	assert_int_equal(got.end, CGROUP_RECLAIM_REACHED);
	assert_true(got.before.file_bytes >= 24 * MIB);
	assert_true(got.after.file_bytes <= got.before.file_bytes - 7 * MIB);
	assert_true(got.taken_bytes >= 6 * MIB && got.steps >= 2); /* names and inodes come back along with them */
	OK(cgroup_reclaim(fd, &rest, &got, &e));
	assert_int_equal(got.end, CGROUP_RECLAIM_REACHED);
	assert_true(got.after.total_bytes <= 4 * MIB + 8192);
	OK(cgroup_reclaim(fd, &rest, &got, &e)); /* there is no more than that */
	assert_int_equal(got.end, CGROUP_RECLAIM_REACHED);
	assert_int_equal(got.steps, 0);
	unlink(file);
	OK(cgroup_remove(root, below("parent/cache"), &e));
	reap(pid);
	close(fd);
}

static void what_has_no_swap_stays(void **state)
{
	struct cgroup_reclaimed got;
	struct err e;

	(void)state;
	need(CGROUP_MEMORY);
	int fd = make("parent/stays");

	assert_int_equal(cgroup_set_default(fd, "memory.swap.max", "0", &e), 0);
	pid_t pid = stop_in(fd);

	OK(cgroup_freeze(fd, true, &e));
	OK(cgroup_reclaim(fd, &all, &got, &e));
	assert_int_equal(got.end, CGROUP_RECLAIM_EXHAUSTED);
	assert_true(got.after.anon_bytes >= MIB);
	assert_int_equal(got.after.swap_bytes, 0);
	assert_false(got.watched); /* frozen: nobody waits for anything */
	OK(cgroup_remove(root, below("parent/stays"), &e));
	reap(pid);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_follow_pressure),
		cmocka_unit_test(pressure_is_of_the_last_second),
		cmocka_unit_test(where_memory_is),
		cmocka_unit_test(merged_pages),
		cmocka_unit_test(no_controller),
		cmocka_unit_test(file_cache_comes_back),
		cmocka_unit_test(what_has_no_swap_stays),
	};

	if (geteuid() != 0) {
		printf("skipped: cgroups are made as root here\n");
		return 0;
	}
	return cmocka_run_group_tests_name("cgroups: reclaim", tests, setup, teardown);
}
