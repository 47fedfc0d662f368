/* SPDX-License-Identifier: Apache-2.0 */
/*
 * network.h: a container's place on a bridge: `struct net_plan` in, netlink out.
 *
 * What it takes from the host is written down before it is taken: a lease is a file (networks/NAME/leases/ADDRESS) that
 * holds the container's id; host links are named after the container's id, published ports are elements of the one nftables
 * table `paene` under the container's address. So network_detach() needs only the id and the plan's names, and can be
 * repeated. No daemon: the table is checked by each command that needs it, and made again where somebody flushed it.
 */
#ifndef NETWORK_NETWORK_H
#define NETWORK_NETWORK_H

#include <net/if.h>
#include <netinet/in.h>

#include "base/arena.h"
#include "base/err.h"

#define NET_DEFAULT "paene" /* the network that exists without anyone making it: bridge paene0, 10.89.0.0/16 or the next free */

/* IPv4 today; family says so, so that IPv6 is a second value and not a second type. */
struct net_addr {
	uint8_t family; /* AF_INET; 0: none */
	uint8_t prefix; /* bits of the subnet */
	uint8_t bytes[16];
};

#define NET_ADDR_MAX 64
/* "10.89.0.5" without, "10.89.0.5/16" with the prefix. */
const char *net_addr_text(const struct net_addr *a, bool prefix, char buf[NET_ADDR_MAX]);
/* Parse "10.89.0.0/16" or (prefix optional: 32) "10.89.0.5". Return: 0 or -EINVAL */
int net_addr_parse(const char *text, struct net_addr *ret);

struct net_port {
	uint8_t protocol;   /* IPPROTO_TCP, IPPROTO_UDP */
	uint16_t host_port; /* 0: a free one is chosen by network_attach(), and written back */
	uint16_t container_port;
	struct net_addr host_addr; /* family 0: every address of the host */
};

/**
 * net_port_parse() - "[HOST_IP:][HOST_PORT:]CONTAINER_PORT[/tcp|/udp]", and ranges "8000-8010:80-90"
 * @ret:	An array in @arena; appended to *@ret, *@n counts
 *
 * Return: 0, or -EINVAL with @e filled
 */
int net_port_parse(struct arena *arena, const char *text, struct net_port **ret, size_t *n, struct err *e);

/* A network as its settings file has it. */
struct net_network {
	char name[129];
	char bridge[IF_NAMESIZE];
	struct net_addr subnet;	 /* its first address + prefix */
	struct net_addr gateway; /* the bridge's own address */
	uint32_t mtu;		 /* 0: the kernel's */
	bool internal;		 /* no way out, no published ports */
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

struct net_plan {
	const char *id;	      /* container id: names the host's side of the veth pair and owns the lease */
	const char *name;     /* what other containers of the network may call it */
	const char *hostname; /* second name; may equal @name */
	struct net_network network;
	struct net_addr address; /* leased */
	uint8_t mac[6];		 /* all zero: made from the address */
	struct net_port *ports;	 /* borrowed; host_port 0 is written back */
	size_t n_ports;
};

/**
 * network_lease() - Take an address: a file made with O_EXCL
 * @want:	A particular one, or NULL for the next free
 *
 * Return: 0, or -errno with @e filled (-EADDRINUSE: @want is taken; -ENOSPC: the subnet is full)
 */
int network_lease(int networks, const struct net_network *n, const char *id, const struct net_addr *want,
		  struct net_addr *ret, struct err *e);

/* Give it back, if it is @id's. One that is not there is fine. */
int network_release(int networks, const struct net_network *n, const char *id, const struct net_addr *address,
		    struct err *e);

/**
 * network_attach() - Wire a network namespace: bridge (made if missing), veth pair, address, route, NAT, ports, names
 * @networks:	Folder fd of networks/
 * @netns:	The container's network namespace
 *
 * A published port that somebody listens on, or that another container has, is -EADDRINUSE, said with its number.
 * On failure what was made is removed again (the lease stays: it is the caller's).
 *
 * Return: 0, or -errno with @e filled
 */
int network_attach(int networks, struct net_plan *plan, int netns, struct err *e);

/**
 * network_detach() - Undo network_attach(): ports, names, link. What is not there is fine
 *
 * Return: 0, or -errno with @e filled
 */
int network_detach(int networks, const struct net_plan *plan, struct err *e);

/**
 * network_hosts() - The text of /etc/hosts for a container: localhost, itself, and the others of its network
 * @ret:	Freed by the caller
 */
int network_hosts(int networks, const struct net_plan *plan, const char *const *extra, size_t n_extra, char **ret,
		  struct err *e);

/**
 * network_resolv() - The text of /etc/resolv.conf: the host's nameservers that a container can reach (loopback ones are
 * replaced by what systemd-resolved's own file names), search and options kept
 */
int network_resolv(const struct net_network *n, char **ret, struct err *e);

#endif
