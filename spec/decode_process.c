// SPDX-License-Identifier: Apache-2.0
/* decode_process.c: the process object: config.md "Process". */
#include "spec/names.h"
#include "spec/tables.h"

static const struct field box_fields[] = {
	FIELD_RANGE(struct spec_box, height, "height", u32, REQUIRED, 0, UINT16_MAX), /* struct winsize */
	FIELD_RANGE(struct spec_box, width, "width", u32, REQUIRED, 0, UINT16_MAX),
};

static const struct field user_fields[] = {
	FIELD_RANGE(struct spec_user, uid, "uid", u32, OPTIONAL, 0, ID_MAX),
	FIELD_RANGE(struct spec_user, gid, "gid", u32, OPTIONAL, 0, ID_MAX),
	FIELD_OPT_U32(struct spec_user, umask, "umask"),
	FIELD_RANGE(struct spec_user, additional_gids, "additionalGids", u32_list, OPTIONAL, 0, ID_MAX),
	FIELD_TEXT(struct spec_user, username, "username"),
};

static bool listed(const struct strv *list, const char *s)
{
	for (size_t i = 0; i < list->n; i++)
		if (streq(list->v[i], s))
			return true;
	return false;
}

/* A list of capabilities: known ones become bits of the row's own set, others go to caps->unknown. */
static int field_cap_set(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	struct spec_caps *caps = (void *)((char *)ret - f->offset);
	struct opt_u64 *set = ret;
	struct strv names = { 0 };
	int r = field_strings(d, f, v, &names);

	if (r < 0)
		return r;
	set->set = true;
	for (size_t i = 0; i < names.n; i++) {
		int number = spec_cap_number(names.v[i]);

		if (number >= 0)
			set->v |= BIT64(number);
		else if (!listed(&caps->unknown, names.v[i]) &&
			 strv_push(d->arena, &caps->unknown, names.v[i]) < 0)
			return err_nomem(d->e);
	}
	return 0;
}

static int add_name(json_t *list, const char *name, struct err *e)
{
	return json_array_append_new(list, json_string(name)) < 0 ? err_nomem(e) : 0;
}

/* Unknown names are written once, into the first set that was given. */
static int put_cap_set(const struct field *f, const void *value, json_t **ret, struct err *e)
{
	const struct spec_caps *caps = (const void *)((const char *)value - f->offset);
	const struct opt_u64 *set = value, *first = &caps->bounding;
	int r = 0;

	if (!set->set)
		return 0;
	while (!first->set)
		first++;
	json_auto_t *list = json_array();

	if (!list)
		return err_nomem(e);
	for (int i = 0; i < SPEC_CAP_COUNT && r == 0; i++)
		if (set->v & BIT64(i))
			r = add_name(list, spec_cap_name(i), e);
	for (size_t i = 0; set == first && i < caps->unknown.n && r == 0; i++)
		r = add_name(list, caps->unknown.v[i], e);
	if (r == 0)
		*ret = json_incref(list);
	return r;
}

static const struct field caps_fields[] = {
	FIELD_OWN(struct spec_caps, bounding, "bounding", cap_set, OPTIONAL),
	FIELD_OWN(struct spec_caps, effective, "effective", cap_set, OPTIONAL),
	FIELD_OWN(struct spec_caps, inheritable, "inheritable", cap_set, OPTIONAL),
	FIELD_OWN(struct spec_caps, permitted, "permitted", cap_set, OPTIONAL),
	FIELD_OWN(struct spec_caps, ambient, "ambient", cap_set, OPTIONAL),
};

static int field_rlimit_type(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	char *name;
	int r = field_string(d, f, v, &name);

	if (r < 0)
		return r;
	int resource = spec_rlimit_number(name);

	if (resource < 0)
		return decode_fail(d, "\"%.64s\" is not known here", name);
	*(int *)ret = resource;
	return 0;
}

static int put_rlimit_type(const struct field *f, const void *value, json_t **ret, struct err *e)
{
	const char *name = spec_rlimit_name(*(const int *)value);

	return put_string(f, &name, ret, e);
}

static const struct field rlimit_fields[] = {
	FIELD_OWN(struct spec_rlimit, resource, "type", rlimit_type, REQUIRED),
	FIELD_U64(struct spec_rlimit, soft, "soft", REQUIRED),
	FIELD_U64(struct spec_rlimit, hard, "hard", REQUIRED),
};

