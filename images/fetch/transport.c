// SPDX-License-Identifier: Apache-2.0
#include "images/fetch/transport.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <strings.h>

#include "base/fd.h"
#include "images/fetch/lock_in.h"
#include "images/worker/harmless.h"

#define HEADER_BYTES_MAX (256 << 10)
#define HEADERS_MAX	 1000
#define REFUSAL_BYTES	 (64 << 10) /* of an answer that is of no use: enough for its words */
#define CONNECT_S	 20L
#define UPLOAD_IDLE_S	 300 /* a registry that has got all of a blob may have to move it */

/* What comes in. */

static void take_challenge(struct answer *a, const char *value)
{
	challenge_read(value, &a->challenge);
}

static const struct {
	const char *name;
	size_t place, size;
	void (*take)(struct answer *a, const char *value);
} known_headers[] = {
#define PLACE(member) offsetof(struct answer, member), sizeof(((struct answer *)NULL)->member), NULL
	{ "content-type", PLACE(type) },
	{ "docker-content-digest", PLACE(digest) },
	{ "range", PLACE(range) },
	{ "content-range", PLACE(content_range) },
	{ "oci-chunk-min-length", PLACE(chunk_min) },
	{ "location", PLACE(location) },
	{ "link", PLACE(link) },
	{ "www-authenticate", 0, 0, take_challenge },
#undef PLACE
};

static void take_header(struct answer *a, const char *name, const char *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(known_headers); i++) {
		if (strcasecmp(name, known_headers[i].name) != 0)
			continue;
		if (known_headers[i].take)
			known_headers[i].take(a, value);
		else if (strlen(value) < known_headers[i].size)
			snprintf((char *)a + known_headers[i].place, known_headers[i].size, "%s", value);
	}
}

static int broken(struct exchange *x, int errnum, const char *words)
{
	char name[URL_NAME_MAX];

	return err_say(&x->broken, errnum, "%s %s", url_name(&x->here, name), words);
}

/* A line of the head, the one with the status too: whatever came before belonged to another answer ("100 Continue"). */
static size_t on_header(char *line, size_t one, size_t len, void *arg)
{
	struct exchange *x = arg;
	auto_free char *text = strndup(line, len);

	x->header_bytes += len;
	x->n_headers++;
	if (!text || x->header_bytes > HEADER_BYTES_MAX || x->n_headers > HEADERS_MAX) {
		(void)broken(x, EPROTO, "answers with headers without end");
		return 0;
	}
	text[strcspn(text, "\r\n")] = '\0';
	char *value = strchr(text, ':');

	if (strncmp(text, "HTTP/", 5) == 0)
		x->answer = (struct answer){ .length = UINT64_MAX };
	else if (value) {
		*value++ = '\0';
		take_header(&x->answer, text, value + strspn(value, " \t"));
	}
	return one * len;
}

static void note_answer(struct exchange *x)
{
	long status = 0;
	curl_off_t length = -1;

	(void)curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status); /* 0 where there was none */
	(void)curl_easy_getinfo(x->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	x->answer.status = (int)status;
	x->answer.length = length < 0 ? UINT64_MAX : (uint64_t)length;
}

static bool is_good(const struct exchange *x)
{
	return x->answer.status >= 200 && x->answer.status <= 299;
}

/* Keep some more of a body that is wanted as a whole. Return: 0, or -errno with x->broken filled, or x->enough set */
static int collect(struct exchange *x, const void *data, size_t len)
{
	size_t max = !is_good(x) ? REFUSAL_BYTES : x->body_max ? x->body_max : EXCHANGE_BODY_MAX;
	char words[64];

	if (len > max - x->body_len) {
		x->enough = !is_good(x);
		snprintf(words, sizeof(words), "answers with more than %zu bytes", max);
		return x->enough ? -EFBIG : broken(x, EFBIG, words);
	}
	char *body = realloc(x->body, x->body_len + len + 1);

	if (!body)
		return err_nomem(&x->broken);
	memcpy(body + x->body_len, data, len);
	x->body = body;
	x->body_len += len;
	body[x->body_len] = '\0';
	return 0;
}

