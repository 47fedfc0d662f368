// SPDX-License-Identifier: Apache-2.0
#include "runtime/compose.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/timestamp.h"
#include "images/policy.h"
#include "runtime/compose_parts.h"
#include "runtime/defaults.h"
#include "runtime/env.h"
#include "runtime/hook_files.h"
#include "runtime/ksm.h"
#include "runtime/landlock.h"
#include "runtime/secrets.h"
#include "spec/names.h"

#define FILE_MAX (1 << 20)

/* --rootfs DIR[:O][:idmap|:noidmap] */
static int take_rootfs(struct composition *c, struct err *e)
{
	struct settings *s = c->s;
	char *path = arena_strdup(&s->arena, c->o->image), *word, real[PATH_MAX];
	struct stat st;

	if (!path)
		return err_nomem(e);
	while ((word = strrchr(path, ':')) && !strchr(word, '/')) {
		*word++ = '\0';
		if (!streq(word, "O") && !streq(word, "idmap") && !streq(word, "noidmap"))
			return err_say(e, EINVAL, "--rootfs %s: unknown option %s", c->o->image, word);
		s->rootfs_overlay |= streq(word, "O");
		s->rootfs_as_is |= streq(word, "noidmap");
	}
	if (!realpath(path, real) || stat(real, &st) < 0)
		return err_set(e, errno, "--rootfs %s", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ENOTDIR, "--rootfs %s", path);
	s->rootfs = s->image = arena_strdup(&s->arena, real);
	if (!s->rootfs || (s->rootfs_overlay && strv_add(&s->arena, &s->layers, ".") < 0)) /* of the folder, itself */
		return err_nomem(e);
	return 0;
}

static int take_image(struct composition *c, struct err *e)
{
	static const char *const policy[] = { POLICY_FILE };
	const char *name = c->o->image;

	if (c->o->rootfs)
		return take_rootfs(c, e);
	c->s->image = arena_strdup(&c->s->arena, name);
	if (!c->s->image)
		return err_nomem(e);
	if (streq(name, IMAGE_HOST))
		return 0;
	int r = image_find(&c->g->store, name, &c->image, e);

	if (r >= 0)
		r = policy_check_run(policy, ARRAY_SIZE(policy), &c->g->store, name, &c->image, e);
	if (r < 0)
		return r;
	struct strv folders = { 0 }; /* topmost first; a plan has them the other way round */

	c->s->manifest = arena_strdup(&c->s->arena, c->image.manifest);
	if (c->image.peer) {
		c->s->image_store = arena_strdup(&c->s->arena, c->image.peer->path);
		if (!c->s->image_store)
			return err_nomem(e);
	}
	r = image_folders(&c->image, &c->s->arena, &folders, e);
	for (size_t i = folders.n; i-- > 0 && r >= 0;)
		if (strv_add(&c->s->arena, &c->s->layers, folders.v[i]) < 0)
			r = err_nomem(e);
	return r < 0 ? r : c->s->manifest ? 0 : err_nomem(e);
}

static int add_words(struct composition *c, struct strv *to, const struct strv *words, struct err *e)
{
	for (size_t i = 0; i < words->n; i++)
		if (strv_add(&c->spec->arena, to, words->v[i]) < 0)
			return err_nomem(e);
	return 0;
}

/* The command: the user's entry point and words, else the image's, as docker and podman combine them. */
static int take_command(struct composition *c, struct err *e)
{
	const struct image_defaults *d = &c->image.defaults;
	struct strv *args = &c->spec->process.args;
	const char *entrypoint = c->o->entrypoint;
	bool host = !c->s->manifest;
	int r = 0;

	if (c->o->infra) /* alone it waits */
		return strv_add(&c->spec->arena, args, INIT_TARGET) < 0 ||
				       strv_add(&c->s->arena, &c->s->command, INIT_TARGET) < 0
			       ? err_nomem(e)
			       : 0;
	if (c->o->init) {
		r = strv_add(&c->spec->arena, args, INIT_TARGET);
		if (r >= 0)
			r = strv_add(&c->spec->arena, args, "--");
	}
	size_t before = args->n;

	if (entrypoint && *entrypoint)
		r = r < 0 ? r : strv_add(&c->spec->arena, args, entrypoint);
	else if (!entrypoint)
		r = r < 0 ? r : add_words(c, args, &d->entrypoint, e);
	for (size_t i = 0; c->o->command && c->o->command[i] && r >= 0; i++)
		r = strv_add(&c->spec->arena, args, c->o->command[i]);
	if (r < 0)
		return err_nomem(e);
	if (!(c->o->command && c->o->command[0]) && !entrypoint)
		r = add_words(c, args, &d->cmd, e);
	if (r >= 0 && args->n == before && host)
		r = strv_add(&c->spec->arena, args, "/bin/sh");
	if (r >= 0 && args->n == before) {
		err_say(e, EINVAL, "the image %s names no command", c->o->image);
		return err_hint(e, "give one after the image");
	}
	for (size_t i = before; i < args->n && r >= 0; i++)
		r = strv_add(&c->s->arena, &c->s->command, args->v[i]);
	return r < 0 ? err_nomem(e) : 0;
}

