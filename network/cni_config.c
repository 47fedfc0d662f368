// SPDX-License-Identifier: Apache-2.0
#include "network/cni_config.h"

#include <errno.h>
#include <fcntl.h>

#include "base/fd.h"
#include "base/file.h"
#include "spec/decode.h"
#include "spec/text.h"

#define CONFIG_MAX (1 << 20)

const char *const cni_versions[CNI_VERSIONS] = { "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0" };

/* A configuration: a list, or a plugin alone, which is a list of itself. */
struct written {
	char *version, *name, *type;
	struct strv versions;
	bool disable_check, disable_gc;
};

static const struct field fields[] = {
	FIELD_STRING(struct written, version, "cniVersion", REQUIRED),
	FIELD_STRINGS(struct written, versions, "cniVersions", OPTIONAL),
	FIELD_STRING(struct written, name, "name", REQUIRED),
	FIELD_STRING(struct written, type, "type", OPTIONAL),
	FIELD_BOOL(struct written, disable_check, "disableCheck", OPTIONAL),
	FIELD_BOOL(struct written, disable_gc, "disableGC", OPTIONAL),
};

void cni_config_free(struct cni_config *c)
{
	json_decref(c->root);
	arena_free(&c->arena);
	*c = (struct cni_config){ 0 };
}

static int find_version(const char *text)
{
	for (int i = 0; i < CNI_VERSIONS; i++)
		if (streq(text, cni_versions[i]))
			return i;
	return -1;
}

/* The newest that we speak. */
static int take_version(const struct written *w, enum cni_version *ret, struct err *e)
{
	int best = find_version(w->version);

	for (size_t i = 0; i < w->versions.n; i++)
		best = MAX(best, find_version(w->versions.v[i]));
	if (best < 0)
		return err_say(e, EINVAL, "cniVersion \"%s\" is none of 0.3.0, 0.3.1, 0.4.0, 1.0.0 and 1.1.0", w->version);
	*ret = (enum cni_version)best;
	return 0;
}

static int check_plugins(json_t *plugins, struct err *e)
{
	size_t i;
	json_t *p;

	if (!json_is_array(plugins) || !json_array_size(plugins))
		return err_say(e, EINVAL, "plugins: expected a list with one plugin at least");
	json_array_foreach (plugins, i, p) {
		json_t *type = json_object_get(p, "type");

		if (!json_is_string(type) || json_is_big(type, NULL))
			return err_say(e, EINVAL, "plugins[%zu].type: expected a string", i);
		if (str_check_name(json_string_value(type), "plugin type", e) < 0)
			return err_wrap(e, "plugins[%zu]", i);
	}
	return 0;
}

/* Consumes @root. */
static int take(json_t *root, const struct written *w, struct cni_config *ret, struct err *e)
{
	ret->root = w->type && !json_object_get(root, "plugins") ? json_pack("{s:[o]}", "plugins", root) : root;
	if (!ret->root)
		return err_nomem(e);
	ret->plugins = json_object_get(ret->root, "plugins");
	ret->name = w->name;
	ret->disable_check = w->disable_check;
	ret->disable_gc = w->disable_gc;
	int r = str_check_name(w->name, "name", e);

	if (r >= 0)
		r = take_version(w, &ret->version, e);
	return r < 0 ? r : check_plugins(ret->plugins, e);
}

int cni_config_read(const char *text, size_t len, const char *what, struct cni_config *ret, struct err *e)
{
	auto_cni_config struct cni_config c = { 0 };
	struct decoder d = { .arena = &c.arena, .e = e };
	struct written w = { 0 };
	json_t *root = NULL;
	int r = json_from_text(text, len, &root, e);

	if (r >= 0)
		r = decode_object(&d, root, fields, ARRAY_SIZE(fields), &w);
	if (r >= 0)
		r = take(root, &w, &c, e);
	else
		json_decref(root);
	if (r < 0)
		return err_wrap(e, "%s", what);
	*ret = c;
	c = (struct cni_config){ 0 };
	return 0;
}

/* ---- the folder ---- */

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), k = strlen(end);

	return n > k && streq(s + n - k, end);
}

struct search {
	const char *network;
	struct arena arena;
	struct strv names, broken; /* of networks that there are; files that cannot be read */
	struct err why;		   /* the first of the latter */
};

