// SPDX-License-Identifier: Apache-2.0
/*
 * Theory of operation. Connecting: first the settings say so, then it is done where the container runs; disconnecting the other
 * way round. So whoever gives back what a container has taken finds each network of it in the settings, wherever a command was
 * killed. All of it is done with the lock of the container's folder, and giving back waits for that lock. A start that began
 * before the settings changed is waited for.
 */
#include "runtime/networks.h"

#include <errno.h>
#include <time.h>

#include "base/fd.h"
#include "namespaces/ns.h"
#include "runtime/compose_parts.h"
#include "runtime/journal.h"
#include "runtime/launch.h"
#include "runtime/user_network.h"
#include "runtime/wiring.h"

#define START_TRIES    2400 /* × 5 ms: longer than any pause before a restart */
#define START_PAUSE_NS 5000000L

static void tell(const struct engine *g, enum event_status status, const char *id, const char *container, const char *network)
{
	journal_tell(g, &(struct event){ .type = EVENT_NETWORK, .status = status, .id = (char *)id, .name = (char *)container,
					 .network = (char *)network });
}

int engine_network_create(const struct engine *g, struct net_network *n, const struct spec_map *labels, struct err *e)
{
	static const char *const words[] = { NETWORK_BRIDGE, NETWORK_PASTA, NETWORK_NONE, NETWORK_HOST, "container", "ns", "default", "private" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (streq(n->name, words[i]))
			return err_say(e, EINVAL, "\"%s\" cannot be a network's name: it means something else in --network", n->name);
	if (g->rootless && n->driver != NET_BRIDGE) {
		err_say(e, EPERM, "network %s: the links that %s needs are root's", n->name, net_driver_names[n->driver]);
		return err_hint(e, "a user's networks are bridges");
	}
	int r = network_create(g->networks, n, labels, e);

	if (r >= 0)
		tell(g, EVENT_CREATE, n->id, NULL, n->name);
	return r;
}

static const struct network_wish *find_wish(const struct settings *s, const char *network)
{
	for (size_t i = 0; i < s->networks.n; i++)
		if (streq(s->networks.v[i].network, network))
			return &s->networks.v[i];
	return NULL;
}

struct users {
	const char *network;
	int (*f)(const struct container *c, const struct network_wish *wish, void *arg, struct err *e);
	void *arg;
};

static int look_at_container(const struct container *c, void *arg, struct err *e)
{
	const struct users *u = arg;
	const struct network_wish *wish = find_wish(&c->settings, u->network);

	return wish ? u->f(c, wish, u->arg, e) : 0;
}

int engine_network_users(const struct engine *g, const char *network,
			 int (*f)(const struct container *c, const struct network_wish *wish, void *arg, struct err *e),
			 void *arg, struct err *e)
{
	return container_each(g, look_at_container, &(struct users){ network, f, arg }, e);
}

struct removal {
	const struct engine *g;
	const char *network;
	bool force;
};

static int remove_network(void *arg, struct err *e)
{
	const struct removal *r = arg;

	return network_remove(r->g->networks, r->network, e);
}

static int remove_user(const struct container *c, const struct network_wish *wish, void *arg, struct err *e)
{
	const struct removal *r = arg;

	if (r->force)
		return engine_remove(r->g, c->settings.id, true, e);
	err_say(e, EBUSY, "network %s: container %s is on it", wish->network, c->settings.name);
	return err_hint(e, "take it off with `network disconnect`, or remove both with `network rm --force`");
}

int engine_network_remove(const struct engine *g, const char *network, bool force, struct err *e)
{
	struct removal removal = { g, network, force };
	struct net_network n;

	if (streq(network, NET_DEFAULT))
		return err_say(e, EINVAL, "network %s is the default one, and stays", network);
	int r = network_find(g->networks, network, &n, e);

	if (r >= 0)
		r = engine_network_users(g, network, remove_user, &removal, e);
	if (r < 0)
		return r;
	engine_sweep(g); /* leases of containers that are no more */
	r = wiring_visit(g, remove_network, &removal, e);
	if (r >= 0)
		tell(g, EVENT_REMOVE, n.id, NULL, network);
	return r;
}

/* ---- one container ---- */

struct change {
	const struct engine *g;
	const char *id;
	int dir;
	struct container c;
	bool stuck; /* what was taken of a network could not be given back: the settings must go on naming it */
};

static void change_free(struct change *ch)
{
	container_free(&ch->c);
	fd_close(&ch->dir); /* and its lock */
}

#define auto_change __attribute__((cleanup(change_free)))

static bool runs(const struct container *c)
{
	return c->phase == PHASE_RUNNING || c->phase == PHASE_PAUSED;
}

static int load(struct change *ch, struct err *e)
{
	container_free(&ch->c);
	ch->c = (struct container){ 0 };
	return container_load(ch->g, ch->id, &ch->c, e);
}

static int lock(const struct change *ch, struct err *e)
{
	int r = fd_lock(ch->dir, LOCK_EX);

	return r < 0 ? err_set(e, -r, "lock the container's folder") : 0;
}

/* Where somebody is about to start it, or gives back what it had: until it runs, or he has done. He may want the lock. */
static int wait_start(struct change *ch, struct err *e)
{
	const struct timespec pause = { .tv_nsec = START_PAUSE_NS };
	int r = load(ch, e);

	for (int i = 0; r >= 0 && i < START_TRIES && ch->c.watched && !runs(&ch->c); i++) {
		(void)fd_lock(ch->dir, LOCK_UN);
		(void)nanosleep(&pause, NULL);
		r = lock(ch, e);
		if (r >= 0)
			r = load(ch, e);
	}
	return r;
}

static int begin(const struct engine *g, const char *id, struct change *ch, struct err *e)
{
	*ch = (struct change){ .g = g, .id = id, .dir = record_open(g, id, e) };
	if (ch->dir < 0)
		return ch->dir;
	int r = lock(ch, e);

	if (r >= 0)
		r = load(ch, e);
	if (r >= 0 && !wiring_is_wanted(&ch->c.settings))
		return err_say(e, EINVAL, "container %s has no network of its own (--network %s)", ch->c.settings.name,
			       ch->c.settings.network);
	return r;
}

/* Its network namespace. Return: the fd, or -errno with @e filled (-ESRCH: it has ended) */
static int open_netns(const struct change *ch, struct err *e)
{
	auto_fd int pidfd = proc_open(&ch->c.init, e);
	auto_fd int netns = pidfd < 0 ? pidfd : ns_open_pid(NS_NET, ch->c.init.pid, e);

	if (netns < 0)
		return netns;
	if (proc_ended(pidfd)) /* its number may be another's by now */
		return err_say(e, ESRCH, "container %s has ended just now", ch->c.settings.name);
	return fd_take(&netns);
}

/* The first that is free: names of links follow it. */
static unsigned free_index(const struct run_record *run)
{
	unsigned index = 0;

	for (size_t i = 0; i < run->networks.n; i++)
		if (run->networks.v[i].index == index) {
			index++;
			i = SIZE_MAX; /* from the start */
		}
	return index;
}

static bool has_network(const struct run_record *run, const char *network)
{
	for (size_t i = 0; i < run->networks.n; i++)
		if (streq(run->networks.v[i].network, network))
			return true;
	return false;
}

/* The run's record without the network. */
static int forget(struct change *ch, const char *network, struct err *e)
{
	struct run_networks *all = &ch->c.run.networks;
	size_t kept = 0;

	for (size_t i = 0; i < all->n; i++)
		if (!streq(all->v[i].network, network))
			all->v[kept++] = all->v[i];
	all->n = kept;
	return record_write_run(ch->dir, &ch->c.run, e);
}

/* The host name that others are told is the one that its init has been given. */
static int attach(struct change *ch, const struct network_wish *wish, struct err *e)
{
	struct settings *s = &ch->c.settings;
	const char *hostname = s->hostname ? s->hostname : arena_strndup(&s->arena, s->id, 12);
	struct run_record *run = &ch->c.run;
	struct err ignored;
	auto_fd int netns = open_netns(ch, e);

	if (netns < 0)
		return netns;
	int r = wiring_join(ch->g, s, wish, free_index(run), hostname, netns, run, e);

	if (r >= 0)
		r = record_write_run(ch->dir, run, e);
	if (r < 0) /* the first error is the one that counts */
		ch->stuck = wiring_release(ch->g, s->id, wish->network, netns, &(struct run_record){ 0 }, false, &ignored) < 0;
	return r;
}

/* Out of the settings as they are on disk: what we have of them may be of before, or nothing after a failure. */
static int drop_wish(struct change *ch, const char *network, struct err *e)
{
	auto_settings struct settings now = { 0 };
	struct network_wishes *all = &now.networks;
	size_t kept = 0;
	int r = record_settings(ch->dir, &now, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < all->n; i++)
		if (!streq(all->v[i].network, network))
			all->v[kept++] = all->v[i];
	all->n = kept;
	return record_change_settings(ch->dir, &now, e);
}

/* Where it runs, or is about to, without knowing of its new network. */
static int attach_running(struct change *ch, const struct network_wish *wish, struct err *e)
{
	int r = wait_start(ch, e);

	if (r < 0 || !runs(&ch->c) || has_network(&ch->c.run, wish->network))
		return r;
	r = attach(ch, wish, e);
	return r == -ESRCH ? 0 : r; /* it has ended: the next start does it */
}

int engine_network_connect(const struct engine *g, const char *id, const struct network_wish *wish, struct err *e)
{
	auto_change struct change ch = { .dir = -1 };
	struct network_wish *added = NULL;
	struct err ignored;
	int r = begin(g, id, &ch, e);

	if (r >= 0)
		r = wiring_find(g, wish->network, e);
	if (r >= 0 && find_wish(&ch.c.settings, wish->network))
		return err_say(e, EEXIST, "container %s is on network %s already", ch.c.settings.name, wish->network);
	if (r >= 0)
		r = network_wish_add(&ch.c.settings.arena, &ch.c.settings.networks, wish->network, &added, e);
	if (r < 0)
		return r;
	*added = *wish;
	r = record_change_settings(ch.dir, &ch.c.settings, e);
	if (r >= 0)
		r = attach_running(&ch, wish, e);
	if (r < 0 && !ch.stuck)
		(void)drop_wish(&ch, wish->network, &ignored); /* the first error is the one that counts */
	if (r >= 0)
		tell(g, EVENT_CONNECT, id, ch.c.settings.name, wish->network);
	return r;
}

int engine_network_disconnect(const struct engine *g, const char *id, const char *network, struct err *e)
{
	auto_change struct change ch = { .dir = -1 };
	int r = begin(g, id, &ch, e);

	if (r < 0)
		return r;
	if (!find_wish(&ch.c.settings, network))
		return err_say(e, ENOENT, "container %s is not on network %s", ch.c.settings.name, network);
	r = wait_start(&ch, e);
	if (r >= 0 && runs(&ch.c)) {
		auto_fd int netns = open_netns(&ch, e);

		r = netns == -ESRCH ? 0 : netns;
		if (netns >= 0)
			r = wiring_release(g, id, network, netns, &ch.c.run, false, e);
		if (netns >= 0 && r >= 0)
			r = forget(&ch, network, e);
	}
	if (r >= 0)
		r = drop_wish(&ch, network, e);
	if (r >= 0)
		tell(g, EVENT_DISCONNECT, id, ch.c.settings.name, network);
	return r;
}

/* ---- shaping ---- */

static int reshape_one(struct arena *a, struct network_wish *w, const char *to, const struct network_shaping *want, struct err *e)
{
	int r = want->clear ? net_shape_remove(a, &w->shape, to, e) : 0;

	return r < 0 ? r : network_wish_shape(a, w, to, &want->values, e);
}

static bool is_meant(const struct network_wish *w, const struct network_shaping *want)
{
	return !want->network || streq(w->network, want->network);
}

/* In memory. */
static int reshape(struct settings *s, const struct network_shaping *want, struct err *e)
{
	int r = 0;

	if (want->network && !find_wish(s, want->network))
		return err_say(e, ENOENT, "container %s is not on network %s", s->name, want->network);
	for (size_t i = 0; i < s->networks.n; i++) {
		struct network_wish *w = &s->networks.v[i];

		if (!is_meant(w, want))
			continue;
		if (want->clear && !want->to.n)
			w->shape = (struct net_shape){ 0 };
		for (size_t k = 0; k < MAX(want->to.n, (size_t)1) && r >= 0; k++)
			r = reshape_one(&s->arena, w, want->to.n ? want->to.v[k] : NULL, want, e);
	}
	return r;
}

struct shaping {
	const struct change *ch;
	const struct network_shaping *want;
	const struct settings *s;
};

static int shape_each(void *arg, struct err *e)
{
	const struct shaping *x = arg;
	const struct network_shaping *want = x->want;
	const struct settings *s = x->s;
	const struct change *ch = x->ch;
	struct net_plan plan = { .id = ch->id };
	auto_fd int netns = open_netns(ch, e);
	int r = netns < 0 ? netns : 0;

	for (size_t i = 0; i < s->networks.n && r >= 0; i++) {
		const struct network_wish *w = &s->networks.v[i];

		if (!is_meant(w, want) || !has_network(&ch->c.run, w->network))
			continue;
		r = network_find(ch->g->networks, w->network, &plan.network, e);
		if (r >= 0)
			r = network_shape(ch->g->networks, &plan, netns, &w->shape, e);
	}
	return r == -ESRCH ? 0 : r; /* it has ended: the next start does it */
}

/* As the settings say. */
static int shape_links(const struct change *ch, const struct network_shaping *want, const struct settings *s, struct err *e)
{
	return wiring_visit(ch->g, shape_each, &(struct shaping){ ch, want, s }, e);
}

/* The rest of the settings may have changed since they were read: somebody else may have had the lock. */
static void take_shapes_back(const struct change *ch, const struct network_shaping *want, const struct settings *before)
{
	auto_settings struct settings now = { 0 };
	struct err ignored; /* the first error is the one that counts */

	if (record_settings(ch->dir, &now, &ignored) < 0)
		return;
	for (size_t i = 0; i < now.networks.n; i++) {
		const struct network_wish *old = find_wish(before, now.networks.v[i].network);

		if (old)
			now.networks.v[i].shape = old->shape;
	}
	(void)record_change_settings(ch->dir, &now, &ignored);
	if (runs(&ch->c))
		(void)shape_links(ch, want, &now, &ignored);
}

int engine_network_shape(const struct engine *g, const char *id, const struct network_shaping *want, struct err *e)
{
	auto_settings struct settings before = { 0 };
	auto_change struct change ch = { .dir = -1 };
	int r = begin(g, id, &ch, e);

	if (r >= 0)
		r = record_settings(ch.dir, &before, e);
	if (r >= 0)
		r = reshape(&ch.c.settings, want, e);
	if (r >= 0)
		r = record_change_settings(ch.dir, &ch.c.settings, e);
	if (r < 0)
		return r;
	r = wait_start(&ch, e);
	if (r >= 0 && runs(&ch.c))
		r = shape_links(&ch, want, &ch.c.settings, e);
	if (r < 0)
		take_shapes_back(&ch, want, &before);
	return r;
}

/* ---- whom it may send to ---- */

struct confining {
	const struct change *ch;
	const struct net_egress *egress;
};

/* On each network that it is on. */
static int confine_each(void *arg, struct err *e)
{
	const struct confining *x = arg;
	const struct run_networks *all = &x->ch->c.run.networks;
	int networks = x->ch->g->networks, r = 0;

	for (size_t i = 0; i < all->n && r >= 0; i++) {
		struct net_network n;

		r = network_find(networks, all->v[i].network, &n, e);
		if (r >= 0)
			r = network_egress_change(networks, &n, x->ch->id, x->egress, e);
	}
	return r;
}

static int change_running(struct change *ch, const struct net_egress *egress, struct err *e)
{
	int r = wait_start(ch, e);

	if (r >= 0 && runs(&ch->c))
		r = wiring_visit(ch->g, confine_each, &(struct confining){ ch, egress }, e);
	return r == -ENOENT ? 0 : r; /* it has ended */
}

static int keep_egress(const struct change *ch, const struct strv *words, struct err *e)
{
	auto_settings struct settings now = { 0 };
	int r = record_settings(ch->dir, &now, e);

	now.egress = *words;
	return r < 0 ? r : record_change_settings(ch->dir, &now, e);
}

int engine_network_egress(const struct engine *g, const char *id, const struct strv *words, struct err *e)
{
	auto_change struct change ch = { .dir = -1 };
	auto_settings struct settings before = { 0 };
	struct net_egress egress = { .limited = false };
	struct strv wanted = { 0 };
	struct err ignored;
	int r = begin(g, id, &ch, e);

	if (r >= 0)
		r = record_settings(ch.dir, &before, e);
	for (size_t i = 0; i < words->n && r >= 0; i++)
		r = net_egress_parse(&before.arena, words->v[i], &egress, e);
	if (r >= 0)
		r = net_egress_words(&egress, &before.arena, &wanted, e);
	if (r < 0)
		return r;
	r = keep_egress(&ch, &wanted, e);
	if (r >= 0)
		r = change_running(&ch, &egress, e);
	if (r < 0)
		(void)keep_egress(&ch, &before.egress, &ignored); /* the first error is the one that counts */
	return r;
}

struct counting {
	const struct engine *g;
	const struct container *c;
	struct net_egress_counters *ret;
};

/* One that it is just leaving counts no more. */
static int count_each(void *arg, struct err *e)
{
	const struct counting *x = arg;

	for (size_t i = 0; i < x->c->run.networks.n; i++)
		(void)network_egress_count(x->g->networks, x->c->run.networks.v[i].network, x->c->settings.id, x->ret, e);
	return 0;
}

void engine_network_egress_count(const struct engine *g, const struct container *c, struct net_egress_counters *ret)
{
	struct err ignored; /* what cannot be counted is none */

	*ret = (struct net_egress_counters){ 0 };
	if (c->settings.egress.n)
		(void)wiring_visit(g, count_each, &(struct counting){ g, c, ret }, &ignored);
}

static int reload(void *arg, struct err *e)
{
	const struct engine *g = arg;

	return network_reload(g->networks, e);
}

int engine_network_reload(const struct engine *g, struct err *e)
{
	int r = g->rootless ? network_is_used(g->networks, e) : 0;
	auto_fd int uplink = r > 0 ? uplink_hold(g, e) : -1;

	if (r < 0 || (r > 0 && uplink < 0))
		return -e->code;
	return wiring_visit(g, reload, (void *)g, e);
}
