// SPDX-License-Identifier: Apache-2.0
/* version and info: what this program is, and what this machine gives it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/quota.h"
#include "cgroups/cgroups.h"
#include "cgroups/controllers.h"
#include "cli/conf_files.h"
#include "cli/output.h"
#include "cli/registry_settings.h"
#include "cli/verbs.h"
#include "images/policy.h"
#include "runtime/compose.h"
#include "runtime/defaults.h"
#include "runtime/storage.h"

#define ID_MAP_MAX	  16384

struct info {
	const char *format;
};

static const struct option rows[] = {
	OPT_STRING(struct info, format, "format", 'f', "FORMAT", "json, or a template such as {{.Version}}"),
};

struct view {
	char *version, *spec_version;
	/* info alone */
	char *kernel, *architecture, *data, *run, *worker, *cgroup, *cgroup_manager, *cgroup_parent, *profile, *driver, *foreign;
	struct strv controllers, missing, registry_files, settings_files;
	uint64_t containers, running, images;
	struct strv uids, gids;
	bool root, rootless, userns, quotas;
};

static const struct field fields[] = {
	FIELD_STRING(struct view, version, "Version", REQUIRED),
	FIELD_STRING(struct view, spec_version, "SpecVersion", REQUIRED),
	FIELD_STRING(struct view, kernel, "Kernel", REQUIRED),
	FIELD_STRING(struct view, architecture, "Architecture", REQUIRED),
	FIELD_BOOL(struct view, root, "Root", REQUIRED),
	FIELD_BOOL(struct view, rootless, "Rootless", REQUIRED),
	FIELD_STRINGS(struct view, uids, "UidMap", OPTIONAL),
	FIELD_STRINGS(struct view, gids, "GidMap", OPTIONAL),
	FIELD_BOOL(struct view, userns, "UserNamespaces", REQUIRED),
	FIELD_STRING(struct view, cgroup, "CgroupRoot", REQUIRED),
	FIELD_STRING(struct view, cgroup_manager, "CgroupManager", REQUIRED),
	FIELD_STRING(struct view, cgroup_parent, "CgroupParent", REQUIRED),
	FIELD_STRINGS(struct view, controllers, "Controllers", REQUIRED),
	FIELD_STRINGS(struct view, missing, "MissingControllers", REQUIRED),
	FIELD_STRING(struct view, profile, "DefaultProfile", REQUIRED),
	FIELD_STRING(struct view, driver, "StorageDriver", REQUIRED),
	FIELD_BOOL(struct view, quotas, "StorageQuotas", REQUIRED),
	FIELD_STRING(struct view, foreign, "ForeignFirewall", REQUIRED), /* "": none is in the way */
	FIELD_STRING(struct view, data, "DataRoot", REQUIRED),
	FIELD_STRING(struct view, run, "RunRoot", REQUIRED),
	FIELD_STRING(struct view, worker, "Worker", REQUIRED),
	FIELD_STRINGS(struct view, registry_files, "RegistryFiles", REQUIRED),
	FIELD_STRINGS(struct view, settings_files, "SettingsFiles", REQUIRED),
	FIELD_U64(struct view, containers, "Containers", REQUIRED),
	FIELD_U64(struct view, running, "ContainersRunning", REQUIRED),
	FIELD_U64(struct view, images, "Images", REQUIRED),
};
#define VERSION_FIELDS 2 /* the first ones */

