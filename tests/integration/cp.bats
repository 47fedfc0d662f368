#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# paene cp: both directions, archives on standard streams, what lies where already, owners, running and stopped containers.

load ../lib/common

image=localhost/busybox:1

setup_file() {
	has_corner || return 0
	load_busybox
	paene run -q --rm --network none "$image" true
}

setup() {
	needs_root
	cd "$BATS_TEST_TMPDIR"
	mkdir -p tree/sub
	echo one >tree/one
	echo two >tree/sub/two
	ln -s one tree/link
	ln tree/one tree/hard
	chmod 640 tree/one
	touch -d @1000000000.5 tree/one tree/sub
	mkdir volume
	leak_check_before
	paene run -dq --name box --network none -v "$PWD/volume:/vol" "$image" sleep 100000
	paene create -q --name still --network none "$image" true
}

teardown() {
	paene rm -fa >/dev/null
	leak_check_after
}

in_box() {
	paene exec box "$@"
}

expect_in_box() { # expect_in_box TEXT COMMAND…
	local text=$1
	shift
	run in_box "$@"
	[ "$output" = "$text" ] || fail "expected: $text" "found: $output"
}

@test "a file: to a new name, into a folder, over a file" {
	echo new >f
	paene cp f box:/tmp/g
	expect_in_box new cat /tmp/g
	paene cp f box:/tmp
	expect_in_box new cat /tmp/f
	paene cp f box:/tmp/
	echo newer >f
	paene cp f box:/tmp/g
	expect_in_box newer cat /tmp/g
	paene cp box:/tmp/g out
	[ "$(cat out)" = newer ]
	mkdir into
	paene cp box:/tmp/g into
	[ "$(cat into/g)" = newer ]
}

@test "a folder: becomes the new one, goes into one that is there, its contents alone" {
	paene cp tree box:/tmp/new
	expect_in_box two cat /tmp/new/sub/two
	paene cp tree box:/tmp
	expect_in_box two cat /tmp/tree/sub/two
	in_box mkdir /tmp/into
	paene cp tree/. box:/tmp/into
	expect_in_box two cat /tmp/into/sub/two
	in_box test ! -e /tmp/into/tree
	paene cp tree/ box:/tmp/into/
	expect_in_box one cat /tmp/into/tree/one
	paene cp box:/tmp/tree out
	diff -r tree out
	mkdir there
	paene cp box:/tmp/tree there
	diff -r tree there/tree
	paene cp box:/tmp/tree/. there
	[ "$(cat there/sub/two)" = two ]
	paene cp box:/tmp/tree/sub/.. up
	[ "$(cat up/one)" = one ]
}

@test "modes, times, links and hard links stay" {
	paene cp tree box:/tmp/t
	expect_in_box "640 1000000000" stat -c '%a %Y' /tmp/t/one
	expect_in_box 1000000000 stat -c %Y /tmp/t/sub
	expect_in_box one readlink /tmp/t/link
	[ "$(in_box stat -c %i /tmp/t/one)" = "$(in_box stat -c %i /tmp/t/hard)" ]
	paene cp box:/tmp/t back
	[ "$(stat -c '%a %.1Y' back/one)" = "640 1000000000.5" ]
	[ back/one -ef back/hard ]
	[ "$(readlink back/link)" = one ]
}

@test "owners: root's, as they were with --archive; setuid bits and attributes only then" {
	echo x >f
	chown 12:34 f
	chmod 4755 f
	paene cp f box:/tmp/root
	paene cp -a f box:/tmp/own
	expect_in_box "0 0 755" stat -c '%u %g %a' /tmp/root
	expect_in_box "12 34 4755" stat -c '%u %g %a' /tmp/own
	paene cp box:/tmp/own out
	paene cp --archive box:/tmp/own out-own
	[ "$(stat -c '%u %g %a' out)" = "0 0 755" ]
	[ "$(stat -c '%u %g %a' out-own)" = "12 34 4755" ]
}

@test "archives: from standard input, to standard output" {
	tar cf - tree | paene cp - box:/tmp
	expect_in_box two cat /tmp/tree/sub/two
	tar czf - tree | paene cp - box:/tmp
	[ "$(paene cp box:/tmp/tree - | tar tf - | sort | tr '\n' ' ')" = "tree/ tree/hard tree/link tree/one tree/sub/ tree/sub/two " ]
	[ "$(paene cp box:/tmp/tree/. - | tar xOf - sub/two)" = two ]
	[ "$(paene cp box:/tmp/tree/one - | tar xO)" = one ]
	run bash -c 'tar cf - tree | command paene --root "$PAENE_DATA" --runroot "$PAENE_RUN" cp - box:/tmp/nowhere'
	expect_status 1
	expect_in_output "there is no such folder"
	run bash -c 'echo nonsense | command paene --root "$PAENE_DATA" --runroot "$PAENE_RUN" cp - box:/tmp'
	expect_status 1
	expect_in_output "no tar archive"
}

