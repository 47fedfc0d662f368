// SPDX-License-Identifier: Apache-2.0
/*
 * paene-systemd: asks systemd, over the bus, for what cgroups/systemd.c needs. It stands alone, so that no other program has
 * to load the bus's library.
 *
 *	paene-systemd system|user start UNIT PROPERTY…	make a transient unit, and wait until it is there
 *	paene-systemd system|user anchor UNIT PROPERTY…	the same for a scope, with a process in it that stays (paene-init)
 *	paene-systemd system|user set UNIT PROPERTY…	change its properties, until it ends
 *	paene-systemd system|user attach UNIT PID	move a process into it
 *	paene-systemd system|user stop UNIT		end it, and forget that it failed; one that is not there is fine
 *	paene-systemd system|user where			print systemd's own cgroup
 *
 * PROPERTY: NAME=SIGNATURE:VALUE; the elements of an array stand on lines of their own, the members of a structure are
 * parted by a blank. NAME?=… is left out where systemd does not know it.
 *
 * The status is 0, or 1 with the reason as one line on standard output.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

#define MANAGER	     "org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager"
#define JOB_SECONDS  30
#define SECOND_US    UINT64_C(1000000)

struct context {
	sd_bus *bus;
	char **words; /* after the verb */
	char first[32];	    /* a property before those; "": none */
	const char *job;    /* waited for */
	char result[32];    /* of that job; "": not yet */
	char error[512];    /* the reason of a failure */
};

static int fail(struct context *c, int r, const char *what, const sd_bus_error *error)
{
	const char *why = error && error->message ? error->message : strerror(-r);

	snprintf(c->error, sizeof(c->error), "%s: %s", what, why);
	return r < 0 ? r : -EIO;
}

/* ---- values ---- */

static int append_number(sd_bus_message *m, char type, const char *text)
{
	char *end;

	errno = 0;
	if (type == 'd') {
		double v = strtod(text, &end);

		return *end || end == text ? -EINVAL : sd_bus_message_append_basic(m, type, &v);
	}
	bool negative = *text == '-';
	uint64_t u = strtoull(text, &end, 10);
	int64_t v = negative ? strtoll(text, &end, 10) : (int64_t)u;

	if (errno || *end || end == text)
		return -EINVAL;
	switch (type) {
	case 'y':
		return negative || u > UINT8_MAX ? -ERANGE : sd_bus_message_append(m, "y", (int)u);
	case 'n':
		return v < INT16_MIN || v > INT16_MAX ? -ERANGE : sd_bus_message_append(m, "n", (int)v);
	case 'q':
		return negative || u > UINT16_MAX ? -ERANGE : sd_bus_message_append(m, "q", (int)u);
	case 'i':
		return v < INT32_MIN || v > INT32_MAX ? -ERANGE : sd_bus_message_append(m, "i", (int)v);
	case 'u':
		return negative || u > UINT32_MAX ? -ERANGE : sd_bus_message_append(m, "u", (uint32_t)u);
	case 'x':
		return !negative && u > INT64_MAX ? -ERANGE : sd_bus_message_append(m, "x", v);
	case 't':
		return negative ? -ERANGE : sd_bus_message_append(m, "t", u);
	default:
		return -EINVAL;
	}
}

static int append_one(sd_bus_message *m, char type, const char *text)
{
	if (type == 's')
		return sd_bus_message_append(m, "s", text);
	if (type == 'b')
		return sd_bus_message_append(m, "b", strcmp(text, "1") == 0);
	return append_number(m, type, text);
}

/* "A B" as the structure (XY) */
static int append_structure(sd_bus_message *m, const char *signature, char *text)
{
	const char members[] = { signature[1], signature[2], '\0' };
	char *blank = strrchr(text, ' ');

	if (!blank || strlen(signature) != 4)
		return -EINVAL;
	*blank = '\0';
	int r = sd_bus_message_open_container(m, SD_BUS_TYPE_STRUCT, members);

	if (r >= 0)
		r = append_one(m, members[0], text);
	if (r >= 0)
		r = append_one(m, members[1], blank + 1);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_array(sd_bus_message *m, const char *element, char *text)
{
	int r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, element);

	for (char *line; r >= 0 && *text && (line = strsep(&text, "\n"));) {
		r = *element == '(' ? append_structure(m, element, line) : append_one(m, *element, line);
		if (!text)
			break;
	}
	return r < 0 ? r : sd_bus_message_close_container(m);
}

