// SPDX-License-Identifier: Apache-2.0
/* egress.c: whom a container may send to, as people write it: "deny", "allow:CIDR[:PORT[-PORT]][/PROTOCOL],…". */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>

#include "base/str.h"
#include "network/network.h"
#include "network/subnet.h"

static int say_wrong(const char *text, const char *what, struct err *e)
{
	err_say(e, EINVAL, "egress rule \"%s\": %s", text, what);
	return err_hint(e, "such as deny, allow:10.1.0.0/16, allow:192.0.2.7:443/tcp or allow:[2001:db8::/32]:8000-8080");
}

static int parse_port(const char *text, size_t len, uint16_t *ret)
{
	char number[8];
	uint64_t v;

	if (len >= sizeof(number))
		return -EINVAL;
	snprintf(number, sizeof(number), "%.*s", (int)len, text);
	if (str_to_u64(number, UINT16_MAX, &v) < 0 || v == 0)
		return -EINVAL;
	*ret = (uint16_t)v;
	return 0;
}

/* "443", "8000-8080" */
static int parse_ports(const char *text, struct net_egress_rule *r)
{
	size_t len = strcspn(text, "-");

	if (parse_port(text, len, &r->first) < 0)
		return -EINVAL;
	r->last = r->first;
	if (!text[len])
		return 0;
	return parse_port(text + len + 1, strlen(text + len + 1), &r->last) < 0 || r->last < r->first ? -EINVAL : 0;
}

/* Cut a protocol off: what is behind a slash and no number. Return: it, NULL where there is none */
static char *cut_protocol(char *text)
{
	char *slash = strrchr(text, '/');

	if (!slash || isdigit((unsigned char)slash[1]))
		return NULL;
	*slash = '\0';
	return slash + 1;
}

/* Cut the ports off: of IPv6 they are behind brackets, for there are colons in its addresses. Return: they; NULL: there are none */
static const char *cut_ports(char *text)
{
	char *end = strchr(text, *text == '[' ? ']' : ':');

	if (*text != '[') {
		if (!end || strchr(end + 1, ':'))
			return NULL;
		*end = '\0';
		return end + 1;
	}
	if (!end || (end[1] && end[1] != ':'))
		return ""; /* which are no ports */
	*end = '\0';
	return end[1] ? end + 2 : NULL;
}

static int parse_target(const char *text, struct net_egress_rule *ret, struct err *e)
{
	struct net_egress_rule r = { .protocol = 0 };
	char buf[2 * NET_ADDR_MAX];

	if (!memccpy(buf, text, '\0', sizeof(buf)))
		return err_say(e, EINVAL, "egress rule \"%.40s…\": too long", text);
	const char *protocol = cut_protocol(buf), *ports = cut_ports(buf);
	bool brackets = *buf == '[';

	if (protocol && net_protocol_parse(protocol, &r.protocol) < 0)
		return say_wrong(text, "the protocol must be tcp, udp or sctp", e);
	if (ports && parse_ports(ports, &r) < 0)
		return say_wrong(text, "ports are 1 to 65535, or a range of them", e);
	if (net_addr_parse(buf + brackets, &r.to) < 0 || (brackets && r.to.family != AF_INET6))
		return say_wrong(text, "that is neither an address nor a subnet; one of IPv6 before ports stands in brackets", e);
	r.to = subnet_address(&r.to, subnet_first(&r.to));
	*ret = r;
	return 0;
}

static int add_rule(struct arena *a, struct net_egress *all, const struct net_egress_rule *r, struct err *e)
{
	struct net_egress_rule *v = arena_array(a, all->n + 1, sizeof(*v));

	if (all->n == NET_EGRESS_MAX)
		return err_say(e, E2BIG, "there are more than %d egress rules", NET_EGRESS_MAX);
	if (!v)
		return err_nomem(e);
	if (all->n)
		memcpy(v, all->v, all->n * sizeof(*v));
	v[all->n++] = *r;
	all->v = v;
	return 0;
}

static int parse_word(struct arena *a, const char *word, bool more, struct net_egress *all, struct err *e)
{
	const char *target = str_after(word, "allow:");
	struct net_egress_rule rule;

	if (streq(word, "allow"))
		return all->limited ? say_wrong(word, "it excludes others", e) : 0;
	all->limited = true;
	if (streq(word, "deny"))
		return 0;
	if (!target && !more)
		return say_wrong(word, "it begins with neither deny nor allow", e);
	int r = parse_target(target ? target : word, &rule, e);

	return r < 0 ? r : add_rule(a, all, &rule, e);
}

int net_egress_parse(struct arena *a, const char *text, struct net_egress *all, struct err *e)
{
	char *copy = arena_strdup(a, text), *save = NULL, *word = copy ? strtok_r(copy, ",", &save) : NULL;
	bool more = false; /* a target alone may follow another one */
	int r = copy ? 0 : err_nomem(e);

	if (r == 0 && !word)
		return say_wrong(text, "it is empty", e);
	for (; word && r >= 0; word = strtok_r(NULL, ",", &save)) {
		r = parse_word(a, word, more, all, e);
		more = !streq(word, "deny");
	}
	return r;
}

const char *net_egress_text(const struct net_egress_rule *rule, char buf[NET_EGRESS_TEXT_MAX])
{
	bool brackets = rule->first && rule->to.family == AF_INET6;
	char address[NET_ADDR_MAX], ports[16] = "";

	net_addr_text(&rule->to, true, address);
	if (rule->first && rule->first == rule->last)
		snprintf(ports, sizeof(ports), ":%u", rule->first);
	else if (rule->first)
		snprintf(ports, sizeof(ports), ":%u-%u", rule->first, rule->last);
	snprintf(buf, NET_EGRESS_TEXT_MAX, "allow:%s%s%s%s%s%s", brackets ? "[" : "", address, brackets ? "]" : "", ports,
		 rule->protocol ? "/" : "", rule->protocol ? net_protocol_name(rule->protocol) : "");
	return buf;
}

int net_egress_words(const struct net_egress *all, struct arena *a, struct strv *ret, struct err *e)
{
	char text[NET_EGRESS_TEXT_MAX];

	if (all->limited && strv_add(a, ret, "deny") < 0)
		return err_nomem(e);
	for (size_t i = 0; i < all->n; i++)
		if (strv_add(a, ret, net_egress_text(&all->v[i], text)) < 0)
			return err_nomem(e);
	return 0;
}

int net_egress_of_words(const struct strv *words, struct arena *a, struct net_egress *ret, struct err *e)
{
	struct net_egress all = { .limited = false };
	int r = 0;

	for (size_t i = 0; i < words->n && r >= 0; i++)
		r = net_egress_parse(a, words->v[i], &all, e);
	if (r >= 0)
		*ret = all;
	return r;
}
