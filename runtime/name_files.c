// SPDX-License-Identifier: Apache-2.0
#include "runtime/name_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "namespaces/idmap.h"
#include "namespaces/ns.h"
#include "network/pasta.h"
#include "runtime/join.h"
#include "runtime/user.h"

#define FILE_MAX (1 << 20)

enum { HOSTS, RESOLV, HOSTNAME, FILES, PASSWD = FILES, GROUP, PLACES };
static const struct {
	const char *name, *target;
} places[PLACES] = {
	[HOSTS] = { "hosts", "/etc/hosts" },
	[RESOLV] = { "resolv.conf", "/etc/resolv.conf" },
	[HOSTNAME] = { "hostname", "/etc/hostname" },
	[PASSWD] = { "passwd", "/etc/passwd" },
	[GROUP] = { "group", "/etc/group" },
};

/* What is to be in a file of its own, or whose file it is; neither: the image's own one is seen. */
struct file {
	char *text;
	const char *owner; /* a container's id */
};

static void files_free(struct file (*files)[FILES])
{
	for (size_t i = 0; i < FILES; i++)
		free((*files)[i].text);
}

#define auto_files __attribute__((cleanup(files_free)))

/*
 * It stays writable for the container's root. Where the kernel maps no ids, as below a root that is served, the file is
 * that one's by its owner.
 */
