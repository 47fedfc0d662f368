// SPDX-License-Identifier: Apache-2.0
#include "network/cni_plugin.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/arena.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "spec/decode.h"
#include "spec/text.h"

#define ANSWER_MAX (1 << 20)
#define WORDS_MAX  4096
#define VARIABLES  8

/* What it says on one of its streams: the first bytes; what comes after is read, and forgotten. */
struct stream {
	int fd;
	char *text;
	size_t len, room;
	bool cut;
};

/* Its answer where it fails: "Error" of the spec. */
struct failure {
	int64_t code;
	char *msg, *details;
};
static const struct field failure_fields[] = {
	FIELD_I64(struct failure, code, "code", REQUIRED),
	FIELD_STRING(struct failure, msg, "msg", REQUIRED),
	FIELD_STRING(struct failure, details, "details", OPTIONAL),
};

int cni_plugin_find(const char *path, const char *type, char *ret, struct err *e)
{
	int r = str_check_name(type, "plugin type", e);

	for (const char *p = path; r >= 0; p += strcspn(p, ":"), p += *p == ':') {
		if (!*p)
			return err_say(e, ENOPKG, "plugin %s is in none of %s", type, path);
		if (*p == '/' && snprintf(ret, PATH_MAX, "%.*s/%s", (int)strcspn(p, ":"), p, type) < PATH_MAX &&
		    access(ret, X_OK) == 0)
			return 0;
	}
	return r;
}

/* Read what is there. Return: 0, or -errno */
static int take(struct stream *s)
{
	char rest[4096];
	bool full = s->len == s->room;
	ssize_t n = read(s->fd, full ? rest : s->text + s->len, full ? sizeof(rest) : s->room - s->len);

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (n == 0)
		fd_close(&s->fd);
	else if (full)
		s->cut = true;
	else
		s->len += (size_t)n;
	return 0;
}

static int listen_to(struct stream s[2])
{
	int r = 0;

	while (r >= 0 && (s[0].fd >= 0 || s[1].fd >= 0)) {
		struct pollfd p[2] = { { .fd = s[0].fd, .events = POLLIN }, { .fd = s[1].fd, .events = POLLIN } };

		if (poll(p, 2, -1) < 0)
			r = errno == EINTR ? 0 : -errno;
		for (int i = 0; i < 2 && r >= 0; i++)
			if (p[i].revents)
				r = take(&s[i]);
	}
	return r;
}

/* The last line of what it said, without what a terminal would obey. NULL: nothing */
static const char *last_line(struct stream *s)
{
	while (s->len && isspace((unsigned char)s->text[s->len - 1]))
		s->len--;
	s->text[s->len] = '\0';
	char *newline = memrchr(s->text, '\n', s->len), *line = newline ? newline + 1 : s->text;

	for (char *p = line; *p; p++)
		if (!isprint((unsigned char)*p))
			*p = ' ';
	return *line ? line : NULL;
}

static const char *one_line(char *text)
{
	for (char *p = text; *p; p++)
		if (iscntrl((unsigned char)*p))
			*p = ' ';
	return text;
}

static int say_failure(const struct stream *answer, struct stream *words, int status, struct err *e)
{
	auto_arena struct arena a = { 0 };
	struct failure f = { 0 };
	struct err ignored;
	const char *line = last_line(words);

	if (decode_text(answer->text, answer->len, "", failure_fields, ARRAY_SIZE(failure_fields), &a, &f, &ignored) < 0)
		return err_say(e, ECANCELED, "%s (exit status %d)", line ? line : "it does not say why", status);
	bool more = f.details && *f.details;

	return err_say(e, ECANCELED, "%s%s%s (code %lld)", one_line(f.msg), more ? ": " : "", more ? one_line(f.details) : "",
		       (long long)f.code);
}

