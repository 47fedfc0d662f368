// SPDX-License-Identifier: Apache-2.0
#include "cli/pod_view.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <strings.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/timestamp.h"
#include "cli/output.h"
#include "cli/pairs.h"
#include "cli/when.h"

#define ID_FILE_MAX 4096
#define NS_PER_S    1000000000

struct walk {
	const struct call *call;
	const struct engine *g;
	const struct pod_choice *choice;
	int (*f)(const struct engine *g, const char *id, const void *arg, struct err *e);
	const void *arg;
	int status;
};

static void one(struct walk *w, const char *name)
{
	char id[CONTAINER_ID_MAX];
	struct err e;
	int r = pod_find(w->g, name, id, &e);

	if (r >= 0)
		r = w->f(w->g, id, w->arg, &e);
	if (r == -ENOENT && w->choice->ignore)
		return;
	if (r >= 0) {
		output_line(name);
		return;
	}
	output_error(w->call, &e);
	w->status = MAX(w->call->verb->failure_status, EXIT_FAILURE);
}

static int any(const struct pod *p, void *arg, struct err *e)
{
	struct walk *w = arg;

	(void)e;
	one(w, p->id);
	return w->choice->latest; /* the newest comes first */
}

static int from_file(struct walk *w, const char *path, struct err *e)
{
	auto_free char *text = NULL;
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && w->choice->ignore)
		return 0;
	int r = fd < 0 ? err_set(e, errno, "open %s", path) : file_read_fd(fd, path, ID_FILE_MAX, &text, NULL, e);

	if (r < 0)
		return r;
	text[strcspn(text, "\n")] = '\0';
	one(w, text);
	return 0;
}

int pod_choose(const struct call *c, const struct engine *g, const struct pod_choice *choice,
	       int (*f)(const struct engine *g, const char *id, const void *arg, struct err *e), const void *arg, struct err *e)
{
	struct walk w = { .call = c, .g = g, .choice = choice, .f = f, .arg = arg };
	bool by_option = choice->all || choice->latest;
	int r = 0;

	if (c->n_args && by_option)
		return err_say(e, EINVAL, "--%s leaves no place for names", choice->all ? "all" : "latest");
	if (choice->all && choice->latest)
		return err_say(e, EINVAL, "--all and --latest exclude each other");
	if (!c->n_args && !by_option && !choice->id_files.n)
		return err_say(e, EINVAL, "name a pod, or give --all or --latest");
	if (by_option)
		r = pod_each(g, any, &w, e);
	for (size_t i = 0; i < choice->id_files.n && r >= 0; i++)
		r = from_file(&w, choice->id_files.v[i], e);
	for (size_t i = 0; i < c->n_args && r >= 0; i++)
		one(&w, c->args[i]);
	return r < 0 ? r : w.status;
}

/* ---- containers instead ---- */

struct collection {
	const struct engine *g;
	struct arena *arena;
	struct strv ids;
	bool latest, running;
};

static int add_containers(struct collection *to, const char *pod, struct err *e)
{
	struct pod_members all = { 0 };
	int r = pod_members(to->g, pod, to->arena, &all, e);

	for (size_t i = 0; i < all.n && r >= 0; i++) {
		const struct pod_member *m = &all.v[i];
		bool runs = m->phase == PHASE_RUNNING || m->phase == PHASE_PAUSED;

		if (!m->infra && (runs || !to->running) && strv_push(to->arena, &to->ids, m->id) < 0)
			r = err_nomem(e);
	}
	return r;
}

static int add_any(const struct pod *p, void *arg, struct err *e)
{
	struct collection *to = arg;
	int r = add_containers(to, p->id, e);

	return r < 0 ? r : to->latest;
}

int pod_containers(const struct call *c, const struct engine *g, bool latest, bool running, struct call *ret, struct err *e)
{
	struct collection to = { .g = g, .arena = c->arena, .latest = latest, .running = running };
	int r = 0;

	if (latest && c->n_args)
		return err_say(e, EINVAL, "--latest leaves no place for names");
	for (size_t i = 0; i < c->n_args && r >= 0; i++) {
		char id[CONTAINER_ID_MAX];

		r = pod_find(g, c->args[i], id, e);
		if (r >= 0)
			r = add_containers(&to, id, e);
	}
	if (!c->n_args)
		r = pod_each(g, add_any, &to, e);
	if (r < 0)
		return r;
	*ret = *c;
	ret->args = to.ids.v;
	ret->n_args = to.ids.n;
	return (int)to.ids.n;
}

size_t pod_count(const struct pod_members *all, const char *id)
{
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++)
		n += streq(all->v[i].pod, id);
	return n;
}

