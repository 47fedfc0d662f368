// SPDX-License-Identifier: Apache-2.0
/*
 * linux.seccomp of a configuration, as runc understands it, and one thing more: the rules go to libseccomp as they are,
 * which keeps no order among them and forgets a rule with arguments beside one without. So rules that would be lost, or
 * might lose, against a looser rule on the same call are said once more in a filter of their own, whose default is to
 * allow; the kernel takes the strictest answer of all filters.
 */
#include <errno.h>
#include <linux/seccomp.h>

#include "seccomp/policy.h"

enum { DENIALS, MAIN }; /* the programs: the first may end up empty */

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
	/* TSYNC_ESRCH: a thread that can't follow is an errno, not a thread id that would look like a listener's fd. */
	{ "SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH },
	{ "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV },
};

/* Part of a rule: conditions that must all hold. */
struct piece {
	const struct spec_seccomp_arg *args;
	size_t n;
};

static int action_of(uint32_t action, const struct opt_u32 *code, uint32_t *ret, struct err *e)
{
	uint32_t data = 0;

	if (action >= ACT_COUNT)
		return err_say(e, EINVAL, "seccomp: unknown action %u", action);
	if (action == ACT_ERRNO || action == ACT_TRACE)
		data = code->set ? code->v : EPERM;
	if (data > SECCOMP_RET_DATA)
		return err_say(e, EINVAL, "seccomp: errnoRet %u is over %u", data, SECCOMP_RET_DATA);
	*ret = actions[action] | data;
	return 0;
}

static int add_flags(const struct spec_seccomp *s, struct policy *p, struct err *e)
{
	for (size_t i = 0; i < s->flags.n; i++) {
		unsigned flag = 0;

		for (size_t k = 0; k < ARRAY_SIZE(flags); k++)
			if (streq(flags[k].name, s->flags.v[i]))
				flag = flags[k].flag;
		if (!flag)
			return err_say(e, EINVAL, "seccomp flag %s is not known", s->flags.v[i]);
		for (size_t k = 0; k < p->n; k++)
			p->programs[k].flags |= flag;
	}
	return 0;
}

static int add_abis(const struct spec_seccomp *s, struct policy *p, struct err *e)
{
	int native = abi_native();

	p->abis = native >= 0 ? BIT(native) : 0;
	for (size_t i = 0; i < s->architectures.n; i++) {
		int abi = abi_find(s->architectures.v[i]);

		if (abi < 0)
			return err_say(e, EINVAL, "seccomp architecture %s is not known", s->architectures.v[i]);
		p->abis |= BIT(abi);
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
			return err_say(e, EINVAL, "seccomp: argument index %u of a rule is over %d", arg->index,
				       SECCOMP_ARGS_MAX - 1);
		if (arg->op < OP_NE || arg->op >= OP_END)
			return err_say(e, EINVAL, "seccomp: unknown operator %u", arg->op);
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

static size_t count_pieces(const struct spec_seccomp_rule *r)
{
	return args_are_alternatives(r) ? r->n_args : 1;
}

static struct piece piece_of(const struct spec_seccomp_rule *r, size_t i)
{
	return args_are_alternatives(r) ? (struct piece){ &r->args[i], 1 } : (struct piece){ r->args, r->n_args };
}

/* Whether two comparisons of one argument can't both hold. */
static bool contradict(const struct spec_seccomp_arg *a, const struct spec_seccomp_arg *b)
{
	if (a->index != b->index)
		return false;
	if (a->op == OP_EQ && b->op == OP_EQ)
		return a->value != b->value;
	return a->value == b->value && ((a->op == OP_EQ && b->op == OP_NE) || (a->op == OP_NE && b->op == OP_EQ));
}

static bool disjoint(const struct piece *a, const struct piece *b)
{
	for (size_t i = 0; i < a->n; i++)
		for (size_t k = 0; k < b->n; k++)
			if (contradict(&a->args[i], &b->args[k]))
				return true;
	return false;
}

/* Whether some rule on the call is looser than part of a rule, and can match the same arguments. */
static bool has_looser(const struct spec_seccomp *s, const char *name, const struct piece *piece, uint32_t action)
{
	for (size_t i = 0; i < s->n_rules; i++) {
		const struct spec_seccomp_rule *other = &s->rules[i];

		if (!action_stricter(actions[action], actions[other->action]) || !names_call(other, name))
			continue;
		for (size_t k = 0; k < count_pieces(other); k++) {
			struct piece theirs = piece_of(other, k);

			if (!disjoint(piece, &theirs))
				return true;
		}
	}
	return false;
}

/* The calls of a rule that has arguments for which it has to be said once more among the denials. */
static int add_denials(const struct spec_seccomp *s, struct policy *p, const struct spec_seccomp_rule *r,
		       const struct rule *rule, struct err *e)
{
	struct piece piece = { rule->args, rule->n_args };

	for (size_t i = 0; i < r->names.n && rule->n_args; i++) {
		if (!has_looser(s, r->names.v[i], &piece, r->action))
			continue;
		struct rule denial = *rule;

		denial.names = (const char *const *)&r->names.v[i];
		denial.n_names = 1;
		int err = policy_add(p, &p->programs[DENIALS], &denial, e);

		if (err < 0)
			return err;
	}
	return 0;
}

static int add_rule(const struct spec_seccomp *s, struct policy *p, const struct spec_seccomp_rule *r, struct err *e)
{
	struct rule rule = { .names = (const char *const *)r->names.v, .n_names = r->names.n };
	int err = action_of(r->action, &r->errno_ret, &rule.action, e);

	for (size_t i = 0; err == 0 && i < count_pieces(r); i++) {
		struct piece piece = piece_of(r, i);

		rule.args = piece.args;
		rule.n_args = piece.n;
		err = policy_add(p, &p->programs[MAIN], &rule, e);
		if (err == 0)
			err = add_denials(s, p, r, &rule, e);
	}
	return err;
}

static bool has_notify(const struct program *g)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->rules[i].action == SECCOMP_RET_USER_NOTIF)
			return true;
	return false;
}

/* Only one filter of a process can have a listener: if it is that of the denials, all the calls to be told of move there. */
static int move_notify(struct policy *p, struct err *e)
{
	struct program *g = &p->programs[MAIN];

	if (!has_notify(&p->programs[DENIALS]))
		return 0;
	for (size_t i = 0; i < g->n; i++) {
		if (g->rules[i].action != SECCOMP_RET_USER_NOTIF)
			continue;
		int r = policy_add(p, &p->programs[DENIALS], &g->rules[i], e);

		if (r < 0)
			return r;
		g->rules[i].action = SECCOMP_RET_ALLOW;
	}
	return 0;
}

static void set_listener(struct policy *p)
{
	for (size_t i = 0; i < p->n; i++) {
		if (has_notify(&p->programs[i]))
			p->programs[i].flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
		else /* the kernel refuses it without a listener */
			p->programs[i].flags &= ~SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	}
}

static void drop_empty_denials(struct policy *p)
{
	if (p->programs[DENIALS].n)
		return;
	p->programs[0] = p->programs[MAIN];
	p->n = 1;
}

int seccomp_from_spec(const struct spec_seccomp *s, int cache, struct seccomp_plan *ret, struct err *e)
{
	auto_policy struct policy p = { .n = 2 };
	struct program *programs = p.programs;
	int r = action_of(s->default_action, &s->default_errno_ret, &programs[MAIN].default_action, e);

	if (r == 0)
		r = check(s, e);
	if (r == 0)
		r = add_flags(s, &p, e);
	if (r == 0)
		r = add_abis(s, &p, e);
	if (r < 0)
		return r;
	programs[DENIALS].default_action = SECCOMP_RET_ALLOW;
	programs[MAIN].newer_enosys = action_stricter(programs[MAIN].default_action, SECCOMP_RET_TRACE);
	for (size_t i = 0; i < s->n_rules; i++) {
		r = add_rule(s, &p, &s->rules[i], e);
		if (r < 0)
			return r;
	}
	r = move_notify(&p, e);
	if (r < 0)
		return r;
	drop_empty_denials(&p);
	set_listener(&p);
	return policy_plan(&p, cache, ret, e);
}
