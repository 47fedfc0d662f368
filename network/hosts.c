// SPDX-License-Identifier: Apache-2.0
#include "network/hosts.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "network/folder.h"
#include "network/record.h"
#include "network/subnet.h"

#define FILE_MAX   (1 << 20) /* a container may write what it likes into its own */
#define MARK_BEGIN "# paene: network "
#define MARK_END   "# paene: end of network "
#define MARK_MAX   192

/* One container of the network. */
struct member {
	const char *id;
	struct record record;
};

struct members {
	char boot[RECORD_BOOT_MAX];
	struct arena arena;
	struct member *v;
	size_t n, room;
};

static void members_free(struct members *m)
{
	free(m->v);
	arena_free(&m->arena);
}

#define auto_members __attribute__((cleanup(members_free)))

static int add_member(struct members *m, const char *id, const struct record *record)
{
	if (m->n == m->room) {
		size_t room = MAX(m->room * 2, (size_t)16);
		struct member *v = reallocarray(m->v, room, sizeof(*v));

		if (!v)
			return -ENOMEM;
		m->v = v;
		m->room = room;
	}
	const char *copy = arena_strdup(&m->arena, id);

	if (!copy)
		return -ENOMEM;
	m->v[m->n++] = (struct member){ .id = copy, .record = *record };
	return 0;
}

static int read_member(int names, const char *id, void *arg, struct err *e)
{
	struct members *m = arg;
	struct record record;
	int r = record_read_active(names, id, m->boot, &m->arena, &record, e);

	if (r == -ENOENT || r == -EINVAL)
		return 0; /* left meanwhile, or cut short by a power failure: it has no names */
	if (r == 0 && add_member(m, id, &record) < 0)
		r = err_nomem(e);
	return r;
}

static int read_members(int names, struct members *ret, struct err *e)
{
	int r = record_boot(ret->boot, e);

	return r < 0 ? r : file_each(names, read_member, ret, e);
}

/* What may stand in a hosts file as one name. */
static bool good_name(const char *s)
{
	for (const char *p = s; *p; p++)
		if (!isascii((unsigned char)*p) || !(isalnum((unsigned char)*p) || strchr("_.-", *p)))
			return false;
	return *s;
}

static void put_line(FILE *out, const struct net_addr *address, const struct strv *names, size_t from, size_t to)
{
	char text[NET_ADDR_MAX];
	bool begun = false;

	if (!address->family)
		return;
	for (size_t i = from; i < MIN(to, names->n); i++) {
		if (!good_name(names->v[i]))
			continue;
		fprintf(out, "%s%s", begun ? " " : net_addr_text(address, false, text), begun ? "" : "\t");
		fputs(names->v[i], out);
		begun = true;
	}
	if (begun)
		fputc('\n', out);
}

/* Some of a container's names, for each address that it has. */
static void put_names(FILE *out, const struct record *r, size_t from, size_t to)
{
	for (enum net_family f = 0; f < NET_FAMILIES; f++)
		put_line(out, &r->address[f], &r->names, from, to);
}

static void put_gateway(FILE *out, const struct net_network *n)
{
	char text[NET_ADDR_MAX];

	for (enum net_family f = 0; n->driver == NET_BRIDGE && f < NET_FAMILIES; f++)
		if (n->ip[f].gateway.family)
			fprintf(out, "%s\thost.containers.internal host.docker.internal\n",
				net_addr_text(&n->ip[f].gateway, false, text));
}

/*
 * The first line with a name wins: a container's own names come first, then the containers' names, which nobody else can
 * have, then what they call themselves.
 */
static void put_block(FILE *out, const struct net_network *n, const struct members *m, const struct member *self)
{
	fprintf(out, MARK_BEGIN "%s\n", n->name);
	put_names(out, &self->record, 0, SIZE_MAX);
	if (!self->record.apart)
		put_gateway(out, n);
	for (size_t i = 0; i < m->n && !n->no_names; i++)
		if (!streq(m->v[i].id, self->id))
			put_names(out, &m->v[i].record, 0, 1);
	for (size_t i = 0; i < m->n && !n->no_names; i++)
		if (!streq(m->v[i].id, self->id))
			put_names(out, &m->v[i].record, 1, SIZE_MAX);
	fprintf(out, MARK_END "%s\n", n->name);
}

static int close_text(FILE *out, char **text, struct err *e)
{
	bool failed = ferror(out);

	if (fclose(out) == 0 && !failed)
		return 0;
	free(*text);
	*text = NULL;
	return err_nomem(e);
}

/* Behind the line that begins at @p. */
static const char *next_line(const char *p, const char *end)
{
	const char *newline = memchr(p, '\n', (size_t)(end - p));

	return newline ? newline + 1 : end;
}

/* The line that is exactly @line, NULL where there is none. */
static const char *find_line(const char *text, const char *end, const char *line)
{
	size_t n = strlen(line);

	for (const char *p = text; p < end; p = next_line(p, end))
		if ((size_t)(end - p) >= n && memcmp(p, line, n) == 0 && (p + n == end || p[n] == '\n'))
			return p;
	return NULL;
}

int hosts_replace(const char *old, size_t len, const char *network, const char *block, char **ret, size_t *ret_len,
		  struct err *e)
{
	char first[MARK_MAX], last[MARK_MAX];
	const char *end = old + len;

