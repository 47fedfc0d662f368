/* SPDX-License-Identifier: Apache-2.0 */
/*
 * overlays.h: overlays that a container has beside its root (-v SOURCE:TARGET:O, --mount type=image): for each run a folder
 * overlays/NUMBER in the container's, with what namespaces/mount_overlay.h wants to find there.
 */
#ifndef RUNTIME_OVERLAYS_H
#define RUNTIME_OVERLAYS_H

#include "runtime/engine.h"

/**
 * overlay_plan() - Make its folders
 * @dir:	The container's folder; @path: the same
 * @number:	Unlike those of its others
 * @ret:	In @a
 *
 * Return: 0, or -errno with @e filled
 */
int overlay_plan(int dir, const char *path, size_t number, const struct mount_more *more, struct arena *a,
		 const struct spec_overlay **ret, struct err *e);

/* What a run has written to them goes with it. Best effort: else it goes with the container, or before the next run. */
void overlays_remove(int dir, const struct settings *s);

#endif
