// SPDX-License-Identifier: Apache-2.0
/*
 * Taking memory back from a cgroup before the kernel has to.
 *
 * memory.reclaim takes a number of bytes and what it can find: first what has not been used for longest. Nobody knows how much
 * of it the processes will want back, so it is done in steps, and after each one they get a moment to say so: by the time that
 * they wait for memory (memory.pressure, the kernel's Documentation/accounting/psi.rst). Our own time in the kernel counts for
 * our own cgroup, not for theirs. Those of a frozen cgroup wait for nothing: there the steps follow each other at once.
 */
#include "cgroups/reclaim.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/timestamp.h"
#include "cgroups/controllers.h"
#include "cgroups/text.h"

#define SMALLEST_STEP (UINT64_C(1) << 20)
#define LARGEST_STEP  (UINT64_C(1) << 30)
#define LOOK_NS	      100000000L /* the moment: a disk has answered many times in it, and 100 GiB still take a minute alone */
#define WRITE_LOOKS   50	 /* how often to wait for pages on their way to the disk, if none gets there meanwhile */
#define ALL_OF_TIME   10000	 /* hundredths of a percent */
#define AVERAGE_US    1000000	 /* having to fetch back a little is the price of every step; that it goes on is pressure */

struct reclaim {
	const struct cgroup_reclaim *want;
	int cgroup, fd;
	uint64_t aim, step; /* what is to be left; how much to take next */
	uint32_t max, pressure;
	uint64_t stall_us; /* at the last look */
	int64_t looked_us;
	uint64_t unwritten; /* pages on their way to the disk, when nothing else was left */
	unsigned waits;	    /* how often that has not become less */
	struct cgroup_reclaimed *ret;
};

uint32_t reclaim_pressure(uint32_t before, uint64_t stall_us, uint64_t us)
{
	uint64_t stall = MIN(stall_us, us);

	return (uint32_t)((before * (uint64_t)AVERAGE_US + stall * ALL_OF_TIME) / (AVERAGE_US + us));
}

uint64_t reclaim_next_step(uint64_t step, uint32_t pressure, uint32_t max, uint64_t now)
{
	uint64_t most = MIN(MAX(now / 8, RECLAIM_FIRST_STEP), LARGEST_STEP);

	if (pressure >= max / 2)
		step /= 2;
	else if (pressure <= max / 4)
		step *= 2;
	return MIN(MAX(step, SMALLEST_STEP), most);
}

