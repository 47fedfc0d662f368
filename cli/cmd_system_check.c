// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cli/image_use.h"
#include "cli/output.h"
#include "cli/registry.h"
#include "images/check.h"
#include "runtime/network_check.h"

struct check {
	bool repair, quick, force;
	struct pull_request pull;
};

static const struct option rows[] = {
	OPT_FLAG(struct check, repair, "repair", 'r', "mend what can be mended"),
	OPT_FLAG(struct check, quick, "quick", 'q', "what is there, and how large: no content is read"),
	OPT_FLAG(struct check, force, "force", 'f', "with --repair: remove images that cannot be mended"),
	OPT_GROUP("Registries, for images that are fetched again"),
	REGISTRY_ROWS(struct check, pull.registry),
};

/* What is asked while it goes on. */
struct checking {
	const struct call *call;
	const struct engine *g;
	struct image_asker asker;
	char runner[129];
	size_t broken; /* containers */
};

static void tell(const struct check_finding *f, void *arg)
{
	char *line = arena_printf(((struct checking *)arg)->call->arena, "%s %s: %s", f->what, f->name, f->text);

	output_line(line ? line : f->text);
}

/* ---- containers ---- */

struct question {
	const char *folder;
	struct checking *checking;
};

static int runs_on(const struct container *c, void *arg, struct err *e)
{
	const struct question *q = arg;

	(void)e;
	if (c->phase == PHASE_CREATED || c->phase == PHASE_EXITED || c->settings.image_store)
		return 0;
	for (size_t i = 0; i < c->settings.layers.n; i++)
		if (streq(c->settings.layers.v[i], q->folder)) {
			snprintf(q->checking->runner, sizeof(q->checking->runner), "%s", c->settings.name);
			return 1;
		}
	return 0;
}

static const char *layer_user(const char *folder, void *arg)
{
	struct checking *c = arg;
	struct question q = { folder, c };
	struct err e;
	int r = container_each(c->g, runs_on, &q, &e);

	return r > 0 ? c->runner : r < 0 ? "(one whose record cannot be read)" : NULL;
}

static const char *user_of_image(const char *manifest, void *arg)
{
	return image_user(manifest, &((struct checking *)arg)->asker);
}

static void tell_container(struct checking *c, const char *name, const char *what, const char *which)
{
	char *text = arena_printf(c->call->arena, "container %s: its %s %s is not here", name, what, which);

	c->broken++;
	output_line(text ? text : name);
}

static int check_container(const struct container *c, void *arg, struct err *e)
{
	struct checking *checking = arg;
	const struct store *s = &checking->g->store;
	const struct settings *set = &c->settings;

	(void)e;
	if (!set->manifest || set->image_store)
		return 0;
	if (faccessat(s->records, set->manifest, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		tell_container(checking, set->name, "image", set->image);
	for (size_t i = 0; i < set->layers.n; i++)
		if (faccessat(s->layers, set->layers.v[i], F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			tell_container(checking, set->name, "layer", set->layers.v[i]);
	return 0;
}

static void tell_network(const struct net_finding *f, void *arg)
{
	char *line = arena_printf(((struct checking *)arg)->call->arena, "%s %s: %s%s", f->what, f->name, f->text,
				  f->mended ? "; mended" : "");

	output_line(line ? line : f->text);
}

/* ---- the verb ---- */

static int fetch(const struct image_ref *ref, void *arg, struct err *e)
{
	const struct checking *c = arg;
	const struct check *o = c->call->options;
	auto_registry struct registry registry = NO_REGISTRY;
	char name[IMAGE_REF_MAX];
	struct pull_result result;
	int r = registry_open(c->call, c->g, &o->pull.registry, &registry, e);

	return r < 0 ? r : registry_pull(c->call, c->g, &registry, image_ref_text(ref, false, name), &o->pull, &result, e);
}

static int run(const struct call *c, struct err *e)
{
	const struct check *o = c->options;
	struct check_result result = { 0 };
	struct net_check_result networks = { 0 };
	char foreign[NET_FOREIGN_MAX];
	auto_engine struct engine g;
	int r = verb_engine(c, &g, e);
	struct checking checking = { .call = c, .g = &g, .asker = { .g = &g } };
	const struct check_options how = {
		.worker = g.worker,
		.rootless = g.rootless,
		.one_id = g.one_id,
		.quick = o->quick,
		.repair = o->repair,
		.force = o->force,
		.tell = tell,
		.layer_user = layer_user,
		.image_user = user_of_image,
		.fetch = fetch,
		.arg = &checking,
	};

	if (r < 0)
		return r;
	if (o->force && !o->repair)
		return err_say(e, EINVAL, "--force goes with --repair");
	r = store_check(&g.store, &how, &result, e);
	if (r >= 0)
		r = container_each(&g, check_container, &checking, e);
	if (r >= 0)
		r = engine_network_check(&g, o->repair, tell_network, &checking, &networks, e);
	if (r < 0)
		return r;
	size_t wrong = result.outcomes[CHECK_FOUND] + checking.broken + networks.found;
	size_t mended = result.outcomes[CHECK_MENDED] + networks.mended;

	printf("%zu images, %zu layers, %zu blobs, %zu networks: ", result.images, result.layers, result.blobs, networks.networks);
	if (!wrong && !mended)
		puts("nothing is wrong");
	else
		printf("%zu wrong, %zu mended\n", wrong, mended);
	if (network_foreign(foreign, e) > 0)
		output_warning(c, foreign); /* not ours to mend, and nothing of ours is wrong */
	if (wrong && !o->repair)
		fprintf(stderr, "`%s system check --repair` mends what can be mended\n", c->program->name);
	return wrong ? 1 : 0;
}

const struct verb verb_system_check = {
	.name = "check",
	.above = &verb_system,
	.arguments = "",
	.help = "are images and networks whole?",
	.about = "Check the image store: blobs against their digests, layers against what their blobs unpack to, what is known of "
		 "images against their manifests, names, containers, and what nobody needs. A line for each thing that is wrong; the "
		 "exit status is 1 if anything is, or could not be mended. With --repair a layer is unpacked again, and an image "
		 "whose blobs are broken is fetched again by its name. It needs room for one layer more. Then "
		 "networks: addresses, links, rules and ports that no running container has, or that one has lost, and what "
		 "plugins (cni:NAME) say of theirs.",
	.options = OPTIONS(rows, struct check),
	.run = run,
};
