/* SPDX-License-Identifier: Apache-2.0 */
/*
 * namespaces_box.h: the least of a runtime, for tests: a child in new namespaces whose root, mounts, devices and masks are made
 * by the real functions on the real kernel, in the order of the real runtime; then a check of the test runs in it, as the
 * container's root. Nothing of this machine's own namespaces is touched.
 */
#ifndef TESTS_NAMESPACES_BOX_H
#define TESTS_NAMESPACES_BOX_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/sys.h"
#include "namespaces/devices.h"
#include "namespaces/idmap.h"
#include "namespaces/masks.h"
#include "namespaces/mounts.h"
#include "namespaces/ns.h"
#include "namespaces/rootfs.h"

#define BOX_FIRST_ID 1500000000U /* host ids of a box with a user namespace: nobody's on this machine */
#define BOX_MOUNTS   16

/* In a check: say what is wrong, and end the check. */
#define CHECK(condition)                                                                                               \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			return err_say(e, EINVAL, "line %d: %s (errno %d)", __LINE__, #condition, errno);              \
	} while (0)

struct box_mount {
	const char *destination, *type, *source;
	const char *options; /* with commas between; NULL: none */
	struct spec_id_maps uids, gids;
	const char *content;
	bool volume; /* idmapped with the container's map */
};

#define BOX_MOUNT(to, kind, from, words) { .destination = to, .type = kind, .source = from, .options = words }
#define BOX_END				 { .destination = NULL }

struct box {
	bool userns, no_pivot, keep_attributes;
	uint64_t without;	    /* CLONE_NEW* that it does not get */
	struct rootfs_plan root;
	const struct box_mount *mounts; /* up to a NULL destination */
	const char *cgroup;
	const struct spec_device *devices; /* up to a NULL path; NULL: the default ones */
	bool make_devices;		   /* in init, where no /dev was made outside */
	const char *masked[16], *readonly[16];
	const struct spec_pair *sysctls; /* up to a NULL key */
	int (*check)(void *arg, struct err *e); /* inside, when all is in place */
	int (*before)(void *arg, struct err *e); /* outside, when the box is complete and waits */
	void *arg;
	const struct spec_id_maps *maps; /* of both kinds; NULL: 65,536 ids from BOX_FIRST_ID */
};

/* What a box needs while it is made; in memory that both sides see. */
struct box_run {
	const struct box *b;
	struct arena arena;
	struct rootfs_plan root;
	struct mount_list mounts;
	struct mount_context context;
	struct spec_devices devices;
	struct strv masked, readonly;
	int go[2], done[2];
	struct err *shared;
};

static const struct spec_id_map box_map[] = { { 0, BOX_FIRST_ID, IDMAP_RANGE } };
static const struct spec_id_maps box_maps = { (struct spec_id_map *)box_map, 1 };
static const struct spec_id_maps box_no_maps;

static inline void box_words(struct arena *a, struct strv *list, const char *const *words)
{
	for (size_t i = 0; words[i]; i++)
		assert_int_equal(strv_add(a, list, words[i]), 0);
}

/* The list of mounts, as from a configuration. */
static inline int box_mounts(struct box_run *run, struct err *e)
{
	const struct box *b = run->b;
	struct spec_mounts spec = { .v = arena_array(&run->arena, BOX_MOUNTS, sizeof(struct spec_mount)) };

	for (size_t i = 0; b->mounts && b->mounts[i].destination; i++) {
		const struct box_mount *m = &b->mounts[i];
		struct spec_mount *to = &spec.v[spec.n++];

		*to = (struct spec_mount){ .destination = (char *)m->destination,
					   .type = (char *)m->type,
					   .source = (char *)m->source,
					   .uid_mappings = m->uids,
					   .gid_mappings = m->gids };
		if (m->content) {
			struct spec_content *c = arena_alloc(&run->arena, sizeof(*c));

			assert_non_null(c);
			*c = (struct spec_content){ .data = m->content, .n = strlen(m->content), .mode = 0644 };
			to->content = c;
		}
		auto_free char *words = strdup(m->options ? m->options : "");
		char *rest = NULL;

		for (char *w = strtok_r(words, ",", &rest); w; w = strtok_r(NULL, ",", &rest))
			assert_int_equal(strv_add(&run->arena, &to->options, w), 0);
	}
	int r = mount_list_from_spec(&run->arena, &spec, &run->context, &run->mounts, e);

	for (size_t i = 0; i < spec.n && r == 0; i++)
		run->mounts.v[i].idmap_container |= b->mounts[i].volume;
	return r;
}

