// SPDX-License-Identifier: Apache-2.0
#include "runtime/label.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/sys.h"
#include "namespaces/tree.h"

#define APPARMOR_ENABLED "/sys/module/apparmor/parameters/enabled"
#define SELINUX_FOLDER	 "/sys/fs/selinux"

static bool given(const char *label)
{
	return label && *label;
}

/* Its folder in securityfs says nothing: podman hides it from us where the container has a user namespace. */
static bool has_apparmor(void)
{
	char answer = 'N';
	auto_fd int fd = open(APPARMOR_ENABLED, O_RDONLY | O_CLOEXEC);

	return fd >= 0 && fd_read_all(fd, &answer, 1) == 1 && answer == 'Y';
}

static bool has_selinux(void)
{
	struct statfs fs;

	return statfs(SELINUX_FOLDER, &fs) == 0 && (uint32_t)fs.f_type == SELINUX_MAGIC;
}

bool label_of_mounts(void)
{
	return has_selinux();
}

int label_check(const struct spec_process *p, struct err *e)
{
	if (given(p->apparmor_profile) && !has_apparmor())
		return err_say(e, EOPNOTSUPP, "process.apparmorProfile: apparmor is not enabled in this kernel");
	if (given(p->selinux_label) && !has_selinux())
		return err_say(e, EOPNOTSUPP, "process.selinuxLabel: selinux is disabled or not supported");
	return 0;
}

static int open_attr(int proc, const char *path)
{
	return sys_openat2(proc, path, O_WRONLY | O_CLOEXEC, 0,
			   RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS);
}

/* @path below /proc, or @older where the kernel has no such file */
static int write_attr(const char *path, const char *older, const char *value, struct err *e)
{
	static char *words[] = { (char *)"subset=pid" };
	static const struct mount_options only_processes = { .data = { .v = words, .n = ARRAY_SIZE(words) } };
	auto_fd int proc = tree_procfs(&only_processes, e);

	if (proc < 0)
		return err_wrap(e, "a procfs for security labels");
	auto_fd int fd = open_attr(proc, path);

	if (fd < 0 && errno == ENOENT && older) {
		path = older;
		fd = open_attr(proc, path);
	}
	if (fd < 0)
		return err_set(e, errno, "open `/proc/%s`", path);
	/* in one write(2), or the kernel takes the parts for wholes */
	if (write(fd, value, strlen(value)) < 0)
		return err_set(e, errno, "write to `/proc/%s`", path);
	return 0;
}

static int set_apparmor(const char *profile, struct err *e)
{
	char value[1024];
	int n = snprintf(value, sizeof(value), "exec %s", profile);

	if (n >= (int)sizeof(value))
		return err_set(e, ENAMETOOLONG, "process.apparmorProfile");
	int r = write_attr("self/attr/apparmor/exec", "self/attr/exec", value, e);

	return r < 0 ? err_wrap(e, "set the AppArmor profile %s", profile) : 0;
}

int label_set(const struct spec_process *p, struct err *e)
{
	int r = given(p->apparmor_profile) ? set_apparmor(p->apparmor_profile, e) : 0;

	if (r < 0 || !given(p->selinux_label))
		return r;
	r = write_attr("self/attr/exec", NULL, p->selinux_label, e);
	return r < 0 ? err_wrap(e, "set the SELinux label %s", p->selinux_label) : 0;
}

int label_keys(const char *label, struct err *e)
{
	/* a single newline is the kernel's word for none */
	int r = write_attr("self/attr/keycreate", NULL, given(label) ? label : "\n", e);

	return r < 0 ? err_wrap(e, "set the SELinux label of keyrings") : 0;
}
