// SPDX-License-Identifier: Apache-2.0
#include "namespaces/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/fd.h"
#include "base/path.h"
#include "namespaces/idmap.h"
#include "namespaces/tree.h"

#define DEFAULT_MODE 0666

#define CHARACTER(node, number_major, number_minor)                                                                    \
	{ .path = (node), .type = 'c', .major = { true, number_major }, .minor = { true, number_minor } }

const struct spec_device devices_default[] = {
	CHARACTER("/dev/null", 1, 3),	CHARACTER("/dev/zero", 1, 5),	 CHARACTER("/dev/full", 1, 7),
	CHARACTER("/dev/random", 1, 8), CHARACTER("/dev/urandom", 1, 9), CHARACTER("/dev/tty", 5, 0),
	{ .path = NULL },
};

static const struct {
	const char *name, *to;
} dev_links[] = {
	{ "fd", "/proc/self/fd" },	 { "stdin", "/proc/self/fd/0" }, { "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" }, { "ptmx", "pts/ptmx" },	 { "core", "/proc/kcore" },
};

static const char *const dev_folders[] = { "pts", "shm", "mqueue" };

/* Whose the nodes become; maps without entries: ids are those of whoever makes them. */
struct owners {
	const struct spec_id_maps *uids, *gids;
};

static const struct spec_id_maps no_maps;
static const struct owners unmapped = { &no_maps, &no_maps };

static int normal_path(const struct spec_device *d, char ret[PATH_MAX], struct err *e)
{
	if (strlen(d->path) + 2 > PATH_MAX)
		return err_set(e, ENAMETOOLONG, "device %s", d->path);
	path_normal(d->path, ret);
	return 0;
}

static int node_type(const struct spec_device *d, mode_t *ret, struct err *e)
{
	static const struct {
		char type;
		mode_t mode;
	} types[] = { { 'c', S_IFCHR }, { 'u', S_IFCHR }, { 'b', S_IFBLK }, { 'p', S_IFIFO } };

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (types[i].type != d->type)
			continue;
		if (d->type != 'p' && !(d->major.set && d->minor.set))
			return err_say(e, EINVAL, "device %s: major and minor are missing", d->path);
		*ret = types[i].mode;
		return 0;
	}
	return err_say(e, EINVAL, "device %s: unknown type", d->path);
}

static dev_t number_of(const struct spec_device *d)
{
	return d->type == 'p' ? 0 : makedev((unsigned)d->major.v, (unsigned)d->minor.v);
}

static bool is_node(const struct stat *st, const struct spec_device *d, mode_t type)
{
	return (st->st_mode & S_IFMT) == type && (type == S_IFIFO || st->st_rdev == number_of(d));
}

static int own(int dir, const char *name, uint32_t uid, uint32_t gid, const struct owners *o, struct err *e)
{
	uint32_t host_uid = uid, host_gid = gid;

	if ((o->uids->n && !idmap_to_host(o->uids, uid, &host_uid)) || (o->gids->n && !idmap_to_host(o->gids, gid, &host_gid)))
		return err_say(e, EINVAL, "owner %u:%u is not in the user namespace's maps", uid, gid);
	if (host_uid == 0 && host_gid == 0)
		return 0; /* as whoever makes it */
	return fchownat(dir, name, host_uid, host_gid, AT_SYMLINK_NOFOLLOW) < 0 ? err_set(e, errno, "set the owner") : 0;
}

/* The caller's umask is 0. */
static int make_node(int dir, const char *name, const struct spec_device *d, const struct owners *o, struct err *e)
{
	mode_t type = 0, mode = d->file_mode.set ? d->file_mode.v & 07777 : DEFAULT_MODE;
	int r = node_type(d, &type, e);

	if (r < 0)
		return r;
	if (mknodat(dir, name, type | mode, number_of(d)) < 0)
		return err_set(e, errno, "make device %s", d->path);
	r = own(dir, name, d->uid.set ? d->uid.v : 0, d->gid.set ? d->gid.v : 0, o, e);
	return r < 0 ? err_wrap(e, "device %s", d->path) : 0;
}

/* In a tmpfs that nobody else has: the folders of "dri/card0", then the node. */
static int make_below(int dev, const char *path, const struct spec_device *d, const struct owners *o, struct err *e)
{
	char folder[PATH_MAX];

	for (const char *p = strchr(path, '/'); p; p = strchr(p + 1, '/')) {
		memcpy(folder, path, (size_t)(p - path));
		folder[p - path] = '\0';
		if (mkdirat(dev, folder, 0755) < 0 && errno != EEXIST)
			return err_set(e, errno, "make folder /dev/%s", folder);
		int r = own(dev, folder, 0, 0, o, e);

		if (r < 0)
			return r;
	}
	return make_node(dev, path, d, o, e);
}

static int make_links(int dev, const struct owners *o, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(dev_links); i++) {
		const char *name = dev_links[i].name;

		if (symlinkat(dev_links[i].to, dev, name) < 0) {
			if (errno == EEXIST)
				continue;
			return err_set(e, errno, "make link /dev/%s", name);
		}
		int r = own(dev, name, 0, 0, o, e);

		if (r < 0)
			return r;
	}
	return 0;
}

static int make_folders(int dev, const struct owners *o, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(dev_folders); i++) {
		if (mkdirat(dev, dev_folders[i], 0755) < 0)
			return err_set(e, errno, "make folder /dev/%s", dev_folders[i]);
		int r = own(dev, dev_folders[i], 0, 0, o, e);

		if (r < 0)
			return r;
	}
	return 0;
}

