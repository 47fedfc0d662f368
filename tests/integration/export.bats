#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# paene export and import: a container's files as an archive, and an image of one.

load ../lib/common

image=localhost/busybox:1

setup_file() {
	has_corner || return 0
	load_busybox
	paene run -q --rm --network none "$image" true
}

setup() {
	needs_root
	mkdir "$BATS_TEST_TMPDIR/here"
	cd "$BATS_TEST_TMPDIR/here"
	leak_check_before
}

teardown() {
	paene rm -fa >/dev/null
	leak_check_after
}

make_box() { # make_box COMMAND: a container that has run it, and ended
	paene run -q --name box --network none -v /tmp:/mounted "$image" sh -c "$1"
}

listed() { # listed ARCHIVE NAME: its line, mode owner size name
	tar --numeric-owner -tvf "$1" | awk -v name="$2" '$6 == name { print $1, $2, $3 }'
}

@test "the image's files and its own, owners as the container sees them" {
	make_box 'echo hi >/own; chown 5:6 /own; chmod 640 /own; rm /bin/vi'
	paene export -o e.tar box
	[ "$(listed e.tar own)" = "-rw-r----- 5/6 3" ]
	[ "$(listed e.tar bin/busybox | cut -d' ' -f2)" = 0/0 ]
	[ -z "$(listed e.tar bin/vi)" ]
	[ "$(tar xOf e.tar own)" = hi ]
	paene export box >s.tar
	cmp e.tar s.tar
	paene export --output again.tar box
	cmp e.tar again.tar
}

@test "of one that runs: what is mounted in it stays away" {
	paene run -dq --name box --network none -v "$PWD:/vol" "$image" sh -c 'echo in >/vol/file; echo hi >/own; exec sleep 100000'
	wait_until 5 paene exec box test -e /own
	paene export -o e.tar box
	[ -n "$(listed e.tar own)" ]
	[ -n "$(listed e.tar vol/)" ]
	[ "$(tar tf e.tar | grep -c '^vol/.\|^proc/.\|^dev/.\|^sys/.')" = 0 ]
}

@test "wrong words, and nothing is left" {
	run paene export -o e.tar nosuch
	expect_status 1
	expect_in_output "no such container: nosuch"
	run paene export
	expect_status 125
	make_box true
	run paene export -o /no/such/e.tar box
	expect_status 1
	[ -z "$(ls -A)" ]
}

@test "import: of what was exported, from a file and from standard input, compressed" {
	make_box 'echo hi >/own'
	paene export -o e.tar box
	local id
	id=$(paene import -q -c 'CMD ["cat", "/own"]' -m "first words" e.tar localhost/made:1)
	[ "$(paene inspect -f '{{.Id}}' localhost/made:1)" = "$id" ]
	[ "$(paene run --rm --network none localhost/made:1)" = hi ]
	[ "$(paene inspect -f '{{json .History}}' localhost/made:1 | jq -r '.[0].comment')" = "first words" ]
	gzip -c e.tar | paene import - localhost/made:2 >/dev/null
	[ "$(paene run --rm --network none localhost/made:2 cat /own)" = hi ]
	[ "$(paene inspect -f '{{.RootFS.Layers}}' localhost/made:2)" = "sha256:$(sha256sum <e.tar | cut -c1-64)" ]
	paene import --os linux --arch arm64 --variant v8 e.tar localhost/made:3 >/dev/null
	[ "$(paene inspect -f '{{.Architecture}}' localhost/made:3)" = arm64 ]
	paene rmi localhost/made:1 localhost/made:2 localhost/made:3 >/dev/null
}

@test "import: without a name; what is no archive" {
	make_box true
	local id
	id=$(paene export box | paene import -)
	paene rmi "$id" >/dev/null
	echo nonsense >text
	run paene import text localhost/made:1
	expect_status 1
	expect_in_output "it is no tar archive"
	run paene import nope
	expect_status 1
	expect_in_output "nope: No such file or directory"
	run paene import http://example.org/x.tar
	expect_in_output "only files are imported"
	run paene import -c 'NONSENSE x' text
	expect_in_output "known are CMD"
	run paene import text 'NOT/A/NAME'
	expect_status 1
	[ "$(paene images -q | wc -l)" = 1 ]
}
