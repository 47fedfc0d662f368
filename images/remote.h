/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote.h: something is asked of the registry of an image: of its mirrors, one after the other, and then of itself, until one
 * has given it.
 */
#ifndef IMAGES_REMOTE_H
#define IMAGES_REMOTE_H

#include "images/session.h"
#include "images/work.h"

struct remote_options {
	const struct registries *registries;
	const struct session_settings *session;
	const struct auth *as; /* --creds; NULL: what the auth files say */
	bool plain;	       /* --tls-verify=false */
};

/* One endpoint that is being asked, and a work folder for what comes of it. */
struct remote {
	const struct endpoint *at;
	struct transfer transfer;
	struct work work;
	int folder;  /* in it, alone the fetcher's: gets what is fetched */
	bool failed; /* it cannot be had there; another endpoint may have it */
};

/**
 * remote_each() - Try each endpoint of a reference until @f succeeds, or fails by itself
 * @ref:	Without a name: the registry as such is asked
 * @push:	Only the registry itself, to write to
 * @f:		Its result ends it unless @remote->failed is set
 *
 * Return: @f's result, or -errno with @e filled: what each endpoint said, if there are several
 */
int remote_each(const struct store *s, const struct remote_options *o, const struct image_ref *ref, bool push,
		int (*f)(struct remote *remote, void *arg, struct err *e), void *arg, struct err *e);

/* transfer_do(), with a failure being the endpoint's. */
int remote_do(struct remote *remote, struct fetch_request *request, int fd, struct fetch_reply *ret, struct err *e);

/* Its words for a failure that was found otherwise: is it the endpoint's, or ours? Return: -e->code */
int remote_failed(struct remote *remote, const struct err *e);

/* The tag, or "sha256:HEX", as requests have it. */
void remote_reference(const struct image_ref *ref, struct fetch_request *ret);

#endif
