/* SPDX-License-Identifier: Apache-2.0 */
/* compose_parts.h: the parts of compose(): one file each for what confines, what limits, and what is mounted. */
#ifndef RUNTIME_COMPOSE_PARTS_H
#define RUNTIME_COMPOSE_PARTS_H

#include "runtime/compose.h"
#include "runtime/defaults.h"

#define INIT_TARGET "/run/paene-init" /* where --init puts its program */

struct composition {
	const struct engine *g;
	const struct run_options *o;
	struct run_options own; /* of a member of a pod: what @o points to by then */
	struct settings *s;
	struct spec *spec;
	const struct profile *profile;
	struct image image; /* empty for the pseudo-image `host` */
	const char *user;   /* who runs in it, where --user does not say so; NULL: as the image says */
	bool systemd_always; /* --systemd always */
	bool own_net;	    /* a network namespace of its own */
	bool joins, joins_private; /* it joins other containers' namespaces; they have a user namespace of their own */
	bool no_masks;	    /* --security-opt unmask=ALL, --privileged */
	size_t mounts_room; /* of spec->mounts */
};

/* Its environment, as env files, options and the image say; then its user and folder. */
int compose_env(struct composition *c, struct err *e);
int compose_process(struct composition *c, struct err *e);

/* Is what it runs systemd? After its command. */
int compose_systemd(struct composition *c, struct err *e);
/* What systemd wants to find mounted, but for what the user mounts there. */
int compose_systemd_mounts(struct composition *c, struct err *e);

/* --restart. Return: 0, or -EINVAL with @e filled */
int compose_restart(const char *text, struct settings *s, struct err *e);

/* --pod: before all others, for it changes the options. */
int compose_pod(struct composition *c, struct err *e);

/* --pid, --ipc, --uts: whose namespaces it has. */
int compose_joins(struct composition *c, struct err *e);
/*
 * Another container, one of whose namespaces is to be joined: by its id from now on, since names change hands.
 * @ret: JOIN_CONTAINER and that id. Return: 0, or -errno with @e filled
 */
int compose_join(struct composition *c, const char *option, const char *name, char **ret, struct err *e);

/* Whether it has a user namespace of its own, and which ids; after all that it joins. */
int compose_userns(struct composition *c, struct err *e);
/* Who the user is in there, where they keep their id; after the mounts. */
int compose_account(struct composition *c, struct err *e);

/* Its networks, or whose network namespace it has. */
int compose_network(struct composition *c, struct err *e);

/* What it is told of names; after its networks. */
int compose_names(struct composition *c, struct err *e);

/* One more network among those that a container wants. @ret: zeroed but for its name. Return: 0, or -errno with @e filled */
int network_wish_add(struct arena *a, struct network_wishes *all, const char *network, struct network_wish **ret,
		     struct err *e);

/* One wish: ip, ip6, mac, alias, interface_name. Return: 0, or -errno with @e filled */
int network_wish_set(struct arena *a, struct network_wish *w, const char *key, const char *value, struct err *e);

/* How its link is made slow or unreliable: as net_shape_set(). Return: 0, or -errno with @e filled */
int network_wish_shape(struct arena *a, struct network_wish *w, const char *to, const struct spec_map *values, struct err *e);

/* Published and exposed ports; after the networks and the image. */
int compose_ports(struct composition *c, struct err *e);

/* Capabilities, no_new_privs, filter, masks. */
int compose_security(struct composition *c, struct err *e);
/* Resources, rlimits, sysctls. */
int compose_limits(struct composition *c, struct err *e);
/* Whose cgroup it has, where, and what it may do with it; after the limits. */
int compose_cgroup(struct composition *c, struct err *e);
/* Device nodes, and which devices may be used. */
int compose_devices(struct composition *c, struct err *e);
/* --device-cgroup-rule, written as docker has it: "c 42:* rmw". Return: 0, or -EINVAL with @e filled */
int compose_device_rule(const char *word, struct spec_device_rule *ret, struct err *e);
/* Health, log, readiness, how long it may run. */
int compose_watch(struct composition *c, struct err *e);
/* One more mount; @options with commas between them. Return: 0, or -EINVAL and -ENOMEM with @e filled */
int compose_add_mount(struct composition *c, const char *target, const char *type, const char *source, const char *options,
		      struct err *e);
#define TMPFS_USUAL  "nosuid,nodev,mode=1777"
#define TMPFS_STRICT TMPFS_USUAL ",size=65536k"
/* What the user has mounted, and the image's volumes. */
int compose_volumes(struct composition *c, struct err *e);
/* All mounts: the default ones, those of compose_volumes(), in their order. */
int compose_mounts(struct composition *c, struct err *e);

#endif
