/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pods.h: containers that share namespaces, ids and a cgroup.
 *
 *   DATA/pods/ID/   pod.json      written last: a folder without it, whose lock is free, is litter
 *                   config.json   limits of all of them together, where there are any
 *                   root          empty: the root of the infra container
 *   DATA/names/NAME symlink whose text is the ID, as containers have it
 *
 * The infra container is one like others, but that it has no image, and that its program waits (paene-init): it keeps the
 * namespaces, and has the pod's links, ports and names. Members join it (join.h). Who is a member stands in the members'
 * settings.json alone, so no list can be wrong. A pod without an infra container shares no namespace.
 */
#ifndef RUNTIME_PODS_H
#define RUNTIME_PODS_H

#include "runtime/compose.h"
#include "runtime/engine.h"

#define POD_FOLDER "pods"

enum pod_exit_policy {
	POD_EXIT_CONTINUE,
	POD_EXIT_STOP, /* when its last member has ended, the infra container is stopped */
	POD_EXIT_COUNT,
};
extern const char *const pod_exit_names[POD_EXIT_COUNT];

/* pod.json */
struct pod {
	struct arena arena;
	char *id, *name, *created;
	char *infra;		 /* a container's id; NULL: there is none */
	char *hostname;
	struct strv shares;	 /* net, ipc, uts, pid */
	uint32_t exit_policy;	 /* enum pod_exit_policy */
	uint32_t cgroup_manager; /* enum cgroup_manager */
	char *cgroup_parent;	 /* as in struct settings */
	bool limited;		 /* there is a config.json */
	char *restart;		 /* of members that say nothing of it; NULL: no */
	struct strv volumes, devices, security_opts; /* what members get besides their own, as options have it */
	struct spec_map labels;
	struct strv command; /* what made it, for people */
};
void pod_free(struct pod *p);
#define auto_pod __attribute__((cleanup(pod_free)))

/* What a pod is to be; NULL: not given. */
struct pod_options {
	const char *name, *share, *exit_policy, *infra_name;
	bool no_infra;
	struct strv labels, command;
	struct run_options infra; /* its network, names, ids; limits, volumes, devices, security options and --restart are the pod's */
};

/**
 * pod_create() - Make one with its infra container; nothing runs yet
 * @ret:	Its id
 *
 * Return: 0, or -errno with @e filled, and nothing left (-EEXIST: the name is in use)
 */
int pod_create(const struct engine *g, const struct pod_options *o, char ret[RECORD_ID_LENGTH + 1], struct err *e);

/**
 * pod_create_for() - A pod for a container that is about to be made: it gets the network, names and ids that the options ask for
 * @o:	--pod is new:NAME; becomes the options of the container, in the pod
 *
 * Return: as pod_create()
 */
int pod_create_for(const struct engine *g, struct run_options *o, char ret[RECORD_ID_LENGTH + 1], struct err *e);
#define POD_NEW "new:" /* and its name */

/* A pod's id by name, id or its first digits. Return: 0, or -ENOENT, -EINVAL (several fit) with @e filled */
int pod_find(const struct engine *g, const char *name, char ret[RECORD_ID_LENGTH + 1], struct err *e);

/* Return: 0, or -ENOENT and others with @e filled */
int pod_load(const struct engine *g, const char *id, struct pod *ret, struct err *e);

/* Each one, the newest first. @f's result other than 0 ends the walk. */
int pod_each(const struct engine *g, int (*f)(const struct pod *p, void *arg, struct err *e), void *arg, struct err *e);

/* A container of a pod. */
struct pod_member {
	char *pod, *id, *name, *image;
	enum phase phase;
	bool infra;
	uint64_t restarts;
	uint32_t pid;
};
struct pod_members {
	struct pod_member *v; /* in the order in which they were made */
	size_t n;
};

/* Those of a pod, or of all (NULL); what killed monitors have left is put right. Return: 0, or -errno with @e filled */
int pod_members(const struct engine *g, const char *id, struct arena *a, struct pod_members *ret, struct err *e);

/* Podman's word for what a pod's members (those of @id) are doing. */
const char *pod_status(const struct pod_members *all, const char *id);

/**
 * pod_remove() - Remove a pod with its containers
 * @flags:	enum remove_flags: without REMOVE_FORCE none but the infra container may run
 * @timeout_s:	How long those that run may take to end; -1: what they say themselves; 0: they are killed
 */
int pod_remove(const struct engine *g, const char *id, unsigned flags, int timeout_s, struct err *e);

/**
 * pod_cgroup() - Below what a member's cgroup is: it is made, with the pod's limits, where it is not there
 * @a:	Owns @ret: a path, for systemd a slice
 */
int pod_cgroup(const struct engine *g, const char *id, struct arena *a, char **ret, struct err *e);

/* The same without making it. @ret: below the hierarchy's root, NULL: it has none. Return: 0, or -errno with @e filled */
int pod_cgroup_path(const struct engine *g, const struct pod *p, struct arena *a, char **ret, struct err *e);

/* Its limits: linux.resources, empty where it has none. Return: 0, or -errno with @e filled */
int pod_limits(const struct engine *g, const struct pod *p, struct spec *ret, struct err *e);

/* A member has ended for good: its pod may have to end, too. Best effort. */
void pod_member_ended(const struct engine *g, const struct settings *s);

/* An event of its own. */
void pod_tell(const struct engine *g, const struct pod *p, int status);

/* For a sweep: pods that were not made, or not removed, to their end. Before that of names. */
void pods_sweep(const struct engine *g);
bool pod_is_there(const struct engine *g, const char *id);

#endif