/* In the parent, before the child is there. */
static inline int box_open(struct box_run *run, struct err *e)
{
	const struct box *b = run->b;
	int r = rootfs_open(&run->root, &run->arena, e);

	if (r == 0)
		r = mount_list_open(&run->mounts, &run->context, e);
	for (size_t i = 0; i < run->mounts.n && r == 0; i++) {
		struct mount_op *op = &run->mounts.v[i];

		if (op->how != MOUNT_DEV || geteuid() != 0)
			continue;
		op->tree = devices_make_tmpfs(op, &run->devices, b->userns ? &box_maps : &box_no_maps,
					      b->userns ? &box_maps : &box_no_maps, e);
		r = MIN(op->tree, 0);
	}
	return r;
}

/* In the child. */
static inline int box_init(struct box_run *run, struct err *e)
{
	const struct box *b = run->b;
	char byte;

	if (read(run->go[0], &byte, 1) != 1)
		return err_say(e, EPIPE, "the parent has gone");
	int r = rootfs_attach_trees(&run->root, e);

	if (r == 0 && b->userns && (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0))
		r = err_set(e, errno, "become root");
	if (r < 0)
		return r;
	auto_fd int root = rootfs_mount(&run->root, e);

	r = root < 0 ? root : mount_list_run(&run->mounts, &root, &run->context, e);
	if (r == 0 && b->make_devices)
		r = devices_make_in(root, &run->devices, b->userns, true, e);
	for (size_t i = 0; b->sysctls && b->sysctls[i].key && r == 0; i++)
		r = sysctl_apply(&(struct spec_map){ (struct spec_pair *)&b->sysctls[i], 1 }, e);
	auto_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (r == 0)
		r = masks_apply(root, null, &run->masked, &run->readonly, e);
	if (r == 0)
		r = mount_list_seal(&run->mounts, e);
	if (r == 0)
		r = rootfs_enter(&run->root, root, b->no_pivot, e);
	mount_list_close(&run->mounts);
	rootfs_close(&run->root);
	if (r < 0)
		return r;
	if (b->before) {
		if (write(run->done[1], "", 1) != 1 || read(run->go[0], &byte, 1) != 1)
			return err_say(e, EPIPE, "the parent has gone");
	}
	return b->check ? b->check(b->arg, e) : 0;
}

/* In the parent: maps, then the child may go. */
static inline int box_parent(struct box_run *run, pid_t pid, struct err *e)
{
	const struct box *b = run->b;
	char byte;
	const struct spec_id_maps *maps = b->maps ? b->maps : &box_maps;
	int r = b->userns ? idmap_write(pid, maps, maps, e) : 0;

	if (r == 0 && b->userns) {
		auto_fd int userns = ns_open_pid(NS_USER, pid, e);

		r = userns < 0 ? userns : rootfs_idmap(&run->root, userns, e);
		if (r == 0)
			r = mount_list_idmap(&run->mounts, userns, e);
	}
	if (r < 0 || write(run->go[1], "", 1) != 1)
		return r;
	if (b->before && read(run->done[0], &byte, 1) == 1) {
		r = b->before(b->arg, e);
		(void)!write(run->go[1], "", 1);
	}
	return r;
}

