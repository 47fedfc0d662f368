// SPDX-License-Identifier: Apache-2.0
/*
 * reference.c: names of images, by the grammar of the distribution project's `reference` package and the way docker fills
 * in what was left out:
 *
 *	reference := [host "/"] path [":" tag] ["@sha256:" 64 digits]
 *	host      := (part *("." part) | "[" IPv6 "]") [":" port]	part: letters, digits, "-" inside
 *	path      := component *("/" component)
 *	component := word *(("." | "_" | "__" | 1*"-") word)		word: a-z 0-9
 *	tag       := [A-Za-z0-9_] *127[A-Za-z0-9_.-]
 *
 * The first part is a host only where it cannot be part of a path: it has a "." or ":" or a capital, or is "localhost".
 */
#include "images/images.h"

#include <errno.h>
#include <stdio.h>

#include "images/digest_text.h"

#define DEFAULT_HOST "docker.io"
#define LEGACY_HOST  "index.docker.io"
#define OFFICIAL     "library/"
#define DEFAULT_TAG  "latest"

#define DIGITS	"0123456789"
#define LOWER	"abcdefghijklmnopqrstuvwxyz"
#define UPPER	"ABCDEFGHIJKLMNOPQRSTUVWXYZ"

#define TAG_MAX	 128
#define NAME_LEN 255 /* of host and path each: both are names of folders in refs/ */

/* Cut the string at @at, if there, and return what follows; NULL where there is no @at. */
static char *cut(char *at)
{
	if (!at)
		return NULL;
	*at = '\0';
	return at + 1;
}

/* A word, then any number of separators each followed by a word. */
static bool is_component(const char *s)
{
	for (;;) {
		size_t word = strspn(s, LOWER DIGITS);

		s += word;
		if (word == 0 || *s == '\0')
			return word > 0;
		size_t separator = *s == '.' ? 1 : *s == '_' ? strspn(s, "_") : strspn(s, "-");

		if (separator == 0 || (*s == '_' && separator > 2))
			return false;
		s += separator;
	}
}

static bool is_path(char *s)
{
	for (char *next; s; s = next) {
		char *slash = strchr(s, '/');

		next = cut(slash);
		bool ok = is_component(s);

		if (slash)
			*slash = '/';
		if (!ok)
			return false;
	}
	return true;
}

/* One label of a domain name: "-" neither first nor last. */
static bool is_label(const char *s, size_t n)
{
	return n > 0 && strspn(s, LOWER UPPER DIGITS "-") >= n && s[0] != '-' && s[n - 1] != '-';
}

static bool is_host(const char *s)
{
	if (strlen(s) > NAME_LEN)
		return false;
	if (*s == '[') {
		size_t n = strspn(s + 1, "abcdefABCDEF:" DIGITS);

		if (n == 0 || s[1 + n] != ']')
			return false;
		s += n + 2;
	} else {
		for (size_t n;; s += n + 1) {
			n = strcspn(s, ".:");
			if (!is_label(s, n))
				return false;
			if (s[n] != '.') {
				s += n;
				break;
			}
		}
	}
	if (*s == '\0')
		return true;
	return *s == ':' && s[1] && s[1 + strspn(s + 1, DIGITS)] == '\0';
}

static bool is_tag(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && n <= TAG_MAX && *s != '.' && *s != '-' && strspn(s, LOWER UPPER DIGITS "_.-") == n;
}

/* What the distribution's grammar allows before the ":" of a digest. */
static bool is_algorithm(const char *s)
{
	size_t n = strspn(s, LOWER DIGITS "+._-");

	return n > 0 && s[n] == ':' && s[n + 1 + strspn(s + n + 1, DIGITS LOWER UPPER "=_-")] == '\0';
}

static bool looks_like_host(const char *s, size_t n)
{
	if (n == strlen("localhost") && memcmp(s, "localhost", n) == 0)
		return true;
	return strcspn(s, ".:[" UPPER) < n;
}

static bool is_hub(const char *host)
{
	return !host || streq(host, LEGACY_HOST) || streq(host, DEFAULT_HOST);
}

/* A part whose length was checked, into a field that was zeroed. */
static void copy(char *field, size_t size, const char *part)
{
	memcpy(field, part, MIN(strlen(part), size - 1));
}

