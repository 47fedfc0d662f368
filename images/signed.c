// SPDX-License-Identifier: Apache-2.0
#include "images/signed.h"

static const struct field entry_fields[] = {
	FIELD_STRING(struct signed_entry, payload, "payload", REQUIRED),
	{ FIELD_OF(struct signed_entry, bytes, "bytes", u64, REQUIRED), .max = SIGNED_PAYLOAD_MAX },
	FIELD_STRING(struct signed_entry, signature, "signature", REQUIRED),
};

struct whole {
	struct signed_list list;
};

const struct field signed_fields[1] = {
	FIELD_LIST(struct whole, list, "signatures", REQUIRED, entry_fields, struct signed_entry),
};
