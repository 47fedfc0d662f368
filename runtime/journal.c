// SPDX-License-Identifier: Apache-2.0
/* Telling events: see journal.h. journal_read.c reads them. */
#include "runtime/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "base/fd.h"
#include "spec/text.h"

const char *const event_type_names[] = { "container", "image", "volume", "network", "pod" };
static_assert(ARRAY_SIZE(event_type_names) == EVENT_TYPE_COUNT, "a word for each");

const char *const event_status_names[] = {
	[EVENT_CREATE] = "create",	 [EVENT_START] = "start",     [EVENT_OOM] = "oom",
	[EVENT_DIED] = "died",		 [EVENT_STOP] = "stop",	      [EVENT_KILL] = "kill",
	[EVENT_RESTART] = "restart",	 [EVENT_PAUSE] = "pause",     [EVENT_UNPAUSE] = "unpause",
	[EVENT_UPDATE] = "update",	 [EVENT_EXEC] = "exec",	      [EVENT_EXEC_DIED] = "exec_died",
	[EVENT_REMOVE] = "remove",	 [EVENT_LOAD] = "loadfromarchive",
	[EVENT_PULL] = "pull",		 [EVENT_PUSH] = "push",
	[EVENT_TAG] = "tag",		 [EVENT_UNTAG] = "untag",     [EVENT_COMMIT] = "commit",
	[EVENT_IMPORT] = "import",	 [EVENT_SAVE] = "save",	      [EVENT_EXPORT] = "export",
	[EVENT_MOUNT] = "mount",	 [EVENT_UNMOUNT] = "unmount",
	[EVENT_RENAME] = "rename",	 [EVENT_ATTACH] = "attach",   [EVENT_INIT] = "init",
	[EVENT_CLEANUP] = "cleanup",	 [EVENT_HEALTH_STATUS] = "health_status",
	[EVENT_CONNECT] = "connect",	 [EVENT_DISCONNECT] = "disconnect",
};
static_assert(ARRAY_SIZE(event_status_names) == EVENT_STATUS_COUNT, "a word for each");

static const struct field fields[] = {
	FIELD_OPT_U32(struct event, exit_code, "ContainerExitCode"),
	FIELD_STRING(struct event, id, "ID", OPTIONAL),
	FIELD_STRING(struct event, image, "Image", OPTIONAL),
	FIELD_STRING(struct event, name, "Name", OPTIONAL),
	FIELD_STRING(struct event, network, "Network", OPTIONAL),
	FIELD_ENUM(struct event, status, "Status", REQUIRED, event_status_names),
	FIELD_U63(struct event, time_s, "time", REQUIRED),
	FIELD_U63(struct event, time_ns, "timeNano", REQUIRED),
	FIELD_ENUM(struct event, type, "Type", REQUIRED, event_type_names),
	FIELD_STRING(struct event, error, "Error", OPTIONAL),
	{ FIELD_OF(struct event, attributes, "Attributes", map, true) },
};

void event_free(struct event *v)
{
	arena_free(&v->arena);
}

int event_encode(const struct event *v, json_t **ret, struct err *e)
{
	return encode_object(fields, ARRAY_SIZE(fields), v, ret, e);
}

int event_decode(const char *line, size_t len, struct event *ret, struct err *e)
{
	struct event v = { 0 };
	int r = decode_text(line, len, "event", fields, ARRAY_SIZE(fields), &v.arena, &v, e);

	if (r < 0)
		event_free(&v);
	else
		*ret = v;
	return r;
}

/* The detail in front of the labels; a label of the same name is not to pass for it. Return: 0, or -ENOMEM */
static int add_detail(struct event *v, const struct spec_pair *detail)
{
	const struct spec_map labels = v->attributes;
	struct spec_pair *all = arena_array(&v->arena, labels.n + 1, sizeof(*all));

	if (!all)
		return -ENOMEM;
	v->attributes = (struct spec_map){ .v = all, .n = 1 };
	*all = *detail;
	for (size_t i = 0; i < labels.n; i++)
		if (!streq(labels.v[i].key, detail->key))
			all[v->attributes.n++] = labels.v[i];
	return 0;
}

/* The line with its newline; NULL where there can be none. */
static char *line_of(struct event *v)
{
	auto_free char *text = NULL;
	struct err e;
	char *line;

	if (encode_text(fields, ARRAY_SIZE(fields), v, &text, &e) < 0)
		return NULL;
	return asprintf(&line, "%s\n", text) < 0 ? NULL : line;
}

/*
 * Give the name to a new file. Renaming is for the one who has this file's lock and finds it under its name: two who have come
 * to the end of it at once would put aside the new one, too.
 */
static void rotate(int dir, int fd)
{
	struct stat named, ours;

	if (fd_lock(fd, LOCK_EX | LOCK_NB) < 0)
		return;
	if (fstatat(dir, JOURNAL_FILE, &named, AT_SYMLINK_NOFOLLOW) < 0 || fstat(fd, &ours) < 0)
		return;
	if (named.st_ino == ours.st_ino)
		(void)renameat(dir, JOURNAL_FILE, dir, JOURNAL_OLD_FILE); /* else it grows, and the next one tries */
}

static void append(int dir, const char *line, size_t len)
{
	auto_fd int fd = openat(dir, JOURNAL_FILE, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	ssize_t n = fd < 0 ? -1 : write(fd, line, len);

	if (n < 0)
		return;
	if ((size_t)n < len)
		(void)!write(fd, "\n", 1); /* the disk is full: the next event is to have a line of its own */
	if (lseek(fd, 0, SEEK_CUR) >= JOURNAL_MAX_BYTES)
		rotate(dir, fd);
}

void journal_tell(const struct engine *g, const struct event *told)
{
	struct event v = *told;
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail with this clock */
	v.arena = (struct arena){ 0 };
	v.time_s = (uint64_t)now.tv_sec;
	v.time_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	auto_free char *line = !v.detail.key || add_detail(&v, &v.detail) == 0 ? line_of(&v) : NULL;

	if (line && strlen(line) > JOURNAL_LINE_MAX) {
		v.attributes.n = v.detail.key ? 1 : 0;
		free(line);
		line = line_of(&v);
	}
	if (line)
		append(g->data, line, strlen(line));
	event_free(&v);
}

struct event event_of(const struct settings *s, enum event_status status)
{
	return (struct event){
		.type = EVENT_CONTAINER,
		.status = status,
		.id = s->id,
		.name = s->name,
		.image = s->image,
		.attributes = s->labels,
	};
}

void journal_container(const struct engine *g, const struct settings *s, enum event_status status)
{
	const struct event v = event_of(s, status);

	journal_tell(g, &v);
}

void journal_by_id(const struct engine *g, const char *id, enum event_status status)
{
	auto_settings struct settings s = { 0 };
	struct err gone;
	auto_fd int dir = record_open(g, id, &gone);

	if (dir >= 0 && record_settings(dir, &s, &gone) >= 0)
		journal_container(g, &s, status);
}
