// SPDX-License-Identifier: Apache-2.0
/* The record of one container on disk: engine.h says which files there are and in which order they appear. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "runtime/class.h"
#include "runtime/defaults.h"
#include "runtime/health.h"
#include "runtime/journal.h"
#include "spec/decode.h"

#define EXIT_FILE     "exit.json"
#define RUN_FILE      "run.json"
#define WATCH_FILE    "monitor"
#define STOP_FILE     "stop"
#define STATUS_UNKNOWN 255

const char *const restart_names[RESTART_COUNT] = { "no", "on-failure", "always", "unless-stopped" };
const char *const sdnotify_names[SDNOTIFY_COUNT] = { "ignore", "container", "conmon", "healthy" };
const char *const health_action_names[HEALTH_ACTION_COUNT] = { "none", "kill", "restart", "stop" };
const char *const health_status_names[HEALTH_STATUS_COUNT] = { "none", "starting", "healthy", "unhealthy" };
const char *const storage_driver_names[STORAGE_DRIVER_COUNT] = { "auto", "overlay", "fuse-overlayfs" };
const char *const phase_names[PHASE_COUNT] = { "created", "starting", "running", "paused", "exited" };

static const struct field rule_fields[] = {
	FIELD_STRING(struct net_rule, to, "to", OPTIONAL),
	FIELD_U64(struct net_rule, rate_bits[NET_IN], "rateIn", OPTIONAL),
	FIELD_U64(struct net_rule, rate_bits[NET_OUT], "rateOut", OPTIONAL),
	FIELD_U64(struct net_rule, delay_us, "delay", OPTIONAL),
	FIELD_U64(struct net_rule, jitter_us, "jitter", OPTIONAL),
	FIELD_BOOL(struct net_rule, normal, "normal", OPTIONAL),
	FIELD_U32(struct net_rule, loss, "loss", OPTIONAL),
	FIELD_U32(struct net_rule, duplicate, "duplicate", OPTIONAL),
	FIELD_U32(struct net_rule, reorder, "reorder", OPTIONAL),
	FIELD_U32(struct net_rule, corrupt, "corrupt", OPTIONAL),
};

static const struct field wish_fields[] = {
	FIELD_STRING(struct network_wish, network, "network", REQUIRED),
	FIELD_STRING(struct network_wish, ip, "ip", OPTIONAL),
	FIELD_STRING(struct network_wish, ip6, "ip6", OPTIONAL),
	FIELD_STRING(struct network_wish, mac, "mac", OPTIONAL),
	FIELD_STRING(struct network_wish, interface, "interface", OPTIONAL),
	FIELD_STRINGS(struct network_wish, aliases, "aliases", OPTIONAL),
	FIELD_LIST(struct network_wish, shape, "shape", OPTIONAL, rule_fields, struct net_rule),
	FIELD_STRINGS(struct network_wish, args, "args", OPTIONAL),
};

static const struct field mount_fields[] = {
	FIELD_STRING(struct mount_more, target, "target", REQUIRED),
	FIELD_STRING(struct mount_more, volume, "volume", OPTIONAL),
	FIELD_STRING(struct mount_more, subpath, "subpath", OPTIONAL),
	FIELD_BOOL(struct mount_more, anonymous, "anonymous", OPTIONAL),
	FIELD_BOOL(struct mount_more, no_copy, "noCopy", OPTIONAL),
	FIELD_BOOL(struct mount_more, chown, "chown", OPTIONAL),
	FIELD_STRING(struct mount_more, base, "base", OPTIONAL),
	FIELD_STRINGS(struct mount_more, lowers, "lowers", OPTIONAL),
	FIELD_STRING(struct mount_more, image, "image", OPTIONAL),
	FIELD_STRING(struct mount_more, upper, "upper", OPTIONAL),
	FIELD_STRING(struct mount_more, work, "work", OPTIONAL),
};

static const struct field check_fields[] = {
	FIELD_STRINGS(struct health_check, test, "test", OPTIONAL),
	FIELD_U64(struct health_check, interval_ns, "interval", OPTIONAL),
	FIELD_U64(struct health_check, timeout_ns, "timeout", OPTIONAL),
	FIELD_U32(struct health_check, retries, "retries", OPTIONAL),
};

static const struct field health_fields[] = {
	FIELD_OBJECT(struct health_settings, check, "check", OPTIONAL, check_fields),
	FIELD_OBJECT(struct health_settings, startup, "startup", OPTIONAL, check_fields),
	FIELD_U64(struct health_settings, start_period_ns, "startPeriod", OPTIONAL),
	FIELD_U32(struct health_settings, startup_successes, "startupSuccesses", OPTIONAL),
	FIELD_ENUM(struct health_settings, on_failure, "onFailure", OPTIONAL, health_action_names),
};

static const struct field secret_fields[] = {
	FIELD_STRING(struct secret_use, name, "name", REQUIRED),
	FIELD_STRING(struct secret_use, target, "target", REQUIRED),
	FIELD_BOOL(struct secret_use, env, "env", OPTIONAL),
	FIELD_U32(struct secret_use, uid, "uid", OPTIONAL),
	FIELD_U32(struct secret_use, gid, "gid", OPTIONAL),
	FIELD_U32(struct secret_use, mode, "mode", OPTIONAL),
};

static const struct field settings_fields[] = {
	FIELD_STRING(struct settings, id, "id", REQUIRED),
	FIELD_STRING(struct settings, name, "name", REQUIRED),
	FIELD_STRING(struct settings, created, "created", REQUIRED),
	FIELD_STRING(struct settings, image, "image", REQUIRED),
	FIELD_STRING(struct settings, manifest, "manifest", OPTIONAL),
	FIELD_STRING(struct settings, image_store, "imageStore", OPTIONAL),
	FIELD_STRING(struct settings, rootfs, "rootfs", OPTIONAL),
	FIELD_BOOL(struct settings, rootfs_overlay, "rootfsOverlay", OPTIONAL),
	FIELD_BOOL(struct settings, rootfs_as_is, "rootfsAsIs", OPTIONAL),
	FIELD_STRINGS(struct settings, layers, "layers", OPTIONAL),
	FIELD_STRINGS(struct settings, command, "command", OPTIONAL),
	FIELD_STRINGS(struct settings, command_line, "commandLine", OPTIONAL),
	FIELD_STRING(struct settings, hostname, "hostname", OPTIONAL),
	FIELD_STRING(struct settings, network, "network", REQUIRED),
	FIELD_STRING(struct settings, pod, "pod", OPTIONAL),
	FIELD_BOOL(struct settings, infra, "infra", OPTIONAL),
	FIELD_STRING(struct settings, pid, "pid", OPTIONAL),
	FIELD_STRING(struct settings, ipc, "ipc", OPTIONAL),
	FIELD_STRING(struct settings, uts, "uts", OPTIONAL),
	FIELD_LIST(struct settings, networks, "networks", OPTIONAL, wish_fields, struct network_wish),
	FIELD_STRINGS(struct settings, ports, "ports", OPTIONAL),
	FIELD_STRINGS(struct settings, extra_hosts, "extraHosts", OPTIONAL),
	FIELD_STRINGS(struct settings, dns, "dns", OPTIONAL),
	FIELD_STRINGS(struct settings, dns_search, "dnsSearch", OPTIONAL),
	FIELD_STRINGS(struct settings, dns_options, "dnsOptions", OPTIONAL),
	FIELD_BOOL(struct settings, no_hosts, "noHosts", OPTIONAL),
	FIELD_BOOL(struct settings, no_hostname, "noHostname", OPTIONAL),
	FIELD_STRINGS(struct settings, egress, "egress", OPTIONAL),
	{ FIELD_OF(struct settings, restart, "restart", enum, true), .names = restart_names, .n_table = RESTART_COUNT },
	FIELD_OPT_U32(struct settings, restart_max, "restartMax"),
	FIELD_BOOL(struct settings, remove, "remove", OPTIONAL),
	FIELD_BOOL(struct settings, terminal, "terminal", OPTIONAL),
	FIELD_BOOL(struct settings, input, "input", OPTIONAL),
	FIELD_BOOL(struct settings, privileged, "privileged", OPTIONAL),
	FIELD_BOOL(struct settings, init, "init", OPTIONAL),
	FIELD_BOOL(struct settings, mounted, "mounted", OPTIONAL),
	FIELD_BOOL(struct settings, systemd, "systemd", OPTIONAL),
	FIELD_BOOL(struct settings, private_userns, "privateUserNamespace", OPTIONAL),
	FIELD_BOOL(struct settings, abi32, "abi32", OPTIONAL),
	FIELD_ENUM(struct settings, profile, "profile", OPTIONAL, profile_names),
	{ FIELD_OF(struct settings, seccomp, "seccomp", enum, true),
	  .names = seccomp_profile_names, .n_table = SECCOMP_PROFILE_COUNT },
	FIELD_U32(struct settings, stop_signal, "stopSignal", REQUIRED),
	FIELD_U32(struct settings, stop_timeout_s, "stopTimeout", REQUIRED),
	FIELD_U32(struct settings, run_timeout_s, "runTimeout", OPTIONAL),
	FIELD_ENUM(struct settings, log_driver, "logDriver", OPTIONAL, log_driver_names),
	FIELD_OPT_U64(struct settings, log_max_bytes, "logMaxBytes"),
	FIELD_U32(struct settings, log_files, "logFiles", OPTIONAL),
	FIELD_STRING(struct settings, log_tag, "logTag", OPTIONAL),
	FIELD_ENUM(struct settings, sdnotify, "sdnotify", OPTIONAL, sdnotify_names),
	FIELD_OBJECT(struct settings, health, "health", OPTIONAL, health_fields),
	FIELD_ENUM(struct settings, class, "class", OPTIONAL, class_names),
	{ FIELD_OF(struct settings, cgroup_manager, "cgroupManager", enum, false),
	  .names = cgroup_manager_names, .n_table = CGROUP_MANAGER_COUNT },
	FIELD_STRING(struct settings, cgroup_parent, "cgroupParent", OPTIONAL),
	FIELD_BOOL(struct settings, cgroup_delegate, "cgroupDelegate", OPTIONAL),
	FIELD_BOOL(struct settings, pids_default, "pidsDefault", OPTIONAL),
	FIELD_ENUM(struct settings, storage_driver, "storageDriver", OPTIONAL, storage_driver_names),
	FIELD_OPT_U64(struct settings, storage_bytes, "storageBytes"),
	FIELD_U32(struct settings, storage_project, "storageProject", OPTIONAL),
	FIELD_STRINGS(struct settings, exposed, "exposed", OPTIONAL),
	FIELD_BOOL(struct settings, publish_all, "publishAll", OPTIONAL),
	FIELD_STRINGS(struct settings, binds, "binds", OPTIONAL),
	FIELD_LIST(struct settings, mounts, "mounts", OPTIONAL, mount_fields, struct mount_more),
	FIELD_LIST(struct settings, secrets, "secrets", OPTIONAL, secret_fields, struct secret_use),
	FIELD_STRINGS(struct settings, account, "account", OPTIONAL),
	FIELD_STRINGS(struct settings, groups, "groups", OPTIONAL),
	FIELD_MAP(struct settings, labels, "labels"),
};

static const struct field use_fields[] = {
	FIELD_OPT_U64(struct run_use, cpu_us, "cpuMicroseconds"),
	FIELD_OPT_U64(struct run_use, cpu_user_us, "cpuUserMicroseconds"),
	FIELD_OPT_U64(struct run_use, cpu_system_us, "cpuSystemMicroseconds"),
	FIELD_OPT_U64(struct run_use, cpu_periods, "cpuPeriods"),
	FIELD_OPT_U64(struct run_use, cpu_throttled_periods, "cpuThrottledPeriods"),
	FIELD_OPT_U64(struct run_use, cpu_throttled_us, "cpuThrottledMicroseconds"),
	FIELD_OPT_U64(struct run_use, memory_peak_bytes, "memoryPeakBytes"),
	FIELD_OPT_U64(struct run_use, swap_peak_bytes, "swapPeakBytes"),
	FIELD_OPT_U64(struct run_use, oom_events, "oomEvents"),
	FIELD_OPT_U64(struct run_use, oom_kills, "oomKills"),
	FIELD_OPT_U64(struct run_use, pids_peak, "pidsPeak"),
	FIELD_OPT_U64(struct run_use, io_read_bytes, "ioReadBytes"),
	FIELD_OPT_U64(struct run_use, io_write_bytes, "ioWriteBytes"),
	FIELD_OPT_U64(struct run_use, io_read_ops, "ioReadOps"),
	FIELD_OPT_U64(struct run_use, io_write_ops, "ioWriteOps"),
};

static const struct field exit_fields[] = {
	FIELD_I32(struct exit_record, status, "status", REQUIRED),
	FIELD_STRING(struct exit_record, started, "started", OPTIONAL),
	FIELD_STRING(struct exit_record, finished, "finished", OPTIONAL),
	FIELD_BOOL(struct exit_record, oom_killed, "oomKilled", OPTIONAL),
	FIELD_STRING(struct exit_record, error, "error", OPTIONAL),
	FIELD_U64(struct exit_record, restarts, "restarts", OPTIONAL),
	FIELD_OBJECT(struct exit_record, use, "use", OPTIONAL, use_fields),
};

static const struct field run_network_fields[] = {
	FIELD_STRING(struct run_network, network, "network", REQUIRED),
	FIELD_STRING(struct run_network, interface, "interface", REQUIRED),
	FIELD_U32(struct run_network, index, "index", OPTIONAL),
	FIELD_STRING(struct run_network, address, "address", OPTIONAL),
	FIELD_STRING(struct run_network, address6, "address6", OPTIONAL),
	FIELD_STRING(struct run_network, gateway, "gateway", OPTIONAL),
	FIELD_STRING(struct run_network, gateway6, "gateway6", OPTIONAL),
	FIELD_STRING(struct run_network, mac, "mac", OPTIONAL),
};

static const struct field run_fields[] = {
	FIELD_STRING(struct run_record, started, "started", REQUIRED),
	FIELD_LIST(struct run_record, networks, "networks", OPTIONAL, run_network_fields, struct run_network),
	FIELD_STRINGS(struct run_record, ports, "ports", OPTIONAL),
	FIELD_U32(struct run_record, range_start, "rangeStart", OPTIONAL),
	FIELD_STRINGS(struct run_record, missing, "missing", OPTIONAL),
	FIELD_BOOL(struct run_record, root_served, "rootServed", OPTIONAL),
	FIELD_STRING(struct run_record, notify_socket, "notifySocket", OPTIONAL),
	FIELD_U32(struct run_record, notify_pid, "notifyPid", OPTIONAL),
};

void settings_free(struct settings *s)
{
	arena_free(&s->arena);
}

void exit_record_free(struct exit_record *x)
{
	arena_free(&x->arena);
}

void run_record_free(struct run_record *r)
{
	arena_free(&r->arena);
}

void container_free(struct container *c)
{
	run_record_free(&c->run);
	settings_free(&c->settings);
	exit_record_free(&c->exit);
}

int record_open(const struct engine *g, const char *id, struct err *e)
{
	int fd = openat(g->containers, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return err_say(e, ENOENT, "no such container: %s", id);
	return fd < 0 ? err_set(e, errno, "open container %s", id) : fd;
}

struct search {
	const char *prefix;
	size_t n;
	char *ret;
	int found;
};

static int match(int dir, const char *name, void *arg, struct err *e)
{
	struct search *s = arg;

	(void)dir, (void)e;
	if (strncmp(name, s->prefix, s->n) == 0 && strlen(name) == RECORD_ID_LENGTH && s->found++ == 0)
		memcpy(s->ret, name, RECORD_ID_LENGTH + 1);
	return 0;
}

int record_find(const struct engine *g, const char *name, char *ret, struct err *e)
{
	struct search s = { .prefix = name, .n = strlen(name), .ret = ret };
	int r = str_check_name(name, "container name", e);
	struct stat st;

	if (r < 0)
		return r;
	ssize_t n = readlinkat(g->names, name, ret, RECORD_ID_LENGTH);

	if (n == RECORD_ID_LENGTH) {
		ret[n] = '\0';
		if (fstatat(g->containers, ret, &st, AT_SYMLINK_NOFOLLOW) == 0)
			return 0;
	}
	if (strspn(name, "0123456789abcdef") == s.n && s.n <= RECORD_ID_LENGTH) {
		r = file_each(g->containers, match, &s, e);
		if (r < 0)
			return r;
	}
	if (s.found > 1)
		return err_say(e, EINVAL, "several containers have an id that begins with %s: give more digits", name);
	if (s.found == 0) {
		err_say(e, ENOENT, "no such container: %s", name);
		return err_hint(e, "`paene ps -a` lists all");
	}
	return 0;
}

/* Read a small JSON file of a container's folder by a table. */
static int read_json(int dir, const char *name, const struct field *table, size_t n, struct arena *a, void *ret,
		     struct err *e)
{
	auto_free char *text = NULL;
	size_t len;
	int r = file_read(dir, name, 1 << 20, &text, &len, e);

