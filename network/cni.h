/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cni.h: a container on a network that other people's programs make: the plugins of the Container Network Interface, spec 1.1
 * (https://www.cni.dev/docs/spec/), with configurations of versions 0.3.0 to 1.1.0.
 *
 * What they have made is on record before they begin, with the configuration that they were given: so cni_delete() needs the
 * record alone, even where somebody has changed or removed the configuration since, and can be repeated.
 */
#ifndef NETWORK_CNI_H
#define NETWORK_CNI_H

#include <jansson.h>

#include "base/str.h"
#include "network/network.h"

#define CNI_CONFIGS "/etc/cni/net.d"
#define CNI_PATH    "/opt/cni/bin:/usr/lib/cni:/usr/libexec/cni"

/* Where configurations are, and the folders of plugins with colons between them. */
struct cni_places {
	const char *configs, *path;
};

/* What a container wishes there; NULL and 0: whatever comes. */
struct cni_request {
	struct cni_places places;
	const char *network;
	const char *id; /* the container's */
	const char *interface;
	const char *netns; /* absolute path where its network namespace is to be found until cni_delete(); made here */
	struct strv args; /* KEY=VALUE, for CNI_ARGS */
	const char *ips[NET_FAMILIES];
	const char *mac;
	struct strv names, aliases; /* for its hosts file; for plugins, and that file */
	const char *hosts, *resolv; /* absolute paths of its files, which are rewritten where they are there; NULL: not ours to write */
	struct net_port *ports;	    /* host_port 0 is written back */
	size_t n_ports;
};

/* What plugins say of it. Strings are the arena's. */
struct cni_result {
	char *mac;
	struct net_addr address[NET_FAMILIES], gateway[NET_FAMILIES]; /* the first of each family; 0: none */
	struct strv nameservers, search, options;
	char *domain;
};

/* Is there such a network, and are its plugins? Return: 0, or -errno with @e filled (-ENOENT) */
int cni_find(const struct cni_places *p, const char *network, struct err *e);

/**
 * cni_add() - Have the plugins put a container on a network
 * @dir:	Folder that the record is kept in, one for each container
 * @netns:	Its network namespace; not consumed
 * @ret_hold:	Sockets that hold the published ports, as network_attach() has them; NULL: closed at once
 *
 * What a killed cni_add() has left is taken back first. On failure nothing is left.
 *
 * Return: 0, or -errno with @e filled: the plugin's own words
 */
int cni_add(int dir, struct cni_request *q, int netns, struct arena *a, struct cni_result *ret, struct net_hold *ret_hold,
	    struct err *e);

/* Take it off again. One that is not on it is fine. Return: 0, or -errno with @e filled, and the record stays */
int cni_delete(int dir, const char *network, struct err *e);

/* Ask the plugins whether all is as they have made it. Return: 0, or -errno with @e filled (-ENOENT: it is not on it) */
int cni_check(int dir, const char *network, struct err *e);

/* What they have answered, whole. Return: 0, or -errno with @e filled (-ENOENT: it is not on it) */
int cni_answer(int dir, const char *network, json_t **ret, struct err *e);

/* What its interface is called, from before the plugins are asked. Return: 0, or -errno with @e filled (-ENOENT: it is not on it) */
int cni_interface(int dir, const char *network, struct arena *a, const char **ret, struct err *e);

/* Could they put one more container on it (since 1.1.0)? Return: 0, or -errno with @e filled */
int cni_status(const struct cni_places *p, const char *network, struct err *e);

/* A container on a network. */
struct cni_attachment {
	const char *id, *interface;
};

/**
 * cni_collect() - Have the plugins remove whatever they have of the network but this (since 1.1.0)
 *
 * Return: 0, or -errno with @e filled (-EOPNOTSUPP: of an older version, or it is shared and must not be)
 */
int cni_collect(const struct cni_places *p, const char *network, const struct cni_attachment *keep, size_t n, struct err *e);

#endif
