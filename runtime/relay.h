/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay.h: standing between a container and whoever looks at it: its output goes to our standard streams and to the log,
 * our input and signals go to it, until it has ended.
 *
 * The container never gets the caller's own fds: only pipes, or a terminal of its own.
 */
#ifndef RUNTIME_RELAY_H
#define RUNTIME_RELAY_H

#include <netinet/in.h>
#include <signal.h>

#include "runtime/attach.h"
#include "runtime/log.h"

struct relay_ends {
	int child[3]; /* for the container; -1: /dev/null */
	int ours[3];  /* our ends; -1: none */
};

/**
 * relay_pipes() - Make pipes for a container without a terminal
 * @input:	It has a standard input
 *
 * Return: 0, or -errno with @e filled
 */
int relay_pipes(bool input, struct relay_ends *ret, struct err *e);
void relay_close(struct relay_ends *ends);
#define auto_relay __attribute__((cleanup(relay_close)))

/* Who looks on: attach.h */
struct relay_viewers {
	int listen; /* where others attach; -1: they can't */
	int first;  /* one who is attached already, consumed; -1: nobody */
};

/* Something to be done at a moment, or when an fd can be read: @f says for when and for what it is to be asked next. */
struct relay_timer {
	int64_t at_us; /* on the monotonic clock; 0: not by time */
	int fd;	       /* -1: none */
	void (*f)(struct relay_timer *t);
};

struct relay {
	int pidfd;	   /* of the process to wait for: a child of ours */
	int console;	   /* ptmx, or -1: pipes */
	int pipes[3];	   /* our ends, or -1 */
	int in, out, err;  /* the caller's own streams; -1: none (a monitor) */
	struct log *log;   /* or NULL */
	bool raw;	   /* @in is a terminal: make it raw, follow its window's size */
	bool pass_signals; /* TERM, INT, HUP, USR1 … that we receive are the container's */
	int oom;	   /* cgroup_oom_open() of its cgroup; used where @on_oom is there */
	void (*on_oom)(void *arg); /* the kernel has killed in it for lack of memory; NULL: nobody asks */
	void *on_oom_arg;
	uint64_t oom_kills; /* out: how many; in: those that were told already */
	bool served;	   /* a program serves the container's root: when @root says so by its end of file, it has ended, and the
			    * container is killed */
	int root;
	int ports;	   /* port_relay.h's set; used where @ports_to is there */
	int ports_netns;   /* and the namespace that it is called from; -1: ours */
	const struct net_addr *ports_to; /* the container's address; NULL: nothing of the host is led to it here */
	bool root_lost;	   /* out: so it was */
	const struct relay_viewers *viewers; /* NULL: nobody can attach */
	struct detach_keys *keys; /* with @raw: they end it, and the process goes on; NULL: there are none */
	bool detached;	   /* out: they were typed; nobody has waited for the process then */
	int64_t kill_at_us; /* on the monotonic clock: it is killed then; 0: never */
	struct relay_timer *timer; /* NULL: none */
	bool signalled;	   /* out: one that asks for the end was passed */
	int lost;	   /* out: errno of the first output that could not be passed on; a reader that went away is none */
};

/**
 * relay_run() - Until the process has ended and its output is read
 *
 * The caller has blocked the signals to pass (relay_block_signals) before the process was made. Fds stay the caller's.
 *
 * Return: the exit status as a shell says it (0 where the keys were typed), or -errno with @e filled; where output was lost, 0 becomes -errno
 */
int relay_run(struct relay *r, struct err *e);

/* The signals that relay_run() takes from a signalfd. */
void relay_signals(sigset_t *ret);

/* Block them. */
void relay_block_signals(void);

#endif
