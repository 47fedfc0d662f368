// SPDX-License-Identifier: Apache-2.0
#include "network/table.h"

#include <errno.h>
#include <libnftnl/chain.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>

#include "network/nft.h"
#include "network/rules.h"

/* The table's frame: itself, its chains, sets and maps. Those that are there stay as they are. */

void table_put(struct nl_batch *b, uint8_t family)
{
	struct nftnl_table *t = nftnl_table_alloc();

	if (!t) {
		b->full = true;
		return;
	}
	nftnl_table_set_str(t, NFTNL_TABLE_NAME, RULES_TABLE);
	if (nft_begin_in(family, b, NFT_MSG_NEWTABLE, NLM_F_CREATE, 0, "add table %s", RULES_TABLE))
		nftnl_table_nlmsg_build_payload(b->last, t);
	nftnl_table_free(t);
}

void table_put_chain(struct nl_batch *b, uint8_t family, const struct rules_chain *chain, const char *device)
{
	struct nftnl_chain *c = nftnl_chain_alloc();

	if (!c) {
		b->full = true;
		return;
	}
	nftnl_chain_set_str(c, NFTNL_CHAIN_TABLE, RULES_TABLE);
	nftnl_chain_set_str(c, NFTNL_CHAIN_NAME, chain->name);
	if (chain->type) {
		nftnl_chain_set_str(c, NFTNL_CHAIN_TYPE, chain->type);
		nftnl_chain_set_u32(c, NFTNL_CHAIN_HOOKNUM, chain->hook);
		nftnl_chain_set_s32(c, NFTNL_CHAIN_PRIO, chain->priority);
	}
	if (device)
		nftnl_chain_set_str(c, NFTNL_CHAIN_DEV, device);
	if (nft_begin_in(family, b, NFT_MSG_NEWCHAIN, NLM_F_CREATE, 0, "add chain %s", chain->name))
		nftnl_chain_nlmsg_build_payload(b->last, c);
	nftnl_chain_free(c);
}

/*
 * The nft program's own note on a set of names: without it the names are taken for numbers and shown as "", which it cannot
 * read again: a whole firewall that somebody has saved by `nft list ruleset` would not come back.
 */
static bool note_host_order(struct nftnl_set *s)
{
	enum { HOST_ORDER = 1 };
	struct nftnl_udata_buf *buf = nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN);

	if (!buf)
		return false;
	nftnl_udata_put_u32(buf, NFTNL_UDATA_SET_KEYBYTEORDER, HOST_ORDER);
	nftnl_set_set_data(s, NFTNL_SET_USERDATA, nftnl_udata_buf_data(buf), nftnl_udata_buf_len(buf));
	nftnl_udata_buf_free(buf);
	return true;
}

void table_put_set(struct nl_batch *b, uint8_t family, const struct rules_set *set, uint32_t id)
{
	struct nftnl_set *s = nftnl_set_alloc();
	uint32_t flags = (set->data_type ? NFT_SET_MAP : 0) | (set->subnets ? NFT_SET_INTERVAL | NFT_SET_CONCAT : 0) |
			 (set->learns_s ? NFT_SET_EVAL | NFT_SET_TIMEOUT : 0);

	if (!s) {
		b->full = true;
		return;
	}
	nftnl_set_set_str(s, NFTNL_SET_TABLE, RULES_TABLE);
	nftnl_set_set_str(s, NFTNL_SET_NAME, set->name);
	nftnl_set_set_u32(s, NFTNL_SET_ID, id);
	nftnl_set_set_u32(s, NFTNL_SET_FLAGS, flags);
	nftnl_set_set_u32(s, NFTNL_SET_KEY_TYPE, set->key_type);
	nftnl_set_set_u32(s, NFTNL_SET_KEY_LEN, (uint32_t)rules_key_len(set));
	b->full |= set->key_type == TYPE_INTERFACE && !note_host_order(s);
	if (set->data_type) {
		nftnl_set_set_u32(s, NFTNL_SET_DATA_TYPE, set->data_type);
		nftnl_set_set_u32(s, NFTNL_SET_DATA_LEN, set->data_len);
	}
	if (set->subnets)
		nftnl_set_set_data(s, NFTNL_SET_DESC_CONCAT, set->fields, set->n_fields);
	if (set->learns_s) {
		nftnl_set_set_u64(s, NFTNL_SET_TIMEOUT, set->learns_s * UINT64_C(1000));
		nftnl_set_set_u32(s, NFTNL_SET_DESC_SIZE, RULES_LEARNED_MAX);
	}
	if (nft_begin_in(family, b, NFT_MSG_NEWSET, NLM_F_CREATE, 0, "add set %s", set->name))
		nftnl_set_nlmsg_build_payload(b->last, s);
	nftnl_set_free(s);
}

static void flush_rules(struct nl_batch *b)
{
	if (nft_begin(b, NFT_MSG_DELRULE, 0, 0, "remove the rules of table %s", RULES_TABLE))
		nl_put_text(b, NFTA_RULE_TABLE, RULES_TABLE);
}

