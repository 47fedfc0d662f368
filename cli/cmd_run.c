// SPDX-License-Identifier: Apache-2.0
/* run and create: options to a container, and on to its end. */
#include <errno.h>
#include <fcntl.h>
#include <strings.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/limit_rows.h"
#include "cli/output.h"
#include "cli/run_image.h"
#include "cli/verbs.h"
#include "runtime/compose.h"
#include "runtime/defaults.h"
#include "runtime/join.h"
#include "runtime/ksm.h"
#include "runtime/landlock.h"
#include "runtime/launch.h"
#include "runtime/limits.h"
#include "runtime/pods.h"
#include "runtime/volumes.h"

/* clang-format off */
#define FLAG(member, name, letter, help)	  OPT_FLAG(struct run_options, member, name, letter, help)
#define STRING(member, name, letter, value, help) OPT_STRING(struct run_options, member, name, letter, value, help)
#define LIST(member, name, letter, value, help)	  OPT_LIST(struct run_options, member, name, letter, value, help)

/* The options of the container, and those of its image. */
struct run {
	struct run_options options;
	struct run_image image;
	const char *cidfile, *gpus, *keys;
	bool replace;
	struct strv attach;
	uint32_t sig_proxy; /* enum switch_state */
};
static_assert(offsetof(struct run, options) == 0, "rows name members of both structs");

