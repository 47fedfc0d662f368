/* SPDX-License-Identifier: Apache-2.0 */
/*
 * changes.h: what `commit --change` and `import --change` ask for: the instructions of a Containerfile that set something of an
 * image's config. Pure.
 */
#ifndef IMAGES_CHANGES_H
#define IMAGES_CHANGES_H

#include "images/record.h"

/**
 * change_apply() - Carry out one: "CMD [\"/bin/sh\"]", "ENV A=1 B=2", "WORKDIR=/srv"
 * @d:		Changed; what it gets lives in @a
 *
 * Known are CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME, WORKDIR, in any case. ENTRYPOINT takes the CMD away
 * that was there, so one for it comes after.
 *
 * Return: 0, or -EINVAL with @e filled
 */
int change_apply(const char *text, struct arena *a, struct image_defaults *d, struct err *e);

#endif
