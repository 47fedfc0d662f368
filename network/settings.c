// SPDX-License-Identifier: Apache-2.0
/* settings.c: networks as folders: found, made, removed. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/str.h"
#include "network/choose.h"
#include "network/elements.h"
#include "network/fields.h"
#include "network/folder.h"
#include "network/link.h"
#include "network/nft.h"
#include "network/settings.h"
#include "network/subnet.h"

#define SETTINGS_MAX 65536
#define MTU_MIN 68 /* of IPv4: RFC 791 */

/* The settings file. */
struct settings {
	char *bridge;
	struct net_addr subnet, gateway;
	uint32_t mtu;
	bool internal;
};

static const struct field settings_fields[] = {
	FIELD_STRING(struct settings, bridge, "bridge", REQUIRED),
	FIELD_OWN(struct settings, subnet, "subnet", net_addr, REQUIRED),
	FIELD_OWN(struct settings, gateway, "gateway", net_addr, REQUIRED),
	FIELD_U32(struct settings, mtu, "mtu", OPTIONAL),
	FIELD_BOOL(struct settings, internal, "internal", OPTIONAL),
};

/* As the kernel has it: no slash, no colon, no blank, and neither "." nor "..". */
static bool good_bridge(const char *name)
{
	return *name && strlen(name) < IF_NAMESIZE && !strpbrk(name, "/: \t\n\v\f\r") && !streq(name, ".") &&
	       !streq(name, "..");
}

static int check(const struct net_network *n, struct err *e)
{
	char subnet[NET_ADDR_MAX], gateway[NET_ADDR_MAX];
	uint32_t number = subnet_number(&n->gateway);

	net_addr_text(&n->subnet, true, subnet);
	if (!good_bridge(n->bridge))
		return err_say(e, EINVAL, "network %s: \"%s\" cannot be the name of a bridge", n->name, n->bridge);
	if (n->subnet.prefix < 8 || n->subnet.prefix > 29 || subnet_number(&n->subnet) != subnet_first(&n->subnet))
		return err_say(e, EINVAL, "network %s: subnet %s must be 8 to 29 bits wide, and all zeros behind them",
			       n->name, subnet);
	if (!subnet_contains(&n->subnet, &n->gateway) || number == subnet_first(&n->subnet) ||
	    number == subnet_last(&n->subnet))
		return err_say(e, EINVAL, "network %s: gateway %s is no address of a host in %s", n->name,
			       net_addr_text(&n->gateway, false, gateway), subnet);
	if (n->mtu && (n->mtu < MTU_MIN || n->mtu > 65535))
		return err_say(e, EINVAL, "network %s: an mtu must be %d to 65535", n->name, MTU_MIN);
	return 0;
}

int settings_parse(const char *name, const char *text, size_t len, struct net_network *ret, struct err *e)
{
	auto_arena struct arena arena = { 0 };
	struct settings s = { 0 };
	struct net_network n = { .internal = false };
	int r = decode_text(text, len, "settings", settings_fields, ARRAY_SIZE(settings_fields), &arena, &s, e);

	if (r < 0)
		return err_wrap(e, "network %s", name);
	snprintf(n.name, sizeof(n.name), "%s", name);
	if (!good_bridge(s.bridge))
		return err_say(e, EINVAL, "network %s: \"%.32s\" cannot be the name of a bridge", name, s.bridge);
	snprintf(n.bridge, sizeof(n.bridge), "%s", s.bridge);
	n.subnet = s.subnet;
	n.gateway = subnet_address(subnet_number(&s.gateway), s.subnet.prefix);
	n.mtu = s.mtu;
	n.internal = s.internal;
	r = check(&n, e);
	if (r == 0)
		*ret = n;
	return r;
}

int settings_read(int networks, const char *name, struct net_network *ret, struct err *e)
{
	auto_free char *text = NULL;
	size_t len;
	auto_fd int folder = folder_open(networks, name, NULL, e);

	if (folder < 0)
		return folder;
	int r = file_read(folder, FOLDER_SETTINGS, SETTINGS_MAX, &text, &len, e);

	if (r < 0)
		return err_wrap(e, "network %s", name);
	return settings_parse(name, text, len, ret, e);
}

