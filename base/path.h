/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path.h: walking paths that somebody else may be changing, always from a held directory.
 *
 * Two kinds of tree, two rules:
 *  - below a root that a container or an image controls ("in"): symlinks are followed, but inside that root only, and
 *    magic links never (openat2: RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
 *  - below our own folders ("beneath"): no symlink at all, no way up (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS).
 *
 * See openat2(2) and rules K1 and K2 of the security notes in HACKING.md.
 */
#ifndef BASE_PATH_H
#define BASE_PATH_H

#include <fcntl.h>
#include <sys/stat.h>

#include "base/err.h"

/**
 * path_open_in() - Open below a root that is not ours
 * @root:	Directory fd: "/" of the walk
 * @path:	Path as the container sees it; leading slashes do not matter; "" and "/" are the root itself
 * @flags:	open(2) flags; O_CLOEXEC is added
 *
 * Return: the fd, owned by the caller, or -errno with @e filled (it names @path)
 */
int path_open_in(int root, const char *path, int flags, struct err *e);

/* The same below a folder of our own. @mode counts with O_CREAT. */
int path_open_beneath(int dir, const char *path, int flags, mode_t mode, struct err *e);

/* A folder by its path on the host (O_PATH | O_DIRECTORY unless @flags says more). */
int path_open_dir(const char *path, int flags, struct err *e);

/**
 * path_mkdirs_in() - Open a folder below a root that is not ours, making what is missing
 * @mode:	Of the folders made (umask does not apply)
 *
 * Symlinks on the way lead where they do inside @root; a dangling one is an error.
 *
 * Return: an O_PATH fd of the folder, owned by the caller, or -errno with @e filled
 */
int path_mkdirs_in(int root, const char *path, mode_t mode, struct err *e);

/**
 * path_mkfile_in() - The same for a file (a mount point): an existing one, whatever its kind but a folder, is opened and
 * never touched; a missing one is made empty, with its folders
 *
 * Return: an O_PATH fd of the file, owned by the caller, or -errno with @e filled
 */
int path_mkfile_in(int root, const char *path, mode_t mode, struct err *e);

/* Make a folder of our own and its parents, mode 0700, by host path. Return: its fd, or -errno with @e filled. */
int path_mkdirs(const char *path, mode_t mode, struct err *e);

/**
 * path_normal() - A path without "//", "/./", "/../" and trailing slashes, by its words alone
 * @ret:	At least strlen(@path) + 2 bytes; always absolute
 */
void path_normal(const char *path, char *ret);

#endif