/* Make the box and run its check. Return: 0, or -errno with @e: what either side had to say */
static inline int box_run(const struct box *b, struct err *e)
{
	struct box_run run = { .b = b, .root = b->root };
	int status;

	run.context = (struct mount_context){ .private_userns = b->userns,
					      .keep_attributes = b->keep_attributes,
					      .net_owned = !(b->without & CLONE_NEWNET),
					      .pid_owned = !(b->without & CLONE_NEWPID),
					      .ipc_owned = !(b->without & CLONE_NEWIPC),
					      .bundle = "/nonexistent",
					      .cgroup = b->cgroup };
	run.devices.v = (struct spec_device *)(b->devices ? b->devices : devices_default);
	while (run.devices.v[run.devices.n].path)
		run.devices.n++;
	box_words(&run.arena, &run.masked, b->masked);
	box_words(&run.arena, &run.readonly, b->readonly);
	run.root.userns = b->userns;
	run.root.container_tree = run.root.layers_tree = -1;
	run.shared = mmap(NULL, sizeof(struct err), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(run.shared, MAP_FAILED);
	assert_int_equal(pipe2(run.go, O_CLOEXEC), 0);
	assert_int_equal(pipe2(run.done, O_CLOEXEC), 0);

	int r = box_mounts(&run, e);
	uint64_t flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWCGROUP;

	if (r == 0)
		r = box_open(&run, e);
	if (r == 0) {
		struct clone_args args = { .flags = ((flags & ~b->without) | (b->userns ? CLONE_NEWUSER : 0)),
					   .exit_signal = SIGCHLD };
		pid_t pid = sys_clone3(&args);

		assert_true(pid >= 0);
		if (pid == 0) {
			close(run.go[1]);
			close(run.done[0]);
			r = box_init(&run, run.shared);
			_exit(r < 0 ? 1 : 0);
		}
		close(run.done[1]);
		r = box_parent(&run, pid, e);
		close(run.go[1]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (r == 0 && status != 0) {
			*e = *run.shared;
			r = e->code ? -e->code : err_say(e, EFAULT, "ended with status %#x", status);
		}
	} else {
		close(run.go[1]);
		close(run.done[1]);
	}
	close(run.go[0]);
	close(run.done[0]);
	mount_list_close(&run.mounts);
	rootfs_close(&run.root);
	munmap(run.shared, sizeof(struct err));
	arena_free(&run.arena);
	return r;
}

static inline void box_ok(const struct box *b)
{
	struct err e;

	if (box_run(b, &e) < 0)
		fail_msg("%s", e.text);
}

/* It must not come to be, for this reason. */
static inline void box_fails(const struct box *b, int errnum, const char *words)
{
	struct err e;
	int r = box_run(b, &e);

	if (r != -errnum || !strstr(e.text, words))
		fail_msg("%d, not %d \"%s\": %s", r, -errnum, words, r < 0 ? e.text : "no error");
}

/* A folder for one test, with rootfs/ in it; removed by box_folder_remove(). 0711 and root's, as a store's are. */
struct box_folder {
	char path[64], rootfs[80];
	int fd, root;
};

static inline void box_folder_make(struct box_folder *f)
{
	static const char *const folders[] = { "rootfs",      "rootfs/proc", "rootfs/sys",
					       "rootfs/dev",  "rootfs/tmp",  "rootfs/etc" };

	strcpy(f->path, "/tmp/paene-ns-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	snprintf(f->rootfs, sizeof(f->rootfs), "%s/rootfs", f->path);
	f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		assert_int_equal(mkdirat(f->fd, folders[i], 0755), 0);
	f->root = openat(f->fd, "rootfs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(f->root >= 0);
}

static inline void box_folder_remove(struct box_folder *f)
{
	struct err e;

	close(f->root);
	close(f->fd);
	if (file_remove(AT_FDCWD, f->path, &e) < 0)
		fail_msg("%s", e.text);
}

static inline void box_text(int dir, const char *name, const char *text)
{
	auto_fd int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

/* The words of a mount in the calling process's mountinfo: fields 6 (attributes) to the end; "" where nothing is mounted. */
static inline const char *box_mountinfo(const char *point)
{
	static char line[1024], found[1024];
	FILE *f = fopen("/proc/self/mountinfo", "re");

	found[0] = '\0';
	while (f && fgets(line, sizeof(line), f)) {
		char where[512];
		int end = 0;

		if (sscanf(line, "%*s %*s %*s %*s %511s %n", where, &end) == 1 && streq(where, point))
			snprintf(found, sizeof(found), "%s", line + end);
	}
	if (f)
		fclose(f);
	return found;
}

/* From here on the mounts of this process are its own: what a test mounts as "the host" reaches nobody. */
static inline void box_own_mounts(void)
{
	if (geteuid() == 0 && (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) < 0))
		perror("private mounts");
}

static inline bool box_may(void)
{
	if (geteuid() == 0)
		return true;
	print_message("skipped: only root can make mount namespaces here\n");
	skip();
	return false;
}

#endif
