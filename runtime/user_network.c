// SPDX-License-Identifier: Apache-2.0
#include "runtime/user_network.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "network/pasta.h"

#define LINK	   "netns"
#define PID_FILE   "pasta.pid"
#define RECORD	   "pasta"
#define RECORD_MAX 64
#define END_MS	   2000

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

static int write_record(int state, const struct proc_id *id, struct err *e)
{
	char text[RECORD_MAX];
	int n = snprintf(text, sizeof(text), "%d %" PRIu64 "\n", id->pid, id->start_time);

	return file_publish(state, RECORD, text, (size_t)n, 0600, 0, e);
}

static int note_ports(const struct pasta_plan *p, struct run_record *rec, struct err *e)
{
	char text[NET_PORT_MAX];

	for (size_t i = 0; i < p->n_ports; i++)
		if (strv_add(&rec->arena, &rec->ports, net_port_text(&p->ports[i], text)) < 0)
			return err_nomem(e);
	return 0;
}

int user_network_connect(const struct engine *g, const struct settings *s, int netns, struct run_record *rec, struct err *e)
{
	char link[PATH_MAX], pid_file[PATH_MAX];
	auto_arena struct arena a = { 0 };
	struct pasta_plan p = { .netns = link, .pid_file = pid_file, .options = options_of(s) };
	auto_fd int state = openat(g->states, s->id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct proc_id id;

	if (state < 0)
		return err_set(e, errno, "open the state of container %.12s", s->id);
	snprintf(link, sizeof(link), "%s/containers/%s/" LINK, g->run_path, s->id);
	snprintf(pid_file, sizeof(pid_file), "%s/containers/%s/" PID_FILE, g->run_path, s->id);
	int r = read_ports(s, &a, &p, e);

	if (r >= 0)
		r = pasta_start(&p, netns, &id, e);
	if (r >= 0)
		r = write_record(state, &id, e);
	return r < 0 ? err_wrap(e, "--network " NETWORK_PASTA) : note_ports(&p, rec, e);
}

int user_network_find(const struct engine *g, const char *id)
{
	char path[NAME_MAX + sizeof("/" RECORD)];
	auto_free char *text = NULL;
	struct proc_id who;
	struct err none;

	snprintf(path, sizeof(path), "%s/" RECORD, id);
	int r = file_read(g->states, path, RECORD_MAX, &text, NULL, &none);

	if (r < 0)
		return r;
	return sscanf(text, "%d %" SCNu64, &who.pid, &who.start_time) == 2 ? proc_open(&who, &none) : -EINVAL;
}

void user_network_end(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	if (pidfd < 0)
		return;
	(void)pidfd_send_signal(pidfd, SIGKILL, NULL, 0); /* it may have ended by itself */
	(void)poll(&p, 1, END_MS);
}
