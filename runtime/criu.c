// SPDX-License-Identifier: Apache-2.0
#include "runtime/criu.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/sock.h"

#define DEFAULT_PATH  "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define DEFAULT_IMAGE "checkpoint"
#define ANSWER_MAX    (64 * 1024)
#define LOG_LEVEL     4 /* what callers copy after a failure is read by people who look for its reason */

/* Types of messages that are no request of a caller's. */
enum { TYPE_NOTIFY = 6, TYPE_FEATURES = 9, TYPE_VERSION = 10 };

/* Fields of a request, and of an answer. */
enum { REQUEST_TYPE = 1, REQUEST_OPTIONS = 2, REQUEST_NOTIFY_SUCCESS = 3, REQUEST_FEATURES = 5 };
enum {
	ANSWER_TYPE = 1,
	ANSWER_SUCCESS = 2,
	ANSWER_EVENT = 5,
	ANSWER_ERRNO = 7,
	ANSWER_FEATURES = 8,
	ANSWER_TEXT = 9,
	ANSWER_VERSION = 10,
};

struct answer {
	uint64_t type, success, errnum, pid, version;
	uint64_t features; /* enum criu_feature */
	char *text, *event;
};

/* ---- the program ---- */

/* The caller's PATH: criu runs ip, iptables and tar by it, too. */
static const char *search_path(void)
{
	const char *path = getenv("PATH");

	return path && *path ? path : DEFAULT_PATH;
}

static int find_program(char ret[PATH_MAX], struct err *e)
{
	for (const char *dir = search_path(); *dir;) {
		size_t n = strcspn(dir, ":");
		int len = snprintf(ret, PATH_MAX, "%.*s/criu", (int)n, dir);

		if (*dir == '/' && len > 0 && len < PATH_MAX && access(ret, X_OK) == 0)
			return 0;
		dir += n + (dir[n] == ':');
	}
	err_say(e, ENOENT, "criu is not installed: it makes checkpoints and restores them");
	return err_hint(e, "install the package criu, %d.%d or newer", CRIU_OLDEST / 10000, CRIU_OLDEST / 100 % 100);
}

struct session {
	struct arena *arena;
	pid_t pid;
	int pidfd, sock;
};

static int start(struct session *s, const struct criu_call *q, struct err *e)
{
	char path[PATH_MAX], *argv[] = { "criu", "swrk", "3", NULL }, *envp[] = { NULL, NULL };
	int keep[8];
	int r = find_program(path, e);

	if (r < 0)
		return r;
	envp[0] = arena_printf(s->arena, "PATH=%s", search_path());
	if (!envp[0])
		return err_nomem(e);
	if (q->n_keep + 1 > ARRAY_SIZE(keep))
		return err_say(e, E2BIG, "too many descriptors for criu");
	auto_fd int theirs = -1;

	r = sock_pair(&s->sock, &theirs, e);
	if (r < 0)
		return r;
	keep[0] = theirs;
	if (q->n_keep)
		memcpy(keep + 1, q->keep, q->n_keep * sizeof(*keep));
	const struct proc_spawn spawn = {
		.path = path,
		.argv = argv,
		.envp = envp,
		.stdio = { q->stdio ? q->stdio[0] : -1, q->stdio ? q->stdio[1] : -1, q->stdio ? q->stdio[2] : -1 },
		.keep = keep,
		.n_keep = q->n_keep + 1,
		.cwd = -1,
		.die_with_parent = true,
		.no_new_privs = q->no_new_privs,
	};

	return proc_spawn(&spawn, &s->pid, &s->pidfd, e);
}

/* It ends by itself once nobody speaks to it any more; where something went wrong, at once. */
static int end(struct session *s, bool failed, struct err *e)
{
	fd_close(&s->sock);
	if (s->pidfd < 0)
		return 0;
	if (failed)
		(void)pidfd_send_signal(s->pidfd, SIGKILL, NULL, 0);
	int r = proc_wait(s->pidfd, e);

	fd_close(&s->pidfd);
	return r;
}

/* ---- messages ---- */

static int send_request(struct session *s, const struct wire *w, struct err *e)
{
	if (w->failed)
		return err_nomem(e);
	int r = sock_send(s->sock, w->v, w->n, NULL, 0);

	return r < 0 ? err_set(e, -r, "speak to criu") : 0;
}

/* A message inside the answer, whose numbers are wanted: field N goes to ret[N]. */
static int read_numbers(struct wire_view v, uint64_t ret[], size_t n)
{
	struct wire_field f;
	int r;

	while ((r = wire_next(&v, &f)) > 0)
		if (f.is_number && f.field < n)
			ret[f.field] = f.number;
	return r;
}

