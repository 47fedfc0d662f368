// SPDX-License-Identifier: Apache-2.0
#include "network/port_owner.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/file.h"
#include "network/folder.h"
#include "network/record.h"
#include "network/subnet.h"

#define FOUND	    1
#define SOCKETS_MAX (64 << 20)
#define COMM_MAX    64

bool port_addresses_meet(const struct net_addr *a, const struct net_addr *b)
{
	if (!a->family || !b->family)
		return true;
	return a->family == b->family && (subnet_is_every(a) || subnet_is_every(b) || subnet_same_address(a, b));
}

struct search {
	const struct net_port *port;
	char boot[RECORD_BOOT_MAX];
	uint64_t inode; /* of the socket */
	char *ret;
};

/* ---- containers: by what is on record, for their sockets never listen ---- */

static bool has_port(const struct record *r, const struct search *s)
{
	auto_arena struct arena arena = { 0 };
	struct net_port *ports;
	struct err ignored;
	size_t n = 0;

	if (record_ports(r, &arena, &ports, &n, &ignored) < 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (ports[i].protocol == s->port->protocol && ports[i].host_port == s->port->host_port &&
		    port_addresses_meet(&ports[i].host_addr, &s->port->host_addr))
			return true;
	return false;
}

static int look_at_record(int names, const char *id, void *arg, struct err *e)
{
	auto_arena struct arena arena = { 0 };
	struct search *s = arg;
	struct record r;

	if (record_read_active(names, id, s->boot, &arena, &r, e) < 0 || !has_port(&r, s))
		return 0;
	snprintf(s->ret, PORT_OWNER_MAX, "container %.150s", r.names.n ? r.names.v[0] : id);
	return FOUND;
}

static int look_at_network(int networks, const char *name, void *arg, struct err *e)
{
	auto_fd int names = folder_open(networks, name, FOLDER_NAMES, e);

	return names < 0 ? 0 : file_each(names, look_at_record, arg, e);
}

/* ---- programs: by the kernel's lists of sockets, and everybody's fds ---- */

/* An address as those lists have it: words of the machine's byte order. */
static void hex_text(const struct net_addr *a, char *ret)
{
	uint32_t word;

	for (unsigned i = 0; i < subnet_bytes(a->family); i += sizeof(word), ret += 8) {
		memcpy(&word, a->bytes + i, sizeof(word));
		snprintf(ret, sizeof("00000000"), "%08X", word);
	}
}

/* @list: of family @family. A socket of every IPv6 address may have those of IPv4, too. Return: its inode, 0: none */
static uint64_t find_socket(const char *list, uint8_t family, const struct net_port *p)
{
	char wanted[33] = "", address[33];
	unsigned port, state;
	uint64_t inode;

	if (p->host_addr.family && !subnet_is_every(&p->host_addr))
		hex_text(&p->host_addr, wanted);
	for (const char *line = strchr(list, '\n'); line; line = strchr(line + 1, '\n')) {
		if (sscanf(line, " %*u: %32[0-9A-F]:%x %*s %x %*s %*s %*s %*u %*u %" SCNu64, address, &port, &state, &inode) != 4 ||
		    port != p->host_port || (p->protocol == IPPROTO_TCP && state != TCP_LISTEN))
			continue;
		bool every = strspn(address, "0") == strlen(address);
		bool of_family = !p->host_addr.family || p->host_addr.family == family;

		if (every ? of_family || family == AF_INET6 : of_family && (!*wanted || streq(address, wanted)))
			return inode;
	}
	return 0;
}

static int look_at_fd(int fds, const char *name, void *arg, struct err *e)
{
	const struct search *s = arg;
	char target[64] = "", wanted[64];

	(void)e;
	snprintf(wanted, sizeof(wanted), "socket:[%" PRIu64 "]", s->inode);
	return readlinkat(fds, name, target, sizeof(target) - 1) > 0 && streq(target, wanted) ? FOUND : 0;
}

static int look_at_process(int proc, const char *pid, void *arg, struct err *e)
{
	struct search *s = arg;
	auto_free char *comm = NULL;
	char path[64];

	if (strspn(pid, "0123456789") != strlen(pid))
		return 0;
	snprintf(path, sizeof(path), "%.16s/fd", pid);
	auto_fd int fds = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fds < 0 || file_each(fds, look_at_fd, s, e) != FOUND)
		return 0;
	snprintf(path, sizeof(path), "%.16s/comm", pid);
	if (file_read(proc, path, COMM_MAX, &comm, NULL, e) < 0)
		return 0;
	snprintf(s->ret, PORT_OWNER_MAX, "%.*s (process %.16s)", (int)strcspn(comm, "\n"), comm, pid);
	return FOUND;
}

static void look_at_programs(struct search *s)
{
	static const struct {
		uint8_t protocol, family;
		const char *list;
	} lists[] = {
		{ IPPROTO_TCP, AF_INET, "net/tcp" },  { IPPROTO_TCP, AF_INET6, "net/tcp6" },
		{ IPPROTO_UDP, AF_INET, "net/udp" },  { IPPROTO_UDP, AF_INET6, "net/udp6" },
	};
	auto_fd int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_fd int self = open("/proc/thread-self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct err ignored;

	for (size_t i = 0; i < ARRAY_SIZE(lists) && !s->inode; i++) {
		auto_free char *text = NULL;

		if (lists[i].protocol == s->port->protocol &&
		    file_read(self, lists[i].list, SOCKETS_MAX, &text, NULL, &ignored) == 0)
			s->inode = find_socket(text, lists[i].family, s->port);
	}
	if (s->inode && proc >= 0)
		(void)file_each(proc, look_at_process, s, &ignored);
}

const char *port_owner(int networks, const struct net_port *p, char buf[PORT_OWNER_MAX])
{
	struct search s = { .port = p, .ret = buf };
	struct err ignored;

	*buf = '\0';
	if (record_boot(s.boot, &ignored) < 0 || file_each(networks, look_at_network, &s, &ignored) != FOUND)
		look_at_programs(&s);
	return buf;
}
