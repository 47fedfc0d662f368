/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restored.h: is what criu made of a checkpoint what the configuration asks for? Looked at while every process of it is stopped
 * and has all that it will have (criu's event "pre-resume").
 *
 * An honest checkpoint of a container with this configuration passes; one that was changed on its way, to grant itself more, or
 * one of a container that had more, does not.
 */
#ifndef RUNTIME_RESTORED_H
#define RUNTIME_RESTORED_H

#include <sys/types.h>

#include "runtime/plan.h"

/**
 * restored_check_image() - Before anything is restored: images are files, and seccomp filters those of the configuration
 * @images:	Folder of the images
 *
 * criu would follow a link in there, and put what it finds into the container's memory.
 *
 * Return: 0, or -errno with @e filled
 */
int restored_check_image(int images, const struct plan *p, struct err *e);

/**
 * restored_check() - Namespaces, capabilities, no_new_privs, filters, limits and cgroup of each process; the mounts
 * @init:	The restored first process
 *
 * Return: 0, or -EPERM and others with @e filled
 */
int restored_check(const struct plan *p, pid_t init, struct err *e);

/* Its part about mounts, see restored_mounts.c. */
int restored_check_mounts(const struct plan *p, pid_t init, struct err *e);

#endif