static size_t on_body(char *data, size_t one, size_t len, void *arg)
{
	struct exchange *x = arg;

	note_answer(x);
	if (!x->sink || !is_good(x))
		return collect(x, data, len) < 0 ? 0 : one * len;
	return x->sink(x, data, len, &x->broken) < 0 ? 0 : one * len;
}

/* What goes out. */

static size_t on_upload(char *buf, size_t one, size_t room, void *arg)
{
	struct exchange *x = arg;
	size_t want = MIN(one * room, x->upload_bytes - x->sent);
	ssize_t n = want ? pread(x->upload, buf, want, (off_t)(x->upload_from + x->sent)) : 0;

	if (n < 0 || (want && n == 0)) {
		(void)err_set(&x->broken, n < 0 ? errno : ENODATA, "read what is to be sent");
		return CURL_READFUNC_ABORT;
	}
	x->sent += (uint64_t)n;
	if (x->moved)
		x->moved(x);
	return (size_t)n;
}

/* It is to be sent once more from there. */
static int on_seek(void *arg, curl_off_t offset, int origin)
{
	struct exchange *x = arg;

	if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > x->upload_bytes)
		return CURL_SEEKFUNC_FAIL;
	x->sent = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* The machine's neighbours by link-local addresses (those of clouds tell secrets) are nobody's to lead us to. */
static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct exchange *x = arg;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address->addr;
	bool link_local = address->family == AF_INET && ntohl(v4->sin_addr.s_addr) >> 16 == 0xa9fe;
	bool led = !url_same_host(&x->here, &x->fetcher->origin) && !x->fetcher->settings.proxy[0];

	if (link_local && led)
		(void)broken(x, EACCES, "is a link-local address, to which nobody is followed");
	if (purpose != CURLSOCKTYPE_IPCXN || (link_local && led))
		return CURL_SOCKET_BAD;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* What libcurl is told. */

static bool set_numbers(struct exchange *x)
{
	const struct fetch_session *settings = &x->fetcher->settings;
	bool own_host = url_same_host(&x->here, &x->fetcher->origin);
	bool verify = !(settings->any_certificate && own_host);
	uint32_t idle_s = settings->idle_s ? settings->idle_s : FETCH_IDLE_S;
	const struct {
		CURLoption option;
		long value;
	} numbers[] = {
		{ CURLOPT_NOSIGNAL, 1 },
		{ CURLOPT_FOLLOWLOCATION, 0 }, /* that is decided in exchange.c */
		{ CURLOPT_CONNECTTIMEOUT, CONNECT_S },
		{ CURLOPT_LOW_SPEED_LIMIT, FETCH_SLOW_BYTES },
		{ CURLOPT_LOW_SPEED_TIME, x->upload >= 0 ? MAX(idle_s, UPLOAD_IDLE_S) : idle_s },
		{ CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS },
		{ CURLOPT_PIPEWAIT, 1 }, /* rather a further stream of a connection than a connection */
		{ CURLOPT_TCP_KEEPALIVE, 1 },
		{ CURLOPT_BUFFERSIZE, 128 << 10 },
		{ CURLOPT_UPLOAD_BUFFERSIZE, 128 << 10 },
		{ CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
		{ CURLOPT_SSL_VERIFYPEER, verify },
		{ CURLOPT_SSL_VERIFYHOST, verify ? 2 : 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (curl_easy_setopt(x->easy, numbers[i].option, numbers[i].value) != CURLE_OK)
			return false;
	return true;
}

static bool set_texts(struct exchange *x)
{
	const struct fetch_session *settings = &x->fetcher->settings;
	bool certificate = settings->has_certificate && url_same_host(&x->here, &x->fetcher->origin);
	const struct {
		CURLoption option;
		const char *value;
	} texts[] = {
		{ CURLOPT_URL, x->here.text },
		{ CURLOPT_PROTOCOLS_STR, x->fetcher->origin.tls ? "https" : "http,https" },
		{ CURLOPT_USERAGENT, "paene/" PAENE_VERSION },
		{ CURLOPT_CAINFO, LOCK_IN_CA },
		{ CURLOPT_PROXY, settings->proxy },
		{ CURLOPT_NOPROXY, settings->no_proxy },
		{ CURLOPT_SSLCERT, certificate ? LOCK_IN_CERTIFICATE : NULL },
		{ CURLOPT_SSLKEY, certificate ? LOCK_IN_KEY : NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (curl_easy_setopt(x->easy, texts[i].option, texts[i].value) != CURLE_OK)
			return false;
	return curl_easy_setopt(x->easy, CURLOPT_CAPATH, NULL) == CURLE_OK;
}

static bool set_functions(struct exchange *x)
{
	CURL *c = x->easy;

	return curl_easy_setopt(c, CURLOPT_PRIVATE, x) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_ERRORBUFFER, x->words) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_HEADERDATA, x) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_WRITEDATA, x) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, on_socket) == CURLE_OK &&
	       curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, x) == CURLE_OK;
}

