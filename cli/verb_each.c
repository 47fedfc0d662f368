// SPDX-License-Identifier: Apache-2.0
/* The verbs that do one thing to many containers: which ones, and several at once. */
#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/file.h"
#include "cli/container_filter.h"
#include "cli/output.h"
#include "cli/verbs.h"

#define CIDFILE_MAX 4096
#define JOBS_MAX    64

struct walk {
	const struct call *call;
	const struct engine *g;
	const struct verb_each *how;
	struct container_filters filters;
	int (*f)(const struct engine *g, const char *id, const void *arg, struct err *e);
	const void *arg;
	struct strv names; /* whom it is done to: first those that options have chosen */
	size_t n_chosen;
	int status;
};

struct outcome {
	int r;
	struct err e;
};

/* One that is at work in a process of its own. */
struct job {
	pid_t pid;
	int fd; /* where its outcome comes from; -1: there is no such process */
};

static struct outcome do_one(const struct walk *w, const char *name)
{
	char id[CONTAINER_ID_MAX];
	struct outcome o;

	o.r = verb_container(w->g, name, id, &o.e); /* settled by this, one with --rm has gone */
	if (o.r >= 0)
		o.r = w->f(w->g, id, w->arg, &o.e);
	return o;
}

static void begin(const struct walk *w, const char *name, struct job *ret)
{
	int fds[2];

	*ret = (struct job){ .fd = -1 };
	if (pipe2(fds, O_CLOEXEC) < 0)
		return;
	ret->pid = fork();
	if (ret->pid == 0) {
		struct outcome o = do_one(w, name);

		_exit(fd_write_all(fds[1], &o, sizeof(o)) < 0);
	}
	close(fds[1]);
	if (ret->pid > 0)
		ret->fd = fds[0];
	else
		close(fds[0]);
}

/* Where there was no process to be had it is done now. */
static struct outcome finish(const struct walk *w, const char *name, struct job *j)
{
	struct outcome o;

	if (j->fd < 0)
		return do_one(w, name);
	if (fd_read_all(j->fd, &o, sizeof(o)) != (ssize_t)sizeof(o))
		o.r = err_say(&o.e, EPIPE, "%s: the process that was at it has ended", name);
	fd_close(&j->fd);
	while (waitpid(j->pid, NULL, 0) < 0 && errno == EINTR)
		;
	return o;
}

/* What options have chosen may have gone meanwhile, or ended. */
static void tell(struct walk *w, size_t i, const struct outcome *o)
{
	const char *name = w->names.v[i];

	if (i < w->n_chosen && (o->r == -ENOENT || o->r == -ESRCH))
		return;
	if (o->r == -ENOENT && w->how->choice && w->how->choice->ignore) {
		if (w->how->missing)
			output_line(w->how->missing);
	} else if (o->r < 0) {
		output_error(w->call, &o->e);
		w->status = o->e.exit_status ? o->e.exit_status : MAX(w->call->verb->failure_status, EXIT_FAILURE);
	} else if (!w->how->silent) {
		output_line(name);
	}
}

/* So many are at work, and told of in their order. */
static void do_all(struct walk *w)
{
	struct job jobs[JOBS_MAX];
	size_t n = w->names.n, window = n > 1 ? MIN(w->how->jobs, (unsigned)JOBS_MAX) : 0, begun = 0;

	for (size_t i = 0; i < n; i++) {
		for (; window && begun < n && begun < i + window; begun++)
			begin(w, w->names.v[begun], &jobs[begun % JOBS_MAX]);
		const struct outcome o = window ? finish(w, w->names.v[i], &jobs[i % JOBS_MAX]) : do_one(w, w->names.v[i]);

		tell(w, i, &o);
	}
}

static int chosen(const struct container *c, void *arg, struct err *e)
{
	struct walk *w = arg;
	const struct verb_choice *choice = w->how->choice;

	if (!container_filters_fit(&w->filters, c) || (w->how->no_infra && c->settings.infra))
		return 0;
	if ((choice->latest || !w->how->phases || (w->how->phases & BIT(c->phase))) &&
	    strv_add(w->call->arena, &w->names, c->settings.id) < 0)
		return err_nomem(e);
	return choice->latest; /* the walk has the newest first */
}

/* The id that `run --cidfile` wrote. */
static int from_file(struct walk *w, const char *path, struct err *e)
{
	auto_free char *text = NULL;
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && w->how->choice->ignore)
		return 0;
	int r = fd < 0 ? err_set(e, errno, "open %s", path) : file_read_fd(fd, path, CIDFILE_MAX, &text, NULL, e);

	if (r < 0)
		return r;
	text[strcspn(text, "\n")] = '\0';
	return strv_add(w->call->arena, &w->names, text) < 0 ? err_nomem(e) : 0;
}

static int check_choice(const struct call *c, const struct verb_choice *choice, struct err *e)
{
	bool by_option = choice->all || choice->latest || choice->filters.n || choice->cidfiles.n;

	if (c->n_args && by_option && !choice->cidfiles.n)
		return err_say(e, EINVAL, "--%s leaves no place for names",
			       choice->all ? "all" : choice->latest ? "latest" : "filter");
	if (choice->all && choice->latest)
		return err_say(e, EINVAL, "--all and --latest exclude each other");
	return c->n_args || by_option ? 0 : err_say(e, EINVAL, "name a container, or give --all, --latest or --filter");
}

static int choose(struct walk *w, const struct verb_choice *choice, struct err *e)
{
	const struct call *c = w->call;
	int r = check_choice(c, choice, e);

	if (r >= 0)
		r = container_filters_read(w->g, &choice->filters, c->arena, &w->filters, e);
	if (r >= 0 && (choice->all || choice->latest || choice->filters.n))
		r = (choice->filters.n || w->how->no_infra ? container_each : container_each_brief)(w->g, chosen, w, e);
	w->n_chosen = w->names.n;
	for (size_t i = 0; i < choice->cidfiles.n && r >= 0; i++)
		r = from_file(w, choice->cidfiles.v[i], e);
	for (size_t i = 0; i < c->n_args && r >= 0; i++)
		r = strv_add(c->arena, &w->names, c->args[i]) < 0 ? err_nomem(e) : 0;
	return r;
}

int verb_each(const struct call *c, const struct engine *g, const struct verb_each *how,
	      int (*f)(const struct engine *g, const char *id, const void *arg, struct err *e), const void *arg,
	      struct err *e)
{
	static const struct verb_choice none;
	struct walk w = { .call = c, .g = g, .how = how, .f = f, .arg = arg };
	int r = choose(&w, how->choice ? how->choice : &none, e);

	if (r < 0)
		return r;
	do_all(&w);
	return w.status;
}
