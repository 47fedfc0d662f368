// SPDX-License-Identifier: Apache-2.0
/* What the user has mounted in a container of `paene`: -v, --mount, --tmpfs, --volumes-from; and what its image has as VOLUME. */
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/proc.h"
#include "runtime/compose_parts.h"
#include "runtime/mount_words.h"
#include "runtime/volume_parts.h"

/* A bind, or what looks like one: options as config.json has them. */
static int add_bind(struct composition *c, const struct mount_words *m, const char *source, const char *target, struct err *e)
{
	bool idmap = c->s->private_userns && !m->no_idmap && !c->g->rootless;
	struct arena *a = &c->spec->arena;
	const char *r = m->not_recursive ? "" : "r";
	bool own_maps = m->maps && *m->maps;
	char *maps = own_maps ? arena_printf(a, ",%sidmap=%s", r, m->maps)
			      : idmap ? arena_printf(a, ",%sidmap", r) : arena_strdup(a, "");
	char *options = arena_printf(a, "%sbind,%s%s%s%s%s%s", r, m->readonly ? "rro," : "",
				     m->propagation ? m->propagation : "rprivate", m->suid ? "" : ",nosuid", m->dev ? "" : ",nodev",
				     m->no_exec ? ",noexec" : "", maps ? maps : "");
	int err = options && maps ? compose_add_mount(c, target, "bind", source, options, e) : err_nomem(e);

	if (err >= 0 && strv_push(&c->s->arena, &c->s->binds,
				  arena_printf(&c->s->arena, "%s:%s%s", source, target, m->readonly ? ":ro" : "")) < 0)
		return err_nomem(e);
	return err;
}

/* @more: its strings are copied. It goes with the mount that was added last. */
static int add_more(struct composition *c, const char *target, const struct mount_more *more, struct err *e)
{
	struct arena *a = &c->s->arena;
	struct mounts_more *all = &c->s->mounts;
	struct mount_more *v = arena_array(a, all->n + 1, sizeof(*v)), *last;
	char *normal = arena_alloc(a, strlen(target) + 2);

	if (!v || !normal)
		return err_nomem(e);
	path_normal(target, normal);
	if (all->n)
		memcpy(v, all->v, all->n * sizeof(*v));
	all->v = v;
	last = &v[all->n++];
	*last = *more;
	last->target = normal;
	last->volume = arena_strdup(a, more->volume);
	last->subpath = arena_strdup(a, more->subpath);
	last->base = arena_strdup(a, more->base);
	last->image = arena_strdup(a, more->image);
	last->upper = arena_strdup(a, more->upper);
	last->work = arena_strdup(a, more->work);
	last->lowers = (struct strv){ 0 };
	for (size_t i = 0; i < more->lowers.n; i++)
		if (strv_add(a, &last->lowers, more->lowers.v[i]) < 0)
			return err_nomem(e);
	return 0;
}

static int real_path(const char *path, char ret[PATH_MAX], struct err *e)
{
	if (realpath(path, ret))
		return 0;
	err_set(e, errno, "source %s", path);
	return e->code == ENOENT ? err_hint(e, "make it first") : -e->code;
}

/* O: what is written to it goes to folders of its own. */
static int overlay_of(struct composition *c, const struct mount_words *m, struct mount_more *more, struct err *e)
{
	static char own[] = ".", *const itself[] = { own };
	char upper[PATH_MAX], work[PATH_MAX];
	int r = 0;

	if (!m->overlay)
		return 0;
	more->lowers = (struct strv){ .v = (char **)itself, .n = 1 };
	if (!m->upper)
		return 0;
	r = real_path(m->upper, upper, e);
	if (r >= 0)
		r = real_path(m->work, work, e);
	if (r < 0)
		return r;
	more->upper = arena_strdup(&c->s->arena, upper);
	more->work = arena_strdup(&c->s->arena, work);
	return more->upper && more->work ? 0 : err_nomem(e);
}

