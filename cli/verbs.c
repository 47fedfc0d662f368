// SPDX-License-Identifier: Apache-2.0
#include "cli/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#include "base/fd.h"
#include "cli/output.h"
#include "runtime/launch.h"

void verb_warn(const char *text, void *arg)
{
	output_warning(arg, text);
}

/* Those of --image-store, then those of the environment. */
static int add_image_stores(const struct call *c, struct store *s, struct err *e)
{
	const struct paene_globals *g = c->globals;
	const char *more = getenv(IMAGE_STORES_ENV);
	int r = 0;

	for (size_t i = 0; r >= 0 && i < g->image_stores.n; i++)
		r = store_add_peer(s, g->image_stores.v[i], e);
	for (; r >= 0 && more && *more; more += strcspn(more, ":"), more += *more == ':') {
		char *path = arena_strndup(c->arena, more, strcspn(more, ":"));

		r = !path ? err_nomem(e) : *path ? store_add_peer(s, path, e) : 0;
	}
	return r;
}

int verb_engine(const struct call *c, struct engine *ret, struct err *e)
{
	const struct paene_globals *g = c->globals;

	memset(ret, 0xff, sizeof(*ret)); /* every fd -1 */
	ret->store = (struct store)STORE_NONE;
	int r = engine_open(g->root, g->runroot, ret, e);

	if (r >= 0 && ret->run_in_tmp && engine_say_once(ret, "said-tmp"))
		output_warning(c, "XDG_RUNTIME_DIR is not set, and you have no folder in /run/user: what runs is on record in /tmp");
	if (r >= 0 && ret->one_id && engine_say_once(ret, "said-one-id"))
		output_warning(c, "/etc/subuid gives you no further ids: all files of images are yours, and containers have no user but root");
	return r < 0 ? r : add_image_stores(c, &ret->store, e);
}

int verb_container(const struct engine *g, const char *name, char ret[CONTAINER_ID_MAX], struct err *e)
{
	int r = record_find(g, name, ret, e);

	return r < 0 ? r : engine_settle(g, ret, e);
}

static int newest(const struct container *c, void *arg, struct err *e)
{
	(void)e;
	snprintf(arg, CONTAINER_ID_MAX, "%s", c->settings.id);
	return 1;
}

int verb_named(const struct call *c, const struct engine *g, bool latest, char ret[CONTAINER_ID_MAX], char *const **ret_rest,
	       struct err *e)
{
	size_t named = latest ? 0 : 1;

	if (c->n_args < named || (c->n_args > named && !ret_rest)) {
		err_say(e, EINVAL, latest ? "--latest leaves no place for names" : "name a container, or give --latest");
		return err_exit(e, STATUS_ENGINE); /* as other wrong command lines */
	}
	if (ret_rest)
		*ret_rest = c->args + named;
	if (!latest)
		return verb_container(g, c->args[0], ret, e);
	int r = container_each(g, newest, ret, e);

	if (r >= 0)
		r = r ? engine_settle(g, ret, e) : err_say(e, ENOENT, "there is no container");
	return r;
}

int verb_running(const struct engine *g, const char *id, struct err *e)
{
	auto_container struct container c = { 0 };
	int r = container_load(g, id, &c, e);

	if (r < 0 || c.phase == PHASE_RUNNING || c.phase == PHASE_PAUSED)
		return r;
	return err_say(e, ESRCH, "container %s is not running: it is %s", c.settings.name, phase_names[c.phase]);
}

int verb_detach_keys(const char *text, struct detach_keys *ret, struct err *e)
{
	return detach_keys_parse(text ? text : DETACH_KEYS_DEFAULT, ret, e);
}

int verb_timeout(const char *text, int *ret_s, struct err *e)
{
	uint64_t seconds;

	*ret_s = -1;
	if (!text)
		return 0;
	if (str_to_u64(text, INT_MAX / 1000, &seconds) < 0)
		return err_say(e, EINVAL, "--timeout %s: a number of seconds, please", text);
	*ret_s = (int)seconds;
	return 0;
}

void verb_tell_image(const struct engine *g, enum event_status what, const char *id, const char *name)
{
	auto_image struct image image = { 0 };
	struct err ignored; /* what is not known is not told */
	char whole[IMAGE_REF_MAX];
	struct image_ref ref;

	if (!id && image_find(&g->store, name, &image, &ignored) >= 0)
		id = image.config;
	bool named = name && !str_after(name, "sha256:") && image_ref_parse(name, &ref, &ignored) >= 0;
	const char *digits = id ? str_after(id, "sha256:") : NULL;
	const struct event v = {
		.type = EVENT_IMAGE,
		.status = what,
		.id = (char *)(digits ? digits : id),
		.name = named ? (char *)image_ref_text(&ref, false, whole) : NULL,
	};

	journal_tell(g, &v);
}
