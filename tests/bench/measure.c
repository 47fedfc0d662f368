// SPDX-License-Identifier: Apache-2.0
/*
 * measure COUNT JOBS COMMAND…: run a command COUNT times, JOBS at once, "{}" in it replaced by the number of the run.
 *
 * For each run one line: its wall time in microseconds, the peak memory of the largest process in KiB, page faults, exit
 * status; then "all" and the wall time from the first start to the last end. What the command prints is dropped, its
 * errors are not. A small static program, because what starts a command shows in its figures: a child inherits the peak
 * memory of the process that forked it.
 */
#include <err.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define JOBS_MAX 64
#define ARGS_MAX 64
#define ARG_MAX_BYTES 4096

extern char **environ;

struct job {
	pid_t pid; /* 0: free */
	uint64_t start_us;
};

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Copy @command with every "{}" as @number. */
static void fill_in(char *const *command, unsigned long number, char text[ARGS_MAX][ARG_MAX_BYTES], char **argv)
{
	size_t n = 0;

	for (; command[n]; n++) {
		const char *mark = strstr(command[n], "{}");

		if (n + 1 == ARGS_MAX || strlen(command[n]) + 20 > ARG_MAX_BYTES)
			errx(2, "the command is too long");
		argv[n] = command[n];
		if (!mark)
			continue;
		snprintf(text[n], ARG_MAX_BYTES, "%.*s%lu%s", (int)(mark - command[n]), command[n], number, mark + 2);
		argv[n] = text[n];
	}
	argv[n] = NULL;
}

static void start(struct job *job, char *const *command, unsigned long number,
		  const posix_spawn_file_actions_t *silence)
{
	static char text[ARGS_MAX][ARG_MAX_BYTES];
	char *argv[ARGS_MAX];

	fill_in(command, number, text, argv);
	job->start_us = now_us();
	int r = posix_spawnp(&job->pid, argv[0], silence, NULL, argv, environ);

	if (r)
		errx(127, "%s: %s", argv[0], strerror(r));
}

static void reap(struct job *jobs, unsigned long n_jobs)
{
	struct rusage usage;
	int status;
	pid_t pid = wait4(-1, &status, 0, &usage);
	uint64_t end_us = now_us();

	if (pid < 0)
		err(1, "wait");
	for (unsigned long i = 0; i < n_jobs; i++) {
		if (jobs[i].pid != pid)
			continue;
		printf("%lu %ld %ld %d\n", (unsigned long)(end_us - jobs[i].start_us), usage.ru_maxrss, usage.ru_minflt,
		       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
		jobs[i].pid = 0;
	}
}

static struct job *find_free(struct job *jobs, unsigned long n_jobs)
{
	for (unsigned long i = 0; i < n_jobs; i++)
		if (!jobs[i].pid)
			return &jobs[i];
	return NULL;
}

int main(int argc, char **argv)
{
	struct job jobs[JOBS_MAX] = { 0 };
	posix_spawn_file_actions_t silence;

	if (argc < 4)
		errx(2, "usage: measure COUNT JOBS COMMAND…");
	unsigned long count = strtoul(argv[1], NULL, 10), n_jobs = strtoul(argv[2], NULL, 10);

	if (n_jobs < 1 || n_jobs > JOBS_MAX)
		errx(2, "1 to %d jobs", JOBS_MAX);
	if (posix_spawn_file_actions_init(&silence) ||
	    posix_spawn_file_actions_addopen(&silence, STDOUT_FILENO, "/dev/null", O_WRONLY, 0))
		errx(1, "out of memory");
	uint64_t first_us = now_us();

	for (unsigned long started = 0, ended = 0; ended < count;) {
		struct job *job = started < count ? find_free(jobs, n_jobs) : NULL;

		if (job) {
			start(job, argv + 3, started++, &silence);
			continue;
		}
		reap(jobs, n_jobs);
		ended++;
	}
	printf("all %lu\n", (unsigned long)(now_us() - first_us));
	return 0;
}
