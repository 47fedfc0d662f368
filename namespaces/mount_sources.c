// SPDX-License-Identifier: Apache-2.0
#include "namespaces/mount_sources.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/fd.h"
#include "base/path.h"
#include "namespaces/idmap.h"
#include "namespaces/mount_overlay.h"
#include "namespaces/tree.h"

#define TRUST_ATTRIBUTES (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)
#define LOCKABLE	 (TRUST_ATTRIBUTES | MOUNT_ATTR_RDONLY)
#define NAMED_TOGETHER	 (LOCKABLE | MOUNT_ATTR_NOSYMFOLLOW)

/*
 * In a user namespace the attributes of mounts that came from outside are locked (mount_namespaces(7)): they can be added to,
 * not taken away. What cannot be had then is left as it is, the rest counts.
 */
static int change(int tree, bool recursive, uint64_t set, uint64_t clear, uint64_t propagation, struct err *e)
{
	int r = tree_change(tree, recursive, set, clear, propagation, e);

	if (r != -EPERM || clear == 0)
		return r;
	return tree_change(tree, recursive, set & ~(uint64_t)MOUNT_ATTR__ATIME, 0, propagation, e);
}

/* What the mount itself loses before it gets anything: mount(2) takes all attributes together, those of access times apart. */
static uint64_t lost(const struct mount_options *o, const struct mount_context *c)
{
	bool named = o->set | o->clear;

	return named && !c->keep_attributes ? o->clear | NAMED_TOGETHER : o->clear;
}

/* Where attributes are locked, to ask for one to be taken away is an error, and those that nobody speaks of stay. */
static int check_locked(const struct mount_op *op, int tree, struct err *e)
{
	static const struct {
		uint64_t attribute;
		const char *word, *locked;
	} words[] = {
		{ MOUNT_ATTR_RDONLY, "rw", "ro" },
		{ MOUNT_ATTR_NOSUID, "suid", "nosuid" },
		{ MOUNT_ATTR_NODEV, "dev", "nodev" },
		{ MOUNT_ATTR_NOEXEC, "exec", "noexec" },
	};
	uint64_t wrong = op->options.clear & ~op->options.set & LOCKABLE;

	wrong = wrong ? wrong & tree_attributes(tree) : 0;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (wrong & words[i].attribute)
			return err_set(e, EPERM, "option %s: in a user namespace %s stays %s", words[i].word, op->source,
				       words[i].locked);
	return 0;
}

/* The mount itself; @set, @clear and @propagation go with it, into one call, and go before what it says for itself. */
static int change_own(const struct mount_op *op, int tree, const struct mount_context *c, uint64_t set, uint64_t clear,
		      uint64_t propagation, struct err *e)
{
	const struct mount_options *o = &op->options;
	uint64_t lose = lost(o, c);
	int r = -EPERM;

	set |= o->set & ~clear;
	if (!(set | clear | lose | propagation))
		return 0;
	if (!c->private_userns || op->inside)
		r = tree_change(tree, false, set, clear | lose, propagation, e);
	if (r != -EPERM)
		return r;
	r = check_locked(op, tree, e);
	return r < 0 ? r : change(tree, false, set, clear | (lose & ~(uint64_t)LOCKABLE), propagation, e);
}

/*
 * The tree is a copy of the host's mounts and in their peer groups. It leaves them unless sharing was asked for; and with a
 * user namespace of its own a container only ever receives: it must not be able to mount anything in the host.
 */
static int set_attributes(const struct mount_op *op, int tree, bool recursive, const struct mount_context *c, struct err *e)
{
	const struct mount_options *o = &op->options;
	uint64_t kept = c->private_userns ? TRUST_ATTRIBUTES : 0, clear = o->rclear & ~kept;
	uint64_t wanted = o->propagation ? o->propagation : MS_PRIVATE, first = wanted;
	int r = 0;

	if (wanted == MS_SHARED)
		first = c->private_userns ? MS_SLAVE : 0;
	else if (o->propagation && recursive && !o->propagation_recursive)
		first = MS_SLAVE;
	if (!recursive) /* only one mount: all at once */
		r = change_own(op, tree, c, o->rset, clear, first, e);
	else
		r = change_own(op, tree, c, 0, 0, 0, e);
	if (r == 0 && recursive && (o->rset | clear | first))
		r = change(tree, true, o->rset, clear, first, e);
	if (r == 0 && wanted != first)
		r = tree_change(tree, recursive && o->propagation_recursive, 0, 0, wanted, e);
	return r;
}

/* copy-symlink: is the source a link? Then the container gets the same link. */
static int read_link(struct mount_op *op, struct err *e)
{
	char text[PATH_MAX];
	ssize_t n = readlink(op->source, text, sizeof(text) - 1);

	if (n < 0 && errno != EINVAL)
		return err_set(e, errno, "open %s", op->source);
	if (n < 0)
		return 0;
	op->link = strndup(text, (size_t)n);
	return op->link ? 0 : err_nomem(e);
}

