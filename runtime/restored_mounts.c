// SPDX-License-Identifier: Apache-2.0
/*
 * The mounts of a restored container. criu makes them from the image: an image that was changed could show a source of the
 * configuration at another place or writable, leave out a mask, or mount a disk.
 *
 * First each mount of the configuration is looked at where it should be: the same thing, no more open than asked for. Then
 * every other one that the container has: what the host has mounted, too, must be a part of something found before; all else
 * must be file systems of the container's own without a device, as it could have mounted them itself.
 */
#include "runtime/restored.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/sys.h"

#define MOUNTINFO_MAX (16 << 20)

/* One line of mountinfo; texts as they stand there. */
struct line {
	uint64_t id;
	unsigned major, minor;
	char *root, *place, *options;
	bool wanted; /* the configuration's, and looked at */
};

struct lines {
	char *text; /* owned; what the lines point into */
	struct line *v;
	size_t n;
};

static void lines_free(struct lines *l)
{
	free(l->text);
	free(l->v);
}

/* "36 35 98:0 /root /place rw,noatime …": proc_pid_mountinfo(5) */
static bool parse(char *text, struct line *ret)
{
	char *fields[6], *rest = NULL;
	size_t n = 0;

	for (char *w = strtok_r(text, " ", &rest); w && n < ARRAY_SIZE(fields); w = strtok_r(NULL, " ", &rest))
		fields[n++] = w;
	if (n < ARRAY_SIZE(fields) || sscanf(fields[2], "%u:%u", &ret->major, &ret->minor) != 2)
		return false;
	*ret = (struct line){ strtoull(fields[0], NULL, 10), ret->major, ret->minor, fields[3], fields[4], fields[5], false };
	return true;
}

static int read_lines(const char *name, struct lines *ret, struct err *e)
{
	char *rest = NULL;
	size_t lines = 1;
	int r = file_read(AT_FDCWD, name, MOUNTINFO_MAX, &ret->text, NULL, e);

	if (r < 0)
		return r;
	for (const char *p = ret->text; *p; p++)
		lines += *p == '\n';
	ret->v = calloc(lines, sizeof(*ret->v));
	if (!ret->v)
		return err_nomem(e);
	for (char *line = strtok_r(ret->text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		ret->n += parse(line, &ret->v[ret->n]);
	return 0;
}

struct check {
	const struct plan *p;
	int root; /* the container's */
	struct lines its, ours;
	struct err *e;
};

static int refuse(const struct check *c, const char *place, const char *what)
{
	return err_say(c->e, EPERM, "the checkpoint is not what the configuration asks for: mount %s: %s", place, what);
}

/* ---- what the configuration asks for ---- */

/* The mount that @fd lies on. */
static int mark_wanted(const struct check *c, int fd, const char *place)
{
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx) < 0)
		return err_set(c->e, errno, "look at %s", place);
	for (size_t i = 0; i < c->its.n; i++)
		if (c->its.v[i].id == stx.stx_mnt_id)
			c->its.v[i].wanted = true;
	return 0;
}

static int check_attributes(const struct check *c, int fd, const char *place, uint64_t wanted)
{
	static const struct {
		uint64_t attribute;
		unsigned long flag;
		const char *name;
	} attributes[] = {
		{ MOUNT_ATTR_RDONLY, ST_RDONLY, "not read-only" },
		{ MOUNT_ATTR_NOSUID, ST_NOSUID, "not nosuid" },
		{ MOUNT_ATTR_NODEV, ST_NODEV, "not nodev" },
		{ MOUNT_ATTR_NOEXEC, ST_NOEXEC, "not noexec" },
	};
	struct statvfs st;

	if (fstatvfs(fd, &st) < 0)
		return err_set(c->e, errno, "look at %s", place);
	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++)
		if ((wanted & attributes[i].attribute) && !(st.f_flag & attributes[i].flag))
			return refuse(c, place, attributes[i].name);
	return 0;
}

static int check_same(const struct check *c, int fd, const char *place, const char *source)
{
	struct stat st, want;

	if (fstat(fd, &st) < 0)
		return err_set(c->e, errno, "look at %s", place);
	if (stat(source, &want) < 0)
		return err_set(c->e, errno, "look at %s", source);
	return st.st_dev == want.st_dev && st.st_ino == want.st_ino ? 0 : refuse(c, place, "another source");
}

/* cgroup2 is one file system for all: of it, what lies below the container's cgroup. */
static int check_cgroups(const struct check *c, const char *place)
{
	const char *want = c->p->cgroup_path;

	for (size_t i = 0; i < c->its.n && want; i++) {
		const struct line *l = &c->its.v[i];
		const char *below = str_after(l->root, want);

		if (streq(l->place, place) && (!below || (*below && *below != '/')))
			return refuse(c, place, "cgroups of others");
	}
	return 0;
}

static int check_wanted(const struct check *c, const char *place, const char *source, uint64_t attributes)
{
	auto_fd int fd = path_open_in(c->root, place, O_PATH, c->e);
	int r = fd < 0 ? fd : check_attributes(c, fd, place, attributes);

	if (r >= 0 && source)
		r = check_same(c, fd, place, source);
	return r < 0 ? r : mark_wanted(c, fd, place);
}

