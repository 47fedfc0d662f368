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
 * @env:	Environment of those for which the configuration has none; NULL: an empty one
 *
 * They get that environment and nothing else (CVE-2025-23266), no fd but 0, 1 and 2, and are killed when their timeout ends.
 * What they say is heard only if they fail. The first that fails is the last to run; of those after the end, all run.
 *
 * Return: 0, or -errno with @e filled (which hook, its exit status, and the end of what it said)
 */
int hooks_run(const struct spec *spec, enum spec_hook_kind kind, const char *state, int cwd, char *const *env, struct err *e);

/**
 * hooks_load() - The hooks of a later moment, as they were when the container was made
 * @dir:	The container's state folder
 * @ret:	To be freed with spec_free(); stays as it is where the state says that there are none
 */
int hooks_load(int dir, const struct state *s, struct spec *ret, struct err *e);

/* Run those of one kind, in the bundle if it is still there. */
int hooks_run_later(const struct spec *spec, enum spec_hook_kind kind, const struct state *s, struct err *e);

#endif
