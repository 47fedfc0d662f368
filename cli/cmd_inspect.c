// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "cli/inspect.h"
#include "cli/output.h"
#include "cli/verbs.h"

struct inspect {
	const char *format, *type;
	bool size, latest;
};

#define FORMAT \
	OPT_STRING(struct inspect, format, "format", 'f', "FORMAT", "json, or a template such as {{.State.Status}}")

#define SIZE OPT_FLAG(struct inspect, size, "size", 's', "SizeRw and SizeRootFs of containers, too: all files are counted")

static const struct option rows[] = {
	FORMAT,
	SIZE,
	OPT_STRING(struct inspect, type, "type", 0, "TYPE", "container, image, volume, network, pod or secret; default, or all: what is found first"),
	LATEST_ROW(struct inspect, latest),
};

static const struct option container_rows[] = { FORMAT, SIZE, LATEST_ROW(struct inspect, latest) };
static const struct option image_rows[] = { FORMAT };

static int look_at_container(const struct inspection *how, const char *name, bool template, json_t **ret, struct err *e)
{
	const struct inspect *o = how->options;
	char id[CONTAINER_ID_MAX];
	int r = verb_container(how->g, name, id, e);

	(void)template;
	return r < 0 ? r : inspect_container(how->g, id, o->size, ret, e);
}

static int look_at_image(const struct inspection *how, const char *name, bool template, json_t **ret, struct err *e)
{
	auto_image struct image image = { 0 };
	int r = image_find(&how->g->store, name, &image, e);

	(void)template;
	return r < 0 ? r : inspect_image(how->g, &image, ret, e);
}

/* In the order in which a name is looked for. */
static const struct {
	const char *name;
	int (*find)(const struct inspection *how, const char *name, bool template, json_t **ret, struct err *e);
	bool has_options; /* ours */
} types[] = {
	{ "container", look_at_container, true }, { "image", look_at_image, true }, { "volume", inspect_volume, false },
	{ "network", inspect_network, false },	  { "pod", inspect_pod, false },	   { "secret", inspect_secret, false },
};

static bool is_all(const char *type)
{
	return !type || streq(type, "all");
}

static int find(const struct inspection *how, const char *name, bool template, json_t **ret, struct err *e)
{
	const char *type = ((const struct inspect *)how->options)->type;
	int r = -ENOENT;

	/* a name of one need not be one that another can have */
	for (size_t i = 0; i < ARRAY_SIZE(types) && (r == -ENOENT || r == -EINVAL); i++) {
		struct inspection one = *how;

		if (!types[i].has_options)
			one.options = NULL;
		if (is_all(type) || streq(type, types[i].name))
			r = types[i].find(&one, name, template, ret, e);
	}
	if (is_all(type) && (r == -ENOENT || r == -EINVAL))
		return err_say(e, ENOENT, "no such container, image, volume, network, pod or secret: %s", name);
	return r;
}

static int check_type(const char *type, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (is_all(type) || streq(type, types[i].name))
			return 0;
	return err_say(e, EINVAL, "--type %s: it is all, container, image, volume, network, pod or secret", type);
}

static int inspect(const struct call *c, const struct inspect *o, struct err *e)
{
	auto_engine struct engine g;
	const struct inspection how = { .g = &g, .format = o->format, .options = o, .arena = c->arena, .find = find };
	struct call named = *c;
	char newest[CONTAINER_ID_MAX], *args[] = { newest, NULL };
	int r = verb_engine(c, &g, e);

	if (r >= 0)
		r = check_type(o->type, e);
	if (r >= 0 && o->latest) {
		r = verb_named(c, &g, true, newest, NULL, e);
		named.args = args;
		named.n_args = 1;
	}
	if (r >= 0 && !named.n_args) {
		err_say(e, EINVAL, "name something to look at, or give --latest");
		return err_exit(e, STATUS_ENGINE);
	}
	return r < 0 ? r : inspect_each(&named, &how, e);
}

static int run(const struct call *c, struct err *e)
{
	return inspect(c, c->options, e);
}

/* Of this type, whatever else has the name. */
static int run_as(const struct call *c, const char *type, struct err *e)
{
	struct inspect o = *(const struct inspect *)c->options;

	o.type = type;
	return inspect(c, &o, e);
}

static int run_container(const struct call *c, struct err *e)
{
	return run_as(c, "container", e);
}

static int run_image(const struct call *c, struct err *e)
{
	return run_as(c, "image", e);
}

const struct verb verb_inspect = {
	.name = "inspect",
	.group = "Looking at them",
	.arguments = "[CONTAINER|IMAGE|VOLUME|NETWORK|POD|SECRET…]",
	.help = "all that is known, as JSON",
	.about = "Show all that is known of containers, images, volumes, networks, pods and secrets, but for what these are. A template prints the values at paths: "
		 "{{.HostConfig.Memory}}, and {{json .Mounts}} as JSON.",
	.max_args = ARGS_ANY,
	.options = OPTIONS(rows, struct inspect),
	.run = run,
};

const struct verb verb_container_inspect = {
	.name = "inspect",
	.above = &verb_container_group,
	.arguments = "[CONTAINER…]",
	.help = "all that is known, as JSON",
	.about = "Show all that is known of containers. A template prints the values at paths: {{.State.Status}}.",
	.max_args = ARGS_ANY,
	.options = OPTIONS(container_rows, struct inspect),
	.run = run_container,
};

const struct verb verb_image_inspect = {
	.name = "inspect",
	.above = &verb_image,
	.arguments = "IMAGE…",
	.help = "all that is known, as JSON",
	.about = "Show all that is known of images. A template prints the values at paths: {{.Config.Env}}.",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.options = OPTIONS(image_rows, struct inspect),
	.run = run_image,
};
