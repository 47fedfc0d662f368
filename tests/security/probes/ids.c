// SPDX-License-Identifier: Apache-2.0
/* ids: who this process is, and whether it may become more. (busybox gives its own rights away, so it cannot tell.) */
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(void)
{
	uid_t real, effective, saved;

	if (getresuid(&real, &effective, &saved) < 0)
		return 1;
	printf("real %u effective %u saved %u no_new_privs %d\n", real, effective, saved, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
}
