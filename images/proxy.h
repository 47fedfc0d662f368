/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proxy.h: which proxy the environment names for an address, as curl(1) understands it: http_proxy, https_proxy, all_proxy,
 * no_proxy, each in capitals too but for http_proxy: HTTP_PROXY is what a client of a CGI program may set by a header
 * (httpoxy, CVE-2016-5387). Pure.
 */
#ifndef IMAGES_PROXY_H
#define IMAGES_PROXY_H

#include "images/fetch.h"

/**
 * proxy_choose() - Fill in proxy and no_proxy of a session by its url
 * @environment:	Ends with NULL; of several with one name the first counts, as for getenv(3)
 *
 * no_proxy itself is obeyed by the one who connects: hosts in redirects count, too.
 *
 * Return: 0, or -EINVAL with @e filled (too long, or a scheme that we have no use for: no value is shown, there may be a
 * password in it)
 */
int proxy_choose(char *const *environment, struct fetch_session *session, struct err *e);

#endif
