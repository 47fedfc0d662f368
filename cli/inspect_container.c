// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <inttypes.h>

#include "base/fd.h"
#include "base/proc.h"
#include "cli/inspect.h"
#include "cli/port_view.h"
#include "cli/shape_view.h"
#include "runtime/cni_plan.h"
#include "runtime/health.h"
#include "runtime/defaults.h"
#include "runtime/join.h"
#include "runtime/ksm.h"
#include "runtime/landlock.h"
#include "runtime/networks.h"
#include "runtime/storage.h"
#include "runtime/usage.h"
#include "spec/decode.h"
#include "spec/names.h"

struct state_view {
	char *status, *error, *started, *finished;
	bool running, paused, oom_killed;
	uint32_t pid;
	int32_t exit_code;
	struct health_record health;
};
static const struct field health_log_fields[] = {
	FIELD_STRING(struct health_result, start, "Start", REQUIRED),
	FIELD_STRING(struct health_result, end, "End", REQUIRED),
	FIELD_I32(struct health_result, exit_code, "ExitCode", REQUIRED),
	FIELD_STRING(struct health_result, output, "Output", REQUIRED),
};
static const struct field health_fields[] = {
	FIELD_ENUM(struct health_record, status, "Status", REQUIRED, health_status_names),
	FIELD_U32(struct health_record, failing_streak, "FailingStreak", REQUIRED),
	FIELD_LIST(struct health_record, log, "Log", REQUIRED, health_log_fields, struct health_result),
};

static const struct field state_fields[] = {
	FIELD_STRING(struct state_view, status, "Status", REQUIRED),
	FIELD_BOOL(struct state_view, running, "Running", REQUIRED),
	FIELD_BOOL(struct state_view, paused, "Paused", REQUIRED),
	FIELD_BOOL(struct state_view, oom_killed, "OOMKilled", REQUIRED),
	FIELD_U32(struct state_view, pid, "Pid", REQUIRED),
	FIELD_I32(struct state_view, exit_code, "ExitCode", REQUIRED),
	FIELD_STRING(struct state_view, error, "Error", REQUIRED),
	FIELD_STRING(struct state_view, started, "StartedAt", REQUIRED),
	FIELD_STRING(struct state_view, finished, "FinishedAt", REQUIRED),
	FIELD_OBJECT(struct state_view, health, "Health", REQUIRED, health_fields),
};

struct secret_view {
	char *name;
	uint32_t uid, gid, mode;
};
static const struct field secret_fields[] = {
	FIELD_STRING(struct secret_view, name, "Name", REQUIRED),
	FIELD_U32(struct secret_view, uid, "UID", REQUIRED),
	FIELD_U32(struct secret_view, gid, "GID", REQUIRED),
	FIELD_U32(struct secret_view, mode, "Mode", REQUIRED),
};

static const struct field check_fields[] = {
	FIELD_STRINGS(struct health_check, test, "Test", REQUIRED),
	FIELD_U63(struct health_check, interval_ns, "Interval", REQUIRED),
	FIELD_U63(struct health_check, timeout_ns, "Timeout", REQUIRED),
	FIELD_U32(struct health_check, retries, "Retries", REQUIRED),
};

