// SPDX-License-Identifier: Apache-2.0
/* Standing between a process and whoever looks at it, with real pipes, terminals and children; the monitor's words; names. */
#include <pty.h>
#include <sys/ioctl.h>
#include <utmp.h>

#include "runtime_world.h"

#include "base/str.h"
#include "runtime/monitor.h"
#include "runtime/names.h"
#include "runtime/relay.h"

#define HANGS_S 180 /* who is not done by then hangs: the test ends by SIGALRM */

/* A shell as the "container". Its ends are closed here as run_start() does. */
static int start_shell(const char *script, struct relay_ends *ends)
{
	char *const argv[] = { (char *)"sh", (char *)"-c", (char *)script, NULL };
	char *const envp[] = { (char *)"PATH=/usr/bin:/bin", NULL };
	const struct proc_spawn s = {
		.path = "/bin/sh", .argv = argv, .envp = envp, .cwd = -1,
		.stdio = { ends->child[0], ends->child[1], ends->child[2] },
	};
	int pidfd = -1;
	struct err e;

	OK(proc_spawn(&s, NULL, &pidfd, &e));
	for (int i = 0; i < 3; i++)
		fd_close(&ends->child[i]);
	return pidfd;
}

struct sink {
	int read, write;
};

static struct sink make_sink(void)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	return (struct sink){ fds[0], fds[1] };
}

/* All that was written to it, as text; the sink is closed. */
static char *drain(struct sink *s)
{
	char *text = NULL;
	struct err e;

	fd_close(&s->write);
	OK(file_read_fd(s->read, "sink", 1 << 20, &text, NULL, &e));
	fd_close(&s->read);
	return text;
}

static int relay_shell(const char *script, const char *input, struct sink *out, struct sink *err, struct relay *r)
{
	struct relay_ends ends;
	struct sink in = make_sink();
	struct err e;

	OK(relay_pipes(input != NULL, &ends, &e));
	r->pidfd = start_shell(script, &ends);
	r->console = -1;
	memcpy(r->pipes, ends.ours, sizeof(r->pipes));
	r->in = input ? in.read : -1;
	r->out = out->write;
	r->err = err->write;
	if (input)
		assert_int_equal(fd_write_all(in.write, input, strlen(input)), 0);
	fd_close(&in.write);
	int status = relay_run(r, &e);

	memcpy(ends.ours, r->pipes, sizeof(ends.ours));
	relay_close(&ends);
	fd_close(&in.read);
	fd_close(&r->pidfd);
	return status;
}

static void test_pipes(void **state)
{
	struct sink out = make_sink(), err = make_sink();
	struct relay r = { 0 };

	(void)state;
	assert_int_equal(relay_shell("read a; echo got $a; cat; echo bad >&2; exit 7", "one\ntwo\nthree", &out, &err, &r), 7);
	auto_free char *o = drain(&out), *e = drain(&err);

	assert_string_equal(o, "got one\ntwo\nthree");
	assert_string_equal(e, "bad\n");
}

static void test_statuses(void **state)
{
	(void)state;
	static const struct {
		const char *script;
		int status;
	} ends[] = { { "exit 0", 0 }, { "exit 255", 255 }, { "kill -9 $$", 137 }, { "kill -TERM $$", 143 } };

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		struct sink out = make_sink(), err = make_sink();
		struct relay r = { 0 };

		assert_int_equal(relay_shell(ends[i].script, NULL, &out, &err, &r), ends[i].status);
		free(drain(&out));
		free(drain(&err));
	}
}

/* The program behind its root ends (@before) while it runs, or because it has ended itself. */
static void run_served(const char *script, bool before, int status, bool lost)
{
	struct sink out = make_sink(), err = make_sink();
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	struct relay r = { .served = true, .root = ends[0] };

	if (before)
		close(ends[1]);
	assert_int_equal(relay_shell(script, NULL, &out, &err, &r), status);
	assert_int_equal(r.root_lost, lost);
	close(ends[0]);
	if (!before)
		close(ends[1]);
	free(drain(&out));
	free(drain(&err));
}

static void test_root_is_lost(void **state)
{
	(void)state;
	run_served("exec sleep 1000", true, 137, true);
	run_served("exit 3", true, 3, false);
	run_served("kill -9 $$", true, 137, false);
	run_served("exit 3", false, 3, false);
}

