# SPDX-License-Identifier: Apache-2.0
# Networks on a whole machine: its own nft program, its kernel, and routers that announce themselves.
load ../lib/common

image=localhost/busybox:1

setup_file() {
	type -P paene >/dev/null || return 0
	load_busybox
}

setup() {
	needs_program paene
}

teardown() {
	paene rm -f -t 0 -a >/dev/null
	ip link delete uplink 2>/dev/null || true
}

@test "the machine's nft program shows our table, and loads what it has shown" {
	local saved=$BATS_TEST_TMPDIR/saved
	paene run -dq --name web -p 8080:80 $image httpd -f -p 80 -h /etc
	nft --stateless list table inet paene >"$saved"
	grep -q '"paene0" . "paene0"' "$saved"
	nft delete table inet paene
	nft --file "$saved"
	nft --stateless list table inet paene | diff "$saved" -
	wait_until 60 curl --silent --max-time 60 --output /dev/null http://127.0.0.1:8080/hostname
}

@test "IPv6: routers of the host's link go on being listened to, and a container's announcements are not believed" {
	ip link add uplink type veth peer name router
	ip link set uplink up
	echo 1 >/proc/sys/net/ipv6/conf/uplink/accept_ra
	paene network create --ipv6 six >/dev/null
	paene run -dq --name box --network six $image sleep 100000 >/dev/null
	[ "$(cat /proc/sys/net/ipv6/conf/all/forwarding)" = 1 ]
	[ "$(cat /proc/sys/net/ipv6/conf/uplink/accept_ra)" = 2 ]
	local bridge
	bridge=$(paene network inspect six | jq -r '.[0].network_interface')
	[ "$(cat "/proc/sys/net/ipv6/conf/$bridge/accept_ra")" = 0 ]
	# an announcement: a router for an hour, and a prefix for addresses; who believes it has a route and an address a moment later
	send_ra=$BATS_TEST_TMPDIR/send-ra
	cat >"$send_ra" <<-'EOL'
		import socket, struct, sys
		s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
		s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
		prefix = struct.pack("!BBBBIII16s", 3, 4, 64, 0xc0, 3600, 3600, 0, socket.inet_pton(socket.AF_INET6, sys.argv[2]))
		ra = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 3600, 0, 0) + prefix
		s.sendto(ra, ("ff02::1", 0, 0, socket.if_nametoindex(sys.argv[1])))
	EOL
	ip link set router up
	wait_until 60 sh -c "ip -6 address show dev router scope link | grep -v tentative | grep -q inet6"
	wait_until 60 sh -c "python3 $send_ra router 2001:db8:1::; ip -6 address show dev uplink | grep -q 2001:db8:1:"
	nsenter --net --target "$(paene inspect --format '{{.State.Pid}}' box)" ip link set eth0 up
	nsenter --net --target "$(paene inspect --format '{{.State.Pid}}' box)" python3 "$send_ra" eth0 2001:db8:2::
	python3 "$send_ra" "$bridge" 2001:db8:3::
	wait_until 60 sh -c "python3 $send_ra router 2001:db8:4::; ip -6 address show dev uplink | grep -q 2001:db8:4:" # later ones have come
	run ip -6 address
	[[ "$output" != *2001:db8:2:* ]] || fail "$output"
	run nsenter --net --target "$(paene inspect --format '{{.State.Pid}}' box)" ip -6 address
	[[ "$output" != *2001:db8:3:* ]] || fail "$output"
	paene rm -f -t 0 box
	paene network rm six >/dev/null
}