/* Return: 1 where it is the one that is looked for, 0 where it is not, or -errno with @e filled */
static int look_at(int dir, const char *file, struct search *s, struct cni_config *ret, struct err *e)
{
	auto_cni_config struct cni_config c = { 0 };
	auto_free char *text = NULL;
	struct err why;
	size_t len;
	auto_fd int fd = openat(dir, file, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a link to elsewhere is usual */
	int r = fd < 0 ? err_set(&why, errno, "%s", file) : file_read_fd(fd, file, CONFIG_MAX, &text, &len, &why);

	if (r >= 0)
		r = cni_config_read(text, len, file, &c, &why);
	if (r < 0 && !s->broken.n)
		s->why = why;
	if (strv_add(&s->arena, r < 0 ? &s->broken : &s->names, r < 0 ? file : c.name) < 0)
		return err_nomem(e);
	if (r < 0 || !streq(c.name, s->network))
		return 0;
	*ret = c;
	c = (struct cni_config){ 0 };
	return 1;
}

static int not_found(const char *folder, const struct search *s, struct err *e)
{
	char all[ERR_TEXT_MAX / 2] = "";

	for (size_t i = 0, at = 0; i < s->names.n && at < sizeof(all); i++)
		at += (size_t)snprintf(all + at, sizeof(all) - at, "%s%s", i ? ", " : "", s->names.v[i]);
	err_say(e, ENOENT, "no configuration in %s has this name", folder);
	if (s->broken.n)
		return err_hint(e, "%s", s->why.text);
	return *all ? err_hint(e, "there are %s", all) : -ENOENT;
}

static int look_through(int dir, bool lists, struct search *s, struct cni_config *ret, struct err *e)
{
	struct strv files = { 0 };
	int r = file_names(dir, &s->arena, &files, e);

	strv_sort(&files);
	for (size_t i = 0; i < files.n && r == 0; i++) {
		const char *f = files.v[i];

		if (lists ? ends_with(f, ".conflist") : ends_with(f, ".conf") || ends_with(f, ".json"))
			r = look_at(dir, f, s, ret, e);
	}
	return r;
}

int cni_config_find(const char *folder, const char *network, struct cni_config *ret, struct err *e)
{
	struct search s = { .network = network };
	int r = str_check_name(network, "network name", e);

	if (r < 0)
		return r;
	auto_fd int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return err_set(e, errno, "open %s", folder);
	r = look_through(dir, true, &s, ret, e);
	if (r == 0)
		r = look_through(dir, false, &s, ret, e);
	if (r == 0)
		r = not_found(folder, &s, e);
	arena_free(&s.arena);
	return MIN(r, 0);
}

/* ---- what a plugin is told ---- */

static json_t *make_ports(const struct cni_request *q)
{
	json_t *all = json_array();

	for (size_t i = 0; i < q->n_ports; i++) {
		char text[NET_PORT_MAX], address[NET_ADDR_MAX];
		const struct net_port *p = &q->ports[i];
		const char *protocol = strrchr(net_port_text(p, text), '/');

		if (json_array_append_new(all, json_pack("{s:i, s:i, s:s, s:s}", "hostPort", p->host_port, "containerPort",
							 p->container_port, "protocol", protocol + 1, "hostIP",
							 net_addr_text(&p->host_addr, false, address))) < 0) {
			json_decref(all);
			return NULL;
		}
	}
	return all;
}

static json_t *make_list(char *const *v, size_t n)
{
	json_t *all = json_array();

	for (size_t i = 0; i < n; i++)
		if (v[i] && json_array_append_new(all, json_string(v[i])) < 0) {
			json_decref(all);
			return NULL;
		}
	return all;
}

static json_t *make_ips(const struct cni_request *q)
{
	return make_list((char *const *)q->ips, NET_FAMILIES);
}

static json_t *make_mac(const struct cni_request *q)
{
	return json_string(q->mac);
}

static json_t *make_aliases(const struct cni_request *q)
{
	return make_list(q->aliases.v, q->aliases.n);
}

/* Conventions of CNI: what runtimes may tell a plugin that says it has the capability. */
static const struct {
	const char *name, *wish;
	json_t *(*make)(const struct cni_request *q);
} capabilities[] = {
	{ "portMappings", "published ports", make_ports },
	{ "ips", "addresses that are asked for", make_ips },
	{ "mac", "a hardware address that is asked for", make_mac },
	{ "aliases", "further names", make_aliases },
};

static bool is_asked(size_t capability, const struct cni_request *q)
{
	const bool asked[ARRAY_SIZE(capabilities)] = { q->n_ports, q->ips[NET_V4] || q->ips[NET_V6], q->mac, q->aliases.n };

	return asked[capability];
}

/* @told: which capabilities somebody has been told of */
static json_t *resolve_one(const struct cni_config *c, json_t *plugin, const struct cni_request *q, unsigned *told)
{
	json_t *wanted = json_object_get(plugin, "capabilities"), *config = json_copy(plugin), *runtime = json_object();
	int failed = json_object_set_new(config, "name", json_string(c->name));

	failed |= json_object_set_new(config, "cniVersion", json_string(cni_versions[c->version]));
	for (size_t i = 0; i < ARRAY_SIZE(capabilities); i++) {
		if (!is_asked(i, q) || !json_is_true(json_object_get(wanted, capabilities[i].name)))
			continue;
		failed |= json_object_set_new(runtime, capabilities[i].name, capabilities[i].make(q));
		*told |= BIT(i);
	}
	(void)json_object_del(config, "capabilities"); /* it may have none */
	failed |= json_object_size(runtime) ? json_object_set(config, "runtimeConfig", runtime) : 0;
	json_decref(runtime);
	if (!failed)
		return config;
	json_decref(config);
	return NULL;
}

int cni_config_resolve(const struct cni_config *c, const struct cni_request *q, json_t **ret, struct err *e)
{
	json_t *all = json_array(), *plugin;
	unsigned told = 0;
	size_t i;
	int r = 0;

	json_array_foreach (c->plugins, i, plugin)
		if (json_array_append_new(all, resolve_one(c, plugin, q, &told)) < 0)
			r = err_nomem(e);
	for (i = 0; i < ARRAY_SIZE(capabilities) && r == 0; i++)
		if (is_asked(i, q) && !(told & BIT(i)))
			r = err_say(e, EOPNOTSUPP, "none of its plugins takes %s (capability %s)", capabilities[i].wish,
				    capabilities[i].name);
	if (r == 0)
		*ret = all;
	else
		json_decref(all);
	return r;
}
