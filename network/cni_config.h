/* SPDX-License-Identifier: Apache-2.0 */
/* cni_config.h: configurations of networks as administrators write them, and what each plugin is told of them. */
#ifndef NETWORK_CNI_CONFIG_H
#define NETWORK_CNI_CONFIG_H

#include "network/cni.h"

/* Those that we speak, oldest first. */
enum cni_version {
	CNI_0_3_0,
	CNI_0_3_1,
	CNI_0_4_0, /* with CHECK, and with the result in DEL */
	CNI_1_0_0,
	CNI_1_1_0, /* with GC and STATUS */
	CNI_VERSIONS,
};
extern const char *const cni_versions[CNI_VERSIONS];

struct cni_config {
	json_t *root; /* the file; owned */
	struct arena arena;
	char *name;
	enum cni_version version;
	bool disable_check, disable_gc;
	json_t *plugins; /* a list with at least one object, each with a type; of @root */
};

void cni_config_free(struct cni_config *c);
#define auto_cni_config __attribute__((cleanup(cni_config_free)))

/**
 * cni_config_read() - One configuration: a list of plugins (.conflist), or a single plugin (.conf)
 * @what:	Its file, for messages
 *
 * Return: 0, or -errno with @e filled
 */
int cni_config_read(const char *text, size_t len, const char *what, struct cni_config *ret, struct err *e);

/* The one of a name, in a folder: of several the first, lists before single plugins. Return: 0, or -errno with @e filled (-ENOENT) */
int cni_config_find(const char *folder, const char *network, struct cni_config *ret, struct err *e);

/**
 * cni_config_resolve() - What each plugin is told: its configuration with version, name, and what of the wishes it understands
 * @ret:	A list in the order of the plugins; a new reference
 *
 * Return: 0, or -errno with @e filled (-EOPNOTSUPP: a wish that none of them understands)
 */
int cni_config_resolve(const struct cni_config *c, const struct cni_request *q, json_t **ret, struct err *e);

#endif
