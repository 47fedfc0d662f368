// SPDX-License-Identifier: Apache-2.0
#include "images/worker/digest.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "images/digest_text.h"
#include "images/worker/harmless.h"

#define DIGEST_BYTES (DIGEST_HEX / 2)

static int library_failed(struct err *e)
{
	return err_say(e, ENOTSUP, "libcrypto cannot compute a sha256 digest here");
}

int digest_prepare(struct err *e)
{
	char hex[DIGEST_HEX + 1];

	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		return library_failed(e);
	return digest_of("", 0, hex, e); /* what is loaded at first use is loaded now */
}

int digest_begin(struct digest *d, struct err *e)
{
	*d = (struct digest){ .ctx = EVP_MD_CTX_new() };
	if (!d->ctx)
		return err_nomem(e);
	if (EVP_DigestInit_ex(d->ctx, EVP_sha256(), NULL) == 1)
		return 0;
	digest_close(d);
	return library_failed(e);
}

void digest_add(struct digest *d, const void *data, size_t len)
{
	if (EVP_DigestUpdate(d->ctx, data, len) != 1)
		d->failed = true;
}

int digest_end(struct digest *d, char hex[DIGEST_HEX + 1], struct err *e)
{
	unsigned char raw[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (d->failed || EVP_DigestFinal_ex(d->ctx, raw, &n) != 1 || n != DIGEST_BYTES)
		return library_failed(e);
	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		hex[2 * i] = HEX_DIGITS[raw[i] >> 4];
		hex[2 * i + 1] = HEX_DIGITS[raw[i] & 15];
	}
	hex[DIGEST_HEX] = '\0';
	return 0;
}

void digest_close(struct digest *d)
{
	EVP_MD_CTX_free(d->ctx);
	d->ctx = NULL;
}

int digest_of(const void *data, size_t len, char hex[DIGEST_HEX + 1], struct err *e)
{
	auto_digest struct digest d = { 0 };
	int r = digest_begin(&d, e);

	if (r < 0)
		return r;
	digest_add(&d, data, len);
	return digest_end(&d, hex, e);
}

const char *digest_hex(const char *text, const char *what, struct err *e)
{
	const char *hex = str_after(text, "sha256:");
	char shown[HARMLESS_MAX];

	if (hex && digest_is_hex(hex))
		return hex;
	err_say(e, EINVAL, "%s has the digest \"%s\": expected sha256: and 64 digits of 0-9 a-f", what,
		harmless(text, shown));
	return NULL;
}
