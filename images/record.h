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

#define IMAGE_CHAIN_PREFIX "chain-"
struct image_layer {
	char *blob;	  /* sha256 hex of the blob as stored */
	char *diff_id;	  /* sha256 hex of the uncompressed tar */
	char *chain_id;	  /* sha256 hex, image-spec config.md "Layer ChainID" */
	/*
	 * Its name in images/layers: the diff id, or IMAGE_CHAIN_PREFIX and the chain id where the layer depends on its
	 * lowers. Two layers of an image can have one folder: mount what image_folders() gives. Set by the parent; what
	 * a worker says here is ignored.
	 */
	char *folder;
	char *media_type; /* as in the manifest */
	uint64_t bytes;	  /* of the blob */
};
#define IMAGE_LAYERS_MAX 500 /* the limit of overlayfs */
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

/* HEALTHCHECK */
struct image_health {
	struct strv test; /* "NONE"; "CMD" and words; "CMD-SHELL" and a line; empty: nothing is said */
	uint64_t interval_ns, timeout_ns, start_period_ns; /* 0: nothing is said */
	uint32_t retries;
};

/* The config's "config" object: what a container of it gets where the user says nothing else. */
struct image_defaults {
	char *user, *working_dir, *stop_signal;
	struct strv env;	/* "NAME=value" only: others were dropped */
	struct strv entrypoint, cmd, volumes, exposed_ports;
	struct spec_map labels;
	struct image_health health;
};

struct store_peer;
struct image {
	struct arena arena; /* owns everything below */
	char *manifest;	    /* sha256 hex of the manifest (of ours, for a docker-archive) */
	char *config;	    /* sha256 hex of the config: the image id that people see */
	char *media_type;   /* of the manifest */
	char *architecture, *os, *variant, *created, *author;
	struct strv names; /* normal references: those of the archive at import; from refs/ otherwise (image_names()) */
	struct image_defaults defaults;
	struct image_layers layers;
	struct image_histories history;
	uint64_t bytes; /* manifest + config + blobs */
	const struct store_peer *peer; /* whose it is; NULL: our own store's */
};

/* What images.json of an import holds. */
struct image_list {
	struct image *v; /* their own arenas are not used: all is owned by the arena given to image_list_decode() */
	size_t n;
};

void image_free(struct image *i);
#define auto_image __attribute__((cleanup(image_free)))

extern const struct field image_fields[];
extern const size_t n_image_fields;
extern const struct field image_list_fields[]; /* struct image_list */
extern const size_t n_image_list_fields;

/**
 * image_check() - Is everything in a record fit for use: digests are digests, names are references, counts are bounded
 *
 * Asked of what a worker wrote and of what the disk gives back alike: digests become names of files.
 *
 * Return: 0, or -EINVAL with @e filled
 */
int image_check(const struct image *i, struct err *e);

/* Decode and check a record, or all of images.json. @what names it in messages. Return: 0, or -errno with @e filled */
int image_decode(const char *text, size_t len, const char *what, struct image *ret, struct err *e);
int image_list_decode(const char *text, size_t len, const char *what, struct arena *arena, struct image_list *ret,
		      struct err *e);

/**
 * image_decode_head() - What a list shows: manifest, config, platform, created, bytes; all else stays empty
 * @text:	The beginning of a record, IMAGE_HEAD_MAX bytes or all of it, with a zero behind; written to
 *
 * Return: false where only image_decode() can tell
 */
#define IMAGE_HEAD_MAX 1023
bool image_decode_head(char *text, struct image *ret);

/* A record's text, to be freed by the caller; names are left out: refs/ alone says what an image is called. */
int image_encode(const struct image *i, char **ret, struct err *e);

#endif
