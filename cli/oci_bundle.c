// SPDX-License-Identifier: Apache-2.0
#include "cli/oci_bundle.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/seal.h"
#include "cli/oci.h"
#include "cli/output.h"
#include "cli/take_fds.h"
#include "runtime/notify.h"
#include "spec/names.h"

#define CONFIG_FILE    "config.json"
#define PIDFD_RECEIVER "run.oci.pidfd_receiver" /* crun's word for --pidfd-socket */

/* sd_listen_fds(3): the number of sockets handed to this very process; they go on to the container's. */
static uint64_t listen_fds(void)
{
	const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");
	uint64_t who, fds;

	if (!pid || !n || str_to_u64(pid, INT32_MAX, &who) < 0 || str_to_u64(n, TAKE_FDS_MAX, &fds) < 0)
		return 0;
	return who == (uint64_t)getpid() ? fds : 0;
}

static int tell_sockets(struct spec *s, struct err *e)
{
	uint64_t n = listen_fds();
	char number[32];

	if (n == 0)
		return 0;
	snprintf(number, sizeof(number), "LISTEN_FDS=%u", (unsigned)n);
	if (strv_set_env(&s->arena, &s->process.env, number) < 0 ||
	    strv_set_env(&s->arena, &s->process.env, "LISTEN_PID=1") < 0)
		return err_nomem(e);
	return 0;
}

static int take_manager(const struct oci_globals *g, struct bundle *b, struct err *e)
{
	static const char *const names[] = { "cgroupfs", "disabled", "systemd" };
	static_assert(ARRAY_SIZE(names) == CGROUP_MANAGER_COUNT, "every manager has a name");
	const char *manager = g->systemd_cgroup ? "systemd" : g->cgroup_manager ? g->cgroup_manager : "cgroupfs";

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (streq(manager, names[i])) {
			b->request.plan.cgroup_manager = (enum cgroup_manager)i;
			return 0;
		}
	return err_say(e, EINVAL, "--cgroup-manager %s: it is cgroupfs, systemd or disabled", manager);
}

static int read_config(const char *bundle, struct bundle *b, struct err *e)
{
	size_t len;

	if (!realpath(bundle, b->path))
		return err_set(e, errno, "bundle %s", bundle);
	auto_fd int dir = path_open_dir(b->path, 0, e);
	int r = dir < 0 ? dir : file_read(dir, CONFIG_FILE, SPEC_MAX_BYTES, &b->config, &len, e);

	if (r >= 0)
		r = spec_decode(b->config, len, &b->spec, e);
	return r < 0 ? err_wrap(e, "bundle %s", b->path) : tell_sockets(&b->spec, e);
}

static const char *annotation(const struct spec *s, const char *key)
{
	for (size_t i = 0; i < s->annotations.n; i++)
		if (streq(s->annotations.v[i].key, key))
			return s->annotations.v[i].value;
	return NULL;
}

/* The kernel takes into the ambient set only what is permitted and inheritable. The others are left out, as with runc. */
static void warn_of_ambient(const struct call *c, const struct spec_caps *caps)
{
	uint64_t lost = caps->ambient.v & ~(caps->permitted.v & caps->inheritable.v);
	char text[128];

	for (int n = 0; n < SPEC_CAP_COUNT; n++) {
		if (!(lost & BIT64(n)))
			continue;
		snprintf(text, sizeof(text), "can't raise ambient capability %s: it is not both permitted and inheritable",
			 spec_cap_name(n));
		output_warning(c, text);
	}
}

/*
 * What runs in there sees its own process as this program until it executes something else, and a script for /proc/self/exe
 * executes this. It cannot write to it where root in there is nobody out here, and no others are there.
 */
static int seal(const struct call *c, struct bundle *b, struct err *e)
{
	const struct spec_namespace *ns = b->spec.linux_.namespaces;
	bool alone = ns[NS_PID].wanted && !ns[NS_PID].path;

	if (alone && ns[NS_USER].wanted && !ns[NS_USER].path && !oci_maps_us(&b->spec))
		return 0;
	if (alone && ns[NS_MOUNT].wanted && !ns[NS_MOUNT].path)
		b->seal = proc_seal_file();
	b->request.plan.seal = MAX(b->seal, 0);
	return b->seal >= 0 ? 0 : proc_seal(c->argv, e);
}

int bundle_open(const struct call *c, const struct bundle_options *o, const char *id, struct bundle *ret, struct err *e)
{
	int r = take_fds(o->preserve_fds, listen_fds(), &ret->request.plan.preserve_fds, e);

	if (r >= 0)
		r = take_manager(c->globals, ret, e);
	if (r >= 0)
		r = read_config(o->bundle ? o->bundle : ".", ret, e);
	if (r >= 0)
		r = seal(c, ret, e);
	if (r >= 0)
		r = ret->root = oci_open_root(c, e);
	if (r < 0)
		return r;
	warn_of_ambient(c, &ret->spec.process.capabilities);
	ret->request.notify = getenv("NOTIFY_SOCKET") != NULL;
	if (ret->request.notify)
		r = notify_tell(&ret->spec, ret->root, id, e);
	if (r < 0)
		return r;
	if (ret->spec.linux_.seccomp.given)
		ret->seccomp_cache = oci_open_cache(ret->root);
	struct plan_options *plan = &ret->request.plan;

	ret->request.spec = &ret->spec;
	ret->request.config = ret->config;
	ret->request.root = ret->root;
	ret->request.console_socket = o->console_socket;
	ret->request.pidfd_socket = o->pidfd_socket ? o->pidfd_socket : annotation(&ret->spec, PIDFD_RECEIVER);
	ret->request.pid_file = o->pid_file;
	ret->request.debug = oci_debug(c, &ret->debug);
	plan->id = id;
	plan->bundle = ret->path;
	plan->seccomp = SECCOMP_UNCONFINED; /* what the configuration says, and nothing of ours */
	plan->seccomp_cache = ret->seccomp_cache;
	plan->no_pivot = o->no_pivot;
	plan->no_new_keyring = o->no_new_keyring;
	for (int fd = 0; fd < 3; fd++)
		plan->stdio[fd] = fd;
	return 0;
}

void bundle_close(struct bundle *b)
{
	fd_close(&b->root);
	fd_close(&b->seccomp_cache);
	fd_close(&b->seal);
	spec_free(&b->spec);
	free(b->config);
}
