/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launch.h: starting a container of the engine and looking after it until it has ended: in the foreground by the command
 * itself, detached by a monitor.
 *
 * One run of it: take an id range and an address (files that hold its id), write its hosts files, container_create(), relay,
 * record how it ended, give everything back; then again where the restart policy says so.
 */
#ifndef RUNTIME_LAUNCH_H
#define RUNTIME_LAUNCH_H

#include "runtime/detach_keys.h"
#include "runtime/engine.h"
#include "runtime/monitor.h"

/* Our standard streams and a container's. */
struct look_options {
	bool no_out, no_err; /* what it writes there is not shown */
	bool input;	     /* standard input goes to it */
	bool terminal;	     /* it is a terminal to be made raw */
	bool keep_signals;   /* those that we get are not passed to it */
	struct detach_keys keys; /* with @terminal */
};

struct launch_options {
	bool detach;	   /* a monitor looks after it; else this process, and it relays to its own standard streams */
	bool pass_streams; /* with @detach: what it writes goes to our standard streams, by the monitor */
	bool tell_ready;   /* with @detach: the service manager hears that it runs, also where --sdnotify has not said so */
	bool look;	   /* with @detach: this process looks on, until it has ended or the keys are typed */
	struct look_options view;
	void (*warn)(const char *text, void *arg); /* what the user should know, once it runs; NULL: nobody asks */
	void *warn_arg;
};

/**
 * launch() - Start a container that does not run
 * @ret_status:	Of one that is looked at: its exit status as a shell says it, 0 where the keys were typed. Else untouched
 *
 * Return: 0, or -errno with @e filled: then it does not run (a container with --rm is removed)
 */
int launch(const struct engine *g, const char *id, const struct launch_options *o, int *ret_status, struct err *e);

/**
 * launch_needed() - The same in the background, unless it runs already; who is about to put an earlier run in order is waited for
 *
 * Return: as launch()
 */
int launch_needed(const struct engine *g, const char *id, const struct launch_options *o, struct err *e);

/**
 * launch_after_exit() - Called back by paene-monitor: write down how it ended, give everything back, start it again where the
 * policy says so (then it does not return: this process is its monitor again)
 *
 * Return: the container's exit status, so that a service manager has it from its main process; or -errno with @e filled
 */
int launch_after_exit(const struct engine *g, const struct monitor_words *w, struct err *e);

/* Called by paene-monitor: the time for a check of its health has come. Return: as health_check() */
int launch_check_health(const struct engine *g, const struct monitor_words *w, char **argv, struct err *e);

/* Called by paene-monitor: the kernel has killed in its container for lack of memory. Return: 0, or -errno with @e filled */
int launch_tell_oom(const struct engine *g, const struct monitor_words *w, struct err *e);

/**
 * engine_attach() - Look at one that runs, until it has ended or the keys are typed
 * @ret_status:	As of launch()
 *
 * Return: 0, or -errno with @e filled (-ESRCH: it does not run; -ENOTCONN: nobody in the background looks after it)
 */
int engine_attach(const struct engine *g, const char *id, const struct look_options *o, int *ret_status, struct err *e);

/* The same by a connection that is there. @dir: its folder. */
int engine_look(const struct engine *g, const char *id, int dir, int sock, const struct look_options *o, int *ret_status,
		struct err *e);

/**
 * engine_stop() - Ask it to end, then kill it
 * @signal:	0: the one of its settings
 * @timeout_s:	Seconds until SIGKILL; -1: the one of its settings
 *
 * Return: 0 (also where it does not run), or -errno with @e filled
 */
int engine_stop(const struct engine *g, const char *id, int signal, int timeout_s, struct err *e);

/* Send a signal. A SIGKILL or the stop signal is no reason for a restart. Return: 0, or -errno ("is not running"). */
int engine_kill(const struct engine *g, const char *id, int signal, struct err *e);

/* Freeze its processes, or thaw them. Return: 0, or -errno with @e filled (-ESRCH: it does not run) */
int engine_pause(const struct engine *g, const char *id, bool pause, struct err *e);

/* cgroup_reclaim() for one that runs, or is paused. Return: 0, or -errno with @e filled (-ESRCH: it does neither) */
int engine_reclaim(const struct engine *g, const char *id, const struct cgroup_reclaim *want, struct cgroup_reclaimed *ret,
		   struct err *e);

enum remove_flags {
	REMOVE_FORCE = BIT(0),	 /* kill it first */
	REMOVE_INFRA = BIT(3), /* even one that keeps a pod's namespaces */
	REMOVE_DEPENDENTS = BIT(2), /* with the containers that join its namespaces */
	REMOVE_VOLUMES = BIT(1), /* with the volumes without a name that were made for it; those of --rm go in any case */
};

/**
 * engine_remove() - Remove a container with all that belongs to it
 * @flags:	enum remove_flags
 *
 * Return: 0, or -errno with @e filled (-EBUSY: it runs, or others join its namespaces)
 */
int engine_remove(const struct engine *g, const char *id, unsigned flags, struct err *e);

/* Give it another name. Return: 0, or -errno with @e filled (-EEXIST: it is in use) */
int engine_rename(const struct engine *g, const char *id, const char *name, struct err *e);

/**
 * engine_wait() - Until it does not run (and is not about to be restarted)
 * @ret_status:	Its exit status; -1 where nobody could record it (its monitor was killed)
 */
int engine_wait(const struct engine *g, const char *id, int *ret_status, struct err *e);

/**
 * engine_settle() - Where its monitor was killed and it has ended: give back what it took, record an unknown end
 *
 * Every verb calls it before it looks at a container. Return: 0, or -errno with @e filled
 */
int engine_settle(const struct engine *g, const char *id, struct err *e);

#endif
