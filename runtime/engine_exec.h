/* SPDX-License-Identifier: Apache-2.0 */
/* engine_exec.h: what a further process in a container of the engine has from the container. */
#ifndef RUNTIME_ENGINE_EXEC_H
#define RUNTIME_ENGINE_EXEC_H

#include "runtime/engine.h"

/* The container's own filter of system calls. @s: its configuration. Return: 0, or -errno with @e filled */
int engine_exec_filter(const struct engine *g, const struct settings *settings, const struct spec *s, struct seccomp_plan *ret,
		       struct err *e);

/* Before anything is taken: root in there may be us, and may write to this program. Return: as proc_seal() */
int engine_exec_seal(const struct engine *g, const struct settings *settings, char **argv, struct err *e);

/**
 * engine_exec_read() - Run a command in a container, and read what it writes
 * @command:	Ends with NULL
 * @timeout_ms:	Then it is killed; -1: it takes as long as it takes
 * @buf:	@size bytes, the first ones of its output and errors, with a zero behind
 *
 * Return: its exit status, -ETIMEDOUT, or -errno; @e filled
 */
int engine_exec_read(const struct engine *g, const struct settings *settings, struct spec *s, char *const *command,
		     int timeout_ms, char *buf, size_t size, struct err *e);

#endif
