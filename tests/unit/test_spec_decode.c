// SPDX-License-Identifier: Apache-2.0
/* test_spec_decode.c: config.json to structs and back; each error with its words. Runs from the top of the tree. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/file.h"
#include "spec/decode.h"
#include "spec/names.h"
#include "spec/text.h"

/* clang-format off */
/* Each goes into a configuration that is right but for it. */
#define TOP(members)	   "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"r\"}," members "}"
#define PROCESS(members)   TOP("\"process\":{\"cwd\":\"/\",\"args\":[\"a\"]," members "}")
#define LINUX(members)	   TOP("\"linux\":{" members "}")
#define RESOURCES(members) LINUX("\"resources\":{" members "}")
#define SECCOMP(members)   LINUX("\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\"," members "}")
#define RULE(members)	   SECCOMP("\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_LOG\"," members "}]")

static const struct {
	const char *text, *message;
} bad[] = {
	/* the text itself */
	{ "", "line 1, column 0: unexpected token near end of file" },
	{ "{", "line 1, column 1: string or '}' expected near end of file" },
	{ "{}x", "line 1, column 3: end of file expected near 'x'" },
	{ "{} {}", "line 1, column 4: end of file expected near '{'" },
	{ "{\n\"a\":1,\n\"a\":2}", "line 3, column 3: duplicate object key near '\"a\"'" },
	{ "{\"x\":{\"a\":1,\"a\":1}}", "line 1, column 15: duplicate object key near '\"a\"'" },
	{ "{\"a\":18446744073709551616}", "line 1, column 25: too big integer near '18446744073709551616'" },
	{ "{\"a\":-9223372036854775809}", "line 1, column 25: too big negative integer near '-9223372036854775809'" },
	{ "{\"a\":18446744073709551615,\n}", "line 2: string or '}' expected near '}'" },
	{ "{18446744073709551615:1}", "line 1: NUL byte in object key not supported" },
	{ "{\"a\":\n\"x\\u0000y\"}", "line 2: a string has a zero byte (\\u0000) in it" },
	{ "{\"a\":\"\xff\"}", "line 1, column 6: unable to decode byte 0xff near '\"'" },
	{ "{\"a\":01}", "line 1, column 6: invalid token near '0'" },
	{ "{'a':1}", "line 1, column 2: string or '}' expected near '''" },
	{ "[]", "expected an object, found a list" },
	{ "3", "expected an object, found an integer" },
	{ "18446744073709551615", "expected an object, found an integer" },
	{ "null", "expected an object, found null" },
	/* the top */
	{ "{}", "ociVersion: missing" },
	{ "{\"ociVersion\":null}", "ociVersion: missing" },
	{ "{\"ociVersion\":1}", "ociVersion: expected a string, found an integer" },
	{ "{\"ociVersion\":\"2.0.0\"}", "ociVersion: \"2.0.0\" is not a version 1.x.y of the runtime specification" },
	{ "{\"ociVersion\":\"1.0\"}", "ociVersion: \"1.0\" is not a version 1.x.y of the runtime specification" },
	{ "{\"ociVersion\":\"1.0.0x\"}", "ociVersion: \"1.0.0x\" is not a version 1.x.y of the runtime specification" },
	{ "{\"ociVersion\":\"1..0\"}", "ociVersion: \"1..0\" is not a version 1.x.y of the runtime specification" },
	{ "{\"ociVersion\":\"1.0.2\"}", "root: missing" },
	{ "{\"ociVersion\":\"1.0.2\",\"root\":{}}", "root.path: missing" },
	{ "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"\"}}", "root.path: is empty" },
	{ "{\"ociVersion\":\"1.0.2\",\"root\":[]}", "root: expected an object, found a list" },
	{ TOP("\"root2\":0,\"hostname\":[]"), "hostname: expected a string, found a list" },
	{ TOP("\"hostname\":18446744073709551615"), "hostname: expected a string, found an integer" },
	{ TOP("\"mounts\":{}"), "mounts: expected a list, found an object" },
	{ TOP("\"mounts\":[{\"destination\":\"/a\"},3]"), "mounts[1]: expected an object, found an integer" },
	{ TOP("\"mounts\":[{\"type\":\"bind\"}]"), "mounts[0].destination: missing" },
	{ TOP("\"mounts\":[{\"destination\":\"\"}]"), "mounts[0].destination: is empty" },
	{ TOP("\"mounts\":[{\"destination\":\"/a\",\"options\":[\"ro\",null]}]"),
	  "mounts[0].options[1]: expected a string, found null" },
	{ TOP("\"mounts\":[{\"destination\":\"/a\",\"uidMappings\":[{\"containerID\":0,\"hostID\":-1,\"size\":1}]}]"),
	  "mounts[0].uidMappings[0].hostID: -1 is below 0" },
	{ TOP("\"annotations\":{\"a.b\":1}"), "annotations.a.b: expected a string, found an integer" },
	{ TOP("\"annotations\":{\"a\":null}"), "annotations.a: expected a string, found null" },
	{ TOP("\"annotations\":[]"), "annotations: expected an object, found a list" },
	{ TOP("\"hooks\":{\"poststop\":[{\"args\":[]}]}"), "hooks.poststop[0].path: missing" },
	{ TOP("\"hooks\":{\"poststop\":[{\"path\":\"true\"}]}"), "hooks.poststop[0].path: \"true\" is not an absolute path" },
	{ TOP("\"hooks\":{\"prestart\":[{\"path\":\"/a\",\"timeout\":0}]}"), "hooks.prestart[0].timeout: 0 is below 1" },
	/* process */
	{ TOP("\"process\":{\"args\":[\"a\"]}"), "process.cwd: missing" },
	{ TOP("\"process\":{\"args\":[\"a\"],\"cwd\":\"tmp\"}"), "process.cwd: \"tmp\" is not an absolute path" },
	{ TOP("\"process\":{\"cwd\":\"/\"}"), "process.args: missing" },
	{ TOP("\"process\":{\"cwd\":\"/\",\"args\":[]}"), "process.args: is empty" },
	{ TOP("\"process\":{\"cwd\":\"/\",\"args\":\"sh\"}"), "process.args: expected a list, found a string" },
	{ PROCESS("\"terminal\":1"), "process.terminal: expected true or false, found an integer" },
	{ PROCESS("\"consoleSize\":{\"height\":1}"), "process.consoleSize.width: missing" },
	{ PROCESS("\"consoleSize\":{\"height\":65536,\"width\":1}"), "process.consoleSize.height: 65536 is above 65535" },
	{ PROCESS("\"user\":{\"uid\":\"0\"}"), "process.user.uid: expected an integer, found a string" },
	{ PROCESS("\"user\":{\"uid\":0,\"gid\":-1}"), "process.user.gid: -1 is below 0" },
	{ PROCESS("\"user\":{\"uid\":4294967295}"), "process.user.uid: 4294967295 is above 4294967294" },
	{ PROCESS("\"user\":{\"uid\":1.0}"),
	  "process.user.uid: expected an integer, found a number with a fraction or an exponent" },
	{ PROCESS("\"user\":{\"uid\":1e3}"),
	  "process.user.uid: expected an integer, found a number with a fraction or an exponent" },
	{ PROCESS("\"user\":{\"uid\":true}"), "process.user.uid: expected an integer, found true" },
	{ PROCESS("\"user\":{\"uid\":0,\"gid\":0,\"additionalGids\":[1,-1]}"), "process.user.additionalGids[1]: -1 is below 0" },
	{ PROCESS("\"capabilities\":{\"bounding\":\"ALL\"}"), "process.capabilities.bounding: expected a list, found a string" },
	{ PROCESS("\"rlimits\":[{\"type\":\"RLIMIT_X\",\"soft\":0,\"hard\":0}]"),
	  "process.rlimits[0].type: \"RLIMIT_X\" is not known here" },
	{ PROCESS("\"rlimits\":[{\"type\":\"RLIMIT_AS\",\"soft\":0}]"), "process.rlimits[0].hard: missing" },
	{ PROCESS("\"rlimits\":[{\"type\":\"RLIMIT_AS\",\"soft\":-1,\"hard\":0}]"), "process.rlimits[0].soft: -1 is below 0" },
	{ PROCESS("\"rlimits\":[{\"type\":\"RLIMIT_AS\",\"soft\":1,\"hard\":1},{\"type\":\"RLIMIT_AS\",\"soft\":1,\"hard\":1}]"),
	  "process.rlimits: RLIMIT_AS is listed twice" },
	{ PROCESS("\"oomScoreAdj\":1001"), "process.oomScoreAdj: 1001 is above 1000" },
	{ PROCESS("\"oomScoreAdj\":-1001"), "process.oomScoreAdj: -1001 is below -1000" },
	{ PROCESS("\"scheduler\":{}"), "process.scheduler.policy: missing" },
	{ PROCESS("\"scheduler\":{\"policy\":\"SCHED_X\"}"), "process.scheduler.policy: \"SCHED_X\" is not known here" },
	{ PROCESS("\"scheduler\":{\"policy\":\"SCHED_RR\",\"nice\":20}"), "process.scheduler.nice: 20 is above 19" },
	{ PROCESS("\"scheduler\":{\"policy\":\"SCHED_RR\",\"flags\":[\"X\"]}"), "process.scheduler.flags: \"X\" is not known here" },
	{ PROCESS("\"ioPriority\":{\"class\":\"IOPRIO_CLASS_NONE\"}"),
	  "process.ioPriority.class: \"IOPRIO_CLASS_NONE\" is not known here" },
	{ PROCESS("\"ioPriority\":{\"class\":\"IOPRIO_CLASS_RT\",\"priority\":8}"), "process.ioPriority.priority: 8 is above 7" },
	/* linux */
	{ LINUX("\"uidMappings\":[{\"containerID\":0,\"hostID\":4294967296,\"size\":1}]"),
	  "linux.uidMappings[0].hostID: 4294967296 is above 4294967295" },
	{ LINUX("\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"net\"}]"), "linux.namespaces[1].type: \"net\" is not known here" },
	{ LINUX("\"sysctl\":{},\"Sysctl\":{}"), "linux: \"sysctl\" stands there twice, in different cases" },
	{ LINUX("\"SysCtl\":{},\"SYSCTL\":{}"), "linux: \"sysctl\" stands there twice, in different cases" },
	{ LINUX("\"NAMESPACES\":[{\"Type\":null}]"), "linux.namespaces[0].type: missing" },
	{ LINUX("\"resources\":{\"HugepageLimits\":[{\"limit\":1,\"pagesize\":1}]}"),
	  "linux.resources.hugepageLimits[0].pageSize: expected a string, found an integer" },
	{ LINUX("\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"pid\"}]"), "linux.namespaces: \"pid\" is listed twice" },
	{ LINUX("\"namespaces\":[{\"type\":\"pid\",\"path\":\"ns\"}]"), "linux.namespaces: \"ns\" is not an absolute path" },
	{ LINUX("\"timeOffsets\":{\"boottime\":{\"nanosecs\":1000000000}}"),
	  "linux.timeOffsets.boottime.nanosecs: 1000000000 is above 999999999" },
	{ LINUX("\"devices\":[{\"path\":\"/dev/a\"}]"), "linux.devices[0].type: missing" },
	{ LINUX("\"devices\":[{\"path\":\"/dev/a\",\"type\":\"x\"}]"), "linux.devices[0].type: \"x\" is not known here" },
	{ LINUX("\"devices\":[{\"path\":\"a\",\"type\":\"c\"}]"), "linux.devices[0].path: \"a\" is not an absolute path" },
	{ LINUX("\"devices\":[{\"path\":\"/a\",\"type\":\"c\",\"major\":1}]"), "linux.devices: \"/a\" needs both major and minor" },
	{ LINUX("\"netDevices\":{\"eth0\":\"a\"}"), "linux.netDevices.eth0: expected an object, found a string" },
	{ LINUX("\"sysctl\":{\"net.ipv4.ip_forward\":1}"), "linux.sysctl.net.ipv4.ip_forward: expected a string, found an integer" },
	{ LINUX("\"rootfsPropagation\":\"on\""), "linux.rootfsPropagation: \"on\" is not known here" },
	{ LINUX("\"personality\":{}"), "linux.personality.domain: missing" },
	{ LINUX("\"personality\":{\"domain\":\"BSD\"}"), "linux.personality.domain: \"BSD\" is not known here" },
	{ LINUX("\"memoryPolicy\":{\"mode\":\"X\"}"), "linux.memoryPolicy.mode: invalid memory policy mode \"X\"" },
	{ LINUX("\"memoryPolicy\":{}"), "linux.memoryPolicy: invalid memory policy mode: missing" },
	{ LINUX("\"memoryPolicy\":{\"nodes\":\"0\"}"), "linux.memoryPolicy: invalid memory policy mode: missing" },
	/* resources */
	{ RESOURCES("\"memory\":{\"limit\":\"1g\"}"), "linux.resources.memory.limit: expected an integer, found a string" },
	{ RESOURCES("\"memory\":{\"limit\":9223372036854775808}"),
	  "linux.resources.memory.limit: 9223372036854775808 is above 9223372036854775807" },
	{ RESOURCES("\"cpu\":{\"shares\":-1}"), "linux.resources.cpu.shares: -1 is below 0" },
	{ RESOURCES("\"pids\":{\"limit\":[]}"), "linux.resources.pids.limit: expected an integer, found a list" },
	{ RESOURCES("\"devices\":[{}]"), "linux.resources.devices[0].allow: missing" },
	{ RESOURCES("\"devices\":[{\"allow\":true,\"access\":\"rx\"}]"),
	  "linux.resources.devices[0].access: \"rx\" has letters other than r, w and m" },
	{ RESOURCES("\"devices\":[{\"allow\":true,\"type\":\"p\"}]"), "linux.resources.devices[0].type: \"p\" is not known here" },
	{ RESOURCES("\"blockIO\":{\"weight\":65536}"), "linux.resources.blockIO.weight: 65536 is above 65535" },
	{ RESOURCES("\"blockIO\":{\"throttleReadIOPSDevice\":[{\"major\":8}]}"),
	  "linux.resources.blockIO.throttleReadIOPSDevice[0].minor: missing" },
	{ RESOURCES("\"hugepageLimits\":[{\"pageSize\":\"../x\",\"limit\":1}]"),
	  "linux.resources.hugepageLimits[0].pageSize: \"../x\" is not a size such as 2MB" },
	{ RESOURCES("\"hugepageLimits\":[{\"pageSize\":\"2\",\"limit\":1}]"),
	  "linux.resources.hugepageLimits[0].pageSize: \"2\" is not a size such as 2MB" },
	{ RESOURCES("\"rdma\":{\"mlx5_1\":{\"hcaHandles\":-1}}"), "linux.resources.rdma.mlx5_1.hcaHandles: -1 is below 0" },
	{ RESOURCES("\"unified\":{\"memory.high\":1}"), "linux.resources.unified.memory.high: expected a string, found an integer" },
	/* seccomp */
	{ LINUX("\"seccomp\":{}"), "linux.seccomp.defaultAction: missing" },
	{ LINUX("\"seccomp\":{\"defaultAction\":\"DENY\"}"), "linux.seccomp.defaultAction: \"DENY\" is not known here" },
	{ SECCOMP("\"syscalls\":[{\"names\":[],\"action\":\"SCMP_ACT_LOG\"}]"), "linux.seccomp.syscalls[0].names: is empty" },
	{ SECCOMP("\"archMap\":[{\"architecture\":\"SCMP_ARCH_X86_64\"}]"),
	  "linux.seccomp.archMap: conditions of docker's profiles are not supported; write the rules as in linux.seccomp" },
	{ RULE("\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}"),
	  "linux.seccomp.syscalls[0].includes: conditions of docker's profiles are not supported; "
	  "write the rules as in linux.seccomp" },
	{ RULE("\"args\":[{\"index\":6,\"value\":0,\"op\":\"SCMP_CMP_EQ\"}]"),
	  "linux.seccomp.syscalls[0].args[0].index: 6 is above 5" },
	{ RULE("\"args\":[{\"index\":0,\"value\":0}]"), "linux.seccomp.syscalls[0].args[0].op: missing" },
};
/* clang-format on */