struct config_view {
	char *hostname, *user, *working_dir, *image, *stop_signal;
	struct strv env, cmd, create;
	struct health_settings health;
	char *on_failure;
	struct port_view ports;
	bool tty, open_stdin, systemd;
	uint32_t stop_timeout_s;
	struct spec_map labels;
	struct {
		struct secret_view *v;
		size_t n;
	} secrets;
};
static const struct field config_fields[] = {
	FIELD_OBJECT(struct config_view, health.check, "Healthcheck", OPTIONAL, check_fields),
	FIELD_OBJECT(struct config_view, health.startup, "StartupHealthCheck", OPTIONAL, check_fields),
	FIELD_STRING(struct config_view, on_failure, "HealthcheckOnFailureAction", REQUIRED),
	FIELD_STRING(struct config_view, hostname, "Hostname", REQUIRED),
	FIELD_STRING(struct config_view, user, "User", REQUIRED),
	FIELD_STRINGS(struct config_view, env, "Env", REQUIRED),
	FIELD_STRINGS(struct config_view, cmd, "Cmd", REQUIRED),
	FIELD_STRINGS(struct config_view, create, "CreateCommand", REQUIRED),
	FIELD_PORTS(struct config_view, ports, "ExposedPorts", put_exposed_ports),
	FIELD_STRING(struct config_view, image, "Image", REQUIRED),
	FIELD_STRING(struct config_view, working_dir, "WorkingDir", REQUIRED),
	FIELD_BOOL(struct config_view, tty, "Tty", REQUIRED),
	FIELD_BOOL(struct config_view, open_stdin, "OpenStdin", REQUIRED),
	FIELD_BOOL(struct config_view, systemd, "SystemdMode", REQUIRED),
	FIELD_STRING(struct config_view, stop_signal, "StopSignal", REQUIRED),
	FIELD_U32(struct config_view, stop_timeout_s, "StopTimeout", REQUIRED),
	{ FIELD_OF(struct config_view, labels, "Labels", map, true) },
	FIELD_LIST(struct config_view, secrets, "Secrets", REQUIRED, secret_fields, struct secret_view),
};

struct restart_view {
	char *name;
	uint32_t max;
};
static const struct field restart_fields[] = {
	FIELD_STRING(struct restart_view, name, "Name", REQUIRED),
	FIELD_U32(struct restart_view, max, "MaximumRetryCount", REQUIRED),
};

/* What confines it. */
struct log_view {
	char *type, *tag, *size;
};
static const struct field log_fields[] = {
	FIELD_STRING(struct log_view, type, "Type", REQUIRED),
	FIELD_STRING(struct log_view, tag, "Tag", REQUIRED),
	FIELD_STRING(struct log_view, size, "Size", REQUIRED),
};

struct host_view {
	struct log_view log;
	char *network, *pid, *ipc, *uts;
	char *userns, *profile, *seccomp, *landlock, *cgroup_manager, *cgroups, *cgroup_view, *cgroup_parent;
	struct restart_view restart;
	struct port_view ports;
	bool publish_all;
	bool auto_remove, privileged, read_only, init, no_new_privs, cgroup_delegate, ksm;
	struct strv dns, dns_options, dns_search, extra_hosts;
	struct strv binds, caps, masked, readonly, missing;
	struct spec_map storage;
};
static const struct field host_fields[] = {
	FIELD_OBJECT(struct host_view, log, "LogConfig", REQUIRED, log_fields),
	FIELD_STRING(struct host_view, network, "NetworkMode", REQUIRED),
	FIELD_PORTS(struct host_view, ports, "PortBindings", put_port_bindings),
	FIELD_BOOL(struct host_view, publish_all, "PublishAllPorts", REQUIRED),
	FIELD_STRING(struct host_view, pid, "PidMode", REQUIRED),
	FIELD_STRING(struct host_view, ipc, "IpcMode", REQUIRED),
	FIELD_STRING(struct host_view, uts, "UTSMode", REQUIRED),
	FIELD_STRING(struct host_view, userns, "UsernsMode", REQUIRED),
	FIELD_OBJECT(struct host_view, restart, "RestartPolicy", REQUIRED, restart_fields),
	FIELD_BOOL(struct host_view, auto_remove, "AutoRemove", REQUIRED),
	FIELD_BOOL(struct host_view, init, "Init", REQUIRED),
	FIELD_BOOL(struct host_view, privileged, "Privileged", REQUIRED),
	FIELD_BOOL(struct host_view, read_only, "ReadonlyRootfs", REQUIRED),
	FIELD_STRING(struct host_view, profile, "Profile", REQUIRED),
	FIELD_STRING(struct host_view, seccomp, "SeccompProfile", REQUIRED),
	FIELD_STRING(struct host_view, landlock, "Landlock", REQUIRED),
	FIELD_BOOL(struct host_view, no_new_privs, "NoNewPrivileges", REQUIRED),
	FIELD_BOOL(struct host_view, ksm, "Ksm", REQUIRED),
	FIELD_STRINGS(struct host_view, caps, "Capabilities", REQUIRED),
	FIELD_STRINGS(struct host_view, masked, "MaskedPaths", REQUIRED),
	FIELD_STRINGS(struct host_view, readonly, "ReadonlyPaths", REQUIRED),
	FIELD_STRING(struct host_view, cgroup_manager, "CgroupManager", REQUIRED),
	FIELD_STRING(struct host_view, cgroups, "Cgroups", REQUIRED),
	FIELD_STRING(struct host_view, cgroup_view, "CgroupMode", REQUIRED),
	FIELD_STRING(struct host_view, cgroup_parent, "CgroupParent", REQUIRED),
	FIELD_BOOL(struct host_view, cgroup_delegate, "CgroupDelegate", REQUIRED),
	FIELD_STRINGS(struct host_view, binds, "Binds", REQUIRED),
	FIELD_STRINGS(struct host_view, dns, "Dns", REQUIRED),
	FIELD_STRINGS(struct host_view, dns_options, "DnsOptions", REQUIRED),
	FIELD_STRINGS(struct host_view, dns_search, "DnsSearch", REQUIRED),
	FIELD_STRINGS(struct host_view, extra_hosts, "ExtraHosts", REQUIRED),
	{ FIELD_OF(struct host_view, storage, "StorageOpt", map, true) },
	FIELD_STRINGS(struct host_view, missing, "MissingDefaults", REQUIRED),
};

