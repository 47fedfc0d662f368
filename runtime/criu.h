/* SPDX-License-Identifier: Apache-2.0 */
/*
 * criu.h: the program criu(8), asked over the socket that `criu swrk` is given: one request, answers on the way ("notify":
 * something is at a point where we may have work), one answer at the end. https://criu.org/RPC and its rpc.proto.
 */
#ifndef RUNTIME_CRIU_H
#define RUNTIME_CRIU_H

#include "base/err.h"
#include "base/str.h"
#include "runtime/wire.h"
#include "spec/spec.h"

/* Debian 12 has 3.17. Older ones lack what we rely on: external pid namespaces, pre-resume, LSM profiles. */
#define CRIU_OLDEST 31600 /* 3.16 */

/* Requests, and options in them, by their numbers in the protocol. */
enum criu_type {
	CRIU_DUMP = 1,
	CRIU_RESTORE = 2,
	CRIU_PRE_DUMP = 4,
};
enum criu_option {
	CRIU_OPT_IMAGES_FD = 1,
	CRIU_OPT_PID = 2,
	CRIU_OPT_LEAVE_RUNNING = 3,
	CRIU_OPT_EXT_UNIX_SK = 4,
	CRIU_OPT_TCP_ESTABLISHED = 5,
	CRIU_OPT_EVASIVE_DEVICES = 6,
	CRIU_OPT_SHELL_JOB = 7,
	CRIU_OPT_FILE_LOCKS = 8,
	CRIU_OPT_LOG_LEVEL = 9,
	CRIU_OPT_LOG_FILE = 10,
	CRIU_OPT_PAGE_SERVER = 11, /* message: 1 address, 2 port */
	CRIU_OPT_NOTIFY = 12,
	CRIU_OPT_ROOT = 13,
	CRIU_OPT_PARENT = 14,
	CRIU_OPT_TRACK_MEMORY = 15,
	CRIU_OPT_AUTO_DEDUP = 16,
	CRIU_OPT_WORK_FD = 17,
	CRIU_OPT_LINK_REMAP = 18,
	CRIU_OPT_EXT_MOUNT = 23,   /* pair: dump: mount point, name; restore: name, source */
	CRIU_OPT_CGROUP_ROOT = 25, /* pair: controllers, path */
	CRIU_OPT_SIBLING = 26,     /* the restored process is our child */
	CRIU_OPT_INHERIT_FD = 27,  /* message: 1 name, 2 fd of criu's */
	CRIU_OPT_CGROUP_MODE = 34,
	CRIU_OPT_EXTERNAL = 37,    /* "net[INODE]:NAME" */
	CRIU_OPT_EMPTY_NS = 38,
	CRIU_OPT_JOIN_NS = 39,     /* pair: kind, path */
	CRIU_OPT_FREEZE_CGROUP = 44,
	CRIU_OPT_TCP_SKIP_IN_FLIGHT = 46,
	CRIU_OPT_LAZY_PAGES = 48,
	CRIU_OPT_ORPHAN_PTS = 50,  /* hand out the other side of a terminal by a message */
	CRIU_OPT_CONFIG_FILE = 51,
	CRIU_OPT_TCP_CLOSE = 52,
	CRIU_OPT_LSM_PROFILE = 53,
	CRIU_OPT_LSM_MOUNT_CONTEXT = 63,
	CRIU_OPT_NETWORK_LOCK = 64,
};

/* What the user chooses, for a checkpoint or a restore. */
struct criu_choices {
	const char *image_path; /* NULL: "checkpoint" in the current folder */
	const char *work_path;	/* logs; NULL: the same folder */
	const char *cgroup_mode, *network_lock, *lsm_profile, *lsm_mount_context; /* NULL: criu's own default */
	struct strv empty_ns;
	bool leave_running, ext_unix_sk, tcp_established, tcp_close, tcp_skip_in_flight, shell_job, file_locks, lazy_pages,
		link_remap, auto_dedup;
};

/* Folders of a checkpoint, as descriptors of ours: criu opens them by our pid. */
struct criu_folders {
	int images, work;
	const char *work_path; /* for messages */
};
void criu_folders_close(struct criu_folders *f);
#define auto_criu_folders __attribute__((cleanup(criu_folders_close)))
#define CRIU_FOLDERS_NONE { -1, -1, NULL }

/**
 * criu_common_options() - What dump and restore have in common: log, notifications, the user's choices. Pure but for looking
 * for a file of settings
 * @annotations: Of the configuration: org.criu.config names a file of settings for criu, or "" for none; without it that is
 *		/etc/criu/runc.conf or crun.conf, if there
 *
 * Return: 0, or -EINVAL with @e filled
 */
int criu_common_options(struct wire *o, const struct criu_choices *c, const char *log, const struct spec_map *annotations,
			struct err *e);

/**
 * criu_folders_open() - Open both
 * @make:	Make them where they are missing; the work folder is made in any case
 * @log:	The log's name in the work folder: whatever has this name is removed, as is the file for criu's counters. criu
 *		would write through a link that somebody put there
 *
 * Return: 0, or -errno with @e filled
 */
int criu_folders_open(const struct criu_choices *c, bool make, const char *log, struct criu_folders *ret, struct err *e);
void criu_folders_options(struct wire *o, const struct criu_folders *f);

/* A message of two texts. */
void criu_pair(struct wire *o, enum criu_option option, const char *first, const char *second);

enum criu_feature {
	CRIU_TRACK_MEMORY = 1,
	CRIU_LAZY_MEMORY = 2,
};

/**
 * criu_check() - Is there a criu that is new enough, and can it do what is asked for?
 * @need_feature: enum criu_feature, 0: none
 *
 * Return: 0, or -ENOENT, -EOPNOTSUPP and others with @e filled
 */
int criu_check(struct arena *arena, unsigned need_feature, struct err *e);

struct criu_event {
	const char *what; /* "post-restore", "orphan-pts-master", … */
	int pid;	  /* of the restored process, at some events; else 0 */
	int *fd;	  /* that came with it; taken with fd_take(), or closed afterwards; -1: none */
};

struct criu_call {
	enum criu_type type;
	struct wire *options;
	struct arena *arena;
	const int *stdio;  /* three fds; NULL: /dev/null */
	const int *keep;   /* further fds: 4, 5, … in criu */
	size_t n_keep;
	bool no_new_privs; /* what it restores has that from it: criu before 3.19 forgets it */
	/* Before the request is sent: criu waits. NULL: nothing to do */
	int (*before)(pid_t criu, struct wire *options, void *arg, struct err *e);
	/* At each event criu waits for the return; a failure ends all of it */
	int (*event)(const struct criu_event *event, void *arg, struct err *e);
	void *arg;
};

#define CRIU_FIRST_KEPT 4 /* 0 to 2 are the streams, 3 is the socket */

/**
 * criu_call() - Let criu do it
 *
 * Return: 0, or -errno with @e filled, with criu's own words; criu has ended in any case
 */
int criu_call(const struct criu_call *q, struct err *e);

#endif
