// SPDX-License-Identifier: Apache-2.0
#include "cli/oci_stats.h"

#include "spec/text.h"

/*
 * json_object_set_new() and json_array_append_new() take a NULL for a failure and give up what they are given, so a value that
 * could not be made shows as -1 at the end of the chain.
 */
static int put(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value);
}

static int put_u64(json_t *object, const char *key, uint64_t v)
{
	return put(object, key, json_from_u64(v));
}

/* Members that are left out where they are 0. */
static int put_some(json_t *object, const char *key, uint64_t v)
{
	return v ? put_u64(object, key, v) : 0;
}

/* The object if all went well (@status is a sum of results), else NULL. */
static json_t *finish(json_t *object, int status)
{
	if (status == 0)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *pressure_line(const uint32_t avg[3], uint64_t total_us)
{
	static const char *const keys[] = { "avg10", "avg60", "avg300" };
	json_t *line = json_object();
	int status = 0;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		status |= put(line, keys[i], json_real(avg[i] / 100.0));
	return finish(line, status | put_u64(line, "total", total_us));
}

static int put_pressure(json_t *object, const struct cgroup_pressure *p)
{
	const uint32_t some[] = { p->some_avg10, p->some_avg60, p->some_avg300 };
	const uint32_t full[] = { p->full_avg10, p->full_avg60, p->full_avg300 };
	json_t *psi;

	if (!p->known)
		return 0;
	psi = json_object();
	return put(psi, "some", pressure_line(some, p->some_us)) | put(psi, "full", pressure_line(full, p->full_us)) |
	       put(object, "psi", psi);
}

static json_t *cpu(const struct cgroup_stats *s)
{
	json_t *object = json_object(), *usage = json_object(), *throttling = json_object();
	int status = put_some(usage, "total", s->cpu_usage_us * 1000) | put_u64(usage, "kernel", s->cpu_system_us * 1000) |
		     put_u64(usage, "user", s->cpu_user_us * 1000) | put(object, "usage", usage);

	status |= put_some(throttling, "periods", s->cpu_periods) |
		  put_some(throttling, "throttledPeriods", s->cpu_throttled_periods) |
		  put_some(throttling, "throttledTime", s->cpu_throttled_us * 1000) |
		  put(object, "throttling", throttling) | put_pressure(object, &s->cpu_pressure);
	return finish(object, status);
}

/* All of it is of version 1. */
static json_t *cpuset(void)
{
	static const char *const keys[] = {
		"cpu_exclusive",      "mem_hardwall",	   "mem_exclusive",   "memory_migrate",	    "memory_spread_page",
		"memory_spread_slab", "memory_pressure", "sched_load_balance", "sched_relax_domain_level",
	};
	json_t *object = json_object();
	int status = 0;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		status |= put_u64(object, keys[i], 0);
	return finish(object, status);
}

static int put_memory_entry(json_t *object, const char *key, uint64_t limit, uint64_t usage, uint64_t peak)
{
	json_t *entry = json_object();

	return put_u64(entry, "limit", limit) | put_some(entry, "usage", usage) | put_some(entry, "max", peak) |
	       put_u64(entry, "failcnt", 0) | put(object, key, entry);
}

/* "swap" counts memory and swap together, as in version 1. */
static json_t *memory(const struct cgroup_stats *s, const struct cgroup_details *d)
{
	json_t *object = json_object(), *raw = json_object();
	uint64_t both = s->swap_limit_bytes;
	int status = 0;

	for (size_t i = 0; i < d->n_memory; i++) {
		if (streq(d->memory[i].key, "file"))
			status |= put_some(object, "cache", d->memory[i].value);
		status |= put_u64(raw, d->memory[i].key, d->memory[i].value);
	}
	if (both != CGROUP_NO_LIMIT && __builtin_add_overflow(both, s->memory_limit_bytes, &both))
		both = CGROUP_NO_LIMIT;
	if (s->has_memory)
		status |= put_memory_entry(object, "usage", s->memory_limit_bytes, s->memory_bytes, s->memory_peak_bytes) |
			  put_memory_entry(object, "swap", both, s->swap_bytes + s->memory_bytes, 0);
	status |= d->n_memory ? put(object, "raw", json_incref(raw)) : 0;
	json_decref(raw);
	return finish(object, status | put_pressure(object, &s->memory_pressure));
}

static json_t *pids(const struct cgroup_stats *s)
{
	json_t *object = json_object();

	return finish(object, put_some(object, "current", s->pids) |
				      put_some(object, "limit", s->pids_limit == CGROUP_NO_LIMIT ? 0 : s->pids_limit));
}

static int add_io(json_t *list, const struct cgroup_device_io *d, const char *op, uint64_t v)
{
	json_t *entry = json_object();
	int status = put_some(entry, "major", d->major) | put_some(entry, "minor", d->minor) |
		     put(entry, "op", json_string(op)) | put_some(entry, "value", v);

	return status | json_array_append_new(list, entry);
}

static json_t *block_io(const struct cgroup_stats *s, const struct cgroup_details *d)
{
	json_t *object = json_object(), *bytes = json_array(), *ops = json_array();
	int status = 0;

	for (size_t i = 0; i < d->n_io; i++) {
		const struct cgroup_device_io *io = &d->io[i];

		status |= add_io(bytes, io, "Read", io->read_bytes) | add_io(bytes, io, "Write", io->write_bytes) |
			  add_io(ops, io, "Read", io->read_ops) | add_io(ops, io, "Write", io->write_ops);
	}
	if (d->n_io)
		status |= put(object, "ioServiceBytesRecursive", json_incref(bytes)) |
			  put(object, "ioServicedRecursive", json_incref(ops));
	json_decref(bytes);
	json_decref(ops);
	return finish(object, status | put_pressure(object, &s->io_pressure));
}

static json_t *huge_pages(const struct cgroup_details *d)
{
	json_t *object = json_object();
	int status = 0;

	for (size_t i = 0; i < d->n_huge_pages; i++) {
		json_t *entry = json_object();

		status |= put_some(entry, "usage", d->huge_pages[i].bytes) |
			  put_u64(entry, "failcnt", d->huge_pages[i].failures) | put(object, d->huge_pages[i].size, entry);
	}
	return finish(object, status);
}

int oci_stats(const struct cgroup_stats *s, const struct cgroup_details *d, json_t **ret, struct err *e)
{
	json_t *object = json_object();
	int status = put(object, "cpu", cpu(s)) | put(object, "cpuset", cpuset()) | put(object, "memory", memory(s, d)) |
		     put(object, "pids", pids(s)) | put(object, "blkio", block_io(s, d)) |
		     put(object, "hugetlb", huge_pages(d)) | put(object, "intel_rdt", json_object()) |
		     put(object, "network_interfaces", json_null());

	object = finish(object, status);
	if (!object)
		return err_nomem(e);
	*ret = object;
	return 0;
}