static const struct option rows[] = {
	OPT_GROUP("Running it"),
	FLAG(detach, "detach", 'd', "in the background; print its id"),
	OPT_LIST(struct run, attach, "attach", 'a', "STREAM", "only this of stdin, stdout, stderr"),
	LOOK_ROWS(struct run, keys, sig_proxy),
	OPT_GROUP("The container"),
	STRING(name, "name", 0, "NAME", "what to call it; default: a random name"),
	OPT_FLAG(struct run, replace, "replace", 0, "remove a container that has this name already, running or not"),
	OPT_STRING(struct run, cidfile, "cidfile", 0, "FILE", "write its id to a new file"),
	FLAG(rm, "rm", 0, "remove it when it has ended"),
	STRING(pod, "pod", 0, "POD", "be in this pod, and share what its containers share; new:NAME makes it first"),
	STRING(restart, "restart", 0, "POLICY", "no, on-failure[:TIMES], always or unless-stopped"),
	LIST(labels, "label", 'l', "KEY=VALUE", "a note about it"),
	LIST(label_files, "label-file", 0, "FILE", "those of a file, one in a line"),
	LIST(annotations, "annotation", 0, "KEY=VALUE", "a note for hooks and whoever reads its configuration"),
	LIST(hook_folders, "hooks-dir", 0, "DIR", "a folder of files as oci-hooks(5) has them"),
	STRING(stop_signal, "stop-signal", 0, "SIGNAL", "how `stop` asks it to end; default: TERM"),
	STRING(stop_timeout, "stop-timeout", 0, "SECONDS", "how long it may take then; default: 10"),
	FLAG(quiet, "quiet", 'q', "no warnings, and no progress of a pull"),
	OPT_GROUP("Watching over it"),
	STRING(watch.health_cmd, "health-cmd", 0, "COMMAND", "says by its exit status whether it is well; none: do not ask"),
	STRING(watch.health_interval, "health-interval", 0, "TIME", "between two checks; default: 30s; disable: only by hand"),
	STRING(watch.health_timeout, "health-timeout", 0, "TIME", "how long one may take; default: 30s"),
	STRING(watch.health_retries, "health-retries", 0, "NUMBER", "so many failures make it unhealthy; default: 3"),
	STRING(watch.health_start_period, "health-start-period", 0, "TIME", "in which failures do not count"),
	STRING(watch.health_on_failure, "health-on-failure", 0, "ACTION", "when it is unhealthy: none, kill, restart or stop"),
	STRING(watch.startup_cmd, "health-startup-cmd", 0, "COMMAND", "asked instead until it has succeeded"),
	STRING(watch.startup_interval, "health-startup-interval", 0, "TIME", "between two of these; default: 30s"),
	STRING(watch.startup_timeout, "health-startup-timeout", 0, "TIME", "how long one may take; default: 30s"),
	STRING(watch.startup_retries, "health-startup-retries", 0, "NUMBER", "so many failures restart it; default: never"),
	STRING(watch.startup_success, "health-startup-success", 0, "NUMBER", "so often it must succeed; default: once"),
	FLAG(watch.no_healthcheck, "no-healthcheck", 0, "not the image's either"),
	STRING(watch.log_driver, "log-driver", 0, "NAME", "k8s-file (default), json-file, journald, none or passthrough"),
	LIST(watch.log_opts, "log-opt", 0, "KEY=VALUE", "max-size=BYTES, max-file=NUMBER, tag=TEXT"),
	STRING(watch.sdnotify, "sdnotify", 0, "WHO", "tells systemd that it is ready: conmon, healthy, container or ignore (default)"),
	STRING(watch.timeout, "timeout", 0, "SECONDS", "then it is killed"),
	OPT_GROUP("Its image"),
	OPT_STRING(struct run, image.policy, "pull", 0, "POLICY", "get it from its registry: missing (default), always, newer or never"),
	PLATFORM_ROWS(struct run, image.how.platform),
	REGISTRY_ROWS(struct run, image.how.registry),
	FLAG(rootfs, "rootfs", 0, "IMAGE is a folder with a root: DIR[:O][:noidmap]; with O what is written goes elsewhere"),
	OPT_GROUP("Its process"),
	FLAG(interactive, "interactive", 'i', "connect standard input"),
	FLAG(tty, "tty", 't', "give it a terminal"),
	LIST(env, "env", 'e', "NAME[=VALUE]", "set a variable; without VALUE, ours"),
	LIST(secrets, "secret", 0, "NAME[,KEY=VALUE…]", "give it a secret: in /run/secrets, at target=, or type=env"),
	LIST(env_files, "env-file", 0, "FILE", "set those of a file, one in a line"),
	FLAG(env_host, "env-host", 0, "set all of ours; the image's and yours go before"),
	FLAG(http_proxy, "http-proxy", 0, "set our http_proxy, https_proxy, ftp_proxy and no_proxy"),
	LIST(unset_env, "unsetenv", 0, "NAME", "take out a variable of the image, or a default one"),
	FLAG(unset_all, "unsetenv-all", 0, "take out all of them"),
	STRING(user, "user", 'u', "USER[:GROUP]", "names of the image, or numbers"),
	LIST(groups, "group-add", 0, "GROUP", "one more group that it is in: a name of the image, or a number"),
	STRING(umask, "umask", 0, "MASK", "default: 0022"),
	STRING(workdir, "workdir", 'w', "DIR", "the folder that it starts in"),
	STRING(entrypoint, "entrypoint", 0, "COMMAND", "instead of the image's"),
	FLAG(init, "init", 0, "under a small init that reaps"),
	STRING(systemd, "systemd", 0, "WHETHER", "true (default): what systemd needs, where the command is one; always; false"),
	OPT_GROUP("Files"),
	LIST(volumes, "volume", 'v', "[SOURCE:]TARGET[:OPTIONS]",
	     "mount a folder, or a volume by its name; options ro, O, U, noexec, noidmap, rslave …"),
	LIST(mounts, "mount", 0, "KEY=VALUE,…", "the same in words: type=bind|volume|tmpfs|image|glob …, source=, target=, ro …"),
	LIST(volumes_from, "volumes-from", 0, "CONTAINER[:ro]", "mount what is mounted there"),
	STRING(image_volume, "image-volume", 0, "HOW", "volumes of the image: anonymous (default), tmpfs or ignore"),
	STRING(timezone, "tz", 0, "ZONE", "its local time: a zone such as Europe/Rome, or local, the host's"),
	LIST(tmpfs, "tmpfs", 0, "TARGET[:OPTIONS]", "mount a tmpfs"),
	FLAG(read_only, "read-only", 0, "a root that cannot be written"),
	LIST(storage, "storage-opt", 0, "size=BYTES", "how much it may write beside its volumes"),
	LIST(devices, "device", 0, "HOST[:TARGET[:rwm]]", "a device of the host; or of a vendor, as VENDOR/CLASS=NAME (CDI)"),
	OPT_STRING(struct run, gpus, "gpus", 0, "WHICH", NULL),
	LIST(device_rules, "device-cgroup-rule", 0, "RULE", "devices that it may use: \"c 42:* rwm\""),
	STRING(shm_size, "shm-size", 0, "BYTES", "of /dev/shm; default: 64m"),
	OPT_GROUP("Network"),
	LIST(networks, "network", 0, "NAME[:OPTIONS]",
	     "networks, with ip=, ip6=, mac=, alias=, interface_name=; cni:NAME, of plugins; or none, host, container:NAME, ns:PATH; default: bridge"),
	LIST(networks, "net", 0, "NAME", NULL),
	LIST(network_aliases, "network-alias", 0, "NAME", "what others of its networks call it, too"),
	STRING(ip, "ip", 0, "ADDRESS", "its address on its one network"),
	STRING(ip6, "ip6", 0, "ADDRESS", "the same of IPv6"),
	STRING(mac, "mac-address", 0, "ADDRESS", "its hardware address there"),
	STRING(net_rate, "net-rate", 0, "IN/OUT", "bits in a second that it receives and sends on each: 10mbit, 500k/2m, /1gbit"),
	LIST(publish, "publish", 'p', "[IP:][PORT:]PORT[/udp]", "make a port of it one of the host; also ranges, and /sctp"),
	FLAG(publish_all, "publish-all", 'P', "each exposed port gets a free one of the host"),
	LIST(expose, "expose", 0, "PORT[/udp]", "say that it serves a port, or a range"),
	LIST(egress, "egress", 0, "deny|allow:SUBNET[:PORT[-PORT]][/udp],…",
	     "whom it may send to: nobody but these, its nameservers only if they are among them; answers go to everybody"),
	STRING(hostname, "hostname", 'h', "NAME", "default: its id"),
	LIST(add_hosts, "add-host", 0, "NAME:ADDRESS", "a line of /etc/hosts; host-gateway: this host's address"),
	FLAG(no_hosts, "no-hosts", 0, "leave the image's /etc/hosts alone"),
	FLAG(no_hostname, "no-hostname", 0, "leave the image's /etc/hostname alone"),
	LIST(dns, "dns", 0, "ADDRESS", "ask this nameserver; none: leave the image's /etc/resolv.conf alone"),
	LIST(dns_search, "dns-search", 0, "DOMAIN", "add it to names without a dot; \".\": no domain"),
	LIST(dns_options, "dns-option", 0, "OPTION", "how to ask, as resolv.conf has it: ndots:2"),
	LIST(dns_options, "dns-opt", 0, "OPTION", NULL),
	OPT_GROUP("Limits"),
	LIMIT_ROWS(struct run_options),
	STRING(oom_score_adj, "oom-score-adj", 0, "NUMBER", "-1000 to 1000: the higher, the sooner the kernel kills it"),
	LIST(ulimits, "ulimit", 0, "NAME=SOFT[:HARD]", "nofile, nproc, core, …"),
	FLAG(ksm, "ksm", 0,
	     "keep pages that equal others' once (KSM): saves memory, but whoever shares them can find out by timing what it holds"),
	OPT_GROUP("Cgroup"),
	STRING(cgroup_parent, "cgroup-parent", 0, "PATH", "below which its own is made; with systemd a slice"),
	STRING(cgroupns, "cgroupns", 0, "MODE", "what it sees: private, its own alone, or host"),
	STRING(cgroups, "cgroups", 0, "MODE", "enabled or disabled: it has none"),
	FLAG(cgroup_delegate, "cgroup-delegate", 0, "its root may make cgroups below its own"),
	OPT_GROUP("Namespaces of others"),
	STRING(pid, "pid", 0, "MODE", "processes that it sees: private, host or container:NAME; then it has that one's ids, too"),
	STRING(ipc, "ipc", 0, "MODE", "shareable (default), private, host, container:NAME; none: without /dev/shm"),
	STRING(uts, "uts", 0, "MODE", "whose host name it has: private, host or container:NAME"),
	OPT_GROUP("Security"),
	STRING(userns, "userns", 0, "MODE",
	       "whose ids it has: private (default), host; without root keep-id[:uid=,gid=], the user is who they are, or nomap"),
	LIST(uidmaps, "uidmap", 0, "CONTAINER:HOST:SIZE", "users that it has; without root HOST counts the user's own ids"),
	LIST(gidmaps, "gidmap", 0, "CONTAINER:HOST:SIZE", "groups that it has; default: as the users"),
	LIST(cap_add, "cap-add", 0, "NAME", "keep a capability, or ALL"),
	LIST(cap_drop, "cap-drop", 0, "NAME", "drop one, or ALL"),
	STRING(profile, "profile", 0, "NAME", "default, compat (what podman allows) or max (no network, no capabilities, a read-only root)"),
	LIST(security_opts, "security-opt", 0, "KEY=VALUE", "seccomp=FILE|NAME, no-new-privileges, mask=, unmask=, apparmor=, systempaths=unconfined"),
	LIST(sysctls, "sysctl", 0, "KEY=VALUE", "a sysctl of its namespaces"),
	FLAG(privileged, "privileged", 0, "switch the protection off"),
};
/* clang-format on */
#define RUN_ROWS 5 /* the first ones are for `run` alone */

