// SPDX-License-Identifier: Apache-2.0
/*
 * features: what this runtime understands, as runtime-spec features.md and features-linux.md have it. Nothing is written down
 * here twice: the words are those of the tables that decode and act.
 */
#include <errno.h>

#include "cli/oci.h"
#include "cli/output.h"
#include "namespaces/mount_options.h"
#include "runtime/ksm.h"
#include "seccomp/seccomp.h"
#include "spec/names.h"

#define VERSION_MIN "1.0.0"

/* Annotations of a configuration that can change what happens outside of its container. */
static const char *const unsafe_annotations[] = {
	"bundle",
	"org.criu.config",
	KSM_ANNOTATION,
	"org.systemd.property.", /* and what follows it */
	"run.oci.pidfd_receiver",
};

/* A list of words; holes in a table of words are NULL or "". */
static json_t *words(const char *const *names, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		if (names[i] && *names[i] && json_array_append_new(list, json_string(names[i])) < 0)
			break;
	return list;
}
#define WORDS(table) words(table, ARRAY_SIZE(table))

/* The same where a function knows the words. */
static json_t *words_of(const char *(*name)(size_t i), bool (*wanted)(size_t i))
{
	json_t *list = json_array();

	for (size_t i = 0; name(i); i++)
		if ((!wanted || wanted(i)) && json_array_append_new(list, json_string(name(i))) < 0)
			break;
	return list;
}

static const char *capability(size_t i)
{
	return spec_cap_name((int)i);
}

static json_t *seccomp(void)
{
	return json_pack("{s:b, s:o, s:o, s:o, s:o, s:o}",
			 "enabled", true,
			 "actions", WORDS(spec_action_names),
			 "operators", WORDS(spec_op_names),
			 "archs", words_of(seccomp_arch_name, NULL),
			 "knownFlags", words_of(seccomp_flag_name, NULL),
			 "supportedFlags", words_of(seccomp_flag_name, seccomp_flag_supported));
}

static json_t *cgroup(void)
{
	return json_pack("{s:b, s:b, s:b, s:b, s:b}",
			 "v1", false, "v2", true, "systemd", true, "systemdUser", true, "rdma", true);
}

static json_t *linux_features(void)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:{s:b}, s:{s:b}, s:{s:b, s:b, s:b}, s:{s:o, s:o}, s:{s:{s:b}}, s:{s:b}}",
			 "namespaces", WORDS(spec_ns_names),
			 "capabilities", words_of(capability, NULL),
			 "cgroup", cgroup(),
			 "seccomp", seccomp(),
			 "apparmor", "enabled", true,
			 "selinux", "enabled", true,
			 "intelRdt", "enabled", true, "schemata", true, "monitoring", true,
			 "memoryPolicy", "modes", WORDS(spec_mempolicy_mode_names), "flags", WORDS(spec_mempolicy_flag_names),
			 "mountExtensions", "idmap", "enabled", true,
			 "netDevices", "enabled", true);
}

/* runc's names: containerd and podman ask them whatever the runtime. */
static json_t *annotations(const struct program *p)
{
	return json_pack("{s:s}", "org.opencontainers.runc.checkpoint.enabled", args_verb(&p->verbs, "checkpoint") ? "true" : "false");
}

static int run(const struct call *c, struct err *e)
{
	json_auto_t *features = json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o}",
					  "ociVersionMin", VERSION_MIN,
					  "ociVersionMax", SPEC_VERSION,
					  "hooks", WORDS(spec_hook_names),
					  "mountOptions", words_of(mount_option_word, NULL),
					  "annotations", annotations(c->program),
					  "potentiallyUnsafeConfigAnnotations", WORDS(unsafe_annotations),
					  "linux", linux_features());

	return features ? output_json(features, e) : err_nomem(e);
}

const struct verb oci_features = {
	.name = "features",
	.group = "Other",
	.arguments = "",
	.help = "what it understands",
	.about = "Print what this runtime understands of a configuration, as JSON: the features structure of the runtime specification.",
	.run = run,
};
