// SPDX-License-Identifier: Apache-2.0
/*
 * cni.c: plugins asked one after the other, each told what the one before has answered; the way back in the other order.
 *
 * cni.NETWORK in the container's folder is written before the first of them is asked, and again with the last one's answer: that
 * is the cache that the spec wants. It goes when all of them have taken back what they made, so who is killed in between leaves
 * it to the next command; plugins can be asked to do that any number of times.
 */
#include "network/cni.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "network/cni_config.h"
#include "network/cni_names.h"
#include "network/cni_plugin.h"
#include "network/cni_result.h"
#include "network/hosts.h"
#include "network/netns_file.h"
#include "network/ports.h"
#include "spec/decode.h"
#include "spec/text.h"

#define RECORD_MAX (8 << 20)

struct attachment {
	json_t *root; /* the record as it was read; owned */
	struct arena arena;
	char *network, *id, *interface, *netns, *args, *path, *hosts;
	uint32_t version; /* enum cni_version */
	bool disable_check;
	json_t *plugins; /* what each is told; of @root, or of whoever made them */
	json_t *result;	 /* the last answer; the same. NULL: there is none yet */
};

/* JSON as it is. */
static int field_json(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	(void)d;
	(void)f;
	*(json_t **)ret = v;
	return 0;
}

static int put_json(const struct field *f, const void *value, json_t **ret, struct err *e)
{
	(void)f;
	(void)e;
	if (*(json_t *const *)value)
		*ret = json_incref(*(json_t *const *)value);
	return 0;
}

static const struct field fields[] = {
	FIELD_STRING(struct attachment, network, "network", REQUIRED),
	FIELD_STRING(struct attachment, id, "id", REQUIRED),
	FIELD_STRING(struct attachment, interface, "interface", REQUIRED),
	FIELD_STRING(struct attachment, netns, "netns", REQUIRED),
	FIELD_STRING(struct attachment, args, "args", OPTIONAL),
	FIELD_STRING(struct attachment, path, "path", REQUIRED),
	FIELD_STRING(struct attachment, hosts, "hosts", OPTIONAL),
	FIELD_ENUM(struct attachment, version, "version", REQUIRED, cni_versions),
	FIELD_BOOL(struct attachment, disable_check, "disableCheck", OPTIONAL),
	FIELD_OWN(struct attachment, plugins, "plugins", json, REQUIRED),
	FIELD_OWN(struct attachment, result, "result", json, OPTIONAL),
};

static void attachment_free(struct attachment *t)
{
	json_decref(t->root);
	arena_free(&t->arena);
}
#define auto_attachment __attribute__((cleanup(attachment_free)))

/* ---- the record ---- */

static void record_name(const char *network, char ret[NAME_MAX + 1])
{
	snprintf(ret, NAME_MAX + 1, "cni.%.128s", network);
}

/* Return: 0, or -errno with @e filled (-ENOENT) */
static int read_record(int dir, const char *network, struct attachment *ret, struct err *e)
{
	struct decoder d = { .arena = &ret->arena, .e = e };
	auto_free char *text = NULL;
	char name[NAME_MAX + 1];
	size_t len;

	record_name(network, name);
	int r = file_read(dir, name, RECORD_MAX, &text, &len, e);

	if (r >= 0)
		r = json_from_text(text, len, &ret->root, e);
	if (r >= 0)
		r = decode_object(&d, ret->root, fields, ARRAY_SIZE(fields), ret);
	return r < 0 && r != -ENOENT ? err_wrap(e, "%s", name) : r;
}

static int write_record(int dir, const struct attachment *t, struct err *e)
{
	auto_free char *text = NULL;
	char name[NAME_MAX + 1];
	int r = encode_text(fields, ARRAY_SIZE(fields), t, &text, e);

	record_name(t->network, name);
	return r < 0 ? r : file_publish(dir, name, text, strlen(text), 0600, 0, e);
}

static int remove_record(int dir, const char *network, struct err *e)
{
	char name[NAME_MAX + 1];

	record_name(network, name);
	return file_remove(dir, name, e);
}

/* ---- asking ---- */

/* One plugin. @ret: its answer; NULL: none is wanted */
static int ask(const struct attachment *t, const char *command, size_t index, json_t *before, json_t **ret, struct err *e)
{
	const struct cni_call c = {
		.command = command,
		.path = t->path,
		.id = t->id,
		.netns = netns_file_is_there(t->netns) ? t->netns : "", /* gone with a reboot: then nothing of it is to be undone */
		.interface = t->interface,
		.args = t->args,
	};
	json_auto_t *config = json_copy(json_array_get(t->plugins, index));

	if (!config || (before && json_object_set(config, "prevResult", before) < 0))
		return err_nomem(e);
	return cni_plugin_call(&c, config, ret, e);
}

