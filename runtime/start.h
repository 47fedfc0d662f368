/* SPDX-License-Identifier: Apache-2.0 */
/* start.h: what is done to a container that exists: start, kill, pause, resume. */
#ifndef RUNTIME_START_H
#define RUNTIME_START_H

#include "runtime/state.h"

/**
 * container_start() - Let init execute the command
 *
 * Return: 0, or -errno with @e filled (not created; or the exec's own failure, with exit_status 126 or 127)
 */
int container_start(int root, const char *id, struct err *e);

/**
 * container_kill() - Send a signal to init, or to every process of its cgroup: with SIGKILL too, where what is
 * left of the container would not end with init (a shared pid namespace)
 * @signal:	0: none, only see whether it could be sent
 * @all:	All of them; works after init is dead, as long as processes are left
 *
 * Return: 0, or -errno with @e filled ("container not running")
 */
int container_kill(int root, const char *id, int signal, bool all, struct err *e);

/* Freeze or thaw its cgroup. Return: 0, or -errno with @e filled ("container not running", "container not paused"). */
int container_pause(int root, const char *id, bool pause, struct err *e);

#endif
