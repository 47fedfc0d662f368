// SPDX-License-Identifier: Apache-2.0
/* tar_out.c: libarchive between struct tar_entry and a sink. */
#include "images/worker/tar_out.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <sys/sysmacros.h>

#include "images/worker/harmless.h"

struct tar_out {
	struct archive *archive;
	struct archive_entry *entry;
	struct sink *sink;
	bool failed; /* with @err */
	struct err err;
};

void tar_out_prepare(void)
{
	/* else names that are not ASCII get a pax key "hdrcharset", at which other programs wonder */
	(void)setlocale(LC_CTYPE, "C.UTF-8");
}

static la_ssize_t take_block(struct archive *archive, void *arg, const void *data, size_t len)
{
	struct tar_out *t = arg;
	int r = sink_write(t->sink, data, len, &t->err);

	if (r == 0)
		return (la_ssize_t)len;
	t->failed = true;
	archive_set_error(archive, -r, "%s", t->err.text);
	return -1;
}

/* After a failure of libarchive: ours if the sink failed, else its words. */
static int out_failed(struct tar_out *t, const char *name, struct err *e)
{
	char shown[HARMLESS_MAX], words[HARMLESS_MAX];

	if (t->failed) {
		*e = t->err;
		return -e->code;
	}
	if (archive_errno(t->archive) == ENOMEM)
		return err_nomem(e);
	return err_say(e, EINVAL, "write %s to a tar archive: %s", harmless(name, shown),
		       harmless(archive_error_string(t->archive), words));
}

int tar_out_open(struct sink *s, struct tar_out **ret, struct err *e)
{
	struct tar_out *t = calloc(1, sizeof(*t));

	if (!t)
		return err_nomem(e);
	t->sink = s;
	t->archive = archive_write_new();
	t->entry = archive_entry_new();
	/* the keys that Go and GNU tar read; no padding at the end to the size of a tape's block */
	if (!t->archive || !t->entry || archive_write_set_format_pax(t->archive) != ARCHIVE_OK ||
	    archive_write_set_format_option(t->archive, "pax", "xattrheader", "SCHILY") != ARCHIVE_OK ||
	    archive_write_set_bytes_in_last_block(t->archive, 1) != ARCHIVE_OK ||
	    archive_write_open(t->archive, t, NULL, take_block, NULL) != ARCHIVE_OK) {
		tar_out_close(t);
		return err_nomem(e);
	}
	*ret = t;
	return 0;
}

static void set_kind(struct archive_entry *to, const struct tar_entry *from)
{
	static const mode_t types[TAR_KIND_COUNT] = {
		[TAR_FILE] = AE_IFREG, [TAR_FOLDER] = AE_IFDIR, [TAR_SYMLINK] = AE_IFLNK, [TAR_HARDLINK] = AE_IFREG,
		[TAR_CHAR] = AE_IFCHR, [TAR_BLOCK] = AE_IFBLK,	[TAR_FIFO] = AE_IFIFO,
	};

	archive_entry_set_filetype(to, types[from->kind]);
	if (from->kind == TAR_HARDLINK)
		archive_entry_set_hardlink(to, from->link);
	if (from->kind == TAR_SYMLINK)
		archive_entry_set_symlink(to, from->link);
	if (from->kind == TAR_CHAR || from->kind == TAR_BLOCK) {
		archive_entry_set_rdevmajor(to, major(from->device));
		archive_entry_set_rdevminor(to, minor(from->device));
	}
}

int tar_out_entry(struct tar_out *t, const struct tar_entry *from, struct err *e)
{
	const struct meta *m = &from->meta;

	archive_entry_clear(t->entry);
	archive_entry_set_pathname(t->entry, from->name);
	set_kind(t->entry, from);
	archive_entry_set_perm(t->entry, m->mode);
	archive_entry_set_uid(t->entry, m->uid);
	archive_entry_set_gid(t->entry, m->gid);
	archive_entry_set_mtime(t->entry, m->mtime.tv_sec, m->mtime.tv_nsec);
	archive_entry_set_size(t->entry, from->kind == TAR_FILE ? (la_int64_t)from->size : 0);
	for (size_t i = 0; i < m->n_xattrs && from->kind != TAR_HARDLINK; i++)
		archive_entry_xattr_add_entry(t->entry, m->xattrs[i].name, m->xattrs[i].value, m->xattrs[i].size);
	int code = archive_write_header(t->archive, t->entry);

	/* a warning is a name that is no UTF-8, which is written all the same */
	return code == ARCHIVE_OK || (code == ARCHIVE_WARN && !t->failed) ? 0 : out_failed(t, from->name, e);
}

int tar_out_data(struct tar_out *t, const void *data, size_t len, struct err *e)
{
	la_ssize_t n = archive_write_data(t->archive, data, len);

	return n == (la_ssize_t)len ? 0 : out_failed(t, archive_entry_pathname(t->entry), e);
}

int tar_out_finish(struct tar_out *t, struct err *e)
{
	return archive_write_close(t->archive) == ARCHIVE_OK ? 0 : out_failed(t, "its end", e);
}

void tar_out_close(struct tar_out *t)
{
	if (!t)
		return;
	archive_entry_free(t->entry);
	if (t->archive) {
		(void)archive_write_fail(t->archive); /* what is not finished is not finished now */
		archive_write_free(t->archive);
	}
	free(t);
}
