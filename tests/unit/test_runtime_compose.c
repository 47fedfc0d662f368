// SPDX-License-Identifier: Apache-2.0
/* From options to a configuration: mounts, limits, capabilities, security options, and every mistake found before it exists. */
#include <sys/resource.h>
#include <sys/sysmacros.h>

#include "runtime_world.h"

#include "runtime/class.h"
#include "runtime/compose.h"
#include "runtime/defaults.h"
#include "spec/names.h"

struct kitchen {
	struct world w;
	struct engine g;
	struct arena arena;
	struct run_options o;
	struct settings s;
	struct spec spec;
};

static char *no_words[] = { NULL };
static char *network_words[] = { (char *)NETWORK_NONE };
static const struct strv no_network = { .v = network_words, .n = 1 };

static struct kitchen *kitchen_make(void)
{
	struct kitchen *k;
	char data[160], run[160];
	struct err e;

	needs_root_user();
	k = calloc(1, sizeof(*k));
	assert_non_null(k);
	k->w = world_make();
	snprintf(data, sizeof(data), "%s/data", k->w.path);
	snprintf(run, sizeof(run), "%s/run", k->w.path);
	OK(engine_open(data, run, &k->g, &e));
	k->o = (struct run_options){ .image = IMAGE_HOST, .command = no_words, .networks = no_network };
	return k;
}

static void forget(struct kitchen *k)
{
	settings_free(&k->s);
	spec_free(&k->spec);
	k->s = (struct settings){ 0 };
	k->spec = (struct spec){ 0 };
}

static void kitchen_free(struct kitchen **k)
{
	if (!*k)
		return;
	forget(*k);
	arena_free(&(*k)->arena);
	engine_close(&(*k)->g);
	world_free(&(*k)->w);
	free(*k);
}
#define auto_kitchen __attribute__((cleanup(kitchen_free)))

static int cook(struct kitchen *k, struct err *e)
{
	forget(k);
	return compose(&k->g, &k->o, &k->s, &k->spec, e);
}

static void add(struct kitchen *k, struct strv *list, const char *word)
{
	assert_int_equal(strv_add(&k->arena, list, word), 0);
}

static const struct spec_mount *mount_at(const struct kitchen *k, const char *target)
{
	const struct spec_mount *found = NULL;

	for (size_t i = 0; i < k->spec.mounts.n; i++)
		if (strcmp(k->spec.mounts.v[i].destination, target) == 0) {
			assert_null(found); /* each target once */
			found = &k->spec.mounts.v[i];
		}
	return found;
}

static bool has_option(const struct spec_mount *m, const char *option)
{
	for (size_t i = 0; i < m->options.n; i++)
		if (strcmp(m->options.v[i], option) == 0)
			return true;
	return false;
}

/* One word at a time in a list of options: @bad ones must be refused, and name the word. */
static void refuse_all(struct kitchen *k, struct strv *list, const char *const *bad, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct err e;

		*list = (struct strv){ 0 };
		add(k, list, bad[i]);
		int r = cook(k, &e);

		if (r >= 0)
			fail_msg("\"%s\" was taken", bad[i]);
		assert_true(strlen(e.text) > 0);
	}
	*list = (struct strv){ 0 };
}

static void test_defaults(void **state)
{
	auto_kitchen struct kitchen *k = kitchen_make();
	struct err e;

	(void)state;
	OK(cook(k, &e));
	assert_string_equal(k->spec.process.args.v[0], "/bin/sh");
	assert_true(k->spec.process.no_new_privileges && k->s.private_userns && k->s.pids_default);
	assert_int_equal(k->s.seccomp, SECCOMP_TIGHT);
	assert_int_equal(k->spec.process.capabilities.bounding.v, profile_caps(&profiles[PROFILE_DEFAULT]));
	assert_int_equal(k->spec.process.capabilities.inheritable.v | k->spec.process.capabilities.ambient.v, 0);
	assert_non_null(mount_at(k, "/proc"));
	assert_true(has_option(mount_at(k, "/sys"), "ro") && has_option(mount_at(k, "/sys/fs/cgroup"), "ro"));
	assert_true(has_option(mount_at(k, "/dev/shm"), "size=67108864"));
	assert_true(k->spec.linux_.masked_paths.n > 10 && k->spec.linux_.readonly_paths.n >= 4);
	for (size_t i = 0; i < NS_COUNT; i++)
		assert_int_equal(k->spec.linux_.namespaces[i].wanted, i != NS_TIME);
	assert_int_equal(k->s.stop_signal, SIGTERM);
	assert_int_equal(k->s.stop_timeout_s, 10);
}

