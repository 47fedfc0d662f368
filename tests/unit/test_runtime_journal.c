// SPDX-License-Identifier: Apache-2.0
/* The journal of events: what was told is read, by many writers at once too, and over the renames of a file that is full. */
#include "runtime_world.h"

#include "runtime/journal.h"

struct seen {
	unsigned n;
	char name[64], text[1024];
	/* of many writers: how many there are, how much each tells, how much has come of each */
	unsigned writers, each, of_writer[8];
	bool in_order;
	pid_t pid;
	const struct engine *g;
};

static struct event event_named(const char *name)
{
	return (struct event){ .type = EVENT_VOLUME, .status = EVENT_CREATE, .name = (char *)name };
}

static void tell(const struct engine *g, const char *name)
{
	const struct event v = event_named(name);

	journal_tell(g, &v);
}

/* The event's text, as JSON without its times. */
static int keep(const struct event *v, void *arg, struct err *e)
{
	struct seen *s = arg;
	json_auto_t *object = NULL;
	int r = event_encode(v, &object, e);

	if (r < 0)
		return r;
	(void)json_object_del(object, "time");
	(void)json_object_del(object, "timeNano");
	auto_free char *text = json_dumps(object, JSON_COMPACT);

	snprintf(s->text, sizeof(s->text), "%s", text);
	snprintf(s->name, sizeof(s->name), "%s", v->name ? v->name : "");
	s->n++;
	return 0;
}

static struct seen read_all(const struct engine *g)
{
	struct seen s = { 0 };
	const struct journal_query q = { .old = true, .f = keep, .arg = &s };
	struct err e;

	OK(journal_read(g, &q, &e));
	return s;
}

static void what_was_told_is_read(void **state)
{
	auto_world struct world w = world_make();
	const struct engine g = { .data = w.dir };
	struct spec_pair labels[] = { { (char *)"oomKilled", (char *)"true" }, { (char *)"a", (char *)"\nb\"" } };
	struct settings s = {
		.id = (char *)"abc", .name = (char *)"box", .image = (char *)"host", .labels = { labels, ARRAY_SIZE(labels) },
	};
	struct event v = event_of(&s, EVENT_DIED);

	(void)state;
	v.exit_code = (struct opt_u32){ true, 137 };
	v.detail = (struct spec_pair){ (char *)"oomKilled", (char *)"false" };
	assert_int_equal(read_all(&g).n, 0); /* nothing was told yet, and that is no error */
	journal_tell(&g, &v);
	assert_int_equal(labels[0].value[0], 't');
	struct seen seen = read_all(&g);

	assert_int_equal(seen.n, 1);
	/* a label does not pass for our own word */
	assert_string_equal(seen.text,
			    "{\"ContainerExitCode\":137,\"ID\":\"abc\",\"Image\":\"host\",\"Name\":\"box\",\"Status\":\"died\","
			    "\"Type\":\"container\",\"Attributes\":{\"oomKilled\":\"false\",\"a\":\"\\nb\\\"\"}}");
}

static void a_time_is_the_same_in_both_units(void **state)
{
	static const char text[] = "{\"Status\":\"tag\",\"time\":5,\"timeNano\":5000000007,\"Type\":\"image\",\"Attributes\":{}}";
	auto_event struct event v = { 0 };
	struct err e;

	(void)state;
	OK(event_decode(text, strlen(text), &v, &e));
	assert_int_equal(v.type, EVENT_IMAGE);
	assert_int_equal(v.status, EVENT_TAG);
	assert_int_equal(v.time_s, 5);
	assert_int_equal(v.time_ns, 5000000007);
	assert_false(v.exit_code.set);
}

static void labels_that_are_too_long_are_left_out(void **state)
{
	auto_world struct world w = world_make();
	const struct engine g = { .data = w.dir };
	auto_free char *text = calloc(1, JOURNAL_LINE_MAX + 1);
	struct spec_pair label = { (char *)"long", text };
	struct settings s = {
		.id = (char *)"abc", .name = (char *)"box", .image = (char *)"host", .labels = { &label, 1 },
	};
	struct event v = event_of(&s, EVENT_KILL);

	(void)state;
	memset(text, 'x', JOURNAL_LINE_MAX);
	v.detail = (struct spec_pair){ (char *)"signal", (char *)"9" };
	journal_tell(&g, &v);
	journal_container(&g, &s, EVENT_START);
	struct seen seen = read_all(&g);

	assert_int_equal(seen.n, 2);
	assert_string_equal(seen.text, "{\"ID\":\"abc\",\"Image\":\"host\",\"Name\":\"box\",\"Status\":\"start\","
				       "\"Type\":\"container\",\"Attributes\":{}}");
}

