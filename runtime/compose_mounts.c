// SPDX-License-Identifier: Apache-2.0
/* Mounts of a container of `paene`: the default ones, then the user's own; a target named twice is the user's. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/path.h"
#include "runtime/compose_parts.h"
#include "runtime/defaults.h"

#define OWN_MOUNTS 16 /* room for the default ones, --read-only's and --init's */

static int split(struct composition *c, const char *list, struct strv *to)
{
	while (*list) {
		size_t n = strcspn(list, ",");

		if (n > 0) {
			char *word = arena_strndup(&c->spec->arena, list, n);

			if (!word || strv_push(&c->spec->arena, to, word) < 0)
				return -ENOMEM;
		}
		list += n + (list[n] == ',');
	}
	return 0;
}

/* Where an older mount has this target, the new one takes its place in the list. */
static struct spec_mount *place_for(struct composition *c, const char *target)
{
	struct spec_mounts *m = &c->spec->mounts;

	for (size_t i = 0; i < m->n; i++)
		if (streq(m->v[i].destination, target)) {
			m->v[i] = (struct spec_mount){ .destination = m->v[i].destination };
			return &m->v[i];
		}
	return &m->v[m->n++];
}

static int add_mount(struct composition *c, const char *target, const char *type, const char *source,
		     const char *options, struct err *e)
{
	char *normal = arena_alloc(&c->spec->arena, strlen(target) + 2);

	if (!normal)
		return err_nomem(e);
	if (*target != '/')
		return err_say(e, EINVAL, "the mount target %s must be absolute", target);
	path_normal(target, normal);
	if (streq(normal, "/"))
		return err_say(e, EINVAL, "the root itself can't be a mount target");
	struct spec_mount *m = place_for(c, normal);

	m->destination = normal;
	m->type = arena_strdup(&c->spec->arena, type);
	m->source = arena_strdup(&c->spec->arena, source);
	return m->type && m->source && split(c, options, &m->options) == 0 ? 0 : err_nomem(e);
}

static int add_defaults(struct composition *c, struct err *e)
{
	int r = 0;

	for (const struct default_mount *m = default_mounts; m->target && r >= 0; m++) {
		const char *options = m->options;

		if (streq(m->target, "/sys/fs/cgroup") && (c->o->privileged || c->s->cgroup_delegate))
			options = "nosuid,noexec,nodev,relatime";
		/* sysfs belongs to the network namespace: without one of our own only a view of the host's is possible */
		if (streq(m->target, "/sys") && !c->own_net && c->s->private_userns)
			r = add_mount(c, "/sys", "bind", "/sys", "rbind,rro,nosuid,noexec,nodev", e);
		else if (streq(m->target, "/sys") && c->o->privileged)
			r = add_mount(c, m->target, m->type, m->source, "nosuid,noexec,nodev", e);
		else
			r = add_mount(c, m->target, m->type, m->source, options, e);
	}
	const char *size = c->o->shm_size ? c->o->shm_size : DEFAULT_SHM_SIZE;
	uint64_t bytes = 0;
	char options[96];

	if (r >= 0 && (str_to_bytes(size, &bytes) < 0 || bytes == 0))
		return err_say(e, EINVAL, "--shm-size %s: a size such as 64m, please", size);
	snprintf(options, sizeof(options), "nosuid,noexec,nodev,mode=1777,size=%llu", (unsigned long long)bytes);
	return r < 0 ? r : add_mount(c, "/dev/shm", "tmpfs", "shm", options, e);
}

struct bind {
	char source[PATH_MAX];
	const char *target;
	bool readonly, noidmap, is_volume, exec_forbidden, recursive;
	const char *propagation;
};

static int option_word(struct bind *b, const char *word, size_t n)
{
	static const struct {
		const char *word;
		size_t offset;
		bool value;
	} words[] = {
		{ "ro", offsetof(struct bind, readonly), true },
		{ "readonly", offsetof(struct bind, readonly), true },
		{ "rw", offsetof(struct bind, readonly), false },
		{ "noidmap", offsetof(struct bind, noidmap), true },
		{ "noexec", offsetof(struct bind, exec_forbidden), true },
		{ "exec", offsetof(struct bind, exec_forbidden), false },
		{ "bind", offsetof(struct bind, recursive), false },
		{ "rbind", offsetof(struct bind, recursive), true },
	};
	static const char *const propagations[] = { "rprivate", "private", "rslave", "slave", "rshared", "shared" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strlen(words[i].word) == n && memcmp(word, words[i].word, n) == 0) {
			*(bool *)((char *)b + words[i].offset) = words[i].value;
			return 0;
		}
	for (size_t i = 0; i < ARRAY_SIZE(propagations); i++)
		if (strlen(propagations[i]) == n && memcmp(word, propagations[i], n) == 0) {
			b->propagation = propagations[i];
			return 0;
		}
	/* z and Z relabel for SELinux, nocopy is about filling volumes: neither has anything to do here */
	if ((n == 1 && (*word == 'z' || *word == 'Z')) || (n == 6 && memcmp(word, "nocopy", 6) == 0))
		return 0;
	return -EINVAL;
}

