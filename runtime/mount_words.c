// SPDX-License-Identifier: Apache-2.0
#include "runtime/mount_words.h"

#include <errno.h>
#include <stddef.h>

const char *const mount_type_names[MOUNT_TYPE_COUNT] = { "bind", "volume", "tmpfs", "image", "glob", "devpts", "ramfs" };

#define ANY	 (BIT(MOUNT_TYPE_COUNT) - 1)
#define BINDS	 (BIT(MOUNT_TYPE_BIND) | BIT(MOUNT_TYPE_VOLUME) | BIT(MOUNT_TYPE_GLOB))
#define NEW	 (BIT(MOUNT_TYPE_TMPFS) | BIT(MOUNT_TYPE_RAMFS) | BIT(MOUNT_TYPE_DEVPTS))
#define VOLUME	 BIT(MOUNT_TYPE_VOLUME)
#define IMAGE	 BIT(MOUNT_TYPE_IMAGE)
#define TMPFS	 BIT(MOUNT_TYPE_TMPFS)
#define DEVPTS	 BIT(MOUNT_TYPE_DEVPTS)

enum word_kind {
	WORD_FLAG,   /* bool; "=false" is the other one */
	WORD_OFF,    /* bool, the other way round */
	WORD_STRING,
	WORD_DATA,   /* "KEY=VALUE" for the file system */
	WORD_MAPS,   /* its value may be left out */
	WORD_SPREAD, /* the word itself is the propagation … */
	WORD_SPREAD_VALUE, /* … or its value */
	WORD_NOTHING, /* known, and there is nothing to do */
};

struct word {
	const char *word;
	enum word_kind kind;
	size_t offset;
	unsigned types; /* BIT(type) of those that have it */
	const char *data; /* WORD_DATA: what the file system calls it */
};

#define MEMBER(m) offsetof(struct mount_words, m)

/*
 * Of both options. z, Z and relabel are about SELinux: no process of a container has a label of its own here, so none is needed on
 * its files. consistency is for Macs.
 */
static const struct word words[] = {
	{ "ro", WORD_FLAG, MEMBER(readonly), ANY, NULL },
	{ "readonly", WORD_FLAG, MEMBER(readonly), ANY, NULL },
	{ "rw", WORD_OFF, MEMBER(readonly), ANY, NULL },
	{ "noexec", WORD_FLAG, MEMBER(no_exec), ANY, NULL },
	{ "exec", WORD_OFF, MEMBER(no_exec), ANY, NULL },
	{ "dev", WORD_FLAG, MEMBER(dev), ANY, NULL },
	{ "nodev", WORD_OFF, MEMBER(dev), ANY, NULL },
	{ "suid", WORD_FLAG, MEMBER(suid), ANY, NULL },
	{ "nosuid", WORD_OFF, MEMBER(suid), ANY, NULL },
	{ "noidmap", WORD_FLAG, MEMBER(no_idmap), BINDS, NULL },
	{ "idmap", WORD_MAPS, MEMBER(maps), BINDS, NULL },
	{ "bind", WORD_FLAG, MEMBER(not_recursive), BINDS, NULL },
	{ "rbind", WORD_OFF, MEMBER(not_recursive), BINDS, NULL },
	{ "bind-nonrecursive", WORD_FLAG, MEMBER(not_recursive), BINDS, NULL },
	{ "copy", WORD_OFF, MEMBER(no_copy), VOLUME, NULL },
	{ "nocopy", WORD_FLAG, MEMBER(no_copy), VOLUME, NULL },
	{ "volume-nocopy", WORD_FLAG, MEMBER(no_copy), VOLUME, NULL },
	{ "U", WORD_FLAG, MEMBER(chown), BINDS, NULL },
	{ "chown", WORD_FLAG, MEMBER(chown), BINDS, NULL },
	{ "O", WORD_FLAG, MEMBER(overlay), BIT(MOUNT_TYPE_BIND) | VOLUME, NULL },
	{ "upperdir", WORD_STRING, MEMBER(upper), BIT(MOUNT_TYPE_BIND) | VOLUME, NULL },
	{ "workdir", WORD_STRING, MEMBER(work), BIT(MOUNT_TYPE_BIND) | VOLUME, NULL },
	{ "private", WORD_SPREAD, MEMBER(propagation), BINDS, NULL },
	{ "rprivate", WORD_SPREAD, MEMBER(propagation), BINDS, NULL },
	{ "slave", WORD_SPREAD, MEMBER(propagation), BINDS, NULL },
	{ "rslave", WORD_SPREAD, MEMBER(propagation), BINDS, NULL },
	{ "shared", WORD_SPREAD, MEMBER(propagation), BINDS, NULL },
	{ "rshared", WORD_SPREAD, MEMBER(propagation), BINDS, NULL },
	{ "unbindable", WORD_SPREAD, MEMBER(propagation), BINDS, NULL },
	{ "runbindable", WORD_SPREAD, MEMBER(propagation), BINDS, NULL },
	{ "z", WORD_NOTHING, 0, ANY, NULL },
	{ "Z", WORD_NOTHING, 0, ANY, NULL },
};

