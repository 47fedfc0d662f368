// SPDX-License-Identifier: Apache-2.0
#include "cgroups/find.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "cgroups/cgroups.h"
#include "cgroups/text.h"

#define MOUNTINFO_MAX (16 << 20)
#define MAX_FIELDS    64

struct word {
	const char *at;
	size_t len;
};

static bool word_is(struct word w, const char *s)
{
	return w.len == strlen(s) && strncmp(w.at, s, w.len) == 0;
}

/* The words of one line, as many as fit. Return: their number */
static size_t split_line(const char *line, struct word words[MAX_FIELDS])
{
	size_t n = 0;

	while (n < MAX_FIELDS && *line && *line != '\n') {
		words[n] = (struct word){ line, strcspn(line, " \n") };
		line += words[n].len;
		line += *line == ' ';
		n++;
	}
	return n;
}

static bool octal(char c)
{
	return c >= '0' && c <= '7';
}

/* "\040" is a blank: the kernel writes blank, tab, newline and backslash so. */
static bool unescape(struct word w, char ret[PATH_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < w.len; i++) {
		const char *p = w.at + i;

		if (n + 1 >= PATH_MAX)
			return false;
		if (*p == '\\' && w.len - i > 3 && octal(p[1]) && octal(p[2]) && octal(p[3])) {
			ret[n++] = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
			i += 3;
		} else {
			ret[n++] = *p;
		}
	}
	ret[n] = '\0';
	return n > 0;
}

bool cgroup_find_mount(const char *mountinfo, char ret[PATH_MAX])
{
	enum { ROOT = 3, POINT = 4, OPTIONAL = 6 };
	struct word words[MAX_FIELDS];

	for (const char *line = mountinfo; line; line = cgroup_next_line(line)) {
		size_t n = split_line(line, words), i = OPTIONAL;

		while (i < n && !word_is(words[i], "-"))
			i++;
		/* a mount of a lower folder would turn every path into another one */
		if (i + 1 < n && word_is(words[i + 1], "cgroup2") && word_is(words[ROOT], "/") &&
		    unescape(words[POINT], ret))
			return true;
	}
	return false;
}

bool cgroup_find_path(const char *proc_cgroup, char ret[PATH_MAX])
{
	for (const char *line = proc_cgroup; line; line = cgroup_next_line(line)) {
		const char *path = str_after(line, "0::");
		size_t n = path ? strcspn(path, "\n") : 0;

		if (n == 0 || n >= PATH_MAX)
			continue;
		memcpy(ret, path, n);
		ret[n] = '\0';
		return true;
	}
	return false;
}

bool cgroup_find_v1(const char *proc_cgroup, const char *controller)
{
	const char *name = streq(controller, "io") ? "blkio" : controller;
	size_t len = strlen(name);

	for (const char *line = proc_cgroup; line; line = cgroup_next_line(line)) {
		const char *p = line + strcspn(line, ":\n");

		/* 4:cpu,cpuacct:/path */
		while (*p == ':' || *p == ',') {
			const char *word = ++p;

			p += strcspn(p, ",:\n");
			if ((size_t)(p - word) == len && strncmp(word, name, len) == 0)
				return true;
			if (*p == ':')
				break;
		}
	}
	return false;
}

/* Return: an O_PATH fd if a cgroup2 hierarchy is mounted there, else -errno */
static int open_if_cgroup2(const char *path)
{
	auto_fd int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return -errno;
	return fs.f_type == CGROUP2_SUPER_MAGIC ? fd_take(&fd) : -ENOENT;
}

static int open_from_mountinfo(char path[PATH_MAX], struct err *e)
{
	auto_free char *text = NULL;
	int r = file_read(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &text, NULL, e);

	if (r < 0)
		return r;
	if (!cgroup_find_mount(text, path)) {
		err_say(e, ENOENT, "no cgroup2 file system is mounted");
		return err_hint(e, "mount -t cgroup2 none /sys/fs/cgroup/unified makes one; no container needs version 1");
	}
	int fd = open_if_cgroup2(path);

	return fd < 0 ? err_set(e, -fd, "open the cgroup2 file system at %s", path) : fd;
}

int cgroup_open_root(char *ret_path, struct err *e)
{
	static const char *const usual[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
	char other[PATH_MAX];
	const char *path = other;
	int fd = -1;

	for (size_t i = 0; fd < 0 && i < ARRAY_SIZE(usual); i++) {
		path = usual[i];
		fd = open_if_cgroup2(path);
	}
	if (fd < 0) {
		path = other;
		fd = open_from_mountinfo(other, e);
	}
	if (fd >= 0 && ret_path)
		memcpy(ret_path, path, strlen(path) + 1);
	return fd;
}

int cgroup_own_path(char *ret, struct err *e)
{
	auto_free char *text = NULL;
	int r = file_read(AT_FDCWD, "/proc/self/cgroup", CGROUP_TEXT_MAX, &text, NULL, e);

	if (r < 0)
		return r;
	if (!cgroup_find_path(text, ret))
		return err_say(e, ENOENT, "this kernel has no cgroup2 hierarchy (no line 0:: in /proc/self/cgroup)");
	return 0;
}

/* What is wrong with one part of a path, or NULL. */
static const char *part_fault(struct word part)
{
	if (part.len == 0)
		return "has an empty part";
	if (word_is(part, ".") || word_is(part, ".."))
		return "has a part \".\" or \"..\"";
	if (part.len > NAME_MAX)
		return "has a part that is too long";
	for (size_t i = 0; i < part.len; i++)
		if ((unsigned char)part.at[i] < 0x20 || part.at[i] == 0x7f)
			return "has a control character";
	return NULL;
}

int cgroup_check_path(const char *path, struct err *e)
{
	if (*path != '/')
		return err_say(e, EINVAL, "the cgroup path \"%.128s\" is not absolute", path);
	if (strlen(path) >= PATH_MAX)
		return err_say(e, EINVAL, "the cgroup path is too long");
	for (const char *p = path; *p == '/';) {
		struct word part = { p + 1, strcspn(p + 1, "/") };
		const char *fault = part_fault(part);

		if (fault)
			return err_say(e, EINVAL, "the cgroup path \"%.128s\" %s", path, fault);
		p = part.at + part.len;
	}
	return 0;
}
