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

static int usable(const struct net_network *n, const struct net_addr *a, struct err *e)
{
	char text[NET_ADDR_MAX], subnet[NET_ADDR_MAX];
	uint32_t number = subnet_number(a);

	net_addr_text(a, false, text);
	if (!subnet_contains(&n->subnet, a) || number == subnet_first(&n->subnet) || number == subnet_last(&n->subnet))
		return err_say(e, EINVAL, "address %s is none for a container in %s of network %s", text,
			       net_addr_text(&n->subnet, true, subnet), n->name);
	if (subnet_same_address(a, &n->gateway))
		return err_say(e, EADDRINUSE, "address %s is the bridge's own in network %s", text, n->name);
	return 0;
}

/* The first free address from the place on that the id decides. */
static int search(int leases, const char *temporary, const struct net_network *n, const char *id, struct net_addr *ret,
		  struct err *e)
{
	uint32_t count = subnet_usable(&n->subnet), first = subnet_first(&n->subnet) + 1;
	uint64_t start = count ? subnet_hash(SUBNET_HASH_SEED, id, strlen(id)) % count : 0;
	char text[NET_ADDR_MAX];

	for (uint32_t i = 0; i < count; i++) {
		struct net_addr a = subnet_address(first + (uint32_t)((start + i) % count), n->subnet.prefix);

		if (subnet_same_address(&a, &n->gateway))
			continue;
		int r = try(leases, temporary, id, &a, e);

		if (r == -EADDRINUSE)
			continue;
		if (r == 0)
			*ret = a;
		return r;
	}
	return err_say(e, ENOSPC, "every address of network %s (%s) is taken", n->name,
		       net_addr_text(&n->subnet, true, text));
}

int network_lease(int networks, const struct net_network *n, const char *id, const struct net_addr *want,
		  struct net_addr *ret, struct err *e)
{
	char temporary[NAME_MAX + 1];
	int r = str_check_name(id, "container id", e);

	if (r < 0 || (want && usable(n, want, e) < 0))
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
			*ret = subnet_address(subnet_number(want), n->subnet.prefix);
	} else {
		r = search(leases, temporary, n, id, ret, e);
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