/* Of --mount alone. */
static const struct word mount_words[] = {
	{ "source", WORD_STRING, MEMBER(source), ANY, NULL },
	{ "src", WORD_STRING, MEMBER(source), ANY, NULL },
	{ "target", WORD_STRING, MEMBER(target), ANY, NULL },
	{ "dst", WORD_STRING, MEMBER(target), ANY, NULL },
	{ "destination", WORD_STRING, MEMBER(target), ANY, NULL },
	{ "subpath", WORD_STRING, MEMBER(subpath), VOLUME | IMAGE, NULL },
	{ "volume-subpath", WORD_STRING, MEMBER(subpath), VOLUME, NULL },
	{ "image-subpath", WORD_STRING, MEMBER(subpath), IMAGE, NULL },
	{ "rw", WORD_FLAG, MEMBER(writable), IMAGE, NULL },
	{ "readwrite", WORD_FLAG, MEMBER(writable), IMAGE, NULL },
	{ "bind-propagation", WORD_SPREAD_VALUE, MEMBER(propagation), BINDS, NULL },
	{ "tmpfs-size", WORD_DATA, 0, TMPFS, "size" },
	{ "tmpfs-mode", WORD_DATA, 0, TMPFS, "mode" },
	{ "size", WORD_DATA, 0, TMPFS, "size" },
	{ "mode", WORD_DATA, 0, NEW, "mode" },
	{ "uid", WORD_DATA, 0, TMPFS | DEVPTS, "uid" },
	{ "gid", WORD_DATA, 0, TMPFS | DEVPTS, "gid" },
	{ "max", WORD_DATA, 0, DEVPTS, "max" },
	{ "tmpcopyup", WORD_FLAG, MEMBER(copy_up), TMPFS, NULL },
	{ "notmpcopyup", WORD_OFF, MEMBER(copy_up), TMPFS, NULL },
	{ "relabel", WORD_NOTHING, 0, ANY, NULL },
	{ "consistency", WORD_NOTHING, 0, ANY, NULL },
};

static const struct word *find_word(const struct word *table, size_t n, const char *text, size_t len, enum mount_type type)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(table[i].word) == len && memcmp(table[i].word, text, len) == 0 && (table[i].types & BIT(type)))
			return &table[i];
	return NULL;
}

static bool to_bool(const char *value, bool *ret)
{
	*ret = !value || streq(value, "true") || streq(value, "1");
	return *ret || streq(value, "false") || streq(value, "0");
}

/* Return: 0, -EINVAL: it has a wrong value, or -ENOMEM */
static int obey(struct arena *a, const struct word *w, char *value, struct mount_words *m)
{
	void *member = (char *)m + w->offset;
	const struct word *spread;
	bool on;

	switch (w->kind) {
	case WORD_FLAG:
	case WORD_OFF:
		if (!to_bool(value, &on))
			return -EINVAL;
		*(bool *)member = on == (w->kind == WORD_FLAG);
		return 0;
	case WORD_STRING:
		*(char **)member = value;
		return value && *value ? 0 : -EINVAL;
	case WORD_DATA:
		value = value && *value ? arena_printf(a, "%s=%s", w->data, value) : NULL;
		return value ? strv_push(a, &m->data, value) : -EINVAL;
	case WORD_MAPS:
		*(const char **)member = value ? value : "";
		return 0;
	case WORD_SPREAD:
		*(const char **)member = w->word;
		return value ? -EINVAL : 0;
	case WORD_SPREAD_VALUE:
		spread = value ? find_word(words, ARRAY_SIZE(words), value, strlen(value), m->type) : NULL;
		return spread && spread->kind == WORD_SPREAD ? obey(a, spread, NULL, m) : -EINVAL;
	case WORD_NOTHING:
		break;
	}
	return 0;
}

/* "KEY", "KEY=VALUE": of @more, then of both. @text is cut apart. Return: 0, or -EINVAL, -ENOMEM */
static int take_word(struct arena *a, const struct word *more, size_t n, char *text, struct mount_words *m)
{
	char *value = strchr(text, '=');
	size_t len = strcspn(text, "=");
	const struct word *w = find_word(more, n, text, len, m->type);

	if (!w)
		w = find_word(words, ARRAY_SIZE(words), text, len, m->type);
	return w ? obey(a, w, value ? value + 1 : NULL, m) : -EINVAL;
}

