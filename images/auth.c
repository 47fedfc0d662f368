// SPDX-License-Identifier: Apache-2.0
#include "images/auth.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <strings.h>

#include "base/base64.h"
#include "images/auth_file.h"
#include "images/auth_helper.h"
#include "images/images.h"

#define HUB	      "docker.io"
#define HUB_IN_HELPER "https://index.docker.io/v1/" /* what docker has always kept it under */

#define ROOT_FILE "/run/containers/0/auth.json"
#define FILES_MAX 3

void auth_forget(struct auth *a)
{
	explicit_bzero(a, sizeof(*a));
}

/* ---- which file ---- */

int auth_path(const struct auth_files *files, char *ret, size_t size, struct err *e)
{
	int n = 0;

	if (files->path)
		n = snprintf(ret, size, "%s", files->path);
	else if (files->runtime_dir)
		n = snprintf(ret, size, "%s/containers/auth.json", files->runtime_dir);
	else if (files->root)
		n = snprintf(ret, size, "%s", ROOT_FILE);
	if (n > 0 && (size_t)n < size)
		return 0;
	err_say(e, n ? ENAMETOOLONG : ENOENT, n ? "the auth file's path is too long" : "there is no folder for credentials");
	return err_hint(e, "give --authfile, or set REGISTRY_AUTH_FILE or XDG_RUNTIME_DIR");
}

/* Those that are read, the first one first. Return: how many */
static size_t list_files(const struct auth_files *files, char ret[FILES_MAX][PATH_MAX])
{
	const struct {
		const char *folder, *in_home, *file;
	} others[] = {
		{ files->config_dir, "/.config", "containers/auth.json" },
		{ files->docker_dir, "/.docker", "config.json" },
	};
	struct err none;
	size_t n = auth_path(files, ret[0], PATH_MAX, &none) >= 0;

	for (size_t i = 0; !files->path && i < ARRAY_SIZE(others); i++) {
		const char *folder = others[i].folder ? others[i].folder : files->home;

		if (folder)
			snprintf(ret[n++], PATH_MAX, "%s%s/%s", folder, others[i].folder ? "" : others[i].in_home,
				 others[i].file);
	}
	return n;
}

/* ---- found ---- */

static int ask_helper(const struct auth_files *files, const char *helper, const char *host, struct auth *ret, struct err *e)
{
	const char *const servers[] = { streq(host, HUB) ? HUB_IN_HELPER : host, streq(host, HUB) ? host : NULL };
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(servers) && servers[i] && r == 0; i++)
		r = auth_helper_get(helper, files->environment, servers[i], ret, e);
	return r;
}

/* Return: 1, 0 where the file says nothing of this host, or -errno with @e filled */
static int find_in(const struct auth_files *files, const char *path, const char *host, const char *repository,
		   struct auth *ret, struct err *e)
{
	auto_auth_file struct auth_file f = { 0 };
	int r = auth_file_read(path, &f, e);

	if (r <= 0)
		return r;
	const char *helper = auth_file_helper(&f, host);

	r = helper ? ask_helper(files, helper, host, ret, e) : 0;
	const struct auth_entry *entry = r ? NULL : auth_file_find(&f, host, repository);

	if (entry)
		r = auth_entry_read(entry, ret, e) < 0 ? -e->code : *ret->user != '\0';
	return r < 0 ? err_wrap(e, "%s", path) : r;
}

int auth_find(const struct auth_files *files, const char *host, const char *repository, struct auth *ret, struct err *e)
{
	char paths[FILES_MAX][PATH_MAX];
	size_t n = list_files(files, paths);
	auto_auth struct auth found = { 0 };
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = find_in(files, paths[i], host, repository, &found, e);
	if (r < 0)
		return r;
	*ret = found;
	return 0;
}

/* ---- kept ---- */

int auth_key(const char *text, char ret[AUTH_KEY_MAX], struct err *e)
{
	const char *at = strstr(text, "://"), *name = at ? at + 3 : text;
	size_t n = strlen(name);
	char whole[IMAGE_REF_MAX];
	struct image_ref ref;
	struct err why;

	if (at)
		n = strcspn(name, "/");
	else if (n && name[n - 1] == '/')
		n--;
	bool host_only = !memchr(name, '/', n);

	snprintf(whole, sizeof(whole), "%.*s%s", (int)MIN(n, sizeof(whole)), name, host_only ? "/x" : "");
	const char *tag = strchr(whole, '/');

	if (image_ref_parse(whole, &ref, &why) < 0 || !image_ref_names_host(whole, &ref) || strpbrk(tag, ":@")) {
		err_say(e, EINVAL, "\"%.200s\" is no registry", text);
		return err_hint(e, "it is a host, as docker.io or registry.example:5000, or a host and the beginning of a name");
	}
	snprintf(ret, AUTH_KEY_MAX, "%s%s%s", ref.host, host_only ? "" : "/", host_only ? "" : ref.name);
	return 0;
}

struct change {
	const struct auth_files *files;
	const char *path, *key;
	const struct auth *auth;
	bool found;
};

