// SPDX-License-Identifier: Apache-2.0
#include "images/worker/pack.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "images/opaque.h"
#include "images/worker/harmless.h"
#include "images/worker/name.h"
#include "images/worker/whiteout.h"

#define COPY_BYTES (256 << 10)

/* The first name of a file that has several. */
struct link {
	dev_t device;
	ino_t inode;
	char *name;
};

struct packer {
	const struct pack *pack;
	struct tar_out *out;
	struct arena links_arena;
	void *links; /* of tsearch(3) */
	char *buf;   /* COPY_BYTES */
	uint64_t entries;
	char name[PATH_MAX]; /* of the entry at hand */
	size_t len;	     /* of it */
};

static int wrap(const struct packer *p, struct err *e)
{
	char shown[HARMLESS_MAX];

	return err_wrap(e, "%s", harmless(*p->name ? p->name : "/", shown));
}

static int failed(const struct packer *p, int code, const char *doing, struct err *e)
{
	char shown[HARMLESS_MAX];

	return err_set(e, code, "%s %s", doing, harmless(*p->name ? p->name : "/", shown));
}

static int by_inode(const void *a, const void *b)
{
	const struct link *x = a, *y = b;

	if (x->device != y->device)
		return x->device < y->device ? -1 : 1;
	return x->inode == y->inode ? 0 : x->inode < y->inode ? -1 : 1;
}

/* The name under which this file is in the archive already; NULL: it is not, and now has one. Return: 0 or -ENOMEM */
static int find_link(struct packer *p, const struct stat *st, const char **ret)
{
	struct link key = { .device = st->st_dev, .inode = st->st_ino };
	struct link **found = tfind(&key, &p->links, by_inode);

	*ret = found ? (*found)->name : NULL;
	if (found)
		return 0;
	struct link *l = arena_alloc(&p->links_arena, sizeof(*l));

	if (!l)
		return -ENOMEM;
	*l = key;
	l->name = arena_strdup(&p->links_arena, p->name);
	return l->name && tsearch(l, &p->links, by_inode) ? 0 : -ENOMEM;
}

static void keep(void *link)
{
	(void)link; /* the arena's */
}

/*
 * Capabilities that root of a user namespace has given say whose root that was (revision 3), which means nothing elsewhere:
 * they go out as those of any root, the form that every reader knows.
 */
static void make_plain(struct meta_xattr *x, struct vfs_cap_data *room)
{
	const struct vfs_ns_cap_data *own = x->value;

	if (!streq(x->name, "security.capability") || x->size != sizeof(*own))
		return;
	uint32_t magic = le32toh(own->magic_etc);

	if ((magic & VFS_CAP_REVISION_MASK) != VFS_CAP_REVISION_3)
		return;
	memcpy(room, own, sizeof(*room));
	room->magic_etc = htole32(VFS_CAP_REVISION_2 | (magic & VFS_CAP_FLAGS_EFFECTIVE));
	*x = (struct meta_xattr){ .name = x->name, .value = room, .size = sizeof(*room) };
}

static int put_entry(struct packer *p, struct tar_entry *entry, struct err *e)
{
	struct vfs_cap_data caps;

	/* meta_read()'s own, which nobody else has */
	for (size_t i = 0; i < entry->meta.n_xattrs; i++)
		make_plain((struct meta_xattr *)&entry->meta.xattrs[i], &caps);
	entry->name = p->name;
	p->entries++;
	return tar_out_entry(p->out, entry, e);
}

/* As many bytes as its header says, though it shrinks or grows while it is read. */
static int put_content(struct packer *p, int fd, uint64_t size, struct err *e)
{
	while (size > 0) {
		size_t want = size < COPY_BYTES ? (size_t)size : COPY_BYTES;
		ssize_t n = fd_read_all(fd, p->buf, want);

		if (n < 0)
			return failed(p, (int)-n, "read", e);
		memset(p->buf + n, 0, want - (size_t)n);
		int r = tar_out_data(p->out, p->buf, want, e);

		if (r < 0)
			return r;
		size -= want;
	}
	return 0;
}

