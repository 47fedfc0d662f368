// SPDX-License-Identifier: Apache-2.0
#include "namespaces/mount_options.h"

#include <errno.h>
#include <stdlib.h>

#include "base/sys.h"

enum word_effect {
	IGNORED,    /* known, and nothing to do: the default, or a flag that the new mount API does not have */
	ATTRIBUTE,  /* of one mount: @mask is cleared, @value set */
	ATTRIBUTES, /* the same for all mounts of the tree */
	SUPERBLOCK,
	PROPAGATION,
	PROPAGATIONS, /* of all mounts of the tree */
	SPECIAL,      /* enum mount_word_flags */
};

struct option_word {
	const char *word;
	enum word_effect effect;
	uint64_t mask, value;
};

#define ATIME MOUNT_ATTR__ATIME

/* In alphabetical order: looked up by halves. */
static const struct option_word option_words[] = {
	{ "acl", IGNORED, 0, 0 },
	{ "async", SUPERBLOCK, MS_SYNCHRONOUS, 0 },
	{ "atime", ATTRIBUTE, ATIME, MOUNT_ATTR_RELATIME },
	{ "bind", SPECIAL, 0, MOUNT_WORD_BIND },
	{ "copy-symlink", SPECIAL, 0, MOUNT_WORD_COPY_SYMLINK },
	{ "defaults", IGNORED, 0, 0 },
	{ "dest-nofollow", SPECIAL, 0, MOUNT_WORD_DEST_NOFOLLOW },
	{ "dev", ATTRIBUTE, MOUNT_ATTR_NODEV, 0 },
	{ "diratime", ATTRIBUTE, MOUNT_ATTR_NODIRATIME, 0 },
	{ "dirsync", SUPERBLOCK, MS_DIRSYNC, MS_DIRSYNC },
	{ "exec", ATTRIBUTE, MOUNT_ATTR_NOEXEC, 0 },
	{ "idmap", SPECIAL, 0, MOUNT_WORD_IDMAP },
	{ "iversion", IGNORED, 0, 0 },
	{ "lazytime", SUPERBLOCK, MS_LAZYTIME, MS_LAZYTIME },
	{ "loud", IGNORED, 0, 0 },
	{ "mand", IGNORED, 0, 0 }, /* the kernel has none since 5.15 */
	{ "noacl", IGNORED, 0, 0 },
	{ "noatime", ATTRIBUTE, ATIME, MOUNT_ATTR_NOATIME },
	{ "nodev", ATTRIBUTE, MOUNT_ATTR_NODEV, MOUNT_ATTR_NODEV },
	{ "nodiratime", ATTRIBUTE, MOUNT_ATTR_NODIRATIME, MOUNT_ATTR_NODIRATIME },
	{ "noexec", ATTRIBUTE, MOUNT_ATTR_NOEXEC, MOUNT_ATTR_NOEXEC },
	{ "noiversion", IGNORED, 0, 0 },
	{ "nolazytime", SUPERBLOCK, MS_LAZYTIME, 0 },
	{ "nomand", IGNORED, 0, 0 },
	{ "norelatime", IGNORED, 0, 0 }, /* neither of the others was asked for: relatime it stays */
	{ "nostrictatime", ATTRIBUTE, ATIME, MOUNT_ATTR_RELATIME },
	{ "nosuid", ATTRIBUTE, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NOSUID },
	{ "nosymfollow", ATTRIBUTE, MOUNT_ATTR_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW },
	{ "private", PROPAGATION, 0, MS_PRIVATE },
	{ "rasync", IGNORED, 0, 0 }, /* crun's, as some below: these are of file systems, there is nothing in a tree to change */
	{ "ratime", ATTRIBUTES, ATIME, MOUNT_ATTR_RELATIME },
	{ "rbind", SPECIAL, 0, MOUNT_WORD_RBIND },
	{ "rdev", ATTRIBUTES, MOUNT_ATTR_NODEV, 0 },
	{ "rdiratime", ATTRIBUTES, MOUNT_ATTR_NODIRATIME, 0 },
	{ "rdirsync", IGNORED, 0, 0 },
	{ "relatime", ATTRIBUTE, ATIME, MOUNT_ATTR_RELATIME },
	{ "remount", SPECIAL, 0, MOUNT_WORD_REMOUNT },
	{ "rexec", ATTRIBUTES, MOUNT_ATTR_NOEXEC, 0 },
	{ "ridmap", SPECIAL, 0, MOUNT_WORD_RIDMAP },
	{ "rmand", IGNORED, 0, 0 },
	{ "rnoatime", ATTRIBUTES, ATIME, MOUNT_ATTR_NOATIME },
	{ "rnodev", ATTRIBUTES, MOUNT_ATTR_NODEV, MOUNT_ATTR_NODEV },
	{ "rnodiratime", ATTRIBUTES, MOUNT_ATTR_NODIRATIME, MOUNT_ATTR_NODIRATIME },
	{ "rnoexec", ATTRIBUTES, MOUNT_ATTR_NOEXEC, MOUNT_ATTR_NOEXEC },
	{ "rnomand", IGNORED, 0, 0 },
	{ "rnorelatime", IGNORED, 0, 0 },
	{ "rnostrictatime", ATTRIBUTES, ATIME, MOUNT_ATTR_RELATIME },
	{ "rnosuid", ATTRIBUTES, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NOSUID },
	{ "rnosymfollow", ATTRIBUTES, MOUNT_ATTR_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW },
	{ "ro", ATTRIBUTE, MOUNT_ATTR_RDONLY, MOUNT_ATTR_RDONLY },
	{ "rprivate", PROPAGATIONS, 0, MS_PRIVATE },
	{ "rrelatime", ATTRIBUTES, ATIME, MOUNT_ATTR_RELATIME },
	{ "rro", ATTRIBUTES, MOUNT_ATTR_RDONLY, MOUNT_ATTR_RDONLY },
	{ "rrw", ATTRIBUTES, MOUNT_ATTR_RDONLY, 0 },
	{ "rshared", PROPAGATIONS, 0, MS_SHARED },
	{ "rslave", PROPAGATIONS, 0, MS_SLAVE },
	{ "rstrictatime", ATTRIBUTES, ATIME, MOUNT_ATTR_STRICTATIME },
	{ "rsuid", ATTRIBUTES, MOUNT_ATTR_NOSUID, 0 },
	{ "rsymfollow", ATTRIBUTES, MOUNT_ATTR_NOSYMFOLLOW, 0 },
	{ "rsync", IGNORED, 0, 0 },
	{ "runbindable", PROPAGATIONS, 0, MS_UNBINDABLE },
	{ "rw", ATTRIBUTE, MOUNT_ATTR_RDONLY, 0 },
	{ "shared", PROPAGATION, 0, MS_SHARED },
	{ "silent", IGNORED, 0, 0 },
	{ "slave", PROPAGATION, 0, MS_SLAVE },
	{ "src-nofollow", SPECIAL, 0, MOUNT_WORD_SRC_NOFOLLOW },
	{ "strictatime", ATTRIBUTE, ATIME, MOUNT_ATTR_STRICTATIME },
	{ "suid", ATTRIBUTE, MOUNT_ATTR_NOSUID, 0 },
	{ "symfollow", ATTRIBUTE, MOUNT_ATTR_NOSYMFOLLOW, 0 },
	{ "sync", SUPERBLOCK, MS_SYNCHRONOUS, MS_SYNCHRONOUS },
	{ "tmpcopyup", SPECIAL, 0, MOUNT_WORD_TMPCOPYUP },
	{ "unbindable", PROPAGATION, 0, MS_UNBINDABLE },
};

