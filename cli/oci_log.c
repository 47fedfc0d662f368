// SPDX-License-Identifier: Apache-2.0
/*
 * The log that callers read after a failure: podman takes the whole file for one JSON object, containerd the last object of
 * level "error". So nothing but the one error of this call is ever written to it.
 */
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/timestamp.h"
#include "cli/oci.h"

static char *as_json(const char *now, const char *text)
{
	json_auto_t *object = json_object();
	json_t *msg = json_string(text);

	if (!msg) /* bytes that are no UTF-8 */
		msg = json_string("an error whose text is no UTF-8");
	if (!object || json_object_set_new(object, "level", json_string("error")) < 0 ||
	    json_object_set_new(object, "msg", msg) < 0 || json_object_set_new(object, "time", json_string(now)) < 0)
		return NULL;
	return json_dumps(object, JSON_COMPACT);
}

/* time="…" level=error msg="…", quotes and backslashes escaped */
static char *as_text(const char *now, const char *text)
{
	char *line = NULL;
	size_t len;
	FILE *f = open_memstream(&line, &len);

	if (!f)
		return NULL;
	fprintf(f, "time=\"%s\" level=error msg=\"", now);
	for (const char *s = text; *s; s++) {
		if (*s == '"' || *s == '\\')
			fputc('\\', f);
		str_harmless(f, s, 1, false);
	}
	fputc('"', f);
	(void)fclose(f); /* what is missing then is the end of the line */
	return line;
}

void oci_log_failure(const struct call *c, const struct err *e)
{
	const struct oci_globals *g = c->globals;
	char now[TIMESTAMP_MAX];

	if (!g || !g->log)
		return;
	bool json = g->log_format && streq(g->log_format, "json");
	auto_free char *line = json ? as_json(timestamp_now(now), e->text) : as_text(timestamp_now(now), e->text);
	auto_fd int fd = open(g->log, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_CLOEXEC, 0644);

	/* standard error has the same words: where the log cannot be written, they are there */
	if (line && fd >= 0)
		(void)dprintf(fd, "%s\n", line);
}
