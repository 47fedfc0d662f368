# SPDX-License-Identifier: Apache-2.0
# A store without room, or that cannot be written: a clear word, the space back, and reading still works.
load lib

setup() {
	needs_root
	store=$BATS_TEST_TMPDIR/store
	mkdir "$store"
	make_image $image "$BATS_TEST_TMPDIR/busybox.tar"
	PAENE_DATA=$store/data
}

teardown() {
	mount -o remount,rw "$store" || true
	paene rm -f -a || true
	umount -l "$store"
}

disk() { # disk SIZE: of the store
	mount -t tmpfs -o size="$1",mode=700 tmpfs "$store"
}

used() {
	df --output=used -k "$store" | tail -n 1
}

fill() { # leave SIZE of the disk; what has the room is store/filler
	local free
	free=$(df --output=avail -k "$store" | tail -n 1)
	head -c $((free - $1))k /dev/zero >"$store/filler"
}

expect_no_room() {
	[ "$status" -ge 1 ] && [ "$status" -lt 128 ] || fail "status $status:" "$output"
	expect_in_output "No space left on device"
}

@test "load into a disk that is too small: it says so, and gives the space back" {
	disk 1m
	paene images
	local before
	before=$(used)
	run paene load -q -i "$BATS_TEST_TMPDIR/busybox.tar"
	expect_no_room
	[ "$(used)" -le $((before + 4)) ] || fail "$before KiB before, $(used) after"
	[ -z "$(paene images -q)" ]
	[ -z "$(ls -A "$PAENE_DATA/images/tmp")" ]
}

@test "load into disks of every size up to the one that does: whole, or not there" {
	local size before
	for size in 1500 2500 3500 4000 4500 6000 8000; do
		disk "${size}k"
		paene images
		before=$(used)
		run paene load -q -i "$BATS_TEST_TMPDIR/busybox.tar"
		if [ "$status" = 0 ]; then
			[ "$(paene run --rm --network none $image echo ok)" = ok ]
		else
			expect_no_room
			[ "$(used)" -le $((before + 4)) ] || fail "$size: $before KiB before, $(used) after"
		fi
		umount "$store"
	done
	disk 8m
	paene load -q -i "$BATS_TEST_TMPDIR/busybox.tar"
}

@test "create and run on a full disk: they say so, and leave nothing; once there is room, they work" {
	disk 16m
	paene load -q -i "$BATS_TEST_TMPDIR/busybox.tar"
	paene run --rm --network none $image true
	find "$PAENE_DATA" | sort >"$BATS_TEST_TMPDIR/before"
	fill 0
	run paene create --network none $image true
	expect_no_room
	run paene run --network none $image true
	expect_no_room
	run paene run --rm $image true
	expect_no_room
	paene ps -a
	find "$PAENE_DATA" | sort | diff "$BATS_TEST_TMPDIR/before" -
	rm "$store/filler"
	[ "$(paene run --rm --network none $image echo ok)" = ok ]
}

@test "the disk runs full while a container writes its log: it goes on, and its output is not blocked" {
	disk 16m
	paene load -q -i "$BATS_TEST_TMPDIR/busybox.tar"
	fill 256
	paene run -d --name talker --network none $image sh -c 'yes | head -c 4000000; touch /dev/shm/done; exec sleep 1000' 3>&-
	wait_until 20 paene exec talker test -e /dev/shm/done
	[ "$(status_of talker)" = running ]
	paene logs talker | head -n 1 | grep -qx y
	rm "$store/filler"
	paene rm -f talker
}

@test "a container ends on a full disk: its end is seen, rm gives everything back" {
	disk 16m
	paene load -q -i "$BATS_TEST_TMPDIR/busybox.tar"
	paene run -d --name web --network none $image sleep 1000 3>&-
	fill 0
	paene stop -t 0 web
	[ "$(paene ps -a --format '{{.State}}')" = exited ]
	paene rm web
	[ -z "$(ls -A "$PAENE_DATA/containers")" ]
	[ -z "$(ls -A "$PAENE_DATA/names")" ]
	[ -z "$(ls -A "$PAENE_DATA/idranges")" ]
}

@test "a store that cannot be written: what only reads works, what writes says why" {
	disk 16m
	paene load -q -i "$BATS_TEST_TMPDIR/busybox.tar"
	paene create --name web --network none $image true
	mount -o remount,ro "$store"
	[ "$(paene images --format '{{.Names}}')" = $image ]
	[ "$(paene ps -a --format '{{.Names}}')" = web ]
	[ "$(status_of web)" = created ]
	local verb
	for verb in "run --rm $image true" "create $image true" "start web" "rm web" "rmi $image" \
		"load -q -i $BATS_TEST_TMPDIR/busybox.tar"; do
		run paene $verb
		[ "$status" -ge 1 ] && [ "$status" -lt 128 ] || fail "$verb: status $status:" "$output"
		expect_in_output "Read-only file system"
	done
	mount -o remount,rw "$store"
	paene rm web
}
