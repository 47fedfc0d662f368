#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A container's root: layers on top of each other by the kernel or by fuse-overlayfs, what is written to it, and how much that is.

load ../lib/common

image=localhost/busybox:1

setup_file() {
	has_corner || return 0
	load_busybox
	paene run --rm $image true # what is made once, and said once
}

setup() {
	needs_root
	leak_check_before
}

teardown() {
	paene rm -fa >/dev/null
	if mountpoint -q "$BATS_TEST_TMPDIR/odd"; then
		odd rm -fa >/dev/null
		umount "$BATS_TEST_TMPDIR/odd"
	fi
	leak_check_after
}

upper_of() { # upper_of NAME
	echo "$PAENE_DATA/containers/$(paene inspect -f '{{.Id}}' "$1")/upper"
}

fuse() {
	paene --storage-driver fuse-overlayfs "$@"
}

# A store on a file system that knows no idmapped mounts.
odd() {
	command paene --root "$BATS_TEST_TMPDIR/odd/data" --runroot "$BATS_TEST_TMPDIR/odd/run" "$@"
}

make_odd_store() {
	mkdir "$BATS_TEST_TMPDIR/odd"
	mount -t ramfs odd "$BATS_TEST_TMPDIR/odd"
	odd load -qi "$BATS_FILE_TMPDIR/busybox.tar"
}

layered() { # layered N: an image of so many layers
	"$tests/lib/docker-archive" --layers "$1" "$(busybox_rootfs)" "localhost/layered:$1" "$BATS_TEST_TMPDIR/$1.tar"
}

@test "images of many layers: all of them are there, the topmost wins" {
	local n
	for n in 2 100 500; do
		layered $n
		paene load -qi "$BATS_TEST_TMPDIR/$n.tar"
		run paene run --rm --network none localhost/layered:$n sh -c 'cat /topmost; ls /layers | wc -l; cat "/layers/2"'
		expect_status 0
		expect_output "$n"$'\n'"$((n - 1))"$'\n2'
		paene rmi localhost/layered:$n
	done
}

@test "more layers than overlayfs takes are refused with the limit" {
	layered 501
	run paene load -qi "$BATS_TEST_TMPDIR/501.tar"
	expect_status 1
	expect_in_output "has 501 layers; at most 500 are supported"
}

@test "a root of layers is one mount, whose options no parameter of the module decides" {
	run paene run --network none $image cat /proc/self/mountinfo
	expect_status 0
	[ "$(grep -c ' - overlay ' <<<"$output")" = 1 ]
	local root
	root=$(grep ' - overlay ' <<<"$output")
	[[ "$root" == *userxattr* ]]
	[[ "$root" != *metacopy=on* && "$root" != *redirect_dir=on* && "$root" != *index=on* && "$root" != *nfs_export=on* ]]
}

@test "what goes away with --rm is never synced; what stays is" {
	run paene run --rm --network none $image grep ' / / ' /proc/self/mountinfo
	[[ "$output" == *volatile* ]]
	paene run --name kept --network none $image sh -c 'grep " / / " /proc/self/mountinfo; echo more >>/file'
	run paene start -a kept
	expect_status 0
	[[ "$output" != *volatile* ]]
	paene start -a kept
	[ "$(wc -l <"$(upper_of kept)/file")" = 3 ]
}

@test "a container with --rm whose monitor was killed is not started again on a layer that may be broken" {
	paene run -d --rm --name lost --network none $image sleep 1000
	local id pid monitor
	id=$(paene inspect -f '{{.Id}}' lost)
	pid=$(paene inspect -f '{{.State.Pid}}' lost)
	monitor=$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status")
	kill -KILL "$monitor"
	kill -KILL "$pid"
	wait_until 10 test ! -d "/proc/$pid/root/"
	run paene start lost
	[ "$status" != 0 ]
	run paene ps -a --filter name=lost -q
	expect_output ""
	[ ! -e "$PAENE_DATA/containers/$id" ]
}

@test "inspect says where a container's files lie" {
	paene create --name seen $image true
	[ "$(paene inspect -f '{{.GraphDriver.Name}}' seen)" = overlay ]
	[ "$(paene inspect -f '{{.GraphDriver.Data.UpperDir}}' seen)" = "$(upper_of seen)" ]
	[ -e "$(paene inspect -f '{{.GraphDriver.Data.LowerDir}}' seen)/bin/busybox" ]
	paene create --name machine host true
	[ -z "$(paene inspect -f '{{.GraphDriver.Data.LowerDir}}' machine)" ]
}

@test "--read-only: only mount points are made" {
	paene run --read-only --name fixed --network none -v "$BATS_TEST_TMPDIR:/new/place" $image \
		sh -c '! touch /x && ! mkdir /etc/y'
	run find "$(upper_of fixed)" ! -type d ! -type c -size +0
	expect_output ""
	[ ! -e "$(upper_of fixed)/x" ]
	[ -d "$(upper_of fixed)/new/place" ]
}

