/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pasta.h: a network namespace connected by the program pasta: what it sends comes from ordinary sockets of the one who runs that.
 *
 * The namespace is shown to the program by a name in a folder, and when that name is removed the program ends, with all it holds:
 * so whoever removes it needs to know nothing of the program, and a killed command leaves none for long.
 */
#ifndef NETWORK_PASTA_H
#define NETWORK_PASTA_H

#include "base/proc.h"
#include "network/network.h"

#define PASTA_PROGRAM "/usr/bin/pasta"
#define PASTA_DNS     "169.254.1.1" /* asked there, it asks the host's first nameserver */

struct pasta_plan {
	const char *netns;	/* path of the name, made here, in a folder of a file system that tells of removals (a tmpfs) */
	const char *pid_file;	/* in a folder of ours */
	const char *options;	/* further ones of the program, with commas between them; NULL: none */
	struct net_port *ports; /* host_port 0 is written back */
	size_t n_ports;
};

/**
 * pasta_start() - Start it, and wait until the namespace is connected and the ports are open
 * @netns:	The namespace; not consumed
 * @ret:	The program, which goes on in the background
 *
 * Return: 0, or -errno with @e filled: its own words (a port in use, no way out of this host)
 */
int pasta_start(const struct pasta_plan *p, int netns, struct proc_id *ret, struct err *e);

#endif
