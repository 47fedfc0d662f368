// SPDX-License-Identifier: Apache-2.0
#include "namespaces/fuse_overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/sys.h"
#include "namespaces/tree.h"

#define COMPLAINT_MAX 1000

/* What the program gets as fds 3, 4, …; and how it calls them. */
enum {
	KEPT_DEVICE,
	KEPT_CONTAINER,
	KEPT_ALIVE,
	KEPT_COUNT,
};
#define DEVICE_NAME    "/dev/fd/3"
#define CONTAINER_NAME "/proc/self/fd/4"

static int open_device(struct err *e)
{
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	err_set(e, errno, "open /dev/fuse");
	return err_hint(e, "is the kernel's module fuse there?");
}

/* Whoever the container's processes are to the host, the kernel checks what they may by owner and mode. */
static int mount_device(int device, struct err *e)
{
	char number[16];
	const char *const words[][2] = {
		{ "source", "fuse-overlayfs" }, { "subtype", "fuse-overlayfs" }, { "fd", number },
		{ "rootmode", "40000" },	{ "user_id", "0" },		 { "group_id", "0" },
		{ "default_permissions", NULL }, { "allow_other", NULL },
	};
	auto_fd int fs = fsopen("fuse", FSOPEN_CLOEXEC);
	int r = fs < 0 ? err_set(e, errno, "file system fuse") : 0;

	snprintf(number, sizeof(number), "%d", device);
	for (size_t i = 0; i < ARRAY_SIZE(words) && r == 0; i++)
		r = fs_set(fs, words[i][0], words[i][1], e);
	return r < 0 ? r : fs_mount(fs, "fuse", 0, e);
}

/* ",uidmapping=0:100000:65536" */
static char *add_maps(struct arena *a, char *text, const char *key, const struct spec_id_maps *maps)
{
	for (size_t i = 0; i < maps->n && text; i++)
		text = arena_printf(a, "%s%s%s%u:%u:%u", text, i ? "" : key, i ? ":" : "", maps->v[i].container_id,
				    maps->v[i].host_id, maps->v[i].size);
	return text;
}

/* Relative to the folder of the layers, whose names have neither ":" nor ",". */
static char *options_of(struct arena *a, const struct fuse_overlay *o)
{
	FILE *f = NULL;
	char *lowers = NULL;
	size_t len;

	f = open_memstream(&lowers, &len);
	for (size_t i = o->n_lowers; i > 0 && f; i--)
		fprintf(f, "%s%s", i == o->n_lowers ? "" : ":", o->lowers[i - 1]);
	char *text = f && fclose(f) == 0 ? arena_printf(a, "lowerdir=%s,upperdir=" CONTAINER_NAME "/upper,workdir=" CONTAINER_NAME
							"/work%s", lowers, o->transient ? ",volatile" : "")
					 : NULL;

	free(lowers);
	text = text ? add_maps(a, text, ",uidmapping=", o->uids) : NULL;
	return text ? add_maps(a, text, ",gidmapping=", o->gids) : NULL;
}

/* The last line says what was fatal, after the program's name. */
static const char *last_words(char *complaint)
{
	size_t n = strlen(complaint);

	if (n > 0 && complaint[n - 1] == '\n')
		complaint[n - 1] = '\0';
	const char *line = strrchr(complaint, '\n');

	line = line ? line + 1 : complaint;
	const char *words = str_after(line, "fuse-overlayfs: ");

	return words ? words : *line ? line : "it failed";
}

/* It says what is wrong before it goes into the background; ends of file and of its first process say that it is there. */
static int start(const struct fuse_overlay *o, const int kept[KEPT_COUNT], struct err *e)
{
	auto_arena struct arena arena = { 0 };
	char complaint[COMPLAINT_MAX], rest[COMPLAINT_MAX];
	int ends[2];
	char *options = options_of(&arena, o);
	auto_fd int layers = options ? path_open_dir(o->layers, 0, e) : err_nomem(e);

	if (layers < 0)
		return layers;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "start " FUSE_OVERLAY_PROGRAM);
	auto_fd int reader = ends[0], writer = ends[1], pidfd = -1;
	const struct proc_spawn spawn = {
		.path = FUSE_OVERLAY_PROGRAM,
		.argv = (char *[]){ (char *)FUSE_OVERLAY_PROGRAM, (char *)"-o", options, (char *)DEVICE_NAME, NULL },
		.stdio = { -1, -1, writer },
		.keep = kept,
		.n_keep = KEPT_COUNT,
		.cwd = layers,
		.no_new_privs = true,
	};
	int r = proc_spawn(&spawn, NULL, &pidfd, e);

	if (r == -ENOENT)
		return err_hint(e, "install fuse-overlayfs");
	if (r < 0)
		return r;
	fd_close(&writer);
	ssize_t n = fd_read_all(reader, complaint, sizeof(complaint) - 1);

	complaint[MAX(n, 0)] = '\0';
	while (fd_read_all(reader, rest, sizeof(rest)) > 0)
		; /* or it would die of SIGPIPE */
	r = proc_wait(pidfd, e);
	if (r <= 0)
		return r;
	return err_say(e, EIO, "%s", last_words(complaint));
}

int fuse_overlay_new(const struct fuse_overlay *o, int *ret_alive, struct err *e)
{
	auto_fd int device = open_device(e), container = -1, tree = -1;
	int ends[2];

	if (device < 0)
		return device;
	container = path_open_dir(o->container, 0, e);
	if (container < 0)
		return container;
	tree = mount_device(device, e);
	if (tree < 0)
		return tree;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "make a pipe");
	auto_fd int alive = ends[0], held = ends[1];
	const int kept[KEPT_COUNT] = { [KEPT_DEVICE] = device, [KEPT_CONTAINER] = container, [KEPT_ALIVE] = held };
	int r = start(o, kept, e);

	if (r < 0)
		return r;
	*ret_alive = fd_take(&alive);
	return fd_take(&tree);
}
