// SPDX-License-Identifier: Apache-2.0
#include "images/fetch/url.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <strings.h>

#include "base/fd.h"

static void handle_guard(CURLU **u)
{
	curl_url_cleanup(*u);
}
#define auto_handle __attribute__((cleanup(handle_guard)))

static void text_guard(char **text)
{
	curl_free(*text);
}
#define auto_text __attribute__((cleanup(text_guard)))

static int get(CURLU *u, CURLUPart part, char *ret, size_t size, struct err *e)
{
	auto_text char *text = NULL;

	if (curl_url_get(u, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK)
		return err_say(e, EINVAL, "an address without a host");
	if (strlen(text) >= size)
		return err_say(e, ENAMETOOLONG, "an address of more than %zu bytes", size - 1);
	snprintf(ret, size, "%s", text);
	return 0;
}

static bool is_plain_host(const char *host)
{
	for (; *host; host++)
		if (*host <= ' ' || *host >= 0x7f)
			return false;
	return true;
}

/* All that struct url knows, from a handle. */
static int take_parts(CURLU *u, struct url *ret, struct err *e)
{
	struct url url;
	char scheme[8];
	int r = get(u, CURLUPART_SCHEME, scheme, sizeof(scheme), e);

	if (r < 0 || (!streq(scheme, "http") && !streq(scheme, "https")))
		return err_say(e, EPROTONOSUPPORT, "an address that is neither http nor https");
	r = get(u, CURLUPART_HOST, url.host, sizeof(url.host), e);
	if (r == 0 && !is_plain_host(url.host))
		return err_say(e, EINVAL, "an address whose host is not plain ASCII");
	if (r == 0)
		r = get(u, CURLUPART_PORT, url.port, sizeof(url.port), e);
	if (r < 0)
		return r;
	/* the whole of it as it is meant to be sent: no default port is added */
	auto_text char *text = NULL;

	if (curl_url_get(u, CURLUPART_URL, &text, 0) != CURLUE_OK)
		return err_nomem(e);
	if (strlen(text) >= sizeof(url.text))
		return err_say(e, ENAMETOOLONG, "an address of more than %d bytes", URL_MAX - 1);
	snprintf(url.text, sizeof(url.text), "%s", text);
	url.tls = streq(scheme, "https");
	*ret = url;
	return 0;
}

int url_read(const struct url *base, const char *text, struct url *ret, struct err *e)
{
	auto_handle CURLU *u = curl_url();

	if (!u || (base && curl_url_set(u, CURLUPART_URL, base->text, 0) != CURLUE_OK))
		return err_nomem(e);
	CURLUcode code = curl_url_set(u, CURLUPART_URL, text, CURLU_DISALLOW_USER);

	if (code == CURLUE_UNSUPPORTED_SCHEME)
		return err_say(e, EPROTONOSUPPORT, "an address that is neither http nor https");
	if (code != CURLUE_OK)
		return err_say(e, EINVAL, "an address that is none (%s)", curl_url_strerror(code));
	return take_parts(u, ret, e);
}

int url_add(struct url *url, const char *name, const char *value, struct err *e)
{
	auto_handle CURLU *u = curl_url();
	auto_free char *word = NULL;

	if (!u || asprintf(&word, "%s=%s", name, value) < 0)
		return err_nomem(e);
	if (curl_url_set(u, CURLUPART_URL, url->text, 0) != CURLUE_OK ||
	    curl_url_set(u, CURLUPART_QUERY, word, CURLU_APPENDQUERY | CURLU_URLENCODE) != CURLUE_OK)
		return err_nomem(e);
	return take_parts(u, url, e);
}

bool url_same_host(const struct url *a, const struct url *b)
{
	return strcasecmp(a->host, b->host) == 0;
}

bool url_same_origin(const struct url *a, const struct url *b)
{
	return a->tls == b->tls && url_same_host(a, b) && streq(a->port, b->port);
}

const char *url_name(const struct url *u, char buf[URL_NAME_MAX])
{
	bool usual = streq(u->port, u->tls ? "443" : "80");

	snprintf(buf, URL_NAME_MAX, "%s%s%s", u->host, usual ? "" : ":", usual ? "" : u->port);
	return buf;
}
