// SPDX-License-Identifier: Apache-2.0
/*
 * Another name for a container. The name moves in one step, and settings.json after it; in between names/.ID says to which one, so
 * that a sweep can do what a killed command could not. The lock of the container's folder is held all the while.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/fd.h"
#include "runtime/journal.h"
#include "runtime/launch.h"

static const char *intent(const char *id, char buf[RECORD_ID_LENGTH + 2])
{
	snprintf(buf, RECORD_ID_LENGTH + 2, ".%s", id);
	return buf;
}

static int write_name(int dir, const char *name, struct settings *ret, struct err *e)
{
	int r = record_settings(dir, ret, e);

	if (r < 0 || streq(ret->name, name))
		return r;
	ret->name = (char *)name;
	return record_change_settings(dir, ret, e);
}

void record_finish_rename(const struct engine *g, const char *id)
{
	auto_settings struct settings s = { 0 };
	char name[ENGINE_OWNER_MAX], owner[ENGINE_OWNER_MAX], mark[RECORD_ID_LENGTH + 2];
	struct err ignored; /* a later sweep may do better */
	auto_fd int dir = record_open(g, id, &ignored);
	bool gone = dir == -ENOENT;

	if (!gone && (dir < 0 || fd_lock(dir, LOCK_EX | LOCK_NB) < 0))
		return;
	bool moved = engine_owner(g->names, intent(id, mark), name) == 0 && engine_owner(g->names, name, owner) == 0 &&
		     streq(owner, id);

	if (gone || !moved || write_name(dir, name, &s, &ignored) >= 0)
		(void)unlinkat(g->names, mark, 0);
}

/* @dir: locked */
static int rename_locked(const struct engine *g, const char *id, int dir, const char *name, struct err *e)
{
	auto_settings struct settings s = { 0 };
	char mark[RECORD_ID_LENGTH + 2];
	int r = record_settings(dir, &s, e);

	if (r < 0)
		return r;
	if (streq(s.name, name))
		return err_say(e, EEXIST, "container %s is called so already", name);
	(void)unlinkat(g->names, intent(id, mark), 0); /* of one that was killed before it had begun */
	if (symlinkat(name, g->names, mark) < 0)
		return err_set(e, errno, "write down the new name");
	r = record_move_name(g, s.name, name, e);
	if (r >= 0) {
		settings_free(&s);
		r = write_name(dir, name, &s, e);
	}
	if (r >= 0)
		journal_container(g, &s, EVENT_RENAME);
	(void)unlinkat(g->names, mark, 0);
	return r;
}

int engine_rename(const struct engine *g, const char *id, const char *name, struct err *e)
{
	int r = str_check_name(name, "container name", e);
	auto_fd int dir = r < 0 ? -1 : record_open(g, id, e);

	if (dir < 0)
		return r < 0 ? r : dir;
	r = fd_lock(dir, LOCK_EX);
	return r < 0 ? err_set(e, -r, "lock the container's folder") : rename_locked(g, id, dir, name, e);
}