static void test_oom_score(void **state)
{
	static const char *const bad[] = { "", "1001", "-1001", "x", "1.5" };
	auto_kitchen struct kitchen *k = kitchen_make();
	struct err e;

	(void)state;
	OK(cook(k, &e));
	assert_false(k->spec.process.oom_score_adj.set);
	k->o.oom_score_adj = "-500";
	OK(cook(k, &e));
	assert_true(k->spec.process.oom_score_adj.set && k->spec.process.oom_score_adj.v == -500);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		k->o.oom_score_adj = bad[i];
		FAILS(cook(k, &e), EINVAL);
	}
}

/* Each limit by itself: test_runtime_limits.c */
static void test_limits(void **state)
{
	auto_kitchen struct kitchen *k = kitchen_make();
	const struct spec_resources *r = &k->spec.linux_.resources;
	struct err e;

	(void)state;
	k->o.limits.memory = "64m";
	k->o.limits.pids_limit = "100";
	k->o.limits.class = "batch";
	OK(cook(k, &e));
	assert_int_equal(r->memory.limit_bytes.v, 64 << 20);
	assert_int_equal(r->memory.swap_bytes.v, 64 << 20);
	assert_true(r->pids_limit.set && r->pids_limit.v == 100 && !k->s.pids_default);
	assert_int_equal(k->s.class, CLASS_BATCH); /* not in the configuration: what was asked for by name is there alone */
	assert_true(!r->cpu.shares.set && !r->cpu.idle.set && r->unified.n == 0);
	k->o.limits.class = "fast";
	FAILS(cook(k, &e), EINVAL);
}

static void test_ulimits_and_sysctls(void **state)
{
	static const char *const bad_limits[] = {
		"", "nofile", "nofile=", "nofile=a", "nofile=2:1", "nofile=1:2:3", "nothing=1", "=1", "nofile= 1", "nofile=-2",
		"nofile=99999999999999999999", "averyverylongname=1", "nofile=1:", "nofile=:1",
	};
	static const char *const bad_sysctls[] = { "", "a", "=b", "kernel" };
	auto_kitchen struct kitchen *k = kitchen_make();
	const struct spec_rlimits *l = &k->spec.process.rlimits;
	struct err e;

	(void)state;
	add(k, &k->o.ulimits, "nofile=10:20");
	add(k, &k->o.ulimits, "CORE=0");
	add(k, &k->o.ulimits, "memlock=-1");
	add(k, &k->o.ulimits, "nproc=5:unlimited");
	add(k, &k->o.sysctls, "net.core.somaxconn=a=b");
	OK(cook(k, &e));
	assert_int_equal(l->n, 4);
	assert_true(l->v[0].resource == RLIMIT_NOFILE && l->v[0].soft == 10 && l->v[0].hard == 20);
	assert_true(l->v[1].resource == RLIMIT_CORE && l->v[1].soft == 0 && l->v[1].hard == 0);
	assert_true(l->v[2].soft == RLIM_INFINITY && l->v[2].hard == RLIM_INFINITY);
	assert_true(l->v[3].soft == 5 && l->v[3].hard == RLIM_INFINITY);
	const struct spec_map *m = &k->spec.linux_.sysctl;

	assert_string_equal(m->v[m->n - 1].key, "net.core.somaxconn");
	assert_string_equal(m->v[m->n - 1].value, "a=b");
	refuse_all(k, &k->o.ulimits, bad_limits, ARRAY_SIZE(bad_limits));
	refuse_all(k, &k->o.sysctls, bad_sysctls, ARRAY_SIZE(bad_sysctls));
}

