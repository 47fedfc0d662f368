/* SPDX-License-Identifier: Apache-2.0 */
/*
 * storage.h: how much a container may write to its own layer.
 *
 * Its folders upper/ and work/ are a project of the file system (base/quota.h). DATA/projects/NUMBER is a symlink whose text is
 * the container's id: a number is taken by making it, before the file system hears of it, and given back after the folders
 * have gone. What a killed command has left, engine_sweep() finds.
 */
#ifndef RUNTIME_STORAGE_H
#define RUNTIME_STORAGE_H

#include "runtime/engine.h"

#define STORAGE_PROJECTS "projects"

/**
 * storage_limit() - Limit a new container, where its settings ask for it
 * @dir:	Its folder, with upper/ and work/ in it, empty
 * @s:		storage_project is filled in
 *
 * Return: 0, or -errno with @e filled (-ENOTSUP: the file system has no project quotas)
 */
int storage_limit(const struct engine *g, int dir, struct settings *s, struct err *e);

/* Give its number back, where it has one; after its folder has gone. Best effort. */
void storage_release(const struct engine *g, const struct settings *s);

#endif