/* "Key: value" lines, or as --format wants it. */
static int print(const struct info *o, const struct view *v, size_t n, struct err *e)
{
	json_auto_t *object = NULL;
	const char *key;
	json_t *value;
	int r = encode_object(fields, n, v, &object, e);

	if (r < 0)
		return r;
	if (o->format && streq(o->format, "json"))
		return output_json(object, e);
	if (o->format)
		return output_template(object, o->format, e);
	json_object_foreach(object, key, value) {
		char template[64];

		snprintf(template, sizeof(template), "%s: {{.%s}}", key, key);
		r = output_template(object, template, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int run_version(const struct call *c, struct err *e)
{
	const struct view v = { .version = (char *)PAENE_VERSION, .spec_version = (char *)SPEC_VERSION };

	return print(c->options, &v, VERSION_FIELDS, e);
}

/* "0 1000 1", "1 100000 65536": inside, outside, how many */
static int add_map(struct arena *a, const char *file, struct strv *ret, struct err *e)
{
	auto_free char *text = NULL;
	char *save = NULL;
	unsigned inside, outside, n;
	int r = file_read(AT_FDCWD, file, ID_MAP_MAX, &text, NULL, e);

	for (char *line = r < 0 ? NULL : strtok_r(text, "\n", &save); line && r >= 0; line = strtok_r(NULL, "\n", &save))
		if (sscanf(line, "%u %u %u", &inside, &outside, &n) == 3 &&
		    strv_push(a, ret, arena_printf(a, "%u %u %u", inside, outside, n)) < 0)
			r = err_nomem(e);
	return r;
}

/* Those that limits need. */
static int add_controllers(struct arena *a, struct view *v, struct err *e)
{
	static const unsigned needed = BIT(CGROUP_CPU) | BIT(CGROUP_CPUSET) | BIT(CGROUP_IO) | BIT(CGROUP_MEMORY) |
				       BIT(CGROUP_PIDS);
	char path[PATH_MAX];
	unsigned have = 0;
	auto_fd int root = cgroup_open_root(path, e);

	v->cgroup = arena_strdup(a, root < 0 ? "" : path);
	if (root >= 0 && cgroup_controllers_read(root, "cgroup.controllers", &have, e) < 0)
		return -e->code;
	for (size_t i = 0; i < CGROUP_CONTROLLER_COUNT; i++) {
		struct strv *list = have & BIT(i) ? &v->controllers : &v->missing;

		if (((have | needed) & BIT(i)) && strv_add(a, list, cgroup_controller_names[i]) < 0)
			return err_nomem(e);
	}
	return v->cgroup ? 0 : err_nomem(e);
}

static int add_existing(const char *const *paths, size_t n, struct arena *a, struct strv *ret, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < n && r >= 0; i++)
		if (access(paths[i], F_OK) == 0 && strv_add(a, ret, paths[i]) < 0)
			r = err_nomem(e);
	return r;
}

/* Those that are there, of registries and of the policy. */
static int add_registry_files(const struct call *c, const struct engine *g, struct view *v, struct err *e)
{
	struct registry_settings settings;
	int r = registry_settings(g->fetcher, NULL, c->arena, &settings, e);

	const struct registry_files *f = &settings.files;

	if (r >= 0)
		r = add_existing(f->own, f->n_own, c->arena, &v->registry_files, e);
	for (size_t i = 0, n = v->registry_files.n; r >= 0 && i < f->n_podman && n == v->registry_files.n; i++)
		r = add_existing(&f->podman[i], 1, c->arena, &v->registry_files, e);
	if (r >= 0)
		r = add_existing(f->folders, f->n_folders, c->arena, &v->registry_files, e);
	const char *policy = access(POLICY_FILE, F_OK) == 0 ? POLICY_FILE : POLICY_PODMAN_FILE;

	if (r >= 0 && access(policy, F_OK) == 0 && strv_add(c->arena, &v->registry_files, policy) < 0)
		r = err_nomem(e);
	return r;
}

static int add_settings_files(struct arena *a, struct view *v, struct err *e)
{
	struct strv files = { 0 };
	int r = conf_files(a, &files, e);

	return r < 0 ? r : add_existing((const char *const *)files.v, files.n, a, &v->settings_files, e);
}

static int count_container(const struct container *c, void *arg, struct err *e)
{
	struct view *v = arg;

	(void)e;
	v->containers++;
	v->running += c->phase == PHASE_RUNNING || c->phase == PHASE_PAUSED;
	return 0;
}

static int count_image(const struct image *image, void *arg, struct err *e)
{
	struct view *v = arg;

	(void)image, (void)e;
	v->images++;
	return 0;
}

/* user.max_user_namespaces is 0 where they are switched off. */
static bool has_userns(void)
{
	auto_free char *text = NULL;
	struct err none;
	int r = file_read(AT_FDCWD, "/proc/sys/user/max_user_namespaces", 64, &text, NULL, &none);

	return r >= 0 && !streq(text, "0\n");
}

static int run_info(const struct call *c, struct err *e)
{
	const struct paene_globals *globals = c->globals;
	auto_engine struct engine g;
	char foreign[NET_FOREIGN_MAX] = "";
	struct utsname u;
	int r = verb_engine(c, &g, e);

	if (r < 0)
		return r;
	if (uname(&u) < 0)
		return err_set(e, errno, "uname");
	char given[PATH_MAX];
	const char *manager = globals->cgroup_manager ? globals->cgroup_manager : compose_cgroup_manager(&g);
	const char *home = g.rootless ? (cgroup_delegated(given) ? given : "") : cgroup_home();
	const char *slice = g.rootless ? "user.slice" : CGROUP_DEFAULT_SLICE;
	struct view v = {
		.version = (char *)PAENE_VERSION,
		.spec_version = (char *)SPEC_VERSION,
		.kernel = u.release,
		.architecture = u.machine,
		.root = !g.rootless,
		.rootless = g.rootless,
		.userns = has_userns(),
		.profile = (char *)profile_names[PROFILE_DEFAULT],
		.driver = (char *)storage_driver_names[storage_driver_here(&g)],
		.quotas = quota_available(g.data, e) >= 0,
		.foreign = foreign,
		.data = g.data_path,
		.run = g.run_path,
		.worker = g.worker,
		.cgroup_manager = (char *)manager,
		.cgroup_parent = (char *)(streq(manager, "systemd") ? slice : home ? home : "/paene"),
	};

	(void)network_foreign(foreign, e); /* who may not ask does not know */
	r = add_controllers(c->arena, &v, e);
	if (r >= 0 && g.rootless)
		r = add_map(c->arena, "/proc/self/uid_map", &v.uids, e);
	if (r >= 0 && g.rootless)
		r = add_map(c->arena, "/proc/self/gid_map", &v.gids, e);
	if (r >= 0)
		r = add_registry_files(c, &g, &v, e);
	if (r >= 0)
		r = add_settings_files(c->arena, &v, e);
	if (r >= 0)
		r = container_each(&g, count_container, &v, e);
	if (r >= 0)
		r = image_each_head(&g.store, count_image, &v, e);
	return r < 0 ? r : print(c->options, &v, ARRAY_SIZE(fields), e);
}

const struct verb verb_version = {
	.name = "version",
	.group = "Other",
	.arguments = "",
	.help = "of this program",
	.about = "Show the version of this program, and of the OCI runtime specification that it knows.",
	.options = OPTIONS(rows, struct info),
	.run = run_version,
};

const struct verb verb_info = {
	.name = "info",
	.group = "Other",
	.arguments = "",
	.help = "about engine and machine",
	.about = "Show where this engine keeps things, how much it has, and what this machine gives it: "
		 "MissingControllers names the cgroup2 controllers without which limits cannot be set.",
	.options = OPTIONS(rows, struct info),
	.run = run_info,
};
