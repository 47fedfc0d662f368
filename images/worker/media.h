/* SPDX-License-Identifier: Apache-2.0 */
/* media.h: the media types of images: OCI's (image-spec media-types.md) and docker's (schema 2). */
#ifndef IMAGES_WORKER_MEDIA_H
#define IMAGES_WORKER_MEDIA_H

#include "base/util.h"

enum media_kind {
	MEDIA_UNKNOWN,
	MEDIA_INDEX,
	MEDIA_MANIFEST,
	MEDIA_CONFIG,
	MEDIA_LAYER, /* a tar, plain or compressed; file system images are none (rule U22) */
};

/* Of what kind is a media type; NULL is MEDIA_UNKNOWN. */
enum media_kind media_kind(const char *type);

/* A layer that its maker does not let registries have: it lies somewhere else, if anywhere. */
bool media_is_foreign(const char *type);

/* What we write ourselves, for archives that have no media types. @compression: enum work_compression */
#define MEDIA_OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_OCI_CONFIG   "application/vnd.oci.image.config.v1+json"
#define MEDIA_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define MEDIA_DOCKER_CONFIG   "application/vnd.docker.container.image.v1+json"
const char *media_of_layer(int compression);

/* What docker's manifests, or OCI's, call the same layer; NULL where they have no such thing, as docker's have for zstd. */
const char *media_as(const char *type, bool docker);

#endif
