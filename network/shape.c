// SPDX-License-Identifier: Apache-2.0
#include "network/shape.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

#include "network/subnet.h"

#define RATE_MIN_BITS 1000	       /* less than a packet in ten seconds is no rate */
#define RATE_MAX_BITS 10000000000000 /* 10 tbit: what the kernel counts in stays far from its ends */
#define DELAY_MAX_US  3600000000
#define SHARE_ALL     100000 /* thousandths of a percent */

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit prefixes[] = {
	{ "", 1 }, { "k", 1000 }, { "m", 1000000 }, { "g", 1000000000 }, { "t", 1000000000000 },
	{ "ki", 1 << 10 }, { "mi", 1 << 20 }, { "gi", 1 << 30 }, { "ti", BIT64(40) },
};
static const struct unit rates[] = { { "", 1 }, { "bit", 1 }, { "bit/s", 1 }, { "bps", 8 }, { "B/s", 8 } };
static const struct unit times[] = { { "us", 1 }, { "µs", 1 }, { "ms", 1000 }, { "s", 1000000 } };

static const struct unit *find_unit(const struct unit *units, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (streq(units[i].name, name))
			return &units[i];
	return NULL;
}

/* The number that a text begins with, in thousandths. @ret_word: what is behind it. Return: 0, or -EINVAL */
static int read_number(const char *text, uint64_t *ret_milli, const char **ret_word)
{
	char number[24];
	size_t len = strspn(text, "0123456789.");

	if (len >= sizeof(number))
		return -EINVAL;
	memcpy(number, text, len);
	number[len] = '\0';
	*ret_word = text + len;
	return str_to_milli(number, ret_milli) < 0 ? -EINVAL : 0;
}

/* Return: 0, or -EINVAL above @max, too */
static int multiply(uint64_t milli, uint64_t factor, uint64_t max, uint64_t *ret)
{
	uint64_t product;

	if (__builtin_mul_overflow(milli, factor, &product) || product / 1000 > max)
		return -EINVAL;
	*ret = product / 1000;
	return 0;
}

/* As tc has them: "10mbit", "1.5gibit", "300k", "1mbps" and "1MB/s" of bytes. */
static int read_rate(const char *text, uint64_t *ret)
{
	const char *word;
	uint64_t milli, bits;
	int r = read_number(text, &milli, &word);

	for (size_t i = 0; i < ARRAY_SIZE(prefixes) && r == 0; i++) {
		size_t len = strlen(prefixes[i].name);
		const struct unit *unit = strncasecmp(word, prefixes[i].name, len) == 0 ?
						  find_unit(rates, ARRAY_SIZE(rates), word + len) : NULL;

		if (!unit)
			continue;
		if (multiply(milli, prefixes[i].factor * unit->factor, RATE_MAX_BITS, &bits) < 0 ||
		    (milli && bits < RATE_MIN_BITS))
			return -EINVAL;
		*ret = bits;
		return 0;
	}
	return -EINVAL;
}

/* The slash between two rates: not that of "MB/s". */
static const char *find_slash(const char *text)
{
	for (const char *p = strchr(text, '/'); p; p = strchr(p + 1, '/'))
		if (p[1] != 's' || (p[2] && p[2] != '/'))
			return p;
	return NULL;
}

/* "IN/OUT", "IN/", "/OUT", or one for both. */
static int read_rates(const char *text, struct net_rule *r, size_t offset)
{
	const char *slash = find_slash(text);
	char in[NET_SHAPE_TEXT_MAX];
	size_t len = slash ? (size_t)(slash - text) : strlen(text);

	(void)offset;
	if (len >= sizeof(in) || (slash && !len && !slash[1]))
		return -EINVAL;
	memcpy(in, text, len);
	in[len] = '\0';
	int err = slash && !len ? 0 : read_rate(in, &r->rate_bits[NET_IN]);

	if (err == 0 && !slash)
		r->rate_bits[NET_OUT] = r->rate_bits[NET_IN];
	return err == 0 && slash && slash[1] ? read_rate(slash + 1, &r->rate_bits[NET_OUT]) : err;
}