static void each_error_has_its_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char expected[ERR_TEXT_MAX];
		struct spec s = { .hostname = (char *)"not touched" };
		struct err e = { 0 };

		snprintf(expected, sizeof(expected), "config.json: %s", bad[i].message);
		int r = spec_decode(bad[i].text, strlen(bad[i].text), &s, &e);

		if (r == 0)
			printf("accepted: %s\n", bad[i].text);
		assert_int_equal(r, -EINVAL);
		assert_int_equal(e.code, EINVAL);
		assert_string_equal(e.text, expected);
		assert_memory_equal(&s, &(struct spec){ 0 }, sizeof(s));
	}
}

static void parse(const char *text, struct spec *ret)
{
	struct err e;

	if (spec_decode(text, strlen(text), ret, &e) < 0)
		fail_msg("%s", e.text);
}

static char *read_spec(const char *name, size_t *ret_len)
{
	char path[256], *text;
	struct err e;

	snprintf(path, sizeof(path), "tests/data/specs/%s", name);
	if (file_read(AT_FDCWD, path, SPEC_MAX_BYTES, &text, ret_len, &e) < 0)
		fail_msg("%s (run from the top of the tree)", e.text);
	return text;
}

static char *encode(const struct spec *s)
{
	struct err e;
	char *text;

	if (spec_encode(s, &text, &e) < 0)
		fail_msg("%s", e.text);
	return text;
}

