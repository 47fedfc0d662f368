// SPDX-License-Identifier: Apache-2.0
#include "network/pasta.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/helper.h"
#include "network/subnet.h"

#define COMPLAINT_MAX 4000

/* Its own default forwards every port that is listened on, both ways: nothing is, but what was asked for. */
static const char *const always[] = {
	"--config-net", "--quiet", "--no-map-gw", "--tcp-ns", "none", "--udp-ns", "none", "--dns-forward", PASTA_DNS,
};

/* What a port of each protocol is called there. */
static const struct {
	uint8_t protocol;
	int type;
	const char *option;
} kinds[] = {
	{ IPPROTO_TCP, SOCK_STREAM, "--tcp-ports" },
	{ IPPROTO_UDP, SOCK_DGRAM, "--udp-ports" },
};

/* Can it be had? Said by us, who know why not; a free one is chosen where none was asked for. */
static int try_port(struct net_port *p, int type, struct err *e)
{
	bool v6 = p->host_addr.family == AF_INET6;
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(p->host_port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(p->host_port) };
	struct sockaddr *a = v6 ? (struct sockaddr *)&in6 : (struct sockaddr *)&in;
	socklen_t len = v6 ? sizeof(in6) : sizeof(in);
	char text[NET_PORT_MAX];

	memcpy(v6 ? (void *)&in6.sin6_addr : (void *)&in.sin_addr, p->host_addr.bytes, v6 ? 16 : 4);
	auto_fd int s = socket(a->sa_family, type | SOCK_CLOEXEC, 0);

	if (s >= 0) /* a port of TCP can be had again while connections of before wind up */
		(void)setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &(int){ type == SOCK_STREAM }, sizeof(int));
	if (s < 0 || bind(s, a, len) < 0 || getsockname(s, a, &len) < 0) {
		err_set(e, errno, "publish %s", net_port_text(p, text));
		return errno == EACCES ? err_hint(e, "lower ports are root's, who can change that by `sysctl net.ipv4.ip_unprivileged_port_start=%u`", p->host_port) : -e->code;
	}
	p->host_port = ntohs(v6 ? in6.sin6_port : in.sin_port);
	return 0;
}

/* --tcp-ports 127.0.0.1/8080:80 */
static int add_port(struct arena *a, struct strv *argv, struct net_port *p, size_t kind, struct err *e)
{
	char address[NET_ADDR_MAX] = "";
	int r = try_port(p, kinds[kind].type, e);

	if (r < 0)
		return r;
	if (p->host_addr.family && !subnet_is_every(&p->host_addr))
		net_addr_text(&p->host_addr, false, address);
	char *text = arena_printf(a, "%s%s%u:%u", address, *address ? "/" : "", p->host_port, p->container_port);

	return strv_add(a, argv, kinds[kind].option) < 0 || strv_push(a, argv, text) < 0 ? err_nomem(e) : 0;
}

static int add_ports(struct arena *a, struct strv *argv, const struct pasta_plan *p, struct err *e)
{
	int r = 0;

	for (size_t k = 0; k < ARRAY_SIZE(kinds) && r >= 0; k++) {
		size_t before = argv->n;

		for (size_t i = 0; i < p->n_ports && r >= 0; i++)
			if (p->ports[i].protocol == kinds[k].protocol)
				r = add_port(a, argv, &p->ports[i], k, e);
		if (r >= 0 && argv->n == before && (strv_add(a, argv, kinds[k].option) < 0 || strv_add(a, argv, "none") < 0))
			r = err_nomem(e);
	}
	for (size_t i = 0; i < p->n_ports && r >= 0; i++)
		if (p->ports[i].protocol == IPPROTO_SCTP)
			r = err_say(e, EOPNOTSUPP, "pasta publishes ports of tcp and udp, not of sctp");
	return r;
}

static int add_words(struct arena *a, struct strv *argv, const char *words, struct err *e)
{
	while (words && *words) {
		size_t n = strcspn(words, ",");

		if (n && strv_push(a, argv, arena_strndup(a, words, n)) < 0)
			return err_nomem(e);
		words += n + (words[n] == ',');
	}
	return 0;
}

