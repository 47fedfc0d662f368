// SPDX-License-Identifier: Apache-2.0
/* decode_seccomp.c: linux.seccomp: config-linux.md "Seccomp". */
#include "spec/names.h"
#include "spec/tables.h"

#define SYSCALL_ARGS 6

/*
 * Docker's form of a profile has conditions ("includes": these rules only with CAP_SYS_ADMIN) that an engine resolves
 * before it writes config.json. A rule read without its condition would allow more than its author did.
 */
static int field_condition(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	(void)f;
	(void)ret;
	if (json_object_size(v) == 0 && json_array_size(v) == 0)
		return 0;
	return decode_fail(d, "conditions of docker's profiles are not supported; write the rules as in "
			      "linux.seccomp");
}

static const struct field arg_fields[] = {
	FIELD_RANGE(struct spec_seccomp_arg, index, "index", u32, REQUIRED, 0, SYSCALL_ARGS - 1),
	FIELD_U64(struct spec_seccomp_arg, value, "value", REQUIRED),
	FIELD_U64(struct spec_seccomp_arg, value_two, "valueTwo", OPTIONAL),
	FIELD_ENUM(struct spec_seccomp_arg, op, "op", REQUIRED, spec_op_names),
};

static int field_syscalls(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	const struct strv *names = ret;
	int r = field_strings(d, f, v, ret);

	return r == 0 && names->n == 0 ? decode_fail(d, "is empty") : r;
}

static const struct field rule_fields[] = {
	{ FIELD_CHECKED(struct spec_seccomp_rule, names, "names", field_syscalls, put_strings, REQUIRED) },
	FIELD_ENUM(struct spec_seccomp_rule, action, "action", REQUIRED, spec_action_names),
	FIELD_OPT_U32(struct spec_seccomp_rule, errno_ret, "errnoRet"),
	FIELD_LIST(struct spec_seccomp_rule, args, "args", OPTIONAL, arg_fields, struct spec_seccomp_arg),
	{ .key = "includes", .decode = field_condition },
	{ .key = "excludes", .decode = field_condition },
};

const struct field spec_seccomp_fields[] = {
	FIELD_ENUM(struct spec_seccomp, default_action, "defaultAction", REQUIRED, spec_action_names),
	FIELD_OPT_U32(struct spec_seccomp, default_errno_ret, "defaultErrnoRet"),
	FIELD_STRINGS(struct spec_seccomp, flags, "flags", OPTIONAL),
	FIELD_STRINGS(struct spec_seccomp, architectures, "architectures", OPTIONAL),
	{ .key = "archMap", .decode = field_condition },
	FIELD_TEXT(struct spec_seccomp, listener_path, "listenerPath"),
	FIELD_TEXT(struct spec_seccomp, listener_metadata, "listenerMetadata"),
	FIELD_LIST(struct spec_seccomp, rules, "syscalls", OPTIONAL, rule_fields, struct spec_seccomp_rule),
};
