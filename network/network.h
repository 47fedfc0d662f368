/* SPDX-License-Identifier: Apache-2.0 */
/*
 * network.h: a container's place on a bridge: `struct net_plan` in, netlink out.
 *
 * What it takes from the host is written down before it is taken: a lease is a file (networks/NAME/leases/ADDRESS) that
 * holds the container's id, and a record (networks/NAME/names/ID) lists the link, the names and the published ports. So
 * network_detach() needs only the id and the network, and can be repeated. No daemon: the nftables table `inet paene` is
 * checked by each attach, and made again, with every container's ports, where somebody flushed it.
 */
#ifndef NETWORK_NETWORK_H
#define NETWORK_NETWORK_H

#include <net/if.h>
#include <netinet/in.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "spec/spec.h"

/* The network that exists without anyone making it: bridge paene0, 10.89.0.0/16 or the next free. */
#define NET_DEFAULT "paene"

/* Indexes of arrays that hold one thing for each family. */
enum net_family {
	NET_V4,
	NET_V6,
	NET_FAMILIES,
};
extern const uint8_t net_families[NET_FAMILIES]; /* AF_INET, AF_INET6 */

struct net_addr {
	uint8_t family; /* AF_INET, AF_INET6; 0: none */
	uint8_t prefix; /* bits of the subnet */
	uint8_t bytes[16];
};

#define NET_ADDR_MAX 64
/* "10.89.0.5" without, "10.89.0.5/16" with the prefix; "" for none. */
const char *net_addr_text(const struct net_addr *a, bool prefix, char buf[NET_ADDR_MAX]);
/* Parse "10.89.0.0/16", "fd00::/64" or (prefix optional: all bits) "10.89.0.5". Return: 0 or -EINVAL */
int net_addr_parse(const char *text, struct net_addr *ret);

/* The first and the last address of a subnet. */
void net_subnet_ends(const struct net_addr *subnet, struct net_addr *ret_first, struct net_addr *ret_last);

struct net_port {
	uint8_t protocol;   /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP */
	uint16_t host_port; /* 0: a free one is chosen by network_attach(), and written back */
	uint16_t container_port;
	struct net_addr host_addr; /* family 0: every address of the host; all zeros: every one of its family */
};

/**
 * net_port_parse() - "[HOST_IP:][HOST_PORT:]CONTAINER_PORT[/tcp|/udp|/sctp]", and ranges "8000-8010:80-90"; IPv6 in brackets
 * @ret:	An array in @arena; appended to *@ret, *@n counts
 *
 * Return: 0, or -EINVAL with @e filled
 */
int net_port_parse(struct arena *arena, const char *text, struct net_port **ret, size_t *n, struct err *e);

/* One published port as net_port_parse() reads it: "127.0.0.1:8080:80/tcp". */
#define NET_PORT_MAX (NET_ADDR_MAX + 32)
const char *net_port_text(const struct net_port *p, char buf[NET_PORT_MAX]);

/* "tcp" and its number. Return of the second: 0 or -EINVAL */
const char *net_protocol_name(uint8_t number);
int net_protocol_parse(const char *name, uint8_t *ret);

/* Whether no two of them are the same port of the host. Return: 0, or -EINVAL with @e filled */
int net_ports_check(const struct net_port *ports, size_t n, struct err *e);

/* An address that a container may send to. */
struct net_egress_rule {
	struct net_addr to;	/* with the prefix of a subnet */
	uint8_t protocol;	/* IPPROTO_…; 0: every one, and where there are ports each that has some */
	uint16_t first, last;	/* of ports; 0: every one */
};

/* Whom a container may send to. Where it is limited, these and whoever has sent to it before (egress_rules.h). */
#define NET_EGRESS_MAX 256
struct net_egress {
	bool limited;
	struct net_egress_rule *v;
	size_t n;
};

/**
 * net_egress_parse() - "deny", "allow:CIDR[:PORT[-PORT]][/PROTOCOL]", several with commas between; IPv6 before ports in brackets;
 * "allow": no limit
 * @ret:	Added to; in the arena
 *
 * Return: 0, or -EINVAL, -E2BIG and -ENOMEM with @e filled
 */
