// SPDX-License-Identifier: Apache-2.0
/* compose_userns.c: --userns, --uidmap, --gidmap: whether a container has a user namespace of its own, and which ids it has. */
#include <errno.h>
#include <stdlib.h>

#include "namespaces/idmap.h"
#include "runtime/compose_parts.h"
#include "runtime/rootless.h"

static int take_keep_id(struct composition *c, const char *words, struct err *e)
{
	struct spec_linux *l = &c->spec->linux_;
	struct spec_id_maps *const maps[] = { &l->uid_mappings, &l->gid_mappings };
	struct opt_u32 at[2] = { { false, 0 } };
	char *copy = arena_strdup(&c->spec->arena, words), *save = NULL;

	if (!copy)
		return err_nomem(e);
	for (char *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		const char *uid = str_after(word, "uid="), *gid = str_after(word, "gid=");
		struct opt_u32 *to = uid ? &at[0] : &at[1];

		to->set = (uid || gid) && str_to_id(uid ? uid : gid, &to->v) == 0;
		if (!to->set)
			return err_say(e, EINVAL, "--userns keep-id: \"%s\" is neither uid=NUMBER nor gid=NUMBER", word);
	}
	int r = rootless_keep_ids(&c->spec->arena, at, maps, e);

	if (r < 0)
		return r;
	c->user = arena_printf(&c->spec->arena, "%u:%u", at[0].v, at[1].v);
	return c->user ? 0 : err_nomem(e);
}

static int take_nomap(struct composition *c, const char *words, struct err *e)
{
	struct spec_linux *l = &c->spec->linux_;
	struct spec_id_maps *const maps[] = { &l->uid_mappings, &l->gid_mappings };

	if (*words)
		return err_say(e, EINVAL, "--userns nomap: it has no options");
	return rootless_other_ids(&c->spec->arena, maps, e);
}

static const struct {
	const char *name;
	bool private, by_user; /* has a user namespace of its own; for those without root alone */
	int (*take)(struct composition *c, const char *words, struct err *e);
} modes[] = {
	{ "private", true, false, NULL },
	{ "host", false, false, NULL },
	{ "auto", true, false, NULL },
	{ "keep-id", true, true, take_keep_id },
	{ "nomap", true, true, take_nomap },
};

static int take_mode(struct composition *c, struct err *e)
{
	const char *word = c->o->userns ? c->o->userns : "private";

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		const char *rest = str_after(word, modes[i].name);

		if (!rest || (*rest && *rest != ':') || (*rest && !modes[i].take))
			continue;
		if (modes[i].by_user && !c->g->rootless)
			return err_say(e, EINVAL, "--userns %s: it is for users; a container of root has ids of its own", word);
		c->s->private_userns = modes[i].private;
		return modes[i].take ? modes[i].take(c, rest + (*rest == ':'), e) : 0;
	}
	return err_say(e, EINVAL, "--userns %s: it is private, host, auto, keep-id or nomap", word);
}

static int parse_map(char *word, struct spec_id_map *ret)
{
	uint32_t *const numbers[] = { &ret->container_id, &ret->host_id, &ret->size };
	char *save = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		const char *part = strtok_r(i ? NULL : word, ":", &save);

		if (!part || str_to_id(part, numbers[i]) < 0)
			return -EINVAL;
	}
	return strtok_r(NULL, "", &save) ? -EINVAL : 0;
}

/* CONTAINER:HOST:SIZE; for a user HOST counts among their own ids: 0 is the user, from 1 on come the subordinate ones. */
static int take_maps(struct composition *c, const char *option, const struct strv *words, struct spec_id_maps *ret, struct err *e)
{
	struct spec_id_maps maps = { .v = arena_array(&c->spec->arena, words->n, sizeof(*maps.v)), .n = words->n };

	if (!maps.v)
		return err_nomem(e);
	for (size_t i = 0; i < words->n; i++) {
		char *word = arena_strdup(&c->spec->arena, words->v[i]);

		if (!word)
			return err_nomem(e);
		if (parse_map(word, &maps.v[i]) < 0)
			return err_say(e, EINVAL, "%s %s: CONTAINER:HOST:SIZE, please", option, words->v[i]);
	}
	int r = idmap_check(&maps, option, e);

	if (r >= 0)
		*ret = maps;
	return r;
}

/* One kind alone stands for both. */
static int take_own_maps(struct composition *c, struct err *e)
{
	const struct strv *uids = &c->o->uidmaps, *gids = &c->o->gidmaps;
	struct spec_linux *l = &c->spec->linux_;

	if (!uids->n && !gids->n)
		return 0;
	if (c->o->userns && !streq(c->o->userns, "private"))
		return err_say(e, EINVAL, "--userns %s leaves no place for --uidmap and --gidmap", c->o->userns);
	int r = take_maps(c, "--uidmap", uids->n ? uids : gids, &l->uid_mappings, e);

	return r < 0 ? r : take_maps(c, "--gidmap", gids->n ? gids : uids, &l->gid_mappings, e);
}

/* Namespaces belong to a user namespace: whoever joins them joins that one, too. */
static int take_joined(struct composition *c, struct err *e)
{
	const char *word = c->o->userns, *theirs = c->joins_private ? "private" : "host";

	c->s->private_userns = c->joins_private;
	if (c->o->uidmaps.n || c->o->gidmaps.n)
		return err_say(e, EINVAL, "--uidmap, --gidmap: the ids are those of the container whose namespaces it joins");
	if (word && !streq(word, theirs))
		return err_say(e, EINVAL, "--userns %s: the container whose namespaces it joins has --userns %s", word, theirs);
	return 0;
}

int compose_userns(struct composition *c, struct err *e)
{
	int r = c->joins ? take_joined(c, e) : take_mode(c, e);

	if (r >= 0 && !c->joins)
		r = take_own_maps(c, e);
	c->spec->linux_.namespaces[NS_USER].wanted = c->s->private_userns;
	return r;
}

/* As podman has it: their home where it is to be seen, else the folder that the command starts in. */
static const char *home_of(const struct composition *c)
{
	const char *home = getenv("HOME"), *cwd = c->spec->process.cwd;
	const struct spec_mounts *m = &c->spec->mounts;
	bool seen = false;

	for (size_t i = 0; i < m->n && home && !seen; i++) {
		const char *rest = str_after(home, m->v[i].destination);

		seen = rest && (*rest == '\0' || *rest == '/');
	}
	const char *chosen = seen ? home : cwd;

	return strpbrk(chosen, ":\n") ? "/" : chosen;
}

int compose_account(struct composition *c, struct err *e)
{
	struct arena *a = &c->s->arena;

	if (!c->user || !c->s->manifest)
		return 0;
	const char *name = rootless_user_name(a), *gid = strchr(c->user, ':') + 1;

	if (!name || strv_push(a, &c->s->account, arena_printf(a, "%s:*:%s::%s:/bin/sh", name, c->user, home_of(c))) < 0 ||
	    strv_push(a, &c->s->account, arena_printf(a, "%s:x:%s:", name, gid)) < 0)
		return err_nomem(e);
	return 0;
}
