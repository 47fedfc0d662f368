# SPDX-License-Identifier: Apache-2.0
# Published ports, on a whole machine with its own addresses.
load ../lib/common

image=localhost/busybox:1

setup_file() {
	type -P paene >/dev/null || return 0
	load_busybox
	# an address of this machine that is not loopback
	ip link add outside type bridge
	ip address add 192.0.2.1/24 dev outside
	ip link set outside up
}

setup() {
	needs_program paene
}

teardown() {
	paene rm -f web || true
}

teardown_file() {
	ip link delete outside 2>/dev/null || true
}

answers() { # answers URL TEXT
	[ "$(curl --silent --max-time 20 "$1")" = "$2" ]
}

serve() { # serve OPTION…: a web server in a container, with one page
	paene run -d --name web "$@" $image sh -c 'echo hello >/tmp/page; exec httpd -f -p 80 -h /tmp'
}

@test "a published port answers on the machine's address and on loopback" {
	serve -p 8080:80
	wait_until 60 answers http://192.0.2.1:8080/page hello
	wait_until 20 answers http://127.0.0.1:8080/page hello
}

@test "a port published on one address answers there alone" {
	serve -p 192.0.2.1:8081:80
	wait_until 60 answers http://192.0.2.1:8081/page hello
	run ! answers http://127.0.0.1:8081/page hello
}

@test "the port is free again when the container is gone" {
	serve -p 8082:80
	wait_until 60 answers http://192.0.2.1:8082/page hello
	paene rm -f web
	run ! answers http://192.0.2.1:8082/page hello
	serve -p 8082:80
	wait_until 60 answers http://192.0.2.1:8082/page hello
}

@test "a port that is taken is refused by name" {
	serve -p 8083:80
	run paene run --rm --name second -p 8083:80 $image true
	expect_status 125
	expect_in_output 8083
}

@test "sctp: a published port answers, is held, and leads to the container after a restart, too" {
	modprobe sctp 2>/dev/null || skip "this kernel has no SCTP"
	needs_program python3
	paene run -d --name web -p 192.0.2.1:5000:7000/sctp host python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP)
s.bind(("", 7000))
s.listen()
while True:
    s.accept()[0].send(b"hello")'
	sctp() { # sctp PORT bind|connect: what is answered, or the error
		python3 - "$@" <<-'EOP' 2>&1
			import socket, sys
			s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP)
			s.settimeout(20)
			try:
			    getattr(s, sys.argv[2])(("192.0.2.1", int(sys.argv[1])))
			    print(s.recv(100).decode() if sys.argv[2] == "connect" else "bound")
			except OSError as e:
			    print(e.strerror)
		EOP
	}
	hello() {
		[ "$(sctp 5000 connect)" = hello ]
	}
	wait_until 60 hello
	[ "$(sctp 5000 bind)" = "Address already in use" ]
	[ "$(paene port web)" = "7000/sctp -> 192.0.2.1:5000" ]
	paene restart -t 0 web
	wait_until 60 hello
	[ "$(sctp 5000 bind)" = "Address already in use" ]
	run paene run --rm --name second -p 192.0.2.1:5000:1/sctp $image true
	expect_status 125
	expect_in_output "container web has it"
	paene rm -f web
	[ "$(sctp 5000 bind)" = bound ]
}

@test "chains of iptables that drop are named, with what to do, until that is done" {
	needs_program iptables
	run paene network reload
	expect_output ""
	iptables -N DOCKER-USER # as docker has them
	iptables -I FORWARD -j DOCKER-USER
	iptables -P FORWARD DROP
	run paene network reload
	expect_in_output "chain FORWARD of table ip filter"
	eval "$(sed 's/[^`]*`//; s/`//' <<<"$output")"
	[ "$(iptables -S DOCKER-USER | grep -c paene+)" = 2 ]
	run paene network reload
	expect_output ""
	iptables -P FORWARD ACCEPT
	iptables -F FORWARD
	iptables -F DOCKER-USER
	iptables -X DOCKER-USER
	iptables -A FORWARD -j REJECT
	run paene network reload
	expect_in_output "chain FORWARD of table ip filter"
	expect_in_output "iptables -I FORWARD -i paene+"
	iptables -F FORWARD
}