int net_egress_parse(struct arena *a, const char *text, struct net_egress *ret, struct err *e);

/* The same as words, "deny" first, none where it is not limited; and back. Return: 0, or -errno with @e filled */
int net_egress_words(const struct net_egress *all, struct arena *a, struct strv *ret, struct err *e);
int net_egress_of_words(const struct strv *words, struct arena *a, struct net_egress *ret, struct err *e);

/* One rule as net_egress_parse() reads it: "allow:10.0.0.0/8:443/tcp". */
#define NET_EGRESS_TEXT_MAX (NET_ADDR_MAX + 32)
const char *net_egress_text(const struct net_egress_rule *rule, char buf[NET_EGRESS_TEXT_MAX]);

enum net_driver {
	NET_BRIDGE,
	NET_MACVLAN, /* each container is a station of its own on a link of the host */
	NET_IPVLAN,  /* the same with the link's own hardware address */
	NET_DRIVER_COUNT,
};
extern const char *const net_driver_names[NET_DRIVER_COUNT];

/* What a network has of one family. */
struct net_subnet {
	struct net_addr subnet;	     /* its first address + prefix; family 0: none */
	struct net_addr gateway;     /* the bridge's own address; of macvlan and ipvlan the router's */
	struct net_addr first, last; /* where addresses are chosen from; family 0: the whole subnet */
};

#define NET_DNS_MAX 3 /* a C library asks no more */

/* A network as its settings file has it. */
struct net_network {
	char name[129];
	char id[65], created[TIMESTAMP_MAX]; /* filled in by network_create() */
	uint32_t driver;		     /* enum net_driver */
	char mode[16];			     /* of macvlan and ipvlan; "": their usual one */
	char bridge[IF_NAMESIZE];	     /* of macvlan and ipvlan the link of the host that they are on */
	struct net_subnet ip[NET_FAMILIES];  /* IPv4 always, IPv6 where it is wanted */
	uint32_t mtu;			     /* 0: the kernel's */
	bool internal;			     /* no way out, no published ports */
	bool no_names;			     /* its containers are not told each other's names */
	struct net_addr dns[NET_DNS_MAX];    /* nameservers for its containers, family 0 ends them; none: the host's */
	bool isolate;			     /* not reached from other such networks by published ports either */
};

/**
 * network_find() - Read a network's settings; the default one is made where it is missing
 * @networks:	Folder fd of networks/
 *
 * Two commands that make the default one at the same moment end with the same one.
 *
 * Return: 0, or -errno with @e filled (-ENOENT: no such network)
 */
int network_find(int networks, const char *name, struct net_network *ret, struct err *e);

/**
 * network_create() - Make a network: its folder and its settings; the bridge comes with the first container
 * @n:		In: the name, and what is wanted; out: id, bridge, subnets and gateways are chosen where they are empty, so
 *		that they collide with nothing this host has. A subnet of IPv6 with a family and nothing else is chosen, too
 * @labels:	Notes of the user's, kept with it; NULL: none
 *
 * Return: 0, or -errno with @e filled (-EEXIST: the name is taken; -EINVAL: the subnet, gateway or bridge is not usable)
 */
int network_create(int networks, struct net_network *n, const struct spec_map *labels, struct err *e);

/**
 * network_each() - Each network that there is, in the folder's order
 * @labels:	In the callback: of this network, until it returns
 *
 * Return: 0, the first result of @f that is not, or -errno with @e filled
 */
int network_each(int networks,
		 int (*f)(const struct net_network *n, const struct spec_map *labels, void *arg, struct err *e), void *arg,
		 struct err *e);

/* Is a container attached to any network? Return: 1, 0, or -errno with @e filled */
int network_is_used(int networks, struct err *e);

/* Remove a network, its bridge and its rules. Return: 0, or -errno with @e filled (-EBUSY: it has containers). */
int network_remove(int networks, const char *name, struct err *e);

/**
 * network_reload() - Check the rules of every network and make again what is missing, without waiting for the next attach
 *
 * Return: 0, or -errno with @e filled
 */
int network_reload(int networks, struct err *e);

