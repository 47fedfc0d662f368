// SPDX-License-Identifier: Apache-2.0
/* How the real paene-fetch is locked in before it speaks with anybody, as root and as a user; and how it ends. */
#include "fetch_world.h"

#include <dirent.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>

static void need_root(void)
{
	if (geteuid() == 0)
		return;
	print_message("only root can look into a process that is locked in\n");
	skip();
}

static struct transfer start_here(void)
{
	struct fetch_session s = session_with(&world.https, "auth-token");

	empty_work();
	return start(&s);
}

/* The process at the other end: the only child that is not a server. */
static pid_t pid_of(const struct transfer *t)
{
	char path[64], line[256];
	pid_t pid = 0;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", t->child.pidfd);
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		sscanf(line, "Pid: %d", &pid);
	fclose(f);
	assert_true(pid > 0);
	return pid;
}

static char *proc_text(pid_t pid, const char *name)
{
	char folder[64];

	snprintf(folder, sizeof(folder), "/proc/%d", pid);
	return read_text(folder, name);
}

static void assert_line(const char *text, const char *line)
{
	if (!strstr(text, line))
		fail_msg("expected \"%s\" in:\n%s", line, text);
}

static void assert_locked_in(pid_t pid, bool root)
{
	static const char *const lines[] = {
		"NoNewPrivs:\t1", "Seccomp:\t2", "CapInh:\t0000000000000000", "CapPrm:\t0000000000000000",
		"CapEff:\t0000000000000000", "CapAmb:\t0000000000000000",
	};
	auto_free char *status = proc_text(pid, "status"), *mounts = proc_text(pid, "mountinfo");
	int n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		assert_line(status, lines[i]);
	for (const char *c = mounts; *c; c++)
		n += *c == '\n';
	if (root) { /* who looks has the rights to */
		assert_int_equal(n, 2);
		assert_line(mounts, " / / ro,nosuid,nodev,noexec");
		assert_line(mounts, " /work rw,nosuid,nodev,noexec");
	}
}

static void it_has_nothing_but_what_it_needs(void **state)
{
	need_root();
	auto_transfer struct transfer t = start_here();
	char path[64];
	int names = 0;
	pid_t pid = pid_of(&t);

	(void)state;
	assert_locked_in(pid, true);
	snprintf(path, sizeof(path), "/proc/%d/root", pid);
	DIR *d = opendir(path);

	assert_non_null(d);
	for (const struct dirent *entry; (entry = readdir(d));)
		names += entry->d_name[0] != '.';
	closedir(d);
	assert_int_equal(names, 2); /* etc, work */
	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	d = opendir(path);
	assert_non_null(d);
	for (const struct dirent *entry; (entry = readdir(d));) {
		char link[PATH_MAX] = "";

		(void)!readlinkat(dirfd(d), entry->d_name, link, sizeof(link) - 1);
		if (link[0] == '/' && strcmp(link, "/dev/null") != 0 && strcmp(link, "/work") != 0 && atoi(entry->d_name) != 2)
			fail_msg("fd %s is %s", entry->d_name, link);
	}
	closedir(d);
}

static void it_works_there(void **state)
{
	auto_transfer struct transfer t = start_here();
	struct fetch_request q = layer_request();
	struct fetch_reply reply;
	struct err e;

	(void)state;
	if (transfer_do(&t, &q, -1, &reply, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(files_in_work(), 1);
}

/* In a child, which then is nobody. */
static void as_user(void)
{
	struct fetch_request q = layer_request();
	struct fetch_reply reply;
	struct err e;

	if (setgroups(0, NULL) < 0 || setresgid(12345, 12345, 12345) < 0 || setresuid(12345, 12345, 12345) < 0)
		_exit(3);
	struct fetch_session s = session_with(&world.https, "auth-token.user");
	auto_transfer struct transfer t = TRANSFER_NONE;
	auto_fd int ca = open("ca.pem", O_RDONLY | O_CLOEXEC);

	if (ca < 0 || transfer_start(world.program, &s, world.work, &ca, 1, &t, &e) < 0) {
		print_message("%s\n", e.text);
		_exit(strstr(e.text, "namespaces") ? 77 : 4);
	}
	assert_locked_in(pid_of(&t), false);
	if (transfer_do(&t, &q, -1, &reply, &e) < 0) {
		print_message("%s\n", e.text);
		_exit(5);
	}
	_exit(files_in_work() == 1 ? 0 : 6);
}

static void a_user_locks_it_in_likewise(void **state)
{
	char ca[PATH_MAX + 64];
	int status;

	(void)state;
	need_root();
	empty_work();
	/* all that the user has to get at */
	snprintf(ca, sizeof(ca), "%s/certificates/ca.pem", world.top);
	char *copy[] = { "cp", ca, "ca.pem", NULL };

	run_program(copy, true);
	if (chmod("ca.pem", 0644) < 0 || chmod(".", 0755) < 0 || fchown(world.work, 12345, 12345) < 0)
		fail_msg("cannot prepare the folder");
	pid_t pid = fork();

	if (pid == 0)
		as_user();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip(); /* no user namespaces for users here: it has said so */
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void it_ends_with_its_parent(void **state)
{
	struct transfer t = start_here();
	struct pollfd ended = { .fd = t.child.pidfd, .events = POLLIN };

	(void)state;
	fd_close(&t.child.sock);
	assert_int_equal(poll(&ended, 1, -1), 1);
	transfer_end(&t);
}

static void what_is_no_session_is_refused(void **state)
{
	struct fetch_session s = session_with(&world.http, "good");
	struct transfer t = TRANSFER_NONE;
	struct err e;

	(void)state;
	empty_work();
	strcpy(s.url, "ftp://127.0.0.1");
	assert_int_equal(transfer_start(world.program, &s, world.work, NULL, 0, &t, &e), -EPROTONOSUPPORT);
	assert_non_null(strstr(e.text, "neither http nor https"));
	assert_int_equal(transfer_start("/no/such/program", &s, world.work, NULL, 0, &t, &e), -ENOENT);
	assert_int_equal(t.child.pidfd, -1);
}

static void a_killed_one_is_named(void **state)
{
	auto_transfer struct transfer t = start_here();
	struct fetch_reply reply;
	struct err e;

	(void)state;
	kill(pid_of(&t), SIGKILL);
	assert_int_equal(transfer_receive(&t, &reply, &e), -EPROTO);
	assert_string_equal(e.text, "paene-fetch was killed by signal KILL");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_has_nothing_but_what_it_needs),
		cmocka_unit_test(it_works_there),
		cmocka_unit_test(a_user_locks_it_in_likewise),
		cmocka_unit_test(it_ends_with_its_parent),
		cmocka_unit_test(what_is_no_session_is_refused),
		cmocka_unit_test(a_killed_one_is_named),
	};

	return cmocka_run_group_tests(tests, world_begin, world_end);
}
