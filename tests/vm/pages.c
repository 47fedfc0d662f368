// SPDX-License-Identifier: Apache-2.0
/*
 * pages [-e] [-t] MIB: have so much memory, and say "ready MILLISECONDS" when every page of it has been written.
 *
 * Each page is different from every other one, and compresses well. -e: they are equal to those of another copy of this program
 * that has the option, too. -t: read them over and over. At SIGUSR1 it says "intact", if all of them hold what was written.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define PAGE  4096
#define WORDS (PAGE / sizeof(uint64_t))

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void say(const char *what)
{
	puts(what);
	fflush(stdout);
}

static int intact(const volatile uint64_t *p, size_t n, uint64_t first)
{
	for (size_t i = 0; i < n; i++)
		if (p[i * WORDS] != first + i)
			return 0;
	return 1;
}

int main(int argc, char **argv)
{
	const struct timespec no_time = { 0 };
	uint64_t first = 0, start = now_ms();
	int equal = 0, touch = 0;
	sigset_t usr1;

	for (int c; (c = getopt(argc, argv, "et")) != -1;) {
		equal |= c == 'e';
		touch |= c == 't';
	}
	size_t n = optind < argc ? strtoul(argv[optind], NULL, 10) * ((1 << 20) / PAGE) : 0;
	volatile uint64_t *p = mmap(NULL, n * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	if (n == 0 || p == MAP_FAILED || sigprocmask(SIG_BLOCK, &usr1, NULL) < 0)
		return 2;
	if (!equal && getrandom(&first, sizeof(first), 0) != sizeof(first))
		return 2;
	(void)madvise((void *)p, n * PAGE, MADV_NOHUGEPAGE); /* a page of 2 MiB would come and go as a whole */
	for (size_t i = 0; i < n; i++)
		p[i * WORDS] = first + i;
	printf("ready %llu\n", (unsigned long long)(now_ms() - start));
	fflush(stdout);
	for (;;) {
		int signal = touch ? sigtimedwait(&usr1, NULL, &no_time) : sigwaitinfo(&usr1, NULL);

		if (!intact(p, n, first))
			break;
		if (signal == SIGUSR1)
			say("intact");
	}
	say("lost");
	return 1;
}
