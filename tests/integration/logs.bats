#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# paene logs: what a container has written.

load ../lib/common

image=localhost/busybox:1

setup_file() {
	needs_root
	load_busybox
	paene run -dq --name lines "$image" sh -c 'for i in 1 2 3 4 5; do echo "line $i"; done; echo err >&2' >/dev/null
	paene wait lines
}

teardown() {
	[ -z "${made-}" ] || paene rm -f "$made"
}

@test "streams: standard output and standard error" {
	run --separate-stderr paene logs lines
	expect_status 0
	[ "$output" = $'line 1\nline 2\nline 3\nline 4\nline 5' ]
	[ "$stderr" = err ]
}

@test "--tail" {
	[ "$(paene logs --tail 2 lines 2>&1 | wc -l)" = 2 ]
	[ "$(paene logs -n 0 lines 2>&1 | wc -l)" = 0 ]
	[ "$(paene logs --tail all lines 2>&1 | wc -l)" = 6 ]
	[ "$(paene logs --tail 100 lines 2>&1 | wc -l)" = 6 ]
	run paene logs --tail some lines
	expect_status 1
	expect_in_output "a number of lines"
}

@test "--timestamps, --since, --until" {
	run --separate-stderr paene logs -t lines
	[[ "${lines[0]}" =~ ^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z\ line\ 1$ ]]
	[ "$(paene logs --since 1h30m lines 2>&1 | wc -l)" = 6 ]
	[ "$(paene logs --until 1h lines 2>&1 | wc -l)" = 0 ]
	[ "$(paene logs --until 1000000000 lines 2>&1 | wc -l)" = 0 ]
	[ "$(paene logs --since 2020-01-01T00:00:00Z lines 2>&1 | wc -l)" = 6 ]
	[ "$(paene logs --since 2100-01-01T00:00:00Z lines 2>&1 | wc -l)" = 0 ]
	run paene logs --since yesterday lines
	expect_status 1
	expect_in_output "--since yesterday"
}

@test "--follow: until its end" {
	made=ticker
	paene run -dq --name ticker "$image" sh -c 'for i in 1 2 3; do echo $i; sleep 0.2; done' >/dev/null
	run paene logs -f ticker
	expect_status 0
	expect_output $'1\n2\n3'
}

@test "control characters are shown, not obeyed; --raw gives them as they are" {
	made=evil
	paene run -dq --name evil "$image" printf 'a\033[2Jb\rc\177 \342\200\256 \303\266 \377\n' >/dev/null
	paene wait evil
	run paene logs evil
	expect_output 'a\x1b[2Jb\x0dc\x7f \u202e ö \xff'
	[ "$(paene logs --raw evil | od -An -tx1 | tr -d ' \n')" = 611b5b324a620d637f20e280ae20c3b620ff0a ]
}

@test "long lines with wide characters stay whole" {
	made=long
	paene run -dq --name long "$image" sh -c 'i=0; while [ $i -lt 5000 ]; do printf "\303\266\342\202\254"; i=$((i + 1)); done' >/dev/null
	paene wait long
	[ "$(paene logs long | tr -d '\n' | wc -m)" = 10000 ]
}

@test "the log of a container in the foreground is kept as well" {
	made=front
	paene run -q --name front "$image" echo seen >/dev/null
	[ "$(paene logs front)" = seen ]
}

@test "--color: on a terminal each container's lines begin in its colour" {
	paene run -q --name red --network none "$image" echo one
	paene run -q --name blue --network none "$image" echo two
	run script -qec "$PAENE_BUILD/paene --root $PAENE_DATA --runroot $PAENE_RUN logs --color --names red blue" /dev/null
	[[ "${lines[0]}" == $'\e[3'[1-6]$'mred\e[0m one'* ]]
	[ "$(paene logs --color --names red blue)" = $'red one\nblue two' ]
	paene rm red blue >/dev/null
}
