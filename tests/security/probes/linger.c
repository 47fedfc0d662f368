// SPDX-License-Identifier: Apache-2.0
/*
 * linger: a dynamic loader that stays a tenth of a second and ends: an image that has it as its ld.so holds any program which
 * is executed in it for that long. No C library, and no more than its own few instructions.
 */
#include <sys/syscall.h>

static long call(long number, const void *a)
{
	long r;

	__asm__ volatile("syscall" : "=a"(r) : "a"(number), "D"(a), "S"(0L) : "rcx", "r11", "memory");
	return r;
}

void _start(void);

__attribute__((noreturn)) void _start(void)
{
	const long pause[2] = { 0, 100000000 };

	call(SYS_nanosleep, pause);
	for (;;)
		call(SYS_exit_group, (void *)0);
}
