# SPDX-License-Identifier: Apache-2.0
# Containers on a bridge and their neighbours: N01 to N08, N10, S35. This corner's network is "the host"; a further network namespace,
# "neighbour", is another machine on its wire: 192.0.2.1 here, 192.0.2.2 there.
load lib

image=localhost/busybox:1

setup_file() {
	needs_root
	needs_program ip nft
	cp -a "$(busybox_rootfs)" "$BATS_FILE_TMPDIR/root"
	cp "$(probe ra)" "$BATS_FILE_TMPDIR/root/ra"
	"$tests/lib/docker-archive" "$BATS_FILE_TMPDIR/root" $image "$BATS_FILE_TMPDIR/image.tar"
	paene load -qi "$BATS_FILE_TMPDIR/image.tar"
	paene run -q --rm $image true # the bridge, the parent cgroup: they stay
	ip netns add neighbour
	ip link add wire type veth peer name wire netns neighbour
	ip link set wire addrgenmode none || true # an address of its own would be tentative for a while
	ip address add 192.0.2.1/24 dev wire
	ip link set wire up
	ip -n neighbour address add 192.0.2.2/24 dev wire
	ip -n neighbour link set wire up
	ip -n neighbour link set lo up
	ip -n neighbour route add default via 192.0.2.1
}

teardown_file() {
	[ "$(id -u)" != 0 ] || ip netns delete neighbour
}

setup() {
	needs_program paene ip nft nc
	security_setup
}

teardown() {
	delete_all
	security_teardown
}

neighbour() {
	ip netns exec neighbour "$@"
}

serve() { # serve NAME OPTION…: a container that answers every connection to its ports 80 and 81 with its name
	paene run -qd --name "$1" "${@:2}" $image sh -c "nc -ll -p 81 -e echo $1 & exec nc -ll -p 80 -e echo $1" >/dev/null
	address=$(paene inspect "$1" | jq -r '.[0].NetworkSettings | [.. | .IPAddress? // empty | select(. != "")][0]')
	[[ "$address" =~ ^[0-9.]+$ ]]
	wait_until 5 answers_inside "$1"
}

answers_inside() {
	[ "$(paene exec "$1" sh -c "nc 127.0.0.1 80; nc 127.0.0.1 81" </dev/null)" = "$1"$'\n'"$1" ]
}

ask() { # ask SECONDS neighbour|here ADDRESS PORT: what is answered, if anything is by then
	"$2" nc -w "$1" "$3" "$4" </dev/null
}

here() {
	"$@"
}

expect_answer() { # expect_answer NAME WORD…
	local answer
	answer=$(ask 60 "${@:2}") || true
	[ "$answer" = "$1" ] || fail "no answer by ${*:2}: '$answer'"
}

expect_no_answer() { # expect_no_answer WORD…
	local answer
	answer=$(ask 1 "$@") || true
	[ -z "$answer" ] || fail "an answer by $*: $answer"
}

@test "N01: a container that says it is a router changes no route of this machine" {
	local before name conf
	before=$(ip -6 route; ip -6 address)
	run paene run -q --rm --cap-add NET_RAW $image /ra eth0
	expect_status 0
	expect_output advertised
	[ "$(ip -6 route; ip -6 address)" = "$before" ] || fail "before:" "$before" "now:" "$(ip -6 route; ip -6 address)"
	paene run -qd --name n01 $image sleep 1000 >/dev/null
	for name in $(ip -json link | jq -r '.[].ifname'); do
		[[ "$name" != lo && "$name" != wire ]] || continue
		conf=$(cd "/proc/sys/net/ipv6/conf/$name" && paste disable_ipv6 accept_ra) || continue # the first one's has gone since
		[[ "$conf" == 1* || "$conf" == *0 ]] || fail "$name listens to routers"
	done
}

@test "N01: on a network with IPv6 neither this machine nor another container believes such a router" {
	[ -d /proc/sys/net/ipv6 ] || skip "this kernel has no IPv6"
	local here there
	paene network create --ipv6 six >/dev/null
	paene run -qd --name victim --network six $image sleep 1000 >/dev/null
	here=$(ip -6 route; ip -6 address)
	there=$(paene exec victim ip -6 route; paene exec victim ip -6 address)
	[[ "$there" = *"default via fd"* ]]
	run paene run -q --rm --network six --cap-add NET_RAW $image /ra eth0
	expect_status 0
	expect_output advertised
	[ "$(ip -6 route; ip -6 address)" = "$here" ] || fail "here, before:" "$here" "now:" "$(ip -6 route; ip -6 address)"
	[ "$(paene exec victim ip -6 route; paene exec victim ip -6 address)" = "$there" ] || fail "the container believes it"
	[ "$(paene exec victim cat /proc/sys/net/ipv6/conf/eth0/accept_ra)" = 0 ]
	paene network rm -f six
}