	return r < 0 ? r : decode_text(text, len, name, table, n, a, ret, e);
}

int record_settings(int dir, struct settings *ret, struct err *e)
{
	struct settings s = { 0 };
	int r = read_json(dir, RECORD_SETTINGS, settings_fields, ARRAY_SIZE(settings_fields), &s.arena, &s, e);

	if (r < 0) {
		settings_free(&s);
		return r;
	}
	*ret = s;
	return 0;
}

int record_write_settings(int dir, const struct settings *s, struct err *e)
{
	auto_free char *text = NULL;
	int r = encode_text(settings_fields, ARRAY_SIZE(settings_fields), s, &text, e);

	return r < 0 ? r : file_publish(dir, RECORD_SETTINGS, text, strlen(text), 0600, 0, e);
}

int record_change_settings(int dir, const struct settings *s, struct err *e)
{
	struct stat st;
	int r = fstatat(dir, RECORD_SETTINGS, &st, AT_SYMLINK_NOFOLLOW) < 0 ? err_set(e, errno, "look at the settings") : 0;

	if (r >= 0)
		r = record_write_settings(dir, s, e);
	if (r < 0)
		return r;
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, st.st_mtim };

	(void)utimensat(dir, RECORD_SETTINGS, times, AT_SYMLINK_NOFOLLOW); /* a wrong place in a list is no failure */
	return 0;
}