static int fill(int dev, const struct spec_devices *devices, const struct owners *o, struct err *e)
{
	char path[PATH_MAX];
	int r = make_folders(dev, o, e);

	for (size_t i = 0; i < devices->n && r == 0; i++) {
		r = normal_path(&devices->v[i], path, e);
		const char *below = r == 0 ? str_after(path, "/dev/") : NULL;

		if (below)
			r = make_below(dev, below, &devices->v[i], o, e);
	}
	return r < 0 ? r : make_links(dev, o, e);
}

/* Ids in options are the container's; the file system is made with the host's. */
static int map_option(struct arena *arena, char **word, const char *key, const struct spec_id_maps *maps, struct err *e)
{
	const char *value = str_after(*word, key);
	uint32_t id;

	if (!value || maps->n == 0)
		return 0;
	if (str_to_id(value, &id) < 0 || !idmap_to_host(maps, id, &id))
		return err_say(e, EINVAL, "%s is not in the user namespace's maps", *word);
	char *mapped = arena_printf(arena, "%s%u", key, id);

	if (!mapped)
		return err_nomem(e);
	*word = mapped;
	return 0;
}

static int map_options(struct arena *arena, struct mount_options *options, const struct owners *o, struct err *e)
{
	struct strv mapped = { 0 };
	int r = 0;

	/* the root's folder is root's, if none of the options, which count after these, says otherwise */
	if (strv_add(arena, &mapped, "uid=0") < 0 || strv_add(arena, &mapped, "gid=0") < 0)
		return err_nomem(e);
	for (size_t i = 0; i < options->data.n; i++)
		if (strv_push(arena, &mapped, options->data.v[i]) < 0)
			return err_nomem(e);
	for (size_t i = 0; i < mapped.n && r == 0; i++) {
		r = map_option(arena, &mapped.v[i], "uid=", o->uids, e);
		if (r == 0)
			r = map_option(arena, &mapped.v[i], "gid=", o->gids, e);
	}
	options->data = mapped;
	return r;
}

int devices_make_tmpfs(const struct mount_op *op, const struct spec_devices *devices, const struct spec_id_maps *uids,
		       const struct spec_id_maps *gids, struct err *e)
{
	const struct owners o = { uids, gids };
	struct mount_options options = op->options;
	auto_arena struct arena arena = { 0 };
	int r = uids->n || gids->n ? map_options(&arena, &options, &o, e) : 0;

	if (r < 0)
		return err_wrap(e, "mount /dev");
	options.set &= ~(uint64_t)MOUNT_ATTR_RDONLY; /* until mount_list_seal() */
	options.rset &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	auto_fd int dev = tree_new("tmpfs", op->source, &options, e);

	if (dev < 0)
		return err_wrap(e, "mount /dev");
	mode_t mask = umask(0);

	r = fill(dev, devices, &o, e);
	umask(mask);
	return r < 0 ? r : fd_take(&dev);
}

/* The host's node of the same name, if that is what it should be (rule K5), mounted on a file. */
static int bind_node(int dir, const char *name, const struct spec_device *d, mode_t type, struct err *e)
{
	struct stat st;
	auto_fd int tree = tree_clone(AT_FDCWD, d->path, AT_SYMLINK_NOFOLLOW, e);

	if (tree < 0)
		return err_wrap(e, "device %s", d->path);
	if (fstat(tree, &st) < 0 || !is_node(&st, d, type))
		return err_say(e, ENODEV, "device %s: the host's has other numbers", d->path);
	auto_fd int made = openat(dir, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, 0644);

	if (made < 0 && errno != EEXIST)
		return err_set(e, errno, "make file %s", d->path);
	auto_fd int target = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (target < 0 || fstat(target, &st) < 0)
		return err_set(e, errno, "open %s", d->path);
	if (S_ISLNK(st.st_mode) || S_ISDIR(st.st_mode))
		return err_say(e, EEXIST, "device %s: the root has a link or folder there", d->path);
	return tree_attach(tree, target, e) < 0 ? err_wrap(e, "device %s", d->path) : 0;
}

/* @path: normal; is cut up */
static int make_in(int root, char *path, const struct spec_device *d, bool bind, struct err *e)
{
	struct stat st;
	mode_t type = 0;
	int r = node_type(d, &type, e);

	if (r < 0)
		return r;
	char *name = strrchr(path, '/');

	*name++ = '\0';
	auto_fd int dir = path_mkdirs_in(root, path, 0755, e);

	if (dir < 0)
		return err_wrap(e, "device %s", d->path);
	bool there = fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;

	if (there && is_node(&st, d, type))
		return 0;
	if (there || (bind && type != S_IFIFO))
		return bind_node(dir, name, d, type, e);
	r = make_node(dir, name, d, &unmapped, e);
	return r == -EPERM && type != S_IFIFO ? bind_node(dir, name, d, type, e) : r;
}

static int make_all(int root, const struct spec_devices *devices, bool bind, bool also_dev, struct err *e)
{
	char path[PATH_MAX];
	int r = 0;

	for (size_t i = 0; i < devices->n && r == 0; i++) {
		r = normal_path(&devices->v[i], path, e);
		if (r == 0 && (also_dev || !str_after(path, "/dev/")))
			r = make_in(root, path, &devices->v[i], bind, e);
	}
	return r;
}

int devices_make_in(int root, const struct spec_devices *devices, bool bind, bool links, struct err *e)
{
	mode_t mask = umask(0);
	int r = make_all(root, devices, bind, true, e);

	if (r == 0 && links) {
		auto_fd int dev = path_mkdirs_in(root, "/dev", 0755, e);

		r = dev < 0 ? dev : make_links(dev, &unmapped, e);
	}
	umask(mask);
	return r;
}

int devices_make_elsewhere(int root, const struct spec_devices *devices, bool bind, struct err *e)
{
	mode_t mask = umask(0);
	int r = make_all(root, devices, bind, false, e);

	umask(mask);
	return r;
}
