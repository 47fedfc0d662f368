# SPDX-License-Identifier: Apache-2.0
# paene network create, ls, inspect, rm, prune, exists, reload: what is made, what is refused, and that nothing half-made stays.
load ../lib/common

image=localhost/busybox:1

setup_file() {
	has_corner || return 0
	load_busybox
	ip link add legs type bridge # an address of the host that is not loopback
	ip address add 192.0.2.1/24 dev legs
	ip link set legs up
	paene run -q --rm "$image" true # the bridge, the parent cgroup: they stay
}

teardown_file() {
	! has_corner || ip link delete legs
}

setup() {
	needs_root
	leak_check_before
}

teardown() {
	paene rm --force --all >/dev/null
	paene network prune -f >/dev/null
	leak_check_after
}

refused() { # refused TEXT WORD…: `network WORD…` fails with this in one line, and no network is made
	local text=$1 before
	before=$(paene network ls -q)
	shift
	run paene network "$@"
	expect_status 1
	expect_in_output "$text"
	[ "$(wc -l <<<"$output")" -le 2 ] || fail "more than a line and its hint:" "$output"
	[ "$(paene network ls -q)" = "$before" ] || fail "a network came or went"
	run ! sh -c "ls -A '$PAENE_DATA/networks' | grep -v -e '^paene$' -e '^[a-z]'"
}

get() { # get NETWORK JQ
	paene network inspect "$1" | jq -r ".[0] | $2"
}

@test "create: a name, a free subnet, a bridge of its own" {
	run paene network create one
	expect_status 0
	expect_output one
	[ "$(get one .name)" = one ]
	[ "$(get one .driver)" = bridge ]
	[[ "$(get one .id)" =~ ^[0-9a-f]{64}$ ]]
	[[ "$(get one .network_interface)" =~ ^paene[0-9]+$ ]]
	[[ "$(get one '.subnets[0].subnet')" =~ ^10\.[0-9.]+/24$ ]]
	[ "$(get one '.ipv6_enabled, .internal, .dns_enabled' | tr '\n' ' ')" = "false false true " ]
	paene network create two
	[ "$(get one '.subnets[0].subnet')" != "$(get two '.subnets[0].subnet')" ]
	[ "$(get one .network_interface)" != "$(get two .network_interface)" ]
}

@test "create: without a name it finds one" {
	run paene network create
	expect_status 0
	paene network exists "$output"
}

@test "create: subnet, gateway, range, mtu, labels and options are kept" {
	paene network create --subnet 10.210.0.0/24 --gateway 10.210.0.254 --ip-range 10.210.0.128/25 --mtu 1400 --internal \
		--label a=1 --label b -o isolate=true --interface-name br7 full >/dev/null
	[ "$(get full '.subnets[0] | .subnet, .gateway, .lease_range.start_ip, .lease_range.end_ip' | tr '\n' ' ')" = \
		"10.210.0.0/24 10.210.0.254 10.210.0.128 10.210.0.255 " ]
	[ "$(get full '.options.mtu, .options.isolate, .labels.a, .labels.b, .internal, .network_interface' | tr '\n' ' ')" = \
		"1400 true 1  true br7 " ]
	paene run -q --name box --rm --network full "$image" ip address show dev eth0 >"$BATS_TEST_TMPDIR/out"
	grep -q 'mtu 1400' "$BATS_TEST_TMPDIR/out"
	grep -Eq 'inet 10\.210\.0\.(12[89]|1[3-9][0-9]|2[0-9][0-9])/24' "$BATS_TEST_TMPDIR/out"
}

@test "create: --ip-range as two addresses, docker's name for the mtu" {
	paene network create --subnet 10.211.0.0/24 --ip-range 10.211.0.7-10.211.0.7 -o com.docker.network.driver.mtu=1300 one
	run paene run -q --rm --network one "$image" ip address show dev eth0
	expect_in_output "inet 10.211.0.7/24"
	expect_in_output "mtu 1300"
	paene run -dq --network one "$image" sleep 1000 >/dev/null
	run paene run -q --rm --network one "$image" true
	expect_status 125
	expect_in_output "every address of network one (10.211.0.0/24) is taken"
}