/* A folder or file of the host, or a volume by its name. */
static int find_source(struct composition *c, const char *source, struct bind *b, struct err *e)
{
	if (*source == '/' || *source == '.') {
		if (realpath(source, b->source))
			return 0;
		err_set(e, errno, "volume source %s", source);
		return e->code == ENOENT ? err_hint(e, "make it first") : -e->code;
	}
	auto_fd int fd = volume_open(c->g, source, e);

	if (fd < 0)
		return fd;
	b->is_volume = true;
	snprintf(b->source, sizeof(b->source), "%s/volumes/%s", c->g->data_path, source);
	return 0;
}

static int add_bind(struct composition *c, const struct bind *b, struct err *e)
{
	char options[160];

	snprintf(options, sizeof(options), "%s,%s%s%s,nosuid,nodev%s", b->recursive ? "rbind" : "bind",
		 b->readonly ? "rro," : "", b->propagation ? b->propagation : "rprivate",
		 c->s->private_userns && !b->noidmap && !c->g->rootless ? (b->recursive ? ",ridmap" : ",idmap") : "",
		 b->exec_forbidden ? ",noexec" : "");
	int r = add_mount(c, b->target, "bind", b->source, options, e);

	if (r >= 0 && strv_push(&c->s->arena, &c->s->binds,
				arena_printf(&c->s->arena, "%s:%s%s", b->source, b->target, b->readonly ? ":ro" : "")) < 0)
		return err_nomem(e);
	return r;
}

/* -v SOURCE:TARGET[:OPTIONS], options as in option_word(). */
static int add_volume(struct composition *c, const char *word, struct err *e)
{
	struct bind b = { 0 };
	size_t n = strcspn(word, ":");
	char *source = arena_strndup(&c->spec->arena, word, n);

	if (!source)
		return err_nomem(e);
	if (!word[n])
		return err_say(e, EINVAL, "--volume %s: SOURCE:TARGET[:OPTIONS], please", word);
	const char *rest = word + n + 1;
	size_t target_len = strcspn(rest, ":");
	char *target = arena_strndup(&c->spec->arena, rest, target_len);

	if (!target)
		return err_nomem(e);
	b.target = target;
	b.recursive = true;
	for (const char *o = rest[target_len] ? rest + target_len + 1 : ""; *o;) {
		size_t len = strcspn(o, ",");

		if (option_word(&b, o, len) < 0)
			return err_say(e, EINVAL, "--volume %s: unknown option %.*s", word, (int)len, o);
		o += len + (o[len] == ',');
	}
	int r = *source ? find_source(c, source, &b, e) : err_say(e, EINVAL, "it has no source");

	return r < 0 ? err_wrap(e, "--volume %s", word) : add_bind(c, &b, e);
}

/* --tmpfs TARGET[:OPTIONS] */
static int add_tmpfs(struct composition *c, const char *target, const char *options, struct err *e)
{
	char *all = arena_printf(&c->spec->arena, "nosuid,nodev,mode=1777,%s", options);

	return all ? add_mount(c, target, "tmpfs", "tmpfs", all, e) : err_nomem(e);
}

static int tmpfs_word(struct composition *c, const char *word, struct err *e)
{
	size_t n = strcspn(word, ":");
	char *target = arena_strndup(&c->spec->arena, word, n);
	int r = target ? add_tmpfs(c, target, word[n] ? word + n + 1 : "", e) : err_nomem(e);

	return r < 0 ? err_wrap(e, "--tmpfs %s", word) : 0;
}