/* @property: taken apart */
static int append_property(sd_bus_message *m, char *property)
{
	char *signature = strchr(property, '='), *value = signature ? strchr(signature, ':') : NULL;

	if (!value)
		return -EINVAL;
	*signature++ = *value++ = '\0';
	property[strcspn(property, "?")] = '\0';
	int r = sd_bus_message_open_container(m, SD_BUS_TYPE_STRUCT, "sv");

	if (r >= 0)
		r = sd_bus_message_append(m, "s", property);
	if (r >= 0)
		r = sd_bus_message_open_container(m, SD_BUS_TYPE_VARIANT, signature);
	if (r >= 0 && *signature == 'a')
		r = append_array(m, signature + 1, value);
	else if (r >= 0)
		r = signature[1] ? -EINVAL : append_one(m, *signature, value);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

static bool is_optional(const char *property)
{
	return property[strcspn(property, "?=")] == '?';
}

static int append_properties(struct context *c, sd_bus_message *m, bool optional_too)
{
	char first[sizeof(c->first)];
	int r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "(sv)");

	snprintf(first, sizeof(first), "%s", c->first);
	if (r >= 0 && *first)
		r = append_property(m, first);
	for (char **p = c->words + 1; r >= 0 && *p; p++) {
		char *copy;

		if (is_optional(*p) && !optional_too)
			continue;
		copy = strdup(*p);
		r = copy ? append_property(m, copy) : -ENOMEM;
		free(copy);
		if (r < 0)
			return fail(c, r, *p, NULL);
	}
	return r < 0 ? r : sd_bus_message_close_container(m);
}

/* ---- jobs ---- */

static int job_removed(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct context *c = arg;
	const char *job, *unit, *result;
	uint32_t id;

	(void)error;
	if (sd_bus_message_read(m, "uoss", &id, &job, &unit, &result) >= 0 && c->job && strcmp(job, c->job) == 0)
		snprintf(c->result, sizeof(c->result), "%s", result);
	return 0;
}

/* Before the job is made: none of the signals may be missed. */
static int listen_for_jobs(struct context *c)
{
	int r = sd_bus_match_signal(c->bus, NULL, MANAGER, "JobRemoved", job_removed, c);

	if (r >= 0)
		r = sd_bus_call_method(c->bus, MANAGER, "Subscribe", NULL, NULL, NULL);
	return r < 0 ? fail(c, r, "listen to its jobs", NULL) : 0;
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND_US + (uint64_t)t.tv_nsec / 1000;
}

/* @reply: of the call that made the job */
static int wait_for_job(struct context *c, sd_bus_message *reply)
{
	uint64_t end = now_us() + JOB_SECONDS * SECOND_US;
	int r = sd_bus_message_read(reply, "o", &c->job);

	while (r >= 0 && !*c->result) {
		r = sd_bus_process(c->bus, NULL);
		if (r != 0)
			continue;
		uint64_t now = now_us();

		if (now >= end)
			return fail(c, -ETIMEDOUT, "its job has not ended", NULL);
		r = sd_bus_wait(c->bus, end - now);
	}
	if (r < 0)
		return fail(c, r, "wait for its job", NULL);
	if (strcmp(c->result, "done") == 0)
		return 0;
	snprintf(c->error, sizeof(c->error), "its job ended with \"%s\"", c->result);
	return -EIO;
}

/* ---- verbs ---- */

static void reset_failed(struct context *c)
{
	(void)sd_bus_call_method(c->bus, MANAGER, "ResetFailedUnit", NULL, NULL, "s", c->words[0]); /* mostly it has not */
}

static int call_start(struct context *c, bool optional_too, sd_bus_error *error, sd_bus_message **reply)
{
	sd_bus_message *m = NULL;
	int r = sd_bus_message_new_method_call(c->bus, &m, MANAGER, "StartTransientUnit");

	if (r >= 0)
		r = sd_bus_message_append(m, "ss", c->words[0], "fail");
	if (r >= 0)
		r = append_properties(c, m, optional_too);
	if (r >= 0)
		r = sd_bus_message_append(m, "a(sa(sv))", 0);
	if (r >= 0) {
		sd_bus_error_free(error);
		r = sd_bus_call(c->bus, m, 0, error, reply);
	}
	sd_bus_message_unref(m);
	return r;
}

static int start(struct context *c)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	int r = listen_for_jobs(c);

	if (r < 0)
		return r;
	r = call_start(c, true, &error, &reply);
	/* of an earlier container of this name, which systemd remembers because it failed */
	if (sd_bus_error_has_name(&error, "org.freedesktop.systemd1.UnitExists")) {
		reset_failed(c);
		r = call_start(c, true, &error, &reply);
	}
	if (sd_bus_error_has_name(&error, SD_BUS_ERROR_PROPERTY_READ_ONLY)) /* its word for unknown ones */
		r = call_start(c, false, &error, &reply);
	r = r < 0 ? (*c->error ? r : fail(c, r, c->words[0], &error)) : wait_for_job(c, reply);
	if (r < 0 && reply)
		reset_failed(c);
	sd_bus_message_unref(reply);
	sd_bus_error_free(&error);
	return r;
}

