/* SPDX-License-Identifier: Apache-2.0 */
/* verbs.h: the verbs of paene, and what they share: the engine by the program's options, containers by their names. */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

#include "cli/args.h"
#include "runtime/detach_keys.h"
#include "runtime/engine.h"
#include "runtime/journal.h"

struct paene_globals {
	const char *root, *runroot, *storage_driver, *cgroup_manager;
	struct strv image_stores;
};
#define IMAGE_STORES_ENV "PAENE_IMAGE_STORES"

#define STATUS_ENGINE 125 /* what podman and docker say where the engine fails, and not the container's command */

/* For launch_options.warn; @arg is the struct call. */
void verb_warn(const char *text, void *arg);

/* The engine in --root and --runroot; engine_close() is fine after a failure too. Return: 0, or -errno with @e filled */
int verb_engine(const struct call *c, struct engine *ret, struct err *e);

#define CONTAINER_ID_MAX 65

/**
 * verb_container() - A container's id by name, id or its first digits; what a killed monitor left is put right before
 *
 * Return: 0, or -errno with @e filled
 */
int verb_container(const struct engine *g, const char *name, char ret[CONTAINER_ID_MAX], struct err *e);

/**
 * verb_named() - The container of the first argument; with --latest the one that was made last, and every argument follows it
 * @ret_rest:	The arguments that follow; NULL: there may be none
 *
 * Return: 0, or -errno with @e filled
 */
int verb_named(const struct call *c, const struct engine *g, bool latest, char ret[CONTAINER_ID_MAX], char *const **ret_rest,
	       struct err *e);
#define LATEST_ROW(type, member) OPT_FLAG(type, member, "latest", 'l', "the one that was made last")

/* Does it run? Return: 0, or -ESRCH and others with @e filled */
int verb_running(const struct engine *g, const char *id, struct err *e);

/* Which containers a verb is about, beside its arguments. */
struct verb_choice {
	bool all, latest, ignore;
	struct strv filters, cidfiles;
};
/* clang-format off */
#define CHOICE_ROWS(type, member, all_letter, all_help) \
	OPT_FLAG(type, member.all, "all", all_letter, all_help), \
	LATEST_ROW(type, member.latest), \
	OPT_LIST(type, member.cidfiles, "cidfile", 0, "FILE", "the one whose id is in this file")
#define CHOICE_FILTER_ROW(type, member, letter) \
	OPT_LIST(type, member.filters, "filter", letter, "KEY=VALUE", "all that fit: name=, label=, status= … as with `ps`")
#define CHOICE_IGNORE_ROW(type, member) \
	OPT_FLAG(type, member.ignore, "ignore", 'i', "one that does not exist is fine")
/* clang-format on */

struct verb_each {
	const struct verb_choice *choice; /* NULL: the arguments alone */
	unsigned phases; /* of those that no name was given for: BIT(enum phase) of what is wanted; 0: all */
	bool no_infra;	 /* nor what keeps the namespaces of a pod */
	bool silent;	 /* do not print the name where it worked */
	const char *missing; /* what to print for one that does not exist and need not; NULL: nothing */
	unsigned jobs; /* at so many at once, each in a process of its own; 0: one after the other, in this one */
};

/* Those that run, in the one way or the other. */
#define PHASES_ALIVE (BIT(PHASE_RUNNING) | BIT(PHASE_PAUSED) | BIT(PHASE_STARTING))

/**
 * verb_each() - Do something to each container that the arguments name, or the options choose; print its name where it worked
 * @f:		One container. Return: 0, or -errno with @e filled
 *
 * An error is printed, and the next one has its turn.
 *
 * Return: 0, or where one has failed what the verb exits with then; -EINVAL and others with @e filled where there are neither names nor a choice, or both
 */
int verb_each(const struct call *c, const struct engine *g, const struct verb_each *how,
	      int (*f)(const struct engine *g, const char *id, const void *arg, struct err *e), const void *arg,
	      struct err *e);

/**
 * verb_tell_image() - An image's event, for the journal
 * @id:		With "sha256:" in front or not; NULL: it is looked up by its name
 * @name:	As it was given, or "sha256:ID" for one without a name; NULL: none
 */
void verb_tell_image(const struct engine *g, enum event_status what, const char *id, const char *name);

/* program.names: of containers, images, networks, secrets and volumes. */
int verb_names(const struct call *c, const char *argument, struct strv *ret, struct err *e);

/* --detach-keys: those of @text, or the usual ones. Return: 0, or -EINVAL with @e filled */
int verb_detach_keys(const char *text, struct detach_keys *ret, struct err *e);

/* clang-format off */
#define LOOK_ROWS(type, keys, proxy) \
	OPT_STRING(type, keys, "detach-keys", 0, "KEYS", "typed on a terminal they leave it running; default: " DETACH_KEYS_DEFAULT), \
	OPT_SWITCH(type, proxy, "sig-proxy", 0, "signals that we get go to it; the default")
/* clang-format on */

/* --timeout of stop and restart: seconds, -1 for NULL. Return: 0, or -EINVAL with @e filled */
int verb_timeout(const char *text, int *ret_s, struct err *e);

extern const struct verb verb_run, verb_create, verb_start, verb_stop, verb_restart, verb_kill, verb_rm, verb_pause,
	verb_unpause, verb_wait, verb_update, verb_exec, verb_memory, verb_cp, verb_export, verb_commit, verb_diff,
	verb_rename, verb_attach, verb_healthcheck, verb_container_group; /* others are below the last */
extern const struct verb verb_container_inspect, verb_container_ls;
extern const struct verb verb_ps, verb_port, verb_logs, verb_inspect, verb_events, verb_stats, verb_top;
extern const struct verb verb_images, verb_rmi, verb_tag, verb_load, verb_import, verb_save, verb_login, verb_logout;
extern const struct verb verb_untag, verb_history;
extern const struct verb verb_generate;
extern const struct verb verb_system, verb_system_check, verb_system_df;
extern const struct verb verb_pull, verb_push, verb_search, verb_manifest;
extern const struct verb verb_image, verb_image_ls, verb_image_rm, verb_image_inspect, verb_image_mount,
	verb_image_tree, verb_image_unmount; /* the others are below the first */
extern const struct verb verb_network, verb_network_create, verb_network_ls, verb_network_inspect, verb_network_connect,
	verb_network_disconnect, verb_network_shape;
extern const struct verb verb_secret;
extern const struct verb verb_volume, verb_volume_export, verb_volume_import; /* the others are below the first */
extern const struct verb verb_pod, verb_pod_start, verb_pod_stop, verb_pod_restart, verb_pod_kill, verb_pod_pause, verb_pod_unpause,
	verb_pod_ps, verb_pod_ls, verb_pod_list, verb_pod_inspect, verb_pod_stats, verb_pod_top, verb_pod_logs; /* the others are below the first */
extern const struct verb verb_version, verb_info, verb_unshare, verb_mount, verb_unmount;
extern const struct verb verb_sandbox, verb_sandbox_ls, verb_sandbox_diff, verb_sandbox_apply, verb_sandbox_drop; /* below the first */

#endif
