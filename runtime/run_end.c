// SPDX-License-Identifier: Apache-2.0
/* run_end.c: how a run has ended, and what it gives back. */
#include <errno.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/timestamp.h"
#include "namespaces/idmap.h"
#include "runtime/destroy.h"
#include "runtime/journal.h"
#include "runtime/overlays.h"
#include "runtime/run.h"
#include "runtime/usage.h"
#include "runtime/user_network.h"

/* When all of it is on record: who follows the journal may ask at once. */
static void tell_died(const struct engine *g, const struct settings *s, const struct run_end *end)
{
	struct event v = event_of(s, EVENT_DIED);

	v.exit_code = (struct opt_u32){ true, (uint32_t)end->status };
	v.detail = (struct spec_pair){ (char *)"oomKilled", (char *)(end->oom_killed ? "true" : "false") };
	journal_tell(g, &v);
}

int run_finish(const struct engine *g, int dir, int watch, const struct settings *s, const struct run_end *end)
{
	auto_run_record struct run_record run = { 0 };
	struct err ignored;
	char now[TIMESTAMP_MAX];
	struct exit_record x = {
		.status = end->status,
		.oom_killed = end->oom_killed,
		.finished = (char *)timestamp_now(now),
		.restarts = end->restarts,
		.error = (char *)(end->root_lost ? "fuse-overlayfs, which served its root, has ended" : NULL),
	};

	record_tell_waiters(watch, end->status);
	if (!s->remove) {
		if (record_run(dir, &run, &ignored) > 0)
			x.started = run.started;
		(void)usage_of_run(g, s->id, &x.use, &ignored); /* what cannot be read is not recorded */
		(void)record_write_exit(dir, &x, &ignored); /* a full disk must not keep us from giving back */
	}
	int r = run_release(g, dir, s, true, &ignored);

	tell_died(g, s, end);
	return r;
}

/* The range that is this container's: what a crash took before run.json said so. */
static int release_owned(int dir, const char *name, void *arg, struct err *e)
{
	uint64_t start;

	return str_to_u64(name, UINT32_MAX, &start) < 0 ? 0 : idmap_release_range(dir, arg, (uint32_t)start, e);
}

/* By what is on disk now: networks come and go while it runs. Whoever changes that has the lock of the folder. */
static int release_networks(const struct engine *g, int dir, const struct settings *s, const struct run_record *run,
			    bool ended, struct err *e)
{
	auto_settings struct settings now = { 0 };
	const struct network_wishes *all = &s->networks;
	struct err ignored;
	int err = fd_lock(dir, LOCK_EX);

	if (err < 0)
		return err_set(e, -err, "lock the container's folder");
	if (record_settings(dir, &now, &ignored) >= 0)
		all = &now.networks;
	for (size_t i = 0; i < all->n && err >= 0; i++)
		err = wiring_release(g, s->id, all->v[i].network, -1, run, ended, e);
	(void)fd_lock(dir, LOCK_UN);
	return err;
}

int run_release(const struct engine *g, int dir, const struct settings *s, bool ended, struct err *e)
{
	auto_run_record struct run_record run = { 0 };
	struct err ignored;
	auto_fd int program = user_network_is(s) ? user_network_find(g, s->id) : -1;
	int err = container_delete(g->states, s->id, true, e);

	user_network_end(program);
	if (err < 0 && err != -ENOENT)
		return err;
	/* without a whole run.json the owners' names in the files themselves say what to give back */
	if (!ended || record_run(dir, &run, &ignored) <= 0) {
		run_record_free(&run);
		run = (struct run_record){ 0 };
	}
	err = wiring_is_wanted(s) ? release_networks(g, dir, s, &run, ended, e) : 0;
	if (err < 0)
		return err;
	for (size_t i = 0; i < s->mounts.n; i++)
		if (s->mounts.v[i].volume)
			volume_settle(g, s->mounts.v[i].volume);
	overlays_remove(dir, s);
	if (run.range_start)
		return idmap_release_range(g->idranges, s->id, run.range_start, e);
	return s->private_userns ? file_each(g->idranges, release_owned, s->id, e) : 0;
}
