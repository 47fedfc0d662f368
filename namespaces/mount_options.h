/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount_options.h: the option words of a mount, read by one table: runtime-spec config.md "Linux mount options" and
 * features.md. Pure. What is no known word is data for the file system.
 */
#ifndef NAMESPACES_MOUNT_OPTIONS_H
#define NAMESPACES_MOUNT_OPTIONS_H

#include "base/err.h"
#include "spec/spec.h"

enum mount_word_flags {
	MOUNT_WORD_BIND = BIT(0),
	MOUNT_WORD_RBIND = BIT(1),
	MOUNT_WORD_TMPCOPYUP = BIT(2),
	MOUNT_WORD_IDMAP = BIT(3),
	MOUNT_WORD_RIDMAP = BIT(4),
	MOUNT_WORD_SRC_NOFOLLOW = BIT(5),
	MOUNT_WORD_DEST_NOFOLLOW = BIT(6),
	MOUNT_WORD_COPY_SYMLINK = BIT(7),
	MOUNT_WORD_REMOUNT = BIT(8),
};

struct mount_options {
	uint64_t set, clear;	   /* MOUNT_ATTR_* of the mount itself, as mount_setattr(2) has them: cleared first, then set */
	uint64_t rset, rclear;	   /* the same for everything below it too (rro, rnosuid, …) */
	uint32_t sb_flags;	   /* MS_* that belong to the file system: MS_SYNCHRONOUS, MS_DIRSYNC, MS_LAZYTIME */
	uint64_t propagation;	   /* MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE, or 0 */
	bool propagation_recursive;
	unsigned words;		   /* enum mount_word_flags */
	const char *maps;	   /* of "idmap=MAPS" and "ridmap=MAPS", mount_maps.h reads them; NULL: none */
	char mode[8];		   /* of a new tmpfs where data does not say, octal; "": the kernel's own */
	struct strv data;	   /* "size=64k", "mode=755", … in @arena */
};

/**
 * mount_options_parse() - Read the words
 *
 * Of contradicting words the last one counts.
 *
 * Return: 0, or -ENOMEM with @e filled
 */
int mount_options_parse(struct arena *arena, const struct strv *words, struct mount_options *ret, struct err *e);

/* The words known, in alphabetical order, for `features`. Return: the @i-th, NULL after the last. */
const char *mount_option_word(size_t i);

#endif
