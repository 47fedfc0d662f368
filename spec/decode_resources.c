// SPDX-License-Identifier: Apache-2.0
/* decode_resources.c: linux.resources: config-linux.md "Control groups". */
#include "spec/names.h"
#include "spec/tables.h"

/* "access" is spread over three members of the rule. */
static int field_access(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	struct spec_device_rule *rule = ret;
	char *access;
	int r = field_string(d, f, v, &access);

	if (r < 0)
		return r;
	if (access[strspn(access, "rwm")])
		return decode_fail(d, "\"%.64s\" has letters other than r, w and m", access);
	rule->read = strchr(access, 'r');
	rule->write = strchr(access, 'w');
	rule->mknod = strchr(access, 'm');
	return 0;
}

static int put_access(const struct field *f, const void *value, json_t **ret, struct err *e)
{
	const struct spec_device_rule *rule = value;
	char access[4], *end = access;

	if (rule->read)
		*end++ = 'r';
	if (rule->write)
		*end++ = 'w';
	if (rule->mknod)
		*end++ = 'm';
	*end = '\0';
	return put_string(f, &(char *){ access }, ret, e);
}

static const char *const rule_types[] = { "a", "c", "b" };

static const struct field device_rule_fields[] = {
	FIELD_BOOL(struct spec_device_rule, allow, "allow", REQUIRED),
	FIELD_LETTER(struct spec_device_rule, type, "type", OPTIONAL, rule_types),
	FIELD_OPT_I64(struct spec_device_rule, major, "major"),
	FIELD_OPT_I64(struct spec_device_rule, minor, "minor"),
	{ .key = "access", .decode = field_access, .encode = put_access },
};

/* A rule without a type is about all types, one without "access" about all three kinds of it. */
static int field_device_rules(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	struct spec_device_rules *list = ret;
	int r = field_list(d, f, v, ret);

	for (size_t i = 0; r == 0 && i < list->n; i++) {
		struct spec_device_rule *rule = &list->v[i];

		if (!rule->type)
			rule->type = 'a';
		if (!json_is_string(json_object_get(json_array_get(v, i), "access")))
			rule->read = rule->write = rule->mknod = true;
	}
	return r;
}

static const struct field memory_fields[] = {
	FIELD_OPT_I64(struct spec_memory, limit_bytes, "limit"),
	FIELD_OPT_I64(struct spec_memory, reservation_bytes, "reservation"),
	FIELD_OPT_I64(struct spec_memory, swap_bytes, "swap"),
	FIELD_OPT_I64(struct spec_memory, kernel_bytes, "kernel"),
	FIELD_OPT_I64(struct spec_memory, kernel_tcp_bytes, "kernelTCP"),
	FIELD_OPT_U64(struct spec_memory, swappiness, "swappiness"),
	FIELD_OPT_BOOL(struct spec_memory, disable_oom_killer, "disableOOMKiller"),
	FIELD_OPT_BOOL(struct spec_memory, use_hierarchy, "useHierarchy"),
	FIELD_OPT_BOOL(struct spec_memory, check_before_update, "checkBeforeUpdate"),
};

static const struct field cpu_fields[] = {
	FIELD_OPT_U64(struct spec_cpu, shares, "shares"),
	FIELD_OPT_I64(struct spec_cpu, quota_us, "quota"),
	FIELD_OPT_U64(struct spec_cpu, burst_us, "burst"),
	FIELD_OPT_U64(struct spec_cpu, period_us, "period"),
	FIELD_OPT_I64(struct spec_cpu, realtime_runtime_us, "realtimeRuntime"),
	FIELD_OPT_U64(struct spec_cpu, realtime_period_us, "realtimePeriod"),
	FIELD_TEXT(struct spec_cpu, cpus, "cpus"),
	FIELD_TEXT(struct spec_cpu, mems, "mems"),
	FIELD_OPT_I64(struct spec_cpu, idle, "idle"),
};

/* struct spec_resources has the limit of pids as a member of its own. */
static const struct field pids_fields[] = {
	FIELD_OPT_I64(struct spec_resources, pids_limit, "limit"),
};

#define FIELD_WEIGHT(type, member, name) FIELD_RANGE(type, member, name, opt_u32, OPTIONAL, 0, UINT16_MAX)