/* One network of it; keys as podman has them. */
struct attachment {
	char *network, *address, *address6, *gateway, *gateway6, *mac, *interface;
	uint32_t prefix, prefix6;
	struct strv aliases;
	struct shape_views shape;
};
static const struct field attachment_fields[] = {
	FIELD_STRING(struct attachment, address, "IPAddress", REQUIRED),
	FIELD_U32(struct attachment, prefix, "IPPrefixLen", REQUIRED),
	FIELD_STRING(struct attachment, gateway, "Gateway", REQUIRED),
	FIELD_STRING(struct attachment, address6, "GlobalIPv6Address", REQUIRED),
	FIELD_U32(struct attachment, prefix6, "GlobalIPv6PrefixLen", REQUIRED),
	FIELD_STRING(struct attachment, gateway6, "IPv6Gateway", REQUIRED),
	FIELD_STRING(struct attachment, mac, "MacAddress", REQUIRED),
	FIELD_STRING(struct attachment, interface, "InterfaceName", REQUIRED),
	FIELD_STRINGS(struct attachment, aliases, "Aliases", REQUIRED),
	{ FIELD_OF(struct attachment, shape, "Shape", list, true), .table = shape_view_fields, .n_table = SHAPE_VIEW_FIELDS,
	  .size = sizeof(struct shape_view) },
};

/* Whom it may send to, and what was made of that; all empty where it may send to anybody. */
struct egress_view {
	struct strv rules;
	struct net_egress_counters counters;
};
static const struct field egress_count_fields[] = {
	FIELD_U64(struct net_egress_count, packets, "Packets", REQUIRED),
	FIELD_U64(struct net_egress_count, bytes, "Bytes", REQUIRED),
};
static const struct field egress_fields[] = {
	FIELD_STRINGS(struct egress_view, rules, "Rules", REQUIRED),
	FIELD_OBJECT(struct egress_view, counters.allowed, "Allowed", REQUIRED, egress_count_fields),
	FIELD_OBJECT(struct egress_view, counters.dropped, "Dropped", REQUIRED, egress_count_fields),
};