/* As the file has it: docker takes a key in any case, and so do we (spec/decode.c). */
static const char *own_spelling(json_t *whole, const char *name)
{
	const char *key;
	json_t *value;

	json_object_foreach (whole, key, value)
		if (strcasecmp(key, name) == 0)
			return key;
	return name;
}

/* The object under a name, made where it is missing. Borrowed; NULL with @e filled */
static json_t *section(json_t *whole, const char *name, struct err *e)
{
	name = own_spelling(whole, name);
	json_t *there = json_object_get(whole, name);

	if (json_is_object(there))
		return there;
	if (there && !json_is_null(there)) {
		err_say(e, EINVAL, "\"%s\" is no object", name);
		return NULL;
	}
	if (json_object_set_new(whole, name, json_object()) < 0) { /* the name may be the object's own: it is copied */
		err_nomem(e);
		return NULL;
	}
	return json_object_get(whole, name);
}

/* All entries that are for this key, in whatever form; NULL: all there are. */
static void drop_entries(struct change *c, json_t *auths)
{
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe (auths, next, key, value)
		if (!c->key || auth_key_is(key, c->key)) {
			c->found |= json_object_size(value) > 0;
			(void)json_object_del(auths, key); /* it is there: it was just seen */
		}
}

static int put_entry(json_t *whole, void *arg, struct err *e)
{
	struct change *c = arg;
	bool token = streq(c->auth->user, FETCH_IDENTITY_USER);
	char pair[sizeof(struct auth) + 1], text[BASE64_ROOM(sizeof(pair))];
	json_t *auths = section(whole, "auths", e);

	if (!auths)
		return -e->code;
	snprintf(pair, sizeof(pair), "%s:%s", c->auth->user, token ? "" : c->auth->password);
	base64_encode(pair, strlen(pair), text);
	drop_entries(c, auths);
	json_t *entry = json_pack("{s:s}", "auth", text);
	int r = entry ? 1 : err_nomem(e);

	if (entry && token && json_object_set_new(entry, "identitytoken", json_string(c->auth->password)) < 0)
		r = err_nomem(e);
	if (json_object_set_new(auths, c->key, entry) < 0)
		r = err_nomem(e);
	explicit_bzero(pair, sizeof(pair));
	explicit_bzero(text, sizeof(text));
	return r;
}

static const char *in_helper(const char *key)
{
	return streq(key, HUB) ? HUB_IN_HELPER : key;
}

int auth_store(const struct auth_files *files, const char *key, const struct auth *auth, struct err *e)
{
	auto_auth_file struct auth_file f = { 0 };
	char path[PATH_MAX];
	int r = auth_path(files, path, sizeof(path), e);

	if (r >= 0)
		r = auth_file_read(path, &f, e);
	if (r < 0)
		return r;
	const char *helper = r > 0 ? auth_file_helper(&f, key) : NULL;

	if (helper)
		return auth_helper_store(helper, files->environment, in_helper(key), auth, e);
	struct change c = { .files = files, .path = path, .key = key, .auth = auth };

	r = auth_file_change(path, put_entry, &c, e);
	return MIN(r, 0);
}

/* ---- forgotten ---- */

static int drop(json_t *whole, void *arg, struct err *e)
{
	struct change *c = arg;
	json_t *auths = section(whole, "auths", e);

	if (!auths)
		return -e->code;
	size_t before = json_object_size(auths);

	drop_entries(c, auths);
	return json_object_size(auths) < before;
}

static int erase(const struct auth_files *files, const char *helper, const char *key, bool *found, struct err *e)
{
	const char *const servers[] = { in_helper(key), streq(key, HUB) ? key : NULL };
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(servers) && servers[i] && r >= 0; i++) {
		auto_auth struct auth had = { 0 };

		r = auth_helper_get(helper, files->environment, servers[i], &had, e);
		if (r > 0) {
			r = auth_helper_erase(helper, files->environment, servers[i], e);
			*found = true;
		}
	}
	return r;
}

/* With all keys, those hosts that the file has an entry or a helper of their own for: helpers themselves have no list of ours. */
static int erase_from_helpers(const struct auth_files *files, const struct auth_file *f, const char *key, bool *found,
			      struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < f->helpers.n && r >= 0; i++)
		if (!key || auth_key_is(f->helpers.v[i].key, key))
			r = erase(files, f->helpers.v[i].value, f->helpers.v[i].key, found, e);
	if (!f->store || !*f->store)
		return r;
	for (size_t i = 0; !key && i < f->entries.n && r >= 0; i++)
		r = erase(files, f->store, f->entries.v[i].key, found, e);
	return key && r >= 0 ? erase(files, f->store, key, found, e) : r;
}

int auth_remove(const struct auth_files *files, const char *key, bool *ret_found, struct err *e)
{
	auto_auth_file struct auth_file f = { 0 };
	char path[PATH_MAX];
	bool found = false;
	int r = auth_path(files, path, sizeof(path), e);

	if (r >= 0)
		r = auth_file_read(path, &f, e);
	if (r > 0) {
		struct change c = { .files = files, .path = path, .key = key };

		r = erase_from_helpers(files, &f, key, &found, e);
		if (r >= 0)
			r = auth_file_change(path, drop, &c, e);
		found |= c.found;
	}
	if (r < 0)
		return r;
	*ret_found = found;
	return 0;
}
