// SPDX-License-Identifier: Apache-2.0
/* ra INTERFACE: be a router: send router advertisements, frame by frame, with a prefix and a route for all of the network. */
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/ip6.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

struct frame {
	struct ethhdr ether;
	struct ip6_hdr ip;
	struct nd_router_advert ra;
	struct nd_opt_prefix_info prefix;
} __attribute__((packed));

static uint16_t checksum(const struct frame *f, size_t len)
{
	struct {
		struct in6_addr from, to;
		uint32_t len;
		uint8_t zero[3], next;
	} pseudo = { f->ip.ip6_src, f->ip.ip6_dst, htonl((uint32_t)len), { 0 }, IPPROTO_ICMPV6 };
	const uint8_t *parts[] = { (const uint8_t *)&pseudo, (const uint8_t *)&f->ra };
	const size_t lens[] = { sizeof(pseudo), len };
	uint32_t sum = 0;

	for (int p = 0; p < 2; p++)
		for (size_t i = 0; i + 1 < lens[p]; i += 2)
			sum += (uint32_t)parts[p][i] << 8 | parts[p][i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

int main(int argc, char **argv)
{
	int s = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_IPV6));
	struct ifreq ifr = { 0 };
	struct frame f = { 0 };
	const size_t len = sizeof(f.ra) + sizeof(f.prefix);

	if (s < 0 || argc < 2) {
		perror("socket");
		return 1;
	}
	strncpy(ifr.ifr_name, argv[1], IFNAMSIZ - 1);
	if (ioctl(s, SIOCGIFHWADDR, &ifr) < 0) {
		perror(argv[1]);
		return 1;
	}
	memcpy(f.ether.h_source, ifr.ifr_hwaddr.sa_data, ETH_ALEN);
	memcpy(f.ether.h_dest, "\x33\x33\0\0\0\1", ETH_ALEN);
	f.ether.h_proto = htons(ETH_P_IPV6);
	f.ip.ip6_flow = htonl(6U << 28);
	f.ip.ip6_plen = htons((uint16_t)len);
	f.ip.ip6_nxt = IPPROTO_ICMPV6;
	f.ip.ip6_hlim = 255;
	inet_pton(AF_INET6, "fe80::666", &f.ip.ip6_src);
	inet_pton(AF_INET6, "ff02::1", &f.ip.ip6_dst);
	f.ra.nd_ra_type = ND_ROUTER_ADVERT;
	f.ra.nd_ra_router_lifetime = htons(1800);
	f.prefix.nd_opt_pi_type = ND_OPT_PREFIX_INFORMATION;
	f.prefix.nd_opt_pi_len = 4;
	f.prefix.nd_opt_pi_prefix_len = 64;
	f.prefix.nd_opt_pi_flags_reserved = ND_OPT_PI_FLAG_ONLINK | ND_OPT_PI_FLAG_AUTO;
	f.prefix.nd_opt_pi_valid_time = f.prefix.nd_opt_pi_preferred_time = htonl(3600);
	inet_pton(AF_INET6, "2001:db8:666::", &f.prefix.nd_opt_pi_prefix);
	f.ra.nd_ra_cksum = checksum(&f, len);
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IPV6), .sll_halen = ETH_ALEN };

	ioctl(s, SIOCGIFINDEX, &ifr);
	to.sll_ifindex = ifr.ifr_ifindex;
	memcpy(to.sll_addr, f.ether.h_dest, ETH_ALEN);
	for (int i = 0; i < 5; i++) {
		if (sendto(s, &f, sizeof(f), 0, (struct sockaddr *)&to, sizeof(to)) < 0) {
			perror("sendto");
			return 1;
		}
		usleep(100000);
	}
	puts("advertised");
}