struct network_view {
	char *network;
	struct egress_view egress;
	struct attachment first; /* as docker shows it: the one that leads out */
	struct port_view ports;
	struct {
		struct attachment *v;
		size_t n;
	} networks;
};
static const struct field network_fields[] = {
	FIELD_STRING(struct network_view, network, "Network", REQUIRED),
	FIELD_STRING(struct network_view, first.address, "IPAddress", REQUIRED),
	FIELD_U32(struct network_view, first.prefix, "IPPrefixLen", REQUIRED),
	FIELD_STRING(struct network_view, first.gateway, "Gateway", REQUIRED),
	FIELD_STRING(struct network_view, first.address6, "GlobalIPv6Address", REQUIRED),
	FIELD_U32(struct network_view, first.prefix6, "GlobalIPv6PrefixLen", REQUIRED),
	FIELD_STRING(struct network_view, first.gateway6, "IPv6Gateway", REQUIRED),
	FIELD_STRING(struct network_view, first.mac, "MacAddress", REQUIRED),
	FIELD_PORTS(struct network_view, ports, "Ports", put_ports),
	FIELD_OBJECT(struct network_view, egress, "Egress", REQUIRED, egress_fields),
	{ FIELD_OF(struct network_view, networks, "Networks", keyed, true), .table = attachment_fields,
	  .n_table = ARRAY_SIZE(attachment_fields), .size = sizeof(struct attachment) },
};

/* A number, or null: what nobody has counted is not 0. */
static int field_counted(struct decoder *d, const struct field *f, json_t *value, void *ret)
{
	return field_opt_u64(d, f, value, ret);
}

static int put_counted(const struct field *f, const void *value, json_t **ret, struct err *e)
{
	*ret = json_null();
	return put_opt_u64(f, value, ret, e);
}

struct usage_view {
	struct run_use use;
	char *started, *finished;
};
#define COUNTED(member, name) FIELD_OWN(struct usage_view, use.member, name, counted, REQUIRED)
static const struct field usage_fields[] = {
	FIELD_STRING(struct usage_view, started, "StartedAt", REQUIRED),
	FIELD_STRING(struct usage_view, finished, "FinishedAt", REQUIRED),
	COUNTED(cpu_us, "CpuMicroseconds"),
	COUNTED(cpu_user_us, "CpuUserMicroseconds"),
	COUNTED(cpu_system_us, "CpuSystemMicroseconds"),
	COUNTED(cpu_periods, "CpuPeriods"),
	COUNTED(cpu_throttled_periods, "CpuThrottledPeriods"),
	COUNTED(cpu_throttled_us, "CpuThrottledMicroseconds"),
	COUNTED(memory_peak_bytes, "MemoryPeak"),
	COUNTED(swap_peak_bytes, "SwapPeak"),
	COUNTED(oom_events, "OOMEvents"),
	COUNTED(oom_kills, "OOMKills"),
	COUNTED(pids_peak, "PidsPeak"),
	COUNTED(io_read_bytes, "BlockInput"),
	COUNTED(io_write_bytes, "BlockOutput"),
	COUNTED(io_read_ops, "BlockInputOps"),
	COUNTED(io_write_ops, "BlockOutputOps"),
};

/* Where its files lie on the host. */
struct layers_view {
	char *lower, *upper, *work;
};
static const struct field layers_fields[] = {
	FIELD_STRING(struct layers_view, lower, "LowerDir", REQUIRED),
	FIELD_STRING(struct layers_view, upper, "UpperDir", REQUIRED),
	FIELD_STRING(struct layers_view, work, "WorkDir", REQUIRED),
};

struct driver_view {
	char *name;
	struct layers_view layers;
};
static const struct field driver_fields[] = {
	FIELD_STRING(struct driver_view, name, "Name", REQUIRED),
	FIELD_OBJECT(struct driver_view, layers, "Data", REQUIRED, layers_fields),
};

