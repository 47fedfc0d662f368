// SPDX-License-Identifier: Apache-2.0
/* What is decided about a container before anything is done: from specs that runc, crun and podman have written. */
#include <linux/mempolicy.h>
#include <sched.h>
#include <sys/mount.h>

#include "runtime_world.h"

#include "runtime/plan.h"

static struct spec decode(const char *name)
{
	auto_free char *text = NULL;
	struct spec spec = { 0 };
	char path[256];
	size_t len;
	struct err e;

	snprintf(path, sizeof(path), "tests/data/specs/%s", name);
	OK(file_read(AT_FDCWD, path, SPEC_MAX_BYTES, &text, &len, &e)); /* run from the top of the tree */
	OK(spec_decode(text, len, &spec, &e));
	return spec;
}

static const struct plan_options options = {
	.id = "c1", .bundle = "/b", .cgroup_manager = CGROUP_MANAGER_DISABLED, .seccomp = SECCOMP_UNCONFINED,
	.seccomp_cache = -1,
};

#define CLONE_COMMON (CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS)

static void test_namespaces(void **state)
{
	static const struct {
		const char *spec;
		uint64_t now, late;
		bool userns, netns;
	} rules[] = {
		{ "runc.json", CLONE_COMMON | CLONE_NEWNET, 0, false, true },
		{ "crun.json", CLONE_COMMON | CLONE_NEWNET, 0, false, true },
		{ "podman.json", CLONE_COMMON | CLONE_NEWNET, 0, false, true },
		/* with a user namespace the ipc one must be made inside it, to be owned by its root */
		{ "runc-rootless.json", (CLONE_COMMON & ~(uint64_t)CLONE_NEWIPC) | CLONE_NEWUSER, CLONE_NEWIPC, true, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		auto_spec struct spec spec = decode(rules[i].spec);
		auto_plan struct plan p = { 0 };
		struct err e;

		OK(plan_make(&spec, &options, &p, &e));
		assert_int_equal(p.clone_flags, rules[i].now);
		assert_int_equal(p.late_flags, rules[i].late);
		assert_int_equal(p.userns, rules[i].userns);
		assert_int_equal(p.own_netns, rules[i].netns);
		assert_true(p.own_pidns && !p.cgroup_path && !p.parent_works);
		for (size_t k = 0; k < NS_COUNT; k++)
			assert_int_equal(p.joins[k], -1);
	}
}

static void test_cgroup_namespace_is_late(void **state)
{
	auto_spec struct spec spec = decode("runc.json");
	auto_plan struct plan p = { 0 };
	struct err e;

	(void)state;
	spec.linux_.namespaces[NS_CGROUP].wanted = true;
	spec.linux_.namespaces[NS_NET] = (struct spec_namespace){ .wanted = true, .path = (char *)"/proc/self/ns/net" };
	OK(plan_make(&spec, &options, &p, &e));
	assert_int_equal(p.clone_flags, CLONE_COMMON); /* the network is joined */
	assert_int_equal(p.late_flags, CLONE_NEWCGROUP);
	assert_false(p.own_netns);
}

static void test_cgroup_path(void **state)
{
	static const struct {
		const char *spec, *option, *want; /* NULL: refused */
	} rules[] = {
		{ NULL, NULL, "/paene-oci/c1" }, { "", NULL, "/paene-oci/c1" },	 { NULL, "/paene/x", "/paene/x" },
		{ "/a/b", "/paene/x", "/a/b" },	 { "a/b", NULL, "/a/b" },	 { "/a/../../b", NULL, NULL },
		{ "..", NULL, NULL },
	};
	auto_spec struct spec spec = decode("runc.json");
	struct plan_options o = options;
	struct err e;

	(void)state;
	o.cgroup_manager = CGROUP_MANAGER_CGROUPFS;
	spec.linux_.namespaces[NS_CGROUP].wanted = true; /* else the hierarchy of this machine is looked for */
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		auto_plan struct plan p = { 0 };

		spec.linux_.cgroups_path = (char *)rules[i].spec;
		o.cgroup_path = rules[i].option;
		int r = plan_make(&spec, &o, &p, &e);

		if (!rules[i].want) {
			assert_true(r < 0);
			assert_non_null(strstr(e.text, "linux.cgroupsPath"));
			continue;
		}
		assert_int_equal(r, 0);
		assert_string_equal(p.cgroup_path, rules[i].want);
	}
	spec.linux_.cgroups_path = NULL;
}

