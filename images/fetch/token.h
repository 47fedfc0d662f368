/* SPDX-License-Identifier: Apache-2.0 */
/*
 * token.h: telling the registry who is asking, as it wants to be told: not at all, by name and password, or by a token that a
 * server which it names gives for them. A token is kept until it expires, and asked for once, however many wait for it.
 */
#ifndef IMAGES_FETCH_TOKEN_H
#define IMAGES_FETCH_TOKEN_H

#include "images/fetch/exchange.h"

/**
 * token_authorize() - The header by which an exchange with the registry says who is asking
 * @ret:	"Authorization: …", freed by the caller after it is overwritten; NULL: none
 *
 * Return: 1; 0: there has to be a token first, and exchange_send() or exchange_end() is called when that is decided; -errno with
 * @e filled
 */
int token_authorize(struct exchange *x, char **ret, struct err *e);

/**
 * token_refused() - The registry has answered 401
 *
 * Return: 0: it may be asked once more; -EACCES with @e filled
 */
int token_refused(struct exchange *x, struct err *e);

/* No longer wait for one. */
void token_leave(struct exchange *x);

void token_forget_all(struct fetcher *f);

/* Overwrite a text, then free it. NULL is fine. */
void secret_free(char *text);

#endif
