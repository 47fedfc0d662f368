// SPDX-License-Identifier: Apache-2.0
#include "images/worker/choose.h"

#include <limits.h>
#include <stdio.h>

#include "images/worker/harmless.h"

#define RANK_ANY 1 /* below all that platform_rank() gives to what suits: those are made larger by it */

/* Return: false: it has none that could be ours */
static bool platform_of(const struct descriptor *d, struct image_platform *ret)
{
	const struct platform *p = &d->platform;
	const char *variant = p->variant ? p->variant : "";

	if (strlen(p->os) >= sizeof(ret->os) || strlen(p->architecture) >= sizeof(ret->architecture) ||
	    strlen(variant) >= sizeof(ret->variant))
		return false;
	*ret = (struct image_platform){ 0 };
	snprintf(ret->os, sizeof(ret->os), "%s", p->os);
	snprintf(ret->architecture, sizeof(ret->architecture), "%s", p->architecture);
	snprintf(ret->variant, sizeof(ret->variant), "%s", variant);
	platform_normalize(ret);
	return true;
}

unsigned choose_rank(const struct descriptor *d, const struct image_platform *want)
{
	struct image_platform have;

	if (!d->platform.given)
		return RANK_ANY;
	unsigned rank = platform_of(d, &have) ? platform_rank(want, &have) : 0;

	return rank > 0 && rank < UINT_MAX ? rank + RANK_ANY : rank;
}

const struct descriptor *choose_manifest(const struct manifest *index, const struct image_platform *want)
{
	const struct descriptor *best = NULL;
	unsigned best_rank = 0;

	for (size_t i = 0; i < index->manifests.n; i++) {
		unsigned rank = choose_rank(&index->manifests.v[i], want);

		if (rank <= best_rank)
			continue;
		best = &index->manifests.v[i];
		best_rank = rank;
	}
	return best;
}

/* "unknown/unknown" are notes about the other entries (docker's attestations). */
static bool is_real(const struct descriptor *d, struct image_platform *ret)
{
	return d->platform.given && platform_of(d, ret) && !streq(ret->os, "unknown");
}

const char *choose_list(const struct manifest *index, char buf[CHOOSE_LIST_MAX])
{
	FILE *f = fmemopen(buf, CHOOSE_LIST_MAX, "w"); /* cuts what is too long */
	char text[PLATFORM_MAX], shown[HARMLESS_MAX];
	struct image_platform p;
	bool any = false;

	buf[0] = '\0';
	for (size_t i = 0; f && i < index->manifests.n; i++) {
		if (!is_real(&index->manifests.v[i], &p))
			continue;
		fprintf(f, "%s%s", any ? ", " : "", harmless(platform_text(&p, text), shown));
		any = true;
	}
	if (f)
		fclose(f);
	buf[CHOOSE_LIST_MAX - 1] = '\0';
	if (!any)
		snprintf(buf, CHOOSE_LIST_MAX, "nothing");
	return buf;
}
