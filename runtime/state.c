// SPDX-License-Identifier: Apache-2.0
#include "runtime/state.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/path.h"
#include "base/sys.h"
#include "cgroups/cgroups.h"
#include "spec/decode.h"

#define STATE_FILE     "state.json"
#define STATE_MAX      (1 << 20)
#define CONFIG_FILE    "config.json"
#define INIT_FILE      "init"
#define NEW_PREFIX     ".new."
#define GONE_PREFIX    ".gone."
#define STATE_NAME_MAX 192
#define CGROUP_PATH_NOTED 960
#define INIT_MAX (64 + CGROUP_PATH_NOTED + STATE_NOTE_MAX)

static const struct {
	const char *name;
	unsigned next;
} statuses[] = {
	[STATUS_CREATING] = { "creating", BIT(STATUS_CREATED) | BIT(STATUS_STOPPED) },
	[STATUS_CREATED] = { "created", BIT(STATUS_RUNNING) | BIT(STATUS_PAUSED) | BIT(STATUS_STOPPED) },
	[STATUS_RUNNING] = { "running", BIT(STATUS_PAUSED) | BIT(STATUS_STOPPED) },
	[STATUS_PAUSED] = { "paused", BIT(STATUS_CREATED) | BIT(STATUS_RUNNING) | BIT(STATUS_STOPPED) },
	[STATUS_STOPPED] = { "stopped", 0 },
};
static_assert(ARRAY_SIZE(statuses) == STATUS_COUNT, "every status has a row");

const char *const status_names[STATUS_COUNT] = { "creating", "created", "running", "paused", "stopped" };

const char *const cgroup_manager_names[CGROUP_MANAGER_COUNT] = { "cgroupfs", "disabled", "systemd" };

static const struct field state_fields[] = {
	FIELD_STRING(struct state, oci_version, "ociVersion", REQUIRED),
	FIELD_STRING(struct state, id, "id", REQUIRED),
	FIELD_STRING(struct state, bundle, "bundle", REQUIRED),
	FIELD_STRING(struct state, rootfs, "rootfs", OPTIONAL),
	FIELD_STRING(struct state, created, "created", REQUIRED),
	FIELD_STRING(struct state, owner, "owner", OPTIONAL),
	FIELD_MAP(struct state, annotations, "annotations"),
	FIELD_STRING(struct state, cgroup_path, "cgroupPath", OPTIONAL),
	FIELD_ENUM(struct state, cgroup_manager, "cgroupManager", REQUIRED, cgroup_manager_names),
	FIELD_STRING(struct state, cgroup_unit, "systemdUnit", OPTIONAL),
	FIELD_OPT_BOOL(struct state, cgroup_unit_user, "systemdUser"),
	FIELD_OPT_BOOL(struct state, cgroup_delegated, "cgroupDelegated"),
	FIELD_STRING(struct state, rdt_group, "rdtGroup", OPTIONAL),
	FIELD_OPT_BOOL(struct state, rdt_monitor, "rdtMonitor"),
	FIELD_OPT_BOOL(struct state, rdt_made, "rdtMade"),
	FIELD_OPT_BOOL(struct state, private_userns, "privateUserNamespace"),
	FIELD_OPT_U64(struct state, root_mount, "rootMount"),
	FIELD_OPT_BOOL(struct state, shared_pidns, "sharedPidNamespace"),
	FIELD_OPT_BOOL(struct state, later_hooks, "laterHooks"),
};

bool status_may_become(enum status from, enum status to)
{
	return statuses[from].next & BIT(to);
}

void state_free(struct state *s)
{
	arena_free(&s->arena);
}

int state_root(const char *path, struct err *e)
{
	return path_mkdirs(path, 0700, e);
}

static int write_new(int dir, const char *name, const char *text, struct err *e)
{
	auto_fd int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_set(e, errno, "create %s", name);
	int r = fd_write_all(fd, text, strlen(text));

	return r < 0 ? err_set(e, -r, "write %s", name) : 0;
}