static int write_own(struct run *r, const char *name, const char *text, struct err *e)
{
	const struct spec_linux *l = &r->spec.linux_;
	uint32_t uid = 0, gid = 0;
	int err = file_publish(r->dir, name, text, strlen(text), 0644, 0, e);

	(void)idmap_to_host(&l->uid_mappings, 0, &uid); /* without a root inside it stays ours */
	(void)idmap_to_host(&l->gid_mappings, 0, &gid);
	if (err >= 0 && r->serve && fchownat(r->dir, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(e, errno, "give %s to the container", name);
	return err;
}

static int bind_file(struct run *r, const char *owner, size_t place, struct spec_mount *ret, struct err *e)
{
	static const char *const words[] = { "bind", "nosuid", "nodev", "noexec", "rprivate", "idmap" };
	bool idmap = r->settings.private_userns && !r->serve && !r->g->rootless;
	struct arena *a = &r->spec.arena;

	*ret = (struct spec_mount){
		.destination = (char *)places[place].target,
		.type = (char *)"bind",
		.source = arena_printf(a, "%s/containers/%s/%s", r->g->data_path, owner, places[place].name),
	};
	for (size_t i = 0; i < ARRAY_SIZE(words) - !idmap; i++)
		if (strv_add(a, &ret->options, words[i]) < 0)
			return err_nomem(e);
	return ret->source ? 0 : err_nomem(e);
}

/* Where the user mounts something of their own on this path, or above it, ours stays away. */
static bool is_covered(const struct run *r, const char *target)
{
	const struct spec_mounts *m = &r->spec.mounts;

	for (size_t i = 0; i < m->n; i++)
		if (streq(m->v[i].destination, target) || streq(m->v[i].destination, "/etc"))
			return true;
	return false;
}

/* One without a network has no resolv.conf, and whoever joins it has none then either. */
static bool has_file(const struct run *r, const char *owner, const char *name)
{
	char path[RECORD_ID_LENGTH + 16];

	snprintf(path, sizeof(path), "%s/%s", owner, name);
	return faccessat(r->g->containers, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int add_files(struct run *r, struct file files[FILES], struct err *e)
{
	struct spec_mounts *m = &r->spec.mounts;
	struct spec_mount *all = arena_array(&r->spec.arena, m->n + PLACES, sizeof(*all));
	int err = 0;

	if (!all)
		return err_nomem(e);
	memcpy(all, m->v, m->n * sizeof(*all));
	m->v = all;
	for (size_t i = 0; i < FILES && err >= 0; i++) {
		const char *owner = files[i].text ? r->settings.id : files[i].owner;

		if (!owner || is_covered(r, places[i].target) || (!files[i].text && !has_file(r, owner, places[i].name)))
			continue;
		err = files[i].text ? write_own(r, places[i].name, files[i].text, e) : 0;
		if (err >= 0)
			err = bind_file(r, owner, i, &m->v[m->n++], e);
	}
	return err;
}

/* This host's addresses as the container sees them, on the first bridge that it is on: a user's are not this host's. Return: how many */
static size_t gateways(const struct run *r, char ret[NET_FAMILIES][NET_ADDR_MAX])
{
	const struct wiring *w = &r->wiring;
	size_t n = 0;

	if (streq(r->settings.network, NETWORK_HOST)) {
		snprintf(ret[0], NET_ADDR_MAX, "127.0.0.1");
		return 1;
	}
	for (size_t i = 0; i < w->n && n == 0 && !r->g->rootless; i++)
		for (enum net_family f = 0; f < NET_FAMILIES && w->plans[i].network.driver == NET_BRIDGE; f++)
			if (w->plans[i].network.ip[f].gateway.family)
				net_addr_text(&w->plans[i].network.ip[f].gateway, false, ret[n++]);
	return n;
}

/* "NAME:ADDRESS" as the settings have it to "ADDRESS NAME" as the file has it. */
static int extra_hosts(struct run *r, struct strv *ret, struct err *e)
{
	const struct strv *from = &r->settings.extra_hosts;
	struct arena *a = &r->spec.arena;
	char hosts[NET_FAMILIES][NET_ADDR_MAX];
	size_t n_hosts = gateways(r, hosts);

	for (size_t i = 0; i < from->n; i++) {
		int n = (int)strcspn(from->v[i], ":");
		const char *address = from->v[i] + n + 1;
		bool gateway = streq(address, NAMES_GATEWAY);

		if (gateway && !n_hosts)
			return err_say(e, EINVAL, "--add-host %s: on its network the container does not see this host", from->v[i]);
		for (size_t k = 0; k < (gateway ? n_hosts : 1); k++)
			if (strv_push(a, ret, arena_printf(a, "%s\t%.*s", gateway ? hosts[k] : address, n, from->v[i])) < 0)
				return err_nomem(e);
	}
	return 0;
}

/* Behind a text that says nothing of them yet. */
static int add_extra_hosts(struct run *r, char **text, struct err *e)
{
	struct strv extra = { 0 };
	int err = r->settings.extra_hosts.n ? extra_hosts(r, &extra, e) : 0;

	for (size_t i = 0; i < extra.n && err >= 0; i++) {
		char *longer = NULL;
		size_t len = strlen(*text);

		if (asprintf(&longer, "%s%s%s\n", *text, len && (*text)[len - 1] != '\n' ? "\n" : "", extra.v[i]) < 0)
			return err_nomem(e);
		free(*text);
		*text = longer;
	}
	return err;
}

static int of_networks(struct run *r, struct file files[FILES], struct err *e)
{
	const struct wiring *w = &r->wiring;
	struct strv extra = { 0 };

	int err = wiring_take(r->g, &r->settings, r->spec.hostname, &r->spec.arena, &r->wiring, e);

	if (err >= 0)
		err = extra_hosts(r, &extra, e);
	if (err >= 0)
		err = network_hosts(r->g->networks, w->plans, w->n, (const char *const *)extra.v, extra.n, &files[HOSTS].text, e);
	return err < 0 ? err : network_resolv(w->plans, w->n, r->g->rootless ? PASTA_DNS : NULL, &files[RESOLV].text, e);
}

static int of_host(struct run *r, struct file files[FILES], struct err *e)
{
	auto_fd int resolv = open("/etc/resolv.conf", O_RDONLY | O_CLOEXEC);
	struct err absent; /* a host without these files has none to show */

	(void)file_read(AT_FDCWD, "/etc/hosts", FILE_MAX, &files[HOSTS].text, NULL, &absent);
	if (resolv >= 0)
		(void)file_read_fd(resolv, "resolv.conf", FILE_MAX, &files[RESOLV].text, NULL, &absent);
	return files[HOSTS].text ? add_extra_hosts(r, &files[HOSTS].text, e) : 0;
}

static int of_none(struct run *r, struct file files[FILES], struct err *e)
{
	if (asprintf(&files[HOSTS].text, "127.0.0.1\tlocalhost %s\n::1\tlocalhost\n", r->spec.hostname) >= 0)
		return add_extra_hosts(r, &files[HOSTS].text, e);
	files[HOSTS].text = NULL;
	return err_nomem(e);
}

/* Its address is one of the host's: so its own name is for itself alone. */
static int of_user(struct run *r, struct file files[FILES], struct err *e)
{
	int err = network_resolv(NULL, 0, PASTA_DNS, &files[RESOLV].text, e);

	return err < 0 ? err : of_none(r, files, e);
}

/* Another container's files: they follow its networks. */
static int of_container(struct run *r, struct file files[FILES], struct err *e)
{
	(void)e;
	files[HOSTS].owner = files[RESOLV].owner = str_after(r->settings.network, NETWORK_CONTAINER);
	return 0;
}

/* Somebody else's namespace, by its path: loopback is up in every container's. */
static int of_namespace(struct run *r, struct file files[FILES], struct err *e)
{
	auto_fd int netns = ns_open(NS_NET, str_after(r->settings.network, NETWORK_NS), e);
	int err = netns < 0 ? netns : ns_loopback_up_in(netns, e);

	return err < 0 ? err_wrap(e, "--network ns") : of_none(r, files, e);
}

static const struct {
	const char *network; /* settings.network begins so */
	int (*fill)(struct run *r, struct file files[FILES], struct err *e);
} modes[] = {
	{ NETWORK_BRIDGE, of_networks },
	{ NETWORK_PASTA, of_user },
	{ NETWORK_HOST, of_host },
	{ NETWORK_CONTAINER, of_container },
	{ NETWORK_NS, of_namespace },
	{ "", of_none },
};

/* What the user would rather have. */
static int change(const struct run *r, struct file files[FILES], struct err *e)
{
	const struct settings *s = &r->settings;
	const struct net_resolv want = { s->dns, s->dns_search, s->dns_options };
	const bool no[FILES] = { [HOSTS] = s->no_hosts, [HOSTNAME] = s->no_hostname,
				 [RESOLV] = s->dns.n && streq(s->dns.v[0], NAMES_NONE) };
	char *changed = NULL;
	int err = 0;

	if (!no[RESOLV] && (want.servers.n || want.search.n || want.options.n)) {
		err = net_resolv_change(files[RESOLV].text ? files[RESOLV].text : "", &want, &changed, e);
		free(files[RESOLV].text);
		files[RESOLV].text = changed;
	}
	for (size_t i = 0; i < FILES; i++) {
		if (!no[i])
			continue;
		free(files[i].text);
		files[i] = (struct file){ 0 };
	}
	return err;
}

int name_files_take(struct run *r, struct err *e)
{
	auto_files struct file files[FILES] = { 0 };
	struct arena *a = &r->spec.arena;
	size_t i = 0;

	char *other = join_hostname(r);

	r->spec.hostname = other ? other : r->settings.hostname ? arena_strdup(a, r->settings.hostname)
								: arena_strndup(a, r->settings.id, 12);
	if (!r->spec.hostname || asprintf(&files[HOSTNAME].text, "%s\n", r->spec.hostname) < 0) {
		files[HOSTNAME].text = NULL;
		return err_nomem(e);
	}
	while (!str_after(r->settings.network, modes[i].network))
		i++;
	int err = modes[i].fill(r, files, e);

	if (err >= 0)
		err = change(r, files, e);
	if (other) /* it is not to be set */
		r->spec.hostname = NULL;
	return err < 0 ? err : add_files(r, files, e);
}

static int add_account(struct run *r, int root, size_t place, const char *line, struct err *e)
{
	const char *name = places[place].name, *id = r->settings.id;
	struct spec_mounts *m = &r->spec.mounts; /* add_files() has left room */
	auto_free char *text = NULL;

	if (is_covered(r, places[place].target))
		return 0;
	int err = has_file(r, id, name) ? 1 : user_add_line(root, places[place].target, line, &text, e);

	if (err > 0 && text)
		err = write_own(r, name, text, e) < 0 ? -e->code : 1;
	return err > 0 ? bind_file(r, id, place, &m->v[m->n++], e) : err;
}

int name_files_accounts(struct run *r, int root, struct err *e)
{
	const struct strv *lines = &r->settings.account;
	int err = 0;

	for (size_t i = 0; i < MIN(lines->n, (size_t)(PLACES - FILES)) && err >= 0; i++)
		err = add_account(r, root, FILES + i, lines->v[i], e);
	return err;
}
