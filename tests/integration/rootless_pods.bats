# SPDX-License-Identifier: Apache-2.0
# Pods and joined namespaces of a user without root; the network of the infra container is pasta's.
load ../lib/common
load ../lib/rootless

image=localhost/busybox:1

setup_file() {
	[ "$(id -u)" = 0 ] || return 0
	make_dev
	make_outside
	export outside
	paene load -i /run/paene-test/busybox.tar
	paene pod create --name first >/dev/null
	paene run -q --rm --pod first "$image" true
	paene pod rm -f first
	paene run -q --rm --userns keep-id "$image" true # what is said once
}

teardown_file() {
	unmake_dev
	kill "$outside"
}

setup() {
	needs_root
	needs_program newuidmap setpriv pasta curl
	leak_check_before
}

teardown() {
	paene pod rm --force --all >/dev/null
	paene rm --force --all >/dev/null
	leak_check_after
}

namespace() { # namespace KIND CONTAINER
	readlink "/proc/$(paene inspect --format '{{.State.Pid}}' "$2")/ns/$1"
}

served() {
	[ "$(curl --silent --max-time 5 http://127.0.0.1:18090/)" = served ]
}

@test "a pod: its containers share namespaces and ids, and its ports are reached from the host" {
	local kind
	paene pod create --name box -p 18090:80 >/dev/null
	paene run -dq --pod box --name one "$image" sh -c 'mkdir /w; echo served >/w/index.html; exec httpd -f -p 80 -h /w' >/dev/null
	paene run -dq --pod box --name two "$image" sleep 100000 >/dev/null
	for kind in net ipc uts user; do
		[ "$(namespace "$kind" one)" = "$(namespace "$kind" two)" ] || fail "$kind"
	done
	[ "$(namespace pid one)" != "$(namespace pid two)" ]
	wait_until 20 served
	[ "$(paene exec two wget -qO- http://127.0.0.1/)" = served ]
	paene exec one sh -c 'echo x >/dev/shm/f'
	[ "$(paene exec two cat /dev/shm/f)" = x ]
	paene pod stop -t 0 box
	[ "$(paene pod inspect --format '{{.State}}' box)" = Exited ]
	paene pod start box
	wait_until 20 served
}

@test "--pid and --ipc of another container, --userns keep-id among them" {
	paene run -dq --name one --userns keep-id "$image" sleep 100000 >/dev/null
	[ "$(paene run -q --rm --pid container:one --ipc container:one "$image" sh -c 'ps -o args | grep -c "^sleep 100000"')" = 1 ]
	[ "$(paene run -q --rm --network container:one "$image" cat /proc/self/uid_map)" = "$(paene exec one cat /proc/self/uid_map)" ]
	run paene run -q --rm --pid container:one --userns keep-id "$image" true
	expect_status 125
	expect_in_output "--userns keep-id"
	run paene rm -f one
	expect_status 0
}
