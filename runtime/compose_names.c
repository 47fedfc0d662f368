// SPDX-License-Identifier: Apache-2.0
/* compose_names.c: --dns, --add-host and what goes with them: what a container is told of names. */
#include <ctype.h>
#include <errno.h>

#include "runtime/compose_parts.h"

#define NAME_LEN 255

static bool is_name(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isascii((unsigned char)s[i]) || !(isalnum((unsigned char)s[i]) || strchr("_.-", s[i])))
			return false;
	return n > 0 && n <= NAME_LEN;
}

static bool is_address(const char *s)
{
	struct net_addr a;

	return !strchr(s, '/') && net_addr_parse(s, &a) == 0;
}

/* "10.0.0.1", "none": the image's own resolv.conf */
static bool is_server(const char *s)
{
	return is_address(s) || streq(s, NAMES_NONE);
}

/* "example.org", ".": no search at all */
static bool is_domain(const char *s)
{
	return is_name(s, strlen(s));
}

/* "ndots:2" */
static bool is_resolver_option(const char *s)
{
	for (const char *p = s; *p; p++)
		if (!isgraph((unsigned char)*p))
			return false;
	return *s;
}

static int take_list(struct composition *c, const char *option, const struct strv *from, bool (*is_good)(const char *s),
		     struct strv *to, struct err *e)
{
	for (size_t i = 0; i < from->n; i++) {
		if (!is_good(from->v[i]))
			return err_say(e, EINVAL, "%s \"%s\": that cannot be", option, from->v[i]);
		if (strv_add(&c->s->arena, to, from->v[i]) < 0)
			return err_nomem(e);
	}
	return 0;
}

/* One name of "NAME[;NAME…]:ADDRESS" */
static int add_host(struct composition *c, const char *name, size_t n, const char *address, const char *word, struct err *e)
{
	if (!is_name(name, n))
		return err_say(e, EINVAL, "--add-host %s: that is no name", word);
	char *line = arena_printf(&c->s->arena, "%.*s:%s", (int)n, name, address);

	return strv_push(&c->s->arena, &c->s->extra_hosts, line) < 0 ? err_nomem(e) : 0;
}

/* "NAME[;NAME…]:ADDRESS", or with "="; IPv6 also in brackets; "host-gateway": this host, as the container sees it */
static int take_host(struct composition *c, const char *word, struct err *e)
{
	size_t names = strcspn(word, ":=");
	char *address = arena_strdup(&c->s->arena, word[names] ? word + names + 1 : "");
	size_t len = address ? strlen(address) : 0;
	int r = address ? 0 : err_nomem(e);

	if (len > 2 && address[0] == '[' && address[len - 1] == ']') {
		address[len - 1] = '\0';
		address++;
	}
	if (r == 0 && !streq(address, NAMES_GATEWAY) && !is_address(address))
		return err_say(e, EINVAL, "--add-host %s: NAME:ADDRESS or NAME:" NAMES_GATEWAY ", please", word);
	for (size_t at = 0, n; at <= names && r >= 0; at += n + 1) {
		n = strcspn(word + at, ";:=");
		r = add_host(c, word + at, n, address, word, e);
	}
	return r;
}

/* Whoever has another's network namespace has its files, too. */
static int check_own_files(const struct composition *c, struct err *e)
{
	const struct run_options *o = c->o;

	if (!str_after(c->s->network, NETWORK_CONTAINER) || (!o->dns.n && !o->dns_search.n && !o->dns_options.n && !o->add_hosts.n))
		return 0;
	return err_say(e, EINVAL, "--dns and --add-host are the other container's with --network container: it has its files");
}

int compose_names(struct composition *c, struct err *e)
{
	const struct run_options *o = c->o;
	struct settings *s = c->s;
	int r = check_own_files(c, e);

	s->no_hosts = o->no_hosts;
	s->no_hostname = o->no_hostname;
	if (r >= 0 && s->no_hosts && o->add_hosts.n)
		return err_say(e, EINVAL, "--add-host and --no-hosts exclude each other");
	if (r >= 0)
		r = take_list(c, "--dns", &o->dns, is_server, &s->dns, e);
	for (size_t i = 0; i < s->dns.n && r >= 0; i++)
		if (s->dns.n > 1 && streq(s->dns.v[i], NAMES_NONE))
			return err_say(e, EINVAL, "--dns none excludes others");
	if (r >= 0)
		r = take_list(c, "--dns-search", &o->dns_search, is_domain, &s->dns_search, e);
	if (r >= 0)
		r = take_list(c, "--dns-option", &o->dns_options, is_resolver_option, &s->dns_options, e);
	for (size_t i = 0; i < o->add_hosts.n && r >= 0; i++)
		r = take_host(c, o->add_hosts.v[i], e);
	return r;
}
