/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h: one object of the store (a blob, a layer's folder, a record): held, taken, put in place.
 *
 * Theory of operation. Objects are shared: many images refer to one layer. Who is about to refer to an object that is
 * there holds it (a shared flock on the object itself) until his record is published; who wants to remove one seizes it
 * (an exclusive flock, never waiting). A lock belongs to an inode, so after locking both look whether the name still
 * leads to it. An object's name is its digest: it gets it in one step, and what is there is never replaced.
 */
#ifndef IMAGES_STORE_H
#define IMAGES_STORE_H

#include "images/images.h"

/**
 * store_hold() - Keep an object from being removed until the fd is closed
 * @dir:	Folder of the store, e.g. s->layers
 *
 * Return: a readable fd that holds the lock, or -ENOENT and others with @e filled
 */
int store_hold(int dir, const char *name, struct err *e);

/**
 * store_seize() - Lock an object that is to be removed
 *
 * Return: an fd, -EBUSY where somebody holds it, -ENOENT and others; @e filled
 */
int store_seize(int dir, const char *name, struct err *e);

/**
 * store_place() - Give an object of a work folder its name in the store, and hold it
 * @from:	Where it is. A folder moves, a file gets a second name. Where the store has the object already, ours stays
 *		where it is and that one is held
 *
 * Return: the fd that holds it, or -errno with @e filled
 */
int store_place(int from_dir, const char *from, int dir, const char *name, struct err *e);

/**
 * store_borrow() - Copy a blob from one of the further stores, sharing its blocks where the file system can
 * @bytes:	It must have so many
 *
 * Its digest is not looked at: what it unpacks to is, by whoever unpacks it.
 *
 * Return: 1 where @dir has it now, 0 where none has it, or -errno with @e filled
 */
int store_borrow(const struct store *s, const char *hex, uint64_t bytes, int dir, struct err *e);

/* Does @name in @dir still lead to the open file? Return: 1, 0, or -errno with @e filled */
int store_leads_to(int dir, const char *name, int fd, struct err *e);

/* Make the names in a folder durable. Return: 0, or -errno with @e filled */
int store_sync(int dir, const char *what, struct err *e);

/* Read a record's file, of records/ or of a work folder. Return: 0, or -errno with @e filled */
int store_read_record(int dir, const char *name, struct image *ret, struct err *e);

#endif
