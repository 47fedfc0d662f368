/* SPDX-License-Identifier: Apache-2.0 */
/*
 * save.h: images to an archive or a folder that others load. Blobs go out as they are, so digests and ids stay; the same images
 * give the same bytes.
 */
#ifndef IMAGES_SAVE_H
#define IMAGES_SAVE_H

#include "images/images.h"

enum save_format {
	/* what docker has written since its version 25: an OCI layout, and manifest.json for all who know only that */
	SAVE_DOCKER_ARCHIVE,
	SAVE_OCI_ARCHIVE,
	SAVE_OCI_DIR,
	SAVE_DOCKER_DIR, /* skopeo's and podman's "dir:", of one image */
	SAVE_FORMATS,
};
extern const char *const save_format_names[SAVE_FORMATS];

static inline bool save_is_folder(enum save_format f)
{
	return f == SAVE_OCI_DIR || f == SAVE_DOCKER_DIR;
}

struct save_options {
	enum save_format format;
	void (*progress)(const struct image_progress *p, void *arg); /* called now and then; NULL: not wanted */
	void *progress_arg;
};

/**
 * image_save() - Write images out
 * @names:	As image_find() takes them; one by id goes without a name. Several names of one image are all its names
 * @output:	File or pipe; an empty folder for the formats that are one. Not consumed
 *
 * They are held meanwhile: nobody removes them.
 *
 * Return: 0, or -errno with @e filled
 */
int image_save(const struct store *s, char *const *names, size_t n, int output, const struct save_options *o, struct err *e);

#endif