/* Every row of every table: what full.json says comes back as it was. */
static void a_full_config_comes_back(void **state)
{
	size_t len;
	auto_free char *text = read_spec("full.json", &len);
	auto_spec struct spec s = { 0 };
	struct err e;
	json_auto_t *before = NULL, *after = NULL;

	(void)state;
	parse(text, &s);
	auto_free char *again = encode(&s);

	assert_int_equal(json_from_text(text, len, &before, &e), 0);
	assert_int_equal(json_from_text(again, strlen(again), &after, &e), 0);
	assert_true(json_equal(before, after));
}

static void what_is_encoded_decodes_the_same(void **state)
{
	static const char *const names[] = { "runc.json", "runc-rootless.json", "crun.json", "podman.json",
					     "full.json" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		size_t len;
		auto_free char *text = read_spec(names[i], &len);
		auto_spec struct spec one = { 0 }, two = { 0 };

		parse(text, &one);
		auto_free char *first = encode(&one);

		parse(first, &two);
		auto_free char *second = encode(&two);

		assert_string_equal(first, second);
	}
}

static void values_land_in_their_fields(void **state)
{
	size_t len;
	auto_free char *text = read_spec("full.json", &len);
	auto_spec struct spec s = { 0 };

	(void)state;
	parse(text, &s);
	const struct spec_process *p = &s.process;
	const struct spec_linux *l = &s.linux_;

	assert_true(p->given && p->terminal && p->no_new_privileges && s.root.readonly);
	assert_string_equal(p->env.v[2], "UTF8=ä€𝄞");
	assert_null(p->env.v[3]);
	assert_string_equal(p->args.v[2], "echo \"\\\\u0000 \\\" /\"");
	assert_int_equal(p->user.gid, 4294967294);
	assert_int_equal(p->user.umask.v, 022);
	assert_int_equal(p->user.additional_gids.v[1], 6);
	assert_int_equal(p->capabilities.bounding.v, BIT64(0) | BIT64(5) | BIT64(40));
	assert_true(p->capabilities.inheritable.set);
	assert_int_equal(p->capabilities.inheritable.v, 0);
	assert_string_equal(p->capabilities.unknown.v[0], "CAP_FUTURE");
	assert_int_equal(p->rlimits.v[0].resource, 7);
	assert_true(p->rlimits.v[0].hard == UINT64_MAX);
	assert_true(p->rlimits.v[1].hard == INT64_MAX);
	assert_true(p->rlimits.v[2].soft == (uint64_t)INT64_MAX + 1);
	assert_true(p->rlimits.v[2].hard == UINT64_MAX - 1);
	assert_int_equal(p->scheduler.policy, 6);
	assert_int_equal(p->scheduler.flags, 0x41);
	assert_int_equal(p->scheduler.nice, -20);
	assert_int_equal(p->io_priority.class, 2);
	assert_int_equal(s.hooks[HOOK_POSTSTOP].n, 2);
	assert_string_equal(s.hooks[HOOK_CREATE_CONTAINER].v[0].path, "/usr/bin/createContainer");
	assert_true(l->namespaces[NS_TIME].wanted && !l->namespaces[NS_TIME].path);
	assert_string_equal(l->namespaces[NS_NET].path, "/run/netns/a");
	assert_int_equal(l->monotonic.secs, -172800);
	assert_int_equal(l->boottime.nanosecs, 999999999);
	assert_int_equal(l->devices.v[2].type, 'p');
	assert_string_equal(l->net_devices.v[0].host_name, "eth0");
	assert_string_equal(l->net_devices.v[0].name, "ctr0");
	assert_null(l->net_devices.v[1].name);
	const struct spec_resources *r = &l->resources;

	assert_true(r->devices.v[1].read && r->devices.v[1].write && !r->devices.v[1].mknod);
	assert_int_equal(r->devices.v[1].minor.v, -1);
	assert_int_equal(r->memory.reservation_bytes.v, -1);
	assert_true(r->memory.disable_oom_killer.set && !r->memory.disable_oom_killer.v);
	assert_true(r->memory.swappiness.v == UINT64_MAX);
	assert_int_equal(r->pids_limit.v, -1);
	assert_int_equal(r->block_io.n_weight_devices, 2);
	assert_int_equal(r->block_io.throttle[THROTTLE_WRITE_IOPS].v[0].rate, 4);
	assert_string_equal(r->rdma.v[0].device, "mlx5_1");
	assert_string_equal(r->unified.v[0].key, "memory.high");
	assert_int_equal(l->seccomp.default_action, ACT_ERRNO);
	assert_int_equal(l->seccomp.rules[1].args[0].op, OP_MASKED_EQ);
	assert_true(l->seccomp.rules[2].args[0].value == UINT64_MAX);
	assert_int_equal(l->seccomp.rules[2].action, ACT_KILL);
	assert_int_equal(l->rootfs_propagation, PROPAGATION_SLAVE);
	assert_int_equal(l->personality.domain, 8);
	assert_int_equal(l->memory_policy.mode, 3);
}

