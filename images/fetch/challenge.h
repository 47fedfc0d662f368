/* SPDX-License-Identifier: Apache-2.0 */
/* challenge.h: WWW-Authenticate, as RFC 9110 has it: how a registry wants to be told who is asking. Pure. */
#ifndef IMAGES_FETCH_CHALLENGE_H
#define IMAGES_FETCH_CHALLENGE_H

#include "base/util.h"

enum challenge_scheme {
	CHALLENGE_NONE,
	CHALLENGE_BASIC,
	CHALLENGE_BEARER, /* the best comes last */
};

struct challenge {
	enum challenge_scheme scheme;
	char realm[1024], service[256], scope[1024];
};

/**
 * challenge_read() - Take the best challenge of a header's value
 * @value:	Any number of challenges, of schemes that are known here or not; there may be several such headers
 * @best:	Replaced where @value has a better one; of two alike the first stays
 *
 * What is malformed or too long is passed over, together with what follows where its end can't be told.
 */
void challenge_read(const char *value, struct challenge *best);

#endif
