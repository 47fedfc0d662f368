// SPDX-License-Identifier: Apache-2.0
#include "runtime/processes.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "base/fd.h"
#include "base/file.h"

#define FILE_MAX_BYTES (1 << 20)
#define ARGS_MAX_BYTES (32 << 10) /* of a command line; the rest is cut */
#define LABEL_MAX      4096

/* The rest of the line that begins with "KEY:", at its first word; NULL: there is none. */
static const char *value_of(const char *text, const char *key)
{
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		const char *rest = str_after(line, key);

		if (rest && *rest == ':')
			return rest + 1 + strspn(rest + 1, " \t");
	}
	return NULL;
}

static uint64_t number_of(const char *text, const char *key, int base)
{
	const char *v = value_of(text, key);

	return v ? strtoull(v, NULL, base) : 0;
}

/* The next number of a line; *@p moves behind it. Return: false at the line's end */
static bool next_number(const char **p, uint32_t *ret)
{
	char *end;

	*p += strspn(*p, " \t");
	if (**p < '0' || **p > '9')
		return false;
	*ret = (uint32_t)strtoul(*p, &end, 10);
	*p = end;
	return true;
}

/* The word @level of a line such as "NSpid:", 0 where it has less: the process is in no namespace as deep as that. */
static uint32_t at_level(const char *text, const char *key, size_t level)
{
	const char *p = value_of(text, key);
	uint32_t v = 0;

	for (size_t i = 0; i <= level; i++)
		if (!p || !next_number(&p, &v))
			return 0;
	return v;
}

size_t process_levels(const char *status)
{
	const char *p = value_of(status, "NSpid");
	uint32_t v;
	size_t n = 0;

	while (p && next_number(&p, &v))
		n++;
	return n;
}

static int parse_groups(const char *text, struct arena *a, struct spec_u32_list *ret)
{
	const char *p = value_of(text, "Groups");
	uint32_t v;
	size_t n = 0;

	for (const char *q = p; q && next_number(&q, &v);)
		n++;
	*ret = (struct spec_u32_list){ .v = arena_array(a, n + 1, sizeof(uint32_t)) };
	if (!ret->v)
		return -ENOMEM;
	while (ret->n < n && next_number(&p, &ret->v[ret->n]))
		ret->n++;
	return 0;
}

int process_parse_status(const char *text, size_t level, struct arena *a, struct process *ret)
{
	static const char *const caps[] = {
		[CAPS_INHERITABLE] = "CapInh", [CAPS_PERMITTED] = "CapPrm", [CAPS_EFFECTIVE] = "CapEff",
		[CAPS_BOUNDING] = "CapBnd",    [CAPS_AMBIENT] = "CapAmb",
	};
	static_assert(ARRAY_SIZE(caps) == CAPS_COUNT, "a line for each set");

	ret->ruid = at_level(text, "Uid", 0);
	ret->euid = at_level(text, "Uid", 1);
	ret->rgid = at_level(text, "Gid", 0);
	ret->egid = at_level(text, "Gid", 1);
	ret->pid = at_level(text, "NSpid", level);
	ret->pgid = at_level(text, "NSpgid", level);
	ret->sid = at_level(text, "NSsid", level);
	ret->size_kib = number_of(text, "VmSize", 10);
	ret->resident_kib = number_of(text, "VmRSS", 10);
	ret->threads = (uint32_t)number_of(text, "Threads", 10);
	ret->seccomp = (uint32_t)number_of(text, "Seccomp", 10);
	for (size_t i = 0; i < ARRAY_SIZE(caps); i++)
		ret->caps[i] = number_of(text, caps[i], 16);
	return parse_groups(text, a, &ret->groups);
}

int process_parse_stat(const char *text, uint64_t ticks_per_s, struct arena *a, struct process *ret)
{
	/* the command may hold parentheses and anything else: it goes from the first one to the last */
	const char *open = strchr(text, '('), *close = strrchr(text, ')');
	uint64_t user, system, start;
	int32_t nice;
	char state;

	if (!open || !close || close < open ||
	    sscanf(close + 1, " %c %" SCNu32 " %*d %*d %" SCNu32 " %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
			      " %*d %*d %*d %" SCNd32 " %*d %*d %" SCNu64,
		   &state, &ret->host_ppid, &ret->tty, &user, &system, &nice, &start) != 7)
		return -EPROTO;
	ret->host_pid = (uint32_t)strtoul(text, NULL, 10);
	ret->state = state;
	ret->nice = nice;
	ret->cpu_ms = (user + system) * 1000 / ticks_per_s;
	ret->start_ms = start * 1000 / ticks_per_s;
	ret->comm = arena_strndup(a, open + 1, (size_t)(close - open) - 1);
	return ret->comm ? 0 : -ENOMEM;
}

int process_parse_map(const char *text, struct arena *a, struct spec_id_maps *ret, struct err *e)
{
	struct spec_id_maps m = { 0 };
	size_t lines = 0;

	for (const char *p = text; *p; p++)
		lines += *p == '\n';
	m.v = arena_array(a, lines + 1, sizeof(*m.v));
	if (!m.v)
		return err_nomem(e);
	for (const char *line = text; line && m.n <= lines; line = strchr(line, '\n')) {
		struct spec_id_map *row = &m.v[m.n];

		line += *line == '\n';
		if (sscanf(line, "%" SCNu32 " %" SCNu32 " %" SCNu32, &row->container_id, &row->host_id, &row->size) == 3)
			m.n++;
	}
	*ret = m;
	return 0;
}

uint32_t process_map_id(const struct spec_id_maps *maps, uint32_t host_id)
{
	for (size_t i = 0; i < maps->n; i++) {
		const struct spec_id_map *m = &maps->v[i];

		if (host_id >= m->host_id && host_id - m->host_id < m->size)
			return m->container_id + (host_id - m->host_id);
	}
	return PROCESS_UNMAPPED;
}

