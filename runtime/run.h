/* SPDX-License-Identifier: Apache-2.0 */
/* run.h: one run of a container of the engine: what it takes, its start, how it ended, what it gives back. */
#ifndef RUNTIME_RUN_H
#define RUNTIME_RUN_H

#include <sys/stat.h>

#include "runtime/create.h"
#include "runtime/engine.h"
#include "runtime/relay.h"
#include "runtime/volumes.h"
#include "runtime/wiring.h"

struct run {
	const struct engine *g;
	int dir; /* the container's folder; borrowed */
	struct settings settings;
	struct stat settings_file; /* as it was before they were read */
	struct spec spec;
	uint32_t range_start;
	struct volume_hold *volumes; /* of settings.mounts, until they are mounted; NULL: there are none */
	struct wiring wiring;
	int joins[NS_COUNT]; /* other containers' namespaces, to be joined; -1: none */
	int shm; /* another container's /dev/shm; -1: none */
	int network_program; /* a pidfd of the one behind a user's network; -1: there is none */
	const char *(*cgroup_defaults)[2]; /* of struct create_request */
	struct relay_ends ends;
	struct created created;
	bool serve; /* its root is to be fuse-overlayfs' */
	int root;   /* end of file: that program has ended; -1: there is none */
	int oom; /* cgroup_oom_open() of its cgroup; -1: there is no memory controller */
	struct run_record record;
};

/**
 * run_start() - Take what it needs and start it
 * @dir:	The container's folder; the caller holds its monitor lock. Must outlive the run
 * @terminal:	The caller's terminal, whose size the container's has from its first moment; -1: none
 *
 * Return: 0, or -errno with @e filled, and nothing taken
 */
int run_start(const struct engine *g, int dir, int terminal, struct run *ret, struct err *e);

void run_free(struct run *r);

struct run_end {
	int status;	/* as a shell says it */
	bool oom_killed; /* the kernel has killed in it for lack of memory */
	bool root_lost;	 /* it was killed because the program behind its root had ended */
	uint64_t restarts;
};

/**
 * run_finish() - After it has ended: write down how, tell it, give back what it took; from what is on disk
 * @watch:	The monitor lock, where waiters look for the status
 *
 * Return: 0, or -errno where something could not be given back: then the container must stay, for the next engine_settle()
 */
int run_finish(const struct engine *g, int dir, int watch, const struct settings *s, const struct run_end *end);

/**
 * run_release() - Give back what a run took, after its end or a crash
 * @ended:	Its processes have ended by themselves
 *
 * Return: 0, or -errno with @e filled
 */
int run_release(const struct engine *g, int dir, const struct settings *s, bool ended, struct err *e);

#endif
