// SPDX-License-Identifier: Apache-2.0
#include "runtime/console.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/pty.h"
#include "base/sock.h"

int console_open(int ptmx, const struct spec_box *size, uint32_t owner, int *ret_peer, struct err *e)
{
	auto_fd int peer = -1;
	int r = pty_peer(ptmx, &peer, e);

	if (r < 0)
		return r;
	if (size->width || size->height) {
		const struct winsize w = { .ws_row = (unsigned short)size->height,
					   .ws_col = (unsigned short)size->width };

		(void)ioctl(ptmx, TIOCSWINSZ, &w); /* a size only */
	}
	if (fchown(peer, owner, (gid_t)-1) < 0)
		return err_set(e, errno, "give the terminal to user %u", owner);
	*ret_peer = fd_take(&peer);
	return 0;
}

int console_send(const char *socket, int ptmx, struct err *e)
{
	static const char name[] = "/dev/ptmx"; /* receivers want some text with the fd */
	auto_fd int s = sock_connect(AT_FDCWD, socket, SOCK_STREAM, e);

	if (s < 0)
		return err_wrap(e, "console socket");
	int r = sock_send(s, name, sizeof(name) - 1, &ptmx, 1);

	return r < 0 ? err_set(e, -r, "send the terminal to %s", socket) : 0;
}