/* More than pipes and buffers hold, both ways: nothing is lost, nothing waits for ever. */
static void test_much(void **state)
{
	struct world w = world_make();
	int in = openat(w.dir, "in", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int out = openat(w.dir, "out", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct relay r = { .console = -1, .in = in, .out = out, .err = -1 };
	struct relay_ends ends;
	unsigned char block[4096];
	const size_t n = 512;
	struct err e;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		memset(block, (int)i, sizeof(block));
		assert_int_equal(fd_write_all(in, block, sizeof(block)), 0);
	}
	assert_int_equal(lseek(in, 0, SEEK_SET), 0);
	alarm(HANGS_S);
	OK(relay_pipes(true, &ends, &e));
	r.pidfd = start_shell("cat", &ends);
	memcpy(r.pipes, ends.ours, sizeof(r.pipes));
	assert_int_equal(relay_run(&r, &e), 0);
	alarm(0);
	assert_int_equal(r.pipes[0], -1); /* its end was passed on */
	assert_int_equal(lseek(out, 0, SEEK_SET), 0);
	for (size_t i = 0; i < n; i++) {
		unsigned char want[4096];

		memset(want, (int)i, sizeof(want));
		assert_int_equal(fd_read_all(out, block, sizeof(block)), sizeof(block));
		assert_memory_equal(block, want, sizeof(block));
	}
	assert_int_equal(fd_read_all(out, block, 1), 0);
	memcpy(ends.ours, r.pipes, sizeof(ends.ours));
	relay_close(&ends);
	close(r.pidfd);
	close(in);
	close(out);
	world_free(&w);
}

/* The end is the process's own, not that of the last who holds its pipe. */
static void test_left_behind(void **state)
{
	struct sink out = make_sink(), err = make_sink();
	struct relay r = { 0 };
	int pid = 0;

	(void)state;
	alarm(HANGS_S);
	assert_int_equal(relay_shell("sleep 600 & echo $!; exit 3", NULL, &out, &err, &r), 3);
	alarm(0);
	auto_free char *o = drain(&out);

	free(drain(&err));
	assert_int_equal(sscanf(o, "%d", &pid), 1);
	assert_int_equal(kill(pid, SIGKILL), 0);
}

/* Who reads our output goes away: the container is not held up, and its log has everything. */
static void test_reader_goes_away(void **state)
{
	auto_world struct world w = world_make();
	struct sink out = make_sink(), err = make_sink();
	struct relay r = { 0 };
	auto_free char *text = NULL;
	struct log log;
	struct err e;

	(void)state;
	OK(log_open(w.dir, LOG_MAX_BYTES, &log, &e));
	r.log = &log;
	fd_close(&out.read);
	alarm(HANGS_S);
	assert_int_equal(relay_shell("i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done; exit 4", NULL, &out, &err,
				     &r), 4);
	alarm(0);
	log_close(&log);
	fd_close(&out.write);
	free(drain(&err));
	OK(file_read(w.dir, LOG_FILE, LOG_MAX_BYTES, &text, NULL, &e));
	assert_non_null(strstr(text, "line 0\n"));
	assert_non_null(strstr(text, "line 19999\n"));
}

static void test_signals_are_passed(void **state)
{
	struct sink out = make_sink(), err = make_sink();
	struct relay r = { .pass_signals = true };

	(void)state;
	alarm(HANGS_S);
	assert_int_equal(relay_shell("trap 'echo usr1' USR1; trap 'exit 9' TERM; kill -USR1 $PPID; "
				     "while :; do sleep 0.05; n=$((n+1)); [ $n -lt 5 ] || kill -TERM $PPID; done",
				     NULL, &out, &err, &r), 9);
	alarm(0);
	auto_free char *o = drain(&out);

	free(drain(&err));
	assert_string_equal(o, "usr1\n");
	assert_true(r.signalled); /* TERM asks for the end; USR1 alone would not */
}

static pid_t start_in_terminal(int terminal, const char *script)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)login_tty(terminal);
		execl("/bin/sh", "sh", "-c", script, (char *)NULL);
		_exit(127);
	}
	return pid;
}

/* A terminal on both sides: the outer one is made raw and given back, its size goes to the inner one. */
static void test_terminal(void **state)
{
	const struct winsize size = { .ws_row = 33, .ws_col = 77 };
	int outer, outer_tty, inner, inner_tty;
	struct termios before, after;
	char got[4096];
	struct err e;

	(void)state;
	assert_int_equal(openpty(&outer, &outer_tty, NULL, NULL, &size), 0);
	assert_int_equal(openpty(&inner, &inner_tty, NULL, NULL, NULL), 0);
	assert_int_equal(tcgetattr(outer_tty, &before), 0);
	pid_t pid = start_in_terminal(inner_tty, "read go; stty size; [ -t 0 ] && exit 5");

	close(inner_tty);
	assert_int_equal(write(outer, "go\r", 3), 3);
	struct relay r = {
		.pidfd = pidfd_open(pid, 0), .console = inner, .pipes = { -1, -1, -1 },
		.in = outer_tty, .out = outer_tty, .err = -1, .raw = true,
	};

	alarm(HANGS_S);
	assert_int_equal(relay_run(&r, &e), 5);
	alarm(0);
	assert_int_equal(tcgetattr(outer_tty, &after), 0);
	assert_int_equal(before.c_lflag, after.c_lflag);
	assert_int_equal(before.c_iflag, after.c_iflag);
	size_t have = 0;

	got[0] = '\0';
	alarm(HANGS_S);
	while (!strstr(got, "33 77")) { /* the kernel may give it out in parts */
		ssize_t n = read(outer, got + have, sizeof(got) - 1 - have);

		assert_true(n > 0);
		have += (size_t)n;
		got[have] = '\0';
	}
	alarm(0);
	close(r.pidfd);
	close(outer);
	close(outer_tty);
	close(inner);
}

