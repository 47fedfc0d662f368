// SPDX-License-Identifier: Apache-2.0
/* Devices of a container of `paene`: nodes of the host's that it has, and which ones it may use beside the standard ones. */
#include <errno.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "runtime/cdi.h"
#include "runtime/compose_parts.h"
#include "runtime/hook_files.h"

/* How the kernel numbers devices. */
#define MAJOR_MAX 0xfff
#define MINOR_MAX 0xfffff

static bool is_access(const char *text)
{
	return *text && text[strspn(text, "rwm")] == '\0';
}

static void allow(struct spec_device_rule *rule, const char *access)
{
	rule->allow = true;
	rule->read = strchr(access, 'r');
	rule->write = strchr(access, 'w');
	rule->mknod = strchr(access, 'm');
}

static int add_rule(struct composition *c, const struct spec_device_rule *rule, struct err *e)
{
	struct spec_device_rules *rules = &c->spec->linux_.resources.devices;
	struct spec_device_rule *v = arena_array(&c->spec->arena, rules->n + 1, sizeof(*v));

	if (!v)
		return err_nomem(e);
	if (rules->n)
		memcpy(v, rules->v, rules->n * sizeof(*v));
	v[rules->n++] = *rule;
	rules->v = v;
	return 0;
}

/* A node of the host's at a path of the container's. */
static int add_node(struct composition *c, const char *host, struct spec_device node, const char *access, struct err *e)
{
	struct spec_devices *d = &c->spec->linux_.devices;
	struct spec_device *v = arena_array(&c->spec->arena, d->n + 1, sizeof(*v));
	struct stat st;

	if (!v)
		return err_nomem(e);
	if (stat(host, &st) < 0)
		return err_set(e, errno, "%s", host);
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return err_say(e, EINVAL, "%s is no device", host);
	/* a user may not make nodes: the host's are bound, by init those whose name is the same */
	if (c->g->rootless && !streq(host, node.path))
		return compose_add_mount(c, node.path, "bind", host, "bind,dev,nosuid,noexec", e);
	node.type = S_ISCHR(st.st_mode) ? 'c' : 'b';
	node.major = (struct opt_i64){ true, major(st.st_rdev) };
	node.minor = (struct opt_i64){ true, minor(st.st_rdev) };
	if (!node.file_mode.set)
		node.file_mode = (struct opt_u32){ true, st.st_mode & 07777 };
	node.uid.set = node.gid.set = true;
	if (d->n)
		memcpy(v, d->v, d->n * sizeof(*v));
	v[d->n++] = node;
	d->v = v;
	struct spec_device_rule rule = { .type = node.type, .major = node.major, .minor = node.minor };

	allow(&rule, access);
	return add_rule(c, &rule, e);
}

struct device_words {
	char *host, *path;
	const char *access;
};

/* "HOST[:CONTAINER][:rwm]" cut at its colons. Return: 0, or -EINVAL, -ENOMEM with @e filled */
static int split_device(struct arena *a, const char *word, struct device_words *ret, struct err *e)
{
	char *host = arena_strdup(a, word), *path = host ? strchr(host, ':') : NULL;
	char *access = path ? strchr(path + 1, ':') : NULL;

	if (!host)
		return err_nomem(e);
	if (path)
		*path++ = '\0';
	if (access)
		*access++ = '\0';
	else if (path && is_access(path)) {
		access = path;
		path = NULL;
	}
	*ret = (struct device_words){ .host = host, .path = path ? path : host, .access = access ? access : "rwm" };
	if (*ret->path == '/' && is_access(ret->access))
		return 0;
	return err_say(e, EINVAL, "HOST[:CONTAINER][:rwm], please");
}

/* ---- devices by a vendor's name ---- */

static int add_cdi_node(struct composition *c, const struct cdi_node *n, struct err *e)
{
	const struct spec_device node = {
		.path = n->path, .file_mode = n->file_mode, .uid = { true, n->uid.v }, .gid = { true, n->gid.v },
	};

	if (*n->path != '/' || (n->permissions && !is_access(n->permissions)))
		return err_say(e, EINVAL, "deviceNodes: %s: an absolute path and permissions of r, w and m, please", n->path);
	return add_node(c, n->host_path ? n->host_path : n->path, node, n->permissions ? n->permissions : "rwm", e);
}

