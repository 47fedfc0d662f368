// SPDX-License-Identifier: Apache-2.0
#include "network/nft.h"

#include <arpa/inet.h>

#include "network/rules.h"

int nft_open(struct nl *nf, struct err *e)
{
	return nl_open(nf, NETLINK_NETFILTER, e);
}

bool nft_header(struct nl_batch *b, void *header, uint8_t family, uint16_t subsystem)
{
	struct nfgenmsg *nfg = header;

	nfg->nfgen_family = family;
	nfg->version = NFNETLINK_V0;
	nfg->res_id = htons(subsystem);
	return !b->full;
}

static void bracket(struct nl_batch *b, uint16_t type)
{
	void *header = nl_add(b, type, 0, 0, sizeof(struct nfgenmsg), "change nftables table %s", RULES_TABLE);

	nft_header(b, header, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
}

void nft_transaction(struct nl_batch *b, uint32_t generation)
{
	bracket(b, NFNL_MSG_BATCH_BEGIN);
	if (generation)
		nl_put_u32(b, NFNL_BATCH_GENID, htonl(generation));
	if (!b->full)
		b->requests[0].alone = true;
}

int nft_commit(struct nl_batch *b, struct err *e)
{
	nl_ack_last(b); /* its answer comes behind the failures of those before it */
	bracket(b, NFNL_MSG_BATCH_END);
	return nl_run(b, NULL, NULL, e);
}

static int take_generation(const struct nlmsghdr *nlh, void *arg, struct err *e)
{
	const struct nlattr *attrs[NFTA_GEN_ID + 1];

	(void)e;
	nl_attrs(nlh, sizeof(struct nfgenmsg), attrs, NFTA_GEN_ID);
	*(uint32_t *)arg = ntohl(nl_u32(attrs[NFTA_GEN_ID], 0));
	return 0;
}

int nft_generation(struct nl *nf, uint32_t *ret, struct err *e)
{
	auto_batch struct nl_batch b = { .nl = nf };

	nft_begin(&b, NFT_MSG_GETGEN, NLM_F_ACK, 0, "read the generation of nftables");
	return nl_run(&b, take_generation, ret, e);
}