static void test_capabilities(void **state)
{
	const uint64_t base = profile_caps(&profiles[PROFILE_DEFAULT]), all = BIT64(SPEC_CAP_COUNT) - 1;
	const uint64_t admin = BIT64(spec_cap_number("SYS_ADMIN")), chown = BIT64(spec_cap_number("CHOWN"));
	const struct {
		const char *add, *drop, *user;
		uint64_t bounding, kept;
	} rules[] = {
		{ NULL, NULL, NULL, base, 0 },
		{ "SYS_ADMIN", NULL, NULL, base | admin, 0 },
		{ "cap_sys_admin", "chown", NULL, (base | admin) & ~chown, 0 },
		{ NULL, "ALL", NULL, 0, 0 },
		{ "CHOWN", "all", NULL, chown, 0 },
		{ "ALL", "CHOWN", NULL, all & ~chown, 0 },
		{ "ALL", "ALL", NULL, all, 0 },
		{ "SYS_ADMIN", "SYS_ADMIN", NULL, base & ~admin, 0 },
		/* a user other than root keeps what was asked for by name, and nothing else */
		{ "SYS_ADMIN", NULL, "1000", base | admin, admin },
		{ "SYS_ADMIN", NULL, "0:5", base | admin, 0 },
		{ "SYS_ADMIN", NULL, "rooty", base | admin, admin },
		{ NULL, NULL, "app", base, 0 },
	};
	static const char *const bad[] = { "", "NOTHING", "CAP_", "SYS_ADMIN,CHOWN", "21", "CAP_CAP_CHOWN" };
	auto_kitchen struct kitchen *k = kitchen_make();
	const struct spec_caps *c = &k->spec.process.capabilities;
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		k->o.cap_add = k->o.cap_drop = (struct strv){ 0 };
		if (rules[i].add)
			add(k, &k->o.cap_add, rules[i].add);
		if (rules[i].drop)
			add(k, &k->o.cap_drop, rules[i].drop);
		k->o.user = rules[i].user;
		OK(cook(k, &e));
		if (c->bounding.v != rules[i].bounding || c->inheritable.v != rules[i].kept)
			fail_msg("rule %zu: %llx, kept %llx", i, (unsigned long long)c->bounding.v,
				 (unsigned long long)c->inheritable.v);
		assert_true(c->permitted.v == c->bounding.v && c->effective.v == c->bounding.v);
		assert_int_equal(c->ambient.v, c->inheritable.v);
	}
	k->o.cap_drop = (struct strv){ 0 };
	refuse_all(k, &k->o.cap_add, bad, ARRAY_SIZE(bad));
	refuse_all(k, &k->o.cap_drop, bad, ARRAY_SIZE(bad));
}

static bool listed(const struct strv *list, const char *s)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->v[i], s) == 0)
			return true;
	return false;
}

static void test_security_options(void **state)
{
	static const char *const bad[] = {
		"", "nonsense", "no-new-privileges=maybe", "seccomp=/no/such/file", "seccomp=", "mask=relative", "unmask=x",
		"labels=user:x", "apparmor=mine",
	};
	auto_kitchen struct kitchen *k = kitchen_make();
	const struct spec_linux *l = &k->spec.linux_;
	struct err e;

	(void)state;
	add(k, &k->o.security_opts, "no-new-privileges:false");
	add(k, &k->o.security_opts, "mask=/a:/b");
	add(k, &k->o.security_opts, "unmask=/proc/kcore:/proc/sys");
	add(k, &k->o.security_opts, "seccomp=compat");
	OK(cook(k, &e));
	assert_false(k->spec.process.no_new_privileges);
	assert_true(listed(&l->masked_paths, "/a") && listed(&l->masked_paths, "/b"));
	assert_false(listed(&l->masked_paths, "/proc/kcore") || listed(&l->readonly_paths, "/proc/sys"));
	assert_true(listed(&l->masked_paths, "/proc/keys"));
	assert_int_equal(k->s.seccomp, SECCOMP_COMPAT);
	/* the filter alone: the capabilities stay those of the default profile */
	assert_int_equal(k->spec.process.capabilities.bounding.v, profile_caps(&profiles[PROFILE_DEFAULT]));
	k->o.security_opts = (struct strv){ 0 };
	add(k, &k->o.security_opts, "unmask=ALL");
	OK(cook(k, &e));
	assert_int_equal(l->masked_paths.n + l->readonly_paths.n, 0);
	refuse_all(k, &k->o.security_opts, bad, ARRAY_SIZE(bad));
	k->o.profile = "compat";
	OK(cook(k, &e));
	assert_int_equal(k->spec.process.capabilities.bounding.v, profile_caps(&profiles[PROFILE_COMPAT]));
	k->o.privileged = true;
	OK(cook(k, &e));
	assert_true(!k->spec.process.no_new_privileges && k->s.seccomp == SECCOMP_UNCONFINED && l->masked_paths.n == 0);
}

