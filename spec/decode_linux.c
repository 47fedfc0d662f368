// SPDX-License-Identifier: Apache-2.0
/* decode_linux.c: the linux object but for resources and seccomp: config-linux.md. */
#include "spec/names.h"
#include "spec/tables.h"

#define NANOSECS_MAX 999999999

const struct field spec_id_map_fields[] = {
	FIELD_U32(struct spec_id_map, container_id, "containerID", REQUIRED),
	FIELD_U32(struct spec_id_map, host_id, "hostID", REQUIRED),
	FIELD_U32(struct spec_id_map, size, "size", REQUIRED),
};

/* One entry of the list of namespaces; the struct keeps them by kind. */
struct ns_entry {
	uint32_t kind; /* enum spec_ns_kind */
	char *path;
};
struct ns_entries {
	struct ns_entry *v;
	size_t n;
};

static const struct field ns_fields[] = {
	FIELD_ENUM(struct ns_entry, kind, "type", REQUIRED, spec_ns_names),
	FIELD_TEXT(struct ns_entry, path, "path"),
};

static int field_namespaces(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	struct spec_namespace *by_kind = ret;
	struct ns_entries list = { 0 };
	int r = field_list(d, f, v, &list);

	if (r < 0)
		return r;
	for (size_t i = 0; i < list.n; i++) {
		const struct ns_entry *entry = &list.v[i];
		struct spec_namespace *ns = &by_kind[entry->kind];

		if (ns->wanted)
			return decode_fail(d, "\"%s\" is listed twice", spec_ns_names[entry->kind]);
		if (entry->path && *entry->path != '/')
			return decode_fail(d, "\"%.64s\" is not an absolute path", entry->path);
		*ns = (struct spec_namespace){ .wanted = true, .path = entry->path };
	}
	return 0;
}

static int put_namespaces(const struct field *f, const void *value, json_t **ret, struct err *e)
{
	const struct spec_namespace *by_kind = value;
	struct ns_entry entries[NS_COUNT];
	struct ns_entries list = { .v = entries };

	for (uint32_t kind = 0; kind < NS_COUNT; kind++)
		if (by_kind[kind].wanted)
			entries[list.n++] = (struct ns_entry){ .kind = kind, .path = by_kind[kind].path };
	return put_list(f, &list, ret, e);
}

static const struct field time_offset_fields[] = {
	FIELD_I64(struct spec_time_offset, secs, "secs", OPTIONAL),
	FIELD_RANGE(struct spec_time_offset, nanosecs, "nanosecs", u32, OPTIONAL, 0, NANOSECS_MAX),
};

/* Both lie in struct spec_linux itself. */
static const struct field time_offsets_fields[] = {
	FIELD_OBJECT_GIVEN(struct spec_linux, monotonic, "monotonic", set, time_offset_fields),
	FIELD_OBJECT_GIVEN(struct spec_linux, boottime, "boottime", set, time_offset_fields),
};

static const char *const device_types[] = { "c", "u", "b", "p" };

static const struct field device_fields[] = {
	FIELD_RULE(struct spec_device, path, "path", absolute, REQUIRED),
	FIELD_LETTER(struct spec_device, type, "type", REQUIRED, device_types),
	FIELD_OPT_I64(struct spec_device, major, "major"),
	FIELD_OPT_I64(struct spec_device, minor, "minor"),
	FIELD_OPT_U32(struct spec_device, file_mode, "fileMode"),
	FIELD_RANGE(struct spec_device, uid, "uid", opt_u32, OPTIONAL, 0, ID_MAX),
	FIELD_RANGE(struct spec_device, gid, "gid", opt_u32, OPTIONAL, 0, ID_MAX),
};

/* "major, minor (int64, REQUIRED unless type is p)" */
static int field_devices(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	const struct spec_devices *list = ret;
	int r = field_list(d, f, v, ret);

	for (size_t i = 0; r == 0 && i < list->n; i++) {
		const struct spec_device *dev = &list->v[i];

		if (dev->type != 'p' && (!dev->major.set || !dev->minor.set))
			r = decode_fail(d, "\"%.64s\" needs both major and minor", dev->path);
	}
	return r;
}

static const struct field net_device_fields[] = {
	FIELD_TEXT(struct spec_net_device, name, "name"),
};

/* "rshared" and the like are runc's words for the same. */
static int field_propagation(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	char *word;
	int r = field_string(d, f, v, &word);

	if (r < 0)
		return r;
	int i = spec_name_index(f->names, f->n_table, *word == 'r' ? word + 1 : word);

	if (i < 0)
		return decode_fail(d, "\"%.64s\" is not known here", word);
	*(uint32_t *)ret = (uint32_t)i;
	return 0;
}

