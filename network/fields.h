/* SPDX-License-Identifier: Apache-2.0 */
/* fields.h: addresses in JSON files, as rows of decode.h's tables: FIELD_OWN(type, member, "key", net_addr, …). */
#ifndef NETWORK_FIELDS_H
#define NETWORK_FIELDS_H

#include "network/network.h"
#include "spec/decode.h"

int field_net_addr(struct decoder *d, const struct field *f, json_t *v, void *ret);
int put_net_addr(const struct field *f, const void *value, json_t **ret, struct err *e);

#endif
