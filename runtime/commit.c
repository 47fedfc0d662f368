// SPDX-License-Identifier: Apache-2.0
#include "runtime/commit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "base/fd.h"
#include "base/timestamp.h"
#include "images/changes.h"
#include "runtime/container_tree.h"
#include "runtime/launch.h"

struct commit {
	const struct engine *g;
	const struct commit_options *o;
	struct container container;
	struct image base, image;
	struct derive derive;
	char now[TIMESTAMP_MAX];
};

static void commit_end(struct commit *c)
{
	container_free(&c->container);
	image_free(&c->base);
	image_free(&c->image);
}

static int find_base(struct commit *c, struct err *e)
{
	const struct settings *s = &c->container.settings;
	int r;

	if (!s->manifest) {
		err_say(e, EOPNOTSUPP, "container %s is of %s, which is no image", s->name, settings_root(s));
		return err_hint(e, "`paene export` writes its files to an archive");
	}
	r = image_find(&c->g->store, s->manifest, &c->base, e);
	if (r < 0)
		err_wrap(e, "find the image of container %s", s->name);
	return r < 0 && s->image_store ? err_hint(e, "it is in %s: --image-store", s->image_store) : r;
}

/* A list of @n words from @v on. */
static int copy_words(struct arena *a, char *const *v, size_t n, struct strv *ret, struct err *e)
{
	*ret = (struct strv){ 0 };
	for (size_t i = 0; i < n; i++)
		if (strv_add(a, ret, v[i]) < 0)
			return err_nomem(e);
	return 0;
}

/* What ran, taken apart again: the image's entry point if it begins with that, and the rest. */
static int take_command(struct commit *c, struct err *e)
{
	const struct strv *ran = &c->container.settings.command, *entry = &c->base.defaults.entrypoint;
	struct image_defaults *d = &c->image.defaults;
	struct arena *a = &c->image.arena;
	size_t n = 0;

	while (n < entry->n && n < ran->n && streq(ran->v[n], entry->v[n]))
		n++;
	if (n < entry->n) /* --entrypoint: all of it is the command now */
		n = 0;
	int r = copy_words(a, entry->v, n, &d->entrypoint, e);

	return r == 0 ? copy_words(a, ran->v + n, ran->n - n, &d->cmd, e) : r;
}

/* What every container gets from us is no wish of its own. */
static bool is_ours(const char *pair)
{
	return streq(pair, "container=paene") || streq(pair, "TERM=xterm");
}

static int take_process(struct commit *c, const struct spec_process *p, struct err *e)
{
	struct image_defaults *d = &c->image.defaults;
	struct arena *a = &c->image.arena;

	for (size_t i = 0; i < p->env.n; i++)
		if (!is_ours(p->env.v[i]) && strv_add(a, &d->env, p->env.v[i]) < 0)
			return err_nomem(e);
	d->working_dir = arena_strdup(a, p->cwd && !streq(p->cwd, "/") ? p->cwd : "");
	d->user = arena_strdup(a, p->user.username && !streq(p->user.username, "0") ? p->user.username : "");
	return d->working_dir && d->user ? take_command(c, e) : err_nomem(e);
}

/* The image's own words, with what the container was started with, with --change. */
static int take_defaults(struct commit *c, struct err *e)
{
	const char *id = c->container.settings.id;
	auto_spec struct spec spec = { 0 };
	struct image_defaults *d = &c->image.defaults;
	auto_fd int dir = record_open(c->g, id, e);
	int r = dir < 0 ? dir : record_spec(dir, &spec, e);

	if (r < 0)
		return r;
	d->stop_signal = c->base.defaults.stop_signal;
	d->volumes = c->base.defaults.volumes;
	d->exposed_ports = c->base.defaults.exposed_ports;
	d->labels = c->container.settings.labels;
	r = take_process(c, &spec.process, e);
	for (size_t i = 0; r == 0 && i < c->o->changes->n; i++)
		r = change_apply(c->o->changes->v[i], &c->image.arena, d, e);
	return r;
}

static struct tree_options tree_options(const struct commit *c)
{
	return (struct tree_options){ .worker = c->g->worker, .progress = c->o->progress, .progress_arg = c->o->progress_arg };
}