/* ---- reading ---- */

/* A command line, its words with blanks between; what is not there is "". Return: NULL where there is no memory */
static char *read_args(int process, struct arena *a)
{
	char text[ARGS_MAX_BYTES];
	auto_fd int fd = openat(process, "cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : fd_read_all(fd, text, sizeof(text));

	while (n > 0 && text[n - 1] == '\0')
		n--;
	for (ssize_t i = 0; i < n; i++)
		text[i] = text[i] ? text[i] : ' ';
	return arena_strndup(a, text, (size_t)MAX(n, 0));
}

/* Return: NULL where it has none */
static char *read_label(int process, struct arena *a)
{
	char text[LABEL_MAX];
	auto_fd int fd = openat(process, "attr/current", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : fd_read_all(fd, text, sizeof(text));

	return n > 0 ? arena_strndup(a, text, strcspn(text, "\n")) : NULL;
}

/* Return: 1, 0 where it has ended, or -errno with @e filled */
static int read_one(pid_t pid, size_t level, bool label, struct arena *a, struct process *ret, struct err *e)
{
	auto_free char *status = NULL, *stat = NULL;
	struct err gone;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", pid);
	auto_fd int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC); /* of one process: its number may be given to another */

	if (dir < 0 || file_read(dir, "status", FILE_MAX_BYTES, &status, NULL, &gone) < 0 ||
	    file_read(dir, "stat", FILE_MAX_BYTES, &stat, NULL, &gone) < 0)
		return 0;
	int r = process_parse_stat(stat, (uint64_t)sysconf(_SC_CLK_TCK), a, ret);

	if (r == 0)
		r = process_parse_status(status, level, a, ret);
	if (r < 0)
		return err_set(e, -r, "%s/stat", path);
	ret->args = read_args(dir, a);
	if (label)
		ret->label = read_label(dir, a);
	return ret->args ? 1 : err_nomem(e);
}

static int by_host_pid(const void *a, const void *b)
{
	const struct process *x = a, *y = b;

	return (x->host_pid > y->host_pid) - (x->host_pid < y->host_pid);
}

/* Numbers begin anew some time: the oldest first. */
static int by_age(const void *a, const void *b)
{
	const struct process *x = a, *y = b;

	return x->start_ms == y->start_ms ? by_host_pid(a, b) : (x->start_ms > y->start_ms) - (x->start_ms < y->start_ms);
}

static const struct process *find(const struct process_list *l, uint32_t host_pid)
{
	const struct process key = { .host_pid = host_pid };

	return l->n ? bsearch(&key, l->v, l->n, sizeof(*l->v), by_host_pid) : NULL;
}

static int by_number(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

/* Who has left the cgroup meanwhile may have been somebody else, of the same number, when it was read. */
static int drop_strangers(int cgroup, struct process_list *l, struct err *e)
{
	auto_free pid_t *pids = NULL;
	size_t n_pids, n = 0;
	int r = cgroup_pids(cgroup, &pids, &n_pids, e);

	if (r < 0)
		return r;
	if (n_pids)
		qsort(pids, n_pids, sizeof(*pids), by_number);
	for (size_t i = 0; i < l->n; i++) {
		pid_t pid = (pid_t)l->v[i].host_pid;

		if (n_pids && bsearch(&pid, pids, n_pids, sizeof(*pids), by_number))
			l->v[n++] = l->v[i];
	}
	l->n = n;
	return 0;
}

static int read_maps(int init, struct arena *a, struct process_list *l, struct err *e)
{
	auto_free char *uids = NULL, *gids = NULL;
	int r = file_read(init, "uid_map", FILE_MAX_BYTES, &uids, NULL, e);

	if (r >= 0)
		r = file_read(init, "gid_map", FILE_MAX_BYTES, &gids, NULL, e);
	if (r >= 0)
		r = process_parse_map(uids, a, &l->uids, e);
	return r < 0 ? r : process_parse_map(gids, a, &l->gids, e);
}

int processes_read(const struct meter *m, bool labels, struct arena *a, struct process_list *ret, struct err *e)
{
	auto_free char *status = NULL;
	auto_free pid_t *pids = NULL;
	struct process_list l = { 0 };
	struct timespec now = { 0 };
	size_t n;
	int r = cgroup_pids(m->cgroup, &pids, &n, e);

	if (r >= 0)
		r = file_read(m->init, "status", FILE_MAX_BYTES, &status, NULL, e);
	if (r >= 0)
		r = read_maps(m->init, a, &l, e);
	if (r < 0)
		return r;
	size_t levels = process_levels(status);

	(void)clock_gettime(CLOCK_BOOTTIME, &now); /* cannot fail with this clock */
	l.now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	l.v = arena_array(a, n + 1, sizeof(*l.v));
	for (size_t i = 0; i < n && l.v && r >= 0; i++) {
		r = read_one(pids[i], levels ? levels - 1 : 0, labels, a, &l.v[l.n], e);
		l.n += r > 0;
	}
	if (r >= 0)
		r = l.v ? drop_strangers(m->cgroup, &l, e) : err_nomem(e);
	if (r < 0)
		return r;
	qsort(l.v, l.n, sizeof(*l.v), by_host_pid);
	for (size_t i = 0; i < l.n; i++) {
		const struct process *parent = find(&l, l.v[i].host_ppid);

		l.v[i].ppid = parent ? parent->pid : 0; /* as getppid(2) has it for a parent outside */
	}
	qsort(l.v, l.n, sizeof(*l.v), by_age);
	*ret = l;
	return 0;
}