@test "create --ipv6: a local subnet beside IPv4's, or a given one" {
	[ -d /proc/sys/net/ipv6 ] || skip "this kernel has no IPv6"
	paene network create --ipv6 six >/dev/null
	[ "$(get six .ipv6_enabled)" = true ]
	[[ "$(get six '.subnets[1].subnet')" =~ ^fd[0-9a-f:]+::/64$ ]]
	paene network create --subnet fd00:7::/64 seven >/dev/null
	[ "$(get seven '.subnets[1] | .subnet, .gateway' | tr '\n' ' ')" = "fd00:7::/64 fd00:7::1 " ]
	[ "$(get seven '.subnets | length')" = 2 ]
	refused "overlaps" create --subnet fd00:7::/80 eight
	paene run -dq --name box --network seven "$image" sleep 1000 >/dev/null
	run paene exec box ip -6 address show dev eth0
	expect_in_output "inet6 fd00:7::"
	[[ "$output" != *tentative* ]]
	run paene exec box ip -6 route
	expect_in_output "default via fd00:7::1 dev eth0"
	run paene inspect --format '{{.NetworkSettings.GlobalIPv6Address}} {{.NetworkSettings.IPv6Gateway}}' box
	expect_in_output "fd00:7::1"
}

@test "-p on a network with IPv6: a port answers in both families, or in the one that is named" {
	[ -d /proc/sys/net/ipv6 ] || skip "this kernel has no IPv6"
	paene network create --ipv6 six >/dev/null
	ip address add 2001:db8::1/64 dev legs nodad
	paene run -dq --name web --network six -p 8080:80 -p '[2001:db8::1]:8081:80' -p 0.0.0.0:8082:80 "$image" \
		sh -c 'mkdir /w; echo web >/w/index.html; exec httpd -f -p 80 -h /w' >/dev/null
	answers() {
		[ "$(curl --silent --globoff --max-time "$1" "$2")" = web ]
	}
	wait_until 10 answers 60 http://192.0.2.1:8080/
	answers 60 'http://[2001:db8::1]:8080/'
	answers 60 'http://[2001:db8::1]:8081/'
	answers 60 http://192.0.2.1:8082/
	run ! answers 1 http://192.0.2.1:8081/
	run ! answers 1 'http://[2001:db8::1]:8082/'
	[[ "$(paene ps --format '{{.Ports}}')" = *"[2001:db8::1]:8081->80/tcp"* ]]
	run paene run -q --rm --network six -p '[2001:db8::1]:8080:80' "$image" true
	expect_status 125
	expect_in_output 8080
	run paene run -q --rm -p '[::]:8090:80' "$image" true
	expect_status 125
	expect_in_output "the network has no IPv6"
	ip address delete 2001:db8::1/64 dev legs
}

@test "create: what cannot be is refused in one line" {
	paene network create --subnet 10.212.0.0/24 there >/dev/null
	refused "network there exists already" create there
	refused "overlaps another network or a route of this host" create --subnet 10.212.0.128/25 other
	refused "overlaps another network or a route of this host" create --subnet 192.0.2.0/25 other
	refused "all zeros" create --subnet 10.213.0.1/24 other
	refused "8 to 29 bits" create --subnet 10.213.0.0/31 other
	refused "gateway 10.214.0.1 is no address" create --subnet 10.213.0.0/24 --gateway 10.214.0.1 other
	refused "give the --subnet" create --gateway 10.214.0.1 other
	refused "is not within" create --subnet 10.213.0.0/24 --ip-range 10.214.0.0/25 other
	refused "is not within" create --subnet 10.213.0.0/24 --ip-range 10.213.0.9-10.213.0.5 other
	refused "give the --subnet" create --ip-range 10.214.0.0/25 other
	refused "--subnet nonsense" create --subnet nonsense other
	refused "one of this family already" create --subnet 10.213.0.0/24 --subnet 10.214.0.0/24 other
	refused "an mtu" create --mtu 10 other
	refused "an mtu" create --mtu many other
	refused "an mtu must be 1280" create --ipv6 --mtu 1000 other
	refused "no such option" create -o nonsense=1 other
	refused "isolate is true or false" create -o isolate=perhaps other
	refused "--driver overlay" create -d overlay other
	refused "has no parent" create -o parent=legs other
	refused "network name" create ../other
	refused "means something else" create host
	refused "cannot be a link's name" create --interface-name a/b other
	refused "the name is taken" create --interface-name legs other
	refused "it has no name" create --label =1 other
	run paene network create --ignore there
	expect_status 0
	expect_output there
}

