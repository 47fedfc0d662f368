/* SPDX-License-Identifier: Apache-2.0 */
/* nft.h: requests to nf_tables and transactions of them. */
#ifndef NETWORK_NFT_H
#define NETWORK_NFT_H

#include <netinet/in.h> /* before the kernel's own headers, which then leave its types out */

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "network/nl.h"

/* A socket to nf_tables of the calling thread's network namespace. Return: 0, or -errno with @e filled */
int nft_open(struct nl *nf, struct err *e);

/* Begin a request, as nl_add() does. Return: whether there is memory to write its attributes (b->last) */
#define nft_begin(b, type, flags, fine, ...) nft_begin_in(NFPROTO_INET, b, type, flags, fine, __VA_ARGS__)
/* The same for a table of another family than inet. */
#define nft_begin_in(family, b, type, flags, fine, ...) \
	nft_header((b), nl_add((b), NFNL_SUBSYS_NFTABLES << 8 | (type), (flags), (fine), sizeof(struct nfgenmsg), \
			       __VA_ARGS__), (family), 0)
bool nft_header(struct nl_batch *b, void *header, uint8_t family, uint16_t subsystem);

/**
 * nft_transaction() - Begin a transaction in an empty batch: the requests until nft_commit() are done together or not at all
 * @generation:	Do nothing if it is another one by now (nft_commit() fails with -ERESTART); 0: never mind
 */
void nft_transaction(struct nl_batch *b, uint32_t generation);
int nft_commit(struct nl_batch *b, struct err *e);

/* The number of the present generation of all tables: it changes with everybody's every change. */
int nft_generation(struct nl *nf, uint32_t *ret, struct err *e);

#endif
