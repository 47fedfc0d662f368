// SPDX-License-Identifier: Apache-2.0
#include "base/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/fd.h"

int pty_peer(int ptmx, int *ret_peer, struct err *e)
{
	struct stat st;
	int unlock = 0;

	if (fstat(ptmx, &st) < 0)
		return err_set(e, errno, "look at ptmx");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2))
		return err_say(e, ENOTTY, "ptmx is not the pseudo-terminal multiplexer (5:2)");
	if (ioctl(ptmx, TIOCSPTLCK, &unlock) < 0)
		return err_set(e, errno, "unlock a pseudo-terminal");
	int peer = ioctl(ptmx, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (peer < 0)
		return err_set(e, errno, "open a pseudo-terminal's other side");
	*ret_peer = peer;
	return 0;
}

void pty_plain_lines(int ptmx)
{
	struct termios t;

	if (tcgetattr(ptmx, &t) < 0)
		return;
	t.c_oflag &= ~(tcflag_t)ONLCR;
	(void)tcsetattr(ptmx, TCSANOW, &t);
}

int tty_raw(int fd, struct termios *saved, struct err *e)
{
	struct termios raw;

	if (tcgetattr(fd, saved) < 0)
		return err_set(e, errno, "read the terminal's settings");
	raw = *saved;
	cfmakeraw(&raw);
	if (tcsetattr(fd, TCSADRAIN, &raw) < 0)
		return err_set(e, errno, "set the terminal raw");
	return 0;
}

void tty_raw_again(int fd)
{
	struct termios before;
	struct err ignored;

	(void)tty_raw(fd, &before, &ignored);
}

void tty_restore(int fd, const struct termios *saved)
{
	(void)tcsetattr(fd, TCSADRAIN, saved);
}

void tty_copy_size(int from, int to)
{
	struct winsize size;

	if (ioctl(from, TIOCGWINSZ, &size) == 0)
		(void)ioctl(to, TIOCSWINSZ, &size);
}