static int clone_source(struct mount_op *op, int root, const struct mount_context *c, bool *ret_recursive, struct err *e)
{
	unsigned words = op->options.words, flags = words & MOUNT_WORD_SRC_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0;
	bool recursive = words & MOUNT_WORD_RBIND;
	auto_fd int inside = op->inside ? path_open_in(root, op->inside, O_PATH | (flags ? O_NOFOLLOW : 0), e) : -1;

	if (op->inside && inside < 0)
		return inside;
	int dir = op->inside ? inside : AT_FDCWD;
	const char *path = op->inside ? "" : op->source;
	int tree = tree_clone(dir, path, flags | (recursive ? AT_RECURSIVE : 0), e);

	if (tree == -EINVAL && c->private_userns && !recursive) {
		/* a user namespace may not look below mounts that came with it: it gets them too */
		recursive = true;
		tree = tree_clone(dir, path, flags | AT_RECURSIVE, e);
	}
	*ret_recursive = recursive;
	return tree;
}

static int take_given(const struct mount_op *op, bool *ret_recursive, struct err *e)
{
	int tree = fcntl(*op->given, F_DUPFD_CLOEXEC, 3);

	*ret_recursive = false;
	return tree < 0 ? err_set(e, errno, "take a mount") : tree;
}

/* @userns: the container's, -1 where it is not needed or not yet there */
static int map_ids(const struct mount_op *op, int tree, int userns, struct err *e)
{
	return idmap_mount(tree, op->maps ? op->userns : userns, op->options.words & MOUNT_WORD_RIDMAP, op->source, e);
}

static int map_or_ask(const struct mount_op *op, int tree, const struct mount_context *c, struct err *e)
{
	if (c->idmap && mount_op_asks(op, c))
		return c->idmap(op, tree, c->idmap_arg, e);
	return op->maps ? map_ids(op, tree, -1, e) : 0;
}

int mount_source_open(struct mount_op *op, int root, const struct mount_context *c, struct err *e)
{
	struct statfs fs;
	struct stat st;
	bool recursive;
	int r = op->options.words & MOUNT_WORD_COPY_SYMLINK ? read_link(op, e) : 0;

	if (r < 0 || op->link)
		return r;
	auto_fd int tree = op->given ? take_given(op, &recursive, e) : clone_source(op, root, c, &recursive, e);

	if (tree < 0)
		return tree;
	if (fstat(tree, &st) < 0)
		return err_set(e, errno, "look at %s", op->source);
	op->is_file = !S_ISDIR(st.st_mode);
	if (streq(op->target, "/proc") && (fstatfs(tree, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC))
		return err_say(e, EINVAL, "%s is no procfs", op->source);
	r = set_attributes(op, tree, recursive, c, e);
	if (r == 0)
		r = map_or_ask(op, tree, c, e);
	if (r == 0)
		op->tree = fd_take(&tree);
	return r;
}

/* open_tree(2) itself says whether we may: CAP_SYS_ADMIN in the user namespace of our mounts. */
static bool may_clone(void)
{
	struct err ignored;
	auto_fd int tree = tree_clone(AT_FDCWD, "/", 0, &ignored);

	return tree != -EPERM;
}

/* Return: 0, 1 where we may not and init is to, or -errno with @e filled */
static int open_source(struct mount_op *op, const struct mount_context *c, struct err *e)
{
	int r = mount_source_open(op, -1, c, e);

	return r == -EPERM && !may_clone() ? 1 : r;
}

int mount_list_open(struct mount_list *l, const struct mount_context *c, struct err *e)
{
	bool may = true;
	int r = 0;

	for (size_t i = 0; i < l->n && r >= 0; i++) {
		struct mount_op *op = &l->v[i];

		if ((op->how != MOUNT_BIND && op->how != MOUNT_OVERLAY) || op->tree >= 0 || op->content)
			continue;
		/* here, and not in init: the /proc that it sees has other numbers for its children */
		if (op->maps)
			r = op->userns = idmap_userns(&op->maps->uids, &op->maps->gids, e);
		if (r >= 0 && op->how == MOUNT_OVERLAY)
			r = mount_overlay_open(op, e);
		else if (r >= 0 && may && !mount_op_by_init(op, c))
			r = open_source(op, c, e);
		may = may && r != 1;
		if (r < 0)
			(void)err_wrap(e, "mount %s", op->target);
	}
	return r < 0 ? r : 0;
}

int mount_source_idmap(const struct mount_op *op, int tree, int userns, struct err *e)
{
	int r = map_ids(op, tree, userns, e);

	return r < 0 ? err_wrap(e, "mount %s", op->target) : 0;
}

int mount_list_idmap(struct mount_list *l, int userns, struct err *e)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct mount_op *op = &l->v[i];

		if (!op->idmap_container || op->tree < 0)
			continue;
		int r = op->how == MOUNT_OVERLAY ? mount_overlay_idmap(op, userns, e) : mount_source_idmap(op, op->tree, userns, e);

		if (r < 0)
			return err_hint(e, "without them (-v SOURCE:TARGET:noidmap) its owners are nobody inside");
	}
	return 0;
}
