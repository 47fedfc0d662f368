// SPDX-License-Identifier: Apache-2.0
/* What a process of exec takes from the container's own, and what it keeps. */
#include <fcntl.h>
#include <sys/resource.h>

#include "runtime_world.h"

#include "runtime/exec.h"

static struct spec_rlimit files = { .resource = RLIMIT_NOFILE, .soft = 1, .hard = 2 };

static struct spec_process container(void)
{
	return (struct spec_process){
		.cwd = (char *)"/own",
		.terminal = true,
		.user = { .uid = 1, .gid = 2, .umask = { true, 077 } },
		.capabilities = { .given = true, .bounding = { true, 7 }, .effective = { true, 3 } },
		.rlimits = { .v = &files, .n = 1 },
		.no_new_privileges = true,
		.apparmor_profile = (char *)"profile",
		.selinux_label = (char *)"label",
		.oom_score_adj = { true, 5 },
		.scheduler = { .given = true, .policy = 3 },
		.io_priority = { .given = true, .class = 2 },
		.exec_cpu_affinity = { .initial = (char *)"0", .final = (char *)"1" },
	};
}

static void test_silence_is_inherited(void **state)
{
	const struct spec_process own = container();
	struct spec_process p = { .cwd = (char *)"/" };

	(void)state;
	exec_inherit(&p, &own);
	assert_int_equal(p.capabilities.bounding.v, 7);
	assert_int_equal(p.capabilities.effective.v, 3);
	assert_ptr_equal(p.rlimits.v, &files);
	assert_string_equal(p.apparmor_profile, "profile");
	assert_string_equal(p.selinux_label, "label");
	assert_int_equal(p.user.umask.v, 077);
	assert_int_equal(p.oom_score_adj.v, 5);
	assert_int_equal(p.scheduler.policy, 3);
	assert_int_equal(p.io_priority.class, 2);
	assert_string_equal(p.exec_cpu_affinity.final, "1");
}

/* Who it is, where it starts, whether it has a terminal: these are its own in any case. */
static void test_identity_is_not(void **state)
{
	const struct spec_process own = container();
	struct spec_process p = { .cwd = (char *)"/" };

	(void)state;
	exec_inherit(&p, &own);
	assert_string_equal(p.cwd, "/");
	assert_int_equal(p.user.uid, 0);
	assert_int_equal(p.user.gid, 0);
	assert_false(p.terminal);
	assert_false(p.no_new_privileges);
}

static void test_words_are_kept(void **state)
{
	static struct spec_rlimit cores = { .resource = RLIMIT_CORE };
	const struct spec_process own = container();
	struct spec_process p = {
		.user = { .umask = { true, 0 } },
		.capabilities = { .given = true },
		.rlimits = { .v = &cores, .n = 1 },
		.apparmor_profile = (char *)"other",
		.selinux_label = (char *)"",
		.oom_score_adj = { true, 0 },
		.scheduler = { .given = true },
		.io_priority = { .given = true, .class = 1 },
		.exec_cpu_affinity = { .final = (char *)"2" },
	};

	(void)state;
	exec_inherit(&p, &own);
	assert_int_equal(p.user.umask.v, 0);
	assert_int_equal(p.capabilities.bounding.v, 0);
	assert_ptr_equal(p.rlimits.v, &cores);
	assert_string_equal(p.apparmor_profile, "other");
	assert_string_equal(p.selinux_label, "");
	assert_int_equal(p.oom_score_adj.v, 0);
	assert_int_equal(p.scheduler.policy, 0);
	assert_int_equal(p.io_priority.class, 1);
	assert_null(p.exec_cpu_affinity.initial);
}

/* What is refused before anything is made: by the container's status. */
static void test_refusals(void **state)
{
	static const struct {
		enum status status;
		int errnum;
		const char *words;
	} rows[] = {
		{ STATUS_STOPPED, ESRCH, "container not running" },
		{ STATUS_CREATING, EAGAIN, "not made yet" },
		{ STATUS_PAUSED, EBUSY, "cannot exec in a paused container" },
	};
	const struct spec spec = { .process = container() };
	unsigned before = open_fds();
	struct exec_result result;
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct state s = { .id = (char *)"c1", .status = rows[i].status };
		const struct exec_request q = { .state = &s, .spec = &spec, .process = &spec.process };

		FAILS(container_exec(&q, &result, &e), rows[i].errnum);
		assert_non_null(strstr(e.text, rows[i].words));
	}
	assert_int_equal(open_fds(), before);
}

/* The first process may end between the look at its state and the exec, and its number be another's. */
static void test_ended_meanwhile(void **state)
{
	const struct spec spec = { .process = container() };
	struct state s = { .id = (char *)"c1", .status = STATUS_RUNNING };
	unsigned before = open_fds();
	struct exec_result result;
	struct err e;

	(void)state;
	OK(proc_identify(getpid(), &s.init, &e));
	s.init.start_time++;
	const struct exec_request q = { .state = &s, .spec = &spec, .process = &spec.process };

	FAILS(container_exec(&q, &result, &e), ESRCH);
	assert_non_null(strstr(e.text, "container not running"));
	assert_int_equal(open_fds(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_silence_is_inherited), cmocka_unit_test(test_identity_is_not),
		cmocka_unit_test(test_words_are_kept),	     cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_ended_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
