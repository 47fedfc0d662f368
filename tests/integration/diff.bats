#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# paene diff: of containers and of images.

load ../lib/common

image=localhost/busybox:1

setup_file() {
	has_corner || return 0
	load_busybox
	paene run -q --rm --network none "$image" true
}

setup() {
	needs_root
	leak_check_before
}

teardown() {
	paene rm -fa >/dev/null
	leak_check_after
}

@test "a container that has done nothing has changed nothing" {
	paene run -dq --name box --network none -v /tmp:/vol "$image" sleep 100000
	run paene diff box
	expect_status 0
	expect_output ""
	run paene diff --format json box
	expect_output "{}"
}

@test "added, changed, deleted; folders before what is in them" {
	paene run -q --name box --network none "$image" sh -c 'mkdir /d; echo x >/d/f; echo x >>/etc/passwd; rm /bin/vi
		rm -r /root; mkdir /root; chmod 700 /home'
	run paene diff box
	expect_output "C /bin
D /bin/vi
A /d
A /d/f
C /etc
C /etc/passwd
C /home
C /root"
	[ "$(paene diff --format json box | jq -c .deleted)" = '["/bin/vi"]' ]
	[ "$(paene diff --format json box | jq -c .added)" = '["/d","/d/f"]' ]
}

@test "a folder made anew: what was in it is deleted" {
	paene run -q --name box --network none "$image" sh -c 'rm -r /etc; mkdir /etc; echo x >/etc/new'
	run paene diff box
	expect_in_output "D /etc/passwd"
	expect_in_output "A /etc/new"
}

@test "an image: its last layer" {
	run paene diff "$image"
	expect_status 0
	expect_in_output "A /bin/busybox"
	paene run -q --name box --network none "$image" sh -c 'echo x >/own; rm /bin/vi'
	paene commit box localhost/new:1 >/dev/null
	run paene diff localhost/new:1
	expect_in_output "A /own"
	expect_in_output "D /bin/vi"
	[[ "$output" != *busybox* ]]
	paene rm box >/dev/null
	paene rmi localhost/new:1 >/dev/null
}

@test "names of odd bytes do not reach the terminal; wrong words" {
	paene run -q --name box --network none "$image" sh -c 'echo x >"/$(printf "\033[31m")"'
	run paene diff box
	expect_output 'A /\x1b[31m'
	run paene diff nosuch
	expect_status 1
	expect_in_output "nosuch"
	run paene diff --format table box
	expect_status 1
	paene run -q --name own --network none host true
	run paene diff own
	expect_status 1
	expect_in_output "this machine's own root"
}