struct view {
	char *id, *name, *created, *image, *image_name, *driver, *cgroup, *log_path;
	struct state_view state;
	struct config_view config;
	struct host_view host;
	struct network_view network;
	struct usage_view usage, last_usage;
	struct driver_view graph;
	uint64_t restarts;
	uint32_t range_start;
	struct storage_sizes sizes;
	char *pod;
	bool infra;
	struct strv dependencies;
};
static const struct field fields[] = {
	FIELD_STRING(struct view, id, "Id", REQUIRED),
	FIELD_STRING(struct view, name, "Name", REQUIRED),
	FIELD_STRING(struct view, created, "Created", REQUIRED),
	FIELD_STRING(struct view, image, "Image", REQUIRED),
	FIELD_STRING(struct view, image_name, "ImageName", REQUIRED),
	FIELD_OBJECT(struct view, state, "State", REQUIRED, state_fields),
	FIELD_U64(struct view, restarts, "RestartCount", REQUIRED),
	FIELD_STRING(struct view, pod, "Pod", REQUIRED),
	FIELD_BOOL(struct view, infra, "IsInfra", REQUIRED),
	FIELD_STRINGS(struct view, dependencies, "Dependencies", REQUIRED),
	FIELD_OBJECT(struct view, config, "Config", REQUIRED, config_fields),
	FIELD_OBJECT(struct view, host, "HostConfig", REQUIRED, host_fields),
	FIELD_OBJECT(struct view, network, "NetworkSettings", REQUIRED, network_fields),
	FIELD_STRING(struct view, driver, "Driver", REQUIRED),
	FIELD_OBJECT(struct view, graph, "GraphDriver", REQUIRED, driver_fields),
	FIELD_STRING(struct view, cgroup, "CgroupPath", REQUIRED),
	FIELD_U32(struct view, range_start, "IdRangeStart", REQUIRED),
	FIELD_STRING(struct view, log_path, "LogPath", REQUIRED),
	FIELD_OBJECT(struct view, usage, "Usage", REQUIRED, usage_fields),
	FIELD_OBJECT(struct view, last_usage, "LastUsage", REQUIRED, usage_fields),
	FIELD_U64(struct view, sizes.written_bytes, "SizeRw", REQUIRED),
	FIELD_U64(struct view, sizes.root_bytes, "SizeRootFs", REQUIRED),
};
#define SIZE_FIELDS 2 /* the last ones: where they are asked for */

/* A key that is always there, be it empty. */
static char *text(char *s)
{
	return s ? s : (char *)"";
}

static void fill_state(const struct container *c, struct state_view *v)
{
	bool ended = c->phase == PHASE_EXITED;

	*v = (struct state_view){
		.status = (char *)phase_names[c->phase],
		.running = c->phase == PHASE_RUNNING || c->phase == PHASE_PAUSED,
		.paused = c->phase == PHASE_PAUSED,
		.oom_killed = ended && c->exit.oom_killed,
		.pid = ended ? 0 : (uint32_t)c->init.pid,
		.exit_code = ended ? c->exit.status : 0,
		.error = text(c->exit.error),
		.started = text(c->run.started),
		.finished = ended ? text(c->exit.finished) : (char *)"",
	};
}

static int fill_config(const struct container *c, const struct spec *s, struct arena *a, struct config_view *v,
		       struct err *e)
{
	char buf[PROC_SIGNAL_MAX];
	const char *signal = proc_signal_name((int)c->settings.stop_signal, buf);

	*v = (struct config_view){
		.hostname = c->settings.hostname ? c->settings.hostname : arena_strndup(a, c->settings.id, 12),
		.user = text(s->process.user.username),
		.env = s->process.env,
		.cmd = c->settings.command,
		.create = c->settings.command_line,
		.image = c->settings.image,
		.working_dir = text(s->process.cwd),
		.tty = c->settings.terminal,
		.open_stdin = c->settings.input,
		.systemd = c->settings.systemd,
		.stop_signal = arena_printf(a, "SIG%s", signal ? signal : "TERM"),
		.stop_timeout_s = c->settings.stop_timeout_s,
		.health = c->settings.health,
		.on_failure = (char *)health_action_names[c->settings.health.on_failure],
		.labels = c->settings.labels,
	};
	v->secrets.v = arena_array(a, c->settings.secrets.n + 1, sizeof(*v->secrets.v));
	for (size_t i = 0; v->secrets.v && i < c->settings.secrets.n; i++) {
		const struct secret_use *u = &c->settings.secrets.v[i];

		v->secrets.v[v->secrets.n++] = (struct secret_view){ u->name, u->uid, u->gid, u->mode };
	}
	return v->hostname && v->stop_signal && v->secrets.v ? 0 : err_nomem(e);
}

