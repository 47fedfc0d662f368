// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "cgroups/cgroups.h"
#include "cgroups/device_program.h"

#define PROGRAMS_MAX 64 /* the kernel attaches no more to one cgroup */

/* bpf(2). Return: as the system call, or -errno */
static int bpf(int command, union bpf_attr *attr)
{
	long r = syscall(SYS_bpf, command, attr, sizeof(*attr));

	return r < 0 ? -errno : (int)r;
}

static const struct {
	int errnum;
	const char *hint;
} hints[] = {
	{ EPERM, "BPF needs CAP_BPF and CAP_NET_ADMIN in the machine's own user namespace" },
	{ ENOSYS, "the kernel needs CONFIG_BPF_SYSCALL and CONFIG_CGROUP_BPF" },
	{ EINVAL, "the kernel needs CONFIG_BPF_SYSCALL and CONFIG_CGROUP_BPF" },
	{ E2BIG, "there are too many device rules for the kernel's verifier" },
};

static int failed(int errnum, const char *what, struct err *e)
{
	err_set(e, errnum, "%s the device program of the cgroup", what);
	for (size_t i = 0; i < ARRAY_SIZE(hints); i++)
		if (hints[i].errnum == errnum)
			err_hint(e, "%s", hints[i].hint);
	return -errnum;
}

static int load(const struct bpf_insn *insns, size_t n, struct err *e)
{
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insns = (uintptr_t)insns,
		.insn_cnt = (uint32_t)n,
		.license = (uintptr_t)"Apache-2.0",
		.prog_name = "paene_devices",
	};
	int fd = bpf(BPF_PROG_LOAD, &attr);

	return fd < 0 ? failed(-fd, "load", e) : fd;
}

static int attach(int cgroup, int program, struct err *e)
{
	union bpf_attr attr = {
		.target_fd = (uint32_t)cgroup,
		.attach_bpf_fd = (uint32_t)program,
		.attach_type = BPF_CGROUP_DEVICE,
		.attach_flags = BPF_F_ALLOW_MULTI, /* a cgroup below may add a program, and cannot undo ours */
	};
	int r = bpf(BPF_PROG_ATTACH, &attr);

	return r < 0 ? failed(-r, "attach", e) : 0;
}

static int detach(int cgroup, uint32_t id, struct err *e)
{
	union bpf_attr by_id = { .prog_id = id };
	auto_fd int program = bpf(BPF_PROG_GET_FD_BY_ID, &by_id);

	if (program == -ENOENT)
		return 0;
	if (program < 0)
		return failed(-program, "look up", e);
	union bpf_attr attr = {
		.target_fd = (uint32_t)cgroup,
		.attach_bpf_fd = (uint32_t)program,
		.attach_type = BPF_CGROUP_DEVICE,
	};
	int r = bpf(BPF_PROG_DETACH, &attr);

	return r < 0 && r != -ENOENT ? failed(-r, "detach", e) : 0;
}

/* All but the last one, which is ours: the kernel appends. */
static int detach_older(int cgroup, struct err *e)
{
	uint32_t ids[PROGRAMS_MAX];
	union bpf_attr attr = {
		.query.target_fd = (uint32_t)cgroup,
		.query.attach_type = BPF_CGROUP_DEVICE,
		.query.prog_ids = (uintptr_t)ids,
		.query.prog_cnt = ARRAY_SIZE(ids),
	};
	int r = bpf(BPF_PROG_QUERY, &attr);

	if (r < 0)
		return failed(-r, "query", e);
	for (uint32_t i = 0; r == 0 && i + 1 < attr.query.prog_cnt; i++)
		r = detach(cgroup, ids[i], e);
	return r;
}

/* First the new one, then away with the old: in between both must allow, so there is no moment with too few rules. */
int cgroup_set_devices(int cgroup, const struct spec_device_rules *rules, bool defaults, struct err *e)
{
	auto_arena struct arena arena = { 0 };
	struct bpf_insn *insns;
	size_t n;
	int r = device_program(rules, defaults, &arena, &insns, &n, e);

	if (r < 0)
		return r;
	auto_fd int program = load(insns, n, e);

	if (program < 0)
		return program;
	r = attach(cgroup, program, e);
	return r < 0 ? r : detach_older(cgroup, e);
}
