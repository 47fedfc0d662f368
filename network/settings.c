// SPDX-License-Identifier: Apache-2.0
/* settings.c: networks as folders: found, made, removed. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "network/choose.h"
#include "network/elements.h"
#include "network/fields.h"
#include "network/folder.h"
#include "network/link.h"
#include "network/nft.h"
#include "network/mode.h"
#include "network/settings.h"
#include "network/subnet.h"

#define SETTINGS_MAX 65536
#define MTU_MIN	     68 /* of IPv4: RFC 791 */
#define MTU_MIN_V6   1280 /* of IPv6: RFC 8200 */

const char *const net_driver_names[NET_DRIVER_COUNT] = { "bridge", "macvlan", "ipvlan" };

/* The settings file. */
struct settings {
	char *id, *created, *mode, *bridge;
	uint32_t driver;
	struct net_subnet ip[NET_FAMILIES];
	uint32_t mtu;
	bool internal, isolate, no_names;
	struct strv dns;
	struct spec_map labels;
};

static const struct field settings_fields[] = {
	FIELD_STRING(struct settings, id, "id", OPTIONAL),
	FIELD_STRING(struct settings, created, "created", OPTIONAL),
	FIELD_ENUM(struct settings, driver, "driver", OPTIONAL, net_driver_names),
	FIELD_STRING(struct settings, mode, "mode", OPTIONAL),
	FIELD_STRING(struct settings, bridge, "bridge", REQUIRED),
	FIELD_OWN(struct settings, ip[NET_V4].subnet, "subnet", net_addr, REQUIRED),
	FIELD_OWN(struct settings, ip[NET_V4].gateway, "gateway", net_addr, REQUIRED),
	FIELD_OWN(struct settings, ip[NET_V4].first, "first", net_addr, OPTIONAL),
	FIELD_OWN(struct settings, ip[NET_V4].last, "last", net_addr, OPTIONAL),
	FIELD_OWN(struct settings, ip[NET_V6].subnet, "subnet6", net_addr, OPTIONAL),
	FIELD_OWN(struct settings, ip[NET_V6].gateway, "gateway6", net_addr, OPTIONAL),
	FIELD_OWN(struct settings, ip[NET_V6].first, "first6", net_addr, OPTIONAL),
	FIELD_OWN(struct settings, ip[NET_V6].last, "last6", net_addr, OPTIONAL),
	FIELD_U32(struct settings, mtu, "mtu", OPTIONAL),
	FIELD_BOOL(struct settings, internal, "internal", OPTIONAL),
	FIELD_BOOL(struct settings, isolate, "isolate", OPTIONAL),
	FIELD_BOOL(struct settings, no_names, "noNames", OPTIONAL),
	FIELD_STRINGS(struct settings, dns, "dns", OPTIONAL),
	FIELD_MAP(struct settings, labels, "labels"),
};

/* How wide a subnet may be: room for the gateway and a few, and not a large part of all addresses that there are. */
static const struct {
	uint8_t least, most;
} prefixes[NET_FAMILIES] = { [NET_V4] = { 8, 29 }, [NET_V6] = { 16, 125 } };

bool net_link_name_is_good(const char *name)
{
	return *name && strlen(name) < IF_NAMESIZE && !strpbrk(name, "/: \t\n\v\f\r") && !streq(name, ".") &&
	       !streq(name, "..");
}

static int check_range(const struct net_network *n, const struct net_subnet *s, struct err *e)
{
	char first[NET_ADDR_MAX], last[NET_ADDR_MAX], subnet[NET_ADDR_MAX];

	if ((!s->first.family || subnet_contains(&s->subnet, &s->first)) &&
	    (!s->last.family || subnet_contains(&s->subnet, &s->last)) &&
	    (!s->first.family || !s->last.family || subnet_number(&s->first) <= subnet_number(&s->last)))
		return 0;
	return err_say(e, EINVAL, "network %s: the range from %s to %s is not within %s", n->name,
		       net_addr_text(&s->first, false, first), net_addr_text(&s->last, false, last),
		       net_addr_text(&s->subnet, true, subnet));
}

