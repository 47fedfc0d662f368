// SPDX-License-Identifier: Apache-2.0
/*
 * tar.c: libarchive between a stream and struct tar_entry.
 *
 * libarchive warns and goes on where a header is odd; every warning but one is an error here. The one: it
 * converts pax names from UTF-8 to the locale, and in a UTF-8 locale that changes them (to normal form C). So
 * the program stays in the "C" locale, where the conversion fails for any name that is not ASCII, and then
 * libarchive gives the bytes as they are.
 */
#include "images/worker/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <sys/sysmacros.h>

#include "images/worker/ahead.h"
#include "images/worker/harmless.h"

/* Of one entry: pax records, long names, sparse map. libarchive takes 1 MiB of each; it is given whole blocks. */
#define HEADER_BYTES_MAX ((1 << 20) + 2 * AHEAD_BLOCK_BYTES)
/* libarchive's ARCHIVE_ERRNO_FILE_FORMAT on Linux. As a warning it is the one above: others have -1 or EINVAL. */
#define FORMAT_ERRNO EILSEQ
#define MAJOR_MAX	 0xfff
#define MINOR_MAX	 0xfffff

struct tar {
	struct archive *archive;
	struct stream *stream;
	struct archive_entry *entry;
	struct meta_xattr *xattrs;
	size_t room_xattrs;
	uint64_t size, end;   /* of the file that is being read, and of the last piece */
	bool in_header;
	size_t header_bytes;  /* given to libarchive since the header began */
	bool ended;	      /* the stream has */
	bool over;	      /* there are no more entries */
	bool failed;	      /* with @err */
	struct err err;
};

void tar_prepare(void)
{
	iconv_t cd = iconv_open("ANSI_X3.4-1968", "UTF-8"); /* its tables are read once, at the first use */

	if (cd != (iconv_t)-1)
		iconv_close(cd);
}

static la_ssize_t give_block(struct archive *archive, void *arg, const void **ret)
{
	struct tar *t = arg;
	size_t len = 0;
	int r = stream_next(t->stream, ret, &len, &t->err);

	if (r == 0 && t->in_header) {
		t->header_bytes += len;
		if (t->header_bytes > HEADER_BYTES_MAX)
			r = err_say(&t->err, EINVAL, "an entry has more than 1 MiB of headers");
	}
	if (r < 0) {
		t->failed = true;
		archive_set_error(archive, -r, "%s", t->err.text);
		return ARCHIVE_FATAL;
	}
	t->ended = len == 0;
	return (la_ssize_t)len;
}

void tar_close(struct tar *t)
{
	if (!t)
		return;
	if (t->archive)
		archive_read_free(t->archive);
	free(t->xattrs);
	free(t);
}

/* After a failure of libarchive: ours if the stream failed, else its words. @name: the entry, NULL in a header */
static int tar_failed(struct tar *t, const char *name, struct err *e)
{
	char shown[HARMLESS_MAX], words[HARMLESS_MAX];

	if (t->failed) {
		*e = t->err;
		return -e->code;
	}
	if (archive_format(t->archive) == 0 && archive_errno(t->archive) == FORMAT_ERRNO)
		return err_say(e, EINVAL, "it is no tar archive");
	if (t->ended && name)
		return err_say(e, EINVAL, "archive ends in the middle of entry %s", harmless(name, shown));
	if (t->ended)
		return err_say(e, EINVAL, "archive ends in the middle of a header");
	if (archive_errno(t->archive) == ENOMEM)
		return err_nomem(e);
	harmless(archive_error_string(t->archive), words);
	if (name)
		return err_say(e, EINVAL, "entry %s: damaged tar archive (%s)", harmless(name, shown), words);
	return err_say(e, EINVAL, "damaged tar archive (%s)", words);
}

int tar_open(struct stream *s, struct tar **ret, struct err *e)
{
	struct tar *t = calloc(1, sizeof(*t));

	if (!t)
		return err_nomem(e);
	t->stream = s;
	t->archive = archive_read_new();
	if (!t->archive || archive_read_support_format_tar(t->archive) != ARCHIVE_OK ||
	    archive_read_support_format_empty(t->archive) != ARCHIVE_OK) {
		tar_close(t);
		return err_nomem(e);
	}
	t->in_header = true; /* opening reads the first block */
	if (archive_read_open(t->archive, t, NULL, give_block, NULL) != ARCHIVE_OK) {
		int r = tar_failed(t, NULL, e);

		tar_close(t);
		return r;
	}
	*ret = t;
	return 0;
}

static int wrong(struct err *e, const struct tar_entry *entry, const char *what)
{
	char shown[HARMLESS_MAX];

	return err_say(e, EINVAL, "entry %s: %s", harmless(entry->name, shown), what);
}

static int take_kind(struct archive_entry *from, struct tar_entry *ret, struct err *e)
{
	static const struct {
		mode_t type;
		enum tar_kind kind;
	} kinds[] = {
		{ AE_IFREG, TAR_FILE },	 { AE_IFDIR, TAR_FOLDER },  { AE_IFLNK, TAR_SYMLINK },
		{ AE_IFCHR, TAR_CHAR },	 { AE_IFBLK, TAR_BLOCK },   { AE_IFIFO, TAR_FIFO },
	};

	ret->link = archive_entry_hardlink(from);
	if (ret->link) {
		ret->kind = TAR_HARDLINK;
		return *ret->link ? 0 : wrong(e, ret, "a hard link to nothing");
	}
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (archive_entry_filetype(from) != kinds[i].type)
			continue;
		ret->kind = kinds[i].kind;
		/* tar before POSIX had no type for folders */
		if (ret->kind == TAR_FILE && ret->name[strlen(ret->name) - 1] == '/')
			ret->kind = TAR_FOLDER;
		if (ret->kind != TAR_SYMLINK)
			return 0;
		ret->link = archive_entry_symlink(from);
		return ret->link && *ret->link ? 0 : wrong(e, ret, "a symbolic link to nothing");
	}
	return wrong(e, ret, "a kind of file that no layer can have");
}

