/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest.h: the JSON of images as structs, checked: index and manifest (image-spec), config, and docker's
 * manifest.json. Pure: bytes in, structs out; everything lives in the arena that is given.
 */
#ifndef IMAGES_WORKER_MANIFEST_H
#define IMAGES_WORKER_MANIFEST_H

#include "images/record.h"

struct platform {
	bool given;
	char *os, *architecture, *variant;
};

struct descriptor {
	bool given;
	char *media_type, *digest;
	const char *hex; /* in @digest, checked */
	uint64_t bytes;
	struct spec_map annotations;
	struct platform platform;
};
struct descriptors {
	struct descriptor *v;
	size_t n;
};

struct manifest {
	bool is_index;
	uint32_t schema_version;
	char *media_type, *artifact_type;
	struct descriptor config;
	struct descriptors layers, manifests; /* of an image; of an index */
};

/**
 * manifest_parse() - A manifest or an index
 * @what:	For messages
 * @media_type:	What the descriptor that led here says it is; NULL: nothing did
 *
 * Refused: both kinds in one or neither (CVE-2021-41190), a media type that is not the descriptor's or not of
 * its kind, a digest that is none, layers of a kind that is no tar, more than IMAGE_LAYERS_MAX of them.
 *
 * Return: 0, or -errno with @e filled
 */
int manifest_parse(const char *text, size_t len, const char *what, const char *media_type, struct arena *a,
		   struct manifest *ret, struct err *e);

/* An annotation of a descriptor, or NULL. */
const char *descriptor_annotation(const struct descriptor *d, const char *key);

/**
 * config_parse() - An image's config
 * @ret:	architecture to history, without names, digests and layers
 * @ret_diff_ids: sha256 hex of each layer, lowest first
 *
 * Environment entries that are not NAME=value are left out (rule U24): nothing of the host's is ever meant by them.
 */
int config_parse(const char *text, size_t len, const char *what, struct arena *a, struct image *ret,
		 struct strv *ret_diff_ids, struct err *e);

/* One image of a docker-archive's manifest.json; names of files in the archive. */
struct docker_image {
	char *config;
	struct strv repo_tags, layers;
};
struct docker_images {
	struct docker_image *v;
	size_t n;
};
int docker_manifest_parse(const char *text, size_t len, struct arena *a, struct docker_images *ret, struct err *e);

#endif
