// SPDX-License-Identifier: Apache-2.0
#include "cli/conf.h"

#include <errno.h>
#include <fcntl.h>

#include "base/fd.h"
#include "base/file.h"

#define FILE_MAX (1 << 20) /* bytes */
#define BLANKS	 " \t\r"

/* Without the blanks at its ends. */
static char *trim(char *s)
{
	s += strspn(s, BLANKS);
	for (char *end = s + strlen(s); end > s && strchr(BLANKS, end[-1]); end--)
		end[-1] = '\0';
	return s;
}

/* What begins with a # that stands first or behind a blank is a remark. */
static void cut_remark(char *s)
{
	for (char *p = s; *p; p++)
		if (*p == '#' && (p == s || strchr(BLANKS, p[-1]))) {
			*p = '\0';
			return;
		}
}

static int add_line(struct arena *a, struct conf *conf, const struct conf_line *line, struct err *e)
{
	if (conf->n == conf->room) {
		size_t room = conf->room ? 2 * conf->room : 16;
		struct conf_line *v = arena_array(a, room, sizeof(*v));

		if (!v)
			return err_nomem(e);
		if (conf->n)
			memcpy(v, conf->v, conf->n * sizeof(*v));
		conf->v = v;
		conf->room = room;
	}
	conf->v[conf->n++] = *line;
	return 0;
}

static int refuse(const struct conf_line *l, const char *what, struct err *e)
{
	return err_say(e, EINVAL, "%s:%u: %s", l->file, l->line, what);
}

/* "[run]" becomes the section, "KEY = VALUE" a line of it. */
static int take_line(struct arena *a, char *text, struct conf_line *l, struct conf *conf, struct err *e)
{
	char *equals = strchr(text, '='), *end = text + strlen(text) - 1;

	if (*text == '[') {
		if (*end != ']')
			return refuse(l, "a section is [VERB]", e);
		*end = '\0';
		l->section = trim(text + 1);
		return 0;
	}
	if (!equals || equals == text)
		return refuse(l, "neither [VERB] nor OPTION = VALUE", e);
	if (!l->section)
		return refuse(l, "it belongs to no section: [VERB] comes first", e);
	l->adds = equals[-1] == '+';
	equals[l->adds ? -1 : 0] = '\0';
	l->value = trim(equals + 1);
	l->key = trim(text);
	return add_line(a, conf, l, e);
}

int conf_parse(struct arena *a, char *text, const char *file, struct conf *conf, struct err *e)
{
	struct conf_line l = { .file = file };
	int r = 0;

	for (char *line; r == 0 && (line = strsep(&text, "\n"));) {
		l.line++;
		cut_remark(line);
		line = trim(line);
		if (*line)
			r = take_line(a, line, &l, conf, e);
	}
	return r;
}

int conf_read(struct arena *a, const char *file, struct conf *conf, struct err *e)
{
	auto_free char *text = NULL;
	auto_fd int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : err_set(e, errno, "open %s", file);
	int r = file_read_fd(fd, file, FILE_MAX, &text, NULL, e);
	char *kept = r < 0 ? NULL : arena_strdup(a, text);

	if (r < 0)
		return r;
	if (!kept)
		return err_nomem(e);
	r = conf_parse(a, kept, file, conf, e);
	return r < 0 ? r : 1;
}
