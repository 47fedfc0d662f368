// SPDX-License-Identifier: Apache-2.0
/* Limits that come as lists: of block devices, of page sizes, of rdma devices. */
#include <errno.h>
#include <inttypes.h>

#include "cgroups/convert.h"
#include "cgroups/limits.h"

#define BLKIO_WEIGHT_MIN 10
#define BLKIO_WEIGHT_MAX 1000

static const char *const throttle_keys[] = {
	[THROTTLE_READ_BPS] = "rbps",
	[THROTTLE_WRITE_BPS] = "wbps",
	[THROTTLE_READ_IOPS] = "riops",
	[THROTTLE_WRITE_IOPS] = "wiops",
};
static_assert(ARRAY_SIZE(throttle_keys) == THROTTLE_COUNT, "a key for each kind of throttle");

/* BFQ keeps the range of v1; io.cost has its own file and the range of v2. @device: "default", or "8:0". */
static int add_weight(struct limit_plan *p, const char *device, uint32_t weight, struct err *e)
{
	if (weight < BLKIO_WEIGHT_MIN || weight > BLKIO_WEIGHT_MAX)
		return err_say(e, EINVAL, "blockIO: weight %" PRIu32 " is not between %d and %d", weight,
			       BLKIO_WEIGHT_MIN, BLKIO_WEIGHT_MAX);
	int r = limits_add(p, 0, "io.bfq.weight", arena_printf(p->arena, "%s %" PRIu32, device, weight), e);

	if (r < 0)
		return r;
	struct limit *added = &p->list.v[p->list.n - 1];

	added->other_file = "io.weight";
	added->other_value = arena_printf(p->arena, "%s %" PRIu32, device, cgroup_weight_from_blkio(weight));
	return added->other_value ? 0 : err_nomem(e);
}

static int add_throttle(struct limit_plan *p, const char *key, const struct spec_throttle_device *d, struct err *e)
{
	if (d->rate == 0) /* lifts the limit, as it did in v1 */
		return limits_add(p, LIMIT_OPTIONAL, "io.max",
				  arena_printf(p->arena, "%" PRId64 ":%" PRId64 " %s=max", d->major, d->minor, key), e);
	return limits_add(p, 0, "io.max",
			  arena_printf(p->arena, "%" PRId64 ":%" PRId64 " %s=%" PRIu64, d->major, d->minor, key, d->rate),
			  e);
}

int limits_plan_io(struct limit_plan *p, struct err *e)
{
	const struct spec_block_io *b = &p->r->block_io;
	int r = 0;

	if (b->weight.set && b->weight.v != 0)
		r = add_weight(p, "default", b->weight.v, e);
	for (size_t i = 0; r == 0 && i < b->n_weight_devices; i++) {
		const struct spec_weight_device *d = &b->weight_devices[i];
		const char *device = arena_printf(p->arena, "%" PRId64 ":%" PRId64, d->major, d->minor);

		if (d->weight.set && d->weight.v != 0)
			r = device ? add_weight(p, device, d->weight.v, e) : err_nomem(e);
	}
	for (size_t kind = 0; kind < THROTTLE_COUNT; kind++)
		for (size_t i = 0; r == 0 && i < b->throttle[kind].n; i++)
			r = add_throttle(p, throttle_keys[kind], &b->throttle[kind].v[i], e);
	return r;
}

/* "64KB", "2MB", "1GB": part of a file name */
static bool is_page_size(const char *s)
{
	size_t digits = strspn(s, "0123456789");

	return digits > 0 && digits < 8 && s[digits] && strchr("KMG", s[digits]) && streq(s + digits + 1, "B");
}

int limits_plan_hugetlb(struct limit_plan *p, struct err *e)
{
	for (size_t i = 0; i < p->r->hugepage_limits.n; i++) {
		const struct spec_hugepage_limit *h = &p->r->hugepage_limits.v[i];

		if (!is_page_size(h->page_size))
			return err_say(e, EINVAL, "hugepageLimits: \"%.40s\" is no page size (such as 2MB)", h->page_size);
		const char *bytes = arena_printf(p->arena, "%" PRIu64, h->limit_bytes);
		int r = limits_add(p, 0, arena_printf(p->arena, "hugetlb.%s.max", h->page_size), bytes, e);

		/* reservations too: who asks for too much is then refused by mmap, not killed at the first touch */
		if (r == 0)
			r = limits_add(p, LIMIT_OPTIONAL, arena_printf(p->arena, "hugetlb.%s.rsvd.max", h->page_size),
				       bytes, e);
		if (r < 0)
			return r;
	}
	return 0;
}

int limits_plan_rdma(struct limit_plan *p, struct err *e)
{
	for (size_t i = 0; i < p->r->rdma.n; i++) {
		const struct spec_rdma *d = &p->r->rdma.v[i];
		char handles[32] = "", objects[32] = "";

		if (!*d->device || strpbrk(d->device, " \t\n="))
			return err_say(e, EINVAL, "rdma: \"%.40s\" is no device name", d->device);
		if (d->hca_handles.set)
			snprintf(handles, sizeof(handles), " hca_handle=%" PRIu32, d->hca_handles.v);
		if (d->hca_objects.set)
			snprintf(objects, sizeof(objects), " hca_object=%" PRIu32, d->hca_objects.v);
		if (!*handles && !*objects)
			continue;
		int r = limits_add(p, 0, "rdma.max", arena_printf(p->arena, "%s%s%s", d->device, handles, objects), e);

		if (r < 0)
			return r;
	}
	return 0;
}