static int add_caps(const struct spec *s, struct arena *a, struct strv *ret, struct err *e)
{
	for (int i = 0; i < SPEC_CAP_COUNT; i++)
		if ((s->process.capabilities.bounding.v & BIT64(i)) && strv_add(a, ret, spec_cap_name(i)) < 0)
			return err_nomem(e);
	return 0;
}

static int add_storage(const struct settings *set, struct arena *a, struct spec_map *ret, struct err *e)
{
	if (!set->storage_bytes.set)
		return 0;
	ret->v = arena_alloc(a, sizeof(*ret->v));
	if (!ret->v)
		return err_nomem(e);
	ret->v[0] = (struct spec_pair){ (char *)"size", arena_printf(a, "%" PRIu64, set->storage_bytes.v) };
	ret->n = 1;
	return ret->v[0].value ? 0 : err_nomem(e);
}

static char *log_size(const struct settings *set, struct arena *a)
{
	return set->log_max_bytes.set ? arena_printf(a, "%" PRIu64 "B", set->log_max_bytes.v) : (char *)"";
}

static int fill_host(const struct container *c, const struct spec *s, struct arena *a, struct host_view *v,
		     struct err *e)
{
	const struct settings *set = &c->settings;

	*v = (struct host_view){
		.network = set->network,
		.pid = (char *)(set->pid ? set->pid : JOIN_PRIVATE),
		.ipc = (char *)(set->ipc ? set->ipc : "shareable"),
		.uts = (char *)(set->uts ? set->uts : JOIN_PRIVATE),
		.publish_all = set->publish_all,
		.log = { (char *)log_driver_names[set->log_driver], text(set->log_tag), log_size(set, a) },
		.userns = (char *)(set->private_userns ? "private" : "host"),
		.profile = (char *)profile_names[set->profile],
		.landlock = (char *)(!landlock_wanted(s) ? "none" : landlock_abi() ? "writes" : "not in this kernel"),
		.seccomp = (char *)(s->linux_.seccomp.given ? "custom" : seccomp_profile_names[set->seccomp]),
		.restart = { .name = (char *)restart_names[set->restart], .max = set->restart_max.v },
		.auto_remove = set->remove,
		.privileged = set->privileged,
		.read_only = s->root.readonly,
		.init = set->init,
		.no_new_privs = s->process.no_new_privileges,
		.ksm = ksm_wanted(&s->annotations),
		.cgroup_manager = (char *)cgroup_manager_names[set->cgroup_manager],
		.cgroups = (char *)(set->cgroup_manager == CGROUP_MANAGER_DISABLED ? "disabled" : "default"),
		.cgroup_view = (char *)(s->linux_.namespaces[NS_CGROUP].wanted ? "private" : "host"),
		.cgroup_parent = text(set->cgroup_parent),
		.cgroup_delegate = set->cgroup_delegate,
		.binds = set->binds,
		.dns = set->dns,
		.dns_options = set->dns_options,
		.dns_search = set->dns_search,
		.extra_hosts = set->extra_hosts,
		.masked = s->linux_.masked_paths,
		.readonly = s->linux_.readonly_paths,
		.missing = c->run.missing,
	};
	int r = add_storage(set, a, &v->storage, e);

	return r < 0 ? r : add_caps(s, a, &v->caps, e);
}

/* Of the present run so far, and of the last one that has ended. */
static void fill_usage(const struct engine *g, const struct container *c, struct view *v)
{
	struct err ignored; /* what does not run, or ends at this moment, uses nothing */

	v->usage = (struct usage_view){ .started = (char *)"", .finished = (char *)"" };
	if (v->state.running && usage_of_run(g, c->settings.id, &v->usage.use, &ignored) == 0) {
		v->usage.started = text(c->run.started);
		v->state.oom_killed = v->usage.use.oom_kills.v > 0;
	}
	v->last_usage = (struct usage_view){
		.use = c->exit.use, .started = text(c->exit.started), .finished = text(c->exit.finished),
	};
}

/* Of the last run, or of the first one that may come. */
static enum storage_driver driver_of(const struct container *c)
{
	if (c->run.root_served || c->settings.storage_driver == STORAGE_FUSE_OVERLAYFS)
		return STORAGE_FUSE_OVERLAYFS;
	return STORAGE_OVERLAY;
}