static bool is_null(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

static bool is_empty_folder(int fd)
{
	struct statvfs vfs;
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == TMPFS_MAGIC && fstatvfs(fd, &vfs) == 0 && (vfs.f_flag & ST_RDONLY);
}

static bool is_absent(int r)
{
	return r == -ENOENT || r == -ENOTDIR || r == -EACCES;
}

static int check_mask(const struct check *c, const char *place)
{
	auto_fd int fd = path_open_in(c->root, place, O_PATH, c->e);

	if (fd < 0)
		return is_absent(fd) ? 0 : fd;
	return is_null(fd) || is_empty_folder(fd) ? mark_wanted(c, fd, place) : refuse(c, place, "not masked");
}

static int check_readonly(const struct check *c, const char *place)
{
	auto_fd int fd = path_open_in(c->root, place, O_PATH, c->e);

	if (fd < 0)
		return is_absent(fd) ? 0 : fd;
	/* a mask may lie over it */
	return is_null(fd) ? 0 : check_attributes(c, fd, place, MOUNT_ATTR_RDONLY);
}

/* In a user namespace they are the host's own, bound. */
static int check_device(const struct check *c, const struct spec_device *d)
{
	auto_fd int fd = path_open_in(c->root, d->path, O_PATH, c->e);
	struct stat st;

	if (fd < 0)
		return is_absent(fd) ? 0 : fd;
	if (fstat(fd, &st) < 0)
		return err_set(c->e, errno, "look at %s", d->path);
	if (d->major.set && d->minor.set && st.st_rdev != makedev((unsigned)d->major.v, (unsigned)d->minor.v))
		return refuse(c, d->path, "another device");
	return mark_wanted(c, fd, d->path);
}

static int check_asked(const struct check *c)
{
	const struct plan *p = c->p;
	const struct spec_linux *l = &p->spec->linux_;
	int r = check_wanted(c, "/", p->rootfs.path, p->rootfs.readonly ? MOUNT_ATTR_RDONLY : 0);

	for (size_t i = 0; i < p->mounts.n && r >= 0; i++) {
		const struct mount_op *op = &p->mounts.v[i];

		r = check_wanted(c, op->target, op->how == MOUNT_BIND && !op->inside ? op->source : NULL,
				 op->options.set | op->options.rset);
		if (r >= 0 && op->how == MOUNT_CGROUP)
			r = check_cgroups(c, op->target);
	}
	for (size_t i = 0; i < p->devices.n && r >= 0 && p->userns; i++)
		r = check_device(c, &p->devices.v[i]);
	for (size_t i = 0; i < l->masked_paths.n && r >= 0; i++)
		r = check_mask(c, l->masked_paths.v[i]);
	for (size_t i = 0; i < l->readonly_paths.n && r >= 0; i++)
		r = check_readonly(c, l->readonly_paths.v[i]);
	return r;
}

/* ---- what else is there ---- */

static bool same_device(const struct line *a, const struct line *b)
{
	return a->major == b->major && a->minor == b->minor;
}

static bool has_option(const struct line *l, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = l->options; p; p = strchr(p, ',')) {
		p += *p == ',';
		if (strncmp(p, word, n) == 0 && (p[n] == ',' || p[n] == '\0'))
			return true;
	}
	return false;
}

/* A part of what @of shows, and no more open. */
static bool is_part(const struct line *l, const struct line *of)
{
	static const char *const closed[] = { "ro", "nosuid", "nodev", "noexec" };
	const char *below = streq(of->root, "/") ? l->root : str_after(l->root, of->root);

	if (!of->wanted || !same_device(l, of) || !below || (*below && *below != '/'))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(closed); i++)
		if (has_option(of, closed[i]) && !has_option(l, closed[i]))
			return false;
	return true;
}

static bool is_hosts(const struct check *c, const struct line *l)
{
	for (size_t i = 0; i < c->ours.n; i++)
		if (same_device(&c->ours.v[i], l))
			return true;
	return false;
}

static int check_other(const struct check *c, const struct line *l)
{
	if (l->wanted)
		return 0;
	if (!is_hosts(c, l))
		return l->major == 0 ? 0 : refuse(c, l->place, "a device");
	for (size_t i = 0; i < c->its.n; i++)
		if (is_part(l, &c->its.v[i]))
			return 0;
	return refuse(c, l->place, "from outside, and not the configuration's");
}

int restored_check_mounts(const struct plan *p, pid_t init, struct err *e)
{
	struct check c = { .p = p, .e = e };
	char name[64];

	snprintf(name, sizeof(name), "/proc/%d/root", init);
	auto_fd int root = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return err_set(e, errno, "open the restored root");
	c.root = root;
	snprintf(name, sizeof(name), "/proc/%d/mountinfo", init);
	int r = read_lines(name, &c.its, e);

	if (r >= 0)
		r = read_lines("/proc/self/mountinfo", &c.ours, e);
	if (r >= 0)
		r = check_asked(&c);
	for (size_t i = 0; i < c.its.n && r >= 0; i++)
		r = check_other(&c, &c.its.v[i]);
	lines_free(&c.its);
	lines_free(&c.ours);
	return r;
}
