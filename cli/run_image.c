// SPDX-License-Identifier: Apache-2.0
#include "cli/run_image.h"

#include <errno.h>

#include "cli/output.h"
#include "images/digest_text.h"
#include "images/find.h"

enum policy {
	PULL_MISSING,
	PULL_ALWAYS,
	PULL_NEWER,
	PULL_NEVER,
	PULL_COUNT,
};
static const char *const policy_names[] = { "missing", "always", "newer", "never" };
static_assert(ARRAY_SIZE(policy_names) == PULL_COUNT, "a word for each");

/* Return: the policy, or -EINVAL with @e filled */
static int policy_of(const struct run_image *o, struct err *e)
{
	for (int i = 0; i < PULL_COUNT; i++)
		if (streq(o->policy ? o->policy : policy_names[PULL_MISSING], policy_names[i]))
			return i;
	return err_say(e, EINVAL, "--pull %s: it is missing, always, newer or never", o->policy);
}

/* Of several that a short name may mean, one that is here is meant. Return: 1 with @ret set, 0, or -errno with @e filled */
static int find_candidate(const struct call *c, const struct engine *g, const struct registry *r, const char *name,
			  const char **ret, struct err *e)
{
	struct strv candidates;
	int n = registry_name(name, &name, e);

	if (n >= 0)
		n = registries_candidates(r->registries, name, c->arena, &candidates, e);
	for (int i = 0; i < n; i++) {
		auto_image struct image image = { 0 };
		struct err ignored;

		*ret = candidates.v[i];
		if (image_find(&g->store, *ret, &image, &ignored) >= 0)
			return 1;
	}
	return MIN(n, 0);
}

/* @here: one that is here will do. */
static int pull(const struct call *c, const struct engine *g, const struct run_image *o, bool here, const char **name, struct err *e)
{
	auto_registry struct registry registry = NO_REGISTRY;
	struct pull_result result;
	const char *whole;
	int r = registry_open(c, g, &o->how.registry, &registry, e);

	if (r >= 0 && here)
		r = find_candidate(c, g, &registry, *name, &whole, e);
	if (r == 0) {
		r = registry_choose(c, &registry, *name, &whole, e);
		if (r >= 0)
			r = registry_pull(c, g, &registry, whole, &o->how, &result, e);
	}
	if (r < 0)
		return r;
	*name = whole;
	return 0;
}

static bool is_of_other_platform(const struct image *image, const struct image_platform *wanted)
{
	struct image_platform have;

	image_platform(image, &have);
	return platform_rank(wanted, &have) == 0;
}

int run_image_before(const struct call *c, const struct engine *g, const struct run_image *o, const char **name, struct err *e)
{
	auto_image struct image image = { 0 };
	struct image_platform wanted;
	struct image_ref ref;
	struct err why;
	int policy = policy_of(o, e), given = platform_read(&o->how.platform, &wanted, e);

	if (policy < 0 || given < 0)
		return MIN(policy, given);
	if (policy == PULL_NEVER || (policy == PULL_MISSING && !given) || streq(*name, IMAGE_HOST))
		return 0;
	bool here = image_resolve(&g->store, *name, &image, &ref, &why) >= 0;

	if (here && !ref.host[0]) /* by its id: nothing else can be meant */
		return 0;
	if (policy == PULL_MISSING && (!here || !is_of_other_platform(&image, &wanted)))
		return 0;
	if (pull(c, g, o, false, name, e) >= 0)
		return 0;
	if (policy != PULL_NEWER || !here)
		return -e->code;
	if (!o->how.quiet)
		output_warning(c, e->text);
	return 0;
}

int run_image_missing(const struct call *c, const struct engine *g, const struct run_image *o, const char **name, struct err *e)
{
	int policy = policy_of(o, e);

	if (policy < 0)
		return policy;
	if (policy == PULL_NEVER || digest_is_hex(*name) || str_after(*name, "sha256:"))
		return -e->code;
	return pull(c, g, o, true, name, e);
}
