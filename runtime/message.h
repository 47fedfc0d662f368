/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message.h: what a container's parent and its init say to each other while it is made.
 *
 * One SEQPACKET socket, one fixed-size message, in this order; an end of file where a message is due is an error: the other
 * side has died, and the one that sees it gives up.
 *
 *   parent                                   init
 *   MSG_GO ────────────────────────────────▶ builds the root
 *                     ◀───────── MSG_IDMAP ─ a mount that only the parent may map, with its tree's fd: which of the plan's
 *   MSG_IDMAPPED ──────────────────────────▶ and so on, for each of them
 *   (hooks, network)  ◀── MSG_MOUNTS_DONE ── only where the parent has work up to this point
 *   MSG_GO_ON ─────────────────────────────▶ pivot, masks, credentials: hooks have run, device rules are in force
 *                     ◀──────── MSG_CONSOLE ─ with the terminal's fd, where one was asked for
 *                     ◀───────── MSG_NOTIFY ─ with the seccomp listener's fd, where one was asked for, or with its number alone:
 *   MSG_GO ────────────────────────────────▶ then the parent has taken it (listener.h)
 *                     ◀────────── MSG_READY ─ then waits for start, or executes at once
 *                     ◀───────── MSG_FAILED ─ at any time: struct err
 *                     ◀────────── MSG_DEBUG ─ at any time, where somebody asks what is being done: a line of text
 */
#ifndef RUNTIME_MESSAGE_H
#define RUNTIME_MESSAGE_H

#include "base/err.h"
#include "runtime/debug.h"

enum message_type {
	MSG_GO,
	MSG_IDMAP,
	MSG_IDMAPPED,
	MSG_MOUNTS_DONE,
	MSG_GO_ON,
	MSG_CONSOLE,
	MSG_NOTIFY,
	MSG_READY,
	MSG_DEBUG,
	MSG_FAILED,
	MSG_COUNT,
};

#define MESSAGE_TEXT_MAX 120

struct message {
	enum message_type type;
	int value; /* MSG_GO: init's pid as the parent sees it; MSG_IDMAP: index of the mount */
	union {	   /* what is not the type's is not sent */
		char text[MESSAGE_TEXT_MAX]; /* MSG_DEBUG */
		struct err err;		     /* MSG_FAILED */
	};
};

/* Send a type, with an fd (-1: none). Return: 0, or -errno with @e filled. */
int message_send(int sock, enum message_type type, int value, int fd, struct err *e);

/* The same by write(2), for a process whose seccomp filter may hold up any other call. Return: 0, or -errno with @e filled. */
int message_write(int sock, enum message_type type, int value, struct err *e);

/* Tell the other side why this one gives up. Best effort: it may have gone. */
void message_fail(int sock, const struct err *why);

/* Tell the other side what this one is about to do. By write(2), too, and best effort: it changes nothing. */
void message_debug(int sock, const char *text);

/**
 * message_next() - Receive one that is due
 * @debug:	Is told of each MSG_DEBUG that comes before; NULL: nobody asks
 * @ret_value:	Its value; NULL if not wanted
 * @ret_fd:	The fd that came with it, or -1; owned by the caller. NULL: messages with fds are refused
 *
 * Return: its type, or -errno with @e filled: with the other side's own words for MSG_FAILED, -EPIPE for an end of file
 */
int message_next(int sock, const struct debug *debug, int *ret_value, int *ret_fd, struct err *e);

/* Receive one that must be of this type. Return: its value, or -errno with @e filled. */
int message_expect(int sock, enum message_type type, struct err *e);

#endif