static int compare(const void *key, const void *row)
{
	return strcmp(key, ((const struct option_word *)row)->word);
}

static void obey(const struct option_word *w, struct mount_options *o)
{
	switch (w->effect) {
	case IGNORED:
		break;
	case ATTRIBUTE:
		o->set = (o->set & ~w->mask) | w->value;
		o->clear |= w->mask;
		break;
	case ATTRIBUTES:
		o->rset = (o->rset & ~w->mask) | w->value;
		o->rclear |= w->mask;
		break;
	case SUPERBLOCK:
		o->sb_flags = (o->sb_flags & ~(uint32_t)w->mask) | (uint32_t)w->value;
		break;
	case PROPAGATION:
	case PROPAGATIONS:
		o->propagation = w->value;
		o->propagation_recursive = w->effect == PROPAGATIONS;
		break;
	case SPECIAL:
		o->words |= (unsigned)w->value;
		break;
	}
}

/* "idmap=MAPS": the one word with a value that is none of the file system's. */
static bool take_maps(const char *word, struct mount_options *o)
{
	static const struct {
		const char *prefix;
		unsigned word;
	} prefixes[] = { { "idmap=", MOUNT_WORD_IDMAP }, { "ridmap=", MOUNT_WORD_RIDMAP } };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		const char *maps = str_after(word, prefixes[i].prefix);

		if (!maps)
			continue;
		o->maps = maps;
		o->words |= prefixes[i].word;
		return true;
	}
	return false;
}

int mount_options_parse(struct arena *arena, const struct strv *words, struct mount_options *ret, struct err *e)
{
	struct mount_options o = { 0 };

	for (size_t i = 0; i < words->n; i++) {
		const struct option_word *w = bsearch(words->v[i], option_words, ARRAY_SIZE(option_words),
						      sizeof(option_words[0]), compare);

		if (w)
			obey(w, &o);
		else if (!take_maps(words->v[i], &o) && strv_push(arena, &o.data, words->v[i]) < 0)
			return err_nomem(e);
	}
	*ret = o;
	return 0;
}

const char *mount_option_word(size_t i)
{
	return i < ARRAY_SIZE(option_words) ? option_words[i].word : NULL;
}
