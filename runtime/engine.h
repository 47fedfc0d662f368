/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine.h: the folders behind `paene`, and the record of one container in them.
 *
 *   DATA/containers/ID/   settings.json, config.json, upper/ work/ lower/, hosts …, log, exit.json, monitor
 *   DATA/events           what has happened: runtime/journal.h
 *   DATA/names/NAME       symlink whose text is the ID: a name is taken by making it; pods have theirs there, too
 *   DATA/projects/NUMBER  the same for what limits the size of its layer: runtime/storage.h
 *   RUN/containers/ID/    the state of what runs: runtime/state.h
 *
 * The lock of DATA/containers/ID/monitor is held by whoever looks after the container while it runs: waiting for its end is
 * waiting for that lock. settings.json is written last: a folder without it, whose lock is free, is litter.
 */
#ifndef RUNTIME_ENGINE_H
#define RUNTIME_ENGINE_H

#include "images/images.h"
#include "network/network.h"
#include "runtime/log.h"
#include "network/shape.h"
#include "runtime/state.h"

struct engine {
	int data, containers, names, idranges, networks, volumes, run, states, seccomp; /* folder fds */
	struct store store;
	char data_path[256], run_path[256], worker[256], fetcher[256], init_program[256], monitor[256];
	bool rootless;	    /* we are root of a user's namespace: its ids are all there are, and mounts of the host's keep theirs */
	bool one_id;	    /* and it has none but 0 */
	bool own_mounts;    /* what we mount is ours alone, and ends with this command */
	bool run_in_tmp;    /* a user without XDG_RUNTIME_DIR: see rootless_folders() */
};

/**
 * engine_open() - Open the folders, making what is missing
 * @data, @run:	Paths, at most 200 bytes; NULL: /var/lib/paene and /run/paene, for a user those of rootless_folders()
 *
 * A user enters their own user namespace here: from then on we are its root.
 *
 * Return: 0, or -errno with @e filled
 */
int engine_open(const char *data, const char *run, struct engine *ret, struct err *e);

/* Only where all of that lies: nothing is opened, made or entered. Return: 0, or -errno with @e filled. */
int engine_locate(const char *data, const char *run, struct engine *ret, struct err *e);
void engine_close(struct engine *g);
#define auto_engine __attribute__((cleanup(engine_close)))

/* Something about this machine, to be said once after each boot: true for the first who asks. @mark: a file's name */
bool engine_say_once(const struct engine *g, const char *mark);

enum restart_policy {
	RESTART_NO,
	RESTART_ON_FAILURE,
	RESTART_ALWAYS,
	RESTART_UNLESS_STOPPED, /* the same, but a boot does not start what the user had stopped */
	RESTART_COUNT,
};
extern const char *const restart_names[RESTART_COUNT];

/* Who tells the service manager that it is ready. */
enum sdnotify {
	SDNOTIFY_IGNORE,
	SDNOTIFY_CONTAINER, /* what runs in it */
	SDNOTIFY_CONMON,    /* we, once it runs */
	SDNOTIFY_HEALTHY,   /* we, at the first check that finds it healthy */
	SDNOTIFY_COUNT,
};
extern const char *const sdnotify_names[SDNOTIFY_COUNT];

/* What to do where a container is found to be unhealthy. */
enum health_action {
	HEALTH_ACTION_NONE,
	HEALTH_ACTION_KILL,
	HEALTH_ACTION_RESTART,
	HEALTH_ACTION_STOP,
	HEALTH_ACTION_COUNT,
};
extern const char *const health_action_names[HEALTH_ACTION_COUNT];

enum health_status {
	HEALTH_NONE,
	HEALTH_STARTING,
	HEALTH_HEALTHY,
	HEALTH_UNHEALTHY,
	HEALTH_STATUS_COUNT,
};
extern const char *const health_status_names[HEALTH_STATUS_COUNT];

/* How it is checked: runtime/health.h */
struct health_check {
	struct strv test; /* "CMD" and words, or "CMD-SHELL" and a line; empty: there is none */
	uint64_t interval_ns, timeout_ns;
	uint32_t retries;
};
struct health_settings {
	struct health_check check, startup; /* startup comes before, until it has succeeded startup_successes times */
	uint64_t start_period_ns;	    /* failures in it do not count */
	uint32_t startup_successes;
	uint32_t on_failure; /* enum health_action */
};

