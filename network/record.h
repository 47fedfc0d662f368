/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record.h: names/ID says what a container has of a network: its link, address, names, hosts file and published ports.
 *
 * It is written before the first of them is taken, and removed after the last is given back.
 */
#ifndef NETWORK_RECORD_H
#define NETWORK_RECORD_H

#include "base/str.h"
#include "network/network.h"

struct record {
	char *boot; /* the kernel's boot id: after a reboot nothing of it is left */
	char *link;	 /* the host's end of its pair; "": its link is in its namespace alone */
	char *interface; /* what its end is called */
	struct net_addr address[NET_FAMILIES];
	char *hosts;	   /* path of its hosts file; NULL: none */
	bool apart;	   /* as the plan has it */
	struct strv names; /* the container's name first */
	struct strv ports; /* as net_port_parse() reads them */
	struct strv egress; /* as net_egress_words() has them; none: it is not limited */
};

/* The boot id of the running kernel. Return: 0, or -errno with @e filled */
#define RECORD_BOOT_MAX 64
int record_boot(char ret[RECORD_BOOT_MAX], struct err *e);

/* Return: 0, or -errno with @e filled */
int record_write(int names, const struct net_plan *plan, const char *link, struct err *e);

/* Another one in its place. Return: 0, or -errno with @e filled */
int record_replace(int names, const char *id, const struct record *r, struct err *e);

/* A record or a retired one, into @arena. Return: 0, or -errno (-ENOENT: none; -EINVAL: unreadable); @e filled */
int record_read(int names, const char *id, struct arena *arena, struct record *ret, struct err *e);

/* The same for one that is in use: not retired, and of this boot (-ENOENT otherwise). */
int record_read_active(int names, const char *id, const char *boot, struct arena *arena, struct record *ret,
		       struct err *e);

/* What a record of @plan would say; it borrows the plan's strings. Return: 0, or -ENOMEM; @e filled */
int record_from_plan(const struct net_plan *plan, const char *link, struct arena *arena, struct record *ret,
		     struct err *e);

int record_ports(const struct record *r, struct arena *arena, struct net_port **ret, size_t *n, struct err *e);

/* Out of use, but still there to be read by record_read(). One that is not there is fine. */
int record_retire(int names, const char *id, struct err *e);

/* Gone, in use or retired. */
int record_remove(int names, const char *id, struct err *e);

#endif
