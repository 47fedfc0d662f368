// SPDX-License-Identifier: Apache-2.0
#include "base/seal.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/prctl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/sys.h"

#define OWN_PROGRAM  "/proc/self/exe"
#define COPY_AT_ONCE (1 << 30) /* bytes */
#define SEALS	     (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* Linux 6.3 */
#endif

/* ---- in place ----
 *
 * The kernel changes what /proc/self/exe leads to only when nothing of the old file is mapped, by the mount and the name that it was
 * started by. Seen by way of another mount it is another one to the kernel, with the same bytes: so its segments can be mapped over
 * our own while we run in them; what we may write to, and have, is copied into memory of no file.
 */

extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden"))); /* by the linker: where this program lies */

static uintptr_t page_down(uintptr_t address)
{
	return address & ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);
}

static uintptr_t page_up(uintptr_t address)
{
	return page_down(address + (uintptr_t)sysconf(_SC_PAGESIZE) - 1);
}

/* Read-only segments are as they are in the file. */
static int map_segment(const ElfW(Phdr) *h, uintptr_t start, size_t len, int file)
{
	int prot = (h->p_flags & PF_R ? PROT_READ : 0) | (h->p_flags & PF_X ? PROT_EXEC : 0);
	void *at = mmap((void *)start, len, prot, MAP_PRIVATE | MAP_FIXED, file, (off_t)page_down(h->p_offset));

	return at == MAP_FAILED ? -errno : 0;
}

/* Copied by the kernel, in one call: nothing of it changes meanwhile. */
static int copy_segment(uintptr_t start, size_t len)
{
	void *copy = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec from = { (void *)start, len }, to = { copy, len };

	if (copy == MAP_FAILED)
		return -errno;
	if (process_vm_readv(getpid(), &to, 1, &from, 1, 0) == (ssize_t)len &&
	    mremap(copy, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)start) != MAP_FAILED)
		return 0;
	int r = -errno;

	(void)munmap(copy, len);
	return r;
}

/* Return: 0, or -errno; then we go on as well, from what has been replaced so far */
static int replace_segments(int file, struct prctl_mm_map *map)
{
	const uintptr_t base = (uintptr_t)&__ehdr_start;
	const ElfW(Phdr) *h = (const ElfW(Phdr) *)(base + __ehdr_start.e_phoff);
	int r = 0;

	for (size_t i = 0; r == 0 && i < __ehdr_start.e_phnum; i++) {
		uintptr_t begin = base + h[i].p_vaddr, end = begin + h[i].p_filesz;
		uintptr_t start = page_down(begin);
		size_t len = page_up(end) - start;

		if (h[i].p_type == PT_GNU_RELRO) /* it comes after the segment that it is a part of */
			r = mprotect((void *)start, page_down(end) - start, PROT_READ) < 0 ? -errno : 0;
		if (h[i].p_type != PT_LOAD)
			continue;
		if (h[i].p_flags & PF_W) {
			map->start_data = begin;
			map->end_data = end;
			r = copy_segment(start, len);
			continue;
		}
		if (h[i].p_flags & PF_X) {
			map->start_code = begin;
			map->end_code = end;
		}
		r = map_segment(&h[i], start, len, file);
	}
	return r;
}

/* What /proc/self/cmdline shows: the program's path, the other words as they are. Return: it, ended by @ret_end, or NULL */
static char *write_words(const char *path, char **argv, char **ret_end)
{
	size_t len = strlen(path) + 1;

	for (size_t i = 1; argv[0] && argv[i]; i++)
		len += strlen(argv[i]) + 1;
	char *words = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *p = words;

	if (words == MAP_FAILED)
		return NULL;
	p = stpcpy(p, path) + 1;
	for (size_t i = 1; argv[0] && argv[i]; i++)
		p = stpcpy(p, argv[i]) + 1;
	*ret_end = p;
	return words;
}

/**
 * change_program() - What /proc/self/exe leads to
 * @view:	This program's file by way of another mount
 * @program:	What it leads to from here on
 * @words, @end:	write_words()
 *
 * Return: 0, or -errno where this kernel, or who we are, does not allow it
 */
static int change_program(int view, int program, const char *words, const char *end)
{
	struct prctl_mm_map map = {
		.start_brk = (uintptr_t)sbrk(0), /* from here on: what lies below stays ours */
		.brk = (uintptr_t)sbrk(0),
		.start_stack = (uintptr_t)__builtin_frame_address(0),
		.arg_start = (uintptr_t)words,
		.arg_end = (uintptr_t)end,
		.env_start = (uintptr_t)end, /* the environment is nobody's business */
		.env_end = (uintptr_t)end,
		.exe_fd = (uint32_t)program,
	};
	int r = replace_segments(view, &map);

	if (r < 0)
		return r;
	return prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0) < 0 ? -errno : 0;
}

static int seal_in_place(int mount, char **argv)
{
	char fd_name[FD_PATH_MAX], path[PATH_MAX], *end;
	auto_fd int file = open(fd_path(mount, fd_name), O_RDONLY | O_CLOEXEC);
	int r = file < 0 ? -errno : proc_own_path(path);
	char *words = r < 0 ? NULL : write_words(path, argv, &end);

	if (r >= 0)
		r = words ? change_program(file, file, words, end) : -ENOMEM;
	if (r >= 0)
		argv[0] = words;
	return r;
}

