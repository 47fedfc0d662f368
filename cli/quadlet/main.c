// SPDX-License-Identifier: Apache-2.0
/*
 * paene-quadlet: a generator of systemd's (systemd.generator(7)): called at each boot and daemon-reload with a folder to write to,
 * it makes services of the files that people have laid down as for podman's quadlet. It reads, writes and is gone.
 *
 *	paene-quadlet [--user] FOLDER [EARLY LATE]	as systemd calls it; as paene-user-generator it is --user
 *	paene-quadlet [--user] --dryrun			print the services
 *
 * A file that is wrong is named and left out; the others are made.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "cli/quadlet/quadlet.h"
#include "cli/roff.h"

#define FILE_MAX    (1 << 18) /* bytes */
#define DEPTH_MAX   8
#define FOLDERS_ENV "QUADLET_UNIT_DIRS" /* with colons between them: these, and no others */
#define PROGRAM_ENV "PAENE"
static const char manual_about[] =
	"A file `web.container` becomes `web.service` with each boot and each `systemctl daemon-reload`: paene-quadlet makes it, as a "
	"generator of systemd. The files are those of podman's quadlet. They lie in `/etc/paene/systemd`, those of a user in "
	"`~/.config/paene/systemd`; where podman has no generator of its own, in its folders, too: `/run/containers/systemd`, "
	"`/etc/containers/systemd`, `/usr/share/containers/systemd`; `$XDG_RUNTIME_DIR/containers/systemd`, "
	"`~/.config/containers/systemd`, `/etc/containers/systemd/users` and its folder with the user's number. Folders in them count as well, and "
	"drop-ins: `web.container.d/*.conf`, `container.d/*.conf`. `$QUADLET_UNIT_DIRS` names other folders.\n\n"
	"`[Unit]`, `[Service]` and `[Install]` are systemd's own. `WantedBy=` is obeyed at once: there is nothing to be enabled. Another section has the "
	"keys below; what does not exist is an error, and the file makes no service. `/usr/local/libexec/paene/paene-quadlet --dryrun` prints all "
	"services, and what is wrong.\n\n"
	"`data.volume`, `net.network`, `app.image`, `all.pod` and, after `Network=`, `web.container` stand for what these files make, and for their "
	"services (`data-volume.service`), which then come first. `[Quadlet]` `DefaultDependencies=false`: the service does not wait "
	"for the network.";

#define PODMAN	    "/usr/lib/systemd/system-generators/podman-system-generator"

struct generator {
	struct quadlet q;
	struct strv folders; /* the first one that has a file of some name has it for all */
	bool dry, no_log;
	const char *target;
	int out; /* its fd */
	int status;
};

/* At boot nobody reads standard error: it goes to the kernel's log, too. @level: of syslog(3) */
static void say(const struct generator *g, int level, const char *text)
{
	auto_fd int log = g->dry || g->no_log ? -1 : open("/dev/kmsg", O_WRONLY | O_CLOEXEC | O_NOCTTY);
	char line[ERR_TEXT_MAX];

	fprintf(stderr, "paene-quadlet: %s\n", text);
	int n = snprintf(line, sizeof(line), "<%d>paene-quadlet: %s\n", level, text);

	if (log >= 0)
		(void)!write(log, line, MIN((size_t)n, sizeof(line) - 1));
}

static void warn(const char *text, void *arg)
{
	say(arg, LOG_WARNING, text);
}

static void complain(struct generator *g, const struct err *e)
{
	say(g, LOG_ERR, e->text);
	g->status = EXIT_FAILURE;
}

/* ---- where files lie ---- */

static int add_folder(struct generator *g, const char *first, const char *rest, struct err *e)
{
	char *path = first && *first == '/' ? arena_printf(g->q.a, "%s%s", first, rest) : NULL;

	if (!first || *first != '/')
		return 0;
	return path && strv_push(g->q.a, &g->folders, path) == 0 ? 0 : err_nomem(e);
}

