/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec.h: the OCI runtime configuration as our own types: https://github.com/opencontainers/runtime-spec 1.3,
 * config.md and config-linux.md.
 *
 * One struct for one JSON object, names as in the specification (snake case). A pointer that is NULL, a list with n of 0
 * and an opt_* with set == false mean "not given". Everything lives in spec.arena. The words of enums are tables in
 * spec/names.h; the tables of spec/decode_*.c fill the structs from JSON and write them.
 */
#ifndef SPEC_SPEC_H
#define SPEC_SPEC_H

#include "base/arena.h"
#include "base/str.h"

#define SPEC_VERSION "1.3.0"

struct opt_bool {
	bool set, v;
};
struct opt_u32 {
	bool set;
	uint32_t v;
};
struct opt_i64 {
	bool set;
	int64_t v;
};
struct opt_u64 {
	bool set;
	uint64_t v;
};

/* "annotations", "sysctl", "unified", "timeOffsets" and the like: an object of strings, in its own order. */
struct spec_pair {
	char *key, *value;
};
struct spec_map {
	struct spec_pair *v;
	size_t n;
};

/* The value of a key, the map's own; NULL: it is not there. */
static inline char *spec_map_get(const struct spec_map *m, const char *key)
{
	for (size_t i = 0; i < m->n; i++)
		if (streq(m->v[i].key, key))
			return m->v[i].value;
	return NULL;
}

struct spec_u32_list {
	uint32_t *v;
	size_t n;
};

struct spec_id_map {
	uint32_t container_id, host_id, size;
};
struct spec_id_maps {
	struct spec_id_map *v;
	size_t n;
};

struct spec_root {
	char *path;
	bool readonly;
};

/* An overlay of the engine's own: namespaces/mount_overlay.h */
struct spec_overlay {
	char *base;	    /* folder on the host … */
	struct strv lowers; /* … and which of its folders are overlaid, lowest first; "." is itself */
	char *hub;	    /* folder with folders lower, upper, work or own */
	char *own;	    /* folder on the host that upper and work are in; NULL: hub is */
	char *upper, *work; /* relative to hub */
	char *subpath;	    /* of what is overlaid; NULL: all */
	bool inside;	    /* hub is a folder of the container's, brought by a mount before this one; base is overlaid itself, and
			     * upper and work are made where they are missing */
	bool optional;	    /* where base cannot be overlaid, it stays what it is */
};

/* A small file of the engine's own, in memory */
struct spec_content {
	const char *data;
	size_t n;
	uint32_t mode, uid, gid; /* ids of the container's */
};

struct spec_mount {
	char *destination, *type, *source;
	struct strv options; /* as written; namespaces/mount_options.h reads them */
	struct spec_id_maps uid_mappings, gid_mappings;
	/* of the engine, not of a configuration's text: */
	bool fill;  /* an empty folder, which gets what the target has */
	bool chown; /* it and what is in it becomes the process's user's */
	const struct spec_overlay *overlay; /* NULL: it is none */
	const struct spec_content *content; /* what is bound instead of the source; NULL: that is */
	const int *tree; /* a detached mount that is bound instead of the source; borrowed; NULL: the source is */
};
struct spec_mounts {
	struct spec_mount *v;
	size_t n;
};

struct spec_box {
	uint32_t height, width;
};

struct spec_user {
	uint32_t uid, gid;
	struct opt_u32 umask;
	struct spec_u32_list additional_gids;
	char *username; /* not for Linux; decoded, ignored */
	struct strv groups; /* of the engine, not of a configuration's text: further ones, by name or number */
};

/* Bit N is capability N of linux/capability.h. set: the list was given, be it empty. */
struct spec_caps {
	bool given;
	struct opt_u64 bounding, effective, inheritable, permitted, ambient;
	struct strv unknown; /* names this kernel or library does not know: reported, not fatal */
};

struct spec_rlimit {
	int resource; /* RLIMIT_* */
	uint64_t soft, hard;
};
struct spec_rlimits {
	struct spec_rlimit *v;
	size_t n;
};

struct spec_scheduler {
	bool given;
	uint32_t policy; /* SCHED_* */
	int32_t nice, priority;
	uint64_t flags; /* SCHED_FLAG_* */
	uint64_t runtime_ns, deadline_ns, period_ns;
};

struct spec_io_priority {
	bool given;
	uint32_t class; /* IOPRIO_CLASS_* */
	int32_t priority;
};

struct spec_cpu_affinity {
	char *initial, *final; /* lists as "0-3,7" */
};

