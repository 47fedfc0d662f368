/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose.h: from what the user asked for and what the image says to a configuration and settings. Nothing is taken or made
 * here but the folders of named volumes; every mistake in an option is found here, before the container exists.
 *
 * What an image says is data (rule K10): its environment, command, user, folder and labels are defaults for the process; no
 * label or annotation of it changes the sandbox.
 */
#ifndef RUNTIME_COMPOSE_H
#define RUNTIME_COMPOSE_H

#include "runtime/engine.h"
#include "runtime/limit_options.h"

/* Of who watches over it. */
struct watch_options {
	const char *health_cmd, *health_interval, *health_timeout, *health_retries, *health_start_period, *health_on_failure;
	const char *startup_cmd, *startup_interval, *startup_timeout, *startup_retries, *startup_success;
	bool no_healthcheck;
	const char *log_driver, *sdnotify, *timeout;
	struct strv log_opts;
};

/* The options of run and create as written; NULL: not given. */
struct run_options {
	const char *image;
	char *const *command; /* ends with NULL; may be empty */
	char *const *command_line; /* all that was typed, the same way; NULL: it is not known */
	const char *name, *hostname, *user, *workdir, *entrypoint, *userns, *profile;
	const char *stop_signal, *stop_timeout, *restart, *systemd;
	const char *ip, *ip6, *mac, *net_rate;
	const char *pid, *ipc, *uts;
	const char *pod; /* a pod that it is to be in */
	bool infra;	 /* it is to keep that pod's namespaces: its program only waits */
	struct strv uidmaps, gidmaps;
	struct strv networks, network_aliases, egress;
	struct limit_options limits;
	struct watch_options watch;
	const char *shm_size, *oom_score_adj;
	struct strv storage, volumes_from, secrets;
	const char *image_volume, *umask, *timezone;
	struct strv groups, unset_env, annotations, hook_folders;
	bool env_host, unset_all, rootfs, http_proxy;
	const char *storage_driver;
	const char *cgroup_manager, *cgroup_parent, *cgroupns, *cgroups;
	struct strv env, env_files, label_files, volumes, mounts, tmpfs, publish, cap_add, cap_drop, security_opts, ulimits, labels,
		devices, device_rules, sysctls, add_hosts, dns, dns_search, dns_options;
	struct strv expose;
	bool publish_all;
	bool interactive, tty, detach, rm, read_only, privileged, init, quiet, ksm, cgroup_delegate,
		no_hosts, no_hostname;
};

/**
 * compose() - Decide what the container is
 * @s:		Zeroed; filled but for id, created and a name that was not given
 * @spec:	Zeroed; filled but for what a start decides: id maps, files of the network
 *
 * Return: 0, or -errno with @e filled (exit status 125 is the caller's)
 */
int compose(const struct engine *g, const struct run_options *o, struct settings *s, struct spec *spec, struct err *e);

/**
 * compose_cgroup_place() - Who makes the cgroup that options ask for, and below what; as struct settings has it
 * @a:	Owns @ret_parent
 */
int compose_cgroup_place(const struct engine *g, const struct run_options *o, struct arena *a, uint32_t *ret_manager,
			 char **ret_parent, struct err *e);

/* Who makes cgroups where --cgroup-manager does not say so: "cgroupfs", "systemd"; "disabled": nobody can. */
const char *compose_cgroup_manager(const struct engine *g);


#endif
