/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.h: everything that can be decided about a container before the first side effect.
 *
 * configuration → struct spec → struct plan → clone3 → init. plan_make() is pure but for reading; it fills every field but
 * those marked "opened", which plan_open() fills in the parent just before the clone. After that the plan does not change:
 * parent and init read the same memory, each its own copy.
 */
#ifndef RUNTIME_PLAN_H
#define RUNTIME_PLAN_H

#include "cgroups/cgroups.h"
#include "namespaces/mounts.h"
#include "namespaces/rootfs.h"
#include "seccomp/seccomp.h"
#include "spec/spec.h"

enum cgroup_manager {
	CGROUP_MANAGER_CGROUPFS,
	CGROUP_MANAGER_DISABLED,
	CGROUP_MANAGER_SYSTEMD,
	CGROUP_MANAGER_COUNT,
};
extern const char *const cgroup_manager_names[CGROUP_MANAGER_COUNT];

/* What the caller decides besides the configuration. */
struct plan_options {
	const char *id;
	const char *bundle;		   /* absolute path: relative paths of the configuration start here */
	const char *cgroup_path;	   /* where the configuration has none; NULL: /paene-oci/ID */
	enum cgroup_manager cgroup_manager;
	bool cgroup_home;		   /* @cgroup_path is right below cgroup_home() */
	bool cgroup_delegate;		   /* its root may use it, and make others below */
	const struct rootfs_plan *rootfs;  /* instead of root.path; copied, its fds are taken over */
	enum seccomp_profile seccomp;	   /* SECCOMP_UNCONFINED: what the configuration says */
	bool abi32;			   /* with one of our own profiles: allow the 32-bit ABI */
	bool resolve_user;		   /* process.user.username says who it is: "USER[:GROUP]", looked up inside */
	int seccomp_cache;		   /* folder fd, -1: none */
	bool no_pivot, no_new_keyring;
	bool own_ids;		   /* process.user is alone in a user namespace below the container's, whose 0 is the caller */
	bool die_with_parent;	   /* SIGKILL for it when the thread that has made it ends */
	bool hold_signals;		   /* the command is paene-init: what comes early waits until it takes them */
	int seal;			   /* proc_seal_file(), borrowed: init seals itself; 0: it need not, or is sealed */
	unsigned preserve_fds;		   /* fds 3 to 3 + n - 1 go to the process */
	int stdio[3];			   /* become 0, 1, 2 without a terminal */
};

struct plan {
	struct arena arena;
	const struct spec *spec; /* borrowed */
	struct plan_options opt; /* its strings are borrowed */

	uint64_t clone_flags;	   /* CLONE_NEW* for clone3 */
	uint64_t late_flags;	   /* CLONE_NEW* that init unshares itself, see plan_namespaces() */
	bool userns;		   /* a user namespace that is not the caller's: a new one, or joined */
	bool own_pidns, own_netns;
	bool time_offsets;	   /* in a new time namespace, which is then not among clone_flags */
	struct spec_id_maps uids, gids;
	const char *cgroup_path;   /* below the hierarchy's root; NULL: no cgroup */
	struct cgroup_unit cgroup_unit; /* what systemd is to make there; name NULL: we make it */
	struct opt_u32 cgroup_owner;    /* the host's id of who may use it: the container has it writable, as its own */
	struct spec_resources resources;
	struct rootfs_plan rootfs;
	struct mount_context mount_context;
	struct mount_list mounts;
	int dev_index;		   /* the tmpfs on /dev in mounts, or -1 */
	struct spec_devices devices; /* default ones and the configuration's */
	struct seccomp_plan seccomp;
	bool early_filter;	   /* no no_new_privs: the filter must go in while CAP_SYS_ADMIN is there */
	bool parent_works;	   /* the parent has mounts to map, hooks to run, or a network to wire, before pivot */

	/* opened */
	int joins[NS_COUNT];	   /* namespaces to join, -1 */
	bool root_opened;
	int null_fd;		   /* a verified /dev/null for masks */
	bool dev_made;		   /* the tmpfs on /dev has its nodes already */
	bool dev_later;		   /* init makes it so: there is nothing to map */
};

/**
 * plan_make() - Decide
 * @spec:	Must outlive the plan
 * @o:		Copied; what it points to must outlive the plan
 * @ret:	To be freed with plan_free()
 *
 * Return: 0, or -errno with @e filled: what the configuration asks for and cannot be had
 */
int plan_make(const struct spec *spec, const struct plan_options *o, struct plan *ret, struct err *e);

/* Open the root, which plan_open() does where it has not been done. Return: 0, or -errno with @e filled. */
int plan_open_root(struct plan *p, struct err *e);

/* Open what is to be joined, bound or mounted, in the parent. Return: 0, or -errno with @e filled. */
int plan_open(struct plan *p, struct err *e);

/* Make the tmpfs on /dev with its nodes where that is allowed: see dev_made. Return: 0, or -errno with @e filled. */
int plan_make_dev(struct plan *p, struct err *e);

void plan_free(struct plan *p);
#define auto_plan __attribute__((cleanup(plan_free)))

#endif
