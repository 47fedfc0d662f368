// SPDX-License-Identifier: Apache-2.0
#include "namespaces/mount_sources.h"

#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/fd.h"
#include "namespaces/idmap.h"
#include "namespaces/tree.h"

#define TRUST_ATTRIBUTES (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

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

/*
 * The tree is a copy of the host's mounts and in their peer groups. It leaves them unless sharing was asked for; and with a
 * user namespace of its own a container only ever receives: it must not be able to mount anything in the host.
 */
static int set_attributes(int tree, bool recursive, const struct mount_options *o, bool private_userns, struct err *e)
{
	uint64_t kept = private_userns ? TRUST_ATTRIBUTES : 0;
	uint64_t wanted = o->propagation ? o->propagation : MS_PRIVATE, first = wanted;

	if (wanted == MS_SHARED)
		first = private_userns ? MS_SLAVE : 0;
	else if (o->propagation && recursive && !o->propagation_recursive)
		first = MS_SLAVE;
	uint64_t set = o->rset, clear = o->rclear & ~kept;

	if (!recursive) { /* only one mount: all at once */
		set |= o->set;
		clear |= o->clear & ~kept;
	}
	int r = set | clear | first ? change(tree, recursive, set, clear, first, e) : 0;

	if (r == 0 && recursive && (o->set | o->clear))
		r = change(tree, false, o->set, o->clear & ~kept, 0, e);
	if (r == 0 && wanted != first)
		r = tree_change(tree, recursive && o->propagation_recursive, 0, 0, wanted, e);
	return r;
}

static int set_own_maps(const struct mount_op *op, int tree, struct err *e)
{
	auto_fd int userns = idmap_userns(op->uids, op->gids, e);

	if (userns < 0)
		return userns;
	return idmap_mount(tree, userns, op->options.words & MOUNT_WORD_RIDMAP, op->source, e);
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

static int clone_source(struct mount_op *op, bool private_userns, bool *ret_recursive, struct err *e)
{
	unsigned words = op->options.words, flags = words & MOUNT_WORD_SRC_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0;
	bool recursive = words & MOUNT_WORD_RBIND;
	int tree = tree_clone(AT_FDCWD, op->source, flags | (recursive ? AT_RECURSIVE : 0), e);

	if (tree == -EINVAL && private_userns && !recursive) {
		/* a user namespace may not look below mounts that came with it: it gets them too */
		recursive = true;
		tree = tree_clone(AT_FDCWD, op->source, flags | AT_RECURSIVE, e);
	}
	*ret_recursive = recursive;
	return tree;
}

int mount_source_open(struct mount_op *op, const struct mount_context *c, struct err *e)
{
	struct statfs fs;
	struct stat st;
	bool recursive;
	int r = op->options.words & MOUNT_WORD_COPY_SYMLINK ? read_link(op, e) : 0;

	if (r < 0 || op->link)
		return r;
	auto_fd int tree = clone_source(op, c->private_userns, &recursive, e);

	if (tree < 0)
		return tree;
	if (fstat(tree, &st) < 0)
		return err_set(e, errno, "look at %s", op->source);
	op->is_file = !S_ISDIR(st.st_mode);
	if (streq(op->target, "/proc") && (fstatfs(tree, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC))
		return err_say(e, EINVAL, "%s is no procfs", op->source);
	r = set_attributes(tree, recursive, &op->options, c->private_userns, e);
	if (r == 0 && op->uids)
		r = set_own_maps(op, tree, e);
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

int mount_list_open(struct mount_list *l, const struct mount_context *c, struct err *e)
{
	for (size_t i = 0; i < l->n; i++) {
		struct mount_op *op = &l->v[i];

		if (op->how != MOUNT_BIND || op->tree >= 0 || op->content)
			continue;
		int r = mount_source_open(op, c, e);

		if (r == -EPERM && !may_clone())
			return 0;
		if (r < 0)
			return err_wrap(e, "mount %s", op->target);
	}
	return 0;
}

int mount_list_idmap(struct mount_list *l, int userns, struct err *e)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct mount_op *op = &l->v[i];

		if (!op->idmap_container || op->tree < 0)
			continue;
		int r = idmap_mount(op->tree, userns, op->options.words & MOUNT_WORD_RIDMAP, op->source, e);

		if (r < 0) {
			(void)err_wrap(e, "mount %s", op->target);
			return err_hint(e, "without them (-v SOURCE:TARGET:noidmap) its owners are nobody inside");
		}
	}
	return 0;
}