@test "folders of layers cannot be renamed, but moved; a file that is written to keeps its number" {
	run paene run --rm --network none $image sh -c '
		mv /home /elsewhere && [ -d /elsewhere ] && [ ! -e /home ] &&
		before=$(stat -c %i /etc/passwd) && echo "x:x:9:9::/:" >>/etc/passwd &&
		[ "$before" = "$(stat -c %i /etc/passwd)" ] && echo same'
	expect_status 0
	expect_output same
}

@test "ids on disk are those of the image and of the container, whatever range it has" {
	paene run --name ids --network none $image sh -c 'touch /mine; chown 33:44 /mine; chmod 4755 /mine'
	[ "$(stat -c '%u %g %a' "$(upper_of ids)/mine")" = "33 44 4755" ]
	run paene start -a ids
	expect_status 0
	run paene run --rm --userns host --network none $image stat -c '%u %g' /bin/busybox
	expect_output "0 0"
}

# fuse-overlayfs

@test "--storage-driver: wrong names, and what it is not for" {
	run paene --storage-driver vfs run --rm $image true
	expect_status 125
	expect_in_output "--storage-driver vfs: it is auto, overlay or fuse-overlayfs"
	run fuse run --rm host true
	expect_status 125
	expect_in_output "not for the image host"
}

@test "fuse-overlayfs: reading, writing, removing, owners; all of it is there after a restart" {
	needs_program fuse-overlayfs
	layered 3
	paene load -qi "$BATS_TEST_TMPDIR/3.tar"
	run fuse run --name f --network none localhost/layered:3 sh -c '
		if [ -e /seen ]; then stat -c "%u %g" /seen; ls /layers; exit 7; fi
		grep " / / " /proc/self/mountinfo | grep -c fuse.fuse-overlayfs
		touch /seen && chown 33:44 /seen && rm -r /layers && mkdir /layers && touch /layers/only && mv /home /moved &&
		stat -c "%u %g" /moved'
	expect_status 0
	expect_output $'1\n0 0'
	[ "$(stat -c '%u %g' "$(upper_of f)/seen")" = "33 44" ]
	run paene start -a f
	expect_status 7
	expect_output $'33 44\nonly'
	[ "$(paene inspect -f '{{.Driver}}' f)" = fuse-overlayfs ]
	[ -z "$(mount | grep fuse-overlayfs)" ]
	paene diff f >"$BATS_TEST_TMPDIR/diff"
	grep -qx "A /layers/only" "$BATS_TEST_TMPDIR/diff"
	grep -qx "D /layers/2" "$BATS_TEST_TMPDIR/diff"
	! grep -F .wh. "$BATS_TEST_TMPDIR/diff" || fail "its marks are no files"
	paene commit -q f localhost/kept:1 >/dev/null
	[ "$(paene run --rm --network none localhost/kept:1 ls -A /layers)" = only ]
	paene rmi localhost/kept:1
	paene rm f
	paene rmi localhost/layered:3
}

@test "fuse-overlayfs: many layers, a network, exec, a read-only root, the host's ids" {
	needs_program fuse-overlayfs
	layered 100
	paene load -qi "$BATS_TEST_TMPDIR/100.tar"
	fuse run -d --name web --read-only localhost/layered:100 sleep 1000
	run paene exec web sh -c 'cat /topmost; ls /layers | wc -l; cat /proc/sys/kernel/hostname; touch /x || grep -c localhost /etc/hosts'
	[ "${lines[0]}" = 100 ]
	[ "${lines[1]}" = 99 ]
	expect_in_output "Read-only file system"
	paene rm -f web
	run fuse run --rm --userns host --network none $image sh -c 'touch /x; stat -c "%u %g" /x /bin'
	expect_output $'0 0\n0 0'
	paene rmi localhost/layered:100
}

@test "fuse-overlayfs: where it is killed the container is, and inspect says why" {
	needs_program fuse-overlayfs
	fuse run -d --name doomed --network none $image sleep 1000
	pkill_server "$PAENE_DATA/containers/$(paene inspect -f '{{.Id}}' doomed)"
	run paene wait doomed
	expect_output 137
	[ "$(paene inspect -f '{{.State.Error}}' doomed)" = "fuse-overlayfs, which served its root, has ended" ]
	paene start doomed
	run paene exec doomed echo again
	expect_output again
	paene stop -t 0 doomed
	[ -z "$(paene inspect -f '{{.State.Error}}' doomed)" ]
	# in the foreground
	fuse run --name front --network none $image sleep 1000 3>&- &
	local front=$!
	wait_until 10 is_running front
	pkill_server "$PAENE_DATA/containers/$(paene inspect -f '{{.Id}}' front)"
	local ended=0
	wait $front || ended=$?
	[ $ended = 137 ]
	[ "$(paene inspect -f '{{.State.Error}}' front)" = "fuse-overlayfs, which served its root, has ended" ]
}

is_running() {
	[ "$(paene inspect -f '{{.State.Status}}' "$1" 2>/dev/null)" = running ]
}

