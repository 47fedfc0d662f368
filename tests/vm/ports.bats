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
