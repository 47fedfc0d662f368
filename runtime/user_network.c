// SPDX-License-Identifier: Apache-2.0
#include "runtime/user_network.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "network/pasta.h"
#include "runtime/rootless.h"

#define UPLINK "outside" /* what its link is called in the namespace: no bridge of ours is */

#define LINK	   ROOTLESS_UPLINK_LINK
#define PID_FILE   "pasta.pid"
#define RECORD	   ROOTLESS_UPLINK_RECORD
#define RECORD_MAX 64
#define END_MS	   2000
#define TRIES	   8 /* others end it each time */

/* What follows the word, "" where nothing does; NULL for another network. */
static const char *options_of(const struct settings *s)
{
	const char *rest = str_after(s->network, NETWORK_PASTA);

	return rest && *rest == ':' ? rest + 1 : rest;
}

bool user_network_is(const struct settings *s)
{
	return options_of(s) != NULL;
}

static int read_ports(const struct settings *s, struct arena *a, struct pasta_plan *p, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < s->ports.n && r >= 0; i++)
		r = net_port_parse(a, s->ports.v[i], &p->ports, &p->n_ports, e);
	return r < 0 ? r : net_ports_check(p->ports, p->n_ports, e);
}

/* Where its files are. */
struct place {
	int dir;
	char link[PATH_MAX], pid_file[PATH_MAX];
};

static void place_close(struct place *p)
{
	fd_close(&p->dir);
}

#define auto_place __attribute__((cleanup(place_close)))

