// SPDX-License-Identifier: Apache-2.0
#include "network/sets.h"

#include <errno.h>

#include "network/nft.h"
#include "network/rules.h"

struct each {
	const char *set;
	int (*f)(const struct sets_element *x, void *arg, struct err *e);
	void *arg;
};

static struct sets_bytes value_of(const struct nlattr *data)
{
	const struct nlattr *attrs[NFTA_DATA_VALUE + 1];

	nl_nested_attrs(data, attrs, NFTA_DATA_VALUE);
	const struct nlattr *value = attrs[NFTA_DATA_VALUE];

	return value ? (struct sets_bytes){ mnl_attr_get_payload(value), mnl_attr_get_payload_len(value) }
		     : (struct sets_bytes){ NULL, 0 };
}

static int take_elements(const struct nlmsghdr *nlh, void *arg, struct err *e)
{
	const struct nlattr *attrs[NFTA_SET_ELEM_LIST_ELEMENTS + 1], *at;
	const struct each *each = arg;
	int r = 0;

	if (!nlh)
		return each->f(NULL, each->arg, e);
	nl_attrs(nlh, sizeof(struct nfgenmsg), attrs, NFTA_SET_ELEM_LIST_ELEMENTS);
	if (!attrs[NFTA_SET_ELEM_LIST_ELEMENTS])
		return 0;
	mnl_attr_for_each_nested (at, attrs[NFTA_SET_ELEM_LIST_ELEMENTS]) {
		const struct nlattr *elem[NFTA_SET_ELEM_KEY_END + 1];

		nl_nested_attrs(at, elem, NFTA_SET_ELEM_KEY_END);
		const struct sets_element x = {
			.set = each->set,
			.key = value_of(elem[NFTA_SET_ELEM_KEY]),
			.end = value_of(elem[NFTA_SET_ELEM_KEY_END]),
			.data = value_of(elem[NFTA_SET_ELEM_DATA]),
		};

		if (r == 0)
			r = each->f(&x, each->arg, e);
	}
	return r;
}

int sets_each(struct nl *nf, const char *set, int (*f)(const struct sets_element *x, void *arg, struct err *e), void *arg,
	      struct err *e)
{
	auto_batch struct nl_batch b = { .nl = nf };
	struct each each = { set, f, arg };

	if (nft_begin(&b, NFT_MSG_GETSETELEM, NLM_F_DUMP, ENOENT, "list set %s", set)) {
		nl_put_text(&b, NFTA_SET_ELEM_LIST_TABLE, RULES_TABLE);
		nl_put_text(&b, NFTA_SET_ELEM_LIST_SET, set);
	}
	return nl_dump(&b, take_elements, &each, e);
}

static void put_value(struct nl_batch *b, uint16_t type, const struct sets_bytes *bytes)
{
	if (!bytes->len)
		return;
	struct nlattr *nest = nl_nest(b, type | NLA_F_NESTED);

	nl_put(b, NFTA_DATA_VALUE, bytes->v, bytes->len);
	nl_nest_end(b, nest);
}

int sets_drop(struct nl *nf, const struct sets_element *x, struct err *e)
{
	auto_batch struct nl_batch b = { .nl = nf };

	nft_transaction(&b, 0);
	if (nft_begin(&b, NFT_MSG_DELSETELEM, 0, ENOENT, "remove an element of set %s", x->set)) {
		nl_put_text(&b, NFTA_SET_ELEM_LIST_TABLE, RULES_TABLE);
		nl_put_text(&b, NFTA_SET_ELEM_LIST_SET, x->set);
		struct nlattr *list = nl_nest(&b, NFTA_SET_ELEM_LIST_ELEMENTS | NLA_F_NESTED);
		struct nlattr *elem = nl_nest(&b, NFTA_LIST_ELEM | NLA_F_NESTED);

		put_value(&b, NFTA_SET_ELEM_KEY, &x->key);
		put_value(&b, NFTA_SET_ELEM_KEY_END, &x->end);
		nl_nest_end(&b, elem);
		nl_nest_end(&b, list);
	}
	return nft_commit(&b, e);
}
