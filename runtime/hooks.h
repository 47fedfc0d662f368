/* SPDX-License-Identifier: Apache-2.0 */
/* hooks.h: programs that the configuration wants run at points of a container's life (runtime-spec config.md "POSIX hooks"). */
#ifndef RUNTIME_HOOKS_H
#define RUNTIME_HOOKS_H

#include "base/err.h"
#include "runtime/state.h"
#include "spec/spec.h"

/**
 * hooks_run() - Run the hooks of one kind in order, each with the state document on its standard input
 * @kind:	Names them in messages
 * @state:	The document's text
 * @cwd:	Folder fd that they start in (the bundle), -1: "/"
 *
 * They get the environment of the configuration and nothing else (CVE-2025-23266), no fd but 0, 1 and 2, and are killed
 * when their timeout ends.
 *
 * Return: 0, or -errno with @e filled (which hook, and its exit status)
 */
int hooks_run(const struct spec *spec, enum spec_hook_kind kind, const char *state, int cwd, struct err *e);

/* The hooks of a later moment: read from the bundle's config.json again, if the state says that there are any. */
int hooks_run_later(const struct state *s, enum spec_hook_kind kind, struct err *e);

#define HOOKS_CONFIG "config.json" /* of a bundle */

#endif
