// SPDX-License-Identifier: Apache-2.0
#include "images/proxy.h"

#include <errno.h>
#include <stdio.h>

static const char *value_of(char *const *environment, const char *name)
{
	for (; environment && *environment; environment++) {
		const char *rest = str_after(*environment, name);

		if (rest && *rest == '=')
			return rest + 1;
	}
	return NULL;
}

/* The first name that is set to something. */
static const char *first_of(char *const *environment, const char *const names[], const char **ret_name)
{
	for (; *names; names++) {
		const char *value = value_of(environment, *names);

		if (value && *value) {
			*ret_name = *names;
			return value;
		}
	}
	return NULL;
}

static bool is_known_scheme(const char *proxy)
{
	static const char *const schemes[] = { "http://", "https://", "socks4://", "socks4a://", "socks5://", "socks5h://" };

	if (!strstr(proxy, "://"))
		return true; /* http */
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (str_after(proxy, schemes[i]))
			return true;
	return false;
}

int proxy_choose(char *const *environment, struct fetch_session *session, struct err *e)
{
	static const char *const for_http[] = { "http_proxy", "all_proxy", "ALL_PROXY", NULL };
	static const char *const for_https[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", NULL };
	static const char *const except[] = { "no_proxy", "NO_PROXY", NULL };
	const char *name, *except_name = NULL;
	const char *proxy = first_of(environment, str_after(session->url, "http://") ? for_http : for_https, &name);
	const char *no_proxy = proxy ? first_of(environment, except, &except_name) : NULL;

	session->proxy[0] = session->no_proxy[0] = '\0';
	if (!proxy)
		return 0;
	if (!is_known_scheme(proxy))
		return err_say(e, EINVAL, "%s: a proxy is http, https, socks4, socks4a, socks5 or socks5h", name);
	if (strlen(proxy) >= sizeof(session->proxy))
		return err_say(e, EINVAL, "%s is longer than %zu bytes", name, sizeof(session->proxy) - 1);
	if (no_proxy && strlen(no_proxy) >= sizeof(session->no_proxy))
		return err_say(e, EINVAL, "%s is longer than %zu bytes", except_name, sizeof(session->no_proxy) - 1);
	snprintf(session->proxy, sizeof(session->proxy), "%s", proxy);
	snprintf(session->no_proxy, sizeof(session->no_proxy), "%s", no_proxy ? no_proxy : "");
	return 0;
}
