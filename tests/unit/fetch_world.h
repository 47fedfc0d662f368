/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch_world.h: for the tests of paene-fetch: registries that misbehave (tests/registry/faults.py), one that is spoken with in
 * http and one in https, and the real program asked by images/transfer.h.
 */
#ifndef TESTS_UNIT_FETCH_WORLD_H
#define TESTS_UNIT_FETCH_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/proc.h"
#include "images/digest_text.h"
#include "images/transfer.h"

#define USER	 "me"
#define PASSWORD "secret"

/* One server of faults.py with its own folder below the world's. */
struct faults {
	pid_t pid;
	char folder[PATH_MAX + 16];
	char url[64];
	int port, elsewhere, plain;
};

static struct world {
	char top[PATH_MAX];
	char program[PATH_MAX];
	int work;
	struct faults http, https;
	struct { /* what they all serve */
		char digest[DIGEST_HEX + 1];
		uint64_t bytes;
	} manifest, layer;
} world = { .work = -1 };

static inline bool file_is_there(const char *folder, const char *name)
{
	char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return access(path, F_OK) == 0;
}

static inline char *read_text(const char *folder, const char *name)
{
	char path[PATH_MAX + 64], *text = NULL;
	struct err e;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (file_read(AT_FDCWD, path, 64 << 20, &text, NULL, &e) < 0)
		return strdup("");
	return text;
}

static inline int read_number(const char *folder, const char *name)
{
	auto_free char *text = read_text(folder, name);

	return atoi(text);
}

/* Run a program to its end, or leave it running. */
static inline pid_t run_program(char *const argv[], bool wait)
{
	pid_t pid = fork();
	int status = 0;

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (wait && (waitpid(pid, &status, 0) != pid || status != 0))
		fail_msg("%s: status %d", argv[0], status);
	return pid;
}

static inline void faults_start(struct faults *f, const char *name, bool tls)
{
	char cert[PATH_MAX + 64], key[PATH_MAX + 64];
	char *argv[] = { "tests/registry/faults.py", "--folder", f->folder, tls ? "--tls" : NULL, cert, key, NULL };

	snprintf(f->folder, sizeof(f->folder), "%.4000s/%s", world.top, name);
	snprintf(cert, sizeof(cert), "%s/certificates/server.pem", world.top);
	snprintf(key, sizeof(key), "%s/certificates/server.key", world.top);
	assert_int_equal(mkdir(f->folder, 0700), 0);
	f->pid = run_program(argv, false);
	while (!file_is_there(f->folder, "port")) {
		if (waitpid(f->pid, NULL, WNOHANG) != 0)
			fail_msg("faults.py has ended");
		usleep(10000);
	}
	f->port = read_number(f->folder, "port");
	f->elsewhere = read_number(f->folder, "elsewhere");
	f->plain = read_number(f->folder, "plain");
	snprintf(f->url, sizeof(f->url), "http%s://127.0.0.1:%d", tls ? "s" : "", f->port);
}

static inline void read_image(void)
{
	auto_free char *text = read_text(world.http.folder, "image.json");
	json_t *image = json_loads(text, 0, NULL);
	const struct {
		const char *name;
		char *digest;
		uint64_t *bytes;
	} parts[] = {
		{ "manifest", world.manifest.digest, &world.manifest.bytes },
		{ "layer", world.layer.digest, &world.layer.bytes },
	};

	assert_non_null(image);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		json_t *part = json_object_get(image, parts[i].name);

		snprintf(parts[i].digest, DIGEST_HEX + 1, "%s", json_string_value(json_object_get(part, "digest")));
		*parts[i].bytes = (uint64_t)json_integer_value(json_object_get(part, "size"));
	}
	json_decref(image);
}