static int add_cdi_mount(struct composition *c, const struct cdi_mount *m, struct err *e)
{
	char *options = arena_strdup(&c->spec->arena, "rbind,nosuid,nodev");

	for (size_t i = 0; i < m->options.n && options; i++)
		options = arena_printf(&c->spec->arena, "%s,%s", options, m->options.v[i]);
	return options ? compose_add_mount(c, m->container_path, m->type ? m->type : "bind", m->host_path, options, e) : err_nomem(e);
}

static int add_cdi_hook(struct composition *c, const struct cdi_hook *h, struct err *e)
{
	enum spec_hook_kind kind = HOOK_COUNT;
	int r = hook_kind(h->name, &kind, e);

	if (r >= 0 && *h->hook.path != '/')
		r = err_say(e, EINVAL, "hooks: %s is not absolute", h->hook.path);
	return r < 0 ? r : hook_add(c->spec, kind, &h->hook, e);
}

static int apply_edits(struct composition *c, const struct cdi_edits *edits, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < edits->env.n && r >= 0; i++)
		r = strv_set_env(&c->spec->arena, &c->spec->process.env, edits->env.v[i]) < 0 ? err_nomem(e) : 0;
	for (size_t i = 0; i < edits->nodes.n && r >= 0; i++)
		r = add_cdi_node(c, &edits->nodes.v[i], e);
	for (size_t i = 0; i < edits->mounts.n && r >= 0; i++)
		r = add_cdi_mount(c, &edits->mounts.v[i], e);
	for (size_t i = 0; i < edits->hooks.n && r >= 0; i++)
		r = add_cdi_hook(c, &edits->hooks.v[i], e);
	for (size_t i = 0; i < edits->gids.n && r >= 0; i++)
		if (strv_push(&c->s->arena, &c->s->groups, arena_printf(&c->s->arena, "%u", edits->gids.v[i])) < 0)
			r = err_nomem(e);
	return r;
}

static int cdi_word(struct composition *c, const char *word, struct err *e)
{
	static const char *const folders[] = { "/etc/cdi", "/run/cdi", NULL };
	struct cdi_edits edits[2];
	int r = cdi_find(word, folders, &c->spec->arena, edits, e);

	for (size_t i = 0; i < ARRAY_SIZE(edits) && r >= 0; i++)
		r = apply_edits(c, &edits[i], e);
	return r;
}

/* --device */
static int device_word(struct composition *c, const char *word, struct err *e)
{
	struct device_words w = { 0 };
	int r = cdi_is_name(word) ? cdi_word(c, word, e) : split_device(&c->spec->arena, word, &w, e);

	if (r >= 0 && w.host)
		r = add_node(c, w.host, (struct spec_device){ .path = w.path }, w.access, e);
	return r < 0 ? err_wrap(e, "--device %s", word) : 0;
}

/* "*" is any. Return: whether it is a number of a device */
static bool device_number(const char *text, uint64_t max, struct opt_i64 *ret)
{
	uint64_t v;

	*ret = (struct opt_i64){ 0 };
	if (streq(text, "*"))
		return true;
	if (str_to_u64(text, max, &v) < 0)
		return false;
	*ret = (struct opt_i64){ true, (int64_t)v };
	return true;
}

int compose_device_rule(const char *word, struct spec_device_rule *ret, struct err *e)
{
	char type, maj[16], min[16], access[4];
	struct spec_device_rule rule = { 0 };
	int end = 0;

	if (sscanf(word, "%c %15[0-9*]:%15[0-9*] %3[rwm]%n", &type, maj, min, access, &end) != 4 || word[end] ||
	    !strchr("abc", type) || !device_number(maj, MAJOR_MAX, &rule.major) ||
	    !device_number(min, MINOR_MAX, &rule.minor))
		return err_say(e, EINVAL, "--device-cgroup-rule \"%s\": such as \"c 42:* rwm\", please", word);
	rule.type = type;
	allow(&rule, access);
	*ret = rule;
	return 0;
}

int compose_devices(struct composition *c, struct err *e)
{
	const struct run_options *o = c->o;
	static const struct spec_device_rule all = { .allow = true, .type = 'a', .read = true, .write = true, .mknod = true };
	int r = o->privileged ? add_rule(c, &all, e) : 0;

	for (size_t i = 0; i < o->devices.n && r >= 0; i++)
		if (!o->privileged || cdi_is_name(o->devices.v[i]))
			r = device_word(c, o->devices.v[i], e);
	for (size_t i = 0; i < o->device_rules.n && r >= 0; i++) {
		struct spec_device_rule rule;

		r = compose_device_rule(o->device_rules.v[i], &rule, e);
		if (r >= 0)
			r = add_rule(c, &rule, e);
	}
	return r;
}
