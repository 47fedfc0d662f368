// SPDX-License-Identifier: Apache-2.0
/* compose_joins.c: --pid, --ipc, --uts: namespaces that a container does not have for itself. */
#include <errno.h>

#include "base/fd.h"
#include "runtime/compose_parts.h"

static const struct {
	const char *option;
	size_t word, to; /* in struct run_options, in struct settings */
	enum spec_ns_kind kind;
} kinds[] = {
	{ "--pid", offsetof(struct run_options, pid), offsetof(struct settings, pid), NS_PID },
	{ "--ipc", offsetof(struct run_options, ipc), offsetof(struct settings, ipc), NS_IPC },
	{ "--uts", offsetof(struct run_options, uts), offsetof(struct settings, uts), NS_UTS },
};

int compose_join(struct composition *c, const char *option, const char *name, char **ret, struct err *e)
{
	auto_settings struct settings other = { 0 };
	char id[RECORD_ID_LENGTH + 1];
	int r = record_find(c->g, name, id, e);
	auto_fd int dir = r < 0 ? -1 : record_open(c->g, id, e);

	if (r >= 0)
		r = dir < 0 ? dir : record_settings(dir, &other, e);
	if (r < 0)
		return err_wrap(e, "%s", option);
	if (c->joins && c->joins_private != other.private_userns)
		return err_say(e, EINVAL, "%s: container %s has another user namespace than what is joined besides", option, name);
	bool closed = other.ipc && (streq(other.ipc, JOIN_PRIVATE) || streq(other.ipc, JOIN_NONE));

	if (streq(option, "--ipc") && closed) {
		err_say(e, EINVAL, "%s: container %s has --ipc %s, which nobody can join", option, name, other.ipc);
		return err_hint(e, "make it with --ipc shareable");
	}
	c->joins = true;
	c->joins_private = other.private_userns;
	*ret = arena_printf(&c->s->arena, JOIN_CONTAINER "%s", id);
	return *ret ? 0 : err_nomem(e);
}

/* Its own one in either way, but for others. */
static bool is_ipc_word(enum spec_ns_kind kind, const char *word)
{
	return kind == NS_IPC && (streq(word, JOIN_PRIVATE) || streq(word, JOIN_NONE));
}

static int take(struct composition *c, size_t k, struct err *e)
{
	const char *word = *(const char *const *)((const char *)c->o + kinds[k].word);
	char **to = (char **)((char *)c->s + kinds[k].to);
	bool usual = !word || streq(word, kinds[k].kind == NS_IPC ? "shareable" : JOIN_PRIVATE);
	const char *container = word ? str_after(word, JOIN_CONTAINER) : NULL;

	if (usual)
		return 0;
	if (container)
		return compose_join(c, kinds[k].option, container, to, e);
	if (!streq(word, JOIN_HOST) && !is_ipc_word(kinds[k].kind, word))
		return err_say(e, EINVAL, "%s %s: it is private, %shost or container:NAME", kinds[k].option, word,
			       kinds[k].kind == NS_IPC ? "shareable, none, " : "");
	c->spec->linux_.namespaces[kinds[k].kind].wanted = !streq(word, JOIN_HOST);
	*to = arena_strdup(&c->s->arena, word);
	return *to ? 0 : err_nomem(e);
}

int compose_joins(struct composition *c, struct err *e)
{
	int r = 0;

	for (size_t k = 0; k < ARRAY_SIZE(kinds) && r >= 0; k++)
		r = take(c, k, e);
	return r;
}
