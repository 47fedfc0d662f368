// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>

#include "base/fd.h"
#include "base/file.h"
#include "runtime/compose_parts.h"
#include "runtime/defaults.h"
#include "runtime/label.h"
#include "spec/names.h"

#define CPUS_MAX 4096
#define ALL_CAPS (BIT64(SPEC_CAP_COUNT) - 1)

/* Names as "NET_ADMIN", "cap_net_admin" or "ALL" (@all) to a mask. */
static int caps_of(const struct strv *names, const char *option, uint64_t all, uint64_t *ret, struct err *e)
{
	for (size_t i = 0; i < names->n; i++) {
		const char *name = names->v[i];
		int n = spec_cap_number(name);

		if (strcasecmp(name, "ALL") == 0)
			*ret |= all;
		else if (n < 0)
			return err_say(e, EINVAL, "%s %s: there is no such capability", option, name);
		else
			*ret |= BIT64(n);
	}
	return 0;
}

/* user, as the image or the option has it, stays root unless it says otherwise in figures or letters */
static bool is_root_user(const char *user)
{
	const char *rest = str_after(user, "0");

	if (!rest)
		rest = str_after(user, "root");
	return rest && (*rest == '\0' || *rest == ':');
}

static int take_caps(struct composition *c, struct err *e)
{
	struct spec_caps *caps = &c->spec->process.capabilities;
	uint64_t all = default_all_caps(c->s->private_userns), add = 0, drop = 0;
	int r = caps_of(&c->o->cap_add, "--cap-add", all, &add, e);

	if (r >= 0)
		r = caps_of(&c->o->cap_drop, "--cap-drop", ALL_CAPS, &drop, e);
	if (r < 0)
		return r;
	uint64_t base = c->o->privileged ? all : profile_caps(c->profile);

	if (c->s->systemd) /* it takes capabilities away from its services, and this one is for that */
		base |= BIT64(spec_cap_number("SETPCAP"));
	/* "--cap-drop ALL --cap-add X" is X alone, "--cap-add ALL --cap-drop X" is all but X */
	base = drop == ALL_CAPS ? add : (base | add) & ~drop;
	/* a user other than root has no use for the set, but for what was asked for by name */
	uint64_t kept = is_root_user(c->spec->process.user.username) ? 0 : add & base;

	caps->given = true;
	caps->bounding = caps->effective = caps->permitted = (struct opt_u64){ true, base };
	caps->inheritable = caps->ambient = (struct opt_u64){ true, kept };
	return 0;
}

static int take_filter(struct composition *c, const char *name, struct err *e)
{
	auto_free char *text = NULL;
	size_t len;

	for (uint32_t i = 0; i < SECCOMP_PROFILE_COUNT; i++)
		if (streq(name, seccomp_profile_names[i])) {
			c->s->seccomp = i;
			return 0;
		}
	auto_fd int fd = open(name, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		err_set(e, errno, "--security-opt seccomp=%s", name);
		return err_hint(e, "it is tight, compat, unconfined or a profile's file");
	}
	int r = file_read_fd(fd, name, SPEC_MAX_BYTES, &text, &len, e);

	if (r >= 0)
		r = spec_decode_seccomp(text, len, &c->spec->arena, &c->spec->linux_.seccomp, e);
	if (r < 0)
		return err_wrap(e, "--security-opt seccomp=%s", name);
	c->spec->linux_.seccomp.given = true;
	c->s->seccomp = SECCOMP_UNCONFINED;
	return 0;
}

static int take_paths(struct composition *c, const char *list, struct strv *to, struct err *e)
{
	while (*list) {
		size_t n = strcspn(list, ":");
		char *path = arena_strndup(&c->spec->arena, list, n);

		if (!path || strv_push(&c->spec->arena, to, path) < 0)
			return err_nomem(e);
		if (*path != '/')
			return err_say(e, EINVAL, "--security-opt: the path %s must be absolute", path);
		list += n + (list[n] == ':');
	}
	return 0;
}

/* A profile that the kernel has by now. */
static int take_apparmor(struct composition *c, const char *profile, struct err *e)
{
	struct spec_process *p = &c->spec->process;

	if (streq(profile, "unconfined"))
		return 0;
	p->apparmor_profile = arena_strdup(&c->spec->arena, profile);
	if (!p->apparmor_profile)
		return err_nomem(e);
	return label_check(p, e) < 0 ? err_wrap(e, "--security-opt apparmor=%s", profile) : 0;
}