static int fill(struct arena *a, struct strv *argv, const struct pasta_plan *p, struct err *e)
{
	int r = strv_add(a, argv, PASTA_PROGRAM) < 0 ? err_nomem(e) : 0;

	for (size_t i = 0; i < ARRAY_SIZE(always) && r >= 0; i++)
		r = strv_add(a, argv, always[i]) < 0 ? err_nomem(e) : 0;
	if (r >= 0)
		r = add_ports(a, argv, p, e);
	if (r >= 0)
		r = add_words(a, argv, p->options, e);
	const char *const last[] = { "--runas", "0:0", "--pid", p->pid_file, "--netns", p->netns };

	for (size_t i = 0; i < ARRAY_SIZE(last) && r >= 0; i++)
		r = strv_add(a, argv, last[i]) < 0 ? err_nomem(e) : 0;
	return r;
}

/* The last line before it explains itself; none of those about a log that it cannot write to. */
static const char *last_words(char *text)
{
	char *save = NULL, *last = NULL, *line = strtok_r(text, "\n", &save);

	for (; line && !str_after(line, "Usage:"); line = strtok_r(NULL, "\n", &save))
		if (!str_after(line, "Failed to send "))
			last = line;
	return last ? last : "it has failed without a word";
}

/* In the namespace, and anybody of our user's may look at it: it has no capability that the program does not have. */
static _Noreturn void hold(int netns, int ready, int end)
{
	cap_t none = cap_init();
	char byte;

	if (setns(netns, CLONE_NEWNET) == 0 && none && cap_set_proc(none) == 0 && prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0 &&
	    write(ready, "r", 1) == 1)
		while (read(end, &byte, 1) < 0 && errno == EINTR)
			;
	_exit(0);
}

struct holder {
	pid_t pid;
	int end; /* it ends when this is closed */
};

static void holder_end(struct holder *h)
{
	fd_close(&h->end);
	if (h->pid > 0)
		(void)waitpid(h->pid, NULL, 0);
}

/*
 * The program drops nearly all capabilities before it opens the namespace by its path, and the container's first process does not
 * let itself be looked at. So another process shows the way.
 */
static int holder_start(int netns, struct holder *ret, struct err *e)
{
	int up[2], down[2];
	char byte;

	if (pipe2(up, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	auto_fd int up_reader = up[0], up_writer = up[1];

	if (pipe2(down, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	auto_fd int down_reader = down[0];

	ret->end = down[1];
	ret->pid = fork();
	if (ret->pid < 0)
		return err_set(e, errno, "make a process");
	if (ret->pid == 0) {
		close(down[1]);
		hold(netns, up_writer, down_reader);
	}
	fd_close(&up_writer);
	return fd_read_all(up_reader, &byte, 1) == 1 ? 0 : err_say(e, EPERM, "the network namespace cannot be entered");
}

static int read_pid(const char *path, pid_t *ret, struct err *e)
{
	auto_free char *text = NULL;
	int r = file_read(AT_FDCWD, path, 32, &text, NULL, e);
	uint64_t pid;

	if (r < 0)
		return r;
	text[strcspn(text, "\n")] = '\0';
	if (str_to_u64(text, INT32_MAX, &pid) < 0)
		return err_say(e, EPROTO, "%s: \"%.20s\" is no process", path, text);
	*ret = (pid_t)pid;
	return 0;
}

static int run_program(const struct pasta_plan *p, struct err *e)
{
	auto_arena struct arena a = { 0 };
	struct strv argv = { 0 };
	char said[COMPLAINT_MAX];
	int r = fill(&a, &argv, p, e);

	if (r < 0)
		return r;
	r = helper_run(argv.v, NULL, STDERR_FILENO, said, sizeof(said), e);
	if (r == -ENOENT)
		return err_hint(e, "install the package passt, or use --network none or host");
	return r > 0 ? err_say(e, EIO, "pasta: %s", last_words(said)) : r;
}

int pasta_start(const struct pasta_plan *p, int netns, struct proc_id *ret, struct err *e)
{
	__attribute__((cleanup(holder_end))) struct holder holder = { .end = -1 };
	char target[32];
	pid_t pid = 0;
	int r = holder_start(netns, &holder, e);

	if (r < 0)
		return r;
	snprintf(target, sizeof(target), "/proc/%d/ns/net", holder.pid);
	if (symlink(target, p->netns) < 0)
		return err_set(e, errno, "make the link %s", p->netns);
	r = run_program(p, e);
	if (r >= 0)
		r = read_pid(p->pid_file, &pid, e);
	return r < 0 ? r : proc_identify(pid, ret, e);
}
