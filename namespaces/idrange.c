// SPDX-License-Identifier: Apache-2.0
#include "namespaces/idrange.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "namespaces/subid.h"

#define OWN_NAME      "paene"
#define DEFAULT_FIRST 0x70000000U /* see systemd's docs/UIDS-GIDS.md: its own containers end below */
#define DEFAULT_SIZE  0x10000000U
#define NAME_BYTES    12
#define AREAS_MAX     16

/* Who owns which ids on this machine. */
struct owners {
	char *subuid, *subgid, *passwd; /* texts of the files; freed by owners_free() */
};

/* Consecutive ranges that we may use. */
struct area {
	uint32_t first; /* aligned */
	uint32_t n;
};

static void owners_free(struct owners *o)
{
	free(o->subuid);
	free(o->subgid);
	free(o->passwd);
}

static int owners_read(struct owners *o, struct err *e)
{
	int r = subid_read_file(SUBID_UID_FILE, &o->subuid, e);

	if (r == 0)
		r = subid_read_file(SUBID_GID_FILE, &o->subgid, e);
	if (r == 0)
		r = subid_read_file("/etc/passwd", &o->passwd, e);
	return r;
}

static bool is_ours(const struct subid_entry *s)
{
	return s->name_len == strlen(OWN_NAME) && memcmp(s->name, OWN_NAME, s->name_len) == 0;
}

/* Whole aligned ranges in what both entries allow. */
static struct area common_area(const struct subid_entry *uids, const struct subid_entry *gids)
{
	uint64_t from = MAX(uids->start, gids->start);
	uint64_t to = MIN((uint64_t)uids->start + uids->count, (uint64_t)gids->start + gids->count);

	from = (from + IDMAP_RANGE - 1) / IDMAP_RANGE * IDMAP_RANGE;
	return (struct area){ (uint32_t)from, to > from ? (uint32_t)((to - from) / IDMAP_RANGE) : 0 };
}

/* Return: how many areas there are */
static size_t find_areas(const struct owners *o, struct area areas[AREAS_MAX])
{
	struct subid_entry u, g;
	bool named = false;
	size_t n = 0;

	for (const char *p = o->subuid; subid_next(&p, &u);) {
		if (!is_ours(&u))
			continue;
		named = true;
		for (const char *q = o->subgid; subid_next(&q, &g) && n < AREAS_MAX;)
			if (is_ours(&g))
				areas[n++] = common_area(&u, &g);
	}
	if (!named)
		areas[n++] = (struct area){ DEFAULT_FIRST, DEFAULT_SIZE / IDMAP_RANGE };
	return n;
}

static bool inside(uint32_t id, uint32_t start)
{
	return id >= start && id - start < IDMAP_RANGE;
}

static bool is_given_away(const char *subids, uint32_t start)
{
	struct subid_entry s;

	while (subid_next(&subids, &s))
		if (!is_ours(&s) && (inside(s.start, start) || (s.start < start && start - s.start < s.count)))
			return true;
	return false;
}

static bool is_somebodys(const struct owners *o, uint32_t start)
{
	struct subid_entry user;

	for (const char *p = o->passwd; subid_next_user(&p, &user);)
		if (inside(user.start, start) || inside(user.count, start))
			return true;
	return is_given_away(o->subuid, start) || is_given_away(o->subgid, start);
}

/* Spread over all ranges, so that the first try finds a free one as long as few are used. */
static uint32_t hash(const char *id)
{
	uint32_t h = 2166136261U; /* FNV-1a */

	for (; *id; id++)
		h = (h ^ (unsigned char)*id) * 16777619U;
	return h;
}

/* Return: 1 it is ours now, 0 somebody has it, or -errno with @e filled */
static int take(int ranges, const char *id, uint32_t start, struct err *e)
{
	char name[NAME_BYTES], owner[NAME_MAX + 1];

	snprintf(name, sizeof(name), "%u", start);
	if (symlinkat(id, ranges, name) == 0)
		return 1;
	if (errno != EEXIST)
		return err_set(e, errno, "reserve the ids from %u", start);
	ssize_t n = readlinkat(ranges, name, owner, sizeof(owner));

	return n == (ssize_t)strlen(id) && memcmp(owner, id, (size_t)n) == 0;
}

static uint32_t start_of(const struct area *areas, size_t i)
{
	for (; i >= areas->n; areas++)
		i -= areas->n;
	return areas->first + (uint32_t)i * IDMAP_RANGE;
}

int idmap_take_range(int ranges, const char *id, uint32_t *ret_start, struct err *e)
{
	__attribute__((cleanup(owners_free))) struct owners owners = { 0 };
	struct area areas[AREAS_MAX];
	size_t total = 0;
	int r = owners_read(&owners, e);

	if (r < 0)
		return r;
	for (size_t i = find_areas(&owners, areas); i > 0; i--)
		total += areas[i - 1].n;
	for (size_t i = 0, first = hash(id); i < total; i++) {
		uint32_t start = start_of(areas, (first + i) % total);

		if (is_somebodys(&owners, start))
			continue;
		r = take(ranges, id, start, e);
		if (r < 0)
			return r;
		if (r == 0)
			continue;
		*ret_start = start;
		return 0;
	}
	err_say(e, ENOSPC, "no range of %d ids is free", IDMAP_RANGE);
	return err_hint(e, "a line \"" OWN_NAME ":START:COUNT\" in both " SUBID_UID_FILE " and " SUBID_GID_FILE " gives more");
}