int record_spec(int dir, struct spec *ret, struct err *e)
{
	auto_free char *text = NULL;
	size_t len;
	int r = file_read(dir, RECORD_CONFIG, SPEC_MAX_BYTES, &text, &len, e);

	return r < 0 ? r : spec_decode(text, len, ret, e);
}

int record_write_spec(int dir, const struct spec *spec, struct err *e)
{
	auto_free char *text = NULL;
	int r = spec_encode(spec, &text, e);

	return r < 0 ? r : file_publish(dir, RECORD_CONFIG, text, strlen(text), 0600, 0, e);
}

int record_write_run(int dir, const struct run_record *r, struct err *e)
{
	auto_free char *text = NULL;
	int n = encode_text(run_fields, ARRAY_SIZE(run_fields), r, &text, e);

	return n < 0 ? n : file_publish(dir, RUN_FILE, text, strlen(text), 0600, 0, e);
}

int record_run(int dir, struct run_record *ret, struct err *e)
{
	struct run_record r = { 0 };
	int n = read_json(dir, RUN_FILE, run_fields, ARRAY_SIZE(run_fields), &r.arena, &r, e);

	if (n < 0)
		run_record_free(&r);
	else
		*ret = r;
	return n == -ENOENT ? 0 : n < 0 ? n : 1;
}

