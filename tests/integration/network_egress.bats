# SPDX-License-Identifier: Apache-2.0
# --egress: whom a container may send to. "outside" is a network namespace behind a leg of this host.
load ../lib/common

image=localhost/busybox:1
outside=192.0.2.9 outside6=2001:db8:9::9

setup_file() {
	has_corner || return 0
	load_busybox
	unshare --net sleep 100000 >/dev/null 2>&1 3>&- &
	local outside_pid=$!
	echo $outside_pid >"$BATS_FILE_TMPDIR/outside"
	wait_until 10 sh -c "[ \$(readlink /proc/$outside_pid/ns/net) != $(readlink /proc/self/ns/net) ]"
	ip link add leg type veth peer name eth0 netns $outside_pid
	ip address add 192.0.2.1/24 dev leg
	ip address add 2001:db8:9::1/64 dev leg nodad
	ip link set leg up
	nsenter -t $outside_pid -n sh -c "ip address add $outside/24 dev eth0; ip address add $outside6/64 dev eth0 nodad; ip link set eth0 up
		ip route add default via 192.0.2.1; ip route add default via 2001:db8:9::1"
	nsenter -t $outside_pid -n python3 -m http.server --bind :: 80 >/dev/null 2>&1 3>&- &
	echo $! >>"$BATS_FILE_TMPDIR/servers"
	python3 -m http.server --bind :: 80 >/dev/null 2>&1 3>&- &
	echo $! >>"$BATS_FILE_TMPDIR/servers"
	wait_until 10 curl -so /dev/null "http://$outside/"
	wait_until 10 curl -so /dev/null "http://[::1]/"
	paene network create --ipv6 --subnet 10.77.0.0/24 --subnet fd77::/64 lan
	paene network create --subnet 10.78.0.0/24 other
	paene run -q --rm --cap-add NET_ADMIN --cap-add NET_RAW "$image" true # their filters, too
	paene run -q --rm --cap-add NET_RAW "$image" true
	paene run -q --rm --network lan,other --egress deny "$image" true # bridges, tables and parent cgroup: they stay
}

teardown_file() {
	[ "$(id -u)" = 0 ] || return 0
	paene network rm --force lan other >/dev/null
	kill "$(<"$BATS_FILE_TMPDIR/outside")" $(<"$BATS_FILE_TMPDIR/servers")
}

setup() {
	needs_root
	leak_check_before
}

teardown() {
	paene rm --force --all >/dev/null
	leak_check_after
}

box() { # box NAME OPTION…: one that serves its name on port 80
	local name=$1
	shift
	paene run -dq --name "$name" --network lan "$@" "$image" \
		sh -c "mkdir /w; echo $name >/w/index.html; exec httpd -f -p 80 -h /w" >/dev/null
	wait_until 10 curl -so /dev/null "http://$(of "$name")/"
}

of() { # of NAME [6]: its address
	if [ -n "${2-}" ]; then
		paene inspect --format '{{.NetworkSettings.GlobalIPv6Address}}' "$1"
	else
		paene inspect --format '{{.NetworkSettings.IPAddress}}' "$1"
	fi
}

reaches() { # reaches NAME URL
	paene exec "$1" wget -qO /dev/null "$2"
}

reaches_none() { # reaches_none NAME URL…
	local name=$1 url
	shift
	for url in "$@"; do
		! reaches "$name" "$url" || fail "$name reaches $url"
	done
}

counted() { # counted NAME allowed|dropped: packets
	paene inspect "$1" | jq ".[0].NetworkSettings.Egress.${2^}.Packets"
}

chains() {
	nft list chains netdev 2>/dev/null | grep -c 'hook' || true
}

