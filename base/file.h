/* SPDX-License-Identifier: Apache-2.0 */
/* file.h: whole small files, published so that a reader sees the old one or the new one; folders removed whole. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <sys/types.h>

#include "base/str.h"

/**
 * file_read() - Read a small file of our own folders or of the kernel's
 * @dir:	Folder, or AT_FDCWD
 * @max:	More bytes than this are an error (EFBIG)
 * @ret:	The bytes with a zero after them, to be freed by the caller
 * @ret_len:	Their number; NULL if not wanted
 *
 * A symlink as the last part is refused, and so is what is no regular file.
 *
 * Return: 0, or -errno with @e filled
 */
int file_read(int dir, const char *name, size_t max, char **ret, size_t *ret_len, struct err *e);

/* The same from an open fd, whatever it is; @what names it in messages. */
int file_read_fd(int fd, const char *what, size_t max, char **ret, size_t *ret_len, struct err *e);

/* One write(2) into a file that is there (proc, sys, cgroup). Return: 0, or -errno with @e filled. */
int file_write(int dir, const char *name, const char *text, struct err *e);

enum file_publish_flags {
	FILE_EXCL = BIT(0), /* the name must be free: -EEXIST otherwise */
	FILE_SYNC = BIT(1), /* make content and name durable (fsync of the file, then of its folder) */
};

/**
 * file_publish() - Write a file under a temporary name and give it its own in one step
 * @mode:	Permission bits, whatever the umask
 * @flags:	enum file_publish_flags
 *
 * The temporary name is ".NAME.XXXXXX" in the same folder; a crash can leave it, and whoever removes the
 * folder removes it too.
 *
 * Return: 0, or -errno with @e filled and nothing changed
 */
int file_publish(int dir, const char *name, const void *data, size_t len, mode_t mode, unsigned flags, struct err *e);

/* Remove a file or a whole folder, with what comes into it meanwhile; symlinks are removed, not followed. What is not there is fine. */
int file_remove(int dir, const char *name, struct err *e);

/**
 * file_each() - Call @f for every name in a folder but "." and ".." (and, first letter '.', our temporary files)
 * @dir:	Folder (an O_PATH fd will do)
 * @f:		Stops the walk with a result other than 0, which is returned
 *
 * Return: 0, @f's result, or -errno with @e filled
 */
int file_each(int dir, int (*f)(int dir, const char *name, void *arg, struct err *e), void *arg, struct err *e);

/* The same for every name but "." and "..": in a folder that is not ours. */
int file_each_any(int dir, int (*f)(int dir, const char *name, void *arg, struct err *e), void *arg, struct err *e);

/* Add them all to a list, as they come. Return: 0, or -errno with @e filled */
int file_names(int dir, struct arena *arena, struct strv *list, struct err *e);

/* As file_each(), for the folder @name in @dir; a symlink is refused. Return: -ENOENT and -ENOTDIR, too */
int file_each_in(int dir, const char *name, int (*f)(int dir, const char *name, void *arg, struct err *e), void *arg,
		 struct err *e);

#endif
