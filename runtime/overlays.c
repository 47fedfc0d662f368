// SPDX-License-Identifier: Apache-2.0
#include "runtime/overlays.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"

#define FOLDER "overlays"

/* The root of an overlay has the owner and the mode of its upper folder. */
static int as_below(int hub, const struct mount_more *more, struct err *e)
{
	const char *top = more->lowers.v[more->lowers.n - 1];
	auto_fd int base = open(more->base, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (base < 0 || fstatat(base, top, &st, 0) < 0)
		return err_set(e, errno, "look at %s", more->base);
	if (fchownat(hub, "upper", st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0 || fchmodat(hub, "upper", st.st_mode & 07777, 0) < 0)
		return err_set(e, errno, "make a folder for what is written");
	return 0;
}

static int make_hub(int dir, const char *name, const struct mount_more *more, struct err *e)
{
	static const char *const folders[] = { "lower", "upper", "work", "own" };
	int r = file_remove(dir, name, e); /* of a run that was killed */

	if (r < 0)
		return r;
	if ((mkdirat(dir, FOLDER, 0700) < 0 && errno != EEXIST) || mkdirat(dir, name, 0700) < 0)
		return err_set(e, errno, "make %s", name);
	auto_fd int hub = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (hub < 0)
		return err_set(e, errno, "open %s", name);
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (mkdirat(hub, folders[i], 0700) < 0)
			return err_set(e, errno, "make %s/%s", name, folders[i]);
	return more->upper ? 0 : as_below(hub, more, e);
}

/* The folder that both of the user's are in: overlayfs wants them in one mount. */
static size_t common(const char *a, const char *b)
{
	size_t n = 0, slash = 0;

	for (; a[n] && a[n] == b[n]; n++)
		slash = a[n] == '/' ? n : slash;
	return slash;
}

static int plan_own(const struct mount_more *more, struct arena *a, struct spec_overlay *o, struct err *e)
{
	size_t n = common(more->upper, more->work);

	o->own = n ? arena_strndup(a, more->upper, n) : arena_strdup(a, "/");
	o->upper = arena_printf(a, "own%s", more->upper + n);
	o->work = arena_printf(a, "own%s", more->work + n);
	return o->own && o->upper && o->work ? 0 : err_nomem(e);
}

int overlay_plan(int dir, const char *path, size_t number, const struct mount_more *more, struct arena *a,
		 const struct spec_overlay **ret, struct err *e)
{
	struct spec_overlay *o = arena_alloc(a, sizeof(*o));
	char name[sizeof(FOLDER) + 24];

	snprintf(name, sizeof(name), FOLDER "/%zu", number);
	int r = o ? make_hub(dir, name, more, e) : err_nomem(e);

	if (r < 0)
		return r;
	*o = (struct spec_overlay){
		.base = more->base, .lowers = more->lowers, .hub = arena_printf(a, "%s/%s", path, name),
		.upper = (char *)"upper", .work = (char *)"work", .subpath = more->subpath,
	};
	if (!o->hub)
		return err_nomem(e);
	r = more->upper ? plan_own(more, a, o, e) : 0;
	*ret = o;
	return r;
}

void overlays_remove(int dir, const struct settings *s)
{
	struct err ignored;
	bool has = false;

	for (size_t i = 0; i < s->mounts.n; i++)
		has |= s->mounts.v[i].base != NULL;
	if (has)
		(void)file_remove(dir, FOLDER, &ignored);
}
