// SPDX-License-Identifier: Apache-2.0
#include "images/worker/media.h"

#include "images/protocol.h"

#define OCI_LAYER    "application/vnd.oci.image.layer.v1.tar"
#define DOCKER_LAYER "application/vnd.docker.image.rootfs.diff.tar"

enum media_kind media_kind(const char *type)
{
	static const struct {
		const char *type;
		enum media_kind kind;
	} types[] = {
		{ "application/vnd.oci.image.index.v1+json", MEDIA_INDEX },
		{ MEDIA_OCI_MANIFEST, MEDIA_MANIFEST },
		{ MEDIA_OCI_CONFIG, MEDIA_CONFIG },
		{ OCI_LAYER, MEDIA_LAYER },
		{ OCI_LAYER "+gzip", MEDIA_LAYER },
		{ OCI_LAYER "+zstd", MEDIA_LAYER },
		{ "application/vnd.oci.image.layer.nondistributable.v1.tar", MEDIA_LAYER },
		{ "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", MEDIA_LAYER },
		{ "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", MEDIA_LAYER },
		{ "application/vnd.docker.distribution.manifest.list.v2+json", MEDIA_INDEX },
		{ MEDIA_DOCKER_MANIFEST, MEDIA_MANIFEST },
		{ MEDIA_DOCKER_CONFIG, MEDIA_CONFIG },
		{ DOCKER_LAYER, MEDIA_LAYER },
		{ DOCKER_LAYER ".gzip", MEDIA_LAYER },
		{ DOCKER_LAYER ".zstd", MEDIA_LAYER },
		{ "application/vnd.docker.image.rootfs.foreign.diff.tar", MEDIA_LAYER },
		{ "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", MEDIA_LAYER },
	};

	for (size_t i = 0; type && i < ARRAY_SIZE(types); i++)
		if (streq(type, types[i].type))
			return types[i].kind;
	return MEDIA_UNKNOWN;
}

bool media_is_foreign(const char *type)
{
	return media_kind(type) == MEDIA_LAYER && (strstr(type, ".nondistributable.") || strstr(type, ".foreign."));
}

const char *media_of_layer(int compression)
{
	switch (compression) {
	case COMPRESSION_GZIP:
		return OCI_LAYER "+gzip";
	case COMPRESSION_ZSTD:
		return OCI_LAYER "+zstd";
	default:
		return OCI_LAYER;
	}
}

const char *media_as(const char *type, bool docker)
{
	static const char *const same[][2] = {
		{ OCI_LAYER, DOCKER_LAYER },
		{ OCI_LAYER "+gzip", DOCKER_LAYER ".gzip" },
		{ OCI_LAYER "+zstd", DOCKER_LAYER ".zstd" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(same); i++)
		if (streq(type, same[i][0]) || streq(type, same[i][1]))
			return docker && strstr(type, "zstd") ? NULL : same[i][docker];
	return NULL;
}