static const struct field weight_device_fields[] = {
	FIELD_I64(struct spec_weight_device, major, "major", REQUIRED),
	FIELD_I64(struct spec_weight_device, minor, "minor", REQUIRED),
	FIELD_WEIGHT(struct spec_weight_device, weight, "weight"),
	FIELD_WEIGHT(struct spec_weight_device, leaf_weight, "leafWeight"),
};

static const struct field throttle_fields[] = {
	FIELD_I64(struct spec_throttle_device, major, "major", REQUIRED),
	FIELD_I64(struct spec_throttle_device, minor, "minor", REQUIRED),
	FIELD_U64(struct spec_throttle_device, rate, "rate", REQUIRED),
};

#define THROTTLE(kind, name)                                                              \
	FIELD_LIST(struct spec_block_io, throttle[kind], name, OPTIONAL, throttle_fields, \
		   struct spec_throttle_device)
static const struct field block_io_fields[] = {
	FIELD_WEIGHT(struct spec_block_io, weight, "weight"),
	FIELD_WEIGHT(struct spec_block_io, leaf_weight, "leafWeight"),
	FIELD_LIST(struct spec_block_io, weight_devices, "weightDevice", OPTIONAL, weight_device_fields,
		   struct spec_weight_device),
	THROTTLE(THROTTLE_READ_BPS, "throttleReadBpsDevice"),
	THROTTLE(THROTTLE_WRITE_BPS, "throttleWriteBpsDevice"),
	THROTTLE(THROTTLE_READ_IOPS, "throttleReadIOPSDevice"),
	THROTTLE(THROTTLE_WRITE_IOPS, "throttleWriteIOPSDevice"),
};

/* [1-9][0-9]*[KMG]B: it becomes part of a file's name ("hugetlb.2MB.max"). */
static int field_page_size(struct decoder *d, const struct field *f, json_t *v, void *ret)
{
	int r = field_string(d, f, v, ret);

	if (r < 0)
		return r;
	const char *size = *(char **)ret, *unit = size + strspn(size, "0123456789");

	if (*size < '1' || *size > '9' || !*unit || !strchr("KMG", *unit) || !streq(unit + 1, "B"))
		return decode_fail(d, "\"%.64s\" is not a size such as 2MB", size);
	return 0;
}

static const struct field hugepage_fields[] = {
	FIELD_RULE(struct spec_hugepage_limit, page_size, "pageSize", page_size, REQUIRED),
	FIELD_U64(struct spec_hugepage_limit, limit_bytes, "limit", REQUIRED),
};

static const struct field net_priority_fields[] = {
	FIELD_RULE(struct spec_net_priority, name, "name", filled, REQUIRED),
	FIELD_U32(struct spec_net_priority, priority, "priority", REQUIRED),
};

static const struct field network_fields[] = {
	FIELD_OPT_U32(struct spec_network, class_id, "classID"),
	FIELD_LIST(struct spec_network, priorities, "priorities", OPTIONAL, net_priority_fields,
		   struct spec_net_priority),
};

static const struct field rdma_fields[] = {
	FIELD_OPT_U32(struct spec_rdma, hca_handles, "hcaHandles"),
	FIELD_OPT_U32(struct spec_rdma, hca_objects, "hcaObjects"),
};

const struct field spec_resources_fields[] = {
	FIELD_LIST_CHECKED(struct spec_resources, devices, "devices", field_device_rules, OPTIONAL,
			   device_rule_fields, struct spec_device_rule),
	FIELD_OBJECT(struct spec_resources, memory, "memory", OPTIONAL, memory_fields),
	FIELD_OBJECT(struct spec_resources, cpu, "cpu", OPTIONAL, cpu_fields),
	{ .key = "pids",
	  .decode = field_object,
	  .encode = put_object,
	  .table = pids_fields,
	  .n_table = ARRAY_SIZE(pids_fields),
	  .size = sizeof(struct spec_resources) },
	FIELD_OBJECT(struct spec_resources, block_io, "blockIO", OPTIONAL, block_io_fields),
	FIELD_LIST(struct spec_resources, hugepage_limits, "hugepageLimits", OPTIONAL, hugepage_fields,
		   struct spec_hugepage_limit),
	FIELD_OBJECT(struct spec_resources, network, "network", OPTIONAL, network_fields),
	FIELD_KEYED(struct spec_resources, rdma, "rdma", rdma_fields, struct spec_rdma),
	FIELD_MAP(struct spec_resources, unified, "unified"),
};