int record_write_exit(int dir, const struct exit_record *x, struct err *e)
{
	auto_free char *text = NULL;
	int r = encode_text(exit_fields, ARRAY_SIZE(exit_fields), x, &text, e);

	return r < 0 ? r : file_publish(dir, EXIT_FILE, text, strlen(text), 0600, 0, e);
}

int record_exit(int dir, struct exit_record *ret, struct err *e)
{
	struct exit_record x = { 0 };
	int r = read_json(dir, EXIT_FILE, exit_fields, ARRAY_SIZE(exit_fields), &x.arena, &x, e);

	if (r < 0)
		exit_record_free(&x);
	else
		*ret = x;
	return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

/* Those who look (is_watched) and those who waited (record_wait) hold a shared lock for a moment: nobody is at work then. */
static bool only_looked_at(int fd)
{
	bool shared = fd_lock(fd, LOCK_SH | LOCK_NB) == 0;

	if (shared)
		(void)fd_lock(fd, LOCK_UN);
	return shared;
}

int record_watch(int dir, bool make, struct err *e)
{
	auto_fd int fd = openat(dir, WATCH_FILE, O_RDWR | (make ? O_CREAT : 0) | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 && errno == ENOENT)
		return err_say(e, ENOENT, "the container has been removed");
	if (fd < 0)
		return err_set(e, errno, "open the monitor's lock");
	int r;

	do {
		r = fd_lock(fd, LOCK_EX | LOCK_NB);
	} while (r == -EWOULDBLOCK && only_looked_at(fd));
	if (r == -EWOULDBLOCK)
		return err_say(e, EBUSY, "the container is looked after by another process");
	return r < 0 ? err_set(e, -r, "take the monitor's lock") : fd_take(&fd);
}

void record_forget_status(int watch)
{
	struct stat st;

	if (fstat(watch, &st) == 0 && st.st_size > 0)
		(void)!ftruncate(watch, 0);
}

void record_tell_waiters(int watch, int status)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%d\n", status);

	if (ftruncate(watch, 0) == 0)
		(void)!pwrite(watch, text, (size_t)n, 0);
}