/* podman's folders are podman's where its own generator is there: no service has two makers. */
static int find_folders(struct generator *g, struct err *e)
{
	const char *given = getenv(FOLDERS_ENV), *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	bool shared = access(PODMAN, F_OK) < 0;
	char users[64];
	int r = 0;

	if (given) {
		char *list = arena_strdup(g->q.a, given), *folder;

		while (list && r >= 0 && (folder = strsep(&list, ":")))
			r = add_folder(g, folder, "", e);
		return r;
	}
	snprintf(users, sizeof(users), "/containers/systemd/users/%u", getuid());
	const struct {
		bool user, shared;
		const char *first, *rest;
	} all[] = {
		{ false, false, "/etc", "/paene/systemd" },
		{ false, true, "/run", "/containers/systemd" },
		{ false, true, "/etc", "/containers/systemd" },
		{ false, true, "/usr/share", "/containers/systemd" },
		{ true, false, config ? config : home, config ? "/paene/systemd" : "/.config/paene/systemd" },
		{ true, true, getenv("XDG_RUNTIME_DIR"), "/containers/systemd" },
		{ true, true, config ? config : home, config ? "/containers/systemd" : "/.config/containers/systemd" },
		{ true, true, "/etc", users },
		{ true, true, "/etc", "/containers/systemd/users" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(all) && r >= 0; i++)
		if (all[i].user == g->q.user && (shared || !all[i].shared))
			r = add_folder(g, all[i].first, all[i].rest, e);
	return r;
}

static bool ends_with(const char *text, const char *suffix)
{
	size_t n = strlen(text), m = strlen(suffix);

	return n >= m && streq(text + n - m, suffix);
}

static int names_of(struct generator *g, const char *folder, struct strv *ret, struct err *e)
{
	auto_fd int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = dir < 0 ? err_set(e, errno, "open %s", folder) : file_names(dir, g->q.a, ret, e);

	strv_sort(ret);
	return r;
}

static int read_lines(struct generator *g, const char *path, struct unit_file *ret, struct err *e)
{
	auto_free char *text = NULL;
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int r = fd < 0 ? err_set(e, errno, "open %s", path) : file_read_fd(fd, path, FILE_MAX, &text, NULL, e);
	char *kept = r < 0 ? NULL : arena_strdup(g->q.a, text);

	if (r < 0)
		return r;
	return kept ? unit_parse(g->q.a, kept, path, ret, e) : err_nomem(e);
}

static bool is_there(const struct generator *g, const char *file)
{
	bool there = false;

	for (size_t i = 0; i < g->q.n; i++)
		there |= streq(g->q.v[i].file, file);
	return there;
}

static int take_file(struct generator *g, const char *name, const char *path, struct err *e)
{
	struct quadlet_unit *u = NULL;
	int r = is_there(g, name) ? 0 : quadlet_add(&g->q, name, path, &u, e);

	if (ends_with(name, ".kube") || ends_with(name, ".build"))
		return err_say(e, EOPNOTSUPP, "%s: files of this kind are podman's alone", path);
	if (r < 0 || !u)
		return r;
	r = read_lines(g, path, &u->text, e);
	if (r < 0)
		g->q.n--;
	return r;
}

static void scan(struct generator *g, const char *folder, unsigned depth)
{
	struct strv names = { 0 };
	struct err e = { 0 };
	struct stat st;
	int r = names_of(g, folder, &names, &e);

	if (r < 0 && r != -ENOENT)
		complain(g, &e);
	for (size_t i = 0; i < names.n; i++) {
		const char *name = names.v[i], *path = arena_printf(g->q.a, "%s/%s", folder, name);

		if (!path || stat(path, &st) < 0)
			continue;
		bool users = depth == 0 && !g->q.user && streq(name, "users");

		if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX && !users && !ends_with(name, ".d"))
			scan(g, path, depth + 1);
		else if (S_ISREG(st.st_mode) && take_file(g, name, path, &e) < 0)
			complain(g, &e);
	}
}

/* ---- drop-ins: FILE.d, then what is more general: "web-.container.d" of "web-db.container", "container.d" ---- */

struct drop_ins {
	struct strv names, paths; /* of files; the first one of a name counts */
};

static int add_drop_ins(struct generator *g, struct drop_ins *all, const char *folder, struct err *e)
{
	struct strv names = { 0 };
	int r = names_of(g, folder, &names, e);

	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	for (size_t i = 0; i < names.n && r >= 0; i++) {
		bool known = !ends_with(names.v[i], ".conf");
		char *path = arena_printf(g->q.a, "%s/%s", folder, names.v[i]);

		for (size_t k = 0; k < all->names.n; k++)
			known |= streq(all->names.v[k], names.v[i]);
		if (!known && (!path || strv_push(g->q.a, &all->names, names.v[i]) < 0 || strv_push(g->q.a, &all->paths, path) < 0))
			r = err_nomem(e);
	}
	return r;
}