static int check_family(const struct net_network *n, enum net_family family, struct err *e)
{
	const struct net_subnet *s = &n->ip[family];
	char subnet[NET_ADDR_MAX], gateway[NET_ADDR_MAX];
	uint8_t prefix = s->subnet.prefix;

	net_addr_text(&s->subnet, true, subnet);
	if (s->subnet.family != net_families[family])
		return err_say(e, EINVAL, "network %s: subnet %s is of the other family", n->name, subnet);
	if (prefix < prefixes[family].least || prefix > prefixes[family].most ||
	    subnet_number(&s->subnet) != subnet_first(&s->subnet))
		return err_say(e, EINVAL, "network %s: subnet %s must be %u to %u bits wide, and all zeros behind them",
			       n->name, subnet, prefixes[family].least, prefixes[family].most);
	if (!subnet_has_host(&s->subnet, &s->gateway))
		return err_say(e, EINVAL, "network %s: gateway %s is no address of a host in %s", n->name,
			       net_addr_text(&s->gateway, false, gateway), subnet);
	return check_range(n, s, e);
}

static int check(const struct net_network *n, struct err *e)
{
	uint32_t least = n->ip[NET_V6].subnet.family ? MTU_MIN_V6 : MTU_MIN;
	int r = 0;

	if (!net_link_name_is_good(n->bridge))
		return err_say(e, EINVAL, "network %s: \"%.32s\" cannot be the name of a %s", n->name, n->bridge,
			       n->driver == NET_BRIDGE ? "bridge" : "link");
	for (enum net_family f = 0; f < NET_FAMILIES && r == 0; f++)
		if (f == NET_V4 || n->ip[f].subnet.family)
			r = check_family(n, f, e);
	if (r < 0)
		return r;
	if (n->mtu && (n->mtu < least || n->mtu > 65535))
		return err_say(e, EINVAL, "network %s: an mtu must be %u to 65535", n->name, least);
	return mode_check(n, e);
}

static int take_dns(const char *name, const struct strv *from, struct net_addr to[NET_DNS_MAX], struct err *e)
{
	if (from->n > NET_DNS_MAX)
		return err_say(e, EINVAL, "network %s has more than %d nameservers", name, NET_DNS_MAX);
	for (size_t i = 0; i < from->n; i++)
		if (strchr(from->v[i], '/') || net_addr_parse(from->v[i], &to[i]) < 0)
			return err_say(e, EINVAL, "network %s: nameserver \"%.64s\" is no address", name, from->v[i]);
	return 0;
}

static int take_settings(const char *name, const struct settings *s, struct net_network *ret, struct err *e)
{
	struct net_network n = { .driver = s->driver, .mtu = s->mtu, .internal = s->internal, .isolate = s->isolate,
				 .no_names = s->no_names };

	if (!net_link_name_is_good(s->bridge))
		return err_say(e, EINVAL, "network %s: \"%.32s\" cannot be the name of a bridge", name, s->bridge);
	snprintf(n.name, sizeof(n.name), "%s", name);
	snprintf(n.bridge, sizeof(n.bridge), "%s", s->bridge);
	snprintf(n.id, sizeof(n.id), "%s", s->id ? s->id : "");
	snprintf(n.created, sizeof(n.created), "%s", s->created ? s->created : "");
	snprintf(n.mode, sizeof(n.mode), "%s", s->mode ? s->mode : "");
	memcpy(n.ip, s->ip, sizeof(n.ip));
	for (enum net_family f = 0; f < NET_FAMILIES; f++)
		n.ip[f].gateway.prefix = n.ip[f].subnet.prefix;
	int r = take_dns(name, &s->dns, n.dns, e);

	if (r == 0)
		r = check(&n, e);
	if (r == 0)
		*ret = n;
	return r;
}

static int parse(const char *name, const char *text, size_t len, struct arena *arena, struct net_network *ret,
		 struct spec_map *ret_labels, struct err *e)
{
	struct settings s = { 0 };
	int r = decode_text(text, len, "settings", settings_fields, ARRAY_SIZE(settings_fields), arena, &s, e);

	if (r < 0)
		return err_wrap(e, "network %s", name);
	*ret_labels = s.labels;
	return take_settings(name, &s, ret, e);
}

