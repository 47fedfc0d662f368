// SPDX-License-Identifier: Apache-2.0
#include "cli/pairs.h"

#include <errno.h>

static const struct spec_pair *find(const struct spec_map *m, const char *key, size_t len)
{
	for (size_t i = 0; i < m->n; i++)
		if (strlen(m->v[i].key) == len && memcmp(m->v[i].key, key, len) == 0)
			return &m->v[i];
	return NULL;
}

int pairs_read(const char *option, const struct strv *words, struct arena *a, struct spec_map *ret, struct err *e)
{
	struct spec_map m = { .v = arena_array(a, words->n + 1, sizeof(*m.v)) };

	if (!m.v)
		return err_nomem(e);
	for (size_t i = 0; i < words->n; i++) {
		const char *word = words->v[i];
		size_t len = strcspn(word, "=");

		if (len == 0)
			return err_say(e, EINVAL, "%s %s: it has no name", option, word);
		if (find(&m, word, len))
			return err_say(e, EINVAL, "%s %s: it is given twice", option, word);
		m.v[m.n].key = arena_strndup(a, word, len);
		m.v[m.n].value = (char *)(word[len] ? word + len + 1 : "");
		if (!m.v[m.n++].key)
			return err_nomem(e);
	}
	*ret = m;
	return 0;
}

bool pairs_fit(const struct spec_map *pairs, const char *wanted)
{
	size_t len = strcspn(wanted, "=");
	const struct spec_pair *p = find(pairs, wanted, len);

	return p && (!wanted[len] || streq(p->value, wanted + len + 1));
}
