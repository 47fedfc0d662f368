# SPDX-License-Identifier: Apache-2.0
# Containers on several networks, on others' networks, and on networks that come and go while they run.
load ../lib/common

image=localhost/busybox:1

setup_file() {
	has_corner || return 0
	load_busybox
	paene run -q --rm "$image" true # the bridge, the parent cgroup: they stay
	paene network create --subnet 10.220.0.0/24 --subnet fd00:220::/64 one >/dev/null
	paene network create --subnet 10.221.0.0/24 two >/dev/null
	paene network create --subnet 10.222.0.0/24 --internal closed >/dev/null
	local n
	for n in one two closed; do
		paene run -q --rm --network $n "$image" true # their bridges
	done
}

teardown_file() {
	! has_corner || paene network rm --force one two closed >/dev/null
}

setup() {
	needs_root
	leak_check_before
}

teardown() {
	paene rm --force --all >/dev/null
	leak_check_after
}

refused() { # refused TEXT OPTION…: not run, and this is said in one line
	local text=$1
	shift
	run paene run -q --name refused "$@" "$image" echo it ran
	expect_status 125
	expect_in_output "$text"
	[ ${#lines[@]} = 1 ] || fail "more than a line:" "$output"
	paene rm -f refused
}

box() { # box NAME OPTION…
	paene run -dq --name "$1" "${@:2}" "$image" sleep 1000 >/dev/null
}

get() { # get CONTAINER JQ
	paene inspect "$1" | jq -r ".[0].NetworkSettings | $2"
}

links() { # links CONTAINER: names of its interfaces
	paene exec "$1" ls /sys/class/net | tr '\n' ' '
}

leases() { # and records; what was being written when somebody was killed goes with the container
	(cd "$PAENE_DATA/networks" && find . \( -path './*/leases/*' -o -path './*/names/*' \) ! -name '.*' | sort)
}

@test "several networks: an interface and an address on each, the way out by the first" {
	local words
	for words in "--network one --network two" "--network one,two"; do
		# shellcheck disable=SC2086
		box box $words
		[ "$(links box)" = "eth0 eth1 lo " ]
		paene exec box ip -4 address show dev eth0 | grep -q 'inet 10\.220\.0\.'
		paene exec box ip -4 address show dev eth1 | grep -q 'inet 10\.221\.0\.'
		paene exec box ip route | head -1 | grep -q 'default via 10.220.0.1 dev eth0'
		[ "$(get box '.Networks | keys | join(" ")')" = "one two" ]
		[[ "$(get box .IPAddress)" = 10.220.0.* ]]
		[[ "$(get box .Networks.two.IPAddress)" = 10.221.0.* ]]
		[ "$(get box .Networks.two.Gateway)" = 10.221.0.1 ]
		[ "$(get box .Networks.two.InterfaceName)" = eth1 ]
		paene rm -f box
	done
	[ "$(leases)" = "" ] || fail "$(leases)"
}

@test "several networks: the way out is by the first that has one" {
	box box --network closed --network two
	paene exec box ip route | grep default | grep -q 'via 10.221.0.1 dev eth1'
}

@test "options of a network: addresses, hardware address, names, the interface's name" {
	box box --network one:ip=10.220.0.77,mac=02:00:00:00:00:77,alias=db,alias=sql,interface_name=lan0 --network two:ip=10.221.0.78
	box other --network one
	[ "$(links box)" = "eth1 lan0 lo " ]
	run paene exec box ip address show dev lan0
	expect_in_output "inet 10.220.0.77/24"
	expect_in_output "link/ether 02:00:00:00:00:77"
	paene exec box ip address show dev eth1 | grep -q 'inet 10.221.0.78/24'
	paene exec other grep -q '^10.220.0.77.*\<db sql\>' /etc/hosts
	[ "$(get box '.Networks.one | .MacAddress, .Aliases[]' | tr '\n' ' ')" = "02:00:00:00:00:77 db sql " ]
	paene restart -t 0 box
	paene exec box ip address show dev lan0 | grep -q 'inet 10.220.0.77/24'
}

@test "--ip, --ip6, --mac-address, --network-alias" {
	box box --network one --ip 10.220.0.50 --mac-address 02:00:00:00:00:50 --network-alias web
	[ "$(get box '.IPAddress, .MacAddress' | tr '\n' ' ')" = "10.220.0.50 02:00:00:00:00:50 " ]
	[ "$(get box '.Networks.one.Aliases[0]')" = web ]
	if [ -d /proc/sys/net/ipv6 ]; then
		box six --network one --ip6 fd00:220::50
		paene exec six ip -6 address show dev eth0 | grep -q 'inet6 fd00:220::50/64'
		[ "$(get six .GlobalIPv6Address)" = fd00:220::50 ]
		paene exec box grep -q '^fd00:220::50.*\<six\>' /etc/hosts
	fi
}

@test "what cannot be is refused in one line, and nothing is taken" {
	local before
	before=$(leases)
	box there --network one --ip 10.220.0.50
	refused "no such network: nosuch" --network one --network nosuch
	refused "no such network: nosuch" --network one,nosuch
	refused "network one is named twice" --network one --network one
	refused "it excludes other networks" --network one --network host
	refused "there is no option \"nonsense\"" --network one:nonsense=1
	refused "has no value" --network one:ip
	refused "is not an IPv4 address" --network one:ip=10.220.0
	refused "is not an IPv4 address" --network one --ip fd00::1
	refused "is not an IPv6 address" --network one --ip6 10.220.0.9
	refused "hardware address" --network one --mac-address 01:00:00:00:00:01
	refused "hardware address" --network one --mac-address nonsense
	refused "link's name" --network one:interface_name=a/b
	refused "alias" --network one --network-alias "a b"
	refused "--ip needs one network" --network one --network two --ip 10.220.0.9
	refused "--ip needs one network" --network none --ip 10.220.0.9
	refused "--network-alias needs a network" --network host --network-alias web
	refused "10.220.0.50 is taken" --network one --ip 10.220.0.50
	refused "10.220.0.1 is the gateway's" --network one --ip 10.220.0.1
	refused "10.221.0.5 is none for a container" --network one --ip 10.221.0.5
	refused "has no IPv6" --network two --ip6 fd00:220::9
	refused "no such container" --network container:nosuch
	refused "must be absolute" --network ns:relative
	refused "open /nosuch: No such file" --network ns:/nosuch
	refused "internal: no port can be published" --network closed -p 8080:80
	paene rm -f there
	[ "$(leases)" = "$before" ] || fail "$(leases)"
}

@test "one failing network gives the others back" {
	box there --network two --ip 10.221.0.50
	local before
	before=$(leases)
	refused "10.221.0.50 is taken" --network one --network two:ip=10.221.0.50
	[ "$(leases)" = "$before" ] || fail "$(leases)"
}

@test "published ports go to the first network that can have them" {
	paene run -dq --name web --network closed --network one -p 8080:80 "$image" \
		sh -c 'mkdir /w; echo web >/w/index.html; exec httpd -f -p 80 -h /w' >/dev/null
	wait_until 10 curl --silent --max-time 60 http://127.0.0.1:8080/
	[ "$(curl --silent --max-time 60 http://127.0.0.1:8080/)" = web ]
}

@test "connect and disconnect while it runs: link, address, names, and back" {
	box one --network one
	box two --network two
	local before
	before=$(leases)
	run paene network connect --ip 10.221.0.90 --alias late two one
	expect_status 0
	expect_output ""
	[ "$(links one)" = "eth0 eth1 lo " ]
	paene exec one ip address show dev eth1 | grep -q 'inet 10.221.0.90/24'
	paene exec two grep -q '^10.221.0.90.*\<one\>' /etc/hosts
	paene exec two grep -q '^10.221.0.90.*\<late\>' /etc/hosts
	paene exec one grep -q '\<two\>' /etc/hosts
	paene exec two httpd -p 80 -h /etc
	[ "$(paene exec one wget -qO - http://two/hostname)" = "$(paene exec two hostname)" ]
	[ "$(get one .Networks.two.IPAddress)" = 10.221.0.90 ]
	[ "$(paene network inspect two | jq -r '[.[0].containers[].name] | sort | join(" ")')" = "one two" ]
	run paene network connect two one
	expect_status 1
	expect_in_output "container one is on network two already"
	paene network disconnect two one
	[ "$(links one)" = "eth0 lo " ]
	run ! paene exec two grep -w one /etc/hosts
	run ! paene exec one grep -w two /etc/hosts
	[ "$(leases)" = "$before" ] || fail "$(leases)"
	run paene network disconnect two one
	expect_status 1
	expect_in_output "container one is not on network two"
	paene network disconnect -f two one
}

@test "the last network can go, and another come" {
	box box --network one
	paene network disconnect one box
	[ "$(links box)" = "lo " ]
	paene network connect two box
	[ "$(links box)" = "eth0 lo " ]
	paene exec box ip route | grep -q 'default via 10.221.0.1'
	paene network disconnect two box
	paene restart -t 0 box
	[ "$(links box)" = "lo " ]
}

@test "connect and disconnect of one that does not run: at the next start" {
	paene create -q --name box --network one "$image" sleep 1000 >/dev/null
	paene network connect --ip 10.221.0.91 two box
	[ "$(leases)" = "" ]
	paene start box
	paene exec box ip address show dev eth1 | grep -q 'inet 10.221.0.91/24'
	paene network disconnect one box
	paene restart -t 0 box
	[ "$(links box)" = "eth0 lo " ]
	[ "$(get box '.Networks | keys | join(" ")')" = two ]
	paene stop -t 0 box
	[ "$(leases)" = "" ] || fail "$(leases)"
}

@test "connect: what cannot be is refused in one line, and nothing has changed" {
	box box --network one
	box other --network two --ip 10.221.0.92
	box host --network host
	local before bad
	before=$(leases)
	while read -r text words; do
		# shellcheck disable=SC2086
		run paene network connect $words
		expect_status 1
		expect_in_output "${text//_/ }"
		[ ${#lines[@]} = 1 ] || fail "more than a line:" "$output"
	done <<-'EOL'
		no_such_network:_nosuch nosuch box
		no_such_container:_nosuch two nosuch
		10.221.0.92_is_taken --ip 10.221.0.92 two box
		is_none_for_a_container --ip 10.1.1.1 two box
		has_no_IPv6 --ip6 fd00::5 two box
		hardware_address --mac-address 1 two box
		has_no_network_of_its_own two host
	EOL
	[ "$(links box)" = "eth0 lo " ]
	[ "$(leases)" = "$before" ] || fail "$(leases)"
	[ "$(get box '.Networks | keys | join(" ")')" = one ]
}

@test "container:NAME: the links, addresses and names of another one" {
	box box --network one -h boxed
	[ "$(paene run -q --rm --network container:box "$image" ip -4 -o address show dev eth0)" = \
		"$(paene exec box ip -4 -o address show dev eth0)" ]
	box guest --network container:box
	[ "$(paene exec guest cat /etc/hosts)" = "$(paene exec box cat /etc/hosts)" ]
	box late --network one
	paene exec guest grep -qw late /etc/hosts
	refused "--publish" --network container:box -p 8080:80
	paene exec guest sh -c 'httpd -p 127.0.0.1:8000 -h /etc'
	wait_until 10 paene exec box wget -qO /dev/null http://127.0.0.1:8000/hosts
	paene stop -t 0 box
	refused "does not run" --network container:box
}

@test "ns:PATH: a network namespace that somebody else has made" {
	unshare --net sleep 1000 3>&- &
	local other=$!
	wait_until 10 sh -c "[ \$(readlink /proc/$other/ns/net) != \$(readlink /proc/self/ns/net) ]"
	ip link add lan type veth peer name lan0 netns "$other"
	run paene run -q --rm --network "ns:/proc/$other/ns/net" "$image" ip link show lan0
	kill "$other"
	wait "$other" || true
	expect_status 0
	expect_in_output lan0
}

@test "killed in the middle of connect and disconnect: the next commands work, and nothing is left" {
	needs_program strace
	local call before
	box box --network one
	box two --network two
	before=$(leases)
	for call in linkat:1 sendto:1 sendto:3 renameat:2 renameat:3 setns:1 setns:2; do
		strace -f -o /dev/null -e "inject=${call%:*}:signal=KILL:when=${call#*:}" \
			"$(type -P paene)" --root "$PAENE_DATA" --runroot "$PAENE_RUN" network connect two box || true
		paene network disconnect -f two box
		[ "$(links box)" = "eth0 lo " ] || fail "connect was killed at $call:" "$(links box)"
		[ "$(leases)" = "$before" ] || fail "connect was killed at $call:" "$(leases)"
		paene network connect two box
		strace -f -o /dev/null -e "inject=${call%:*}:signal=KILL:when=${call#*:}" \
			"$(type -P paene)" --root "$PAENE_DATA" --runroot "$PAENE_RUN" network disconnect two box || true
		paene network disconnect -f two box
		[ "$(leases)" = "$before" ] || fail "disconnect was killed at $call:" "$(leases)"
	done
}