int settings_parse(const char *name, const char *text, size_t len, struct net_network *ret, struct err *e)
{
	auto_arena struct arena arena = { 0 };
	struct spec_map labels;

	return parse(name, text, len, &arena, ret, &labels, e);
}

static int read_all(int networks, const char *name, struct arena *arena, struct net_network *ret,
		    struct spec_map *ret_labels, struct err *e)
{
	auto_free char *text = NULL;
	size_t len;
	auto_fd int folder = folder_open(networks, name, NULL, e);

	if (folder < 0)
		return folder;
	int r = file_read(folder, FOLDER_SETTINGS, SETTINGS_MAX, &text, &len, e);

	if (r < 0)
		return err_wrap(e, "network %s", name);
	return parse(name, text, len, arena, ret, ret_labels, e);
}

int settings_read(int networks, const char *name, struct net_network *ret, struct err *e)
{
	auto_arena struct arena arena = { 0 };
	struct spec_map labels;

	return read_all(networks, name, &arena, ret, &labels, e);
}

struct each {
	int (*f)(const struct net_network *n, const struct spec_map *labels, void *arg, struct err *e);
	void *arg;
};

static int tell_network(int networks, const char *name, void *arg, struct err *e)
{
	auto_arena struct arena arena = { 0 };
	const struct each *each = arg;
	struct spec_map labels;
	struct net_network n;
	int r = read_all(networks, name, &arena, &n, &labels, e);

	if (r < 0) /* removed at this moment, or no network of ours */
		return r == -ENOENT || r == -ENOTDIR ? 0 : r;
	return each->f(&n, &labels, each->arg, e);
}

int network_each(int networks,
		 int (*f)(const struct net_network *n, const struct spec_map *labels, void *arg, struct err *e), void *arg,
		 struct err *e)
{
	return file_each(networks, tell_network, &(struct each){ f, arg }, e);
}

/* Write a whole folder under a name that nobody looks at, and rename it: a network is there complete, or not at all. */
static int fill_folder(int folder, const struct net_network *n, const struct spec_map *labels, struct err *e)
{
	struct settings s = {
		.id = (char *)n->id, .created = (char *)n->created, .driver = n->driver,
		.mode = *n->mode ? (char *)n->mode : NULL, .bridge = (char *)n->bridge, .mtu = n->mtu,
		.internal = n->internal, .isolate = n->isolate, .no_names = n->no_names,
	};
	char servers[NET_DNS_MAX][NET_ADDR_MAX], *dns[NET_DNS_MAX];
	auto_free char *text = NULL;

	memcpy(s.ip, n->ip, sizeof(s.ip));
	s.dns.v = dns;
	for (; s.dns.n < NET_DNS_MAX && n->dns[s.dns.n].family; s.dns.n++)
		dns[s.dns.n] = (char *)net_addr_text(&n->dns[s.dns.n], false, servers[s.dns.n]);
	if (labels)
		s.labels = *labels;
	int r = encode_text(settings_fields, ARRAY_SIZE(settings_fields), &s, &text, e);

	if (r < 0)
		return r;
	if (mkdirat(folder, FOLDER_LEASES, 0700) < 0 || mkdirat(folder, FOLDER_NAMES, 0700) < 0)
		return err_set(e, errno, "make the folders of network %s", n->name);
	return file_publish(folder, FOLDER_SETTINGS, text, strlen(text), 0600, FILE_SYNC, e);
}

static int publish_folder(int networks, const struct net_network *n, const struct spec_map *labels, struct err *e)
{
	char temporary[NAME_MAX + 1], random[13];
	struct err ignored;
	int r = proc_random_hex(random, sizeof(random) - 1);

	if (r < 0)
		return err_set(e, -r, "make network %s", n->name);
	snprintf(temporary, sizeof(temporary), ".%s.%s", n->name, random);
	if (mkdirat(networks, temporary, 0700) < 0)
		return err_set(e, errno, "make network %s", n->name);
	auto_fd int folder = path_open_beneath(networks, temporary, O_RDONLY | O_DIRECTORY, 0, e);

	r = folder < 0 ? folder : fill_folder(folder, n, labels, e);
	if (r == 0 && renameat2(networks, temporary, networks, n->name, RENAME_NOREPLACE) < 0)
		r = err_set(e, errno, "make network %s", n->name);
	if (r < 0)
		(void)file_remove(networks, temporary, &ignored); /* the first error is the one that counts */
	return r;
}

