// SPDX-License-Identifier: Apache-2.0
#include "network/sets.h"

#include <errno.h>

#include "network/nft.h"
#include "network/rules.h"

struct list {
	struct arena *arena;
	const char *set; /* that is read now */
	size_t before;	 /* elements of other sets */
	struct sets_element *v;
	size_t n, room;
};

static struct sets_bytes value_of(struct arena *a, const struct nlattr *data)
{
	const struct nlattr *attrs[NFTA_DATA_VALUE + 1];

	nl_nested_attrs(data, attrs, NFTA_DATA_VALUE);
	const struct nlattr *value = attrs[NFTA_DATA_VALUE];
	uint16_t len = value ? mnl_attr_get_payload_len(value) : 0;
	void *copy = len ? arena_alloc(a, len) : NULL;

	return copy ? (struct sets_bytes){ memcpy(copy, mnl_attr_get_payload(value), len), len } : (struct sets_bytes){ NULL, 0 };
}

static int add(struct list *l, const struct nlattr *element, struct err *e)
{
	const struct nlattr *attrs[NFTA_SET_ELEM_KEY_END + 1];

	if (l->n == l->room) {
		size_t room = MAX(l->room * 2, (size_t)64);
		struct sets_element *v = arena_array(l->arena, room, sizeof(*v));

		if (!v)
			return err_nomem(e);
		if (l->n)
			memcpy(v, l->v, l->n * sizeof(*v));
		l->v = v;
		l->room = room;
	}
	nl_nested_attrs(element, attrs, NFTA_SET_ELEM_KEY_END);
	l->v[l->n++] = (struct sets_element){
		.set = l->set,
		.key = value_of(l->arena, attrs[NFTA_SET_ELEM_KEY]),
		.end = value_of(l->arena, attrs[NFTA_SET_ELEM_KEY_END]),
		.data = value_of(l->arena, attrs[NFTA_SET_ELEM_DATA]),
	};
	return 0;
}

static int take_elements(const struct nlmsghdr *nlh, void *arg, struct err *e)
{
	const struct nlattr *attrs[NFTA_SET_ELEM_LIST_ELEMENTS + 1], *at;
	struct list *l = arg;
	int r = 0;

	if (!nlh) {
		l->n = l->before;
		return 0;
	}
	nl_attrs(nlh, sizeof(struct nfgenmsg), attrs, NFTA_SET_ELEM_LIST_ELEMENTS);
	if (!attrs[NFTA_SET_ELEM_LIST_ELEMENTS])
		return 0;
	mnl_attr_for_each_nested (at, attrs[NFTA_SET_ELEM_LIST_ELEMENTS])
		if (r == 0)
			r = add(l, at, e);
	return r;
}

static int list_one(struct nl *nf, struct list *l, struct err *e)
{
	auto_batch struct nl_batch b = { .nl = nf };

	l->before = l->n;
	if (nft_begin(&b, NFT_MSG_GETSETELEM, NLM_F_DUMP, ENOENT, "list set %s", l->set)) {
		nl_put_text(&b, NFTA_SET_ELEM_LIST_TABLE, RULES_TABLE);
		nl_put_text(&b, NFTA_SET_ELEM_LIST_SET, l->set);
	}
	return nl_dump(&b, take_elements, l, e);
}

int sets_list(struct nl *nf, struct arena *a, struct sets_element **ret, size_t *ret_n, struct err *e)
{
	struct list l = { .arena = a };
	int r = 0;

	for (size_t i = 0; i < rules_n_sets && r >= 0; i++) {
		l.set = rules_sets[i].name;
		r = list_one(nf, &l, e);
	}
	if (r < 0)
		return r;
	*ret = l.v;
	*ret_n = l.n;
	return 0;
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
