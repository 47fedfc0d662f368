// SPDX-License-Identifier: Apache-2.0
/* The record of one container on disk: engine.h says which files there are and in which order they appear. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "runtime/engine.h"
#include "runtime/names.h"
#include "spec/decode.h"

#define SETTINGS_FILE "settings.json"
#define CONFIG_FILE   "config.json"
#define EXIT_FILE     "exit.json"
#define RUN_FILE      "run.json"
#define WATCH_FILE    "monitor"
#define STOP_FILE     "stop"
#define ID_LENGTH     64
#define NAME_TRIES    20

const char *const restart_names[RESTART_COUNT] = { "no", "on-failure", "always" };
const char *const phase_names[PHASE_COUNT] = { "created", "starting", "running", "paused", "exited" };

static const struct field settings_fields[] = {
	FIELD_STRING(struct settings, id, "id", REQUIRED),
	FIELD_STRING(struct settings, name, "name", REQUIRED),
	FIELD_STRING(struct settings, created, "created", REQUIRED),
	FIELD_STRING(struct settings, image, "image", REQUIRED),
	FIELD_STRING(struct settings, manifest, "manifest", OPTIONAL),
	FIELD_STRINGS(struct settings, layers, "layers", OPTIONAL),
	FIELD_STRINGS(struct settings, command, "command", OPTIONAL),
	FIELD_STRING(struct settings, hostname, "hostname", OPTIONAL),
	FIELD_STRING(struct settings, network, "network", REQUIRED),
	FIELD_STRINGS(struct settings, ports, "ports", OPTIONAL),
	FIELD_STRINGS(struct settings, extra_hosts, "extraHosts", OPTIONAL),
	{ FIELD_OF(struct settings, restart, "restart", enum, true), .names = restart_names, .n_table = RESTART_COUNT },
	FIELD_OPT_U32(struct settings, restart_max, "restartMax"),
	FIELD_BOOL(struct settings, remove, "remove", OPTIONAL),
	FIELD_BOOL(struct settings, terminal, "terminal", OPTIONAL),
	FIELD_BOOL(struct settings, input, "input", OPTIONAL),
	FIELD_BOOL(struct settings, privileged, "privileged", OPTIONAL),
	FIELD_BOOL(struct settings, init, "init", OPTIONAL),
	FIELD_BOOL(struct settings, private_userns, "privateUserNamespace", OPTIONAL),
	FIELD_BOOL(struct settings, abi32, "abi32", OPTIONAL),
	{ FIELD_OF(struct settings, seccomp, "seccomp", enum, true),
	  .names = seccomp_profile_names, .n_table = SECCOMP_PROFILE_COUNT },
	FIELD_U32(struct settings, stop_signal, "stopSignal", REQUIRED),
	FIELD_U32(struct settings, stop_timeout_s, "stopTimeout", REQUIRED),
	FIELD_BOOL(struct settings, pids_default, "pidsDefault", OPTIONAL),
	FIELD_STRINGS(struct settings, binds, "binds", OPTIONAL),
	FIELD_MAP(struct settings, labels, "labels"),
};

static const struct field exit_fields[] = {
	FIELD_I32(struct exit_record, status, "status", REQUIRED),
	FIELD_STRING(struct exit_record, started, "started", OPTIONAL),
	FIELD_STRING(struct exit_record, finished, "finished", OPTIONAL),
	FIELD_BOOL(struct exit_record, oom_killed, "oomKilled", OPTIONAL),
	FIELD_STRING(struct exit_record, error, "error", OPTIONAL),
	FIELD_U64(struct exit_record, restarts, "restarts", OPTIONAL),
	FIELD_U64(struct exit_record, cpu_us, "cpuMicroseconds", OPTIONAL),
	FIELD_U64(struct exit_record, memory_peak_bytes, "memoryPeakBytes", OPTIONAL),
};

static const struct field run_fields[] = {
	FIELD_STRING(struct run_record, started, "started", REQUIRED),
	FIELD_STRING(struct run_record, address, "address", OPTIONAL),
	FIELD_STRINGS(struct run_record, ports, "ports", OPTIONAL),
	FIELD_U32(struct run_record, range_start, "rangeStart", OPTIONAL),
	FIELD_STRINGS(struct run_record, missing, "missing", OPTIONAL),
};

void settings_free(struct settings *s)
{
	arena_free(&s->arena);
}

void exit_record_free(struct exit_record *x)
{
	arena_free(&x->arena);
}

void run_record_free(struct run_record *r)
{
	arena_free(&r->arena);
}

void container_free(struct container *c)
{
	run_record_free(&c->run);
	settings_free(&c->settings);
	exit_record_free(&c->exit);
}

/* Who has this name? Fills the message. */
static int name_in_use(const struct engine *g, const char *name, struct err *e)
{
	char id[ID_LENGTH + 1] = "";
	ssize_t n = readlinkat(g->names, name, id, ID_LENGTH);

	id[n > 0 ? n : 0] = '\0';
	err_say(e, EEXIST, "the container name \"%s\" is in use by container %.12s", name, id);
	return err_hint(e, "remove it with `paene rm %s`, or choose another name", name);
}