/* ---- the words from guise to guise ---- */

static void test_words(void **state)
{
	char *argv[MONITOR_WORDS + 1] = { NULL };
	char too_long[MONITOR_WORD_MAX + 1];
	struct monitor_words w;
	int64_t n;
	struct err e;

	(void)state;
	for (int i = 0; i < MONITOR_WORDS; i++)
		argv[i] = (char *)"12";
	OK(monitor_words(MONITOR_WORDS, argv, &w, &e));
	OK(monitor_number(&w, MONITOR_WATCH, &n, &e));
	assert_int_equal(n, 12);
	argv[MONITOR_CONSOLE] = (char *)"-1";
	argv[MONITOR_OUT] = (char *)"-2";
	argv[MONITOR_ERR] = (char *)"9223372036854775808";
	argv[MONITOR_DIR] = (char *)"";
	argv[MONITOR_PIDFD] = (char *)"3 ";
	OK(monitor_words(MONITOR_WORDS, argv, &w, &e));
	OK(monitor_number(&w, MONITOR_CONSOLE, &n, &e));
	assert_int_equal(n, -1);
	FAILS(monitor_number(&w, MONITOR_OUT, &n, &e), EINVAL);
	FAILS(monitor_number(&w, MONITOR_ERR, &n, &e), EINVAL);
	FAILS(monitor_number(&w, MONITOR_DIR, &n, &e), EINVAL);
	FAILS(monitor_number(&w, MONITOR_PIDFD, &n, &e), EINVAL);
	FAILS(monitor_words(MONITOR_WORDS - 1, argv, &w, &e), EINVAL);
	memset(too_long, '1', sizeof(too_long));
	too_long[MONITOR_WORD_MAX] = '\0';
	argv[0] = too_long;
	FAILS(monitor_words(MONITOR_WORDS, argv, &w, &e), EINVAL);
	too_long[MONITOR_WORD_MAX - 1] = '\0';
	OK(monitor_words(MONITOR_WORDS, argv, &w, &e));
}

/* A pipe whose numbers a shell takes for nothing of its own. */
static void high_pipe(int ends[2], int how)
{
	int low[2];

	assert_int_equal(pipe2(low, O_CLOEXEC), 0);
	for (int i = 0; i < 2; i++) {
		ends[i] = fcntl(low[i], how, 100);
		assert_true(ends[i] >= 100);
		close(low[i]);
	}
}

/* An exec keeps exactly the fds that are told, and those that are held. */
static void test_exec_keeps_fds(void **state)
{
	auto_world struct world world = world_make();
	auto_fd int shell = open("/bin/sh", O_RDONLY | O_CLOEXEC);
	int keep[2], other[2], hold[2], status;
	char script[512], path[PATH_MAX];
	struct monitor_words w;

	(void)state;
	for (int i = 0; i < MONITOR_WORDS; i++)
		snprintf(w.text[i], MONITOR_WORD_MAX, "-1");
	high_pipe(keep, F_DUPFD_CLOEXEC);
	high_pipe(hold, F_DUPFD_CLOEXEC);
	high_pipe(other, F_DUPFD);
	snprintf(w.text[MONITOR_WATCH], MONITOR_WORD_MAX, "%d", keep[0]);
	snprintf(script, sizeof(script),
		 "cd /proc/self/fd && [ -e %d ] && [ -e %d ] && [ ! -e %d ] && [ ! -e %d ] && [ -z \"$SECRET\" ] && "
		 "[ $# = %d ] && [ \"$9\" = %d ] && exit 21\n",
		 keep[0], hold[1], other[0], keep[1], MONITOR_WORDS, keep[0]);
	put_file(world.dir, "script", script);
	snprintf(path, sizeof(path), "%s/script", world.path);
	pid_t pid = fork();

	if (pid == 0) {
		struct err e;

		(void)setenv("SECRET", "1", 1);
		(void)monitor_exec(shell, "sh", path, &w, &hold[1], 1, &e);
		_exit(99);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	for (int i = 0; i < 2; i++) {
		close(keep[i]);
		close(other[i]);
		close(hold[i]);
	}
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 21);
}
static_assert(MONITOR_WATCH + 1 == 9, "the script looks for it there");

static void test_names(void **state)
{
	char name[NAMES_MAX], again[NAMES_MAX];
	unsigned same = 0;
	struct err e;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(names_random(name, i % 2), 0);
		assert_int_equal(names_random(again, i % 2), 0);
		OK(str_check_name(name, "container name", &e));
		assert_true(strlen(name) < NAMES_MAX - 1);
		same += strcmp(name, again) == 0;
	}
	assert_true(same < 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pipes),	      cmocka_unit_test(test_statuses),
		cmocka_unit_test(test_much),	      cmocka_unit_test(test_left_behind),
		cmocka_unit_test(test_root_is_lost),
		cmocka_unit_test(test_reader_goes_away), cmocka_unit_test(test_signals_are_passed),
		cmocka_unit_test(test_terminal),      cmocka_unit_test(test_words),
		cmocka_unit_test(test_exec_keeps_fds), cmocka_unit_test(test_names),
	};

	relay_block_signals();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