struct spec_process {
	bool given;
	bool terminal;
	struct spec_box console_size;
	char *cwd;
	struct strv env, args;
	char *command_line; /* for other systems; decoded, ignored */
	struct spec_user user;
	struct spec_caps capabilities;
	struct spec_rlimits rlimits;
	bool no_new_privileges;
	char *apparmor_profile, *selinux_label;
	struct opt_i64 oom_score_adj;
	struct spec_scheduler scheduler;
	struct spec_io_priority io_priority;
	struct spec_cpu_affinity exec_cpu_affinity;
};

struct spec_hook {
	char *path;
	struct strv args, env;
	struct opt_i64 timeout_s;
};
struct spec_hook_list {
	struct spec_hook *v;
	size_t n;
};
enum spec_hook_kind {
	HOOK_PRESTART,
	HOOK_CREATE_RUNTIME,
	HOOK_CREATE_CONTAINER,
	HOOK_START_CONTAINER,
	HOOK_POSTSTART,
	HOOK_POSTSTOP,
	HOOK_COUNT,
};

enum spec_ns_kind {
	NS_USER, /* first: it owns the others */
	NS_CGROUP,
	NS_IPC,
	NS_UTS,
	NS_NET,
	NS_PID,
	NS_MOUNT,
	NS_TIME,
	NS_COUNT,
};
struct spec_namespace {
	bool wanted; /* listed in the configuration */
	char *path;  /* join this one; NULL: a new one */
};

struct spec_time_offset {
	bool set;
	int64_t secs;
	uint32_t nanosecs;
};

struct spec_device {
	char *path;
	char type; /* 'c', 'u' (as c), 'b', 'p' */
	struct opt_i64 major, minor;
	struct opt_u32 file_mode, uid, gid;
};
struct spec_devices {
	struct spec_device *v;
	size_t n;
};

struct spec_net_device {
	char *host_name; /* the key */
	char *name;	 /* inside; NULL: unchanged */
};
struct spec_net_devices {
	struct spec_net_device *v;
	size_t n;
};

struct spec_device_rule {
	bool allow;
	char type; /* 'a' (all), 'c', 'b' */
	struct opt_i64 major, minor; /* not set, or -1: any */
	bool read, write, mknod;
};
struct spec_device_rules {
	struct spec_device_rule *v;
	size_t n;
};

struct spec_memory {
	struct opt_i64 limit_bytes, reservation_bytes, swap_bytes; /* -1: no limit */
	struct opt_i64 kernel_bytes, kernel_tcp_bytes;		   /* v1 only */
	struct opt_u64 swappiness;				   /* v1 only */
	struct opt_bool disable_oom_killer, use_hierarchy, check_before_update;
};

struct spec_cpu {
	struct opt_u64 shares;
	struct opt_i64 quota_us;
	struct opt_u64 burst_us, period_us;
	struct opt_i64 realtime_runtime_us;
	struct opt_u64 realtime_period_us;
	char *cpus, *mems;
	struct opt_i64 idle;
};

struct spec_weight_device {
	int64_t major, minor;
	struct opt_u32 weight, leaf_weight;
};
struct spec_throttle_device {
	int64_t major, minor;
	uint64_t rate;
};
struct spec_throttle_list {
	struct spec_throttle_device *v;
	size_t n;
};
enum spec_throttle_kind {
	THROTTLE_READ_BPS,
	THROTTLE_WRITE_BPS,
	THROTTLE_READ_IOPS,
	THROTTLE_WRITE_IOPS,
	THROTTLE_COUNT,
};
struct spec_block_io {
	struct opt_u32 weight, leaf_weight;
	struct spec_weight_device *weight_devices;
	size_t n_weight_devices;
	struct spec_throttle_list throttle[THROTTLE_COUNT];
};

struct spec_hugepage_limit {
	char *page_size; /* "2MB" */
	uint64_t limit_bytes;
};
struct spec_hugepage_limits {
	struct spec_hugepage_limit *v;
	size_t n;
};

struct spec_net_priority {
	char *name;
	uint32_t priority;
};
struct spec_network { /* cgroup v1 only: decoded */
	struct opt_u32 class_id;
	struct spec_net_priority *priorities;
	size_t n_priorities;
};

struct spec_rdma {
	char *device; /* the key */
	struct opt_u32 hca_handles, hca_objects;
};
struct spec_rdma_list {
	struct spec_rdma *v;
	size_t n;
};

struct spec_resources {
	bool given;
	struct spec_device_rules devices;
	struct spec_memory memory;
	struct spec_cpu cpu;
	struct opt_i64 pids_limit; /* below 0: no limit */
	struct spec_block_io block_io;
	struct spec_hugepage_limits hugepage_limits;
	struct spec_network network;
	struct spec_rdma_list rdma;
	struct spec_map unified; /* file of cgroup v2 → what to write */
};