static bool has_control(const char *s)
{
	for (; *s; s++)
		if (iscntrl((unsigned char)*s))
			return true;
	return false;
}

static int take_hostname(struct composition *c, struct err *e)
{
	const char *h = c->o->hostname;

	if (!h)
		return 0;
	if (!*h || strlen(h) > 63 || has_control(h) || strpbrk(h, " /\t"))
		return err_say(e, EINVAL, "--hostname: 1 to 63 characters without blanks and slashes, please");
	if (c->o->uts && !streq(c->o->uts, JOIN_PRIVATE))
		return err_say(e, EINVAL, "--hostname %s: with --uts %s it has the name that is there", h, c->o->uts);
	c->s->hostname = arena_strdup(&c->s->arena, h);
	return c->s->hostname ? 0 : err_nomem(e);
}

static int take_namespaces(struct composition *c, struct err *e)
{
	struct spec_namespace *ns = c->spec->linux_.namespaces;

	for (size_t k = 0; k < NS_COUNT; k++)
		ns[k].wanted = k != NS_TIME;
	int r = compose_joins(c, e);

	if (r >= 0)
		r = compose_network(c, e);
	return r < 0 ? r : compose_userns(c, e);
}

static int add_label(struct composition *c, const char *key, size_t key_len, const char *value, struct err *e)
{
	struct spec_map *m = &c->s->labels;

	for (size_t i = 0; i < m->n; i++)
		if (strncmp(m->v[i].key, key, key_len) == 0 && !m->v[i].key[key_len]) {
			m->v[i].value = arena_strdup(&c->s->arena, value);
			return m->v[i].value ? 0 : err_nomem(e);
		}
	m->v[m->n].key = arena_strndup(&c->s->arena, key, key_len);
	m->v[m->n].value = arena_strdup(&c->s->arena, value);
	return m->v[m->n].key && m->v[m->n++].value ? 0 : err_nomem(e);
}

static int take_labels(struct composition *c, struct err *e)
{
	const struct spec_map *from = &c->image.defaults.labels;
	struct strv all = { 0 }, *own = &all; /* those of files first */
	int r = 0;

	for (size_t i = 0; i < c->o->label_files.n && r >= 0; i++)
		r = env_read_lines(&c->s->arena, c->o->label_files.v[i], own, e);
	for (size_t i = 0; i < c->o->labels.n && r >= 0; i++)
		r = strv_push(&c->s->arena, own, c->o->labels.v[i]) < 0 ? err_nomem(e) : 0;
	if (r < 0)
		return r;
	c->s->labels.v = arena_array(&c->s->arena, from->n + own->n + 1, sizeof(*c->s->labels.v));
	if (!c->s->labels.v)
		return err_nomem(e);
	for (size_t i = 0; i < from->n && r >= 0; i++)
		r = add_label(c, from->v[i].key, strlen(from->v[i].key), from->v[i].value, e);
	for (size_t i = 0; i < own->n && r >= 0; i++) {
		size_t n = strcspn(own->v[i], "=");

		if (n == 0)
			return err_say(e, EINVAL, "--label %s: it has no name", own->v[i]);
		r = add_label(c, own->v[i], n, own->v[i][n] ? own->v[i] + n + 1 : "", e);
	}
	return r;
}

