# SPDX-License-Identifier: Apache-2.0
# Containers on networks: who reaches whom, by address, name and published port, and that all of it is given back.
# The file's corner has no way out: "outside" is a network namespace behind a router's leg of ours.
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
	ip link delete legs
}

setup() {
	needs_root
	leak_check_before
}

teardown() {
	[ -z "${server-}" ] || kill "$server" || true
	paene rm --force --all >/dev/null
	leak_check_after
}

in_box() { # in_box OPTION… -- COMMAND…
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	paene run --rm -q "${options[@]}" "$image" "$@"
}

field() { # field CONTAINER PATH
	paene inspect --format "{{$2}}" "$1"
}

address_of() {
	field "$1" .NetworkSettings.IPAddress
}

settings() { # settings KEY: of the default network
	jq -r ".$1" "$PAENE_DATA/networks/paene/settings"
}

serve() { # serve NAME OPTION…: a web server on port 80 that says NAME
	local name=$1
	shift
	paene run -dq --name "$name" "$@" "$image" sh -c "mkdir /w; echo $name >/w/index.html; exec httpd -f -p 80 -h /w" >/dev/null
	wait_until 10 nc -z "$(address_of "$name")" 80
}

answers() { # answers TEXT URL
	[ "$(curl --silent --max-time 60 "$2")" = "$1" ]
}