/* @ret: the last one's answer, a new reference; left alone on failure */
static int add_all(const struct attachment *t, json_t **ret, struct err *e)
{
	json_t *answer = NULL;
	int r = 0;

	for (size_t i = 0; i < json_array_size(t->plugins) && r >= 0; i++) {
		json_t *next = NULL;

		r = ask(t, "ADD", i, answer, &next, e);
		if (r < 0)
			break;
		json_decref(answer);
		answer = next;
	}
	if (r < 0)
		json_decref(answer);
	else
		*ret = answer;
	return r;
}

/* In the other order; the first failure counts, and does not keep the others from being asked. */
static int delete_all(const struct attachment *t, struct err *e)
{
	json_t *before = t->version >= CNI_0_4_0 ? t->result : NULL;
	int first = 0;

	for (size_t i = json_array_size(t->plugins); i-- > 0;) {
		struct err why;
		int r = ask(t, "DEL", i, before, NULL, &why);

		if (r >= 0 || first < 0)
			continue;
		first = r;
		*e = why;
	}
	return first;
}

static int take_back(int dir, const struct attachment *t, struct err *e)
{
	char block[NAME_MAX + 1];
	int r = delete_all(t, e);

	cni_block_name(t->network, block);
	if (t->hosts)
		hosts_clear(t->hosts, block);
	if (r >= 0)
		r = netns_file_remove(t->netns, e);
	return r < 0 ? r : remove_record(dir, t->network, e);
}

/* ---- what others call ---- */

static int find_programs(const char *path, json_t *plugins, struct err *e)
{
	char program[PATH_MAX];
	json_t *p;
	size_t i;
	int r = 0;

	json_array_foreach (plugins, i, p)
		if (r >= 0)
			r = cni_plugin_find(path, json_string_value(json_object_get(p, "type")), program, e);
	return r;
}

static int open_config(const struct cni_places *p, const char *network, struct cni_config *ret, struct err *e)
{
	int r = cni_config_find(p->configs, network, ret, e);

	return r < 0 ? r : find_programs(p->path, ret->plugins, e);
}

static int wrap(int r, const char *network, struct err *e)
{
	return r < 0 ? err_wrap(e, "network cni:%s", network) : r;
}

int cni_find(const struct cni_places *p, const char *network, struct err *e)
{
	auto_cni_config struct cni_config c = { 0 };

	return wrap(open_config(p, network, &c, e), network, e);
}

static int join_args(const struct cni_request *q, struct arena *a, char **ret, struct err *e)
{
	char *text = NULL;

	for (size_t i = 0; i < q->args.n; i++) {
		text = arena_printf(a, "%s%s%s", text ? text : "", text ? ";" : "", q->args.v[i]);
		if (!text)
			return err_nomem(e);
	}
	*ret = text;
	return 0;
}

static int add(int dir, struct attachment *t, int netns, json_t **ret, struct err *e)
{
	int r = netns_file_make(t->netns, netns, e);

	if (r >= 0)
		r = add_all(t, ret, e);
	if (r < 0)
		return r;
	t->result = *ret;
	return write_record(dir, t, e);
}

static int add_configured(int dir, const struct cni_request *q, const struct cni_config *c, int netns, struct arena *a,
			  struct cni_result *ret, struct err *e)
{
	json_auto_t *plugins = NULL, *answer = NULL;
	struct err ignored;
	int r = cni_config_resolve(c, q, &plugins, e);
	struct attachment t = {
		.network = (char *)q->network, .id = (char *)q->id, .interface = (char *)q->interface, .netns = (char *)q->netns, .hosts = (char *)q->hosts,
		.path = (char *)q->places.path, .version = c->version, .disable_check = c->disable_check, .plugins = plugins,
	};

	if (r >= 0)
		r = join_args(q, a, &t.args, e);
	if (r >= 0)
		r = write_record(dir, &t, e);
	if (r < 0)
		return r;
	r = add(dir, &t, netns, &answer, e);
	if (r >= 0)
		r = cni_result_read(answer, q->interface, a, ret, e);
	if (r >= 0)
		r = cni_names_write(q, ret, e);
	if (r < 0)
		(void)take_back(dir, &t, &ignored); /* what fails here stays on record; the first error is the one that counts */
	return r;
}

/* Of IPv4: whether the container will have IPv6 is not known yet. */
static int hold_ports(const struct cni_request *q, struct net_hold *ret, struct err *e)
{
	const struct net_addr container[NET_FAMILIES] = { [NET_V4] = { .family = AF_INET } };

	return ports_take(-1, container, q->ports, q->n_ports, ret, e);
}

