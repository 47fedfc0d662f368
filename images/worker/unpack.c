// SPDX-License-Identifier: Apache-2.0
#include "images/worker/unpack.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "images/worker/place.h"

static int place_all(struct place *p, uint64_t max_files, uint64_t *ret_entries, struct err *e)
{
	struct tar_entry entry;
	struct entry_name name;
	int more;

	while ((more = tar_next(p->tar, &entry, e)) > 0) {
		int r = name_parse(entry.name, &name, e);

		if (p->one_id)
			entry.meta.uid = entry.meta.gid = 0;
		if (r == 0)
			r = place_entry(p, &entry, &name, e);
		if (r < 0)
			return r;
		if (++*ret_entries == max_files)
			break;
	}
	if (more > 0 && tar_next(p->tar, &entry, e) > 0)
		return err_say(e, EFBIG, "it has more than %" PRIu64 " files (the limit: --max-layer-files)", max_files);
	return more;
}

/* Everything that depends on what is below has been seen: the rest is checking. */
static int finish(const struct unpack *u, struct stream *s, struct tree *t, struct err *e)
{
	char found[DIGEST_HEX + 1];
	int r = tree_leave(t, e);

	if (r == 0)
		r = stream_finish(s, found, e);
	if (r < 0)
		return r;
	if (*u->diff_id && !streq(found, u->diff_id))
		return err_say(e, EINVAL, "layer does not match its diff id sha256:%s (found sha256:%s)", u->diff_id, found);
	return 0;
}

static int run(const struct unpack *u, struct stream *s, struct place *p, struct work_done *ret, struct err *e)
{
	int r = tree_begin(p->tree, e);

	if (r == 0)
		r = tar_open(s, &p->tar, e);
	if (r == 0)
		r = place_all(p, u->max_files, &ret->entries, e);
	if (r == 0 && p->tree->opaque_root)
		r = tree_hide_lower_root(p->tree, e);
	if (p->tree->needs_lower) {
		ret->needs_lower = true;
		snprintf(ret->chain_detail, sizeof(ret->chain_detail), "%s", p->tree->detail);
		return 0;
	}
	if (r == 0)
		r = finish(u, s, p->tree, e);
	ret->needs_memory = r == -ENOBUFS && u->stream.small_window;
	return ret->needs_memory ? 0 : r;
}

int unpack_layer(const struct unpack *u, struct work_done *ret, struct err *e)
{
	struct tree tree = { .root = u->target, .lower = u->lower, .lowest = u->lowest, .current = -1 };
	struct place place = { .tree = &tree, .no_devices = u->no_devices, .one_id = u->one_id };
	struct stream_options options = u->stream;
	struct work_done done = { 0 };
	struct stream *s = NULL;

	options.digest = true;
	int r = stream_open(&options, &s, e);

	if (r == 0)
		r = run(u, s, &place, &done, e);
	tar_close(place.tar);
	tree_close(&tree);
	stream_close(s);
	if (r < 0)
		return r;
	done.bytes = place.bytes;
	*ret = done;
	return 0;
}
