/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire.h: messages in the encoding of Protocol Buffers, which criu(8) speaks: a message is a row of fields, each a number that
 * says which one it is, and a value. https://protobuf.dev/programming-guides/encoding/
 */
#ifndef RUNTIME_WIRE_H
#define RUNTIME_WIRE_H

#include <sys/types.h>

#include "base/arena.h"

/* A message that grows. Its bytes live in the arena; once there is no memory, @failed stays set, and one check at the end does. */
struct wire {
	struct arena *arena;
	unsigned char *v;
	size_t n, room;
	bool failed;
};

/* Add a field. Numbers: all kinds of integers, booleans and enums; negative ones as their two's complement. */
void wire_number(struct wire *w, unsigned field, uint64_t value);
void wire_bytes(struct wire *w, unsigned field, const void *bytes, size_t n);
void wire_text(struct wire *w, unsigned field, const char *text); /* NULL: nothing is added */
void wire_message(struct wire *w, unsigned field, const struct wire *inner);

/* Bytes that were received. */
struct wire_view {
	const unsigned char *v;
	size_t n;
};

struct wire_field {
	unsigned field;
	bool is_number;
	uint64_t number;
	struct wire_view bytes; /* a text, a message: points into the view */
};

/**
 * wire_next() - Take the next field from the front of a view
 *
 * Return: 1, 0 at the end, or -EBADMSG: this is no such message
 */
int wire_next(struct wire_view *view, struct wire_field *ret);

/* A field's bytes as text in the arena, up to a zero byte. Return: NULL where there is no memory. */
char *wire_string(struct arena *a, const struct wire_field *f);

#endif
