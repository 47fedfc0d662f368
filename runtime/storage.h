/* SPDX-License-Identifier: Apache-2.0 */
/*
 * storage.h: who overlays a container's layers, and how much it may write to its own.
 *
 * The kernel does. Where it refuses (layers and containers lie on an overlay, on a network file system, or on one that knows no
 * idmapped mounts) fuse-overlayfs does, which is slower: nobody asks beforehand, so a run that fails is looked at.
 *
 * Its folders upper/ and work/ are a project of the file system (base/quota.h). DATA/projects/NUMBER is a symlink whose text is
 * the container's id, or tells of a volume: a number is taken by making it, before the file system hears of it, and given back after the folders
 * have gone. What a killed command has left, engine_sweep() finds.
 */
#ifndef RUNTIME_STORAGE_H
#define RUNTIME_STORAGE_H

#include "namespaces/rootfs.h"
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

/**
 * storage_project_take() - Make folders a project of their own, with a limit
 * @owner:	A container's id, or "volume/…": who has the number, for a sweep
 * @dir:	The @n @folders are in it, empty
 * @ret:	Its number, also after a failure where it is to be released
 *
 * Return: 0, or -errno with @e filled (-ENOTSUP: the file system has no project quotas)
 */
int storage_project_take(const struct engine *g, const char *owner, int dir, const char *const *folders, size_t n,
			 uint64_t bytes, uint32_t *ret, struct err *e);

/* One more folder of it, empty. Return: 0, or -errno with @e filled */
int storage_project_join(int dir, const char *name, uint32_t project, struct err *e);

/* Its number is given back; 0: there is none. After its folders have gone; best effort. */
void storage_project_release(const struct engine *g, uint32_t project);

/**
 * storage_is_refused() - Is it the file system that the kernel does not overlay, or whose ids it does not map?
 * @p:		What was to be mounted; ROOTFS_OVERLAY
 * @maps:	The ids of the container; empty: those of the host
 */
bool storage_is_refused(const struct rootfs_plan *p, const struct spec_id_maps *maps);

/* Who overlays layers on this machine, here: found out by trying, in a work folder. */
enum storage_driver storage_driver_here(const struct engine *g);

/**
 * storage_serve() - Have fuse-overlayfs make what the kernel does not
 * @p:		ROOTFS_OVERLAY becomes ROOTFS_MADE
 * @uids, @gids: Of the container
 * @ret_alive:	As fuse_overlay_new() has it
 *
 * Return: 0, or -errno with @e filled
 */
int storage_serve(struct rootfs_plan *p, const struct spec_id_maps *uids, const struct spec_id_maps *gids,
		  int *ret_alive, struct err *e);

struct storage_sizes {
	uint64_t written_bytes; /* by the container, to its own layer */
	uint64_t root_bytes;	/* with what `images` says of its image */
};

/* How much there is of a container. Return: 0, or -errno with @e filled. */
int storage_sizes(const struct engine *g, const struct settings *s, struct storage_sizes *ret, struct err *e);

/* Give its number back, where it has one; after its folder has gone. Best effort. */
void storage_release(const struct engine *g, const struct settings *s);

#endif
