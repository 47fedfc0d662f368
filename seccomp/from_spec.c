// SPDX-License-Identifier: Apache-2.0
/* linux.seccomp of a configuration, as runc understands it; but rules that libseccomp would lose do count here. */
#include <errno.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "seccomp/policy.h"

static const uint32_t actions[ACT_COUNT] = {
	[ACT_KILL] = SECCOMP_RET_KILL_THREAD,
	[ACT_KILL_PROCESS] = SECCOMP_RET_KILL_PROCESS,
	[ACT_KILL_THREAD] = SECCOMP_RET_KILL_THREAD,
	[ACT_TRAP] = SECCOMP_RET_TRAP,
	[ACT_ERRNO] = SECCOMP_RET_ERRNO,
	[ACT_TRACE] = SECCOMP_RET_TRACE,
	[ACT_ALLOW] = SECCOMP_RET_ALLOW,
	[ACT_LOG] = SECCOMP_RET_LOG,
	[ACT_NOTIFY] = SECCOMP_RET_USER_NOTIF,
};

static const struct {
	const char *name;
	unsigned flag;
} flags[] = {
	{ "SECCOMP_FILTER_FLAG_TSYNC", 0 }, /* there are no other threads to take along: who installs it has one */
	{ "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV },
};

static int action_of(uint32_t action, const struct opt_u32 *code, uint32_t *ret, struct err *e)
{
	uint32_t data = 0;

	if (action >= ACT_COUNT)
		return err_say(e, EINVAL, "unknown action %u", action);
	if (action == ACT_ERRNO || action == ACT_TRACE)
		data = code->set ? code->v : EPERM;
	if (data > SECCOMP_RET_DATA)
		return err_say(e, EINVAL, "errnoRet %u is over %u", data, SECCOMP_RET_DATA);
	*ret = actions[action] | data;
	return 0;
}

static int add_flags(const struct spec_seccomp *s, struct program *g, struct err *e)
{
	for (size_t i = 0; i < s->flags.n; i++) {
		size_t k = 0;

		while (k < ARRAY_SIZE(flags) && !streq(flags[k].name, s->flags.v[i]))
			k++;
		if (k == ARRAY_SIZE(flags))
			return err_say(e, EINVAL, "flag %s is not known", s->flags.v[i]);
		g->flags |= flags[k].flag;
	}
	if (!s->flags.v) /* not even an empty list: as with runc and crun, a filter by itself makes nothing slower */
		g->flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	return 0;
}

static int add_abis(const struct spec_seccomp *s, struct policy *p, struct err *e)
{
	p->abis = abi_bit(abi_native());
	for (size_t i = 0; i < s->architectures.n; i++) {
		int abi = abi_find(s->architectures.v[i]);

		if (abi < 0)
			return err_say(e, EINVAL, "architecture %s is not known", s->architectures.v[i]);
		p->abis |= abi_bit(abi);
	}
	return 0;
}

static bool names_call(const struct spec_seccomp_rule *r, const char *name)
{
	for (size_t i = 0; i < r->names.n; i++)
		if (streq(r->names.v[i], name))
			return true;
	return false;
}

static int check_rule(const struct spec_seccomp_rule *r, struct err *e)
{
	uint32_t unused;
	int err = action_of(r->action, &r->errno_ret, &unused, e);

	if (err < 0)
		return err;
	for (size_t i = 0; i < r->n_args; i++) {
		const struct spec_seccomp_arg *arg = &r->args[i];

		if (arg->index >= SECCOMP_ARGS_MAX)
			return err_say(e, EINVAL, "argument index %u of a rule is over %d", arg->index,
				       SECCOMP_ARGS_MAX - 1);
		if (arg->op < OP_NE || arg->op >= OP_END)
			return err_say(e, EINVAL, "unknown operator %u", arg->op);
	}
	/* Whoever waits for the listener's fd may have to be told of it by write. */
	if (r->action == ACT_NOTIFY && names_call(r, "write"))
		return err_say(e, EINVAL, "SCMP_ACT_NOTIFY cannot be used for the write syscall");
	return 0;
}

static int check(const struct spec_seccomp *s, struct err *e)
{
	if (s->default_action == ACT_NOTIFY)
		return err_say(e, EINVAL, "SCMP_ACT_NOTIFY cannot be used as default action");
	for (size_t i = 0; i < s->n_rules; i++) {
		int r = check_rule(&s->rules[i], e);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Two comparisons of one argument can't both be meant to hold: each stands for itself then. */
static bool args_are_alternatives(const struct spec_seccomp_rule *r)
{
	unsigned seen = 0;

	for (size_t i = 0; i < r->n_args; i++) {
		if (seen & BIT(r->args[i].index))
			return true;
		seen |= BIT(r->args[i].index);
	}
	return false;
}

static int add_rule(struct policy *p, const struct spec_seccomp_rule *r, struct err *e)
{
	struct rule rule = {
		.names = (const char *const *)r->names.v,
		.n_names = r->names.n,
		.args = r->args,
		.n_args = r->n_args,
	};
	int err = action_of(r->action, &r->errno_ret, &rule.action, e);

	if (err < 0)
		return err;
	if (!args_are_alternatives(r))
		return policy_add(p, &p->programs[0], &rule, e);
	rule.n_args = 1;
	for (size_t i = 0; i < r->n_args && err == 0; i++) {
		rule.args = &r->args[i];
		err = policy_add(p, &p->programs[0], &rule, e);
	}
	return err;
}

static void set_listener(struct program *g)
{
	bool notify = false;

	for (size_t i = 0; i < g->n; i++)
		notify |= g->rules[i].action == SECCOMP_RET_USER_NOTIF;
	if (notify)
		g->flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	else /* the kernel refuses it without a listener */
		g->flags &= ~SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
}

int seccomp_from_spec(const struct spec_seccomp *s, int cache, struct seccomp_plan *ret, struct err *e)
{
	auto_policy struct policy p = { .n = 1 };
	struct program *g = &p.programs[0];
	int r = action_of(s->default_action, &s->default_errno_ret, &g->default_action, e);

	if (r == 0)
		r = check(s, e);
	if (r == 0)
		r = add_flags(s, g, e);
	if (r == 0)
		r = add_abis(s, &p, e);
	for (size_t i = 0; i < s->n_rules && r == 0; i++)
		r = add_rule(&p, &s->rules[i], e);
	if (r < 0)
		return r;
	g->newer_enosys = action_stricter(g->default_action, SECCOMP_RET_TRACE);
	set_listener(g);
	return policy_plan(&p, cache, ret, e);
}

const char *seccomp_arch_name(size_t i)
{
	return i < abi_count ? abi_table[i].name : NULL;
}

const char *seccomp_flag_name(size_t i)
{
	return i < ARRAY_SIZE(flags) ? flags[i].name : NULL;
}

/* seccomp(2) looks at the flags before it looks for the filter, and one of them is only good for listeners. */
bool seccomp_flag_supported(size_t i)
{
	unsigned wanted = i < ARRAY_SIZE(flags) ? flags[i].flag | SECCOMP_FILTER_FLAG_NEW_LISTENER : ~0U;

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, wanted, NULL) < 0 && errno == EFAULT;
}
