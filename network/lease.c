// SPDX-License-Identifier: Apache-2.0
/*
 * lease.c: leases/ADDRESS holds the id of the container that has the address.
 *
 * A file is written under a name of its own and then linked to an address's: that fails where the name exists, and a lease
 * is never seen without its owner. The search begins at a place that the id decides: containers spread over the subnet, so
 * that few addresses are tried, and a container that comes back finds the address it had.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "network/folder.h"
#include "network/subnet.h"

#define ID_MAX 256

/* The owner's name for a lease in the making. */
static void temporary_name(const char *id, char ret[NAME_MAX + 1])
{
	snprintf(ret, NAME_MAX + 1, ".%.128s", id);
}

static int write_temporary(int leases, const char *id, const char *temporary, struct err *e)
{
	(void)unlinkat(leases, temporary, 0); /* of a run that was killed */
	auto_fd int fd = openat(leases, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : fd_write_all(fd, id, strlen(id));

	return r < 0 ? err_set(e, -r, "write a lease") : 0;
}

/* Whose address it is. Return: 0, or -errno with @e filled */
static int read_owner(int leases, const char *address, char ret[ID_MAX], struct err *e)
{
	auto_free char *text = NULL;
	int r = file_read(leases, address, ID_MAX - 1, &text, NULL, e);

	if (r < 0)
		return r;
	snprintf(ret, ID_MAX, "%s", text);
	return 0;
}

/* Try one address. Return: 0 where it is @id's now, or -EADDRINUSE and others with @e filled */
static int try(int leases, const char *temporary, const char *id, const struct net_addr *a, struct err *e)
{
	char name[NET_ADDR_MAX], owner[ID_MAX];

	net_addr_text(a, false, name);
	if (linkat(leases, temporary, leases, name, 0) == 0)
		return 0;
	if (errno != EEXIST)
		return err_set(e, errno, "take address %s", name);
	if (read_owner(leases, name, owner, e) == 0 && streq(owner, id))
		return 0; /* of a run that ended badly */
	return err_say(e, EADDRINUSE, "address %s is taken", name);
}

static int usable(const struct net_network *n, const struct net_subnet *s, const struct net_addr *a, struct err *e)
{
	char text[NET_ADDR_MAX], subnet[NET_ADDR_MAX];

	net_addr_text(a, false, text);
	if (!subnet_has_host(&s->subnet, a))
		return err_say(e, EINVAL, "address %s is none for a container in %s of network %s", text,
			       net_addr_text(&s->subnet, true, subnet), n->name);
	if (subnet_same_address(a, &s->gateway))
		return err_say(e, EADDRINUSE, "address %s is the gateway's in network %s", text, n->name);
	return 0;
}

/* The first free address from the place on that the id decides, within the range that the network has for it. */
static int search(int leases, const char *temporary, const struct net_network *n, const struct net_subnet *s,
		  const char *id, struct net_addr *ret, struct err *e)
{
	subnet_int first = s->first.family ? subnet_number(&s->first) : 0;
	subnet_int last = s->last.family ? subnet_number(&s->last) : ~(subnet_int)0;

	first = MAX(first, subnet_first(&s->subnet) + 1);
	last = MIN(last, subnet_last(&s->subnet) - 1);
	subnet_int count = last - first + 1, start = subnet_hash(SUBNET_HASH_SEED, id, strlen(id)) % count;
	char text[NET_ADDR_MAX];

	for (subnet_int i = 0; i < count; i++) {
		struct net_addr a = subnet_address(&s->subnet, first + (start + i) % count);

		if (subnet_same_address(&a, &s->gateway))
			continue;
		int r = try(leases, temporary, id, &a, e);

		if (r == -EADDRINUSE)
			continue;
		if (r == 0)
			*ret = a;
		return r;
	}
	return err_say(e, ENOSPC, "every address of network %s (%s) is taken", n->name,
		       net_addr_text(&s->subnet, true, text));
}

int network_lease(int networks, const struct net_network *n, enum net_family family, const char *id,
		  const struct net_addr *want, struct net_addr *ret, struct err *e)
{
	const struct net_subnet *s = &n->ip[family];
	char temporary[NAME_MAX + 1];
	int r = str_check_name(id, "container id", e);

	if (r < 0 || (want && usable(n, s, want, e) < 0))
		return -e->code;
	auto_fd int leases = folder_open(networks, n->name, FOLDER_LEASES, e);

	if (leases < 0)
		return leases;
	temporary_name(id, temporary);
	r = write_temporary(leases, id, temporary, e);
	if (r < 0)
		return r;
	if (want) {
		r = try(leases, temporary, id, want, e);
		if (r == 0)
			*ret = subnet_address(&s->subnet, subnet_number(want));
	} else {
		r = search(leases, temporary, n, s, id, ret, e);
	}
	(void)unlinkat(leases, temporary, 0); /* were it left, the next lease of this id would remove it */
	return r;
}

/* A lease that is not there, or another's, is left alone. */
static int give_back(int leases, const char *name, void *arg, struct err *e)
{
	char owner[ID_MAX];
	int r = read_owner(leases, name, owner, e);

	if (r == -ENOENT || (r == 0 && !streq(owner, arg)))
		return 0;
	if (r < 0)
		return r;
	if (unlinkat(leases, name, 0) < 0 && errno != ENOENT)
		return err_set(e, errno, "give address %s back", name);
	return 0;
}

int network_release(int networks, const struct net_network *n, const char *id, const struct net_addr *address,
		    struct err *e)
{
	char name[NET_ADDR_MAX];
	auto_fd int leases = folder_open(networks, n->name, FOLDER_LEASES, e);

	if (leases == -ENOENT)
		return 0;
	if (leases < 0)
		return leases;
	if (!address)
		return file_each(leases, give_back, (char *)id, e);
	net_addr_text(address, false, name);
	return *name ? give_back(leases, name, (char *)id, e) : 0;
}
