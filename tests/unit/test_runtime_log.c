// SPDX-License-Identifier: Apache-2.0
/* A container's log: lines and pieces, what is put aside, and what of it is shown. */
#include <time.h>

#include "runtime_world.h"

#include "base/timestamp.h"
#include "runtime/log.h"

struct shown {
	char *out, *err;
	size_t out_len, err_len;
};

static void free_shown(struct shown *s)
{
	free(s->out);
	free(s->err);
}
#define auto_shown __attribute__((cleanup(free_shown)))

static struct shown show(int dir, struct log_query q)
{
	struct shown s = { 0 };
	FILE *out = open_memstream(&s.out, &s.out_len), *err = open_memstream(&s.err, &s.err_len);
	struct err e;

	OK(log_read(dir, &q, out, err, &e));
	fclose(out);
	fclose(err);
	return s;
}

static void write_text(struct log *l, enum log_stream stream, const char *text)
{
	log_write(l, stream, text, strlen(text));
}

static struct log open_it(const struct world *w, uint64_t max)
{
	struct log l;
	struct err e;

	OK(log_open(w->dir, max, &l, &e));
	return l;
}

static const struct log_query all = { .tail = UINT64_MAX };

static void test_streams_and_pieces(void **state)
{
	auto_world struct world w = world_make();
	struct log l = open_it(&w, LOG_MAX_BYTES);

	(void)state;
	write_text(&l, LOG_STDOUT, "one\ntwo\nthr");
	write_text(&l, LOG_STDERR, "wrong\n");
	write_text(&l, LOG_STDOUT, "ee\n\nend");
	log_close(&l);
	auto_shown struct shown s = show(w.dir, all);

	assert_string_equal(s.out, "one\ntwo\nthree\n\nend");
	assert_string_equal(s.err, "wrong\n");
	/* on disk: RFC 3339, stream, F or P, text */
	auto_free char *text = NULL;
	struct err e;
	int64_t t;

	OK(file_read(w.dir, LOG_FILE, 1 << 20, &text, NULL, &e));
	assert_int_equal(timestamp_parse(text, &t), 0);
	assert_true(t > time(NULL) - 60 && t <= time(NULL) + 1); /* time(2) lags behind the clock of the log by a tick */
	assert_non_null(strstr(text, " stdout F one\n"));
	assert_non_null(strstr(text, " stdout P thr\n"));
	assert_non_null(strstr(text, " stderr F wrong\n"));
	assert_non_null(strstr(text, " stdout F \n"));
}

static void test_any_byte(void **state)
{
	static const char data[] = "a\0b\xff\x1b[31m\r\nnext\n\0";
	auto_world struct world w = world_make();
	struct log l = open_it(&w, LOG_MAX_BYTES);

	(void)state;
	log_write(&l, LOG_STDOUT, data, sizeof(data) - 1);
	log_close(&l);
	auto_shown struct shown s = show(w.dir, all);

	assert_int_equal(s.out_len, sizeof(data) - 1);
	assert_memory_equal(s.out, data, sizeof(data) - 1);
}

static void test_tail(void **state)
{
	auto_world struct world w = world_make();
	struct log l = open_it(&w, 400); /* several times put aside */
	char line[32];

	(void)state;
	for (int i = 0; i < 12; i++) {
		snprintf(line, sizeof(line), "line %d\n", i);
		write_text(&l, i % 2 ? LOG_STDERR : LOG_STDOUT, line);
	}
	log_close(&l);
	auto_shown struct shown two = show(w.dir, (struct log_query){ .tail = 2 });
	auto_shown struct shown none = show(w.dir, (struct log_query){ .tail = 0 });
	auto_shown struct shown many = show(w.dir, (struct log_query){ .tail = 1000 });

	assert_string_equal(two.out, "line 10\n");
	assert_string_equal(two.err, "line 11\n");
	assert_int_equal(none.out_len + none.err_len, 0);
	assert_true(many.out_len > two.out_len);
}

static void test_rotation(void **state)
{
	auto_world struct world w = world_make();
	struct log l = open_it(&w, 1000);
	struct stat now, old;
	char line[32];

	(void)state;
	for (int i = 0; i < 200; i++) {
		snprintf(line, sizeof(line), "%d\n", i);
		write_text(&l, LOG_STDOUT, line);
	}
	log_close(&l);
	assert_true(fstatat(w.dir, LOG_FILE, &now, 0) == 0 && fstatat(w.dir, LOG_OLD_FILE, &old, 0) == 0);
	assert_true(now.st_size <= 1100 && old.st_size <= 1100);
	assert_int_equal(now.st_mode & 07777, 0600);
	auto_shown struct shown s = show(w.dir, all);
	int last = 200;
	char *end = s.out + s.out_len;

	/* a run of numbers without a gap, up to the last one */
	while (end > s.out) {
		end[-1] = '\0';
		char *begin = strrchr(s.out, '\n');

		begin = begin ? begin + 1 : s.out;
		assert_int_equal(atoi(begin), --last);
		end = begin;
	}
	assert_true(last > 100 && last < 190);
	/* opened again it goes on where it was */
	l = open_it(&w, 1000);
	assert_int_equal(l.bytes, now.st_size);
	log_close(&l);
}

