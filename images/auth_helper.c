// SPDX-License-Identifier: Apache-2.0
#include "images/auth_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "spec/decode.h"

#define PREFIX	   "docker-credential-"
#define ANSWER_MAX (16 << 10)
#define NOT_FOUND  "credentials not found" /* its words where it has none; docker's own client looks for them, too */

struct answer {
	char *user, *secret;
};
static const struct field fields[] = {
	FIELD_STRING(struct answer, user, "Username", OPTIONAL),
	FIELD_STRING(struct answer, secret, "Secret", OPTIONAL),
};

struct request {
	char *server, *user, *secret;
};
static const struct field request_fields[] = {
	FIELD_STRING(struct request, server, "ServerURL", REQUIRED),
	FIELD_STRING(struct request, user, "Username", REQUIRED),
	FIELD_STRING(struct request, secret, "Secret", REQUIRED),
};

static const char *search_path(char *const *environment)
{
	for (; environment && *environment; environment++) {
		const char *value = str_after(*environment, "PATH=");

		if (value)
			return value;
	}
	return "";
}

static int find_program(const char *name, char *const *environment, char ret[PATH_MAX], struct err *e)
{
	int r = str_check_name(name, "credential helper", e);

	if (r < 0)
		return r;
	for (const char *dir = search_path(environment); *dir;) {
		size_t n = strcspn(dir, ":");
		int len = snprintf(ret, PATH_MAX, "%.*s/" PREFIX "%s", (int)n, dir, name);

		if (*dir == '/' && len > 0 && len < PATH_MAX && access(ret, X_OK) == 0)
			return 0;
		dir += n + (dir[n] == ':');
	}
	err_say(e, ENOENT, "the credential helper " PREFIX "%s is not in PATH", name);
	return err_hint(e, "install it, or take it out of the auth file");
}

/* A pipe with all of the text in it already, and its end. Return: what is to be read, or -errno with @e filled */
static int filled_pipe(const char *text, struct err *e)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	auto_fd int reader = ends[0], writer = ends[1];
	int r = fcntl(writer, F_SETFL, O_NONBLOCK) < 0 ? -errno : fd_write_all(writer, text, strlen(text));

	return r < 0 ? err_set(e, -r, "write to a pipe") : fd_take(&reader);
}

static int collect(int output, char answer[ANSWER_MAX], struct err *e)
{
	ssize_t n = fd_read_all(output, answer, ANSWER_MAX);

	if (n < 0)
		return err_set(e, (int)-n, "read its answer");
	if (n == ANSWER_MAX)
		return err_say(e, EFBIG, "its answer is too long");
	answer[n] = '\0';
	return 0;
}

/* Return: its exit status, or -errno with @e filled */
static int run(const char *path, const char *word, char *const *environment, const char *input, char answer[ANSWER_MAX],
	       struct err *e)
{
	char *const argv[] = { (char *)path, (char *)word, NULL };
	auto_fd int given = filled_pipe(input, e);
	int ends[2], status;

	if (given < 0)
		return given;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	auto_fd int reader = ends[0], writer = ends[1], pidfd = -1;
	const struct proc_spawn spawn = {
		.path = path, .argv = argv, .envp = environment, .stdio = { given, writer, STDERR_FILENO }, .cwd = -1,
		.die_with_parent = true,
	};
	int r = proc_spawn(&spawn, NULL, &pidfd, e);

	fd_close(&writer);
	if (r < 0)
		return r;
	r = collect(reader, answer, e);
	fd_close(&reader); /* one that goes on talking ends by SIGPIPE */
	struct err late;

	status = proc_wait(pidfd, r < 0 ? &late : e);
	return r < 0 ? r : status;
}

/* Its first line, if it is of an error and not of an answer. */
static int refused(const char *word, int status, const char *answer, struct err *e)
{
	char line[200];

	snprintf(line, sizeof(line), "%.*s", (int)strcspn(answer, "\r\n"), answer);
	for (char *c = line; *c; c++)
		*c = *c >= ' ' && *c <= '~' ? *c : '?';
	if (!*line || *line == '{')
		return err_say(e, EIO, "%s failed with status %d", word, status);
	return err_say(e, EIO, "%s failed: %s", word, line);
}

/* Return: 1, 0 where it has nothing, or -errno with @e filled */
static int ask(const char *name, char *const *environment, const char *word, const char *input, char answer[ANSWER_MAX],
	       struct err *e)
{
	char path[PATH_MAX];
	int r = find_program(name, environment, path, e);

	if (r < 0)
		return r;
	r = run(path, word, environment, input, answer, e);
	if (r > 0 && strstr(answer, NOT_FOUND))
		return 0;
	if (r > 0)
		r = refused(word, r, answer, e);
	return r < 0 ? err_wrap(e, PREFIX "%s", name) : 1;
}

int auth_helper_answer(const char *text, struct auth *ret, struct err *e)
{
	auto_arena struct arena arena = { 0 };
	struct answer a = { 0 };
	int r = decode_text(text, strlen(text), "its answer", fields, ARRAY_SIZE(fields), &arena, &a, e);

	if (r < 0) /* and not what was found there */
		return err_say(e, EPROTO, "its answer is not {\"Username\": …, \"Secret\": …}");
	if (!a.user || !a.secret || !*a.secret)
		return 0;
	if (strlen(a.user) >= sizeof(ret->user) || strlen(a.secret) >= sizeof(ret->password))
		return err_say(e, EINVAL, "a user's name or secret is too long");
	snprintf(ret->user, sizeof(ret->user), "%s", a.user);
	snprintf(ret->password, sizeof(ret->password), "%s", a.secret);
	explicit_bzero(a.secret, strlen(a.secret));
	return 1;
}

int auth_helper_get(const char *name, char *const *environment, const char *server, struct auth *ret, struct err *e)
{
	char answer[ANSWER_MAX];
	int r = ask(name, environment, "get", server, answer, e);

	if (r <= 0)
		return r;
	r = auth_helper_answer(answer, ret, e);
	explicit_bzero(answer, sizeof(answer));
	return r < 0 ? err_wrap(e, PREFIX "%s", name) : r;
}

int auth_helper_erase(const char *name, char *const *environment, const char *server, struct err *e)
{
	char answer[ANSWER_MAX];

	return ask(name, environment, "erase", server, answer, e);
}

int auth_helper_store(const char *name, char *const *environment, const char *server, const struct auth *auth, struct err *e)
{
	const struct request q = {
		.server = (char *)server, .user = (char *)auth->user, .secret = (char *)auth->password,
	};
	char answer[ANSWER_MAX], *text;
	int r = encode_text(request_fields, ARRAY_SIZE(request_fields), &q, &text, e);

	if (r < 0)
		return r;
	r = ask(name, environment, "store", text, answer, e);
	explicit_bzero(text, strlen(text));
	free(text);
	return MIN(r, 0);
}
