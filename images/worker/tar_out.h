/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar_out.h: the entries of a tar stream that we write, pax where ustar has no room for what they say. Nothing in it but what
 * the entries say: no names of users, no times of now.
 */
#ifndef IMAGES_WORKER_TAR_OUT_H
#define IMAGES_WORKER_TAR_OUT_H

#include "images/worker/sink.h"
#include "images/worker/tar.h"

struct tar_out;

/* Choose a locale in which names go out as the bytes that they are; before the lock-in. */
void tar_out_prepare(void);

/* @s must live longer than the result. Return: 0, or -errno with @e filled */
int tar_out_open(struct sink *s, struct tar_out **ret, struct err *e);

/* Begin an entry; a file's bytes follow, exactly as many as its size. Return: 0, or -errno with @e filled */
int tar_out_entry(struct tar_out *t, const struct tar_entry *entry, struct err *e);
int tar_out_data(struct tar_out *t, const void *data, size_t len, struct err *e);

/* Write the end of the archive. Return: 0, or -errno with @e filled */
int tar_out_finish(struct tar_out *t, struct err *e);

void tar_out_close(struct tar_out *t);

#endif