static int put_file(struct packer *p, int dir, const char *last, struct err *e)
{
	auto_fd int fd = openat(dir, last, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct tar_entry entry = { .kind = TAR_FILE };
	auto_arena struct arena a = { 0 };
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? 0 : failed(p, errno, "open", e);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return failed(p, EBUSY, "open", e); /* it was a file just now */
	int r = st.st_nlink > 1 ? find_link(p, &st, &entry.link) : 0;

	if (r < 0)
		return err_nomem(e);
	r = meta_read(fd, &a, &entry.meta, e);
	if (r < 0)
		return wrap(p, e);
	if (entry.link)
		entry.kind = TAR_HARDLINK;
	else
		entry.size = (uint64_t)st.st_size;
	r = put_entry(p, &entry, e);
	return r == 0 && !entry.link ? put_content(p, fd, entry.size, e) : r;
}

static int put_symlink(struct packer *p, int dir, const char *last, const struct stat *st, struct err *e)
{
	struct tar_entry entry = { .kind = TAR_SYMLINK };
	char target[PATH_MAX];
	ssize_t n = readlinkat(dir, last, target, sizeof(target) - 1);

	if (n < 0)
		return errno == ENOENT ? 0 : failed(p, errno, "read link", e);
	target[n] = '\0';
	entry.link = target;
	meta_from_stat(st, &entry.meta);
	return put_entry(p, &entry, e);
}

static int put_node(struct packer *p, const struct stat *st, struct err *e)
{
	struct tar_entry entry = { .kind = S_ISCHR(st->st_mode) ? TAR_CHAR : S_ISBLK(st->st_mode) ? TAR_BLOCK : TAR_FIFO };

	if (entry.kind != TAR_FIFO)
		entry.device = st->st_rdev;
	meta_from_stat(st, &entry.meta);
	return put_entry(p, &entry, e);
}

/* An empty file beside, or in, what it is about. */
static int put_mark(struct packer *p, const struct stat *st, struct err *e)
{
	struct tar_entry entry = { .kind = TAR_FILE, .meta = { .mtime = st->st_mtim } };

	return put_entry(p, &entry, e);
}

static int put_whiteout(struct packer *p, const char *last, const struct stat *st, struct err *e)
{
	size_t folder = p->len - strlen(last);

	if (p->len + sizeof(NAME_WHITEOUT_PREFIX) > sizeof(p->name) || strlen(last) + sizeof(NAME_WHITEOUT_PREFIX) > NAME_MAX)
		return failed(p, ENAMETOOLONG, "hide", e);
	snprintf(p->name + folder, sizeof(p->name) - folder, NAME_WHITEOUT_PREFIX "%s", last);
	return put_mark(p, st, e);
}

static int put_opaque(struct packer *p, const struct stat *st, struct err *e)
{
	size_t len = p->len;
	int n = snprintf(p->name + len, sizeof(p->name) - len, "%s" NAME_OPAQUE_MARK, len ? "/" : "");

	if ((size_t)n >= sizeof(p->name) - len)
		return failed(p, ENAMETOOLONG, "hide what is below", e);
	int r = put_mark(p, st, e);

	p->name[len] = '\0';
	return r;
}

static int put_any(struct packer *p, int dir, const char *last, struct err *e);

static int put_child(struct packer *p, int dir, const char *name, struct err *e)
{
	size_t len = p->len;
	int n = snprintf(p->name + len, sizeof(p->name) - len, "%s%s", len ? "/" : "", name);

	if ((size_t)n >= sizeof(p->name) - len)
		return failed(p, ENAMETOOLONG, "look into", e);
	p->len += (size_t)n;
	int r = put_any(p, dir, name, e);

	p->len = len;
	p->name[len] = '\0';
	return r;
}

static int put_children(struct packer *p, int fd, bool opaque, struct err *e)
{
	auto_arena struct arena a = { 0 };
	struct strv names = { 0 };
	int r = file_names(fd, &a, &names, e);

	strv_sort(&names);
	for (size_t i = 0; r == 0 && i < names.n; i++)
		if (!opaque || !opaque_file(names.v[i]))
			r = put_child(p, fd, names.v[i], e);
	return r;
}

/* A folder that is open: itself, unless it is to have no name, its mark, what is in it. */
static int put_open_folder(struct packer *p, int fd, bool itself, struct err *e)
{
	struct tar_entry entry = { .kind = TAR_FOLDER };
	auto_arena struct arena a = { 0 };
	bool opaque = p->pack->layer && opaque_folder(fd);
	struct stat st;

	if (fstat(fd, &st) < 0)
		return failed(p, errno, "look at", e);
	int r = meta_read(fd, &a, &entry.meta, e);

	if (r < 0)
		return wrap(p, e);
	if (itself && p->len == 0)
		snprintf(p->name, sizeof(p->name), "./");
	if (itself)
		r = put_entry(p, &entry, e);
	p->name[p->len] = '\0';
	if (r == 0 && opaque)
		r = put_opaque(p, &st, e);
	return r < 0 ? r : put_children(p, fd, opaque, e);
}

static int put_folder(struct packer *p, int dir, const char *last, struct err *e)
{
	auto_fd int fd = openat(dir, last, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : failed(p, errno, "open", e);
	return put_open_folder(p, fd, true, e);
}

static int put_any(struct packer *p, int dir, const char *last, struct err *e)
{
	struct stat st;

	if (fstatat(dir, last, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : failed(p, errno, "look at", e);
	if (p->pack->layer && str_after(last, NAME_WHITEOUT_PREFIX)) {
		failed(p, EINVAL, "put into a layer", e);
		return err_hint(e, "a name that begins with " NAME_WHITEOUT_PREFIX " would hide a file there");
	}
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		return put_file(p, dir, last, e);
	case S_IFDIR:
		return put_folder(p, dir, last, e);
	case S_IFLNK:
		return put_symlink(p, dir, last, &st, e);
	case S_IFSOCK: /* a meeting place of processes; no archive has them */
		return 0;
	default:
		return p->pack->layer && whiteout_is(&st) ? put_whiteout(p, last, &st, e) : put_node(p, &st, e);
	}
}

static void tell(const struct packer *p, bool is_folder)
{
	if (p->pack->found)
		p->pack->found(p->pack->found_arg, is_folder);
}

/* "a/b" to the folder "a" and "b"; a path that ends in "/" or "/." has no last part. */
static int open_parent(const char *path, int root, const char **ret_last, struct err *e)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];

	*ret_last = slash ? slash + 1 : path;
	if (strlen(path) >= sizeof(folder))
		return err_set(e, ENAMETOOLONG, "open the source");
	snprintf(folder, sizeof(folder), "%.*s", (int)(*ret_last - path), path);
	return path_open_in(root, folder, O_PATH | O_DIRECTORY, e);
}

static bool names_a_folder(const char *last)
{
	return !*last || streq(last, ".") || streq(last, "..");
}

static int put_found_folder(struct packer *p, int fd, struct err *e)
{
	tell(p, true);
	return put_open_folder(p, fd, true, e);
}

/* What the path names, where a symbolic link at its end counts as what it leads to. */
static int put_followed(struct packer *p, const char *path, struct err *e)
{
	auto_fd int fd = path_open_in(p->pack->root, path, O_RDONLY | O_NONBLOCK, e);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return failed(p, errno, "look at", e);
	if (S_ISDIR(st.st_mode))
		return put_found_folder(p, fd, e);
	if (!S_ISREG(st.st_mode))
		return failed(p, EINVAL, "follow to something that is neither file nor folder:", e);
	struct tar_entry entry = { .kind = TAR_FILE, .size = (uint64_t)st.st_size };
	auto_arena struct arena a = { 0 };
	int r = meta_read(fd, &a, &entry.meta, e);

	if (r < 0)
		return r;
	tell(p, false);
	r = put_entry(p, &entry, e);
	return r < 0 ? r : put_content(p, fd, entry.size, e);
}

static int put_named(struct packer *p, const char *path, struct err *e)
{
	const char *last;
	auto_fd int dir = open_parent(path, p->pack->root, &last, e);
	struct stat st;

	if (dir < 0)
		return dir;
	if (names_a_folder(last)) {
		auto_fd int fd = path_open_in(p->pack->root, path, O_RDONLY | O_DIRECTORY, e);

		return fd < 0 ? fd : put_found_folder(p, fd, e);
	}
	if (fstatat(dir, last, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(p, errno, "look at", e);
	if (p->pack->follow && S_ISLNK(st.st_mode))
		return put_followed(p, path, e);
	tell(p, S_ISDIR(st.st_mode));
	return put_any(p, dir, last, e);
}

static int pack_all(struct packer *p, struct sink *s, struct err *e)
{
	p->buf = malloc(COPY_BYTES);
	int r = p->buf ? tar_out_open(s, &p->out, e) : err_nomem(e);

	snprintf(p->name, sizeof(p->name), "%s", p->pack->name);
	p->len = strlen(p->name);
	if (r == 0)
		r = put_named(p, p->pack->path, e);
	if (r == 0)
		r = tar_out_finish(p->out, e);
	tar_out_close(p->out);
	tdestroy(p->links, keep);
	arena_free(&p->links_arena);
	free(p->buf);
	return r;
}

int pack_tree(const struct pack *pack, const struct sink_options *to, struct work_done *ret, struct err *e)
{
	struct packer p = { .pack = pack };
	struct work_done done = { 0 };
	struct sink *s = NULL;
	int r = sink_open(to, &s, e);

	if (r == 0)
		r = pack_all(&p, s, e);
	if (r == 0)
		r = sink_finish(s, &done, e);
	sink_close(s);
	done.entries = p.entries;
	if (r == 0)
		*ret = done;
	return r;
}
