// SPDX-License-Identifier: Apache-2.0
#include "network/resolv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/file.h"
#include "network/network.h"
#include "network/subnet.h"

#define FILE_MAX 65536
#define BLANKS	 " \t"

/* Asked where this host has no nameserver that a container can reach, as docker and podman do too. */
static const char *const last_resort[] = { "8.8.8.8", "8.8.4.4" };

/* The rest of a line behind a keyword and blanks, NULL where it begins otherwise. @len: its length, blanks at its end cut */
static const char *after_keyword(const char *line, size_t line_len, const char *keyword, size_t *len)
{
	size_t n = strlen(keyword);

	if (line_len <= n || strncmp(line, keyword, n) != 0 || !strchr(BLANKS, line[n]))
		return NULL;
	while (n < line_len && strchr(BLANKS, line[n]))
		n++;
	while (line_len > n && strchr(BLANKS "\r", line[line_len - 1]))
		line_len--;
	*len = line_len - n;
	return line + n;
}

/* A nameserver that a container on a bridge can ask: of a family that it has, and not this host's own loopback. */
static bool reachable(const char *text, size_t len, bool v6)
{
	char address[NET_ADDR_MAX];
	struct net_addr a;

	if (len >= sizeof(address))
		return false;
	memcpy(address, text, len);
	address[len] = '\0';
	return net_addr_parse(address, &a) == 0 && !strchr(address, '/') && (v6 || a.family == AF_INET) &&
	       !subnet_is_loopback(&a) && !subnet_is_every(&a);
}

/* Copy the nameservers of a file that can be reached. Return: how many */
static size_t copy_nameservers(FILE *out, const char *file, bool v6)
{
	size_t count = 0;

	for (const char *line = file; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t len;
		const char *server = after_keyword(line, strcspn(line, "\n"), "nameserver", &len);

		if (!server || !reachable(server, len, v6))
			continue;
		fprintf(out, "nameserver %.*s\n", (int)len, server);
		count++;
	}
	return count;
}

static void copy_others(FILE *out, const char *file)
{
	static const char *const keywords[] = { "search", "domain", "options", "sortlist" };

	for (const char *line = file; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t len, line_len = strcspn(line, "\n");

		for (size_t i = 0; i < ARRAY_SIZE(keywords); i++)
			if (after_keyword(line, line_len, keywords[i], &len))
				fprintf(out, "%.*s\n", (int)line_len, line);
	}
}

static void write_text(FILE *out, const char *host, const char *resolved, bool internal, bool v6)
{
	if (internal) {
		fputs("# an internal network: nothing outside is reached, and so no nameserver\n", out);
		return;
	}
	copy_others(out, host);
	if (copy_nameservers(out, host, v6) > 0 || copy_nameservers(out, resolved, v6) > 0)
		return;
	fputs("# this host names no server that a container can reach\n", out);
	for (size_t i = 0; i < ARRAY_SIZE(last_resort); i++)
		fprintf(out, "nameserver %s\n", last_resort[i]);
}

static int close_text(FILE *out, char **text, char **ret, struct err *e)
{
	bool failed = ferror(out);

	if (fclose(out) != 0 || failed) {
		free(*text);
		return err_nomem(e);
	}
	*ret = *text;
	return 0;
}

int resolv_text(const char *host, const char *resolved, bool internal, bool v6, char **ret, struct err *e)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return err_nomem(e);
	write_text(out, host, resolved, internal, v6);
	return close_text(out, &text, ret, e);
}

/* The keywords of a list replace each other, and what is said of servers goes with them. */
static bool is_replaced(const char *line, size_t line_len, const struct net_resolv *want)
{
	const struct {
		const char *keyword;
		const struct strv *by;
	} lists[] = {
		{ "nameserver", &want->servers }, { "search", &want->search }, { "domain", &want->search },
		{ "options", &want->options },
	};
	size_t len;

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		if (lists[i].by->n && after_keyword(line, line_len, lists[i].keyword, &len))
			return true;
	return want->servers.n && *line == '#';
}

static void put_words(FILE *out, const char *keyword, const struct strv *words)
{
	if (!words->n || streq(words->v[0], "."))
		return;
	fputs(keyword, out);
	for (size_t i = 0; i < words->n; i++)
		fprintf(out, " %s", words->v[i]);
	fputc('\n', out);
}

int net_resolv_change(const char *text, const struct net_resolv *want, char **ret, struct err *e)
{
	char *changed = NULL;
	size_t len;
	FILE *out = open_memstream(&changed, &len);

	if (!out)
		return err_nomem(e);
	put_words(out, "search", &want->search);
	put_words(out, "options", &want->options);
	for (size_t i = 0; i < want->servers.n; i++)
		fprintf(out, "nameserver %s\n", want->servers.v[i]);
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t line_len = strcspn(line, "\n");

		if (!is_replaced(line, line_len, want))
			fprintf(out, "%.*s\n", (int)line_len, line);
	}
	return close_text(out, &changed, ret, e);
}

/* A file that need not be there; /etc/resolv.conf is often a link. */
static int read_if_there(const char *path, char **ret, struct err *e)
{
	auto_fd int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		return file_read_fd(fd, path, FILE_MAX, ret, NULL, e);
	if (errno != ENOENT)
		return err_set(e, errno, "open %s", path);
	*ret = strdup("");
	return *ret ? 0 : err_nomem(e);
}

/* Those of the networks. */
static int servers_of(const struct net_plan *plans, size_t n, struct arena *a, struct strv *ret)
{
	char text[NET_ADDR_MAX];

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < NET_DNS_MAX && plans[i].network.dns[k].family; k++)
			if (strv_add(a, ret, net_addr_text(&plans[i].network.dns[k], false, text)) < 0)
				return -ENOMEM;
	return 0;
}

static int put_first(const char *server, const char *text, char **ret, struct err *e)
{
	char *whole = NULL;

	if (asprintf(&whole, "nameserver %s\n%s", server, text) < 0)
		return err_nomem(e);
	*ret = whole;
	return 0;
}

int network_resolv(const struct net_plan *plans, size_t n, const char *first, char **ret, struct err *e)
{
	auto_free char *host = NULL, *resolved = NULL, *text = NULL;
	auto_arena struct arena arena = { 0 };
	struct net_resolv want = { 0 };
	bool internal = n > 0, v6 = false;
	int r = read_if_there("/etc/resolv.conf", &host, e);

	for (size_t i = 0; i < n; i++) {
		internal &= plans[i].network.internal;
		v6 |= plans[i].network.ip[NET_V6].subnet.family && !plans[i].network.internal;
	}
	if (r == 0)
		r = read_if_there("/run/systemd/resolve/resolv.conf", &resolved, e);
	if (r == 0)
		r = servers_of(plans, n, &arena, &want.servers) < 0 ? err_nomem(e) : 0;
	if (r == 0)
		r = resolv_text(host, resolved, internal, v6, &text, e);
	if (r < 0)
		return r;
	if (want.servers.n)
		return net_resolv_change(text, &want, ret, e);
	if (first && !internal)
		return put_first(first, text, ret, e);
	*ret = text;
	text = NULL;
	return 0;
}