/* The one that has its name goes, when nothing is wrong with the new one's options. */
static int replace(const struct engine *g, const char *name, struct err *e)
{
	char old[CONTAINER_ID_MAX];
	int r = record_find(g, name, old, e);

	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : engine_remove(g, old, REMOVE_FORCE, e);
}

/* What became of the options. */
struct made {
	char id[CONTAINER_ID_MAX];
	bool missing; /* the image is not here, that is all */
	bool monitor; /* it wants one in the foreground, too */
	bool passes;  /* what it writes is kept nowhere, and goes to our standard streams */
};

/* From options to a record on disk. */
static int make(const struct engine *g, const struct run_options *o, bool replaces, struct made *ret, struct err *e)
{
	auto_settings struct settings s = { 0 };
	auto_spec struct spec spec = { 0 };
	auto_fd int dir = -1;
	int r = compose(g, o, &s, &spec, e);

	ret->missing = r == -ENOENT && s.image && !s.manifest && !s.rootfs && !streq(s.image, IMAGE_HOST);
	if (r >= 0)
		r = limits_available(&s, &spec.linux_.resources, e);
	if (r >= 0 && replaces)
		r = replace(g, s.name, e);
	if (r >= 0)
		r = record_create(g, &s, &spec, &dir, e);
	if (r >= 0)
		snprintf(ret->id, sizeof(ret->id), "%s", s.id);
	ret->monitor = settings_want_monitor(&s);
	ret->passes = s.log_driver == LOG_PASSTHROUGH;
	return r;
}

