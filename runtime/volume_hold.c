// SPDX-License-Identifier: Apache-2.0
/* A volume while a container that has it starts and ends: what is mounted on it, what it is filled with. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/helper.h"
#include "runtime/storage.h"
#include "runtime/volume_parts.h"

#define MOUNT_PROGRAM "/bin/mount"
#define WORDS_MAX     512 /* of what mount(8) says */

/* ---- options ---- */

static int take_word(const char *word, size_t n, struct volume_words *w, struct err *e)
{
	char text[64], *value;

	snprintf(text, sizeof(text), "%.*s", (int)n, word);
	value = strchr(text, '=');
	if (value && n < sizeof(text)) {
		*value++ = '\0';
		if (streq(text, "uid") && str_to_id(value, &w->uid) == 0)
			return 0;
		if (streq(text, "gid") && str_to_id(value, &w->gid) == 0)
			return 0;
		if (streq(text, "size") && str_to_bytes(value, &w->size_bytes) == 0 && w->size_bytes)
			return 0;
	}
	err_say(e, EINVAL, "option o: \"%.*s\" is not understood", (int)n, word);
	return err_hint(e, "without type and device it is uid=ID, gid=ID or size=BYTES");
}

int volume_words(const struct volume *v, struct volume_words *ret, struct err *e)
{
	struct volume_words w = { 0 };
	const struct {
		const char *key, **value;
	} keys[] = { { "type", &w.type }, { "device", &w.device }, { "o", &w.o } };

	for (size_t i = 0; i < v->options.n; i++) {
		const struct spec_pair *p = &v->options.v[i];
		size_t k = 0;

		while (k < ARRAY_SIZE(keys) && !streq(p->key, keys[k].key))
			k++;
		if (k == ARRAY_SIZE(keys))
			return err_say(e, EINVAL, "option %s: a volume has type, device and o", p->key);
		*keys[k].value = p->value;
	}
	w.mounted = w.type || w.device;
	if (w.mounted && !w.device && !streq(w.type, "tmpfs"))
		return err_say(e, EINVAL, "option type=%s: it needs an option device", w.type);
	for (const char *o = w.o && !w.mounted ? w.o : ""; *o;) {
		size_t n = strcspn(o, ",");
		int r = take_word(o, n, &w, e);

		if (r < 0)
			return r;
		o += n + (o[n] == ',');
	}
	*ret = w;
	return 0;
}

/* ---- what is mounted on it ---- */

