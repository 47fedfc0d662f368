// SPDX-License-Identifier: Apache-2.0
#include "runtime/defaults.h"

#include <sys/prctl.h>

#include "spec/names.h"

/* Terminals: the machine has 4,096 for all, and one container shall not take them from the others. */
const struct default_mount default_mounts[] = {
	{ "/proc", "proc", "proc", "nosuid,noexec,nodev" },
	{ "/dev", "tmpfs", "tmpfs", "nosuid,noexec,strictatime,mode=755,size=65536k" },
	{ "/dev/pts", "devpts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620," DEFAULT_TTY_OPTION ",max=1024" },
	{ "/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev" },
	{ "/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro" },
	{ "/sys/fs/cgroup", "cgroup", "cgroup", "nosuid,noexec,nodev,relatime,ro" },
	{ NULL, NULL, NULL, NULL },
};

/* What docker and podman mask, and what SECURITY section 4 adds: information about the host, and side channels. */
const char *const default_masked_paths[] = {
	"/proc/acpi",
	"/proc/asound",
	"/proc/interrupts",
	"/proc/kcore",
	"/proc/keys",
	"/proc/latency_stats",
	"/proc/sched_debug",
	"/proc/scsi",
	"/proc/sysrq-trigger",
	"/proc/timer_list",
	"/proc/timer_stats",
	"/proc/vmallocinfo",
	"/sys/dev/block",
	"/sys/devices/virtual/powercap",
	"/sys/firmware",
	"/sys/fs/bpf",
	"/sys/fs/pstore",
	"/sys/fs/selinux",
	"/sys/kernel/btf",
	"/sys/kernel/debug",
	"/sys/kernel/security",
	"/sys/kernel/tracing",
	NULL,
};

const char *const default_readonly_paths[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", NULL,
};

const char *const default_read_only_tmpfs[] = { "/run", "/tmp", "/var/tmp", NULL };

/* With these two, neither a server on a low port nor ping needs a capability. */
const struct spec_pair default_net_sysctls[] = {
	{ (char *)"net.ipv4.ip_unprivileged_port_start", (char *)"0" },
	{ (char *)"net.ipv4.ping_group_range", (char *)DEFAULT_PING_GROUPS },
	{ NULL, NULL },
};

static const char *const default_caps[] = {
	"CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID", NULL,
};
static const char *const compat_caps[] = {
	"CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE",
	"SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT", NULL,
};
static const char *const no_caps[] = { NULL };

const char *const profile_names[PROFILE_COUNT] = { "default", "compat", "max" };

const struct profile profiles[PROFILE_COUNT] = {
	[PROFILE_DEFAULT] = { SECCOMP_TIGHT, default_caps, .no_new_privs = true },
	[PROFILE_COMPAT] = { SECCOMP_COMPAT, compat_caps, .no_new_privs = false },
	[PROFILE_MAX] = { SECCOMP_TIGHT, no_caps, .no_new_privs = true, .strict = true },
};

uint64_t profile_caps(const struct profile *p)
{
	uint64_t caps = 0;

	for (const char *const *name = p->caps; *name; name++)
		caps |= BIT64(spec_cap_number(*name));
	return caps;
}

uint64_t default_all_caps(bool private_userns)
{
	uint64_t caps = 0;

	for (int n = 0; n < SPEC_CAP_COUNT; n++)
		if (private_userns || prctl(PR_CAPBSET_READ, n) > 0)
			caps |= BIT64(n);
	return caps;
}