static int pack_own(const struct derive *d, int output, struct work_done *ret, struct err *e)
{
	const struct commit *c = d->arg;
	auto_tree struct tree_at at = TREE_NOWHERE;
	auto_fd int dir = record_open(c->g, c->container.settings.id, e);
	const struct tree_options how = tree_options(c);
	const struct tree_out out = {
		.at = &at, .path = "", .name = "", .layer = true, .compression = d->compression,
	};

	if (dir < 0)
		return dir;
	at.folder = openat(dir, "upper", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (at.folder < 0)
		return err_set(e, errno, "open the container's own layer");
	at.top_only = true;
	return tree_pack(&out, output, &how, ret, e);
}

static int pack_all(const struct derive *d, int output, struct work_done *ret, struct err *e)
{
	const struct commit *c = d->arg;
	auto_container_tree struct container_tree tree = CONTAINER_TREE_NONE;
	const struct tree_options how = tree_options(c);
	const struct tree_out out = {
		.at = &tree.at, .path = "", .name = "", .layer = true, .compression = d->compression,
	};
	int r = container_tree_open(c->g, c->container.settings.id, &tree, e);

	tree.at.top_only = true;
	return r == 0 ? tree_pack(&out, output, &how, ret, e) : r;
}

/* What would end us waits until it is thawed; SIGKILL does not, and leaves it paused. */
static void hold_signals(int how)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		sigaddset(&set, ends[i]);
	(void)sigprocmask(how, &set, NULL);
}

/* Only as long as its files are read, so nothing of what it writes is half there. */
static int pack_frozen(const struct commit *c, int output, struct work_done *ret, struct err *e)
{
	int (*pack)(const struct derive *, int, struct work_done *, struct err *) = c->derive.alone ? pack_all : pack_own;
	bool freeze = c->o->pause && c->container.phase == PHASE_RUNNING;
	const char *id = c->container.settings.id;
	struct err too_late;
	int r;

	if (!freeze)
		return pack(&c->derive, output, ret, e);
	hold_signals(SIG_BLOCK);
	r = engine_pause(c->g, id, true, e);
	if (r >= 0) {
		r = pack(&c->derive, output, ret, e);
		(void)engine_pause(c->g, id, false, &too_late); /* it may have been killed meanwhile */
	} else {
		err_hint(e, "--pause=false reads it while it runs");
	}
	hold_signals(SIG_UNBLOCK);
	return r;
}

static int write_layer(const struct derive *d, int work, struct work_done *ret, struct err *e)
{
	auto_fd int output = openat(work, WORK_LAYER_FILE, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (output < 0)
		return err_set(e, errno, "create the new layer's blob");
	return pack_frozen(d->arg, output, ret, e);
}

static int describe(struct commit *c, struct err *e)
{
	struct image *i = &c->image;
	const char *author = c->o->author ? c->o->author : c->base.author;
	char *by = arena_strdup(&i->arena, "paene commit");

	i->architecture = c->base.architecture;
	i->os = c->base.os;
	i->variant = c->base.variant;
	i->author = (char *)author;
	i->created = c->now;
	c->derive = (struct derive){
		.store = &c->g->store,
		.base = &c->base,
		.image = i,
		.history = { .created = c->now, .created_by = by, .comment = (char *)c->o->message },
		.alone = c->o->squash,
		.docker = c->o->docker,
		.compression = COMPRESSION_GZIP,
		.name = c->o->name,
		.write_layer = write_layer,
		.arg = c,
	};
	return by ? 0 : err_nomem(e);
}

static int (*const steps[])(struct commit *c, struct err *e) = { find_base, take_defaults, describe };

int container_commit(const struct engine *g, const char *id, const struct commit_options *o, struct derived *ret,
		     struct err *e)
{
	const struct load_options how = { .worker = g->worker };
	struct commit c = { .g = g, .o = o };
	int r = container_load(g, id, &c.container, e);

	timestamp_now(c.now);
	for (size_t i = 0; i < ARRAY_SIZE(steps) && r == 0; i++)
		r = steps[i](&c, e);
	c.derive.options = &how;
	if (r == 0)
		r = image_derive(&c.derive, ret, e);
	commit_end(&c);
	return r;
}
