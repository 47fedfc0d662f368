# SPDX-License-Identifier: Apache-2.0
# The pseudo-image `host`: this machine's own root, seen from a container that cannot change it.
load ../lib/common

setup_file() {
	has_corner || return 0
	paene run -q --rm host true # the bridge, the parent cgroup: they stay
}

setup() {
	needs_root
	leak_check_before
	marker=/opt/paene-host-bats-$$ # on the machine's own root
}

teardown() {
	rm -rf "$marker"
	paene rm --force --all >/dev/null
	leak_check_after
}

on_host() { # on_host OPTION… -- COMMAND…: without a network
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	paene run --rm -q --network none "${options[@]}" host "$@"
}

both_ways() { # both_ways COMMAND…: with a user namespace of its own, and with the host's
	"$@" private
	"$@" host
}

sees_files() {
	echo mine >"$marker"
	run on_host --userns "$1" -- sh -c "cat $marker; sha256sum /bin/sh /etc/os-release"
	expect_status 0
	expect_output "$(cat "$marker"; sha256sum /bin/sh /etc/os-release)"
}

@test "it sees this machine's files" {
	both_ways sees_files
}

same_owners() {
	mkdir -p "$marker"
	touch "$marker"/{root,user,secret}
	chown 1000:1001 "$marker/user"
	chmod 600 "$marker/secret"
	run on_host --userns "$1" -- sh -c "stat -c '%n %u:%g %a' $marker/* /etc/shadow; cat $marker/secret"
	expect_status 0
	expect_output "$(stat -c '%n %u:%g %a' "$marker"/* /etc/shadow)"
}

@test "owners and modes are the same on both sides" {
	both_ways same_owners
}

writes_stay_inside() {
	mkdir -p "$marker"
	echo outside >"$marker/file"
	echo goes >"$marker/removed"
	on_host --userns "$1" -- sh -c "echo inside >$marker/file; rm $marker/removed; touch $marker/new /etc/paene-new; chmod 777 $marker
		rm -rf /usr/share/doc; echo x >>/etc/passwd; mv $marker/file $marker/moved; cat $marker/moved" >"$BATS_TEST_TMPDIR/out"
	[ "$(cat "$BATS_TEST_TMPDIR/out")" = inside ]
	[ "$(cat "$marker/file")" = outside ]
	[ -e "$marker/removed" ]
	[ "$(stat -c %a "$marker")" = 755 ]
	[ ! -e "$marker/new" ]
	[ ! -e "$marker/moved" ]
	[ ! -e /etc/paene-new ]
	[ -d /usr/share/doc ]
	[ "$(tail -n 1 /etc/passwd)" != x ]
}

@test "what it writes, changes, renames and removes stays in the container" {
	both_ways writes_stay_inside
}

@test "what one has written is there at its next start, and not in another" {
	paene create --name one --network none host sh -c "echo run >>$marker; wc -l <$marker" >/dev/null
	run paene start -a one
	expect_output 1
	run paene start -a one
	expect_output 2
	run on_host -- ls "$marker"
	[ "$status" -ne 0 ]
	[ ! -e "$marker" ]
}

@test "the machine changes meanwhile: a file that the container has not touched is seen as it is" {
	echo before >"$marker"
	paene run -dq --name box --network none host sleep 1000 >/dev/null
	[ "$(paene exec box cat "$marker")" = before ]
	paene rm -f box
	echo after >"$marker"
	run on_host -- cat "$marker"
	expect_output after
}

@test "the machine's programs run: a shell, perl or python, ps, and without a command /bin/sh" {
	run on_host -- python3 -c 'print(6 * 7)'
	expect_output 42
	run on_host -- ps -o pid=,comm= ax
	expect_in_output "1 ps"
	[ "$(wc -l <<<"$output")" = 1 ]
	run paene run --rm -qi --network none host <<<'echo $((6 * 7)); exit 3'
	expect_status 3
	expect_output 42
}

@test "proc, sys, dev and run are the container's, not the machine's" {
	run on_host -- sh -c 'ls /dev'
	[[ "$output" != *vda* && "$output" != *sda* && "$output" != *kmsg* && "$output" != *loop* ]]
	run on_host -- sh -c 'ls -d /proc/[0-9]* | wc -l'
	[ "$output" -le 4 ]
	run on_host -- sh -c 'echo x >/proc/sys/kernel/hostname'
	[ "$status" -ne 0 ]
	run on_host -- cat /proc/1/environ
	[[ "$output" != *PAENE_BUILD* ]]
}

@test "other containers' folders are seen by nobody: they belong to the machine's root alone" {
	paene run -dq --name secret --network none host sh -c 'echo secret >/opt/secret; sleep 1000' >/dev/null
	local upper
	upper=$(dirname "$(paene inspect --format '{{.LogPath}}' secret)")/upper
	wait_until 10 eval 'find "$upper" -name secret -type f | grep -q .'
	run on_host -u 1000 -- ls "$upper"
	[ "$status" -ne 0 ]
}

@test "its root is nobody to the machine: no kernel settings, no mounts, no other's processes" {
	sleep 1000 3>&- &
	run on_host -- sh -c "kill -0 $!"
	kill $!
	[ "$status" -ne 0 ]
	run on_host -- mount -t tmpfs tmpfs /mnt
	[ "$status" -ne 0 ]
	run on_host -- sh -c 'umount /proc || mknod /root/null c 1 3'
	[ "$status" -ne 0 ]
}

@test "-v on top of the machine's root" {
	mkdir "$BATS_TEST_TMPDIR/shared"
	on_host -v "$BATS_TEST_TMPDIR/shared:/srv" -- touch /srv/new
	[ -e "$BATS_TEST_TMPDIR/shared/new" ]
	[ "$(stat -c %u "$BATS_TEST_TMPDIR/shared/new")" = 0 ]
	run on_host --read-only -- touch /etc/new
	[ "$status" -ne 0 ]
	expect_in_output "Read-only file system"
}

@test "make demo's script: both columns, and the machine is as it was" {
	local before
	before=$(ls /usr/bin | wc -l)
	run in_netns env DEMO_ROOT="$BATS_TEST_TMPDIR/demo" "$tests/../dist/demo" "$PAENE_BUILD"
	expect_status 0
	expect_in_output "the host sees"
	expect_in_output "the container sees"
	local row
	for row in processes mounts "root file system" "host name" network user capabilities "system calls" "new privileges" \
		"memory limit" "process limit"; do
		grep -Eq "^$row +[^ ]+.* [^ ]+" <<<"$output" || fail "no row: $row" "$output"
	done
	grep -Eq "^root file system +[^ ]+ +overlay" <<<"$output"
	grep -Eq "^user +0 is 0 outside +0 is [1-9][0-9]+ outside" <<<"$output"
	grep -Eq "^system calls +.*filtered" <<<"$output"
	expect_in_output "on the host:      $before programs in /usr/bin, and /etc/mine is not there"
	expect_in_output "in the container: 0 programs in /usr/bin"
	rm -rf /run/paene-demo
}
