// SPDX-License-Identifier: Apache-2.0
/*
 * What a sandbox sees: a copy of all mounts of this machine, read-only, and over that, in this order: overlays of the folders in
 * "/", kernel file systems of its own, empty folders where the machine keeps what is others' or the user's, and then what was
 * named. Nothing is looked up twice: sources are paths in the machine's tree, which stays below until the new root is entered.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "namespaces/host_root.h"
#include "network/pasta.h"
#include "runtime/defaults.h"
#include "runtime/sandbox_parts.h"

#define HUB	   "/sys" /* what the overlays write to is mounted here, until sysfs hides it */
#define FIRST_ROOM 64
#define MOUNTINFO_MAX (16 << 20)

#define EMPTY	     "nosuid,nodev,mode=1777"
#define EMPTY_CLOSED "nosuid,nodev,mode=755"
#define EMPTY_OWN    "nosuid,nodev,mode=700"

/* Folders of "/" that are never overlaid: a sandbox has its own. */
static const char *const own_folders[] = { "/dev", "/proc", "/run", "/sys", "/tmp", "/home", "/lost+found" };

static const struct {
	const char *path, *options;
} empty_folders[] = {
	{ "/tmp", EMPTY }, { "/run", EMPTY_CLOSED }, { "/var/tmp", EMPTY }, { "/home", EMPTY_CLOSED },
};

static bool is_below(const char *path, const char *folder)
{
	const char *rest = streq(folder, "/") ? path : str_after(path, folder);

	return rest && (*rest == '/' || !*rest);
}

