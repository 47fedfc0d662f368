// SPDX-License-Identifier: Apache-2.0
#include "images/worker/store_layer.h"

#include <errno.h>
#include <fcntl.h>

#include "base/fd.h"
#include "images/worker/sink.h"

static int pour(struct stream *from, struct sink *to, struct err *e)
{
	const void *data;
	size_t len = 1;
	int r = 0;

	while (r == 0 && len > 0) {
		r = stream_next(from, &data, &len, e);
		if (r == 0 && len > 0)
			r = sink_write(to, data, len, e);
	}
	return r == 0 ? stream_finish(from, NULL, e) : r;
}

int store_layer(const struct stream_options *from, enum work_compression to, int work, struct work_done *ret,
		struct err *e)
{
	auto_fd int fd = openat(work, WORK_LAYER_FILE, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	const struct sink_options how = { .fd = fd, .compression = to, .digest = true };
	struct work_done done = { 0 };
	struct stream *stream = NULL;
	struct sink *sink = NULL;

	if (fd < 0)
		return err_set(e, errno, "create a layer's blob");
	int r = stream_open(from, &stream, e);

	if (r == 0)
		r = sink_open(&how, &sink, e);
	if (r == 0)
		r = pour(stream, sink, e);
	if (r == 0)
		r = sink_finish(sink, &done, e);
	stream_close(stream);
	sink_close(sink);
	if (r == 0)
		*ret = done;
	return r;
}
