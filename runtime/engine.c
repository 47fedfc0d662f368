// SPDX-License-Identifier: Apache-2.0
#include "runtime/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "namespaces/idmap.h"

#define SWEEP_AGE_S 10

static int sub_folder(int dir, const char *name, struct err *e)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT) {
		if (mkdirat(dir, name, 0700) < 0 && errno != EEXIST)
			return err_set(e, errno, "make folder %s", name);
		fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	return fd < 0 ? err_set(e, errno, "open folder %s", name) : fd;
}

/* A program of ours beside this one (a checkout's build folder), else where `make install` puts it. */
static void find_program(const char *name, char ret[256])
{
	char self[200];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n > 0 ? n : 0] = '\0';
	char *slash = strrchr(self, '/');

	if (slash) {
		snprintf(ret, 256, "%.*s/%s", (int)(slash - self), self, name);
		if (access(ret, X_OK) == 0)
			return;
	}
	snprintf(ret, 256, "%s/%s", PAENE_LIBEXEC, name);
}

static int open_all(struct engine *g, struct err *e)
{
	const struct {
		int *fd;
		const int *parent;
		const char *name;
	} folders[] = {
		{ &g->containers, &g->data, "containers" }, { &g->names, &g->data, "names" },
		{ &g->idranges, &g->data, "idranges" },	    { &g->networks, &g->data, "networks" },
		{ &g->volumes, &g->data, "volumes" },	    { &g->states, &g->run, "containers" },
		{ &g->seccomp, &g->run, "seccomp" },
	};

	g->data = path_mkdirs(g->data_path, 0700, e);
	if (g->data < 0)
		return g->data;
	g->run = path_mkdirs(g->run_path, 0700, e);
	if (g->run < 0)
		return g->run;
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		*folders[i].fd = sub_folder(*folders[i].parent, folders[i].name, e);
		if (*folders[i].fd < 0)
			return err_wrap(e, "%s", folders[i].parent == &g->data ? g->data_path : g->run_path);
	}
	int r = store_open(g->data, &g->store, e);

	return r < 0 ? err_wrap(e, "%s", g->data_path) : 0;
}

int engine_open(const char *data, const char *run, struct engine *ret, struct err *e)
{
	struct engine g;

	if (geteuid() != 0) {
		err_say(e, EPERM, "paene needs root in this version");
		return err_hint(e, "run it with sudo");
	}
	data = data ? data : "/var/lib/paene";
	run = run ? run : "/run/paene";
	if (strlen(data) > 200 || strlen(run) > 200)
		return err_say(e, ENAMETOOLONG, "the path of a data folder has at most 200 bytes");
	memset(&g, 0xff, sizeof(g)); /* every fd -1 */
	snprintf(g.data_path, sizeof(g.data_path), "%s", data);
	snprintf(g.run_path, sizeof(g.run_path), "%s", run);
	find_program("paene-worker", g.worker);
	find_program("paene-init", g.init_program);
	find_program("paene-monitor", g.monitor);
	int r = open_all(&g, e);

	if (r < 0) {
		engine_close(&g);
		return r;
	}
	*ret = g;
	return 0;
}

void engine_close(struct engine *g)
{
	int *const fds[] = { &g->data,	   &g->containers, &g->names, &g->idranges, &g->networks,
			     &g->volumes, &g->run,	   &g->states, &g->seccomp };

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fd_close(fds[i]);
	store_close(&g->store);
}

static bool has_container(const struct engine *g, const char *id)
{
	struct stat st;

	return strchr(id, '/') == NULL && fstatat(g->containers, id, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

int engine_owner(int dir, const char *name, char ret[ENGINE_OWNER_MAX])
{
	auto_free char *text = NULL;
	struct err e;
	ssize_t n = readlinkat(dir, name, ret, ENGINE_OWNER_MAX - 1);

	if (n >= 0) {
		ret[n] = '\0';
		return 0;
	}
	int r = file_read(dir, name, ENGINE_OWNER_MAX - 1, &text, NULL, &e);

	if (r < 0)
		return r;
	snprintf(ret, ENGINE_OWNER_MAX, "%.*s", (int)strcspn(text, "\n"), text);
	return 0;
}

static int sweep_owned(int dir, const char *name, void *arg, struct err *e)
{
	char owner[ENGINE_OWNER_MAX];

	(void)e;
	if (engine_owner(dir, name, owner) == 0 && *owner && !has_container(arg, owner))
		(void)unlinkat(dir, name, 0);
	return 0;
}

static int sweep_network(int dir, const char *name, void *arg, struct err *e)
{
	auto_fd int leases = -1, network = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (network >= 0)
		leases = openat(network, "leases", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return leases < 0 ? 0 : file_each(leases, sweep_owned, arg, e);
}

/* A folder that never got its settings, and that nobody is making. */
static int sweep_container(int dir, const char *name, void *arg, struct err *e)
{
	auto_fd int own = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	(void)arg;
	if (own < 0 || faccessat(own, "settings.json", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	if (fstat(own, &st) < 0 || time(NULL) - st.st_ctime < SWEEP_AGE_S)
		return 0;
	auto_fd int watch = record_watch(own, false, e);

	if (watch >= 0)
		(void)file_remove(dir, name, e);
	return 0;
}

void engine_sweep(const struct engine *g)
{
	struct err ignored; /* a next sweep may do better */

	(void)file_each(g->containers, sweep_container, (void *)g, &ignored);
	(void)file_each(g->names, sweep_owned, (void *)g, &ignored);
	(void)file_each(g->idranges, sweep_owned, (void *)g, &ignored);
	(void)file_each(g->networks, sweep_network, (void *)g, &ignored);
}
