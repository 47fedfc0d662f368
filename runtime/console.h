/* SPDX-License-Identifier: Apache-2.0 */
/* console.h: a process's terminal: opened in its devpts, sent to whoever shows it. */
#ifndef RUNTIME_CONSOLE_H
#define RUNTIME_CONSOLE_H

#include "base/err.h"
#include "spec/spec.h"

/**
 * console_open() - Make a terminal ready
 * @ptmx:	A freshly opened ptmx of the container's devpts
 * @size:	Its window, 0x0: leave it
 * @owner:	User id, in the container
 * @ret_peer:	The terminal side, owned by the caller
 */
int console_open(int ptmx, const struct spec_box *size, uint32_t owner, int *ret_peer, struct err *e);

/**
 * console_send() - Hand a ptmx to the listener of a console socket (--console-socket)
 * @socket:	Path of a stream socket
 */
int console_send(const char *socket, int ptmx, struct err *e);

#endif
