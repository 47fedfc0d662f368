// SPDX-License-Identifier: Apache-2.0
#include "images/fetch/token.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/timestamp.h"
#include "spec/decode.h"

#define ANSWER_BYTES_MAX  (1 << 20)
#define TOKEN_BYTES_MAX	  (64 << 10)
#define USUAL_LIFE_S	  60 /* of a token that does not say how long it lives */
#define LIFE_MAX_S	  (24 * 3600)
#define EARLY_S		  5  /* it is renewed before it expires on its way */
#define REFUSALS_MAX	  2  /* of one exchange: without a token, with one that is too old */
#define CLIENT		  "paene"

/* One for the rights of the session, others for those and some right beside them. */
struct token {
	struct token *next;
	struct fetcher *fetcher;
	char beside[sizeof(((struct exchange *)NULL)->scope)];
	char asked_for[sizeof(((struct challenge *)NULL)->scope)]; /* by the registry */
	char *text, *form;
	uint32_t serial; /* counts the texts */
	int64_t expires_us;
	bool asking;
	struct exchange x;
	struct exchange *waiting;
};

void secret_free(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

static bool has_password(const struct fetcher *f)
{
	return f->settings.user[0] && !streq(f->settings.user, FETCH_IDENTITY_USER);
}

static int basic_header(const struct fetcher *f, char **ret, struct err *e)
{
	char *plain = NULL;
	int len = asprintf(&plain, "%s:%s", f->settings.user, f->settings.password);
	static const char begin[] = "Authorization: Basic ";
	char *header = len < 0 ? NULL : calloc(1, sizeof(begin) + 4 * ((size_t)len / 3 + 1));

	if (!header) {
		if (len >= 0)
			secret_free(plain);
		return err_nomem(e);
	}
	memcpy(header, begin, sizeof(begin));
	EVP_EncodeBlock((unsigned char *)header + strlen(begin), (const unsigned char *)plain, len);
	secret_free(plain);
	*ret = header;
	return 1;
}

/* The one that an exchange needs; made where it is not there yet. NULL: no memory. */
static struct token *token_for(struct exchange *x)
{
	struct token *t = x->fetcher->tokens;

	while (t && !streq(t->beside, x->scope))
		t = t->next;
	if (t)
		return t;
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->fetcher = x->fetcher;
	snprintf(t->beside, sizeof(t->beside), "%s", x->scope);
	exchange_init(&t->x, t->fetcher, METHOD_GET);
	t->next = t->fetcher->tokens;
	t->fetcher->tokens = t;
	return t;
}

/* Asking for one. */

/*
 * A registry may name any https server: it could ask for the password
 * itself. Plain http is for a registry that is spoken with so, and for
 * its own host (CVE-2020-15157, CVE-2019-10214).
 */
static int realm_url(const struct fetcher *f, struct url *ret, struct err *e)
{
	struct url url;
	int r = url_read(NULL, f->challenge.realm, &url, e);

	if (r < 0)
		return err_wrap(e, "%s: its token server has", f->name);
	if (!url.tls && (f->origin.tls || !url_same_host(&url, &f->origin)))
		return err_say(e, EACCES, "%s: its token server is at an http address, where nothing is asked for", f->name);
	*ret = url;
	return 0;
}

/* "repository:NAME:" of a word of a scope. */
static size_t subject_length(const char *word, size_t len)
{
	const char *colon = memrchr(word, ':', len);

	return colon ? (size_t)(colon - word) + 1 : len;
}

/* All rights that it is to have: ours, and of those that the registry has named the ones about something else. */
static int list_scopes(const struct token *t, struct arena *arena, struct strv *ret, struct err *e)
{
	const struct fetch_session *settings = &t->fetcher->settings;
	char *own = arena_printf(arena, "repository:%s:pull%s", settings->repository, settings->push ? ",push" : "");
	bool ok = own && (!settings->repository[0] || strv_push(arena, ret, own) == 0) &&
		  (!t->beside[0] || strv_add(arena, ret, t->beside) == 0);

	for (const char *word = t->asked_for; ok && *(word += strspn(word, " ")); word += strcspn(word, " ")) {
		size_t len = strcspn(word, " "), subject = subject_length(word, len);
		bool known = false;

		for (size_t i = 0; i < ret->n; i++)
			known |= strncmp(ret->v[i], word, subject) == 0;
		if (!known)
			ok = strv_push(arena, ret, arena_strndup(arena, word, len)) == 0;
	}
	return ok ? 0 : err_nomem(e);
}

static int ask_by_get(struct token *t, const struct strv *scopes, struct err *e)
{
	const struct fetcher *f = t->fetcher;
	struct exchange *x = &t->x;
	int r = f->challenge.service[0] ? url_add(&x->url, "service", f->challenge.service, e) : 0;

	for (size_t i = 0; i < scopes->n && r == 0; i++)
		r = url_add(&x->url, "scope", scopes->v[i], e);
	if (r < 0 || !has_password(f))
		return r;
	r = url_add(&x->url, "account", f->settings.user, e);
	return r < 0 ? r : basic_header(f, &x->authorization, e);
}

/* OAuth2's way, for an identity token: it must not become part of an address. */
static int ask_by_post(struct token *t, const struct strv *scopes, struct err *e)
{
	const struct fetcher *f = t->fetcher;
	size_t len = 0;
	char *form = NULL;
	FILE *out = open_memstream(&form, &len);

	if (!f)
		return err_nomem(e);
	const char *const fields[][2] = {
		{ "grant_type=refresh_token&client_id=" CLIENT "&service=", f->challenge.service },
		{ "&refresh_token=", f->settings.password },
	};
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		char *value = curl_easy_escape(NULL, fields[i][1], 0);

		fprintf(out, "%s%s", fields[i][0], value ? value : "");
		if (value)
			explicit_bzero(value, strlen(value));
		curl_free(value);
	}
	for (size_t i = 0; i < scopes->n; i++) {
		char *value = curl_easy_escape(NULL, scopes->v[i], 0);

		fprintf(out, "%s%s", i ? "%20" : "&scope=", value ? value : "");
		curl_free(value);
	}
	if (fclose(out) < 0)
		return err_nomem(e);
	secret_free(t->form);
	t->form = form;
	t->x.method = METHOD_POST;
	t->x.form = form;
	t->x.content_type = "application/x-www-form-urlencoded";
	return 0;
}