/* What programs write that the specification does not say. */
static void dialects_are_understood(void **state)
{
	auto_spec struct spec nulls = { 0 }, empty = { 0 }, rules = { 0 }, runc = { 0 };

	(void)state;
	/* Go: null for a nil slice, map or pointer */
	parse(TOP("\"hostname\":null,\"mounts\":null,\"hooks\":{\"prestart\":null},\"process\":null,\"linux\":{\"sysctl\":null,"
		  "\"resources\":null,\"namespaces\":null}"),
	      &nulls);
	assert_false(nulls.process.given || nulls.linux_.resources.given);
	/* "" for what is not given */
	parse(LINUX("\"cgroupsPath\":\"\",\"mountLabel\":\"\",\"rootfsPropagation\":\"\","
		    "\"namespaces\":[{\"type\":\"uts\",\"path\":\"\"}],\"seccomp\":null"),
	      &empty);
	assert_null(empty.linux_.cgroups_path);
	assert_null(empty.linux_.namespaces[NS_UTS].path);
	assert_true(empty.linux_.namespaces[NS_UTS].wanted);
	assert_int_equal(empty.linux_.rootfs_propagation, PROPAGATION_NONE);
	assert_false(empty.linux_.memory_policy.given);
	/* podman leaves out the type of a rule, others its access */
	parse(RESOURCES("\"devices\":[{\"allow\":false,\"access\":\"rwm\"},{\"allow\":true,\"type\":\"c\"},"
			"{\"allow\":true,\"access\":\"\"}]"),
	      &rules);
	const struct spec_device_rule *rule = rules.linux_.resources.devices.v;

	assert_int_equal(rule[0].type, 'a');
	assert_true(rule[1].read && rule[1].write && rule[1].mknod);
	assert_false(rule[2].read || rule[2].write || rule[2].mknod);
	/* runc: words of mount(8) for the propagation; capabilities in any case; no user */
	parse("{\"ociVersion\":\"1.0.0-rc5-dev\",\"root\":{\"path\":\"r\"},\"linux\":{\"rootfsPropagation\":\"rshared\"},\"process\":"
	      "{\"cwd\":\"/\",\"args\":[\"a\"],\"capabilities\":{\"bounding\":[\"chown\",\"cap_kill\",\"X\",\"X\"],\"ambient\":[\"X\"]}}}",
	      &runc);
	assert_int_equal(runc.linux_.rootfs_propagation, PROPAGATION_SHARED);
	assert_int_equal(runc.process.capabilities.bounding.v, BIT64(0) | BIT64(5));
	assert_int_equal(runc.process.capabilities.unknown.n, 1);
	assert_false(runc.process.capabilities.permitted.set);
}

