/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record.h: what is known of one image after the worker has read its manifest and config: our own form of it, so that
 * nothing on the path of `run` parses bytes from outside. Kept as images/records/HEX, HEX being the manifest's digest.
 *
 * Metadata of an image is data, never policy (rule K10): no field here switches anything of the sandbox.
 */
#ifndef IMAGES_RECORD_H
#define IMAGES_RECORD_H

#include "images/protocol.h"
#include "spec/decode.h"

struct image_layer {
	char *blob;	  /* sha256 hex of the blob as stored */
	char *diff_id;	  /* sha256 hex of the uncompressed tar */
	char *chain_id;	  /* sha256 hex, image-spec config.md "Layer ChainID" */
	char *folder;	  /* its name in images/layers: the diff id, or the chain id where the layer depends on its lowers */
	char *media_type; /* as in the manifest */
	uint64_t bytes;	  /* of the blob */
};
struct image_layers {
	struct image_layer *v; /* lowest first */
	size_t n;
};

struct image_history {
	char *created, *created_by, *comment;
	bool empty_layer;
};
struct image_histories {
	struct image_history *v;
	size_t n;
};

/* The config's "config" object: what a container of it gets where the user says nothing else. */
struct image_defaults {
	char *user, *working_dir, *stop_signal;
	struct strv env;	/* "NAME=value" only: others were dropped */
	struct strv entrypoint, cmd, volumes, exposed_ports;
	struct spec_map labels;
};

struct image {
	struct arena arena; /* owns everything below */
	char *manifest;	    /* sha256 hex of the manifest (of ours, for a docker-archive) */
	char *config;	    /* sha256 hex of the config: the image id that people see */
	char *architecture, *os, *variant, *created, *author;
	struct strv names; /* normal references: those of the archive at import; filled from refs/ by image_find() */
	struct image_defaults defaults;
	struct image_layers layers;
	struct image_histories history;
	uint64_t bytes; /* manifest + config + blobs */
};

void image_free(struct image *i);
#define auto_image __attribute__((cleanup(image_free)))

extern const struct field image_fields[];
extern const size_t n_image_fields;

#endif
