/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker_tar.h: tars and jobs for the tests of paene-worker: members written by hand, the real program given a
 * job.
 */
#ifndef TESTS_UNIT_WORKER_TAR_H
#define TESTS_UNIT_WORKER_TAR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/sock.h"
#include "images/worker/digest.h"

#define TAR_BLOCK 512

/* A tar, or any file, that grows. */
struct bytes {
	char *v;
	size_t n;
};

static inline void bytes_free(struct bytes *b)
{
	free(b->v);
	*b = (struct bytes){ 0 };
}
#define auto_bytes __attribute__((cleanup(bytes_free)))

static inline void bytes_add(struct bytes *b, const void *data, size_t len)
{
	b->v = realloc(b->v, b->n + len + 1);
	assert_non_null(b->v);
	if (len)
		memcpy(b->v + b->n, data, len);
	b->n += len;
	b->v[b->n] = '\0';
}

struct member {
	const char *name, *link, *data;
	char kind; /* 0: '0' */
	unsigned mode, uid, gid, major, minor;
	long mtime;
	size_t size; /* of data; 0: strlen */
};

static inline void tar_add(struct bytes *tar, struct member m)
{
	char h[TAR_BLOCK] = "";
	const char zeros[TAR_BLOCK] = "";
	size_t size = m.size ? m.size : m.data ? strlen(m.data) : 0;
	unsigned sum = 0;

	snprintf(h, 101, "%s", m.name);
	snprintf(h + 100, 8, "%07o", m.mode);
	snprintf(h + 108, 8, "%07o", m.uid);
	snprintf(h + 116, 8, "%07o", m.gid);
	snprintf(h + 124, 12, "%011zo", size);
	snprintf(h + 136, 12, "%011lo", m.mtime);
	memset(h + 148, ' ', 8);
	h[156] = m.kind ? m.kind : '0';
	snprintf(h + 157, 101, "%s", m.link ? m.link : "");
	memcpy(h + 257, "ustar\00000", 8);
	snprintf(h + 329, 8, "%07o", m.major);
	snprintf(h + 337, 8, "%07o", m.minor);
	for (size_t i = 0; i < sizeof(h); i++)
		sum += (unsigned char)h[i];
	snprintf(h + 148, 8, "%06o", sum);
	bytes_add(tar, h, sizeof(h));
	bytes_add(tar, m.data, size);
	bytes_add(tar, zeros, -size % TAR_BLOCK);
}
#define TAR(tar, ...) tar_add(tar, (struct member){ __VA_ARGS__ })

/* A record of a pax header: its length counts itself. */
static inline void pax_add(struct bytes *records, const char *key, const void *value, size_t size)
{
	size_t rest = strlen(key) + size + 3, n = rest + 1;
	char length[16];

	while (n != rest + (size_t)snprintf(length, sizeof(length), "%zu", n))
		n = rest + strlen(length);
	bytes_add(records, length, strlen(length));
	bytes_add(records, " ", 1);
	bytes_add(records, key, strlen(key));
	bytes_add(records, "=", 1);
	bytes_add(records, value, size);
	bytes_add(records, "\n", 1);
}

/* A pax header of one record, for the next member. */
static inline void tar_add_pax(struct bytes *tar, const char *key, const void *value, size_t size)
{
	auto_bytes struct bytes record = { 0 };

	pax_add(&record, key, value, size);
	TAR(tar, .name = "pax", .kind = 'x', .data = record.v, .size = record.n);
}
#define TAR_PAX(tar, key, text) tar_add_pax(tar, key, text, strlen(text))

static inline void tar_end(struct bytes *tar)
{
	const char zeros[2 * TAR_BLOCK] = "";

	bytes_add(tar, zeros, sizeof(zeros));
}

/* An fd to read them from. */
static inline int bytes_fd(const struct bytes *b)
{
	int fd = memfd_create("input", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, b->v, b->n), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static inline void bytes_digest(const struct bytes *b, char hex[DIGEST_HEX + 1])
{
	struct err e;

	assert_int_equal(digest_of(b->v, b->n, hex, &e), 0);
}

/* $PAENE_WORKER, or the program of the same build. */
static inline const char *worker_path(void)
{
	static char path[PATH_MAX];
	const char *given = getenv("PAENE_WORKER");
	ssize_t n = given ? 0 : readlink("/proc/self/exe", path, sizeof(path) - 32);

	if (given)
		return realpath(given, path) ? path : given;
	for (int up = 0; n > 0 && up < 3; up++) { /* BUILD/tests/unit/NAME */
		while (n > 0 && path[--n] != '/')
			;
	}
	memcpy(path + MAX(n, 0), "/paene-worker", sizeof("/paene-worker"));
	return path;
}

/* What the worker answered. */
struct answer {
	bool locked;
	struct work_message last; /* WORK_DONE or WORK_FAILED */
};

/* Give it a job and wait for the end; it must answer. */
static inline struct answer give_job(const struct work_job *job, const int *fds, size_t n_fds)
{
	struct work_message m = { .type = WORK_JOB, .job = *job };
	struct answer answer = { 0 };
	int ours = -1, theirs = -1, pidfd = -1;
	char *argv[] = { "paene-worker", NULL };
	struct err e;

	assert_int_equal(sock_pair(&ours, &theirs, &e), 0);
	struct proc_spawn spawn = { .path = worker_path(), .argv = argv, .stdio = { -1, -1, 2 }, .keep = &theirs,
				    .n_keep = 1, .cwd = -1, .die_with_parent = true };

	if (proc_spawn(&spawn, NULL, &pidfd, &e) < 0)
		fail_msg("%s", e.text);
	close(theirs);
	assert_int_equal(sock_send(ours, &m, sizeof(m), fds, n_fds), 0);
	for (;;) {
		ssize_t n = sock_recv(ours, &m, sizeof(m), NULL, 0);

		if (n <= 0)
			break;
		answer.locked |= m.type == WORK_LOCKED;
		answer.last = m;
	}
	int status = proc_wait(pidfd, &e);

	close(pidfd);
	close(ours);
	if (answer.last.type != WORK_DONE && answer.last.type != WORK_FAILED)
		fail_msg("the worker ended with status %d and no answer", status);
	if (answer.last.type == WORK_FAILED && strstr(answer.last.err.text, "it needs root, or a user namespace"))
		print_message("%s\n", answer.last.err.text);
	return answer;
}

static inline void assert_done(const struct answer *a)
{
	if (a->last.type != WORK_DONE)
		fail_msg("%s", a->last.err.text);
	assert_true(a->locked);
}

static inline void assert_failed(const struct answer *a, const char *words)
{
	if (a->last.type != WORK_FAILED)
		fail_msg("it was done, and should have failed with \"%s\"", words);
	if (!strstr(a->last.err.text, words))
		fail_msg("\"%s\" lacks \"%s\"", a->last.err.text, words);
}

#endif