static int add_path(struct composition *c, const struct mount_words *m, const char *source, const char *target, struct err *e)
{
	char real[PATH_MAX];
	struct mount_more more = { .chown = m->chown, .base = m->overlay ? real : NULL };
	int r = real_path(source, real, e);

	if (r >= 0)
		r = overlay_of(c, m, &more, e);
	if (r >= 0)
		r = add_bind(c, m, real, target, e);
	return r < 0 || !(m->chown || m->overlay) ? r : add_more(c, target, &more, e);
}

static int add_host_path(struct composition *c, const struct mount_words *m, struct err *e)
{
	return add_path(c, m, m->source, m->target, e);
}

/* One without a name gets one that nobody else has, and is made when the container starts. */
static int add_volume(struct composition *c, const struct mount_words *m, struct err *e)
{
	char random[VOLUME_RANDOM + 1], path[PATH_MAX];
	const char *name = m->source ? m->source : random;
	int r = m->source ? str_check_name(name, "volume name", e) : proc_random_hex(random, VOLUME_RANDOM);

	if (r < 0)
		return m->source ? r : err_set(e, -r, "choose a name");
	volume_path(c->g, name, path);
	struct mount_more more = {
		.volume = (char *)name, .subpath = m->subpath, .anonymous = !m->source, .no_copy = m->no_copy || m->overlay,
		.chown = m->chown, .base = m->overlay ? path : NULL,
	};

	r = overlay_of(c, m, &more, e);
	if (r >= 0)
		r = add_bind(c, m, path, m->target, e);
	return r < 0 ? r : add_more(c, m->target, &more, e);
}

/* All that an image has, or a part of it. What is written, where that is allowed, goes with the run. */
static int add_image(struct composition *c, const struct mount_words *m, struct err *e)
{
	auto_image struct image image = { 0 };
	struct mount_words bind = *m;
	struct strv folders = { 0 };
	int r = image_find(&c->g->store, m->source, &image, e);

	if (r >= 0)
		r = image_folders(&image, &c->spec->arena, &folders, e); /* topmost first */
	if (r < 0)
		return r;
	for (size_t i = 0; i < folders.n / 2; i++) {
		char *moved = folders.v[i];

		folders.v[i] = folders.v[folders.n - 1 - i];
		folders.v[folders.n - 1 - i] = moved;
	}
	const struct mount_more more = {
		.base = arena_printf(&c->s->arena, "%s/images/layers", image.peer ? image.peer->path : c->g->data_path),
		.lowers = folders, .image = image.manifest, .subpath = m->subpath,
	};

	bind.readonly = !m->writable;
	r = more.base ? add_bind(c, &bind, more.base, m->target, e) : err_nomem(e);
	return r < 0 ? r : add_more(c, m->target, &more, e);
}

/* Each path that fits, below the target by its own name. */
static int add_glob(struct composition *c, const struct mount_words *m, struct err *e)
{
	glob_t found;
	int r = glob(m->source, 0, NULL, &found);

	if (r != 0)
		return r == GLOB_NOMATCH ? err_say(e, ENOENT, "nothing fits %s", m->source) : err_set(e, EIO, "look for %s", m->source);
	for (size_t i = 0; i < found.gl_pathc && r >= 0; i++) {
		const char *slash = strrchr(found.gl_pathv[i], '/');
		char *target = arena_printf(&c->spec->arena, "%s/%s", m->target, slash ? slash + 1 : found.gl_pathv[i]);

		r = target ? add_path(c, m, found.gl_pathv[i], target, e) : err_nomem(e);
	}
	globfree(&found);
	return r;
}