without_right() { # without_right TEXT WORD…: such a command of whoever lacks CAP_NET_ADMIN fails with this in one line
	local text=$1
	shift
	run setpriv --bounding-set -net_admin --inh-caps -net_admin "$(type -P paene)" --root "$PAENE_DATA" --runroot "$PAENE_RUN" "$@"
	[ "$status" -ne 0 ] || fail "$* went well"
	expect_in_output "$text"
	[ ${#lines[@]} = 1 ] || fail "more than a line:" "$output"
}

@test "without CAP_NET_ADMIN: one line that says so, and root's next commands put it right" {
	needs_program setpriv
	local right="Operation not permitted; setting up a network takes CAP_NET_ADMIN"
	paene network create one >/dev/null
	paene network create two >/dev/null
	paene network create three >/dev/null
	paene run -dq --name box --network one "$image" sleep 1000 >/dev/null
	without_right "$right" run -q --rm --name refused "$image" true
	without_right "$right" network connect two box
	without_right "$right" network disconnect one box
	without_right "$right" network reload
	without_right "$right" network rm three
	without_right "$right" system check --quick
	paene network disconnect -f two box
	paene network disconnect -f one box
	paene network connect one box
	paene rm -f refused box
	run paene system check --quick --repair
	expect_status 0
	paene network rm one two three
}

@test "an address that is taken, the gateway's, outside of the subnet, or none: one line, and nothing is left" {
	paene network create --subnet 10.215.0.0/24 one >/dev/null
	paene run -dq --name box --network one:ip=10.215.0.7 "$image" sleep 1000 >/dev/null
	paene run -dq --name other "$image" sleep 1000 >/dev/null
	local text ip
	while read -r ip text; do
		run paene run -q --rm --name refused --network one --ip "$ip" "$image" true
		expect_status 125
		expect_in_output "$text"
		[ ${#lines[@]} = 1 ] || fail "more than a line:" "$output"
		run ! paene inspect refused
		refused "$text" connect --ip "$ip" one other
		[ "$(paene inspect other | jq -r '.[0].NetworkSettings.Networks | keys | join(" ")')" = paene ]
	done <<-'END'
		10.215.0.7 address 10.215.0.7 is taken
		10.215.0.1 address 10.215.0.1 is the gateway's
		10.216.0.7 address 10.216.0.7 is none for a container in 10.215.0.0/24
		10.215.0.0 address 10.215.0.0 is none for a container in 10.215.0.0/24
		10.215.0.255 address 10.215.0.255 is none for a container in 10.215.0.0/24
		10.215.0 "10.215.0" is not an IPv4 address
		fd00::7 "fd00::7" is not an IPv4 address
	END
	refused "has no IPv6" connect --ip6 fd00::7 one other
	[ "$(ls "$PAENE_DATA/networks/one/leases")" = 10.215.0.7 ]
}

@test "names that do not exist: networks and containers, of every verb" {
	paene run -dq --name box "$image" sleep 1000 >/dev/null
	local network="no such network: nosuch" container="no such container: nosuch"
	refused "$network" connect nosuch box
	refused "not on network nosuch" disconnect nosuch box
	refused "$network" inspect nosuch
	refused "$network" rm nosuch
	refused "$container" connect paene nosuch
	refused "$container" disconnect paene nosuch
	refused "$container" reload nosuch
	refused "$container" shape nosuch --rate 1mbit
	refused "already" connect paene box
	paene run -dq --name bare --network none "$image" sleep 1000 >/dev/null
	refused "has no network of its own" connect paene bare
	refused "has no network of its own" disconnect paene bare
}

@test "macvlan: a station of its own on a link of the host" {
	ip link add station type dummy 2>/dev/null || ip link add station type veth peer name station0
	ip link set station up
	refused "needs a link" create -d macvlan mac
	refused "no link nosuch" create -d macvlan -o parent=nosuch mac
	refused "--subnet" create -d macvlan -o parent=station mac
	refused "has no mode" create -d macvlan -o parent=station --subnet 198.51.100.0/24 -o mode=l3 mac
	paene network create -d macvlan -o parent=station --subnet 198.51.100.0/24 --gateway 198.51.100.254 mac >/dev/null
	[ "$(get mac '.driver, .network_interface, .options.parent' | tr '\n' ' ')" = "macvlan station station " ]
	paene run -dq --name box --network mac "$image" sleep 1000 >/dev/null
	run paene exec box ip address show dev eth0
	expect_in_output "inet 198.51.100."
	run paene exec box ip route
	expect_in_output "default via 198.51.100.254"
	run paene run -q --rm --network mac -p 8080:80 "$image" true
	expect_status 125
	expect_in_output "no port can be published"
	paene rm -f box
	paene network rm mac
	ip link delete station
}

@test "ls: a table, names, JSON, templates" {
	paene network create --label team=red one >/dev/null
	run paene network ls
	expect_in_output "NETWORK ID"
	[[ "${lines[1]}" =~ ^[0-9a-f]{12}\ +one\ +bridge ]]
	[[ "${lines[2]}" =~ ^[0-9a-f]{12}\ +paene\ +bridge ]]
	[ "$(paene network ls -q | tr '\n' ' ')" = "one paene " ]
	[[ "$(paene network ls --no-trunc -n | head -1)" =~ ^[0-9a-f]{64}\  ]]
	[ "$(paene network ls --format json | jq -r '.[].name' | tr '\n' ' ')" = "one paene " ]
	[ "$(paene network ls --format '{{.Name}} {{.Driver}} {{.Internal}}' | head -1)" = "one bridge false" ]
	[ "$(paene network ls --format '{{.name}}' | head -1)" = one ]
	[ "$(paene network ls -q -f label=team=red)" = one ]
	[ "$(paene network ls -q -f label=team -f name=on)" = one ]
	[ "$(paene network ls -q -f 'label!=team')" = paene ]
	[ "$(paene network ls -q -f name=aen)" = paene ]
	[ "$(paene network ls -q -f name=one -f name=aen | wc -l)" = 2 ]
	[ "$(paene network ls -q -f driver=macvlan)" = "" ]
	[ "$(paene network ls -q -f "id=$(get one .id | cut -c 1-8)")" = one ]
	[ "$(paene network ls -q -f until=1h)" = "" ]
	paene create -q --network one "$image" true >/dev/null
	[ "$(paene network ls -q -f dangling=true)" = paene ]
	[ "$(paene network ls -q -f dangling=false)" = one ]
	refused "--filter nonsense" ls -f nonsense
	refused "--format" ls --format nonsense
}

@test "inspect: who is on it now" {
	paene network create one >/dev/null
	paene run -dq --name box --network one "$image" sleep 1000 >/dev/null
	local address
	address=$(paene inspect --format '{{.NetworkSettings.IPAddress}}' box)
	[ "$(get one '.containers | to_entries[0].value | .name, .interfaces.eth0.subnets[0].ipnet' | tr '\n' ' ')" = "box $address/24 " ]
	[ "$(paene network inspect --format '{{.Name}} {{.Driver}}' one paene | tr '\n' ' ')" = "one bridge paene bridge " ]
	paene stop -t 0 box
	[ "$(get one '.containers | length')" = 0 ]
	run paene network inspect nosuch
	expect_status 1
	expect_in_output "no such network: nosuch"
}

@test "exists: 0, 1" {
	paene network exists paene
	run paene network exists nosuch
	expect_status 1
	expect_output ""
	run paene network exists ../paene
	expect_status 125
}

@test "rm: not while a container is on it, running or not; --force takes both" {
	paene network create one >/dev/null
	paene create -q --name box --network one "$image" sleep 1000 >/dev/null
	refused "network one: container box is on it" rm one
	paene start box
	refused "network one: container box is on it" rm one
	ip link show "$(get one .network_interface)" >/dev/null
	local bridge
	bridge=$(get one .network_interface)
	run paene network rm -f one
	expect_status 0
	expect_in_output one
	run ! paene inspect box
	run ! ip link show "$bridge"
	run ! grep -q "$bridge" <(nft list table inet paene)
	refused "no such network: one" rm one
	paene network rm -f one
	refused "is the default one" rm paene
}

@test "prune: asks, and removes those that no container is on" {
	paene network create one >/dev/null
	paene network create --label keep two >/dev/null
	paene network create three >/dev/null
	paene create -q --network three "$image" true >/dev/null
	paene network prune </dev/null >/dev/null
	echo n | paene network prune >/dev/null
	paene network exists one
	run paene network prune -f --filter 'label!=keep'
	expect_output one
	echo y | paene network prune >/dev/null
	[ "$(paene network ls -q | tr '\n' ' ')" = "paene three " ]
}

@test "reload: rules that somebody flushed come back" {
	paene run -dq --name web -p 8080:80 "$image" sh -c 'mkdir /w; echo web >/w/index.html; exec httpd -f -p 80 -h /w' >/dev/null
	wait_until 10 curl --silent --max-time 60 http://192.0.2.1:8080/
	nft flush ruleset
	paene network reload
	[ "$(curl --silent --max-time 60 http://192.0.2.1:8080/)" = web ]
	nft flush ruleset
	paene network reload web
	[ "$(curl --silent --max-time 60 http://192.0.2.1:8080/)" = web ]
	run paene network reload nosuch
	expect_status 1
	expect_in_output "no such container"
}

@test "isolated networks do not reach each other's published ports, others do" {
	paene network create --isolate one >/dev/null
	paene network create -o isolate=true two >/dev/null
	paene network create three >/dev/null
	paene run -dq --name web --network one -p 8080:80 "$image" sh -c 'mkdir /w; echo web >/w/index.html; exec httpd -f -p 80 -h /w' \
		>/dev/null
	wait_until 10 curl --silent --max-time 60 http://192.0.2.1:8080/
	[ "$(paene run -q --rm --network three "$image" wget -qO - http://192.0.2.1:8080/)" = web ]
	run paene run -q --rm --network two "$image" nc -w 1 192.0.2.1 8080
	[ "$status" -ne 0 ] || fail "it was reached"
	paene run -q --rm --network three "$image" sh -c 'nc -w 60 192.0.2.1 8080 </dev/null'
}

@test "events: create, connect, disconnect, remove, as podman calls them" {
	local begin
	begin=$(date +%s)
	paene network create one
	paene create -q --name box "$image" true
	paene network connect one box
	paene network disconnect one box
	paene network rm one
	run paene events --no-stream --since "$begin" -f network=one --format '{{.Type}} {{.Status}} {{.Network}} {{.Name}}'
	expect_output $'network create one \nnetwork connect one box\nnetwork disconnect one box\nnetwork remove one '
	run paene events --no-stream --since "$begin" -f type=network -f event=connect
	expect_in_output "network connect $(paene inspect --format '{{.Id}}' box) (container=box, name=one)"
	[ ${#lines[@]} = 1 ]
}
