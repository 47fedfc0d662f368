// SPDX-License-Identifier: Apache-2.0
#include "seccomp/compile.h"

#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "seccomp/prologue.h"

/* With more calls than this a binary search is worth its instructions; libseccomp 2.5 gets it wrong without any. */
#define TREE_FROM 32

static void context_guard(scmp_filter_ctx *ctx)
{
	seccomp_release(*ctx); /* NULL is fine */
}
#define auto_context __attribute__((cleanup(context_guard)))

static size_t count_calls(const struct program *g)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n; i++)
		n += g->rules[i].n_names;
	return n;
}

static int set_attributes(scmp_filter_ctx ctx, const struct program *g, struct err *e)
{
	/* A call by another ABI is one that no rule here can have meant. */
	uint32_t other_abi = g->native_only ? SCMP_ACT_ALLOW : SCMP_ACT_KILL_PROCESS;
	int r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, other_abi);

	if (r < 0)
		return err_set(e, -r, "set the action for other architectures");
	if (count_calls(g) > TREE_FROM)
		(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* faster, no more */
	return 0;
}

static int add_abis(scmp_filter_ctx ctx, uint32_t abis, struct err *e)
{
	for (size_t i = 0; i < abi_count; i++) {
		if (!(abis & BIT(i)) || !abi_table[i].token)
			continue;
		int r = seccomp_arch_add(ctx, abi_table[i].token);

		/* There already, or of another byte order: its calls can't occur on this machine. */
		if (r < 0 && r != -EEXIST && r != -EDOM)
			return err_set(e, -r, "add architecture %s", abi_table[i].name);
	}
	return 0;
}

static int add_rule(scmp_filter_ctx ctx, uint32_t action, const char *name, struct err *e)
{
	int number = seccomp_syscall_resolve_name(name);
	int r = number == __NR_SCMP_ERROR ? 0 : seccomp_rule_add_array(ctx, action, number, 0, NULL);

	return r < 0 ? err_set(e, -r, "add a rule for %s", name) : 0;
}

/* The rules without arguments; the prologue has the others. */
static int add_rules(scmp_filter_ctx ctx, const struct program *g, struct err *e)
{
	for (size_t i = 0; i < g->n; i++) {
		const struct rule *rule = &g->rules[i];

		if (rule->n_args || rule->action == g->default_action)
			continue; /* libseccomp takes the latter for a mistake */
		for (size_t k = 0; k < rule->n_names; k++) {
			int r = add_rule(ctx, rule->action, rule->names[k], e);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* Append libseccomp's program; version 2.5 can write it to a file only. */
static int export_code(scmp_filter_ctx ctx, struct code *c, struct err *e)
{
	auto_fd int fd = memfd_create("seccomp", MFD_CLOEXEC);
	size_t room = sizeof(c->insn) - c->n * sizeof(c->insn[0]);
	struct stat st;

	if (fd < 0)
		return err_set(e, errno, "make a memory file");
	int r = seccomp_export_bpf(ctx, fd);

	if (r < 0)
		return err_set(e, -r, "generate the filter");
	if (fstat(fd, &st) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return err_set(e, errno, "read the generated filter");
	if (c->full || (size_t)st.st_size > room)
		return err_say(e, E2BIG, "the filter has more than %d instructions", BPF_MAXINSNS);
	ssize_t n = fd_read_all(fd, &c->insn[c->n], room);

	if (n < 0)
		return err_set(e, (int)-n, "read the generated filter");
	c->n += (size_t)n / sizeof(c->insn[0]);
	return 0;
}

int compile_program(const struct policy *p, const struct program *g, struct seccomp_filter *ret, struct err *e)
{
	auto_context scmp_filter_ctx ctx = seccomp_init(g->default_action);
	auto_free struct code *c = calloc(1, sizeof(*c));

	if (!ctx || !c)
		return err_nomem(e);
	int r = set_attributes(ctx, g, e);

	if (r == 0 && !g->native_only)
		r = add_abis(ctx, p->abis, e);
	if (r == 0)
		r = add_rules(ctx, g, e);
	if (r < 0)
		return r;
	prologue_emit(p, g, c);
	r = export_code(ctx, c, e);
	if (r < 0)
		return r;
	struct sock_filter *code = malloc(c->n * sizeof(*code));

	if (!code)
		return err_nomem(e);
	memcpy(code, c->insn, c->n * sizeof(*code));
	ret->code = code;
	ret->n = (unsigned short)c->n;
	return 0;
}