/* The same, with an image that may have to come first. */
static int make_pulling(const struct call *c, const struct engine *g, struct run_options *o, struct made *ret, struct err *e)
{
	const struct run *run = c->options;
	struct run_image image = run->image;

	image.how.quiet = o->quiet;
	int r = o->rootfs ? 0 : run_image_before(c, g, &image, &o->image, e);

	if (r >= 0)
		r = make(g, o, run->replace, ret, e);
	if (ret->missing) {
		r = run_image_missing(c, g, &image, &o->image, e);
		if (r >= 0)
			r = make(g, o, run->replace, ret, e);
	}
	return r;
}

/* The same, in a pod that may have to come first; without the container it would be of no use. */
static int make_in_pod(const struct call *c, const struct engine *g, struct run_options *o, struct made *ret, struct err *e)
{
	char pod[CONTAINER_ID_MAX];
	struct err ignored;

	if (!o->pod || !str_after(o->pod, POD_NEW))
		return make_pulling(c, g, o, ret, e);
	int r = pod_create_for(g, o, pod, e);

	if (r < 0)
		return r;
	r = make_pulling(c, g, o, ret, e);
	o->pod = ret->id; /* that there is one is all that is of interest now */
	if (r < 0)
		(void)pod_remove(g, pod, REMOVE_FORCE, 0, &ignored);
	return r;
}

