// SPDX-License-Identifier: Apache-2.0
/*
 * The log that callers read after a failure: podman takes the whole file for one JSON object, containerd the last object of
 * level "error". So nothing but the one error of this call is ever written to it, unless --debug has asked for more.
 */
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/timestamp.h"
#include "cli/oci.h"

static char *as_json(const char *now, const char *level, const char *text)
{
	json_auto_t *object = json_object();
	json_t *msg = json_string(text);

	if (!msg) /* bytes that are no UTF-8 */
		msg = json_string("a text that is no UTF-8");
	if (!object || json_object_set_new(object, "level", json_string(level)) < 0 ||
	    json_object_set_new(object, "msg", msg) < 0 || json_object_set_new(object, "time", json_string(now)) < 0)
		return NULL;
	return json_dumps(object, JSON_COMPACT);
}

/* time="…" level=… msg="…", quotes and backslashes escaped */
static char *as_text(const char *now, const char *level, const char *text)
{
	char *line = NULL;
	size_t len;
	FILE *f = open_memstream(&line, &len);

	if (!f)
		return NULL;
	fprintf(f, "time=\"%s\" level=%s msg=\"", now, level);
	for (const char *s = text; *s; s++) {
		if (*s == '"' || *s == '\\')
			fputc('\\', f);
		str_harmless(f, s, 1, false);
	}
	fputc('"', f);
	(void)fclose(f); /* what is missing then is the end of the line */
	return line;
}

static void write_line(const struct oci_globals *g, int fd, const char *level, const char *text)
{
	bool json = g->log_format && streq(g->log_format, "json");
	char now[TIMESTAMP_MAX];
	auto_free char *line = json ? as_json(timestamp_now(now), level, text) : as_text(timestamp_now(now), level, text);

	if (line)
		(void)dprintf(fd, "%s\n", line); /* there is no other place to say that it failed */
}

/* Where the log cannot be opened, an error's words are on standard error all the same, and the others are worth no failure. */
static int open_log(const struct oci_globals *g)
{
	return open(g->log, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_CLOEXEC, 0644);
}

void oci_log_failure(const struct call *c, const struct err *e)
{
	const struct oci_globals *g = c->globals;
	auto_fd int fd = g && g->log ? open_log(g) : -1;

	if (fd >= 0)
		write_line(g, fd, "error", e->text);
}

static void say(const char *text, void *arg)
{
	const struct oci_globals *g = arg;
	auto_fd int log = g->log ? open_log(g) : -1;
	int fd = g->log ? log : STDERR_FILENO;

	if (fd >= 0)
		write_line(g, fd, "debug", text);
}

const struct debug *oci_debug(const struct call *c, struct debug *ret)
{
	const struct oci_globals *g = c->globals;

	*ret = (struct debug){ .say = say, .arg = (void *)g };
	return g->debug ? ret : NULL;
}
