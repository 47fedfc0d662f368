// SPDX-License-Identifier: Apache-2.0
#include "runtime/landlock.h"

#include <errno.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/fd.h"
#include "base/path.h"

/* Of newer headers. */
#define FS_TRUNCATE	(UINT64_C(1) << 14) /* ABI 3, Linux 6.2 */
#define FS_IOCTL_DEV	(UINT64_C(1) << 15) /* ABI 5, Linux 6.10 */
#define SCOPE_ABSTRACT	(UINT64_C(1) << 0)  /* ABI 6, Linux 6.12 */

#define FILE_RIGHTS (LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE | FS_IOCTL_DEV)
#define FOLDER_RIGHTS \
	(LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | \
	 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | \
	 LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER)

/* struct landlock_ruleset_attr as newer headers have it; older kernels take a shorter one. */
struct ruleset {
	uint64_t fs, net, scoped;
};

/* What each ABI has brought that we use, and how much of the struct it takes. */
static const struct {
	uint64_t fs, scoped;
	size_t size;
} versions[] = {
	[1] = { (FILE_RIGHTS | FOLDER_RIGHTS) & ~(FS_TRUNCATE | FS_IOCTL_DEV | LANDLOCK_ACCESS_FS_REFER), 0, 8 },
	[2] = { (FILE_RIGHTS | FOLDER_RIGHTS) & ~(FS_TRUNCATE | FS_IOCTL_DEV), 0, 8 },
	[3] = { (FILE_RIGHTS | FOLDER_RIGHTS) & ~FS_IOCTL_DEV, 0, 8 },
	[4] = { (FILE_RIGHTS | FOLDER_RIGHTS) & ~FS_IOCTL_DEV, 0, 16 },
	[5] = { FILE_RIGHTS | FOLDER_RIGHTS, 0, 16 },
	[6] = { FILE_RIGHTS | FOLDER_RIGHTS, SCOPE_ABSTRACT, 24 },
};

bool landlock_wanted(const struct spec *s)
{
	const char *value = spec_map_get(&s->annotations, LANDLOCK_ANNOTATION);

	return value && streq(value, "true");
}

int landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return abi < 0 ? 0 : (int)abi;
}

int landlock_check(const struct spec *s, struct err *e)
{
	const char *value = spec_map_get(&s->annotations, LANDLOCK_ANNOTATION);

	if (!value || streq(value, "false"))
		return 0;
	if (!streq(value, "true"))
		return err_say(e, EINVAL, "annotation " LANDLOCK_ANNOTATION ": it is true or false, not \"%.40s\"", value);
	return s->process.no_new_privileges ? 0 : err_say(e, EINVAL, "Landlock (--profile max) needs no_new_privs");
}

static bool is_writable(const struct spec_mount *m)
{
	for (size_t i = 0; i < m->options.n; i++)
		if (streq(m->options.v[i], "ro") || streq(m->options.v[i], "rro"))
			return false;
	return true;
}

/* All that is handled is allowed below it. A file takes only what a file has. */
static int allow(int ruleset, int root, const char *path, uint64_t rights, struct err *e)
{
	struct stat st;
	auto_fd int fd = path_open_in(root, path, O_PATH, e);

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return err_set(e, errno, "look at %s", path);
	const struct landlock_path_beneath_attr rule = {
		.allowed_access = S_ISDIR(st.st_mode) ? rights : rights & FILE_RIGHTS, .parent_fd = fd,
	};

	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		return err_set(e, errno, "allow writes below %s", path);
	return 0;
}

/* What it was given as a stream it may open anew by that name: /dev/stdout. */
static int allow_streams(int ruleset, struct err *e)
{
	struct stat st;

	for (int fd = 0; fd < 3; fd++) {
		const struct landlock_path_beneath_attr rule = { .allowed_access = FILE_RIGHTS, .parent_fd = fd };

		if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
		    syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
			return err_set(e, errno, "allow writes to fd %d", fd);
	}
	return 0;
}

int landlock_enter(const struct spec *s, struct err *e)
{
	int abi = landlock_wanted(s) ? landlock_abi() : 0, r = 0;

	if (abi == 0)
		return 0;
	size_t version = MIN((size_t)abi, ARRAY_SIZE(versions) - 1);
	const struct ruleset want = { .fs = versions[version].fs, .scoped = versions[version].scoped };
	auto_fd int ruleset = (int)syscall(SYS_landlock_create_ruleset, &want, versions[version].size, 0);

	if (ruleset < 0)
		return err_set(e, errno, "make a Landlock ruleset");
	auto_fd int root = path_open_dir("/", 0, e);

	if (root >= 0 && !s->root.readonly)
		r = allow(ruleset, root, "/", want.fs, e);
	for (size_t i = 0; i < s->mounts.n && root >= 0 && r >= 0; i++)
		if (is_writable(&s->mounts.v[i]))
			r = allow(ruleset, root, s->mounts.v[i].destination, want.fs, e);
	if (root >= 0 && r >= 0)
		r = allow_streams(ruleset, e);
	if (root < 0 || r < 0)
		return root < 0 ? root : r;
	return syscall(SYS_landlock_restrict_self, ruleset, 0) < 0 ? err_set(e, errno, "enter the Landlock ruleset") : 0;
}
