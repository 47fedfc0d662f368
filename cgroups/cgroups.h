/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroups.h: one cgroup of the version 2 hierarchy for each container: made, limited, watched, emptied, removed. See the
 * kernel's Documentation/admin-guide/cgroup-v2.rst.
 *
 * A cgroup is named by its path below the root of the hierarchy ("/paene/ID"), and handled by an fd of its folder. On a
 * hybrid machine the cgroup2 hierarchy lies elsewhere and lacks controllers: what was asked for and cannot be had is an
 * error that names the controller; what was only a default is skipped, and the caller is told (cgroup_set_default).
 */
#ifndef CGROUPS_CGROUPS_H
#define CGROUPS_CGROUPS_H

#include <limits.h>

#include <sys/types.h>

#include "base/err.h"
#include "spec/spec.h"

/* Controllers as bits, in the order of cgroup_controller_names. */
enum cgroup_controller {
	CGROUP_CPU,
	CGROUP_CPUSET,
	CGROUP_IO,
	CGROUP_MEMORY,
	CGROUP_PIDS,
	CGROUP_HUGETLB,
	CGROUP_RDMA,
	CGROUP_MISC, /* this and the next: only through unified */
	CGROUP_DMEM,
	CGROUP_CONTROLLER_COUNT,
};
extern const char *const cgroup_controller_names[CGROUP_CONTROLLER_COUNT];

/**
 * cgroup_open_root() - The cgroup2 hierarchy that this process sees
 * @ret_path:	Its mount point, at most PATH_MAX bytes; NULL if not wanted
 *
 * /sys/fs/cgroup, then /sys/fs/cgroup/unified, else what mountinfo says.
 *
 * Return: an O_PATH folder fd owned by the caller, or -ENOENT and others with @e filled
 */
int cgroup_open_root(char *ret_path, struct err *e);

/* The calling process's own cgroup ("0::" of /proc/self/cgroup), at most PATH_MAX bytes. Return: 0, or -errno with @e. */
int cgroup_own_path(char *ret, struct err *e);

/**
 * cgroup_check_path() - A cgroup path from outside: absolute, no "..", no empty part, no control character
 *
 * Return: 0, or -EINVAL with @e filled
 */
int cgroup_check_path(const char *path, struct err *e);

/**
 * cgroup_create() - Make a cgroup and the folders above it, with the controllers that @want needs switched on in them
 * @root:	From cgroup_open_root()
 * @path:	Below the root; the last part must be new (-EEXIST), unless it is empty of processes
 * @want:	Limits that the user asked for; NULL: none. A controller that they need and that is not there is an error
 *
 * The limits themselves are set by cgroup_set(). Where folders above it are new, every controller that is there is
 * switched on in them, as far as possible: defaults, later limits and statistics need it.
 *
 * Return: the new folder's fd, owned by the caller, or -errno with @e filled and nothing new left behind
 */
int cgroup_create(int root, const char *path, const struct spec_resources *want, struct err *e);

/* Whether a container may go without: @want has no limit, and this user, who is not root, may make none in the root. */
bool cgroup_can_be_none(const struct spec_resources *want);

/**
 * cgroup_can_set() - Are the controllers there that limits need? Where none was asked for, nothing is looked at
 *
 * Return: 0, or -ENOENT and others with @e filled: the file, its controller, and who has it
 */
int cgroup_can_set(const struct spec_resources *want, struct err *e);

/* Open one that is there. Return: its fd, or -errno with @e filled (-ENOENT). */
int cgroup_open(int root, const char *path, struct err *e);

/**
 * cgroup_set() - Set limits
 *
 * memory, cpu (weight from shares by the formula of runc 1.3 and crun 1.23 and newer, quota, period, burst, idle),
 * cpuset, pids, io (weight, per device), hugetlb, rdma and unified. Realtime, swappiness, OOM switch, network class:
 * version 1 only: refused where they ask for something, ignored where they are zero or the default; kernel memory is ignored.
 * memory.swap counts memory and swap together and so needs memory.limit beside it: see cgroup_complete(); cpu.period
 * alone keeps the quota of now.
 * Not the device rules: see cgroup_set_devices().
 *
 * Return: 0, or -errno with @e filled (which file, what value)
 */
int cgroup_set(int cgroup, const struct spec_resources *r, struct err *e);

/* The same for an update: where the kernel refuses a write, those before it are taken back, as far as their files tell. */
int cgroup_change(int cgroup, const struct spec_resources *r, struct err *e);

