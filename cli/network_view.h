/* SPDX-License-Identifier: Apache-2.0 */
/* network_view.h: a network as people and scripts see it; keys are podman's. */
#ifndef CLI_NETWORK_VIEW_H
#define CLI_NETWORK_VIEW_H

#include "network/network.h"
#include "spec/decode.h"

struct network_range {
	char *start, *end;
};

struct network_subnet {
	char *subnet, *gateway;
	struct network_range range; /* NULL: the whole subnet */
};

/* A container's interface on it. */
struct network_interface {
	char *name, *mac;
	struct {
		struct network_subnet *v; /* here the subnet is the address and its prefix */
		size_t n;
	} subnets;
};

struct network_member {
	char *id, *name;
	struct {
		struct network_interface *v;
		size_t n;
	} interfaces;
};

struct network_view {
	char *name, *id, *driver, *interface, *created;
	struct {
		struct network_subnet *v;
		size_t n;
	} subnets;
	bool ipv6, internal, dns;
	struct strv servers;
	struct spec_map labels, options;
	struct {
		struct network_member *v;
		size_t n;
	} members;
};

/**
 * network_view_json() - As podman prints it
 * @members:	With the containers that are on it, too
 * @template:	Members have the names that people know from templates, too: {{.Name}}
 * @ret:	A new reference
 *
 * Return: 0, or -errno with @e filled
 */
int network_view_json(const struct network_view *v, bool members, bool template, json_t **ret, struct err *e);

/* @ret: in the arena, without members. Return: 0, or -ENOMEM with @e filled */
int network_view_fill(const struct net_network *n, const struct spec_map *labels, struct arena *a, struct network_view *ret,
		      struct err *e);

#endif
