/* SPDX-License-Identifier: Apache-2.0 */
/* create.h: making a container: the parent's side, from the plan to an init that is ready. */
#ifndef RUNTIME_CREATE_H
#define RUNTIME_CREATE_H

#include "runtime/debug.h"
#include "runtime/plan.h"
#include "runtime/state.h"

struct create_request {
	const struct spec *spec;
	const char *config;	    /* its text, to be kept for later verbs; NULL: the caller keeps it elsewhere */
	struct plan_options plan;
	int root;		    /* folder of states: state_root(); -1: nothing is written down. Then it must die with its parent, and
				     * there is neither a cgroup nor anything else to be given back */
	bool run;		    /* execute as soon as all is ready: no start needed */
	const char *console_socket; /* send the terminal there; NULL: keep it in created.console */
	bool plain_lines; /* what is kept of it will be shown on no terminal */
	bool notify;		    /* the configuration has been through notify_tell() */
	const char *pidfd_socket;   /* send a pidfd of the first process there; NULL: none */
	const char *note;	    /* for state_glance(); NULL: none */
	size_t note_len;
	const char *pid_file;	    /* written when the container is ready; NULL: none */
	const struct debug *debug;  /* is told what is being done; NULL: nobody asks */
	/*
	 * Work of the caller's while init builds the root: wire its network. Called with init's pid, which waits before it
	 * enters the root, and its network namespace. NULL: none. A failure undoes the container.
	 */
	int (*wire)(pid_t pid, int netns, void *arg, struct err *e);
	void *wire_arg;
	/* Limits that are wanted where their controller is there (cgroup file, value); NULL, NULL ends */
	const char *const (*cgroup_defaults)[2];
	struct strv *missing_defaults; /* files of those that could not be set; NULL: not wanted */
	struct arena *missing_arena;
};

struct created {
	pid_t pid;
	int pidfd;   /* owned */
	int console; /* ptmx, -1: none; owned */
	int cgroup;  /* its folder, -1: none; owned */
	int notify;  /* from notify_listen() with @notify and @run, -1: none; owned */
};

/**
 * container_create() - Make it
 *
 * On failure nothing is left: what had been taken is given back by container_remove_all().
 *
 * Return: 0, or -errno with @e filled (exit_status 126 or 127 where the command can't be executed)
 */
int container_create(const struct create_request *q, struct created *ret, struct err *e);

/**
 * container_reserve() - The first step, also of a restore: the id is taken, and all that will be taken written down
 * @ret:	Filled; its strings are the request's and the plan's
 * @ret_dir:	The state folder, which holds the lock; owned by the caller
 *
 * Return: 0, or -errno with @e filled and nothing taken
 */
int container_reserve(const struct create_request *q, struct plan *p, struct state *ret, int *ret_dir, struct err *e);

void created_close(struct created *c);
#define auto_created __attribute__((cleanup(created_close)))
#define CREATED_NONE { .pidfd = -1, .console = -1, .cgroup = -1, .notify = -1 }

#endif