struct grant {
	char *token, *access_token;
	uint64_t expires_in;
};

static const struct field grant_fields[] = {
	FIELD_STRING(struct grant, token, "token", OPTIONAL),
	FIELD_STRING(struct grant, access_token, "access_token", OPTIONAL),
	FIELD_U64(struct grant, expires_in, "expires_in", OPTIONAL),
};

/* It becomes part of a header. */
static bool is_token(const char *text)
{
	size_t len = 0;

	for (; text[len]; len++)
		if (text[len] <= ' ' || text[len] >= 0x7f)
			return false;
	return len > 0 && len <= TOKEN_BYTES_MAX;
}

static int take_grant(struct token *t, struct err *e)
{
	struct exchange *x = &t->x;
	struct grant grant = { 0 };
	auto_arena struct arena arena = { 0 };
	char name[URL_NAME_MAX];
	int r = decode_text(x->body ? x->body : "", x->body_len, "its token", grant_fields, ARRAY_SIZE(grant_fields), &arena,
			    &grant, e);

	if (r < 0)
		return err_say(e, EPROTO, "the token server %s sent no token", url_name(&x->here, name)); /* no part of a secret */
	const char *text = grant.token ? grant.token : grant.access_token;

	if (!text || !is_token(text))
		return err_say(e, EPROTO, "the token server %s sent no token", url_name(&x->here, name));
	secret_free(t->text);
	t->text = strdup(text);
	t->serial++;
	uint64_t life_s = MIN(grant.expires_in ? grant.expires_in : USUAL_LIFE_S, LIFE_MAX_S);

	t->expires_us = clock_us() + (int64_t)(life_s > 2 * EARLY_S ? life_s - EARLY_S : life_s) * 1000000;
	if (grant.token)
		explicit_bzero(grant.token, strlen(grant.token));
	if (grant.access_token)
		explicit_bzero(grant.access_token, strlen(grant.access_token));
	return t->text ? 0 : err_nomem(e);
}

static int take_answer(struct token *t, struct err *e)
{
	const struct exchange *x = &t->x;
	int status = x->answer.status;
	char name[URL_NAME_MAX];

	if (x->result < 0) {
		*e = x->e;
		return err_wrap(e, "ask for a token");
	}
	if (status >= 200 && status <= 299)
		return take_grant(t, e);
	if (status == 401 || status == 403)
		return err_say(e, EACCES, t->fetcher->settings.user[0] ? "%s: wrong user name or password (HTTP status %d)"
								       : "%s: access denied (HTTP status %d)",
			       url_name(&x->here, name), status);
	return exchange_refused(x, "ask for a token", e);
}