static int in_each_folder(struct generator *g, struct drop_ins *all, const char *name, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < g->folders.n && r >= 0; i++) {
		const char *folder = arena_printf(g->q.a, "%s/%s.d", g->folders.v[i], name);

		r = folder ? add_drop_ins(g, all, folder, e) : err_nomem(e);
	}
	return r;
}

static int read_drop_ins(struct generator *g, struct quadlet_unit *u, struct err *e)
{
	const char *suffix = key_tables[u->type].suffix, *at = strchr(u->file, '@');
	char *stem = arena_strndup(g->q.a, u->file, strlen(u->file) - strlen(suffix) - 1);
	struct drop_ins all = { 0 };
	int r = in_each_folder(g, &all, u->file, e);

	if (r >= 0 && at) { /* web@1 has what web@ has */
		char *name = arena_printf(g->q.a, "%.*s@.%s", (int)(at - u->file), u->file, suffix);

		r = name ? in_each_folder(g, &all, name, e) : err_nomem(e);
	}
	for (char *dash; r >= 0 && stem && (dash = strrchr(stem, '-')); *dash = '\0') {
		dash[1] = '\0';
		char *name = arena_printf(g->q.a, "%s.%s", stem, suffix);

		r = name ? in_each_folder(g, &all, name, e) : err_nomem(e);
	}
	if (r >= 0)
		r = in_each_folder(g, &all, suffix, e);
	struct strv order = { 0 };

	for (size_t i = 0; i < all.names.n && r >= 0; i++)
		if (strv_push(g->q.a, &order, all.names.v[i]) < 0)
			r = err_nomem(e);
	strv_sort(&order);
	for (size_t i = 0; i < order.n; i++)
		for (size_t k = 0; k < all.names.n && r >= 0; k++)
			if (order.v[i] == all.names.v[k])
				r = read_lines(g, all.paths.v[k], &u->text, e);
	return r;
}

/* ---- what is written ---- */

/* What [Install] asks for: TARGET.wants/web.service, which is a link to ../web.service. */
static int link_one(struct generator *g, const struct quadlet_unit *u, const char *target, const char *kind, struct err *e)
{
	const struct unit_line *instance = unit_last(&u->text, "Install", "DefaultInstance");
	const char *at = strstr(u->service, "@.");
	char *name = at && instance ? arena_printf(g->q.a, "%.*s@%s.service", (int)(at - u->service), u->service, instance->value)
				    : arena_strdup(g->q.a, u->service);
	char *folder = kind ? arena_printf(g->q.a, "%s.%s", target, kind) : NULL;
	char *path = kind ? arena_printf(g->q.a, "%s/%s", folder, name) : arena_strdup(g->q.a, target);
	char *to = arena_printf(g->q.a, "%s%s", kind ? "../" : "", u->service);

	if (!name || (kind && !folder) || !path || !to)
		return err_nomem(e);
	if (at && !instance && kind) /* a template by itself is nothing that could be started */
		return 0;
	if (strchr(target, '/'))
		return err_say(e, EINVAL, "%s: [Install]: %s is no unit", u->path, target);
	if (folder && mkdirat(g->out, folder, 0755) < 0 && errno != EEXIST)
		return err_set(e, errno, "%s/%s", g->target, folder);
	return symlinkat(to, g->out, path) < 0 && errno != EEXIST ? err_set(e, errno, "%s/%s", g->target, path) : 0;
}

static int link_all(struct generator *g, const struct quadlet_unit *u, struct err *e)
{
	static const char *const keys[][2] = {
		{ "WantedBy", "wants" }, { "RequiredBy", "requires" }, { "UpheldBy", "upholds" }, { "Alias", NULL },
	};
	const struct unit_file *t = &u->text;
	int r = 0;

	for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
		for (size_t i = 0; r >= 0 && (i = unit_next(t, "Install", keys[k][0], i)) < t->n; i++) {
			struct strv words = { 0 };

			r = unit_split(g->q.a, t->v[i].value, &words, e);
			for (size_t w = 0; w < words.n && r >= 0; w++)
				r = link_one(g, u, words.v[w], keys[k][1], e);
		}
	return r;
}

static int write_service(struct generator *g, struct quadlet_unit *u, struct err *e)
{
	auto_free char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return err_nomem(e);
	int r = quadlet_convert(&g->q, u, out, e);

	if (fclose(out) != 0 && r >= 0)
		r = err_nomem(e);
	if (r < 0)
		return r;
	if (g->dry) {
		printf("---%s---\n%s\n", u->service, text);
		return 0;
	}
	r = file_publish(g->out, u->service, text, size, 0644, 0, e);
	return r < 0 ? err_wrap(e, "%s", g->target) : link_all(g, u, e);
}