/* @levels lists, one in another, below an unknown key */
static int decode_nested(size_t levels, struct err *e)
{
	auto_free char *text = malloc(2 * levels + 64);
	auto_spec struct spec s = { 0 };

	assert_non_null(text);
	size_t n = (size_t)sprintf(text, "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"x\":");

	memset(text + n, '[', levels);
	memset(text + n + levels, ']', levels);
	n += 2 * levels;
	text[n++] = '}';
	return spec_decode(text, n, &s, e);
}

static void depth_and_size_are_limited(void **state)
{
	auto_spec struct spec s = { 0 };
	static const char small[] = "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"}}";
	auto_free char *text = malloc(SPEC_MAX_BYTES + 1);
	struct err e;

	(void)state;
	assert_int_equal(decode_nested(JSON_TEXT_DEPTH - 1, &e), 0);
	assert_int_equal(decode_nested(JSON_TEXT_DEPTH, &e), -EINVAL);
	assert_string_equal(e.text, "config.json: line 1: too many levels of objects and lists");
	assert_int_equal(decode_nested(1000000, &e), -EINVAL);
	assert_non_null(text);
	memset(text, ' ', SPEC_MAX_BYTES + 1);
	memcpy(text, small, strlen(small));
	assert_int_equal(spec_decode(text, SPEC_MAX_BYTES, &s, &e), 0);
	spec_free(&s);
	assert_int_equal(spec_decode(text, SPEC_MAX_BYTES + 1, &s, &e), -EFBIG);
	assert_string_equal(e.text, "config.json: 4194305 bytes are more than the limit of 4194304");
}

