// SPDX-License-Identifier: Apache-2.0
/* compose_network.c: --network and what goes with it: which networks a container is on, and what it would like there. */
#include <ctype.h>
#include <errno.h>

#include "runtime/compose_parts.h"
#include "runtime/wiring.h"

static int check_ip(const char *text, uint8_t family)
{
	struct net_addr a;

	return strchr(text, '/') || net_addr_parse(text, &a) < 0 || a.family != family ? -EINVAL : 0;
}

static int check_ip4(const char *text)
{
	return check_ip(text, AF_INET);
}

static int check_ip6(const char *text)
{
	return check_ip(text, AF_INET6);
}

static int check_mac(const char *text)
{
	return net_mac_parse(text, (uint8_t[6]){ 0 });
}

static int check_interface(const char *text)
{
	return net_link_name_is_good(text) && !streq(text, "lo") ? 0 : -EINVAL;
}

/* Where an option goes, and what it must be. */
static const struct {
	const char *key, *expected;
	size_t offset; /* in struct network_wish */
	int (*check)(const char *text);
} wishes[] = {
	{ "ip", "an IPv4 address", offsetof(struct network_wish, ip), check_ip4 },
	{ "ip6", "an IPv6 address", offsetof(struct network_wish, ip6), check_ip6 },
	{ "mac", "the hardware address of one station", offsetof(struct network_wish, mac), check_mac },
	{ "interface_name", "a link's name", offsetof(struct network_wish, interface), check_interface },
};

static int add_alias(struct arena *a, struct network_wish *w, const char *name, struct err *e)
{
	for (const char *p = name; *p; p++)
		if (!isascii((unsigned char)*p) || !(isalnum((unsigned char)*p) || strchr("_.-", *p)))
			return err_say(e, EINVAL, "alias \"%s\": letters, digits, dots, dashes and underscores, please", name);
	if (!*name)
		return err_say(e, EINVAL, "an alias is empty");
	return strv_add(a, &w->aliases, name) < 0 ? err_nomem(e) : 0;
}

/* What plugins make of it is their own affair; a semicolon would be the end of it. */
static int add_arg(struct arena *a, struct network_wish *w, const char *arg, struct err *e)
{
	const char *equals = strchr(arg, '=');

	if (!str_after(w->network, NETWORK_CNI))
		return err_say(e, EINVAL, "network %s: \"arg\" is for plugins, of networks cni:NAME", w->network);
	if (!equals || equals == arg || strchr(arg, ';'))
		return err_say(e, EINVAL, "network %s: arg \"%s\" is not KEY=VALUE without semicolons", w->network, arg);
	return strv_add(a, &w->args, arg) < 0 ? err_nomem(e) : 0;
}

int network_wish_set(struct arena *a, struct network_wish *w, const char *key, const char *value, struct err *e)
{
	if (streq(key, "alias"))
		return add_alias(a, w, value, e);
	if (streq(key, "arg"))
		return add_arg(a, w, value, e);
	for (size_t i = 0; i < ARRAY_SIZE(wishes); i++) {
		if (!streq(wishes[i].key, key))
			continue;
		char **to = (char **)((char *)w + wishes[i].offset);

		if (wishes[i].check(value) < 0)
			return err_say(e, EINVAL, "network %s: %s \"%s\" is not %s", w->network, key, value, wishes[i].expected);
		*to = arena_strdup(a, value);
		return *to ? 0 : err_nomem(e);
	}
	return err_say(e, EINVAL, "network %s: there is no option \"%s\"; there are ip, ip6, mac, alias, interface_name and arg",
		       w->network, key);
}

int network_wish_shape(struct arena *a, struct network_wish *w, const char *to, const struct spec_map *values, struct err *e)
{
	if (str_after(w->network, NETWORK_CNI))
		return err_say(e, EINVAL, "network %s is made by plugins, and shaped by them alone", w->network);
	return net_shape_set(a, &w->shape, to, values, e);
}