/* Nothing of the caller's stays with it: no descriptors, no session. */
static _Noreturn void become_anchor(void)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - sizeof("/paene-init"));
	char *slash = n > 0 ? memrchr(path, '/', (size_t)n) : NULL;
	int null_fd = open("/dev/null", O_RDWR);

	for (int fd = 0; fd < 3 && null_fd >= 0; fd++)
		(void)dup2(null_fd, fd);
	(void)close_range(3, ~0U, 0);
	(void)setsid();
	if (slash && chdir("/") == 0) {
		memcpy(slash, "/paene-init", sizeof("/paene-init"));
		execl(path, "paene-init", NULL);
	}
	_exit(EXIT_FAILURE);
}

static int anchor(struct context *c)
{
	pid_t pid = fork();

	if (pid < 0)
		return fail(c, -errno, "start a process that stays", NULL);
	if (pid == 0)
		become_anchor();
	snprintf(c->first, sizeof(c->first), "PIDs=au:%d", pid);
	int r = start(c);

	if (r < 0)
		(void)kill(pid, SIGKILL);
	return r;
}

static int call_set(struct context *c, bool optional_too, sd_bus_error *error)
{
	sd_bus_message *m = NULL;
	int r = sd_bus_message_new_method_call(c->bus, &m, MANAGER, "SetUnitProperties");

	if (r >= 0)
		r = sd_bus_message_append(m, "sb", c->words[0], 1);
	if (r >= 0)
		r = append_properties(c, m, optional_too);
	if (r >= 0) {
		sd_bus_error_free(error);
		r = sd_bus_call(c->bus, m, 0, error, NULL);
	}
	sd_bus_message_unref(m);
	return r;
}

static int set(struct context *c)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r = call_set(c, true, &error);

	if (sd_bus_error_has_name(&error, SD_BUS_ERROR_PROPERTY_READ_ONLY))
		r = call_set(c, false, &error);
	if (r < 0 && !*c->error)
		fail(c, r, c->words[0], &error);
	sd_bus_error_free(&error);
	return r;
}

static int attach(struct context *c)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	uint32_t pid = c->words[1] ? (uint32_t)strtoul(c->words[1], NULL, 10) : 0;
	int r = sd_bus_call_method(c->bus, MANAGER, "AttachProcessesToUnit", &error, NULL, "ssau", c->words[0], "/", 1, pid);

	if (r < 0)
		fail(c, r, c->words[0], &error);
	sd_bus_error_free(&error);
	return r;
}

static int stop(struct context *c)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	int r = listen_for_jobs(c);

	if (r < 0)
		return r;
	r = sd_bus_call_method(c->bus, MANAGER, "StopUnit", &error, &reply, "ss", c->words[0], "replace");
	if (sd_bus_error_has_name(&error, "org.freedesktop.systemd1.NoSuchUnit"))
		r = 0;
	else
		r = r < 0 ? fail(c, r, c->words[0], &error) : wait_for_job(c, reply);
	reset_failed(c);
	sd_bus_message_unref(reply);
	sd_bus_error_free(&error);
	return r;
}

static int where(struct context *c)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	char *path = NULL;
	int r = sd_bus_get_property_string(c->bus, MANAGER, "ControlGroup", &error, &path);

	if (r < 0)
		fail(c, r, "its own cgroup", &error);
	else
		puts(path);
	free(path);
	sd_bus_error_free(&error);
	return r;
}

static const struct {
	const char *name;
	int min_words;
	int (*run)(struct context *c);
} verbs[] = {
	{ "start", 1, start }, { "anchor", 1, anchor }, { "set", 1, set }, { "attach", 2, attach }, { "stop", 1, stop }, { "where", 0, where },
};

/* A machine may do without a bus: root can talk to systemd itself, as systemctl(1) does. */
static int open_directly(struct context *c)
{
	int r = sd_bus_new(&c->bus);

	if (r >= 0)
		r = sd_bus_set_address(c->bus, "unix:path=/run/systemd/private");
	return r < 0 ? r : sd_bus_start(c->bus);
}

static int open_bus(struct context *c, const char *which)
{
	bool user = strcmp(which, "user") == 0;
	int r = user ? sd_bus_open_user(&c->bus) : sd_bus_open_system(&c->bus);

	if (r >= 0 || (!user && open_directly(c) >= 0))
		return 0;
	fail(c, r, user ? "the user's bus (DBUS_SESSION_BUS_ADDRESS or XDG_RUNTIME_DIR says where it is)" : "the system's bus",
	     NULL);
	return r;
}

int main(int argc, char **argv)
{
	struct context c = { .words = argv + (argc > 3 ? 3 : argc) };
	int r = -EINVAL;

	for (size_t i = 0; argc > 2 && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(argv[2], verbs[i].name) != 0 || argc - 3 < verbs[i].min_words)
			continue;
		r = open_bus(&c, argv[1]);
		if (r >= 0)
			r = verbs[i].run(&c);
		sd_bus_unref(c.bus);
		break;
	}
	if (r < 0)
		puts(*c.error ? c.error : "paene starts this program, people do not");
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
