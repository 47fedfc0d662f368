// SPDX-License-Identifier: Apache-2.0
#include "network/record.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/file.h"
#include "network/fields.h"
#include "network/folder.h"

#define RECORD_MAX (4 << 20) /* 65,535 ports fit */
#define BOOT_FILE  "/proc/sys/kernel/random/boot_id"

static const struct field record_fields[] = {
	FIELD_STRING(struct record, boot, "boot", REQUIRED),
	FIELD_STRING(struct record, link, "link", REQUIRED),
	FIELD_STRING(struct record, interface, "interface", OPTIONAL),
	FIELD_OWN(struct record, address[NET_V4], "address", net_addr, REQUIRED),
	FIELD_OWN(struct record, address[NET_V6], "address6", net_addr, OPTIONAL),
	FIELD_STRING(struct record, hosts, "hosts", OPTIONAL),
	FIELD_BOOL(struct record, apart, "apart", OPTIONAL),
	FIELD_STRINGS(struct record, names, "names", OPTIONAL),
	FIELD_STRINGS(struct record, ports, "ports", OPTIONAL),
	FIELD_STRINGS(struct record, egress, "egress", OPTIONAL),
};

/* A retired record: ids begin with a letter or digit, and whoever lists the folder skips names with a dot. */
static void retired_name(const char *id, char ret[NAME_MAX + 1])
{
	snprintf(ret, NAME_MAX + 1, ".-%.128s", id);
}

int record_boot(char ret[RECORD_BOOT_MAX], struct err *e)
{
	auto_free char *text = NULL;
	int r = file_read(AT_FDCWD, BOOT_FILE, RECORD_BOOT_MAX - 1, &text, NULL, e);

	if (r < 0)
		return r;
	snprintf(ret, RECORD_BOOT_MAX, "%.*s", (int)strcspn(text, "\n"), text);
	return 0;
}

static int add_names(const struct net_plan *plan, struct arena *arena, struct strv *names)
{
	int r = plan->name ? strv_push(arena, names, (char *)plan->name) : 0;

	if (r == 0 && plan->hostname && (!plan->name || !streq(plan->hostname, plan->name)))
		r = strv_push(arena, names, (char *)plan->hostname);
	for (size_t i = 0; r == 0 && i < plan->n_aliases; i++)
		r = strv_push(arena, names, (char *)plan->aliases[i]);
	return r;
}

int record_from_plan(const struct net_plan *plan, const char *link, struct arena *arena, struct record *ret,
		     struct err *e)
{
	struct record rec = { .link = (char *)link, .hosts = (char *)plan->hosts, .apart = plan->apart };
	char boot[RECORD_BOOT_MAX], interface[IF_NAMESIZE];
	int r = record_boot(boot, e);

	if (r < 0)
		return r;
	rec.boot = arena_strdup(arena, boot);
	rec.interface = arena_strdup(arena, net_plan_interface(plan, interface));
	if (!rec.boot || !rec.interface)
		return err_nomem(e);
	for (enum net_family f = 0; f < NET_FAMILIES; f++) {
		rec.address[f] = plan->address[f];
		rec.address[f].prefix = plan->network.ip[f].subnet.prefix;
	}
	r = add_names(plan, arena, &rec.names);
	for (size_t i = 0; r == 0 && i < plan->n_ports; i++) {
		char text[NET_PORT_MAX];

		r = strv_add(arena, &rec.ports, net_port_text(&plan->ports[i], text));
	}
	if (r < 0)
		return err_nomem(e);
	r = net_egress_words(&plan->egress, arena, &rec.egress, e);
	if (r == 0)
		*ret = rec;
	return r;
}

int record_replace(int names, const char *id, const struct record *r, struct err *e)
{
	auto_free char *text = NULL;
	int err = encode_text(record_fields, ARRAY_SIZE(record_fields), r, &text, e);

	return err < 0 ? err : file_publish(names, id, text, strlen(text), 0600, 0, e);
}

int record_write(int names, const struct net_plan *plan, const char *link, struct err *e)
{
	auto_arena struct arena arena = { 0 };
	struct record rec;
	int r = record_from_plan(plan, link, &arena, &rec, e);

	return r < 0 ? r : record_replace(names, plan->id, &rec, e);
}

static int read_file(int names, const char *file, struct arena *arena, struct record *ret, struct err *e)
{
	auto_free char *text = NULL;
	struct record rec = { 0 };
	size_t len;
	int r = file_read(names, file, RECORD_MAX, &text, &len, e);

	if (r == 0)
		r = decode_text(text, len, file, record_fields, ARRAY_SIZE(record_fields), arena, &rec, e);
	if (r == 0)
		*ret = rec;
	return r;
}

int record_read(int names, const char *id, struct arena *arena, struct record *ret, struct err *e)
{
	char retired[NAME_MAX + 1];
	int r = read_file(names, id, arena, ret, e);

	if (r != -ENOENT)
		return r;
	retired_name(id, retired);
	return read_file(names, retired, arena, ret, e);
}

int record_read_active(int names, const char *id, const char *boot, struct arena *arena, struct record *ret,
		       struct err *e)
{
	struct record rec;
	int r = read_file(names, id, arena, &rec, e);

	if (r < 0)
		return r;
	if (!streq(boot, rec.boot))
		return err_say(e, ENOENT, "record of %s: from before the last boot", id);
	*ret = rec;
	return 0;
}

int record_ports(const struct record *r, struct arena *arena, struct net_port **ret, size_t *n, struct err *e)
{
	struct net_port *ports = NULL;
	size_t count = 0;

	for (size_t i = 0; i < r->ports.n; i++) {
		int failed = net_port_parse(arena, r->ports.v[i], &ports, &count, e);

		if (failed < 0)
			return failed;
	}
	*ret = ports;
	*n = count;
	return 0;
}

int record_retire(int names, const char *id, struct err *e)
{
	char retired[NAME_MAX + 1];

	retired_name(id, retired);
	if (renameat(names, id, names, retired) < 0 && errno != ENOENT)
		return err_set(e, errno, "retire the network record of %s", id);
	return 0;
}

int record_remove(int names, const char *id, struct err *e)
{
	char retired[NAME_MAX + 1];
	int r = file_remove(names, id, e);

	retired_name(id, retired);
	return r < 0 ? r : file_remove(names, retired, e);
}

static int any_name(int names, const char *name, void *arg, struct err *e)
{
	(void)names;
	(void)name;
	(void)arg;
	(void)e;
	return 1;
}

static int any_record(int networks, const char *network, void *arg, struct err *e)
{
	auto_fd int names = folder_open(networks, network, FOLDER_NAMES, e);

	(void)arg;
	return names < 0 ? 0 : file_each(names, any_name, NULL, e); /* removed at this moment */
}

int network_is_used(int networks, struct err *e)
{
	return file_each(networks, any_record, NULL, e);
}