static int take_numbers(struct archive_entry *from, struct tar_entry *ret, struct err *e)
{
	int64_t uid = archive_entry_uid(from), gid = archive_entry_gid(from), size = archive_entry_size(from);
	time_t seconds = archive_entry_mtime(from);
	long ns = archive_entry_mtime_nsec(from);

	/* 4294967295 means "no change" to the kernel */
	if (uid < 0 || uid >= UINT32_MAX || gid < 0 || gid >= UINT32_MAX)
		return wrong(e, ret, "its owner is out of range");
	if (size < 0)
		return wrong(e, ret, "its size is negative");
	/* what others take for the next header would be its content here */
	if (ret->kind == TAR_HARDLINK && size > 0)
		return wrong(e, ret, "a hard link with content of its own");
	if (ns < 0 || ns >= 1000000000)
		return wrong(e, ret, "its time is out of range");
	/* "-1.25" of a pax header comes as -1 and 0.25: both numbers were meant to go down */
	if (seconds < 0 && ns > 0) {
		seconds--;
		ns = 1000000000 - ns;
	}
	ret->meta = (struct meta){
		.mode = archive_entry_perm(from) & 07777,
		.uid = (uid_t)uid,
		.gid = (gid_t)gid,
		.mtime = { .tv_sec = seconds, .tv_nsec = ns },
	};
	ret->size = (uint64_t)size;
	ret->device = 0;
	if (ret->kind == TAR_CHAR || ret->kind == TAR_BLOCK) {
		dev_t major = archive_entry_rdevmajor(from), minor = archive_entry_rdevminor(from);

		if (major > MAJOR_MAX || minor > MINOR_MAX)
			return wrong(e, ret, "its device number is out of range");
		ret->device = makedev(major, minor);
	}
	return 0;
}

static int take_xattrs(struct tar *t, struct tar_entry *ret, struct err *e)
{
	size_t n = (size_t)archive_entry_xattr_reset(t->entry);

	if (n > t->room_xattrs) {
		struct meta_xattr *more = reallocarray(t->xattrs, n, sizeof(*more));

		if (!more)
			return err_nomem(e);
		t->xattrs = more;
		t->room_xattrs = n;
	}
	ret->meta.xattrs = t->xattrs;
	for (size_t i = 0; i < n; i++) {
		struct meta_xattr *x = &t->xattrs[i];

		if (archive_entry_xattr_next(t->entry, &x->name, &x->value, &x->size) != ARCHIVE_OK)
			break;
		ret->meta.n_xattrs++;
	}
	return 0;
}

int tar_next(struct tar *t, struct tar_entry *ret, struct err *e)
{
	if (t->over)
		return 0;
	/* skipped here and not by the call below, whose bytes are counted */
	if (t->entry && archive_read_data_skip(t->archive) != ARCHIVE_OK)
		return tar_failed(t, archive_entry_pathname(t->entry), e);
	t->in_header = true;
	t->header_bytes = 0;
	int code = archive_read_next_header(t->archive, &t->entry);

	t->in_header = false;
	if (code == ARCHIVE_EOF)
		return 0;
	if (code != ARCHIVE_OK && !(code == ARCHIVE_WARN && archive_errno(t->archive) == FORMAT_ERRNO))
		return tar_failed(t, NULL, e);
	ret->name = archive_entry_pathname(t->entry);
	if (!ret->name || !*ret->name)
		return err_say(e, EINVAL, "damaged tar archive (an entry has no name)");
	int r = take_kind(t->entry, ret, e);

	if (r == 0)
		r = take_numbers(t->entry, ret, e);
	if (r == 0)
		r = take_xattrs(t, ret, e);
	t->size = ret->size;
	t->end = 0;
	return r < 0 ? r : 1;
}

int tar_data(struct tar *t, const void **ret_data, size_t *ret_len, uint64_t *ret_offset, struct err *e)
{
	const char *name = archive_entry_pathname(t->entry);
	char shown[HARMLESS_MAX];
	la_int64_t offset = 0;
	int code = archive_read_data_block(t->archive, ret_data, ret_len, &offset);

	if (code == ARCHIVE_EOF)
		return 0;
	/* umoci ends some archives with the last byte of the last file; docker, containerd and podman take them */
	t->over = code == ARCHIVE_FATAL && t->ended && !t->failed && t->end == t->size;
	if (t->over)
		return 0;
	if (code != ARCHIVE_OK)
		return tar_failed(t, name, e);
	if (offset < 0 || (uint64_t)offset < t->end || (uint64_t)offset > t->size ||
	    *ret_len > t->size - (uint64_t)offset)
		return err_say(e, EINVAL, "entry %s: its data lies outside of its size", harmless(name, shown));
	t->end = (uint64_t)offset + *ret_len;
	*ret_offset = (uint64_t)offset;
	return 1;
}