static void lines_that_are_no_events_are_passed_over(void **state)
{
	auto_world struct world w = world_make();
	const struct engine g = { .data = w.dir };
	struct seen seen;

	(void)state;
	tell(&g, "first");
	auto_fd int fd = openat(w.dir, JOURNAL_FILE, O_WRONLY | O_APPEND | O_CLOEXEC);
	static const char junk[] = "\n{}\nnull\n{\"Type\":\"star\"}\n\377\n{\"Status\":\"create\",\"ti\n";

	assert_int_equal(fd_write_all(fd, junk, strlen(junk)), 0);
	tell(&g, "second");
	seen = read_all(&g);
	assert_int_equal(seen.n, 2);
	assert_string_equal(seen.name, "second");
	assert_int_equal(fd_write_all(fd, "{\"Status\":", 10), 0); /* one that is being written */
	assert_int_equal(read_all(&g).n, 2);
}

static void bounds_of_time_hold(void **state)
{
	auto_world struct world w = world_make();
	const struct engine g = { .data = w.dir };
	static const char lines[] = "{\"Status\":\"tag\",\"time\":1,\"timeNano\":1000000000,\"Type\":\"image\",\"Attributes\":{}}\n"
				    "{\"Status\":\"tag\",\"time\":2,\"timeNano\":2000000000,\"Type\":\"image\",\"Attributes\":{}}\n"
				    "{\"Status\":\"tag\",\"time\":3,\"timeNano\":3000000000,\"Type\":\"image\",\"Attributes\":{}}\n";
	static const struct {
		uint64_t since_ns, until_ns;
		unsigned n;
	} cases[] = {
		{ 0, 0, 3 },
		{ 2000000000, 0, 2 },
		{ 2000000001, 0, 1 },
		{ 0, 2000000000, 2 },
		{ 0, 1999999999, 1 },
		{ 2000000000, 2000000000, 1 },
		{ 4000000000, 0, 0 },
	};
	struct err e;

	(void)state;
	put_file(w.dir, JOURNAL_FILE, lines);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		for (int follow = 0; follow < (cases[i].until_ns ? 2 : 1); follow++) { /* its end is past: it does not wait */
			struct seen s = { 0 };
			const struct journal_query q = {
				.old = true, .follow = follow, .since_ns = cases[i].since_ns, .until_ns = cases[i].until_ns,
				.f = keep, .arg = &s,
			};

			OK(journal_read(&g, &q, &e));
			assert_int_equal(s.n, cases[i].n);
		}
}

static off_t size_of(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, 0) == 0 ? st.st_size : -1;
}

static void a_full_file_is_put_aside_and_still_read(void **state)
{
	auto_world struct world w = world_make();
	const struct engine g = { .data = w.dir };
	unsigned told = 0;
	char name[64];

	(void)state;
	do {
		snprintf(name, sizeof(name), "%u", told++);
		tell(&g, name);
	} while (!is_there(w.dir, JOURNAL_OLD_FILE));
	assert_true(size_of(w.dir, JOURNAL_OLD_FILE) >= JOURNAL_MAX_BYTES);
	assert_true(size_of(w.dir, JOURNAL_OLD_FILE) < JOURNAL_MAX_BYTES + JOURNAL_LINE_MAX);
	assert_false(is_there(w.dir, JOURNAL_FILE));
	assert_int_equal(read_all(&g).n, told); /* with that file alone, too */
	tell(&g, "next");
	struct seen seen = read_all(&g);

	assert_int_equal(seen.n, told + 1);
	assert_string_equal(seen.name, "next");
}

static void what_cannot_be_written_fails_nobody(void **state)
{
	auto_world struct world w = world_make();
	const struct engine g = { .data = w.dir };
	unsigned fds = open_fds();

	(void)state;
	make_folder_in(w.dir, JOURNAL_FILE);
	tell(&g, "one");
	tell(&(struct engine){ .data = -1 }, "two");
	tell(&g, "\377"); /* no text: JSON cannot hold it */
	assert_int_equal(open_fds(), fds);
}

static _Noreturn void write_many(const struct engine *g, unsigned which, unsigned each)
{
	char name[64];

	for (unsigned i = 0; i < each; i++) {
		snprintf(name, sizeof(name), "%u %u", which, i);
		tell(g, name);
	}
	_exit(0);
}

/* All at once; "end" when the last one is through. */
static _Noreturn void start_writers(const struct seen *s)
{
	for (unsigned k = 0; k < s->writers; k++)
		if (fork() == 0)
			write_many(s->g, k, s->each);
	while (wait(NULL) > 0)
		;
	tell(s->g, "end");
	_exit(0);
}

/* Each writer's events come all, once, in their order. */
static int count(const struct event *v, void *arg, struct err *e)
{
	struct seen *s = arg;
	unsigned which, i;

	if (streq(v->name, "begin")) {
		s->pid = fork();
		if (s->pid == 0)
			start_writers(s);
	}
	if (sscanf(v->name, "%u %u", &which, &i) == 2)
		s->in_order &= s->of_writer[which]++ == i;
	return streq(v->name, "end") ? err_say(e, ECANCELED, "that was all") : 0;
}

