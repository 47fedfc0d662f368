#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# paene system df: room on disk.

load ../lib/common

setup_file() {
	needs_root
	make_image localhost/one:1 "$BATS_FILE_TMPDIR/one.tar"
	make_image localhost/two:2 "$BATS_FILE_TMPDIR/two.tar" 'Env=["TWO=2"]'
	paene load -qi "$BATS_FILE_TMPDIR/one.tar"
	paene load -qi "$BATS_FILE_TMPDIR/two.tar"
}

value() { # value TYPE KEY
	paene system df --format json | jq -r --arg t "$1" --arg k "$2" '.[] | select(.Type == $t) | .[$k]'
}

@test "nothing runs: all of it could come back; two images with one layer have it once" {
	run paene system df
	expect_status 0
	[[ "${lines[0]}" =~ ^TYPE\ +TOTAL\ +ACTIVE\ +SIZE\ +RECLAIMABLE$ ]]
	[[ "${lines[1]}" =~ ^Images\ +2\ +0\ .*\(100%\)$ ]]
	local on_disk
	on_disk=$(du -s --block-size=1 "$PAENE_DATA"/images/layers/* "$PAENE_DATA"/images/blobs/sha256/* | awk '{ n += $1 } END { print n }')
	[ "$(value Images RawSize)" = "$on_disk" ]
	[ "$(value Images RawReclaimable)" = "$on_disk" ]
	run paene system df --format '{{.Type}} {{.Total}}'
	expect_output "$(printf 'Images 2\nContainers 0\nLocal Volumes 0')"
	run paene system df --format nonsense
	expect_status 1
}

@test "a container, its volume, and what only the other image has" {
	paene run -d --name writer --network none -v data:/v one:1 \
		sh -c 'dd if=/dev/zero of=/f bs=1k count=300; dd if=/dev/zero of=/v/g bs=1k count=200; ln /v/g /v/h; touch /done; sleep 1000'
	wait_until 10 paene exec writer test -e /done
	[ "$(value Images Active)" = 1 ]
	[ "$(value Images RawReclaimable)" -lt 100000 ]
	[ "$(value Containers Active)" = 1 ]
	[ "$(value Containers RawSize)" -ge 307200 ]
	[ "$(value Containers RawReclaimable)" = 0 ]
	[ "$(value 'Local Volumes' Active)" = 1 ]
	[ "$(value 'Local Volumes' RawSize)" -ge 204800 ]
	[ "$(value 'Local Volumes' RawSize)" -lt 400000 ] # of two names for one file
	run paene system df -v
	expect_in_output "Images space usage:"
	[[ "$output" =~ localhost/one\ +1\ .*\ 1$'\n' ]]
	[[ "$output" =~ one:1\ +1\ .*running\ +writer ]]
	[[ "$output" =~ data\ +1\  ]]
	paene rm -f writer
	[ "$(value 'Local Volumes' RawReclaimable)" -ge 204800 ]
}
