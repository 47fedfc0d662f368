// SPDX-License-Identifier: Apache-2.0
#include "runtime/secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/base64.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/timestamp.h"
#include "spec/decode.h"

#define FOLDER	 "secrets"
#define FILE_MAX (1 << 20)

static const struct field fields[] = {
	FIELD_STRING(struct secret, id, "id", REQUIRED),
	FIELD_STRING(struct secret, created, "created", REQUIRED),
	FIELD_STRING(struct secret, updated, "updated", REQUIRED),
	FIELD_MAP(struct secret, labels, "labels"),
	FIELD_STRING(struct secret, base64, "data", REQUIRED),
};

void secret_free(struct secret *s)
{
	arena_free(&s->arena);
}

/* Return: its fd, or -errno with @e filled (-ENOENT: nobody has made a secret yet) */
static int open_folder(const struct engine *g, bool make, struct err *e)
{
	if (make && mkdirat(g->data, FOLDER, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make folder " FOLDER);
	int fd = openat(g->data, FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? err_set(e, errno, "open folder " FOLDER) : fd;
}

static int read_one(int dir, const char *name, struct secret *ret, struct err *e)
{
	auto_free char *text = NULL;
	struct secret s = { 0 };
	size_t len;
	int r = file_read(dir, name, FILE_MAX, &text, &len, e);

	if (r >= 0)
		r = decode_text(text, len, name, fields, ARRAY_SIZE(fields), &s.arena, &s, e);
	s.name = r < 0 ? NULL : arena_strdup(&s.arena, name);
	if (r >= 0 && !s.name)
		r = err_nomem(e);
	if (r < 0) {
		secret_free(&s);
		return err_wrap(e, "secret");
	}
	*ret = s;
	return 0;
}

int secret_each(const struct engine *g, int (*f)(const struct secret *s, void *arg, struct err *e), void *arg, struct err *e)
{
	auto_arena struct arena a = { 0 };
	struct strv names = { 0 };
	auto_fd int dir = open_folder(g, false, e);
	int r = dir < 0 ? dir : file_names(dir, &a, &names, e);

	strv_sort(&names);
	for (size_t i = 0; i < names.n && r == 0; i++) {
		auto_secret struct secret s = { 0 };

		r = read_one(dir, names.v[i], &s, e);
		if (r == 0)
			r = f(&s, arg, e);
		else if (r == -ENOENT) /* removed meanwhile */
			r = 0;
	}
	return dir == -ENOENT ? 0 : r;
}

struct search {
	const char *prefix;
	char *found; /* its name; in @arena */
	struct arena arena;
	size_t n;
};

static int match(const struct secret *s, void *arg, struct err *e)
{
	struct search *search = arg;

	if (!str_after(s->id, search->prefix))
		return 0;
	search->n++;
	search->found = arena_strdup(&search->arena, s->name);
	return search->found ? 0 : err_nomem(e);
}

static int load_by_id(const struct engine *g, int dir, const char *id, struct secret *ret, struct err *e)
{
	struct search s = { .prefix = id };
	int r = secret_each(g, match, &s, e);

	if (r >= 0 && s.n > 1)
		r = err_say(e, EINVAL, "several secrets have an id that begins with %s: give more digits", id);
	if (r >= 0 && s.n == 1)
		r = read_one(dir, s.found, ret, e);
	if (r >= 0 && s.n == 0) {
		err_say(e, ENOENT, "no such secret: %s", id);
		r = err_hint(e, "`paene secret ls` lists all");
	}
	arena_free(&s.arena);
	return r;
}

int secret_load(const struct engine *g, const char *name, struct secret *ret, struct err *e)
{
	int r = str_check_name(name, "secret name", e);
	auto_fd int dir = r < 0 ? r : open_folder(g, false, e);

	if (dir < 0 && dir != -ENOENT)
		return dir;
	r = dir < 0 ? dir : read_one(dir, name, ret, e);
	return r == -ENOENT ? load_by_id(g, dir, name, ret, e) : r;
}

int secret_data(const struct secret *s, struct arena *a, char **ret, size_t *ret_n, struct err *e)
{
	size_t room = strlen(s->base64);
	char *data = arena_alloc(a, room + 1);
	ssize_t n = data ? base64_decode(s->base64, data, room) : -ENOMEM;

	if (n < 0)
		return n == -ENOMEM ? err_nomem(e) : err_say(e, EINVAL, "secret %s: its data is damaged", s->name);
	data[n] = '\0';
	*ret = data;
	*ret_n = (size_t)n;
	return 0;
}

static int fill(struct secret *s, const void *data, size_t n, struct err *e)
{
	char id[SECRET_ID_LENGTH + 1], now[TIMESTAMP_MAX];
	int r = proc_random_hex(id, SECRET_ID_LENGTH);

	if (r < 0)
		return err_set(e, -r, "choose an id");
	s->id = arena_strdup(&s->arena, id);
	s->updated = arena_strdup(&s->arena, timestamp_now(now));
	if (!s->created)
		s->created = s->updated;
	s->base64 = arena_alloc(&s->arena, BASE64_ROOM(n));
	if (!s->id || !s->updated || !s->base64)
		return err_nomem(e);
	base64_encode(data, n, s->base64);
	return 0;
}

int secret_create(const struct engine *g, struct secret *s, const void *data, size_t n, bool replace, struct err *e)
{
	auto_secret struct secret old = { 0 };
	auto_free char *text = NULL;
	struct err ignored;
	int r = str_check_name(s->name, "secret name", e);

	if (r >= 0 && n == 0)
		return err_say(e, EINVAL, "a secret has at least a byte");
	if (r >= 0 && n > SECRET_MAX)
		return err_say(e, EFBIG, "a secret has at most %d bytes", SECRET_MAX);
	auto_fd int dir = r < 0 ? r : open_folder(g, true, e);

	if (dir < 0)
		return dir;
	if (replace && read_one(dir, s->name, &old, &ignored) == 0)
		s->created = arena_strdup(&s->arena, old.created);
	r = fill(s, data, n, e);
	if (r >= 0)
		r = encode_text(fields, ARRAY_SIZE(fields), s, &text, e);
	if (r >= 0)
		r = file_publish(dir, s->name, text, strlen(text), 0600, FILE_SYNC | (replace ? 0 : FILE_EXCL), e);
	if (r != -EEXIST)
		return r;
	err_say(e, EEXIST, "the secret name \"%s\" is in use", s->name);
	return err_hint(e, "`--replace` puts the new one in its place");
}

int secret_remove(const struct engine *g, const char *name, struct err *e)
{
	auto_secret struct secret s = { 0 };
	int r = secret_load(g, name, &s, e);
	auto_fd int dir = r < 0 ? r : open_folder(g, false, e);

	if (dir < 0)
		return dir;
	return unlinkat(dir, s.name, 0) < 0 && errno != ENOENT ? err_set(e, errno, "remove secret %s", name) : 0;
}