/* The folder is made aside, complete, and changes places with the link. @ranges: locked */
static int make_shared(int ranges, const char *id, const char *name, const char *owner, struct err *e)
{
	char aside[NAME_MAX + 1], first[2 * (NAME_MAX + 1)], own[2 * (NAME_MAX + 1)];

	snprintf(aside, sizeof(aside), "%s.%.*s", name, NAME_MAX - NAME_BYTES, id);
	snprintf(first, sizeof(first), "%s/%s", aside, owner);
	snprintf(own, sizeof(own), "%s/%s", aside, id);
	int r = file_remove(ranges, aside, e); /* of this container's, when it was killed at this */

	if (r < 0)
		return r;
	if (mkdirat(ranges, aside, 0700) < 0 || symlinkat(owner, ranges, first) < 0 || symlinkat(id, ranges, own) < 0 ||
	    renameat2(ranges, aside, ranges, name, RENAME_EXCHANGE) < 0)
		r = errno == ENOENT ? 0 : err_set(e, errno, "share the ids from %s", name);
	else
		r = 1;
	struct err ignored; /* a sweep finds what is left */

	(void)file_remove(ranges, aside, &ignored);
	return r;
}

/* Those who share wait for each other; who takes a range, or gives one back, waits for nobody. */
static int share(int ranges, const char *id, const char *name, struct err *e)
{
	char owner[NAME_MAX + 1], path[NAME_BYTES + NAME_MAX + 1];
	ssize_t n = readlinkat(ranges, name, owner, sizeof(owner) - 1);

	if (n >= 0) {
		owner[n] = '\0';
		return streq(owner, id) ? 1 : make_shared(ranges, id, name, owner, e);
	}
	snprintf(path, sizeof(path), "%s/%s", name, id);
	if (symlinkat(id, ranges, path) == 0 || errno == EEXIST)
		return 1;
	return errno == ENOENT ? 0 : err_set(e, errno, "share the ids from %s", name);
}

int idmap_share_range(int ranges, const char *id, uint32_t start, struct err *e)
{
	char name[NAME_BYTES];
	int r = fd_lock(ranges, LOCK_EX);

	snprintf(name, sizeof(name), "%u", start);
	if (r < 0)
		return err_set(e, -r, "lock the ranges of ids");
	r = share(ranges, id, name, e);
	(void)fd_lock(ranges, LOCK_UN);
	return r;
}

/* The last one's folder is empty. */
static int release_shared(int ranges, const char *id, const char *name, struct err *e)
{
	char path[NAME_BYTES + NAME_MAX + 1];

	snprintf(path, sizeof(path), "%s/%s", name, id);
	if (unlinkat(ranges, path, 0) < 0 && errno != ENOENT && errno != ENOTDIR)
		return err_set(e, errno, "give back the ids from %s", name);
	if (unlinkat(ranges, name, AT_REMOVEDIR) < 0 && errno != ENOENT && errno != ENOTDIR && errno != ENOTEMPTY)
		return err_set(e, errno, "give back the ids from %s", name);
	return 0;
}

static int release(int ranges, const char *id, const char *name, struct err *e)
{
	char owner[NAME_MAX + 1];
	ssize_t n = readlinkat(ranges, name, owner, sizeof(owner));

	if (n < 0)
		return errno == EINVAL ? release_shared(ranges, id, name, e) : 0;
	if (n != (ssize_t)strlen(id) || memcmp(owner, id, (size_t)n) != 0)
		return 0;
	if (unlinkat(ranges, name, 0) == 0 || errno == ENOENT)
		return 0;
	/* somebody has begun to share it just now */
	return errno == EISDIR ? release_shared(ranges, id, name, e) : err_set(e, errno, "give back the ids from %s", name);
}

int idmap_release_range(int ranges, const char *id, uint32_t start, struct err *e)
{
	char name[NAME_BYTES];

	snprintf(name, sizeof(name), "%u", start);
	return release(ranges, id, name, e);
}

void idmap_sweep_range(int ranges, const char *name, bool (*is_there)(const char *id, void *arg), void *arg)
{
	const char *dot = strchr(name, '.'); /* one that was to be shared, by whom */
	auto_dir DIR *d = NULL;
	char owner[NAME_MAX + 1];
	struct err ignored;
	ssize_t n = readlinkat(ranges, name, owner, sizeof(owner) - 1);

	if (dot && !is_there(dot + 1, arg)) {
		(void)file_remove(ranges, name, &ignored);
		return;
	}
	if (n > 0) {
		owner[n] = '\0';
		if (!is_there(owner, arg))
			(void)release(ranges, owner, name, &ignored);
		return;
	}
	int fd = openat(ranges, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	d = fd < 0 ? NULL : fdopendir(fd);
	for (struct dirent *entry; d && (entry = readdir(d));)
		if (entry->d_name[0] != '.' && !is_there(entry->d_name, arg))
			(void)release(ranges, entry->d_name, name, &ignored);
}