static int take_name(const struct engine *g, struct settings *s, struct err *e)
{
	char random[NAMES_MAX];

	if (s->name)
		return symlinkat(s->id, g->names, s->name) == 0 ? 0
		       : errno == EEXIST			? name_in_use(g, s->name, e)
								: err_set(e, errno, "take the name %s", s->name);
	for (int i = 0; i < NAME_TRIES; i++) {
		int r = names_random(random, i >= NAME_TRIES / 2);

		if (r < 0)
			return err_set(e, -r, "choose a name");
		if (symlinkat(s->id, g->names, random) < 0) {
			if (errno != EEXIST)
				return err_set(e, errno, "take the name %s", random);
			continue;
		}
		s->name = arena_strdup(&s->arena, random);
		return s->name ? 0 : err_nomem(e);
	}
	return err_say(e, EEXIST, "found no free name; choose one with --name");
}

static int write_files(int dir, const struct settings *s, const struct spec *spec, struct err *e)
{
	static const char *const folders[] = { "upper", "work", "lower" };
	auto_free char *config = NULL, *settings = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (mkdirat(dir, folders[i], i == 0 ? 0755 : 0700) < 0)
			return err_set(e, errno, "make folder %s", folders[i]);
	int r = spec_encode(spec, &config, e);

	if (r >= 0)
		r = file_publish(dir, CONFIG_FILE, config, strlen(config), 0600, 0, e);
	if (r >= 0)
		r = encode_text(settings_fields, ARRAY_SIZE(settings_fields), s, &settings, e);
	return r < 0 ? r : file_publish(dir, SETTINGS_FILE, settings, strlen(settings), 0600, 0, e);
}

int record_create(const struct engine *g, struct settings *s, const struct spec *spec, int *ret_dir, struct err *e)
{
	char id[ID_LENGTH + 1];
	int r = proc_random_hex(id, ID_LENGTH);

	if (r < 0)
		return err_set(e, -r, "choose an id");
	s->id = arena_strdup(&s->arena, id);
	if (!s->id)
		return err_nomem(e);
	if (mkdirat(g->containers, id, 0700) < 0)
		return err_set(e, errno, "make the container's folder");
	auto_fd int dir = record_open(g, id, e), watch = -1;

	r = dir;
	if (r >= 0)
		r = watch = record_watch(dir, false, e); /* until settings.json is there, against sweepers */
	if (r >= 0)
		r = take_name(g, s, e);
	if (r >= 0)
		r = write_files(dir, s, spec, e);
	if (r < 0) {
		struct err ignored;

		(void)record_destroy(g, id, &ignored); /* the first error counts */
		return r;
	}
	*ret_dir = fd_take(&dir);
	return 0;
}