/* LowerDir is empty for the image `host`. */
static int fill_graph(const struct engine *g, const struct container *c, struct arena *a, struct driver_view *v, struct err *e)
{
	const struct settings *set = &c->settings;
	const char *store = set->image_store ? set->image_store : g->data_path;
	char *lower = arena_strdup(a, "");

	for (size_t i = set->layers.n; i > 0 && lower; i--)
		lower = arena_printf(a, "%s%s%s/images/layers/%s", lower, *lower ? ":" : "", store, set->layers.v[i - 1]);
	if (set->rootfs)
		lower = set->rootfs;
	*v = (struct driver_view){
		.name = (char *)storage_driver_names[driver_of(c)],
		.layers = {
			.lower = lower,
			.upper = arena_printf(a, "%s/containers/%s/upper", g->data_path, set->id),
			.work = arena_printf(a, "%s/containers/%s/work", g->data_path, set->id),
		},
	};
	return lower && v->layers.upper && v->layers.work ? 0 : err_nomem(e);
}

/* "10.89.0.5/16" as address and prefix; NULL: none. */
static int split_address(const char *text, struct arena *a, char **ret, uint32_t *ret_prefix, struct err *e)
{
	struct net_addr address;
	char buf[NET_ADDR_MAX] = "";

	if (text && net_addr_parse(text, &address) == 0) {
		net_addr_text(&address, false, buf);
		*ret_prefix = address.prefix;
	}
	*ret = arena_strdup(a, buf);
	return *ret ? 0 : err_nomem(e);
}

static int fill_attachment(const struct container *c, const struct network_wish *w, struct arena *a, struct attachment *ret,
			   struct err *e)
{
	struct run_network at = { 0 };
	uint32_t ignored;

	for (size_t i = 0; i < c->run.networks.n; i++)
		if (streq(c->run.networks.v[i].network, w->network))
			at = c->run.networks.v[i];
	*ret = (struct attachment){ .network = w->network, .mac = text(at.mac), .interface = text(at.interface),
				    .aliases = w->aliases };
	int r = split_address(at.address, a, &ret->address, &ret->prefix, e);

	if (r >= 0)
		r = split_address(at.address6, a, &ret->address6, &ret->prefix6, e);
	if (r >= 0)
		r = split_address(at.gateway, a, &ret->gateway, &ignored, e);
	if (r >= 0)
		r = split_address(at.gateway6, a, &ret->gateway6, &ignored, e);
	return r < 0 ? r : shape_view_add(w, a, &ret->shape, e);
}

static void fill_egress(const struct engine *g, const struct container *c, struct egress_view *v)
{
	*v = (struct egress_view){ .rules = c->settings.egress };
	engine_network_egress_count(g, c, &v->counters);
}

static int fill_networks(const struct engine *g, const struct container *c, struct arena *a, struct network_view *v, struct err *e)
{
	static const struct attachment none = { "", "", "", "", "", "", "", 0, 0, { 0 }, { 0 } };
	const struct network_wishes *all = &c->settings.networks;
	int r = 0;

	*v = (struct network_view){
		.network = all->n ? all->v[0].network : c->settings.network,
		.first = none,
		.networks.v = arena_array(a, all->n + 1, sizeof(*v->networks.v)),
	};
	if (!v->networks.v)
		return err_nomem(e);
	for (; v->networks.n < all->n && r >= 0; v->networks.n++)
		r = fill_attachment(c, &all->v[v->networks.n], a, &v->networks.v[v->networks.n], e);
	if (r >= 0 && all->n)
		v->first = v->networks.v[0];
	fill_egress(g, c, &v->egress);
	return r;
}

/* Those whose namespaces it joins. */
static int add_dependencies(const struct container *c, struct arena *a, struct strv *ret, struct err *e)
{
	const char *ids[JOIN_TARGETS_MAX];

	for (size_t n = join_targets(&c->settings, ids), i = 0; i < n; i++)
		if (strv_add(a, ret, ids[i]) < 0)
			return err_nomem(e);
	return 0;
}