@test "N01: without NET_RAW there are no frames of a container's own making" {
	run paene run -q --rm $image /ra eth0
	[ "$status" != 0 ]
	expect_in_output "not permitted"
}

@test "N02: a network of version 4 has no address of version 6, after a restart neither" {
	paene run -qd --name n02 $image sleep 1000 >/dev/null
	run paene exec n02 cat /proc/net/if_inet6
	expect_none 'eth0' <(printf '%s\n' "$output")
	paene restart -t 0 n02 >/dev/null
	run paene exec n02 cat /proc/net/if_inet6
	expect_none 'eth0' <(printf '%s\n' "$output")
	run paene exec n02 cat /proc/sys/net/ipv6/conf/eth0/disable_ipv6
	expect_output 1
	expect_none 'paene0|pn' /proc/net/if_inet6
}

@test "N03: a published port takes nothing that is on its way to another machine" {
	serve n03 -p 53:80
	expect_answer n03 neighbour 192.0.2.1 53
	# a third machine behind this one, that has the same port
	ip netns add third
	ip link add wire3 type veth peer name wire netns third
	ip address add 198.51.100.1/24 dev wire3
	ip link set wire3 up
	ip -n third address add 198.51.100.9/24 dev wire
	ip -n third link set wire up
	ip -n third route add default via 198.51.100.1
	echo third | timeout 120 ip netns exec third nc -lN 53 >/dev/null 3>&- &
	wait_until 3 listening third 53
	run ask 60 neighbour 198.51.100.9 53
	ip netns delete third
	ip link delete wire3 2>/dev/null || true
	wait
	expect_output third
}

arrived() { # packets from the neighbour
	ip -json -stats link show wire | jq '.[0].stats64.rx.packets'
}

listening() { # listening NETNS PORT
	ip netns exec "$1" sh -c "grep -q ':$(printf %04X "$2") .* 0A ' /proc/net/tcp"
}

@test "N04: a port that is published on loopback is not for neighbours" {
	serve n04 -p 127.0.0.1:5004:80
	expect_answer n04 here 127.0.0.1 5004
	expect_no_answer neighbour 192.0.2.1 5004
	neighbour sh -c 'echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet
		ip rule add pref 100 lookup local && ip rule delete pref 0
		ip route add 127.0.0.1/32 via 192.0.2.1 table 99 && ip rule add pref 10 to 127.0.0.1 lookup 99'
	[ "$(neighbour ip route get 127.0.0.1 | grep -c 'via 192.0.2.1')" = 1 ] # the neighbour does send it here
	local before
	before=$(arrived)
	expect_no_answer neighbour 127.0.0.1 5004
	[ "$(arrived)" -gt "$before" ] # it was on the wire
	neighbour ip rule delete pref 10
	expect_no_answer neighbour "$address" 80
}

@test "N05: a neighbour that knows the way reaches published ports only" {
	serve n05 -p 5005:80
	neighbour ip route replace "${address%.*}.0/24" via 192.0.2.1
	expect_answer n05 neighbour 192.0.2.1 5005
	expect_no_answer neighbour "$address" 81
	expect_no_answer neighbour "$address" 80 # not past the published address either
	expect_answer n05 here "$address" 81 # this machine itself may
}

@test "N05: a container of one network does not reach those of another" {
	mkdir -p "$PAENE_DATA/networks/other/leases" "$PAENE_DATA/networks/other/names"
	jq '.bridge = "paene9" | .subnet = "10.123.0.0/16" | .gateway = "10.123.0.1"' "$PAENE_DATA/networks/paene/settings" \
		>"$PAENE_DATA/networks/other/settings"
	serve n05a
	local first=$address
	serve n05b --network other
	[[ "$address" = 10.123.* ]]
	run paene exec n05b nc -w 1 "$first" 80 </dev/null
	expect_not_in_output n05a
	run paene exec n05a nc -w 1 "$address" 80 </dev/null
	expect_not_in_output n05b
	paene run -qd --name n05c $image sleep 1000 >/dev/null
	run paene exec n05c nc "$first" 80 </dev/null # in one network they may
	expect_output n05a
	paene rm -f n05a n05b n05c >/dev/null
	ip link delete paene9
	rm -rf "$PAENE_DATA/networks/other"
	nft flush ruleset
	nft delete table inet paene 2>/dev/null || true
	paene run -q --rm $image true # the rules as they were
}

