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
#include "runtime/rootless.h"

#define OWN_FOLDER_MAX	    200
#define ENGINE_PATH_LONGEST 200

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

	g->run = path_mkdirs(g->run_path, 0700, e);
	if (g->run < 0 && g->rootless)
		return err_hint(e, "give --runroot DIR before the verb, or set XDG_RUNTIME_DIR to a folder of yours");
	if (g->run < 0)
		return g->run;
	int r = g->rootless ? rootless_enter(g->run, g->init_program, e) : 0;

	if (r < 0)
		return r;
	g->own_mounts = r > 0;
	if (g->own_mounts) { /* what is bound from it must be of our own mounts */
		fd_close(&g->run);
		g->run = path_open_dir(g->run_path, 0, e);
		if (g->run < 0)
			return g->run;
	}
	g->one_id = g->rootless && rootless_has_one_id();
	g->data = path_mkdirs(g->data_path, 0700, e);
	if (g->data < 0 && g->rootless)
		return err_hint(e, "give --root DIR before the verb, or set XDG_DATA_HOME");
	if (g->data < 0)
		return g->data;
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		*folders[i].fd = sub_folder(*folders[i].parent, folders[i].name, e);
		if (*folders[i].fd < 0)
			return err_wrap(e, "%s", folders[i].parent == &g->data ? g->data_path : g->run_path);
	}
	r = store_open(g->data, &g->store, e);
	return r < 0 ? err_wrap(e, "%s", g->data_path) : 0;
}

/* Where they are to lie; without root where such things of a user's lie. */
static int set_paths(struct engine *g, const char *data, const char *run, struct err *e)
{
	char own_data[PATH_MAX], own_run[PATH_MAX];
	int r = g->rootless && !(data && run) ? rootless_folders(own_data, own_run, e) : 0;

	if (r < 0)
		return r;
	g->run_in_tmp = r > 0 && !run;
	data = data ? data : g->rootless ? own_data : "/var/lib/paene";
	run = run ? run : g->rootless ? own_run : "/run/paene";
	if (snprintf(g->data_path, sizeof(g->data_path), "%s", data) > ENGINE_PATH_LONGEST ||
	    snprintf(g->run_path, sizeof(g->run_path), "%s", run) > ENGINE_PATH_LONGEST)
		return err_say(e, ENAMETOOLONG, "the path of a data folder has at most %d bytes", ENGINE_PATH_LONGEST);
	return streq(data, run) ? err_say(e, EINVAL, "--root and --runroot cannot be the same folder") : 0;
}

int engine_locate(const char *data, const char *run, struct engine *ret, struct err *e)
{
	struct engine g;

	memset(&g, 0xff, sizeof(g)); /* every fd -1 */
	g.store = (struct store)STORE_NONE;
	g.rootless = rootless_is();
	int r = set_paths(&g, data, run, e);

	if (r < 0)
		return r;
	find_programs(&g);
	*ret = g;
	return 0;
}

int engine_open(const char *data, const char *run, struct engine *ret, struct err *e)
{
	struct engine g;
	int r = engine_locate(data, run, &g, e);

	if (r < 0)
		return r;
	r = open_all(&g, e);
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

bool engine_say_once(const struct engine *g, const char *mark)
{
	auto_fd int said = openat(g->run, mark, O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return said >= 0;
}
