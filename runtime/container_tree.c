// SPDX-License-Identifier: Apache-2.0
#include "runtime/container_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "base/fd.h"
#include "namespaces/ns.h"
#include "namespaces/overlay.h"
#include "runtime/container_mount.h"

#define LAYERS_FROM_CONTAINER "../../images/layers/" /* shorter than any path from "/": the kernel takes 255 bytes */

void container_tree_close(struct container_tree *t)
{
	tree_close(&t->at);
	fd_close(&t->watch);
}

static int open_running(const struct container *c, struct tree_at *ret, struct err *e)
{
	auto_fd int pidfd = proc_open(&c->init, e);
	auto_fd int mount = pidfd < 0 ? pidfd : ns_open_pid(NS_MOUNT, c->init.pid, e);
	auto_fd int user = -1;

	if (mount < 0)
		return mount;
	if (c->settings.private_userns)
		user = ns_open_pid(NS_USER, c->init.pid, e);
	if (user < -1)
		return user;
	if (proc_ended(pidfd)) /* its number may be another's by now */
		return err_say(e, ESRCH, "container %s has ended just now", c->settings.name);
	ret->mount_ns = fd_take(&mount);
	ret->user_ns = fd_take(&user);
	return 0;
}

/* Overlayfs wants names below the working directory: it is another one for a moment. */
static int mount_layers(int dir, const struct settings *s, struct err *e)
{
	char below[PATH_MAX];
	const struct overlay o = {
		.below = below,
		.lowers = s->layers.v,
		.n_lowers = s->layers.n,
		.upper = "upper",
		.work = "work",
	};
	auto_fd int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (s->image_store)
		snprintf(below, sizeof(below), "%s/images/layers/", s->image_store);
	else
		snprintf(below, sizeof(below), LAYERS_FROM_CONTAINER);
	if (here < 0 || fchdir(dir) < 0)
		return err_set(e, errno, "change into the container's folder");
	auto_fd int tree = overlay_new(&o, e);

	if (fchdir(here) < 0)
		return err_set(e, errno, "change back into the working directory");
	return tree < 0 ? tree : fd_take(&tree);
}

static int open_stopped(const struct engine *g, const struct container *c, struct container_tree *ret, struct err *e)
{
	auto_fd int dir = record_open(g, c->settings.id, e);
	auto_fd int watch = dir < 0 ? dir : record_watch(dir, false, e);

	if (watch < 0)
		return watch;
	if (!c->settings.manifest) {
		err_say(e, EOPNOTSUPP, "container %s does not run, and is of %s", c->settings.name,
			settings_root(&c->settings));
		return err_hint(e, "its files are seen while it runs");
	}
	ret->at.folder = c->settings.mounted ? container_mount_tree(g, c->settings.id, e) : -ENOENT;
	if (ret->at.folder == -ENOENT) /* an upper folder must not be in two overlays */
		ret->at.folder = mount_layers(dir, &c->settings, e);
	if (ret->at.folder < 0)
		return ret->at.folder;
	ret->watch = fd_take(&watch);
	return 0;
}

int container_tree_open(const struct engine *g, const char *id, struct container_tree *ret, struct err *e)
{
	struct container_tree t = CONTAINER_TREE_NONE;
	auto_container struct container c = { 0 };
	int r = container_load(g, id, &c, e);

	if (r < 0)
		return r;
	if (c.phase == PHASE_RUNNING || c.phase == PHASE_PAUSED)
		r = open_running(&c, &t.at, e);
	else
		r = open_stopped(g, &c, &t, e);
	if (r == -EBUSY)
		return err_say(e, EBUSY, "container %s is just starting or ending", c.settings.name);
	if (r < 0)
		return err_wrap(e, "open the files of container %s", c.settings.name);
	*ret = t;
	return 0;
}