static const struct spec_device *device_at(const struct plan *p, const char *path)
{
	const struct spec_device *found = NULL;

	for (size_t i = 0; i < p->devices.n; i++)
		if (strcmp(p->devices.v[i].path, path) == 0) {
			assert_null(found);
			found = &p->devices.v[i];
		}
	return found;
}

static void test_devices(void **state)
{
	auto_spec struct spec spec = decode("runc.json");
	auto_plan struct plan p = { 0 }, merged = { 0 };
	struct spec_device own[] = {
		{ .path = (char *)"/dev/null", .type = 'c', .major = { true, 1 }, .minor = { true, 7 } },
		{ .path = (char *)"/dev/fuse", .type = 'c', .major = { true, 10 }, .minor = { true, 229 } },
	};
	struct err e;

	(void)state;
	OK(plan_make(&spec, &options, &p, &e));
	assert_int_equal(p.devices.n, 6);
	assert_int_equal(device_at(&p, "/dev/null")->minor.v, 3);
	spec.linux_.devices = (struct spec_devices){ .v = own, .n = ARRAY_SIZE(own) };
	OK(plan_make(&spec, &options, &merged, &e));
	assert_int_equal(merged.devices.n, 7);
	assert_int_equal(device_at(&merged, "/dev/null")->minor.v, 7);
	assert_int_equal(device_at(&merged, "/dev/fuse")->minor.v, 229);
	assert_int_equal(device_at(&merged, "/dev/zero")->minor.v, 5);
}

static void test_mounts_and_root(void **state)
{
	auto_spec struct spec spec = decode("runc.json"), podman = decode("podman.json");
	auto_plan struct plan p = { 0 }, q = { 0 };
	struct err e;

	(void)state;
	OK(plan_make(&spec, &options, &p, &e));
	assert_string_equal(p.rootfs.path, "/b/rootfs");
	assert_true(p.rootfs.readonly && p.rootfs.kind == ROOTFS_FOLDER && !p.rootfs.userns);
	assert_int_equal(p.mounts.n, spec.mounts.n);
	assert_true(p.dev_index >= 0);
	assert_string_equal(p.mounts.v[p.dev_index].target, "/dev");
	assert_int_equal(p.mounts.v[p.dev_index].how, MOUNT_DEV);
	assert_true(p.mount_context.net_owned && p.mount_context.pid_owned && !p.mount_context.private_userns);
	OK(plan_make(&podman, &options, &q, &e));
	assert_string_equal(q.rootfs.path, podman.root.path);
	/* a user namespace that owns neither */
	auto_spec struct spec rootless = decode("runc-rootless.json");
	auto_plan struct plan r = { 0 };

	OK(plan_make(&rootless, &options, &r, &e));
	assert_true(r.mount_context.private_userns && !r.mount_context.net_owned && r.mount_context.pid_owned);
	assert_true(r.rootfs.userns);
	/* a rootfs of the caller's stands instead */
	const struct rootfs_plan own = { .kind = ROOTFS_HOST, .path = "/else", .layers_tree = -1, .container_tree = -1 };
	struct plan_options o = options;
	auto_plan struct plan s = { 0 };

	o.rootfs = &own;
	OK(plan_make(&spec, &o, &s, &e));
	assert_true(s.rootfs.kind == ROOTFS_HOST && s.rootfs.readonly);
	assert_string_equal(s.rootfs.path, "/else");
}