static void test_since_until(void **state)
{
	static const char text[] = "2026-11-22T01:00:00.000000000Z stdout F old\n"
				   "2026-11-22T02:00:00.500000000Z stdout F middle\n"
				   "garbage\n"
				   "2026-11-22T03:00:00.000000000Z stderr F new\n"
				   "2026-11-22T03:00:00.0000"; /* cut short by a crash */
	auto_world struct world w = world_make();
	int64_t from, to;

	(void)state;
	put_file(w.dir, LOG_FILE, text);
	assert_int_equal(timestamp_parse("2026-11-22T02:00:00Z", &from), 0);
	assert_int_equal(timestamp_parse("2026-11-22T02:30:00Z", &to), 0);
	auto_shown struct shown since = show(w.dir, (struct log_query){ .tail = UINT64_MAX, .since_s = from });
	auto_shown struct shown until = show(w.dir, (struct log_query){ .tail = UINT64_MAX, .until_s = to });
	auto_shown struct shown both = show(w.dir, (struct log_query){ .tail = UINT64_MAX, .since_s = from, .until_s = to,
								       .timestamps = true });

	assert_string_equal(since.out, "middle\n");
	assert_string_equal(since.err, "new\n");
	assert_string_equal(until.out, "old\nmiddle\n");
	assert_int_equal(until.err_len, 0);
	assert_string_equal(both.out, "2026-11-22T02:00:00.500000000Z middle\n");
}

static void test_odd_lines(void **state)
{
	static const char text[] = "\n \n  \nx\nx y\nx y z\nx y F\nx stdout F\nx stdout Fy\n"
				   "x stdout F ok\nx stderr P a\nx other F o\n";
	auto_world struct world w = world_make();

	(void)state;
	put_file(w.dir, LOG_FILE, text);
	auto_shown struct shown s = show(w.dir, all);

	assert_string_equal(s.out, "ok\no\n");
	assert_string_equal(s.err, "a");
	/* no log at all is an empty one; a link is none of ours */
	assert_int_equal(unlinkat(w.dir, LOG_FILE, 0), 0);
	auto_shown struct shown none = show(w.dir, all);

	assert_int_equal(none.out_len + none.err_len, 0);
	assert_int_equal(symlinkat("/etc/passwd", w.dir, LOG_FILE), 0);
	auto_shown struct shown link = show(w.dir, all);

	assert_int_equal(link.out_len, 0);
	struct log l;
	struct err e;

	assert_true(log_open(w.dir, 1, &l, &e) < 0);
}

struct writer {
	struct log log;
	int step;
};

/* What a container does between two looks: half a line, its rest, and so much that the file is put aside. */
static int write_a_step(void *arg)
{
	struct writer *w = arg;
	char line[32];

	switch (w->step++) {
	case 0:
		assert_int_equal(write(w->log.fd, "2026-11-22T01:00:00Z stdout F ha", 32), 32);
		return 1;
	case 1:
		assert_int_equal(write(w->log.fd, "lf\n", 3), 3);
		return 1;
	case 2:
		for (int i = 0; i < 20; i++) {
			snprintf(line, sizeof(line), "%d\n", i);
			write_text(&w->log, LOG_STDOUT, line);
		}
		return 1;
	default:
		write_text(&w->log, LOG_STDERR, "last\n");
		return 0;
	}
}

static void test_follow(void **state)
{
	auto_world struct world w = world_make();
	struct writer writer = { .log = open_it(&w, 500) };
	char expected[256] = "first\nhalf\n";

	(void)state;
	write_text(&writer.log, LOG_STDOUT, "first\n");
	auto_shown struct shown s = show(w.dir, (struct log_query){ .tail = UINT64_MAX, .follow = true,
								    .running = write_a_step, .arg = &writer });

	log_close(&writer.log);
	for (int i = 0; i < 20; i++)
		snprintf(expected + strlen(expected), sizeof(expected) - strlen(expected), "%d\n", i);
	assert_string_equal(s.out, expected);
	assert_string_equal(s.err, "last\n");
	assert_true(is_there(w.dir, LOG_OLD_FILE));
}

/* A full disk loses lines, nothing else. */
static void test_write_fails(void **state)
{
	struct log l = { .dir = -1, .fd = open("/dev/full", O_WRONLY | O_CLOEXEC), .config = { .max_bytes = 100 } };

	(void)state;
	write_text(&l, LOG_STDOUT, "lost\n");
	assert_int_equal(l.bytes, 0);
	log_close(&l);
	write_text(&l, LOG_STDOUT, "nowhere\n");
	assert_int_equal(l.fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_streams_and_pieces), cmocka_unit_test(test_any_byte),
		cmocka_unit_test(test_tail),		   cmocka_unit_test(test_rotation),
		cmocka_unit_test(test_since_until),	   cmocka_unit_test(test_odd_lines),
		cmocka_unit_test(test_follow),		   cmocka_unit_test(test_write_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
