#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# paene pull, and push, with a registry that misbehaves (tests/registry/faults.py): what passes is got over, all else is said in one
# line, and nothing half-made is left.

load ../lib/common
load ../lib/registry

setup_file() {
	needs_root
	faults_start faults
	echo "$REGISTRY" >"$BATS_FILE_TMPDIR/registry"
}

teardown_file() {
	registries_stop
}

setup() {
	needs_root
	REGISTRY=$(<"$BATS_FILE_TMPDIR/registry")
}

pull() { # pull FAULT
	run paene pull -q --retry 1 --tls-verify=false "$REGISTRY/$1:1"
}

nothing_left() {
	[ -z "$(ls -A "$PAENE_DATA"/images/{tmp,records,blobs/sha256,layers} | grep -v ':$')" ] ||
		fail "left behind:" "$(ls -A "$PAENE_DATA"/images/{tmp,records,blobs/sha256,layers})"
	[ -z "$(find "$PAENE_DATA/images/refs" -type f)" ]
}

@test "what passes: the connection breaks, ranges that are none, words that are missing" {
	local fault
	for fault in good reset no-range bad-range gzip once-500 manifest-silent no-head manifest-type elsewhere; do
		pull $fault
		[ "$status" = 0 ] || fail "$fault: $output"
		[ "$(paene images --format '{{.Names}}')" = "$REGISTRY/$fault:1" ]
		paene rmi "$REGISTRY/$fault:1" >/dev/null
		nothing_left
	done
}

@test "what does not pass: one line, which says what came" {
	local fault words
	while IFS='|' read -r fault words; do
		pull "$fault"
		[ "$status" = 1 ] || fail "$fault: status $status"
		[ "${#lines[@]}" = 1 ] || fail "$fault: several lines" "$output"
		[[ "$output" == "paene pull: pull $REGISTRY/$fault:1: "*"$words"* ]] || fail "$fault: lacks \"$words\"" "$output"
		nothing_left
	done <<-'EOF'
	changed|what came has the digest sha256:
	wrong|what came has the digest sha256:
	short|is shorter than the
	short-chunked|shorter
	long|is longer than the
	endless|longer
	always-503|HTTP status 503
	forbidden|HTTP status 403
	headers|answer
	garbage|127.0.0.1
	bad-chunk|chunk
	manifest-lies|what came has the digest
	manifest-huge|more than 4194304 bytes
	elsewhere-401|access denied
	loop|redirects more than
	file|neither http nor https
	link-local|link-local
	nowhere|without a usable address
	reset-at-once|tried 2 times
	EOF
}

@test "words of a registry are shown, not obeyed" {
	pull forbidden
	expect_in_output '\x1b'
	run ! grep -q $'[\001-\010\013-\037\177]' <<<"$output"
}

@test "a mirror that misbehaves is passed over" {
	export XDG_CONFIG_HOME=$BATS_TEST_TMPDIR
	mkdir -p "$BATS_TEST_TMPDIR/paene"
	local fault
	for fault in wrong short always-503 garbage manifest-huge loop; do
		cat >"$BATS_TEST_TMPDIR/paene/registries.json" <<-EOF
		{"registries": [{"host": "example.invalid", "mirrors": [
			{"host": "$REGISTRY", "prefix": "", "insecure": true}]},
			{"host": "$REGISTRY", "insecure": true}]}
		EOF
		run paene pull -q --retry 0 "example.invalid/$fault:1"
		expect_status 1
		expect_in_output "$REGISTRY"
		expect_in_output "example.invalid"
	done
	nothing_left
}

@test "push: a registry that always breaks off" {
	load_busybox >/dev/null
	run paene push -q --retry 1 --tls-verify=false localhost/busybox:1 "$REGISTRY/up-never:1"
	expect_status 1
	[ "${#lines[@]}" = 1 ]
	paene rmi localhost/busybox:1 >/dev/null
	nothing_left
}