/* @unit: NULL: that of the text, which has one unless it is 0 */
static int read_time(const char *text, const struct unit **unit, uint64_t *ret)
{
	const char *word;
	uint64_t milli;
	int r = read_number(text, &milli, &word);

	if (r < 0)
		return r;
	if (*word || !*unit)
		*unit = *word || milli ? find_unit(times, ARRAY_SIZE(times), word) : &times[0];
	return *unit ? multiply(milli, (*unit)->factor, DELAY_MAX_US, ret) : -EINVAL;
}

/* "80ms", "80ms±10ms", also written +- or with a comma; the second may lack its unit. */
static int read_delay(const char *text, struct net_rule *r, size_t offset)
{
	static const char *const between[] = { "±", "+-", "," };
	const struct unit *unit = NULL;
	char first[NET_SHAPE_TEXT_MAX];
	const char *jitter = NULL;

	(void)offset;
	if (snprintf(first, sizeof(first), "%s", text) >= (int)sizeof(first))
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(between) && !jitter; i++) {
		char *at = strstr(first, between[i]);

		if (at) {
			*at = '\0';
			jitter = at + strlen(between[i]);
		}
	}
	r->jitter_us = 0;
	int err = read_time(first, &unit, &r->delay_us);

	return err == 0 && jitter ? read_time(jitter, &unit, &r->jitter_us) : err;
}

static int read_distribution(const char *text, struct net_rule *r, size_t offset)
{
	(void)offset;
	r->normal = streq(text, "normal");
	return r->normal || streq(text, "uniform") ? 0 : -EINVAL;
}

/* "1%", "0.1%"; with or without the sign. */
static int read_share(const char *text, struct net_rule *r, size_t offset)
{
	const char *word;
	uint64_t milli;
	int err = read_number(text, &milli, &word);

	if (err < 0 || milli > SHARE_ALL || (*word && !streq(word, "%")))
		return -EINVAL;
	*(uint32_t *)((char *)r + offset) = (uint32_t)milli;
	return 0;
}

static const struct {
	const char *key, *expected;
	int (*read)(const char *text, struct net_rule *r, size_t offset);
	size_t offset; /* of a share */
} keys[] = {
	{ "rate", "a rate such as 10mbit, 500kbit/2mbit (in and out) or 1MB/s, from 1kbit to 10tbit", read_rates, 0 },
	{ "delay", "a time such as 80ms or 80ms±10ms, of at most an hour", read_delay, 0 },
	{ "distribution", "uniform or normal", read_distribution, 0 },
	{ "loss", "a share such as 1%", read_share, offsetof(struct net_rule, loss) },
	{ "duplicate", "a share such as 1%", read_share, offsetof(struct net_rule, duplicate) },
	{ "reorder", "a share such as 5%", read_share, offsetof(struct net_rule, reorder) },
	{ "corrupt", "a share such as 0.1%", read_share, offsetof(struct net_rule, corrupt) },
};

static int set_one(struct net_rule *r, const struct spec_pair *p, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (!streq(keys[i].key, p->key))
			continue;
		if (keys[i].read(p->value, r, keys[i].offset) < 0)
			return err_say(e, EINVAL, "%s \"%s\" is not %s", p->key, p->value, keys[i].expected);
		return 0;
	}
	return err_say(e, EINVAL, "there is nothing to shape called \"%s\"", p->key);
}

static int check(const struct net_rule *r, struct err *e)
{
	if (r->reorder && !r->delay_us)
		return err_say(e, EINVAL, "reorder needs a delay: packets overtake others that are delayed");
	if (r->normal && !r->jitter_us)
		return err_say(e, EINVAL, "distribution normal needs a delay that varies, such as 80ms±10ms");
	return 0;
}

static bool says_nothing(const struct net_rule *r)
{
	return !r->rate_bits[NET_IN] && !r->rate_bits[NET_OUT] && !r->delay_us && !r->jitter_us && !r->loss && !r->duplicate &&
	       !r->corrupt;
}

/* Before another one? Longer prefixes are, and those for some addresses before the one for all others. */
static bool goes_before(const char *to, const char *other)
{
	struct net_addr a, b;

	if (!to || !other || net_addr_parse(to, &a) < 0 || net_addr_parse(other, &b) < 0)
		return to;
	return a.prefix > b.prefix;
}

