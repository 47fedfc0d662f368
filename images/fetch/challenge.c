// SPDX-License-Identifier: Apache-2.0
#include "images/fetch/challenge.h"

#include <strings.h>

#define BLANKS "\t "
#define ALNUM  "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define WORD   ALNUM "!#$%&'*+-.^_`|~"
#define BASE64 ALNUM "-._~+/"

/* One challenge while it is being read. */
struct reading {
	struct challenge c;
	bool begun, broken;
};

static bool word_is(const char *word, size_t len, const char *name)
{
	return strlen(name) == len && strncasecmp(word, name, len) == 0;
}

static void begin(struct reading *r, const char *scheme, size_t len)
{
	*r = (struct reading){ .begun = true };
	if (word_is(scheme, len, "Basic"))
		r->c.scheme = CHALLENGE_BASIC;
	else if (word_is(scheme, len, "Bearer"))
		r->c.scheme = CHALLENGE_BEARER;
}

static void end(const struct reading *r, struct challenge *best)
{
	if (r->begun && !r->broken && r->c.scheme > best->scheme)
		*best = r->c;
}

/* "Negotiate YWJj==": instead of parameters there may be one such text, which nothing but a comma follows. */
static const char *skip_base64(const char *s)
{
	const char *text = s + strspn(s, BLANKS), *after = text + strspn(text, BASE64);

	after += strspn(after, "=");
	after += strspn(after, BLANKS);
	return *after == '\0' || *after == ',' ? after : s;
}

/* Where the value of a parameter goes; NULL: nobody asks for it. */
static char *place_of(struct reading *r, const char *name, size_t len, size_t *ret_room)
{
	const struct {
		const char *name;
		char *place;
		size_t room;
	} known[] = {
		{ "realm", r->c.realm, sizeof(r->c.realm) },
		{ "service", r->c.service, sizeof(r->c.service) },
		{ "scope", r->c.scope, sizeof(r->c.scope) },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (word_is(name, len, known[i].name) && !known[i].place[0]) {
			*ret_room = known[i].room;
			return known[i].place;
		}
	return NULL;
}

/*
 * The value behind the "=" at @s, between quotes or not. What is none,
 * or too long, breaks the challenge. Return: what follows it
 */
static const char *read_value(struct reading *r, const char *s, char *place, size_t room)
{
	bool quoted = *s == '"';
	size_t n = 0;

	s += quoted;
	for (; *s && (quoted ? *s != '"' : !strchr(", \t\"", *s)); s++) {
		if (quoted && *s == '\\' && s[1])
			s++;
		if ((unsigned char)*s < ' ' || *s == 0x7f || (place && n + 1 == room))
			r->broken = true;
		if (place && !r->broken)
			place[n++] = *s;
	}
	if (place)
		place[n] = '\0';
	if (quoted && *s != '"')
		r->broken = true;
	return s + (quoted && *s == '"');
}

void challenge_read(const char *value, struct challenge *best)
{
	struct reading r = { 0 };
	const char *s = value;

	for (;;) {
		s += strspn(s, "," BLANKS);
		const char *word = s;
		size_t len = strspn(word, WORD), room = 0;

		if (!len)
			break;
		s += len;
		const char *after = s + strspn(s, BLANKS);

		if (*after == '=' && r.begun) {
			char *place = place_of(&r, word, len, &room);

			after++;
			s = read_value(&r, after + strspn(after, BLANKS), place, room);
			continue;
		}
		end(&r, best);
		begin(&r, word, len);
		s = skip_base64(s);
	}
	if (*s) /* neither a comma nor a word: nobody knows what it belongs to */
		r.broken = true;
	end(&r, best);
}