static int write_all(int dir, const struct state *s, const char *config, struct err *e)
{
	auto_free char *text = NULL;
	int r = encode_text(state_fields, ARRAY_SIZE(state_fields), s, &text, e);

	if (r >= 0)
		r = write_new(dir, STATE_FILE, text, e);
	return r >= 0 && config ? write_new(dir, CONFIG_FILE, config, e) : r;
}

/* A new folder under a temporary name, locked. A sweep may find it between its birth and its lock: then another one is made. */
static int make_folder(int root, const char *id, char temp[STATE_NAME_MAX], struct err *e)
{
	char digits[17];
	int r;

	do {
		if (proc_random_hex(digits, 16) < 0)
			return err_say(e, EIO, "no random numbers");
		snprintf(temp, STATE_NAME_MAX, NEW_PREFIX "%s", digits);
		if (mkdirat(root, temp, 0700) < 0)
			return err_set(e, errno, "make the state folder of %s", id);
		auto_fd int dir = openat(root, temp, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		r = dir < 0 ? err_set(e, errno, "open the state folder of %s", id) : state_try_lock(dir, e);
		if (r >= 0)
			return fd_take(&dir);
	} while (r == -ENOENT || r == -EBUSY);
	(void)unlinkat(root, temp, AT_REMOVEDIR); /* a sweep finds it otherwise */
	return r;
}

int state_reserve(int root, const struct state *s, const char *config, int *ret_dir, struct err *e)
{
	char temp[STATE_NAME_MAX];
	auto_fd int dir = make_folder(root, s->id, temp, e);

	if (dir < 0)
		return dir;
	int r = write_all(dir, s, config, e);

	if (r >= 0 && renameat2(root, temp, root, s->id, RENAME_NOREPLACE) < 0)
		r = errno == EEXIST ? err_say(e, EEXIST, "container with given ID already exists: %s", s->id)
				    : err_set(e, errno, "name the state folder of %s", s->id);
	if (r < 0) {
		struct err ignored;

		(void)file_remove(root, temp, &ignored); /* the first error counts */
		return r;
	}
	*ret_dir = fd_take(&dir);
	return 0;
}

int state_open(int root, const char *id, struct err *e)
{
	int r = str_check_name(id, "container id", e);

	if (r < 0)
		return r;
	int fd = openat(root, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return err_say(e, ENOENT, "container does not exist: %s", id);
	if (fd < 0)
		return err_set(e, errno, "open the state folder of %s", id);
	return fd;
}

static int lock(int dir, int how, struct err *e)
{
	struct stat st;

	int r = fd_lock(dir, how);

	if (r == -EWOULDBLOCK)
		return err_say(e, EBUSY, "another command is at work on this container");
	if (r < 0)
		return err_set(e, -r, "lock the state folder");
	/* a folder that state_remove() moved away has lost its state.json first */
	if (fstat(dir, &st) < 0)
		return err_set(e, errno, "look at the state folder");
	if (st.st_nlink == 0)
		return err_say(e, ENOENT, "container does not exist");
	return 0;
}

int state_lock(int dir, struct err *e)
{
	return lock(dir, LOCK_EX, e);
}

int state_try_lock(int dir, struct err *e)
{
	return lock(dir, LOCK_EX | LOCK_NB, e);
}

int state_set_init(int dir, const struct state *s, const char *note, size_t note_len, struct err *e)
{
	char text[INIT_MAX];
	bool noted = note_len > 0 && s->cgroup_path && !s->shared_pidns.v && strlen(s->cgroup_path) < CGROUP_PATH_NOTED;
	int n = snprintf(text, sizeof(text), "%d %llu %s\n", s->init.pid, (unsigned long long)s->init.start_time,
			 noted ? s->cgroup_path : "");
	auto_fd int fd = openat(dir, INIT_FILE, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_set(e, errno, "create " INIT_FILE);
	if (noted)
		memcpy(text + n, note, note_len);
	int r = fd_write_all(fd, text, (size_t)n + (noted ? note_len : 0));

	return r < 0 ? err_set(e, -r, "write " INIT_FILE) : 0;
}

/*
 * "PID START CGROUP" and a line's end; the cgroup is there where there is a note.
 *
 * Return: the cgroup, or NULL where it is no such text; @text is cut into pieces
 */
static char *parse_init(char *text, struct proc_id *ret)
{
	char *line = strsep(&text, "\n"), *pid = strsep(&line, " "), *start = strsep(&line, " ");
	uint64_t number, since;

	if (!start || str_to_u64(pid, INT_MAX, &number) < 0 || number == 0 || str_to_u64(start, UINT64_MAX, &since) < 0)
		return NULL;
	*ret = (struct proc_id){ .pid = (pid_t)number, .start_time = since };
	return line;
}

/* Return: 0, with pid 0 where there is no first process (yet), or -errno with @e filled */
static int read_init(int dir, struct proc_id *ret, struct err *e)
{
	char text[64];
	auto_fd int fd = openat(dir, INIT_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	*ret = (struct proc_id){ 0 };
	if (fd < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "open " INIT_FILE);
	ssize_t n = fd_read_all(fd, text, sizeof(text) - 1);

	if (n < 0)
		return err_set(e, (int)-n, "read " INIT_FILE);
	text[n] = '\0';
	(void)parse_init(text, ret);
	return 0;
}

size_t state_glance(int root, const char *id, int cgroups, char note[STATE_NOTE_MAX], struct proc_id *ret_init, bool *ret_paused)
{
	char name[STATE_NAME_MAX], text[INIT_MAX + 1];
	struct proc_id init;
	struct err ignored; /* then it is looked at properly, which says what is wrong */

	snprintf(name, sizeof(name), "%s/" INIT_FILE, id);
	auto_fd int fd = openat(root, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, INIT_MAX);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	const char *after = memchr(text, '\n', (size_t)n);
	size_t len = after ? (size_t)(text + n - after) - 1 : 0;
	const char *cgroup = parse_init(text, &init);

	if (!cgroup || len == 0 || len > STATE_NOTE_MAX || cgroup_look(cgroups, cgroup, ret_paused, &ignored) <= 0)
		return 0;
	memcpy(note, after + 1, len);
	*ret_init = init;
	return len;
}

/* Dead and not yet reaped is stopped too. What could not be looked at (no descriptors left) is not taken for dead. */
static bool alive(const struct proc_id *id)
{
	struct err ignored;
	auto_fd int pidfd = proc_open(id, &ignored);

	return pidfd >= 0 ? !proc_ended(pidfd) : pidfd != -ESRCH;
}

static enum status status_now(int dir, const struct state *s)
{
	struct err ignored;

	if (s->init.pid == 0) {
		/* somebody who holds the lock is at it, or died over it */
		auto_fd int own = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		return own >= 0 && lock(own, LOCK_SH | LOCK_NB, &ignored) == 0 ? STATUS_STOPPED : STATUS_CREATING;
	}
	if (!alive(&s->init))
		return STATUS_STOPPED;
	auto_fd int cgroup = state_cgroup(s, &ignored);

	if (cgroup >= 0 && cgroup_is_frozen(cgroup, &ignored) > 0)
		return STATUS_PAUSED;
	return faccessat(dir, STATE_START, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ? STATUS_CREATED : STATUS_RUNNING;
}

int state_read(int dir, struct state *ret, struct err *e)
{
	auto_free char *text = NULL;
	struct state s = { 0 };
	size_t len;
	int r = file_read(dir, STATE_FILE, STATE_MAX, &text, &len, e);

	if (r == -ENOENT)
		return err_say(e, ENOENT, "container does not exist");
	if (r < 0)
		return r;
	r = decode_text(text, len, STATE_FILE, state_fields, ARRAY_SIZE(state_fields), &s.arena, &s, e);
	if (r >= 0)
		r = read_init(dir, &s.init, e);
	if (r < 0) {
		state_free(&s);
		return r;
	}
	s.status = status_now(dir, &s);
	*ret = s;
	return 0;
}

int state_load(int root, const char *id, struct state *ret, struct err *e)
{
	auto_fd int dir = state_open(root, id, e);

	return dir < 0 ? dir : state_read(dir, ret, e);
}

int state_config(int dir, struct spec *ret, struct err *e)
{
	auto_free char *text = NULL;
	size_t len;
	int r = file_read(dir, CONFIG_FILE, SPEC_MAX_BYTES, &text, &len, e);

	return r < 0 ? r : spec_decode(text, len, ret, e);
}

int state_cgroup(const struct state *s, struct err *e)
{
	if (!s->cgroup_path)
		return err_say(e, ENODATA, "container %s has no cgroup of its own", s->id);
	auto_fd int root = cgroup_open_root(NULL, e);

	return root < 0 ? root : cgroup_open(root, s->cgroup_path, e);
}

int state_remove(int root, const char *id, struct err *e)
{
	char gone[STATE_NAME_MAX], digits[17];

	if (proc_random_hex(digits, 16) < 0)
		return err_say(e, EIO, "no random numbers");
	snprintf(gone, sizeof(gone), GONE_PREFIX "%s", digits);
	if (renameat(root, id, root, gone) < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "remove the state folder of %s", id);
	/* the files that are there as a rule, by name; anything else by looking */
	static const char *const files[] = { STATE_FILE, INIT_FILE, CONFIG_FILE, STATE_START };
	auto_fd int dir = openat(root, gone, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	for (size_t i = 0; i < ARRAY_SIZE(files) && dir >= 0; i++)
		(void)unlinkat(dir, files[i], 0);
	return unlinkat(root, gone, AT_REMOVEDIR) == 0 ? 0 : file_remove(root, gone, e);
}

/* The document that the runtime-spec defines ("State"), with the keys that runc adds. */
struct document {
	char *oci_version, *id, *status, *bundle, *rootfs, *created, *owner;
	uint32_t pid;
	struct spec_map annotations;
};
static const struct field document_fields[] = {
	FIELD_STRING(struct document, oci_version, "ociVersion", REQUIRED),
	FIELD_STRING(struct document, id, "id", REQUIRED),
	FIELD_U32(struct document, pid, "pid", REQUIRED),
	FIELD_STRING(struct document, status, "status", REQUIRED),
	FIELD_STRING(struct document, bundle, "bundle", REQUIRED),
	FIELD_STRING(struct document, rootfs, "rootfs", OPTIONAL),
	FIELD_STRING(struct document, created, "created", OPTIONAL),
	FIELD_MAP(struct document, annotations, "annotations"),
	FIELD_STRING(struct document, owner, "owner", OPTIONAL),
};

int state_document(const struct state *s, char **ret, struct err *e)
{
	const struct document d = {
		.oci_version = s->oci_version,
		.id = s->id,
		.status = (char *)status_names[s->status],
		.bundle = s->bundle,
		.rootfs = s->rootfs,
		.created = s->created,
		.owner = s->owner ? s->owner : (char *)"",
		.pid = s->status == STATUS_STOPPED ? 0 : (uint32_t)s->init.pid,
		.annotations = s->annotations,
	};

	return encode_text(document_fields, ARRAY_SIZE(document_fields), &d, ret, e);
}

struct list_walk {
	struct arena *arena;
	struct strv *ret;
};

/* A temporary folder whose lock is free belongs to nobody any more. */
static void sweep_one(int root, const char *name)
{
	struct err ignored; /* a next sweep may do better */
	auto_fd int dir = openat(root, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir >= 0 && state_try_lock(dir, &ignored) == 0)
		(void)file_remove(root, name, &ignored);
}

static DIR *open_list(int root)
{
	int fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? NULL : fdopendir(fd);
}

void state_sweep(int root)
{
	auto_dir DIR *d = open_list(root);

	for (struct dirent *entry; d && (entry = readdir(d));)
		if (str_after(entry->d_name, NEW_PREFIX) || str_after(entry->d_name, GONE_PREFIX))
			sweep_one(root, entry->d_name);
}

/* Not every file system says in its list what a name stands for. */
static bool is_folder(int root, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(root, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

int state_list(int root, struct arena *arena, struct strv *ret, struct err *e)
{
	auto_dir DIR *d = open_list(root);

	if (!d)
		return err_set(e, errno, "read the folder of states");
	for (struct dirent *entry; (entry = readdir(d));) {
		if (entry->d_name[0] == '.' || !is_folder(root, entry))
			continue;
		if (strv_add(arena, ret, entry->d_name) < 0)
			return err_nomem(e);
	}
	strv_sort(ret);
	return 0;
}
