# SPDX-License-Identifier: Apache-2.0
# Published ports: which there are, who holds them, how they are shown, and ::1. Who reaches whom by them: network.bats.
load ../lib/common

image=localhost/busybox:1

setup_file() {
	[ "$(id -u)" = 0 ] || return 0
	load_busybox
	make_image localhost/exposing:1 "$BATS_FILE_TMPDIR/exposing.tar" 'ExposedPorts={"80/tcp": {}, "7000-7002/udp": {}, "nonsense": {}, "1:2": {}}'
	paene load -qi "$BATS_FILE_TMPDIR/exposing.tar"
	paene run -q --rm "$image" true # the bridge, the parent cgroup: they stay
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
	[ "$(paene ps --format '{{.Ports}}')" = '0.0.0.0:8080->80/tcp 7000-7002/udp 90-91/tcp' ]
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
	run ! grep -q eventpoll <(readlink /proc/"$(pgrep -f "paene-monitor.*$id")"/fd/*)
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
