/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules.h: the rules of our one nftables table, `inet paene`, as data.
 *
 * The rules never change: networks, containers and published ports are elements of the table's sets and maps, so that the
 * thousandth port costs what the first one did, and a packet takes the same few look-ups.
 */
#ifndef NETWORK_RULES_H
#define NETWORK_RULES_H

#include <libnftnl/set.h>

#include "network/expr.h"

#define RULES_TABLE "paene"

/* Sets of networks: bridges; internal and isolated ones; bridge and bridge again (traffic inside one); bridge and subnet. */
#define RULES_BRIDGES  "bridges"
#define RULES_INTERNAL "internal"
#define RULES_ISOLATED "isolated"
#define RULES_PAIRS    "pairs"
#define RULES_SUBNETS  "subnets"
#define RULES_SUBNETS6 "subnets6"
/* Published ports, to container's address and port: by protocol, host's address and port; by protocol and port. */
#define RULES_PORTS	 "ports"
#define RULES_PORTS_ANY	 "ports_any"
#define RULES_PORTS6	 "ports6"
#define RULES_PORTS_ANY6 "ports_any6"

/* The nft program's numbers of types; a concatenation is one number, six bits for each part. */
enum {
	TYPE_ADDRESS = 7,
	TYPE_ADDRESS6 = 8,
	TYPE_PROTOCOL = 12,
	TYPE_PORT = 13,
	TYPE_INTERFACE = 41,
};

struct rules_set {
	const char *name;
	uint32_t key_type, data_type; /* TYPE_…, so that the nft program can show elements; data 0: a set */
	uint8_t fields[4];	      /* bytes of each part of the key; each begins in a register of 4 of its own */
	uint8_t n_fields, data_len;
	bool subnets;	   /* keys are ranges */
	uint32_t learns_s; /* rules add keys, which go after so many seconds unless they say otherwise; 0: they do not */
};

#define RULES_LEARNED_MAX 65536 /* keys */

struct rules_chain {
	const char *name, *type; /* type NULL: a chain that others jump to */
	uint32_t hook;
	int32_t priority;
};

/* A word of a rule: appends the expressions that test something or decide. */
typedef void (*rules_word)(struct rules_builder *b);

struct rules_rule {
	const char *chain;
	const char *why; /* its comment; our check compares it, so a changed rule needs a changed comment */
	rules_word words[7];
};

extern const struct rules_set rules_sets[];
extern const size_t rules_n_sets;
extern const struct rules_chain rules_chains[];
extern const size_t rules_n_chains;
extern const struct rules_rule rules_rules[];
extern const size_t rules_n_rules;

/* Bytes of a set's whole key. */
size_t rules_key_len(const struct rules_set *s);

#endif
