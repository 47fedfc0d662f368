/* SPDX-License-Identifier: Apache-2.0 */
/* keys.h: the kinds of files that podman's quadlet knows, and what their keys are among our options: tables. */
#ifndef CLI_QUADLET_KEYS_H
#define CLI_QUADLET_KEYS_H

#include "base/util.h"

enum key_kind {
	KEY_OWN,    /* things.c and others know what to do with it */
	KEY_VALUE,  /* --OPTION VALUE; the last one counts */
	KEY_LIST,   /* --OPTION VALUE for each line */
	KEY_WORDS,  /* --OPTION WORD for each word of each line, quotes taken off */
	KEY_FLAG,   /* --OPTION where it is true */
	KEY_BOOL,   /* --OPTION=true or =false */
	KEY_UNUSED, /* there is nothing like it: said, and passed over */
	KEY_REFUSED,
};

struct key {
	const char *name;
	enum key_kind kind;
	const char *option; /* of KEY_OWN: what it means; of KEY_UNUSED and KEY_REFUSED: why */
	const char *prefix; /* what its value begins with ("mask="); NULL: nothing */
};


enum quadlet_type { QUADLET_CONTAINER, QUADLET_VOLUME, QUADLET_NETWORK, QUADLET_IMAGE, QUADLET_POD, QUADLET_TYPES };

struct key_table {
	const char *suffix;  /* of the file's name, without its dot */
	const char *section; /* that has the keys */
	const char *service; /* what the name of its service has behind the file's */
	const struct key *keys;
	size_t n;
};
extern const struct key_table key_tables[QUADLET_TYPES];

#endif
