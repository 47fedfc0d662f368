// SPDX-License-Identifier: Apache-2.0
#include "namespaces/net_devices.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/netns.h"

#define REPLY_MAX     32768 /* what the kernel puts into one datagram at most */
#define ADDRESSES_MAX 256

/* A message with room for attributes. */
struct message {
	struct nlmsghdr head;
	char rest[512];
};

struct address {
	struct ifaddrmsg head;
	unsigned char bytes[3][16]; /* as in kinds[] below */
	size_t len[3];
};
struct addresses {
	struct address v[ADDRESSES_MAX];
	size_t n;
};

/* What makes an address: the own one, the peer's (or the own one again), the broadcast one. */
static const unsigned short kinds[] = { IFA_LOCAL, IFA_ADDRESS, IFA_BROADCAST };

/* Sockets that belong to one network namespace. */
struct sockets {
	int route, any;
};

static void close_sockets(struct sockets *s)
{
	fd_close(&s->route);
	fd_close(&s->any);
}
#define auto_sockets __attribute__((cleanup(close_sockets)))

static int open_sockets(const void *arg, struct err *e)
{
	struct sockets *ret = *(struct sockets *const *)arg;

	ret->route = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	ret->any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return ret->route < 0 || ret->any < 0 ? err_set(e, errno, "open a socket") : 0;
}

static void add(struct message *m, unsigned short type, const void *data, size_t len)
{
	struct rtattr *a = (struct rtattr *)((char *)m + NLMSG_ALIGN(m->head.nlmsg_len));

	a->rta_type = type;
	a->rta_len = (unsigned short)RTA_LENGTH(len);
	memcpy(RTA_DATA(a), data, len);
	m->head.nlmsg_len = (uint32_t)(NLMSG_ALIGN(m->head.nlmsg_len) + RTA_ALIGN(a->rta_len));
}

static int transmit(int sock, const struct message *m)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	return sendto(sock, m, m->head.nlmsg_len, 0, (const struct sockaddr *)&kernel, sizeof(kernel)) < 0 ? -errno : 0;
}

/* Send, and hear what the kernel says to it. Return: 0 or -errno */
static int ask(int sock, struct message *m)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
		char rest[sizeof(struct message)];
	} reply;

	m->head.nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	int r = transmit(sock, m);
	ssize_t n = r < 0 ? 0 : recv(sock, &reply, sizeof(reply), 0);

	if (r < 0 || n < 0)
		return r < 0 ? r : -errno;
	if (n < (ssize_t)offsetof(typeof(reply), rest) || reply.head.nlmsg_type != NLMSG_ERROR)
		return -EPROTO;
	return reply.error.error;
}

static int index_of(const struct sockets *s, const char *name, int *ret, struct err *e)
{
	struct ifreq q = { 0 };

	snprintf(q.ifr_name, sizeof(q.ifr_name), "%s", name);
	if (ioctl(s->any, SIOCGIFINDEX, &q) < 0)
		return err_set(e, errno, "find it");
	*ret = q.ifr_ifindex;
	return 0;
}

static int set_up(const struct sockets *s, const char *name, bool up, struct err *e)
{
	struct ifreq q = { 0 };

	snprintf(q.ifr_name, sizeof(q.ifr_name), "%s", name);
	if (ioctl(s->any, SIOCGIFFLAGS, &q) < 0)
		return err_set(e, errno, "look at it");
	q.ifr_flags = (short)(up ? q.ifr_flags | IFF_UP : q.ifr_flags & ~IFF_UP);
	return ioctl(s->any, SIOCSIFFLAGS, &q) < 0 ? err_set(e, errno, "set it %s", up ? "up" : "down") : 0;
}

/* Set for good, by somebody, and good beyond its link: others were made by this network for this namespace. */
static bool is_kept(const struct nlmsghdr *h, int index)
{
	const struct ifaddrmsg *a = NLMSG_DATA(h);

	return h->nlmsg_type == RTM_NEWADDR && a->ifa_index == (unsigned)index && (a->ifa_flags & IFA_F_PERMANENT) &&
	       a->ifa_scope == RT_SCOPE_UNIVERSE;
}

static void keep(struct addresses *all, const struct nlmsghdr *h)
{
	struct address *to = &all->v[all->n++];
	struct rtattr *a = IFA_RTA(NLMSG_DATA(h));
	size_t left = IFA_PAYLOAD(h);

	*to = (struct address){ .head = *(const struct ifaddrmsg *)NLMSG_DATA(h) };
	for (; RTA_OK(a, left); a = RTA_NEXT(a, left))
		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
			if (a->rta_type == kinds[i] && RTA_PAYLOAD(a) <= sizeof(to->bytes[i])) {
				to->len[i] = RTA_PAYLOAD(a);
				memcpy(to->bytes[i], RTA_DATA(a), to->len[i]);
			}
}