static void release(struct token *t, int r, const struct err *e)
{
	struct exchange *x = t->waiting, *next;

	t->waiting = NULL;
	for (; x; x = next) {
		next = x->next;
		x->next = NULL;
		if (r == 0) {
			exchange_send(x);
			continue;
		}
		x->e = *e;
		exchange_end(x, r);
	}
}

static void token_answered(struct exchange *x)
{
	struct token *t = x->owner;
	struct err e;
	int r = take_answer(t, &e);

	if (x->body)
		explicit_bzero(x->body, x->body_len);
	t->asking = false;
	release(t, r, &e);
}

static int ask(struct token *t, struct err *e)
{
	struct fetcher *f = t->fetcher;
	struct strv scopes = { 0 };
	auto_arena struct arena arena = { 0 };

	exchange_close(&t->x);
	exchange_init(&t->x, f, METHOD_GET);
	t->x.own = true;
	t->x.body_max = ANSWER_BYTES_MAX;
	t->x.owner = t;
	t->x.done = token_answered;
	int r = realm_url(f, &t->x.url, e);

	if (r == 0)
		r = list_scopes(t, &arena, &scopes, e);
	if (r == 0)
		r = streq(f->settings.user, FETCH_IDENTITY_USER) ? ask_by_post(t, &scopes, e) : ask_by_get(t, &scopes, e);
	if (r < 0)
		return r;
	t->asking = true;
	return 0;
}

static int bearer_header(struct token *t, struct exchange *x, char **ret, struct err *e)
{
	if (t->text && clock_us() < t->expires_us) {
		x->token_serial = t->serial;
		return asprintf(ret, "Authorization: Bearer %s", t->text) < 0 ? err_nomem(e) : 1;
	}
	bool under_way = t->asking;
	int r = under_way ? 0 : ask(t, e);

	if (r < 0)
		return r;
	x->next = t->waiting;
	t->waiting = x;
	if (!under_way)
		exchange_start(&t->x);
	return 0;
}

int token_authorize(struct exchange *x, char **ret, struct err *e)
{
	struct fetcher *f = x->fetcher;

	*ret = NULL;
	x->token_serial = 0;
	if (f->challenge.scheme == CHALLENGE_NONE)
		return 1;
	if (f->challenge.scheme == CHALLENGE_BASIC)
		return has_password(f) ? basic_header(f, ret, e) : 1;
	struct token *t = token_for(x);

	return t ? bearer_header(t, x, ret, e) : err_nomem(e);
}

int token_refused(struct exchange *x, struct err *e)
{
	struct fetcher *f = x->fetcher;
	const struct challenge *asked = &x->answer.challenge;
	bool basic = asked->scheme == CHALLENGE_BASIC;

	if (asked->scheme == CHALLENGE_NONE)
		return err_say(e, EACCES, "%s wants credentials of a kind that is not known here (HTTP status 401)", f->name);
	if (basic && !has_password(f))
		return err_say(e, EACCES, "%s: access denied without a user name and password (HTTP status 401)", f->name);
	if (x->asked++ == (basic ? 1 : REFUSALS_MAX))
		return err_say(e, EACCES, basic ? "%s: wrong user name or password (HTTP status 401)"
						: "%s: access denied (HTTP status 401)", f->name);
	f->challenge = *asked;
	struct token *t = basic ? NULL : token_for(x);

	if (!basic && !t)
		return err_nomem(e);
	if (!t || x->token_serial != t->serial)
		return 0; /* there is a newer one already, or none yet */
	snprintf(t->asked_for, sizeof(t->asked_for), "%s", asked->scope);
	secret_free(t->text);
	t->text = NULL;
	return 0;
}

void token_leave(struct exchange *x)
{
	for (struct token *t = x->fetcher->tokens; t; t = t->next)
		for (struct exchange **at = &t->waiting; *at; at = &(*at)->next)
			if (*at == x) {
				*at = x->next;
				return;
			}
}

void token_forget_all(struct fetcher *f)
{
	struct token *t;

	while ((t = f->tokens)) {
		exchange_close(&t->x);
		f->tokens = t->next;
		secret_free(t->text);
		secret_free(t->form);
		free(t);
	}
}
