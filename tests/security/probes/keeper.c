// SPDX-License-Identifier: Apache-2.0
/* keeper: what keep.c left open is written to as soon as nobody executes it any more. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define KEPT  "/proc/self/fd/10"
#define TRIES 200

int main(void)
{
	puts(access(KEPT, F_OK) == 0 ? "kept" : "nothing was kept");
	for (int i = 0; i < TRIES; i++) {
		int fd = open(KEPT, O_WRONLY);

		if (fd >= 0 && write(fd, "#", 1) == 1)
			puts("GOT it");
		if (fd >= 0 || errno != ETXTBSY) {
			puts(strerror(errno));
			return 0;
		}
		(void)usleep(10000);
	}
	puts("busy to the end");
}