int record_open(const struct engine *g, const char *id, struct err *e)
{
	int fd = openat(g->containers, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return err_say(e, ENOENT, "no such container: %s", id);
	return fd < 0 ? err_set(e, errno, "open container %s", id) : fd;
}

struct search {
	const char *prefix;
	size_t n;
	char *ret;
	int found;
};

static int match(int dir, const char *name, void *arg, struct err *e)
{
	struct search *s = arg;

	(void)dir, (void)e;
	if (strncmp(name, s->prefix, s->n) == 0 && strlen(name) == ID_LENGTH && s->found++ == 0)
		memcpy(s->ret, name, ID_LENGTH + 1);
	return 0;
}

int record_find(const struct engine *g, const char *name, char *ret, struct err *e)
{
	struct search s = { .prefix = name, .n = strlen(name), .ret = ret };
	int r = str_check_name(name, "container name", e);
	struct stat st;

	if (r < 0)
		return r;
	ssize_t n = readlinkat(g->names, name, ret, ID_LENGTH);

	if (n == ID_LENGTH) {
		ret[n] = '\0';
		if (fstatat(g->containers, ret, &st, AT_SYMLINK_NOFOLLOW) == 0)
			return 0;
	}
	if (strspn(name, "0123456789abcdef") == s.n && s.n <= ID_LENGTH) {
		r = file_each(g->containers, match, &s, e);
		if (r < 0)
			return r;
	}
	if (s.found > 1)
		return err_say(e, EINVAL, "several containers have an id that begins with %s: give more digits", name);
	if (s.found == 0) {
		err_say(e, ENOENT, "no such container: %s", name);
		return err_hint(e, "`paene ps -a` lists all");
	}
	return 0;
}

/* Read a small JSON file of a container's folder by a table. */
static int read_json(int dir, const char *name, const struct field *table, size_t n, struct arena *a, void *ret,
		     struct err *e)
{
	auto_free char *text = NULL;
	size_t len;
	int r = file_read(dir, name, 1 << 20, &text, &len, e);

	return r < 0 ? r : decode_text(text, len, name, table, n, a, ret, e);
}

int record_settings(int dir, struct settings *ret, struct err *e)
{
	struct settings s = { 0 };
	int r = read_json(dir, SETTINGS_FILE, settings_fields, ARRAY_SIZE(settings_fields), &s.arena, &s, e);

	if (r < 0) {
		settings_free(&s);
		return r;
	}
	*ret = s;
	return 0;
}

int record_spec(int dir, struct spec *ret, struct err *e)
{
	auto_free char *text = NULL;
	size_t len;
	int r = file_read(dir, CONFIG_FILE, SPEC_MAX_BYTES, &text, &len, e);

	return r < 0 ? r : spec_decode(text, len, ret, e);
}

int record_write_run(int dir, const struct run_record *r, struct err *e)
{
	auto_free char *text = NULL;
	int n = encode_text(run_fields, ARRAY_SIZE(run_fields), r, &text, e);

	return n < 0 ? n : file_publish(dir, RUN_FILE, text, strlen(text), 0600, 0, e);
}

int record_run(int dir, struct run_record *ret, struct err *e)
{
	struct run_record r = { 0 };
	int n = read_json(dir, RUN_FILE, run_fields, ARRAY_SIZE(run_fields), &r.arena, &r, e);

	if (n < 0)
		run_record_free(&r);
	else
		*ret = r;
	return n == -ENOENT ? 0 : n < 0 ? n : 1;
}

int record_write_exit(int dir, const struct exit_record *x, struct err *e)
{
	auto_free char *text = NULL;
	int r = encode_text(exit_fields, ARRAY_SIZE(exit_fields), x, &text, e);

	return r < 0 ? r : file_publish(dir, EXIT_FILE, text, strlen(text), 0600, 0, e);
}

int record_exit(int dir, struct exit_record *ret, struct err *e)
{
	struct exit_record x = { 0 };
	int r = read_json(dir, EXIT_FILE, exit_fields, ARRAY_SIZE(exit_fields), &x.arena, &x, e);

	if (r < 0)
		exit_record_free(&x);
	else
		*ret = x;
	return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

/* Those who look (is_watched) and those who waited (record_wait) hold a shared lock for a moment: nobody is at work then. */
static bool only_looked_at(int fd)
{
	bool shared = flock(fd, LOCK_SH | LOCK_NB) == 0;

	if (shared)
		(void)flock(fd, LOCK_UN);
	else
		errno = EWOULDBLOCK;
	return shared;
}

int record_watch(int dir, bool wait, struct err *e)
{
	auto_fd int fd = openat(dir, WATCH_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_set(e, errno, "open the monitor's lock");
	while (flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB)) < 0) {
		if (errno == EWOULDBLOCK && only_looked_at(fd))
			continue;
		if (errno == EWOULDBLOCK)
			return err_say(e, EBUSY, "the container is looked after by another process");
		if (errno != EINTR)
			return err_set(e, errno, "take the monitor's lock");
	}
	return fd_take(&fd);
}

void record_tell_waiters(int watch, int status)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%d\n", status);

	if (ftruncate(watch, 0) == 0)
		(void)!pwrite(watch, text, (size_t)n, 0);
}

