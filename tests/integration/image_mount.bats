#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# paene image mount, image unmount.

load ../lib/common

image=localhost/busybox:1

setup_file() {
	has_corner || return 0
	load_busybox
	paene run -q --rm --network none "$image" true
	paene image mount "$image" >/dev/null # the folder for all of them stays
	paene image unmount --all >/dev/null
}

setup() {
	needs_root
	leak_check_before
}

teardown() {
	paene image unmount --all --force >/dev/null
	paene rm -fa >/dev/null
	leak_check_after
}

@test "mounted read-only, listed, unmounted" {
	local path id
	id=$(paene inspect -f '{{.Id}}' "$image")
	path=$(paene image mount "$image")
	[ -f "$path/bin/busybox" ]
	run touch "$path/x"
	[[ "$output" == *"Read-only file system"* ]]
	run paene image mount
	[[ "${lines[0]}" =~ ^IMAGE\ +MOUNTPOINT ]]
	[[ "${lines[1]}" =~ ^localhost/busybox:1\ +"$path"$ ]]
	[ "$(paene image mount --format json | jq -r '.[0].mountpoint')" = "$path" ]
	[ "$(paene image mount --format '{{.id}}')" = "$id" ]
	run paene image unmount "$image"
	expect_output "$id"
	[ ! -e "$path" ]
	[ "$(paene image mount --format '{{.id}}')" = "" ]
}

@test "of several layers" {
	paene run -q --name box --network none "$image" sh -c 'rm /bin/vi; echo hi >/own'
	paene commit box localhost/new:1 >/dev/null
	local path
	path=$(paene image mount localhost/new:1)
	[ "$(cat "$path/own")" = hi ]
	[ ! -e "$path/bin/vi" ]
	[ -e "$path/bin/busybox" ]
	paene image unmount localhost/new:1
	paene rm box >/dev/null
	paene rmi localhost/new:1 >/dev/null
}

@test "counted: the last one unmounts, --force at once" {
	local path
	path=$(paene image mount "$image")
	[ "$(paene image mount "$image")" = "$path" ]
	paene image unmount "$image"
	[ -e "$path/bin" ]
	paene image unmount "$image"
	[ ! -e "$path" ]
	paene image mount "$image"
	paene image mount --all
	paene image unmount --force "$image"
	[ ! -e "$path" ]
	run paene image unmount "$image"
	expect_status 1
	expect_in_output "not mounted"
}

@test "an image that is mounted cannot be removed; one that somebody is in cannot be unmounted" {
	local path
	path=$(paene image mount "$image")
	run paene rmi "$image"
	expect_status 1
	expect_in_output "in use by a mount of it"
	cd "$path"
	run paene image unmount "$image"
	cd /
	expect_status 1
	expect_in_output "--force"
	[ -e "$path/bin" ]
}

@test "ten at once count to ten" {
	local pids=() i
	for i in $(seq 10); do
		paene image mount "$image" >/dev/null &
		pids+=($!)
	done
	wait "${pids[@]}"
	[ "$(grep -c "$PAENE_RUN/images" /proc/self/mountinfo)" = 1 ]
	for i in $(seq 10); do
		paene image unmount "$image" >/dev/null
	done
	[ "$(grep -c "$PAENE_RUN/images" /proc/self/mountinfo)" = 0 ]
}

@test "wrong words, names that do not exist" {
	run paene image mount nosuch
	expect_status 1
	expect_in_output "no such image: nosuch"
	run paene image unmount
	expect_status 1
	run paene image unmount --all "$image"
	expect_status 1
	run paene image mount --all "$image"
	expect_status 1
}