/**
 * cgroup_complete() - Add the limits of now that others must be seen together with, before cgroup_change()
 * @r:		memory.limit is added beside memory.swap, and of cpu.quota and cpu.period the one that is missing
 *
 * Return: 0, or -errno with @e filled
 */
int cgroup_complete(int cgroup, struct spec_resources *r, struct err *e);

/**
 * cgroup_set_default() - Set a default where its controller is there
 * @file:	"pids.max", "memory.oom.group", …
 *
 * Return: 0, or 1 where the file does not exist (no such controller), or -errno with @e filled
 */
int cgroup_set_default(int cgroup, const char *file, const char *value, struct err *e);

/**
 * cgroup_set_devices() - Attach the program that decides which device nodes may be used; replaces an older one
 * @rules:	In order, the last match counts; the default is deny. NULL: deny all but the standard ones (null, zero, full,
 *		random, urandom, tty, console, ptmx, pts/N; mknod of anything is allowed, its use is not)
 * @defaults:	Append the standard ones to @rules
 *
 * Return: 0, or -errno with @e filled (-EPERM with a hint where BPF is not allowed)
 */
int cgroup_set_devices(int cgroup, const struct spec_device_rules *rules, bool defaults, struct err *e);

/* Give it to a user, with the files that the kernel says a delegate needs. Return: 0, or -errno with @e filled. */
int cgroup_delegate(int cgroup, uid_t uid, struct err *e);

/**
 * cgroup_step_down() - Move the only process of a cgroup into a new one below, "init", of the same owner
 * @uid:	Who the cgroup was given to
 *
 * So the cgroup can hand controllers down, which the kernel allows to one without processes alone.
 *
 * Return: 0, or -errno with @e filled
 */
int cgroup_step_down(int cgroup, pid_t pid, uid_t uid, struct err *e);

/* Freeze or thaw, and wait until the kernel says so. Return: 0, or -errno with @e filled. */
int cgroup_freeze(int cgroup, bool frozen, struct err *e);
/* Return: 1 frozen, 0 not, or -errno with @e filled. */
int cgroup_is_frozen(int cgroup, struct err *e);

/**
 * cgroup_look() - Whether anybody is in a cgroup, or below it, and frozen: in three calls
 * @root:	From cgroup_open_root()
 *
 * Return: 1 somebody is, 0 nobody, or -errno with @e filled
 */
int cgroup_look(int root, const char *path, bool *ret_frozen, struct err *e);

/* SIGKILL for all in it and below, at once (cgroup.kill). Return: 0, or -errno with @e filled. */
int cgroup_kill(int cgroup, struct err *e);
/* A signal to each process in it and below, until no new one appears. Return: their number, or -errno with @e filled. */
int cgroup_signal(int cgroup, int signal, struct err *e);

/* Processes in it and below. @ret: freed by the caller. Return: 0, or -errno with @e filled. */
int cgroup_pids(int cgroup, pid_t **ret, size_t *ret_n, struct err *e);

/**
 * cgroup_remove() - Kill what is in it, wait until it is empty, remove it with what is below. One that is not there is fine
 *
 * Parents that only cgroup_create() could have made are left: they are shared.
 *
 * Return: 0, or -errno with @e filled
 */
int cgroup_remove(int root, const char *path, struct err *e);

/* The cgroup below which containers of `paene` have theirs; NULL: anywhere, this machine has no systemd. See home.c. */
const char *cgroup_home(void);

/* Does the user's own systemd run, of whom a scope can be had? */
bool cgroup_user_systemd(void);

/**
 * cgroup_delegated() - The cgroup below which a user may make others: the one above our own, or our own
 * @ret:	"": the root
 *
 * Our own hands no controllers down, since we are in it: then there are cgroups, and no limits.
 */
bool cgroup_delegated(char ret[PATH_MAX]);

/* Open it, and make it where it is missing: the first container after a boot does. Return: its fd, or -errno with @e filled */
int cgroup_home_open(int root, struct err *e);

#define CGROUP_DEFAULT_SLICE "machine.slice" /* systemd.special(7): for virtual machines and containers */

/* A cgroup that systemd makes: a scope of this machine's systemd, or of the user's own. See unit.h for what is what. */
struct cgroup_unit {
	bool user;
	const char *slice, *name;
	const char *path; /* its cgroup, below the one that this systemd has (the root; user@UID.service) */
};

/* Without root, or as root of a user namespace: it is the user's own systemd then, and there are no device programs. */
bool cgroup_is_rootless(void);

