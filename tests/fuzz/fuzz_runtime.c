// SPDX-License-Identifier: Apache-2.0
/*
 * Everything in runtime/ that reads text: the first byte of an input chooses the reader. Records that are accepted are written
 * again and must be read back as the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "runtime/journal.h"
#include "runtime/log.h"
#include "runtime/monitor.h"
#include "runtime/user.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXT_MAX (1 << 20)

static int folder = -1; /* where the files are that the readers look for */

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void remove_folder(void)
{
	static const char *const files[] = {
		"state.json", "init", "settings.json", "exit.json", "run.json", "etc/passwd", "etc/group", LOG_FILE,
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		(void)unlinkat(folder, files[i], 0);
	(void)unlinkat(folder, "etc", AT_REMOVEDIR);
	char link[FD_PATH_MAX], path[200];
	ssize_t n = readlink(fd_path(folder, link), path, sizeof(path) - 1);

	path[n > 0 ? n : 0] = '\0';
	(void)rmdir(path);
}

static void make_folder(void)
{
	char path[] = "/dev/shm/fuzz-runtime.XXXXXX";

	must(mkdtemp(path) != NULL);
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(folder >= 0 && mkdirat(folder, "etc", 0700) == 0);
	(void)atexit(remove_folder);
}

static void put(const char *name, const char *text, size_t len)
{
	auto_fd int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	must(fd >= 0 && fd_write_all(fd, text, len) == 0);
}

static char *get(const char *name)
{
	char *text = NULL;
	struct err e;

	must(file_read(folder, name, TEXT_MAX * 8, &text, NULL, &e) == 0);
	return text;
}

static void fuzz_state(const char *text, size_t len)
{
	auto_state struct state s = { 0 };
	auto_free char *document = NULL;
	const char *end = memchr(text, '\n', len);
	size_t n = end ? (size_t)(end - text) : 0;
	struct err e;

	put("init", text, n); /* the first line is the other file */
	put("state.json", text + n, len - n);
	if (state_read(folder, &s, &e) < 0)
		return;
	must(s.id && s.bundle && s.status < STATUS_COUNT && s.cgroup_manager < CGROUP_MANAGER_COUNT);
	must(s.init.pid >= 0 && state_document(&s, &document, &e) == 0);
}

static void fuzz_settings(const char *text, size_t len)
{
	auto_settings struct settings s = { 0 }, again = { 0 };
	struct err e;

	put("settings.json", text, len);
	if (record_settings(folder, &s, &e) < 0)
		return;
	must(s.restart < RESTART_COUNT && s.seccomp < SECCOMP_PROFILE_COUNT);
	must(record_write_settings(folder, &s, &e) == 0);
	auto_free char *first = get("settings.json");

	must(record_settings(folder, &again, &e) == 0 && record_write_settings(folder, &again, &e) == 0);
	auto_free char *second = get("settings.json");

	must(streq(first, second));
}

static void fuzz_exit(const char *text, size_t len)
{
	auto_exit_record struct exit_record x = { 0 }, again = { 0 };
	struct err e;

	put("exit.json", text, len);
	if (record_exit(folder, &x, &e) <= 0)
		return;
	must(record_write_exit(folder, &x, &e) == 0 && record_exit(folder, &again, &e) == 1);
	must(x.status == again.status && x.restarts == again.restarts && x.oom_killed == again.oom_killed);
}

static void fuzz_run(const char *text, size_t len)
{
	auto_run_record struct run_record r = { 0 }, again = { 0 };
	struct err e;

	put("run.json", text, len);
	if (record_run(folder, &r, &e) <= 0)
		return;
	must(record_write_run(folder, &r, &e) == 0 && record_run(folder, &again, &e) == 1);
	must(r.range_start == again.range_start && r.ports.n == again.ports.n && streq(r.started, again.started));
}

/* The first line is who is looked for, up to an empty line stands passwd, after it group. */
static void fuzz_user(const char *text, size_t len)
{
	auto_arena struct arena arena = { 0 };
	struct spec_user u = { 0 };
	const char *home, *middle, *passwd = memchr(text, '\n', len);
	struct err e;

	if (!passwd)
		return;
	char *who = arena_strndup(&arena, text, (size_t)(passwd - text));

	must(who != NULL);
	middle = strstr(passwd, "\n\n");
	put("etc/passwd", passwd, middle ? (size_t)(middle - passwd) : strlen(passwd));
	put("etc/group", middle ? middle : "", middle ? (size_t)(text + len - middle) : 0);
	if (user_resolve(folder, who, &arena, &u, &home, &e) < 0)
		return;
	must(*home == '/' && u.uid != UINT32_MAX && u.gid != UINT32_MAX);
	for (size_t i = 0; i < u.additional_gids.n; i++)
		must(u.additional_gids.v[i] != UINT32_MAX);
	/* figures are exactly themselves */
	size_t digits = strspn(who, "0123456789");

	if (digits > 0 && (who[digits] == '\0' || who[digits] == ':'))
		must(u.uid == strtoull(who, NULL, 10));
	else
		must(digits == 0);
}

static void fuzz_log(const char *text, size_t len)
{
	struct log_query q = { .tail = UINT64_MAX };
	struct err e;
	auto_free char *out = NULL, *err = NULL;
	size_t out_len = 0, err_len = 0;

	if (len > 0) {
		q.timestamps = text[0] & 1;
		q.tail = text[0] & 2 ? (uint64_t)(text[0] & 0x7f) >> 2 : UINT64_MAX;
		q.since_s = text[0] & 4 ? 1 : 0;
	}
	put(LOG_FILE, text, len);
	FILE *o = open_memstream(&out, &out_len), *r = open_memstream(&err, &err_len);

	must(o && r && log_read(folder, &q, o, r, &e) == 0);
	fclose(o);
	fclose(r);
	must(out_len + err_len <= len);
}

/* What a container writes comes out again as it was, in whatever pieces it came. */
static void fuzz_log_write(const char *text, size_t len)
{
	struct log_query q = { .tail = UINT64_MAX };
	auto_free char *out = NULL, *err = NULL;
	size_t out_len = 0, err_len = 0, step = len ? (unsigned char)text[0] % 7 + 1 : 1;
	struct log log;
	struct err e;

	put(LOG_FILE, "", 0);
	must(log_open(folder, LOG_MAX_BYTES, &log, &e) == 0);
	for (size_t at = 0; at < len && at < 200; at += step)
		log_write(&log, LOG_STDOUT, text + at, MIN(step, MIN(len, (size_t)200) - at));
	log_close(&log);
	FILE *o = open_memstream(&out, &out_len), *r = open_memstream(&err, &err_len);

	must(o && r && log_read(folder, &q, o, r, &e) == 0);
	fclose(o);
	fclose(r);
	must(out_len == MIN(len, (size_t)200) && err_len == 0 && memcmp(out, text, out_len) == 0);
}

static void fuzz_words(const char *text, size_t len)
{
	char *argv[MONITOR_WORDS + 1], *copy = strndup(text, len), *rest = copy;
	struct monitor_words w;
	struct err e;
	int n = 0;
	int64_t v;

	must(copy != NULL);
	while (n <= MONITOR_WORDS && rest)
		argv[n++] = strsep(&rest, " ");
	if (monitor_words(n, argv, &w, &e) == 0)
		for (enum monitor_word i = 0; i < MONITOR_WORDS; i++)
			must(monitor_number(&w, i, &v, &e) < 0 || v >= -1);
	free(copy);
}

static void fuzz_event(const char *text, size_t len)
{
	auto_event struct event v = { 0 }, again = { 0 };
	struct err e;

	if (event_decode(text, len, &v, &e) < 0)
		return;
	must(v.type < EVENT_TYPE_COUNT && v.status < EVENT_STATUS_COUNT);
	json_auto_t *first = NULL, *second = NULL;

	must(event_encode(&v, &first, &e) == 0);
	auto_free char *line = json_dumps(first, JSON_COMPACT);

	must(line && event_decode(line, strlen(line), &again, &e) == 0 && event_encode(&again, &second, &e) == 0);
	must(json_equal(first, second));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const readers[])(const char *, size_t) = {
		fuzz_state, fuzz_settings, fuzz_exit, fuzz_run, fuzz_user, fuzz_log, fuzz_log_write, fuzz_words,
		fuzz_event,
	};

	if (size < 1)
		return 0;
	if (folder < 0)
		make_folder();
	char *text = malloc(size);

	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	readers[(uint8_t)(data[0] - '0') % ARRAY_SIZE(readers)](text, size - 1);
	free(text);
	return 0;
}
