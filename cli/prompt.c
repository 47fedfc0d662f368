// SPDX-License-Identifier: Apache-2.0
#include "cli/prompt.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/pty.h"

/* Best effort: what cannot be shown cannot be helped. */
static void show(const char *text)
{
	(void)fd_write_all(STDERR_FILENO, text, strlen(text));
}

/* Return: the line's length, 0 with *ret_signal set where a signal came first, or -errno with @e filled */
static ssize_t read_line(int signals, char *ret, size_t size, int *ret_signal, struct err *e)
{
	struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .fd = signals, .events = POLLIN } };
	struct signalfd_siginfo info;

	if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
		return err_set(e, errno, "wait for an answer");
	if (fds[1].revents && read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		*ret_signal = (int)info.ssi_signo;
		return 0;
	}
	ssize_t n = read(STDIN_FILENO, ret, size);

	if (n < 0)
		return err_set(e, errno, "read an answer");
	if (n == 0)
		return err_say(e, ENODATA, "there was no answer");
	if (ret[n - 1] != '\n' && (size_t)n == size)
		return err_say(e, E2BIG, "the answer is too long");
	n -= ret[n - 1] == '\n';
	ret[n] = '\0';
	return n;
}

/* Signals are blocked, the terminal is saved. */
static int ask(const char *question, bool secret, const struct termios *saved, const sigset_t *blocked, char *ret, size_t size,
	       int *ret_signal, struct err *e)
{
	struct termios quiet = *saved;
	auto_fd int signals = signalfd(-1, blocked, SFD_CLOEXEC);

	if (signals < 0)
		return err_set(e, errno, "wait for signals");
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	quiet.c_lflag |= ECHONL;
	if (secret && tcsetattr(STDIN_FILENO, TCSADRAIN, &quiet) < 0) /* and not TCSAFLUSH: what was typed ahead counts */
		return err_set(e, errno, "hide what is typed");
	show(question);
	ssize_t n = read_line(signals, ret, size, ret_signal, e);

	if (secret)
		tty_restore(STDIN_FILENO, saved);
	if (n < 0 || *ret_signal)
		show("\n");
	return n < 0 ? (int)n : 0;
}

int prompt_line(const char *question, bool secret, char *ret, size_t size, struct err *e)
{
	static const int held[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
	sigset_t blocked, before;
	struct termios saved;
	int number = 0;

	if (tcgetattr(STDIN_FILENO, &saved) < 0)
		return err_say(e, ENOTTY, "standard input is no terminal");
	sigemptyset(&blocked);
	for (size_t i = 0; i < ARRAY_SIZE(held); i++)
		sigaddset(&blocked, held[i]);
	if (sigprocmask(SIG_BLOCK, &blocked, &before) < 0)
		return err_set(e, errno, "block signals");
	int r = ask(question, secret, &saved, &blocked, ret, size, &number, e);

	if (number)
		(void)raise(number); /* held back until the mask is as it was: there it ends us, or stops us */
	(void)sigprocmask(SIG_SETMASK, &before, NULL); /* it was valid when we got it */
	if (r >= 0 && number) /* somebody has come back from a stop, or ignores it */
		return err_say(e, EINTR, "interrupted by signal %d", number);
	return r;
}

bool prompt_yes(const char *warning)
{
	auto_free char *line = NULL;
	size_t room = 0;

	printf("WARNING! %s\nAre you sure you want to continue? [y/N] ", warning);
	(void)fflush(stdout); /* what cannot be written is found at the end */
	return getline(&line, &room, stdin) > 0 && (line[0] == 'y' || line[0] == 'Y');
}
