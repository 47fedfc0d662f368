/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signature.h: signatures of an image, as cosign leaves them in its repository under the tag sha256-HEX.sig. Asked for by the
 * policy, by a client of its own; looked at by the worker alone.
 */
#ifndef IMAGES_SIGNATURE_H
#define IMAGES_SIGNATURE_H

#include "images/policy_rules.h"
#include "images/session.h"

/* Where signatures are looked for: beside the image that is being pulled. */
struct signatures {
	const struct session_settings *settings;
	const struct endpoint *at;
	const struct store *store; /* for a work folder */
	const char *worker;	   /* path of the paene-worker program */
};

/**
 * signature_check() - Has somebody signed this image, whom the requirement names?
 * @hex:	Digest of its manifest or index
 * @ret_key:	On success, the key; the requirement's
 *
 * Return: 0, or -errno with @e filled: -ENOENT: there is no signature at all; -EPERM: there are, and none will do
 */
int signature_check(const struct signatures *s, const struct requirement *req, const struct image_ref *ref, const char *hex,
		    const char **ret_key, struct err *e);

#endif
