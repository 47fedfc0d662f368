// SPDX-License-Identifier: Apache-2.0
#include "runtime/env.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/file.h"

#define FILE_MAX (1 << 20)

int env_set(struct arena *a, struct strv *env, const char *word, struct err *e)
{
	const char *own = strchr(word, '=') ? NULL : getenv(word);

	if (!*word || *word == '=')
		return err_say(e, EINVAL, "environment: \"%s\" has no name", word);
	if (!own && !strchr(word, '='))
		return 0;
	char *pair = own ? arena_printf(a, "%s=%s", word, own) : arena_strdup(a, word);

	return pair && strv_set_env(a, env, pair) == 0 ? 0 : err_nomem(e);
}

int env_read_lines(struct arena *a, const char *path, struct strv *ret, struct err *e)
{
	auto_free char *text = NULL;
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	int r = fd < 0 ? err_set(e, errno, "open %s", path) : file_read_fd(fd, path, FILE_MAX, &text, NULL, e);

	if (r < 0)
		return r;
	for (char *save = NULL, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		line += strspn(line, " \t");
		size_t n = strlen(line);

		if (n > 0 && line[n - 1] == '\r')
			line[n - 1] = '\0';
		if (*line && *line != '#' && strv_add(a, ret, line) < 0)
			return err_nomem(e);
	}
	return 0;
}

int env_add(struct arena *a, struct strv *env, const struct strv *files, const struct strv *words, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < files->n && r >= 0; i++) {
		struct strv lines = { 0 };

		r = env_read_lines(a, files->v[i], &lines, e);
		for (size_t k = 0; k < lines.n && r >= 0; k++)
			if (env_set(a, env, lines.v[k], e) < 0)
				r = err_wrap(e, "%s", files->v[i]);
	}
	for (size_t i = 0; i < words->n && r >= 0; i++)
		r = env_set(a, env, words->v[i], e);
	return r;
}
