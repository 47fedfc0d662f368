# SPDX-License-Identifier: Apache-2.0
# Published ports: which there are, who holds them, how they are shown, and ::1. Who reaches whom by them: network.bats.
load ../lib/common

image=localhost/busybox:1

setup_file() {
	has_corner || return 0
	load_busybox
	make_image localhost/exposing:1 "$BATS_FILE_TMPDIR/exposing.tar" 'ExposedPorts={"80/tcp": {}, "7000-7002/udp": {}, "nonsense": {}, "1:2": {}}'
	paene load -qi "$BATS_FILE_TMPDIR/exposing.tar"
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

serve() { # serve NAME OPTION…: a web server on port 80 that says NAME
	local name=$1
	shift
	paene run -dq --name "$name" "$@" "$image" sh -c "mkdir /w; echo $name >/w/index.html; exec httpd -f -p 80 -h /w" >/dev/null
	wait_until 10 is_up "$name"
}

is_up() { # is_up NAME: something listens on its port 80
	nc -z "$(paene inspect --format '{{.NetworkSettings.IPAddress}}' "$1")" 80
}

answers() { # answers TEXT URL
	[ "$(curl --silent --globoff --max-time 60 "$2")" = "$1" ]
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

host_listens() { # host_listens PORT [ADDRESS]: a program of the host
	nc -kl ${2+"$2"} "$1" 3>&- >/dev/null &
	server=$!
	wait_until 10 sh -c "ss -Hlnt 'sport = :$1' | grep -q ."
}

needs_ipv6() {
	[ -d /proc/sys/net/ipv6 ] || skip "this kernel has no IPv6"
}

@test "port: all of them, those of one port, those of all containers" {
	local id
	id=$(paene run -dq --name web -p 8080:80 -p 127.0.0.1:8081:80 -p 5300-5301:53-54/udp "$image" sleep 1000)
	[ "$(paene port web)" = "80/tcp -> 0.0.0.0:8080
80/tcp -> 127.0.0.1:8081
53/udp -> 0.0.0.0:5300
54/udp -> 0.0.0.0:5301" ]
	[ "$(paene port web 80)" = $'0.0.0.0:8080\n127.0.0.1:8081' ]
	[ "$(paene port web 54/udp)" = 0.0.0.0:5301 ]
	paene run -dq --name other -p 8090:80 "$image" sleep 1000 >/dev/null
	run paene port --all
	expect_in_output "${id:0:12}"$'\t'"54/udp -> 0.0.0.0:5301"
	expect_in_output "80/tcp -> 0.0.0.0:8090"
	paene stop -t 0 other
	run paene port -a
	[[ "$output" != *8090* ]]
}

@test "port: what cannot be is said in one line" {
	paene run -dq --name web -p 8080:80 "$image" sleep 1000 >/dev/null
	local words
	for words in "web 81" "web 80/udp" "web x" "web 0" "web 80:80" "nobody" "" "--all web"; do
		run paene port $words
		[ "$status" != 0 ]
		[ ${#lines[@]} = 1 ] || fail "$words:" "$output"
	done
	run paene port web 80/udp
	expect_in_output "port 80/udp is not published"
}

@test "-P: each exposed port of image and command line gets a free one, and an answer there" {
	paene run -dq --name web -P -p 7100:7001/udp --expose 90 --expose 91/udp localhost/exposing:1 \
		sh -c 'mkdir /w; echo web >/w/index.html; exec httpd -f -p 80 -h /w' >/dev/null
	wait_until 10 answers web "http://127.0.0.1:$(paene port web 80 | cut -d: -f2)/"
	[ "$(paene port web 7001/udp)" = 0.0.0.0:7100 ]
	local port
	for port in 90/tcp 91/udp 7000/udp 7002/udp; do
		[[ "$(paene port web $port)" =~ ^0\.0\.0\.0:[0-9]+$ ]] || fail "$port: $(paene port web $port)"
	done
	[ "$(paene port web | wc -l)" = 6 ]
	[ "$(paene inspect --format '{{.HostConfig.PublishAllPorts}}' web)" = true ]
}

@test "exposed ports are shown, and lead nowhere" {
	paene run -dq --name web --expose 90-91 -p 8080:80 localhost/exposing:1 sleep 1000 >/dev/null
	[ "$(paene ps --format '{{.Ports}}')" = '0.0.0.0:8080->80/tcp, 7000-7002/udp, 90-91/tcp' ]
	run paene ps
	expect_in_output '0.0.0.0:8080->80/tcp, 7000-7002/udp, 90-91/tcp '
	[ "$(paene port web)" = "80/tcp -> 0.0.0.0:8080" ]
	run paene inspect web
	[ "$(jq -c '.[0] | [.NetworkSettings.Ports, .HostConfig.PortBindings, (.Config.ExposedPorts | keys)]' <<<"$output")" = \
		'[{"80/tcp":[{"HostIp":"0.0.0.0","HostPort":"8080"}],"7000-7002/udp":null,"90-91/tcp":null},{"80/tcp":[{"HostIp":"0.0.0.0","HostPort":"8080"}]},["7000-7002/udp","80/tcp","90-91/tcp"]]' ] ||
		fail "$output"
}

@test "-p, -P, --expose: what cannot be is refused before the container exists" {
	refused "port 8080 of the host is published twice" -p 8080:80 -p 8080:81
	refused "port 8080 of the host is published twice" -p 8080:80 -p 127.0.0.1:8080:80
	refused "port 8005 of the host is published twice" -p 8000-8005:1-6 -p 8005-8007:90-92
	refused "the ranges have 3 and 2 ports" -p 8000-8002:80-81
	refused "must be 1 to 65535" -p 65536:80
	refused "must be 1 to 65535" -p 80:0
	refused "must be 1 to 65535" --expose 0
	refused "of the container alone" --expose 8080:80
	refused "the protocol must be tcp, udp or sctp" --expose 80/icmp
	refused "not --network host" -P --network host
	run paene create -p 8080:80 -p 8080:81 "$image" true
	expect_status 125
	[ -z "$(paene ps -aq)" ]
}

@test "-p: who has the port is said: a container by its name, a program by its name and number" {
	paene run -dq --name first -p 8080:80 -p 127.0.0.1:8083:80/udp "$image" sleep 1000 >/dev/null
	refused "container first has it" -p 8080:81
	refused "container first has it" -p 127.0.0.1:8080:81
	refused "container first has it" -p 8070-8090:70-90
	refused "container first has it" -p 8083:81/udp
	host_listens 8085
	refused "nc (process $server) has it" -p 8085:80
	host_listens 8086 127.0.0.2
	refused "nc (process $server) has it" -p 127.0.0.2:8086:80
	in_box -p 127.0.0.3:8086:80 -- true
	paene rm -f first
	in_box -p 8080:81 -- true
}

@test "::1: localhost leads to a container, in the background and in the foreground" {
	needs_ipv6
	serve web -p 8080:80
	answers web 'http://[::1]:8080/'
	answers web http://localhost:8080/
	[ "$(nc -N ::1 8080 <<<$'GET / HTTP/1.0\r\n' | tail -n 1)" = web ]
	paene restart -t 0 web
	wait_until 10 answers web 'http://[::1]:8080/'
	paene network reload
	answers web 'http://[::1]:8080/'
	run nc -l ::1 8080
	[ "$status" != 0 ]
	expect_in_output "in use"
	paene stop -t 0 web
	run ! nc -z ::1 8080
	command paene --root "$PAENE_DATA" --runroot "$PAENE_RUN" run -q --rm --name front -p 8081:80 "$image" \
		sh -c 'mkdir /w; echo front >/w/index.html; exec httpd -f -p 80 -h /w' 3>&- &
	wait_until 10 answers front 'http://[::1]:8081/'
	paene stop -t 0 front
	wait
}

@test "::1: alone, for those that ask for it, on networks with IPv6 and without" {
	needs_ipv6
	paene network create --ipv6 six >/dev/null
	serve four -p '[::1]:8080:80'
	answers four 'http://[::1]:8080/'
	run ! answers four http://127.0.0.1:8080/
	[ "$(paene port four)" = "80/tcp -> [::1]:8080" ]
	refused "container four has it" -p '[::1]:8080:80'
	serve six --network six -p '[::1]:8081:80' -p 8082:80
	answers six 'http://[::1]:8081/'
	answers six 'http://[::1]:8082/'
	answers six http://127.0.0.1:8082/
	refused "container six has it" -p 8081:80
	serve free -p '[::1]::80'
	answers free "http://$(paene port free 80)/"
	host_listens 8090 ::1
	refused "nc (process $server) has it" -p 8090:80
	paene rm -f six
	paene network rm six
}

@test "::1: much goes through, half of a connection can end, and the monitor stays small" {
	needs_ipv6
	needs_program python3
	local id dirty
	id=$(paene run -dq --name echo -p 8080:80 host python3 -c '
import socketserver
class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(65536):
            self.request.sendall(data)
        self.request.sendall(b"the end")
class Server(socketserver.ThreadingTCPServer):
    request_queue_size = 300
Server(("", 80), Echo).serve_forever()')
	wait_until 20 is_up echo
	python3 - <<-'EOP'
		import os, socket, threading
		def talk(size, result):
		    s = socket.create_connection(("::1", 8080))
		    sent = os.urandom(size)
		    threading.Thread(target=lambda: (s.sendall(sent), s.shutdown(socket.SHUT_WR))).start()
		    got = b"".join(iter(lambda: s.recv(65536), b""))
		    result.append(got == sent + b"the end")
		result = []
		threads = [threading.Thread(target=talk, args=(size, result)) for size in [20 << 20] + [1000] * 300]
		for t in threads: t.start()
		for t in threads: t.join()
		assert result == [True] * 301, result
		idle = [socket.create_connection(("::1", 8080)) for _ in range(100)]
		for s in idle: s.sendall(b"x")
		for s in idle: assert s.recv(1) == b"x"
	EOP
	! grep -q __asan_init "$PAENE_BUILD/paene-monitor" || skip "a sanitizer has its own memory"
	dirty=$(awk '/^Private_Dirty:/ {print $2}' "/proc/$(pgrep -f "paene-monitor.*$id")/smaps_rollup")
	[ "$dirty" -le 150 ] || fail "it has $dirty KiB"
}

@test "a monitor polls nothing of ports that are not published" {
	local id
	id=$(paene run -dq --name plain "$image" sleep 1000)
	# the one that it has is for those who attach
	[ "$(readlink /proc/"$(pgrep -f "paene-monitor.*$id")"/fd/* | grep -c eventpoll)" = 1 ]
}

@test "held ports are given back and taken again, restart after restart" {
	needs_ipv6
	serve web -p 8080:80 -p 8081:81/udp
	local i
	for i in 1 2 3; do
		answers web 'http://[::1]:8080/' # a connection that lingers
		answers web http://127.0.0.1:8080/
		paene restart -t 0 web
		wait_until 10 is_up web
		run nc -lu 8081
		[ "$status" != 0 ]
		run nc -l 8080
		[ "$status" != 0 ]
	done
}

udp_echo='
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 9000))
while True:
    s.sendto(sys.argv[1].encode(), s.recvfrom(100)[1])'

# For each line that it reads it asks, from the one socket that it has, until somebody answers.
udp_client='
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(0.2)
for line in sys.stdin:
    for i in range(600):
        s.sendto(b"who", ("192.0.2.1", 9000))
        try:
            answer = s.recv(100).decode()
        except OSError:
            continue
        if answer == line.strip():
            print(answer)
            break
    else:
        print("nobody")'

client_hears() { # client_hears NAME: of who answers now
	local answer
	echo "$1" >&"${client[1]}"
	read -r answer <&"${client[0]}"
	[ "$answer" = "$1" ] || fail "it hears $answer"
}
@test "udp: a client that goes on from the same port reaches the container after a restart, and its successor" {
	needs_program python3
	paene run -dq --name echo -p 9000:9000/udp host python3 -c "$udp_echo" one >/dev/null
	coproc client { python3 -u -c "$udp_client" 3>&-; }
	server=$client_PID
	client_hears one
	paene restart -t 0 echo
	client_hears one
	paene rm -f echo
	paene run -dq --name echo -p 9000:9000/udp host python3 -c "$udp_echo" two >/dev/null
	client_hears two
}

foreign_warns() { # foreign_warns TEXT…: `network reload`, `system check`, `info` and a first `run --publish` say all of it in one line
	rm -f "$PAENE_RUN/said-forward"
	local text
	run --separate-stderr paene run --rm -p 8080:80 "$image" true
	expect_status 0
	for text; do
		[[ "$stderr" == *"$text"* ]] || fail "run says:" "$stderr"
	done
	[ "${#stderr_lines[@]}" = 1 ] || fail "more than a line:" "$stderr"
	run --separate-stderr paene run --rm -p 8080:80 "$image" true
	[ -z "$stderr" ] || fail "it is said twice:" "$stderr"
	run paene network reload
	expect_status 0
	for text; do
		expect_in_output "$text"
	done
	run paene system check --quick
	expect_status 0
	expect_in_output "${!#}"
	[[ "$(paene info --format '{{.ForeignFirewall}}')" == *"${!#}"* ]]
}

foreign_is_silent() {
	rm -f "$PAENE_RUN/said-forward"
	run paene run --rm -p 8080:80 "$image" true
	expect_output ""
	run paene network reload
	expect_output ""
	[ -z "$(paene info --format '{{.ForeignFirewall}}')" ]
}

@test "another program's chain that drops what is forwarded is named, with what to do, and never touched" {
	paene run -q --rm -p 8080:80 "$image" true # what is said once about this machine is said
	foreign_is_silent
	nft -f - <<-'EOF'
		table inet other {
			chain input { type filter hook input priority filter; policy drop; iifname "lo" accept; }
			chain onward { type filter hook forward priority filter; policy drop; ct state established accept; }
		}
	EOF
	local before
	before=$(nft list table inet other)
	foreign_warns "chain onward of table inet other" "nft 'insert rule inet other onward iifname"
	[ "$(nft list table inet other)" = "$before" ]
	eval "$(paene info --format '{{.ForeignFirewall}}' | sed 's/[^`]*`//; s/`//')" # what it says helps
	foreign_is_silent
	nft delete table inet other

	# as docker has it
	nft -f - <<-'EOF'
		table ip filter {
			chain DOCKER-USER { }
			chain FORWARD { type filter hook forward priority filter; policy drop; jump DOCKER-USER; }
		}
	EOF
	foreign_warns "chain FORWARD of table ip filter" "iptables -I DOCKER-USER -i paene+ -j ACCEPT"
	nft insert rule ip filter DOCKER-USER iifname 'paene*' accept
	foreign_is_silent
	nft delete table ip filter

	# as firewalld has it: the last rule refuses; published ports it lets pass
	nft -f - <<-'EOF'
		table inet firewalld {
			chain filter_FORWARD { type filter hook forward priority filter + 10; policy accept; iifname "lo" accept; reject with icmpx admin-prohibited; }
		}
	EOF
	foreign_warns "chain filter_FORWARD of table inet firewalld" "firewall-cmd"
	nft insert rule inet firewalld filter_FORWARD ct status dnat accept
	foreign_is_silent
	nft delete table inet firewalld

	# a rule that refuses some, and a chain of another hook, are nobody's business
	nft -f - <<-'EOF'
		table inet fine {
			chain onward { type filter hook forward priority filter; policy accept; ip daddr 192.0.2.77 reject; counter accept; }
			chain output { type filter hook output priority filter; policy accept; ip daddr 192.0.2.77 drop; }
		}
	EOF
	foreign_is_silent
	nft delete table inet fine
}

@test "without published ports nobody asks for other programs' chains" {
	needs_program strace
	! grep -q __asan_init "$PAENE_BUILD/paene" || skip "strace and a sanitizer's leak check exclude each other"
	run cost
	run ! grep -q NFT_MSG_GETCHAIN "$BATS_TEST_TMPDIR/trace"
	run cost -p 8080:80
	grep -q NFT_MSG_GETCHAIN "$BATS_TEST_TMPDIR/trace"
}

# What a command asks of the kernel for its network: how many calls, and how many bytes go over.
cost() { # cost OPTION…
	strace -f -qq -o "$BATS_TEST_TMPDIR/trace" -e trace=%network,epoll_ctl \
		"$PAENE_BUILD/paene" --root "$PAENE_DATA" --runroot "$PAENE_RUN" run --rm -q "$@" "$image" true
	awk '!/ resumed>/ { n++ } / = [0-9]+$/ { bytes += $NF } END { print n, bytes }' "$BATS_TEST_TMPDIR/trace"
}

@test "the thousandth published port costs what the first did" {
	needs_program strace
	! grep -q __asan_init "$PAENE_BUILD/paene" || skip "strace and a sanitizer's leak check exclude each other"
	local first last
	first=($(cost -p 9000:80 -p 9001:81/udp))
	paene run -dq --name many -p 20000-20997:20000-20997 "$image" sleep 1000 >/dev/null
	last=($(cost -p 9000:80 -p 9001:81/udp))
	[ "${first[0]}" -gt 20 ]
	# what takes turns may have one turn more; what looks at every port would have hundreds
	[ "${last[0]}" -le $((first[0] + 6)) ] || fail "the first: ${first[0]} calls; with 998 others: ${last[0]}"
	[ "${last[1]}" -le $((first[1] + 2000)) ] || fail "the first: ${first[1]} bytes; with 998 others: ${last[1]}"
}
