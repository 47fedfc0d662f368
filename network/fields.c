// SPDX-License-Identifier: Apache-2.0
#include "network/fields.h"

int field_net_addr(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	const char *text = json_string_value(v);

	(void)f;
	if (!text || strlen(text) != json_string_length(v) || net_addr_parse(text, ret) < 0)
		return decode_fail(d, "expected an address such as \"10.89.0.1/16\"");
	return 0;
}

int put_net_addr(const struct field *f, const void *value, json_t **ret, struct err *e)
{
	const struct net_addr *a = value;
	char text[NET_ADDR_MAX];

	(void)f;
	if (a->family == 0)
		return 0;
	json_t *v = json_string(net_addr_text(a, true, text));

	if (!v)
		return err_nomem(e);
	*ret = v;
	return 0;
}
