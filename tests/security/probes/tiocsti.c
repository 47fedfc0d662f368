// SPDX-License-Identifier: Apache-2.0
/* tiocsti: try to type "typed" into every terminal at hand, with the request as it is and with high bits set. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static void type_into(int fd)
{
	static const unsigned long requests[] = { TIOCSTI, TIOCSTI | 1UL << 32, TIOCSTI | 0xffffffffUL << 32 };
	static const char text[] = "typed\n";

	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++)
		for (const char *p = text; *p; p++)
			syscall(SYS_ioctl, fd, requests[i], p);
	char paste[2] = { 3, 0 }; /* TIOCLINUX: paste the selection */

	syscall(SYS_ioctl, fd, TIOCLINUX, paste);
}

int main(void)
{
	for (int fd = 0; fd < 10; fd++)
		type_into(fd);
	int tty = open("/dev/tty", O_RDWR);

	if (tty >= 0)
		type_into(tty);
	puts("tiocsti: tried");
}