/* The same, and its id goes into a file that nobody had: it is made first, so that it is known that it can be. */
static int make_told(const struct call *c, const struct engine *g, struct run_options *o, struct made *ret, struct err *e)
{
	const struct run *run = c->options;
	const char *file = run->cidfile;

	if (file && run->replace)
		(void)unlink(file); /* it names the one that goes */
	int fd = file ? open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644) : -1;
	int r = 0;

	if (run->gpus)
		r = err_say(e, EINVAL, "--gpus: there is no program of NVIDIA's in here; use CDI: --device nvidia.com/gpu=all");
	if (r >= 0 && run->replace && !o->name)
		r = err_say(e, EINVAL, "--replace: it needs a --name");
	if (r >= 0 && file && fd < 0)
		return err_set(e, errno, "--cidfile %s", file);
	if (r >= 0)
		r = make_in_pod(c, g, o, ret, e);
	if (r >= 0 && file && fd_write_all(fd, ret->id, strlen(ret->id)) < 0)
		r = err_set(e, EIO, "--cidfile %s", file);
	if (r < 0 && fd >= 0)
		(void)unlink(file); /* it is ours, and empty */
	fd_close(&fd);
	return r;
}

static struct run_options with_command(const struct call *c)
{
	struct run_options o = ((const struct run *)c->options)->options;

	o.cgroup_manager = ((const struct paene_globals *)c->globals)->cgroup_manager;
	o.storage_driver = ((const struct paene_globals *)c->globals)->storage_driver;
	o.image = c->args[0];
	o.command_line = c->argv;
	o.command = c->args + 1;
	return o;
}

/* What was asked for and is of no use yet. */
static void advise(const struct call *c, const struct run_options *o)
{
	if (o->profile && streq(o->profile, profile_names[PROFILE_MAX]) && !o->quiet && landlock_abi() == 0)
		output_warning(c, "--profile max: this kernel has no Landlock; what is read-only is so by its mounts alone");
	if (o->ksm && !o->quiet && !ksm_is_running())
		output_warning(c, "--ksm: the kernel looks for no equal pages now: `echo 1 >/sys/kernel/mm/ksm/run` has it begin");
}

/* `volume ls` shows them from now on, as with podman and docker. A container without its volumes is none. */
static int make_volumes(const struct engine *g, const char *id, struct err *e)
{
	auto_settings struct settings s = { 0 };
	auto_fd int dir = record_open(g, id, e);
	int r = dir < 0 ? dir : record_settings(dir, &s, e);
	struct err ignored;

	if (r >= 0)
		r = volumes_make(g, &s, e);
	if (r < 0)
		(void)engine_remove(g, id, REMOVE_FORCE | REMOVE_VOLUMES, &ignored);
	return r;
}

static int run_create(const struct call *c, struct err *e)
{
	struct run_options o = with_command(c);
	auto_engine struct engine g;
	struct made made = { .missing = false };
	int r = verb_engine(c, &g, e);

	if (r < 0)
		return r;
	r = make_told(c, &g, &o, &made, e);
	if (r >= 0)
		r = make_volumes(&g, made.id, e);
	if (r < 0)
		return r;
	advise(c, &o);
	output_line(made.id);
	return 0;
}

