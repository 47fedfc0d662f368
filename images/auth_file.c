// SPDX-License-Identifier: Apache-2.0
#include "images/auth_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>

#include "base/base64.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "images/digest_text.h"
#include "spec/text.h"

#define AUTH_FILE_MAX (1 << 20)
#define LITTER_DIGITS 12 /* at the end of a temporary file's name */
#define HUB	      "docker.io"

static const struct field entry_fields[] = {
	FIELD_STRING(struct auth_entry, auth, "auth", OPTIONAL),
	FIELD_STRING(struct auth_entry, identity_token, "identitytoken", OPTIONAL),
	FIELD_STRING(struct auth_entry, user, "username", OPTIONAL),
	FIELD_STRING(struct auth_entry, password, "password", OPTIONAL),
};

static const struct field fields[] = {
	FIELD_KEYED(struct auth_file, entries, "auths", entry_fields, struct auth_entry),
	FIELD_MAP(struct auth_file, helpers, "credHelpers"),
	FIELD_STRING(struct auth_file, store, "credsStore", OPTIONAL),
};

void auth_file_close(struct auth_file *f)
{
	json_decref(f->whole);
	arena_free(&f->arena);
	*f = (struct auth_file){ 0 };
}

/* The parser shows what it stumbled over: here that may be a secret. */
static int broken(const char *path, struct err *e)
{
	char *near = strstr(e->text, " near ");

	if (near)
		*near = '\0';
	return err_wrap(e, "%s", path);
}

/* Return: 1 with a new reference, 0 where there is no such file or nothing in it, or -errno with @e filled */
static int read_whole(const char *path, json_t **ret, struct err *e)
{
	auto_fd int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	auto_free char *text = NULL;
	size_t len;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0)
		return err_set(e, errno, "open %s", path);
	int r = file_read_fd(fd, path, AUTH_FILE_MAX, &text, &len, e);

	if (r < 0)
		return r;
	if (strspn(text, " \t\r\n") < len)
		r = json_from_text(text, len, ret, e) < 0 ? broken(path, e) : 1;
	explicit_bzero(text, len);
	return r;
}

int auth_file_read(const char *path, struct auth_file *ret, struct err *e)
{
	auto_auth_file struct auth_file f = { 0 };
	struct decoder d = { .arena = &f.arena, .e = e };
	int r = read_whole(path, &f.whole, e);

	if (r <= 0)
		return r;
	if (decode_object(&d, f.whole, fields, ARRAY_SIZE(fields), &f) < 0)
		return broken(path, e);
	*ret = f;
	f = (struct auth_file){ 0 };
	return 1;
}

/* "https://index.docker.io/v1/" is what docker login has written since 2013. */
static const char *without_scheme(const char *key)
{
	const char *at = strstr(key, "://");

	return at ? at + 3 : key;
}

/* How many characters of a key name it: a scheme makes it an address, of which only the host counts. */
static size_t name_length(const char *key, const char **ret_name)
{
	const char *name = without_scheme(key);
	size_t n = strlen(name);

	if (name != key)
		n = strcspn(name, "/");
	*ret_name = name;
	return n;
}

bool auth_key_is(const char *key, const char *of)
{
	static const char *const of_hub[] = { HUB, "index." HUB, "registry-1." HUB, "index." HUB "/v1/" };
	const char *name;
	size_t n = name_length(key, &name);

	if (n == strlen(of) && strncmp(name, of, n) == 0)
		return true;
	for (size_t i = 0; streq(of, HUB) && i < ARRAY_SIZE(of_hub); i++)
		if (n == strlen(of_hub[i]) && strncmp(name, of_hub[i], n) == 0)
			return true;
	return false;
}

static const struct auth_entry *find_key(const struct auth_file *f, const char *key)
{
	for (size_t i = 0; i < f->entries.n; i++)
		if (streq(f->entries.v[i].key, key)) /* what was written for it goes before older forms */
			return &f->entries.v[i];
	for (size_t i = 0; i < f->entries.n; i++)
		if (auth_key_is(f->entries.v[i].key, key))
			return &f->entries.v[i];
	return NULL;
}

const struct auth_entry *auth_file_find(const struct auth_file *f, const char *host, const char *repository)
{
	char key[AUTH_KEY_MAX];

	snprintf(key, sizeof(key), "%s%s%s", host, repository && *repository ? "/" : "", repository ? repository : "");
	for (;;) {
		const struct auth_entry *entry = find_key(f, key);
		char *slash = strrchr(key, '/');

		if (entry || !slash)
			return entry;
		*slash = '\0';
	}
}

static int take(char *field, size_t size, const char *text, size_t n, struct err *e)
{
	if (n >= size)
		return err_say(e, EINVAL, "a user's name or secret is too long");
	memcpy(field, text, n);
	field[n] = '\0';
	return 0;
}