/**
 * network_foreign() - Is there a chain of another program's in nftables that drops what is forwarded, and knows nothing of us?
 * @ret:	Which it is, and what can be done about it
 *
 * Chains of ip and inet are looked at; the old iptables-legacy cannot be.
 *
 * Return: 1, 0 where there is none, or -errno with @e filled
 */
#define NET_FOREIGN_MAX 512
int network_foreign(char ret[NET_FOREIGN_MAX], struct err *e);

struct net_shape; /* network/shape.h */

struct net_plan {
	const char *id;	      /* container id: it owns the leases, and names the record */
	const char *name;     /* what other containers of the network may call it */
	const char *hostname; /* second name; may equal @name, or be NULL */
	const char *const *aliases; /* further names */
	size_t n_aliases;
	const char *hosts; /* absolute path of the container's hosts file, kept up to date from now on; NULL: it has none */
	struct net_network network;
	struct net_addr address[NET_FAMILIES]; /* leased */
	uint8_t mac[6];		     /* all zero: made from the address */
	char interface[IF_NAMESIZE]; /* inside; "": eth and the index */
	unsigned index;		     /* of its interfaces: the way out leads through that with the lowest one */
	struct net_port *ports;	 /* borrowed; host_port 0 is written back */
	size_t n_ports;
	bool apart; /* the bridge is in a network namespace of a user's: network_listen() has the ports, and its address is not this host's */
	const struct net_shape *shape; /* how its link is made slow or unreliable; NULL: not at all */
	struct net_egress egress; /* borrowed */
};

/* Whether the kernel takes it as a link's name: short, no slash, no colon, no blank, and neither "." nor "..". */
bool net_link_name_is_good(const char *name);

/* "02:50:0a:59:00:05", of one station and not of none. Return: 0 or -EINVAL */
#define NET_MAC_MAX 18
int net_mac_parse(const char *text, uint8_t ret[6]);

/* What hardware address its interface is given. */
const char *net_plan_mac(const struct net_plan *plan, char buf[NET_MAC_MAX]);

/* What its interface is called inside. */
const char *net_plan_interface(const struct net_plan *plan, char buf[IF_NAMESIZE]);

/**
 * network_lease() - Take an address
 * @family:	Of which subnet; the network must have it
 * @want:	A particular one, or NULL for a free one: the same as the last time, if nobody took it meanwhile
 *
 * Return: 0, or -errno with @e filled (-EADDRINUSE: @want is taken; -ENOSPC: the subnet is full)
 */
int network_lease(int networks, const struct net_network *n, enum net_family family, const char *id,
		  const struct net_addr *want, struct net_addr *ret, struct err *e);

/**
 * network_release() - Give an address back, if it is @id's. One that is not there is fine
 * @address:	NULL: whichever @id has, for a command that was killed before it could write the address down; every lease of
 *		the network is looked at
 *
 * Return: 0, or -errno with @e filled
 */
int network_release(int networks, const struct net_network *n, const char *id, const struct net_addr *address,
		    struct err *e);

/*
 * Sockets bound to the published ports: while they are open no other program of the host can take those ports.
 *
 * The kernel leads nothing from ::1 to another machine, and so not to a container. There TCP ports are listened on, for whoever
 * stands by the container to pass on what comes: runtime/port_relay.h. The sockets that listen are in an epoll set, the number
 * of which is told below; what it says of a socket is NET_RELAY().
 */
#define NET_HOLD_MAX 512
struct net_hold {
	int fds[NET_HOLD_MAX];
	size_t n;
	size_t relay;	    /* 0: nothing is listened on; else fds[relay - 1] is the epoll set */
	size_t netns;	    /* 0: the container is called from here; else fds[netns - 1] is the namespace that its bridge is in */
	struct net_addr to; /* the container's IPv4 address, with the prefix of its subnet */
};

/* The data of a listening socket in the epoll set: its fd, the container's port, and whether it is of UDP. */
#define NET_RELAY(fd, port)  ((uint64_t)(uint32_t)(fd) << 16 | (port))
#define NET_RELAY_UDP	     (UINT64_C(1) << 63)
#define NET_RELAY_FD(data)   ((int)((data) >> 16))
#define NET_RELAY_PORT(data) ((uint16_t)(data))

/* Close them. NULL is fine, and so is an empty one. */
void net_hold_close(struct net_hold *h);

