// SPDX-License-Identifier: Apache-2.0
/*
 * The default profile: what ordinary images need, and nothing that makes mounts or namespaces, reaches into other
 * processes, or opens a kind of socket that they have no use for.
 */
#include <sched.h>
#include <sys/socket.h>

#include "seccomp/profile.h"

/* clang-format off */
static const struct profile_rule allow[] = {
	{ BIT64(CAP_SYS_ADMIN), { REFUSED(EPERM), CALLS(
		"mount", "umount", "umount2", "pivot_root", "move_mount", "mount_setattr", "open_tree",
		"open_tree_attr", "fsopen", "fsconfig", "fsmount", "fspick", "statmount", "listmount",
		"unshare", "setns", "fanotify_init", "fanotify_mark") } },
	/* Its flags lie in memory, where no filter sees them; without the call, C libraries use clone. */
	{ BIT64(CAP_SYS_ADMIN), { REFUSED(ENOSYS), CALLS("clone3") } },
	{ BIT64(CAP_SYS_PTRACE), { REFUSED(EPERM), CALLS("process_vm_readv", "process_vm_writev", "pidfd_getfd") } },
	{ BIT64(CAP_SYS_ADMIN) | BIT64(CAP_SYSLOG), { REFUSED(EPERM), CALLS("syslog") } },
	{ BIT64(CAP_SYS_NICE), { REFUSED(EPERM), CALLS("mbind", "set_mempolicy", "set_mempolicy_home_node") } },
	{ BIT64(CAP_SYS_BOOT), { REFUSED(EPERM), CALLS("reboot") } },
	/* socketcall hides the address family; keyrings know no containers; modify_ldt is for 16-bit programs. */
	{ .rule = { REFUSED(EPERM), CALLS("socketcall", "keyctl", "modify_ldt") } },
};

#define NEW_NAMESPACE(flag) { BIT64(CAP_SYS_ADMIN), { REFUSED(EPERM), CALLS("clone"), ARGS(BITS(0, flag, flag)) } }
#define NO_FAMILIES(mask, first) \
	{ .rule = { REFUSED(EAFNOSUPPORT), CALLS("socket", "socketpair"), ARGS(BITS(0, mask, first)) } }

static const struct profile_rule deny[] = {
	NEW_NAMESPACE(CLONE_NEWNS),
	NEW_NAMESPACE(CLONE_NEWCGROUP),
	NEW_NAMESPACE(CLONE_NEWUTS),
	NEW_NAMESPACE(CLONE_NEWIPC),
	NEW_NAMESPACE(CLONE_NEWUSER),
	NEW_NAMESPACE(CLONE_NEWPID),
	NEW_NAMESPACE(CLONE_NEWNET),
	/*
	 * Of the families 0 to 63 these remain: AF_UNIX (1), AF_INET (2), AF_INET6 (10), AF_NETLINK (16), and, with its
	 * capability, AF_PACKET (17). Each mask covers an aligned range; the kernel itself knows none above 63.
	 */
	NO_FAMILIES(0xffffffff, 0),
	NO_FAMILIES(0xffffffff, 3),
	NO_FAMILIES(0xfffffffc, 4),  /* 4 to 7 */
	NO_FAMILIES(0xfffffffe, 8),  /* 8 and 9 */
	NO_FAMILIES(0xffffffff, 11),
	NO_FAMILIES(0xfffffffc, 12), /* 12 to 15 */
	NO_FAMILIES(0xfffffffe, 18), /* 18 and 19 */
	NO_FAMILIES(0xfffffffc, 20), /* 20 to 23 */
	NO_FAMILIES(0xfffffff8, 24), /* 24 to 31 */
	NO_FAMILIES(0xffffffe0, 32), /* 32 to 63: AF_ALG (38) and AF_VSOCK (40) among them */
	{ BIT64(CAP_NET_RAW), { REFUSED(EPERM), CALLS("socket"), ARGS(EQUAL(0, AF_PACKET)) } },
};
/* clang-format on */

const struct profile profile_tight = { PROFILE_LISTS(allow, deny) };