static int add_options(struct sandbox *s, struct strv *to, const char *list)
{
	for (size_t n; *list; list += n + (list[n] == ',')) {
		n = strcspn(list, ",");
		char *word = arena_strndup(&s->spec.arena, list, n);

		if (!word || strv_push(&s->spec.arena, to, word) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* One more at the end. NULL: there is no memory */
static struct spec_mount *add(struct sandbox *s, const char *target, const char *type, const char *source, const char *options)
{
	struct spec_mounts *m = &s->spec.mounts;
	struct arena *a = &s->spec.arena;

	if (m->n == s->mounts_room) {
		size_t room = MAX(s->mounts_room * 2, (size_t)FIRST_ROOM);
		struct spec_mount *v = arena_array(a, room, sizeof(*v));

		if (!v)
			return NULL;
		if (m->n)
			memcpy(v, m->v, m->n * sizeof(*v));
		m->v = v;
		s->mounts_room = room;
	}
	struct spec_mount *new = &m->v[m->n];

	*new = (struct spec_mount){
		.destination = arena_strdup(a, target), .type = (char *)type, .source = arena_strdup(a, source),
	};
	if (!new->destination || !new->source || add_options(s, &new->options, options) < 0)
		return NULL;
	m->n++;
	return new;
}

/* Those that were named: a mount hides what was mounted below its target before it, so outer ones come first. */
static struct spec_mount *add_outer_first(struct sandbox *s, size_t first, const char *target, const char *type,
					  const char *source, const char *options)
{
	struct spec_mounts *m = &s->spec.mounts;

	if (!add(s, target, type, source, options))
		return NULL;
	const struct spec_mount new = m->v[m->n - 1];
	size_t k = first;

	while (k < m->n - 1 && (!is_below(m->v[k].destination, target) || streq(m->v[k].destination, target)))
		k++;
	memmove(&m->v[k + 1], &m->v[k], (m->n - 1 - k) * sizeof(new));
	m->v[k] = new;
	return &m->v[k];
}

/* ---- what is caught ---- */

static int catch(struct sandbox *s, struct spec_mount *m, bool optional)
{
	struct arena *a = &s->spec.arena;
	struct spec_overlay *o = arena_alloc(a, sizeof(*o));
	char *name = o ? host_root_name(a, m->source) : NULL;

	if (!name)
		return -ENOMEM;
	*o = (struct spec_overlay){
		.base = m->source,
		.hub = (char *)HUB,
		.upper = arena_printf(a, "upper/%s", name),
		.work = arena_printf(a, "work/%s", name),
		.inside = true,
		.optional = optional,
	};
	m->overlay = o;
	return o->upper && o->work ? 0 : -ENOMEM;
}

static bool is_caught(const struct sandbox *s, const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(own_folders); i++)
		if (streq(path, own_folders[i]))
			return false;
	return !(s->home && is_below(s->home, path)) && !streq(s->cwd, path);
}

/* Is something mounted below a folder? @mounts: text of mountinfo, whose fifth word is where; see proc_pid_mountinfo(5) */
static bool has_mounts(const char *mounts, const char *folder)
{
	for (const char *line = mounts; *line; line += strcspn(line, "\n") + 1) {
		const char *where = line;

		for (int word = 1; word < 5; word++)
			where += strcspn(where, " ") + 1;
		const char *rest = str_after(where, folder);

		if (rest && *rest == '/')
			return true;
		if (!strchr(line, '\n'))
			break;
	}
	return false;
}

/*
 * An overlay for each folder in "/". The kernel has none, in a user namespace, of a folder that something is mounted below: that
 * stays read-only, as does one whose file system it cannot overlay.
 */
static int add_overlays(struct sandbox *s, struct err *e)
{
	auto_dir DIR *root = opendir("/");
	auto_free char *mounts = NULL;
	char path[NAME_MAX + 2];
	int r = root ? file_read(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &mounts, NULL, e) : err_set(e, errno, "open /");

	if (r < 0)
		return r;
	for (const struct dirent *d; (d = readdir(root));) {
		snprintf(path, sizeof(path), "/%s", d->d_name);
		if (d->d_type != DT_DIR || *d->d_name == '.' || !is_caught(s, path) || has_mounts(mounts, path))
			continue;
		struct spec_mount *m = add(s, path, "overlay", path, "");

		if (!m || catch(s, m, true) < 0)
			return err_nomem(e);
	}
	return 0;
}

/* ---- what is its own ---- */

static int add_empty(struct sandbox *s, const char *path, const char *options, struct err *e)
{
	struct stat st;

	if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return 0; /* nothing to hide */
	return add(s, path, "tmpfs", "tmpfs", options) ? 0 : err_nomem(e);
}

static int add_own(struct sandbox *s, struct err *e)
{
	int r = 0;

	for (const struct default_mount *m = default_mounts; m->target; m++)
		if (!is_below(m->target, HUB) && !add(s, m->target, m->type, m->source, m->options))
			return err_nomem(e);
	if (!add(s, "/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777"))
		return err_nomem(e);
	for (size_t i = 0; i < ARRAY_SIZE(empty_folders) && r >= 0; i++)
		r = add_empty(s, empty_folders[i].path, empty_folders[i].options, e);
	if (r >= 0 && s->home)
		r = add_empty(s, s->home, EMPTY_OWN, e);
	if (r >= 0 && !add(s, SANDBOX_INIT, "bind", s->g->init_program, "bind,ro,nosuid,nodev"))
		r = err_nomem(e);
	return r;
}

/* ---- what was named ---- */

/* What a user writes as a path: absolute and normal, in the arena. NULL: there is no memory */
static char *absolute(struct sandbox *s, const char *path)
{
	struct arena *a = &s->spec.arena;
	char *whole = *path == '/' ? arena_strdup(a, path) : arena_printf(a, "%s/%s", s->cwd, path);
	char *normal = whole ? arena_alloc(a, strlen(whole) + 2) : NULL;

	if (normal)
		path_normal(whole, normal);
	return normal;
}

struct named {
	const char *option;
	const char *type, *options; /* of the mount */
	bool has_source;
};

static int add_named(struct sandbox *s, size_t first, const struct named *kind, const char *word, struct err *e)
{
	struct arena *a = &s->spec.arena;
	const char *colon = kind->has_source ? strchr(word, ':') : NULL;
	char *given = colon ? arena_strndup(a, word, (size_t)(colon - word)) : arena_strdup(a, word);
	char *source = given ? absolute(s, given) : NULL, *target = colon ? absolute(s, colon + 1) : source;
	struct stat st;

	if (!source || !target)
		return err_nomem(e);
	if (!*given || streq(target, "/"))
		return err_say(e, EINVAL, "--%s %s: it is a path other than /", kind->option, word);
	if (stat(source, &st) < 0)
		return err_set(e, errno, "--%s %s", kind->option, word);
	if (!kind->has_source && !S_ISDIR(st.st_mode))
		source = (char *)"/dev/null"; /* a file is hidden by an empty one */
	bool bound = kind->has_source || !S_ISDIR(st.st_mode);

	return add_outer_first(s, first, target, bound ? "bind" : kind->type, source, bound && !kind->has_source ? "bind" : kind->options)
		       ? 0 : err_nomem(e);
}

static int add_list(struct sandbox *s, size_t first, const struct named *kind, const struct strv *words, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < words->n && r >= 0; i++)
		r = add_named(s, first, kind, words->v[i], e);
	return r;
}

/* The current folder, unless that would be the user's home or the machine itself. */
static int add_cwd(struct sandbox *s, size_t first, struct err *e)
{
	static const char *const never[] = { "/dev", "/proc", "/sys" };
	bool shown = !(s->home && is_below(s->home, s->cwd)) && !streq(s->cwd, "/");

	if (!shown && strv_add(&s->spec.arena, &s->notes, "the current folder has your home in it, which is hidden: "
				"go to another one, or name what is to be seen with --rw or --ro") < 0)
		return err_nomem(e);
	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		shown &= !is_below(s->cwd, never[i]);
	if (!shown)
		return 0;
	struct spec_mount *m = add_outer_first(s, first, s->cwd, s->o->copy ? "overlay" : "bind", s->cwd, s->o->copy ? "" : "rbind");

	return m && (!s->o->copy || catch(s, m, false) == 0) ? 0 : err_nomem(e);
}

/* A network that is pasta's asks its nameserver. */
static int add_resolver(struct sandbox *s, struct err *e)
{
	auto_free char *text = NULL;
	struct arena *a = &s->spec.arena;
	struct spec_content *c = arena_alloc(a, sizeof(*c));
	struct spec_mount *m = add(s, "/etc/resolv.conf", "bind", "resolv.conf", "bind,ro,nosuid,nodev,noexec");
	int r = network_resolv(NULL, 0, PASTA_DNS, &text, e);

	if (r < 0)
		return r;
	char *copy = arena_strdup(a, text);

	if (!c || !m || !copy)
		return err_nomem(e);
	*c = (struct spec_content){ .data = copy, .n = strlen(copy), .mode = 0644 };
	m->content = c;
	return 0;
}

/* No overlay is made after this. */
static int hide_hub(struct sandbox *s, size_t first, struct err *e)
{
	for (const struct default_mount *m = default_mounts; m->target; m++)
		if (is_below(m->target, HUB) && !add_outer_first(s, first, m->target, m->type, m->source, m->options))
			return err_nomem(e);
	return 0;
}

int sandbox_view(struct sandbox *s, struct err *e)
{
	static const struct named ro = { "ro", "bind", "rbind,rro", true }, rw = { "rw", "bind", "rbind", true },
				  hide = { "hide", "tmpfs", "nosuid,nodev,noexec,mode=000,size=4k,ro", false },
				  tmp = { "tmp", "tmpfs", EMPTY_OWN, false };
	const struct sandbox_options *o = s->o;
	const struct { const struct named *kind; const struct strv *words; } lists[] = {
		{ &ro, &o->ro }, { &rw, &o->rw }, { &tmp, &o->tmp }, { &hide, &o->hide },
	};
	bool ok = add(s, "/", "none", "none", "remount,rro");
	int r;

	ok = ok && (s->store ? add(s, HUB, "bind", s->store, "bind") : add(s, HUB, "tmpfs", "tmpfs", EMPTY_OWN));
	r = !ok ? err_nomem(e) : o->read_only ? 0 : add_overlays(s, e);
	if (r >= 0)
		r = add_own(s, e);
	if (r >= 0 && s->o->net)
		r = add_resolver(s, e);
	size_t first = s->spec.mounts.n;

	if (r >= 0)
		r = add_cwd(s, first, e);
	for (size_t i = 0; i < ARRAY_SIZE(lists) && r >= 0; i++)
		r = add_list(s, first, lists[i].kind, lists[i].words, e);
	return r < 0 ? r : hide_hub(s, first, e);
}