refused() { # refused TEXT OPTION…: not made, in one line
	local text=$1
	shift
	run paene create --name refused "$@" "$image" true
	expect_status 125
	expect_in_output "$text"
	[ ${#lines[@]} = 1 ] || fail "more than a line:" "$output"
	run ! paene inspect refused
}

@test "deny: neither neighbours nor this host nor anybody outside, by neither family, and it is told at once" {
	box near
	box free
	box shut --egress deny
	local everybody=("http://$(of near)/" "http://[$(of near 6)]/" http://10.77.0.1/ "http://[fd77::1]/" http://192.0.2.1/
		"http://$outside/" "http://[$outside6]/")
	local url
	for url in "${everybody[@]}"; do
		reaches free "$url" || fail "without rules: $url"
	done
	reaches_none shut "${everybody[@]}"
	run paene exec shut wget -qO /dev/null "http://$(of near)/"
	expect_in_output "No route to host"
	[ "$(counted shut dropped)" -ge 7 ]
	[ "$(counted free dropped)" = 0 ]
	[ "$(paene inspect --format '{{json .NetworkSettings.Egress.Rules}}' shut)" = '["deny"]' ]
	[ "$(paene inspect --format '{{json .NetworkSettings.Egress.Rules}}' free)" = '[]' ]
	run ! paene exec shut nslookup example.org 192.0.2.1
}

@test "deny: whoever calls it is answered: neighbours, this host, published ports, pings" {
	box near
	box shut --egress deny -p 8080:80
	[ "$(paene exec near wget -qO - "http://$(of shut)/")" = shut ]
	[ "$(paene exec near wget -qO - "http://[$(of shut 6)]/")" = shut ]
	[ "$(curl -s "http://$(of shut)/")" = shut ]
	[ "$(curl -s "http://[$(of shut 6)]/")" = shut ]
	[ "$(curl -s http://127.0.0.1:8080/)" = shut ]
	[ "$(nsenter -t "$(<"$BATS_FILE_TMPDIR/outside")" -n curl -s http://192.0.2.1:8080/)" = shut ]
	ping -c 1 "$(of shut)"
	ping -c 1 "$(of shut 6)"
	run ! paene exec shut ping -c 1 -W 1 "$(of near)"
	[ "$(counted shut allowed)" -gt 0 ]
}

@test "allow: a subnet, a port, a range of ports, a protocol, of both families; nothing else" {
	box near
	box some --cap-add NET_RAW --egress "allow:$outside:80/tcp,[$outside6]:80-90" --egress "allow:10.77.0.1/32"
	reaches some "http://$outside/"
	reaches some "http://[$outside6]/"
	reaches some http://10.77.0.1/
	paene exec some ping -c 1 -W 60 10.77.0.1
	reaches_none some "http://$(of near)/" "http://[$(of near 6)]/" "http://[fd77::1]/" http://192.0.2.1/ "http://$outside:81/"
	run paene exec some wget -qO /dev/null "http://$outside:81/"
	expect_in_output "No route to host"
	run paene exec some wget -qO /dev/null "http://[$outside6]:81/"
	expect_in_output "refused"
	run ! paene exec some ping -c 1 -W 1 "$outside"
	[ "$(paene inspect --format '{{json .NetworkSettings.Egress.Rules}}' some)" = \
		"[\"deny\",\"allow:$outside/32:80/tcp\",\"allow:[$outside6/128]:80-90\",\"allow:10.77.0.1/32\"]" ]
	local before
	before=$(counted some allowed)
	reaches some "http://$outside/"
	[ "$(counted some allowed)" -gt "$before" ]
}

@test "its root may do what it likes inside: addresses of others, another route, frames of its own" {
	box near
	box shut --egress "deny,allow:10.77.0.1:53" --cap-add NET_ADMIN --cap-add NET_RAW
	paene exec shut ip address add 10.77.0.200/24 dev eth0
	paene exec shut ip route add "$outside" via 10.77.0.1 dev eth0 src 10.77.0.200
	paene exec shut ip route add "$(of near)" dev eth0 src 10.77.0.200
	reaches_none shut "http://$outside/" "http://$(of near)/"
	nsenter -t "$(paene inspect --format '{{.State.Pid}}' near)" -n timeout 100 python3 - >"$BATS_TEST_TMPDIR/seen" 3>&- <<-'EOP' &
		import socket
		s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
		print("ready", flush=True)
		while True:
		    frame = s.recv(2000)
		    if b"secret" in frame:
		        print("seen", frame, flush=True)
		    if b"the end" in frame:
		        break
	EOP
	local sniffer=$!
	wait_until 60 grep -q ready "$BATS_TEST_TMPDIR/seen"
	nsenter -t "$(paene inspect --format '{{.State.Pid}}' shut)" -n python3 - <<-'EOP'
		import socket, struct
		s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
		s.bind(("eth0", 0))
		everybody, me = b"\xff" * 6, b"\x02\x50\x01\x02\x03\x04"
		def ip(proto, source, to):
		    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 0, 0, 64, proto, 0, socket.inet_aton(source), socket.inet_aton(to)) + b"secret" + bytes(14)
		for kind in 0x88b5, 0x0806 ^ 0x1000, 0x8847:
		    s.send(everybody + me + struct.pack("!H", kind) + b"secret" + bytes(60))
		for source in "10.77.0.1", "192.0.2.9", "0.0.0.0":
		    for to in "10.77.0.255", "255.255.255.255", "224.0.0.1":
		        s.send(everybody + me + b"\x08\x00" + ip(17, source, to))
		        s.send(everybody + me + b"\x81\x00\x00\x05\x08\x00" + ip(17, source, to))
		s.send(everybody + me + b"\x86\xdd" + bytes([0x60, 0, 0, 0, 0, 20, 17, 64]) + bytes(15) + b"\x01" + b"\xff\x02" + bytes(13) + b"\x01" + b"secret" + bytes(14))
	EOP
	nsenter -t "$(paene inspect --format '{{.State.Pid}}' near)" -n python3 -c "
import socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'the end', ('10.77.0.1', 9))"
	wait "$sniffer"
	run ! grep seen "$BATS_TEST_TMPDIR/seen"
	[ "$(counted shut dropped)" -ge 22 ]
}

@test "on each of its networks, on those that it joins later, too; none of it is left" {
	local before
	before=$(chains)
	box near
	paene run -dq --name far --network other "$image" httpd -f -p 80 >/dev/null
	box shut --egress deny
	[ "$(chains)" = $((before + 2)) ]
	paene network connect other shut
	[ "$(chains)" = $((before + 4)) ]
	reaches_none shut "http://$(of near)/" "http://$(of far)/"
	paene network disconnect other shut
	[ "$(chains)" = $((before + 2)) ]
	paene restart -t 0 shut
	[ "$(chains)" = $((before + 2)) ]
	reaches_none shut "http://$(of near)/"
	paene rm -f shut
	[ "$(chains)" = "$before" ]
	[ -z "$(nft -j list sets netdev | jq -r '.nftables[].set.name // empty')" ]
}

@test "update: stricter and looser while it runs, and at the next start" {
	box near
	box some
	reaches some "http://$(of near)/"
	paene update --egress deny some
	reaches_none some "http://$(of near)/" "http://$outside/"
	paene update --egress "allow:$outside" some
	reaches some "http://$outside/"
	reaches_none some "http://$(of near)/"
	paene restart -t 0 some
	reaches some "http://$outside/"
	reaches_none some "http://$(of near)/"
	paene update --egress allow some
	reaches some "http://$(of near)/"
	[ "$(paene inspect --format '{{json .NetworkSettings.Egress.Rules}}' some)" = '[]' ]
	paene stop -t 0 some
	paene update --egress deny some
	paene start some
	reaches_none some "http://$(of near)/"
	paene run -dq --name none --network none "$image" sleep 1000 >/dev/null
	run paene update --egress deny none
	expect_status 1
	expect_in_output "no network of its own"
	run paene update --egress nonsense some
	expect_status 1
	expect_in_output "neither deny nor allow"
}

@test "somebody flushes the rules: reload makes them again, and so does the next start" {
	box near
	box shut --egress deny
	nft flush ruleset
	paene network reload
	reaches_none shut "http://$(of near)/"
	local before
	before=$(counted shut dropped)
	[ "$before" -gt 0 ]
	paene network reload # what is there goes on counting
	[ "$(counted shut dropped)" -ge "$before" ]
	nft flush ruleset
	paene run --rm -q --network lan "$image" true
	reaches_none shut "http://$(of near)/"
	[ "$(paene exec near wget -qO - "http://$(of shut)/")" = shut ]
}

@test "killed with SIGKILL, its monitor too: the next command takes the rules away" {
	local before
	before=$(chains)
	box shut --egress deny
	local id pid
	id=$(paene inspect --format '{{.Id}}' shut)
	pid=$(paene inspect --format '{{.State.Pid}}' shut)
	kill -9 "$(pgrep -f "paene-monitor.*$id")" "$pid"
	wait_until 60 sh -c "! kill -0 $pid 2>/dev/null"
	paene rm -f shut
	[ "$(chains)" = "$before" ]
}

@test "what makes no sense is said in one line" {
	refused "it is empty" --egress ""
	refused "neither deny nor allow" --egress 10.0.0.0/8
	refused "neither an address nor a subnet" --egress allow:
	refused "neither an address nor a subnet" --egress allow:example.org
	refused "neither an address nor a subnet" --egress allow:10.0.0.0/33
	refused "neither an address nor a subnet" --egress "allow:[10.0.0.1]:80"
	refused "neither an address nor a subnet" --egress "allow:2001:db8::/129"
	refused "ports are" --egress allow:10.0.0.1:0
	refused "ports are" --egress allow:10.0.0.1:65536
	refused "ports are" --egress allow:10.0.0.1:90-80
	refused "ports are" --egress allow:10.0.0.1:
	refused "protocol must be" --egress allow:10.0.0.1:80/icmp
	refused "protocol must be" --egress allow:10.0.0.1/
	refused "excludes others" --egress deny,allow
	refused "--network none" --network none --egress deny
	refused "--network host" --network host --egress deny
	refused "more than 256" --egress "allow:$(seq -s, -f 10.0.0.%g 0 255),10.0.1.0"
	ip link add parent type veth peer name far
	paene network create -d macvlan -o parent=parent --subnet 192.0.3.0/24 stations
	refused "is of macvlan" --network stations --egress deny
	paene network rm stations
	ip link delete parent
}

@test "the nft program can load again what it shows" {
	needs_program nft
	box a --egress deny,allow:192.0.2.0/24:80/tcp
	ping -c 1 "$(of a)" >/dev/null
	ping -c 1 "$(of a 6)" >/dev/null
	nft list ruleset >"$BATS_TEST_TMPDIR/ruleset"
	grep -q 'table netdev paene' "$BATS_TEST_TMPDIR/ruleset"
	nft flush ruleset
	nft --file "$BATS_TEST_TMPDIR/ruleset"
	ping -c 1 "$(of a)" >/dev/null
	run paene exec a wget -qO- "http://$outside/"
	expect_status 0
}
