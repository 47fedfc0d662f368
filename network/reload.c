// SPDX-License-Identifier: Apache-2.0
#include "network/reload.h"

#include <errno.h>

#include "base/fd.h"
#include "base/file.h"
#include "network/apart.h"
#include "network/egress_rules.h"
#include "network/elements.h"
#include "network/folder.h"
#include "network/network.h"
#include "network/nft.h"
#include "network/record.h"
#include "network/settings.h"
#include "network/table.h"

#define TRIES 8 /* somebody else changes the tables at the same moment, again and again */

struct restore {
	struct nl *nf;
	const char *boot;
	bool prepared; /* apart_prepare() */
};

/* Once, and then one more round: the tables have changed. */
static int prepare(struct restore *re, const struct record *record, struct err *e)
{
	if (re->prepared || !record->apart || !record->ports.n)
		return 0;
	re->prepared = true;
	int r = apart_prepare(e);

	return r < 0 ? r : -ERESTART;
}

/* Where they are, they stay, and go on counting. A link that is not there any more needs none. */
static int restore_egress(const struct restore *re, const struct record *record, uint32_t generation, struct arena *arena,
			  struct err *e)
{
	struct net_egress_counters ignored;
	struct net_egress egress;
	int r = net_egress_of_words(&record->egress, arena, &egress, e);

	if (r == 0 && egress.limited)
		r = egress_count(re->nf, record->link, &ignored, e);
	if (r != 0 || !egress.limited)
		return r < 0 ? r : 0;
	r = egress_put(re->nf, &(struct egress_place){ record->link, record->address }, &egress, generation, e);
	return r == -ENOENT ? 0 : r;
}

/*
 * One container's egress rules and ports, unless it leaves at this moment: then the tables change, and its record is looked at
 * again.
 */
static int restore_container(int names, const char *id, void *arg, struct err *e)
{
	struct restore *re = arg;
	int r = -ERESTART;

	for (int i = 0; i < TRIES && r == -ERESTART; i++) {
		auto_arena struct arena arena = { 0 };
		struct elements all = { .network = NULL };
		struct record record;
		struct net_port *ports;

		r = nft_generation(re->nf, &all.generation, e);
		if (r < 0)
			return r;
		r = record_read_active(names, id, re->boot, &arena, &record, e);
		if (r == 0)
			r = record_ports(&record, &arena, &ports, &all.n_ports, e);
		if (r == -ENOENT || r == -EINVAL)
			return 0; /* left, or of a file cut short by a power failure */
		if (r < 0)
			return r;
		r = prepare(re, &record, e);
		if (r == 0)
			r = restore_egress(re, &record, all.generation, &arena, e);
		if (r < 0)
			continue; /* -ERESTART, or the end */
		all.container = record.address;
		all.ports = ports;
		r = elements_publish(re->nf, &all, e); /* one more round where there were egress rules to make */
	}
	return r == -EADDRINUSE ? 0 : r; /* of a command that was killed before it noticed */
}

static int restore_network(int networks, const char *name, void *arg, struct err *e)
{
	struct restore *re = arg;
	struct net_network n;

	if (settings_read(networks, name, &n, e) < 0)
		return 0; /* not one of ours, or being removed */
	auto_fd int names = n.driver == NET_BRIDGE ? folder_open(networks, name, FOLDER_NAMES, e) : -1;

	if (names < 0) /* removed at this moment, or without rules of ours */
		return 0;
	int r = elements_publish(re->nf, &(struct elements){ .network = &n }, e);

	return r < 0 ? r : file_each(names, restore_container, re, e);
}

int reload_all(int networks, struct nl *nf, struct err *e)
{
	char boot[RECORD_BOOT_MAX];
	struct restore re = { .nf = nf, .boot = boot };
	int r = record_boot(boot, e);

	return r < 0 ? r : file_each(networks, restore_network, &re, e);
}

int network_reload(int networks, struct err *e)
{
	auto_nl struct nl nf = { 0 };
	bool made;
	int r = nft_open(&nf, e);

	if (r == 0)
		r = table_ensure(&nf, &made, e);
	return r < 0 ? r : reload_all(networks, &nf, e);
}