static bool set_body(struct exchange *x)
{
	CURL *c = x->easy;
	const char *form = x->form ? x->form : "";

	switch (x->method) {
	case METHOD_HEAD:
		return curl_easy_setopt(c, CURLOPT_NOBODY, 1L) == CURLE_OK;
	case METHOD_POST:
		return curl_easy_setopt(c, CURLOPT_POST, 1L) == CURLE_OK &&
		       curl_easy_setopt(c, CURLOPT_POSTFIELDS, form) == CURLE_OK &&
		       curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(form)) == CURLE_OK;
	case METHOD_PUT:
	case METHOD_PATCH:
		return curl_easy_setopt(c, CURLOPT_UPLOAD, 1L) == CURLE_OK &&
		       (x->method == METHOD_PUT || curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, "PATCH") == CURLE_OK) &&
		       curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)x->upload_bytes) == CURLE_OK &&
		       curl_easy_setopt(c, CURLOPT_READFUNCTION, on_upload) == CURLE_OK &&
		       curl_easy_setopt(c, CURLOPT_READDATA, x) == CURLE_OK &&
		       curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, on_seek) == CURLE_OK &&
		       curl_easy_setopt(c, CURLOPT_SEEKDATA, x) == CURLE_OK;
	default:
		return true;
	}
}

static bool add_line(struct exchange *x, const char *line)
{
	struct curl_slist *list = curl_slist_append(x->headers, line);

	if (list)
		x->headers = list;
	return list != NULL;
}

static bool add_header(struct exchange *x, const char *name, const char *value)
{
	auto_free char *line = NULL;

	if (!value || !value[0])
		return true;
	return asprintf(&line, "%s: %s", name, value) >= 0 && add_line(x, line);
}

static bool set_headers(struct exchange *x, const char *authorization)
{
	return add_header(x, "Accept", x->accept) && add_header(x, "Content-Type", x->content_type) &&
	       add_header(x, "Range", x->range) && add_header(x, "Content-Range", x->content_range) &&
	       (!authorization || add_line(x, authorization)) &&
	       curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, x->headers) == CURLE_OK;
}

int transport_begin(struct exchange *x, const char *authorization, struct err *e)
{
	transport_close(x);
	x->easy = curl_easy_init();
	x->answer = (struct answer){ .length = UINT64_MAX };
	x->header_bytes = x->n_headers = 0;
	x->sent = 0;
	x->words[0] = '\0';
	if (!x->easy || !set_numbers(x) || !set_texts(x) || !set_functions(x) || !set_body(x) || !set_headers(x, authorization) ||
	    curl_multi_add_handle(x->fetcher->multi, x->easy) != CURLM_OK)
		return err_nomem(e);
	return 0;
}

void transport_end(struct exchange *x)
{
	note_answer(x);
	(void)curl_multi_remove_handle(x->fetcher->multi, x->easy); /* fails for what is none of it, and it is */
}