	snprintf(first, sizeof(first), MARK_BEGIN "%s", network);
	snprintf(last, sizeof(last), MARK_END "%s", network);
	const char *begin = find_line(old, end, first);
	const char *rest = begin ? find_line(begin, end, last) : NULL;

	if (rest)
		rest = next_line(rest, end);
	else if (begin) /* somebody removed the other mark: what follows is not ours */
		rest = next_line(begin, end);
	else
		begin = rest = end;
	size_t head = (size_t)(begin - old), tail = (size_t)(end - rest), middle = strlen(block);
	bool newline = head && begin[-1] != '\n' && middle;
	char *text = malloc(head + newline + middle + tail + 1);

	if (!text)
		return err_nomem(e);
	*ret = text;
	*ret_len = head + newline + middle + tail;
	text = mempcpy(text, old, head);
	if (newline)
		*text++ = '\n';
	text = mempcpy(text, block, middle);
	text = mempcpy(text, rest, tail);
	*text = '\0';
	return 0;
}

/*
 * Readers inside the container have it open under the same mount, so it is rewritten in place, and they may read at any
 * moment: blank lines make room before, and are what is cut off after, so that nobody sees half a line at its end.
 */
static int write_over(int fd, size_t old_len, const char *text, size_t len)
{
	size_t room = MAX(len, old_len);
	auto_free char *blank = malloc(room + 1);

	if (!blank)
		return -ENOMEM;
	memset(blank, '\n', room);
	if (len > old_len && pwrite(fd, blank, len - old_len, (off_t)old_len) < 0)
		return -errno;
	memcpy(blank, text, len);
	ssize_t n = pwrite(fd, blank, room, 0);

	if (n != (ssize_t)room)
		return n < 0 ? -errno : -EIO;
	return len < old_len && ftruncate(fd, (off_t)len) < 0 ? -errno : 0;
}

static int rewrite(const char *path, const char *network, const char *block, struct err *e)
{
	auto_fd int fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	auto_free char *old = NULL, *text = NULL;
	size_t old_len, len;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, errno, "open %s", path);
	if (!S_ISREG(st.st_mode))
		return err_say(e, EINVAL, "%s is not a regular file", path);
	int r = file_read_fd(fd, path, FILE_MAX, &old, &old_len, e);

	if (r == 0)
		r = hosts_replace(old, old_len, network, block, &text, &len, e);
	if (r < 0 || (len == old_len && memcmp(old, text, len) == 0))
		return r;
	r = write_over(fd, old_len, text, len);
	return r < 0 ? err_set(e, -r, "write %s", path) : 0;
}

static int refresh_one(const struct net_network *n, const struct members *m, const struct member *one, struct err *e)
{
	auto_free char *block = NULL;
	size_t len;
	FILE *out = open_memstream(&block, &len);

	if (!out)
		return err_nomem(e);
	put_block(out, n, m, one);
	int r = close_text(out, &block, e);

	return r < 0 ? r : rewrite(one->record.hosts, n->name, block, e);
}

int hosts_refresh(int names, const struct net_network *n, struct err *e)
{
	auto_members struct members m = { .n = 0 };
	auto_fd int lock = folder_lock(names, e);
	struct err ignored;

	if (lock < 0)
		return lock;
	int r = read_members(names, &m, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < m.n; i++)
		if (m.v[i].record.hosts)
			(void)refresh_one(n, &m, &m.v[i], &ignored); /* a container that is just being removed */
	return 0;
}

void hosts_clear(const char *path, const char *network)
{
	struct err ignored;

	(void)rewrite(path, network, "", &ignored);
}

int hosts_put(const char *path, const char *network, const struct net_addr *addresses, const struct strv *names, struct err *e)
{
	auto_free char *block = NULL;
	size_t len;
	FILE *out = open_memstream(&block, &len);

	if (!out)
		return err_nomem(e);
	fprintf(out, MARK_BEGIN "%s\n", network);
	for (enum net_family f = 0; f < NET_FAMILIES; f++)
		put_line(out, &addresses[f], names, 0, SIZE_MAX);
	fprintf(out, MARK_END "%s\n", network);
	int r = close_text(out, &block, e);

	return r < 0 ? r : rewrite(path, network, block, e);
}

static int put_network(FILE *out, int networks, const struct net_plan *plan, struct err *e)
{
	auto_members struct members m = { .n = 0 };
	struct member self = { .id = plan->id };
	int r = record_from_plan(plan, "", &m.arena, &self.record, e);

	if (r < 0)
		return r;
	auto_fd int names = folder_open(networks, plan->network.name, FOLDER_NAMES, e);

	if (names < 0)
		return names;
	r = read_members(names, &m, e);
	if (r == 0)
		put_block(out, &plan->network, &m, &self);
	return r;
}

int network_hosts(int networks, const struct net_plan *plans, size_t n, const char *const *extra, size_t n_extra,
		  char **ret, struct err *e)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int r = 0;

	if (!out)
		return err_nomem(e);
	fputs("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n", out);
	for (size_t i = 0; i < n_extra; i++)
		fprintf(out, "%s\n", extra[i]);
	for (size_t i = 0; i < n && r == 0; i++)
		r = put_network(out, networks, &plans[i], e);
	struct err closing;
	int closed = close_text(out, &text, &closing);

	if (r == 0 && closed < 0) {
		*e = closing;
		return closed;
	}
	if (r == 0)
		*ret = text;
	else
		free(text);
	return r;
}
