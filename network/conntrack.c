// SPDX-License-Identifier: Apache-2.0
#include "network/conntrack.h"

#include <errno.h>
#include <netinet/in.h>

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#define CONNTRACK(type) (NFNL_SUBSYS_CTNETLINK << 8 | (type))

struct search {
	const struct net_port *ports;
	size_t n_ports;
	struct nl_batch remove; /* a request for each flow that was found */
};

/* Whether a flow went to one of the ports when it began. */
static bool to_port(const struct search *s, const struct nlattr *tuple)
{
	const struct nlattr *parts[CTA_TUPLE_PROTO + 1], *proto[CTA_PROTO_DST_PORT + 1];

	nl_nested_attrs(tuple, parts, CTA_TUPLE_PROTO);
	nl_nested_attrs(parts[CTA_TUPLE_PROTO], proto, CTA_PROTO_DST_PORT);
	const struct nlattr *number = proto[CTA_PROTO_NUM], *port = proto[CTA_PROTO_DST_PORT];

	if (!number || mnl_attr_get_payload_len(number) != 1 || mnl_attr_get_u8(number) != IPPROTO_UDP || !port ||
	    mnl_attr_get_payload_len(port) != 2)
		return false;
	for (size_t i = 0; i < s->n_ports; i++)
		if (s->ports[i].protocol == IPPROTO_UDP && s->ports[i].host_port == ntohs(mnl_attr_get_u16(port)))
			return true;
	return false;
}

static int take_flow(const struct nlmsghdr *nlh, void *arg, struct err *e)
{
	const struct nlattr *attrs[CTA_ID + 1];
	struct search *s = arg;

	(void)e;
	if (!nlh) {
		nl_batch_free(&s->remove);
		return 0;
	}
	nl_attrs(nlh, sizeof(struct nfgenmsg), attrs, CTA_ID);
	const struct nlattr *tuple = attrs[CTA_TUPLE_ORIG];

	if (!tuple || !to_port(s, tuple))
		return 0;
	struct nfgenmsg *nfg = nl_add(&s->remove, CONNTRACK(IPCTNL_MSG_CT_DELETE), 0, ENOENT, sizeof(*nfg),
				      "forget a flow to a published port");

	nfg->nfgen_family = ((const struct nfgenmsg *)mnl_nlmsg_get_payload(nlh))->nfgen_family;
	nfg->version = NFNETLINK_V0;
	nl_put(&s->remove, CTA_TUPLE_ORIG | NLA_F_NESTED, mnl_attr_get_payload(tuple), mnl_attr_get_payload_len(tuple));
	if (attrs[CTA_ID])
		nl_put(&s->remove, CTA_ID, mnl_attr_get_payload(attrs[CTA_ID]), mnl_attr_get_payload_len(attrs[CTA_ID]));
	return 0;
}

static int list_flows(struct nl *nf, struct search *s, struct err *e)
{
	auto_batch struct nl_batch b = { .nl = nf };
	struct nfgenmsg *nfg = nl_add(&b, CONNTRACK(IPCTNL_MSG_CT_GET), NLM_F_DUMP, 0, sizeof(*nfg), "list tracked flows");

	nfg->nfgen_family = AF_UNSPEC; /* both */
	nfg->version = NFNETLINK_V0;
	return nl_dump(&b, take_flow, s, e);
}

int conntrack_forget(struct nl *nf, const struct net_port *ports, size_t n_ports, struct err *e)
{
	struct search s = { .ports = ports, .n_ports = n_ports, .remove = { .nl = nf } };
	bool any = false;

	for (size_t i = 0; i < n_ports; i++)
		any |= ports[i].protocol == IPPROTO_UDP;
	if (!any)
		return 0;
	int r = list_flows(nf, &s, e);

	nl_ack_last(&s.remove);
	if (r == 0 && s.remove.n)
		r = nl_run(&s.remove, NULL, NULL, e);
	nl_batch_free(&s.remove);
	return r;
}