@test "N06: rules that somebody flushed are back with the next container, and nothing was open meanwhile but to this machine" {
	serve n06 -p 127.0.0.1:5006:80 -p 5007:81
	nft flush ruleset
	expect_no_answer neighbour 192.0.2.1 5006
	paene run -q --rm $image true
	expect_answer n06 here 127.0.0.1 5006
	expect_answer n06 neighbour 192.0.2.1 5007
	expect_no_answer neighbour 192.0.2.1 5006
	expect_no_answer neighbour "$address" 80
}

@test "N04: a port that is published on ::1 is not for neighbours either" {
	[ -d /proc/sys/net/ipv6 ] || skip "this kernel has no IPv6"
	ip address add 2001:db8::1/64 dev wire nodad
	ip -n neighbour address add 2001:db8::2/64 dev wire nodad
	serve n04 -p '[::1]:5014:80' -p 127.0.0.1:5015:80
	expect_answer n04 here ::1 5014
	expect_no_answer neighbour 192.0.2.1 5014
	expect_no_answer neighbour 2001:db8::1 5014
	expect_no_answer neighbour 2001:db8::1 5015
	ip address delete 2001:db8::1/64 dev wire
	ip -n neighbour address delete 2001:db8::2/64 dev wire
}

sent() { # packets to the neighbour
	ip -json -stats link show wire | jq '.[0].stats64.tx.packets'
}

@test "N07: a container of an internal network asks nobody outside, for names or anything else" {
	paene network create --internal inner >/dev/null
	local before
	before=$(sent)
	run paene run -q --rm --network inner $image sh -c 'cat /etc/resolv.conf; ip route; nslookup example.com 192.0.2.2; nslookup example.com;
		nc -w 1 192.0.2.2 80'
	[ "$status" != 0 ]
	expect_not_in_output "nameserver "
	expect_not_in_output default
	[ "$(sent)" = "$before" ] || fail "packets have left"
	paene network rm inner
}

@test "N08: nobody outside of a container seems to be its own loopback" {
	local where
	paene run -qd --name n08 -p 5008:80 $image nc -ll -p 80 -e sh -c 'netstat -tn | grep :80' >/dev/null
	address=$(paene inspect --format '{{.NetworkSettings.IPAddress}}' n08)
	wait_until 5 paene exec n08 sh -c 'netstat -tln | grep -q :80'
	for where in "neighbour nc -w 60 192.0.2.1 5008" "nc -w 60 192.0.2.1 5008" "nc -w 60 127.0.0.1 5008" "nc -w 60 ::1 5008" \
		"nc -w 60 $address 80" "paene exec n08 nc 192.0.2.1 5008" "paene run -q --rm $image nc 192.0.2.1 5008"; do
		[[ "$where" != *::1* || -d /proc/sys/net/ipv6 ]] || continue
		run eval "$where </dev/null"
		expect_in_output "$address:80"
		expect_not_in_output 127.0.0.1
		expect_not_in_output ::1
	done
	run neighbour nc -w 60 192.0.2.1 5008 </dev/null
	expect_in_output 192.0.2.2
}

@test "N10: thousands of addresses that come and go while the kernel is asked are no trouble" {
	local i
	for i in {0..19}; do
		printf "address add 198.18.$i.%d/32 dev wire\n" {1..250}
	done | ip -batch -
	(while :; do
		ip address add 198.18.30.1/32 dev wire
		ip address delete 198.18.30.1/32 dev wire
	done) &
	local changing=$! failed=
	for i in 1 2 3 4 5; do
		paene network create "n10$i" >/dev/null && paene run -q --rm --network "n10$i" -p 198.18.5.5:5010:80 $image true &&
			paene network rm "n10$i" >/dev/null || failed+=" $i"
	done
	kill "$changing"
	wait "$changing" || true
	ip address flush dev wire to 198.18.0.0/16
	[ -z "$failed" ] || fail "failed:$failed"
}

@test "S35: a container in the host's network finds no socket of ours" {
	paene run -qd --name s35 $image sleep 1000 >/dev/null
	run paene run -q --rm --network host $image cat /proc/net/unix
	expect_status 0
	expect_none '@.*paene' <(printf '%s\n' "$output")
	local pid path
	for path in $(grep -oE '/[^ ]*$' /proc/net/unix | grep -F "$PAENE_RUN" | sort -u); do
		[ "$(stat -c %a "$(dirname "$path")")" = 700 ]
	done
}