/* A new file system; @usual: its options where the user says nothing else. */
static int add_new(struct composition *c, const struct mount_words *m, const char *type, const char *usual, struct err *e)
{
	struct arena *a = &c->spec->arena;
	char *options = arena_printf(a, "%s%s%s%s%s%s", m->suid ? "suid" : "nosuid", m->dev ? "" : ",nodev", m->no_exec ? ",noexec" : "",
				     m->readonly ? ",ro" : "", m->copy_up ? ",tmpcopyup" : "", usual);

	for (size_t i = 0; i < m->data.n && options; i++)
		options = arena_printf(a, "%s,%s", options, m->data.v[i]);
	return options ? compose_add_mount(c, m->target, type, type, options, e) : err_nomem(e);
}

static int add_tmpfs(struct composition *c, const struct mount_words *m, struct err *e)
{
	return add_new(c, m, "tmpfs", ",mode=1777", e);
}

static int add_ramfs(struct composition *c, const struct mount_words *m, struct err *e)
{
	return add_new(c, m, "ramfs", "", e);
}

static int add_devpts(struct composition *c, const struct mount_words *m, struct err *e)
{
	struct mount_words with_devices = *m;

	with_devices.dev = true;
	return add_new(c, &with_devices, "devpts", ",noexec,newinstance,ptmxmode=0666,mode=0620", e);
}

static int (*const adds[MOUNT_TYPE_COUNT])(struct composition *c, const struct mount_words *m, struct err *e) = {
	[MOUNT_TYPE_BIND] = add_host_path, [MOUNT_TYPE_VOLUME] = add_volume, [MOUNT_TYPE_TMPFS] = add_tmpfs,
	[MOUNT_TYPE_IMAGE] = add_image,
	[MOUNT_TYPE_GLOB] = add_glob,	   [MOUNT_TYPE_DEVPTS] = add_devpts, [MOUNT_TYPE_RAMFS] = add_ramfs,
};

static int volume_word(struct composition *c, const char *word, struct err *e)
{
	struct mount_words m;
	int r = mount_words_volume(&c->spec->arena, word, &m, e);

	if (r < 0)
		return r;
	r = adds[m.type](c, &m, e);
	return r < 0 ? err_wrap(e, "--volume %s", word) : 0;
}

static int mount_word(struct composition *c, const char *word, struct err *e)
{
	struct mount_words m;
	int r = mount_words_mount(&c->spec->arena, word, &m, e);

	if (r < 0)
		return r;
	r = adds[m.type](c, &m, e);
	return r < 0 ? err_wrap(e, "--mount %s", word) : 0;
}

/* --tmpfs TARGET[:OPTIONS]: what the kernel takes */
static int tmpfs_word(struct composition *c, const char *word, struct err *e)
{
	size_t n = strcspn(word, ":");
	char *target = arena_strndup(&c->spec->arena, word, n);
	char *options = arena_printf(&c->spec->arena, TMPFS_USUAL ",%s", word[n] ? word + n + 1 : "");
	int r = target && options ? compose_add_mount(c, target, "tmpfs", "tmpfs", options, e) : err_nomem(e);

	return r < 0 ? err_wrap(e, "--tmpfs %s", word) : 0;
}

/* ---- what comes from elsewhere ---- */

static bool is_bind_of(const struct settings *s, const struct spec_mount *m)
{
	for (size_t i = 0; i < s->binds.n; i++) {
		const char *rest = str_after(s->binds.v[i], m->source);
		const char *target = rest ? str_after(rest, ":") : NULL, *end = target ? str_after(target, m->destination) : NULL;

		if (end && (!*end || *end == ':'))
			return true;
	}
	return false;
}

static int add_of_other(struct composition *c, const struct settings *s, const struct spec_mount *m, bool readonly, struct err *e)
{
	struct arena *a = &c->spec->arena;
	char *options = arena_strdup(a, readonly ? "rro" : "");

	for (size_t i = 0; i < m->options.n && options; i++)
		options = arena_printf(a, "%s,%s", m->options.v[i], options);
	int r = options ? compose_add_mount(c, m->destination, m->type, m->source, options, e) : err_nomem(e);

	if (r >= 0 && strv_push(&c->s->arena, &c->s->binds, arena_printf(&c->s->arena, "%s:%s%s", m->source, m->destination,
									  readonly ? ":ro" : "")) < 0)
		return err_nomem(e);
	for (size_t i = 0; i < s->mounts.n && r >= 0; i++) {
		struct mount_more more = s->mounts.v[i];

		if (!streq(more.target, m->destination))
			continue;
		more.anonymous = false; /* it goes with the one that it was made for */
		r = add_more(c, more.target, &more, e);
	}
	return r;
}