int record_wait(int dir, int *ret_status, struct err *e)
{
	char text[16];
	int64_t status;
	auto_fd int fd = openat(dir, WATCH_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	*ret_status = -1;
	if (fd < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "open the monitor's lock");
	int r = fd_lock(fd, LOCK_SH);

	if (r < 0)
		return err_set(e, -r, "wait for the monitor");
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n - 1 : 0] = '\0'; /* and not its end of line */
	if (str_to_i64(text, INT_MIN, INT_MAX, &status) == 0)
		*ret_status = (int)status;
	return 0;
}

static bool is_watched(int dir)
{
	auto_fd int fd = openat(dir, WATCH_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	/* a shared lock: two who only look do not see each other */
	return fd >= 0 && fd_lock(fd, LOCK_SH | LOCK_NB) == -EWOULDBLOCK;
}

int record_set_stop(int dir, bool stop, struct err *e)
{
	if (!stop)
		return unlinkat(dir, STOP_FILE, 0) < 0 && errno != ENOENT ? err_set(e, errno, "remove the stop mark")
									 : 0;
	auto_fd int fd = openat(dir, STOP_FILE, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? err_set(e, errno, "make the stop mark") : 0;
}

bool record_wants_stop(int dir)
{
	return faccessat(dir, STOP_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* @s: NULL: nothing is known of a run */
static enum phase phase_of(const struct container *c, const struct state *s)
{
	switch (s ? s->status : STATUS_STOPPED) {
	case STATUS_CREATING:
	case STATUS_CREATED:
		return PHASE_STARTING;
	case STATUS_RUNNING:
		return PHASE_RUNNING;
	case STATUS_PAUSED:
		return PHASE_PAUSED;
	default:
		break;
	}
	return c->has_exit || c->run.started || s ? PHASE_EXITED : PHASE_CREATED;
}

/* Its last run has left something, or its end was not written down. */
static bool is_unsettled(const struct container *c, const struct state *s)
{
	if (s)
		return s->status == STATUS_STOPPED;
	if (!c->run.started)
		return false;
	return c->settings.remove || !c->has_exit ||
	       (c->exit.started && !streq(c->exit.started, c->run.started));
}

bool container_wants_boot(const struct container *c)
{
	return c->settings.restart == RESTART_ALWAYS || (c->settings.restart == RESTART_UNLESS_STOPPED && !c->stopped);
}

int container_load(const struct engine *g, const char *id, struct container *ret, struct err *e)
{
	auto_fd int dir = record_open(g, id, e);
	struct container c = { 0 };
	auto_state struct state s = { 0 };

	if (dir < 0)
		return dir;
	int r = record_settings(dir, &c.settings, e);

	if (r >= 0)
		r = record_exit(dir, &c.exit, e);
	c.has_exit = r > 0;
	if (r >= 0)
		r = record_run(dir, &c.run, e);
	int has_state = r < 0 ? r : state_load(g->states, id, &s, e);

	if (has_state < 0 && has_state != -ENOENT)
		r = has_state;
	if (r < 0) {
		container_free(&c);
		return r;
	}
	c.watched = is_watched(dir);
	c.phase = phase_of(&c, has_state == 0 ? &s : NULL);
	if (c.phase == PHASE_EXITED && !c.has_exit)
		c.exit.status = STATUS_UNKNOWN;
	c.unsettled = is_unsettled(&c, has_state == 0 ? &s : NULL);
	c.stopped = c.settings.restart == RESTART_UNLESS_STOPPED && record_wants_stop(dir);
	if (c.settings.health.check.test.n && (c.phase == PHASE_RUNNING || c.phase == PHASE_PAUSED))
		c.health = health_status_of(dir);
	if (has_state == 0)
		c.init = s.init;
	c.cgroup_path = arena_strdup(&c.settings.arena, has_state == 0 && s.cgroup_path ? s.cgroup_path : "");
	if (!c.cgroup_path) {
		container_free(&c);
		return err_nomem(e);
	}
	*ret = c;
	return 0;
}
