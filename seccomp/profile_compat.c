// SPDX-License-Identifier: Apache-2.0
/*
 * Podman's posture, for what the tight profile is too tight for: containers in containers, debuggers, daemons that
 * keep keys or make their own namespaces. Mounts, namespaces and other processes are left to the kernel's capability
 * checks. Unlike podman, calls are not refused for their novelty alone, and two address families are.
 */
#include <sys/socket.h>

#include "seccomp/profile.h"

#ifndef AF_VSOCK
#define AF_VSOCK 40
#endif

/* clang-format off */
static const struct profile_rule allow[] = {
	{ .rule = { ALLOWED, CALLS(
		"mount", "umount", "umount2", "pivot_root", "move_mount", "mount_setattr", "open_tree",
		"open_tree_attr", "fsopen", "fsconfig", "fsmount", "fspick", "statmount", "listmount",
		"unshare", "setns", "clone3", "fanotify_init", "fanotify_mark", "process_vm_readv",
		"process_vm_writev", "pidfd_getfd", "keyctl", "syslog", "reboot", "mbind", "set_mempolicy",
		"set_mempolicy_home_node", "modify_ldt", "socketcall") } },
};

static const struct profile_rule deny[] = {
	{ .rule = { REFUSED(EAFNOSUPPORT), CALLS("socket"), ARGS(EQUAL(0, AF_ALG)) } },
	{ .rule = { REFUSED(EAFNOSUPPORT), CALLS("socket"), ARGS(EQUAL(0, AF_VSOCK)) } },
};
/* clang-format on */

const struct profile profile_compat = {
	PROFILE_LISTS(allow, deny),
	/* On i386 the two could be denied only with every socketcall, and so with the network of most programs there. */
	.deny_native_only = true,
};