/* The subnet as it is written, without the bits behind its prefix. */
static int read_subnet(struct arena *a, const char *to, char **ret, struct err *e)
{
	struct net_addr address;
	char text[NET_ADDR_MAX];

	*ret = NULL;
	if (!to)
		return 0;
	if (net_addr_parse(to, &address) < 0)
		return err_say(e, EINVAL, "to \"%s\" is not an address or a subnet such as 10.1.0.0/16", to);
	address = subnet_address(&address, subnet_first(&address));
	*ret = arena_strdup(a, net_addr_text(&address, true, text));
	return *ret ? 0 : err_nomem(e);
}

static bool is_for(const struct net_rule *r, const char *to)
{
	return r->to && to ? streq(r->to, to) : r->to == to;
}

/* The others keep their order. */
static int put_rule(struct arena *a, struct net_shape *shape, const struct net_rule *rule, struct err *e)
{
	struct net_shape all = { .v = arena_array(a, shape->n + 1, sizeof(*all.v)) };
	bool put = says_nothing(rule);

	if (!all.v)
		return err_nomem(e);
	for (size_t i = 0; i < shape->n; i++) {
		if (is_for(&shape->v[i], rule->to))
			continue;
		if (!put && goes_before(rule->to, shape->v[i].to)) {
			all.v[all.n++] = *rule;
			put = true;
		}
		all.v[all.n++] = shape->v[i];
	}
	if (!put)
		all.v[all.n++] = *rule;
	if (all.n > NET_RULES_MAX)
		return err_say(e, E2BIG, "a container's link has %d rules at most", NET_RULES_MAX);
	*shape = all;
	return 0;
}

int net_shape_remove(struct arena *a, struct net_shape *shape, const char *to, struct err *e)
{
	struct net_rule nothing = { 0 };
	int r = read_subnet(a, to, &nothing.to, e);

	return r < 0 ? r : put_rule(a, shape, &nothing, e);
}

int net_shape_set(struct arena *a, struct net_shape *shape, const char *to, const struct spec_map *values, struct err *e)
{
	struct net_rule rule = { 0 };
	char *subnet;
	int r = read_subnet(a, to, &subnet, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < shape->n; i++)
		if (is_for(&shape->v[i], subnet))
			rule = shape->v[i];
	rule.to = subnet;
	for (size_t i = 0; i < values->n && r == 0; i++)
		r = set_one(&rule, &values->v[i], e);
	if (r == 0)
		r = check(&rule, e);
	return r < 0 ? r : put_rule(a, shape, &rule, e);
}

/* In the largest unit that leaves no fraction. */
static void print_in(uint64_t v, const struct unit *units, size_t n, const char *suffix, char buf[NET_SHAPE_TEXT_MAX])
{
	size_t best = 0;

	for (size_t i = 1; i < n; i++)
		if (units[i].factor > units[best].factor && v % units[i].factor == 0)
			best = i;
	snprintf(buf, NET_SHAPE_TEXT_MAX, "%llu%s%s", (unsigned long long)(v / units[best].factor), units[best].name, suffix);
}

#define PREFIXES_OF_1000 5 /* the first ones */

const char *net_rate_text(uint64_t bits, char buf[NET_SHAPE_TEXT_MAX])
{
	*buf = '\0';
	if (bits)
		print_in(bits, prefixes, PREFIXES_OF_1000, "bit", buf);
	return buf;
}

const char *net_delay_text(const struct net_rule *r, char buf[NET_SHAPE_TEXT_MAX])
{
	char jitter[NET_SHAPE_TEXT_MAX];

	*buf = '\0';
	if (r->delay_us || r->jitter_us)
		print_in(r->delay_us, times, ARRAY_SIZE(times), "", buf);
	if (r->jitter_us) {
		size_t len = strlen(buf);

		print_in(r->jitter_us, times, ARRAY_SIZE(times), "", jitter);
		snprintf(buf + len, NET_SHAPE_TEXT_MAX - len, "±%.30s", jitter);
	}
	return buf;
}

const char *net_share_text(uint32_t share, char buf[NET_SHAPE_TEXT_MAX])
{
	*buf = '\0';
	if (!share)
		return buf;
	size_t len = (size_t)snprintf(buf, NET_SHAPE_TEXT_MAX, "%u.%03u", share / 1000, share % 1000);

	while (buf[len - 1] == '0')
		len--;
	if (buf[len - 1] == '.')
		len--;
	memcpy(buf + len, "%", 2);
	return buf;
}