static int refuse(struct err *e, const char *text, const char *why)
{
	return err_say(e, EINVAL, "invalid image name \"%s\": %s", text, why);
}

int image_ref_parse(const char *text, struct image_ref *ret, struct err *e)
{
	char buf[IMAGE_REF_MAX];
	size_t len = strlen(text);

	if (len == 0)
		return err_say(e, EINVAL, "the image name is empty");
	if (len >= sizeof(buf))
		return err_say(e, EINVAL, "the image name has %zu bytes", len);
	/* from here on the text may be shown */
	if (strspn(text, LOWER UPPER DIGITS "._-/:@[]") != len)
		return err_say(e, EINVAL, "invalid image name: it holds more than letters, digits and . _ - / : @");
	if (digest_is_hex(text))
		return refuse(e, text, "64 hexadecimal digits are an id, not a name");
	memcpy(buf, text, len + 1);
	char *path = buf, *host = NULL;
	char *digest = cut(strchr(buf, '@'));
	char *slash = strrchr(buf, '/');
	char *tag = cut(strchr(slash ? slash : buf, ':'));

	slash = strchr(buf, '/');
	if (slash && looks_like_host(buf, (size_t)(slash - buf))) {
		host = buf;
		path = cut(slash);
	}
	if (host && !is_host(host))
		return refuse(e, text, "what stands before the first / is no host");
	if (strcspn(path, UPPER) < strlen(path))
		return refuse(e, text, "it must be in lower case");
	if (!is_path(path))
		return refuse(e, text, "it must be words of a-z and 0-9, joined by / . _ __ or -");
	const char *prefix = is_hub(host) && !strchr(path, '/') ? OFFICIAL : "";

	if (strlen(prefix) + strlen(path) > NAME_LEN)
		return refuse(e, text, "it is too long");
	if (tag && !is_tag(tag))
		return refuse(e, text, "a tag is 1 to 128 letters, digits, _ . -, and begins with none of . -");
	const char *hex = digest ? str_after(digest, "sha256:") : NULL;

	if (digest && !hex && is_algorithm(digest))
		return refuse(e, text, "of digests, only those of sha256 are known here");
	if (digest && (!hex || !digest_is_hex(hex)))
		return refuse(e, text, "a digest is sha256: and 64 digits of 0-9 a-f");
	*ret = (struct image_ref){ 0 };
	copy(ret->host, sizeof(ret->host), is_hub(host) ? DEFAULT_HOST : host);
	copy(ret->name, sizeof(ret->name), prefix);
	copy(ret->name + strlen(prefix), sizeof(ret->name) - strlen(prefix), path);
	copy(ret->tag, sizeof(ret->tag), tag ? tag : hex ? "" : DEFAULT_TAG);
	copy(ret->digest, sizeof(ret->digest), hex ? hex : "");
	return 0;
}

bool image_ref_names_host(const char *text, const struct image_ref *ref)
{
	return !is_hub(ref->host) || str_after(text, DEFAULT_HOST "/") || str_after(text, LEGACY_HOST "/");
}

/* The part of "docker.io/…" that may be left out: what remains must not read as another host's. */
static size_t familiar_skip(const struct image_ref *ref)
{
	if (!streq(ref->host, DEFAULT_HOST))
		return 0;
	const char *official = str_after(ref->name, OFFICIAL);

	if (official && !strchr(official, '/'))
		return strlen(DEFAULT_HOST "/" OFFICIAL);
	return looks_like_host(ref->name, strcspn(ref->name, "/")) ? 0 : strlen(DEFAULT_HOST "/");
}

const char *image_ref_text(const struct image_ref *ref, bool familiar, char buf[IMAGE_REF_MAX])
{
	char whole[IMAGE_REF_MAX];

	snprintf(whole, sizeof(whole), "%s/%s%s%s%s%s", ref->host, ref->name, ref->tag[0] ? ":" : "", ref->tag,
		 ref->digest[0] ? "@sha256:" : "", ref->digest);
	snprintf(buf, IMAGE_REF_MAX, "%s", whole + (familiar ? familiar_skip(ref) : 0));
	return buf;
}