static int read_addresses(const struct sockets *s, int index, struct addresses *ret, struct err *e)
{
	struct message m = {
		.head = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct ifaddrmsg)),
			  .nlmsg_type = RTM_GETADDR,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
	};
	auto_free char *reply = malloc(REPLY_MAX);
	int r = transmit(s->route, &m);

	if (!reply)
		return err_nomem(e);
	while (r == 0) {
		ssize_t n = recv(s->route, reply, REPLY_MAX, 0);
		size_t left = (size_t)MAX(n, 0);

		r = n < 0 ? -errno : n == 0 ? -EPROTO : 0;
		for (const struct nlmsghdr *h = (void *)reply; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
			if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR)
				return h->nlmsg_type == NLMSG_DONE ? 0 : err_say(e, EIO, "its addresses are not told");
			if (is_kept(h, index) && ret->n < ADDRESSES_MAX)
				keep(ret, h);
		}
	}
	return err_set(e, -r, "read its addresses");
}

static int move(const struct sockets *s, int index, const char *name, int netns, struct err *e)
{
	struct message m = {
		.head = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)), .nlmsg_type = RTM_NEWLINK },
	};
	struct ifinfomsg *link = NLMSG_DATA(&m.head);

	link->ifi_index = index;
	add(&m, IFLA_IFNAME, name, strlen(name) + 1);
	add(&m, IFLA_NET_NS_FD, &netns, sizeof(netns));
	int r = ask(s->route, &m);

	return r < 0 ? err_set(e, -r, "move it into the container as %s", name) : 0;
}

static int set_address(const struct sockets *s, int index, const struct address *a, struct err *e)
{
	struct message m = {
		.head = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct ifaddrmsg)),
			  .nlmsg_type = RTM_NEWADDR,
			  .nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE },
	};
	struct ifaddrmsg *head = NLMSG_DATA(&m.head);

	*head = a->head;
	head->ifa_index = (unsigned)index;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (a->len[i])
			add(&m, kinds[i], a->bytes[i], a->len[i]);
	int r = ask(s->route, &m);

	return r < 0 ? err_set(e, -r, "give it an address back") : 0;
}

/* Some kernels find out only after the move, when there is no way back. */
static int check_free(const struct sockets *there, const char *name, struct err *e)
{
	int index;

	return index_of(there, name, &index, e) < 0 ? 0 : err_say(e, EEXIST, "the container has a device %s", name);
}

static int move_one(const struct sockets *here, const struct sockets *there, const struct spec_net_device *d, int netns,
		    struct err *e)
{
	const char *name = d->name && *d->name ? d->name : d->host_name;
	auto_free struct addresses *addresses = calloc(1, sizeof(*addresses));
	int index = 0, r = addresses ? index_of(here, d->host_name, &index, e) : err_nomem(e);

	if (r >= 0)
		r = check_free(there, name, e);
	if (r >= 0)
		r = read_addresses(here, index, addresses, e); /* those of the sixth version end when it goes down */
	if (r >= 0)
		r = set_up(here, d->host_name, false, e);
	if (r >= 0)
		r = move(here, index, name, netns, e);
	if (r >= 0)
		r = index_of(there, name, &index, e); /* another one has its old number there, maybe */
	for (size_t i = 0; r >= 0 && i < addresses->n; i++)
		r = set_address(there, index, &addresses->v[i], e);
	return r < 0 ? r : set_up(there, name, true, e);
}

int net_devices_move(const struct spec_net_devices *d, int netns, struct err *e)
{
	auto_sockets struct sockets here = { -1, -1 }, there = { -1, -1 };
	struct sockets *at_home = &here, *away = &there; /* a socket stays in the namespace where it was made */
	int r = d->n > 0 ? open_sockets(&at_home, e) : 0;

	if (r >= 0 && d->n > 0)
		r = netns_visit(netns, open_sockets, &away, e);
	for (size_t i = 0; i < d->n && r >= 0; i++) {
		r = move_one(&here, &there, &d->v[i], netns, e);
		if (r < 0)
			(void)err_wrap(e, "network device %s", d->v[i].host_name);
	}
	return r < 0 ? err_wrap(e, "linux.netDevices") : 0;
}

/* As the kernel sees it: dev_valid_name(). */
static bool is_name(const char *s)
{
	return *s && strlen(s) < IFNAMSIZ && !streq(s, ".") && !streq(s, "..") && !s[strcspn(s, "/: \t\n\v\f\r")];
}

int net_devices_check(const struct spec_linux *l, struct err *e)
{
	const struct spec_net_devices *d = &l->net_devices;

	if (d->n == 0)
		return 0;
	if (!l->namespaces[NS_NET].wanted)
		return err_say(e, EINVAL, "linux.netDevices: unable to move network devices without a network namespace");
	if (geteuid() != 0)
		return err_say(e, EPERM, "linux.netDevices: network devices cannot be moved without root");
	for (size_t i = 0; i < d->n; i++) {
		if (!is_name(d->v[i].host_name))
			return err_say(e, EINVAL, "linux.netDevices: invalid network device name \"%.64s\"",
				       d->v[i].host_name);
		if (d->v[i].name && *d->v[i].name && !is_name(d->v[i].name))
			return err_say(e, EINVAL, "linux.netDevices: invalid network device name \"%.64s\"", d->v[i].name);
	}
	return 0;
}
