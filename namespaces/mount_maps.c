// SPDX-License-Identifier: Apache-2.0
#include "namespaces/mount_maps.h"

#include <errno.h>

#include "namespaces/idmap.h"

#define ID_DIGITS 10

/* The next number, and what has to follow it: @after, or with '\0' the end of the triple. Return: behind both, or NULL */
static const char *take_number(const char *s, char after, uint32_t *ret)
{
	char digits[ID_DIGITS + 1];
	size_t n = strspn(s, "0123456789");
	uint64_t v;

	if (n == 0 || n > ID_DIGITS || s[n] != after)
		return NULL;
	memcpy(digits, s, n);
	digits[n] = '\0';
	if (str_to_u64(digits, UINT32_MAX, &v) < 0)
		return NULL;
	*ret = (uint32_t)v;
	return s + n + (after != '\0');
}

/* "0-1-10" or "@0-1-10" */
static int parse_triple(const char *text, const struct spec_id_maps *container, struct spec_id_map *ret, struct err *e)
{
	const char *s = text + (*text == '@');

	s = take_number(s, '-', &ret->container_id);
	s = s ? take_number(s, '-', &ret->host_id) : NULL;
	s = s ? take_number(s, '\0', &ret->size) : NULL;
	if (!s)
		return err_say(e, EINVAL, "invalid mapping specified \"%.40s\"", text);
	if (*text == '@' && !idmap_to_host(container, ret->host_id, &ret->host_id))
		return err_say(e, EINVAL, "mapping \"%.40s\": the container has no id %u", text, ret->host_id);
	return 0;
}

/* "0-1-10#@10-11-10" */
static int parse_triples(struct arena *arena, char *text, const struct spec_id_maps *container, struct spec_id_maps *ret,
			 struct err *e)
{
	char *rest;
	size_t n = 1;

	for (const char *s = text; *s; s++)
		n += *s == '#';
	ret->v = arena_array(arena, n, sizeof(*ret->v));
	ret->n = 0;
	if (!ret->v)
		return err_nomem(e);
	for (char *word = strtok_r(text, "#", &rest); word; word = strtok_r(NULL, "#", &rest)) {
		int r = parse_triple(word, container, &ret->v[ret->n++], e);

		if (r < 0)
			return r;
	}
	return 0;
}

int mount_maps_parse(struct arena *arena, const char *text, const struct mount_maps *container, struct mount_maps *ret,
		     struct err *e)
{
	char *copy = arena_strdup(arena, text), *rest;
	struct mount_maps maps = { 0 };
	int r = 0;

	if (!copy)
		return err_nomem(e);
	for (char *word = strtok_r(copy, ";", &rest); word && r == 0; word = strtok_r(NULL, ";", &rest)) {
		bool uids = str_after(word, "uids=");

		if (!uids && !str_after(word, "gids="))
			return err_say(e, EINVAL, "invalid option \"%.40s\" specified", word);
		r = parse_triples(arena, strchr(word, '=') + 1, uids ? &container->uids : &container->gids,
				  uids ? &maps.uids : &maps.gids, e);
	}
	if (r == 0)
		*ret = maps;
	return r;
}