@test "an archive's owners are as it says, its folders may be links of the container" {
	in_box sh -c 'mkdir /tmp/real; ln -s /tmp/real /tmp/alias'
	mkdir alias
	echo in >alias/file
	tar --owner=7 --group=8 -cf - alias/file | paene cp - box:/tmp
	expect_in_box "7 8" stat -c '%u %g' /tmp/real/file
}

@test "between two containers" {
	paene cp tree box:/tmp/t
	paene cp box:/tmp/t still:/t
	paene cp still:/t/sub/two box:/tmp/two
	expect_in_box two cat /tmp/two
}

@test "a container that does not run" {
	paene cp tree still:/opt
	paene cp still:/opt/sub/two out
	[ "$(cat out)" = two ]
	run paene start -a still # it was not in the way of anybody
	expect_status 0
	paene cp still:/opt/one out
	[ "$(cat out)" = one ]
}

@test "volumes of one that runs" {
	echo v >f
	paene cp f box:/vol/f
	[ "$(cat "volume/f")" = v ]
	echo w >"volume/g"
	paene cp box:/vol/g out
	[ "$(cat out)" = w ]
}

@test "symbolic links: copied as such, followed with -L; a destination is what it leads to" {
	in_box sh -c 'mkdir /tmp/d; echo c >/tmp/d/c; ln -s c /tmp/d/l; ln -s /tmp/d /tmp/dl; ln -s /tmp/d/fresh /tmp/dangling'
	paene cp box:/tmp/d/l out
	[ "$(readlink out)" = c ]
	paene cp -L box:/tmp/d/l followed
	[ ! -L followed ]
	[ "$(cat followed)" = c ]
	paene cp -L tree/link box:/tmp/f
	expect_in_box one cat /tmp/f
	paene cp tree/one box:/tmp/dl
	expect_in_box one cat /tmp/d/one
	paene cp tree/one box:/tmp/d/l
	expect_in_box one cat /tmp/d/c
	paene cp tree/one box:/tmp/dangling
	expect_in_box one cat /tmp/d/fresh
	paene cp box:/tmp/dl/c through
	[ "$(cat through)" = one ]
}

@test "what fits not is refused, and --overwrite" {
	in_box sh -c 'mkdir -p /tmp/d/sub; echo f >/tmp/f; echo f >/tmp/d/tree'
	run paene cp tree box:/tmp/f
	expect_status 1
	expect_in_output "a folder cannot be copied over a file"
	run paene cp tree box:/tmp/d
	expect_status 1
	expect_in_output "--overwrite"
	paene cp --overwrite tree box:/tmp/d
	expect_in_box one cat /tmp/d/tree/one
	echo s >sub
	run paene cp sub box:/tmp/d
	expect_status 1
	paene cp --overwrite sub box:/tmp/d
	expect_in_box s cat /tmp/d/sub
	paene cp --overwrite tree box:/tmp/f
	expect_in_box one cat /tmp/f/one
}

@test "wrong words, names that do not exist" {
	local wrong
	run paene cp a b
	expect_status 1
	expect_in_output "neither of the two is in a container"
	run paene cp nosuch:/x out
	expect_in_output "no such container"
	run paene cp box: out
	expect_status 1
	run paene cp box:/nope out
	expect_status 1
	expect_in_output "nope: No such file or directory"
	run paene cp nope box:/tmp
	expect_in_output "nope: No such file or directory"
	run paene cp tree/one box:/tmp/nope/
	expect_in_output "there is no such folder"
	run paene cp tree/one box:/nope/x
	expect_in_output "No such file or directory"
	run paene cp tree/one/ box:/tmp
	expect_status 1
	run paene cp box:/tmp nope/nope
	expect_in_output "No such file or directory"
	[ ! -e out ]
}

@test "names with colons, names with odd bytes" {
	echo c >a:b
	paene cp ./a:b box:/tmp/a:b
	expect_in_box c cat /tmp/a:b
	mkdir odd
	echo o >odd/$'new\nline'
	echo u >odd/$'\xff\xfe'
	echo s >odd/' blank '
	paene cp odd box:/tmp/odd
	paene cp box:/tmp/odd back
	diff -r odd back
}

@test "device nodes and fifos, a socket is left out" {
	mkdir nodes
	mkfifo -m 600 nodes/fifo
	needs_program python3
	python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("nodes/socket")'
	paene cp nodes box:/tmp/nodes
	expect_in_box "fifo 600" stat -c '%F %a' /tmp/nodes/fifo
	in_box test ! -e /tmp/nodes/socket
}

@test "a full disk: what is half copied is not there" {
	mkdir small
	mount -t tmpfs -o size=1m tmpfs small
	in_box dd if=/dev/urandom of=/tmp/large bs=1M count=3 2>/dev/null
	run paene cp box:/tmp/large small
	umount small || true
	expect_status 1
	expect_in_output "No space left on device"
}

@test "a large file: both workers are heard all the time" {
	truncate -s 320M large
	paene cp large box:/tmp/large
	paene cp box:/tmp/large back
	[ "$(stat -c %s back)" = "$(stat -c %s large)" ]
}