static int check(const struct mount_words *m, struct err *e)
{
	if (!m->target)
		return err_say(e, EINVAL, "it has no target");
	if (m->no_idmap && (m->maps || m->chown))
		return err_say(e, EINVAL, "noidmap excludes %s", m->maps ? "idmap" : "U");
	if ((m->upper || m->work) && !(m->upper && m->work && m->overlay))
		return err_say(e, EINVAL, "upperdir and workdir belong together, and to O");
	if (m->overlay && (m->readonly || m->chown || m->propagation || m->subpath))
		return err_say(e, EINVAL, "O leaves no place for ro, U, a subpath or a propagation");
	return 0;
}

int mount_words_volume(struct arena *a, const char *word, struct mount_words *ret, struct err *e)
{
	char *text = arena_strdup(a, word), *target = text ? strchr(text, ':') : NULL, *options;
	struct mount_words m = { .type = MOUNT_TYPE_VOLUME };

	if (!text)
		return err_nomem(e);
	options = target ? strchr(target + 1, ':') : NULL;
	if (options)
		*options++ = '\0';
	if (target)
		*target++ = '\0';
	if (target && !*text)
		return err_say(e, EINVAL, "--volume %s: it has no source", word);
	m.target = target ? target : text;
	m.source = target ? text : NULL;
	if (target && (*text == '/' || *text == '.'))
		m.type = MOUNT_TYPE_BIND;
	for (char *rest = NULL, *o = strtok_r(options ? options : (char[]){ "" }, ",", &rest); o; o = strtok_r(NULL, ",", &rest)) {
		int r = take_word(a, NULL, 0, o, &m);

		if (r < 0)
			return r == -ENOMEM ? err_nomem(e) : err_say(e, EINVAL, "--volume %s: unknown option %s", word, o);
	}
	int r = check(&m, e);

	if (r < 0)
		return err_wrap(e, "--volume %s", word);
	*ret = m;
	return 0;
}

/* The type decides what the other words mean, wherever it stands. */
static int find_type(const char *word, enum mount_type *ret, struct err *e)
{
	*ret = MOUNT_TYPE_VOLUME;
	for (const char *p = word; *p;) {
		size_t n = strcspn(p, ",");
		const char *type = str_after(p, "type=");
		size_t k = 0, len = type ? n - strlen("type=") : 0;

		while (type && k < MOUNT_TYPE_COUNT && (strlen(mount_type_names[k]) != len || memcmp(type, mount_type_names[k], len) != 0))
			k++;
		if (k == MOUNT_TYPE_COUNT)
			return err_say(e, EINVAL, "its type is bind, volume, tmpfs, image, glob, devpts or ramfs");
		*ret = type ? (enum mount_type)k : *ret;
		p += n + (p[n] == ',');
	}
	return 0;
}

static int check_source(const struct mount_words *m, struct err *e)
{
	bool path = m->source && (*m->source == '/' || *m->source == '.');

	if (BIT(m->type) & NEW)
		return m->source && m->type != MOUNT_TYPE_TMPFS ? err_say(e, EINVAL, "a %s has no source", mount_type_names[m->type]) : 0;
	if (m->type == MOUNT_TYPE_VOLUME)
		return path ? err_say(e, EINVAL, "the source of a volume is a name") : 0;
	if (!m->source)
		return err_say(e, EINVAL, "it has no source");
	if (m->type != MOUNT_TYPE_IMAGE && !path)
		return err_say(e, EINVAL, "the source of a %s is a path", mount_type_names[m->type]);
	return 0;
}

int mount_words_mount(struct arena *a, const char *word, struct mount_words *ret, struct err *e)
{
	char *text = arena_strdup(a, word), *rest = NULL;
	struct mount_words m = { 0 };
	int r = text ? find_type(word, &m.type, e) : err_nomem(e);

	for (char *o = r < 0 ? NULL : strtok_r(text, ",", &rest); o && r >= 0; o = strtok_r(NULL, ",", &rest)) {
		if (str_after(o, "type="))
			continue;
		r = take_word(a, mount_words, ARRAY_SIZE(mount_words), o, &m);
		if (r < 0)
			r = r == -ENOMEM ? err_nomem(e) : err_say(e, EINVAL, "unknown part %s", o);
	}
	if (r >= 0)
		r = check(&m, e);
	if (r >= 0)
		r = check_source(&m, e);
	if (r < 0)
		return err_wrap(e, "--mount %s", word);
	*ret = m;
	return 0;
}