/**
 * cgroup_unit_plan() - Which unit a container is to be, and where its cgroup will lie
 * @cgroups_path: linux.cgroupsPath, "SLICE:PREFIX:NAME"; NULL: the scope "paene-ID"
 * @a:		Owns the strings in @ret and @ret_path
 * @ret_path:	Below the root of the hierarchy
 *
 * Return: 0, or -errno with @e filled
 */
int cgroup_unit_plan(const char *cgroups_path, const char *id, struct arena *a, struct cgroup_unit *ret, char **ret_path,
		     struct err *e);

/**
 * cgroup_unit_start() - Make it, with a process in it, which systemd moves there (it makes no scope without one)
 * @root:	From cgroup_open_root()
 * @path:	From cgroup_unit_plan()
 * @want:	Limits: the unit is told; cgroup_unit_set() sets them
 *
 * Return: the cgroup's fd, owned by the caller, or -errno with @e filled
 */
int cgroup_unit_start(int root, const char *path, const struct cgroup_unit *u, pid_t pid, const struct spec_resources *want,
		      const struct spec_map *annotations, struct err *e);

/**
 * cgroup_slice_start() - Have systemd make a slice with these limits, which hold for all units in it
 * @user:	Of the user's own systemd
 *
 * One that is there gets the limits. Return: 0, or -errno with @e filled
 */
int cgroup_slice_start(bool user, const char *slice, const struct spec_resources *want, struct err *e);

/**
 * cgroup_unit_set() - cgroup_set(), with a quota that systemd can express
 * @told:	The unit knows the limits already; otherwise it is told, so that it does not go back to what it knows
 *
 * Return: 0, or -errno with @e filled
 */
int cgroup_unit_set(int cgroup, const struct cgroup_unit *u, const struct spec_resources *r, bool told, struct err *e);

/* Move a process into it. Return: 0, or -errno with @e filled */
int cgroup_unit_attach(const struct cgroup_unit *u, pid_t pid, struct err *e);

/* End it, and forget that it failed. One that is not there is fine. Return: 0, or -errno with @e filled */
int cgroup_unit_stop(const struct cgroup_unit *u, struct err *e);

#define CGROUP_NO_LIMIT UINT64_MAX

struct cgroup_pressure {
	bool known;
	uint64_t some_us, full_us;		       /* total stall time */
	uint32_t some_avg10, some_avg60, some_avg300; /* hundredths of a percent */
	uint32_t full_avg10, full_avg60, full_avg300;
};

struct cgroup_stats {
	uint64_t cpu_usage_us, cpu_user_us, cpu_system_us; /* cpu.stat: there without any controller */
	uint64_t cpu_periods, cpu_throttled_periods, cpu_throttled_us;
	bool has_periods, has_memory, has_memory_peak, has_swap, has_swap_peak, has_oom, has_pids, has_pids_peak, has_io;
	uint64_t memory_bytes, memory_peak_bytes, memory_limit_bytes, swap_bytes, swap_peak_bytes, swap_limit_bytes;
	uint64_t memory_inactive_file_bytes;
	uint64_t oom_events, oom_kills; /* memory.events */
	uint64_t pids, pids_peak, pids_limit, pids_max_events;
	uint64_t io_read_bytes, io_write_bytes, io_read_ops, io_write_ops;
	struct cgroup_pressure cpu_pressure, memory_pressure, io_pressure;
};

/* Which files to read: each takes three system calls. */
enum cgroup_reading {
	CGROUP_NOW = BIT(0),  /* what it uses at this moment, and its limit of memory */
	CGROUP_LAST = BIT(1), /* totals and peaks: what counts once it has ended */
	CGROUP_REST = BIT(2), /* further limits, and how often they were met */
};

/**
 * cgroup_read_some() - Read those counters
 * @reading:	enum cgroup_reading
 * @ret:	What is not there, or not asked for, stays 0 and its has_ flag false
 *
 * Return: 0, or -errno with @e filled (-ENOENT: the cgroup is gone)
 */
int cgroup_read_some(int cgroup, unsigned reading, struct cgroup_stats *ret, struct err *e);

/* Read all of them. */
int cgroup_read_stats(int cgroup, struct cgroup_stats *ret, struct err *e);

/* The lowest memory.max of the cgroups above it that this process sees; CGROUP_NO_LIMIT: there is none. */
uint64_t cgroup_memory_limit_above(int cgroup);

struct cgroup_value {
	char *key;
	uint64_t value;
};
struct cgroup_device_io {
	uint32_t major, minor;
	uint64_t read_bytes, write_bytes, read_ops, write_ops;
};
struct cgroup_huge_pages {
	char *size; /* "2MB" */
	uint64_t bytes, failures;
};

