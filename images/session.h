/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.h: a registry client for one endpoint, started with all that credentials, certificates and the environment say of it.
 */
#ifndef IMAGES_SESSION_H
#define IMAGES_SESSION_H

#include "images/auth.h"
#include "images/registries.h"
#include "images/transfer.h"

struct session_settings {
	const char *fetcher;	 /* path of the paene-fetch program */
	struct auth_files auth;	 /* its environment has the proxies too */
	const char *certificates[3]; /* folders for auth_host_files() */
	size_t n_certificates;
	uint32_t retries; /* after a failure that may pass */
};

/**
 * session_start() - Start a client for an endpoint
 * @as:		Who we are; NULL: what the auth files say
 * @push:	It will be written to
 * @work:	Folder that gets what is fetched; not consumed
 *
 * Return: 0, or -errno with @e filled
 */
int session_start(const struct session_settings *s, const struct endpoint *at, const struct auth *as, bool push, int work,
		  struct transfer *ret, struct err *e);

#endif
