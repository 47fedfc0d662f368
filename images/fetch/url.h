/* SPDX-License-Identifier: Apache-2.0 */
/* url.h: addresses, and whether two of them are the same party: what credentials and trust depend on (rule K12). */
#ifndef IMAGES_FETCH_URL_H
#define IMAGES_FETCH_URL_H

#include "base/err.h"

#define URL_MAX 8192 /* storage signs its addresses: some are long */

struct url {
	char text[URL_MAX];
	char host[256], port[8]; /* port: the scheme's own where none is given */
	bool tls;
};

/**
 * url_read() - An address of http or https, without a user or password in it
 * @base:	What @text may be relative to; NULL: nothing
 * @ret:	May be @base
 *
 * Return: 0, or -errno with @e filled, which does not repeat @text: it may be a secret
 */
int url_read(const struct url *base, const char *text, struct url *ret, struct err *e);

/* Add to the query: @value is escaped. Return: 0, or -errno with @e filled */
int url_add(struct url *u, const char *name, const char *value, struct err *e);

/* Scheme, host and port. */
bool url_same_origin(const struct url *a, const struct url *b);

bool url_same_host(const struct url *a, const struct url *b);

/* "HOST:PORT", or HOST where it is the scheme's own port: what messages say. */
#define URL_NAME_MAX 272
const char *url_name(const struct url *u, char buf[URL_NAME_MAX]);

#endif
