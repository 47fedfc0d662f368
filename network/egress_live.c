// SPDX-License-Identifier: Apache-2.0
/* egress_live.c: egress rules of a container that is attached: others, and what they have counted. */
#include <errno.h>

#include "base/fd.h"
#include "network/egress_rules.h"
#include "network/folder.h"
#include "network/nft.h"
#include "network/record.h"

/* The record comes before the rules, and stays until they are gone: whoever gives them back goes by it. */
static int change(struct nl *nf, int names, const char *id, struct record *record, const struct net_egress *egress,
		  struct arena *arena, struct err *e)
{
	bool was_limited = record->egress.n;

	record->egress.n = 0;
	int r = net_egress_words(egress, arena, &record->egress, e);

	if (r == 0 && egress->limited) {
		r = record_replace(names, id, record, e);
		return r < 0 ? r : egress_put(nf, &(struct egress_place){ record->link, record->address }, egress, 0, e);
	}
	if (r == 0 && was_limited)
		r = egress_remove(nf, record->link, e);
	return r < 0 ? r : record_replace(names, id, record, e);
}

int network_egress_change(int networks, const struct net_network *n, const char *id, const struct net_egress *egress,
			  struct err *e)
{
	auto_arena struct arena arena = { 0 };
	auto_nl struct nl nf = { 0 };
	char boot[RECORD_BOOT_MAX];
	struct record record;

	if (n->driver != NET_BRIDGE)
		return err_say(e, EINVAL, "network %s is of %s: egress rules need a bridge", n->name, net_driver_names[n->driver]);
	auto_fd int names = folder_open(networks, n->name, FOLDER_NAMES, e);
	int r = names < 0 ? names : record_boot(boot, e);

	if (r == 0)
		r = record_read_active(names, id, boot, &arena, &record, e);
	if (r == 0)
		r = nft_open(&nf, e);
	return r < 0 ? r : change(&nf, names, id, &record, egress, &arena, e);
}

int network_egress_count(int networks, const char *network, const char *id, struct net_egress_counters *ret, struct err *e)
{
	auto_arena struct arena arena = { 0 };
	auto_nl struct nl nf = { 0 };
	struct net_egress_counters c;
	struct record record;
	auto_fd int names = folder_open(networks, network, FOLDER_NAMES, e);
	int r = names < 0 ? names : record_read(names, id, &arena, &record, e);

	if (r == 0)
		r = nft_open(&nf, e);
	if (r == 0)
		r = egress_count(&nf, record.link, &c, e);
	if (r == 0)
		return err_say(e, ENOENT, "container %s has no egress rules on network %s", id, network);
	if (r < 0)
		return r;
	ret->allowed.packets += c.allowed.packets;
	ret->allowed.bytes += c.allowed.bytes;
	ret->dropped.packets += c.dropped.packets;
	ret->dropped.bytes += c.dropped.bytes;
	return 0;
}