/* --attach */
static int choose_streams(const struct run *run, struct look_options *v, struct err *e)
{
	bool wanted[3] = { false };

	for (size_t i = 0; i < run->attach.n; i++) {
		static const char *const names[] = { "stdin", "stdout", "stderr" };
		size_t k = 0;

		while (k < ARRAY_SIZE(names) && strcasecmp(names[k], run->attach.v[i]) != 0)
			k++;
		if (k == ARRAY_SIZE(names))
			return err_say(e, EINVAL, "--attach %s: it is stdin, stdout or stderr", run->attach.v[i]);
		wanted[k] = true;
	}
	if (!run->attach.n)
		return 0;
	if (run->options.detach)
		return err_say(e, EINVAL, "--attach and --detach exclude each other");
	v->input &= wanted[0];
	v->no_out = !wanted[1];
	v->no_err = !wanted[2];
	return 0;
}

static int choose_view(const struct run *run, struct look_options *v, struct err *e)
{
	const struct run_options *o = &run->options;
	int r = verb_detach_keys(run->keys, &v->keys, e);

	v->input = o->interactive;
	v->keep_signals = run->sig_proxy == SWITCH_OFF;
	if (r >= 0)
		r = choose_streams(run, v, e);
	v->terminal = v->input && o->tty && isatty(STDIN_FILENO);
	return r;
}

/* What keeps its namespaces must run first; where it cannot, what removes itself goes. */
static int start_pod(const struct engine *g, const char *id, struct err *e)
{
	auto_settings struct settings s = { 0 };
	auto_fd int dir = record_open(g, id, e);
	struct err ignored;
	int r = dir < 0 ? dir : record_settings(dir, &s, e);

	if (r >= 0)
		r = join_start_targets(g, &s, e);
	if (r < 0 && s.remove)
		(void)engine_remove(g, id, REMOVE_FORCE | REMOVE_VOLUMES, &ignored);
	return r;
}

static int run_run(const struct call *c, struct err *e)
{
	struct run_options o = with_command(c);
	struct launch_options how = { .warn = o.quiet ? NULL : verb_warn, .warn_arg = (void *)c };
	auto_engine struct engine g;
	struct made made = { .missing = false };
	int status = 0, r = verb_engine(c, &g, e);

	if (r >= 0)
		r = choose_view(c->options, &how.view, e);
	if (r >= 0)
		r = make_told(c, &g, &o, &made, e);
	if (r < 0)
		return r;
	advise(c, &o);
	how.look = !o.detach && (how.view.terminal || made.monitor);
	how.detach = o.detach || how.look;
	how.pass_streams = made.passes;
	r = o.pod ? start_pod(&g, made.id, e) : 0;
	if (r >= 0)
		r = launch(&g, made.id, &how, &status, e);
	if (r < 0)
		return r;
	if (o.detach)
		output_line(made.id);
	return status;
}

const struct verb verb_run = {
	.name = "run",
	.group = "Containers",
	.arguments = "IMAGE [COMMAND [ARG…]]",
	.help = "make one and start it",
	.about = "Make a container of an image and start it. The image `host` is this machine's own root: nothing is "
		 "downloaded, and what the container writes is its own. The exit status is the command's; 126 and 127 say "
		 "that it could not be executed or was not found, 125 that the engine failed.",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.flags = VERB_COMMAND,
	.failure_status = STATUS_ENGINE,
	.options = OPTIONS(rows, struct run),
	.run = run_run,
};

const struct verb verb_create = {
	.name = "create",
	.group = "Containers",
	.arguments = "IMAGE [COMMAND [ARG…]]",
	.help = "make one, do not start it",
	.about = "Make a container of an image and print its id; `start` starts it. The options are those of `run`.",
	.settings = "run",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.flags = VERB_COMMAND,
	.failure_status = STATUS_ENGINE,
	.options = { rows + RUN_ROWS, ARRAY_SIZE(rows) - RUN_ROWS, sizeof(struct run) },
	.run = run_create,
};