# The one that has this container's folder open.
pkill_server() { # pkill_server FOLDER
	local fd
	for fd in /proc/[0-9]*/fd/*; do
		if [ "$(readlink "$fd")" = "$1" ] && [ "$(cat "${fd%/fd/*}/comm")" = fuse-overlayfs ]; then
			kill -KILL "$(cut -d/ -f3 <<<"$fd")"
			return
		fi
	done
	fail "nobody serves $1"
}

@test "a file system without idmapped mounts: fuse-overlayfs by itself, said once" {
	needs_program fuse-overlayfs
	make_odd_store
	run odd info -f '{{.StorageDriver}}'
	expect_output fuse-overlayfs
	run --separate-stderr odd run --name a --network none $image sh -c 'touch /x; stat -c "%u %g" /x /etc/hosts /bin; grep -c localhost /etc/hosts'
	expect_status 0
	[ "$(head -n 3 <<<"$output")" = $'0 0\n0 0\n0 0' ]
	[[ "$stderr" == *"fuse-overlayfs does, slower"* ]]
	run --separate-stderr odd start -a a
	expect_status 0
	[ -z "$stderr" ]
	[ "$(odd inspect -f '{{.Driver}}' a)" = fuse-overlayfs ]
	# a command that fails is no reason for anything
	run odd run --rm --network none $image /no/such
	expect_status 127
	run odd --storage-driver overlay run --rm --network none $image true
	expect_status 125
	expect_in_output "does not support idmapped mounts"
}

@test "a file system without idmapped mounts: the host's ids need none; without fuse-overlayfs it is named" {
	needs_program fuse-overlayfs
	make_odd_store
	run odd run --rm --userns host --network none $image grep ' / / ' /proc/self/mountinfo
	expect_status 0
	[[ "$output" == *" - overlay "* ]]
	mkdir "$BATS_TEST_TMPDIR/hide"
	mknod "$BATS_TEST_TMPDIR/hide/fuse-overlayfs" c 0 0
	run unshare --mount sh -c "mount -t overlay none -o lowerdir=$BATS_TEST_TMPDIR/hide:/usr/bin /usr/bin &&
		exec $PAENE_BUILD/paene --root $BATS_TEST_TMPDIR/odd/data --runroot $BATS_TEST_TMPDIR/odd/run run --rm --network none $image true"
	expect_status 125
	expect_in_output "cannot overlay folders of $BATS_TEST_TMPDIR/odd/data with ids mapped"
	expect_in_output "install fuse-overlayfs"
	run odd ps -aq
	expect_output ""
}

@test "a start that fails for another reason is not tried again with fuse-overlayfs" {
	local word
	for word in --rm --interactive; do
		run paene run $word --network none --tmpfs /x:size=wrong $image true
		expect_status 125
		[[ "$output" != *fuse* ]]
		[ "${#lines[@]}" = 1 ]
	done
	run paene ps -aq
	[ "${#lines[@]}" = 1 ]
	run ls "$PAENE_DATA/containers/$(paene ps -aq --no-trunc)"
	[[ "$output" != *try* ]]
}

# How much is written

@test "ps --size, inspect --size" {
	paene run --name big --network none $image dd if=/dev/zero of=/zeros bs=1M count=3 2>/dev/null
	local rw root
	rw=$(paene inspect -s -f '{{.SizeRw}}' big)
	root=$(paene inspect --size -f '{{.SizeRootFs}}' big)
	[ "$rw" -ge 3145728 ] && [ "$rw" -lt 3500000 ]
	[ "$root" -gt "$rw" ]
	run paene inspect -f '{{.SizeRw}}' big
	expect_status 1
	run paene ps -as
	[[ "${lines[0]}" == *SIZE ]]
	[[ "${lines[1]}" =~ 3\.[0-9]\ MB\ \(virtual\ [0-9.]+\ MB\)$ ]]
	[ "$(paene ps -as --format json | jq -c '.[0].Size')" = "{\"rootFsSize\":$root,\"rwSize\":$rw}" ]
	[[ "$(paene ps -as --format '{{.Size}}')" =~ ^3\.[0-9]\ MB\ \(virtual ]]
	run paene ps -a
	[[ "$output" != *SIZE* ]]
	[ "$(paene ps -as --format json | jq -r '.[0].Size.rwSize')" = "$rw" ]
	run paene ps -asq
	[[ "$output" =~ ^[0-9a-f]{12}$ ]]
}

@test "--storage-opt: wrong words, and a file system that keeps no limits" {
	local word
	for word in size=0 size=x size= size=-1; do
		run paene run --rm --storage-opt $word $image true
		expect_status 125
		expect_in_output "--storage-opt $word: a size such as 10g, please"
	done
	run paene create --storage-opt inodes=5 $image true
	expect_status 125
	expect_in_output "it is size=BYTES"
	make_odd_store
	run odd create --storage-opt size=10m $image true
	expect_status 125
	expect_in_output "has no project quotas that are enforced"
	expect_in_output prjquota
	run odd ps -aq
	expect_output ""
	[ "$(odd info -f '{{.StorageQuotas}}')" = false ]
}
