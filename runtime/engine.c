// SPDX-License-Identifier: Apache-2.0
#include "runtime/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/seal.h"
#include "namespaces/idmap.h"

#define OWN_FOLDER_MAX 200

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

/* The folder that this program lies in. */
static void own_folder(char ret[OWN_FOLDER_MAX])
{
	char path[PATH_MAX];
	char *slash = proc_own_path(path) < 0 ? NULL : strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	snprintf(ret, OWN_FOLDER_MAX, "%.*s", len < OWN_FOLDER_MAX ? (int)len : 0, path);
}

/* Our other programs: beside this one in a build folder, in ../libexec/paene where `make install` puts them. */
static void find_programs(struct engine *g)
{
	char folder[OWN_FOLDER_MAX], *const found[] = { g->worker, g->fetcher, g->init_program, g->monitor };
	static const char *const names[] = { "paene-worker", "paene-fetch", "paene-init", "paene-monitor" };

	own_folder(folder);
	snprintf(g->worker, sizeof(g->worker), "%s/%s", folder, names[0]);
	const char *where = access(g->worker, X_OK) == 0 ? "" : "/../libexec/paene";

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		snprintf(found[i], sizeof(g->worker), "%s%s/%s", folder, where, names[i]);
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
	if (streq(data, run))
		return err_say(e, EINVAL, "--root and --runroot cannot be the same folder");
	memset(&g, 0xff, sizeof(g)); /* every fd -1 */
	g.store = (struct store)STORE_NONE;
	snprintf(g.data_path, sizeof(g.data_path), "%s", data);
	snprintf(g.run_path, sizeof(g.run_path), "%s", run);
	find_programs(&g);
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