/* --volumes-from CONTAINER[:ro]: all that was mounted there by -v and --mount, but for new file systems. */
static int from_word(struct composition *c, const char *word, struct err *e)
{
	auto_settings struct settings s = { 0 };
	auto_spec struct spec spec = { 0 };
	size_t n = strcspn(word, ":");
	char *name = arena_strndup(&c->spec->arena, word, n), id[RECORD_ID_LENGTH + 1];
	bool readonly = streq(word + n, ":ro");

	if (!name)
		return err_nomem(e);
	if (word[n] && !readonly && !streq(word + n, ":rw") && !streq(word + n, ":z"))
		return err_say(e, EINVAL, "--volumes-from %s: CONTAINER[:ro], please", word);
	int r = record_find(c->g, name, id, e);
	auto_fd int dir = r < 0 ? r : record_open(c->g, id, e);

	r = dir < 0 ? dir : record_settings(dir, &s, e);
	if (r >= 0)
		r = record_spec(dir, &spec, e);
	for (size_t i = 0; i < spec.mounts.n && r >= 0; i++)
		if (is_bind_of(&s, &spec.mounts.v[i]))
			r = add_of_other(c, &s, &spec.mounts.v[i], readonly, e);
	return r < 0 ? err_wrap(e, "--volumes-from %s", word) : 0;
}

static bool has_mount(const struct composition *c, const char *target)
{
	for (size_t i = 0; i < c->spec->mounts.n; i++)
		if (streq(c->spec->mounts.v[i].destination, target))
			return true;
	return false;
}

/* The image's VOLUME: volumes without a name, where nothing else is mounted. */
static int add_image_volumes(struct composition *c, struct err *e)
{
	const char *how = c->o->image_volume ? c->o->image_volume : "anonymous";
	const struct strv *volumes = &c->image.defaults.volumes;
	bool tmpfs = streq(how, "tmpfs");
	int r = 0;

	if (!tmpfs && !streq(how, "anonymous") && !streq(how, "bind") && !streq(how, "ignore"))
		return err_say(e, EINVAL, "--image-volume %s: it is anonymous, tmpfs or ignore", how);
	for (size_t i = 0; i < volumes->n && r >= 0 && !streq(how, "ignore"); i++) {
		struct mount_words m = { .type = tmpfs ? MOUNT_TYPE_TMPFS : MOUNT_TYPE_VOLUME, .copy_up = tmpfs };

		m.target = arena_alloc(&c->spec->arena, strlen(volumes->v[i]) + 2);
		if (!m.target)
			return err_nomem(e);
		path_normal(volumes->v[i], m.target);
		r = has_mount(c, m.target) ? 0 : adds[m.type](c, &m, e);
		if (r < 0)
			return err_wrap(e, "the image's volume %s", volumes->v[i]);
	}
	return r;
}

int compose_volumes(struct composition *c, struct err *e)
{
	const struct {
		const struct strv *words;
		int (*add)(struct composition *c, const char *word, struct err *e);
	} options[] = {
		{ &c->o->volumes_from, from_word }, { &c->o->tmpfs, tmpfs_word }, { &c->o->volumes, volume_word },
		{ &c->o->mounts, mount_word },
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(options) && r >= 0; i++)
		for (size_t k = 0; k < options[i].words->n && r >= 0; k++)
			r = options[i].add(c, options[i].words->v[k], e);
	return r < 0 ? r : add_image_volumes(c, e);
}
