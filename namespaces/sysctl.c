// SPDX-License-Identifier: Apache-2.0
#include "namespaces/sysctl.h"

#include <errno.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/sys.h"
#include "namespaces/tree.h"

#define BELOW_PROC "sys/"
#define KEY_MAX	   1024

/* Parameters that belong to a kind of namespace; a name that ends with '/' stands for all below it. */
static const struct {
	const char *path;
	enum spec_ns_kind kind;
	const char *kind_name;
} namespaced[] = {
	{ "kernel/msgmax", NS_IPC, "ipc" },	      { "kernel/msgmnb", NS_IPC, "ipc" },
	{ "kernel/msgmni", NS_IPC, "ipc" },	      { "kernel/sem", NS_IPC, "ipc" },
	{ "kernel/shmall", NS_IPC, "ipc" },	      { "kernel/shmmax", NS_IPC, "ipc" },
	{ "kernel/shmmni", NS_IPC, "ipc" },	      { "kernel/shm_rmid_forced", NS_IPC, "ipc" },
	{ "fs/mqueue/", NS_IPC, "ipc" },	      { "kernel/domainname", NS_UTS, "uts" },
	{ "net/", NS_NET, "network" },		      { "user/", NS_USER, "user" },
};

/*
 * As sysctl(8) has it: the first separator decides. After '.', '/' is a dot within a name ("net.ipv4.conf.eth0/100.forwarding");
 * after '/', dots are dots.
 *
 * Return: 0, or -EINVAL or -ENAMETOOLONG
 */
static int key_to_path(const char *key, char ret[KEY_MAX])
{
	bool dotted = key[strcspn(key, "./")] == '.';
	size_t len = strlen(key), part = 0;

	if (len >= KEY_MAX)
		return -ENAMETOOLONG;
	for (size_t i = 0; i <= len; i++) {
		char c = key[i];

		if (dotted && (c == '.' || c == '/'))
			c = c == '.' ? '/' : '.';
		ret[i] = c;
		if (c != '/' && c != '\0')
			continue;
		size_t n = i - part;

		if (n == 0 || (n == 1 && ret[part] == '.') || (n == 2 && ret[part] == '.' && ret[part + 1] == '.'))
			return -EINVAL;
		part = i + 1;
	}
	return 0;
}

static bool covers(const char *name, const char *path)
{
	size_t n = strlen(name);

	return name[n - 1] == '/' ? strncmp(path, name, n) == 0 : streq(path, name);
}

int sysctl_check(const struct spec *spec, const char *key, struct err *e)
{
	char path[KEY_MAX];

	if (key_to_path(key, path) < 0)
		return err_say(e, EINVAL, "sysctl %.80s: not a name", key);
	if (streq(path, "kernel/hostname"))
		return err_say(e, EPERM, "sysctl %s: that is what hostname is for", key);
	for (size_t i = 0; i < ARRAY_SIZE(namespaced); i++) {
		if (!covers(namespaced[i].path, path))
			continue;
		if (spec->linux_.namespaces[namespaced[i].kind].wanted)
			return 0;
		return err_say(e, EPERM, "sysctl %s: the container needs a %s namespace of its own", key,
			       namespaced[i].kind_name);
	}
	return err_say(e, EPERM, "sysctl %s: it belongs to no namespace, the whole machine would change", key);
}

/* One key, one write: what a value smuggles in after a separator reaches nobody (S26). */
static int set(int proc, const struct spec_pair *pair, struct err *e)
{
	char key[KEY_MAX], path[sizeof(BELOW_PROC) + KEY_MAX];
	int r = key_to_path(pair->key, key);

	if (r < 0)
		return err_set(e, -r, "sysctl %.80s", pair->key);
	snprintf(path, sizeof(path), BELOW_PROC "%s", key);
	auto_fd int fd = sys_openat2(proc, path, O_WRONLY | O_CLOEXEC, 0,
				     RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);

	if (fd < 0)
		return err_set(e, errno, "sysctl %s", pair->key);
	r = fd_write_all(fd, pair->value, strlen(pair->value));
	return r < 0 ? err_set(e, -r, "sysctl %s = \"%.80s\"", pair->key, pair->value) : 0;
}

int sysctl_apply(const struct spec_map *sysctls, struct err *e)
{
	if (sysctls->n == 0)
		return 0;
	auto_fd int proc = tree_procfs(NULL, e);
	int r = 0;

	if (proc < 0)
		return err_wrap(e, "a procfs for sysctls");
	for (size_t i = 0; i < sysctls->n && r == 0; i++)
		r = set(proc, &sysctls->v[i], e);
	return r;
}
