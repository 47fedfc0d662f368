// SPDX-License-Identifier: Apache-2.0
#include "cli/image_use.h"

#include "runtime/image_mount.h"

struct question {
	const char *manifest;
	struct image_asker *asker;
};

/* Its own, or one that is mounted in it. */
static bool container_has_image(const struct settings *s, const char *manifest)
{
	bool has = s->manifest && streq(s->manifest, manifest);

	for (size_t i = 0; i < s->mounts.n && !has; i++)
		has = s->mounts.v[i].image && streq(s->mounts.v[i].image, manifest);
	return has;
}

static int compare(const struct container *c, void *arg, struct err *e)
{
	const struct question *q = arg;

	(void)e;
	if (!container_has_image(&c->settings, q->manifest))
		return 0;
	snprintf(q->asker->words, sizeof(q->asker->words), "container %s", c->settings.name);
	return 1;
}

const char *image_user(const char *manifest, void *arg)
{
	struct image_asker *asker = arg;
	struct question q = { manifest, asker };
	struct err e;
	int r = container_each(asker->g, compare, &q, &e);

	if (r > 0)
		return asker->words;
	if (r < 0) /* it may be the one */
		return "a container whose record cannot be read";
	return image_is_mounted(asker->g, manifest) ? "a mount of it, which `paene image unmount` ends" : NULL;
}

static int add(const struct container *c, void *arg, struct err *e)
{
	struct image_use *u = arg;

	if (!c->settings.manifest)
		return 0;
	if (strv_add(&u->arena, &u->manifests, c->settings.manifest) < 0 ||
	    strv_add(&u->arena, &u->names, c->settings.name) < 0)
		return err_nomem(e);
	return 0;
}

int image_use_read(const struct engine *g, struct image_use *ret, struct err *e)
{
	struct image_use u = { 0 };
	int r = container_each(g, add, &u, e);

	if (r < 0) {
		arena_free(&u.arena);
		return r;
	}
	*ret = u;
	return 0;
}

size_t image_use_count(const struct image_use *u, const char *manifest)
{
	size_t n = 0;

	for (size_t i = 0; i < u->manifests.n; i++)
		n += streq(u->manifests.v[i], manifest);
	return n;
}