static void test_volumes(void **state)
{
	static const char *const bad[] = {
		"", "tmp", ":/a", "/tmp:relative", "/tmp:/a:bogus", "/no/such/folder:/a", "../x y:/a", "-v:/a", "a/b:/a",
		"/tmp:/a:ro:rw", "vol", "vol:",
	};
	auto_kitchen struct kitchen *k = kitchen_make();
	char path[400];
	struct err e;

	(void)state;
	add(k, &k->o.volumes, "/tmp:/a//b/../c:ro,noexec,rslave");
	add(k, &k->o.volumes, "vol:/v");
	add(k, &k->o.volumes, "/tmp:/n:noidmap,z,bind");
	add(k, &k->o.volumes, "/tmp:/dev/shm");
	OK(cook(k, &e));
	const struct spec_mount *m = mount_at(k, "/a/c");

	assert_non_null(m);
	assert_true(has_option(m, "rbind") && has_option(m, "rro") && has_option(m, "noexec") && has_option(m, "rslave"));
	assert_true(has_option(m, "nosuid") && has_option(m, "nodev") && has_option(m, "ridmap"));
	m = mount_at(k, "/v");
	snprintf(path, sizeof(path), "%s/volumes/vol/_data", k->g.data_path);
	assert_string_equal(m->source, path);
	assert_true(!is_there(k->g.volumes, "vol") && has_option(m, "rprivate")); /* it is made when the container starts */
	m = mount_at(k, "/n");
	assert_true(has_option(m, "bind") && !has_option(m, "idmap") && !has_option(m, "ridmap"));
	assert_string_equal(mount_at(k, "/dev/shm")->type, "bind"); /* the user's own in the default's place */
	refuse_all(k, &k->o.volumes, bad, ARRAY_SIZE(bad));
}

static void test_mount_words(void **state)
{
	static const char *const bad[] = {
		"", "type=bind", "type=bind,source=/tmp", "type=bind,source=vol,target=/a", "type=volume,source=/tmp,target=/a",
		"type=nfs,source=/tmp,target=/a", "type=bind,source=/tmp,target=a", "type=bind,source=/tmp,target=/a,bogus",
		"type=bind,source=/tmp,target=/a,x=y", "type=bind,source=/tmp,target=/a,bind-propagation=odd", "target=a",
		"type=tmpfs,target=/a,subpath=b", "type=image,target=/a", "type=devpts,source=/tmp,target=/a", "type=glob,source=a*,target=/a",
		"type=volume,source=v,target=/a,O,ro", "type=volume,source=v,target=/a,upperdir=/tmp", "type=bind,source=/tmp,target=/a,noidmap,U",
	};
	auto_kitchen struct kitchen *k = kitchen_make();
	struct err e;

	(void)state;
	add(k, &k->o.mounts, "type=bind,src=/tmp,dst=/b,readonly,bind-propagation=rshared");
	add(k, &k->o.mounts, "type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=700");
	add(k, &k->o.mounts, "source=vol,destination=/v,readonly=false");
	add(k, &k->o.tmpfs, "/x:size=5k,noexec");
	OK(cook(k, &e));
	assert_true(has_option(mount_at(k, "/b"), "rro") && has_option(mount_at(k, "/b"), "rshared"));
	assert_true(has_option(mount_at(k, "/t"), "size=1m") && has_option(mount_at(k, "/t"), "mode=700"));
	assert_false(has_option(mount_at(k, "/v"), "rro"));
	assert_true(has_option(mount_at(k, "/x"), "size=5k") && has_option(mount_at(k, "/x"), "nosuid"));
	refuse_all(k, &k->o.mounts, bad, ARRAY_SIZE(bad));
	/* --read-only leaves places to write */
	k->o.tmpfs = (struct strv){ 0 };
	k->o.read_only = true;
	OK(cook(k, &e));
	assert_true(k->spec.root.readonly && mount_at(k, "/tmp") && mount_at(k, "/run"));
}