/* "If rlimits contains duplicated entries with same type, the runtime MUST generate an error" */
static int field_rlimits(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	struct spec_rlimits *list = ret;
	int r = field_list(d, f, v, ret);
	unsigned seen = 0;

	for (size_t i = 0; r == 0 && i < list->n; i++) {
		int resource = list->v[i].resource;

		if (seen & BIT(resource))
			r = decode_fail(d, "%s is listed twice", spec_rlimit_name(resource));
		seen |= BIT(resource);
	}
	return r;
}

static int field_sched_flags(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	uint64_t *flags = ret;
	struct strv names = { 0 };
	int r = field_strings(d, f, v, &names);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		int bit = spec_name_index(f->names, f->n_table, names.v[i]);

		if (bit < 0)
			return decode_fail(d, "\"%.64s\" is not known here", names.v[i]);
		*flags |= BIT64(bit);
	}
	return r;
}

static int put_sched_flags(const struct field *f, const void *value, json_t **ret, struct err *e)
{
	char *words[ARRAY_SIZE(spec_sched_flag_names)];
	struct strv names = { .v = words };

	for (size_t i = 0; i < f->n_table; i++)
		if (*(const uint64_t *)value & BIT64(i))
			words[names.n++] = (char *)f->names[i];
	return put_strings(f, &names, ret, e);
}

static const struct field scheduler_fields[] = {
	FIELD_ENUM(struct spec_scheduler, policy, "policy", REQUIRED, spec_sched_policy_names),
	FIELD_RANGE(struct spec_scheduler, nice, "nice", i32, OPTIONAL, -20, 19),
	FIELD_RANGE(struct spec_scheduler, priority, "priority", i32, OPTIONAL, 0, 99),
	{ FIELD_OF(struct spec_scheduler, flags, "flags", sched_flags, OPTIONAL),
	  .names = spec_sched_flag_names, .n_table = ARRAY_SIZE(spec_sched_flag_names) },
	FIELD_U64(struct spec_scheduler, runtime_ns, "runtime", OPTIONAL),
	FIELD_U64(struct spec_scheduler, deadline_ns, "deadline", OPTIONAL),
	FIELD_U64(struct spec_scheduler, period_ns, "period", OPTIONAL),
};

static const struct field io_priority_fields[] = {
	FIELD_ENUM(struct spec_io_priority, class, "class", REQUIRED, spec_ioprio_class_names),
	FIELD_RANGE(struct spec_io_priority, priority, "priority", i32, OPTIONAL, 0, 7),
};

static const struct field affinity_fields[] = {
	FIELD_TEXT(struct spec_cpu_affinity, initial, "initial"),
	FIELD_TEXT(struct spec_cpu_affinity, final, "final"),
};

static int field_args(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	struct strv *args = ret;
	int r = field_strings(d, f, v, ret);

	return r == 0 && args->n == 0 ? decode_fail(d, "is empty") : r;
}

const struct field spec_process_fields[] = {
	FIELD_BOOL(struct spec_process, terminal, "terminal", OPTIONAL),
	FIELD_OBJECT(struct spec_process, console_size, "consoleSize", OPTIONAL, box_fields),
	FIELD_RULE(struct spec_process, cwd, "cwd", absolute, REQUIRED),
	FIELD_STRINGS(struct spec_process, env, "env", OPTIONAL),
	{ FIELD_CHECKED(struct spec_process, args, "args", field_args, put_strings, REQUIRED) },
	FIELD_TEXT(struct spec_process, command_line, "commandLine"),
	FIELD_OBJECT(struct spec_process, user, "user", OPTIONAL, user_fields),
	FIELD_OBJECT_GIVEN(struct spec_process, capabilities, "capabilities", given, caps_fields),
	FIELD_LIST_CHECKED(struct spec_process, rlimits, "rlimits", field_rlimits, OPTIONAL, rlimit_fields,
			   struct spec_rlimit),
	FIELD_BOOL(struct spec_process, no_new_privileges, "noNewPrivileges", OPTIONAL),
	FIELD_TEXT(struct spec_process, apparmor_profile, "apparmorProfile"),
	FIELD_TEXT(struct spec_process, selinux_label, "selinuxLabel"),
	FIELD_RANGE(struct spec_process, oom_score_adj, "oomScoreAdj", opt_i64, OPTIONAL, -1000, 1000),
	FIELD_OBJECT_GIVEN(struct spec_process, scheduler, "scheduler", given, scheduler_fields),
	FIELD_OBJECT_GIVEN(struct spec_process, io_priority, "ioPriority", given, io_priority_fields),
	FIELD_OBJECT(struct spec_process, exec_cpu_affinity, "execCPUAffinity", OPTIONAL, affinity_fields),
};