int cni_add(int dir, struct cni_request *q, int netns, struct arena *a, struct cni_result *ret, struct net_hold *ret_hold,
	    struct err *e)
{
	auto_cni_config struct cni_config c = { 0 };
	struct net_hold hold = { .n = 0 };
	int r = cni_delete(dir, q->network, e);

	if (r < 0)
		return r;
	r = open_config(&q->places, q->network, &c, e);
	if (r >= 0)
		r = hold_ports(q, &hold, e);
	if (r >= 0)
		r = add_configured(dir, q, &c, netns, a, ret, e);
	if (r >= 0 && ret_hold && q->n_ports)
		*ret_hold = hold;
	else
		net_hold_close(&hold);
	return wrap(r, q->network, e);
}

int cni_delete(int dir, const char *network, struct err *e)
{
	auto_attachment struct attachment t = { 0 };
	int r = read_record(dir, network, &t, e);

	if (r == -ENOENT)
		return 0;
	if (r >= 0)
		r = take_back(dir, &t, e);
	return wrap(r, network, e);
}

int cni_check(int dir, const char *network, struct err *e)
{
	auto_attachment struct attachment t = { 0 };
	int r = read_record(dir, network, &t, e);

	if (r >= 0 && t.version >= CNI_0_4_0 && !t.disable_check)
		for (size_t i = 0; i < json_array_size(t.plugins) && r >= 0; i++)
			r = ask(&t, "CHECK", i, t.result, NULL, e);
	return wrap(r, network, e);
}

int cni_answer(int dir, const char *network, json_t **ret, struct err *e)
{
	auto_attachment struct attachment t = { 0 };
	int r = read_record(dir, network, &t, e);

	if (r >= 0 && !t.result)
		r = err_say(e, ENOENT, "its plugins have not answered yet");
	if (r >= 0)
		*ret = json_incref(t.result);
	return wrap(r, network, e);
}

int cni_interface(int dir, const char *network, struct arena *a, const char **ret, struct err *e)
{
	auto_attachment struct attachment t = { 0 };
	int r = read_record(dir, network, &t, e);
	const char *copy = r < 0 ? NULL : arena_strdup(a, t.interface);

	if (r >= 0 && !copy)
		r = err_nomem(e);
	if (r >= 0)
		*ret = copy;
	return wrap(r, network, e);
}

/* Every plugin of a network, without a container. Return: 0, or -errno with @e filled */
static int ask_network(const struct cni_places *p, const struct cni_config *c, const char *command, json_t *keep, struct err *e)
{
	const struct cni_request nobody = { .network = c->name };
	const struct cni_call call = { .command = command, .path = p->path };
	json_auto_t *plugins = NULL;
	json_t *config;
	size_t i;
	int r = cni_config_resolve(c, &nobody, &plugins, e);

	json_array_foreach (plugins, i, config) {
		if (r >= 0 && keep && json_object_set(config, "cni.dev/valid-attachments", keep) < 0)
			r = err_nomem(e);
		if (r >= 0)
			r = cni_plugin_call(&call, config, NULL, e);
	}
	return r;
}

int cni_status(const struct cni_places *p, const char *network, struct err *e)
{
	auto_cni_config struct cni_config c = { 0 };
	int r = open_config(p, network, &c, e);

	if (r >= 0 && c.version >= CNI_1_1_0)
		r = ask_network(p, &c, "STATUS", NULL, e);
	return wrap(r, network, e);
}

static int check_collectable(const struct cni_config *c, struct err *e)
{
	if (c->version < CNI_1_1_0)
		return err_say(e, EOPNOTSUPP, "its plugins collect nothing: cniVersion is %s, and must be 1.1.0", cni_versions[c->version]);
	return c->disable_gc ? err_say(e, EOPNOTSUPP, "nothing may be collected: disableGC is set") : 0;
}

int cni_collect(const struct cni_places *p, const char *network, const struct cni_attachment *keep, size_t n, struct err *e)
{
	auto_cni_config struct cni_config c = { 0 };
	json_auto_t *all = json_array();
	int r = open_config(p, network, &c, e);

	if (r >= 0)
		r = check_collectable(&c, e);
	for (size_t i = 0; i < n && r >= 0; i++)
		if (json_array_append_new(all, json_pack("{s:s, s:s}", "containerID", keep[i].id, "ifname", keep[i].interface)) < 0)
			r = err_nomem(e);
	if (r >= 0)
		r = ask_network(p, &c, "GC", all, e);
	return wrap(r, network, e);
}