refused() { # refused TEXT OPTION…: not run, and this is said in one line, and nothing is left
	local text=$1
	shift
	run paene run -q --name refused "$@" "$image" echo it ran
	expect_status 125
	expect_in_output "$text"
	[ ${#lines[@]} = 1 ] || fail "more than a line:" "$output"
	paene rm -f refused
}

# What containers have of the host now: leases, records, links of the bridge, elements of ports.
taken() {
	ls "$PAENE_DATA/networks/paene/leases" "$PAENE_DATA/networks/paene/names"
	ip -brief link show master "$(settings bridge)" # one that is cut off goes with its namespace, a moment later
	nft list map inet paene ports
	nft list map inet paene ports_any
}

taken_is() { # taken_is TEXT
	[ "$(taken)" = "$1" ]
}

host_listens() { # host_listens PORT [OPTION…]: a program of the host
	local port=$1
	shift
	nc -l "$@" "$port" 3>&- &
	server=$!
	wait_until 10 sh -c "ss -Hlntu 'sport = :$port' | grep -q ."
}

@test "none: loopback alone, and a name of its own" {
	run in_box --network none -h box -- sh -c 'ls /sys/class/net; hostname; ping -c 1 127.0.0.1 >/dev/null 2>&1; cat /etc/hosts'
	expect_in_output $'lo\nbox'
	expect_in_output "127.0.0.1"
	[[ "$output" != *eth0* ]]
	refused "--publish" --network none -p 8080:80
}

@test "host: the host's links and names, in a mount namespace of its own" {
	local ours
	ours=$(ls /sys/class/net)
	[ "$(in_box --network host -- ls /sys/class/net)" = "$ours" ]
	[ "$(in_box --network host -- cat /etc/resolv.conf)" = "$(cat /etc/resolv.conf)" ]
	[ "$(in_box --network host -- cat /etc/hosts)" = "$(cat /etc/hosts)" ]
	refused "--publish" --network host -p 8080:80
	run in_box --network host -- ip link set lo down
	[ "$status" -ne 0 ]
}

@test "bridge: an address of the subnet, a route by the gateway, no IPv6 from outside" {
	paene run -dq --name box "$image" sleep 1000 >/dev/null
	local address gateway
	address=$(address_of box)
	gateway=$(ip -json -4 address show dev "$(settings bridge)" | jq -r '.[0].addr_info[0].local')
	run paene exec box ip -4 address show dev eth0
	expect_in_output "inet $address/16"
	run paene exec box ip route
	expect_in_output "default via $gateway dev eth0"
	run paene exec box ip -6 address show dev eth0
	expect_output ""
	[ "$(paene exec box hostname)" = "$(field box .Config.Hostname)" ]
	[ "$(paene exec box cat /etc/hostname)" = "$(field box .Config.Hostname)" ]
	python3 -c 'import ipaddress, sys; assert ipaddress.ip_address(sys.argv[1]) in ipaddress.ip_network(sys.argv[2], strict=False)' \
		"$address" "$gateway/16"
}

@test "resolv.conf: nameservers that the container can reach" {
	run in_box -- cat /etc/resolv.conf
	expect_in_output nameserver
	run ! grep -E '^nameserver (127\.|::1)' <<<"$output"
}

@test "resolv.conf and hosts: the user's own mounts stay" {
	echo mine >"$BATS_TEST_TMPDIR/mine"
	run in_box -v "$BATS_TEST_TMPDIR/mine:/etc/resolv.conf:ro" -v "$BATS_TEST_TMPDIR/mine:/etc/hosts:ro" -- \
		cat /etc/resolv.conf /etc/hosts
	expect_output $'mine\nmine'
}

@test "hosts: containers know each other by name and host name, and forget who goes" {
	paene run -dq --name one -h first "$image" sleep 1000 >/dev/null
	serve two
	local line
	line="$(address_of two)"
	paene exec one grep -q "^$line.*\<two\>" /etc/hosts
	paene exec two grep -q "^$(address_of one).*\<first\>" /etc/hosts
	[ "$(paene exec one wget -qO - http://two/)" = two ]
	paene stop -t 0 two
	run ! paene exec one grep -w two /etc/hosts
	paene start two
	wait_until 10 nc -z "$(address_of two)" 80
	[ "$(paene exec one wget -qO - http://two/)" = two ]
	paene rm -f two
	run ! paene exec one grep -w two /etc/hosts
	paene exec one grep -q "^127.0.0.1.*localhost" /etc/hosts
}

@test "hosts: lines of the container's own, and of --add-host, stay as others come and go" {
	paene run -dq --name one --add-host db:10.1.2.3 "$image" sleep 1000 >/dev/null
	paene exec one sh -c 'echo 10.9.9.9 own >>/etc/hosts'
	in_box --name passing -- true
	paene exec one grep -q '10.1.2.3.*db' /etc/hosts
	paene exec one grep -q '10.9.9.9 own' /etc/hosts
	run ! paene exec one grep passing /etc/hosts
}

@test "hosts: many who start and end at once leave the file right" {
	paene run -dq --name one "$image" sleep 1000 >/dev/null
	local i
	for i in 1 2 3 4 5 6; do
		in_box --name "many$i" -- grep -c one /etc/hosts >"$BATS_TEST_TMPDIR/$i" 3>&- &
	done
	wait
	[ "$(sort -u "$BATS_TEST_TMPDIR"/[1-6])" = 1 ]
	run ! paene exec one grep many /etc/hosts
	[ "$(paene exec one grep -c '\<one\>' /etc/hosts)" = 1 ]
}

@test "an address comes back to the container that had it" {
	paene create --name box "$image" sleep 1000 >/dev/null
	paene start box
	local address
	address=$(address_of box)
	paene stop -t 0 box
	in_box -- true
	paene start box
	[ "$(address_of box)" = "$address" ]
}

@test "-p: a tcp port answers on every address of the host, loopback too" {
	serve web -p 8080:80
	answers web http://192.0.2.1:8080/
	answers web http://127.0.0.1:8080/
	answers web http://127.0.0.2:8080/
	[ "$(paene ps --format '{{.Ports}}')" = '0.0.0.0:8080->80/tcp' ]
	paene rm -f web
	run ! answers web http://127.0.0.1:8080/
}

@test "-p: a port of one address answers there alone" {
	serve web -p 127.0.0.1:8080:80
	answers web http://127.0.0.1:8080/
	run ! answers web http://192.0.2.1:8080/
	serve other -p 192.0.2.1:8080:80
	answers other http://192.0.2.1:8080/
	answers web http://127.0.0.1:8080/
}

@test "-p: other containers reach it by the host's address, and the container itself" {
	serve web -p 8080:80
	[ "$(in_box -- wget -qO - http://192.0.2.1:8080/)" = web ]
	[ "$(paene exec web wget -qO - http://192.0.2.1:8080/)" = web ]
}

@test "-p: who comes from another machine is answered, and seen with its own address" {
	unshare --net sleep 1000 3>&- &
	server=$!
	wait_until 10 sh -c "[ \$(readlink /proc/$server/ns/net) != \$(readlink /proc/self/ns/net) ]"
	ip link add leg type veth peer name eth0 netns "$server"
	ip link set leg master legs up
	nsenter -t "$server" -n sh -c 'ip address add 192.0.2.2/24 dev eth0; ip link set eth0 up'
	paene run -dq --name web -p 8080:80 "$image" nc -ll -p 80 -e sh -c "netstat -tn | grep :80" >/dev/null
	wait_until 10 paene exec web sh -c "netstat -tln | grep -q :80"
	serve page -p 8081:80
	[ "$(nsenter -t "$server" -n curl --silent --max-time 60 http://192.0.2.1:8081/)" = page ]
	run nsenter -t "$server" -n sh -c 'nc -w 60 192.0.2.1 8080 </dev/null'
	expect_in_output 192.0.2.2
	# and nobody outside gets past the published ports
	nsenter -t "$server" -n ip route add 10.0.0.0/8 via 192.0.2.1
	run ! nsenter -t "$server" -n nc -w 1 -z "$(address_of page)" 80
	ip link delete leg
}

@test "-p: udp" {
	paene run -dq --name echo -p 9000:9000/udp host python3 -c "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('', 9000))
while True:
    s.sendto(*s.recvfrom(100))" >/dev/null
	udp_answers() {
		[ "$(python3 - "$1" <<-'EOP'
			import socket, sys
			s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
			s.settimeout(1)
			s.sendto(b"hello", (sys.argv[1], 9000))
			try:
			    print(s.recv(100).decode())
			except OSError:
			    print("nothing")
			EOP
		)" = hello ]
	}
	wait_until 20 udp_answers 192.0.2.1
	paene restart -t 0 echo
	wait_until 20 udp_answers 127.0.0.1
	run ! nc -z -w 1 192.0.2.1 9000
}

@test "-p: without a host port a free one is found, another for each" {
	serve one -p 80
	serve two -p 80
	local first second
	first=$(paene port one 80 | cut -d: -f2)
	second=$(paene port two 80 | cut -d: -f2)
	[ -n "$first" ]
	[ "$first" != "$second" ]
	answers one "http://127.0.0.1:$first/"
	answers two "http://192.0.2.1:$second/"
}

@test "-p: a range, port by port" {
	serve web -p 8079-8081:79-81
	answers web http://127.0.0.1:8080/
	[ "$(paene ps --format '{{.Ports}}')" = '0.0.0.0:8079-8081->79-81/tcp' ]
	refused 8081 -p 8081-8082:81-82
	refused "3 and 2 ports" -p 8100-8102:80-81
}

@test "-p: a port of another container is refused with its number, and nothing is left" {
	serve web -p 8080:80
	local before
	before=$(taken)
	refused 8080 -p 8080:80
	refused 8080 -p 127.0.0.1:8080:80
	refused 8080 -p 7000:7000 -p 8080:8080
	wait_until 20 taken_is "$before"
	answers web http://127.0.0.1:8080/
	in_box -p 8080:80/udp -- true # udp is another port
}

@test "-p: a port of a program of the host is refused with its number, and nothing is left" {
	local before
	before=$(taken)
	host_listens 8090
	refused 8090 -p 8090:80
	refused 8090 -p 127.0.0.1:8090:80
	refused 8090 -p 8085-8095:85-95
	kill "$server"
	wait "$server" || true
	host_listens 8091 -u
	refused 8091 -p 8091:80/udp
	in_box -p 8091:80/tcp -- true
	wait_until 20 taken_is "$before"
}

@test "-p: a program of the host cannot take a published port, and can when the container has ended" {
	serve web -p 8080:80
	run nc -l 8080
	[ "$status" -ne 0 ]
	expect_in_output "in use"
	paene stop -t 0 web
	host_listens 8080
}

@test "-p: one port twice in one command is refused" {
	refused 8080 -p 8080:80 -p 8080:81
}

@test "-p: nonsense is refused" {
	local bad
	for bad in 0 70000 80:70000 a:80 80/dccp 80-70 1.2.3:80:80 :: 80:80:80 300.1.1.1:80:80 -1:80 "80 " ""; do
		refused port -p "$bad"
	done
}

@test "stop gives back lease, link, names and ports; start takes them again" {
	local before
	before=$(taken)
	serve web -p 8080:80 -p 127.0.0.1:8081:80/udp
	[ "$(taken)" != "$before" ]
	paene stop -t 0 web
	wait_until 20 taken_is "$before" || fail "still there:" "$(taken)"
	paene start web
	wait_until 10 answers web http://127.0.0.1:8080/
	paene kill web
	paene wait web
	wait_until 20 taken_is "$before" || fail "still there:" "$(taken)"
}

@test "a container that could not be started has given everything back" {
	local before
	before=$(taken)
	run paene run -q --rm -p 8080:80 "$image" nosuch
	expect_status 127
	wait_until 20 taken_is "$before"
	run paene run -dq --rm -p 8080:80 "$image" nosuch
	expect_status 127
	wait_until 20 taken_is "$before"
	serve web -p 8080:80
}

@test "somebody flushes the rules: the next start makes them again, for all" {
	serve web -p 8080:80
	nft flush ruleset
	in_box -- true
	answers web http://127.0.0.1:8080/
	answers web http://192.0.2.1:8080/
}

@test "a low port needs no capability" {
	run in_box --cap-drop ALL -u 1000 -- sh -c 'httpd -p 80 && wget -qO /dev/null http://127.0.0.1/ 2>&1; echo over'
	expect_in_output over
	[[ "$output" != *ermission* ]]
}

@test "ping needs no capability, though the file asks for one" {
	needs_program ping
	local gateway
	gateway=$(ip -json -4 address show dev "$(settings bridge)" | jq -r '.[0].addr_info[0].local')
	local user
	for user in 0 1000; do
		run paene run --rm -q -u $user host ping -c 1 "$gateway"
		expect_status 0
		expect_in_output "1 received"
	done
	run paene run --rm -q --cap-drop ALL host ping -c 1 "$gateway"
	expect_status 0
}

@test "a container cannot change its own links, nor those of others" {
	run in_box -- ip link set eth0 down
	[ "$status" -ne 0 ]
	run in_box -- ip address add 10.89.0.99/16 dev eth0
	[ "$status" -ne 0 ]
}

@test "a network that does not exist is refused" {
	refused "no such network" --network nosuch
	run paene run -q --name refused --network ../paene "$image" true
	expect_status 125
}

@test "loopback is up, whatever network it is" {
	ip netns add there # as ip-netns(8) makes it: loopback is down
	paene run -dq --name first --network none "$image" sleep 1000 >/dev/null
	paene network create -q lone 2>/dev/null || paene network create lone >/dev/null
	local network
	for network in none host bridge lone lone,bridge container:first ns:/run/netns/there; do
		in_box --network "$network" -- sh -c 'ip address show dev lo | grep -q "inet 127.0.0.1/8" && ip link show dev lo | grep -q ",UP"' ||
			fail "down: $network"
	done
	paene network rm lone
	ip netns delete there
	umount /run/netns
	rmdir /run/netns
}

@test "ns: what is no network namespace is refused" {
	refused "/run/netns/nosuch: No such file" --network ns:/run/netns/nosuch
	refused "ns" --network ns:/proc/self/ns/mnt
	refused "must be absolute" --network ns:there
}