void reclaim_parse_stat(const char *text, struct cgroup_memory *ret)
{
	uint64_t file = 0, shmem = 0, anon = 0, slab = 0, zswap = 0;
	const struct {
		const char *key;
		uint64_t *value;
	} rows[] = {
		{ "file", &file }, { "shmem", &shmem }, { "anon", &anon }, { "slab", &slab }, { "zswap", &zswap },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		(void)cgroup_text_value(text, rows[i].key, rows[i].value); /* zswap: only where the kernel has it */
	ret->file_bytes = file - MIN(file, shmem); /* a tmpfs counts as file, and goes to swap */
	ret->anon_bytes = anon + shmem;
	ret->slab_bytes = slab;
	ret->zswap_bytes = zswap;
}

static int read_number(int cgroup, const char *file, uint64_t *ret, struct err *e)
{
	char text[CGROUP_SMALL_FILE];
	int r = cgroup_read_small(cgroup, file, text, e);

	if (r == 0 && !cgroup_text_number(text, ret))
		return err_say(e, EINVAL, "%s says no number", file);
	return r;
}

int cgroup_read_memory(int cgroup, struct cgroup_memory *ret, struct err *e)
{
	struct cgroup_memory m = { 0 };
	auto_free char *text = NULL;
	struct err ignored; /* a kernel without swap has no memory.swap.current */
	int r = read_number(cgroup, "memory.current", &m.total_bytes, e);

	if (r == 0)
		r = file_read(cgroup, "memory.stat", CGROUP_TEXT_MAX, &text, NULL, e);
	if (r < 0)
		return r;
	reclaim_parse_stat(text, &m);
	(void)read_number(cgroup, "memory.swap.current", &m.swap_bytes, &ignored);
	*ret = m;
	return 0;
}

/* The time that at least one process has waited for memory, so far. Return: whether the kernel tells */
static bool read_stall(int cgroup, uint64_t *ret_us)
{
	char text[CGROUP_SMALL_FILE];
	struct err ignored; /* it may have been switched off */

	return cgroup_read_small(cgroup, "memory.pressure", text, &ignored) == 0 && str_after(text, "some ") &&
	       cgroup_line_value(text, "total", ret_us);
}

/* Give the processes a moment, if there are any that could wait for memory, and see whether they did. */
static void look(struct reclaim *r)
{
	const struct timespec moment = { .tv_nsec = LOOK_NS };
	uint64_t stall_us = r->stall_us;

	if (!r->ret->watched)
		return;
	(void)nanosleep(&moment, NULL);
	(void)read_stall(r->cgroup, &stall_us);
	int64_t now = clock_us();

	r->pressure = reclaim_pressure(r->pressure, stall_us - MIN(r->stall_us, stall_us), (uint64_t)(now - r->looked_us));
	r->ret->pressure = MAX(r->ret->pressure, r->pressure);
	r->stall_us = stall_us;
	r->looked_us = now;
}

static int open_reclaim(int cgroup, struct err *e)
{
	int fd = openat(cgroup, "memory.reclaim", O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	if (errno != ENOENT) {
		err_set(e, errno, "open memory.reclaim");
		return e->code == EACCES ? err_hint(e, "the cgroup is not delegated to this user") : -e->code;
	}
	if (faccessat(cgroup, "memory.current", F_OK, 0) < 0)
		return cgroup_file_missing(cgroup, "memory.reclaim", e);
	return err_say(e, EOPNOTSUPP, "this kernel takes no memory back on request (memory.reclaim): that needs Linux 5.19");
}

/* Return: 0 where it was taken, -EAGAIN where the kernel finds no more, or another -errno with @e filled */
static int take(struct reclaim *r, uint64_t bytes, struct err *e)
{
	const struct opt_u32 *swappiness = &r->want->swappiness;
	char text[64];
	int n = snprintf(text, sizeof(text), "%" PRIu64, bytes);

	if (swappiness->set)
		n += snprintf(text + n, sizeof(text) - (size_t)n, " swappiness=%u", swappiness->v);
	if (write(r->fd, text, (size_t)n) >= 0) {
		r->ret->taken_bytes += bytes;
		r->ret->steps++;
		r->waits = 0;
		return 0;
	}
	if (errno == EAGAIN)
		return -EAGAIN;
	if (errno == EINVAL && swappiness->set)
		return err_say(e, EOPNOTSUPP, "this kernel takes no swappiness with a request: that needs Linux 6.9");
	return err_set(e, errno, "write \"%s\" to memory.reclaim", text);
}

/*
 * Pages that differ from their file or their place in swap can be taken once they are written; the kernel has others do that,
 * and does not wait. Whether it is worth it to wait here.
 */
static bool more_is_coming(struct reclaim *r)
{
	const struct timespec moment = { .tv_nsec = LOOK_NS };
	auto_free char *text = NULL;
	uint64_t dirty = 0, writing = 0;
	struct err ignored;

	if (file_read(r->cgroup, "memory.stat", CGROUP_TEXT_MAX, &text, NULL, &ignored) < 0)
		return false;
	(void)cgroup_text_value(text, "file_dirty", &dirty);
	(void)cgroup_text_value(text, "file_writeback", &writing);
	if (dirty + writing < r->unwritten)
		r->waits = 0;
	r->unwritten = dirty + writing;
	if (!r->unwritten || ++r->waits > WRITE_LOOKS)
		return false;
	(void)nanosleep(&moment, NULL);
	return true;
}

/* What is still to be taken: nothing where it is less than a page. */
static uint64_t left(const struct reclaim *r, uint64_t now)
{
	uint64_t bytes = now - MIN(now, r->aim);

	return bytes < (uint64_t)sysconf(_SC_PAGESIZE) ? 0 : bytes;
}

/* Who reads file after file takes memory as fast as we do; there would be no end. */
static bool is_in_vain(const struct reclaim *r)
{
	return r->ret->taken_bytes > 2 * (r->ret->before.total_bytes - r->aim) + RECLAIM_FIRST_STEP;
}

/* @found: there was something to take. Return: whether it ends before its aim, with ret->end set */
static bool must_end(struct reclaim *r, bool found)
{
	if (!found)
		r->ret->end = CGROUP_RECLAIM_EXHAUSTED;
	else if (r->pressure > r->max)
		r->ret->end = CGROUP_RECLAIM_PRESSURE;
	else if (is_in_vain(r))
		r->ret->end = CGROUP_RECLAIM_REGROWN;
	return r->ret->end != CGROUP_RECLAIM_REACHED;
}

/* Return: 0 with ret->end set, or -errno with @e filled */
static int reclaim_steps(struct reclaim *r, struct err *e)
{
	bool found = true;

	for (;;) {
		uint64_t now;
		int err = read_number(r->cgroup, "memory.current", &now, e);
		uint64_t bytes = err < 0 ? 0 : left(r, now);

		if (bytes == 0) /* or no number */
			return err;
		if (must_end(r, found))
			return 0;
		err = take(r, MIN(bytes, r->step), e);
		if (err < 0 && err != -EAGAIN)
			return err;
		found = err == 0 || more_is_coming(r);
		look(r);
		r->step = reclaim_next_step(r->step, r->pressure, r->max, now);
	}
}

int cgroup_reclaim(int cgroup, const struct cgroup_reclaim *want, struct cgroup_reclaimed *ret, struct err *e)
{
	struct cgroup_reclaimed result = { .end = CGROUP_RECLAIM_REACHED };
	auto_fd int fd = open_reclaim(cgroup, e);
	struct err ignored; /* what cannot be asked is taken to run */

	if (fd < 0)
		return fd;
	struct reclaim r = {
		.want = want, .cgroup = cgroup, .fd = fd, .ret = &result,
		.max = want->max_pressure.set ? want->max_pressure.v : CGROUP_RECLAIM_PRESSURE_DEFAULT,
		.step = RECLAIM_FIRST_STEP,
	};

	bool runs = cgroup_is_frozen(cgroup, &ignored) != 1, known = read_stall(cgroup, &r.stall_us);

	r.looked_us = clock_us();
	result.watched = runs && known;
	if (runs && !known && want->max_pressure.set) {
		err_say(e, EOPNOTSUPP, "this kernel does not tell how long processes wait for memory");
		return err_hint(e, "boot it with psi=1");
	}
	int err = cgroup_read_memory(cgroup, &result.before, e);
	uint64_t before = result.before.total_bytes;

	r.aim = MIN(before, want->to.set ? want->to.v : before - MIN(before, want->amount.v));
	if (err == 0)
		err = reclaim_steps(&r, e);
	if (err == 0)
		err = cgroup_read_memory(cgroup, &result.after, e);
	if (err == 0)
		*ret = result;
	return err;
}