static bool is_mount(int dir)
{
	struct statx x;

	return statx(dir, VOLUME_DATA, AT_SYMLINK_NOFOLLOW, 0, &x) == 0 && (x.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

/* By mount(8): it knows the helpers of network file systems. */
static int mount_it(const struct engine *g, const char *name, const struct volume_words *w, struct err *e)
{
	char path[PATH_MAX], said[WORDS_MAX], *argv[9], **next = argv;

	volume_path(g, name, path);
	*next++ = (char *)MOUNT_PROGRAM;
	if (w->type) {
		*next++ = (char *)"-t";
		*next++ = (char *)w->type;
	}
	if (w->o) {
		*next++ = (char *)"-o";
		*next++ = (char *)w->o;
	}
	*next++ = (char *)"--";
	*next++ = (char *)(w->device ? w->device : w->type);
	*next++ = path;
	*next = NULL;
	int r = helper_run(argv, environ, STDERR_FILENO, said, sizeof(said), e);

	said[strcspn(said, "\n")] = '\0';
	return r > 0 ? err_say(e, EINVAL, "%s", *said ? said : "mount(8) failed") : r;
}

int volume_unmount(const struct engine *g, int dir, const char *name, struct err *e)
{
	char path[PATH_MAX];

	if (!is_mount(dir))
		return 0;
	volume_path(g, name, path);
	return umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 ? err_set(e, errno, "unmount volume %s", name) : 0;
}

static int stop_at_live(const struct container *c, void *arg, struct err *e)
{
	(void)arg;
	(void)e;
	return c->phase != PHASE_CREATED && c->phase != PHASE_EXITED;
}

void volume_settle(const struct engine *g, const char *name)
{
	struct err ignored;
	auto_fd int look = openat(g->volumes, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (look < 0 || !is_mount(look))
		return;
	auto_fd int dir = volume_lock(g, name, LOCK_EX, &ignored);

	if (dir >= 0 && volume_users(g, name, stop_at_live, NULL, &ignored) == 0)
		(void)volume_unmount(g, dir, name, &ignored); /* `volume rm` tries again, and says why not */
}

/* ---- what it is filled with ---- */

static int found_one(int dir, const char *name, void *arg, struct err *e)
{
	(void)dir;
	(void)name;
	(void)arg;
	(void)e;
	return 1;
}

/* What somebody has put into it by hand stays. */
static bool is_empty(int dir)
{
	struct err ignored;

	return file_each_in(dir, VOLUME_DATA, found_one, NULL, &ignored) == 0;
}

/* A folder for the copy, with the owner and, where it is limited, in the project of the one that it is to replace. */
static int make_fill(int dir, const struct volume *v, struct err *e)
{
	struct stat st;
	int r = file_remove(dir, VOLUME_FILL, e); /* of one that was killed */

	if (r < 0)
		return r;
	if (fstatat(dir, VOLUME_DATA, &st, AT_SYMLINK_NOFOLLOW) < 0 || mkdirat(dir, VOLUME_FILL, 0755) < 0 ||
	    fchownat(dir, VOLUME_FILL, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(e, errno, "make a folder to fill");
	return v->project ? storage_project_join(dir, VOLUME_FILL, v->project, e) : 0;
}

/* ---- the hold ---- */

static int make_missing(const struct engine *g, const char *name, bool anonymous, struct err *e)
{
	auto_volume struct volume v = { .anonymous = anonymous };

	v.name = arena_strdup(&v.arena, name);
	int r = v.name ? volume_create(g, &v, e) : err_nomem(e);

	return r == -EEXIST ? 0 : r;
}

int volumes_make(const struct engine *g, const struct settings *s, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < s->mounts.n && r >= 0; i++) {
		const struct mount_more *m = &s->mounts.v[i];

		if (m->volume && faccessat(g->volumes, m->volume, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			r = make_missing(g, m->volume, m->anonymous, e);
	}
	return r;
}

static int lock_made(const struct engine *g, const char *name, bool anonymous, int how, struct err *e)
{
	for (;;) {
		int dir = volume_lock(g, name, how, e);

		if (dir != -ENOENT)
			return dir;
		int r = make_missing(g, name, anonymous, e);

		if (r < 0)
			return r;
	}
}

static bool is_fresh(int dir)
{
	return faccessat(dir, VOLUME_FRESH, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int prepare(const struct engine *g, const struct volume *v, const struct volume_words *w, bool copy,
		   struct volume_hold *h, struct err *e)
{
	int r = 0;

	if (w->mounted && !is_mount(h->dir))
		r = mount_it(g, v->name, w, e);
	h->fresh = is_fresh(h->dir);
	h->fill = r >= 0 && copy && h->fresh && is_empty(h->dir);
	if (h->fill)
		r = make_fill(h->dir, v, e);
	if (r < 0)
		return r;
	h->data = openat(h->dir, h->fill ? VOLUME_FILL : VOLUME_DATA, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return h->data < 0 ? err_set(e, errno, "open its folder") : 0;
}

/* Return: 1 where what it needs is done by one who has the lock alone, 0, or -errno with @e filled */
static int hold(const struct engine *g, const char *name, int how, bool anonymous, bool copy, struct volume_hold *h,
		struct err *e)
{
	auto_volume struct volume v = { 0 };
	struct volume_words words;
	int r = h->dir = lock_made(g, name, anonymous, how, e);

	if (r >= 0)
		r = volume_read(h->dir, name, &v, e);
	if (r >= 0)
		r = volume_words(&v, &words, e);
	if (r < 0)
		return r;
	if (how == LOCK_SH && (words.mounted || is_fresh(h->dir)))
		return 1;
	return prepare(g, &v, &words, copy, h, e);
}

int volume_hold(const struct engine *g, const char *name, bool anonymous, bool copy, struct volume_hold *ret, struct err *e)
{
	struct volume_hold h = VOLUME_HOLD_NONE;
	int r = hold(g, name, LOCK_SH, anonymous, copy, &h, e);

	if (r > 0) {
		fd_close(&h.dir);
		r = hold(g, name, LOCK_EX, anonymous, copy, &h, e);
	}
	if (r < 0) {
		volume_let_go(&h, false);
		return err_wrap(e, "volume %s", name);
	}
	*ret = h;
	return 0;
}

int volume_hold_again(const struct volume_hold *first, struct volume_hold *ret, struct err *e)
{
	const char *name = first->fill ? VOLUME_FILL : VOLUME_DATA;
	int fd = openat(first->dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return err_set(e, errno, "open %s", name);
	*ret = (struct volume_hold){ .dir = -1, .data = fd };
	return 0;
}

void volume_let_go(struct volume_hold *h, bool mounted)
{
	fd_close(&h->data);
	if (h->dir < 0)
		return;
	if (mounted && h->fill)
		(void)renameat(h->dir, VOLUME_FILL, h->dir, VOLUME_DATA); /* where somebody has put something there, that stays */
	if (mounted && h->fresh)
		(void)unlinkat(h->dir, VOLUME_FRESH, 0);
	(void)fd_lock(h->dir, LOCK_UN); /* the container's init may have a copy of the fd yet */
	fd_close(&h->dir);
}