int record_wait(int dir, int *ret_status, struct err *e)
{
	char text[16];
	auto_fd int fd = openat(dir, WATCH_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	*ret_status = -1;
	if (fd < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "open the monitor's lock");
	while (flock(fd, LOCK_SH) < 0)
		if (errno != EINTR)
			return err_set(e, errno, "wait for the monitor");
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	if (n > 0)
		*ret_status = atoi(text);
	return 0;
}

static bool is_watched(int dir)
{
	auto_fd int fd = openat(dir, WATCH_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	/* a shared lock: two who only look do not see each other */
	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

int record_set_stop(int dir, bool stop, struct err *e)
{
	if (!stop)
		return unlinkat(dir, STOP_FILE, 0) < 0 && errno != ENOENT ? err_set(e, errno, "remove the stop mark")
									 : 0;
	auto_fd int fd = openat(dir, STOP_FILE, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? err_set(e, errno, "make the stop mark") : 0;
}

bool record_wants_stop(int dir)
{
	return faccessat(dir, STOP_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static enum phase phase_of(const struct container *c, const struct state *s)
{
	switch (s ? s->status : STATUS_STOPPED) {
	case STATUS_CREATING:
	case STATUS_CREATED:
		return PHASE_STARTING;
	case STATUS_RUNNING:
		return PHASE_RUNNING;
	case STATUS_PAUSED:
		return PHASE_PAUSED;
	default:
		break;
	}
	/* without an exit record: it was never started, or its monitor was killed with it */
	return c->has_exit || s ? PHASE_EXITED : PHASE_CREATED;
}

int container_load(const struct engine *g, const char *id, struct container *ret, struct err *e)
{
	auto_fd int dir = record_open(g, id, e);
	struct container c = { 0 };
	auto_state struct state s = { 0 };
	struct err absent;

	if (dir < 0)
		return dir;
	int r = record_settings(dir, &c.settings, e);

	if (r >= 0)
		r = record_exit(dir, &c.exit, e);
	c.has_exit = r > 0;
	if (r >= 0)
		r = record_run(dir, &c.run, e);
	if (r < 0) {
		container_free(&c);
		return r;
	}
	c.watched = is_watched(dir);
	bool has_state = state_load(g->states, id, &s, &absent) == 0;

	c.phase = phase_of(&c, has_state ? &s : NULL);
	if (has_state) {
		c.init = s.init;
		snprintf(c.cgroup_path, sizeof(c.cgroup_path), "%s", s.cgroup_path ? s.cgroup_path : "");
	}
	*ret = c;
	return 0;
}

struct entry {
	char id[ID_LENGTH + 1];
	struct timespec born;
};
struct listing {
	struct entry *v;
	size_t n, room;
};

static int add_entry(int dir, const char *name, void *arg, struct err *e)
{
	struct listing *l = arg;
	struct stat st;
	char file[ID_LENGTH + sizeof(SETTINGS_FILE) + 2];

	if (strlen(name) != ID_LENGTH)
		return 0;
	snprintf(file, sizeof(file), "%s/%s", name, SETTINGS_FILE);
	if (fstatat(dir, file, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0; /* being made, or litter */
	if (l->n == l->room) {
		size_t room = l->room ? l->room * 2 : 64;
		struct entry *more = realloc(l->v, room * sizeof(*more));

		if (!more)
			return err_nomem(e);
		l->v = more;
		l->room = room;
	}
	memcpy(l->v[l->n].id, name, ID_LENGTH + 1);
	l->v[l->n++].born = st.st_mtim;
	return 0;
}

static int newest_first(const void *a, const void *b)
{
	const struct timespec *x = &((const struct entry *)a)->born, *y = &((const struct entry *)b)->born;

	if (x->tv_sec != y->tv_sec)
		return x->tv_sec < y->tv_sec ? 1 : -1;
	return x->tv_nsec < y->tv_nsec ? 1 : x->tv_nsec > y->tv_nsec ? -1 : 0;
}

int container_each(const struct engine *g, int (*f)(const struct container *c, void *arg, struct err *e), void *arg,
		   struct err *e)
{
	struct listing l = { 0 };
	int r = file_each(g->containers, add_entry, &l, e);

	if (r >= 0 && l.n > 1)
		qsort(l.v, l.n, sizeof(*l.v), newest_first);
	for (size_t i = 0; i < l.n && r == 0; i++) {
		auto_container struct container c = { 0 };

		r = container_load(g, l.v[i].id, &c, e);
		if (r == 0)
			r = f(&c, arg, e);
		else if (r == -ENOENT)
			r = 0; /* removed meanwhile */
	}
	free(l.v);
	return r;
}

int volume_open(const struct engine *g, const char *name, struct err *e)
{
	int r = str_check_name(name, "volume name", e);

	if (r < 0)
		return r;
	if (mkdirat(g->volumes, name, 0755) < 0 && errno != EEXIST)
		return err_set(e, errno, "make volume %s", name);
	int fd = openat(g->volumes, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? err_set(e, errno, "open volume %s", name) : fd;
}

/* The name goes first: one that is there always leads to a folder. */
int record_destroy(const struct engine *g, const char *id, struct err *e)
{
	auto_settings struct settings s = { 0 };
	auto_fd int dir = record_open(g, id, e);
	char owner[ID_LENGTH + 1];
	struct err ignored;

	if (dir < 0)
		return dir == -ENOENT ? 0 : dir;
	if (record_settings(dir, &s, &ignored) == 0) {
		ssize_t n = readlinkat(g->names, s.name, owner, ID_LENGTH);

		if (n == ID_LENGTH && memcmp(owner, id, ID_LENGTH) == 0)
			(void)unlinkat(g->names, s.name, 0); /* a sweep finds it otherwise */
	}
	return file_remove(g->containers, id, e);
}
