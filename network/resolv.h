/* SPDX-License-Identifier: Apache-2.0 */
/* resolv.h: what network_resolv() makes of the host's files; pure. */
#ifndef NETWORK_RESOLV_H
#define NETWORK_RESOLV_H

#include "base/err.h"

/**
 * resolv_text() - A container's resolv.conf
 * @host:	The host's /etc/resolv.conf
 * @resolved:	What systemd-resolved itself asks (/run/systemd/resolve/resolv.conf); "" where there is none
 * @internal:	No nameserver at all
 * @v6:		It can reach those of IPv6
 * @ret:	Freed by the caller
 *
 * Return: 0, or -ENOMEM with @e filled
 */
int resolv_text(const char *host, const char *resolved, bool internal, bool v6, char **ret, struct err *e);

#endif