struct spec_seccomp_arg {
	uint32_t index; /* 0 to 5 */
	uint64_t value, value_two;
	uint32_t op; /* enum scmp_compare, by number: this layer does not include libseccomp */
};
struct spec_seccomp_rule {
	struct strv names;
	uint32_t action; /* index into the table of actions, spec/names.h */
	struct opt_u32 errno_ret;
	struct spec_seccomp_arg *args;
	size_t n_args;
};
enum spec_seccomp_action {
	ACT_KILL, /* same as KILL_THREAD */
	ACT_KILL_PROCESS,
	ACT_KILL_THREAD,
	ACT_TRAP,
	ACT_ERRNO,
	ACT_TRACE,
	ACT_ALLOW,
	ACT_LOG,
	ACT_NOTIFY,
	ACT_COUNT,
};
enum spec_seccomp_op {
	OP_NE = 1, /* the numbers of enum scmp_compare */
	OP_LT,
	OP_LE,
	OP_EQ,
	OP_GE,
	OP_GT,
	OP_MASKED_EQ, /* value is the mask, value_two the wanted result */
	OP_END,
};
struct spec_seccomp {
	bool given;
	uint32_t default_action; /* enum spec_seccomp_action */
	struct opt_u32 default_errno_ret;
	struct strv flags;	   /* SECCOMP_FILTER_FLAG_* */
	struct strv architectures; /* SCMP_ARCH_* */
	char *listener_path, *listener_metadata;
	struct spec_seccomp_rule *rules; /* "syscalls" */
	size_t n_rules;
};

enum spec_propagation {
	PROPAGATION_NONE, /* not given */
	PROPAGATION_SHARED,
	PROPAGATION_SLAVE,
	PROPAGATION_PRIVATE,
	PROPAGATION_UNBINDABLE,
	PROPAGATION_COUNT,
};

struct spec_personality {
	bool given;
	uint32_t domain; /* PER_LINUX, PER_LINUX32 */
	struct strv flags;
};

struct spec_intel_rdt {
	bool given;
	char *clos_id;
	struct strv schemata;
	char *l3_cache_schema, *mem_bw_schema;
	bool enable_cmt, enable_mbm, enable_monitoring;
};

struct spec_memory_policy {
	bool given;
	uint32_t mode; /* MPOL_* */
	char *nodes;   /* list as "0-1" */
	struct strv flags;
};

struct spec_linux {
	struct spec_namespace namespaces[NS_COUNT];
	struct spec_id_maps uid_mappings, gid_mappings;
	struct spec_time_offset monotonic, boottime;
	struct spec_devices devices;
	struct spec_net_devices net_devices;
	char *cgroups_path;
	struct spec_resources resources;
	struct spec_map sysctl;
	struct spec_seccomp seccomp;
	uint32_t rootfs_propagation; /* enum spec_propagation */
	struct strv masked_paths, readonly_paths;
	char *mount_label;
	struct spec_personality personality;
	struct spec_intel_rdt intel_rdt;
	struct spec_memory_policy memory_policy;
};

struct spec {
	struct arena arena; /* owns everything below */
	char *oci_version;
	struct spec_root root;
	struct spec_process process;
	char *hostname, *domainname;
	struct spec_mounts mounts;
	struct spec_hook_list hooks[HOOK_COUNT];
	struct spec_map annotations;
	struct spec_linux linux_;
};

/* Free all of it; a zeroed struct is fine. */
void spec_free(struct spec *s);
#define auto_spec __attribute__((cleanup(spec_free)))

/**
 * spec_decode() - config.json to a struct
 * @text:	JSON, @len bytes; need not end with a zero
 * @ret:	Filled; the caller calls spec_free()
 *
 * A wrong type, a number out of range, a missing required field or a duplicate key names its JSON path; unknown keys are
 * ignored, as the specification says.
 *
 * Return: 0, or -EINVAL and others with @e filled and @ret zeroed
 */
int spec_decode(const char *text, size_t len, struct spec *ret, struct err *e);

/* A process object alone (exec --process). @ret's strings live in @arena. */
int spec_decode_process(const char *text, size_t len, struct arena *arena, struct spec_process *ret, struct err *e);

/* A linux.resources object alone (update --resources). @ret's strings live in @arena. */
int spec_decode_resources(const char *text, size_t len, struct arena *arena, struct spec_resources *ret, struct err *e);

/* A linux.seccomp object alone (--security-opt seccomp=FILE). @ret's strings live in @arena. */
int spec_decode_seccomp(const char *text, size_t len, struct arena *arena, struct spec_seccomp *ret, struct err *e);

/**
 * spec_encode() - The struct as JSON text: what spec_decode() reads back to an equal struct
 * @ret:	To be freed by the caller
 *
 * Return: 0, or -ENOMEM with @e filled
 */
int spec_encode(const struct spec *s, char **ret, struct err *e);

#define SPEC_MAX_BYTES (4 << 20) /* larger config files are refused */

#endif