int compose_restart(const char *text, struct settings *s, struct err *e)
{
	size_t n = strcspn(text, ":");
	uint64_t max;

	for (uint32_t i = 0; i < RESTART_COUNT; i++)
		if (strlen(restart_names[i]) == n && memcmp(text, restart_names[i], n) == 0) {
			s->restart = i;
			s->restart_max.set = false;
			if (!text[n])
				return 0;
			if (i == RESTART_ON_FAILURE && str_to_u64(text + n + 1, UINT32_MAX, &max) == 0) {
				s->restart_max = (struct opt_u32){ true, (uint32_t)max };
				return 0;
			}
		}
	return err_say(e, EINVAL, "--restart %s: it is no, on-failure, on-failure:TIMES, always or unless-stopped", text);
}

static int take_life(struct composition *c, struct err *e)
{
	const char *image_signal = c->image.defaults.stop_signal;
	const char *otherwise = c->s->systemd ? "RTMIN+3" : "TERM";
	const char *name = c->o->stop_signal ? c->o->stop_signal : image_signal && *image_signal ? image_signal : otherwise;
	int number = proc_signal_number(name);
	uint64_t seconds = DEFAULT_STOP_TIMEOUT;

	if (number < 0 && c->o->stop_signal)
		return err_say(e, EINVAL, "--stop-signal %s: there is no such signal", name);
	if (c->o->stop_timeout && str_to_u64(c->o->stop_timeout, INT32_MAX, &seconds) < 0)
		return err_say(e, EINVAL, "--stop-timeout %s: a number of seconds, please", c->o->stop_timeout);
	c->s->stop_signal = number > 0 ? (uint32_t)number : SIGTERM; /* an image's nonsense is no reason to fail */
	c->s->stop_timeout_s = (uint32_t)seconds;
	c->s->remove = c->o->rm;
	c->s->terminal = c->o->tty;
	c->s->input = c->o->interactive;
	c->s->privileged = c->o->privileged;
	c->s->init = c->o->init;
	if (c->o->rm && c->o->restart && !streq(c->o->restart, "no"))
		return err_say(e, EINVAL, "--rm and --restart exclude each other");
	return c->o->restart ? compose_restart(c->o->restart, c->s, e) : 0;
}

/* What config.json has no field for. None of an image's annotations ever gets here (K10). */
static int take_annotations(struct composition *c, struct err *e)
{
	const struct strv *words = &c->o->annotations;
	struct spec_map *m = &c->spec->annotations;

	if (!c->o->ksm && !c->profile->strict && !words->n)
		return 0;
	m->v = arena_array(&c->spec->arena, words->n + 2, sizeof(*m->v));
	if (!m->v)
		return err_nomem(e);
	for (size_t i = 0; i < words->n; i++) {
		size_t n = strcspn(words->v[i], "=");

		if (n == 0 || !words->v[i][n])
			return err_say(e, EINVAL, "--annotation %s: KEY=VALUE, please", words->v[i]);
		m->v[m->n].key = arena_strndup(&c->spec->arena, words->v[i], n);
		m->v[m->n].value = arena_strdup(&c->spec->arena, words->v[i] + n + 1);
		if (!m->v[m->n].key || !m->v[m->n].value)
			return err_nomem(e);
		m->n++;
	}
	if (c->o->ksm)
		m->v[m->n++] = (struct spec_pair){ (char *)KSM_ANNOTATION, (char *)"true" };
	if (c->profile->strict)
		m->v[m->n++] = (struct spec_pair){ (char *)LANDLOCK_ANNOTATION, (char *)"true" };
	int r = ksm_check(m, e);

	return r < 0 ? r : landlock_check(c->spec, e);
}

static int take_hooks(struct composition *c, struct err *e)
{
	return c->o->hook_folders.n ? hook_files_add(&c->o->hook_folders, c->s->binds.n > 0, c->spec, e) : 0;
}

static int take_driver(struct composition *c, struct err *e)
{
	const char *name = c->o->storage_driver;

	for (uint32_t i = 0; name && i < STORAGE_DRIVER_COUNT; i++) {
		if (!streq(name, storage_driver_names[i]))
			continue;
		if (i == STORAGE_FUSE_OVERLAYFS && !c->s->manifest)
			return err_say(e, EINVAL, "--storage-driver %s: not for the image " IMAGE_HOST, name);
		c->s->storage_driver = i;
		return 0;
	}
	return name ? err_say(e, EINVAL, "--storage-driver %s: it is auto, overlay or fuse-overlayfs", name) : 0;
}

