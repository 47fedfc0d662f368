/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publish.h: an image whose blobs lie in a work folder, or are on their way there, becomes one of the store: its layers are
 * unpacked, everything is checked, made durable, and then published: blobs, layers, record. Names are the caller's.
 *
 * One syncfs covers all of an image's blobs and layers, instead of an fsync for each of their files.
 */
#ifndef IMAGES_PUBLISH_H
#define IMAGES_PUBLISH_H

#include "images/unpack.h"

struct publication {
	const struct work *work;
	const struct load_options *options;
	int texts;		   /* folder with manifest and config, by digest */
	int blobs;		   /* folder with the layers' blobs, by digest */
	struct download *download; /* brings the blobs that are not there yet; NULL: all are */
	struct arena *arena;	   /* owns what the image's record gets */
	struct holds holds;	   /* what keeps the image where it is until its names are published; to be released */
};

/* Refuse a file system that cannot hold layers. Return: 0, or -EOPNOTSUPP and others with @e filled */
int publish_check_store(const struct store *s, struct err *e);

/**
 * publish_hold() - Is the image in the store already, with all that belongs to it?
 *
 * An image that is here needs its names only: while its record is held, what it refers to stays.
 *
 * Return: 1: it is, and is held; 0: it is not; -ENOMEM with @e filled
 */
int publish_hold(struct publication *p, const struct image *image, struct err *e);

/* What images a worker has found, by the images.json that it left in @folder. Return: 0, or -errno with @e filled */
int publish_read(int folder, struct arena *arena, struct image_list *ret, struct err *e);

/* See that it is. Return: 0: its record is there and held; or -errno with @e filled: what was begun is left to work_end() */
int publish_image(struct publication *p, struct image *image, struct err *e);

#endif
