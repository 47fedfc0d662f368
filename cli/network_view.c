// SPDX-License-Identifier: Apache-2.0
#include "cli/network_view.h"

#include <stdio.h>

static const struct field range_fields[] = {
	FIELD_STRING(struct network_range, start, "start_ip", OPTIONAL),
	FIELD_STRING(struct network_range, end, "end_ip", OPTIONAL),
};

static const struct field subnet_fields[] = {
	FIELD_STRING(struct network_subnet, subnet, "subnet", REQUIRED),
	FIELD_STRING(struct network_subnet, gateway, "gateway", REQUIRED),
	FIELD_OBJECT(struct network_subnet, range, "lease_range", OPTIONAL, range_fields),
};

static const struct field address_fields[] = {
	FIELD_STRING(struct network_subnet, subnet, "ipnet", REQUIRED),
	FIELD_STRING(struct network_subnet, gateway, "gateway", OPTIONAL),
};

static const struct field interface_fields[] = {
	FIELD_LIST(struct network_interface, subnets, "subnets", REQUIRED, address_fields, struct network_subnet),
	FIELD_STRING(struct network_interface, mac, "mac_address", REQUIRED),
};

static const struct field member_fields[] = {
	FIELD_STRING(struct network_member, name, "name", REQUIRED),
	FIELD_KEYED(struct network_member, interfaces, "interfaces", interface_fields, struct network_interface),
};

static const struct field fields[] = {
	FIELD_STRING(struct network_view, name, "name", REQUIRED),
	FIELD_STRING(struct network_view, id, "id", REQUIRED),
	FIELD_STRING(struct network_view, driver, "driver", REQUIRED),
	FIELD_STRING(struct network_view, interface, "network_interface", REQUIRED),
	FIELD_STRING(struct network_view, created, "created", REQUIRED),
	FIELD_LIST(struct network_view, subnets, "subnets", REQUIRED, subnet_fields, struct network_subnet),
	FIELD_BOOL(struct network_view, ipv6, "ipv6_enabled", REQUIRED),
	FIELD_BOOL(struct network_view, internal, "internal", REQUIRED),
	FIELD_BOOL(struct network_view, dns, "dns_enabled", REQUIRED),
	FIELD_STRINGS(struct network_view, servers, "network_dns_servers", OPTIONAL),
	{ FIELD_OF(struct network_view, labels, "labels", map, true) },
	{ FIELD_OF(struct network_view, options, "options", map, true) },
	{ FIELD_OF(struct network_view, members, "containers", keyed, true), .table = member_fields,
	  .n_table = ARRAY_SIZE(member_fields), .size = sizeof(struct network_member) },
};
#define MEMBER_FIELDS 1 /* the last ones */

/* What templates call it. */
static const char *const names[][2] = {
	{ "name", "Name" },	     { "id", "ID" },		      { "driver", "Driver" },
	{ "network_interface", "NetworkInterface" },		      { "created", "Created" },
	{ "subnets", "Subnets" },    { "ipv6_enabled", "IPv6Enabled" }, { "internal", "Internal" },
	{ "dns_enabled", "DNSEnabled" },		{ "network_dns_servers", "NetworkDNSServers" },			      { "labels", "Labels" },
	{ "options", "Options" },    { "containers", "Containers" },
};

int network_view_json(const struct network_view *v, bool members, bool template, json_t **ret, struct err *e)
{
	json_t *object = NULL;
	int r = encode_object(fields, ARRAY_SIZE(fields) - (members ? 0 : MEMBER_FIELDS), v, &object, e);

	for (size_t i = 0; r >= 0 && template && i < ARRAY_SIZE(names); i++) {
		json_t *value = json_object_get(object, names[i][0]);

		if (value && json_object_set(object, names[i][1], value) < 0)
			r = err_nomem(e);
	}
	if (r < 0)
		json_decref(object);
	else
		*ret = object;
	return r;
}

static char *address(struct arena *a, const struct net_addr *from, bool prefix)
{
	char text[NET_ADDR_MAX];

	return from->family ? arena_strdup(a, net_addr_text(from, prefix, text)) : NULL;
}

static int fill_subnets(const struct net_network *n, struct arena *a, struct network_view *ret, struct err *e)
{
	ret->subnets.v = arena_array(a, NET_FAMILIES, sizeof(*ret->subnets.v));
	if (!ret->subnets.v)
		return err_nomem(e);
	for (enum net_family f = 0; f < NET_FAMILIES; f++) {
		struct network_subnet *s = &ret->subnets.v[ret->subnets.n];

		if (!n->ip[f].subnet.family)
			continue;
		*s = (struct network_subnet){
			.subnet = address(a, &n->ip[f].subnet, true),
			.gateway = address(a, &n->ip[f].gateway, false),
			.range = { address(a, &n->ip[f].first, false), address(a, &n->ip[f].last, false) },
		};
		if (!s->subnet || !s->gateway)
			return err_nomem(e);
		ret->subnets.n++;
	}
	return 0;
}

static int fill_options(const struct net_network *n, struct arena *a, struct spec_map *ret, struct err *e)
{
	const struct spec_pair options[] = {
		{ (char *)"mtu", n->mtu ? arena_printf(a, "%u", n->mtu) : NULL },
		{ (char *)"isolate", n->isolate ? (char *)"true" : NULL },
		{ (char *)"mode", *n->mode ? arena_strdup(a, n->mode) : NULL },
		{ (char *)"parent", n->driver != NET_BRIDGE ? arena_strdup(a, n->bridge) : NULL },
	};

	ret->v = arena_array(a, ARRAY_SIZE(options), sizeof(*ret->v));
	if (!ret->v)
		return err_nomem(e);
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i].value)
			ret->v[ret->n++] = options[i];
	return 0;
}

static int copy_labels(const struct spec_map *from, struct arena *a, struct spec_map *ret, struct err *e)
{
	ret->v = arena_array(a, from->n + 1, sizeof(*ret->v));
	if (!ret->v)
		return err_nomem(e);
	for (; ret->n < from->n; ret->n++) {
		struct spec_pair *to = &ret->v[ret->n];

		*to = (struct spec_pair){ arena_strdup(a, from->v[ret->n].key), arena_strdup(a, from->v[ret->n].value) };
		if (!to->key || !to->value)
			return err_nomem(e);
	}
	return 0;
}

int network_view_fill(const struct net_network *n, const struct spec_map *labels, struct arena *a, struct network_view *ret,
		      struct err *e)
{
	struct network_view v = {
		.name = arena_strdup(a, n->name), .id = arena_strdup(a, n->id), .created = arena_strdup(a, n->created),
		.interface = arena_strdup(a, n->bridge), .driver = (char *)net_driver_names[n->driver],
		.ipv6 = n->ip[NET_V6].subnet.family, .internal = n->internal, .dns = !n->no_names,
	};
	int r = v.name && v.id && v.created && v.interface ? fill_subnets(n, a, &v, e) : err_nomem(e);

	if (r >= 0)
		r = fill_options(n, a, &v.options, e);
	for (size_t i = 0; r >= 0 && i < NET_DNS_MAX && n->dns[i].family; i++)
		r = strv_push(a, &v.servers, address(a, &n->dns[i], false)) < 0 ? err_nomem(e) : 0;
	if (r >= 0)
		r = copy_labels(labels, a, &v.labels, e);
	if (r >= 0)
		*ret = v;
	return r;
}
