// SPDX-License-Identifier: Apache-2.0
#include "images/platform.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/utsname.h>

#define OUR_OS "linux"

#if defined(__x86_64__)
#define OUR_ARCHITECTURE "amd64"
#elif defined(__aarch64__)
#define OUR_ARCHITECTURE "arm64"
#elif defined(__riscv) && __riscv_xlen == 64
#define OUR_ARCHITECTURE "riscv64"
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define OUR_ARCHITECTURE "ppc64le"
#elif defined(__s390x__)
#define OUR_ARCHITECTURE "s390x"
#elif defined(__loongarch64)
#define OUR_ARCHITECTURE "loong64"
#elif defined(__i386__)
#define OUR_ARCHITECTURE "386"
#elif defined(__arm__)
#define OUR_ARCHITECTURE "arm"
#else
#error "name this architecture as Go does"
#endif

#define RANK_NO_VARIANT 1 /* any number of a variant is above it */
#define RANK_SAME	UINT_MAX

/* Other names that uname and people have; a variant that they imply. */
static const struct {
	const char *name, *architecture, *variant;
} aliases[] = {
	{ "x86_64", "amd64", "" },  { "x86-64", "amd64", "" }, { "aarch64", "arm64", "" }, { "i386", "386", "" },
	{ "i486", "386", "" },	    { "i586", "386", "" },     { "i686", "386", "" },	   { "armhf", "arm", "v7" },
	{ "armv7l", "arm", "v7" },  { "armv6l", "arm", "v6" }, { "armel", "arm", "v6" },   { "armv5l", "arm", "v5" },
	{ "powerpc64le", "ppc64le", "" },
};

/* What a variant is where none is named, and the reverse. */
static const struct {
	const char *architecture, *variant, *normal;
} defaults[] = {
	{ "amd64", "v1", "" },
	{ "arm64", "v8", "" },
	{ "arm64", "8", "" },
	{ "arm", "", "v7" },
	{ "arm", "7", "v7" },
	{ "arm", "6", "v6" },
	{ "arm", "5", "v5" },
};

static void set(char *field, size_t size, const char *text)
{
	size_t len = MIN(strlen(text), size - 1);

	memcpy(field, text, len);
	field[len] = '\0';
}

void platform_normalize(struct image_platform *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++) {
		if (!streq(p->architecture, aliases[i].name))
			continue;
		set(p->architecture, sizeof(p->architecture), aliases[i].architecture);
		if (!p->variant[0])
			set(p->variant, sizeof(p->variant), aliases[i].variant);
		break;
	}
	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++)
		if (streq(p->architecture, defaults[i].architecture) && streq(p->variant, defaults[i].variant))
			set(p->variant, sizeof(p->variant), defaults[i].normal);
}

void platform_own(struct image_platform *ret)
{
	struct utsname name;
	struct image_platform p = { .os = OUR_OS, .architecture = OUR_ARCHITECTURE };

	/* of the machines that one program is built for, only those of this one differ in what they can execute */
	if (streq(p.architecture, "arm") && uname(&name) == 0 && str_after(name.machine, "armv"))
		set(p.architecture, sizeof(p.architecture), name.machine);
	platform_normalize(&p);
	*ret = p;
}

static bool is_word(const char *s, size_t len, size_t room)
{
	return len > 0 && len < room && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") >= len;
}

int platform_parse(const char *text, struct image_platform *ret, struct err *e)
{
	struct image_platform p = { .os = OUR_OS };
	char *const parts[] = { p.os, p.architecture, p.variant };
	const char *rest = text;
	size_t first = strchr(text, '/') ? 0 : 1, n = first;

	for (bool more = true; more; n++) {
		size_t len = strcspn(rest, "/");

		if (n == ARRAY_SIZE(parts) || !is_word(rest, len, sizeof(p.os)))
			return err_say(e, EINVAL, "%s is no platform: it is OS/ARCHITECTURE[/VARIANT], such as linux/arm64", text);
		memcpy(parts[n], rest, len);
		parts[n][len] = '\0';
		more = rest[len] == '/';
		rest += len + 1;
	}
	platform_normalize(&p);
	*ret = p;
	return 0;
}

/* "v7" is 7; 0: it has no number. */
static unsigned number(const char *variant)
{
	unsigned n = 0;

	if (*variant != 'v' || !variant[1] || strlen(variant) > 3)
		return 0;
	for (const char *c = variant + 1; *c; c++) {
		if (*c < '0' || *c > '9')
			return 0;
		n = 10 * n + (unsigned)(*c - '0');
	}
	return n;
}

bool platform_same(const struct image_platform *a, const struct image_platform *b)
{
	return streq(a->os, b->os) && streq(a->architecture, b->architecture) && streq(a->variant, b->variant);
}

unsigned platform_rank(const struct image_platform *want, const struct image_platform *have)
{
	if (!streq(want->os, have->os) || !streq(want->architecture, have->architecture))
		return 0;
	if (streq(want->variant, have->variant))
		return RANK_SAME;
	if (!have->variant[0])
		return RANK_NO_VARIANT;
	unsigned wanted = number(want->variant), got = number(have->variant);

	return got > 0 && got < wanted ? RANK_NO_VARIANT + got : 0;
}

const char *platform_text(const struct image_platform *p, char buf[PLATFORM_MAX])
{
	snprintf(buf, PLATFORM_MAX, "%s/%s%s%s", p->os, p->architecture, p->variant[0] ? "/" : "", p->variant);
	return buf;
}