#define IMAGE_HOST   "host" /* the pseudo-image: this machine's own root */
/* What network namespace it has: one of its own on networks of ours, or with that of a user, or without any; the host's; somebody else's. */
#define NETWORK_BRIDGE	  "bridge"
#define NETWORK_PASTA	  "pasta" /* of the container's own, by the program; ":" and its options may follow */
#define NETWORK_NONE	  "none"
#define NETWORK_HOST	  "host"
#define NETWORK_CONTAINER "container:" /* and its id */
#define NETWORK_NS	  "ns:"	       /* and its path */
/* Whose pid, ipc or uts namespace it has: the host's; its own that nobody may join, or without /dev/shm; another container's. */
#define JOIN_HOST      NETWORK_HOST
#define JOIN_PRIVATE   "private"
#define JOIN_NONE      "none"
#define JOIN_CONTAINER NETWORK_CONTAINER /* and its id */
/* In the place of a network's name: one that plugins make, and its name there. */
#define NETWORK_CNI "cni:"

#define NAMES_NONE    "none"	     /* of --dns: the image's own resolv.conf is seen */
#define NAMES_GATEWAY "host-gateway" /* of --add-host: this host, as the container sees it */

/* A network of ours that it is on, and what it would like there; NULL: whatever comes. */
struct network_wish {
	char *network;
	char *ip, *ip6, *mac, *interface;
	struct strv aliases;
	struct net_shape shape; /* how its link is made slow or unreliable */
	struct strv args; /* KEY=VALUE, for plugins */
};
struct network_wishes {
	struct network_wish *v;
	size_t n;
};

/* What config.json has no words for, of one of the mounts there: the one with this target. */
struct mount_more {
	char *target;
	char *volume;	/* its name; NULL: it is none */
	char *subpath;	/* what of it is mounted; NULL: all */
	bool anonymous; /* the volume was made for this container, and may go with it */
	bool no_copy;	/* it is not filled with what the image has there */
	bool chown;	/* it and all in it becomes the user's */
	/* an overlay (runtime/overlays.h): */
	char *base;	    /* the folder that its layers are in; NULL: it is none */
	struct strv lowers; /* lowest first; "." is the folder itself */
	char *image;	    /* manifest of the image that has them; NULL: none has */
	char *upper, *work; /* what is written, on the host; NULL: it goes with the run */
};
struct mounts_more {
	struct mount_more *v;
	size_t n;
};

/* A secret that it is given at each start: runtime/secrets.h */
struct secret_use {
	char *name, *target; /* a path, or the name of a variable */
	bool env;
	uint32_t uid, gid, mode; /* of the file */
};
struct secret_uses {
	struct secret_use *v;
	size_t n;
};

/* Who puts the layers of a container on top of each other. */
enum storage_driver {
	STORAGE_AUTO, /* the kernel, and where it does not, the program */
	STORAGE_OVERLAY,
	STORAGE_FUSE_OVERLAYFS,
	STORAGE_DRIVER_COUNT,
};
extern const char *const storage_driver_names[STORAGE_DRIVER_COUNT];

/* settings.json: what the user asked for, and what followed from it once and for all. */
struct settings {
	struct arena arena;
	char *id, *name, *created, *image, *manifest; /* manifest: sha256 hex, NULL for `host` */
	char *rootfs;		     /* a folder of the host that is its root, instead of an image's layers; NULL: none is */
	bool rootfs_overlay, rootfs_as_is; /* it is a layer below its own one; its owners are not mapped */
	char *image_store;			      /* another data folder that the image is in; NULL: ours */
	struct strv layers;			      /* folders in images/layers, lowest first */
	struct strv command;			      /* what runs, for people */
	struct strv command_line;		      /* that made it */
	char *hostname;
	char *network; /* NETWORK_… */
	char *pod; /* a pod's id; NULL: it is in none */
	bool infra; /* it is the one that keeps the pod's namespaces */
	char *pid, *ipc, *uts; /* whose of these namespaces it has: JOIN_…; NULL: its own */
	struct network_wishes networks; /* of NETWORK_BRIDGE; the first one is eth0 */
	struct strv ports, extra_hosts; /* "NAME:ADDRESS", "NAME:" NAMES_GATEWAY */
	struct strv dns, dns_search, dns_options; /* instead of the host's; NAMES_NONE, "." */
	bool no_hosts, no_hostname; /* the image's own files are seen */
	struct strv egress; /* net_egress_words() */
	uint32_t restart; /* enum restart_policy */
	struct opt_u32 restart_max;
	bool remove, terminal, input, privileged, init, private_userns, abi32;
	bool systemd; /* its process is systemd, or is treated as if it were */
	uint32_t profile; /* enum profile_kind */
	uint32_t seccomp; /* enum seccomp_profile; unconfined also where config.json has a filter of its own */
	uint32_t stop_signal, stop_timeout_s;
	uint32_t run_timeout_s; /* it is killed after so long; 0: never */
	uint32_t log_driver;	/* enum log_driver */
	struct opt_u64 log_max_bytes;
	uint32_t log_files; /* how many are kept; 0: the driver's default */
	char *log_tag;	    /* what lines in the journal are called; NULL: its id */
	uint32_t sdnotify;  /* enum sdnotify */
	struct health_settings health;
	bool mounted; /* its root may be, to be looked at: runtime/container_mount.h */
	uint32_t class; /* enum sched_class */
	uint32_t cgroup_manager; /* enum cgroup_manager */
	char *cgroup_parent;	 /* a slice for systemd, else a path ("": the root); NULL: the usual place */
	bool cgroup_delegate;
	bool pids_default; /* nothing was said about pids: the default limit, where its controller is there */
	uint32_t storage_driver;      /* enum storage_driver */
	struct opt_u64 storage_bytes; /* what it may write to its own layer */
	uint32_t storage_project;     /* how the file system knows that: runtime/storage.h; 0: not limited */
	struct strv exposed; /* "80/tcp", "80-90/udp": of the image, and the user's own */
	bool publish_all;    /* they are among the ports */
	struct strv binds; /* as written, for inspect */
	struct mounts_more mounts;
	struct secret_uses secrets;
	struct strv account; /* the user's own lines of /etc/passwd and /etc/group, where they keep their id; empty: it has none */
	struct strv groups; /* that its process is in besides its own, by names or numbers */
	struct spec_map labels;
};