static void test_devices(void **state)
{
	static const char *const bad[] = { "", "/tmp", "/no/such", "/dev/null:relative", "/dev/null:/x:q", "/dev/null:/x:",
					   "/dev/null:/x:r:w", ":/x", "/dev/null:", "null:r" };
	auto_kitchen struct kitchen *k = kitchen_make();
	const struct spec_devices *d = &k->spec.linux_.devices;
	const struct spec_device_rules *r = &k->spec.linux_.resources.devices;
	struct err e;

	(void)state;
	add(k, &k->o.devices, "/dev/null:/dev/nothing:rw");
	add(k, &k->o.devices, "/dev/zero");
	OK(cook(k, &e));
	assert_int_equal(d->n, 2);
	assert_string_equal(d->v[0].path, "/dev/nothing");
	assert_true(d->v[0].type == 'c' && d->v[0].major.v == 1 && d->v[0].minor.v == 3);
	assert_true(r->v[0].allow && r->v[0].read && r->v[0].write && !r->v[0].mknod);
	assert_true(r->v[1].minor.v == 5 && r->v[1].mknod);
	k->o.devices = (struct strv){ 0 };
	add(k, &k->o.devices, "/dev/zero:r"); /* without a path in the container, as docker and podman have it */
	OK(cook(k, &e));
	assert_string_equal(d->v[0].path, "/dev/zero");
	assert_true(r->v[0].read && !r->v[0].write && !r->v[0].mknod);
	refuse_all(k, &k->o.devices, bad, ARRAY_SIZE(bad));
}

static void test_device_rules(void **state)
{
	static const struct {
		const char *word;
		char type;
		int64_t maj, min; /* -1: any */
		const char *access;
	} rules[] = {
		{ "c 42:7 rwm", 'c', 42, 7, "rwm" }, { "b 8:* r", 'b', 8, -1, "r" },	   { "a *:* rmw", 'a', -1, -1, "rwm" },
		{ "c *:5 w", 'c', -1, 5, "w" },	     { "c 4095:1048575 m", 'c', 4095, 1048575, "m" },
	};
	static const char *const bad[] = {
		"", "c", "c 1:3", "c 1:3 ", "c 1 r", "d 1:3 r", "c 1:3 x", "c 1:3 rwmr", "c -1:3 r", "c 4096:0 r", "c 0:1048576 r",
		"c 1:3 r w", "c 1*:3 r", "c 0x1:3 r", "c 99999999999999999999:1 r",
	};
	auto_kitchen struct kitchen *k = kitchen_make();
	const struct spec_device_rules *r = &k->spec.linux_.resources.devices;
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		add(k, &k->o.device_rules, rules[i].word);
	OK(cook(k, &e));
	assert_int_equal(r->n, ARRAY_SIZE(rules));
	for (size_t i = 0; i < r->n; i++) {
		assert_true(r->v[i].allow && r->v[i].type == rules[i].type);
		assert_true(r->v[i].major.set ? r->v[i].major.v == rules[i].maj : rules[i].maj == -1);
		assert_true(r->v[i].minor.set ? r->v[i].minor.v == rules[i].min : rules[i].min == -1);
		assert_int_equal(r->v[i].read, strchr(rules[i].access, 'r') != NULL);
		assert_int_equal(r->v[i].write, strchr(rules[i].access, 'w') != NULL);
		assert_int_equal(r->v[i].mknod, strchr(rules[i].access, 'm') != NULL);
	}
	refuse_all(k, &k->o.device_rules, bad, ARRAY_SIZE(bad));
}