/* What a killed command has left: a network in the making or in the leaving, of somebody who had the lock. */
static int sweep_one(int networks, const char *name, void *arg, struct err *e)
{
	(void)arg;
	if (*name == '.' && strchr(name + 1, '.'))
		(void)file_remove(networks, name, e); /* or the next one does */
	return 0;
}

/* Return: the lock's fd, or -errno with @e filled */
static int lock_networks(int networks, struct err *e)
{
	auto_fd int lock = folder_lock(networks, e);
	int r = lock < 0 ? lock : file_each_any(networks, sweep_one, NULL, e);

	return r < 0 ? r : fd_take(&lock);
}

int network_create(int networks, struct net_network *n, const struct spec_map *labels, struct err *e)
{
	struct net_network made = *n;
	int r = str_check_name(n->name, "network name", e);

	if (r < 0)
		return r;
	timestamp_now(made.created);
	r = proc_random_hex(made.id, sizeof(made.id) - 1);
	if (r < 0)
		return err_set(e, -r, "make network %s", n->name);
	/* two networks that are made at the same moment must not choose the same subnet */
	auto_fd int lock = lock_networks(networks, e);

	if (lock < 0)
		return lock;
	if (faccessat(networks, n->name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return err_say(e, EEXIST, "network %s exists already", n->name);
	r = choose_missing(networks, &made, e);
	if (r == 0)
		r = check(&made, e);
	if (r == 0)
		r = publish_folder(networks, &made, labels, e);
	if (r == 0)
		*n = made;
	return r;
}

int network_find(int networks, const char *name, struct net_network *ret, struct err *e)
{
	struct net_network n = { .name = NET_DEFAULT };
	int r = settings_read(networks, name, ret, e);

	if (r != -ENOENT || !streq(name, NET_DEFAULT))
		return r;
	r = network_create(networks, &n, NULL, e);
	if (r == -EEXIST) /* somebody else made it meanwhile */
		return settings_read(networks, name, ret, e);
	if (r == 0)
		*ret = n;
	return r;
}

static int any_name(int dir, const char *name, void *arg, struct err *e)
{
	(void)dir;
	(void)arg;
	return err_say(e, EBUSY, "%s is taken", name);
}

static int remove_from_kernel(const struct net_network *n, struct err *e)
{
	auto_nl struct nl rt = { 0 }, nf = { 0 };
	int r = nl_open(&rt, NETLINK_ROUTE, e);

	if (r == 0)
		r = nft_open(&nf, e);
	if (r == 0)
		r = elements_forget(&nf, n, e);
	return r < 0 ? r : link_remove(&rt, n->bridge, e);
}

int network_remove(int networks, const char *name, struct err *e)
{
	char removed[NAME_MAX + 1];
	struct net_network n;
	int r = settings_read(networks, name, &n, e);

	if (r < 0)
		return r;
	auto_fd int lock = lock_networks(networks, e);
	auto_fd int leases = lock < 0 ? -1 : folder_open(networks, name, FOLDER_LEASES, e);

	if (leases < 0)
		return -e->code;
	r = file_each(leases, any_name, NULL, e);
	if (r < 0)
		return r == -EBUSY ? err_wrap(e, "network %s has containers", name) : r;
	r = n.driver == NET_BRIDGE ? remove_from_kernel(&n, e) : 0;
	if (r < 0)
		return r;
	/* gone for everybody in one step; what is left of it, were we killed here, has a name that nobody looks at */
	snprintf(removed, sizeof(removed), ".%s.removed", name);
	r = file_remove(networks, removed, e);
	if (r == 0 && renameat(networks, name, networks, removed) < 0)
		r = err_set(e, errno, "remove network %s", name);
	return r < 0 ? r : file_remove(networks, removed, e);
}