static int generate(struct generator *g, struct err *e)
{
	int r = find_folders(g, e);

	for (size_t i = 0; i < g->folders.n && r >= 0; i++)
		scan(g, g->folders.v[i], 0);
	for (size_t i = 0; i < g->q.n && r >= 0; i++)
		if (read_drop_ins(g, &g->q.v[i], e) < 0 || quadlet_name(&g->q, &g->q.v[i], e) < 0)
			complain(g, e);
	if (r >= 0 && !g->dry && g->q.n) {
		g->out = open(g->target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = g->out < 0 ? err_set(e, errno, "%s", g->target) : 0;
	}
	for (unsigned type = 0; type < QUADLET_TYPES && r >= 0; type++)
		for (size_t i = 0; i < g->q.n; i++)
			if (g->q.v[i].type == type && g->q.v[i].service && write_service(g, &g->q.v[i], e) < 0)
				complain(g, e);
	return r;
}

/* ---- the manual page ---- */

static void print_key(const struct key *k)
{
	puts(".TP");
	roff_bold(k->name);
	if (k->kind == KEY_UNUSED || k->kind == KEY_REFUSED)
		printf("%s: %s\n", k->kind == KEY_UNUSED ? "no effect" : "refused", k->option);
	else if (k->kind == KEY_OWN)
		roff_text(k->option);
	else
		printf("\\-\\-%s%s%s%s\n", k->option, k->prefix ? " " : "", k->prefix ? k->prefix : "", k->kind == KEY_WORDS ? ", for each word" : "");
}

static int print_manual(void)
{
	roff_begin("paene-quadlet", 5, "services of systemd from files of containers");
	roff_heading("Description");
	roff_text(manual_about);
	for (size_t type = 0; type < QUADLET_TYPES; type++) {
		char heading[64];

		snprintf(heading, sizeof(heading), "NAME.%s: [%s]", key_tables[type].suffix, key_tables[type].section);
		roff_heading(heading);
		for (size_t i = 0; i < key_tables[type].n; i++)
			print_key(&key_tables[type].keys[i]);
	}
	roff_heading("See also");
	roff_text("paene(1), podman-systemd.unit(5), systemd.unit(5)");
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- the command line ---- */

static int usage(FILE *out, int status)
{
	fputs("usage: paene-quadlet [--user] --dryrun | FOLDER [EARLY LATE]\n\n"
	      "Make services of systemd of .container, .volume, .network, .image and .pod files: a generator, which systemd calls.\n\n"
	      "  --dryrun       print the services\n  --user         those of the user who calls\n"
	      "  --no-kmsg-log  what is wrong is said to standard error alone\n  --version      print the version\n",
	      out);
	return status;
}

static bool take_word(struct generator *g, const char *word)
{
	const char *name = word + strspn(word, "-");

	if (*word != '-') {
		g->target = g->target ? g->target : word; /* what follows are the folders for other priorities */
		return true;
	}
	g->dry |= streq(name, "dryrun");
	g->q.user |= streq(name, "user");
	g->no_log |= streq(name, "no-kmsg-log");
	return streq(name, "dryrun") || streq(name, "user") || streq(name, "no-kmsg-log") || streq(name, "v");
}

int main(int argc, char **argv)
{
	auto_arena struct arena a = { 0 };
	const char *program = getenv(PROGRAM_ENV), *self = strrchr(argv[0], '/');
	struct generator g = {
		.q = { .a = &a, .program = program ? program : PAENE_PROGRAM, .warn = warn },
		.out = -1,
	};
	struct err e = { 0 };

	g.q.warn_arg = &g;
	g.q.user = strstr(self ? self + 1 : argv[0], "user") != NULL;
	for (int i = 1; i < argc; i++) {
		if (streq(argv[i], "--man"))
			return print_manual();
		if (streq(argv[i], "--version") || streq(argv[i], "--help")) {
			if (argv[i][2] == 'h')
				return usage(stdout, EXIT_SUCCESS);
			puts("paene-quadlet version " PAENE_VERSION);
			return EXIT_SUCCESS;
		}
		if (!take_word(&g, argv[i]))
			return usage(stderr, EXIT_FAILURE);
	}
	if (!g.dry == !g.target)
		return usage(stderr, EXIT_FAILURE);
	if (generate(&g, &e) < 0)
		complain(&g, &e);
	fd_close(&g.out);
	return fflush(stdout) == 0 ? g.status : EXIT_FAILURE;
}
