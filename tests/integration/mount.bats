#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# paene mount, unmount: roots of containers.

load ../lib/common
load life

setup_file() {
	[ "$(id -u)" = 0 ] || return 0
	load_busybox
	paene run -q --name first --network none "$image" true # the parent cgroup stays, too
	paene mount first >/dev/null # the folder for all of them stays
	paene rm first >/dev/null
}

mounted() { # the names of those that are
	paene mount --format '{{.Names}}' | sort | xargs
}

@test "one that does not run: its files are there, and what is written is its own" {
	paene create -q --name box --network none "$image" cat /new >/dev/null
	local path
	path=$(paene mount box)
	[ -x "$path/bin/busybox" ]
	echo written >"$path/new"
	[ "$(paene diff box)" = "A /new" ]
	paene cp box:/new - | tar xO | grep -q written
	run paene mount
	[[ "${lines[0]}" =~ ^CONTAINER\ ID\ +NAMES\ +MOUNTPOINT$ ]]
	[[ "${lines[1]}" =~ ^[0-9a-f]{12}\ +box\ +"$path"$ ]]
	[ "$(paene mount --format json | jq -r '.[0].mountpoint')" = "$path" ]
	[[ "$(paene mount --no-trunc)" == *"$(field box .Id) "* ]]
	[ "$(paene start -a box)" = written ] # which ends the mount
	[ -z "$(mounted)" ]
	[ ! -e "$path" ]
}

@test "one that runs: what it sees, read-only" {
	start_box box -- sh -c 'echo inner >/inner; echo ready; exec sleep inf'
	wait_until 10 has_said box ready
	local path
	path=$(paene mount box)
	[ "$(cat "$path/inner")" = inner ]
	[ -z "$(ls "$path/proc")" ]
	run touch "$path/x"
	expect_in_output "Read-only file system"
	paene exec box touch /later
	[ -e "$path/later" ]
	[ "$(paene umount box)" = "$(field box .Id)" ]
	[ ! -e "$path" ]
}

@test "counted; --all, --latest, --force" {
	start_box one -- true
	start_box two -- true
	paene wait one two
	local path
	path=$(paene mount one)
	[ "$(paene mount one)" = "$path" ]
	paene unmount one
	[ "$(mounted)" = one ]
	[ "$(paene container mount --latest)" = "${path/$(field one .Id)/$(field two .Id)}" ]
	[ "$(mounted)" = "one two" ]
	paene mount --all
	paene unmount --force one
	[ "$(mounted)" = two ]
	paene unmount --all --force
	[ -z "$(mounted)" ]
	[ -z "$(paene unmount --all)" ]
}

@test "a start and a removal end it; not while somebody is in there" {
	paene create -q --name box --network none "$image" true >/dev/null
	local path
	path=$(paene mount box)
	cd "$path"
	run paene start box
	[ "$status" -ne 0 ]
	expect_in_output "container box is mounted: unmount $path: Device or resource busy"
	run paene unmount box
	expect_status 125
	expect_in_output "--force takes it away"
	cd /
	paene start box
	paene wait box
	paene mount box
	paene rm box
	[ -z "$(mounted)" ]
}

@test "one that removes itself leaves no mount to the next command" {
	start_box box --rm -- sleep inf
	paene mount box
	paene stop -t 0 box
	paene ps
	[ -z "$(mounted)" ]
	run mount
	[[ "$output" != *"$PAENE_RUN/roots"* ]]
}

@test "after a reboot nothing is mounted, and it starts" {
	paene create -q --name box --network none "$image" true >/dev/null
	local path
	path=$(paene mount box)
	umount "$path" # what is in RUN goes
	rm -r "$PAENE_RUN"/roots/*
	[ -z "$(mounted)" ]
	[ "$(paene start -a box; echo $?)" = 0 ]
}

@test "what cannot be: who is not there, not mounted, has no layers" {
	run paene mount nobody
	expect_status 125
	expect_in_output "no such container: nobody"
	paene create -q --name box --network none "$image" true >/dev/null
	run paene unmount box
	expect_status 125
	expect_in_output "it is not mounted"
	paene create -q --name machine --network none host true >/dev/null
	run paene mount machine
	expect_in_output "container machine does not run, and is of this machine's own root"
	run paene unmount
	[ "$status" -ne 0 ]
	expect_in_output "name a container"
}
