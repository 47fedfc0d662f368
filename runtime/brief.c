// SPDX-License-Identifier: Apache-2.0
#include "runtime/brief.h"

#include <inttypes.h>

#define KEY_MAX 80

enum word { WORD_KEY, WORD_STARTED, WORD_NAME, WORD_CREATED, WORD_IMAGE, WORD_COMMAND, WORD_EXPOSED, WORD_COUNT };

/* Each change of settings.json is a new file. */
static void key_of(const struct stat *file, char ret[KEY_MAX])
{
	snprintf(ret, KEY_MAX, "%ju %jd.%09ld", (uintmax_t)file->st_ino, (intmax_t)file->st_ctim.tv_sec, file->st_ctim.tv_nsec);
}

struct writing {
	char *at;
	size_t room;
	bool full;
};

static void put_part(struct writing *w, const char *text, size_t len)
{
	w->full |= len > w->room;
	if (w->full)
		return;
	memcpy(w->at, text, len);
	w->at += len;
	w->room -= len;
}

static void put(struct writing *w, const char *text)
{
	put_part(w, text, strlen(text) + 1);
}

/* As they are shown. */
static void put_words(struct writing *w, const struct strv *list, const char *between)
{
	for (size_t i = 0; i < list->n; i++) {
		put_part(w, between, i ? strlen(between) : 0);
		put_part(w, list->v[i], strlen(list->v[i]));
	}
	put_part(w, "", 1);
}

size_t brief_write(const struct settings *s, const struct stat *file, const char *started, char *buf, size_t size)
{
	struct writing w = { .at = buf, .room = size };
	char key[KEY_MAX];

	if (s->health.check.test.n || s->ports.n || s->publish_all) /* what is shown of these changes while it runs */
		return 0;
	key_of(file, key);
	put(&w, key);
	put(&w, started);
	put(&w, s->name);
	put(&w, s->created);
	put(&w, s->image);
	put_words(&w, &s->command, " ");
	put_words(&w, &s->exposed, ", ");
	return w.full ? 0 : size - w.room;
}

static bool is_of(const char *word, const struct stat *file)
{
	char key[KEY_MAX];

	key_of(file, key);
	return streq(word, key);
}

/* A list of the one text that is shown of it; an empty one is none. */
static struct strv list_of(char **word)
{
	return (struct strv){ .v = word, .n = **word != '\0' };
}

bool brief_read(const char *words, size_t n, const struct stat *file, struct container *ret)
{
	struct container c = *ret;
	char **word = arena_array(&c.settings.arena, WORD_COUNT, sizeof(*word)), *at = arena_alloc(&c.settings.arena, n);
	char *const end = at + n;
	bool whole = word && at;

	if (whole)
		memcpy(at, words, n);
	for (size_t i = 0; i < WORD_COUNT && whole; i++) {
		char *zero = memchr(at, '\0', (size_t)(end - at));

		whole = zero != NULL;
		word[i] = at;
		at = whole ? zero + 1 : at;
	}
	if (!whole || !is_of(word[WORD_KEY], file)) {
		arena_free(&c.settings.arena);
		return false;
	}
	c.run.started = word[WORD_STARTED];
	c.settings.name = word[WORD_NAME];
	c.settings.created = word[WORD_CREATED];
	c.settings.image = word[WORD_IMAGE];
	c.settings.command = list_of(&word[WORD_COMMAND]);
	c.settings.exposed = list_of(&word[WORD_EXPOSED]);
	*ret = c;
	return true;
}