static int read_version(struct wire_view v, struct answer *a)
{
	enum { MAJOR = 1, MINOR = 2, SUBLEVEL = 4 };
	uint64_t n[SUBLEVEL + 1] = { 0 };
	int r = read_numbers(v, n, ARRAY_SIZE(n));

	a->version = n[MAJOR] * 10000 + n[MINOR] * 100 + n[SUBLEVEL];
	return r;
}

static int read_features(struct wire_view v, struct answer *a)
{
	uint64_t n[3] = { 0 };
	int r = read_numbers(v, n, ARRAY_SIZE(n));

	a->features = (n[1] ? CRIU_TRACK_MEMORY : 0) | (n[2] ? CRIU_LAZY_MEMORY : 0);
	return r;
}

static int read_event(struct arena *arena, struct wire_view v, struct answer *a)
{
	enum { SCRIPT = 1, PID = 2 };
	struct wire_field f;
	int r;

	while ((r = wire_next(&v, &f)) > 0) {
		if (f.field == SCRIPT && !f.is_number)
			a->event = wire_string(arena, &f);
		if (f.field == PID && f.is_number)
			a->pid = f.number;
	}
	return r;
}

static int read_answer(struct arena *arena, struct wire_view v, struct answer *a)
{
	struct wire_field f;
	int r;

	*a = (struct answer){ 0 };
	while ((r = wire_next(&v, &f)) > 0) {
		uint64_t *const numbers[] = {
			[ANSWER_TYPE] = &a->type, [ANSWER_SUCCESS] = &a->success, [ANSWER_ERRNO] = &a->errnum
		};

		if (f.is_number && f.field < ARRAY_SIZE(numbers) && numbers[f.field])
			*numbers[f.field] = f.number;
		else if (f.field == ANSWER_TEXT)
			a->text = wire_string(arena, &f);
		else if (f.field == ANSWER_EVENT)
			r = read_event(arena, f.bytes, a);
		else if (f.field == ANSWER_FEATURES)
			r = read_features(f.bytes, a);
		else if (f.field == ANSWER_VERSION)
			r = read_version(f.bytes, a);
		if (r < 0)
			break;
	}
	return r;
}

static int next_answer(struct session *s, struct answer *ret, int *ret_fd, struct err *e)
{
	auto_free unsigned char *bytes = malloc(ANSWER_MAX);
	auto_fd int fd = -1;

	if (!bytes)
		return err_nomem(e);
	ssize_t n = sock_recv(s->sock, bytes, ANSWER_MAX, &fd, 1);

	if (n < 0)
		return err_set(e, (int)-n, "listen to criu");
	if (n == 0)
		return err_say(e, EPIPE, "criu ended without an answer");
	if (read_answer(s->arena, (struct wire_view){ bytes, (size_t)n }, ret) < 0)
		return err_say(e, EBADMSG, "criu's answer makes no sense");
	*ret_fd = fd_take(&fd);
	return 0;
}

/* Its own first error, without the newline. */
static int refused(const struct answer *a, struct err *e)
{
	int errnum = a->errnum > 0 && a->errnum < 4096 ? (int)a->errnum : 0;

	if (a->text && *a->text)
		return err_say(e, errnum ? errnum : EIO, "criu failed: %.*s", (int)strcspn(a->text, "\n"), a->text);
	return errnum ? err_set(e, errnum, "criu failed") : err_say(e, EIO, "criu failed");
}

/* ---- what it can do ---- */

static int ask(struct arena *arena, const struct wire *request, struct answer *ret, struct err *e)
{
	const struct criu_call none = { 0 };
	struct session s = { .arena = arena, .pidfd = -1, .sock = -1 };
	struct err ignored;
	int fd = -1, r = start(&s, &none, e);

	if (r >= 0)
		r = send_request(&s, request, e);
	if (r >= 0)
		r = next_answer(&s, ret, &fd, e);
	if (r >= 0 && !ret->success)
		r = refused(ret, e);
	fd_close(&fd);
	(void)end(&s, r < 0, &ignored); /* the answer counts */
	return r;
}

