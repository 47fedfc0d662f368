// SPDX-License-Identifier: Apache-2.0
#include "runtime/detach_keys.h"

#include <ctype.h>
#include <errno.h>

/* One of them. Return: its byte, or -EINVAL */
static int key(const char *text, size_t len)
{
	const char *letter = len == sizeof("ctrl-x") - 1 && strncmp(text, "ctrl-", 5) == 0 ? text + 5 : NULL;

	if (!letter)
		return len == 1 ? (unsigned char)*text : -EINVAL;
	if (!isalpha((unsigned char)*letter) && !strchr("@[\\]^_", *letter))
		return -EINVAL;
	return toupper((unsigned char)*letter) & 0x1f;
}

int detach_keys_parse(const char *text, struct detach_keys *ret, struct err *e)
{
	struct detach_keys k = { .n = 0 };

	for (const char *p = text; *p; p += *p == ',') {
		size_t len = strcspn(p, ",");
		int byte = key(p, len);

		if (byte < 0 || k.n == DETACH_KEYS_MAX) {
			err_say(e, EINVAL, "--detach-keys %s: at most %d characters, or ctrl- and one of a to z @ [ \\ ] ^ _, with commas between",
				text, DETACH_KEYS_MAX);
			return -EINVAL;
		}
		k.keys[k.n++] = (char)byte;
		p += len;
	}
	*ret = k;
	return 0;
}

bool detach_keys_pass(struct detach_keys *k, const char *typed, size_t n, char *out, size_t *ret_out)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		char held[DETACH_KEYS_MAX + 1];
		size_t from = 0, len = k->typed;

		memcpy(held, k->keys, len);
		held[len++] = typed[i];
		while (from < len && (len - from > k->n || memcmp(held + from, k->keys, len - from) != 0))
			out[used++] = held[from++];
		k->typed = len - from;
		if (k->n && k->typed == k->n) {
			k->typed = 0;
			*ret_out = used;
			return true;
		}
	}
	*ret_out = used;
	return false;
}
