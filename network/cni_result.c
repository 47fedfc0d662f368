// SPDX-License-Identifier: Apache-2.0
#include "network/cni_result.h"

#include <errno.h>

#include "network/fields.h"

struct interface {
	char *name, *mac, *sandbox;
};
static const struct field interface_fields[] = {
	FIELD_STRING(struct interface, name, "name", REQUIRED),
	FIELD_STRING(struct interface, mac, "mac", OPTIONAL),
	FIELD_STRING(struct interface, sandbox, "sandbox", OPTIONAL),
};

struct ip {
	struct net_addr address, gateway;
	struct opt_u32 interface; /* index in the list of those */
};
static const struct field ip_fields[] = {
	FIELD_OWN(struct ip, address, "address", net_addr, REQUIRED),
	FIELD_OWN(struct ip, gateway, "gateway", net_addr, OPTIONAL),
	FIELD_OPT_U32(struct ip, interface, "interface"),
};

static const struct field dns_fields[] = {
	FIELD_STRINGS(struct cni_result, nameservers, "nameservers", OPTIONAL),
	FIELD_STRING(struct cni_result, domain, "domain", OPTIONAL),
	FIELD_STRINGS(struct cni_result, search, "search", OPTIONAL),
	FIELD_STRINGS(struct cni_result, options, "options", OPTIONAL),
};

struct answer {
	struct {
		struct interface *v;
		size_t n;
	} interfaces;
	struct {
		struct ip *v;
		size_t n;
	} ips;
	struct cni_result dns;
};
static const struct field fields[] = {
	FIELD_LIST(struct answer, interfaces, "interfaces", OPTIONAL, interface_fields, struct interface),
	FIELD_LIST(struct answer, ips, "ips", OPTIONAL, ip_fields, struct ip),
	FIELD_OBJECT(struct answer, dns, "dns", OPTIONAL, dns_fields),
};

/* In the container, and the one that was asked for? An answer without interfaces is about that one. */
static bool is_ours(const struct answer *x, const struct opt_u32 *index, const char *name)
{
	const struct interface *i = index->set && index->v < x->interfaces.n ? &x->interfaces.v[index->v] : NULL;

	return !i || (i->sandbox && *i->sandbox && streq(i->name, name));
}

/* They go into files line by line: one that is no word could say more than its plugin may. */
static int check_words(const struct strv *words, struct err *e)
{
	for (size_t i = 0; i < words->n; i++)
		for (const char *p = words->v[i]; *p; p++)
			if (*p <= ' ' || *p > '~')
				return err_say(e, EINVAL, "dns: \"%.40s\" is no word", words->v[i]);
	return 0;
}

int cni_result_read(json_t *answer, const char *interface, struct arena *a, struct cni_result *ret, struct err *e)
{
	struct decoder d = { .arena = a, .e = e };
	struct answer x = { 0 };
	int r = decode_object(&d, answer, fields, ARRAY_SIZE(fields), &x);

	if (r >= 0)
		r = check_words(&x.dns.nameservers, e);
	if (r >= 0)
		r = check_words(&x.dns.search, e);
	if (r >= 0)
		r = check_words(&x.dns.options, e);
	if (r >= 0 && x.dns.domain)
		r = check_words(&(struct strv){ .v = &x.dns.domain, .n = 1 }, e);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < x.interfaces.n; i++)
		if (x.interfaces.v[i].mac && is_ours(&x, &(struct opt_u32){ true, i }, interface))
			x.dns.mac = x.interfaces.v[i].mac;
	for (size_t i = 0; i < x.ips.n; i++) {
		const struct ip *ip = &x.ips.v[i];
		enum net_family f = ip->address.family == AF_INET ? NET_V4 : NET_V6;

		if (!is_ours(&x, &ip->interface, interface) || x.dns.address[f].family)
			continue;
		x.dns.address[f] = ip->address;
		x.dns.gateway[f] = ip->gateway;
	}
	*ret = x.dns;
	return 0;
}