/* --mount type=bind|volume|tmpfs,source=…,target=…,OPTION… */
static int mount_word(struct composition *c, const char *word, struct err *e)
{
	struct bind b = { .recursive = true };
	const char *type = "volume", *source = NULL, *tmpfs = "";
	struct strv words = { 0 };
	int r = 0;

	if (split(c, word, &words) < 0)
		return err_nomem(e);
	for (size_t i = 0; i < words.n; i++) {
		char *key = words.v[i], *eq = strchr(key, '='), *value = eq ? eq + 1 : key + strlen(key);
		size_t n = strcspn(key, "=");

		if (n == 4 && memcmp(key, "type", n) == 0)
			type = value;
		else if (strncmp(key, "source=", 7) == 0 || strncmp(key, "src=", 4) == 0)
			source = value;
		else if (strncmp(key, "target=", 7) == 0 || strncmp(key, "dst=", 4) == 0 ||
			 strncmp(key, "destination=", 12) == 0)
			b.target = value;
		else if (strncmp(key, "tmpfs-size=", 11) == 0)
			tmpfs = arena_printf(&c->spec->arena, "size=%s,%s", value, tmpfs);
		else if (strncmp(key, "tmpfs-mode=", 11) == 0)
			tmpfs = arena_printf(&c->spec->arena, "mode=%s,%s", value, tmpfs);
		else if (strncmp(key, "bind-propagation=", 17) == 0 && option_word(&b, value, strlen(value)) == 0)
			continue;
		else if ((n == 8 && memcmp(key, "readonly", n) == 0) || (n == 2 && memcmp(key, "ro", n) == 0))
			b.readonly = !eq || streq(value, "true") || streq(value, "1");
		else if (eq || option_word(&b, key, n) < 0)
			return err_say(e, EINVAL, "--mount %s: unknown part %s", word, key);
		if (!tmpfs)
			return err_nomem(e);
	}
	if (!b.target)
		return err_say(e, EINVAL, "--mount %s: it has no target", word);
	if (streq(type, "tmpfs")) {
		tmpfs = arena_printf(&c->spec->arena, "%s%s,%s", b.readonly ? "ro" : "", b.exec_forbidden ? ",noexec" : "", tmpfs);
		return tmpfs ? add_tmpfs(c, b.target, tmpfs, e) : err_nomem(e);
	}
	if (!streq(type, "bind") && !streq(type, "volume"))
		return err_say(e, EINVAL, "--mount %s: its type is bind, volume or tmpfs", word);
	if (!source)
		r = err_say(e, EINVAL, "it has no source");
	else if (streq(type, "bind") != (*source == '/' || *source == '.'))
		r = err_say(e, EINVAL, "the source of a %s is a %s", type, streq(type, "bind") ? "path" : "name");
	if (r >= 0)
		r = find_source(c, source, &b, e);
	return r < 0 ? err_wrap(e, "--mount %s", word) : add_bind(c, &b, e);
}

static int each(struct composition *c, const struct strv *words, int (*f)(struct composition *, const char *, struct err *),
		struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < words->n && r >= 0; i++)
		r = f(c, words->v[i], e);
	return r;
}

static size_t depth(const struct spec_mount *m)
{
	size_t n = 0;

	for (const char *p = m->destination; *p; p++)
		n += *p == '/';
	return n;
}

/* A mount hides what was mounted below its target before it: outer ones come first, whatever the order they were given in. */
static void sort_outer_first(struct spec_mounts *m)
{
	for (size_t i = 1; i < m->n; i++) {
		const struct spec_mount moved = m->v[i];
		size_t k = i;

		for (; k > 0 && depth(&m->v[k - 1]) > depth(&moved); k--)
			m->v[k] = m->v[k - 1];
		m->v[k] = moved;
	}
}

int compose_mounts(struct composition *c, struct err *e)
{
	size_t room = OWN_MOUNTS + c->o->tmpfs.n + c->o->volumes.n + c->o->mounts.n;

	c->spec->mounts.v = arena_array(&c->spec->arena, room, sizeof(*c->spec->mounts.v));
	if (!c->spec->mounts.v)
		return err_nomem(e);
	int r = add_defaults(c, e);

	for (const char *const *p = default_read_only_tmpfs; *p && c->o->read_only && r >= 0; p++)
		r = add_tmpfs(c, *p, "", e);
	if (r >= 0)
		r = each(c, &c->o->tmpfs, tmpfs_word, e);
	if (r >= 0)
		r = each(c, &c->o->volumes, add_volume, e);
	if (r >= 0)
		r = each(c, &c->o->mounts, mount_word, e);
	if (r >= 0 && c->o->init)
		r = add_mount(c, INIT_TARGET, "bind", c->g->init_program, "bind,ro,nosuid,nodev", e);
	sort_outer_first(&c->spec->mounts);
	return r < 0 ? r : 0;
}