static void test_cgroup_parents(void **state)
{
	static const struct {
		const char *manager, *word, *parent; /* parent NULL: refused */
	} parents[] = {
		{ NULL, "/a/b", "/a/b" },	  { NULL, "a/b", "/a/b" },	     { "cgroupfs", "/a/b//", "/a/b" },
		{ NULL, "/", "" },		  { NULL, "/a.slice", "/a.slice" },  { NULL, "a.slice", NULL },
		{ NULL, "a//b", NULL },		  { NULL, "../a", NULL },	     { NULL, "/a/./b", NULL },
		{ "systemd", "a.slice", "a.slice" }, { "systemd", "a-b.slice", "a-b.slice" }, { "systemd", "/a", NULL },
		{ "systemd", "a.scope", NULL },	  { "systemd", "a/b.slice", NULL },  { "systemd", "-a.slice", NULL },
		{ "disabled", "/a", NULL },	  { "other", "/a", NULL },
	};
	auto_kitchen struct kitchen *k = kitchen_make();
	struct err e;

	(void)state;
	OK(cook(k, &e));
	assert_null(k->s.cgroup_parent);
	assert_int_equal(k->s.cgroup_manager, CGROUP_MANAGER_CGROUPFS);
	for (size_t i = 0; i < ARRAY_SIZE(parents); i++) {
		k->o.cgroup_manager = parents[i].manager;
		k->o.cgroup_parent = parents[i].word;
		int r = cook(k, &e);

		if ((r >= 0) != (parents[i].parent != NULL))
			fail_msg("%s: %s", parents[i].word, r < 0 ? e.text : "was taken");
		if (r >= 0)
			assert_string_equal(k->s.cgroup_parent, parents[i].parent);
	}
}

static void test_cgroup_modes(void **state)
{
	static const struct {
		const char *cgroups, *view, *userns;
		bool delegate, privileged;
		int manager; /* -1: refused */
		bool delegated;
	} modes[] = {
		{ NULL, NULL, NULL, false, false, CGROUP_MANAGER_CGROUPFS, false },
		{ "enabled", "private", "private", true, false, CGROUP_MANAGER_CGROUPFS, true },
		{ "no-conmon", NULL, NULL, false, true, CGROUP_MANAGER_CGROUPFS, true },
		{ "disabled", NULL, NULL, false, true, CGROUP_MANAGER_DISABLED, false },
		{ "disabled", NULL, NULL, true, false, -1, false },
		{ "split", NULL, NULL, false, false, -1, false },
		{ NULL, "host", NULL, false, true, CGROUP_MANAGER_CGROUPFS, false },
		{ NULL, "host", NULL, true, false, -1, false },
		{ NULL, "container:x", NULL, false, false, -1, false },
		{ NULL, NULL, "host", true, false, -1, false },
		{ NULL, NULL, "host", false, true, CGROUP_MANAGER_CGROUPFS, false },
	};
	auto_kitchen struct kitchen *k = kitchen_make();
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		k->o.cgroups = modes[i].cgroups;
		k->o.cgroupns = modes[i].view;
		k->o.userns = modes[i].userns;
		k->o.cgroup_delegate = modes[i].delegate;
		k->o.privileged = modes[i].privileged;
		int r = cook(k, &e);

		if ((r < 0) != (modes[i].manager < 0))
			fail_msg("%zu: %s", i, r < 0 ? e.text : "was taken");
		if (r < 0)
			continue;
		assert_int_equal(k->s.cgroup_manager, modes[i].manager);
		assert_int_equal(k->s.cgroup_delegate, modes[i].delegated);
		assert_int_equal(k->spec.linux_.namespaces[NS_CGROUP].wanted, !modes[i].view || streq(modes[i].view, "private"));
		assert_int_equal(has_option(mount_at(k, "/sys/fs/cgroup"), "ro"), !modes[i].delegated && !modes[i].privileged);
	}
	k->o = (struct run_options){ .image = IMAGE_HOST, .command = no_words, .networks = no_network, .cgroups = "disabled" };
	k->o.limits.memory = "64m";
	FAILS(cook(k, &e), EINVAL);
	k->o.limits.memory = NULL;
	k->o.limits.class = "batch";
	FAILS(cook(k, &e), EINVAL);
}