/* What its root is where it is no image's, for messages */
static inline const char *settings_root(const struct settings *s)
{
	return s->rootfs ? s->rootfs : "this machine's own root";
}

void settings_free(struct settings *s);
#define auto_settings __attribute__((cleanup(settings_free)))

/* Even in the foreground somebody in the background looks after it: it is checked, or the service manager waits for it. */
static inline bool settings_want_monitor(const struct settings *s)
{
	return s->health.check.test.n > 0 || s->sdnotify != SDNOTIFY_IGNORE;
}

/* What a run has used; not set: nobody has counted it. */
struct run_use {
	struct opt_u64 cpu_us, cpu_user_us, cpu_system_us, cpu_periods, cpu_throttled_periods, cpu_throttled_us;
	struct opt_u64 memory_peak_bytes, swap_peak_bytes, oom_events, oom_kills, pids_peak;
	struct opt_u64 io_read_bytes, io_write_bytes, io_read_ops, io_write_ops;
};

/* exit.json: how the last run ended. */
struct exit_record {
	struct arena arena;
	int32_t status;	    /* as a shell says it */
	char *started, *finished;
	bool oom_killed;
	char *error;	    /* why it could not be started */
	uint64_t restarts;
	struct run_use use;
};
void exit_record_free(struct exit_record *x);
#define auto_exit_record __attribute__((cleanup(exit_record_free)))

/* Where it is on a network; addresses with the prefix of their subnet, NULL: none. */
struct run_network {
	char *network, *interface, *address, *address6, *gateway, *gateway6, *mac;
	uint32_t index;
};
struct run_networks {
	struct run_network *v;
	size_t n;
};

/* run.json: what the present run, or the last one, took and got. */
struct run_record {
	struct arena arena;
	char *started;
	struct run_networks networks;
	struct strv ports;   /* as published: free host ports filled in */
	uint32_t range_start; /* of its ids on the host; 0: none of its own */
	struct strv missing; /* files of default limits that this machine could not set */
	bool root_served;    /* its root is fuse-overlayfs' */
	char *notify_socket; /* the service manager's, for whoever finds it healthy; NULL: nobody asks */
	uint32_t notify_pid; /* the process that the service manager looks after */
};
void run_record_free(struct run_record *r);
#define auto_run_record __attribute__((cleanup(run_record_free)))

enum phase {
	PHASE_CREATED, /* never started */
	PHASE_STARTING,
	PHASE_RUNNING,
	PHASE_PAUSED,
	PHASE_EXITED,
	PHASE_COUNT,
};
extern const char *const phase_names[PHASE_COUNT];

/* A container as people see it: settings, and what is the case now. */
struct container {
	struct settings settings;
	enum phase phase;
	bool watched; /* somebody holds the monitor lock */
	bool unsettled; /* it has ended, and nobody has put its things in order: engine_settle() does, where it is not watched */
	bool stopped;	/* by the user: known of unless-stopped alone */
	enum health_status health;
	struct proc_id init;
	bool has_exit;
	struct exit_record exit;
	struct run_record run; /* empty where it never ran */
	const char *cgroup_path; /* while it runs; "": none */
};
void container_free(struct container *c);
#define auto_container __attribute__((cleanup(container_free)))

#define RECORD_ID_LENGTH 64
#define RECORD_CONFIG	 "config.json"
#define RECORD_SETTINGS	 "settings.json"

/**
 * record_create() - Make a container's folder, take its name, write settings and configuration
 * @s:		id and name are filled in (a random name where none is given); strings in its arena
 * @spec:	Written to config.json
 * @ret_dir:	Its folder's fd
 *
 * Return: 0, or -errno with @e filled (-EEXIST: the name is in use, said by which container); nothing is left then
 */
