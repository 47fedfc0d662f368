// SPDX-License-Identifier: Apache-2.0
#include "runtime/wire.h"

#include <errno.h>

/* The lower three bits of a key: how its value is written. */
enum { NUMBER = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };

#define VARINT_MAX 10 /* bytes of 64 bits, seven in each */

static unsigned char *more(struct wire *w, size_t n)
{
	if (!w->failed && w->room - w->n < n) {
		size_t room = MAX(w->room * 2, w->n + n + 256);
		unsigned char *v = arena_alloc(w->arena, room);

		if (v && w->n)
			memcpy(v, w->v, w->n);
		w->failed = !v;
		w->v = v ? v : w->v;
		w->room = v ? room : w->room;
	}
	if (w->failed)
		return NULL;
	w->n += n;
	return w->v + w->n - n;
}

static void put_varint(struct wire *w, uint64_t value)
{
	unsigned char bytes[VARINT_MAX];
	size_t n = 0;

	do {
		bytes[n++] = (unsigned char)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
		value >>= 7;
	} while (value);
	unsigned char *at = more(w, n);

	if (at)
		memcpy(at, bytes, n);
}

void wire_number(struct wire *w, unsigned field, uint64_t value)
{
	put_varint(w, (uint64_t)field << 3 | NUMBER);
	put_varint(w, value);
}

void wire_bytes(struct wire *w, unsigned field, const void *bytes, size_t n)
{
	put_varint(w, (uint64_t)field << 3 | BYTES);
	put_varint(w, n);
	unsigned char *at = more(w, n);

	if (at && n)
		memcpy(at, bytes, n);
}

void wire_text(struct wire *w, unsigned field, const char *text)
{
	if (text)
		wire_bytes(w, field, text, strlen(text));
}

void wire_message(struct wire *w, unsigned field, const struct wire *inner)
{
	w->failed |= inner->failed;
	wire_bytes(w, field, inner->v, inner->n);
}

static int take_varint(struct wire_view *view, uint64_t *ret)
{
	uint64_t value = 0;

	for (size_t i = 0; i < MIN(view->n, (size_t)VARINT_MAX); i++) {
		unsigned char byte = view->v[i];

		value |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (byte & 0x80)
			continue;
		view->v += i + 1;
		view->n -= i + 1;
		*ret = value;
		return 0;
	}
	return -EBADMSG;
}

static int take_bytes(struct wire_view *view, uint64_t n, struct wire_view *ret)
{
	if (n > view->n)
		return -EBADMSG;
	*ret = (struct wire_view){ view->v, (size_t)n };
	view->v += n;
	view->n -= (size_t)n;
	return 0;
}

int wire_next(struct wire_view *view, struct wire_field *ret)
{
	uint64_t key, n;

	if (view->n == 0)
		return 0;
	*ret = (struct wire_field){ 0 };
	int r = take_varint(view, &key);

	if (r < 0 || key >> 3 == 0 || key >> 3 > UINT32_MAX >> 3)
		return -EBADMSG;
	ret->field = (unsigned)(key >> 3);
	switch (key & 7) {
	case NUMBER:
		ret->is_number = true;
		r = take_varint(view, &ret->number);
		break;
	case BYTES:
		r = take_varint(view, &n);
		if (r == 0)
			r = take_bytes(view, n, &ret->bytes);
		break;
	case FIXED64:
		r = take_bytes(view, 8, &ret->bytes);
		break;
	case FIXED32:
		r = take_bytes(view, 4, &ret->bytes);
		break;
	default:
		r = -EBADMSG;
	}
	return r < 0 ? r : 1;
}

char *wire_string(struct arena *a, const struct wire_field *f)
{
	return arena_strndup(a, (const char *)f->bytes.v, strnlen((const char *)f->bytes.v, f->bytes.n));
}