/* Counters of which nobody knows the number beforehand. */
struct cgroup_details {
	struct cgroup_value *memory; /* memory.stat */
	struct cgroup_device_io *io; /* io.stat: a row for each device */
	struct cgroup_huge_pages *huge_pages;
	size_t n_memory, n_io, n_huge_pages;
};

/* Read them; what is not there has no rows. @a owns the lists. Return: 0, or -errno with @e filled. */
int cgroup_read_details(int cgroup, struct arena *a, struct cgroup_details *ret, struct err *e);

/* Where its memory is. */
struct cgroup_memory {
	uint64_t total_bytes; /* memory.current */
	uint64_t file_bytes;  /* what is cached of files, and can be read again */
	uint64_t anon_bytes;  /* what can only go to swap: of processes, shared memory, tmpfs */
	uint64_t slab_bytes;  /* what the kernel remembers for it: names, inodes */
	uint64_t zswap_bytes; /* in the compressed part of swap, which is memory, too */
	uint64_t swap_bytes;  /* memory.swap.current: with what zswap has */
};

/* Return: 0, or -errno with @e filled (-ENOENT: no memory controller) */
int cgroup_read_memory(int cgroup, struct cgroup_memory *ret, struct err *e);

/* Memory to be taken back: one of the first two is set. */
struct cgroup_reclaim {
	struct opt_u64 amount;	     /* bytes to take */
	struct opt_u64 to;	     /* bytes to leave */
	struct opt_u32 max_pressure; /* hundredths of a percent of time that its processes may wait for memory meanwhile */
	struct opt_u32 swappiness;   /* 0 (files only) to 200; not set: the machine's */
};
#define CGROUP_RECLAIM_PRESSURE_DEFAULT 1000

enum cgroup_reclaim_end {
	CGROUP_RECLAIM_REACHED,
	CGROUP_RECLAIM_PRESSURE,  /* they waited for more than that */
	CGROUP_RECLAIM_EXHAUSTED, /* the kernel finds nothing more */
	CGROUP_RECLAIM_REGROWN,	  /* it takes memory as fast as that is taken back */
	CGROUP_RECLAIM_END_COUNT,
};

struct cgroup_reclaimed {
	enum cgroup_reclaim_end end;
	struct cgroup_memory before, after;
	uint64_t taken_bytes; /* as the kernel counts; it may have come back meanwhile */
	unsigned steps;
	bool watched;	   /* its processes ran, and the kernel tells pressure: the next is known */
	uint32_t pressure; /* the highest over about a second, in hundredths of a percent */
};

/**
 * cgroup_reclaim() - Take memory back from it and from those below, step by step, as long as its processes hardly notice
 *
 * Return: 0, or -errno with @e filled: no memory controller, or a kernel that cannot (-EOPNOTSUPP)
 */
int cgroup_reclaim(int cgroup, const struct cgroup_reclaim *want, struct cgroup_reclaimed *ret, struct err *e);

/* What its processes gain by page merging (KSM), as the kernel counts it for each of them. */
struct cgroup_ksm {
	uint64_t merged_bytes; /* of their memory: pages that are equal to others, and there once for all that have them */
	int64_t profit_bytes;  /* that, less what the kernel needs to find them; below 0 it costs more than it saves */
};

/* Read it: one file for each process; 0 on a kernel without it. Return: 0, or -errno with @e filled. */
int cgroup_read_ksm(int cgroup, struct cgroup_ksm *ret, struct err *e);

/**
 * cgroup_oom_open() - Begin to watch for processes in a cgroup, and below, that the kernel kills for lack of memory
 *
 * Return: an fd, owned by the caller, whose poll() says POLLPRI where the number may have changed since it was read;
 * or -errno (-ENOENT: the memory controller is not there)
 */
int cgroup_oom_open(int cgroup);

/* How many there were since the cgroup was made. Return: 0, or -errno (-ENODEV: it has gone) */
int cgroup_oom_kills(int fd, uint64_t *ret);

enum cgroup_notice {
	CGROUP_TICK, /* the interval is over */
	CGROUP_OOM,  /* the kernel has killed for lack of memory */
};

/**
 * cgroup_watch() - Tell what happens in a cgroup, until nobody is in it any more
 * @interval_ms: Between two ticks
 * @f:		Return: 0, or -errno with @e filled: ends the watch
 *
 * Without the memory controller there are ticks alone.
 *
 * Return: 0, or -errno with @e filled
 */
int cgroup_watch(int cgroup, int64_t interval_ms, int (*f)(enum cgroup_notice what, void *arg, struct err *e), void *arg,
		 struct err *e);

#endif