int record_create(const struct engine *g, struct settings *s, const struct spec *spec, int *ret_dir, struct err *e);

/**
 * record_find() - A container's id by name, by id or by the first digits of its id
 * @ret:	65 bytes
 *
 * Return: 0, or -ENOENT ("no such container") or -EINVAL (several fit) with @e filled
 */
int record_find(const struct engine *g, const char *name, char *ret, struct err *e);

/* Its folder. Return: the fd, or -errno with @e filled. */
int record_open(const struct engine *g, const char *id, struct err *e);

/**
 * record_take_name() - Take a name for a container or a pod
 * @name:	In @a; NULL: a random one is found
 *
 * Return: 0, or -errno with @e filled (-EEXIST: it is in use, said by whom)
 */
int record_take_name(const struct engine *g, const char *id, struct arena *a, char **name, struct err *e);

/* Give it back, if it is @id's. */
void record_release_name(const struct engine *g, const char *id, const char *name);

/* Another name for what is called @from. Return: 0, or -errno with @e filled (-EEXIST: that name is in use) */
int record_move_name(const struct engine *g, const char *from, const char *to, struct err *e);

/* For a sweep: finish what a killed engine_rename() has begun. */
void record_finish_rename(const struct engine *g, const char *id);
int record_settings(int dir, struct settings *ret, struct err *e);
int record_write_settings(int dir, const struct settings *s, struct err *e);
/* Instead of those that are there, whose time stays: it says when the container was made. */
int record_change_settings(int dir, const struct settings *s, struct err *e);
int record_spec(int dir, struct spec *ret, struct err *e);
int record_write_spec(int dir, const struct spec *spec, struct err *e);
int record_write_run(int dir, const struct run_record *r, struct err *e);
/* Return: 1 with @ret filled, 0 where it never ran, or -errno with @e filled. */
int record_run(int dir, struct run_record *ret, struct err *e);
int record_write_exit(int dir, const struct exit_record *x, struct err *e);
/* Return: 1 with @ret filled, 0 where it never ran, or -errno with @e filled. */
int record_exit(int dir, struct exit_record *ret, struct err *e);

/* Everything about one container now. Return: 0, or -errno with @e filled. */
int container_load(const struct engine *g, const char *id, struct container *ret, struct err *e);

/* Is it one of those that a boot starts again? */
bool container_wants_boot(const struct container *c);

/* Each container, in order of creation (newest first). @f's result other than 0 ends the walk. */
int container_each(const struct engine *g, int (*f)(const struct container *c, void *arg, struct err *e), void *arg,
		   struct err *e);

/* The same for a list of them: of many that run only what brief.h says is known, and their phase and first process. */
int container_each_brief(const struct engine *g, int (*f)(const struct container *c, void *arg, struct err *e), void *arg,
			 struct err *e);

/**
 * record_destroy() - Remove name and folder; the container must not run
 * @name:	Its name, or NULL where it has none yet
 *
 * Return: 1, or 0 where it is not there, or -errno with @e filled
 */
int record_destroy(const struct engine *g, const char *id, const char *name, struct err *e);

/**
 * record_watch() - Take the monitor lock
 * @make:	Make its file where it is missing: for a folder that is being made, or was never finished. In others it is there,
 *		and a new one beside that of a removal in progress would be a lock of its own
 *
 * Return: the lock's fd, to be kept open while the container is looked after; -EBUSY: somebody else does; -ENOENT: it has been
 *	   removed; or -errno; @e filled
 */
int record_watch(int dir, bool make, struct err *e);

/* What waiters read once the lock is free, even where the folder has gone: the exit status. Best effort. */
void record_tell_waiters(int watch, int status);

/* A new run: what the last one left there is not its. */
void record_forget_status(int watch);

/**
 * record_wait() - Until nobody looks after it
 * @ret_status:	The exit status that was left there, -1: none
 */
int record_wait(int dir, int *ret_status, struct err *e);

/* Wants for the one who looks after it: "stop" forbids a restart. In the container's folder. */
int record_set_stop(int dir, bool stop, struct err *e);
bool record_wants_stop(int dir);

/* Whose a range or a lease is: the text of the link, or of the file. Return: 0, or -errno */
#define ENGINE_OWNER_MAX 256
int engine_owner(int dir, const char *name, char ret[ENGINE_OWNER_MAX]);

/**
 * engine_sweep() - Remove what killed commands have left: folders without settings, names, ranges and leases without a container
 *
 * Verbs that may take a moment call it, and whoever finds a name taken. Nothing that is in use or being made is touched.
 */
void engine_sweep(const struct engine *g);

#endif