/* The work folder, with nothing in it. */
static inline void empty_work(void)
{
	struct err e;

	fd_close(&world.work);
	if (chdir(world.top) < 0 || file_remove(AT_FDCWD, "work", &e) < 0 || mkdir("work", 0700) < 0)
		fail_msg("cannot empty the work folder");
	world.work = open("work", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(world.work >= 0);
}

static inline int count_names(int dir, const char *name, void *arg, struct err *e)
{
	(void)dir;
	(void)name;
	(void)e;
	++*(int *)arg;
	return 0;
}

static inline int files_in_work(void)
{
	int n = 0;
	struct err e;

	assert_int_equal(file_each(world.work, count_names, &n, &e), 0);
	return n;
}

static inline int world_begin(void **state)
{
	const char *temp = getenv("TMPDIR");
	char self[PATH_MAX] = "", certificates[PATH_MAX + 64];
	char *argv[] = { "tests/registry/certificates", certificates, NULL };

	(void)state;
	snprintf(world.top, sizeof(world.top), "%.2000s/paene-fetch-XXXXXX", temp ? temp : "/tmp");
	assert_non_null(mkdtemp(world.top));
	/* beside the folder tests/unit that this program lies in */
	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	for (int i = 0; i < 3; i++)
		*strrchr(self, '/') = '\0';
	snprintf(world.program, sizeof(world.program), "%.4000s/paene-fetch", self);
	snprintf(certificates, sizeof(certificates), "%s/certificates", world.top);
	run_program(argv, true);
	faults_start(&world.http, "http", false);
	faults_start(&world.https, "https", true);
	read_image();
	return 0;
}

static inline int world_end(void **state)
{
	struct err e;

	(void)state;
	kill(world.http.pid, SIGKILL);
	kill(world.https.pid, SIGKILL);
	waitpid(world.http.pid, NULL, 0);
	waitpid(world.https.pid, NULL, 0);
	fd_close(&world.work);
	return chdir("/") < 0 ? -1 : file_remove(AT_FDCWD, world.top, &e);
}

static inline struct fetch_session session_with(const struct faults *f, const char *repository)
{
	struct fetch_session s = { .retries = 3, .has_ca = f == &world.https };

	snprintf(s.url, sizeof(s.url), "%s", f->url);
	snprintf(s.repository, sizeof(s.repository), "%s", repository);
	snprintf(s.user, sizeof(s.user), USER);
	snprintf(s.password, sizeof(s.password), PASSWORD);
	return s;
}

static inline struct transfer start(const struct fetch_session *s)
{
	struct transfer t = TRANSFER_NONE;
	char path[PATH_MAX + 64];
	struct err e;

	snprintf(path, sizeof(path), "%s/certificates/ca.pem", world.top);
	auto_fd int ca = s->has_ca ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (transfer_start(world.program, s, world.work, &ca, s->has_ca, &t, &e) < 0)
		fail_msg("%s", e.text);
	return t;
}

struct told {
	int result;
	struct fetch_reply reply;
	struct err e;
};

/* One request in a session of its own, with an empty work folder. No password is ever in its error. */
static inline struct told ask_with(const struct fetch_session *s, struct fetch_request q, int fd)
{
	struct told told = { 0 };

	empty_work();
	auto_transfer struct transfer t = start(s);

	told.result = transfer_do(&t, &q, fd, &told.reply, &told.e);
	if (told.result < 0) {
		assert_true(told.e.text[0] != '\0');
		assert_null(strstr(told.e.text, PASSWORD));
		assert_null(strstr(told.e.text, "SECRET"));
	}
	return told;
}

static inline struct fetch_request request(enum fetch_kind kind, const char *reference)
{
	struct fetch_request q = { .kind = kind };

	snprintf(q.reference, sizeof(q.reference), "%s", reference);
	return q;
}

static inline struct fetch_request layer_request(void)
{
	struct fetch_request q = { .kind = FETCH_BLOB, .bytes = world.layer.bytes };

	strcpy(q.digest, world.layer.digest);
	return q;
}

static inline void assert_told(const struct told *told, int errnum, const char *words)
{
	if (told->result != -errnum)
		fail_msg("result %d, expected %d: %s", told->result, -errnum, told->result < 0 ? told->e.text : "");
	if (words && !strstr(told->e.text, words))
		fail_msg("expected \"%s\" in: %s", words, told->e.text);
}

#endif
