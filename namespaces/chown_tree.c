// SPDX-License-Identifier: Apache-2.0
#include "namespaces/chown_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"

#define DEPTH_MAX 128 /* each level holds two fds */

struct owner {
	uid_t uid;
	gid_t gid;
	int depth;
};

/* One that is its owner's already keeps its setuid bit. */
static int give(int fd, const struct stat *st, const struct owner *o, struct err *e)
{
	if (st->st_uid == o->uid && st->st_gid == o->gid)
		return 0;
	if (fchownat(fd, "", o->uid, o->gid, AT_EMPTY_PATH) == 0)
		return 0;
	err_set(e, errno, "give it to %u:%u", o->uid, o->gid);
	return e->code == EPERM || e->code == EINVAL ? err_hint(e, "it goes only where ids are mapped: not with noidmap") : -e->code;
}

static int visit(int dir, const char *name, void *arg, struct err *e);

static int give_all(int fd, const struct owner *o, struct err *e)
{
	struct owner below = { o->uid, o->gid, o->depth + 1 };
	struct stat st;

	if (o->depth > DEPTH_MAX)
		return err_set(e, ELOOP, "change the owner of a folder");
	if (fstat(fd, &st) < 0)
		return err_set(e, errno, "look at a file");
	int r = give(fd, &st, o, e);

	return r == 0 && S_ISDIR(st.st_mode) ? file_each_any(fd, visit, &below, e) : r;
}

static int visit(int dir, const char *name, void *arg, struct err *e)
{
	auto_fd int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "open %s", name);
	int r = give_all(fd, arg, e);

	return r < 0 ? err_wrap(e, "%s", name) : 0;
}

int chown_tree(int tree, uid_t uid, gid_t gid, struct err *e)
{
	const struct owner o = { uid, gid, 0 };

	return give_all(tree, &o, e);
}