static void a_long_path_is_cut(void **state)
{
	char text[1024], key[600];
	auto_spec struct spec s = { 0 };
	struct err e;

	(void)state;
	memset(key, 'k', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	snprintf(text, sizeof(text), LINUX("\"sysctl\":{\"%s\":1}"), key);
	assert_int_equal(spec_decode(text, strlen(text), &s, &e), -EINVAL);
	assert_int_equal(strspn(e.text + strlen("config.json: linux.sysctl."), "k"),
			 255 - strlen("linux.sysctl."));
	assert_non_null(strstr(e.text, "k: expected a string, found an integer"));
}

static void parts_decode_alone(void **state)
{
	static const char process[] = "{\"cwd\":\"/\",\"args\":[\"id\"],\"user\":{\"uid\":1,\"gid\":2}}";
	static const char resources[] = "{\"memory\":{\"limit\":1},\"unified\":{\"pids.max\":\"3\"}}";
	static const char seccomp[] =
		"{\"defaultAction\":\"SCMP_ACT_LOG\",\"archMap\":[],\"syscalls\":[{\"names\":[\"a\"],"
		"\"action\":\"SCMP_ACT_NOTIFY\",\"includes\":{},\"excludes\":null}]}";
	auto_arena struct arena arena = { 0 };
	struct spec_process p;
	struct spec_resources r;
	struct spec_seccomp f;
	struct err e;

	(void)state;
	assert_int_equal(spec_decode_process(process, strlen(process), &arena, &p, &e), 0);
	assert_true(p.given && p.user.gid == 2);
	assert_int_equal(spec_decode_resources(resources, strlen(resources), &arena, &r, &e), 0);
	assert_true(r.given && r.memory.limit_bytes.v == 1);
	assert_int_equal(spec_decode_seccomp(seccomp, strlen(seccomp), &arena, &f, &e), 0);
	assert_true(f.given && f.rules[0].action == ACT_NOTIFY);
	assert_int_equal(spec_decode_process("{}", 2, &arena, &p, &e), -EINVAL);
	assert_string_equal(e.text, "process: cwd: missing");
	assert_int_equal(spec_decode_resources("[", 1, &arena, &r, &e), -EINVAL);
	assert_string_equal(e.text, "resources: line 1, column 1: ']' expected near end of file");
}

static void what_json_cannot_hold_is_refused(void **state)
{
	auto_spec struct spec s = { 0 };
	struct err e;
	char *text = NULL;

	(void)state;
	parse(TOP("\"hostname\":\"a\""), &s);
	s.hostname = (char *)"\xff";
	assert_int_equal(spec_encode(&s, &text, &e), -EILSEQ);
	assert_string_equal(e.text, "hostname: a string is not UTF-8, JSON cannot hold it");
	assert_null(text);
}

/* jansson's allocations fail from the nth on */
static long allocations_left;

static void *scarce_malloc(size_t n)
{
	if (allocations_left-- > 0)
		return malloc(n);
	errno = ENOMEM;
	return NULL;
}

static void where_memory_ends_it_says_so(void **state)
{
	size_t len;
	auto_free char *text = read_spec("full.json", &len);
	auto_spec struct spec s = { 0 };
	char *out = NULL;
	struct err e;
	int r = -ENOMEM;

	(void)state;
	json_set_alloc_funcs(scarce_malloc, free);
	for (long n = 0; r == -ENOMEM; n += 3) {
		allocations_left = n;
		r = spec_decode(text, len, &s, &e);
	}
	assert_int_equal(r, 0);
	r = -ENOMEM;
	for (long n = 0; r == -ENOMEM; n += 3) {
		allocations_left = n;
		r = spec_encode(&s, &out, &e);
	}
	json_set_alloc_funcs(malloc, free);
	assert_int_equal(r, 0);
	free(out);
}

static void words_have_numbers(void **state)
{
	(void)state;
	for (int i = 0; i < SPEC_CAP_COUNT; i++)
		assert_int_equal(spec_cap_number(spec_cap_name(i)), i);
	assert_null(spec_cap_name(-1));
	assert_null(spec_cap_name(SPEC_CAP_COUNT));
	assert_int_equal(spec_cap_number("net_raw"), 13);
	assert_int_equal(spec_cap_number("Cap_Bpf"), 39);
	assert_int_equal(spec_cap_number("CAP_"), -1);
	assert_int_equal(spec_cap_number(""), -1);
	assert_int_equal(spec_rlimit_number("RLIMIT_NOFILE"), 7);
	assert_int_equal(spec_rlimit_number("NOFILE"), -1);
	assert_null(spec_rlimit_name(16));
	assert_null(spec_rlimit_name(-1));
	assert_int_equal(spec_name_index(spec_op_names, OP_END, "SCMP_CMP_NE"), OP_NE);
	assert_int_equal(spec_name_index(spec_op_names, OP_END, ""), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_error_has_its_words),
		cmocka_unit_test(a_full_config_comes_back),
		cmocka_unit_test(what_is_encoded_decodes_the_same),
		cmocka_unit_test(values_land_in_their_fields),
		cmocka_unit_test(dialects_are_understood),
		cmocka_unit_test(depth_and_size_are_limited),
		cmocka_unit_test(a_long_path_is_cut),
		cmocka_unit_test(parts_decode_alone),
		cmocka_unit_test(what_json_cannot_hold_is_refused),
		cmocka_unit_test(where_memory_ends_it_says_so),
		cmocka_unit_test(words_have_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
