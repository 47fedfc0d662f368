// SPDX-License-Identifier: Apache-2.0
#include "images/worker/meta.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/xattr.h>

#include "base/fd.h"
#include "images/opaque.h"
#include "images/worker/harmless.h"

#define CAPABILITY  "security.capability"
#define ACL_ACCESS  "system.posix_acl_access"
#define ACL_DEFAULT "system.posix_acl_default"

#define SPECIAL_BITS (S_ISUID | S_ISGID) /* chown takes them away */

const struct meta meta_default = { .mode = 0755 };

int meta_set_opaque(int fd)
{
	return fsetxattr(fd, OPAQUE_ATTRIBUTE, "y", 1, 0) < 0 ? -errno : 0;
}

bool meta_has_default_acl(const struct meta *m)
{
	for (size_t i = 0; i < m->n_xattrs; i++)
		if (streq(m->xattrs[i].name, ACL_DEFAULT))
			return true;
	return false;
}

static bool is_acl(const char *name)
{
	return streq(name, ACL_ACCESS) || streq(name, ACL_DEFAULT);
}

static bool is_kept(const char *name)
{
	if (str_after(name, "user."))
		return !str_after(name, "user.overlay.");
	return streq(name, CAPABILITY) || is_acl(name);
}

/* A name that the kernel could take: "NAMESPACE.NAME". */
static int check_name(const char *name, struct err *e)
{
	char shown[HARMLESS_MAX];
	const char *dot = strchr(name, '.');

	if (dot && dot != name && dot[1] && strlen(name) <= XATTR_NAME_MAX)
		return 0;
	return err_say(e, EINVAL, "invalid extended attribute \"%s\"", harmless(name, shown));
}

static int set_xattr(int fd, const struct meta_xattr *x, struct err *e)
{
	char shown[HARMLESS_MAX];
	int r = check_name(x->name, e);

	if (r < 0 || !is_kept(x->name))
		return r;
	if (fsetxattr(fd, x->name, x->value, x->size, 0) == 0)
		return 0;
	if (errno == EOPNOTSUPP && is_acl(x->name))
		return 0;
	return err_set(e, errno, "set extended attribute %s", harmless(x->name, shown));
}

/*
 * Look at what the kernel made, and put right what differs: mostly
 * nothing does, and a look is cheaper than a change.
 */
static int set_owner_and_mode(int fd, const struct meta *m, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set(e, errno, "look at it");
	bool chowned = st.st_uid != m->uid || st.st_gid != m->gid;

	if (chowned && fchown(fd, m->uid, m->gid) < 0)
		return err_set(e, errno, "set owner %u:%u", m->uid, m->gid);
	if ((st.st_mode & 07777) == m->mode && !(chowned && (m->mode & SPECIAL_BITS)))
		return 0;
	return fchmod(fd, m->mode) < 0 ? err_set(e, errno, "set mode %04o", m->mode) : 0;
}

static void times_of(const struct meta *m, struct timespec ret[2])
{
	ret[0] = (struct timespec){ .tv_nsec = UTIME_OMIT };
	ret[1] = m->mtime;
}

int meta_apply(int fd, const struct meta *m, bool acls, struct err *e)
{
	struct timespec times[2];

	if (acls) { /* not there: fine */
		(void)fremovexattr(fd, ACL_ACCESS);
		(void)fremovexattr(fd, ACL_DEFAULT);
	}
	int r = set_owner_and_mode(fd, m, e);

	for (size_t i = 0; r == 0 && i < m->n_xattrs; i++)
		r = set_xattr(fd, &m->xattrs[i], e);
	if (r < 0)
		return r;
	times_of(m, times);
	return futimens(fd, times) < 0 ? err_set(e, errno, "set its time") : 0;
}

int meta_apply_at(int dir, const char *name, const struct meta *m, struct err *e)
{
	struct timespec times[2];
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(e, errno, "look at it");
	bool chowned = st.st_uid != m->uid || st.st_gid != m->gid;

	if (chowned && fchownat(dir, name, m->uid, m->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(e, errno, "set owner %u:%u", m->uid, m->gid);
	/* fchmodat follows links, but this name is none, and nobody else is here who could make it one */
	if (!S_ISLNK(st.st_mode) && ((st.st_mode & 07777) != m->mode || (chowned && (m->mode & SPECIAL_BITS))) &&
	    fchmodat(dir, name, m->mode, 0) < 0)
		return err_set(e, errno, "set mode %04o", m->mode);
	times_of(m, times);
	if (utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(e, errno, "set its time");
	return 0;
}

void meta_from_stat(const struct stat *st, struct meta *ret)
{
	*ret = (struct meta){
		.mode = st->st_mode & 07777,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.mtime = st->st_mtim,
	};
}

/* One attribute's value into the arena. Return: 0, or -errno (an attribute that has gone is -ENODATA) */
static int read_value(int fd, const char *name, struct arena *a, struct meta_xattr *ret)
{
	ssize_t size = fgetxattr(fd, name, NULL, 0);
	char *value = size < 0 ? NULL : arena_alloc(a, (size_t)size + 1);

	if (size >= 0 && !value)
		return -ENOMEM;
	size = value ? fgetxattr(fd, name, value, (size_t)size) : size;
	if (size < 0)
		return -errno;
	*ret = (struct meta_xattr){ .name = name, .value = value, .size = (size_t)size };
	return 0;
}

static int read_xattrs(int fd, struct arena *a, struct meta *ret)
{
	ssize_t len = flistxattr(fd, NULL, 0);

	if (len <= 0)
		return len == 0 || errno == EOPNOTSUPP ? 0 : -errno;
	char *names = arena_alloc(a, (size_t)len + 1);

	len = names ? flistxattr(fd, names, (size_t)len) : -1;
	if (len == 0) /* overlayfs counts those that it hides */
		return 0;
	/* each name has a byte and its zero at least */
	struct meta_xattr *xattrs = len > 0 ? arena_array(a, (size_t)len / 2 + 1, sizeof(*xattrs)) : NULL;

	if (!xattrs)
		return names && len < 0 ? -errno : -ENOMEM;
	ret->xattrs = xattrs;
	for (const char *name = names; name < names + len; name += strlen(name) + 1) {
		int r = is_kept(name) ? read_value(fd, name, a, &xattrs[ret->n_xattrs]) : -ENODATA;

		if (r < 0 && r != -ENODATA)
			return r;
		ret->n_xattrs += r == 0;
	}
	return 0;
}

int meta_read(int fd, struct arena *a, struct meta *ret, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set(e, errno, "look at it");
	meta_from_stat(&st, ret);
	int r = read_xattrs(fd, a, ret);

	return r < 0 ? err_set(e, -r, "read its attributes") : 0;
}