static int security_opt(struct composition *c, const char *word, struct strv *mask, struct strv *unmask, struct err *e)
{
	const char *value = strpbrk(word, "=:");
	size_t n = value ? (size_t)(value - word) : strlen(word);

	value = value ? value + 1 : "";
	if (n == strlen("no-new-privileges") && memcmp(word, "no-new-privileges", n) == 0) {
		if (*value && !streq(value, "true") && !streq(value, "false"))
			return err_say(e, EINVAL, "--security-opt %s: true or false, please", word);
		c->spec->process.no_new_privileges = !streq(value, "false");
		return 0;
	}
	if (n == 7 && memcmp(word, "seccomp", n) == 0)
		return take_filter(c, value, e);
	if (n == 4 && memcmp(word, "mask", n) == 0)
		return take_paths(c, value, mask, e);
	if (n == 6 && memcmp(word, "unmask", n) == 0) {
		c->no_masks |= streq(value, "ALL");
		return streq(value, "ALL") ? 0 : take_paths(c, value, unmask, e);
	}
	if (n == 11 && memcmp(word, "systempaths", n) == 0 && streq(value, "unconfined")) {
		c->no_masks = true;
		return 0;
	}
	if (n == 8 && memcmp(word, "apparmor", n) == 0)
		return take_apparmor(c, value, e);
	/* of SELinux none is set: so there is none to be switched off, and where there are no labels none is missed */
	if (n == 5 && memcmp(word, "label", n) == 0 && (streq(value, "disable") || !label_of_mounts()))
		return 0;
	err_say(e, EINVAL, "--security-opt %s: unknown", word);
	return err_hint(e, "known are seccomp=, no-new-privileges, mask=, unmask=, apparmor=, label=disable, systempaths=unconfined");
}

static int add_paths(struct composition *c, const char *const *paths, const struct strv *unmask, struct strv *to,
		     struct err *e)
{
	for (; *paths && !c->no_masks; paths++) {
		bool skip = false;

		for (size_t i = 0; i < unmask->n; i++)
			skip |= streq(unmask->v[i], *paths);
		if (!skip && strv_add(&c->spec->arena, to, *paths) < 0)
			return err_nomem(e);
	}
	return 0;
}

/* How hot each processor was: who works beside whom can be told from it. Virtual machines have none. */
static int mask_cpus(struct composition *c, struct err *e)
{
	char path[sizeof(DEFAULT_MASKED_OF_CPUS) + 10];

	for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++) {
		snprintf(path, sizeof(path), DEFAULT_MASKED_OF_CPUS, cpu);
		if (faccessat(AT_FDCWD, path, F_OK, 0) < 0)
			break;
		if (strv_add(&c->spec->arena, &c->spec->linux_.masked_paths, path) < 0)
			return err_nomem(e);
	}
	return 0;
}

int compose_security(struct composition *c, struct err *e)
{
	struct strv mask = { 0 }, unmask = { 0 };
	int r = take_caps(c, e);

	c->s->seccomp = c->o->privileged ? SECCOMP_UNCONFINED : c->profile->seccomp;
	c->spec->process.no_new_privileges = c->profile->no_new_privs && !c->o->privileged;
	c->no_masks = c->o->privileged;
	for (size_t i = 0; i < c->o->security_opts.n && r >= 0; i++)
		r = security_opt(c, c->o->security_opts.v[i], &mask, &unmask, e);
	if (r >= 0)
		r = add_paths(c, default_masked_paths, &unmask, &c->spec->linux_.masked_paths, e);
	if (r >= 0 && !c->no_masks)
		r = mask_cpus(c, e);
	if (r >= 0)
		r = add_paths(c, default_readonly_paths, &unmask, &c->spec->linux_.readonly_paths, e);
	for (size_t i = 0; i < mask.n && r >= 0; i++)
		if (strv_push(&c->spec->arena, &c->spec->linux_.masked_paths, mask.v[i]) < 0)
			r = err_nomem(e);
	return r < 0 ? r : 0;
}
