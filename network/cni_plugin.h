/* SPDX-License-Identifier: Apache-2.0 */
/* cni_plugin.h: one call of one plugin: a program with words in its environment, JSON in and JSON out. */
#ifndef NETWORK_CNI_PLUGIN_H
#define NETWORK_CNI_PLUGIN_H

#include <jansson.h>

#include "base/err.h"

struct cni_call {
	const char *command; /* "ADD" … */
	const char *path;    /* CNI_PATH: where plugins are */
	const char *id, *netns, *interface, *args; /* NULL: not told */
};

/**
 * cni_plugin_find() - The program of a type
 * @ret:	PATH_MAX bytes
 *
 * Return: 0, or -errno with @e filled (-ENOPKG: said where was looked)
 */
int cni_plugin_find(const char *path, const char *type, char *ret, struct err *e);

/**
 * cni_plugin_call() - Run it to its end
 * @config:	Its configuration; it must have a type
 * @ret:	What it has answered, a new reference; NULL where no answer is wanted
 *
 * It gets no fds but three pipes, no environment but CNI's and a PATH, and ends with us.
 *
 * Return: 0, or -ECANCELED with @e filled: the plugin's own words
 */
int cni_plugin_call(const struct cni_call *c, json_t *config, json_t **ret, struct err *e);

#endif
