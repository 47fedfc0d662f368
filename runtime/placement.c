// SPDX-License-Identifier: Apache-2.0
#include "runtime/placement.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/str.h"
#include "spec/names.h"

#define CPUS_MAX  8192 /* the most that Linux can be built for */
#define NODES_MAX 1024

#define WORD_BITS (8 * sizeof(unsigned long))

struct cpu_set {
	unsigned long bits[CPUS_MAX / WORD_BITS];
};
struct node_set {
	unsigned long bits[NODES_MAX / WORD_BITS];
};

static int read_cpus(const char *list, struct cpu_set *ret, const char *what, struct err *e)
{
	int r = str_to_set(list, CPUS_MAX, ret->bits);

	if (r == -ERANGE)
		return err_set(e, ERANGE, "%s: \"%.64s\": there are at most %d CPUs", what, list, CPUS_MAX);
	return r < 0 ? err_say(e, EINVAL, "%s: \"%.64s\" is no list as \"0-3,7\"", what, list) : 0;
}

int placement_check_cpus(const struct spec_cpu_affinity *a, struct err *e)
{
	struct cpu_set ignored;
	int r = a->initial ? read_cpus(a->initial, &ignored, "process.execCPUAffinity.initial", e) : 0;

	if (r >= 0 && a->final)
		r = read_cpus(a->final, &ignored, "process.execCPUAffinity.final", e);
	return r;
}

int placement_cpus(pid_t pid, const char *cpus, struct err *e)
{
	struct cpu_set set;

	memset(&set, 0xff, sizeof(set));
	int r = cpus ? read_cpus(cpus, &set, "process.execCPUAffinity", e) : 0;

	if (r < 0)
		return r;
	if (syscall(SYS_sched_setaffinity, pid, sizeof(set), &set) < 0)
		return err_set(e, errno, "process.execCPUAffinity: run on the CPUs %s", cpus ? cpus : "of all");
	return 0;
}

int placement_of_exec(pid_t pid, const struct spec_cpu_affinity *a, struct err *e)
{
	return a->initial && !a->final ? 0 : placement_cpus(pid, a->final, e);
}

/* Which modes take a list of nodes: man 2 set_mempolicy. */
enum nodes_wanted {
	NODES_NONE,
	NODES_SOME,
	NODES_ANY,
};
static const enum nodes_wanted wanted[] = {
	[MPOL_DEFAULT] = NODES_NONE, [MPOL_PREFERRED] = NODES_ANY, [MPOL_BIND] = NODES_SOME, [MPOL_INTERLEAVE] = NODES_SOME,
	[MPOL_LOCAL] = NODES_NONE,   [MPOL_PREFERRED_MANY] = NODES_SOME,
	[MPOL_PREFERRED_MANY + 1] = NODES_SOME, /* MPOL_WEIGHTED_INTERLEAVE, Linux 6.9 */
};
static_assert(ARRAY_SIZE(wanted) == ARRAY_SIZE(spec_mempolicy_mode_names), "a row for each mode");

static unsigned count(const struct node_set *nodes)
{
	unsigned n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(nodes->bits); i++)
		n += (unsigned)__builtin_popcountl(nodes->bits[i]);
	return n;
}

/* Its complaints are in the words of runc. */
static int read_policy(const struct spec_memory_policy *m, struct node_set *nodes, int *ret_mode, struct err *e)
{
	bool none = !m->nodes || !*m->nodes;
	int mode = (int)m->mode;

	memset(nodes, 0, sizeof(*nodes));
	if (!none && str_to_set(m->nodes, NODES_MAX, nodes->bits) < 0)
		return err_say(e, EINVAL, "linux.memoryPolicy.nodes: invalid memory policy nodes \"%.64s\"", m->nodes);
	if (none && wanted[m->mode] == NODES_SOME)
		return err_say(e, EINVAL, "linux.memoryPolicy.nodes: memory policy mode requires at least one node but got 0");
	if (!none && wanted[m->mode] == NODES_NONE)
		return err_say(e, EINVAL, "linux.memoryPolicy.nodes: memory policy mode requires 0 nodes but got %u",
			       count(nodes));
	for (size_t i = 0; i < m->flags.n; i++) {
		int flag = spec_name_index(spec_mempolicy_flag_names, ARRAY_SIZE(spec_mempolicy_flag_names),
					   m->flags.v[i]);

		if (flag < 0)
			return err_say(e, EINVAL, "linux.memoryPolicy.flags: invalid memory policy flag \"%.64s\"",
				       m->flags.v[i]);
		mode |= (int)BIT(SPEC_MEMPOLICY_FLAG_BIT + flag);
	}
	*ret_mode = mode;
	return 0;
}

int placement_check_memory(const struct spec_memory_policy *m, struct err *e)
{
	struct node_set nodes;
	int mode;

	return m->given ? read_policy(m, &nodes, &mode, e) : 0;
}

int placement_memory(const struct spec_memory_policy *m, struct err *e)
{
	struct node_set nodes;
	int mode;

	if (!m->given)
		return 0;
	int r = read_policy(m, &nodes, &mode, e);

	if (r < 0)
		return r;
	bool none = !m->nodes || !*m->nodes;

	/* the kernel's maxnode is one more than the last bit's number; it wants no mask at all where no node counts */
	if (syscall(SYS_set_mempolicy, mode, none ? NULL : nodes.bits, none ? 0 : NODES_MAX + 1) < 0)
		return err_set(e, errno, "linux.memoryPolicy: set %s", spec_mempolicy_mode_names[m->mode]);
	return 0;
}
