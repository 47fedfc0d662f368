/* SPDX-License-Identifier: Apache-2.0 */
/* pty.h: pseudo-terminals: made in a given devpts, their peer taken by ioctl; the caller's own terminal made raw. */
#ifndef BASE_PTY_H
#define BASE_PTY_H

#include <termios.h>

#include "base/err.h"

/**
 * pty_peer() - Unlock a pseudo-terminal and open its terminal side
 * @ptmx:	An open ptmx; that it is one (5:2) is checked; not consumed
 * @ret_peer:	The terminal side, taken with TIOCGPTPEER: no path is walked
 *
 * Return: 0, or -errno with @e filled
 */
int pty_peer(int ptmx, int *ret_peer, struct err *e);

/* Lines end with a newline alone: for output that no terminal will show. Best effort: it is about looks. */
void pty_plain_lines(int ptmx);

/* Raw mode, as a relay needs it; *saved is for tty_restore(). Return: 0, or -errno with @e filled. */
int tty_raw(int fd, struct termios *saved, struct err *e);
/* The same once more: whoever has stopped us, and let us go on, had the terminal meanwhile. Best effort. */
void tty_raw_again(int fd);

/* Best effort: the terminal may have gone. */
void tty_restore(int fd, const struct termios *saved);

/* Copy the window's size from one terminal to another; best effort. */
void tty_copy_size(int from, int to);

#endif