/* The configuration as a file: a plugin that does not read it must not block us as a full pipe would. */
static int config_fd(json_t *config, struct err *e)
{
	auto_free char *text = NULL;
	auto_fd int fd = memfd_create("cni", MFD_CLOEXEC);
	int r = fd < 0 ? err_set(e, errno, "make a file for a plugin's configuration") : json_to_text(config, &text, e);

	if (r < 0)
		return r;
	r = fd_write_all(fd, text, strlen(text));
	if (r < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return err_set(e, r < 0 ? -r : errno, "write a plugin's configuration");
	return fd_take(&fd);
}

/* Some plugins start others, and iptables. */
static int make_environment(const struct cni_call *c, struct arena *a, char *ret[VARIABLES], struct err *e)
{
	const struct {
		const char *name, *value;
	} all[] = {
		{ "CNI_COMMAND", c->command }, { "CNI_PATH", c->path },		{ "CNI_CONTAINERID", c->id },
		{ "CNI_NETNS", c->netns },     { "CNI_IFNAME", c->interface }, { "CNI_ARGS", c->args },
		{ "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
	};
	size_t n = 0;

	static_assert(ARRAY_SIZE(all) < VARIABLES, "and NULL at the end");
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		if (!all[i].value)
			continue;
		ret[n] = arena_printf(a, "%s=%s", all[i].name, all[i].value);
		if (!ret[n++])
			return err_nomem(e);
	}
	ret[n] = NULL;
	return 0;
}

/* Return: its exit status, or -errno with @e filled */
static int run(const char *program, char *const *env, int input, struct stream streams[2], struct err *e)
{
	char *const argv[] = { (char *)program, NULL };
	struct proc_spawn spawn = {
		.path = program, .argv = argv, .envp = env, .stdio = { input, -1, -1 }, .cwd = -1, .die_with_parent = true,
	};
	int out[2], err[2];

	if (pipe2(out, O_CLOEXEC) < 0)
		return err_set(e, errno, "start %s", program);
	streams[0].fd = out[0];
	auto_fd int out_end = out[1], err_end = -1, pidfd = -1;

	if (pipe2(err, O_CLOEXEC) < 0)
		return err_set(e, errno, "start %s", program);
	streams[1].fd = err[0];
	err_end = err[1];
	spawn.stdio[STDOUT_FILENO] = out_end;
	spawn.stdio[STDERR_FILENO] = err_end;
	int r = proc_spawn(&spawn, NULL, &pidfd, e);

	if (r < 0)
		return r;
	fd_close(&out_end);
	fd_close(&err_end);
	r = listen_to(streams);
	int status = proc_wait(pidfd, e);

	return r < 0 ? err_set(e, -r, "hear what it says") : status;
}

static int call(const struct cni_call *c, json_t *config, struct stream s[2], json_t **ret, struct err *e)
{
	auto_arena struct arena a = { 0 };
	char program[PATH_MAX], *env[VARIABLES];
	int r = cni_plugin_find(c->path, json_string_value(json_object_get(config, "type")), program, e);

	if (r >= 0)
		r = make_environment(c, &a, env, e);
	auto_fd int input = r < 0 ? -1 : config_fd(config, e);

	if (r < 0 || input < 0)
		return r < 0 ? r : input;
	r = run(program, env, input, s, e);
	if (r < 0)
		return r;
	if (r > 0)
		return say_failure(&s[0], &s[1], r, e);
	if (!ret)
		return 0;
	if (s[0].cut)
		return err_say(e, EFBIG, "its answer has more than %d bytes", ANSWER_MAX);
	r = json_from_text(s[0].text, s[0].len, ret, e);
	return r < 0 ? err_wrap(e, "its answer") : 0;
}

int cni_plugin_call(const struct cni_call *c, json_t *config, json_t **ret, struct err *e)
{
	auto_free char *answer = malloc(ANSWER_MAX + 1);
	char words[WORDS_MAX + 1];
	struct stream s[2] = { { -1, answer, 0, ANSWER_MAX, false }, { -1, words, 0, WORDS_MAX, false } };
	int r = answer ? call(c, config, s, ret, e) : err_nomem(e);

	fd_close(&s[0].fd);
	fd_close(&s[1].fd);
	if (r >= 0)
		return 0;
	err_wrap(e, "plugin %s: %s", json_string_value(json_object_get(config, "type")), c->command);
	e->code = ECANCELED; /* what is missing is not what our callers ask for */
	return -ECANCELED;
}
