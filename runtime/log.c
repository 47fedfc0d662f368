// SPDX-License-Identifier: Apache-2.0
/* Part of paene-monitor: small, and few pages. log_read.c reads what is written here. */
#include "runtime/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "base/fd.h"
#include "base/sock.h"
#include "base/timestamp.h"

#define JOURNAL_SOCKET	"/run/systemd/journal/socket"
#define PRIORITY_ERR	"3"
#define PRIORITY_INFO	"6"
#define JSON_BYTE_MAX	6	 /* what one byte becomes at most */
#define JSON_PART	1024	 /* bytes of a line that are written at once */
#define JOURNAL_ID	12	 /* digits of CONTAINER_ID */

const char *const log_stream_names[LOG_STREAM_COUNT] = { "stdout", "stderr" };
const char *const log_driver_names[LOG_DRIVER_COUNT] = { "k8s-file", "json-file", "journald", "none", "passthrough" };

static int open_file(int dir)
{
	return openat(dir, LOG_FILE, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
}

int log_open_as(int dir, const struct log_config *config, struct log *ret, struct err *e)
{
	struct stat st;
	int fd = -1;

	*ret = (struct log){ .dir = dir, .fd = -1, .config = *config };
	if (config->driver == LOG_JOURNALD)
		fd = sock_connect(AT_FDCWD, JOURNAL_SOCKET, SOCK_DGRAM, e);
	else if (config->driver == LOG_K8S_FILE || config->driver == LOG_JSON_FILE)
		fd = open_file(dir);
	else
		return 0;
	if (fd < 0)
		return config->driver == LOG_JOURNALD ? fd : err_set(e, errno, "open the container's log");
	if (fstat(fd, &st) == 0)
		ret->bytes = (uint64_t)st.st_size;
	ret->fd = fd;
	return 0;
}

int log_open(int dir, uint64_t max_bytes, struct log *ret, struct err *e)
{
	return log_open_as(dir, &(struct log_config){ .max_bytes = max_bytes }, ret, e);
}

const char *log_file_name(unsigned n, char buf[LOG_NAME_MAX])
{
	if (n == 0)
		return LOG_FILE;
	snprintf(buf, LOG_NAME_MAX, LOG_FILE ".%u", n);
	return buf;
}

/* log.1 becomes log.2, log becomes log.1, … */
static void rotate(struct log *l)
{
	unsigned files = log_files(&l->config);
	char from[LOG_NAME_MAX], to[LOG_NAME_MAX];

	for (unsigned n = files - 1; n > 0; n--)
		(void)renameat(l->dir, log_file_name(n - 1, from), l->dir, log_file_name(n, to));
	if (files == 1)
		(void)unlinkat(l->dir, LOG_FILE, 0);
	int fd = open_file(l->dir);

	if (fd < 0)
		return; /* go on with the old one */
	close(l->fd);
	l->fd = fd;
	l->bytes = 0;
}

static void write_parts(struct log *l, const struct iovec *parts, int n)
{
	ssize_t written = writev(l->fd, parts, n);

	if (written > 0)
		l->bytes += (uint64_t)written;
}

/* @ended: the line does, and its newline is the last of its bytes; these parameters are those of every driver. */
#define LINE_OF struct log *l, enum log_stream stream, const char *now, const char *data, size_t n, bool ended

static void write_k8s(LINE_OF)
{
	char head[TIMESTAMP_MAX + 16];
	int h = snprintf(head, sizeof(head), "%s %s %c ", now, log_stream_names[stream], ended ? 'F' : 'P');
	const struct iovec parts[] = { { head, (size_t)h }, { (void *)data, n }, { (void *)"\n", ended ? 0 : 1 } };

	write_parts(l, parts, ARRAY_SIZE(parts));
}

/* Bytes of one character of UTF-8 at @s; 0: it is none. */
static size_t utf8(const unsigned char *s, size_t left)
{
	size_t n = *s < 0x80 ? 1 : *s >= 0xc2 && *s < 0xe0 ? 2 : *s >= 0xe0 && *s < 0xf0 ? 3 : *s >= 0xf0 && *s < 0xf5 ? 4 : 0;

	if (n == 0 || n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	bool too_long = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
	bool no_character = (s[0] == 0xed && s[1] >= 0xa0) || (s[0] == 0xf4 && s[1] >= 0x90);

	return too_long || no_character ? 0 : n;
}

/* A part of a JSON string. Return: how many bytes of @s are in it; what is no UTF-8 is U+FFFD */
static size_t json_part(const char *s, size_t n, char *out, size_t *ret_out)
{
	size_t used = 0, i = 0;

	while (i < n && i < JSON_PART) {
		unsigned char c = (unsigned char)s[i];
		size_t len = utf8((const unsigned char *)s + i, n - i);

		if (len == 0 || c < 0x20)
			used += (size_t)sprintf(out + used, "\\u%04x", len ? c : 0xfffd);
		else if (c == '"' || c == '\\')
			used += (size_t)sprintf(out + used, "\\%c", c);
		else
			used += (size_t)sprintf(out + used, "%.*s", (int)len, s + i);
		i += MAX(len, (size_t)1);
	}
	*ret_out = used;
	return i;
}

static void write_json(LINE_OF)
{
	char text[(JSON_PART + 4) * JSON_BYTE_MAX + 1], tail[TIMESTAMP_MAX + 48];
	int t = snprintf(tail, sizeof(tail), "\",\"stream\":\"%s\",\"time\":\"%s\"}\n", log_stream_names[stream], now);

	(void)ended; /* its newline says so */
	for (bool first = true; n > 0; first = false) {
		size_t len, done = json_part(data, n, text, &len);
		bool last = done == n;
		const struct iovec parts[] = {
			{ (void *)"{\"log\":\"", first ? 8 : 0 }, { text, len }, { tail, last ? (size_t)t : 0 },
		};

		write_parts(l, parts, ARRAY_SIZE(parts));
		data += done;
		n -= done;
	}
}

/* systemd's native protocol: FIELD=VALUE and a newline each; a line has none of its own. */
static void write_journal(LINE_OF)
{
	const struct log_config *c = &l->config;
	char fields[1400];
	const char *tag = c->tag && *c->tag ? c->tag : NULL;

	(void)now;
	int h = snprintf(fields, sizeof(fields),
			 "PRIORITY=%s\nCONTAINER_ID=%.*s\nCONTAINER_ID_FULL=%s\nCONTAINER_NAME=%s\nIMAGE_NAME=%s\n"
			 "SYSLOG_IDENTIFIER=%s\n%s%s%s%sMESSAGE=",
			 stream == LOG_STDERR ? PRIORITY_ERR : PRIORITY_INFO, JOURNAL_ID, c->id, c->id, c->name, c->image,
			 tag ? tag : c->name, tag ? "CONTAINER_TAG=" : "", tag ? tag : "", tag ? "\n" : "",
			 ended ? "" : "CONTAINER_PARTIAL_MESSAGE=true\n");
	const struct iovec parts[] = { { fields, (size_t)MIN(h, (int)sizeof(fields) - 1) }, { (void *)data, n - ended }, { (void *)"\n", 1 } };

	write_parts(l, parts, ARRAY_SIZE(parts));
}

static void (*const writers[LOG_DRIVER_COUNT])(LINE_OF) = {
	[LOG_K8S_FILE] = write_k8s, [LOG_JSON_FILE] = write_json, [LOG_JOURNALD] = write_journal,
};

void log_write(struct log *l, enum log_stream stream, const char *data, size_t len)
{
	char now[TIMESTAMP_MAX];

	if (l->fd < 0)
		return;
	timestamp_now(now);
	while (len > 0) {
		if (l->config.max_bytes && l->bytes >= l->config.max_bytes && l->config.driver != LOG_JOURNALD)
			rotate(l);
		const char *end = memchr(data, '\n', len);
		size_t n = end ? (size_t)(end - data) + 1 : len;

		writers[l->config.driver](l, stream, now, data, n, end != NULL);
		data += n;
		len -= n;
	}
}

void log_close(struct log *l)
{
	fd_close(&l->fd);
}