int pod_networks(const struct engine *g, const struct pod *p, struct arena *a, struct strv *ret, struct err *e)
{
	auto_settings struct settings s = { 0 };
	struct err gone;
	auto_fd int dir = p->infra ? record_open(g, p->infra, &gone) : -1;

	if (dir < 0 || record_settings(dir, &s, &gone) < 0)
		return 0;
	for (size_t i = 0; i < s.networks.n; i++)
		if (strv_add(a, ret, s.networks.v[i].network) < 0)
			return err_nomem(e);
	return 0;
}

/* ---- filters ---- */

struct question {
	const struct engine *g;
	const struct pod *pod;
	const struct pod_members *all;
};

static bool by_id(const struct question *q, const char *value)
{
	return str_after(q->pod->id, value) != NULL;
}

static bool by_name(const struct question *q, const char *value)
{
	return strstr(q->pod->name, value) != NULL;
}

static bool by_label(const struct question *q, const char *value)
{
	return pairs_fit(&q->pod->labels, value);
}

static bool by_status(const struct question *q, const char *value)
{
	return strcasecmp(pod_status(q->all, q->pod->id), value) == 0;
}

static bool by_member(const struct question *q, bool (*fits)(const struct pod_member *m, const char *value), const char *value)
{
	for (size_t i = 0; i < q->all->n; i++)
		if (streq(q->all->v[i].pod, q->pod->id) && fits(&q->all->v[i], value))
			return true;
	return false;
}

static bool member_id(const struct pod_member *m, const char *value)
{
	return str_after(m->id, value) != NULL;
}

static bool member_name(const struct pod_member *m, const char *value)
{
	return strstr(m->name, value) != NULL;
}

static bool member_status(const struct pod_member *m, const char *value)
{
	return streq(phase_names[m->phase], value);
}

static bool by_ids(const struct question *q, const char *value)
{
	return by_member(q, member_id, value);
}

static bool by_names(const struct question *q, const char *value)
{
	return by_member(q, member_name, value);
}

static bool by_states(const struct question *q, const char *value)
{
	return by_member(q, member_status, value);
}

static bool by_number(const struct question *q, const char *value)
{
	uint64_t n;

	return str_to_u64(value, UINT32_MAX, &n) == 0 && pod_count(q->all, q->pod->id) == n;
}

static bool by_network(const struct question *q, const char *value)
{
	auto_arena struct arena a = { 0 };
	struct strv networks = { 0 };
	struct err ignored;
	bool found = false;

	(void)pod_networks(q->g, q->pod, &a, &networks, &ignored);
	for (size_t i = 0; i < networks.n; i++)
		found |= streq(networks.v[i], value);
	return found;
}

static bool by_age(const struct question *q, const char *value)
{
	uint64_t ns = 0;
	int64_t created_s;
	struct err ignored;

	return when_parse("until", value, false, &ns, &ignored) >= 0 && timestamp_parse(q->pod->created, &created_s) == 0 &&
	       (uint64_t)created_s <= ns / NS_PER_S;
}

static const struct {
	const char *key;
	bool (*fits)(const struct question *q, const char *value);
	bool all; /* of several values each must fit, else one of them */
} kinds[] = {
	{ "id", by_id, false },		  { "name", by_name, false },	       { "label", by_label, true },
	{ "status", by_status, false },	  { "ctr-ids", by_ids, false },	       { "ctr-names", by_names, false },
	{ "ctr-number", by_number, false }, { "ctr-status", by_states, false }, { "network", by_network, false },
	{ "until", by_age, true },
};

static const char *value_of(const char *word, size_t kind)
{
	const char *rest = str_after(word, kinds[kind].key);

	return rest && *rest == '=' ? rest + 1 : NULL;
}

int pod_filters_check(const struct strv *words, struct err *e)
{
	uint64_t ns;
	int r = 0;

	for (size_t i = 0; i < words->n && r >= 0; i++) {
		size_t k = 0;

		while (k < ARRAY_SIZE(kinds) && !value_of(words->v[i], k))
			k++;
		if (k == ARRAY_SIZE(kinds))
			return err_say(e, EINVAL, "--filter %s: KEY=VALUE, please, with " POD_FILTERS_HELP, words->v[i]);
		if (kinds[k].fits == by_age)
			r = when_parse("--filter until", value_of(words->v[i], k), false, &ns, e);
	}
	return r;
}

bool pod_filters_fit(const struct strv *words, const struct engine *g, const struct pod *p, const struct pod_members *all)
{
	const struct question q = { g, p, all };

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		size_t asked = 0, fit = 0;

		for (size_t i = 0; i < words->n; i++) {
			const char *value = value_of(words->v[i], k);

			asked += value != NULL;
			fit += value && kinds[k].fits(&q, value);
		}
		if (kinds[k].all ? fit < asked : asked && !fit)
			return false;
	}
	return true;
}
