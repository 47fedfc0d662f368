// SPDX-License-Identifier: Apache-2.0
/*
 * foreign.c: what our table lets through, another program's may still drop: a packet must pass all chains of a hook. That cannot be
 * overridden from here, and other programs' rules are theirs; it can be seen and said.
 *
 * A chain is in the way if it drops what none of its rules has accepted, by its policy or a last rule, and no rule of its table knows
 * our links: then somebody has let them pass. firewalld lets all published ports pass, which it knows by their connections' state.
 */
#include <errno.h>
#include <stdio.h>

#include "base/str.h"
#include "network/expr.h"
#include "network/network.h"
#include "network/nft.h"
#include "network/rules.h"

#define LINK_PREFIX "paene" /* of bridges that nobody has named */

struct chain {
	uint8_t family;
	char table[64], name[64];
	bool drops;  /* by its policy, or the last rule that was seen */
	bool knows;  /* a rule of its table speaks of our links, or of published ports */
	bool docker; /* it has docker's chain for such rules */
	bool ufw;
};

#define CHAINS_MAX 8
struct search {
	struct chain all[CHAINS_MAX];
	size_t n;
};

static const char *family_name(uint8_t family)
{
	return family == NFPROTO_IPV4 ? "ip" : family == NFPROTO_IPV6 ? "ip6" : "inet";
}

static int take_chain(const struct nlmsghdr *nlh, void *arg, struct err *e)
{
	const struct nlattr *attrs[NFTA_CHAIN_POLICY + 1], *hook[NFTA_HOOK_HOOKNUM + 1];
	struct search *s = arg;

	(void)e;
	if (!nlh) {
		s->n = 0;
		return 0;
	}
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);

	nl_attrs(nlh, sizeof(*nfg), attrs, NFTA_CHAIN_POLICY);
	nl_nested_attrs(attrs[NFTA_CHAIN_HOOK], hook, NFTA_HOOK_HOOKNUM);
	const char *table = nl_text(attrs[NFTA_CHAIN_TABLE]);
	bool ip = nfg->nfgen_family == NFPROTO_IPV4 || nfg->nfgen_family == NFPROTO_INET;

	if (!ip || !attrs[NFTA_CHAIN_HOOK] || ntohl(nl_u32(hook[NFTA_HOOK_HOOKNUM], UINT32_MAX)) != NF_INET_FORWARD ||
	    streq(table, RULES_TABLE) || s->n == CHAINS_MAX)
		return 0;
	struct chain *c = &s->all[s->n++];

	*c = (struct chain){ .family = nfg->nfgen_family, .drops = ntohl(nl_u32(attrs[NFTA_CHAIN_POLICY], NF_ACCEPT)) == NF_DROP };
	snprintf(c->table, sizeof(c->table), "%s", table);
	snprintf(c->name, sizeof(c->name), "%s", nl_text(attrs[NFTA_CHAIN_NAME]));
	return 0;
}

static bool expr_is(struct nftnl_expr *x, const char *name)
{
	return streq(nftnl_expr_get_str(x, NFTNL_EXPR_NAME), name);
}

/* Does it end every packet's way that comes to it? */
static bool ends_all(struct nftnl_expr *x)
{
	if (expr_is(x, "reject"))
		return true;
	if (expr_is(x, "immediate"))
		return nftnl_expr_is_set(x, NFTNL_EXPR_IMM_VERDICT) && nftnl_expr_get_u32(x, NFTNL_EXPR_IMM_VERDICT) == NF_DROP;
	return expr_is(x, "target") && (streq(nftnl_expr_get_str(x, NFTNL_EXPR_TG_NAME), "REJECT") ||
					streq(nftnl_expr_get_str(x, NFTNL_EXPR_TG_NAME), "DROP"));
}

static bool speaks_of_us(struct nftnl_expr *x)
{
	uint32_t len = 0;

	if (expr_is(x, "ct"))
		return nftnl_expr_get_u32(x, NFTNL_EXPR_CT_KEY) == NFT_CT_STATUS;
	const char *data = expr_is(x, "cmp") ? nftnl_expr_get(x, NFTNL_EXPR_CMP_DATA, &len) : NULL;

	return data && len >= strlen(LINK_PREFIX) && memcmp(data, LINK_PREFIX, strlen(LINK_PREFIX)) == 0;
}

