// SPDX-License-Identifier: Apache-2.0
/*
 * Containers whose command is systemd, as podman has them: what its CONTAINER_INTERFACE asks for. Nothing of it opens what
 * is closed to others, so it may follow from the image's command: the cgroup is the container's own, its limits are not in reach,
 * and the one capability more (CAP_SETPCAP) is for giving others up.
 */
#include <errno.h>

#include "runtime/compose_parts.h"

static const struct {
	const char *target, *options;
} mounts[] = {
	{ "/run", "nosuid,nodev,mode=755" },
	{ "/run/lock", "nosuid,nodev,noexec,mode=1777" },
	{ "/tmp", TMPFS_USUAL },
	{ "/var/log/journal", "nosuid,nodev,noexec,mode=755" },
};

static bool is_systemd(const char *command)
{
	static const char *const names[] = { "/sbin/init", "/usr/sbin/init", "/usr/local/sbin/init" };
	const char *slash = strrchr(command, '/');
	bool known = streq(slash ? slash + 1 : command, "systemd");

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		known |= streq(command, names[i]);
	return known;
}

int compose_systemd(struct composition *c, struct err *e)
{
	const char *when = c->o->systemd ? c->o->systemd : "true";

	c->systemd_always = streq(when, "always");
	if (!c->systemd_always && !streq(when, "true") && !streq(when, "false"))
		return err_say(e, EINVAL, "--systemd %s: it is true, false or always", when);
	c->s->systemd = c->systemd_always || (streq(when, "true") && is_systemd(c->s->command.v[0]));
	return 0;
}

int compose_systemd_mounts(struct composition *c, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(mounts) && r >= 0; i++)
		r = compose_add_mount(c, mounts[i].target, "tmpfs", "tmpfs", mounts[i].options, e);
	return r;
}
