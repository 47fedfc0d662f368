// SPDX-License-Identifier: Apache-2.0
#include "runtime/console.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

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
	int r = sock_hand(socket, "/dev/ptmx", ptmx, e); /* receivers want some text with the fd */

	return r < 0 ? err_wrap(e, "console socket") : 0;
}