/* What of docker's and podman's words for it concerns a container: how much it may write. */
static int take_storage(struct composition *c, struct err *e)
{
	for (size_t i = 0; i < c->o->storage.n; i++) {
		const char *word = c->o->storage.v[i], *size = str_after(word, "size=");
		uint64_t bytes;

		if (!size)
			return err_say(e, EINVAL, "--storage-opt %s: it is size=BYTES", word);
		if (str_to_bytes(size, &bytes) < 0 || bytes == 0)
			return err_say(e, EINVAL, "--storage-opt %s: a size such as 10g, please", word);
		c->s->storage_bytes = (struct opt_u64){ true, bytes };
	}
	return take_driver(c, e);
}

/* That it is there is found out now, what it is at each start. */
static int take_secrets(struct composition *c, struct err *e)
{
	const struct strv *words = &c->o->secrets;
	struct secret_uses *all = &c->s->secrets;
	int r = 0;

	if (!words->n)
		return 0;
	all->v = arena_array(&c->s->arena, words->n, sizeof(*all->v));
	if (!all->v)
		return err_nomem(e);
	for (; all->n < words->n && r >= 0; all->n++) {
		auto_secret struct secret s = { 0 };

		r = secret_use_parse(&c->s->arena, words->v[all->n], &all->v[all->n], e);
		if (r >= 0 && secret_load(c->g, all->v[all->n].name, &s, e) < 0)
			r = err_wrap(e, "--secret %s", words->v[all->n]);
	}
	return r;
}

/* The first of all: others ask what it says where their options say nothing. */
static int take_profile(struct composition *c, struct err *e)
{
	const char *name = c->o->profile ? c->o->profile : profile_names[PROFILE_DEFAULT];
	uint32_t i = 0;

	while (i < PROFILE_COUNT && !streq(name, profile_names[i]))
		i++;
	if (i == PROFILE_COUNT)
		return err_say(e, EINVAL, "--profile %s: it is default, compat or max", name);
	if (c->o->privileged && i == PROFILE_MAX)
		return err_say(e, EINVAL, "--profile max and --privileged exclude each other");
	c->s->profile = i;
	c->profile = &profiles[i];
	c->spec->root.readonly = c->o->read_only || c->profile->strict;
	return 0;
}

static int take_name(struct composition *c, struct err *e)
{
	if (!c->o->name)
		return 0;
	int r = str_check_name(c->o->name, "container name", e);

	if (r < 0)
		return r;
	c->s->name = arena_strdup(&c->s->arena, c->o->name);
	return c->s->name ? 0 : err_nomem(e);
}

/* For inspect, and for who makes it anew (`generate systemd --new`). */
static int take_command_line(struct composition *c, struct err *e)
{
	for (char *const *word = c->o->command_line; word && *word; word++)
		if (strv_add(&c->s->arena, &c->s->command_line, *word) < 0)
			return err_nomem(e);
	return 0;
}

/* In this order: later steps use what earlier ones have decided. */
static int (*const steps[])(struct composition *c, struct err *e) = {
	compose_pod,  take_profile, take_name,    take_hostname,	take_namespaces, compose_names,	 take_image,	   compose_ports, take_command,	  compose_systemd, take_life,
	compose_env,     compose_process,	take_labels,   compose_security, compose_limits, compose_cgroup, compose_devices,
	compose_mounts, compose_account, take_annotations, take_hooks, take_storage, take_secrets,    compose_watch, take_command_line,
};

int compose(const struct engine *g, const struct run_options *o, struct settings *s, struct spec *spec, struct err *e)
{
	struct composition c = { .g = g, .o = o, .s = s, .spec = spec };
	char created[TIMESTAMP_MAX];
	int r = 0;

	s->created = arena_strdup(&s->arena, timestamp_now(created));
	spec->oci_version = arena_strdup(&spec->arena, SPEC_VERSION);
	spec->root.path = arena_strdup(&spec->arena, "rootfs"); /* in the plan the engine's own root stands instead */
	if (!s->created || !spec->oci_version || !spec->root.path)
		return err_nomem(e);
	for (size_t i = 0; i < ARRAY_SIZE(steps) && r >= 0; i++)
		r = steps[i](&c, e);
	image_free(&c.image);
	return r < 0 ? r : 0;
}