static void test_hooks_give_the_parent_work(void **state)
{
	struct spec_hook hook = { .path = (char *)"/bin/true" };

	(void)state;
	for (size_t k = 0; k < HOOK_COUNT; k++) {
		auto_spec struct spec spec = decode("runc.json");
		auto_plan struct plan p = { 0 };
		struct err e;

		spec.hooks[k] = (struct spec_hook_list){ .v = &hook, .n = 1 };
		OK(plan_make(&spec, &options, &p, &e));
		assert_int_equal(p.parent_works, k == HOOK_PRESTART || k == HOOK_CREATE_RUNTIME || k == HOOK_CREATE_CONTAINER);
	}
}

static void test_filter(void **state)
{
	auto_spec struct spec spec = decode("runc.json");
	auto_plan struct plan p = { 0 }, q = { 0 };
	struct plan_options o = options;
	struct err e;

	(void)state;
	o.seccomp = SECCOMP_TIGHT;
	OK(plan_make(&spec, &o, &p, &e));
	assert_true(p.seccomp.n > 0 && !p.early_filter);
	spec.process.no_new_privileges = false; /* then it must go in while CAP_SYS_ADMIN is there */
	OK(plan_make(&spec, &o, &q, &e));
	assert_true(q.seccomp.n > 0 && q.early_filter);
}

/* ---- what is refused, each alone ---- */

static void no_mount_namespace(struct spec *s)
{
	s->linux_.namespaces[NS_MOUNT].wanted = false;
}

static void joined_mount_namespace(struct spec *s)
{
	s->linux_.namespaces[NS_MOUNT].path = (char *)"/no/such/namespace";
}

static void own_mount_namespace(struct spec *s)
{
	s->linux_.namespaces[NS_MOUNT].path = (char *)"/proc/self/ns/mnt";
}

static void new_userns_alone(struct spec *s)
{
	s->linux_.namespaces[NS_USER].wanted = true;
	no_mount_namespace(s);
}

static void new_userns_in_joined(struct spec *s)
{
	s->linux_.namespaces[NS_USER].wanted = true;
	joined_mount_namespace(s);
}

static void mount_on_callers_root(struct spec *s)
{
	no_mount_namespace(s);
	s->mounts.v[1].destination = (char *)"/";
}

static void unchanged(struct spec *s)
{
	(void)s;
}

static void new_userns(struct spec *s)
{
	s->linux_.namespaces[NS_USER].wanted = true;
}

static void shared_root(struct spec *s)
{
	s->linux_.rootfs_propagation = PROPAGATION_SHARED;
}