static int fill(const struct engine *g, const struct container *c, const struct spec *s, struct arena *a,
		struct view *v, struct err *e)
{
	v->id = c->settings.id;
	v->name = c->settings.name;
	v->created = c->settings.created;
	v->image = text(c->settings.manifest);
	v->image_name = c->settings.image;
	v->driver = (char *)storage_driver_names[driver_of(c)];
	v->cgroup = (char *)c->cgroup_path;
	v->restarts = c->exit.restarts;
	v->pod = text(c->settings.pod);
	v->infra = c->settings.infra;
	v->range_start = c->run.range_start;
	v->log_path = arena_printf(a, "%s/containers/%s/log", g->data_path, c->settings.id);
	if (!v->log_path)
		return err_nomem(e);
	fill_state(c, &v->state);
	fill_usage(g, c, v);
	int r = add_dependencies(c, a, &v->dependencies, e);

	if (r >= 0)
		r = fill_config(c, s, a, &v->config, e);

	if (r >= 0)
		r = fill_networks(g, c, a, &v->network, e);
	if (r >= 0)
		r = fill_host(c, s, a, &v->host, e);
	if (r >= 0)
		r = port_view(c, a, &v->network.ports, e);
	v->config.ports = v->host.ports = v->network.ports;
	if (r >= 0)
		r = fill_graph(g, c, a, &v->graph, e);
	return r;
}

static int encode(const struct container *c, const struct spec *s, const struct view *v, bool sizes, json_t **ret,
		  struct err *e)
{
	json_t *all = NULL, *limits = NULL, *mounts = NULL;
	int r = encode_object(fields, ARRAY_SIZE(fields) - (sizes ? 0 : SIZE_FIELDS), v, &all, e);

	if (r >= 0)
		r = inspect_limits(c, s, &limits, e);
	if (r >= 0)
		r = inspect_mounts(&c->settings, s, &mounts, e);
	if (r >= 0 && json_object_set_new(all, "Mounts", mounts) < 0)
		r = err_nomem(e);
	if (r >= 0 && json_object_update(json_object_get(all, "HostConfig"), limits) < 0)
		r = err_nomem(e);
	json_decref(limits);
	if (r < 0)
		json_decref(all);
	else
		*ret = all;
	return r;
}

/* What plugins have said of its networks, whole. */
static int add_answers(int dir, const struct container *c, json_t *all, struct err *e)
{
	json_t *networks = json_object_get(json_object_get(all, "NetworkSettings"), "Networks");

	for (size_t i = 0; i < c->settings.networks.n; i++) {
		const char *network = c->settings.networks.v[i].network;
		json_t *answer = NULL;
		int r = cni_is_meant(network) ? cni_answer(dir, str_after(network, NETWORK_CNI), &answer, e) : -ENOENT;

		if (r >= 0)
			r = json_object_set_new(json_object_get(networks, network), "CNIResult", answer) < 0 ? err_nomem(e) : 0;
		if (r < 0 && r != -ENOENT) /* it does not run */
			return r;
	}
	return 0;
}

int inspect_container(const struct engine *g, const char *id, bool sizes, json_t **ret, struct err *e)
{
	auto_container struct container c = { 0 };
	auto_spec struct spec s = { 0 };
	auto_arena struct arena a = { 0 };
	struct view v = { 0 };
	auto_fd int dir = record_open(g, id, e);
	int r = dir < 0 ? dir : container_load(g, id, &c, e);

	if (r >= 0)
		r = record_spec(dir, &s, e);
	if (r >= 0)
		r = fill(g, &c, &s, &a, &v, e);
	if (r >= 0 && sizes)
		r = storage_sizes(g, &c.settings, &v.sizes, e);
	if (r >= 0)
		r = health_read(dir, &v.state.health, e);
	if (r >= 0)
		r = encode(&c, &s, &v, sizes, ret, e);
	health_record_free(&v.state.health);
	if (r < 0)
		return r;
	r = add_answers(dir, &c, *ret, e);
	if (r < 0)
		json_decref(*ret);
	return r;
}
