// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "cli/inspect.h"
#include "cli/output.h"
#include "cli/verbs.h"

struct inspect {
	const char *format, *type;
	bool size;
};

#define FORMAT \
	OPT_STRING(struct inspect, format, "format", 'f', "FORMAT", "json, or a template such as {{.State.Status}}")

static const struct option rows[] = {
	FORMAT,
	OPT_FLAG(struct inspect, size, "size", 's', "SizeRw and SizeRootFs of containers, too: all files are counted"),
	OPT_STRING(struct inspect, type, "type", 0, "TYPE", "container or image; default: what is found first"),
};

static const struct option image_rows[] = { FORMAT };

static int look_at_container(const struct engine *g, const char *name, bool sizes, json_t **ret, struct err *e)
{
	char id[CONTAINER_ID_MAX];
	int r = verb_container(g, name, id, e);

	return r < 0 ? r : inspect_container(g, id, sizes, ret, e);
}

static int look_at_image(const struct engine *g, const char *name, json_t **ret, struct err *e)
{
	auto_image struct image image = { 0 };
	int r = image_find(&g->store, name, &image, e);

	return r < 0 ? r : inspect_image(g, &image, ret, e);
}

static int find(const struct inspection *how, const char *name, bool template, json_t **ret, struct err *e)
{
	const struct inspect *o = how->options;
	const struct engine *g = how->g;
	const char *type = o->type;

	(void)template;
	if (type && streq(type, "image"))
		return look_at_image(g, name, ret, e);
	int r = look_at_container(g, name, o->size, ret, e);

	/* a name of an image need not be one that a container can have */
	if (r >= 0 || type || (r != -ENOENT && r != -EINVAL))
		return r;
	r = look_at_image(g, name, ret, e);
	return r == -ENOENT ? err_say(e, ENOENT, "no such container or image: %s", name) : r;
}

static int inspect(const struct call *c, const struct inspect *o, struct err *e)
{
	auto_engine struct engine g;
	const struct inspection how = { .g = &g, .format = o->format, .options = o, .arena = c->arena, .find = find };
	int r = verb_engine(c, &g, e);

	if (r >= 0 && o->type && !streq(o->type, "container") && !streq(o->type, "image"))
		return err_say(e, EINVAL, "--type %s: it is container or image", o->type);
	return r < 0 ? r : inspect_each(c, &how, e);
}

static int run(const struct call *c, struct err *e)
{
	return inspect(c, c->options, e);
}

static int run_image(const struct call *c, struct err *e)
{
	struct inspect o = *(const struct inspect *)c->options;

	o.type = "image";
	return inspect(c, &o, e);
}

const struct verb verb_inspect = {
	.name = "inspect",
	.group = "Looking at them",
	.arguments = "NAME…",
	.help = "all that is known, as JSON",
	.about = "Show all that is known of containers and images. A template prints the values at paths: "
		 "{{.HostConfig.Memory}}, and {{json .Mounts}} as JSON.",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.options = OPTIONS(rows, struct inspect),
	.run = run,
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
