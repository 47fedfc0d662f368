// SPDX-License-Identifier: Apache-2.0
/* refusal.c: the words for an answer that nobody has a use for. */
#include "images/fetch/exchange.h"

#include <errno.h>
#include <stdio.h>

#include "images/worker/harmless.h"
#include "spec/decode.h"

/* {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "…"}]}, as the distribution specification has it. */
struct complaint {
	char *code, *message;
};

struct complaints {
	struct complaint *v;
	size_t n;
};

static const struct field complaint_fields[] = {
	FIELD_STRING(struct complaint, code, "code", OPTIONAL),
	FIELD_STRING(struct complaint, message, "message", OPTIONAL),
};

static const struct field complaints_fields[] = {
	FIELD_LIST(struct complaints, v, "errors", OPTIONAL, complaint_fields, struct complaint),
};

/* The first of them; "" where there is none that can be read. */
static void registry_words(const struct exchange *x, char words[HARMLESS_MAX])
{
	struct complaints all = { 0 };
	auto_arena struct arena arena = { 0 };
	struct err ignored;

	words[0] = '\0';
	if (!x->body || decode_text(x->body, x->body_len, "the answer", complaints_fields, ARRAY_SIZE(complaints_fields), &arena,
				    &all, &ignored) < 0)
		return; /* proxies answer with pages */
	const char *said = all.n == 0 ? NULL : all.v[0].message ? all.v[0].message : all.v[0].code;

	if (said)
		harmless(said, words);
}

static int errno_of(int status)
{
	static const struct {
		int status, errnum;
	} known[] = {
		{ 401, EACCES },     { 403, EACCES }, { 404, ENOENT }, { 405, EOPNOTSUPP },
		{ 413, EMSGSIZE },   { 416, ERANGE }, { 429, EBUSY },  { 451, EACCES },
		{ 501, EOPNOTSUPP },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i].status == status)
			return known[i].errnum;
	return status >= 500 ? EREMOTEIO : EPROTO;
}

int exchange_refused(const struct exchange *x, const char *what, struct err *e)
{
	static const struct {
		int status;
		const char *words;
	} usual[] = {
		{ 401, "access denied" }, { 403, "access denied" }, { 404, "there is none" }, { 429, "too many requests" },
	};
	char name[URL_NAME_MAX], words[HARMLESS_MAX];
	int status = x->answer.status;
	const char *said = words;

	registry_words(x, words);
	for (size_t i = 0; i < ARRAY_SIZE(usual) && !words[0]; i++)
		if (usual[i].status == status)
			said = usual[i].words;
	err_say(e, errno_of(status), said[0] ? "%s: %s: %s (HTTP status %d)" : "%s: %s:%s HTTP status %d", url_name(&x->here, name),
		what, said, status);
	if (x->tries)
		err_hint(e, "tried %u times", x->tries + 1);
	return -e->code;
}