/* ---- inside ---- */

static bool is_ours(const char *path)
{
	struct stat named, ours;

	return stat(path, &named) == 0 && stat(OWN_PROGRAM, &ours) == 0 && named.st_dev == ours.st_dev &&
	       named.st_ino == ours.st_ino;
}

static int open_memory(void)
{
	int fd = memfd_create(program_invocation_short_name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	if (fd < 0 && errno == EINVAL) /* before Linux 6.3 all can be executed */
		fd = memfd_create(program_invocation_short_name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd;
}

int proc_seal_file(void)
{
	unsigned size;
	char path[PATH_MAX];

	if (prctl(PR_SET_MM, PR_SET_MM_MAP_SIZE, &size, 0, 0) < 0 || proc_own_path(path) < 0 || !is_ours(path))
		return -1;
	auto_fd int fd = open_memory();

	return fd < 0 || fcntl(fd, F_ADD_SEALS, SEALS) < 0 ? -1 : fd_take(&fd);
}

int proc_seal_inside(int file, struct err *e)
{
	char path[PATH_MAX], *argv[] = { program_invocation_short_name, (char *)"init", NULL }, *end;
	int r = proc_own_path(path);
	auto_fd int view = r < 0 ? r : open(path, O_RDONLY | O_CLOEXEC);

	if (view < 0)
		return err_set(e, r < 0 ? -r : errno, "open this program");
	if (!is_ours(path))
		return err_say(e, ESTALE, "this program was replaced by another one meanwhile");
	char *words = write_words(argv[0], argv, &end);

	r = words ? change_program(view, file, words, end) : -ENOMEM;
	return r < 0 ? err_set(e, -r, "let go of this program's file") : 0;
}

/* ---- by beginning anew ---- */

/* The path of this program as it was found first, for proc_own_folder(), is what it is called from here on. */
static int start_anew(int program, char **argv, struct err *e)
{
	char path[PATH_MAX], *name = argv[0];

	if (name && proc_own_path(path) >= 0)
		argv[0] = path;
	execveat(program, "", argv, environ, AT_EMPTY_PATH);
	(void)err_set(e, errno, "start this program anew");
	argv[0] = name;
	return -e->code;
}

static int copy_into(int memory, int program, struct err *e)
{
	ssize_t n;

	do
		n = sendfile(memory, program, NULL, COPY_AT_ONCE);
	while (n > 0);
	if (n < 0 || fcntl(memory, F_ADD_SEALS, SEALS) < 0)
		return err_set(e, errno, "copy this program into memory");
	return 0;
}

/* A copy in memory that nobody can write to, be it ours: that stands where no mount can be made. */
static int seal_in_memory(char **argv, struct err *e)
{
	char path[FD_PATH_MAX];
	auto_fd int program = open(OWN_PROGRAM, O_RDONLY | O_CLOEXEC);
	int seals = program < 0 ? -1 : fcntl(program, F_GET_SEALS); /* of a file of a file system: EINVAL */

	if (program < 0)
		return err_set(e, errno, "open this program");
	if (seals >= 0 && (seals & F_SEAL_WRITE))
		return 0;
	auto_fd int memory = open_memory();

	if (memory < 0)
		return err_set(e, errno, "make a copy of this program in memory");
	int r = copy_into(memory, program, e);

	if (r < 0)
		return r;
	/* what is open for writing cannot be executed */
	auto_fd int copy = open(fd_path(memory, path), O_RDONLY | O_CLOEXEC);

	if (copy < 0)
		return err_set(e, errno, "open the copy of this program");
	fd_close(&memory);
	return start_anew(copy, argv, e);
}

int proc_seal(char **argv, struct err *e)
{
	struct mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY };

	if (faccessat(AT_FDCWD, OWN_PROGRAM, W_OK, AT_EACCESS) < 0)
		return 0;
	auto_fd int tree = open_tree(AT_FDCWD, OWN_PROGRAM, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	/* its mount belongs to no namespace, so nobody can make it writable again */
	if (tree < 0 || mount_setattr(tree, "", AT_EMPTY_PATH, &readonly, sizeof(readonly)) < 0)
		return seal_in_memory(argv, e);
	return seal_in_place(tree, argv) == 0 ? 0 : start_anew(tree, argv, e);
}

/* A program on a mount of its own has lost its path, one in memory never had one: it is the name that was given then. */
static bool is_sealed(const char *path)
{
	return streq(path, "/") || str_after(path, "/memfd:");
}

int proc_own_path(char ret[PATH_MAX])
{
	ssize_t n = readlink(OWN_PROGRAM, ret, PATH_MAX - 1);

	if (n < 0)
		return -errno;
	ret[n] = '\0';
	if (!is_sealed(ret))
		return 0;
	auto_fd int words = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);

	n = words < 0 ? -errno : fd_read_all(words, ret, PATH_MAX - 1);
	ret[MAX(n, 0)] = '\0';
	return *ret == '/' ? 0 : -ENOENT;
}
