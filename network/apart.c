// SPDX-License-Identifier: Apache-2.0
#include "network/apart.h"

#include <errno.h>
#include <netinet/in.h> /* before the kernel's own headers, which then leave its types out */

#include <linux/fib_rules.h>
#include <linux/netfilter_ipv4.h>
#include <linux/rtnetlink.h>

#include "network/nft.h"
#include "network/rules.h"
#include "network/table.h"

#define MARK	       0x7061656eU /* of packets, and the number of the table of routes */
#define RULE_PRIORITY  100
#define LOOPBACK_INDEX 1

static void of_such_a_socket(struct rules_builder *b)
{
	struct nftnl_expr *x = expr_add(b, "socket");

	if (!x)
		return;
	nftnl_expr_set_u32(x, NFTNL_EXPR_SOCKET_KEY, NFT_SOCKET_TRANSPARENT);
	nftnl_expr_set_u32(x, NFTNL_EXPR_SOCKET_DREG, REG(0));
	expr_compare(b, NFT_CMP_EQ, REG(0), &(uint8_t){ 1 }, 1);
}

static void mark(struct rules_builder *b)
{
	struct nftnl_expr *value = expr_add(b, "immediate"), *x = value ? expr_add(b, "meta") : NULL;

	if (!x)
		return;
	nftnl_expr_set_u32(value, NFTNL_EXPR_IMM_DREG, REG(0));
	nftnl_expr_set(value, NFTNL_EXPR_IMM_DATA, &(uint32_t){ MARK }, sizeof(uint32_t));
	nftnl_expr_set_u32(x, NFTNL_EXPR_META_KEY, NFT_META_MARK);
	nftnl_expr_set_u32(x, NFTNL_EXPR_META_SREG, REG(0));
}

static const struct rules_chain chain = { "answers", "filter", NF_INET_PRE_ROUTING, NF_IP_PRI_MANGLE };
static const struct rules_rule rule = {
	"answers", "what containers answer to whom we call for comes here", { of_such_a_socket, mark },
};

/* A table of its own, of IPv4 alone: that of all networks has the same rules everywhere. */
static int mark_answers(struct err *e)
{
	auto_nl struct nl nf = { 0 };
	auto_batch struct nl_batch b = { .nl = &nf };
	int r = nft_open(&nf, e);

	if (r < 0)
		return r;
	nft_transaction(&b, 0);
	table_put(&b, NFPROTO_IPV4);
	table_put_chain(&b, NFPROTO_IPV4, &chain, NULL);
	if (nft_begin_in(NFPROTO_IPV4, &b, NFT_MSG_DELRULE, 0, 0, "remove the rules of table ip " RULES_TABLE))
		nl_put_text(&b, NFTA_RULE_TABLE, RULES_TABLE);
	table_put_rule(&b, NFPROTO_IPV4, &rule, rule.chain, NULL);
	r = nft_commit(&b, e);
	return r == -ENOENT || r == -EOPNOTSUPP ? err_hint(e, "a user's published ports need the kernel module nft_socket") : r;
}

static int route_answers(struct err *e)
{
	auto_nl struct nl rt = { 0 };
	auto_batch struct nl_batch b = { .nl = &rt };
	int r = nl_open(&rt, NETLINK_ROUTE, e);

	if (r < 0)
		return r;
	struct rtmsg *rtm = nl_add(&b, RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, EEXIST, sizeof(*rtm),
				   "add the route of answers");

	*rtm = (struct rtmsg){ .rtm_family = AF_INET, .rtm_type = RTN_LOCAL, .rtm_scope = RT_SCOPE_HOST, .rtm_protocol = RTPROT_STATIC };
	nl_put_u32(&b, RTA_TABLE, MARK);
	nl_put_u32(&b, RTA_OIF, LOOPBACK_INDEX);
	struct fib_rule_hdr *frh = nl_add(&b, RTM_NEWRULE, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, EEXIST, sizeof(*frh),
					  "add the rule for answers");

	*frh = (struct fib_rule_hdr){ .family = AF_INET, .action = FR_ACT_TO_TBL };
	nl_put_u32(&b, FRA_PRIORITY, RULE_PRIORITY);
	nl_put_u32(&b, FRA_FWMARK, MARK);
	nl_put_u32(&b, FRA_TABLE, MARK);
	return nl_run(&b, NULL, NULL, e);
}

int apart_prepare(struct err *e)
{
	int r = mark_answers(e);

	return r < 0 ? r : route_answers(e);
}
