/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage.h: what a container uses: looked at again and again while it runs, and kept once it has ended.
 *
 * A meter holds the folders that it reads from, the cgroup's and that of the first process below /proc. So a look is one
 * openat, read and close for each file, and can never be at something else that has the same name by then.
 */
#ifndef RUNTIME_USAGE_H
#define RUNTIME_USAGE_H

#include "cgroups/cgroups.h"
#include "runtime/engine.h"

struct meter {
	int cgroup, init; /* folders */
	uint64_t machine_bytes, limit_above_bytes; /* of memory: what the machine has, what the cgroups above may have */
	bool own_network, merging; /* its network namespace is not the host's; it merges pages */
};
#define METER_NONE ((struct meter){ .cgroup = -1, .init = -1 })

/* What has passed one of its links. */
struct link_use {
	char name[IF_NAMESIZE];
	uint64_t received_bytes, sent_bytes;
};
#define USAGE_LINKS_MAX 16

struct usage {
	int64_t at_us; /* CLOCK_MONOTONIC */
	struct cgroup_stats cgroup; /* with the limit of memory that counts; pids are processes where there is no controller */
	bool limited;		    /* that limit is lower than what the machine has */
	bool has_network;
	uint64_t received_bytes, sent_bytes; /* of all links */
	struct link_use links[USAGE_LINKS_MAX]; /* the first of them */
	size_t n_links;
	struct cgroup_ksm ksm;
};

/**
 * meter_open() - Begin to look at a container that runs
 * @ret:	To be closed with meter_close()
 *
 * Return: 0, or -errno with @e filled (-ESRCH, -ENOENT: it does not run)
 */
int meter_open(const struct engine *g, const struct settings *s, struct meter *ret, struct err *e);
void meter_close(struct meter *m);
#define auto_meter __attribute__((cleanup(meter_close)))

/* Look once. Return: 0, or -errno with @e filled (-ENOENT, -ENODEV: it has ended) */
int meter_read(const struct meter *m, struct usage *ret, struct err *e);

/**
 * usage_parse_network() - The bytes of all links but the loopback, added to what @ret has
 * @text:	/proc/PID/net/dev
 */
void usage_parse_network(const char *text, struct usage *ret);

/* What will be kept of a run that ends now. Return: 0, or -errno with @e filled */
int usage_of_run(const struct engine *g, const char *id, struct run_use *ret, struct err *e);

#endif