static int check_features(struct arena *arena, unsigned need, struct err *e)
{
	struct wire request = { .arena = arena }, features = { .arena = arena };
	struct answer a = { 0 };

	if (need & CRIU_TRACK_MEMORY)
		wire_number(&features, 1, true);
	if (need & CRIU_LAZY_MEMORY)
		wire_number(&features, 2, true);
	wire_number(&request, REQUEST_TYPE, TYPE_FEATURES);
	wire_message(&request, REQUEST_FEATURES, &features);
	int r = ask(arena, &request, &a, e);

	if (r < 0)
		return r;
	if ((need & CRIU_TRACK_MEMORY) && !(a.features & CRIU_TRACK_MEMORY))
		return err_say(e, EOPNOTSUPP, "criu or the kernel cannot track changes of memory: --pre-dump needs that");
	if ((need & CRIU_LAZY_MEMORY) && !(a.features & CRIU_LAZY_MEMORY))
		return err_say(e, EOPNOTSUPP, "criu or the kernel cannot restore memory lazily: --lazy-pages needs that");
	return 0;
}

int criu_check(struct arena *arena, unsigned need_feature, struct err *e)
{
	struct wire request = { .arena = arena };
	struct answer a = { 0 };

	wire_number(&request, REQUEST_TYPE, TYPE_VERSION);
	int r = ask(arena, &request, &a, e);

	if (r < 0)
		return err_wrap(e, "ask criu for its version");
	if (a.version < CRIU_OLDEST)
		return err_say(e, EOPNOTSUPP, "criu %u.%u is too old: %d.%d or newer is needed",
			       (unsigned)(a.version / 10000), (unsigned)(a.version / 100 % 100), CRIU_OLDEST / 10000,
			       CRIU_OLDEST / 100 % 100);
	return need_feature ? check_features(arena, need_feature, e) : 0;
}

/* ---- folders and options ---- */

void criu_folders_close(struct criu_folders *f)
{
	fd_close(&f->images);
	fd_close(&f->work);
}

/* What criu truncates and writes must not be a link that came with the images (S30). */
static int clear_logs(int work, const char *log, struct err *e)
{
	const char *const names[] = { log, "stats-dump", "stats-restore" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (unlinkat(work, names[i], 0) < 0 && errno != ENOENT)
			return err_set(e, errno, "remove the old %s", names[i]);
	return 0;
}

static int open_folder(const char *path, bool make, struct err *e)
{
	auto_fd int made = make ? path_mkdirs(path, 0700, e) : -1;

	return make && made < 0 ? made : path_open_dir(path, O_RDONLY, e);
}

int criu_folders_open(const struct criu_choices *c, bool make, const char *log, struct criu_folders *ret, struct err *e)
{
	const char *images = c->image_path ? c->image_path : DEFAULT_IMAGE;

	ret->work_path = c->work_path ? c->work_path : images;
	ret->images = open_folder(images, make, e);
	if (ret->images < 0)
		return err_wrap(e, "--image-path");
	ret->work = open_folder(ret->work_path, c->work_path != NULL, e);
	if (ret->work < 0)
		return err_wrap(e, "--work-path");
	return clear_logs(ret->work, log, e);
}

void criu_folders_options(struct wire *o, const struct criu_folders *f)
{
	wire_number(o, CRIU_OPT_IMAGES_FD, (uint64_t)f->images);
	wire_number(o, CRIU_OPT_WORK_FD, (uint64_t)f->work);
}

struct word {
	const char *word;
	unsigned number; /* in the protocol */
};
static const struct word cgroup_modes[] = {
	{ "ignore", 0 }, { "soft", 3 }, { "full", 4 }, { "strict", 5 },
};
static const struct word network_locks[] = { { "iptables", 1 }, { "nftables", 2 }, { "skip", 3 } };

static int add_word(struct wire *o, enum criu_option option, const char *flag, const char *given, const struct word *words,
		    size_t n, struct err *e)
{
	char list[128] = "";

	if (!given)
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (streq(words[i].word, given)) {
			wire_number(o, option, words[i].number);
			return 0;
		}
		size_t used = strlen(list);

		snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "", words[i].word);
	}
	return err_say(e, EINVAL, "--%s %s: it is one of %s", flag, given, list);
}

/* Addresses and links are the business of whoever made them: criu leaves network namespaces empty in any case. */
static int add_empty_ns(struct wire *o, const struct strv *kinds, struct err *e)
{
	for (size_t i = 0; i < kinds->n; i++)
		if (!streq(kinds->v[i], "network"))
			return err_say(e, EINVAL, "--empty-ns %s: only network is possible", kinds->v[i]);
	wire_number(o, CRIU_OPT_EMPTY_NS, CLONE_NEWNET);
	return 0;
}

