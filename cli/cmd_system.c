// SPDX-License-Identifier: Apache-2.0
/* system: verbs about all there is. */
#include <errno.h>

#include "cli/prompt.h"
#include "cli/prune.h"
#include "cli/verbs.h"
#include "runtime/launch.h"
#include "runtime/pods.h"
#include "runtime/secrets.h"

/* ---- prune ---- */

struct prune {
	bool all, force, volumes, build;
	struct strv filters;
};

static const struct option prune_rows[] = {
	OPT_FLAG(struct prune, all, "all", 'a', "images with a name, too"),
	OPT_FLAG(struct prune, volumes, "volumes", 0, "volumes, too"),
	OPT_FLAG(struct prune, force, "force", 'f', "do not ask"),
	OPT_LIST(struct prune, filters, "filter", 0, "KEY=VALUE", "of all of them, those with this label= or until="),
	OPT_FLAG(struct prune, build, "build", 0, NULL), /* nothing of ours builds: there is nothing left of it */
};

static bool ask(struct arena *a, const struct prune *o)
{
	char *text = arena_printf(a, "This command removes:\n"
				     "\t- all stopped containers\n"
				     "\t- all pods in which no container runs\n"
				     "\t- all networks not used by at least one container\n"
				     "%s\t- all %s", o->volumes ? "\t- all volumes not used by at least one container\n" : "",
				  o->all ? "images without at least one container associated with them" : "dangling images");

	return text && prompt_yes(text);
}

/* Before the first one goes: what all kinds understand. */
static int check_filters(const struct strv *filters, struct err *e)
{
	for (size_t i = 0; i < filters->n; i++) {
		const char *f = filters->v[i];

		if (!str_after(f, "label=") && !str_after(f, "until="))
			return err_say(e, EINVAL, "--filter %s: it is label= or until=", f);
	}
	return 0;
}

static int run_prune(const struct call *c, struct err *e)
{
	const struct prune *o = c->options;
	auto_engine struct engine g;
	struct pruning p = { .call = c, .g = &g, .filters = &o->filters };
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = check_filters(&o->filters, e);
	if (r >= 0 && !o->force && !ask(c->arena, o))
		return 0;
	p.heading = "Deleted Pods";
	if (r >= 0)
		r = prune_pods(&p, e);
	p.heading = "Deleted Containers";
	if (r >= 0)
		r = prune_containers(&p, e);
	p.heading = "Deleted Networks";
	if (r >= 0)
		r = prune_networks(&p, e);
	p.heading = "Deleted Volumes";
	if (r >= 0 && o->volumes)
		r = prune_volumes(&p, e);
	p.heading = "Deleted Images";
	if (r >= 0)
		r = prune_images(&p, o->all, e);
	return r < 0 ? r : p.status;
}

static const struct verb verb_prune_all = {
	.name = "prune",
	.above = &verb_system,
	.arguments = "",
	.help = "remove what nobody uses",
	.about = "Remove the containers that do not run, the networks and with --volumes the volumes that no container has then, and the "
		 "images without a name, or with --all, that no container was made of. What has gone is printed.",
	.options = OPTIONS(prune_rows, struct prune),
	.run = run_prune,
};

/* ---- reset ---- */

struct reset {
	bool force;
};

static const struct option reset_rows[] = {
	OPT_FLAG(struct reset, force, "force", 'f', "do not ask"),
};

static int remove_pod(const struct pod *pod, void *arg, struct err *e)
{
	struct pruning *p = arg;

	if (pod_remove(p->g, pod->id, REMOVE_FORCE | REMOVE_VOLUMES, 0, e) < 0)
		pruning_failed(p, e);
	return 0;
}

static int remove_container(const struct container *c, void *arg, struct err *e)
{
	struct pruning *p = arg;

	if (engine_remove(p->g, c->settings.id, REMOVE_FORCE | REMOVE_VOLUMES, e) < 0)
		pruning_failed(p, e);
	return 0;
}

static int remove_secret(const struct secret *s, void *arg, struct err *e)
{
	struct pruning *p = arg;

	if (secret_remove(p->g, s->name, e) < 0)
		pruning_failed(p, e);
	return 0;
}

static const char warning[] = "This will remove:\n"
			      "\t- all pods and containers, running or not\n"
			      "\t- all networks\n"
			      "\t- all volumes, with what is in them\n"
			      "\t- all images\n"
			      "\t- all secrets";

static int run_reset(const struct call *c, struct err *e)
{
	const struct strv no_filters = { 0 };
	auto_engine struct engine g;
	struct pruning p = { .call = c, .g = &g, .filters = &no_filters, .silent = true };
	int r = verb_engine(c, &g, e);

	if (r >= 0 && !((const struct reset *)c->options)->force && !prompt_yes(warning))
		return 0;
	if (r >= 0)
		r = pod_each(&g, remove_pod, &p, e);
	if (r >= 0)
		r = container_each(&g, remove_container, &p, e);
	if (r >= 0)
		r = prune_networks(&p, e);
	if (r >= 0)
		r = prune_volumes(&p, e);
	if (r >= 0)
		r = prune_images(&p, true, e);
	if (r >= 0)
		r = secret_each(&g, remove_secret, &p, e);
	if (r < 0)
		return r;
	engine_sweep(&g);
	return p.status;
}

static const struct verb verb_reset = {
	.name = "reset",
	.above = &verb_system,
	.arguments = "",
	.help = "remove everything",
	.about = "Remove all pods, containers, networks, volumes, images and secrets. Settings, and what others have in other folders, stay.",
	.options = OPTIONS(reset_rows, struct reset),
	.run = run_reset,
};

/* ---- the group ---- */

static const struct verb *const verbs[] = {
	&verb_system_check, &verb_system_df, &verb_events, &verb_info, &verb_prune_all, &verb_reset,
};

const struct verb verb_system = {
	.name = "system",
	.group = "Other",
	.arguments = "VERB [ARGUMENT…]",
	.help = "disk; check it, clear it",
	.about = "Verbs about all there is. Those that stand alone, too, are the same there.",
	.below = VERBS(verbs),
};
