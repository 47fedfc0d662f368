#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# paene system prune, system reset. What each kind prunes: its own file.

load ../lib/common
load life

names_of() { # names_of volume|network: in one line
	paene "$1" ls -q | sort | xargs
}

@test "prune: containers that do not run, networks and images without a name; volumes with --volumes, all images with --all" {
	paene volume create left >/dev/null
	paene network create lab >/dev/null
	start_box done -- true
	start_box up -v kept:/k -- sleep inf
	paene wait done
	local id
	id=$(field done .Id)
	run paene system prune <<<n
	expect_status 0
	expect_in_output "all networks not used by at least one container"
	paene inspect done >/dev/null
	run paene system prune --force
	expect_output "$(printf '%s\n' 'Deleted Containers' "$id" 'Deleted Networks' lab)"
	[ "$(names_of volume)" = "kept left" ]
	run paene system prune <<<y
	[[ "$output" != *Deleted* ]]
	run paene system prune -f --volumes
	expect_output "$(printf '%s\n' 'Deleted Volumes' left)"
	run paene system prune -fa
	expect_output "" # a container has the image
	paene rm -f up >/dev/null
	paene volume rm kept >/dev/null
}

@test "prune --filter: for all kinds, or nothing is done" {
	start_box old --label keep=1 -- true
	start_box new -- true
	paene wait old new
	run paene system prune -f --filter name=old
	expect_status 1
	expect_in_output "--filter name=old: it is label= or until="
	paene system prune -f --volumes --filter label=keep
	gone old
	paene inspect new >/dev/null
	paene system prune -fa --volumes --filter until=100h
	paene inspect new >/dev/null
	paene rm new
}

@test "reset: nothing is left, and all goes on after it" {
	paene network create lab >/dev/null
	paene pod create --name group >/dev/null
	paene run -dq --pod group "$image" sleep inf >/dev/null
	start_box up --restart always -v kept:/k -- sleep inf
	paene create -q --name made --network lab "$image" true >/dev/null
	printf x | paene secret create word - >/dev/null
	run paene system reset <<<n
	paene inspect up >/dev/null
	run paene system reset --force
	expect_status 0
	expect_output ""
	[ -z "$(paene ps -aq)" ]
	[ -z "$(paene pod ps -q)" ]
	[ -z "$(names_of volume)" ]
	[ "$(names_of network)" = paene ] || [ -z "$(names_of network)" ]
	[ -z "$(paene secret ls -q)" ]
	[ -z "$(paene images -q)" ]
	rmdir "$PAENE_DATA/secrets" "$PAENE_DATA/pods"
	paene load -qi "$BATS_FILE_TMPDIR/busybox.tar"
	paene run -q --rm "$image" true
}