static int place_open(const struct engine *g, const char *folder, struct place *ret, struct err *e)
{
	ret->dir = openat(g->run, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	snprintf(ret->link, sizeof(ret->link), "%s/%s/" LINK, g->run_path, folder);
	snprintf(ret->pid_file, sizeof(ret->pid_file), "%s/%s/" PID_FILE, g->run_path, folder);
	return ret->dir < 0 ? err_set(e, errno, "open %s/%s", g->run_path, folder) : 0;
}

static int write_record(const struct place *at, const struct proc_id *id, struct err *e)
{
	char text[RECORD_MAX];
	int n = snprintf(text, sizeof(text), "%d %" PRIu64 "\n", id->pid, id->start_time);

	return file_publish(at->dir, RECORD, text, (size_t)n, 0600, 0, e);
}

/* Return: a pidfd, or -errno: there is none */
static int find(int dir, const char *record)
{
	auto_free char *text = NULL;
	struct proc_id who;
	struct err none;
	int r = file_read(dir, record, RECORD_MAX, &text, NULL, &none);

	if (r < 0)
		return r;
	return sscanf(text, "%d %" SCNu64, &who.pid, &who.start_time) == 2 ? proc_open(&who, &none) : -EINVAL;
}

/* Return: a pidfd, or -errno with @e filled */
static int start(const struct place *at, struct pasta_plan *p, int netns, struct err *e)
{
	struct proc_id id;

	p->netns = at->link;
	p->pid_file = at->pid_file;
	int r = pasta_start(p, netns, &id, e);
	int program = r < 0 ? r : proc_open(&id, e);

	r = program < 0 ? program : write_record(at, &id, e);
	if (r >= 0)
		return program;
	user_network_end(program);
	fd_close(&program);
	return r;
}

static int note_ports(const struct pasta_plan *p, struct run_record *rec, struct err *e)
{
	char text[NET_PORT_MAX];

	for (size_t i = 0; i < p->n_ports; i++)
		if (strv_add(&rec->arena, &rec->ports, net_port_text(&p->ports[i], text)) < 0)
			return err_nomem(e);
	return 0;
}

int user_network_begin(const struct engine *g, const char *folder, int netns, struct err *e)
{
	auto_place struct place at = { .dir = -1 };
	struct pasta_plan p = { .options = NULL };
	int r = place_open(g, folder, &at, e);

	return r < 0 ? r : start(&at, &p, netns, e);
}

int user_network_connect(const struct engine *g, const struct settings *s, int netns, struct run_record *rec, struct err *e)
{
	char folder[sizeof("containers/") + RECORD_ID_LENGTH];
	auto_arena struct arena a = { 0 };
	auto_place struct place at = { .dir = -1 };
	struct pasta_plan p = { .options = options_of(s) };
	auto_fd int program = -1;

	snprintf(folder, sizeof(folder), "containers/%s", s->id);
	int r = place_open(g, folder, &at, e);

	if (r >= 0)
		r = read_ports(s, &a, &p, e);
	if (r >= 0)
		r = program = start(&at, &p, netns, e);
	if (r < 0)
		return err_wrap(e, "--network " NETWORK_PASTA);
	r = note_ports(&p, rec, e);
	if (r < 0)
		user_network_end(program);
	return r < 0 ? r : fd_take(&program);
}

int user_network_find(const struct engine *g, const char *id)
{
	char path[RECORD_ID_LENGTH + sizeof("/" RECORD)];

	snprintf(path, sizeof(path), "%s/" RECORD, id);
	return find(g->states, path);
}

void user_network_end(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	if (pidfd < 0)
		return;
	(void)pidfd_send_signal(pidfd, SIGKILL, NULL, 0); /* it may have ended by itself */
	(void)poll(&p, 1, END_MS);
}

/* ---- one for all bridges ---- */

static bool is_up(const struct place *at)
{
	auto_fd int pidfd = find(at->dir, RECORD);

	return pidfd >= 0 && !proc_ended(pidfd); /* killed, it may be there until somebody asks how it ended */
}

/* A command that was killed may have started it without writing that down: then it ends with the link, and is waited for. */
static void clear(const struct place *at)
{
	auto_free char *text = NULL;
	struct err none;
	int pid = 0;

	bool known = file_read(at->dir, PID_FILE, RECORD_MAX, &text, NULL, &none) >= 0 && sscanf(text, "%d", &pid) == 1;
	auto_fd int pidfd = known && pid > 0 ? pidfd_open(pid, 0) : -1;
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	(void)unlinkat(at->dir, LINK, 0);
	(void)unlinkat(at->dir, PID_FILE, 0);
	if (pidfd >= 0)
		(void)poll(&p, 1, END_MS);
}

static int start_uplink(const struct engine *g, const struct place *at, struct err *e)
{
	struct pasta_plan p = { .options = "--ns-ifname," UPLINK };
	auto_fd int netns = rootless_network(g->run, e);

	if (netns < 0)
		return netns;
	clear(at);
	auto_fd int program = start(at, &p, netns, e);

	(void)unlinkat(at->dir, PID_FILE, 0); /* on record it has its start time beside it */
	if (program == -EIO)
		(void)err_hint(e, "networks made with --internal need none");
	return program < 0 ? err_wrap(e, "the way out of your networks") : 0;
}

static int lock(int fd, int how, struct err *e)
{
	int r = fd_lock(fd, how);

	return r < 0 ? err_set(e, -r, "lock " ROOTLESS_UPLINK) : 0;
}

/* The lock is let go between the two kinds of it: so what has been started may have been ended by the time it is shared. */
int uplink_hold(const struct engine *g, struct err *e)
{
	auto_place struct place at = { .dir = -1 };
	int r = mkdirat(g->run, ROOTLESS_UPLINK, 0700) < 0 && errno != EEXIST ? err_set(e, errno, "make " ROOTLESS_UPLINK) : 0;

	if (r >= 0)
		r = place_open(g, ROOTLESS_UPLINK, &at, e);
	for (int i = 0; i < TRIES && r >= 0; i++) {
		r = lock(at.dir, LOCK_SH, e);
		if (r >= 0 && is_up(&at))
			return fd_take(&at.dir);
		if (r >= 0)
			r = lock(at.dir, LOCK_EX, e);
		if (r >= 0 && !is_up(&at))
			r = start_uplink(g, &at, e);
	}
	return r < 0 ? r : err_say(e, EIO, "the way out of your networks: pasta ends as soon as it has started");
}

bool uplink_is_up(const struct engine *g)
{
	auto_place struct place at = { .dir = -1 };
	struct err none;

	return place_open(g, ROOTLESS_UPLINK, &at, &none) >= 0 && is_up(&at);
}

bool uplink_is_left(const struct engine *g)
{
	auto_place struct place at = { .dir = -1 };
	struct err ignored; /* who cannot find out says nothing */

	return place_open(g, ROOTLESS_UPLINK, &at, &ignored) >= 0 && fd_lock(at.dir, LOCK_EX | LOCK_NB) >= 0 &&
	       faccessat(at.dir, LINK, F_OK, AT_SYMLINK_NOFOLLOW) == 0 && network_is_used(g->networks, &ignored) == 0;
}

void uplink_let_go(const struct engine *g)
{
	auto_place struct place at = { .dir = -1 };
	struct err ignored; /* who could not find out leaves it to the next one */

	if (place_open(g, ROOTLESS_UPLINK, &at, &ignored) < 0 || fd_lock(at.dir, LOCK_EX) < 0 ||
	    network_is_used(g->networks, &ignored) != 0)
		return;
	auto_fd int program = find(at.dir, RECORD);

	(void)unlinkat(at.dir, LINK, 0);
	user_network_end(program);
	(void)unlinkat(at.dir, RECORD, 0);
}
