// SPDX-License-Identifier: Apache-2.0
#include "images/worker/show.h"

#include "base/fd.h"
#include "base/file.h"
#include "images/worker/files.h"
#include "spec/text.h"

#define LAYOUT (JSON_INDENT(4) | JSON_ENSURE_ASCII)

int show_json(int input, int work, struct work_done *ret, struct err *e)
{
	auto_free char *text = NULL, *shown = NULL;
	json_auto_t *value = NULL;
	size_t len;
	int r = file_read_fd(input, "the manifest", FILES_TEXT_MAX, &text, &len, e);

	if (r == 0)
		r = json_from_text(text, len, &value, e);
	if (r == 0)
		r = json_to_layout(value, LAYOUT, &shown, e);
	if (r < 0)
		return r;
	*ret = (struct work_done){ .bytes = strlen(shown) };
	return file_publish(work, WORK_SHOWN_FILE, shown, strlen(shown), 0600, 0, e);
}