static void add_flags(struct wire *o, const struct criu_choices *c)
{
	const struct {
		enum criu_option option;
		bool given;
	} flags[] = {
		{ CRIU_OPT_LEAVE_RUNNING, c->leave_running },
		{ CRIU_OPT_EXT_UNIX_SK, c->ext_unix_sk },
		{ CRIU_OPT_TCP_ESTABLISHED, c->tcp_established },
		{ CRIU_OPT_TCP_CLOSE, c->tcp_close },
		{ CRIU_OPT_TCP_SKIP_IN_FLIGHT, c->tcp_skip_in_flight },
		{ CRIU_OPT_SHELL_JOB, c->shell_job },
		{ CRIU_OPT_FILE_LOCKS, c->file_locks },
		{ CRIU_OPT_LAZY_PAGES, c->lazy_pages },
		{ CRIU_OPT_LINK_REMAP, c->link_remap },
		{ CRIU_OPT_AUTO_DEDUP, c->auto_dedup },
		{ CRIU_OPT_NOTIFY, true },
		{ CRIU_OPT_ORPHAN_PTS, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (flags[i].given)
			wire_number(o, flags[i].option, true);
}

/* Settings in this file go before ours: it is the administrator's, or the configuration's. */
static const char *config_file(const struct spec_map *annotations)
{
	static const char *const usual[] = { "/etc/criu/runc.conf", "/etc/criu/crun.conf" };
	const char *own = spec_map_get(annotations, "org.criu.config");

	if (own)
		return *own ? own : NULL;
	for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
		if (access(usual[i], R_OK) == 0)
			return usual[i];
	return NULL;
}

int criu_common_options(struct wire *o, const struct criu_choices *c, const char *log, const struct spec_map *annotations,
			struct err *e)
{
	int r = add_word(o, CRIU_OPT_CGROUP_MODE, "manage-cgroups-mode", c->cgroup_mode ? c->cgroup_mode : "soft",
			 cgroup_modes, ARRAY_SIZE(cgroup_modes), e);

	if (r >= 0)
		r = add_word(o, CRIU_OPT_NETWORK_LOCK, "network-lock", c->network_lock, network_locks,
			     ARRAY_SIZE(network_locks), e);
	if (r >= 0)
		r = add_empty_ns(o, &c->empty_ns, e);
	if (r < 0)
		return r;
	add_flags(o, c);
	wire_number(o, CRIU_OPT_LOG_LEVEL, LOG_LEVEL);
	wire_text(o, CRIU_OPT_LOG_FILE, log);
	wire_text(o, CRIU_OPT_CONFIG_FILE, config_file(annotations));
	return 0;
}

void criu_pair(struct wire *o, enum criu_option option, const char *first, const char *second)
{
	struct wire pair = { .arena = o->arena };

	wire_text(&pair, 1, first);
	wire_text(&pair, 2, second);
	wire_message(o, option, &pair);
}

/* ---- a request ---- */

static int send_call(struct session *s, const struct criu_call *q, struct err *e)
{
	struct wire request = { .arena = s->arena };

	wire_number(&request, REQUEST_TYPE, q->type);
	wire_message(&request, REQUEST_OPTIONS, q->options);
	return send_request(s, &request, e);
}

static int say_done(struct session *s, struct err *e)
{
	struct wire request = { .arena = s->arena };

	wire_number(&request, REQUEST_TYPE, TYPE_NOTIFY);
	wire_number(&request, REQUEST_NOTIFY_SUCCESS, true);
	return send_request(s, &request, e);
}

/* Events, until the answer to the request itself. */
static int follow(struct session *s, const struct criu_call *q, struct err *e)
{
	for (;;) {
		struct answer a;
		auto_fd int fd = -1;
		int r = next_answer(s, &a, &fd, e);

		if (r < 0)
			return r;
		if (!a.success)
			return refused(&a, e);
		if (a.type != TYPE_NOTIFY)
			return a.type == q->type ? 0 : err_say(e, EBADMSG, "criu answers what nobody has asked");
		const struct criu_event event = { a.event ? a.event : "", (int)a.pid, &fd };

		r = q->event ? q->event(&event, q->arg, e) : 0;
		if (r >= 0)
			r = say_done(s, e);
		if (r < 0)
			return r;
	}
}

int criu_call(const struct criu_call *q, struct err *e)
{
	struct session s = { .arena = q->arena, .pidfd = -1, .sock = -1 };
	struct err ending;
	int r = start(&s, q, e);

	if (r >= 0 && q->before)
		r = q->before(s.pid, q->options, q->arg, e);
	if (r >= 0)
		r = send_call(&s, q, e);
	if (r >= 0)
		r = follow(&s, q, e);
	int status = end(&s, r < 0, r < 0 ? &ending : e);

	/* after a pre-dump it waits for more, and takes our silence for a failure */
	if (r >= 0 && status > 0 && q->type != CRIU_PRE_DUMP)
		return err_say(e, EIO, "criu failed: exit status %d", status);
	return r < 0 ? r : MIN(status, 0);
}