static void test_words_of_life(void **state)
{
	static const struct {
		const char *restart;
		int policy; /* -1: refused */
		uint32_t max;
	} policies[] = {
		{ "no", RESTART_NO, 0 }, { "always", RESTART_ALWAYS, 0 }, { "on-failure", RESTART_ON_FAILURE, 0 },
		{ "on-failure:3", RESTART_ON_FAILURE, 3 }, { "on-failure:", -1, 0 }, { "on-failure:x", -1, 0 },
		{ "always:3", -1, 0 }, { "sometimes", -1, 0 }, { "", -1, 0 }, { "no:1", -1, 0 },
	};
	static const char *const names[] = { "", "-a", "a/b", "a b", "..", ".a", "\xc3\xa4" };
	static const char *const hosts[] = { "", "a b", "a/b", "a\nb", "a\tb",
					     "0123456789012345678901234567890123456789012345678901234567890123" };
	auto_kitchen struct kitchen *k = kitchen_make();
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
		k->o.restart = policies[i].restart;
		int r = cook(k, &e);

		assert_int_equal(r < 0, policies[i].policy < 0);
		if (r >= 0)
			assert_true((int)k->s.restart == policies[i].policy && k->s.restart_max.v == policies[i].max);
	}
	k->o.restart = "always";
	k->o.rm = true;
	FAILS(cook(k, &e), EINVAL);
	k->o.restart = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		k->o.name = names[i];
		FAILS(cook(k, &e), EINVAL);
	}
	k->o.name = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		k->o.hostname = hosts[i];
		FAILS(cook(k, &e), EINVAL);
	}
	k->o.hostname = NULL;
	k->o.stop_signal = "SIGRTMIN+3";
	k->o.stop_timeout = "0";
	OK(cook(k, &e));
	assert_int_equal(k->s.stop_signal, SIGRTMIN + 3);
	assert_int_equal(k->s.stop_timeout_s, 0);
	k->o.stop_signal = "NOSUCH";
	FAILS(cook(k, &e), EINVAL);
	k->o.stop_signal = NULL;
	k->o.user = "a\nroot::0:0";
	FAILS(cook(k, &e), EINVAL);
}

static void test_environment(void **state)
{
	auto_kitchen struct kitchen *k = kitchen_make();
	char file[200], *words[] = { (char *)"env", (char *)"-i", NULL };
	struct err e;

	(void)state;
	put_file(k->w.dir, "env", "# comment\nA=file\n\n  B=two words \r\nFROM_HERE\nNOT_SET_HERE\n");
	snprintf(file, sizeof(file), "%s/env", k->w.path);
	assert_int_equal(setenv("FROM_HERE", "yes", 1), 0);
	assert_int_equal(unsetenv("NOT_SET_HERE"), 0);
	k->o.command = words;
	add(k, &k->o.env_files, file);
	add(k, &k->o.env, "A=last");
	add(k, &k->o.env, "EMPTY=");
	add(k, &k->o.labels, "k=v=w");
	add(k, &k->o.labels, "bare");
	add(k, &k->o.labels, "k=again");
	OK(cook(k, &e));
	const struct strv *env = &k->spec.process.env;

	assert_string_equal(strv_env(env, "A"), "last");
	assert_string_equal(strv_env(env, "B"), "two words ");
	assert_string_equal(strv_env(env, "FROM_HERE"), "yes");
	assert_string_equal(strv_env(env, "EMPTY"), "");
	assert_null(strv_env(env, "NOT_SET_HERE"));
	assert_string_equal(strv_env(env, "PATH"), DEFAULT_PATH);
	assert_int_equal(k->spec.process.args.n, 2);
	assert_int_equal(k->s.labels.n, 2);
	assert_string_equal(k->s.labels.v[0].value, "again");
	assert_string_equal(k->s.labels.v[1].value, "");
	add(k, &k->o.env, "=x");
	FAILS(cook(k, &e), EINVAL);
	k->o.env = (struct strv){ 0 };
	k->o.init = true;
	k->o.entrypoint = "/bin/echo";
	OK(cook(k, &e));
	assert_string_equal(k->spec.process.args.v[1], "--");
	assert_string_equal(k->spec.process.args.v[2], "/bin/echo");
	assert_string_equal(k->s.command.v[0], "/bin/echo");
	k->o.image = "no/such:image";
	assert_true(cook(k, &e) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),	     cmocka_unit_test(test_limits),
		cmocka_unit_test(test_oom_score),	     cmocka_unit_test(test_ulimits_and_sysctls),
		cmocka_unit_test(test_capabilities),	     cmocka_unit_test(test_security_options),
		cmocka_unit_test(test_volumes),		     cmocka_unit_test(test_mount_words),
		cmocka_unit_test(test_devices),		     cmocka_unit_test(test_words_of_life),
		cmocka_unit_test(test_device_rules),	     cmocka_unit_test(test_cgroup_parents),
		cmocka_unit_test(test_cgroup_modes),
		cmocka_unit_test(test_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