static bool set_comment(struct nftnl_rule *rule, const char *text)
{
	struct nftnl_udata_buf *buf = nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN);

	if (!buf)
		return false;
	nftnl_udata_put_strz(buf, NFTNL_UDATA_RULE_COMMENT, text);
	nftnl_rule_set_data(rule, NFTNL_RULE_USERDATA, nftnl_udata_buf_data(buf), nftnl_udata_buf_len(buf));
	nftnl_udata_buf_free(buf);
	return true;
}

void table_put_rule(struct nl_batch *b, uint8_t family, const struct rules_rule *rule, const char *chain, const void *arg)
{
	struct rules_builder builder = { .rule = nftnl_rule_alloc(), .arg = arg };

	if (!builder.rule) {
		b->full = true;
		return;
	}
	nftnl_rule_set_str(builder.rule, NFTNL_RULE_TABLE, RULES_TABLE);
	nftnl_rule_set_str(builder.rule, NFTNL_RULE_CHAIN, chain);
	builder.failed = !set_comment(builder.rule, rule->why);
	for (size_t i = 0; i < ARRAY_SIZE(rule->words) && rule->words[i]; i++)
		rule->words[i](&builder);
	if (builder.failed)
		b->full = true;
	else if (nft_begin_in(family, b, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, 0, "add rule \"%s\"", rule->why))
		nftnl_rule_nlmsg_build_payload(b->last, builder.rule);
	nftnl_rule_free(builder.rule);
}

static int make_rules(struct nl *nf, struct err *e)
{
	auto_batch struct nl_batch b = { .nl = nf };

	nft_transaction(&b, 0);
	table_put(&b, NFPROTO_INET);
	for (size_t i = 0; i < rules_n_chains; i++)
		table_put_chain(&b, NFPROTO_INET, &rules_chains[i], NULL);
	for (size_t i = 0; i < rules_n_sets; i++)
		table_put_set(&b, NFPROTO_INET, &rules_sets[i], (uint32_t)i + 1);
	flush_rules(&b);
	for (size_t i = 0; i < rules_n_rules; i++)
		table_put_rule(&b, NFPROTO_INET, &rules_rules[i], rules_rules[i].chain, NULL);
	int r = nft_commit(&b, e);

	if (r != -ENOENT && r != -EOPNOTSUPP)
		return r;
	return err_hint(e, "nf_tables needs the kernel modules nft_nat, nft_masq, nft_fib_inet and nft_ct");
}

/* Which of our rules a dump has shown. */
struct inventory {
	uint64_t seen; /* a bit for each */
	bool strange;  /* a rule that is not ours, or out of order */
};

bool table_rule_is(const struct nlattr *userdata, const char *text)
{
	size_t len = strlen(text) + 1;
	const uint8_t *p = userdata ? mnl_attr_get_payload(userdata) : NULL;

	/* type, length, text: as nftnl_udata_put_strz() has written it */
	return p && mnl_attr_get_payload_len(userdata) == len + 2 && p[0] == NFTNL_UDATA_RULE_COMMENT && p[1] == len &&
	       memcmp(p + 2, text, len) == 0;
}

/* The first rule of its chain that has not been seen yet must be this one. */
static int take_rule(const struct nlmsghdr *nlh, void *arg, struct err *e)
{
	const struct nlattr *attrs[NFTA_RULE_USERDATA + 1];
	struct inventory *inv = arg;

	(void)e;
	if (!nlh) {
		*inv = (struct inventory){ 0 };
		return 0;
	}
	nl_attrs(nlh, sizeof(struct nfgenmsg), attrs, NFTA_RULE_USERDATA);
	if (!streq(nl_text(attrs[NFTA_RULE_TABLE]), RULES_TABLE))
		return 0;
	for (size_t i = 0; i < rules_n_rules; i++) {
		if (inv->seen & BIT64(i) || !streq(nl_text(attrs[NFTA_RULE_CHAIN]), rules_rules[i].chain))
			continue;
		inv->seen |= BIT64(i);
		inv->strange |= !table_rule_is(attrs[NFTA_RULE_USERDATA], rules_rules[i].why);
		return 0;
	}
	inv->strange = true;
	return 0;
}

int table_is_good(struct nl *nf, bool *ret, struct err *e)
{
	auto_batch struct nl_batch b = { .nl = nf };
	struct inventory inv = { 0 };

	if (nft_begin(&b, NFT_MSG_GETRULE, NLM_F_DUMP, ENOENT, "list the rules of table %s", RULES_TABLE))
		nl_put_text(&b, NFTA_RULE_TABLE, RULES_TABLE);
	int r = nl_dump(&b, take_rule, &inv, e);

	*ret = r == 0 && !inv.strange && inv.seen == BIT64(rules_n_rules) - 1;
	return r;
}

int table_ensure(struct nl *nf, bool *ret_made, struct err *e)
{
	bool good;
	int r = table_is_good(nf, &good, e);

	if (r == 0 && !good)
		r = make_rules(nf, e);
	if (r < 0)
		return r;
	*ret_made = !good;
	return 0;
}
