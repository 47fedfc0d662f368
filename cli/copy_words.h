/* SPDX-License-Identifier: Apache-2.0 */
/* copy_words.h: the arguments of cp, as words. Pure. */
#ifndef CLI_COPY_WORDS_H
#define CLI_COPY_WORDS_H

#include <limits.h>

#include "base/arena.h"
#include "base/err.h"

enum copy_kind {
	COPY_OWN,	/* a path on this machine */
	COPY_CONTAINER, /* a path in a container; relative ones count from its root */
	COPY_STREAM,	/* "-" */
};

struct copy_words {
	enum copy_kind kind;
	const char *container;
	const char *path;
	bool is_folder; /* it says so: it ends in "/", "/." or "/.." */
	bool contents;	/* what is in the folder: it ends in "/.", or is the root */
};

/* Understand one: "web:/etc/hosts", "./a:b", "-". Return: 0, or -errno with @e filled */
int copy_words(struct arena *a, const char *text, struct copy_words *ret, struct err *e);

/* At least one of the two must be a container's, and a stream needs one. Return: 0, or -EINVAL with @e filled */
int copy_words_check(const struct copy_words *from, const struct copy_words *to, struct err *e);

/* What the copy of it is called. */
void copy_words_name(const struct copy_words *w, char ret[NAME_MAX + 1]);

#endif
