/* SPDX-License-Identifier: Apache-2.0 */
/* transport.h: an exchange in libcurl's hands: what it is told, what comes in, and what its failures mean. */
#ifndef IMAGES_FETCH_TRANSPORT_H
#define IMAGES_FETCH_TRANSPORT_H

#include "images/fetch/exchange.h"

/**
 * transport_begin() - Hand an exchange over, to be sent to x->here; exchange_finished() is called at its end
 * @authorization:	Header line; NULL: none. Not kept
 *
 * Return: 0, or -errno with @e filled
 */
int transport_begin(struct exchange *x, const char *authorization, struct err *e);

/* Take it back; its answer's status and length are known then. */
void transport_end(struct exchange *x);

/**
 * transport_words() - What a failure means
 * @ret_passes:	Whether a further try may go better
 *
 * Return: -errno with @e filled
 */
int transport_words(const struct exchange *x, CURLcode code, bool *ret_passes, struct err *e);

void transport_close(struct exchange *x);

#endif