/* Write a whole folder under a name that nobody looks at, and rename it: a network is there complete, or not at all. */
static int fill_folder(int folder, const struct net_network *n, struct err *e)
{
	struct settings s = { .bridge = (char *)n->bridge, .subnet = n->subnet, .gateway = n->gateway, .mtu = n->mtu,
			      .internal = n->internal };
	auto_free char *text = NULL;
	int r = encode_text(settings_fields, ARRAY_SIZE(settings_fields), &s, &text, e);

	if (r < 0)
		return r;
	if (mkdirat(folder, FOLDER_LEASES, 0700) < 0 || mkdirat(folder, FOLDER_NAMES, 0700) < 0)
		return err_set(e, errno, "make the folders of network %s", n->name);
	return file_publish(folder, FOLDER_SETTINGS, text, strlen(text), 0600, FILE_SYNC, e);
}

static int publish_folder(int networks, const struct net_network *n, struct err *e)
{
	char temporary[NAME_MAX + 1], random[13];
	struct err ignored;
	int r = proc_random_hex(random, sizeof(random) - 1);

	if (r < 0)
		return err_set(e, -r, "make network %s", n->name);
	snprintf(temporary, sizeof(temporary), ".%s.%s", n->name, random);
	if (mkdirat(networks, temporary, 0700) < 0)
		return err_set(e, errno, "make network %s", n->name);
	auto_fd int folder = path_open_beneath(networks, temporary, O_RDONLY | O_DIRECTORY, 0, e);

	r = folder < 0 ? folder : fill_folder(folder, n, e);
	if (r == 0 && renameat2(networks, temporary, networks, n->name, RENAME_NOREPLACE) < 0)
		r = err_set(e, errno, "make network %s", n->name);
	if (r < 0)
		(void)file_remove(networks, temporary, &ignored); /* the first error is the one that counts */
	return r;
}

int network_create(int networks, struct net_network *n, struct err *e)
{
	struct net_network made = *n;
	int r = str_check_name(n->name, "network name", e);

	if (r < 0)
		return r;
	/* two networks that are made at the same moment must not choose the same subnet */
	auto_fd int lock = folder_lock(networks, e);

	if (lock < 0)
		return lock;
	if (faccessat(networks, n->name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return err_say(e, EEXIST, "network %s exists already", n->name);
	r = choose_missing(networks, &made, e);
	if (r == 0)
		r = check(&made, e);
	if (r == 0)
		r = publish_folder(networks, &made, e);
	if (r == 0)
		*n = made;
	return r;
}

int network_find(int networks, const char *name, struct net_network *ret, struct err *e)
{
	struct net_network n = { .name = NET_DEFAULT };
	int r = settings_read(networks, name, ret, e);

	if (r != -ENOENT || !streq(name, NET_DEFAULT))
		return r;
	r = network_create(networks, &n, e);
	if (r == -EEXIST) /* somebody else made it meanwhile */
		return settings_read(networks, name, ret, e);
	if (r == 0)
		*ret = n;
	return r;
}

static int any_name(int dir, const char *name, void *arg, struct err *e)
{
	(void)dir;
	(void)arg;
	return err_say(e, EBUSY, "%s is taken", name);
}

static int remove_from_kernel(const struct net_network *n, struct err *e)
{
	auto_nl struct nl rt = { 0 }, nf = { 0 };
	int r = nl_open(&rt, NETLINK_ROUTE, e);

	if (r == 0)
		r = nft_open(&nf, e);
	if (r == 0)
		r = elements_forget(&nf, n, e);
	return r < 0 ? r : link_remove(&rt, n->bridge, e);
}

int network_remove(int networks, const char *name, struct err *e)
{
	char removed[NAME_MAX + 1];
	struct net_network n;
	int r = settings_read(networks, name, &n, e);

	if (r < 0)
		return r;
	auto_fd int lock = folder_lock(networks, e);
	auto_fd int leases = lock < 0 ? -1 : folder_open(networks, name, FOLDER_LEASES, e);

	if (leases < 0)
		return -e->code;
	r = file_each(leases, any_name, NULL, e);
	if (r < 0)
		return r == -EBUSY ? err_wrap(e, "network %s has containers", name) : r;
	r = remove_from_kernel(&n, e);
	if (r < 0)
		return r;
	/* gone for everybody in one step; what is left of it, were we killed here, has a name that nobody looks at */
	snprintf(removed, sizeof(removed), ".%s.removed", name);
	r = file_remove(networks, removed, e);
	if (r == 0 && renameat(networks, name, networks, removed) < 0)
		r = err_set(e, errno, "remove network %s", name);
	return r < 0 ? r : file_remove(networks, removed, e);
}