/* Headers may tell who we are. */
static void forget_headers(struct exchange *x)
{
	for (struct curl_slist *h = x->headers; h; h = h->next)
		explicit_bzero(h->data, strlen(h->data));
	curl_slist_free_all(x->headers);
	x->headers = NULL;
}

void transport_close(struct exchange *x)
{
	if (x->easy) {
		(void)curl_multi_remove_handle(x->fetcher->multi, x->easy); /* it may be out of it already */
		curl_easy_cleanup(x->easy);
		x->easy = NULL;
	}
	forget_headers(x);
}

static const struct {
	CURLcode code;
	int errnum;
	bool passes;
	const char *words; /* NULL: those of libcurl */
} failures[] = {
	{ CURLE_COULDNT_RESOLVE_HOST, EHOSTUNREACH, true, NULL },
	{ CURLE_COULDNT_RESOLVE_PROXY, EHOSTUNREACH, true, NULL },
	{ CURLE_COULDNT_CONNECT, ECONNREFUSED, true, NULL },
	{ CURLE_SSL_CONNECT_ERROR, EPROTO, true, NULL },
	{ CURLE_OPERATION_TIMEDOUT, ETIMEDOUT, true, NULL },
	{ CURLE_PARTIAL_FILE, ECONNRESET, true, NULL },
	{ CURLE_RECV_ERROR, ECONNRESET, true, NULL },
	{ CURLE_SEND_ERROR, ECONNRESET, true, NULL },
	{ CURLE_GOT_NOTHING, ECONNRESET, true, NULL },
	{ CURLE_HTTP2, ECONNRESET, true, NULL },
	{ CURLE_HTTP2_STREAM, ECONNRESET, true, NULL },
	{ CURLE_PEER_FAILED_VERIFICATION, EKEYREJECTED, false, NULL },
	{ CURLE_SSL_CERTPROBLEM, EKEYREJECTED, false, NULL },
	/* it makes no difference between the two */
	{ CURLE_OUT_OF_MEMORY, EPROTO, false, "a line of its answer is too long, or there is no memory" },
};

/* The best words that there are: the kernel's, libcurl's for this one case, libcurl's for all of its kind. */
static const char *best_words(const struct exchange *x, CURLcode code)
{
	long os_errno = 0;

	(void)curl_easy_getinfo(x->easy, CURLINFO_OS_ERRNO, &os_errno); /* 0 where it is none of the kernel's */
	if (code == CURLE_COULDNT_CONNECT && os_errno)
		return strerror((int)os_errno);
	if (code == CURLE_SSL_CONNECT_ERROR && strstr(x->words, "wrong version number"))
		return "it does not speak TLS (--tls-verify=false allows plain HTTP)";
	return x->words[0] ? x->words : curl_easy_strerror(code);
}

int transport_words(const struct exchange *x, CURLcode code, bool *ret_passes, struct err *e)
{
	char name[URL_NAME_MAX], shown[HARMLESS_MAX];
	const char *words = best_words(x, code);
	curl_off_t connected_us = 0;
	int errnum = EPROTO;

	*ret_passes = false;
	for (size_t i = 0; i < ARRAY_SIZE(failures); i++)
		if (failures[i].code == code) {
			errnum = failures[i].errnum;
			*ret_passes = failures[i].passes;
			words = failures[i].words ? failures[i].words : words;
		}
	if (strstr(x->words, "in chunked-encoding")) /* nonsense, for which libcurl has no code of its own */
		*ret_passes = false;
	(void)curl_easy_getinfo(x->easy, CURLINFO_PRETRANSFER_TIME_T, &connected_us);
	if (connected_us == 0 && !x->fetcher->answered)
		*ret_passes = false; /* a wrong name or port: nobody wants to wait for that */
	err_say(e, errnum, "%s: %s", url_name(&x->here, name), harmless(words, shown));
	if (connected_us == 0 && x->fetcher->settings.proxy[0])
		err_hint(e, "the environment names a proxy");
	return -e->code;
}
