/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach.h: looking at a container that somebody else looks after, and typing to it.
 *
 * Theory of operation. Who looks after a container in the background listens on the socket ATTACH_SOCKET in the folder of its
 * state. Both sides send messages of one byte that says what they are, and bytes. All who are attached get all of the output, in
 * its order, and what each of them types goes to the container. Who does not read holds the container up, as a full pipe does. At
 * its end each is sent the exit status.
 */
#ifndef RUNTIME_ATTACH_H
#define RUNTIME_ATTACH_H

#include "runtime/detach_keys.h"

#define ATTACH_SOCKET	"attach"
#define ATTACH_DATA_MAX 16384
#define ATTACH_MAX	16 /* who is attached at once */

enum attach_kind {
	ATTACH_STDOUT, /* to those attached: bytes */
	ATTACH_STDERR,
	ATTACH_STATUS, /* an int32_t: how it has ended */
	ATTACH_INPUT,  /* from them: bytes */
	ATTACH_END,    /* no more input will come */
	ATTACH_SIZE,   /* a struct winsize */
};

/* ---- the side of the container: part of relay.c's loop ---- */

struct attach_viewer {
	int fd; /* -1: nobody */
	unsigned behind; /* BIT(stream): has not got its bytes yet */
	unsigned asked;	 /* for which events epoll waits */
};

struct attach_server {
	int events; /* to be polled; -1: nobody can attach */
	int listen; /* borrowed */
	struct attach_viewer viewers[ATTACH_MAX];
};

/* What came from one of them. */
struct attach_input {
	char *buf; /* ATTACH_DATA_MAX bytes */
	size_t used;
	bool end;
	int console; /* its size is set; -1: none */
};

/**
 * attach_serve() - Begin
 * @listen:	Or -1
 * @first:	One that is attached already, consumed; or -1
 */
void attach_serve(struct attach_server *s, int listen, int first);

/* After poll(2) found something: let somebody in; read one message, where @in is there: the last one was passed on. */
void attach_step(struct attach_server *s, struct attach_input *in);

/* Bytes to all who are attached. Return: false where some could not take them yet: attach_retry() */
bool attach_send(struct attach_server *s, enum attach_kind stream, const char *data, size_t len);
bool attach_retry(struct attach_server *s, enum attach_kind stream, const char *data, size_t len);

/* It has ended. */
void attach_finish(struct attach_server *s, int status);

/* ---- the side of whoever looks ---- */

struct attach_view {
	int sock;	 /* connected */
	int in, out, err; /* -1: none */
	bool raw;	 /* @in is a terminal: make it raw, follow its window's size */
	bool pass_signals;
	int pidfd;	 /* of its first process, for them; -1: none */
	struct detach_keys keys;
	bool detached, signalled; /* out: by the keys; one that asks for the end was passed */
};

/**
 * attach_look() - Until it has ended, or the keys were typed
 *
 * The caller has blocked the signals (relay_block_signals).
 *
 * Return: its exit status; 0 where the keys were typed; -ENODATA: who looks after it was killed, or does not let more in; -errno;
 *	   @e filled
 */
int attach_look(struct attach_view *v, struct err *e);

#endif
