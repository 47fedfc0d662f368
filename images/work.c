// SPDX-License-Identifier: Apache-2.0
#include "images/work.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/proc.h"
#include "images/collect.h"
#include "images/refs.h"
#include "images/store.h"

const char *work_file(const char *kind, const char *hex, char buf[WORK_FILE_MAX])
{
	snprintf(buf, WORK_FILE_MAX, "%s%s", kind, hex);
	return buf;
}

static int lock_folder(int tmp, const char *name, struct err *e)
{
	auto_fd int fd = openat(tmp, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return err_set(e, errno, "open work folder %s", name);
	int r = fd_lock(fd, LOCK_EX);

	if (r < 0)
		return err_set(e, -r, "lock work folder %s", name);
	/* a sweep may have found it between its birth and its lock */
	r = store_leads_to(tmp, name, fd, e);
	if (r == 0)
		return err_set(e, ENOENT, "open work folder %s", name);
	return r < 0 ? r : fd_take(&fd);
}

int work_begin(const struct store *s, struct work *ret, struct err *e)
{
	struct work w = { .store = s, .fd = -1 };

	do {
		int r = proc_random_hex(w.name, sizeof(w.name) - 1);

		if (r < 0)
			return err_set(e, -r, "choose a name");
		if (mkdirat(s->tmp, w.name, 0700) < 0)
			return err_set(e, errno, "make a work folder in the image store");
		w.fd = lock_folder(s->tmp, w.name, e);
	} while (w.fd == -ENOENT);
	if (w.fd < 0)
		return w.fd;
	*ret = w;
	return 0;
}

struct settling {
	const struct store *store;
	int work;
};

static bool says_what_was_begun(const char *name)
{
	return str_after(name, WORK_RECORD) || str_after(name, WORK_REMOVING);
}

static int remove_rest(int dir, const char *name, void *arg, struct err *e)
{
	(void)arg;
	return says_what_was_begun(name) ? 0 : file_remove(dir, name, e);
}

static int settle_one(int dir, const char *name, void *arg, struct err *e)
{
	const struct settling *s = arg;
	const char *hex = str_after(name, WORK_REMOVING);

	/* one that is there again is as good */
	if (hex && renameat2(dir, name, s->store->records, hex, RENAME_NOREPLACE) < 0 && errno != EEXIST)
		return err_set(e, errno, "put back image record %s", hex);
	if (str_after(name, WORK_RECORD))
		return collect_orphans(s->store, s->work, name, e);
	return 0;
}

/*
 * Best effort: where something cannot be settled now, the folder stays for a later sweep. The rest of the work goes first: on
 * a full disk even the renames of settling need room.
 */
static void settle(const struct store *store, int fd, const char *name)
{
	struct settling s = { .store = store, .work = fd };
	struct err ignored;

	if (file_each(fd, remove_rest, NULL, &ignored) == 0 && file_each(fd, settle_one, &s, &ignored) == 0)
		(void)file_remove(store->tmp, name, &ignored);
}

void work_end(struct work *w)
{
	if (w->fd < 0)
		return;
	settle(w->store, w->fd, w->name);
	fd_close(&w->fd);
}

struct sweeping {
	const struct store *store;
	bool found;
};

static int sweep_one(int tmp, const char *name, void *arg, struct err *e)
{
	struct sweeping *s = arg;
	auto_fd int fd = openat(tmp, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOTDIR)
		(void)file_remove(tmp, name, e); /* nothing of ours, and in the way of nobody */
	if (fd < 0 || fd_lock(fd, LOCK_EX | LOCK_NB) < 0)
		return 0;
	settle(s->store, fd, name);
	s->found = true;
	return 0;
}

void store_sweep(const struct store *s)
{
	struct sweeping sweeping = { .store = s };
	struct err ignored;

	(void)file_each(s->tmp, sweep_one, &sweeping, &ignored);
	if (sweeping.found)
		ref_prune(s);
}