/* "USER:SECRET"; the name has no colon in it. */
static int read_pair(const char *pair, struct auth *ret, struct err *e)
{
	size_t n = strcspn(pair, ":");

	if (!pair[n])
		return err_say(e, EINVAL, "\"auth\" does not stand for USER:PASSWORD");
	int r = take(ret->user, sizeof(ret->user), pair, n, e);

	return r < 0 ? r : take(ret->password, sizeof(ret->password), pair + n + 1, strlen(pair + n + 1), e);
}

int auth_entry_read(const struct auth_entry *entry, struct auth *ret, struct err *e)
{
	char pair[sizeof(struct auth) + 1];
	int r = 0;

	*ret = (struct auth){ 0 };
	if (entry->identity_token && *entry->identity_token) {
		snprintf(ret->user, sizeof(ret->user), FETCH_IDENTITY_USER);
		r = take(ret->password, sizeof(ret->password), entry->identity_token, strlen(entry->identity_token), e);
	} else if (entry->auth && *entry->auth) {
		ssize_t n = base64_decode(entry->auth, pair, sizeof(pair) - 1);

		if (n < 0 || memchr(pair, '\0', (size_t)n))
			return err_say(e, EINVAL, "%s: \"auth\" is no base64 of a text", entry->key);
		pair[n] = '\0';
		r = read_pair(pair, ret, e);
		explicit_bzero(pair, sizeof(pair));
	} else if (entry->user && *entry->user && entry->password) {
		r = take(ret->user, sizeof(ret->user), entry->user, strlen(entry->user), e);
		if (r >= 0)
			r = take(ret->password, sizeof(ret->password), entry->password, strlen(entry->password), e);
	}
	return r < 0 ? err_wrap(e, "%s", entry->key) : 0;
}

const char *auth_file_helper(const struct auth_file *f, const char *key)
{
	for (size_t i = 0; i < f->helpers.n; i++)
		if (auth_key_is(f->helpers.v[i].key, key))
			return f->helpers.v[i].value;
	return f->store && *f->store ? f->store : NULL;
}

/* Where it lies itself: a link in its place, as keepers of settings make them, stays. */
static void resolve(const char *path, char ret[PATH_MAX])
{
	if (!realpath(path, ret))
		snprintf(ret, PATH_MAX, "%s", path);
}

static int write_whole(int folder, const char *name, json_t *whole, struct err *e)
{
	auto_free char *text = NULL;
	int r = json_to_layout(whole, JSON_INDENT(8), &text, e);

	if (r < 0)
		return r;
	size_t len = strlen(text);

	text[len] = '\n'; /* instead of the zero */
	r = file_publish(folder, name, text, len + 1, 0600, FILE_SYNC, e);

	explicit_bzero(text, len + 1);
	return r;
}

/* What file_publish() has left of somebody who was killed: who has the lock is alone here, so it is nobody's; it holds secrets. */
static int clear_litter(int folder, const char *name, void *file, struct err *e)
{
	const char *rest = *name == '.' ? str_after(name + 1, file) : NULL;

	(void)e;
	if (rest && *rest == '.' && strlen(rest + 1) == LITTER_DIGITS && strspn(rest + 1, HEX_DIGITS) == LITTER_DIGITS)
		(void)unlinkat(folder, name, 0); /* best effort: the next one tries again */
	return 0;
}

int auth_file_change(const char *path, int (*change)(json_t *whole, void *arg, struct err *e), void *arg, struct err *e)
{
	json_auto_t *whole = NULL;
	char real[PATH_MAX], parent[PATH_MAX];
	struct err ignored;

	resolve(path, real);
	snprintf(parent, sizeof(parent), "%s", real);
	char *slash = strrchr(parent, '/');

	if (!slash)
		return err_say(e, EINVAL, "%s is no absolute path", path);
	*slash = '\0';
	auto_fd int folder = path_mkdirs(*parent ? parent : "/", 0700, e);

	if (folder < 0)
		return err_wrap(e, "%s", path);
	auto_fd int lock = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = lock < 0 ? -errno : fd_lock(lock, LOCK_EX); /* two logins at once: neither is lost */

	if (r < 0)
		return err_set(e, -r, "lock %s", parent);
	(void)file_each_any(lock, clear_litter, real + (slash - parent) + 1, &ignored);
	r = read_whole(real, &whole, e);
	if (r < 0)
		return r;
	if (!whole)
		whole = json_object();
	if (!whole)
		return err_nomem(e);
	if (!json_is_object(whole))
		return err_say(e, EINVAL, "%s: expected an object", path);
	r = change(whole, arg, e);
	if (r <= 0)
		return r;
	int failed = write_whole(lock, real + (slash - parent) + 1, whole, e);

	return failed < 0 ? err_wrap(e, "%s", path) : r;
}