int network_wish_add(struct arena *a, struct network_wishes *all, const char *network, struct network_wish **ret,
		     struct err *e)
{
	for (size_t i = 0; i < all->n; i++)
		if (streq(all->v[i].network, network))
			return err_say(e, EINVAL, "network %s is named twice", network);
	struct network_wish *v = arena_array(a, all->n + 1, sizeof(*v));

	if (!v)
		return err_nomem(e);
	if (all->n)
		memcpy(v, all->v, all->n * sizeof(*v));
	v[all->n].network = arena_strdup(a, network);
	if (!v[all->n].network)
		return err_nomem(e);
	all->v = v;
	*ret = &v[all->n++];
	return 0;
}

/* One network, with its options or without; "bridge" is the default one. */
static int add_network(struct composition *c, const char *name, char *options, struct err *e)
{
	struct network_wish *w = NULL;
	int r = network_wish_add(&c->s->arena, &c->s->networks, streq(name, NETWORK_BRIDGE) ? NET_DEFAULT : name, &w, e);

	if (r >= 0)
		r = wiring_find(c->g, w->network, e);
	for (char *save = NULL, *key = options ? strtok_r(options, ",", &save) : NULL; key && r >= 0;
	     key = strtok_r(NULL, ",", &save)) {
		char *value = strchr(key, '=');

		if (!value)
			return err_say(e, EINVAL, "--network %s: \"%s\" has no value", name, key);
		*value++ = '\0';
		r = network_wish_set(&c->s->arena, w, key, value, e);
	}
	return r;
}

/* "NAME", "NAME,NAME", "NAME:KEY=VALUE,…"; each may begin with "cni:" */
static int add_networks(struct composition *c, const char *word, struct err *e)
{
	char *copy = arena_strdup(&c->s->arena, word), *save = NULL;
	int r = 0;

	if (!copy)
		return err_nomem(e);
	char *options = strchr(copy + (str_after(copy, NETWORK_CNI) ? strlen(NETWORK_CNI) : 0), ':');

	if (options) {
		*options++ = '\0';
		return add_network(c, copy, options, e);
	}
	for (char *name = strtok_r(copy, ",", &save); name && r >= 0; name = strtok_r(NULL, ",", &save))
		r = add_network(c, name, NULL, e);
	return r;
}

static bool is_mode(const char *word)
{
	const char *pasta = str_after(word, NETWORK_PASTA);

	return (pasta && (!*pasta || *pasta == ':')) || streq(word, NETWORK_NONE) || streq(word, NETWORK_HOST) || str_after(word, NETWORK_CONTAINER) ||
	       str_after(word, NETWORK_NS);
}

/* --ip and the like: for the only network there is. */
static int take_single(struct composition *c, struct err *e)
{
	const struct run_options *o = c->o;
	const struct {
		const char *option, *key, *value;
	} single[] = {
		{ "--ip", "ip", o->ip },
		{ "--ip6", "ip6", o->ip6 },
		{ "--mac-address", "mac", o->mac },
	};
	struct network_wishes *all = &c->s->networks;
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(single) && r >= 0; i++) {
		if (!single[i].value)
			continue;
		if (all->n != 1)
			return err_say(e, EINVAL, "%s needs one network, and the container is on %zu: write --network NAME:%s=%s",
				       single[i].option, all->n, single[i].key, single[i].value);
		r = network_wish_set(&c->s->arena, &all->v[0], single[i].key, single[i].value, e);
	}
	if (o->network_aliases.n && !all->n)
		return err_say(e, EINVAL, "--network-alias needs a network of the container's own");
	for (size_t i = 0; i < all->n; i++)
		for (size_t k = 0; k < o->network_aliases.n && r >= 0; k++)
			r = add_alias(&c->s->arena, &all->v[i], o->network_aliases.v[k], e);
	return r;
}