static const struct field personality_fields[] = {
	FIELD_ENUM(struct spec_personality, domain, "domain", REQUIRED, spec_personality_names),
	FIELD_STRINGS(struct spec_personality, flags, "flags", OPTIONAL),
};

static const struct field intel_rdt_fields[] = {
	FIELD_TEXT(struct spec_intel_rdt, clos_id, "closID"),
	FIELD_STRINGS(struct spec_intel_rdt, schemata, "schemata", OPTIONAL),
	FIELD_TEXT(struct spec_intel_rdt, l3_cache_schema, "l3CacheSchema"),
	FIELD_TEXT(struct spec_intel_rdt, mem_bw_schema, "memBwSchema"),
	FIELD_BOOL(struct spec_intel_rdt, enable_monitoring, "enableMonitoring", OPTIONAL),
	/* before 1.3 */
	FIELD_BOOL(struct spec_intel_rdt, enable_cmt, "enableCMT", OPTIONAL),
	FIELD_BOOL(struct spec_intel_rdt, enable_mbm, "enableMBM", OPTIONAL),
};

/* The words are runc's. */
static int field_policy_mode(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	if (json_is_string(v) && spec_name_index(f->names, f->n_table, json_string_value(v)) < 0)
		return decode_fail(d, "invalid memory policy mode \"%.64s\"", json_string_value(v));
	return field_enum(d, f, v, ret);
}

static const struct field memory_policy_fields[] = {
	{ FIELD_CHECKED(struct spec_memory_policy, mode, "mode", field_policy_mode, put_enum, OPTIONAL),
	  .names = spec_mempolicy_mode_names, .n_table = ARRAY_SIZE(spec_mempolicy_mode_names) },
	FIELD_TEXT(struct spec_memory_policy, nodes, "nodes"),
	FIELD_STRINGS(struct spec_memory_policy, flags, "flags", OPTIONAL),
};

static int field_memory_policy(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	struct spec_memory_policy *policy = ret;
	int r = field_object(d, f, v, ret);

	if (r < 0)
		return r;
	policy->given = true;
	return json_object_get(v, "mode") ? 0 : decode_fail(d, "invalid memory policy mode: missing");
}

const struct field spec_linux_fields[] = {
	FIELD_LIST(struct spec_linux, uid_mappings, "uidMappings", OPTIONAL, spec_id_map_fields,
		   struct spec_id_map),
	FIELD_LIST(struct spec_linux, gid_mappings, "gidMappings", OPTIONAL, spec_id_map_fields,
		   struct spec_id_map),
	{ FIELD_OF(struct spec_linux, namespaces, "namespaces", namespaces, OPTIONAL), .table = ns_fields,
	  .n_table = ARRAY_SIZE(ns_fields), .size = sizeof(struct ns_entry) },
	{ .key = "timeOffsets",
	  .decode = field_object,
	  .encode = put_object,
	  .table = time_offsets_fields,
	  .n_table = ARRAY_SIZE(time_offsets_fields),
	  .size = sizeof(struct spec_linux) },
	FIELD_LIST_CHECKED(struct spec_linux, devices, "devices", field_devices, OPTIONAL, device_fields,
			   struct spec_device),
	FIELD_KEYED(struct spec_linux, net_devices, "netDevices", net_device_fields, struct spec_net_device),
	FIELD_TEXT(struct spec_linux, cgroups_path, "cgroupsPath"),
	FIELD_OBJECT_GIVEN(struct spec_linux, resources, "resources", given, spec_resources_fields),
	FIELD_MAP(struct spec_linux, sysctl, "sysctl"),
	FIELD_OBJECT_GIVEN(struct spec_linux, seccomp, "seccomp", given, spec_seccomp_fields),
	{ FIELD_CHECKED(struct spec_linux, rootfs_propagation, "rootfsPropagation", field_propagation, put_enum,
			OPTIONAL),
	  .names = spec_propagation_names, .n_table = ARRAY_SIZE(spec_propagation_names) },
	FIELD_STRINGS(struct spec_linux, masked_paths, "maskedPaths", OPTIONAL),
	FIELD_STRINGS(struct spec_linux, readonly_paths, "readonlyPaths", OPTIONAL),
	FIELD_TEXT(struct spec_linux, mount_label, "mountLabel"),
	FIELD_OBJECT_GIVEN(struct spec_linux, personality, "personality", given, personality_fields),
	FIELD_OBJECT_GIVEN(struct spec_linux, intel_rdt, "intelRdt", given, intel_rdt_fields),
	{ FIELD_CHECKED(struct spec_linux, memory_policy, "memoryPolicy", field_memory_policy, put_object,
			OPTIONAL),
	  .table = memory_policy_fields, .n_table = ARRAY_SIZE(memory_policy_fields),
	  .flag_offset = offsetof(struct spec_memory_policy, given) + 1 },
};
