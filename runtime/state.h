/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.h: what is known of a container that runs or ran: ROOT/ID/, on a file system that forgets at reboot.
 *
 *   state.json   what it is and which resources it takes, complete before the first of them is taken; never changed
 *   config.json  the bundle's configuration as it was then (the bundle may change or go): for exec and later hooks; the
 *                engine's containers have none here, their record has it
 *   init         its first process, "PID STARTTIME", written once right after the clone
 *   start        the socket on which init waits for `start`; there while the container is created and not started
 *
 * The folder appears with state.json in it, locked, by one rename. Nobody stores a status: it follows from what is there
 * (state_read), so no crash can leave a wrong one. The folder's own flock is held by whoever changes the container.
 */
#ifndef RUNTIME_STATE_H
#define RUNTIME_STATE_H

#include "base/proc.h"
#include "runtime/plan.h"
#include "spec/spec.h"

enum status {
	STATUS_CREATING,
	STATUS_CREATED,
	STATUS_RUNNING,
	STATUS_PAUSED,
	STATUS_STOPPED,
	STATUS_COUNT,
};
extern const char *const status_names[STATUS_COUNT];

/* Is this a legal move? One table says so for every verb. */
bool status_may_become(enum status from, enum status to);

/* state.json */
struct state {
	struct arena arena; /* owns the strings */
	char *oci_version, *id, *bundle, *rootfs, *created, *owner;
	struct spec_map annotations;
	char *cgroup_path;	 /* below the cgroup2 root; NULL: none was asked for */
	uint32_t cgroup_manager; /* enum cgroup_manager */
	char *cgroup_unit;	 /* systemd's name for it; NULL: it is not systemd's */
	struct opt_bool cgroup_unit_user; /* of the user's own systemd */
	struct opt_bool cgroup_delegated; /* the container's root makes cgroups in it: processes belong below */
	char *rdt_group;	 /* in resctrl, see rdt.h; NULL: none */
	struct opt_bool rdt_monitor, rdt_made; /* counted on its own; the group is ours to remove */
	struct opt_bool private_userns;
	struct opt_u64 root_mount; /* its root is mounted in the caller's mount namespace: see rootfs_mount_id() */
	struct opt_bool shared_pidns; /* what its first process leaves behind does not end with that */
	struct opt_bool later_hooks; /* config.json has poststart or poststop hooks: worth reading */
	/* not in the file */
	struct proc_id init; /* pid 0: not born yet, or never */
	enum status status;
};

void state_free(struct state *s);
#define auto_state __attribute__((cleanup(state_free)))

/* Open the folder of states, making it (0700). Return: its fd, or -errno with @e filled. */
int state_root(const char *path, struct err *e);

/**
 * state_reserve() - Take an id: the folder appears whole, locked by us
 * @root:	From state_root()
 * @s:		Written to state.json
 * @config:	Text to keep as config.json; NULL: none
 * @ret_dir:	The folder's fd, which holds the lock; owned by the caller
 *
 * What a crashed creation left under this id is no obstacle: the caller destroys it and tries again (-EEXIST with the lock
 * free, see container_create()).
 *
 * Return: 0, -EEXIST ("container with given ID already exists"), or -errno; @e filled
 */
int state_reserve(int root, const struct state *s, const char *config, int *ret_dir, struct err *e);

/**
 * state_config() - The configuration as it was when the container was made
 * @dir:	Its folder
 * @ret:	To be freed with spec_free()
 *
 * Return: 0, or -errno with @e filled (-ENOENT: none was kept)
 */
int state_config(int dir, struct spec *ret, struct err *e);

/* Open one container's folder. Return: its fd, or -ENOENT ("container does not exist") and others with @e filled. */
int state_open(int root, const char *id, struct err *e);

/**
 * state_lock() - Take the folder's lock, waiting for whoever holds it, and see that the folder is still there
 *
 * Return: 0, -ENOENT where it was deleted meanwhile, or -errno; @e filled
 */
int state_lock(int dir, struct err *e);
/* The same without waiting: -EBUSY where somebody has it. */
int state_try_lock(int dir, struct err *e);

#define STATE_START "start" /* the socket's name in the folder */

/**
 * state_set_init() - Write down the first process
 * @s:		Its init is that
 * @note:	For state_glance(), at most STATE_NOTE_MAX bytes
 *
 * Return: 0, or -errno with @e filled
 */
#define STATE_NOTE_MAX 3072
int state_set_init(int dir, const struct state *s, const char *note, size_t note_len, struct err *e);

/**
 * state_glance() - See that a container runs, by as few calls as can be: its cgroup has processes
 * @cgroups:	From cgroup_open_root()
 * @note:	What state_set_init() was given
 *
 * Return: the length of @note; 0: it does not run, or that can't be seen so. state_read() knows
 */
size_t state_glance(int root, const char *id, int cgroups, char note[STATE_NOTE_MAX], struct proc_id *ret_init, bool *ret_paused);

/**
 * state_read() - What is known, and the status that follows from it
 * @ret:	To be freed with state_free()
 *
 * Return: 0, or -errno with @e filled
 */
int state_read(int dir, struct state *ret, struct err *e);

/* state_open() and state_read() in one, for verbs that only look. */
int state_load(int root, const char *id, struct state *ret, struct err *e);

/* The container's cgroup. Return: its fd, or -ENODATA where it was made without one, else -errno; @e filled. */
int state_cgroup(const struct state *s, struct err *e);

/* Remove the folder from its place at once (rename), then its content. What is not there is fine. */
int state_remove(int root, const char *id, struct err *e);

/* The state as the runtime-spec's state document, for hooks and for `state`. @ret: freed by the caller. */
int state_document(const struct state *s, char **ret, struct err *e);

/* Ids in a root, sorted. Strings in @arena. */
int state_list(int root, struct arena *arena, struct strv *ret, struct err *e);

/* Remove the temporary folders of commands that were killed. */
void state_sweep(int root);

#endif
