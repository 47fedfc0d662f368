// SPDX-License-Identifier: Apache-2.0
/* Devices of a container of `paene`: nodes of the host's that it has, and which ones it may use beside the standard ones. */
#include <errno.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "runtime/compose_parts.h"

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

static void add_rule(struct composition *c, struct spec_device_rule rule, const char *access)
{
	struct spec_device_rules *rules = &c->spec->linux_.resources.devices;

	allow(&rule, access);
	rules->v[rules->n++] = rule;
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
	return err_say(e, EINVAL, "--device %s: HOST[:CONTAINER][:rwm], please", word);
}

/* --device */
static int device_word(struct composition *c, const char *word, struct err *e)
{
	struct spec_devices *d = &c->spec->linux_.devices;
	struct device_words w = { 0 };
	struct stat st;
	int r = split_device(&c->spec->arena, word, &w, e);

	if (r < 0)
		return r;
	if (stat(w.host, &st) < 0)
		return err_set(e, errno, "--device %s", word);
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return err_say(e, EINVAL, "--device %s: it is no device", word);
	const struct opt_i64 maj = { true, major(st.st_rdev) }, min = { true, minor(st.st_rdev) };
	char type = S_ISCHR(st.st_mode) ? 'c' : 'b';

	d->v[d->n++] = (struct spec_device){
		.path = w.path, .type = type, .major = maj, .minor = min,
		.file_mode = { true, st.st_mode & 07777 }, .uid = { true, 0 }, .gid = { true, 0 },
	};
	add_rule(c, (struct spec_device_rule){ .type = type, .major = maj, .minor = min }, w.access);
	return 0;
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
	struct spec_device_rules *rules = &c->spec->linux_.resources.devices;
	const struct run_options *o = c->o;
	int r = 0;

	c->spec->linux_.devices.v = arena_array(&c->spec->arena, o->devices.n + 1, sizeof(struct spec_device));
	rules->v = arena_array(&c->spec->arena, o->devices.n + o->device_rules.n + 1, sizeof(*rules->v));
	if (!c->spec->linux_.devices.v || !rules->v)
		return err_nomem(e);
	if (o->privileged)
		add_rule(c, (struct spec_device_rule){ .type = 'a' }, "rwm");
	for (size_t i = 0; i < o->devices.n && r >= 0 && !o->privileged; i++)
		r = device_word(c, o->devices.v[i], e);
	for (size_t i = 0; i < o->device_rules.n && r >= 0; i++) {
		r = compose_device_rule(o->device_rules.v[i], &rules->v[rules->n], e);
		rules->n += r >= 0;
	}
	return r;
}