static void who_follows_gets_all_from_many_writers_over_renames(void **state)
{
	auto_world struct world w = world_make();
	const struct engine g = { .data = w.dir };
	/* about 110 bytes each: the file is put aside twice */
	struct seen s = { .g = &g, .writers = 4, .each = 5500, .in_order = true };
	const struct journal_query q = { .old = true, .follow = true, .f = count, .arg = &s };
	unsigned fds = open_fds();
	struct err e;

	(void)state;
	tell(&g, "begin");
	FAILS(journal_read(&g, &q, &e), ECANCELED);
	assert_int_equal(waitpid(s.pid, NULL, 0), s.pid);
	for (unsigned i = 0; i < s.writers; i++)
		assert_int_equal(s.of_writer[i], s.each);
	assert_true(s.in_order);
	assert_true(size_of(w.dir, JOURNAL_OLD_FILE) >= JOURNAL_MAX_BYTES);
	assert_int_equal(open_fds(), fds);
}

struct renamed {
	const struct engine *g;
	int first; /* the first file, which somebody still has open */
	char names[128];
};

static void put_aside(const struct engine *g)
{
	assert_int_equal(renameat(g->data, JOURNAL_FILE, g->data, JOURNAL_OLD_FILE), 0);
}

/* A line in a file that was put aside, by one who had opened it before; then a file that is put aside before anybody looks. */
static int rename_meanwhile(const struct event *v, void *arg, struct err *e)
{
	static const char late[] = "{\"Status\":\"tag\",\"time\":1,\"timeNano\":1,\"Name\":\"late\",\"Type\":\"image\","
				   "\"Attributes\":{}}\n";
	struct renamed *r = arg;

	strcat(strcat(r->names, v->name), " ");
	if (streq(v->name, "first")) {
		put_aside(r->g);
		tell(r->g, "second");
	}
	if (streq(v->name, "second"))
		assert_int_equal(fd_write_all(r->first, late, strlen(late)), 0);
	if (streq(v->name, "late")) {
		put_aside(r->g);
		tell(r->g, "third");
		put_aside(r->g);
		tell(r->g, "fourth");
	}
	return streq(v->name, "fourth") ? err_say(e, ECANCELED, "that was all") : 0;
}

static void who_follows_misses_no_file_and_no_late_line(void **state)
{
	auto_world struct world w = world_make();
	const struct engine g = { .data = w.dir };
	struct renamed r = { .g = &g };
	const struct journal_query q = { .old = true, .follow = true, .f = rename_meanwhile, .arg = &r };
	struct err e;

	(void)state;
	tell(&g, "first");
	auto_fd int first = openat(w.dir, JOURNAL_FILE, O_WRONLY | O_APPEND | O_CLOEXEC);

	r.first = first;
	FAILS(journal_read(&g, &q, &e), ECANCELED);
	assert_string_equal(r.names, "first second late third fourth ");
}

static int stop_at_first(const struct event *v, void *arg, struct err *e)
{
	snprintf(arg, 64, "%s", v->name);
	return err_say(e, ECANCELED, "one is enough");
}

static void who_follows_from_now_on_gets_nothing_old(void **state)
{
	auto_world struct world w = world_make();
	const struct engine g = { .data = w.dir };
	char name[64] = "";
	const struct journal_query q = { .follow = true, .f = stop_at_first, .arg = name };
	struct err e;

	(void)state;
	for (int aside = 0; aside < 2; aside++) { /* also where the only file has just been put aside */
		tell(&g, "old");
		if (aside)
			assert_int_equal(renameat(w.dir, JOURNAL_FILE, w.dir, JOURNAL_OLD_FILE), 0);
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0)
			for (;; usleep(1000)) /* whenever the other one has begun */
				tell(&g, "new");
		FAILS(journal_read(&g, &q, &e), ECANCELED);
		end_child(pid);
		assert_string_equal(name, "new");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_told_is_read),
		cmocka_unit_test(a_time_is_the_same_in_both_units),
		cmocka_unit_test(labels_that_are_too_long_are_left_out),
		cmocka_unit_test(lines_that_are_no_events_are_passed_over),
		cmocka_unit_test(bounds_of_time_hold),
		cmocka_unit_test(a_full_file_is_put_aside_and_still_read),
		cmocka_unit_test(what_cannot_be_written_fails_nobody),
		cmocka_unit_test(who_follows_gets_all_from_many_writers_over_renames),
		cmocka_unit_test(who_follows_misses_no_file_and_no_late_line),
		cmocka_unit_test(who_follows_from_now_on_gets_nothing_old),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
