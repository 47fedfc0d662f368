// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/registry.h"
#include "images/find.h"
#include "images/push.h"
#include "images/refs.h"

struct push {
	struct registry_options registry;
	const char *digestfile;
	bool quiet, all_tags;
};

static const struct option rows[] = {
	OPT_FLAG(struct push, quiet, "quiet", 'q', "no progress"),
	OPT_FLAG(struct push, all_tags, "all-tags", 'a', "all names that the repository has here"),
	OPT_STRING(struct push, digestfile, "digestfile", 0, "FILE", "write the digest of the manifest into a file"),
	REGISTRY_ROWS(struct push, registry),
};

static int write_digest(const char *path, const char *digest, struct err *e)
{
	auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int r = fd < 0 ? -errno : fd_write_all(fd, digest, strlen(digest));

	return r < 0 ? err_set(e, -r, "write the digest to %s", path) : 0;
}

/* Where an image goes that was named without a destination: to where its own name says. */
static int own_name(const char *given, const struct image_ref *found, struct image_ref *ret, struct err *e)
{
	if (!found->host[0]) {
		err_say(e, EINVAL, "%s is no name, and does not say where to push it", given);
		return err_hint(e, "give a destination: HOST/NAME:TAG");
	}
	*ret = *found;
	return 0;
}

/* An image and where it goes. */
static int push_one(const struct call *c, const struct engine *g, const struct registry *r, const struct image *image,
		    const struct image_ref *to, struct err *e)
{
	const struct push *o = c->options;
	struct progress progress;
	const struct push_options how = { .remote = r->remote, .progress = progress_show, .progress_arg = &progress };
	char *digest = arena_printf(c->arena, "sha256:%s", image->manifest);
	char text[IMAGE_REF_MAX];

	if (!digest)
		return err_nomem(e);
	progress_begin(&progress, o->quiet, PROGRESS_LINES);
	int code = image_push(&g->store, image, to, &how, e);

	progress_end(&progress, false);
	if (code >= 0 && o->digestfile)
		code = write_digest(o->digestfile, digest, e);
	if (code < 0)
		return code;
	verb_tell_image(g, EVENT_PUSH, image->config, image_ref_text(to, false, text));
	output_line(digest);
	return 0;
}

static int push_named(const struct call *c, const struct engine *g, const struct registry *r, const char *name, const char *to,
		      struct err *e)
{
	auto_image struct image image = { 0 };
	struct image_ref found, dest;
	int code = image_resolve(&g->store, name, &image, &found, e);

	if (code >= 0 && to)
		code = registry_name(to, &to, e);
	if (code >= 0)
		code = to ? image_ref_parse(to, &dest, e) : own_name(name, &found, &dest, e);
	return code < 0 ? code : push_one(c, g, r, &image, &dest, e);
}

/* Every tag that a repository has here. */
static int push_all(const struct call *c, const struct engine *g, const struct registry *r, const char *name, struct err *e)
{
	struct ref_list list = { 0 };
	struct image_ref wanted, one;
	size_t n = 0;
	int code = image_ref_parse(name, &wanted, e);

	if (code >= 0 && registry_has_tag(name))
		return err_say(e, EINVAL, "%s: --all-tags leaves no place for a tag or a digest", name);
	if (code >= 0)
		code = ref_list(&g->store, &list, e);
	for (size_t i = 0; code >= 0 && i < list.n; i++) {
		if (image_ref_parse(list.v[i].name, &one, e) < 0 || one.digest[0] || !streq(one.host, wanted.host) ||
		    !streq(one.name, wanted.name))
			continue;
		code = push_named(c, g, r, list.v[i].name, NULL, e);
		n++;
	}
	arena_free(&list.arena);
	return code >= 0 && n == 0 ? err_say(e, ENOENT, "no such image: %s", name) : code;
}

static int run(const struct call *c, struct err *e)
{
	const struct push *o = c->options;
	auto_registry struct registry registry = NO_REGISTRY;
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);

	if (r >= 0 && o->all_tags && (c->n_args > 1 || o->digestfile))
		r = err_say(e, EINVAL, "--all-tags leaves no place for %s", o->digestfile ? "--digestfile" : "a destination");
	if (r >= 0)
		r = registry_open(c, &g, &o->registry, &registry, e);
	if (r < 0)
		return r;
	if (o->all_tags)
		return push_all(c, &g, &registry, c->args[0], e);
	return push_named(c, &g, &registry, c->args[0], c->args[1], e);
}

const struct verb verb_push = {
	.name = "push",
	.group = "Images",
	.arguments = "IMAGE [DESTINATION]",
	.help = "send one to a registry",
	.about = "Send an image to a registry: where its name says, or to the destination. The registry gets what is here, byte for "
		 "byte; what it has already is not sent. Printed is the digest of the manifest.",
	.min_args = 1,
	.max_args = 2,
	.options = OPTIONS(rows, struct push),
	.run = run,
};