/* Another chain of the table: whose it is tells whose table this is. */
static void look_at_name(struct chain *c, const char *chain)
{
	c->docker |= streq(chain, "DOCKER-USER");
	c->ufw |= str_after(chain, "ufw-") != NULL;
}

static void look_at_rule(struct chain *c, struct nftnl_rule *rule)
{
	const char *chain = nftnl_rule_get_str(rule, NFTNL_RULE_CHAIN);
	struct nftnl_expr_iter *it = nftnl_expr_iter_create(rule);
	bool every = true, ends = false;

	for (struct nftnl_expr *x = it ? nftnl_expr_iter_next(it) : NULL; x; x = nftnl_expr_iter_next(it)) {
		c->knows |= speaks_of_us(x);
		if (expr_is(x, "immediate") && nftnl_expr_is_set(x, NFTNL_EXPR_IMM_CHAIN))
			look_at_name(c, nftnl_expr_get_str(x, NFTNL_EXPR_IMM_CHAIN));
		if (ends_all(x))
			ends = every;
		else
			every &= expr_is(x, "counter") || expr_is(x, "log");
	}
	if (it)
		nftnl_expr_iter_destroy(it);
	c->drops |= ends && streq(chain, c->name);
	look_at_name(c, chain);
}

static int take_rule(const struct nlmsghdr *nlh, void *arg, struct err *e)
{
	struct nftnl_rule *rule = nlh ? nftnl_rule_alloc() : NULL;
	struct chain *c = arg;

	(void)e;
	if (rule && nftnl_rule_nlmsg_parse(nlh, rule) == 0 && streq(nftnl_rule_get_str(rule, NFTNL_RULE_TABLE), c->table))
		look_at_rule(c, rule);
	if (rule)
		nftnl_rule_free(rule);
	return 0;
}

static int look_at_chain(struct nl *nf, struct chain *c, struct err *e)
{
	auto_batch struct nl_batch b = { .nl = nf };

	if (nft_begin_in(c->family, &b, NFT_MSG_GETRULE, NLM_F_DUMP, ENOENT, "list the rules of table %s", c->table))
		nl_put_text(&b, NFTA_RULE_TABLE, c->table);
	return nl_dump(&b, take_rule, c, e);
}

static void describe(const struct chain *c, char ret[NET_FOREIGN_MAX])
{
	char remedy[200];

	if (c->docker)
		snprintf(remedy, sizeof(remedy), "iptables -I DOCKER-USER -i paene+ -j ACCEPT; iptables -I DOCKER-USER -o paene+ -j ACCEPT");
	else if (c->ufw)
		snprintf(remedy, sizeof(remedy), "ufw route allow in on paene0; ufw route allow out on paene0");
	else if (streq(c->table, "firewalld"))
		snprintf(remedy, sizeof(remedy), "firewall-cmd --permanent --zone=trusted --add-interface=paene0; firewall-cmd --reload");
	else if (c->family == NFPROTO_IPV4 && streq(c->table, "filter"))
		snprintf(remedy, sizeof(remedy), "iptables -I FORWARD -i paene+ -j ACCEPT; iptables -I FORWARD -o paene+ -j ACCEPT");
	else
		snprintf(remedy, sizeof(remedy), "nft 'insert rule %1$s %2$s %3$s iifname \"paene*\" accept; "
			 "insert rule %1$s %2$s %3$s oifname \"paene*\" accept'", family_name(c->family), c->table, c->name);
	snprintf(ret, NET_FOREIGN_MAX, "chain %s of table %s %s, another program's, drops what other machines and containers send each "
		 "other: `%s`", c->name, family_name(c->family), c->table, remedy);
}

int network_foreign(char ret[NET_FOREIGN_MAX], struct err *e)
{
	auto_nl struct nl nf = { 0 };
	auto_batch struct nl_batch b = { .nl = &nf };
	struct search s = { .n = 0 };
	int r = nft_open(&nf, e);

	if (r < 0)
		return r;
	nft_begin_in(NFPROTO_UNSPEC, &b, NFT_MSG_GETCHAIN, NLM_F_DUMP, 0, "list the chains of all tables");
	r = nl_dump(&b, take_chain, &s, e);
	for (size_t i = 0; i < s.n && r >= 0; i++) {
		r = look_at_chain(&nf, &s.all[i], e);
		if (r < 0 || !s.all[i].drops || s.all[i].knows)
			continue;
		describe(&s.all[i], ret);
		return 1;
	}
	return r < 0 ? r : 0;
}
