// SPDX-License-Identifier: Apache-2.0
#include "runtime/hooks.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/pidfd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/proc.h"
#include "spec/names.h"

#define OUTPUT_SHOWN 512

/* The document as a file: a hook that does not read its input must not block us as a full pipe would. */
static int document_fd(const char *state, struct err *e)
{
	auto_fd int fd = memfd_create("state", MFD_CLOEXEC);

	if (fd < 0)
		return err_set(e, errno, "make a file for the state document");
	int r = fd_write_all(fd, state, strlen(state));

	if (r < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return err_set(e, r < 0 ? -r : errno, "write the state document");
	return fd_take(&fd);
}

static int say_status(const struct spec_hook *h, int status, struct err *e)
{
	const char *signal = status > 128 ? sigdescr_np(status - 128) : NULL;

	err_say(e, ECANCELED, "%s: exit status %d", h->path, status);
	return signal ? err_hint(e, "signal: %c%s", tolower((unsigned char)*signal), signal + 1) : -ECANCELED;
}

static int wait_hook(int pidfd, const struct spec_hook *h, struct err *e)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int timeout_ms = h->timeout_s.set ? (int)MIN(h->timeout_s.v, INT64_C(2000000)) * 1000 : -1, n;

	do
		n = poll(&p, 1, timeout_ms);
	while (n < 0 && errno == EINTR);
	if (n == 0) {
		(void)pidfd_send_signal(pidfd, SIGKILL, NULL, 0); /* it may end by itself just now */
		(void)proc_wait(pidfd, e);
		return err_say(e, ETIMEDOUT, "%s: not done after %lld seconds", h->path, (long long)h->timeout_s.v);
	}
	int status = proc_wait(pidfd, e);

	return status <= 0 ? status : say_status(h, status, e);
}

/* The end of what it has said, on one line: often the reason is there and nowhere else. */
static void add_output(int fd, struct err *e)
{
	char text[OUTPUT_SHOWN + 1];
	off_t size = lseek(fd, 0, SEEK_END);
	ssize_t n = size <= 0 ? 0 : pread(fd, text, OUTPUT_SHOWN, MAX(size - OUTPUT_SHOWN, (off_t)0));

	while (n > 0 && isspace((unsigned char)text[n - 1]))
		n--;
	if (n <= 0)
		return;
	for (ssize_t i = 0; i < n; i++)
		if (iscntrl((unsigned char)text[i]))
			text[i] = ' ';
	text[n] = '\0';
	(void)err_hint(e, "it said: %s", text);
}

static int run_one(const struct spec_hook *h, const char *state, int cwd, char *const *env, struct err *e)
{
	auto_fd int input = document_fd(state, e), pidfd = -1;
	auto_fd int output = input < 0 ? -1 : memfd_create("output", MFD_CLOEXEC);

	if (output < 0)
		return input < 0 ? input : err_set(e, errno, "make a file for what %s says", h->path);
	char *const bare[] = { h->path, NULL };
	const struct proc_spawn s = {
		.path = h->path,
		.argv = h->args.n ? h->args.v : bare,
		.envp = h->env.n ? h->env.v : env,
		.stdio = { input, output, output },
		.cwd = cwd,
	};
	int r = proc_spawn(&s, NULL, &pidfd, e);

	if (r < 0)
		return r;
	r = wait_hook(pidfd, h, e);
	if (r < 0)
		add_output(output, e);
	return r;
}

int hooks_run(const struct spec *spec, enum spec_hook_kind kind, const char *state, int cwd, char *const *env, struct err *e)
{
	const struct spec_hook_list *l = &spec->hooks[kind];

	int first = 0;

	for (size_t i = 0; i < l->n; i++) {
		struct err why;
		int r = run_one(&l->v[i], state, cwd, env, &why);

		if (r >= 0 || first < 0)
			continue;
		*e = why;
		first = err_wrap(e, "error running %s hook #%zu", spec_hook_names[kind], i);
		if (kind != HOOK_POSTSTOP)
			break;
	}
	return first;
}

int hooks_load(int dir, const struct state *s, struct spec *ret, struct err *e)
{
	int r = s->later_hooks.v ? state_config(dir, ret, e) : 0;

	return r < 0 ? err_wrap(e, "hooks") : 0;
}

int hooks_run_later(const struct spec *spec, enum spec_hook_kind kind, const struct state *s, struct err *e)
{
	auto_free char *document = NULL;
	struct err absent; /* a bundle that is gone by now: then they start in "/" */

	if (spec->hooks[kind].n == 0)
		return 0;
	auto_fd int bundle = path_open_dir(s->bundle, 0, &absent);
	int r = state_document(s, &document, e);

	return r < 0 ? r : hooks_run(spec, kind, document, bundle, NULL, e);
}
