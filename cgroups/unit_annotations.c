// SPDX-License-Identifier: Apache-2.0
/* Annotations "org.systemd.property.NAME": values in GVariant's text format, of which units use a small part. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cgroups/unit.h"

#define PREFIX	  "org.systemd.property."
#define SECOND_US 1e6

/* Names of types that may stand before a number, and their D-Bus signatures. */
static const struct {
	const char *name, *signature;
} number_types[] = {
	{ "byte", "y" },   { "int16", "n" }, { "uint16", "q" }, { "int32", "i" },
	{ "uint32", "u" }, { "int64", "x" }, { "uint64", "t" }, { "double", "d" },
};

/*
 * Annotations come from further away than the rest of a configuration (pods hand theirs down), so only what concerns the
 * container's own end and resources is passed on: nothing that executes, reads a file, pulls in or stops other units (S28).
 */
static const char *const allowed[] = {
	"After", "Before", "CollectMode", "DefaultDependencies", "Description", "FinalKillSignal", "IPAccounting", "KillSignal",
	"OOMPolicy", "RuntimeMaxSec", "RuntimeMaxUSec", "RuntimeRandomizedExtraSec", "RuntimeRandomizedExtraUSec", "SendSIGHUP",
	"SendSIGKILL", "TimeoutStopSec", "TimeoutStopUSec",
};
/* … and everything that begins so, letters only: resources. */
static const char *const allowed_families[] = {
	"Allowed", "CPU", "DefaultMemory", "IO", "ManagedOOM", "Memory", "StartupAllowed", "StartupCPU", "StartupIO",
	"StartupMemory", "Tasks",
};

static bool is_allowed(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
		if (streq(name, allowed[i]))
			return true;
	if (name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")])
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(allowed_families); i++)
		if (str_after(name, allowed_families[i]))
			return true;
	return false;
}

static const char *skip_blanks(const char *s)
{
	return s + strspn(s, " \t");
}

struct value {
	const char *signature; /* "b", "as", … */
	char *text;
};

/* 'text' or "text"; a backslash takes the next one as it is. Return: what follows it, or NULL */
static const char *read_string(const char *s, struct arena *a, char **ret)
{
	char quote = *s, *text = arena_alloc(a, strlen(s) + 1), *end = text;

	if (!text || (quote != '\'' && quote != '"'))
		return NULL;
	for (s++; *s && *s != quote; s++) {
		if (*s == '\\' && s[1])
			s++;
		if (*s == '\n') /* ends an element on the helper's command line */
			return NULL;
		*end++ = *s;
	}
	*ret = text;
	return *s ? s + 1 : NULL;
}

/* ['a', 'b'] */
static bool read_list(const char *s, struct arena *a, struct value *ret)
{
	char *text = arena_strdup(a, ""), *item;

	for (s = skip_blanks(s + 1); text && *s != ']'; s = skip_blanks(s)) {
		s = read_string(s, a, &item);
		if (!s)
			return false;
		text = arena_printf(a, "%s%s%s", text, *text ? "\n" : "", item);
		s = skip_blanks(s);
		if (*s == ',')
			s = skip_blanks(s + 1);
		else if (*s != ']')
			return false;
	}
	*ret = (struct value){ "as", text };
	return text && !*skip_blanks(s + 1);
}

/* "5", "-1", "1.5", "uint64 5" */
static bool read_number(const char *s, struct arena *a, struct value *ret)
{
	const char *signature = strpbrk(s, ".eE") ? "d" : "i";
	char *end;

	for (size_t i = 0; i < ARRAY_SIZE(number_types); i++) {
		const char *rest = str_after(s, number_types[i].name);

		if (rest && *rest == ' ') {
			signature = number_types[i].signature;
			s = skip_blanks(rest);
			break;
		}
	}
	size_t n = strcspn(s, " \t");

	if (n == 0 || !strchr("0123456789-", *s) || *skip_blanks(s + n))
		return false;
	(void)strtod(s, &end); /* its range is the helper's matter, which knows the types */
	*ret = (struct value){ signature, arena_strndup(a, s, n) };
	return end == s + n && ret->text;
}

static bool read_value(const char *s, struct arena *a, struct value *ret)
{
	const char *list = str_after(s, "@as ");
	char *text;

	s = skip_blanks(list ? list : s);
	if (*s == '[')
		return read_list(s, a, ret);
	if (streq(s, "true") || streq(s, "false")) {
		*ret = (struct value){ "b", (char *)(*s == 't' ? "1" : "0") };
		return true;
	}
	if (*s == '\'' || *s == '"') {
		s = read_string(s, a, &text);
		*ret = (struct value){ "s", text };
		return s && !*skip_blanks(s);
	}
	return read_number(s, a, ret);
}

/* A number of seconds, for a property that counts microseconds */
static bool to_microseconds(struct value *v, struct arena *a)
{
	double us = strtod(v->text, NULL) * SECOND_US;

	if (v->signature[1] || strchr("bs", v->signature[0]) || !(us >= 0 && us < 0x1p63))
		return false;
	*v = (struct value){ "t", arena_printf(a, "%.0f", us) };
	return v->text;
}

static int add_one(const char *name, const struct spec_pair *pair, struct arena *a, struct strv *ret, struct err *e)
{
	size_t len = strlen(name), base = len - MIN(len, 3);
	struct value v;

	if (!is_allowed(name))
		return err_say(e, EINVAL, "not a property that annotations may set: those of resources, and how the unit ends");
	if (!read_value(skip_blanks(pair->value), a, &v))
		return err_say(e, EINVAL, "\"%.80s\" is no value that is understood here", pair->value);
	if (base == 0 || !streq(name + base, "Sec") || name[base - 1] < 'a' || name[base - 1] > 'z')
		return unit_add(a, ret, e, "%s=%s:%s", name, v.signature, v.text);
	if (!to_microseconds(&v, a))
		return err_say(e, EINVAL, "\"%.80s\" is no number of seconds", pair->value);
	return unit_add(a, ret, e, "%.*sUSec=%s:%s", (int)base, name, v.signature, v.text);
}

int unit_annotations(const struct spec_map *annotations, struct arena *a, struct strv *ret, struct err *e)
{
	for (size_t i = 0; i < annotations->n; i++) {
		const char *name = str_after(annotations->v[i].key, PREFIX);
		int r = name ? add_one(name, &annotations->v[i], a, ret, e) : 0;

		if (r < 0)
			return err_wrap(e, "annotation %.80s", annotations->v[i].key);
	}
	return 0;
}