/* --net-rate: of each network. */
static int take_rate(struct composition *c, struct err *e)
{
	struct spec_pair rate = { (char *)"rate", (char *)c->o->net_rate };
	const struct spec_map values = { .v = &rate, .n = 1 };
	struct network_wishes *all = &c->s->networks;
	int r = 0;

	if (!c->o->net_rate)
		return 0;
	if (!all->n)
		return err_say(e, EINVAL, "--net-rate needs a network of the container's own");
	for (size_t i = 0; i < all->n && r >= 0; i++)
		r = network_wish_shape(&c->s->arena, &all->v[i], NULL, &values, e);
	return r < 0 ? err_wrap(e, "--net-rate") : 0;
}

static int take_mode(struct composition *c, const char *word, struct err *e)
{
	struct spec_namespace *ns = &c->spec->linux_.namespaces[NS_NET];
	const char *container = str_after(word, NETWORK_CONTAINER), *path = str_after(word, NETWORK_NS);

	bool pasta = str_after(word, NETWORK_PASTA);

	if ((c->o->publish.n || c->o->publish_all) && !pasta)
		return err_say(e, EINVAL, "--publish needs a network of the container's own, not --network %s", word);
	c->own_net = streq(word, NETWORK_NONE) || pasta;
	ns->wanted = !streq(word, NETWORK_HOST);
	if (container)
		return compose_join(c, "--network", container, &c->s->network, e);
	if (path && *path != '/')
		return err_say(e, EINVAL, "--network %s: the path of a network namespace must be absolute", word);
	if (path) {
		ns->path = arena_strdup(&c->spec->arena, path);
		if (!ns->path)
			return err_nomem(e);
	}
	c->s->network = arena_strdup(&c->s->arena, word);
	return c->s->network ? 0 : err_nomem(e);
}

/* What is on no bridge of ours sends past this host's rules. */
static int check_bridges(const struct composition *c, struct err *e)
{
	const struct network_wishes *all = &c->s->networks;
	int r = 0;

	if (!all->n)
		return err_say(e, EINVAL, "--egress needs bridge networks, not --network %s", c->s->network);
	for (size_t i = 0; i < all->n && r >= 0; i++) {
		struct net_network n;

		r = network_find(c->g->networks, all->v[i].network, &n, e);
		if (r >= 0 && n.driver != NET_BRIDGE)
			return err_say(e, EINVAL, "--egress needs bridge networks, and network %s is of %s", n.name,
				       net_driver_names[n.driver]);
	}
	return r;
}

static int take_egress(struct composition *c, struct err *e)
{
	struct net_egress egress = { .limited = false };
	int r = 0;

	for (size_t i = 0; i < c->o->egress.n && r >= 0; i++)
		r = net_egress_parse(&c->s->arena, c->o->egress.v[i], &egress, e);
	if (r >= 0 && egress.limited)
		r = check_bridges(c, e);
	return r < 0 ? r : net_egress_words(&egress, &c->s->arena, &c->s->egress, e);
}

int compose_network(struct composition *c, struct err *e)
{
	char *mode = (char *)(c->profile->strict ? NETWORK_NONE : NETWORK_PASTA);
	const struct strv usual = { .v = &mode, .n = c->g->rootless || c->profile->strict };
	const struct strv *words = c->o->networks.n ? &c->o->networks : &usual;
	int r = 0;

	c->own_net = c->spec->linux_.namespaces[NS_NET].wanted = true;
	for (size_t i = 0; i < words->n && r >= 0; i++) {
		bool is_one = is_mode(words->v[i]);

		if (is_one && words->n > 1)
			return err_say(e, EINVAL, "--network %s: it excludes other networks", words->v[i]);
		r = is_one ? take_mode(c, words->v[i], e) : add_networks(c, words->v[i], e);
	}
	if (r >= 0 && !c->s->network) {
		c->s->network = arena_strdup(&c->s->arena, NETWORK_BRIDGE);
		if (!c->s->network)
			return err_nomem(e);
		r = c->s->networks.n ? 0 : add_network(c, NETWORK_BRIDGE, NULL, e);
	}
	if (r >= 0)
		r = take_single(c, e);
	if (r >= 0)
		r = take_rate(c, e);
	return r < 0 ? r : take_egress(c, e);
}