/* The epoll set, or -1; and the namespace, or -1. */
int net_hold_relay(const struct net_hold *h);
int net_hold_netns(const struct net_hold *h);

/**
 * network_listen() - Listen on the ports of a plan that is @apart: all that comes is passed on
 * @networks:	Where it is looked up which container has one that is taken
 * @netns:	That namespace; not consumed
 * @ret:	As of network_attach(); runtime/port_relay.h passes on
 *
 * Return: 0, or -errno with @e filled
 */
int network_listen(int networks, const struct net_plan *plan, int netns, struct net_hold *ret, struct err *e);

/**
 * network_attach() - Wire a network namespace: bridge (made if missing), veth pair, address, route, NAT, ports, names
 * @networks:	Folder fd of networks/
 * @netns:	The container's network namespace; not consumed
 * @ret_hold:	The sockets that hold the ports, for the process that stands by the container; NULL: closed at once, and a
 *		program that binds such a port later succeeds and never sees a packet. At most NET_HOLD_MAX ports are held
 *
 * A published port that somebody listens on, or that another container has, is -EADDRINUSE, said with its number. What a
 * crashed attach of the same id left behind is undone first. On failure what was made is removed again (the lease stays: it
 * is the caller's). The calling thread visits @netns and comes back.
 *
 * Return: 0, or -errno with @e filled
 */
int network_attach(int networks, struct net_plan *plan, int netns, struct net_hold *ret_hold, struct err *e);

/**
 * network_detach() - Undo network_attach(): ports, names, link. What is not there is fine
 * @plan:	Only @id and @network count
 * @netns:	The container's network namespace where it goes on, for links that only exist there; -1: it has ended
 * @ended:	The container's last process has ended: the link is cut off from the bridge, and left to the kernel, which
 *		removes it with the namespace; removing it here means waiting for it (15 to 40 ms)
 *
 * Return: 0, or -errno with @e filled
 */
int network_detach(int networks, const struct net_plan *plan, int netns, bool ended, struct err *e);

/* What its egress rules have counted. */
struct net_egress_count {
	uint64_t packets, bytes;
};
struct net_egress_counters {
	struct net_egress_count allowed, dropped;
};

/**
 * network_egress_change() - Other egress rules for a container that is attached; its counters begin anew
 *
 * Return: 0, or -errno with @e filled (-ENOENT: it is not attached)
 */
int network_egress_change(int networks, const struct net_network *n, const char *id, const struct net_egress *egress,
			  struct err *e);

/* Add what has been counted on one network. Return: 0, or -errno with @e filled (-ENOENT: it has no egress rules there) */
int network_egress_count(int networks, const char *network, const char *id, struct net_egress_counters *ret,
			 struct err *e);

/**
 * network_hosts() - The text of /etc/hosts for a container: localhost, itself, and the others of its networks
 * @plans:	All of one container
 * @extra:	Further lines, "ADDRESS NAME…"
 * @ret:	Freed by the caller
 *
 * Names below the line "# paene: network NAME" are rewritten as containers come and go; all other lines stay.
 *
 * Return: 0, or -errno with @e filled
 */
int network_hosts(int networks, const struct net_plan *plans, size_t n, const char *const *extra, size_t n_extra,
		  char **ret, struct err *e);

/* What is asked of resolv.conf instead of what it would say; without members: as it is. */
struct net_resolv {
	struct strv servers, search, options; /* search ".": none */
};

/**
 * net_resolv_change() - A resolv.conf with some of its lines replaced; pure
 * @ret:	Freed by the caller
 *
 * Return: 0, or -ENOMEM with @e filled
 */
int net_resolv_change(const char *text, const struct net_resolv *want, char **ret, struct err *e);

/**
 * network_resolv() - The text of /etc/resolv.conf: the host's nameservers that a container can reach (loopback ones are
 * replaced by what systemd-resolved's own file names), search and options kept; none where all networks are internal
 * @plans:	All of one container
 * @first:	Asked before the host's; NULL: nobody
 * @ret:	Freed by the caller
 *
 * Return: 0, or -errno with @e filled
 */
int network_resolv(const struct net_plan *plans, size_t n, const char *first, char **ret, struct err *e);

#endif
