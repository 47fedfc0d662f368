/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hook_files.h: programs that an administrator wants run for containers of some kinds: --hooks-dir, a folder of files as
 * oci-hooks(5) of podman has them, version 1.0.0.
 */
#ifndef RUNTIME_HOOK_FILES_H
#define RUNTIME_HOOK_FILES_H

#include "base/err.h"
#include "spec/spec.h"

/**
 * hook_files_add() - Add the hooks that fit a container to its configuration
 * @folders:	Files in a later one take the place of those with their name in earlier ones; hooks run in the order of the names
 * @binds:	The user has folders of the host mounted in it
 * @spec:	Whole but for its hooks
 *
 * Return: 0, or -errno with @e filled: which file, and what is wrong with it
 */
int hook_files_add(const struct strv *folders, bool binds, struct spec *spec, struct err *e);

/* "createRuntime" … Return: 0, or -EINVAL with @e filled */
int hook_kind(const char *name, enum spec_hook_kind *ret, struct err *e);

/* One more hook of a kind. Return: 0, or -ENOMEM with @e filled */
int hook_add(struct spec *spec, enum spec_hook_kind kind, const struct spec_hook *hook, struct err *e);

#endif