/* Where the root is built, and who opens the sources of binds. */
static void test_mount_namespaces(void **state)
{
	static const struct {
		void (*change)(struct spec *s);
		enum rootfs_where where;
		bool in_order;
	} cases[] = {
		{ unchanged, ROOTFS_IN_NEW, true },
		{ new_userns, ROOTFS_IN_NEW, false },
		{ shared_root, ROOTFS_IN_NEW, false },
		{ no_mount_namespace, ROOTFS_IN_CALLERS, true },
		{ own_mount_namespace, ROOTFS_IN_CALLERS, true },
		{ joined_mount_namespace, ROOTFS_IN_JOINED, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		auto_spec struct spec spec = decode("runc.json");
		auto_plan struct plan p = { 0 };
		struct err e;

		cases[i].change(&spec);
		OK(plan_make(&spec, &options, &p, &e));
		assert_int_equal(p.rootfs.where, cases[i].where);
		assert_int_equal(p.mount_context.in_order, cases[i].in_order);
		assert_int_equal(!!(p.clone_flags & CLONE_NEWNS), cases[i].where == ROOTFS_IN_NEW);
	}
}

/* Only where a source that init opens is to be seen through a map is the parent asked while init mounts. */
static void test_mapped_mounts_give_the_parent_work(void **state)
{
	static char *words[] = { (char *)"bind", (char *)"idmap" };
	static const struct {
		const char *source;
		size_t n_words;
		bool works;
	} cases[] = {
		{ "/b/rootfs/mnt/x", ARRAY_SIZE(words), true },
		{ "/b/rootfs/mnt/x", 1, false },
		{ "/elsewhere", ARRAY_SIZE(words), false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spec_mount mounts[] = {
			{ .destination = (char *)"/mnt", .source = (char *)"/src", .options = { .v = words, .n = 1 } },
			{ .destination = (char *)"/m",
			  .source = (char *)cases[i].source,
			  .options = { .v = words, .n = cases[i].n_words } },
		};
		auto_spec struct spec spec = decode("runc.json");
		auto_plan struct plan p = { 0 };
		struct err e;

		new_userns(&spec);
		spec.mounts = (struct spec_mounts){ mounts, ARRAY_SIZE(mounts) };
		OK(plan_make(&spec, &options, &p, &e));
		assert_int_equal(p.parent_works, cases[i].works);
	}
}

static void maps_without_userns(struct spec *s)
{
	static struct spec_id_map map = { 0, 100000, 65536 };

	s->linux_.uid_mappings = (struct spec_id_maps){ .v = &map, .n = 1 };
}

static void overlapping_maps(struct spec *s)
{
	static struct spec_id_map maps[] = { { 0, 100000, 65536 }, { 1, 300000, 1 } };

	s->linux_.namespaces[NS_USER].wanted = true;
	s->linux_.uid_mappings = s->linux_.gid_mappings = (struct spec_id_maps){ .v = maps, .n = 2 };
}

static void unmapped_user(struct spec *s)
{
	static struct spec_id_map map = { 0, 100000, 10 };

	s->linux_.namespaces[NS_USER].wanted = true;
	s->linux_.uid_mappings = s->linux_.gid_mappings = (struct spec_id_maps){ .v = &map, .n = 1 };
	s->process.user.uid = 10;
}

static void no_root(struct spec *s)
{
	s->root.path = NULL;
}

static void no_process(struct spec *s)
{
	s->process.given = false;
}

static void no_args(struct spec *s)
{
	s->process.args.n = 0;
}

static void offsets_without_time(struct spec *s)
{
	s->linux_.boottime = (struct spec_time_offset){ .set = true, .secs = 1 };
}

static void offsets_of_another(struct spec *s)
{
	offsets_without_time(s);
	s->linux_.namespaces[NS_TIME] = (struct spec_namespace){ true, (char *)"/proc/1/ns/time" };
}

static void no_cpus(struct spec *s)
{
	s->process.exec_cpu_affinity.final = (char *)"0-";
}

static void too_many_cpus(struct spec *s)
{
	s->process.exec_cpu_affinity.initial = (char *)"0,8192";
}

static void memory_of_nowhere(struct spec *s)
{
	s->linux_.memory_policy = (struct spec_memory_policy){ .given = true, .mode = MPOL_BIND };
}

static void memory_of_too_much(struct spec *s)
{
	s->linux_.memory_policy = (struct spec_memory_policy){ .given = true, .mode = MPOL_LOCAL, .nodes = (char *)"0" };
}

static void memory_flag(struct spec *s)
{
	static char *flags[] = { (char *)"MPOL_F_STATIC_NODES", (char *)"MPOL_F_OTHER" };

	s->linux_.memory_policy = (struct spec_memory_policy){
		.given = true, .mode = MPOL_INTERLEAVE, .nodes = (char *)"0", .flags = { .v = flags, .n = 2 }
	};
}

static void device_of_the_host(struct spec *s)
{
	static struct spec_net_device device = { .host_name = (char *)"eth9" };

	s->linux_.net_devices = (struct spec_net_devices){ .v = &device, .n = 1 };
	s->linux_.namespaces[NS_NET].wanted = false;
}

static void odd_device(struct spec *s)
{
	static struct spec_net_device device = { .host_name = (char *)"a/b" };

	s->linux_.net_devices = (struct spec_net_devices){ .v = &device, .n = 1 };
}

static void odd_device_name(struct spec *s)
{
	static struct spec_net_device device = { .host_name = (char *)"eth9", .name = (char *)"sixteen-letters-" };

	s->linux_.net_devices = (struct spec_net_devices){ .v = &device, .n = 1 };
}

static void host_sysctl(struct spec *s)
{
	static struct spec_pair pair = { (char *)"kernel.core_pattern", (char *)"|/evil" };

	s->linux_.sysctl = (struct spec_map){ .v = &pair, .n = 1 };
}

static void walking_sysctl(struct spec *s)
{
	static struct spec_pair pair = { (char *)"net.ipv4/../kernel/core_pattern", (char *)"x" };

	s->linux_.sysctl = (struct spec_map){ .v = &pair, .n = 1 };
}

static void mount_on_root(struct spec *s)
{
	s->mounts.v[0].destination = (char *)"/";
}

static void mount_in_proc(struct spec *s)
{
	s->mounts.v[1].destination = (char *)"/proc/self/attr";
}

static void listener(struct spec *s)
{
	static const char text[] = "{\"defaultAction\":\"SCMP_ACT_ALLOW\","
				   "\"syscalls\":[{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}";
	struct err e;

	OK(spec_decode_seccomp(text, strlen(text), &s->arena, &s->linux_.seccomp, &e));
	s->linux_.seccomp.given = true;
}

static const struct {
	void (*spoil)(struct spec *s);
	const char *says;
} refused[] = {
	{ new_userns_alone, "mount namespace" },
	{ new_userns_in_joined, "mount namespace" },
	{ mount_on_callers_root, "mounts[1] (/): it needs a mount namespace" },
	{ maps_without_userns, "user namespace" },
	{ overlapping_maps, "linux.uidMappings" },
	{ unmapped_user, "process.user.uid" },
	{ no_root, "root" },
	{ no_process, "process" },
	{ no_args, "process.args" },
	{ offsets_without_time, "linux.timeOffsets" },
	{ offsets_of_another, "linux.timeOffsets" },
	{ no_cpus, "process.execCPUAffinity.final" },
	{ too_many_cpus, "process.execCPUAffinity.initial" },
	{ memory_of_nowhere, "requires at least one node" },
	{ memory_of_too_much, "requires 0 nodes" },
	{ memory_flag, "invalid memory policy flag \"MPOL_F_OTHER\"" },
	{ device_of_the_host, "without a network namespace" },
	{ odd_device, "linux.netDevices" },
	{ odd_device_name, "linux.netDevices" },
	{ host_sysctl, "linux.sysctl" },
	{ walking_sysctl, "linux.sysctl" },
	{ mount_on_root, "mounts[0]" },
	{ mount_in_proc, "mounts[1]" },
	{ listener, "linux.seccomp.listenerPath" },
};

static void test_refused(void **state)
{
	unsigned before = open_fds();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		auto_spec struct spec spec = decode("runc.json");
		struct plan p = { 0 };
		struct err e;

		refused[i].spoil(&spec);
		if (plan_make(&spec, &options, &p, &e) >= 0)
			fail_msg("%s: was taken", refused[i].says);
		if (!strstr(e.text, refused[i].says))
			fail_msg("%s: says \"%s\"", refused[i].says, e.text);
	}
	assert_int_equal(open_fds(), before);
}

/* A namespace file that is none, or of another kind, is refused when it is opened; nothing stays open then. */
static void test_joins(void **state)
{
	static const char *const bad[] = { "/no/such", "/dev/null", "/proc/self/ns/uts", "/etc/passwd" };
	unsigned before = open_fds();
	struct err e;

	(void)state;
	needs_root_user();
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		auto_spec struct spec spec = decode("runc.json");
		struct plan p = { 0 };

		spec.linux_.namespaces[NS_NET].path = (char *)bad[i];
		OK(plan_make(&spec, &options, &p, &e));
		assert_true(plan_open(&p, &e) < 0);
		assert_non_null(strstr(e.text, "join the network namespace"));
		plan_free(&p);
	}
	assert_int_equal(open_fds(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_namespaces),     cmocka_unit_test(test_cgroup_namespace_is_late),
		cmocka_unit_test(test_cgroup_path),    cmocka_unit_test(test_devices),
		cmocka_unit_test(test_mounts_and_root), cmocka_unit_test(test_hooks_give_the_parent_work),
		cmocka_unit_test(test_filter),	       cmocka_unit_test(test_refused),
		cmocka_unit_test(test_joins),	       cmocka_unit_test(test_mount_namespaces),
		cmocka_unit_test(test_mapped_mounts_give_the_parent_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
