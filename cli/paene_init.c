// SPDX-License-Identifier: Apache-2.0
/*
 * paene-init: process 1 of a container that was asked for with --init: starts the command, passes signals on to it, reaps
 * whatever becomes an orphan, and ends as the command ends.
 *
 * usage: paene-init -- COMMAND [ARGUMENT…]
 *
 * It runs inside the container with the command's own identity, and is linked statically: it must need nothing of the image.
 *
 * Without any argument it does nothing until it is asked to end: so it keeps a cgroup from being empty (cgroups/home.c), or the
 * namespaces of a pod, whose orphans the kernel reaps then.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_CANNOT_RUN	  126
#define EXIT_NOT_FOUND	  127

static _Noreturn void become_command(char **argv)
{
	sigset_t none;

	/* a foreground process group of its own, so that the terminal's signals reach it and its children */
	if (setpgid(0, 0) == 0) {
		signal(SIGTTOU, SIG_IGN);
		(void)tcsetpgrp(STDIN_FILENO, getpid()); /* no terminal: nothing to do */
		signal(SIGTTOU, SIG_DFL);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(argv[0], argv);
	int status = errno == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;

	fprintf(stderr, "paene-init: exec \"%s\": %s\n", argv[0], strerror(errno));
	_exit(status);
}

/* Reap all that has ended. Return: the command's exit status, or -1 while it runs */
static int reap(pid_t command)
{
	int status, result = -1;

	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
		if (pid == command)
			result = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return result;
}

static int wait_for_end(void)
{
	sigset_t ending;
	int s;

	signal(SIGCHLD, SIG_IGN);
	sigemptyset(&ending);
	sigaddset(&ending, SIGTERM);
	sigaddset(&ending, SIGINT);
	sigprocmask(SIG_BLOCK, &ending, NULL);
	return sigwait(&ending, &s);
}

int main(int argc, char **argv)
{
	sigset_t all;
	int status = -1;

	if (argc == 1)
		return wait_for_end();
	if (argc < 3 || strcmp(argv[1], "--") != 0) {
		fprintf(stderr, "usage: paene-init -- COMMAND [ARGUMENT...]\n");
		return EXIT_CANNOT_RUN;
	}
	sigfillset(&all); /* they are blocked already, so that none is lost which comes early */
	sigprocmask(SIG_SETMASK, &all, NULL);
	pid_t command = fork();

	if (command < 0) {
		fprintf(stderr, "paene-init: fork: %s\n", strerror(errno));
		return EXIT_CANNOT_RUN;
	}
	if (command == 0)
		become_command(argv + 2);
	while (status < 0) {
		int s = sigwaitinfo(&all, NULL);

		if (s == SIGCHLD)
			status = reap(command);
		else if (s > 0)
			(void)kill(command, s); /* it may have ended: SIGCHLD comes next */
	}
	return status;
}
